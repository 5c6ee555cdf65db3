//! Views from the simulator: a library of particle patterns, seen afresh every time.
//!
//! Computing a pattern costs about a millisecond, looking at it half of that. The library
//! holds the patterns; correlation, artifacts and counts are drawn anew for every view.

use std::sync::atomic::{AtomicUsize, Ordering};

use gisaxs_preproc::input::{CellSums, N_K, N_Q, encode};
use gisaxs_sim::network_input::{cell_setup, distance_visible};
pub use gisaxs_sim::network_input::{conditions, network_grid};
use gisaxs_sim::rng::mix;
use gisaxs_sim::{CellSetup, Correlation, Particles, Prior, Sample};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{TrainConfig, View, ViewSource};
use crate::bins::{Labels, RADIUS};
use crate::error::{Error, Result};

/// What a library is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryConfig {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Number of setups: geometry, layers, mask.
    pub setups: usize,
    /// Patterns per setup.
    pub samples_per_setup: usize,
    /// What is drawn.
    pub prior: Prior,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            setups: 6000,
            samples_per_setup: 24,
            prior: Prior::default(),
        }
    }
}

/// A training run: what is simulated, and how the network learns from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// The library of patterns.
    pub library: LibraryConfig,
    /// The training.
    pub train: TrainConfig,
}

/// A [`ViewSource`] over simulated samples.
pub struct Library {
    config: LibraryConfig,
    groups: Vec<(CellSetup, Vec<Sample>)>,
}

impl Library {
    /// Computes all patterns, on all threads of the current rayon pool. `progress` is told
    /// how many setups of how many are done.
    ///
    /// # Errors
    /// If the prior is not valid or draws something the physics refuses.
    pub fn build(config: LibraryConfig, progress: impl Fn(usize, usize) + Sync) -> Result<Self> {
        let refused = |source| Error::Simulation { source };
        config.prior.validate().map_err(refused)?;
        let grid = network_grid();
        let done = AtomicUsize::new(0);
        let groups = (0..config.setups as u64)
            .into_par_iter()
            .map(|index| {
                let cells =
                    cell_setup(&config.prior, &grid, config.seed, index).map_err(refused)?;
                let samples = (0..config.samples_per_setup as u64)
                    .map(|i| {
                        let number = index * config.samples_per_setup as u64 + i;
                        Sample::draw(&config.prior, &cells, config.seed, number).map_err(refused)
                    })
                    .collect::<Result<Vec<Sample>>>()?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, config.setups);
                Ok((cells, samples))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { config, groups })
    }

    /// Number of patterns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.config.setups * self.config.samples_per_setup
    }

    /// Whether there is no pattern.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One look at a pattern; `None` if hardly anything of it was measured.
    fn look(&self, pattern: usize, index: u64) -> Option<View> {
        let (cells, samples) = &self.groups[pattern / self.config.samples_per_setup];
        let sample = &samples[pattern % self.config.samples_per_setup];
        let prior = &self.config.prior;
        let view =
            gisaxs_sim::View::draw(prior, cells, sample, (N_Q, N_K), self.config.seed, index);
        let sums = CellSums {
            sum: view.sum,
            pixels: view.pixels,
        };
        let setup = &cells.setup;
        let (beam, _) = view
            .drawn
            .misalignment
            .believed(&setup.beam, &setup.detector)
            .ok()?;
        let conditions = conditions(beam.wavelength_nm(), beam.alpha_i_rad(), &setup.known);
        let input = encode(&sums, &conditions).ok()?;
        Some(View {
            planes: input.planes,
            scalars: input.scalars,
            labels: labels(&sample.particles, &view.correlation, cells.q_max()),
        })
    }
}

impl ViewSource for Library {
    fn view(&self, index: u64) -> View {
        // Patterns are visited in a scrambled order; a view on which nothing was measured
        // (few pixels, no counts) is replaced by the next one of its own sequence.
        (0..)
            .find_map(|attempt: u64| {
                let key = mix(index ^ mix(self.config.seed ^ (attempt << 48)));
                let pattern = (key % self.len() as u64) as usize;
                self.look(pattern, index ^ (attempt << 52))
            })
            .expect("an endless sequence of draws contains a frame with counts")
    }
}

