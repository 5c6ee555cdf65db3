//! Growing the masked area: edge pixels of a module are larger than the others, collect more
//! counts and are often hot.

use super::{Mask, Reason};

impl Mask {
    /// The mask with `reason` spread by `pixels` in all eight directions: rows and columns
    /// beside a gap, a rim around a beamstop. What the camera's sentinel -1 marks counts as
    /// a gap.
    #[must_use]
    pub fn grown(mut self, reason: Reason, pixels: usize) -> Self {
        let [rows, cols] = self.shape;
        let bit = reason.bit();
        // A square is a row after a column; each pass writes to a copy.
        for (along, across, stride, step) in [(cols, rows, 1, cols), (rows, cols, cols, 1)] {
            let before: Vec<u8> = self.bits.iter().map(|b| b & bit).collect();
            for line in 0..across {
                let start = line * step;
                for at in (0..along).filter(|&at| before[start + at * stride] != 0) {
                    let reach = at.saturating_sub(pixels)..(at + pixels + 1).min(along);
                    // Inside a run only the ends reach further.
                    if at > 0 && at + 1 < along {
                        let left = before[start + (at - 1) * stride];
                        let right = before[start + (at + 1) * stride];
                        if left & right != 0 {
                            continue;
                        }
                    }
                    for other in reach {
                        self.bits[start + other * stride] |= bit;
                    }
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_around_pixels() {
        let (rows, cols) = (13, 17);
        let mut bits = vec![0; rows * cols];
        let seeds = [(0, 0), (5, 6), (5, 7), (5, 8), (6, 7), (12, 16), (9, 3)];
        for (r, c) in seeds {
            bits[r * cols + c] = Reason::Gap.bit();
        }
        bits[3 * cols + 3] = Reason::Bad.bit();
        for n in 0..4_usize {
            let mask = Mask::from_bits([rows, cols], bits.clone()).grown(Reason::Gap, n);
            for r in 0..rows {
                for c in 0..cols {
                    let near = seeds
                        .iter()
                        .any(|&(a, b)| r.abs_diff(a) <= n && c.abs_diff(b) <= n);
                    assert_eq!(mask.has(r, c, Reason::Gap), near, "{n} {r} {c}");
                }
            }
            assert!(mask.has(3, 3, Reason::Bad) && mask.counts()[1].1 == 1);
        }
    }
}
