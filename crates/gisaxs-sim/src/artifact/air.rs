//! Parasitic scattering around the direct beam: air, windows, slits.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::pixelwise::{exp, ln};
use super::{Bins, Surface};
use gisaxs_physics::elementary::powf;

/// I = amplitude (1 + (q / q_0)^2)^(-p / 2), q the momentum transfer from the direct beam,
/// which lies at k_z = -k sin(alpha_i): a Guinier plateau and a power-law tail.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Air {
    /// Relative to the brightest particle scattering.
    pub amplitude: f64,
    /// Width of the plateau, nm^-1.
    pub q_0: f64,
    /// Exponent p of the tail.
    pub power: f64,
}

impl Air {
    /// Plateau 0.03 to 0.6 nm^-1, exponent 1.5 to 4.
    pub fn draw(amplitude: f64, rng: &mut impl Rng) -> Self {
        Self {
            amplitude,
            q_0: 0.03 * powf(20.0_f64, rng.random()),
            power: rng.random_range(1.5..4.0),
        }
    }

    /// Adds the background to `rate`.
    pub fn add(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let q_0 = (1.0 / (self.q_0 * self.q_0)) as f32;
        let exponent = -0.5 * self.power as f32;
        let (amplitude, k_i) = (self.amplitude as f32, surface.k_i as f32);
        bins.for_each_pair(
            rate,
            |q| 1.0 + q_0 * q * q,
            |k| q_0 * (k + k_i) * (k + k_i),
            |a, b| a + b,
            |rate, sum| *rate += amplitude * exp(exponent * ln(sum)),
        );
    }
}
