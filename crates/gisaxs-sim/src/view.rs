//! Views on the cell grid: a pattern, a fresh correlation, fresh artifacts, counts.
//!
//! A view is what preprocessing makes of a simulated frame, without the frame: the sum of
//! the Poisson counts of n pixels is a Poisson count of n times the mean, and every
//! artifact acts on rates per bin or on the number of valid pixels per cell.

use gisaxs_physics::Multilayer;
use rand::Rng;

use crate::Result;
use crate::artifact::pixelwise::exp;
use crate::artifact::{Bins, CellRaster, Drawn, HotPixels, Obstacles, Surface, poisson};
use crate::pattern::{CellGrid, StoredPattern, Window, cell_structure_factor, moments};
use crate::prior::{ArtifactPrior, Correlation, CorrelationModel, Particles, Prior, Setup};
use crate::rng::{Purpose, Quantity, Source, stream};

/// A setup seen through a cell grid.
#[derive(Clone, Debug)]
pub struct CellSetup {
    /// The experiment.
    pub setup: Setup,
    /// The part of the grid that the detector covers.
    pub window: Window,
    /// Grid inside the window.
    pub grid: CellGrid,
    /// Valid pixels per cell of the window, row-major.
    pub pixels: Vec<f32>,
    bins: Bins,
    surface: Surface,
    columns_px: Vec<f32>,
    rows_px: Vec<f32>,
}

impl CellSetup {
    /// `pixels` holds the number of valid pixels per cell of the whole `grid`, row-major;
    /// `None` if no cell has one.
    ///
    /// # Panics
    /// If `pixels` does not have one number per cell.
    #[must_use]
    pub fn new(setup: Setup, grid: &CellGrid, pixels: &[f32]) -> Option<Self> {
        let (n_q, n_k) = (grid.n_q(), grid.n_k());
        assert_eq!(pixels.len(), n_q * n_k, "one pixel count per cell");
        let mut window = Window {
            q: [n_q, 0],
            k: [n_k, 0],
        };
        for (i, _) in pixels.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            let (k, q) = (i / n_q, i % n_q);
            window.q = [window.q[0].min(q), window.q[1].max(q + 1)];
            window.k = [window.k[0].min(k), window.k[1].max(k + 1)];
        }
        // Fewer columns or rows are no image (and the structure factor needs two edges).
        if window.q[1] < window.q[0] + 4 || window.k[1] < window.k[0] + 4 {
            return None;
        }
        let crop = grid.crop(window);
        let mut cropped = Vec::with_capacity(crop.n_q() * crop.n_k());
        for k in window.k[0]..window.k[1] {
            cropped.extend_from_slice(&pixels[k * n_q + window.q[0]..k * n_q + window.q[1]]);
        }
        let narrow = |values: &[f64]| values.iter().map(|&x| x as f32).collect();
        let bins = Bins::lattice(narrow(&crop.q_centres()), narrow(&crop.k_centres()));
        let pixel_q = setup.pixel_q();
        let in_pixels = |edges: &[f64]| {
            edges
                .windows(2)
                .map(|e| ((e[1] - e[0]) / pixel_q) as f32)
                .collect::<Vec<f32>>()
        };
        Some(Self {
            window,
            pixels: cropped,
            bins,
            surface: Surface::new(&setup.stack, &setup.beam),
            columns_px: in_pixels(&crop.q_edges),
            rows_px: in_pixels(&crop.k_edges),
            grid: crop,
            setup,
        })
    }

    /// The same detector in front of other layers.
    #[must_use]
    pub fn on(&self, stack: Multilayer) -> Self {
        let mut cells = self.clone();
        cells.surface = Surface::new(&stack, &cells.setup.beam);
        cells.setup.stack = stack;
        cells
    }

    /// Largest q_par the detector sees, nm^-1.
    #[must_use]
    pub fn q_max(&self) -> f64 {
        self.grid.q_edges[self.grid.n_q()]
    }
}

/// Particles and their pattern: one entry of a library.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Sizes and shape.
    pub particles: Particles,
    /// Spacing, where it is part of the pattern.
    pub fixed: Option<Correlation>,
    /// Mean radius, nm (a moment of the table, kept because every view needs it).
    pub mean_radius_nm: f64,
    pattern: StoredPattern,
}

impl Sample {
    /// Sample `index` of a dataset, measured with `cells`: a pure function of its arguments.
    ///
    /// # Errors
    /// If the prior draws something the physics refuses.
    pub fn draw(prior: &Prior, cells: &CellSetup, seed: u64, index: u64) -> Result<Self> {
        Self::draw_from(prior, cells, &mut stream(seed, Purpose::Sample, index))
    }

