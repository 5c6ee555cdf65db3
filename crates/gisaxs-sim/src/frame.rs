//! Detector frames: every pixel computed, blurred, hidden and counted.

use gisaxs_physics::elementary::{asinh, hypot, sin_cos, sinh};
use gisaxs_physics::{Beam, FlatDetector, Multilayer, RefractiveIndex, SeparableGrid, contrast};
use serde::Serialize;

use crate::artifact::{Bins, Drawn, HotPixels, Mount, Surface, poisson};
use crate::pattern::{CellGrid, moments};
use crate::prior::{Correlation, CorrelationModel, Particles, Prior, Setup};
use crate::rng::{Purpose, Source, stream};
use crate::view::{LEVEL_ROD_GUARD, draw_artifacts};
use crate::{Known, Result};

/// What stands in a frame where nothing was measured because of a module gap.
pub const GAP: f32 = -1.0;
/// What stands in a frame where a pixel is dead.
pub const DEAD: f32 = -2.0;

/// Everything that decides the ideal pattern.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// Beam.
    pub beam: &'a Beam,
    /// Detector.
    pub detector: &'a FlatDetector,
    /// Layers; particles stand on top.
    pub stack: &'a Multilayer,
    /// Refractive index of the particles.
    pub particle: RefractiveIndex,
    /// Shape and sizes.
    pub particles: &'a Particles,
    /// Spacing.
    pub correlation: &'a Correlation,
}

/// Where the axes of the lattice turn from linear to logarithmic, nm^-1.
const Q_SCALE: f64 = 0.05;
const K_SCALE: f64 = 0.3;

/// asinh(q_par / Q_SCALE) and asinh(k_z / K_SCALE) of the tables behind bins: the same for all
/// samples of a setup.
#[derive(Clone, Debug)]
struct Positions {
    q: Vec<f64>,
    k: Vec<f64>,
}

impl Positions {
    fn new(bins: &Bins) -> Self {
        let [q, k] = bins.tables();
        let on = |table: &[f32], scale: f64| {
            table.iter().map(|&x| asinh(f64::from(x) / scale)).collect()
        };
        Self {
            q: on(q, Q_SCALE),
            k: on(k, K_SCALE),
        }
    }
}

/// Lattice spacing of the pattern behind a frame, in units of the asinh axes: below the
/// width of a film fringe and of the oscillations of 25 nm particles.
const LATTICE_STEP: f64 = 0.008;

impl Scene<'_> {
    /// Positions of all pixels, row-major. Pixels below the horizon have negative k_z.
    #[must_use]
    pub fn bins(&self) -> Bins {
        pixel_bins(self.beam, self.detector, None)
    }

    /// Scattering cross-section per particle and solid angle, nm^2, of every bin: noise-free,
    /// zero below the horizon.
    ///
    /// The moments of the amplitude are computed on a lattice and interpolated; the
    /// structure factor, whose peaks can be sharper, is computed per table entry of `bins`.
    #[must_use]
    pub fn cross_section(&self, bins: &Bins) -> Vec<f32> {
        self.cross_section_at(bins, &Positions::new(bins))
    }

    fn cross_section_at(&self, bins: &Bins, positions: &Positions) -> Vec<f32> {
        let axis = |end: f64, scale: f64| -> Vec<f64> {
            let high = asinh(end / scale);
            let n = (high / LATTICE_STEP).ceil().max(8.0);
            (0..=n as usize)
                .map(|i| scale * sinh(high * i as f64 / n))
                .collect()
        };
        let (q_scale, k_scale) = (Q_SCALE, K_SCALE);
        let [q_end, k_end] = bins.largest().map(|x| f64::from(x.max(0.1)) * 1.001);
        // Nodes, not cells: the engine is asked at the points of the lattice.
        let (q, k) = (axis(q_end, q_scale), axis(k_end, k_scale));
        let lattice = Lattice {
            q_scale: (q.len() - 1) as f64 / asinh(q_end / q_scale),
            k_scale: (k.len() - 1) as f64 / asinh(k_end / k_scale),
            n_q: q.len(),
            n_k: k.len(),
        };
        let c = self.correlation;
        let amplitude = contrast(self.beam, self.particle).norm_sqr();
        let nodes = if c.model == CorrelationModel::Decoupling {
            let engine = SeparableGrid::new(self.stack, self.beam, &q, &horizon(&k));
            let (radii, weights) = self.particles.sizes.nodes(hypot(q_end, k_end));
            let a = engine.averages(self.particles.shape, &radii, &weights);
            // Side by side: one look at the memory for both.
            a.mean_square
                .into_iter()
                .zip(a.coherent)
                .map(|(square, coherent)| [square, coherent])
                .collect()
        } else {
            // Cells around the nodes, so that the coupled models are averaged like cells.
            let grid = CellGrid {
                q_edges: around(&q),
                k_edges: around(&horizon(&k)),
            };
            let m = moments(self.stack, self.beam, self.particles, Some(c), &grid);
            let alone = |square| [square, 0.0];
            m.mean_square.into_iter().map(alone).collect::<Vec<_>>()
        };
        let mut values = vec![0.0; bins.len()];
        let columns: Vec<_> = bins.tables()[0]
            .iter()
            .zip(&positions.q)
            .map(|(&q, &position)| {
                let excess = if c.model == CorrelationModel::Decoupling {
                    c.structure_factor(f64::from(q)) - 1.0
                } else {
                    0.0
                };
                (lattice.column(position), excess)
            })
            .collect();
        let rows: Vec<_> = positions
            .k
            .iter()
            .map(|&position| (position > 0.0).then(|| lattice.row(position)))
            .collect();
        bins.for_each_entry(
            &mut values,
            &columns,
            &rows,
            |value, &(column, excess), row| {
                let Some(row) = *row else { return };
                let [square, coherent] = lattice.interpolate(&nodes, column, row);
                *value = ((square + coherent * excess) * amplitude).max(0.0) as f32;
            },
        );
        values
    }
}

