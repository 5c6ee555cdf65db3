//! The largest count a pixel can report.

use serde::{Deserialize, Serialize};

/// Pixels at or above `cutoff` counts are overloaded: their value is not a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// Counts per pixel.
    pub cutoff: f32,
}

impl Saturation {
    /// Whether a pixel with this rate is overloaded.
    #[must_use]
    pub fn overloads(&self, counts_per_pixel: f32) -> bool {
        counts_per_pixel >= self.cutoff
    }
}
