//! Profiles along rows with their counting errors.

use gisaxs_physics::Up;

use crate::frame::Frame;
use crate::mask::Mask;

/// A frame with its top first and its mask, seen through running sums.
pub(super) struct Image {
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Row 0 of the file is at the bottom.
    flipped: bool,
    counts: Vec<f32>,
    valid: Vec<bool>,
}

impl Image {
    pub(super) fn new(frame: &Frame, mask: &Mask, up: Up) -> Self {
        let [rows, cols] = frame.shape();
        let flipped = up == Up::RowsIncrease;
        let mut counts = Vec::with_capacity(rows * cols);
        let mut valid = Vec::with_capacity(rows * cols);
        for row in 0..rows {
            let row = if flipped { rows - 1 - row } else { row };
            let line = &frame.as_slice()[row * cols..(row + 1) * cols];
            counts.extend_from_slice(line);
            // Negative counts are sentinels that the mask may not know.
            valid.extend(
                line.iter()
                    .enumerate()
                    .map(|(col, &count)| count >= 0.0 && mask.is_measured(row, col)),
            );
        }
        Self {
            rows,
            cols,
            flipped,
            counts,
            valid,
        }
    }

    /// From a row of the image to one of the file, and back.
    pub(super) fn file_row(&self, row: f64) -> f64 {
        if self.flipped {
            self.rows as f64 - 1.0 - row
        } else {
            row
        }
    }

    /// Running sums of counts and of valid pixels of a row: entry i holds pixels before i.
    pub(super) fn running(&self, row: usize, sums: &mut Vec<(f64, u32)>) {
        sums.clear();
        sums.push((0.0, 0));
        let range = row * self.cols..(row + 1) * self.cols;
        let mut so_far = (0.0, 0);
        for (&count, &valid) in self.counts[range.clone()].iter().zip(&self.valid[range]) {
            if valid {
                so_far.0 += f64::from(count);
                so_far.1 += 1;
            }
            sums.push(so_far);
        }
    }

    fn at(&self, row: usize, col: usize) -> Option<f64> {
        let i = row * self.cols + col;
        self.valid[i].then(|| f64::from(self.counts[i]))
    }
}

/// Counts and pixels per row of some columns.
pub(super) struct Profile {
    pub(super) sum: Vec<f64>,
    pub(super) pixels: Vec<f64>,
}

impl Profile {
    /// Mean of rows `range`, and its variance; `None` where fewer than half of the rows have
    /// a valid pixel.
    pub(super) fn mean(&self, range: std::ops::Range<usize>) -> Option<(f64, f64)> {
        let filled = range.clone().filter(|&r| self.pixels[r] > 0.0).count();
        if 2 * filled < range.len() || range.is_empty() {
            return None;
        }
        let sum: f64 = self.sum[range.clone()].iter().sum();
        let pixels: f64 = self.pixels[range].iter().sum();
        // One count more, so that no counts is not known exactly.
        Some((sum / pixels, (sum + 1.0) / (pixels * pixels)))
    }

    pub(super) fn rows(&self) -> usize {
        self.sum.len()
    }
}

/// Half width of the rod and of the halo of the beams that is kept out of the profile beside
/// it, px.
const BESIDE: f64 = 12.0;

/// The rows' means on both sides of the rod.
pub(super) fn beside_rod(image: &Image, column: f64) -> Profile {
    // A tenth of the detector: far enough for counts, near enough that q_par is small.
    let width = (image.cols as f64 / 10.0).max(20.0);
    let cut = |x: f64| x.round().clamp(0.0, image.cols as f64) as usize;
    let left = cut(column - BESIDE - width)..cut(column - BESIDE);
    let right = cut(column + BESIDE + 1.0)..cut(column + BESIDE + width + 1.0);
    let mut profile = Profile {
        sum: Vec::with_capacity(image.rows),
        pixels: Vec::with_capacity(image.rows),
    };
    let mut sums = Vec::new();
    for row in 0..image.rows {
        image.running(row, &mut sums);
        let (mut sum, mut pixels) = (0.0, 0.0);
        for side in [&left, &right] {
            sum += sums[side.end.max(side.start)].0 - sums[side.start].0;
            pixels += f64::from(sums[side.end.max(side.start)].1 - sums[side.start].1);
        }
        profile.sum.push(sum);
        profile.pixels.push(pixels);
    }
    profile
}

/// Largest count within the rod, per row; `None` where no pixel of the rod is valid. The
/// largest and not the mean: a beamstop may cover half of the rod.
pub(super) fn along_rod(image: &Image, column: f64) -> Vec<Option<f64>> {
    /// Half width, px: the rod may lean by as much over the frame.
    const HALF: f64 = 3.0;
    let first = (column - HALF).round().max(0.0) as usize;
    let last = ((column + HALF).round().max(0.0) as usize).min(image.cols - 1);
    (0..image.rows)
        .map(|row| {
            let valid = (first..=last).filter_map(|col| image.at(row, col));
            // A rod of which only the edge is left says nothing of its height.
            let enough = valid.clone().count() >= 3;
            enough.then(|| valid.fold(0.0, f64::max))
        })
        .collect()
}
