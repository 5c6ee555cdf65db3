//! The outermost pixels of a module are larger than the others.

use serde::{Deserialize, Serialize};

use super::ModuleLayout;
use super::raster::CellRaster;
use crate::Range;
use rand::Rng;

/// Pixels along the rim of a module collect charge from beyond their pitch, and a flat-field
/// correction undoes that only in part (Ch. Broennimann et al., J. Synchrotron Rad. 13 (2006)
/// 120): they count `gain` times as much, corners the square of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GapEdges {
    /// Counts of a rim pixel over those of an inner one.
    pub gain: f64,
}

impl GapEdges {
    /// Gain from a range.
    pub fn draw(gain: &Range, rng: &mut impl Rng) -> Self {
        Self {
            gain: gain.draw(rng),
        }
    }

    /// First and last line of every module along `axis` (0 rows, 1 columns).
    fn lines(layout: &ModuleLayout, axis: usize) -> Vec<usize> {
        let (module, pitch) = (layout.module[axis], layout.module[axis] + layout.gap[axis]);
        (0..layout.modules[axis])
            .flat_map(|i| [i * pitch, i * pitch + module - 1])
            .collect()
    }

    /// Multiplies the rates of a frame, row-major.
    pub fn frame(&self, layout: &ModuleLayout, rate: &mut [f32]) {
        let gain = self.gain as f32;
        let [_, cols] = layout.shape();
        for row in Self::lines(layout, 0) {
            for value in &mut rate[row * cols..(row + 1) * cols] {
                *value *= gain;
            }
        }
        let columns = Self::lines(layout, 1);
        for line in rate.chunks_exact_mut(cols) {
            for &col in &columns {
                line[col] *= gain;
            }
        }
    }

    /// Multiplies the rates of cells by the mean gain of their pixels.
    pub fn cells(&self, raster: &CellRaster, rate: &mut [f32]) {
        let excess = self.gain as f32 - 1.0;
        let rows = raster.row_shares(&Self::lines(raster.layout, 0));
        let columns = raster.column_shares(&Self::lines(raster.layout, 1));
        for (line, row) in rate.chunks_exact_mut(columns.len()).zip(&rows) {
            for (value, column) in line.iter_mut().zip(&columns) {
                *value *= (1.0 + excess * row) * (1.0 + excess * column);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::raster::tests::{LAYOUT, detector, grid};

    #[test]
    fn rims_are_brighter_and_corners_most() {
        let edges = GapEdges { gain: 1.5 };
        let [rows, cols] = LAYOUT.shape();
        let mut rate = vec![1.0; rows * cols];
        edges.frame(&LAYOUT, &mut rate);
        assert_eq!(rate[0], 2.25);
        assert_eq!(rate[7], 1.5);
        assert_eq!(rate[59 * cols + 7], 1.5);
        assert_eq!(rate[65 * cols + 7], 1.5);
        assert_eq!(rate[8 * cols + 79], 1.5);
        assert_eq!(rate[8 * cols + 78], 1.0);
    }

    #[test]
    fn cells_have_the_mean_of_their_pixels() {
        let (beam, detector) = detector(&LAYOUT);
        let grid = grid();
        let raster = CellRaster::new(&grid, &LAYOUT, &beam, &detector);
        let edges = GapEdges { gain: 1.4 };
        let [rows, cols] = LAYOUT.shape();
        let mut pixels = vec![1.0; rows * cols];
        edges.frame(&LAYOUT, &mut pixels);
        let n = grid.n_q() * grid.n_k();
        let (mut sums, mut counts) = (vec![0.0; n], vec![0.0; n]);
        for (i, value) in pixels.iter().enumerate() {
            if let Some(cell) = raster.cell(i % cols, i / cols) {
                sums[cell] += value;
                counts[cell] += 1.0;
            }
        }
        let mut cells = vec![1.0; n];
        edges.cells(&raster, &mut cells);
        let (mut found, mut expected, mut gained) = (0.0, 0.0, 0);
        for i in (0..n).filter(|&i| counts[i] > 0.0) {
            found += cells[i] * counts[i];
            expected += sums[i];
            gained += usize::from(sums[i] > counts[i] * 1.01);
        }
        assert!(gained > 50, "{gained} cells with rims");
        // Cells at the rim of the grid hold pixels in part, so the sums agree, not every cell.
        assert!(
            (found / expected - 1.0_f32).abs() < 2e-3,
            "{found} {expected}"
        );
    }
}
