//! Specular and direct beam: sharp maxima of the rod, or halos around a beamstop.

use gisaxs_physics::elementary::{hypot, ln, powi};

use super::Located;
use super::horizon::Edge;
use crate::calibration::least_squares;

/// Rows over which a beam is sharper than fringes and the Yoneda band, px.
const REACH: usize = 10;
/// A beam stands out by this factor from both sides at that distance.
const SHARPNESS: f64 = 1.5;
/// Standard deviations of the maximum above its sides.
const SIGNIFICANT: f64 = 8.0;
/// Rows around the Yoneda maximum in which a maximum of the rod is the band's.
const YONEDA_GUARD: f64 = 8.0;
/// A beamstop leaves less than this part of the counts at its edges.
const HIDDEN: f64 = 0.3;
/// Rows that a beamstop may hide.
const WIDEST_STOP: usize = 120;
/// Rows of a flank, and by how much it must rise towards the beam, logarithm.
const FLANK: usize = 14;
const RISE: f64 = 0.15;

/// The specular beam: above the Yoneda band, or as far above the horizon as the direct beam
/// is below.
pub(super) fn specular(
    along: &[Option<f64>],
    edge: Option<&Edge>,
    direct: Option<Located>,
) -> Result<Located, String> {
    let guard = edge.map(|edge| edge.yoneda.value);
    let (low, high) = match (edge, direct) {
        (Some(edge), Some(direct)) => {
            // alpha_f = alpha_i there, to second order in the angles.
            let expected = 2.0 * edge.horizon.value - direct.value;
            let off = (4.0 * hypot(2.0 * edge.horizon.sigma, direct.sigma)).max(15.0);
            let high = (edge.horizon.value - 4.0).min(expected + off);
            ((expected - off).max(0.0), high)
        }
        (Some(edge), None) => (0.0, edge.horizon.value - 4.0),
        (None, Some(direct)) => (0.0, direct.value - 20.0),
        (None, None) => {
            return Err("neither horizon nor direct beam says where to look".to_owned());
        }
    };
    let allowed = |row: usize| {
        let row = row as f64;
        (low..high).contains(&row) && guard.is_none_or(|y| (row - y).abs() > YONEDA_GUARD)
    };
    visible(along, allowed)
        .or_else(|| hidden(along, |row| row >= low && row < high))
        .ok_or_else(|| {
            format!(
                "no sharp maximum of the rod and no halo in rows {low:.0} to {high:.0} from the top"
            )
        })
}

/// The direct beam: below the horizon, or where it is said to be.
pub(super) fn direct(
    along: &[Option<f64>],
    edge: Option<&Edge>,
    guess: Option<(f64, f64)>,
) -> Result<Located, String> {
    let rows = along.len() as f64;
    let (low, high) = match (guess, edge) {
        (Some((row, off)), _) => (row - off.max(3.0), row + off.max(3.0)),
        (None, Some(edge)) => (edge.horizon.value + 10.0, rows),
        (None, None) => return Err("no horizon below which to look".to_owned()),
    };
    visible(along, |row| (low..high).contains(&(row as f64)))
        .or_else(|| hidden(along, |row| row >= low && row < high))
        .ok_or_else(|| {
            format!(
                "no sharp maximum of the rod and no halo in rows {low:.0} to {high:.0} from the top"
            )
        })
}

