//! How long and how bright: counts over decades.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::Range;

/// Scale from relative rates (brightest particle scattering = 1) to expected counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    /// Counts per pixel where the particles scatter most (99.5 % quantile off the rod).
    pub peak_counts: f64,
}

impl Exposure {
    /// Peak counts from a range, usually log-uniform over decades.
    pub fn draw(peak_counts: &Range, rng: &mut impl Rng) -> Self {
        Self {
            peak_counts: peak_counts.draw(rng),
        }
    }

    /// Multiplies `rate`.
    pub fn apply(&self, rate: &mut [f32]) {
        let scale = self.peak_counts as f32;
        rate.iter_mut().for_each(|r| *r *= scale);
    }
}
