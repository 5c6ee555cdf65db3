//! From data to picture coordinates, and where the ticks stand.

use gisaxs_physics::elementary::{ln, log10, powi};

/// A linear or logarithmic scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Data at both ends; may fall.
    pub(super) range: [f64; 2],
    /// Picture coordinates of the ends.
    pub(super) ends: [f64; 2],
    pub(super) log: bool,
}

/// A tick: value, and a label if it has one; `^` is before an exponent.
pub(super) type Tick = (f64, Option<String>);

impl Scale {
    /// Place of `x` between the ends, 0..1 inside.
    pub(super) fn fraction(&self, x: f64) -> f64 {
        let [a, b] = self.range;
        if self.log {
            ln(x.max(1e-300) / a) / ln(b / a)
        } else {
            (x - a) / (b - a)
        }
    }

    /// Picture coordinate of `x`.
    pub(super) fn at(&self, x: f64) -> f64 {
        self.ends[0] + self.fraction(x) * (self.ends[1] - self.ends[0])
    }

    /// About `count` labelled ticks, and on logarithmic scales small ones between.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        let low = self.range[0].min(self.range[1]);
        let high = self.range[0].max(self.range[1]);
        let decades = log10(high / low);
        if !self.log || decades < 1.0 {
            return linear(low, high, count);
        }
        let every = (decades / count as f64).ceil().max(1.0) as i32;
        let mut ticks = Vec::new();
        for exponent in log10(low).floor() as i32..=log10(high).ceil() as i32 {
            for digit in 1..10 {
                let x = f64::from(digit) * powi(10.0, exponent);
                if x < low * (1.0 - 1e-9) || x > high * (1.0 + 1e-9) {
                    continue;
                }
                let few = decades < 2.0 && [2, 5].contains(&digit);
                let label = if few {
                    Some(trimmed(x, (-exponent).max(0) as usize))
                } else if digit == 1 && exponent.rem_euclid(every) == 0 {
                    Some(power_of_ten(exponent))
                } else {
                    None
                };
                if label.is_some() || every == 1 {
                    ticks.push((x, label));
                }
            }
        }
        ticks
    }
}

fn power_of_ten(exponent: i32) -> String {
    match exponent {
        -2..=3 => trimmed(powi(10.0, exponent), (-exponent).max(0) as usize),
        _ => format!("10^{exponent}"),
    }
}

fn trimmed(x: f64, decimals: usize) -> String {
    format!("{x:.decimals$}")
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten.
fn linear(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let raw = (high - low) / count.max(1) as f64;
    let power = log10(raw).floor();
    let unit = powi(10.0, power as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * unit)
        .into_iter()
        .find(|s| *s >= raw * 0.999)
        .unwrap_or(10.0 * unit);
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let decimals = (-log10(step).floor()).clamp(0.0, 9.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last)
        .take(100)
        .map(|i| {
            let x = i as f64 * step;
            (x, Some(trimmed(x, decimals)))
        })
        .collect()
}

/// Limits of a logarithmic colour scale: from the 1 % quantile of what is above zero, at most
/// five decades, to the 99.5 % quantile.
pub(super) fn log_limits(values: &[f32]) -> [f64; 2] {
    // Quantiles of half a million values are those of all.
    let every = (values.len() / 500_000).max(1);
    let some = values.iter().copied().step_by(every);
    let mut positive: Vec<f32> = some.filter(|v| *v > 0.0).collect();
    if positive.is_empty() {
        return [0.1, 1.0];
    }
    let mut at = |p: f64| {
        let rank = ((positive.len() - 1) as f64 * p) as usize;
        f64::from(*positive.select_nth_unstable_by(rank, f32::total_cmp).1)
    };
    let (low, high) = (at(0.01), at(0.995));
    [low.max(high * 1e-5).min(0.1 * high), high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = |range, log| Scale {
            range,
            ends: [0.0, 100.0],
            log,
        };
        let labels = |ticks: Vec<Tick>| -> Vec<String> {
            ticks.into_iter().filter_map(|tick| tick.1).collect()
        };
        let linear = scale([-1.04, 1.3], false);
        assert_eq!(
            labels(linear.ticks(5)),
            ["-1.0", "-0.5", "0.0", "0.5", "1.0"]
        );
        // A falling range, as rows of a frame have.
        assert_eq!(
            labels(scale([100.5, -0.5], false).ticks(3)),
            ["0", "50", "100"]
        );
        assert_eq!(labels(scale([0.02, 3e5], true).ticks(8)).len(), 7);
        assert_eq!(
            labels(scale([2.0, 60.0], true).ticks(4)),
            ["2", "5", "10", "20", "50"]
        );
        assert_eq!(linear.at(-1.04), 0.0);
        assert!((scale([1.0, 100.0], true).at(10.0) - 50.0).abs() < 1e-9);
        assert!(scale([1.0, 1.0], false).ticks(5).len() <= 1);
    }

    #[test]
    fn limits_leave_out_nothing_but_extremes() {
        let values: Vec<f32> = (0..10_000).map(|i| i as f32).chain([f32::NAN]).collect();
        let [low, high] = log_limits(&values);
        assert!((low - 100.0).abs() < 2.0 && (high - 9949.0).abs() < 2.0);
        assert_eq!(log_limits(&[0.0, f32::NAN]), [0.1, 1.0]);
    }
}
