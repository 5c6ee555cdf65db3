//! Pixels or small clusters that count too much and are not flagged.

use gisaxs_physics::elementary::powf;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Spurious counts in a few bins: hot pixels, cosmic-ray hits, zingers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HotPixels {
    /// Bin (row-major index of a pixel or cell) and extra counts.
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

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.hits.is_empty()
    }

    /// The hits that `is_valid` bins got, numbered as `number` says.
    #[must_use]
    pub fn recorded(&self, is_valid: impl Fn(usize) -> bool, number: impl Fn(u32) -> u32) -> Self {
        let hits = self.hits.iter().filter(|hit| is_valid(hit.0 as usize));
        Self {
            hits: hits.map(|&(bin, extra)| (number(bin), extra)).collect(),
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
