//! Re-simulation against the frame: scale, background, chi-square, maps and cuts.
//!
//! The intensity of a pixel is modelled as
//!
//! c_0 I_particles + sum_j c_j B_j, c >= 0
//!
//! with smooth backgrounds B: flat, three kinds of diffuse scattering of the
//! surface, parasitic scattering around the beam at two widths. The numbers c are fitted to
//! the means of the grid's cells by weighted least squares; nothing of the structure is
//! fitted here (`refine` does that). Chi-square is then taken over the pixels.

use gisaxs_physics::{Beam, FlatDetector};
use gisaxs_preproc::Reason;
use gisaxs_preproc::input::{AsinhAxis, CellSums, K_AXIS, N_CELLS, N_K, N_Q, Q_AXIS};

use crate::comparison::{Comparison, Cut, CutPoint, Maps};
use crate::error::Result;
use crate::least_squares::non_negative;
use crate::scene::{self, COMPONENTS, Image, Parameters, Scene};
use crate::structure::Fit;

/// Rounds of reweighting with the model's own variance.
const REWEIGHTINGS: usize = 6;
/// Residuals beyond this many times their usual size count with the logarithm of their
/// square (Cauchy's loss): what the model does not know, a shadow or a stray reflection,
/// must not decide the scale.
pub(crate) const OUTLIER: f64 = 10.0;
/// Median of the sizes of normal deviates.
const NORMAL_MEDIAN: f64 = 0.6745;
/// Smallest q_par that is compared, nm^-1: the specular rod and its spill lie below.
const COMPARED_FROM: f64 = 0.06;
/// Smallest variance of a pixel: where the model expects less than a twentieth of a count
/// a stray count is a fault of the background, not of the structure.
pub(crate) const VARIANCE_FLOOR: f64 = 0.05;
/// Longer side of the maps, blocks.
const MAP_SIZE: usize = 560;

/// The valid pixels, binned: what the fit sees.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Indices of the cells used.
    cells: Vec<usize>,
    pub(crate) mean: Vec<f64>,
    pub(crate) pixels: Vec<f64>,
}

/// Scale and background of a structure on a frame.
#[derive(Clone, Debug)]
pub(crate) struct Scaled {
    /// Coefficients of the components.
    pub coefficients: [f64; COMPONENTS],
    /// (mean - model) / sigma of every cell used, over their usual size; outliers softened
    /// such that the sum of squares is Cauchy's loss.
    pub residuals: Vec<f64>,
    /// Usual size of a residual, standard deviations.
    pub usual: f64,
    /// Model of every cell used, counts per pixel.
    pub model: Vec<f64>,
    /// Particles alone.
    pub particles: Vec<f64>,
}

impl Measured {
    pub(crate) fn new(sums: &CellSums) -> Self {
        let first = Q_AXIS.position(COMPARED_FROM).ceil() as usize;
        let cells: Vec<usize> = (0..N_CELLS)
            .filter(|&i| sums.pixels[i] > 0.0 && i % N_Q >= first)
            .collect();
        let pixels: Vec<f64> = cells.iter().map(|&i| f64::from(sums.pixels[i])).collect();
        let mean = cells
            .iter()
            .zip(&pixels)
            .map(|(&i, n)| f64::from(sums.sum[i]).max(0.0) / n)
            .collect();
        Self {
            cells,
            mean,
            pixels,
        }
    }

    /// The values of the cells used.
    pub(crate) fn pick(&self, cells: &[f64]) -> Vec<f64> {
        self.cells.iter().map(|&i| cells[i]).collect()
    }

    /// The backgrounds of the cells used.
    pub(crate) fn backgrounds(&self, scene: &Scene) -> Vec<Vec<f64>> {
        let nodes = scene.backgrounds();
        nodes.iter().map(|b| self.pick(&scene::cells(b))).collect()
    }

    /// Variance of the cells' means if `model` is true: that of counting.
    pub(crate) fn variance(&self, model: &[f64]) -> Vec<f64> {
        model
            .iter()
            .zip(&self.pixels)
            .map(|(m, n)| m.max(VARIANCE_FLOOR) / n)
            .collect()
    }

