//! Single pixels far off their neighbours: the quick test that every frame undergoes.
//!
//! [`find_hot_pixels`](crate::find_hot_pixels) is the thorough one, with a stated rate of
//! false alarms.

use super::{BLOCK, Reason};

/// A pixel is hot above `HOT_OFFSET + HOT_FACTOR * n`, n the second brightest of its eight
/// neighbours: the second, so that two hot pixels side by side are found and a bright line
/// or a specular spot of more than one pixel is not. Where a neighbour is missing, at a gap
/// or an edge, n is the brightest. At a mean of one count per pixel the offset alone is a
/// chance of 1e-16.
const HOT_OFFSET: f32 = 16.0;
/// See [`HOT_OFFSET`]. A Bragg peak of 0.5 px rms on the middle of a pixel has 4.4 times the counts
/// of the pixels beside it, and no camera's peaks are sharper.
const HOT_FACTOR: f32 = 5.0;
/// A pixel without a count is dead if all its neighbours have at least this many: a Poisson
/// mean of 20 gives zero with a chance of 2e-9.
const DEAD_NEIGHBOURS: f32 = 20.0;
/// Fewest valid neighbours that say anything about a pixel.
const MIN_NEIGHBOURS: usize = 3;

/// Hot and dead pixels of one row of a frame of shape `[rows, cols]`; `bits` are those of the row.
///
/// Of two neighbours the smaller is never above the second brightest of all eight, and never
/// below the weakest: comparing with left and right rules nearly every pixel out, a block at
/// a time, and loses none.
pub(super) fn mark_outliers(counts: &[f32], [rows, cols]: [usize; 2], row: usize, bits: &mut [u8]) {
    if cols < 3 {
        return;
    }
    let line = &counts[row * cols..(row + 1) * cols];
    let mut test = |col: usize| {
        if bits[col] & !Reason::Outside.bit() == 0 {
            bits[col] |= outlier(counts, [rows, cols], row, col);
        }
    };
    test(0);
    test(cols - 1);
    let inner = line[..cols - 2]
        .chunks(BLOCK)
        .zip(line[1..cols - 1].chunks(BLOCK))
        .zip(line[2..].chunks(BLOCK));
    for (block, ((left, centre), right)) in inner.enumerate() {
        let mut any = false;
        for ((&l, &c), &r) in left.iter().zip(centre).zip(right) {
            any |= is_suspect(l, c, r);
        }
        if !any {
            continue;
        }
        for (i, ((&l, &c), &r)) in left.iter().zip(centre).zip(right).enumerate() {
            if is_suspect(l, c, r) {
                test(1 + block * BLOCK + i);
            }
        }
    }
}

/// Necessary for a hot or dead pixel `c` between `l` and `r`.
#[inline]
fn is_suspect(l: f32, c: f32, r: f32) -> bool {
    let low = if l < r { l } else { r };
    (c > HOT_OFFSET + HOT_FACTOR * low) | ((c == 0.0) & (low >= DEAD_NEIGHBOURS))
}

/// [`Reason::Hot`], [`Reason::Bad`] or 0 for one pixel, by its valid neighbours.
fn outlier(counts: &[f32], [rows, cols]: [usize; 2], row: usize, col: usize) -> u8 {
    let c = counts[row * cols + col];
    let (mut brightest, mut second, mut weakest) = (0.0_f32, 0.0_f32, f32::INFINITY);
    let mut valid = 0;
    for r in row.saturating_sub(1)..(row + 2).min(rows) {
        for q in col.saturating_sub(1)..(col + 2).min(cols) {
            let n = counts[r * cols + q];
            if (r, q) == (row, col) || n < 0.0 {
                continue;
            }
            valid += 1;
            weakest = weakest.min(n);
            if n > brightest {
                (brightest, second) = (n, brightest);
            } else {
                second = second.max(n);
            }
        }
    }
    // Beside a gap a bright line has lost one of its two neighbours.
    let reference = if valid == 8 { second } else { brightest };
    if valid < MIN_NEIGHBOURS {
        0
    } else if c > HOT_OFFSET + HOT_FACTOR * reference {
        Reason::Hot.bit()
    } else if c == 0.0 && weakest >= DEAD_NEIGHBOURS {
        Reason::Bad.bit()
    } else {
        0
    }
}
