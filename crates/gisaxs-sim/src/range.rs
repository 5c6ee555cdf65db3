//! Ranges to draw numbers from.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A range with a density: what a prior says of one number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Range {
    /// Every value between the two is equally likely.
    Uniform([f64; 2]),
    /// Every factor is equally likely: uniform in the logarithm. Both ends positive.
    LogUniform([f64; 2]),
}

impl Range {
    /// Lower end.
    #[must_use]
    pub fn min(&self) -> f64 {
        match *self {
            Self::Uniform([a, _]) | Self::LogUniform([a, _]) => a,
        }
    }

    /// Upper end.
    #[must_use]
    pub fn max(&self) -> f64 {
        match *self {
            Self::Uniform([_, b]) | Self::LogUniform([_, b]) => b,
        }
    }

    /// One draw.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        let u: f64 = rng.random();
        match *self {
            Self::Uniform([a, b]) => a + (b - a) * u,
            Self::LogUniform([a, b]) => (a.ln() + (b / a).ln() * u).exp(),
        }
    }

    /// The same density between tighter limits: a conditional draw, without the pile-up at
    /// the edge that clipping would give. Where the limits leave nothing, the nearest end.
    #[must_use]
    pub fn within(&self, low: f64, high: f64) -> Self {
        let clamp = |x: f64| x.clamp(self.min(), self.max());
        let (a, b) = (clamp(low), clamp(high.max(low)));
        match self {
            Self::Uniform(_) => Self::Uniform([a, b]),
            Self::LogUniform(_) => Self::LogUniform([a, b]),
        }
    }

    /// Checks order, sign and finiteness, and that the range lies inside `allowed`.
    ///
    /// # Errors
    /// [`Error::Prior`] naming `key`.
    pub fn check(
        &self,
        key: &'static str,
        allowed: [f64; 2],
        expected: &'static str,
    ) -> Result<()> {
        let (a, b) = (self.min(), self.max());
        let ordered = a.is_finite() && b.is_finite() && a <= b;
        let sign = matches!(self, Self::Uniform(_)) || a > 0.0;
        if ordered && sign && a >= allowed[0] && b <= allowed[1] {
            Ok(())
        } else {
            Err(Error::Prior {
                key,
                value: format!("{a} .. {b}"),
                expected,
            })
        }
    }
}

/// Checks a probability.
///
/// # Errors
/// [`Error::Prior`] naming `key`.
pub(crate) fn check_share(key: &'static str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::Prior {
            key,
            value: value.to_string(),
            expected: "a share, 0 to 1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn draws_stay_inside_and_fill_the_range() {
        let mut rng = stream(3, Purpose::Sample, 0);
        for range in [Range::Uniform([-1.0, 4.0]), Range::LogUniform([0.1, 50.0])] {
            let draws: Vec<f64> = (0..4000).map(|_| range.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| *x >= range.min() && *x <= range.max()));
            let middle = match range {
                Range::Uniform([a, b]) => 0.5 * (a + b),
                Range::LogUniform([a, b]) => (a * b).sqrt(),
            };
            let below = draws.iter().filter(|x| **x < middle).count();
            // 4 sigma of a binomial of 4000 trials.
            assert!((below as f64 - 2000.0).abs() < 127.0, "{below}");
        }
    }

    #[test]
    fn bad_ranges_name_their_key() {
        let error = Range::LogUniform([0.0, 1.0])
            .check("particles.radius_nm", [0.0, 100.0], "positive lengths")
            .unwrap_err();
        assert!(error.to_string().contains("particles.radius_nm"));
    }
}