/// Positions of all pixels, row-major.
fn pixel_bins(beam: &Beam, detector: &FlatDetector, mount: Option<&Mount>) -> Bins {
    let (rows, cols) = (detector.rows, detector.cols);
    let (k, (sin_i, cos_i)) = (beam.k(), sin_cos(beam.alpha_i_rad()));
    let (mut q_par, mut k_z) = (vec![0.0; rows * cols], vec![0.0; rows * cols]);
    if let Some(mount) = mount {
        for (i, (q_par, k_z)) in q_par.iter_mut().zip(&mut k_z).enumerate() {
            let [x, y, z] = mount.position_mm(detector, (i % cols) as f64, (i / cols) as f64);
            let k_over_r = k / (x * x + y * y + z * z).sqrt();
            let q_x = (z * cos_i + y * sin_i) * k_over_r - k * cos_i;
            let q_y = x * k_over_r;
            *q_par = (q_x * q_x + q_y * q_y).sqrt() as f32;
            *k_z = ((y * cos_i - z * sin_i) * k_over_r) as f32;
        }
        return Bins::scattered(&q_par, &k_z);
    }
    // The same as `FlatDetector::direction`, without an angle: along a row only x changes.
    for row in 0..rows {
        let [_, y, z] = detector.position_mm(0.0, row as f64);
        let (up, ahead) = (y * cos_i - z * sin_i, z * cos_i + y * sin_i);
        let line = row * cols..(row + 1) * cols;
        let pixels = q_par[line.clone()].iter_mut().zip(&mut k_z[line]);
        for (col, (q_par, k_z)) in pixels.enumerate() {
            let x = (col as f64 - detector.direct_beam_px[0]) * detector.pixel_mm[0];
            let k_over_r = k / (x * x + y * y + z * z).sqrt();
            let q_x = ahead * k_over_r - k * cos_i;
            let q_y = x * k_over_r;
            *q_par = (q_x * q_x + q_y * q_y).sqrt() as f32;
            *k_z = (up * k_over_r) as f32;
        }
    }
    Bins::scattered(&q_par, &k_z)
}

/// The first node lies on the horizon, where the exit wave vanishes: a hair above it.
fn horizon(k: &[f64]) -> Vec<f64> {
    k.iter().map(|&k| k.max(1e-5)).collect()
}

/// Edges half way between nodes.
fn around(nodes: &[f64]) -> Vec<f64> {
    let last = nodes.len() - 1;
    std::iter::once(nodes[0])
        .chain(nodes.windows(2).map(|w| 0.5 * (w[0] + w[1])))
        .chain(std::iter::once(nodes[last]))
        .collect()
}

