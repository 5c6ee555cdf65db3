//! Scores of answers against known structures.
//!
//! - mean radius, H/R, D, sigma_D/D: |estimate - truth| / truth;
//! - size distribution: W1 = integral of |CDF_estimate - CDF_truth| dR, over the true mean;
//! - intervals: share of the truths inside;
//! - D and sigma_D/D count only where the first maximum is visible; elsewhere the right
//!   answer is `unresolved`, and a number whose interval misses the truth is the worst one.

use serde::Serialize;
use std::f64::consts::TAU;

use crate::structure::{Estimate, RadiusDistribution};

/// What is really there.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Edges of the bins of the size distribution, nm.
    pub bin_edges: Vec<f64>,
    /// Number-weighted masses of the bins, any norm.
    pub mass: Vec<f64>,
    /// Mean radius, nm.
    pub mean_radius: f64,
    /// Standard deviation of the radius, nm.
    pub std_radius: f64,
    /// Height over radius.
    pub height_ratio: f64,
    /// Mean distance D, nm.
    pub distance: f64,
    /// sigma_D / D.
    pub disorder: f64,
    /// Cylinder or spherical segment.
    pub cylinder: bool,
    /// Whether the first maximum lies in the measured window.
    pub distance_visible: bool,
}

impl Truth {
    /// Whether the first maximum of particles `distance` nm apart lies between 0.06 nm^-1
    /// and 0.85 of the largest q (nm^-1) of the frame.
    #[must_use]
    pub fn visible(distance: f64, q_max: f64) -> bool {
        let q = TAU / distance;
        q > 0.06 && q < 0.85 * q_max
    }
}

/// The parts of an answer that are scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored<'a> {
    /// Size distribution with mean and standard deviation.
    pub radius: &'a RadiusDistribution,
    /// H/R; `None` if unresolved.
    pub height_ratio: Option<Estimate>,
    /// D; `None` if unresolved.
    pub distance: Option<Estimate>,
    /// sigma_D / D; `None` if unresolved.
    pub disorder: Option<Estimate>,
    /// Cylinder or spherical segment.
    pub cylinder: bool,
}

/// Score of one frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameScore {
    /// Name of the frame.
    pub frame: String,
    /// Relative error of the mean radius.
    pub mean_radius: f64,
    /// Relative error of the standard deviation.
    pub std_radius: f64,
    /// W1 of the size distribution over the true mean radius.
    pub w1: f64,
    /// Relative error of H/R; `None` if it was not given.
    pub height_ratio: Option<f64>,
    /// Relative error of D; `None` if it was not given.
    pub distance: Option<f64>,
    /// Relative error of sigma_D/D; `None` if it was not given.
    pub disorder: Option<f64>,
    /// Whether the right shape is the more probable one.
    pub shape: bool,
    /// Whether the truth lies in the interval: mean radius, standard deviation, H/R, D,
    /// sigma_D/D.
    pub covered: [Option<bool>; 5],
    /// Whether D can be seen.
    pub distance_visible: bool,
}

/// Relative error and whether the interval holds the truth.
fn compare(e: Estimate, truth: f64) -> (f64, bool) {
    (
        (e.value - truth).abs() / truth,
        (e.lower..=e.upper).contains(&truth),
    )
}