/// The highest maximum with a rounded top that stands out on both sides.
fn visible(along: &[Option<f64>], allowed: impl Fn(usize) -> bool) -> Option<Located> {
    let at = |row: usize| along.get(row).copied().flatten();
    let mut best: Option<(f64, usize)> = None;
    for row in 2..along.len().saturating_sub(2) {
        let Some(value) = at(row) else { continue };
        if !allowed(row) || best.is_some_and(|(height, _)| value <= height) {
            continue;
        }
        let near: Vec<f64> = [row - 2, row - 1, row + 1, row + 2]
            .iter()
            .filter_map(|&r| at(r))
            .collect();
        // The edge of a shadow is no top: counts two rows away are of the same order.
        let rounded = near.len() == 4 && near.iter().all(|&v| v <= value && v > HIDDEN * value);
        let (Some(above), Some(below)) = (
            level(
                along,
                row.saturating_sub(REACH + 3),
                row.saturating_sub(REACH - 3),
            ),
            level(along, row + REACH - 3, row + REACH + 3),
        ) else {
            continue;
        };
        let side = above.max(below);
        let significant = value - side > SIGNIFICANT * (value + side).sqrt();
        if rounded && value > SHARPNESS * side && significant {
            best = Some((value, row));
        }
    }
    let (value, row) = best?;
    // A parabola through the logarithm of the top is a Gaussian's centre.
    let log = |r: usize| at(r).map(|v| ln(v.max(0.5)));
    let shift = match (log(row - 1), log(row), log(row + 1)) {
        (Some(a), Some(b), Some(c)) if 2.0 * b - a - c > 1e-9 => {
            (0.5 * (c - a) / (2.0 * b - a - c)).clamp(-0.5, 0.5)
        }
        _ => 0.0,
    };
    // A beamstop that reaches into one flank may have moved the top.
    let cut = (row.saturating_sub(8)..=row + 8).any(|r| at(r).is_some_and(|v| v < 0.05 * value));
    Some(Located {
        value: row as f64 + shift,
        sigma: if cut { 1.5 } else { 0.5 },
    })
}

