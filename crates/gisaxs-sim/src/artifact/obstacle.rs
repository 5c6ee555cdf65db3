//! Things in the way of the cells: one that nobody knows of, one that a mask hides.

use std::ops::Range;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// A rectangle of cells, up to a quarter of the window wide and high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// First column (q_par) and the first one behind it.
    pub columns: [usize; 2],
    /// First row (k_z, upwards) and the first one behind it.
    pub rows: [usize; 2],
}

/// A block of cells that get less than they should: an arm, a cable, a screw, in nobody's mask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Obstacle {
    /// Cells behind it.
    pub block: Block,
    /// Share of the scattering that passes, 0 to 0.3.
    pub leak: f32,
}

/// What stands in the way of a network input. Frames have their own: [`super::Beamstop`],
/// [`super::Shadow`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Obstacles {
    /// Something that is in nobody's mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<Obstacle>,
    /// Cells without a valid pixel: a user's mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked: Option<Block>,
}

impl Block {
    fn draw(width: usize, height: usize, rng: &mut impl Rng) -> Self {
        let mut span = |n: usize| {
            let length = rng.random_range(1..=n.div_ceil(4));
            let start = rng.random_range(0..=n - length);
            [start, start + length]
        };
        Self {
            columns: span(width),
            rows: span(height),
        }
    }

    /// The entries of its rows in an array of `width` columns.
    fn lines(self, width: usize) -> impl Iterator<Item = Range<usize>> {
        let [first, end] = self.columns;
        (self.rows[0]..self.rows[1]).map(move |row| row * width + first..row * width + end)
    }

    fn moved(self, column: usize, row: usize) -> Self {
        Self {
            columns: self.columns.map(|c| c + column),
            rows: self.rows.map(|r| r + row),
        }
    }
}

impl Obstacles {
    /// Each of the two with the probability `share`, on `width` by `height` cells.
    pub fn draw(share: f64, [width, height]: [usize; 2], rng: &mut impl Rng) -> Self {
        let dark = rng.random_bool(share).then(|| Obstacle {
            leak: 0.3 * rng.random::<f32>(),
            block: Block::draw(width, height, rng),
        });
        let masked = rng
            .random_bool(share)
            .then(|| Block::draw(width, height, rng));
        Self { dark, masked }
    }

    /// Whether nothing is in the way.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Darkens expected counts per pixel, and takes pixels away, of cells in rows of `width`.
    pub fn apply(&self, width: usize, rate: &mut [f32], pixels: &mut [f32]) {
        if let Some(Obstacle { block, leak }) = self.dark {
            for line in block.lines(width) {
                rate[line].iter_mut().for_each(|r| *r *= leak);
            }
        }
        if let Some(block) = self.masked {
            block.lines(width).for_each(|line| pixels[line].fill(0.0));
        }
    }

    /// The same on a grid in which the cells begin at this column and row.
    #[must_use]
    pub fn moved(self, column: usize, row: usize) -> Self {
        Self {
            dark: self.dark.map(|dark| Obstacle {
                block: dark.block.moved(column, row),
                ..dark
            }),
            masked: self.masked.map(|block| block.moved(column, row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::rng::SimRng;

    #[test]
    fn blocks_stay_inside_and_hide_what_they_say() {
        let rng = &mut SimRng::seed_from_u64(1);
        let [width, height] = [13, 7];
        let mut found = [0, 0];
        for _ in 0..2000 {
            let obstacles = Obstacles::draw(0.25, [width, height], rng);
            let (mut rate, mut pixels) = (vec![1.0_f32; 91], vec![2.0_f32; 91]);
            obstacles.apply(width, &mut rate, &mut pixels);
            let blocks = [obstacles.dark.map(|d| d.block), obstacles.masked];
            let inside = |block: Option<Block>, i: usize| {
                block.is_some_and(|b| {
                    (b.columns[0]..b.columns[1]).contains(&(i % width))
                        && (b.rows[0]..b.rows[1]).contains(&(i / width))
                })
            };
            for i in 0..91 {
                let leak = obstacles.dark.map_or(1.0, |d| d.leak);
                let expected = if inside(blocks[0], i) { leak } else { 1.0 };
                assert_eq!(rate[i], expected);
                assert_eq!(pixels[i] == 0.0, inside(blocks[1], i));
            }
            for (n, block) in found.iter_mut().zip(blocks) {
                *n += i32::from(block.is_some());
                assert!(block.is_none_or(|b| b.columns[1] <= width && b.rows[1] <= height));
                assert!(block.is_none_or(|b| b.columns[1] - b.columns[0] <= 4));
            }
        }
        // 500 of 2000, 4.5 standard deviations.
        assert!(found.iter().all(|n| (n - 500).abs() < 88), "{found:?}");
        assert!(Obstacles::draw(0.0, [width, height], rng).is_none());
    }

    #[test]
    fn a_window_lies_in_its_grid() {
        let block = Block {
            columns: [1, 3],
            rows: [0, 2],
        };
        let obstacles = Obstacles {
            dark: Some(Obstacle { block, leak: 0.1 }),
            masked: None,
        };
        let moved = obstacles.moved(10, 20).dark.unwrap().block;
        assert_eq!((moved.columns, moved.rows), ([11, 13], [20, 22]));
    }
}