impl FrameScore {
    /// Scores one answer.
    #[must_use]
    pub fn new(frame: &str, answer: &Scored<'_>, truth: &Truth) -> Self {
        let given = |e: Option<Estimate>, truth: f64| e.map(|e| compare(e, truth));
        let mean = compare(answer.radius.mean, truth.mean_radius);
        let std = compare(answer.radius.std, truth.std_radius);
        let height = given(answer.height_ratio, truth.height_ratio);
        let distance = given(answer.distance, truth.distance);
        let disorder = given(answer.disorder, truth.disorder);
        let error = |c: Option<(f64, bool)>| c.map(|c| c.0);
        let covered = |c: Option<(f64, bool)>| c.map(|c| c.1);
        Self {
            frame: frame.to_owned(),
            mean_radius: mean.0,
            std_radius: std.0,
            w1: wasserstein(
                (&answer.radius.bin_edges, &answer.radius.mass()),
                (&truth.bin_edges, &truth.mass),
            ) / truth.mean_radius,
            height_ratio: error(height),
            distance: error(distance),
            disorder: error(disorder),
            shape: answer.cylinder == truth.cylinder,
            covered: [
                Some(mean.1),
                Some(std.1),
                covered(height),
                covered(distance),
                covered(disorder),
            ],
            distance_visible: truth.distance_visible,
        }
    }

    /// A number for D where D cannot be seen, with an interval that misses the truth.
    #[must_use]
    pub fn confidently_wrong(&self) -> bool {
        !self.distance_visible && self.covered[3] == Some(false)
    }
}

/// W1 distance of two histograms (edges, masses), in the unit of the edges: the integral of
/// the difference of their cumulative distributions, which are linear inside bins.
#[must_use]
pub fn wasserstein(a: (&[f64], &[f64]), b: (&[f64], &[f64])) -> f64 {
    let cumulative = |(edges, mass): (&[f64], &[f64])| {
        let total: f64 = mass.iter().sum();
        let mut sum = 0.0;
        let mut values = vec![0.0];
        for m in mass {
            sum += m / total;
            values.push(sum);
        }
        (edges.to_vec(), values)
    };
    let at = |(edges, values): &(Vec<f64>, Vec<f64>), x: f64| {
        let i = edges.partition_point(|&e| e <= x);
        if i == 0 {
            0.0
        } else if i == edges.len() {
            1.0
        } else {
            let t = (x - edges[i - 1]) / (edges[i] - edges[i - 1]);
            values[i - 1] + t * (values[i] - values[i - 1])
        }
    };
    let (a, b) = (cumulative(a), cumulative(b));
    let mut nodes: Vec<f64> = a.0.iter().chain(&b.0).copied().collect();
    nodes.sort_unstable_by(f64::total_cmp);
    nodes
        .windows(2)
        .map(|w| {
            let d0 = at(&a, w[0]) - at(&b, w[0]);
            let d1 = at(&a, w[1]) - at(&b, w[1]);
            let mean = if d0 * d1 >= 0.0 {
                0.5 * (d0 + d1).abs()
            } else {
                // The difference changes sign: two triangles.
                0.5 * (d0 * d0 + d1 * d1) / (d0 - d1).abs()
            };
            mean * (w[1] - w[0])
        })
        .sum()
}

/// Median, 90th percentile and coverage of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name of the quantity.
    pub name: &'static str,
    /// Frames that count.
    pub frames: usize,
    /// Median error.
    pub median: f64,
    /// 90th percentile of the error.
    pub p90: f64,
    /// Share of the frames whose 90 % interval holds the truth.
    pub coverage: Option<f64>,
    /// Frames that count but got no number (their error is taken as 1).
    pub missing: usize,
}

/// Scores of many frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// One row per quantity.
    pub rows: Vec<Row>,
    /// Frames scored.
    pub frames: usize,
    /// Share of right shapes.
    pub shape: f64,
    /// Frames whose D cannot be seen.
    pub distance_invisible: usize,
    /// Of those, frames with a D whose interval misses the truth.
    pub confidently_wrong: usize,
}

/// Quantile of a list, linear between its values.
fn quantile(values: &mut [f64], p: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable_by(f64::total_cmp);
    let x = p * (values.len() - 1) as f64;
    let (i, f) = (x as usize, x.fract());
    let next = values[(i + 1).min(values.len() - 1)];
    values[i] + f * (next - values[i])
}

