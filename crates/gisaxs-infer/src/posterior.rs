//! From a discretised posterior to a value with its 90 % interval.
//!
//! Training splits the target between the two nearest bins such that its mean in the
//! coordinate of the bins is exact (see `gisaxs_model::bins`), so the mean over the mode,
//! not the mode itself, is the best value: it resolves a tenth of a bin.

use crate::structure::{Estimate, Posterior};

/// A bin this far below the highest one separates two modes.
const VALLEY: f64 = 0.02;

/// How the bins of a posterior are spaced: means and quantiles are taken in that coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Uniform in x.
    Linear,
    /// Uniform in ln x.
    Log,
}

impl Spacing {
    fn coordinate(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Log => x.ln(),
        }
    }

    fn value(self, coordinate: f64) -> f64 {
        match self {
            Self::Linear => coordinate,
            Self::Log => coordinate.exp(),
        }
    }
}

impl Posterior {
    /// Quantile `p` (0..1), mass spread evenly inside a bin in the bins' own coordinate.
    #[must_use]
    pub fn quantile(&self, p: f64, spacing: Spacing) -> f64 {
        let total: f64 = self.probability.iter().sum();
        let target = p.clamp(0.0, 1.0) * total;
        let mut below = 0.0;
        let mut last = self.bin_edges[0];
        for (edges, &mass) in self.bin_edges.windows(2).zip(&self.probability) {
            if mass > 0.0 && below + mass >= target {
                let [low, high] = [spacing.coordinate(edges[0]), spacing.coordinate(edges[1])];
                return spacing.value(low + (high - low) * (target - below) / mass);
            }
            below += mass;
            last = edges[1];
        }
        last
    }

    /// Mean over the highest mode, in the bins' own coordinate. The mode extends to the
    /// first bin on either side below 2 % of the highest.
    #[must_use]
    pub fn mode_mean(&self, spacing: Spacing) -> f64 {
        let peak = (0..self.probability.len())
            .max_by(|&i, &j| self.probability[i].total_cmp(&self.probability[j]))
            .unwrap_or(0);
        let threshold = VALLEY * self.probability[peak];
        let first = (0..peak)
            .rev()
            .find(|&i| self.probability[i] < threshold)
            .map_or(0, |i| i + 1);
        let end = (peak..self.probability.len())
            .find(|&i| self.probability[i] < threshold)
            .unwrap_or(self.probability.len());
        let (mut mass, mut sum) = (0.0, 0.0);
        for i in first..end {
            let centre = 0.5
                * (spacing.coordinate(self.bin_edges[i])
                    + spacing.coordinate(self.bin_edges[i + 1]));
            mass += self.probability[i];
            sum += self.probability[i] * centre;
        }
        spacing.value(sum / mass)
    }

    /// Value (mean over the highest mode) and 90 % interval. The distances of the 5 % and
    /// 95 % quantiles from the median are multiplied by `calibration`, measured on held-out
    /// frames such that the interval holds the truth in 90 % of them.
    #[must_use]
    pub fn estimate(&self, spacing: Spacing, calibration: f64) -> Estimate {
        let value = self.mode_mean(spacing);
        let at = |p: f64| spacing.coordinate(self.quantile(p, spacing));
        let median = at(0.5);
        // A widened interval does not leave the range that the network can express.
        let [first, last] = [self.bin_edges[0], self.bin_edges[self.probability.len()]];
        let bound = |p: f64| {
            spacing
                .value(median + calibration * (at(p) - median))
                .clamp(first, last)
        };
        Estimate {
            value,
            lower: bound(0.05).min(value),
            upper: bound(0.95).max(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_bins(n: usize, low: f64, high: f64) -> Vec<f64> {
        (0..=n)
            .map(|i| low * (high / low).powf(i as f64 / n as f64))
            .collect()
    }

    #[test]
    fn split_target_is_recovered_exactly() {
        let edges = log_bins(20, 1.0, 10.0);
        let centre = |i: usize| (edges[i] * edges[i + 1]).sqrt();
        let mut probability = vec![0.0; 20];
        probability[7] = 0.7;
        probability[8] = 0.3;
        let truth = (0.7 * centre(7).ln() + 0.3 * centre(8).ln()).exp();
        let posterior = Posterior {
            bin_edges: edges,
            probability,
        };
        let estimate = posterior.estimate(Spacing::Log, 1.0);
        assert!((estimate.value - truth).abs() < 1e-12);
        assert!(estimate.lower < truth && truth < estimate.upper);
    }

    #[test]
    fn quantiles_of_a_uniform_posterior_are_linear() {
        let posterior = Posterior {
            bin_edges: (0..=10).map(f64::from).collect(),
            probability: vec![0.1; 10],
        };
        for p in [0.0, 0.05, 0.33, 0.95, 1.0] {
            assert!((posterior.quantile(p, Spacing::Linear) - 10.0 * p).abs() < 1e-12);
        }
    }

    #[test]
    fn a_second_mode_widens_the_interval_and_not_the_value() {
        let mut probability = vec![0.0; 10];
        probability[2] = 0.6;
        probability[8] = 0.4;
        let posterior = Posterior {
            bin_edges: (0..=10).map(f64::from).collect(),
            probability,
        };
        let estimate = posterior.estimate(Spacing::Linear, 1.0);
        assert_eq!(estimate.value, 2.5);
        assert!(estimate.upper > 8.0);
    }
}