    /// Usual size of a residual, in standard deviations: robust, at least 1.
    fn usual_residual(&self, model: &[f64]) -> f64 {
        let mut sizes: Vec<f64> = self
            .variance(model)
            .iter()
            .zip(self.mean.iter().zip(model))
            .map(|(v, (y, m))| (y - m).abs() / v.sqrt())
            .collect();
        if sizes.is_empty() {
            return 1.0;
        }
        let middle = sizes.len() / 2;
        let median = *sizes.select_nth_unstable_by(middle, f64::total_cmp).1;
        (median / NORMAL_MEDIAN).max(1.0)
    }

    /// Weights of the squared residuals near `model`: inverse variances, less
    /// for outliers. `usual` is the usual size of a residual.
    pub(crate) fn weights(&self, model: &[f64], usual: f64) -> Vec<f64> {
        let limit = OUTLIER * usual;
        self.variance(model)
            .iter()
            .zip(self.mean.iter().zip(model))
            .map(|(v, (y, m))| {
                let size_squared = (y - m).powi(2) / v;
                1.0 / (v * (1.0 + size_squared / (limit * limit)))
            })
            .collect()
    }

    /// Indices of the cells used.
    pub(crate) fn cells(&self) -> &[usize] {
        &self.cells
    }

    /// Mean counts per pixel of the cells used.
    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Fits scale and background for the particles' pattern (values of the cells used).
    /// `usual` is the usual size of a residual; `None`: that of this fit.
    pub(crate) fn fit(
        &self,
        particles: &[f64],
        backgrounds: &[Vec<f64>],
        usual: Option<f64>,
    ) -> Scaled {
        let components: [&[f64]; COMPONENTS] = std::array::from_fn(|j| {
            if j == 0 {
                particles
            } else {
                &*backgrounds[j - 1]
            }
        });
        let mut model = self.mean.clone();
        let mut coefficients = [0.0; COMPONENTS];
        for _ in 0..REWEIGHTINGS {
            let weights =
                self.weights(&model, usual.unwrap_or_else(|| self.usual_residual(&model)));
            coefficients = non_negative(&components, &self.mean, &weights);
            model = (0..self.cells.len())
                .map(|i| {
                    (0..COMPONENTS)
                        .map(|j| coefficients[j] * components[j][i])
                        .sum()
                })
                .collect();
        }
        let usual = usual.unwrap_or_else(|| self.usual_residual(&model));
        let residuals = self
            .mean
            .iter()
            .zip(&model)
            .zip(self.variance(&model))
            .map(|((y, m), v)| soften((y - m) / (v.sqrt() * usual)))
            .collect();
        Scaled {
            coefficients,
            residuals,
            usual,
            model,
            particles: particles.iter().map(|p| p * coefficients[0]).collect(),
        }
    }

    /// Root mean square of ln(measured / model) over cells counted to better than 10 %.
    fn relative_misfit(&self, model: &[f64]) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for ((y, m), n) in self.mean.iter().zip(model).zip(&self.pixels) {
            if y * n >= 100.0 && *m > 0.0 {
                sum += (y / m).ln().powi(2);
                count += 1.0;
            }
        }
        if count > 0.0 {
            (sum / count).sqrt()
        } else {
            0.0
        }
    }

    /// Share of the particles in the modelled counts.
    fn particle_share(&self, scaled: &Scaled) -> f64 {
        let counts =
            |values: &[f64]| -> f64 { values.iter().zip(&self.pixels).map(|(v, n)| v * n).sum() };
        let total = counts(&scaled.model);
        if total > 0.0 {
            counts(&scaled.particles) / total
        } else {
            0.0
        }
    }
}

/// Residual whose square is Cauchy's loss of `r`: the square of small ones, growing with
/// its logarithm beyond [`OUTLIER`].
fn soften(r: f64) -> f64 {
    let x = r / OUTLIER;
    OUTLIER * (x * x).ln_1p().sqrt().copysign(r)
}

/// asinh position on an axis with the constants taken out of the loop over pixels.
#[derive(Clone, Copy)]
struct Place {
    scale: f32,
    low: f32,
    per_unit: f32,
}

impl Place {
    fn new(axis: AsinhAxis) -> Self {
        let low = (axis.min / axis.scale).asinh();
        let high = (axis.max / axis.scale).asinh();
        Self {
            scale: axis.scale.recip() as f32,
            low: low as f32,
            per_unit: (axis.cells as f64 / (high - low)) as f32,
        }
    }

    fn at(self, x: f32) -> f32 {
        let u = x * self.scale;
        ((u + (u * u + 1.0).sqrt()).ln() - self.low) * self.per_unit
    }
}

