//! Figures of merit on simulated views.
//!
//! Errors are |estimate - truth| / truth with the median of the posterior as estimate; the size
//! distribution is scored by its Wasserstein-1 distance over the mean radius,
//! `W1 / R = (1/R) integral |CDF_predicted - CDF_true| dR`. Distance and disorder count only where
//! the first interference maximum is visible.

use crate::bins::{self, Bins, Labels, quantile_position};
use crate::checkpoint::Calibration;
use crate::error::Result;
use crate::net::{Network, Prediction};
use crate::train::{View, ViewSource};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// One posterior of one view against the truth, in units of bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The truth.
    pub truth: f64,
    /// 5 % quantile.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 95 % quantile.
    pub high: f64,
    /// |median - truth| / truth in the unit of the output.
    pub error: f64,
}

impl Scored {
    fn new(bins: &Bins, mass: &[f32], truth: f32) -> Self {
        let truth = f64::from(truth);
        let median = quantile_position(mass, 0.5);
        Self {
            truth: bins.position(truth),
            low: quantile_position(mass, 0.05),
            median,
            high: quantile_position(mass, 0.95),
            error: (bins.value(median) - truth).abs() / truth,
        }
    }

    /// The factor by which the interval must be widened to just hold the truth.
    #[must_use]
    pub fn needed_widening(&self) -> f64 {
        let (offset, reach) = if self.truth >= self.median {
            (self.truth - self.median, self.high - self.median)
        } else {
            (self.median - self.truth, self.median - self.low)
        };
        offset / reach.max(1e-9)
    }
}

/// One view against the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Mean radius.
    pub mean_radius: Scored,
    /// Standard deviation over mean.
    pub rel_std: Scored,
    /// Height over radius.
    pub height_ratio: Scored,
    /// Distance.
    pub distance: Scored,
    /// Disorder.
    pub disorder: Scored,
    /// Wasserstein-1 distance of the radius distribution over the true mean radius.
    pub w1: f64,
    /// Whether the shape was right.
    pub shape_right: bool,
    /// Whether distance and disorder could be seen.
    pub visible: bool,
    /// The truth.
    pub labels: Labels,
}

impl Record {
    /// Scores one prediction.
    #[must_use]
    pub fn new(p: &Prediction, labels: &Labels) -> Self {
        Self {
            mean_radius: Scored::new(&bins::MEAN_RADIUS, &p.mean_radius, labels.mean_radius),
            rel_std: Scored::new(&bins::REL_STD, &p.rel_std, labels.rel_std),
            height_ratio: Scored::new(&bins::HEIGHT_RATIO, &p.height_ratio, labels.height_ratio),
            distance: Scored::new(&bins::DISTANCE, &p.distance, labels.distance),
            disorder: Scored::new(&bins::DISORDER, &p.disorder, labels.disorder),
            w1: wasserstein(&bins::RADIUS, &p.radius, &labels.radius_mass)
                / f64::from(labels.mean_radius),
            shape_right: (p.cylinder > 0.5) == labels.cylinder,
            visible: labels.distance_visible,
            labels: labels.clone(),
        }
    }
}

/// Wasserstein-1 distance of two distributions over the same bins, masses spread evenly over each
/// bin, in the unit of the bins.
#[must_use]
pub fn wasserstein(bins: &Bins, a: &[f32], b: &[f32]) -> f64 {
    let edges = bins.edges();
    let (mut sum, mut before) = (0.0, 0.0f64);
    for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
        let after = before + f64::from(a) - f64::from(b);
        // The difference runs linearly from `before` to `after`; it may change sign.
        let mean = if before * after >= 0.0 {
            0.5 * (before.abs() + after.abs())
        } else {
            0.5 * (before * before + after * after) / (before.abs() + after.abs())
        };
        sum += mean * (edges[i + 1] - edges[i]);
        before = after;
    }
    sum
}

/// Views per forward pass.
const BATCH: usize = 16;

/// Scores the views of a range of indices, in order, on all threads of the current rayon pool.
///
/// # Errors
/// If a view does not fit the network.
pub fn records(
    network: &Network,
    source: &dyn ViewSource,
    range: Range<u64>,
) -> Result<Vec<Record>> {
    let starts: Vec<u64> = range.clone().step_by(BATCH).collect();
    let parts: Vec<Result<Vec<Record>>> = starts
        .into_par_iter()
        .map(|start| {
            let end = range.end.min(start + BATCH as u64);
            let views: Vec<View> = (start..end).map(|i| source.view(i)).collect();
            let planes: Vec<f32> = views
                .iter()
                .flat_map(|v| v.planes.iter().copied())
                .collect();
            let scalars: Vec<f32> = views.iter().flat_map(|v| v.scalars).collect();
            let out = network.forward(&planes, &scalars)?;
            Ok(out
                .chunks_exact(bins::logits::COUNT)
                .zip(&views)
                .map(|(row, view)| Record::new(&Prediction::from_logits(row), &view.labels))
                .collect())
        })
        .collect();
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}

/// Median and 90th percentile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median.
    pub median: f64,
    /// 90th percentile.
    pub p90: f64,
}

