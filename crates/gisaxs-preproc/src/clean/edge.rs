//! Edges of shadows: where counts drop by more than noise and more than scattering does.

use gisaxs_physics::elementary::{hypot, ln};

use crate::frame::Frame;
use crate::mask::Mask;

/// Pixels of one bin along an axis.
pub(super) const BIN: usize = 2;
/// Half the distance of the two boxes that are compared, pixels.
const REACH: usize = 4;
/// Edge of such a box, pixels.
const BOX: usize = 6;
/// An edge is this many standard deviations of its counting noise.
const SIGNIFICANCE: f64 = 4.0;
/// Its bright side has at least this many times the counts of its dark side.
const CONTRAST: f64 = 1.5;

/// A point on an edge, in bins, and the unit vector to its bright side; (column, row).
pub(super) struct Edge {
    pub(super) at: [f64; 2],
    pub(super) bright: [f64; 2],
}

/// Measured counts of a frame.
pub(super) struct Measured<'a> {
    counts: &'a [f32],
    mask: &'a Mask,
    pub(super) shape: [usize; 2],
}

impl<'a> Measured<'a> {
    pub(super) fn new(frame: &'a Frame, mask: &'a Mask) -> Self {
        Self {
            counts: frame.as_slice(),
            mask,
            shape: frame.shape(),
        }
    }

    /// Counts of the pixel at (column, row), if it exists and was measured.
    pub(super) fn at(&self, col: f64, row: f64) -> Option<f64> {
        let [rows, cols] = self.shape;
        let (col, row) = (col.round(), row.round());
        if !(0.0..cols as f64).contains(&col) || !(0.0..rows as f64).contains(&row) {
            return None;
        }
        let (col, row) = (col as usize, row as usize);
        self.mask
            .is_measured(row, col)
            .then(|| f64::from(self.counts[row * cols + col]).max(0.0))
    }
}

/// Summed-area tables of counts and of measured pixels.
struct Tables {
    cols: usize,
    rows: usize,
    sum: Vec<f64>,
    pixels: Vec<u32>,
}

impl Tables {
    fn new(frame: &Measured<'_>) -> Self {
        let [rows, cols] = frame.shape;
        let width = cols + 1;
        let mut sum = vec![0.0; (rows + 1) * width];
        let mut pixels = vec![0; (rows + 1) * width];
        for row in 0..rows {
            let (mut line, mut n) = (0.0, 0);
            for col in 0..cols {
                if frame.mask.is_measured(row, col) {
                    line += f64::from(frame.counts[row * cols + col]).max(0.0);
                    n += 1;
                }
                let at = (row + 1) * width + col + 1;
                sum[at] = sum[at - width] + line;
                pixels[at] = pixels[at - width] + n;
            }
        }
        Self {
            cols,
            rows,
            sum,
            pixels,
        }
    }

    /// Counts and measured pixels of the box around a pixel, cut to the frame.
    fn area(&self, row: isize, col: isize) -> (f64, f64) {
        let half = (BOX / 2) as isize;
        let cut = |x: isize, n: usize| x.clamp(0, n as isize) as usize;
        let (top, bottom) = (cut(row - half, self.rows), cut(row + half, self.rows));
        let (left, right) = (cut(col - half, self.cols), cut(col + half, self.cols));
        let index = |r: usize, c: usize| r * (self.cols + 1) + c;
        let corners = [
            index(bottom, right),
            index(top, right),
            index(bottom, left),
            index(top, left),
        ];
        let [a, b, c, d] = corners.map(|i| self.sum[i]);
        let [e, f, g, h] = corners.map(|i| i64::from(self.pixels[i]));
        ((a - b - c + d).max(0.0), (e - f - g + h) as f64)
    }

    /// Difference of the square roots of the rates in two boxes, in units of its standard
    /// deviation (1/2 per root of pixels, at any rate), and the logarithm of their ratio.
    /// `None` where half of a box or more is masked.
    fn step(&self, before: (isize, isize), after: (isize, isize)) -> Option<(f64, f64)> {
        let (s0, n0) = self.area(before.0, before.1);
        let (s1, n1) = self.area(after.0, after.1);
        let least = (BOX * BOX / 2) as f64;
        if n0 < least || n1 < least {
            return None;
        }
        let root = |s: f64, n: f64| ((s + 0.375) / n).sqrt();
        let noise = 0.5 * (1.0 / n0 + 1.0 / n1).sqrt();
        let difference = (root(s1, n1) - root(s0, n0)) / noise;
        Some((difference, ln((s1 + 1.0) / n1 / ((s0 + 1.0) / n0))))
    }
}

/// All edges, at every second pixel.
pub(super) fn edges(frame: &Measured<'_>) -> Vec<Edge> {
    let tables = Tables::new(frame);
    let mut found = Vec::new();
    let reach = REACH as isize;
    for bin_row in 0..tables.rows / BIN {
        for bin_col in 0..tables.cols / BIN {
            let row = (bin_row * BIN + 1) as isize;
            let col = (bin_col * BIN + 1) as isize;
            let (Some((dx, ratio_x)), Some((dy, ratio_y))) = (
                tables.step((row, col - reach), (row, col + reach)),
                tables.step((row - reach, col), (row + reach, col)),
            ) else {
                continue;
            };
            let length = hypot(dx, dy);
            if length > SIGNIFICANCE && hypot(ratio_x, ratio_y) > ln(CONTRAST) {
                found.push(Edge {
                    at: [bin_col as f64, bin_row as f64],
                    bright: [dx / length, dy / length],
                });
            }
        }
    }
    found
}
