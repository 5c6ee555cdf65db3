//! Arms of a beamstop: dark strips that start at its rim.

use gisaxs_physics::elementary::{self, atan2, sin_cos};

use super::circle::Disc;
use super::edge::Measured;

/// Length along the arm that is looked at in one step, pixels.
const STEP: f64 = 8.0;
/// Length looked at to find where an arm starts.
const START: f64 = 20.0;
/// Profile across the arm: pixels to either side.
const HALF_PROFILE: i32 = 14;
/// Widest arm that is followed, pixels.
const MAX_WIDTH: usize = 16;
/// An arm has at most this fraction of the counts beside it...
const DARK: f64 = 0.7;
/// ... by this many standard deviations.
const SIGNIFICANCE: f64 = 4.0;
/// Angles closer than this belong to one arm, degrees.
const APART: i32 = 20;
/// An arm is followed across what was not measured for this long, pixels.
const LONGEST_GAP: f64 = 30.0;

/// A straight piece of an arm: ends (column, row) and full width, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) from: [f64; 2],
    pub(super) to: [f64; 2],
    pub(super) width: f64,
}

/// All arms of a disc.
pub(super) fn arms(frame: &Measured<'_>, disc: &Disc) -> Vec<Piece> {
    let mut starts: Vec<(f64, i32)> = (0..360)
        .step_by(3)
        .filter_map(|degrees| {
            let from = on_ray(disc, degrees, disc.radius + 4.0);
            let strip = strip(frame, from, f64::from(degrees).to_radians(), START)?;
            (strip.offset.abs() <= 2.0).then_some((strip.darkness, degrees))
        })
        .collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut taken: Vec<i32> = Vec::new();
    let mut found = Vec::new();
    for (_, degrees) in starts {
        let apart = |other: &i32| {
            let turn = (degrees - other).rem_euclid(360);
            turn.min(360 - turn) >= APART
        };
        if taken.iter().all(apart) {
            taken.push(degrees);
            found.extend(followed(frame, disc, degrees));
        }
    }
    found
}

fn on_ray(disc: &Disc, degrees: i32, r: f64) -> [f64; 2] {
    let (sin, cos) = sin_cos(f64::from(degrees).to_radians());
    [disc.center[0] + r * cos, disc.center[1] + r * sin]
}

/// Follows an arm outwards, step by step, correcting position and direction.
fn followed(frame: &Measured<'_>, disc: &Disc, degrees: i32) -> Option<Piece> {
    let [rows, cols] = frame.shape;
    let start = on_ray(disc, degrees, 0.5 * disc.radius);
    let mut at = on_ray(disc, degrees, disc.radius + 4.0);
    let mut direction = f64::from(degrees).to_radians();
    let mut end = None;
    let mut widths = Vec::new();
    let mut unknown = 0.0;
    while unknown <= LONGEST_GAP
        && (0.0..cols as f64).contains(&at[0])
        && (0.0..rows as f64).contains(&at[1])
    {
        let (sin, cos) = sin_cos(direction);
        let next = [at[0] + STEP * cos, at[1] + STEP * sin];
        match strip(frame, at, direction, STEP) {
            Some(strip) if strip.offset.abs() <= 4.0 => {
                // To the middle of the strip, half way, as noise moves it.
                let shift = 0.5 * strip.offset;
                at = [next[0] - shift * sin, next[1] + shift * cos];
                let straight = atan2(at[1] - start[1], at[0] - start[0]);
                direction += 0.5 * elementary::sin(straight - direction);
                widths.push(strip.width);
                end = Some(at);
                unknown = 0.0;
            }
            _ => {
                at = next;
                unknown += STEP;
            }
        }
    }
    // One step could be noise.
    (widths.len() >= 3).then_some(Piece {
        from: start,
        to: end?,
        width: super::circle::median(widths),
    })
}

/// A dark strip across the line.
struct Strip {
    /// Its middle, pixels to the right of the direction (columns to rows).
    offset: f64,
    width: f64,
    /// Counts per pixel in it over those beside it.
    darkness: f64,
}

/// Looks for a dark strip along `length` pixels from a point on; `None` where there is none
/// or too little was measured.
fn strip(frame: &Measured<'_>, from: [f64; 2], direction: f64, length: f64) -> Option<Strip> {
    let (sin, cos) = sin_cos(direction);
    let profile: Vec<(f64, f64)> = (-HALF_PROFILE..=HALF_PROFILE)
        .map(|across| {
            let across = f64::from(across);
            let (mut sum, mut pixels) = (0.0, 0.0);
            let mut along = 0.0;
            while along < length {
                let col = from[0] + along * cos - across * sin;
                let row = from[1] + along * sin + across * cos;
                if let Some(n) = frame.at(col, row) {
                    sum += n;
                    pixels += 1.0;
                }
                along += 1.0;
            }
            (sum, pixels)
        })
        .collect();
    if profile.iter().any(|&(_, pixels)| pixels < 0.5 * length) {
        return None;
    }
    let rate = |i: usize| profile[i].0 / profile[i].1;
    // The darkest three pixels next to the line.
    let middle = HALF_PROFILE as usize;
    let three = |i: usize| {
        let (sum, pixels) = profile[i - 1..=i + 1]
            .iter()
            .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        (sum, pixels, sum / pixels)
    };
    let darkest = (middle - 4..=middle + 4).min_by(|&a, &b| three(a).2.total_cmp(&three(b).2))?;
    let (dark_sum, dark_pixels, dark) = three(darkest);
    // Both sides up to the end of the profile, where the arm has ended.
    let side = |range: std::ops::Range<usize>| {
        let n = range.len() as f64;
        range.map(rate).sum::<f64>() / n
    };
    let beside = side(0..4).min(side(profile.len() - 4..profile.len()));
    let excess = 2.0 * ((beside * dark_pixels + 0.375).sqrt() - (dark_sum + 0.375).sqrt());
    if dark > DARK * beside || excess < SIGNIFICANCE {
        return None;
    }
    let level = (dark * beside).sqrt().max(0.5 * beside);
    let (mut first, mut last) = (darkest, darkest);
    while first > 0 && rate(first - 1) < level {
        first -= 1;
    }
    while last + 1 < profile.len() && rate(last + 1) < level {
        last += 1;
    }
    let width = last - first + 1;
    (width <= MAX_WIDTH).then_some(Strip {
        offset: 0.5 * (first + last) as f64 - middle as f64,
        width: width as f64,
        darkness: dark / beside,
    })
}
