//! Rings: the distance that puts them in their places, and points along them.

use gisaxs_physics::elementary::{exp, hypot, powf, powi, sin_cos};

use crate::calibration::least_squares;
use crate::frame::Frame;
use crate::geometry::Geometry;
use crate::mask::Mask;

/// A point on a ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct RingPoint {
    /// Column, row.
    pub(super) at: [f64; 2],
    /// Uncertainty along the radius, px.
    pub(super) sigma: f64,
    /// Index of the ring.
    pub(super) ring: usize,
}

/// Counts and pixels per radius of 1 px about a centre.
fn radial(frame: &Frame, mask: &Mask, centre: [f64; 2]) -> Vec<(f64, f64)> {
    let cols = frame.shape()[1];
    let mut bins: Vec<(f64, f64)> = Vec::new();
    for (i, &count) in frame.as_slice().iter().enumerate() {
        let (row, col) = (i / cols, i % cols);
        if !mask.is_measured(row, col) {
            continue;
        }
        let r = hypot(col as f64 - centre[0], row as f64 - centre[1]) as usize;
        if r >= bins.len() {
            bins.resize(r + 1, (0.0, 0.0));
        }
        bins[r].0 += f64::from(count.max(0.0));
        bins[r].1 += 1.0;
    }
    bins
}

/// The factor on the distance that makes the radii of the rings, in px at factor 1, meet the
/// maxima of the profile; with the mean number of standard deviations by which the profile
/// stands out there, and the number of rings within the frame.
pub(super) fn scale(
    frame: &Frame,
    mask: &Mask,
    centre: [f64; 2],
    radii_px: &[f64],
    range: [f64; 2],
) -> Option<(f64, f64, usize)> {
    let bins = radial(frame, mask, centre);
    // Deviation of three bins from the straight line through their surroundings, in standard
    // deviations; clipped, so that one strong ring does not outvote the others.
    const CLIP: f64 = 12.0;
    let spacing = radii_px
        .windows(2)
        .map(|w| w[1] - w[0])
        .fold(radii_px[0], f64::min);
    let around = ((spacing / 3.0) as usize).clamp(4, 30);
    let mean = |at: usize, half: usize| {
        let part = bins.get(at.checked_sub(half)?..=at + half)?;
        let (sum, n) = part.iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        (n > 0.0).then(|| (sum / n, (sum + 1.0) / (n * n)))
    };
    let deviation: Vec<Option<f64>> = (0..bins.len())
        .map(|r| {
            let (value, v) = mean(r, 1)?;
            let (inner, vi) = mean(r.checked_sub(around)?, 1)?;
            let (outer, vo) = mean(r + around, 1)?;
            // The background is convex: the geometric mean is below the arithmetic one and
            // nearer to it.
            let between = (inner * outer).max(0.0).sqrt();
            Some(((value - between) / (v + 0.25 * (vi + vo)).sqrt()).clamp(-CLIP, CLIP))
        })
        .collect();
    let mut best: Option<(f64, f64, usize)> = None;
    let steps = 600;
    for i in 0..=steps {
        let factor = range[0] * powf(range[1] / range[0], f64::from(i) / f64::from(steps));
        let (mut sum, mut n) = (0.0, 0);
        for radius in radii_px {
            let r = (radius * factor).round() as usize;
            if let Some(d) = deviation.get(r).copied().flatten() {
                sum += d;
                n += 1;
            }
        }
        if n == 0 {
            continue;
        }
        let score = sum / f64::from(n);
        // More rings at the same score are less of an accident.
        let weight = |score: f64, n: usize| score * (n as f64).sqrt().min(3.0);
        if best.is_none_or(|(_, s, m)| weight(score, n as usize) > weight(s, m)) {
            best = Some((factor, score, n as usize));
        }
    }
    best
}

/// Points of all rings under a geometry that is right to `window_px` along the radius.
pub(super) fn points(
    frame: &Frame,
    mask: &Mask,
    geometry: &Geometry,
    two_theta: &[f64],
    window_px: f64,
) -> Vec<RingPoint> {
    let [rows, cols] = frame.shape();
    let Some(centre) = geometry.direct_beam_px() else {
        return Vec::new();
    };
    let angle = |col: f64, row: f64| geometry.two_theta(col, row);
    let mut found = Vec::new();
    for (ring, &target) in two_theta.iter().enumerate() {
        let spacing = neighbours(two_theta, ring);
        // The radius of the ring along a direction of the frame, by a few secant steps.
        let radius = |cos: f64, sin: f64| -> Option<(f64, f64)> {
            let at = |r: f64| angle(centre[0] + r * cos, centre[1] + r * sin);
            let mut r = target / ((at(1.0) - at(0.0)).max(1e-12));
            for _ in 0..20 {
                let slope = (at(r + 0.5) - at(r - 0.5)).max(1e-12);
                let step = (target - at(r)) / slope;
                r += step.clamp(-0.5 * r, 0.5 * r);
                if step.abs() < 1e-6 {
                    break;
                }
            }
            let slope = at(r + 0.5) - at(r - 0.5);
            (r.is_finite() && slope > 0.0).then_some((r, slope))
        };
        let Some((typical, slope)) = radius(1.0, 0.0) else {
            continue;
        };
        // Arcs of about 24 px, not fewer than 24 of them nor more than 180.
        let sectors = (std::f64::consts::TAU * typical / 24.0).clamp(24.0, 180.0) as usize;
        let window = window_px.min(0.4 * spacing / slope).max(4.0);
        for sector in 0..sectors {
            let azimuth = (sector as f64 + 0.5) / sectors as f64 * std::f64::consts::TAU;
            let (sin, cos) = sin_cos(azimuth);
            let Some((r0, _)) = radius(cos, sin) else {
                continue;
            };
            let half = (std::f64::consts::PI * r0 / sectors as f64).min(16.0);
            let patch = Patch {
                centre,
                direction: [cos, sin],
                r0,
                window,
                half,
            };
            if let Some((offset, sigma)) = patch.peak(frame, mask, [rows, cols]) {
                let r = r0 + offset;
                found.push(RingPoint {
                    at: [centre[0] + r * cos, centre[1] + r * sin],
                    sigma,
                    ring,
                });
            }
        }
    }
    found
}

