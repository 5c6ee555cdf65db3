//! Dark discs: candidates by a Hough transform, judged sector by sector.
//!
//! Every edge votes for the centres that lie, for each radius, on its dark side at right
//! angles to it (P. V. C. Hough's transform with gradients: D. H. Ballard, Pattern
//! Recognition 13, 111 (1981), doi:10.1016/0031-3203(81)90009-1). A candidate is then judged
//! on the frame itself: in nearly all of 24 sectors the ring just outside must be brighter
//! than the inside of the disc, by more than noise.

use gisaxs_physics::elementary::{hypot, ln, sin_cos};

use super::edge::{BIN, Edge, Measured};

/// Sectors of a circle.
const SECTORS: usize = 24;
/// Candidates that are judged.
const CANDIDATES: usize = 24;
/// A sector sees the edge where the outside has this many times the counts of the inside...
const CONTRAST: f64 = 1.35;
/// ... and this many times those of its own part of the rim.
const RIM_CONTRAST: f64 = 1.2;
/// ... and exceeds the inside by this many standard deviations.
const SIGNIFICANCE: f64 = 2.0;
/// Rings that are compared: pixels off the radius.
const INSIDE: [f64; 3] = [-2.0, -3.0, -4.0];
const OUTSIDE: [f64; 4] = [2.0, 3.0, 4.0, 5.0];

/// A disc and what its rim looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disc {
    /// Column, row.
    pub(super) center: [f64; 2],
    pub(super) radius: f64,
    /// Sectors that see the edge, and those that see anything.
    pub(super) seen: usize,
    pub(super) sectors: usize,
    /// Counts per pixel: inside, and median outside.
    pub(super) inside: f64,
    pub(super) outside: f64,
    /// What is maximised: sectors first, then contrast at the rim.
    quality: f64,
}

impl Disc {
    /// Whether nearly all of the rim is an edge: 21 of 24 sectors, as an arm may hide three
    /// of a small disc; or, where gaps hide more, all of at least 14.
    pub(super) fn is_clear(&self) -> bool {
        8 * self.seen >= 7 * SECTORS || (self.sectors >= 14 && self.seen == self.sectors)
    }
}

/// The best discs around the most voted centres, best first.
pub(super) fn discs(frame: &Measured<'_>, edges: &[Edge], radii_px: [f64; 2]) -> Vec<Disc> {
    let mut found: Vec<Disc> = candidates(frame.shape, edges, radii_px)
        .into_iter()
        .filter_map(|(center, radius)| refined(frame, center, radius, radii_px))
        .filter(Disc::is_clear)
        .collect();
    found.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    let mut apart: Vec<Disc> = Vec::new();
    for disc in found {
        let overlaps = |other: &Disc| {
            let [dx, dy] = [0, 1].map(|i| disc.center[i] - other.center[i]);
            hypot(dx, dy) < disc.radius.max(other.radius)
        };
        if !apart.iter().any(overlaps) {
            apart.push(disc);
        }
    }
    apart
}

/// Most voted centres (column, row) and radii, in pixels.
fn candidates(
    [rows, cols]: [usize; 2],
    edges: &[Edge],
    radii_px: [f64; 2],
) -> Vec<([f64; 2], f64)> {
    let (height, width) = (rows / BIN, cols / BIN);
    if height < 3 || width < 3 {
        return Vec::new();
    }
    let mut best = vec![(0.0_f32, 0.0_f32); height * width];
    let mut votes = vec![0_u16; height * width];
    let mut lines = vec![0_u16; height * width];
    let bin = BIN as f64;
    let mut radius = radii_px[0] / bin;
    while radius <= radii_px[1] / bin {
        votes.fill(0);
        for edge in edges {
            let [x, y] = [0, 1].map(|i| (edge.at[i] - edge.bright[i] * radius).round());
            if (0.0..width as f64).contains(&x) && (0.0..height as f64).contains(&y) {
                let votes = &mut votes[y as usize * width + x as usize];
                *votes = votes.saturating_add(1);
            }
        }
        // Sums over 3 x 3, so that rounding and a not quite round stop cost nothing.
        for (sums, votes) in lines.chunks_exact_mut(width).zip(votes.chunks_exact(width)) {
            for (sum, three) in sums[1..].iter_mut().zip(votes.windows(3)) {
                *sum = three.iter().fold(0, |a, &b| a.saturating_add(b));
            }
        }
        // A ring three bins wide of this radius gives all its votes to its centre.
        let scale = 1.0 / (std::f64::consts::TAU * radius.sqrt() * 3.0);
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = y * width + x;
                let sum = u32::from(lines[at - width])
                    + u32::from(lines[at])
                    + u32::from(lines[at + width]);
                let score = (f64::from(sum) * scale) as f32;
                if score > best[at].0 {
                    best[at] = (score, radius as f32);
                }
            }
        }
        radius += 0.5;
    }
    let mut found = Vec::new();
    while found.len() < CANDIDATES {
        let Some((at, &(score, radius))) = best
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))
        else {
            break;
        };
        if score <= 0.0 {
            break;
        }
        let (row, col) = (at / width, at % width);
        // The centre of a bin lies between two pixels.
        let center = [col, row].map(|i| bin * i as f64 + 0.5 * (bin - 1.0));
        found.push((center, bin * f64::from(radius)));
        for y in row.saturating_sub(6)..(row + 7).min(height) {
            best[y * width..][col.saturating_sub(6)..(col + 7).min(width)].fill((0.0, 0.0));
        }
    }
    found
}

