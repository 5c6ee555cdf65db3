//! Slow errors of the flat field, absorption and illumination.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Bins;
use super::pixelwise::exp;
use gisaxs_physics::elementary::{ln, sin_cos};

/// The rate is multiplied by exp(sum of a few long waves over (ln q_par, k_z)): everything
/// that scales the image smoothly and that no model of ours knows of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Amplitude, frequency along ln(q_par / 0.05 + 1), frequency along k_z, phase.
    pub waves: [[f64; 4]; WAVES],
}

/// Three waves make a surface that nobody mistakes for a pattern.
const WAVES: usize = 3;

impl Response {
    /// Three waves that together have the standard deviation `rms` in the logarithm.
    pub fn draw(rms: f64, rng: &mut impl Rng) -> Self {
        let amplitude = rms * (2.0 / WAVES as f64).sqrt();
        Self {
            waves: std::array::from_fn(|_| {
                [
                    amplitude,
                    rng.random_range(-1.8..1.8),
                    rng.random_range(-1.8..1.8),
                    rng.random_range(0.0..std::f64::consts::TAU),
                ]
            }),
        }
    }

    /// Multiplies `rate`.
    pub fn apply(&self, bins: &Bins, rate: &mut [f32]) {
        // sin(a + b) from the sines and cosines along each axis.
        let wave = |x: f32, frequency: usize, phase: bool| -> [[f32; 2]; WAVES] {
            self.waves.map(|w| {
                let (sin, cos) =
                    sin_cos(w[frequency] as f32 * x + if phase { w[3] as f32 } else { 0.0 });
                [sin, cos]
            })
        };
        let amplitudes = self.waves.map(|w| w[0] as f32);
        bins.for_each_pair(
            rate,
            |q| wave(ln(1.0 + q * 20.0), 1, true),
            |k| wave(k, 2, false),
            |a, b| {
                let mut log = 0.0;
                for i in 0..WAVES {
                    log += amplitudes[i] * (a[i][0] * b[i][1] + a[i][1] * b[i][0]);
                }
                log
            },
            |rate, log| *rate *= exp(log),
        );
    }
}