/// Median of some rows.
fn level(along: &[Option<f64>], first: usize, last: usize) -> Option<f64> {
    let mut values: Vec<f64> = along
        .get(first..=last.min(along.len().checked_sub(1)?))?
        .iter()
        .copied()
        .flatten()
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The centre of a halo whose middle is hidden by a beamstop or a gap: the widest stretch of
/// rows without counts from which the counts fall off on both sides.
fn hidden(along: &[Option<f64>], allowed: impl Fn(f64) -> bool) -> Option<Located> {
    let rows = along.len();
    let mut best: Option<(f64, Located)> = None;
    let mut row = FLANK;
    while row + FLANK < rows {
        let Some((first, end)) = shadow(along, row) else {
            row += 1;
            continue;
        };
        if let Some((gain, centre)) = halo(along, first, end)
            && allowed(centre.value)
            && best.is_none_or(|(other, _)| gain > other)
        {
            best = Some((gain, centre));
        }
        row = end.max(row + 1);
    }
    best.map(|(_, centre)| centre)
}

/// The hidden rows that begin at `first`, if they do: as deep on both sides.
fn shadow(along: &[Option<f64>], first: usize) -> Option<(usize, usize)> {
    let before = along[first - 1]?;
    // A few rows of a blurred edge belong to the shadow.
    let dark = |row: usize, edge: f64| along[row].is_none_or(|v| v < HIDDEN * edge);
    let start = (first..(first + 4).min(along.len())).find(|&r| dark(r, before))?;
    if start != first && along[first].is_some_and(|v| v > before) {
        return None;
    }
    let limit = (first + WIDEST_STOP).min(along.len() - 1);
    let mut end = start;
    let mut deepest = f64::INFINITY;
    while end < limit {
        let Some(value) = along[end] else {
            end += 1;
            continue;
        };
        deepest = deepest.min(value);
        // Out of the shadow: counts that are no longer those of its middle.
        if value > before * HIDDEN || (value > 5.0 * (deepest + 1.0) && value > 0.1 * before) {
            break;
        }
        end += 1;
    }
    (end > start + 4 && end < limit).then_some((first, end))
}

/// Fits a + b r + h / ((r - r0)^2 + w^2) to both flanks; gain is the improvement over a
/// straight line, in standard deviations.
fn halo(along: &[Option<f64>], first: usize, end: usize) -> Option<(f64, Located)> {
    // Blurred edges do not belong to the halo.
    const MARGIN: usize = 3;
    let inner = [first.checked_sub(MARGIN)?, end + MARGIN];
    let flank = |range: std::ops::Range<usize>| -> Vec<(f64, f64)> {
        range
            .filter_map(|r| Some((r as f64, along.get(r).copied().flatten()?)))
            .collect()
    };
    let above = flank(inner[0].saturating_sub(FLANK)..inner[0]);
    let below = flank(inner[1]..inner[1] + FLANK);
    if above.len() < FLANK / 2 || below.len() < FLANK / 2 {
        return None;
    }
    // Both flanks must rise towards the hidden middle, by more than noise.
    let rise = |flank: &[(f64, f64)], inner_last: bool| {
        let half = flank.len() / 2;
        let sum = |part: &[(f64, f64)]| part.iter().map(|p| p.1).sum::<f64>() + 1.0;
        let (first, last) = (sum(&flank[..half]), sum(&flank[flank.len() - half..]));
        let (outer, inner) = if inner_last {
            (first, last)
        } else {
            (last, first)
        };
        ln(inner / outer) > RISE.max(3.0 * (1.0 / inner + 1.0 / outer).sqrt())
    };
    if !rise(&above, true) || !rise(&below, false) {
        return None;
    }
    let points: Vec<(f64, f64)> = above.iter().chain(&below).copied().collect();
    let straight = residual(&points, None)?;
    let width = (inner[1] - inner[0]) as f64;
    let steps = 4 * (inner[1] - inner[0]);
    let mut fits = Vec::with_capacity(steps);
    for i in 0..=steps {
        let r0 = inner[0] as f64 + 0.25 * i as f64;
        // Wings of a beam that is narrow against its stop.
        let chi2 = [0.1, 0.3, 0.6]
            .iter()
            .filter_map(|w| residual(&points, Some((r0, w * width))))
            .fold(f64::INFINITY, f64::min);
        fits.push((chi2, r0));
    }
    let &(lowest, centre) = fits.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let freedom = points.len().saturating_sub(5).max(1) as f64;
    // The model is a shape of wings among others: its misfit scales the uncertainty.
    let unit = (lowest / freedom).max(1.0);
    let inside: Vec<f64> = fits
        .iter()
        .filter(|f| f.0 < lowest + unit)
        .map(|f| f.1)
        .collect();
    let half = 0.5 * (inside.last()? - inside.first()?);
    let gain = ((straight - lowest) / unit).max(0.0).sqrt();
    (gain > 3.0).then_some((
        gain,
        Located {
            value: centre,
            sigma: half.max(width / 8.0),
        },
    ))
}

/// Sum of squared deviations over their variance of the best a + b r, plus h / ((r - r0)^2 +
/// w^2) with h >= 0. Counts are taken to scatter by 5 % beside counting: a rod is not smooth.
fn residual(points: &[(f64, f64)], halo: Option<(f64, f64)>) -> Option<f64> {
    let origin = points.first()?.0;
    let terms = |r: f64| {
        let wings = halo.map_or(0.0, |(r0, w)| w * w / (powi(r - r0, 2) + w * w));
        [1.0, (r - origin) / 100.0, wings]
    };
    let n = if halo.is_some() { 3 } else { 2 };
    let mut normal = vec![vec![0.0; n + 1]; n];
    for &(r, value) in points {
        let weight = 1.0 / (value + 1.0 + powi(0.05 * value, 2));
        let t = terms(r);
        for (row, t_i) in normal.iter_mut().zip(t) {
            let right = t[..n].iter().chain([&value]);
            for (entry, factor) in row.iter_mut().zip(right) {
                *entry += weight * t_i * factor;
            }
        }
    }
    let solution = least_squares::solve(&mut normal)?;
    if halo.is_some() && solution[2] <= 0.0 {
        return None;
    }
    Some(
        points
            .iter()
            .map(|&(r, value)| {
                let t = terms(r);
                let model: f64 = (0..n).map(|i| solution[i] * t[i]).sum();
                powi(value - model, 2) / (value + 1.0 + powi(0.05 * value, 2))
            })
            .sum(),
    )
}
