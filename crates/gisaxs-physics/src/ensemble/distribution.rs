//! Continuous distributions of a parameter, and their discretisation.

use crate::elementary::{atan, cos, exp, ln, powi, sin};
use crate::error::{Error, Result, check, positive};

/// A distribution of a positive parameter such as a radius; widths carry the same unit.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Distribution {
    /// Uniform between `min` and `max`.
    Gate {
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
    },
    /// Normal distribution.
    Gaussian {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std_dev: f64,
    },
    /// Lorentz (Cauchy) distribution, density proportional to 1 / (1 + ((x - mean) / hwhm)^2).
    Lorentz {
        /// Centre.
        mean: f64,
        /// Half width at half maximum.
        hwhm: f64,
    },
    /// Log-normal distribution: ln x is normal around ln `median` with deviation `scale`.
    LogNormal {
        /// Median.
        median: f64,
        /// Standard deviation of ln x.
        scale: f64,
    },
    /// Schulz-Zimm (gamma) distribution of positive values, density proportional to
    /// x^(k-1) exp(-k x / mean) with k = (mean / std_dev)^2. Reference: G. V. Schulz, Z. Phys.
    /// Chem. B 43, 25 (1939).
    Schulz {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std_dev: f64,
    },
    /// Density proportional to 1 + cos(pi (x - mean) / (2 sigma)) between mean +- 2 sigma.
    Cosine {
        /// Mean.
        mean: f64,
        /// A quarter of the base width.
        sigma: f64,
    },
}

impl Distribution {
    /// Checks that limits are ordered and widths positive.
    ///
    /// # Errors
    /// The parameter that is not allowed.
    pub fn validate(&self) -> Result<()> {
        let finite = |name, value| check(name, value, "", "a finite number", |_| true);
        match *self {
            Self::Gate { min, max } => {
                finite("minimum", min)?;
                check("maximum", max, "", "more than the minimum", |m| m > min)?;
            }
            Self::Gaussian { mean, std_dev } => {
                finite("mean", mean)?;
                positive("standard deviation", std_dev, "")?;
            }
            Self::Lorentz { mean, hwhm } => {
                finite("mean", mean)?;
                positive("half width at half maximum", hwhm, "")?;
            }
            Self::LogNormal { median, scale } => {
                positive("median", median, "")?;
                positive("scale of ln x", scale, "")?;
            }
            Self::Schulz { mean, std_dev } => {
                positive("mean", mean, "")?;
                positive("standard deviation", std_dev, "")?;
            }
            Self::Cosine { mean, sigma } => {
                finite("mean", mean)?;
                positive("sigma", sigma, "")?;
            }
        }
        Ok(())
    }

    /// Density at `x`, up to a constant factor (it is 1 at the centre of the symmetric
    /// distributions and at the mean of the Schulz distribution).
    #[must_use]
    pub fn relative_density(&self, x: f64) -> f64 {
        match *self {
            Self::Gate { min, max } => f64::from(u8::from((min..=max).contains(&x))),
            Self::Gaussian { mean, std_dev } => exp(-0.5 * powi((x - mean) / std_dev, 2)),
            Self::Lorentz { mean, hwhm } => 1.0 / (1.0 + powi((x - mean) / hwhm, 2)),
            Self::LogNormal { median, scale } if x > 0.0 => {
                exp(-0.5 * powi(ln(x / median) / scale, 2)) / x
            }
            Self::LogNormal { .. } => 0.0,
            Self::Schulz { mean, std_dev } if x > 0.0 => {
                let (k, u) = (powi(mean / std_dev, 2), x / mean);
                exp((k - 1.0) * ln(u) - k * (u - 1.0))
            }
            Self::Schulz { .. } => 0.0,
            Self::Cosine { mean, sigma } => {
                let phase = std::f64::consts::PI * (x - mean) / (2.0 * sigma);
                if phase.abs() <= std::f64::consts::PI {
                    0.5 * (1.0 + cos(phase))
                } else {
                    0.0
                }
            }
        }
    }