/// The value below which the fraction `level` lies, linear between order statistics; NaN for no values.
#[must_use]
pub fn percentile(values: &[f64], level: f64) -> f64 {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    let Some(last) = v.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = level.clamp(0.0, 1.0) * last as f64;
    let i = (at as usize).min(last);
    let j = (i + 1).min(last);
    v[i] + (at - i as f64) * (v[j] - v[i])
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        Self {
            median: percentile(values, 0.5),
            p90: percentile(values, 0.9),
        }
    }
}

/// Figures of merit of a set of views. Fractions, not per cent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Number of views.
    pub views: usize,
    /// Number of views with visible interference.
    pub visible: usize,
    /// Relative error of the mean radius.
    pub mean_radius: Spread,
    /// W1 / R.
    pub w1: Spread,
    /// Relative error of standard deviation over mean.
    pub rel_std: Spread,
    /// Relative error of height over radius.
    pub height_ratio: Spread,
    /// Relative error of the distance where visible.
    pub distance: Spread,
    /// Relative error of the disorder where visible.
    pub disorder: Spread,
    /// Fraction of right shapes.
    pub shape_right: f64,
    /// Fraction of truths inside the 90 % interval, per output.
    pub coverage: BTreeMap<String, f64>,
}

impl Scores {
    /// Scores of a set of views with widened intervals.
    #[must_use]
    pub fn new(records: &[Record], calibration: &Calibration) -> Self {
        let n = records.len().max(1) as f64;
        let seen: Vec<&Record> = records.iter().filter(|r| r.visible).collect();
        let all: Vec<&Record> = records.iter().collect();
        let spread = |set: &[&Record], f: fn(&Record) -> f64| {
            Spread::of(&set.iter().map(|r| f(r)).collect::<Vec<_>>())
        };
        let mut coverage = BTreeMap::new();
        let mut cover = |name: &str, set: &[&Record], f: fn(&Record) -> &Scored, widening: f64| {
            let inside = set
                .iter()
                .filter(|r| f(r).needed_widening() <= widening)
                .count();
            coverage.insert(name.to_owned(), inside as f64 / set.len().max(1) as f64);
        };
        cover(
            "mean_radius",
            &all,
            |r| &r.mean_radius,
            calibration.mean_radius,
        );
        cover("rel_std", &all, |r| &r.rel_std, calibration.rel_std);
        cover(
            "height_ratio",
            &all,
            |r| &r.height_ratio,
            calibration.height_ratio,
        );
        cover("distance", &seen, |r| &r.distance, calibration.distance);
        cover("disorder", &seen, |r| &r.disorder, calibration.disorder);
        Self {
            views: records.len(),
            visible: seen.len(),
            mean_radius: spread(&all, |r| r.mean_radius.error),
            w1: spread(&all, |r| r.w1),
            rel_std: spread(&all, |r| r.rel_std.error),
            height_ratio: spread(&all, |r| r.height_ratio.error),
            distance: spread(&seen, |r| r.distance.error),
            disorder: spread(&seen, |r| r.disorder.error),
            shape_right: records.iter().filter(|r| r.shape_right).count() as f64 / n,
            coverage,
        }
    }

    /// Flat list for the metadata of a weight file.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, f64> {
        let mut map = BTreeMap::from([
            ("views".to_owned(), self.views as f64),
            ("visible".to_owned(), self.visible as f64),
            ("shape_right".to_owned(), self.shape_right),
        ]);
        for (name, s) in [
            ("mean_radius", self.mean_radius),
            ("w1", self.w1),
            ("rel_std", self.rel_std),
            ("height_ratio", self.height_ratio),
            ("distance", self.distance),
            ("disorder", self.disorder),
        ] {
            map.insert(format!("{name}.median"), s.median);
            map.insert(format!("{name}.p90"), s.p90);
        }
        for (name, c) in &self.coverage {
            map.insert(format!("{name}.coverage"), *c);
        }
        // JSON has no NaN (no visible view, for instance).
        map.retain(|_, v| v.is_finite());
        map
    }
}

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = |s: Spread| format!("{:.1}/{:.1}", 100.0 * s.median, 100.0 * s.p90);
        write!(
            f,
            "median/p90 in %: R {}  W1 {}  std {}  H/R {}  D {}  sigma {}  shape {:.1}  coverage",
            s(self.mean_radius),
            s(self.w1),
            s(self.rel_std),
            s(self.height_ratio),
            s(self.distance),
            s(self.disorder),
            100.0 * self.shape_right,
        )?;
        for (name, c) in &self.coverage {
            write!(f, " {name} {:.0}", 100.0 * c)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasserstein_of_shifted_spikes_is_the_shift() {
        let mut a = vec![0.0; 64];
        let mut b = vec![0.0; 64];
        a[10] = 1.0;
        b[17] = 1.0;
        let step = bins::HEIGHT_RATIO.value(1.0) - bins::HEIGHT_RATIO.value(0.0);
        let w = wasserstein(&bins::HEIGHT_RATIO, &a, &b);
        assert!((w - 7.0 * step).abs() < 1e-9, "{w}");
    }

    #[test]
    fn percentiles_interpolate() {
        let v = [4.0, 1.0, 3.0, 2.0];
        assert!((percentile(&v, 0.5) - 2.5).abs() < 1e-12);
        assert!((percentile(&v, 1.0) - 4.0).abs() < 1e-12);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