impl Summary {
    /// Medians, percentiles and coverage.
    #[must_use]
    pub fn of(scores: &[FrameScore]) -> Self {
        type Pick = fn(&FrameScore) -> Option<f64>;
        let row = |name, covered: Option<usize>, visible_only: bool, error: Pick| {
            let counted: Vec<&FrameScore> = scores
                .iter()
                .filter(|s| s.distance_visible || !visible_only)
                .collect();
            let mut errors: Vec<f64> = counted.iter().map(|s| error(s).unwrap_or(1.0)).collect();
            let hits: Vec<bool> = covered.map_or_else(Vec::new, |i| {
                counted.iter().filter_map(|s| s.covered[i]).collect()
            });
            Row {
                name,
                frames: counted.len(),
                median: quantile(&mut errors, 0.5),
                p90: quantile(&mut errors, 0.9),
                coverage: (!hits.is_empty())
                    .then(|| hits.iter().filter(|h| **h).count() as f64 / hits.len() as f64),
                missing: counted.iter().filter(|s| error(s).is_none()).count(),
            }
        };
        let invisible = scores.iter().filter(|s| !s.distance_visible);
        Self {
            rows: vec![
                row("mean radius", Some(0), false, |s| Some(s.mean_radius)),
                row("std radius", Some(1), false, |s| Some(s.std_radius)),
                row("W1/R", None, false, |s| Some(s.w1)),
                row("H/R", Some(2), false, |s| s.height_ratio),
                row("D", Some(3), true, |s| s.distance),
                row("sigma_D/D", Some(4), true, |s| s.disorder),
            ],
            frames: scores.len(),
            shape: scores.iter().filter(|s| s.shape).count() as f64 / scores.len().max(1) as f64,
            distance_invisible: invisible.clone().count(),
            confidently_wrong: invisible.filter(|s| s.confidently_wrong()).count(),
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{:<12} {:>6} {:>9} {:>9} {:>9} {:>8}",
            "quantity", "frames", "median %", "p90 %", "cover %", "missing"
        )?;
        for r in &self.rows {
            let coverage = r
                .coverage
                .map_or_else(|| "-".into(), |c| format!("{:.1}", 100.0 * c));
            writeln!(
                f,
                "{:<12} {:>6} {:>9.2} {:>9.2} {:>9} {:>8}",
                r.name,
                r.frames,
                100.0 * r.median,
                100.0 * r.p90,
                coverage,
                r.missing
            )?;
        }
        write!(
            f,
            "shape right in {:.1} % of {} frames; D invisible in {}, confidently wrong there: {}",
            100.0 * self.shape,
            self.frames,
            self.distance_invisible,
            self.confidently_wrong
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasserstein_of_shifted_boxes_is_the_shift() {
        let a = (&[1.0, 2.0][..], &[3.0][..]);
        let b = (&[1.4, 2.4][..], &[1.0][..]);
        assert!((wasserstein(a, b) - 0.4).abs() < 1e-12);
        assert_eq!(wasserstein(a, a), 0.0);
        // A box and one twice as wide about the same centre: every quantile moves by its
        // distance from the centre, on average 1/4.
        let wide = (&[0.5, 2.5][..], &[1.0][..]);
        assert!((wasserstein(a, wide) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn quantiles_interpolate() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&mut values, 0.5), 2.5);
        assert_eq!(quantile(&mut values, 1.0), 4.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn invisible_distances_do_not_count_unless_confidently_wrong() {
        let score = |visible, covered| FrameScore {
            frame: String::new(),
            mean_radius: 0.1,
            std_radius: 0.1,
            w1: 0.1,
            height_ratio: None,
            distance: Some(0.5),
            disorder: None,
            shape: true,
            covered: [None, None, None, Some(covered), None],
            distance_visible: visible,
        };
        let summary = Summary::of(&[score(true, true), score(false, false), score(false, true)]);
        assert_eq!(summary.rows[4].frames, 1);
        assert_eq!(summary.distance_invisible, 2);
        assert_eq!(summary.confidently_wrong, 1);
        assert_eq!(summary.rows[3].missing, 3);
    }
}
