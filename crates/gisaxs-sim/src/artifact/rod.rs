//! The specular rod and its spill.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Bins, Surface};
use gisaxs_physics::elementary::{exp, powf, powi};

/// Truncation rod at q_par = 0, broadened by beam, sample curvature and detector:
///
/// I = amplitude |R(k_z)|^2 [exp(-(q / w)^2 / 2) + spill (1 + (q / w)^2)^(-1)]
///     + specular x the same lateral profile x exp(-((k_z - k_i) / 2w)^2 / 2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rod {
    /// Relative to the brightest particle scattering.
    pub amplitude: f64,
    /// Height of the specular peak, same scale.
    pub specular: f64,
    /// Lateral width w, nm^-1.
    pub width: f64,
    /// Share of the Lorentzian tail.
    pub spill: f64,
}

impl Rod {
    /// Width 0.002 to 0.02 nm^-1, tail up to 2 %, specular peak 1 to 100 times the rod.
    pub fn draw(amplitude: f64, rng: &mut impl Rng) -> Self {
        Self {
            amplitude,
            specular: amplitude * powf(100.0_f64, rng.random()),
            width: 0.002 * powf(10.0_f64, rng.random()),
            spill: 0.02 * rng.random::<f64>(),
        }
    }

    /// Adds the rod to `rate`.
    pub fn add(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let (w, k_i) = (self.width as f32, surface.k_i as f32);
        let spill = self.spill as f32;
        bins.for_each_product(
            rate,
            |q| {
                let x2 = powi(q / w, 2);
                exp(-0.5 * x2) + spill / (1.0 + x2)
            },
            |k| {
                let peak = exp(-0.5 * powi((k - k_i) / (2.0 * w), 2));
                self.amplitude as f32 * surface.reflectivity(k) + self.specular as f32 * peak
            },
            |rate, lateral, vertical| *rate += lateral * vertical,
        );
    }
}
