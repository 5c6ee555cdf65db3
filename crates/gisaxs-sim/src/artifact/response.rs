//! Slow errors of the flat field, absorption and illumination.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Bins;

/// The rate is multiplied by exp(sum of a few long waves over (ln q_par, k_z)): everything
/// that scales the image smoothly and that no model of ours knows of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Amplitude, frequency along ln(q_par / 0.05 + 1), frequency along k_z, phase.
    pub waves: Vec<[f64; 4]>,
}

impl Response {
    /// Three waves that together have the standard deviation `rms` in the logarithm.
    pub fn draw(rms: f64, rng: &mut impl Rng) -> Self {
        const WAVES: usize = 3;
        let amplitude = rms * (2.0 / WAVES as f64).sqrt();
        Self {
            waves: (0..WAVES)
                .map(|_| {
                    [
                        amplitude,
                        rng.random_range(-1.8..1.8),
                        rng.random_range(-1.8..1.8),
                        rng.random_range(0.0..std::f64::consts::TAU),
                    ]
                })
                .collect(),
        }
    }

    /// Multiplies `rate`.
    pub fn apply(&self, bins: &Bins, rate: &mut [f32]) {
        for (i, rate) in rate.iter_mut().enumerate() {
            let (u, v) = ((bins.q_par[i] * 20.0).ln_1p(), bins.k_z[i]);
            let log: f32 = self
                .waves
                .iter()
                .map(|w| w[0] as f32 * (w[1] as f32 * u + w[2] as f32 * v + w[3] as f32).sin())
                .sum();
            *rate *= log.exp();
        }
    }
}