/// One pixel's wave vector: (q_par, q_y, k sin alpha_f), nm^-1. The same as
/// `FlatDetector::direction`, without going through the angles.
struct Geometry {
    detector: FlatDetector,
    k: f64,
    sin_i: f64,
    cos_i: f64,
}

impl Geometry {
    fn new(beam: &Beam, detector: &FlatDetector) -> Self {
        let (sin_i, cos_i) = beam.alpha_i_rad().sin_cos();
        Self {
            detector: *detector,
            k: beam.k(),
            sin_i,
            cos_i,
        }
    }

    #[inline]
    fn at(&self, col: f64, row: f64) -> (f64, f64, f64) {
        let [x, y, z] = self.detector.position_mm(col, row);
        let scale = self.k / (x * x + y * y + z * z).sqrt();
        let q_x = scale * (z * self.cos_i + y * self.sin_i) - self.k * self.cos_i;
        let q_y = scale * x;
        let kz = scale * (y * self.cos_i - z * self.sin_i);
        ((q_x * q_x + q_y * q_y).sqrt(), q_y, kz)
    }
}

/// The frame as the comparison needs it.
pub(crate) struct View<'a> {
    pub beam: &'a Beam,
    pub detector: &'a FlatDetector,
    /// Counts, row-major.
    pub counts: &'a [f32],
    /// [`Reason`] bits of every pixel, row-major.
    pub mask: &'a [u8],
    pub sums: &'a CellSums,
    /// Free parameters behind the model (for the degrees of freedom).
    pub parameters: usize,
}

/// Simulates `structure` and compares it with the frame.
pub(crate) fn compare(
    scene: &Scene,
    measured: &Measured,
    view: &View<'_>,
    structure: &Parameters,
    refined: bool,
) -> Result<Comparison> {
    let pattern = scene.particles(structure)?;
    let particles = pattern.cells();
    let scaled = measured.fit(
        &measured.pick(&particles),
        &measured.backgrounds(scene),
        None,
    );
    let [scale, coefficients @ ..] = scaled.coefficients;
    let mut background = vec![0.0_f32; scene::NODES_K * scene::NODES_Q];
    for (component, c) in scene.backgrounds().iter().zip(coefficients) {
        for (sum, b) in background.iter_mut().zip(component) {
            *sum += c as f32 * b;
        }
    }
    let (maps, chi2, n_pixels) = maps(view, &pattern.image(scale as f32, &background));
    let freedom = n_pixels.saturating_sub(view.parameters + COMPONENTS).max(1);
    let cell_model: Vec<f64> = particles
        .iter()
        .zip(scene::cells(&background))
        .map(|(p, b)| scale * p + b)
        .collect();
    Ok(Comparison {
        fit: Fit {
            chi2_reduced: chi2 / freedom as f64,
            n_pixels,
            refined,
            relative_misfit: measured.relative_misfit(&scaled.model),
            particle_share: measured.particle_share(&scaled),
        },
        maps,
        horizontal: horizontal_cut(view, &cell_model),
        vertical: vertical_cut(view, &cell_model, structure.distance),
    })
}

/// Sums of one block of pixels.
#[derive(Clone, Copy, Default)]
struct Block {
    counts: f32,
    valid: u16,
    model: f32,
    modelled: u16,
    // Of the pixels that enter chi-square only.
    compared_counts: f32,
    compared_model: f32,
}

