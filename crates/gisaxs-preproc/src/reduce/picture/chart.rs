//! A profile as points with error bars.

use super::canvas::{Anchor, Canvas};
use super::colour;
use super::heat::shortened;
use super::label;
use super::scale::Scale;
use crate::error::Result;
use crate::reduce::profile::Profile;

/// Left, right, top, bottom.
const MARGIN: [i32; 4] = [84, 24, 34, 58];
const WIDTH: i32 = 660;
const HEIGHT: i32 = 400;
/// Means below this share of the largest are not worth a decade.
const FLOOR: f64 = 1e-8;

pub(super) fn png(profile: &Profile) -> Result<Vec<u8>> {
    let [left, right, top, bottom] = MARGIN;
    let mut canvas = Canvas::new(left + WIDTH + right, top + HEIGHT + bottom);
    let (x, y) = scales(profile);
    let inside = [left, top, left + WIDTH - 1, top + HEIGHT - 1];

    for (value, text) in y.ticks(7) {
        let at = y.at(value).round() as i32;
        if at <= top || at >= top + HEIGHT {
            continue;
        }
        if let Some(text) = text {
            canvas.fill([left, at], [WIDTH, 1], colour::FAINT);
            canvas.fill([left - 6, at], [5, 1], colour::INK);
            canvas.text(&text, [left - 9, at], Anchor::Right);
        } else {
            canvas.fill([left - 4, at], [3, 1], colour::INK);
        }
    }
    for (value, text) in x.ticks(8) {
        let at = x.at(value).round() as i32;
        canvas.fill([at, top + HEIGHT + 1], [1, 5], colour::INK);
        let text = text.unwrap_or_default();
        canvas.text(&text, [at, top + HEIGHT + 15], Anchor::Middle);
    }

    let lowest = y.range[0];
    let clip = |v: f64| y.at(if y.log { v.max(lowest) } else { v });
    for i in 0..profile.len() {
        let (at, mean, error) = (
            x.at(profile.coordinate[i]),
            profile.mean[i],
            profile.error[i],
        );
        let ends = [[at, clip(mean - error)], [at, clip(mean + error)]];
        canvas.line(ends[0], ends[1], 0.4, colour::ERROR_BAR, inside);
    }
    // Lines join neighbouring bins only: a gap is a gap.
    let usual = usual_step(&profile.coordinate);
    for i in 1..profile.len() {
        let [a, b] = [i - 1, i].map(|i| [x.at(profile.coordinate[i]), clip(profile.mean[i])]);
        if profile.coordinate[i] - profile.coordinate[i - 1] < 1.8 * usual {
            canvas.line(a, b, 0.7, colour::CURVE, inside);
        }
    }
    for i in 0..profile.len() {
        let at = [x.at(profile.coordinate[i]), clip(profile.mean[i])];
        canvas.line(at, at, 1.4, colour::CURVE, inside);
    }

    canvas.outline([left, top], [WIDTH, HEIGHT]);
    let name = label(profile.coordinate_name, profile.coordinate_unit);
    let below = [left + WIDTH / 2, top + HEIGHT + 38];
    canvas.text(&name, below, Anchor::Middle);
    let intensity = format!("mean ({})", profile.unit);
    let title = &profile.provenance.frame;
    let room = (left + WIDTH) as usize / 9;
    canvas.upwards(&intensity, [16, top + HEIGHT / 2]);
    canvas.plain(&shortened(title, room), [left, top - 18], Anchor::Left);
    canvas.png()
}

/// Scales that hold all points; a logarithmic one where means span more than a decade.
fn scales(profile: &Profile) -> (Scale, Scale) {
    let [left, _, top, _] = MARGIN;
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], x| {
            [a.min(x), b.max(x)]
        })
    };
    let range = span(&mut profile.coordinate.iter().copied());
    let x_range = match range {
        [a, b] if b > a => [a - 0.02 * (b - a), b + 0.02 * (b - a)],
        [a, _] if a.is_finite() => [a - 0.5, a + 0.5],
        _ => [0.0, 1.0],
    };
    let [low, high] = span(&mut profile.mean.iter().copied());
    let mut positive = profile.mean.iter().copied().filter(|&m| m > 0.0);
    let [smallest, _] = span(&mut positive);
    let log = high > 10.0 * smallest && low >= 0.0;
    let y_range = if log {
        [0.6 * smallest.max(FLOOR * high), 1.8 * high]
    } else if high > low {
        [low - 0.08 * (high - low), high + 0.08 * (high - low)]
    } else if low.is_finite() {
        [
            low - 0.5 * low.abs().max(1.0),
            low + 0.5 * low.abs().max(1.0),
        ]
    } else {
        [0.0, 1.0]
    };
    let x = Scale {
        range: x_range,
        ends: [f64::from(left), f64::from(left + WIDTH)],
        log: false,
    };
    let y = Scale {
        range: y_range,
        ends: [f64::from(top + HEIGHT), f64::from(top)],
        log,
    };
    (x, y)
}

/// Median distance of neighbouring points.
fn usual_step(coordinate: &[f64]) -> f64 {
    let mut steps: Vec<f64> = coordinate.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable_by(middle, f64::total_cmp).1
}