struct Lattice {
    q_scale: f64,
    k_scale: f64,
    n_q: usize,
    n_k: usize,
}

impl Lattice {
    /// Node to the left of a position on the axis and the share of the next.
    fn column(&self, position: f64) -> (usize, f64) {
        let x = (position * self.q_scale).clamp(0.0, self.n_q as f64 - 1.001);
        (x as usize, x.fract())
    }

    /// First node of the row below a position on the axis and the share of the next row.
    fn row(&self, position: f64) -> (usize, f64) {
        let y = (position * self.k_scale).clamp(0.0, self.n_k as f64 - 1.001);
        (y as usize * self.n_q, y.fract())
    }

    fn interpolate(
        &self,
        nodes: &[[f64; 2]],
        (x, u): (usize, f64),
        (y, v): (usize, f64),
    ) -> [f64; 2] {
        let (i, j) = (y + x, y + x + self.n_q);
        let ([a, b], [c, d]) = ([nodes[i], nodes[i + 1]], [nodes[j], nodes[j + 1]]);
        [0, 1]
            .map(|n| (1.0 - v) * ((1.0 - u) * a[n] + u * b[n]) + v * ((1.0 - u) * c[n] + u * d[n]))
    }
}

/// A setup seen pixel by pixel: what its frames share.
#[derive(Clone, Debug)]
pub struct FrameSetup {
    /// The experiment.
    pub setup: Setup,
    /// Positions of the pixels, row-major.
    pub bins: Bins,
    /// Pixels with a measurement, row-major.
    pub valid: Vec<bool>,
    positions: Positions,
    surface: Surface,
}

impl FrameSetup {
    /// Computes positions and masks of all pixels.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let bins = pixel_bins(&setup.beam, &setup.detector, setup.mount.as_ref());
        Self {
            positions: Positions::new(&bins),
            bins,
            valid: setup.valid_pixels(),
            surface: Surface::new(&setup.stack, &setup.beam),
            setup,
        }
    }

    /// The same detector in front of other layers.
    #[must_use]
    pub fn on(&self, stack: Multilayer) -> Self {
        let mut frame = self.clone();
        frame.surface = Surface::new(&stack, &frame.setup.beam);
        frame.setup.stack = stack;
        frame
    }

    /// As [`Scene::cross_section`], of every pixel.
    #[must_use]
    pub fn cross_section(&self, particles: &Particles, correlation: &Correlation) -> Vec<f32> {
        let setup = &self.setup;
        Scene {
            beam: &setup.beam,
            detector: &setup.detector,
            stack: &setup.stack,
            particle: setup.particle,
            particles,
            correlation,
        }
        .cross_section_at(&self.bins, &self.positions)
    }

    /// Counts of an exposure of particles with the relative `rate` per pixel: artifacts, noise
    /// and masks, [`GAP`] and [`DEAD`]. Draws hot pixels and records those that were seen in `drawn`.
    #[must_use]
    pub fn expose(
        &self,
        mut rate: Vec<f32>,
        drawn: &mut Drawn,
        hot_pixels: usize,
        rng: &mut impl Source,
    ) -> Vec<f32> {
        let Self {
            setup, bins, valid, ..
        } = self;
        let (rows, cols) = (setup.detector.rows, setup.detector.cols);
        drawn.compose(
            bins,
            &self.surface,
            LEVEL_ROD_GUARD,
            |i| valid[i] && bins.k_z(i) > 0.0,
            |blur, rate| blur.frame(rows, cols, rate),
            &mut rate,
        );
        // Below the horizon the sample stands in the way of everything but flat background.
        let dark = (drawn.flat * drawn.exposure.peak_counts) as f32;
        let camera = &drawn.camera;
        let below = drawn.below_horizon(bins, &self.surface);
        for (i, rate) in rate.iter_mut().enumerate() {
            if bins.k_z(i) <= 0.0 {
                *rate = below.as_ref().map_or(dark, |below| below[i]);
            }
        }
        camera.frame_rate(&setup.layout, &mut rate);
        let mut counts: Vec<f32> = rate.iter().map(|&rate| poisson(rate, rng)).collect();
        if !camera.is_none() {
            let pixel_mm = setup.detector.pixel_mm[0];
            camera.frame_counts(&setup.layout, pixel_mm, drawn.saturation, &mut counts);
        }
        let brightest = drawn.exposure.peak_counts * 10.0;
        let hot = HotPixels::draw(counts.len(), hot_pixels, brightest, rng);
        hot.add(&mut counts, |_| true);
        drawn.hot_pixels = hot.recorded(|i| valid[i], |i| i);
        for (i, (count, &valid)) in counts.iter_mut().zip(valid).enumerate() {
            let (col, row) = (i % cols, i / cols);
            if valid {
                if drawn.saturation.overloads(*count) {
                    *count = drawn.saturation.cutoff;
                }
            } else if setup.layout.is_gap(col, row) {
                *count = GAP;
            } else if setup
                .beamstops
                .iter()
                .any(|b| b.hides(col as f64, row as f64))
            {
                *count = 0.0;
            } else {
                *count = DEAD;
            }
        }
        counts
    }
}