fn maps(view: &View<'_>, model: &Image) -> (Maps, f64, usize) {
    let detector = view.detector;
    let geometry = Geometry::new(view.beam, detector);
    let (q_place, k_place) = (Place::new(Q_AXIS), Place::new(K_AXIS));
    let (rows_shown, flip) = shown_rows(&geometry);
    let size = rows_shown
        .len()
        .max(detector.cols)
        .div_ceil(MAP_SIZE)
        .max(1);
    let (rows, cols) = (
        rows_shown.len().div_ceil(size),
        detector.cols.div_ceil(size),
    );
    let mut blocks = vec![Block::default(); rows * cols];
    let (mut chi2, mut n_pixels) = (0.0, 0);
    for (i, row) in rows_shown.clone().enumerate() {
        let i = if flip { rows_shown.len() - 1 - i } else { i };
        let line = &mut blocks[i / size * cols..][..cols];
        for col in 0..detector.cols {
            let block = &mut line[col / size];
            let pixel = row * detector.cols + col;
            let count = view.counts[pixel];
            let valid = view.mask[pixel] == 0;
            if view.mask[pixel] & !Reason::Outside.bit() == 0 {
                block.counts += count;
                block.valid += 1;
            }
            let (q_par, _, kz) = geometry.at(col as f64, row as f64);
            if kz <= 0.0 || kz >= K_AXIS.max || q_par >= Q_AXIS.max {
                continue;
            }
            let expected = model.at(k_place.at(kz as f32), q_place.at(q_par as f32));
            block.model += expected;
            block.modelled += 1;
            if valid && q_par >= COMPARED_FROM {
                block.compared_counts += count;
                block.compared_model += expected;
                let difference = f64::from(count - expected);
                chi2 += difference * difference / f64::from(expected).max(VARIANCE_FLOOR);
                n_pixels += 1;
            }
        }
    }
    let mean = |sum: f32, n: u16| if n > 0 { sum / f32::from(n) } else { f32::NAN };
    let centre = |i: usize, count: usize| 0.5 * (i * size + ((i + 1) * size).min(count) - 1) as f64;
    let row_of = |i: usize| {
        let from_top = centre(i, rows_shown.len());
        if flip {
            rows_shown.end as f64 - 1.0 - from_top
        } else {
            rows_shown.start as f64 + from_top
        }
    };
    let beam_col = detector.direct_beam_px[0];
    let horizon = row_of(rows - 1);
    let maps = Maps {
        rows,
        cols,
        measured: blocks.iter().map(|b| mean(b.counts, b.valid)).collect(),
        simulated: blocks.iter().map(|b| mean(b.model, b.modelled)).collect(),
        residual: blocks
            .iter()
            .map(|b| {
                if b.compared_model > 0.0 {
                    let sigma = b.compared_model.max(VARIANCE_FLOOR as f32).sqrt();
                    (b.compared_counts - b.compared_model) / sigma
                } else {
                    f32::NAN
                }
            })
            .collect(),
        q_y: (0..cols)
            .map(|i| geometry.at(centre(i, detector.cols), horizon).1)
            .collect(),
        q_z: (0..rows)
            .map(|i| geometry.at(beam_col, row_of(i)).2 + view.beam.kz())
            .collect(),
    };
    (maps, chi2, n_pixels)
}

/// The rows from slightly below the horizon to the end of the grid, and whether the first
/// of them is the lowest (so that the picture has to be turned over).
fn shown_rows(geometry: &Geometry) -> (std::ops::Range<usize>, bool) {
    let detector = &geometry.detector;
    let kz = |row: usize| geometry.at(detector.direct_beam_px[0], row as f64).2;
    let margin = -0.1;
    let shown = |row: &usize| (margin..K_AXIS.max).contains(&kz(*row));
    let first = (0..detector.rows).find(shown).unwrap_or(0);
    let end = (0..detector.rows)
        .rev()
        .find(shown)
        .map_or(detector.rows, |r| r + 1);
    let flip = detector.rows > 1 && kz(1) > kz(0);
    (first..end, flip)
}

/// Averages the cells of `cells` (each a list of grid cells) and their model.
fn averages(
    view: &View<'_>,
    model: &[f64],
    positions: impl Iterator<Item = (f64, Vec<usize>)>,
) -> Vec<CutPoint> {
    positions
        .filter_map(|(q, cells)| {
            let (mut sum, mut pixels, mut simulated) = (0.0, 0.0, 0.0);
            for i in cells {
                let n = f64::from(view.sums.pixels[i]);
                sum += f64::from(view.sums.sum[i]).max(0.0);
                pixels += n;
                simulated += n * model[i];
            }
            (pixels > 0.0).then(|| CutPoint {
                q,
                measured: sum / pixels,
                error: sum.sqrt() / pixels,
                simulated: simulated / pixels,
            })
        })
        .collect()
}

/// Cells of `axis` whose centre lies between `low` and `high`, at least one.
fn band(axis: AsinhAxis, low: f64, high: f64) -> std::ops::Range<usize> {
    let index = |x: f64| (axis.position(x).max(0.0).round() as usize).min(axis.cells);
    let start = index(low).min(axis.cells - 1);
    start..index(high).max(start + 1)
}