/// Distance in angle to the nearest other ring, and to the beam.
fn neighbours(two_theta: &[f64], ring: usize) -> f64 {
    let mut nearest = two_theta[ring];
    for (other, &angle) in two_theta.iter().enumerate() {
        if other != ring {
            nearest = nearest.min((angle - two_theta[ring]).abs());
        }
    }
    nearest
}

/// A piece of a ring: +-`half` px along it and +-`window` px across.
struct Patch {
    centre: [f64; 2],
    direction: [f64; 2],
    r0: f64,
    window: f64,
    half: f64,
}

impl Patch {
    /// Offset of the maximum from `r0` and its uncertainty, px, by a Gaussian on a straight
    /// background fitted to the pixels; `None` if there is no maximum.
    fn peak(&self, frame: &Frame, mask: &Mask, [rows, cols]: [usize; 2]) -> Option<(f64, f64)> {
        let [cos, sin] = self.direction;
        let middle = [
            self.centre[0] + self.r0 * cos,
            self.centre[1] + self.r0 * sin,
        ];
        let reach = hypot(self.window, self.half) + 1.0;
        let span = |at: f64, n: usize| {
            let first = (at - reach).ceil().max(0.0);
            let last = (at + reach).floor().min(n as f64 - 1.0);
            (first <= last).then_some(first as usize..last as usize + 1)
        };
        let mut pixels: Vec<(f64, f64)> = Vec::new();
        let col_span = span(middle[0], cols)?;
        for row in span(middle[1], rows)? {
            for col in col_span.clone() {
                let (dx, dy) = (col as f64 - self.centre[0], row as f64 - self.centre[1]);
                let along = dx * cos + dy * sin;
                let across = dy * cos - dx * sin;
                // The distance from the centre, not along the direction: rings are round.
                let offset = hypot(along, across) - self.r0;
                if across.abs() <= self.half
                    && offset.abs() <= self.window
                    && mask.is_measured(row, col)
                {
                    let count = f64::from(frame.as_slice()[row * cols + col].max(0.0));
                    pixels.push((offset, count));
                }
            }
        }
        // Pixels on both sides and in the middle, or a gap makes the maximum.
        let part = |low: f64, high: f64| {
            let inside = pixels.iter().filter(|p| p.0 >= low && p.0 < high);
            let (n, sum) = inside.fold((0, 0.0), |(n, s), p| (n + 1, s + p.1));
            (n >= 6).then(|| (sum / f64::from(n), n))
        };
        let w = self.window;
        let thirds = [
            part(-w, -w / 3.0)?,
            part(-w / 3.0, w / 3.0)?,
            part(w / 3.0, w + 1e-9)?,
        ];
        // The highest of narrow bins is where the fit starts.
        let width = (w / 5.0).max(1.5);
        let bins = (2.0 * w / width).ceil() as usize;
        let (start, top) = (0..bins)
            .filter_map(|i| {
                let low = -w + i as f64 * width;
                part(low, low + width).map(|(mean, _)| (low + 0.5 * width, mean))
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        let floor = thirds[0].0.min(thirds[2].0);
        if top <= floor || start.abs() > 0.8 * w {
            return None;
        }
        // Half a pixel wide, so that a fit has a hundred points instead of a thousand.
        let mut fine = vec![(0.0, 0.0, 0.0); (4.0 * w).ceil() as usize + 1];
        for &(offset, count) in &pixels {
            let bin = &mut fine[(2.0 * (offset + w)) as usize];
            *bin = (bin.0 + offset, bin.1 + count, bin.2 + 1.0);
        }
        fine.retain(|bin| bin.2 > 0.0);
        if fine.len() < 12 {
            return None;
        }
        // Weights from a smooth estimate: those of single counts would favour low ones.
        let mean = pixels.iter().map(|p| p.1).sum::<f64>() / pixels.len() as f64;
        let weight = 1.0 / (0.5 * (mean + top) + 0.5).sqrt();
        let fit = least_squares::fit(
            &[floor, 0.0, top - floor, start, 0.25 * w],
            &[
                1e-3 * (mean + 0.1),
                1e-4 * (mean + 0.1),
                1e-3 * (mean + 0.1),
                1e-3,
                1e-3,
            ],
            |x, r| {
                r.clear();
                let inverse = (0.5 / (x[4] * x[4]).max(0.04)).min(12.5);
                r.extend(fine.iter().map(|&(offset, count, n)| {
                    let (offset, count) = (offset / n, count / n);
                    let peak = x[2] * exp(-powi(offset - x[3], 2) * inverse);
                    (x[0] + x[1] * offset + peak - count) * weight * n.sqrt()
                }));
            },
        )?;
        let freedom = (fine.len() - 5) as f64;
        let scatter = (fit.chi2 / freedom).max(0.2);
        let sigma = (fit.variance[3] * scatter).sqrt();
        let height_sigma = (fit.variance[2] * scatter).sqrt();
        let (height, offset, width) = (fit.x[2], fit.x[3], fit.x[4].abs());
        (height > 4.0 * height_sigma
            && offset.abs() < 0.7 * w
            && width < 0.6 * w
            && sigma < 0.25 * w)
            .then_some((offset, sigma.max(0.02)))
    }
}