    /// A sample from the numbers of `rng`.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub fn draw_from(prior: &Prior, cells: &CellSetup, rng: &mut impl Source) -> Result<Self> {
        let q_max = cells.q_max();
        let particles = prior.particles.draw(q_max, rng)?;
        let mean_radius_nm = particles.sizes.mean_nm();
        // Views draw their distances later, and without a way to fail.
        prior.correlation.check_spacing(mean_radius_nm)?;
        let model = prior.correlation.draw_model(rng);
        let fixed = (model != CorrelationModel::Decoupling)
            .then(|| prior.correlation.draw(mean_radius_nm, model, rng));
        let setup = &cells.setup;
        let moments = moments(
            &setup.stack,
            &setup.beam,
            &particles,
            fixed.as_ref(),
            &cells.grid,
        );
        Ok(Self {
            particles,
            fixed,
            mean_radius_nm,
            pattern: StoredPattern::new(&moments),
        })
    }
}

/// Counts on the whole cell grid, and what made them.
#[derive(Clone, Debug)]
pub struct View {
    /// Summed counts per cell, row-major over the whole grid.
    pub sum: Vec<f32>,
    /// Valid pixels per cell.
    pub pixels: Vec<f32>,
    /// Spacing and disorder.
    pub correlation: Correlation,
    /// The artifacts.
    pub drawn: Drawn,
}

/// Beam guard of the level, nm^-1: the specular rod is not particle scattering.
pub const LEVEL_ROD_GUARD: f32 = 0.03;

impl View {
    /// A fresh look at `sample`: a pure function of its arguments. `n_q` and `n_k` are the
    /// size of the whole grid.
    #[must_use]
    pub fn draw(
        prior: &Prior,
        cells: &CellSetup,
        sample: &Sample,
        (n_q, n_k): (usize, usize),
        seed: u64,
        index: u64,
    ) -> Self {
        let rng = &mut stream(seed, Purpose::View, index);
        Self::draw_from(prior, cells, sample, (n_q, n_k), rng)
    }

    /// A look at `sample` from the numbers of `rng`.
    #[must_use]
    pub fn draw_from(
        prior: &Prior,
        cells: &CellSetup,
        sample: &Sample,
        (n_q, n_k): (usize, usize),
        rng: &mut impl Source,
    ) -> Self {
        let correlation = sample.fixed.unwrap_or_else(|| {
            prior
                .correlation
                .draw(sample.mean_radius_nm, CorrelationModel::Decoupling, rng)
        });
        let mut drawn = draw_artifacts(prior, rng);
        let rate = cells.expected(sample, &correlation, &drawn);
        let (sum, pixels) = cells.expose(rate, &mut drawn, &prior.artifacts, (n_q, n_k), rng);
        Self {
            sum,
            pixels,
            correlation,
            drawn,
        }
    }
}

/// All artifacts, the exposure where a design puts it.
pub(crate) fn draw_artifacts(prior: &Prior, rng: &mut impl Source) -> Drawn {
    let mut drawn = Drawn::draw(&prior.artifacts, rng);
    if let Some(u) = rng.designed(Quantity::PeakCounts) {
        drawn.exposure.peak_counts = prior.artifacts.peak_counts.quantile(u);
    }
    drawn
}

impl CellSetup {
    /// Expected counts per pixel in the cells of the window, artifacts included.
    #[must_use]
    pub fn expected(&self, sample: &Sample, correlation: &Correlation, drawn: &Drawn) -> Vec<f32> {
        let open = sample.fixed.is_none().then_some(correlation);
        self.expected_of(&sample.pattern, open, drawn)
    }

    /// Expected counts per pixel of a pattern on the cells of the window, artifacts included.
    /// `open` is the correlation if it is not yet part of the pattern.
    #[must_use]
    pub fn expected_of(
        &self,
        pattern: &StoredPattern,
        open: Option<&Correlation>,
        drawn: &Drawn,
    ) -> Vec<f32> {
        let mut rate = self.particle_rate(pattern, open, drawn);
        drawn.compose(
            &self.bins,
            &self.surface,
            LEVEL_ROD_GUARD,
            |i| self.pixels[i] > 0.0,
            |blur, rate| blur.cells(&self.columns_px, &self.rows_px, rate),
            &mut rate,
        );
        if let Some(mount) = &self.setup.mount {
            mount.cells(&self.grid, &mut rate);
        }
        rate
    }