/// k sin(alpha_f) of the Yoneda maximum: the brightest row of the grid away from the rod.
/// Which material's critical angle it marks depends on the coverage, so the frame is asked.
fn yoneda(sums: &CellSums) -> f64 {
    /// Columns from here on, nm^-1: the rod and its spill lie below.
    const AWAY_FROM_ROD: f64 = 0.1;
    /// Rows up to here, nm^-1: no material has a larger critical wavenumber.
    const HIGHEST: f64 = 0.9;
    let first = Q_AXIS.position(AWAY_FROM_ROD).ceil() as usize;
    let rows = K_AXIS.position(HIGHEST) as usize;
    let brightness = |k: usize| {
        let cells = (first..N_Q).map(|q| CellSums::index(k, q));
        let (sum, pixels) = cells.fold((0.0, 0.0), |(sum, pixels), i| {
            (
                sum + f64::from(sums.sum[i]).max(0.0),
                pixels + f64::from(sums.pixels[i]),
            )
        });
        if pixels > 0.0 { sum / pixels } else { 0.0 }
    };
    let brightest = (0..rows)
        .max_by(|&a, &b| brightness(a).total_cmp(&brightness(b)))
        .unwrap_or(0);
    K_AXIS.centre(brightest)
}

fn horizontal_cut(view: &View<'_>, model: &[f64]) -> Cut {
    let maximum = yoneda(view.sums);
    let rows = band(K_AXIS, 0.85 * maximum, 1.2 * maximum);
    let points = averages(
        view,
        model,
        (0..N_Q).map(|q| {
            let cells = rows.clone().map(|k| CellSums::index(k, q)).collect();
            (Q_AXIS.centre(q), cells)
        }),
    );
    Cut {
        band: [K_AXIS.edge(rows.start), K_AXIS.edge(rows.end)],
        points,
    }
}

