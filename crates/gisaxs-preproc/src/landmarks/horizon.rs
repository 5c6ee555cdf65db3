//! Horizon and Yoneda band, from the profile beside the rod.
//!
//! Below the critical angle the wave field at the surface grows like |T|^2 = (2 alpha_f /
//! alpha_c)^2, so the root of the counts, less what the sample's shadow still sees, is a
//! straight line that meets zero at the horizon. The steepest fall alone lies above it, by
//! an amount that depends on the critical angle.

use gisaxs_physics::elementary::{ln, powi};

use super::Located;
use super::profile::Profile;

/// Rows compared on either side of an edge.
const WINDOW: usize = 8;
/// Standard deviations of the fall.
const SIGNIFICANT: f64 = 8.0;
/// The counts must fall at least to this part.
const FALL: f64 = 0.6;
/// Rows above the edge in which the Yoneda maximum is looked for, at least.
const YONEDA_ROWS: usize = 60;
/// Rows beyond a maximum after which lower counts are its other side.
const PAST_MAXIMUM: usize = 6;
/// Part of the fall within a few rows that makes an edge a step: light of a beam, cut by the
/// horizon, and not the wave field.
const STEP: f64 = 0.5;
/// Part of the root of the Yoneda maximum in which the line is fitted.
const FIT: std::ops::Range<f64> = 0.1..0.7;

/// The edge of the sample's shadow.
pub(super) struct Edge {
    pub(super) horizon: Located,
    pub(super) yoneda: Located,
}

pub(super) fn find(profile: &Profile) -> Result<Edge, String> {
    let steepest = steepest_fall(profile)?;
    let rows = profile.rows();
    let reach = YONEDA_ROWS.max(rows / 12);
    let first = steepest.saturating_sub(reach).max(1);
    let smooth = |row: usize| profile.mean(row.saturating_sub(2)..(row + 3).min(rows));
    // Up from the edge to the first maximum: the halo of a beam further up may be higher.
    let mut highest: Option<(usize, f64, f64)> = None;
    for row in (first..steepest + 2).rev() {
        let Some((mean, variance)) = smooth(row) else {
            continue;
        };
        match highest {
            Some((_, top, _)) if mean <= top => {}
            _ => highest = Some((row, mean, variance)),
        }
        if let Some((at, top, v)) = highest
            && at - row > PAST_MAXIMUM
            && mean < top - 3.0 * (v + variance).sqrt()
        {
            break;
        }
    }
    let yoneda = highest.ok_or("no valid pixel above the edge")?;
    let (yoneda_row, height, yoneda_variance) = yoneda;
    let (shadow, _) = profile
        .mean((steepest + WINDOW - 2).min(rows - 1)..(steepest + 2 * WINDOW - 2).min(rows))
        .or_else(|| profile.mean(steepest + 1..(steepest + WINDOW).min(rows)))
        .ok_or("no valid pixel below the edge")?;

    let horizon = foot(profile, yoneda_row, steepest, height, shadow);
    // Half of the rows within which the maximum is not told from its top.
    let tie = 2.0 * yoneda_variance.sqrt();
    let flat = (first..steepest + 2)
        .filter(|&row| smooth(row).is_some_and(|(mean, _)| mean > height - tie))
        .count();
    let edge_is_maximum = yoneda_row == first;
    if edge_is_maximum {
        return Err(format!(
            "the counts still rise {reach} rows above the edge at row {steepest} of the image"
        ));
    }
    Ok(Edge {
        horizon,
        yoneda: Located {
            value: yoneda_row as f64,
            sigma: (0.5 * flat as f64).max(1.0),
        },
    })
}

/// The row with the largest fall of the logarithm from above to below.
fn steepest_fall(profile: &Profile) -> Result<usize, String> {
    let rows = profile.rows();
    let mut best = (0.0_f64, 0_usize);
    for row in WINDOW..rows.saturating_sub(WINDOW) {
        let (Some((above, va)), Some((below, vb))) = (
            profile.mean(row - WINDOW..row),
            profile.mean(row + 1..row + 1 + WINDOW),
        ) else {
            continue;
        };
        if above - below < SIGNIFICANT * (va + vb).sqrt() || below > FALL * above {
            continue;
        }
        // The floor keeps a fall from few counts to none from winning.
        let floor = 3.0 * vb.sqrt();
        let fall = ln((above + floor) / (below + floor));
        // A fall that goes on: the edge of a module or a spot ends within its window.
        let beyond = profile.mean((row + 1 + WINDOW).min(rows)..(row + 1 + 2 * WINDOW).min(rows));
        let recovers = beyond.is_some_and(|(mean, _)| mean > 0.7 * above);
        if fall > best.0 && !recovers {
            best = (fall, row);
        }
    }
    if best.1 == 0 {
        return Err(format!(
            "beside the rod the counts nowhere fall to less than {FALL} of what they were within {WINDOW} \
             rows with {SIGNIFICANT} standard deviations"
        ));
    }
    Ok(best.1)
}

/// Where the straight line of roots meets zero.
fn foot(profile: &Profile, yoneda: usize, steepest: usize, height: f64, shadow: f64) -> Located {
    let top = (height - shadow).max(0.0).sqrt();
    let above = profile.mean(steepest.saturating_sub(3)..steepest);
    let below = profile.mean(steepest + 1..(steepest + 4).min(profile.rows()));
    if let (Some((above, _)), Some((below, _))) = (above, below)
        && above - below > STEP * (height - shadow)
    {
        return Located {
            value: steepest as f64,
            sigma: 2.0,
        };
    }
    let mut points = Vec::new();
    let mut entered = false;
    for row in yoneda..(steepest + WINDOW / 2).min(profile.rows()) {
        let Some((mean, variance)) = profile.mean(row..row + 1) else {
            continue;
        };
        let root = (mean - shadow).max(0.0).sqrt();
        if FIT.contains(&(root / top)) {
            entered = true;
            points.push((
                row as f64,
                root,
                (variance / (4.0 * root * root)).max(1e-12),
            ));
        } else if entered && root < FIT.start * top {
            break;
        }
    }
    let coarse = Located {
        value: steepest as f64,
        sigma: 0.5 * WINDOW as f64,
    };
    if points.len() < 3 {
        return coarse;
    }
    let n = points.len() as f64;
    let mean_row = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_root = points.iter().map(|p| p.1).sum::<f64>() / n;
    let spread: f64 = points.iter().map(|p| powi(p.0 - mean_row, 2)).sum();
    let slope = points
        .iter()
        .map(|p| (p.0 - mean_row) * (p.1 - mean_root))
        .sum::<f64>()
        / spread;
    let value = mean_row - mean_root / slope;
    if !(slope < 0.0 && (value - coarse.value).abs() < 3.0 * WINDOW as f64) {
        return coarse;
    }
    let scatter = points
        .iter()
        .map(|p| powi(p.1 - mean_root - slope * (p.0 - mean_row), 2))
        .sum::<f64>()
        / (n - 2.0);
    let noise = points.iter().map(|p| p.2).sum::<f64>() / n;
    let variance = scatter.max(noise) * (1.0 / n + powi(value - mean_row, 2) / spread);
    Located {
        value,
        // Footprint, divergence and roughness bend the line by more than a pixel.
        sigma: (variance.sqrt() / slope.abs()).max(2.0),
    }
}
