//! Pixels or small clusters that count too much and are not flagged.

use gisaxs_physics::elementary::powf;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Spurious counts in a few bins: hot pixels, cosmic-ray hits, zingers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotPixels {
    /// Bin index and extra counts.
    pub hits: Vec<(u32, f32)>,
}

impl HotPixels {
    /// Up to `max_hits` hits among `n_bins`, each of 10 counts to `brightest` counts.
    pub fn draw(n_bins: usize, max_hits: usize, brightest: f64, rng: &mut impl Rng) -> Self {
        let span = (brightest / 10.0).max(1.0);
        let count = rng.random_range(0..=max_hits);
        Self {
            hits: (0..count)
                .map(|_| {
                    let bin = rng.random_range(0..n_bins as u32);
                    (bin, (10.0 * powf(span, rng.random())).round() as f32)
                })
                .collect(),
        }
    }

    /// Adds the hits to the counts of valid bins.
    pub fn add(&self, counts: &mut [f32], is_valid: impl Fn(usize) -> bool) {
        for &(bin, extra) in &self.hits {
            if is_valid(bin as usize) {
                counts[bin as usize] += extra;
            }
        }
    }
}
