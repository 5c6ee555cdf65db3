//! Pixels that count by themselves, each at its own rate.

use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::poisson;
use super::raster::CellRaster;
use crate::Range;
use crate::rng::SimRng;
use gisaxs_physics::elementary::powf;

/// A share of the pixels adds Poisson counts of a mean of its own, uniform in its logarithm: low
/// thresholds, leakage. Nobody flagged them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoisyPixels {
    /// Share of the pixels.
    pub share: f64,
    /// Smallest and largest mean, counts.
    pub mean_counts: [f64; 2],
    /// Decides places and counts.
    pub seed: u32,
}

impl NoisyPixels {
    /// The share from a range; smallest and largest mean in counts.
    pub fn draw(share: &Range, mean_counts: [f64; 2], rng: &mut impl Rng) -> Self {
        Self {
            share: share.draw(rng),
            mean_counts,
            seed: rng.random(),
        }
    }

    /// Calls `visit(column, row, counts)` for every noisy pixel of a detector of `rows` by `cols`.
    pub fn for_each(&self, [rows, cols]: [usize; 2], mut visit: impl FnMut(usize, usize, f32)) {
        let rng = &mut SimRng::seed_from_u64(self.seed.into());
        let [low, high] = self.mean_counts;
        let n = self.share * (rows * cols) as f64 + rng.random::<f64>();
        for _ in 0..n as u64 {
            let (col, row) = (
                rng.random_range(0..cols as u32) as usize,
                rng.random_range(0..rows as u32) as usize,
            );
            let mean = low * powf(high / low, rng.random());
            visit(col, row, poisson(mean as f32, rng));
        }
    }

    /// Adds the noise to the counts of a frame, row-major.
    pub fn frame(&self, [rows, cols]: [usize; 2], counts: &mut [f32]) {
        self.for_each([rows, cols], |col, row, extra| {
            counts[row * cols + col] += extra
        });
    }

    /// Adds the noise to the counts of cells with valid pixels.
    pub fn cells(&self, raster: &CellRaster, pixels: &[f32], counts: &mut [f32]) {
        self.for_each(raster.shape, |col, row, extra| {
            if let Some(cell) = raster.cell(col, row).filter(|&c| pixels[c] > 0.0) {
                counts[cell] += extra;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_pixels_is_noisy() {
        let noisy = NoisyPixels {
            share: 1e-3,
            mean_counts: [5.0, 50.0],
            seed: 3,
        };
        let mut counts = vec![0.0; 400 * 300];
        noisy.frame([400, 300], &mut counts);
        let hit = counts.iter().filter(|c| **c > 0.0).count();
        assert!((115..=121).contains(&hit), "{hit}");
        let mean = counts.iter().sum::<f32>() / hit as f32;
        // Mean of a log-uniform density: (50 - 5) / ln 10.
        assert!((mean - 19.5).abs() < 5.0, "{mean}");
    }
}