/// The best disc near a candidate: a coarse grid, then steps to neighbours.
fn refined(
    frame: &Measured<'_>,
    center: [f64; 2],
    radius: f64,
    radii_px: [f64; 2],
) -> Option<Disc> {
    let mut best: Option<Disc> = None;
    let attempt = |center: [f64; 2], radius: f64, best: &mut Option<Disc>| {
        if !(radii_px[0]..=radii_px[1]).contains(&radius) {
            return false;
        }
        match (judged(frame, center, radius), &*best) {
            (Some(disc), Some(old)) if disc.quality <= old.quality => false,
            (Some(disc), _) => {
                *best = Some(disc);
                true
            }
            (None, _) => false,
        }
    };
    for dy in -2..=2 {
        for dx in -2..=2 {
            for dr in -2..=4 {
                let moved = [
                    center[0] + 3.0 * f64::from(dx),
                    center[1] + 3.0 * f64::from(dy),
                ];
                attempt(moved, radius + 2.0 * f64::from(dr), &mut best);
            }
        }
    }
    for step in [2.0, 1.0, 0.5] {
        // Each turn improves the quality, which is bounded; the limit is for safety.
        for _ in 0..50 {
            let Some(disc) = best else { break };
            let [x, y] = disc.center;
            let mut moved = false;
            for sign in [-step, step] {
                moved |= attempt([x + sign, y], disc.radius, &mut best);
                moved |= attempt([x, y + sign], disc.radius, &mut best);
                moved |= attempt([x, y], disc.radius + sign, &mut best);
            }
            if !moved {
                break;
            }
        }
    }
    best
}

/// Judges one disc; `None` if too little of its rim was measured.
fn judged(frame: &Measured<'_>, center: [f64; 2], radius: f64) -> Option<Disc> {
    // About one direction per pixel of the rim, so that no pixel counts for many.
    let per_sector = (std::f64::consts::TAU * radius / SECTORS as f64).round();
    let per_sector = per_sector.clamp(1.0, 16.0) as usize;
    // Per sector: inside counts, pixels, outside counts, pixels.
    let mut sums = [[0.0_f64; 4]; SECTORS];
    for (sector, sums) in sums.iter_mut().enumerate() {
        for k in 0..per_sector {
            let turn = (sector as f64 + (k as f64 + 0.5) / per_sector as f64) / SECTORS as f64;
            let (sin, cos) = sin_cos(std::f64::consts::TAU * turn);
            let mut add = |offset: f64, first: usize| {
                let r = radius + offset;
                if let Some(n) = frame.at(center[0] + r * cos, center[1] + r * sin) {
                    sums[first] += n;
                    sums[first + 1] += 1.0;
                }
            };
            INSIDE.iter().for_each(|&offset| add(offset, 0));
            OUTSIDE.iter().for_each(|&offset| add(offset, 2));
        }
    }
    let least = per_sector as f64;
    let seen: Vec<[f64; 4]> = sums
        .into_iter()
        .filter(|s| s[1] >= 1.5 * least && s[3] >= 2.0 * least)
        .collect();
    if seen.len() < 14 {
        return None;
    }
    let inside = median(seen.iter().map(|s| s[0] / s[1]).collect());
    let outside = median(seen.iter().map(|s| s[2] / s[3]).collect());
    let (mut passed, mut contrast) = (0, 0.0);
    for &[sum_in, n_in, sum_out, n_out] in &seen {
        let (rim, rate) = (sum_in / n_in, sum_out / n_out);
        let excess = 2.0 * ((sum_out + 0.375).sqrt() - (inside * n_out + 0.375).sqrt());
        let edge = rate > CONTRAST * inside && rate > RIM_CONTRAST * rim;
        passed += usize::from(edge && excess > SIGNIFICANCE);
        let ratio = (sum_out + 0.5) / n_out / ((sum_in + 0.5) / n_in);
        contrast += ln(ratio).clamp(-1.0, 2.0);
    }
    Some(Disc {
        center,
        radius,
        seen: passed,
        sectors: seen.len(),
        inside,
        outside,
        // At most 2 for the contrast, so that it decides among equals.
        quality: passed as f64 + contrast / seen.len() as f64,
    })
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
