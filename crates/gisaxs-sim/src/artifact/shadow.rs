//! Rectangles without signal: a sample holder, a slit blade, a region of interest.

use rand::Rng;
use serde::{Deserialize, Serialize};

/// Pixels with columns `cols[0] .. cols[1]` and rows `rows[0] .. rows[1]` are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    /// First hidden and first visible column.
    pub cols: [usize; 2],
    /// First hidden and first visible row.
    pub rows: [usize; 2],
}

impl Shadow {
    /// A blade that covers up to a third of the detector from the left, right or top.
    pub fn draw(rows: usize, cols: usize, rng: &mut impl Rng) -> Self {
        let depth = rng.random_range(0.02..0.33);
        let (w, h) = (
            (cols as f64 * depth) as usize,
            (rows as f64 * depth) as usize,
        );
        match rng.random_range(0..3) {
            0 => Self {
                cols: [0, w],
                rows: [0, rows],
            },
            1 => Self {
                cols: [cols - w, cols],
                rows: [0, rows],
            },
            _ => Self {
                cols: [0, cols],
                rows: [0, h],
            },
        }
    }

    /// Whether the pixel is hidden.
    #[must_use]
    pub fn hides(&self, col: usize, row: usize) -> bool {
        (self.cols[0]..self.cols[1]).contains(&col) && (self.rows[0]..self.rows[1]).contains(&row)
    }
}