/// The truth about a sample seen up to `q_max` (nm^-1).
#[must_use]
pub fn labels(particles: &Particles, correlation: &Correlation, q_max: f64) -> Labels {
    let sizes = &particles.sizes;
    let masses = sizes.masses(&RADIUS.edges());
    let total: f64 = masses.iter().sum();
    let mut radius_mass = [0.0; 128];
    for (bin, mass) in radius_mass.iter_mut().zip(&masses) {
        *bin = (mass / total.max(f64::MIN_POSITIVE)) as f32;
    }
    let mean = sizes.mean_nm();
    Labels {
        radius_mass,
        mean_radius: mean as f32,
        rel_std: (sizes.std_nm() / mean) as f32,
        height_ratio: particles.shape.height_ratio() as f32,
        distance: correlation.distance_nm as f32,
        disorder: correlation.disorder as f32,
        cylinder: matches!(
            particles.shape,
            gisaxs_preproc::gisaxs_physics::UprightShape::Cylinder { .. }
        ),
        distance_visible: distance_visible(correlation, q_max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Library {
        let config = LibraryConfig {
            setups: 3,
            samples_per_setup: 2,
            ..LibraryConfig::default()
        };
        Library::build(config, |_, _| {}).unwrap()
    }

    #[test]
    fn views_are_a_function_of_the_index() {
        let (a, b) = (tiny(), tiny());
        for index in [0, 7, 1 << 61] {
            assert_eq!(a.view(index), b.view(index));
        }
        assert_ne!(a.view(0).planes, a.view(1).planes);
    }

    #[test]
    fn views_are_finite_and_labels_are_distributions() {
        let library = tiny();
        for index in 0..20 {
            let view = library.view(index);
            assert!(view.planes.iter().all(|x| x.is_finite()));
            assert!(view.scalars.iter().all(|x| x.is_finite()));
            let mass: f32 = view.labels.radius_mass.iter().sum();
            assert!((mass - 1.0).abs() < 1e-4);
            assert!(view.labels.distance > 2.0 * view.labels.mean_radius);
        }
    }

    /// The claim that training on cells stands on: a whole frame, simulated pixel by pixel
    /// and preprocessed like a measured one, gives the rates that views are drawn from.
    #[test]
    fn views_agree_with_preprocessed_frames() {
        use gisaxs_preproc::{Frame, Instrument, Mask, PixelMap, ndarray::Array2};
        use gisaxs_sim::artifact::{Drawn, Misalignment};
        use gisaxs_sim::frame::SimulatedFrame;
        use gisaxs_sim::rng::{Purpose, stream};

        let mut prior = Prior::default();
        // Small detectors keep the test short; films and coupling are tested by their error
        // budget in the documentation, not here.
        prior.setup.detectors.truncate(1);
        prior.setup.polymer_films = 0.0;
        prior.setup.oxides = 0.0;
        let grid = network_grid();
        let mut medians = Vec::new();
        for index in 0..6 {
            let cells = cell_setup(&prior, &grid, 5, index).unwrap();
            let sample = Sample::draw(&prior, &cells, 5, index).unwrap();
            let rng = &mut stream(5, Purpose::View, index);
            let correlation = sample.fixed.unwrap_or_else(|| {
                let model = gisaxs_sim::CorrelationModel::Decoupling;
                prior.correlation.draw(sample.mean_radius_nm, model, rng)
            });
            let mut drawn = Drawn::draw(&prior.artifacts, rng);
            drawn.exposure.peak_counts = 1e6; // counting noise below the comparison
            drawn.saturation.cutoff = f32::MAX;
            drawn.misalignment = Misalignment::NONE;
            // Backgrounds are relative to the brightest percent of bins, which pixels and
            // cells do not share: the particles are compared, up to that scale.
            drawn.flat = 0.0;
            drawn.diffuse.amplitude = 0.0;
            drawn.air.amplitude = 0.0;
            (drawn.rod.amplitude, drawn.rod.specular) = (0.0, 0.0);
            let expected = cells.expected(&sample, &correlation, &drawn);

            let particles = sample.particles.clone();
            let frame =
                SimulatedFrame::expose(cells.setup.clone(), particles, correlation, drawn, 0, rng)
                    .unwrap();
            let instrument = Instrument::new(cells.setup.beam, cells.setup.detector).unwrap();
            let map = PixelMap::new(&instrument).unwrap();
            let valid = cells.setup.valid_pixels();
            let shape = (frame.shape[0], frame.shape[1]);
            let hidden = Array2::from_shape_vec(shape, valid.iter().map(|v| !v).collect()).unwrap();
            let instrument = instrument.with_mask(hidden).unwrap();
            let counts = Array2::from_shape_vec(shape, frame.counts).unwrap();
            let frame = Frame::new(counts).unwrap();
            let mask = Mask::new(&frame, &instrument).unwrap();
            let sums = map.bin(&frame, &mask);

            let width = cells.grid.n_q();
            let mut ratios: Vec<f32> = (0..expected.len())
                .filter_map(|i| {
                    let (k, q) = (cells.window.k[0] + i / width, cells.window.q[0] + i % width);
                    let cell = CellSums::index(k, q);
                    let mean = sums.sum[cell] / sums.pixels[cell];
                    let measured = sums.pixels[cell] > 0.0 && cells.pixels[i] > 0.0;
                    (measured && mean > 100.0).then(|| expected[i] / mean)
                })
                .collect();
            assert!(ratios.len() > 300, "{} cells", ratios.len());
            ratios.sort_by(f32::total_cmp);
            let scale = ratios[ratios.len() / 2];
            let mut errors: Vec<f32> = ratios.iter().map(|r| (r / scale - 1.0).abs()).collect();
            errors.sort_by(f32::total_cmp);
            println!(
                "setup {index}: {} cells, median {:.4}, 90 % {:.4}, 99 % {:.4}",
                errors.len(),
                errors[errors.len() / 2],
                errors[errors.len() * 9 / 10],
                errors[errors.len() * 99 / 100]
            );
            medians.push(errors[errors.len() / 2]);
        }
        assert!(medians.iter().all(|m| *m < 0.03), "{medians:?}");
    }
}