    /// Cumulative distribution at `x`: 0 far below, 1 far above. Good to 1e-12.
    #[must_use]
    pub fn cumulative(&self, x: f64) -> f64 {
        let normal = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        match *self {
            Self::Gate { min, max } => ((x - min) / (max - min)).clamp(0.0, 1.0),
            Self::Gaussian { mean, std_dev } => normal((x - mean) / std_dev),
            Self::Lorentz { mean, hwhm } => 0.5 + atan((x - mean) / hwhm) / std::f64::consts::PI,
            Self::LogNormal { median, scale } if x > 0.0 => normal(ln(x / median) / scale),
            Self::Schulz { mean, std_dev } if x > 0.0 => {
                let k = powi(mean / std_dev, 2);
                lower_gamma_ratio(k, k * x / mean)
            }
            Self::LogNormal { .. } | Self::Schulz { .. } => 0.0,
            Self::Cosine { mean, sigma } => {
                let t = ((x - mean) / (2.0 * sigma)).clamp(-1.0, 1.0);
                0.5 * (1.0 + t) + sin(std::f64::consts::PI * t) / std::f64::consts::TAU
            }
        }
    }

    /// Interval of the nodes: the support of the bounded distributions, otherwise `width` times
    /// the width parameter to either side (in ln x for the log-normal distribution; not below zero
    /// for the Schulz distribution).
    #[must_use]
    pub fn limits(&self, width: f64) -> [f64; 2] {
        match *self {
            Self::Gate { min, max } => [min, max],
            Self::Gaussian { mean, std_dev } => [mean - width * std_dev, mean + width * std_dev],
            Self::Lorentz { mean, hwhm } => [mean - width * hwhm, mean + width * hwhm],
            Self::LogNormal { median, scale } => {
                let factor = exp(width * scale);
                [median / factor, median * factor]
            }
            Self::Schulz { mean, std_dev } => {
                [(mean - width * std_dev).max(0.0), mean + width * std_dev]
            }
            Self::Cosine { mean, sigma } => [mean - 2.0 * sigma, mean + 2.0 * sigma],
        }
    }

    /// `n` nodes with weights (sum 1): equidistant between the [`Self::limits`], weighted with
    /// the density; for n = 1 the middle of the limits.
    ///
    /// # Errors
    /// If a parameter is not allowed, `n` is 0, `width` is not positive, or the density vanishes
    /// at every node.
    pub fn nodes(&self, n: usize, width: f64) -> Result<Vec<Node>> {
        self.validate()?;
        positive("sampling width", width, "")?;
        if n == 0 {
            return Err(Error::Length {
                name: "nodes of a distribution",
                found: 0,
                expected: "at least 1",
            });
        }
        let [min, max] = self.limits(width);
        let value = |j: usize| {
            if n == 1 {
                0.5 * (min + max)
            } else {
                min + (max - min) * (j as f64 / (n - 1) as f64)
            }
        };
        let density: Vec<f64> = (0..n)
            .map(|j| match self {
                // The ends of a gate are inside, whatever rounding makes of them.
                Self::Gate { .. } => 1.0,
                _ => self.relative_density(value(j)),
            })
            .collect();
        let total = density.iter().sum::<f64>();
        positive("sum of the densities at the nodes", total, "")?;
        Ok(density
            .iter()
            .enumerate()
            .map(|(j, d)| Node {
                value: value(j),
                weight: d / total,
            })
            .collect())
    }
}

