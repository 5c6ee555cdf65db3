//! All artifacts of one view, drawn together so that frames and cells suffer the same.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::level::ranked;
use super::{
    Air, Bins, Blur, Camera, Diffuse, Exposure, FlightTube, HotPixels, Misalignment, Obstacles,
    Response, Rod, Saturation, Scatter, Surface,
};
use crate::prior::ArtifactPrior;
use crate::rng::{Purpose, Source};

/// What one exposure suffers from; recorded with every sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Counts.
    pub exposure: Exposure,
    /// Flat background, relative to the brightest particle scattering.
    pub flat: f64,
    /// Diffuse scattering of the surface.
    pub diffuse: Diffuse,
    /// Scattering of air and windows.
    pub air: Air,
    /// Specular rod.
    pub rod: Rod,
    /// Slow response error.
    pub response: Response,
    /// Point-spread function.
    pub blur: Blur,
    /// Edge of the flight tube, where it is seen.
    pub flight_tube: Option<FlightTube>,
    /// Overload.
    pub saturation: Saturation,
    /// Believed minus true geometry.
    pub misalignment: Misalignment,
    /// Scattering that only some exposures have.
    #[serde(default, skip_serializing_if = "Scatter::is_none")]
    pub scatter: Scatter,
    /// What the camera adds.
    #[serde(default, skip_serializing_if = "Camera::is_none")]
    pub camera: Camera,
    /// What stands in the way of cells; drawn as they are exposed, none before and on frames.
    #[serde(default, skip_serializing_if = "Obstacles::is_none")]
    pub obstacles: Obstacles,
    /// Hot pixels; drawn after the counts, none before.
    #[serde(default, skip_serializing_if = "HotPixels::is_none")]
    pub hot_pixels: HotPixels,
}

impl Drawn {
    /// Draws every artifact: the older ones from `rng`, wavelength, divergence, scatter and camera
    /// from its branch [`Purpose::Artifacts`]. What is drawn during the exposure is not there yet:
    /// [`Obstacles`] and [`HotPixels`].
    pub fn draw(prior: &ArtifactPrior, rng: &mut impl Source) -> Self {
        let late = &mut rng.branch(Purpose::Artifacts);
        let scatter = Scatter::draw(&prior.scatter, late);
        let camera = Camera::draw(&prior.camera, late);
        let divergence_px = if late.random_bool(prior.scatter.divergence) {
            [0, 1].map(|_| prior.scatter.divergence_px.draw(late))
        } else {
            [0.0; 2]
        };
        Self {
            exposure: Exposure::draw(&prior.peak_counts, rng),
            flat: prior.flat.draw(rng),
            diffuse: Diffuse::draw(prior.diffuse.draw(rng), rng),
            air: Air::draw(prior.air.draw(rng), rng),
            rod: Rod::draw(prior.rod.draw(rng), rng),
            response: Response::draw(prior.response.draw(rng), rng),
            blur: Blur {
                divergence_px,
                ..Blur::draw(prior.blur_px.as_ref(), rng)
            },
            flight_tube: rng
                .random_bool(prior.flight_tube)
                .then(|| FlightTube::draw(rng)),
            saturation: Saturation {
                cutoff: prior.saturation.draw(rng).floor() as f32,
            },
            misalignment: Misalignment::draw(&prior.misalignment, rng, late),
            scatter,
            camera,
            obstacles: Obstacles::default(),
            hot_pixels: HotPixels::default(),
        }
    }

    /// Normalises the particles' rate to 1 at its 99.5 % quantile over `is_valid` bins, then
    /// adds everything that adds to it. `blur` spreads the sum. Returns expected counts per
    /// pixel in place.
    ///
    /// The level is taken off the rod: bins below `rod_guard` (nm^-1 in q_par) do not count.
    pub fn compose(
        &self,
        bins: &Bins,
        surface: &Surface,
        rod_guard: f32,
        is_valid: impl Fn(usize) -> bool,
        blur: impl FnOnce(&Blur, &mut [f32]),
        rate: &mut [f32],
    ) {
        let mut levels: Vec<f32> = Vec::with_capacity(rate.len());
        levels.extend(
            (0..rate.len())
                .filter(|&i| bins.q_par(i) > rod_guard && is_valid(i))
                .map(|i| rate[i]),
        );
        let rank = (levels.len().saturating_sub(1) as f64 * 0.995) as usize;
        if let Some(level) = ranked(&levels, rank) {
            let scale = 1.0 / level.max(f32::MIN_POSITIVE);
            rate.iter_mut().for_each(|r| *r *= scale);
        }
        let scatter = &self.scatter;
        self.diffuse
            .add(bins, surface, scatter.fringes.as_ref(), rate);
        if let Some(population) = &scatter.population {
            population.add(bins, surface, rate);
        }
        self.response.apply(bins, rate);
        self.air.add(bins, surface, rate);
        if let Some(parasitic) = &scatter.guinier_porod {
            parasitic.add(bins, surface, rate);
        }
        if let Some(window) = &scatter.window {
            window.add(bins, surface, rate);
        }
        self.rod.add(bins, surface, rate);
        let flat = self.flat as f32;
        rate.iter_mut().for_each(|r| *r += flat);
        if let Some(tube) = &self.flight_tube {
            tube.apply(bins, surface, rate);
        }
        blur(&self.blur, rate);
        self.exposure.apply(rate);
    }
    /// Expected counts per pixel in the shadow of the sample, where there is more than the flat
    /// background: below the horizon only what arises behind the sample is seen.
    pub fn below_horizon(&self, bins: &Bins, surface: &Surface) -> Option<Vec<f32>> {
        let window = self.scatter.window.as_ref()?;
        let mut rate = vec![self.flat as f32; bins.len()];
        window.add(bins, surface, &mut rate);
        if let Some(tube) = &self.flight_tube {
            tube.apply(bins, surface, &mut rate);
        }
        self.exposure.apply(&mut rate);
        Some(rate)
    }
}
