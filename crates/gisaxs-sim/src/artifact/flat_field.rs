//! What a flat-field correction leaves: modules and pixels of slightly different efficiency.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::ModuleLayout;
use super::raster::CellRaster;
use crate::Range;
use crate::rng::{bell, mix};

/// Gains about 1: one factor per module (threshold, sensor thickness) and one per pixel (trim
/// bits, the statistics of the flat-field exposure). Both densities are bell-shaped and bounded,
/// the sum of four uniform numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlatField {
    /// Standard deviation of the gain of modules.
    pub module_rms: f64,
    /// Standard deviation of the gain of pixels.
    pub pixel_rms: f64,
    /// Decides every gain.
    pub seed: u32,
}

impl FlatField {
    /// Standard deviations from ranges.
    pub fn draw(module_rms: &Range, pixel_rms: &Range, rng: &mut impl Rng) -> Self {
        Self {
            module_rms: module_rms.draw(rng),
            pixel_rms: pixel_rms.draw(rng),
            seed: rng.random(),
        }
    }

    /// Gain of module `i`, counted along the rows of modules.
    #[must_use]
    pub fn module_gain(&self, i: usize) -> f32 {
        let bits = mix(mix(u64::from(self.seed)) ^ (1 << 62 | i as u64));
        (1.0 + self.module_rms as f32 * bell(bits)).max(0.0)
    }

    /// Error of pixel or cell `i`, in standard deviations.
    #[inline]
    fn pixel(&self, start: u64, i: usize) -> f32 {
        bell(mix(start ^ i as u64))
    }

    /// Multiplies the rates of a frame, row-major.
    pub fn frame(&self, layout: &ModuleLayout, rate: &mut [f32]) {
        let [_, cols] = layout.shape();
        let start = mix(u64::from(self.seed));
        let rms = self.pixel_rms as f32;
        let pitch = [0, 1].map(|axis| layout.module[axis] + layout.gap[axis]);
        let gains: Vec<f32> = (0..layout.modules[0] * layout.modules[1])
            .map(|i| self.module_gain(i))
            .collect();
        for (row, line) in rate.chunks_exact_mut(cols).enumerate() {
            let gains = &gains[row / pitch[0] * layout.modules[1]..];
            for (m, part) in line.chunks_mut(pitch[1]).enumerate() {
                let first = row * cols + m * pitch[1];
                for (i, value) in part.iter_mut().enumerate() {
                    *value *= gains[m] * (1.0 + rms * self.pixel(start, first + i)).max(0.0);
                }
            }
        }
    }

    /// Multiplies the rates of cells that hold `pixels` valid pixels each: the mean gain of the
    /// modules left and right of the beam, and the mean of the pixels' errors.
    pub fn cells(&self, raster: &CellRaster, pixels: &[f32], rate: &mut [f32]) {
        let start = mix(u64::from(self.seed));
        let modules = raster.layout.modules;
        // Along q for every row of modules.
        let gains: Vec<Vec<f32>> = (0..modules[0])
            .map(|m| {
                let column = |sides: &[super::raster::Span; 2]| {
                    let (mut sum, mut width) = (0.0, 0.0);
                    for side in sides.iter().filter(|s| s.width() > 0.0) {
                        let at = raster.module(1, 0.5 * (side.low + side.high));
                        sum += side.width() as f32 * self.module_gain(m * modules[1] + at);
                        width += side.width() as f32;
                    }
                    if width > 0.0 { sum / width } else { 1.0 }
                };
                raster.columns.iter().map(column).collect()
            })
            .collect();
        let n = raster.columns.len();
        let rms = self.pixel_rms as f32;
        for (row, line) in rate.chunks_exact_mut(n).enumerate() {
            let span = raster.rows[row];
            let gains = &gains[raster.module(0, 0.5 * (span.low + span.high))];
            for (i, value) in line.iter_mut().enumerate() {
                let cell = row * n + i;
                let mean = self.pixel(start, cell) / pixels[cell].max(1.0).sqrt();
                *value *= gains[i] * (1.0 + rms * mean).max(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::raster::tests::{LAYOUT, detector, grid};

    const FLAT: FlatField = FlatField {
        module_rms: 0.02,
        pixel_rms: 0.05,
        seed: 7,
    };

    #[test]
    fn a_frame_has_the_spread_that_was_asked_for() {
        let [rows, cols] = LAYOUT.shape();
        let mut rate = vec![100.0; rows * cols];
        FLAT.frame(&LAYOUT, &mut rate);
        // Inside one module: the pixels' spread about the module's gain.
        let inside: Vec<f32> = (0..60)
            .flat_map(|row| rate[row * cols..row * cols + 80].to_vec())
            .collect();
        let n = inside.len() as f32;
        let mean = inside.iter().sum::<f32>() / n;
        let std = (inside.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / n).sqrt();
        assert!((mean / 100.0 - FLAT.module_gain(0)).abs() < 4.0 * 0.05 / n.sqrt());
        assert!((std / mean - 0.05).abs() < 0.003, "{std} {mean}");
        // Modules differ, and by about what was asked for.
        let gains: Vec<f32> = (0..400).map(|i| FLAT.module_gain(i) - 1.0).collect();
        let rms = (gains.iter().map(|g| g * g).sum::<f32>() / 400.0).sqrt();
        assert!((rms - 0.02).abs() < 0.002, "{rms}");
    }

    #[test]
    fn cells_follow_their_modules() {
        let (beam, detector) = detector(&LAYOUT);
        let grid = grid();
        let raster = CellRaster::new(&grid, &LAYOUT, &beam, &detector);
        let flat = FlatField {
            pixel_rms: 0.0,
            ..FLAT
        };
        let [rows, cols] = LAYOUT.shape();
        let mut frame = vec![1.0; rows * cols];
        flat.frame(&LAYOUT, &mut frame);
        let n = grid.n_q() * grid.n_k();
        let (mut sums, mut counts) = (vec![0.0_f32; n], vec![0.0_f32; n]);
        for (i, value) in frame.iter().enumerate() {
            if !LAYOUT.is_gap(i % cols, i / cols)
                && let Some(cell) = raster.cell(i % cols, i / cols)
            {
                sums[cell] += value;
                counts[cell] += 1.0;
            }
        }
        let mut cells = vec![1.0; n];
        flat.cells(&raster, &counts, &mut cells);
        let covered = (0..n).filter(|&i| counts[i] > 4.0);
        let mut errors: Vec<f32> = covered
            .map(|i| (cells[i] - sums[i] / counts[i]).abs())
            .collect();
        errors.sort_by(f32::total_cmp);
        assert!(errors.len() > 400);
        // Cells on the border of two modules hold pixels of both.
        assert!(
            errors[errors.len() * 3 / 4] < 1e-3,
            "{:?}",
            errors[errors.len() * 3 / 4]
        );
    }
}