    /// Counts and valid pixels on the whole grid of `n_q` by `n_k` cells, from the expected
    /// counts per pixel in the cells of the window. Draws obstacles and hot pixels, and records
    /// them in `drawn` by the cells of the whole grid.
    #[must_use]
    pub fn expose(
        &self,
        mut rate: Vec<f32>,
        drawn: &mut Drawn,
        prior: &ArtifactPrior,
        (n_q, n_k): (usize, usize),
        rng: &mut impl Rng,
    ) -> (Vec<f32>, Vec<f32>) {
        let [width, height] = [self.grid.n_q(), self.grid.n_k()];
        let [left, bottom] = [self.window.q[0], self.window.k[0]];
        let mut pixels = self.pixels.clone();
        let obstacles = Obstacles::draw(prior.obstacles, [width, height], rng);
        obstacles.apply(width, &mut rate, &mut pixels);
        drawn.obstacles = obstacles.moved(left, bottom);
        let camera = &drawn.camera;
        let setup = &self.setup;
        let raster = (!camera.is_none())
            .then(|| CellRaster::new(&self.grid, &setup.layout, &setup.beam, &setup.detector));
        if let Some(raster) = &raster {
            camera.cell_rate(raster, &pixels, &mut rate);
        }
        let mut counts: Vec<f32> = rate
            .iter()
            .zip(&mut pixels)
            .map(|(&rate, pixels)| {
                if drawn.saturation.overloads(rate) {
                    *pixels = 0.0;
                }
                poisson(rate * *pixels, rng)
            })
            .collect();
        if let Some(raster) = &raster {
            let pixel_mm = setup.detector.pixel_mm[0];
            camera.cell_counts(raster, pixel_mm, drawn.saturation, &mut pixels, &mut counts);
        }
        let brightest = drawn.exposure.peak_counts * 10.0;
        let hot = HotPixels::draw(counts.len(), prior.hot_pixels, brightest, rng);
        hot.add(&mut counts, |i| pixels[i] > 0.0);
        drawn.hot_pixels = hot.recorded(
            |i| pixels[i] > 0.0,
            |bin| {
                let (row, column) = (bin as usize / width, bin as usize % width);
                ((bottom + row) * n_q + left + column) as u32
            },
        );

        let (mut sum, mut full_pixels) = (vec![0.0; n_q * n_k], vec![0.0; n_q * n_k]);
        for (row, k) in (self.window.k[0]..self.window.k[1]).enumerate() {
            let to = k * n_q + self.window.q[0]..k * n_q + self.window.q[1];
            let from = row * width..(row + 1) * width;
            sum[to.clone()].copy_from_slice(&counts[from.clone()]);
            full_pixels[to].copy_from_slice(&pixels[from]);
        }
        (sum, full_pixels)
    }

    /// Particle scattering where the believed cells truly lie.
    fn particle_rate(
        &self,
        pattern: &StoredPattern,
        open: Option<&Correlation>,
        drawn: &Drawn,
    ) -> Vec<f32> {
        let (n_q, n_k) = (self.grid.n_q(), self.grid.n_k());
        let m = &drawn.misalignment;
        let k = self.setup.beam.k();
        let pixel = self.setup.pixel_q();
        let scale = (1.0 + m.distance) * (1.0 + m.wavelength);
        // All vertical angles count from the direct beam; the believed ones are too large
        // where the believed beam lies too low or the believed distance is too short.
        let k_i = self.setup.beam.kz();
        let k_shift = k_i * m.distance + k * m.incidence_rad - m.beam_center_px[1] * pixel;
        let columns = taps(&self.grid.q_centres(), |q| q * scale);
        let rows = taps(&self.grid.k_centres(), |k| k * scale + k_shift);
        // The left half moves out where the right half moves in: half of the samples each.
        let q_shift = m.beam_center_px[0] * pixel;
        let excess: Vec<f32> = open.map_or_else(Vec::new, |correlation| {
            cell_structure_factor(correlation, &self.grid.q_edges, |q, is_left| {
                q * scale + if is_left { -q_shift } else { q_shift }
            })
            .iter()
            .map(|s| (s - 1.0) as f32)
            .collect()
        });

        let mut rate = vec![0.0; n_q * n_k];
        let (mut depth, mut share) = (vec![0.0; n_q], vec![0.0; n_q]);
        for (row, &(k0, k1, v)) in rate.chunks_exact_mut(n_q).zip(&rows) {
            let row_pair = [k0 * n_q, k1 * n_q];
            pattern.mix_depth(row_pair, v, &mut depth);
            let between = |line: &[f32], (q0, q1, u): (usize, usize, f32)| {
                (1.0 - u) * line[q0] + u * line[q1]
            };
            for (value, &tap) in row.iter_mut().zip(&columns) {
                *value = -between(&depth, tap);
            }
            for value in row.iter_mut() {
                *value = exp(*value);
            }
            if !excess.is_empty() {
                pattern.mix_share(row_pair, v, &mut share);
                for ((value, &tap), excess) in row.iter_mut().zip(&columns).zip(&excess) {
                    *value *= (1.0 + between(&share, tap) * excess).max(0.0);
                }
            }
        }
        rate
    }
}

/// For every centre, the two neighbours of its true position and the weight of the second.
fn taps(centres: &[f64], truth: impl Fn(f64) -> f64) -> Vec<(usize, usize, f32)> {
    let last = centres.len() - 1;
    centres
        .iter()
        .map(|&c| {
            let x = truth(c);
            let upper = centres.partition_point(|&c| c < x).clamp(1, last);
            let (a, b) = (centres[upper - 1], centres[upper]);
            let u = ((x - a) / (b - a)).clamp(0.0, 1.0);
            (upper - 1, upper, u as f32)
        })
        .collect()
}