/// A simulated exposure, as a detector would store it, and the truth behind it.
#[derive(Clone, Debug)]
pub struct SimulatedFrame {
    /// Counts, row-major; [`GAP`] and [`DEAD`] where nothing was measured.
    pub counts: Vec<f32>,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Beam as the user believes it to be.
    pub believed_beam: Beam,
    /// Detector geometry as the user believes it to be.
    pub believed_detector: FlatDetector,
    /// The experiment (true geometry, detector name, beamstops, what is known).
    pub setup: Setup,
    /// Shape and sizes.
    pub particles: Particles,
    /// Spacing and disorder.
    pub correlation: Correlation,
    /// Artifacts.
    pub drawn: Drawn,
}

/// What a dataset records of a frame beside its pixels.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    /// Name of the detector.
    pub detector: &'a str,
    /// Spacing and disorder.
    pub correlation: &'a Correlation,
    /// Artifacts.
    pub drawn: &'a Drawn,
}

impl SimulatedFrame {
    /// Frame number `index`: a pure function of its arguments.
    ///
    /// # Errors
    /// If the prior draws something the physics refuses.
    pub fn draw(prior: &Prior, seed: u64, index: u64) -> Result<Self> {
        let setup = prior.setup.draw(seed, index)?;
        let rng = &mut stream(seed, Purpose::Sample, index);
        let particles = prior.particles.draw(setup.q_max(), rng)?;
        let mean_radius_nm = particles.sizes.mean_nm();
        prior.correlation.check_spacing(mean_radius_nm)?;
        let model = prior.correlation.draw_model(rng);
        let correlation = prior.correlation.draw(mean_radius_nm, model, rng);
        let rng = &mut stream(seed, Purpose::View, index);
        let drawn = draw_artifacts(prior, rng);
        Self::expose(
            setup,
            particles,
            correlation,
            drawn,
            prior.artifacts.hot_pixels,
            rng,
        )
    }

    /// Exposes the detector of `setup` with the given artifacts.
    ///
    /// # Errors
    /// If the believed geometry is not allowed.
    pub fn expose(
        setup: Setup,
        particles: Particles,
        correlation: Correlation,
        mut drawn: Drawn,
        hot_pixels: usize,
        rng: &mut impl Source,
    ) -> Result<Self> {
        let frame = FrameSetup::new(setup);
        let rate = frame.cross_section(&particles, &correlation);
        let counts = frame.expose(rate, &mut drawn, hot_pixels, rng);
        let setup = frame.setup;
        let (rows, cols) = (setup.detector.rows, setup.detector.cols);
        let (believed_beam, believed_detector) =
            drawn.misalignment.believed(&setup.beam, &setup.detector)?;
        Ok(Self {
            counts,
            shape: [rows, cols],
            believed_beam,
            believed_detector,
            setup,
            particles,
            correlation,
            drawn,
        })
    }

    /// What the user knows of the materials.
    #[must_use]
    pub fn known(&self) -> Known {
        self.setup.known
    }

    /// What a dataset records beside the pixels.
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        Record {
            detector: &self.setup.detector_name,
            correlation: &self.correlation,
            drawn: &self.drawn,
        }
    }
}
