//! The centre of rings, without knowing which rings they are.

use gisaxs_physics::elementary::{hypot, powi};

use crate::frame::Frame;
use crate::mask::Mask;

/// Cells of this many pixels for the votes.
const CELL: usize = 4;
/// Pixels used for the contrast of rings; every so many is taken.
const SAMPLE: usize = 60_000;
/// Roots of counts in rings of this width, px.
const RING: f64 = 2.0;

/// About the centre, from votes: the gradient of a ring points to or from its centre, so the
/// lines along the strongest gradients of a coarse image meet there. Good to a few cells;
/// `None` where there are no gradients.
pub(super) fn by_votes(frame: &Frame, mask: &Mask) -> Option<[f64; 2]> {
    let [rows, cols] = frame.shape();
    let (h, w) = (rows / CELL, cols / CELL);
    if h < 8 || w < 8 {
        return None;
    }
    // Mean root of the counts: its noise is the same everywhere.
    let mut image = vec![f64::NAN; h * w];
    for (i, cell) in image.iter_mut().enumerate() {
        let (r0, c0) = (i / w * CELL, i % w * CELL);
        let (mut sum, mut n) = (0.0, 0_u32);
        for row in r0..r0 + CELL {
            for col in c0..c0 + CELL {
                if mask.is_measured(row, col) {
                    sum += f64::from(frame.as_slice()[row * cols + col].max(0.0));
                    n += 1;
                }
            }
        }
        // A cell with less than half of its pixels is no more certain than a gap.
        if 2 * n as usize >= CELL * CELL {
            *cell = (sum / f64::from(n)).sqrt();
        }
    }
    let at = |r: usize, c: usize| image[r * w + c];
    let mut gradients = Vec::new();
    for r in 2..h - 2 {
        for c in 2..w - 2 {
            // Sobel's operator, two cells wide: smooth across the gradient.
            let gx: f64 = (0..3)
                .map(|i| [1.0, 2.0, 1.0][i] * (at(r + i - 1, c + 1) - at(r + i - 1, c - 1)))
                .sum();
            let gy: f64 = (0..3)
                .map(|i| [1.0, 2.0, 1.0][i] * (at(r + 1, c + i - 1) - at(r - 1, c + i - 1)))
                .sum();
            let strength = hypot(gx, gy);
            if strength > 0.0 {
                gradients.push((strength, c as f64, r as f64, gx / strength, gy / strength));
            }
        }
    }
    gradients.sort_by(|a, b| b.0.total_cmp(&a.0));
    gradients.truncate((h * w / 12).max(200));
    // The centre may lie outside of the detector, by half of its size.
    let (margin_r, margin_c) = (h / 2, w / 2);
    let (vh, vw) = (h + 2 * margin_r, w + 2 * margin_c);
    let mut votes = vec![0.0_f32; vh * vw];
    for &(_, c, r, gx, gy) in &gradients {
        for sign in [-1.0, 1.0] {
            // Not too near: short radii get votes from every noisy spot.
            let mut t = 4.0;
            loop {
                let (x, y) = (c + sign * t * gx, r + sign * t * gy);
                let (i, j) = (y + margin_r as f64, x + margin_c as f64);
                if i < 0.0 || j < 0.0 || i >= vh as f64 || j >= vw as f64 {
                    break;
                }
                votes[i as usize * vw + j as usize] += 1.0;
                t += 1.0;
            }
        }
    }
    // Votes meet within a few cells.
    let mut best = (0.0_f32, 0, 0);
    for i in 2..vh - 2 {
        for j in 2..vw - 2 {
            let sum: f32 = (i - 2..=i + 2)
                .map(|a| votes[a * vw + j - 2..=a * vw + j + 2].iter().sum::<f32>())
                .sum();
            if sum > best.0 {
                best = (sum, i, j);
            }
        }
    }
    let to_px = |cell: f64| (cell + 0.5) * CELL as f64 - 0.5;
    (best.0 > 0.0).then(|| {
        [
            to_px(best.2 as f64 - margin_c as f64),
            to_px(best.1 as f64 - margin_r as f64),
        ]
    })
}

/// The centre within `reach` px of `start` about which the roots of the counts are most alike
/// on rings: a search on ever finer grids.
pub(super) fn by_contrast(frame: &Frame, mask: &Mask, start: [f64; 2], reach: f64) -> [f64; 2] {
    let [rows, cols] = frame.shape();
    let step = (rows * cols / SAMPLE).max(1);
    let points: Vec<(f32, f32, f32)> = (0..rows * cols)
        // A stride that shares no factor with the width, so that it visits all columns.
        .step_by(if cols.is_multiple_of(step) {
            step + 1
        } else {
            step
        })
        .filter(|&i| mask.is_measured(i / cols, i % cols))
        .map(|i| {
            let count = frame.as_slice()[i].max(0.0);
            ((i % cols) as f32, (i / cols) as f32, count.sqrt())
        })
        .collect();
    let mut centre = start;
    let mut sums = Vec::new();
    let mut spacing = (reach / 6.0).max(1.0);
    let mut half = 6_i32;
    while spacing > 0.2 {
        let mut best = (f64::NEG_INFINITY, centre);
        for i in -half..=half {
            for j in -half..=half {
                let trial = [
                    centre[0] + f64::from(j) * spacing,
                    centre[1] + f64::from(i) * spacing,
                ];
                let found = contrast(&points, trial, &mut sums);
                if found > best.0 {
                    best = (found, trial);
                }
            }
        }
        centre = best.1;
        spacing *= 0.5;
        half = 2;
    }
    centre
}

/// Sum over rings of n (mean - mean of the neighbours)^2: what of the scatter rings explain.
fn contrast(points: &[(f32, f32, f32)], centre: [f64; 2], sums: &mut Vec<(f64, f64)>) -> f64 {
    sums.iter_mut().for_each(|s| *s = (0.0, 0.0));
    let [cx, cy] = [centre[0] as f32, centre[1] as f32];
    for &(x, y, root) in points {
        let r = ((x - cx) * (x - cx) + (y - cy) * (y - cy)).sqrt() / RING as f32;
        let bin = r as usize;
        if bin >= sums.len() {
            sums.resize(bin + 1, (0.0, 0.0));
        }
        sums[bin].0 += f64::from(root);
        sums[bin].1 += 1.0;
    }
    // The mean falls smoothly from the beam; rings stand out from a straight line through
    // the neighbourhood.
    const AROUND: usize = 6;
    let mean: Vec<Option<f64>> = sums
        .iter()
        .map(|&(sum, n)| (n >= 3.0).then(|| sum / n))
        .collect();
    (AROUND..mean.len().saturating_sub(AROUND))
        .filter_map(|i| {
            let sides = 0.5 * (mean[i - AROUND]? + mean[i + AROUND]?);
            Some(sums[i].1 * powi(mean[i]? - sides, 2))
        })
        .sum()
}