/// Regularised lower incomplete gamma function P(a, x): its series (DLMF 8.11.4) below a + 1,
/// Lentz' method for the continued fraction of 1 - P (DLMF 8.9.2) above.
fn lower_gamma_ratio(a: f64, x: f64) -> f64 {
    const TERMS: usize = 10_000;
    let front = exp(a * ln(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let mut term = 1.0 / a;
        let mut sum = term;
        for n in 1..TERMS {
            term *= x / (a + n as f64);
            sum += term;
            if term < 1e-16 * sum {
                break;
            }
        }
        return front * sum;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (f64::INFINITY, 1.0 / b);
    let mut fraction = d;
    for n in 1..TERMS {
        let n = n as f64;
        let numerator = n * (a - n);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    1.0 - front * fraction
}

/// One value of a discretised distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Node {
    /// The value.
    pub value: f64,
    /// Its weight; the weights of a distribution add up to 1.
    pub weight: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Distribution; 6] = [
        Distribution::Gate { min: 2.0, max: 5.0 },
        Distribution::Gaussian {
            mean: 4.0,
            std_dev: 0.5,
        },
        Distribution::Lorentz {
            mean: 4.0,
            hwhm: 0.3,
        },
        Distribution::LogNormal {
            median: 4.0,
            scale: 0.2,
        },
        Distribution::Cosine {
            mean: 4.0,
            sigma: 0.7,
        },
        Distribution::Schulz {
            mean: 4.0,
            std_dev: 0.9,
        },
    ];

    #[test]
    fn cumulative_is_the_integral_of_the_density() {
        for distribution in ALL {
            // Trapezoids from one point to another, relative to the same over the whole range.
            let [low, high] = match distribution {
                Distribution::Lorentz { .. } => [2.0, 7.0],
                _ => distribution.limits(9.0).map(|x| x.max(1e-9)),
            };
            let integral = |a: f64, b: f64| {
                let n = 200_000;
                let step = (b - a) / f64::from(n);
                let inner: f64 = (0..n)
                    .map(|i| distribution.relative_density(a + step * (f64::from(i) + 0.5)))
                    .sum();
                inner * step
            };
            let total = integral(low, high);
            let share = distribution.cumulative(high) - distribution.cumulative(low);
            for x in [2.2, 3.1, 4.0, 4.9] {
                let expected = distribution.cumulative(low) + share * integral(low, x) / total;
                let error = (distribution.cumulative(x) - expected).abs();
                assert!(error < 1e-6, "{distribution:?} {x} {error:e}");
            }
        }
        // Chi-squared with 2 degrees of freedom is exponential.
        assert!((lower_gamma_ratio(1.0, 0.7) - (1.0 - (-0.7_f64).exp())).abs() < 1e-14);
        assert!((lower_gamma_ratio(1.0, 9.0) - (1.0 - (-9.0_f64).exp())).abs() < 1e-14);
    }

    #[test]
    fn weights_add_up_and_nodes_are_ordered() {
        for distribution in ALL {
            for n in [1, 2, 5, 40] {
                if n == 2 && matches!(distribution, Distribution::Cosine { .. }) {
                    // Both nodes sit where the density is zero, up to rounding.
                    continue;
                }
                let nodes = distribution.nodes(n, 2.5).unwrap();
                assert_eq!(nodes.len(), n);
                assert!((nodes.iter().map(|x| x.weight).sum::<f64>() - 1.0).abs() < 1e-14);
                assert!(nodes.windows(2).all(|w| w[0].value < w[1].value));
            }
        }
    }

    #[test]
    fn moments_converge() {
        let moments = |distribution: Distribution, width: f64| {
            let nodes = distribution.nodes(4001, width).unwrap();
            let mean = nodes.iter().map(|x| x.weight * x.value).sum::<f64>();
            (
                mean,
                nodes
                    .iter()
                    .map(|x| x.weight * (x.value - mean).powi(2))
                    .sum::<f64>()
                    .sqrt(),
            )
        };
        let close = |(mean, deviation): (f64, f64), m: f64, d: f64| {
            assert!(
                (mean / m - 1.0).abs() < 1e-3 && (deviation / d - 1.0).abs() < 1e-3,
                "{mean} {deviation}"
            );
        };
        close(moments(ALL[0], 1.0), 3.5, 3.0 / 12.0_f64.sqrt());
        close(moments(ALL[1], 8.0), 4.0, 0.5);
        let s = 0.2_f64;
        let mean = 4.0 * (0.5 * s * s).exp();
        close(moments(ALL[3], 8.0), mean, mean * (s * s).exp_m1().sqrt());
        // Variance of the raised cosine with half base 2 sigma: (2 sigma)^2 (1/3 - 2/pi^2).
        let variance = 1.4_f64.powi(2) * (1.0 / 3.0 - 2.0 / std::f64::consts::PI.powi(2));
        close(moments(ALL[4], 1.0), 4.0, variance.sqrt());
        close(moments(ALL[5], 9.0), 4.0, 0.9);
    }

    #[test]
    fn refuses_bad_parameters() {
        assert!(
            Distribution::Gate { min: 3.0, max: 3.0 }
                .nodes(5, 1.0)
                .is_err()
        );
        assert!(
            Distribution::LogNormal {
                median: -1.0,
                scale: 0.1
            }
            .nodes(5, 2.0)
            .is_err()
        );
        assert!(ALL[1].nodes(0, 2.0).is_err());
        assert!(ALL[1].nodes(5, 0.0).is_err());
    }
}
