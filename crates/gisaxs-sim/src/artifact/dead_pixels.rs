//! Pixels that the detector knows to be bad.

use rand::Rng;
use serde::{Deserialize, Serialize};

/// Single pixels that never count, flagged by the detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadPixels {
    /// Row-major pixel indices.
    pub pixels: Vec<u32>,
}

impl DeadPixels {
    /// Each of `n_pixels` is dead with `probability`.
    pub fn draw(n_pixels: usize, probability: f64, rng: &mut impl Rng) -> Self {
        let count = (n_pixels as f64 * probability).round() as usize;
        Self {
            pixels: (0..count)
                .map(|_| rng.random_range(0..n_pixels as u32))
                .collect(),
        }
    }

    /// The pixels in ascending order, each once.
    #[must_use]
    pub fn sorted(&self) -> Vec<u32> {
        let mut pixels = self.pixels.clone();
        pixels.sort_unstable();
        pixels.dedup();
        pixels
    }
}
