//! Rows or columns of a module that count nothing, or by themselves.

use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::raster::CellRaster;
use super::{ModuleLayout, poisson};
use crate::rng::{SimRng, mix};
use gisaxs_physics::elementary::powf;

/// Lines that the read-out lost or adds to, and that nobody flagged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadLines {
    /// The lines.
    pub lines: Vec<BadLine>,
    /// Decides the counts.
    pub seed: u32,
}

/// One line through one module.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadLine {
    /// Whether it is a row of the detector, else a column.
    pub is_row: bool,
    /// Where along the other axis, as a share of the detector's edge, 0 to below 1.
    pub at: f64,
    /// Which of the modules along the line, as a share of their number, 0 to below 1.
    pub module: f64,
    /// What it counts by itself, counts per pixel; `None` if it counts nothing at all.
    pub mean_counts: Option<f64>,
}

impl BadLines {
    /// One to three lines; half of them dead, the others with 0.5 to 50 counts per pixel.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let n = rng.random_range(1..=3_u32);
        Self {
            lines: (0..n)
                .map(|_| BadLine {
                    is_row: rng.random(),
                    at: rng.random(),
                    module: rng.random(),
                    mean_counts: rng
                        .random_bool(0.5)
                        .then(|| 0.5 * powf(100.0_f64, rng.random())),
                })
                .collect(),
            seed: rng.random(),
        }
    }

    /// The noise of line `i`.
    fn noise(&self, i: usize) -> SimRng {
        SimRng::seed_from_u64(mix(u64::from(self.seed) << 32 | i as u64))
    }

    /// Applies the lines to the counts of a frame, row-major.
    pub fn frame(&self, layout: &ModuleLayout, counts: &mut [f32]) {
        let [_, cols] = layout.shape();
        for (i, line) in self.lines.iter().enumerate() {
            let (at, along) = line.pixels(layout);
            let rng = &mut self.noise(i);
            for j in along {
                let pixel = if line.is_row {
                    at * cols + j
                } else {
                    j * cols + at
                };
                counts[pixel] = match line.mean_counts {
                    Some(mean) => counts[pixel] + poisson(mean as f32, rng),
                    None => 0.0,
                };
            }
        }
    }

    /// Applies the lines to the counts of cells with `pixels` valid pixels each. A dead line
    /// takes the counts of its share of the pixels with it.
    pub fn cells(&self, raster: &CellRaster, pixels: &[f32], counts: &mut [f32]) {
        for (i, line) in self.lines.iter().enumerate() {
            let (at, along) = line.pixels(raster.layout);
            let rng = &mut self.noise(i);
            let mut hit: Vec<(usize, f32)> = Vec::new();
            for j in along {
                let (col, row) = if line.is_row { (j, at) } else { (at, j) };
                let Some(cell) = raster.cell(col, row).filter(|&c| pixels[c] > 0.0) else {
                    continue;
                };
                match hit.last_mut() {
                    Some((last, n)) if *last == cell => *n += 1.0,
                    _ => hit.push((cell, 1.0)),
                }
            }
            for (cell, n) in hit {
                let n = n.min(pixels[cell]);
                match line.mean_counts {
                    Some(mean) => counts[cell] += poisson(mean as f32 * n, rng),
                    None => counts[cell] = (counts[cell] * (1.0 - n / pixels[cell])).round(),
                }
            }
        }
    }
}

impl BadLine {
    /// Its number and the pixels along it.
    fn pixels(&self, layout: &ModuleLayout) -> (usize, std::ops::Range<usize>) {
        let shape = layout.shape();
        let (across, along) = if self.is_row { (0, 1) } else { (1, 0) };
        let last = shape[across] - 1;
        let at = ((self.at * shape[across] as f64) as usize).min(last);
        let modules = layout.modules[along];
        let module = ((self.module * modules as f64) as usize).min(modules - 1);
        let first = module * (layout.module[along] + layout.gap[along]);
        (at, first..first + layout.module[along])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::raster::tests::{LAYOUT, detector, grid};

    fn line(is_row: bool, mean_counts: Option<f64>) -> BadLines {
        BadLines {
            lines: vec![BadLine {
                is_row,
                at: if is_row { 0.2 } else { 0.5 },
                module: if is_row { 0.4 } else { 0.1 },
                mean_counts,
            }],
            seed: 1,
        }
    }

    #[test]
    fn a_dead_column_is_one_module_long() {
        let [rows, cols] = LAYOUT.shape();
        let mut counts = vec![9.0; rows * cols];
        line(false, None).frame(&LAYOUT, &mut counts);
        assert_eq!(
            counts.iter().filter(|c| **c == 0.0).count(),
            LAYOUT.module[0]
        );
        let column = cols / 2;
        assert!((0..60).all(|row| counts[row * cols + column] == 0.0));
    }

    #[test]
    fn cells_lose_and_gain_what_frames_do() {
        let (beam, detector) = detector(&LAYOUT);
        let grid = grid();
        let raster = CellRaster::new(&grid, &LAYOUT, &beam, &detector);
        let [rows, cols] = LAYOUT.shape();
        let n = grid.n_q() * grid.n_k();
        let mut pixels = vec![0.0; n];
        let bin = |frame: &[f32], into: &mut [f32]| {
            for (i, value) in frame.iter().enumerate() {
                if let Some(cell) = raster.cell(i % cols, i / cols) {
                    into[cell] += value;
                }
            }
        };
        bin(&vec![1.0; rows * cols], &mut pixels);
        for (is_row, mean) in [(true, None), (true, Some(8.0)), (false, Some(8.0))] {
            let bad = line(is_row, mean);
            let mut frame = vec![10.0; rows * cols];
            bad.frame(&LAYOUT, &mut frame);
            let mut binned = vec![0.0; n];
            bin(&frame, &mut binned);
            let mut cells: Vec<f32> = pixels.iter().map(|p| p * 10.0).collect();
            bad.cells(&raster, &pixels, &mut cells);
            let (a, b): (f32, f32) = (binned.iter().sum(), cells.iter().sum());
            let before: f32 = pixels.iter().sum::<f32>() * 10.0;
            assert!((a - before).abs() > 300.0, "{a} {before}");
            // Two draws of the same Poisson sum, about 500 counts.
            assert!((a - b).abs() < 0.2 * (a - before).abs(), "{a} {b} {before}");
        }
    }
}