fn vertical_cut(view: &View<'_>, model: &[f64], distance: f64) -> Cut {
    // Around the first maximum: there the particles are brightest against the background.
    let maximum = (std::f64::consts::TAU / distance).clamp(2.0 * Q_AXIS.min, 0.5 * Q_AXIS.max);
    let columns = band(Q_AXIS, 0.75 * maximum, 1.25 * maximum);
    let points = averages(
        view,
        model,
        (0..N_K).map(|k| {
            let cells = columns.clone().map(|q| CellSums::index(k, q)).collect();
            (K_AXIS.centre(k) + view.beam.kz(), cells)
        }),
    );
    Cut {
        band: [Q_AXIS.edge(columns.start), Q_AXIS.edge(columns.end)],
        points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_physics::Up;

    #[test]
    fn wave_vectors_are_those_of_the_detector() {
        let beam = Beam::new(0.105, 0.39_f64.to_radians()).unwrap();
        let detector = FlatDetector {
            rows: 1679,
            cols: 1475,
            pixel_mm: [0.172, 0.172],
            distance_mm: 2565.0,
            direct_beam_px: [791.5, 1310.0],
            up: Up::RowsDecrease,
        };
        let geometry = Geometry::new(&beam, &detector);
        for (col, row) in [(0.0, 0.0), (791.0, 1107.0), (1474.0, 1205.0)] {
            let direction = detector.direction(&beam, col, row);
            let (q_par, q_y, kz) = geometry.at(col, row);
            // Rounding of 1 - cos at small angles, in units of k = 60 nm^-1.
            assert!((q_par - direction.q_par(&beam)).abs() < 1e-12);
            assert!((q_y - direction.q(&beam)[1]).abs() < 1e-12);
            assert!((kz - direction.kz(&beam)).abs() < 1e-12);
        }
    }

    /// A simulated frame, all artifacts small, against the structure it was made from and
    /// against others: only the truth is left with counting noise.
    #[test]
    fn the_true_structure_leaves_counting_noise() {
        use crate::scene::Parameters;
        use gisaxs_physics::{Layer, Multilayer, RefractiveIndex, UprightShape};
        use gisaxs_preproc::{Frame, Instrument, ndarray::Array2, prepare};
        use gisaxs_sim::artifact::{DeadPixels, Drawn, Misalignment, ModuleLayout};
        use gisaxs_sim::frame::SimulatedFrame;
        use gisaxs_sim::prior::ArtifactPrior;
        use gisaxs_sim::rng::{Purpose, stream};
        use gisaxs_sim::{
            Component, Correlation, CorrelationModel, Kind, Known, Particles, Range, Setup,
            SizeDistribution,
        };

        let beam = Beam::new(0.1, 0.4_f64.to_radians()).unwrap();
        let detector = FlatDetector {
            rows: 619,
            cols: 487,
            pixel_mm: [0.172; 2],
            distance_mm: 2200.0,
            direct_beam_px: [243.0, 560.0],
            up: Up::RowsDecrease,
        };
        let silicon = RefractiveIndex::new(4.6e-6, 6e-8).unwrap();
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::semi_infinite(silicon),
        ])
        .unwrap();
        let setup = Setup {
            beam,
            detector,
            detector_name: "Pilatus 300k".into(),
            layout: ModuleLayout {
                module: [195, 487],
                gap: [17, 7],
                modules: [3, 1],
            },
            stack: stack.clone(),
            materials: vec!["Si".into()],
            particle: RefractiveIndex::new(2.9e-5, 2.2e-6).unwrap(),
            particle_name: "Au".into(),
            known: Known::default(),
            beamstops: Vec::new(),
            shadow: None,
            dead: DeadPixels { pixels: Vec::new() },
            mount: None,
        };
        let sizes = SizeDistribution::new(vec![Component {
            kind: Kind::Gaussian,
            weight: 1.0,
            radius_nm: 3.2,
            spread: 0.16,
        }])
        .unwrap();
        let (radii, weights) = sizes.nodes(4.0);
        let shape = UprightShape::Segment { height_ratio: 1.35 };
        let correlation = Correlation {
            distance_nm: 9.5,
            disorder: 0.24,
            model: CorrelationModel::Decoupling,
            ordered: 1.0,
        };
        let fixed = |x: f64| Range::Uniform([x, x]);
        let prior = ArtifactPrior {
            peak_counts: fixed(1500.0),
            flat: fixed(2e-4),
            diffuse: fixed(1e-3),
            air: fixed(1e-4),
            rod: fixed(1e-2),
            response: fixed(0.0),
            flight_tube: 0.0,
            saturation: fixed(1e6),
            ..ArtifactPrior::default()
        };
        let rng = &mut stream(1, Purpose::View, 0);
        let mut drawn = Drawn::draw(&prior, rng);
        drawn.blur.sigma_px = 0.3;
        drawn.misalignment = Misalignment::NONE;
        let exposed = SimulatedFrame::expose(
            setup,
            Particles { shape, sizes },
            correlation,
            drawn,
            0,
            rng,
        )
        .unwrap();
        let counts = Array2::from_shape_vec((619, 487), exposed.counts).unwrap();
        let frame = Frame::new(counts).unwrap();
        let instrument = Instrument::new(beam, detector).unwrap();
        let prepared = prepare(&frame, &instrument).unwrap();

        let scene = Scene::new(&beam, &stack);
        let measured = Measured::new(&prepared.cells);
        let view = View {
            beam: &beam,
            detector: &detector,
            counts: frame.as_slice(),
            mask: prepared.mask.bits(),
            sums: &prepared.cells,
            parameters: 5,
        };
        let parameters = |size: f64, height: f64, distance: f64| Parameters {
            nodes: radii
                .iter()
                .zip(&weights)
                .map(|(r, w)| (size * r, *w))
                .collect(),
            shape: UprightShape::Segment {
                height_ratio: 1.35 * height,
            },
            distance: 9.5 * distance,
            disorder: 0.24,
        };
        let fit = |p: &Parameters| compare(&scene, &measured, &view, p, false).unwrap().fit;
        let truth = fit(&parameters(1.0, 1.0, 1.0));
        // Interpolation and the blur of the simulated frame stay below the counting noise.
        assert!((truth.chi2_reduced - 1.0).abs() < 0.1, "{truth:?}");
        assert!(truth.relative_misfit < 0.05, "{truth:?}");
        assert!(truth.particle_share > 0.9);
        assert!(truth.n_pixels > 9 * prepared.mask.valid_pixels() / 10);
        for wrong in [(1.1, 1.0, 1.0), (1.0, 1.1, 1.0), (1.0, 1.0, 1.05)] {
            let other = fit(&parameters(wrong.0, wrong.1, wrong.2));
            assert!(
                other.chi2_reduced > 1.3 * truth.chi2_reduced,
                "{wrong:?} {other:?}"
            );
        }
    }
}
