//! Fourier transforms of one-dimensional distributions.

use std::f64::consts::PI;

use crate::elementary::{exp, exp_m1, powi};
use crate::error::{Result, check, positive};
use crate::special::{sinc_real, sphere_3j1_over_x_real};

/// A symmetric probability distribution of width omega on a line, known by its Fourier
/// transform phi(q) with phi(0) = 1. With x = q omega:
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Profile1d {
    /// Gaussian of standard deviation omega: exp(-x^2 / 2).
    Gauss {
        /// omega in nm.
        omega_nm: f64,
    },
    /// Two-sided exponential of decay length omega: 1 / (1 + x^2).
    Cauchy {
        /// omega in nm.
        omega_nm: f64,
    },
    /// Uniform from -omega to omega: sin(x) / x.
    Gate {
        /// omega in nm.
        omega_nm: f64,
    },
    /// Triangle of half base omega: (sin(x/2) / (x/2))^2.
    Triangle {
        /// omega in nm.
        omega_nm: f64,
    },
    /// 1 + cos(pi r / omega) from -omega to omega: sin(x) / x / (1 - x^2 / pi^2).
    Cosine {
        /// omega in nm.
        omega_nm: f64,
    },
    /// eta Gauss + (1 - eta) Cauchy.
    Voigt {
        /// omega in nm of both parts.
        omega_nm: f64,
        /// Weight of the Gaussian, 0 to 1.
        eta: f64,
    },
}

impl Profile1d {
    /// The width omega in nm.
    #[must_use]
    pub fn omega_nm(&self) -> f64 {
        match *self {
            Self::Gauss { omega_nm }
            | Self::Cauchy { omega_nm }
            | Self::Gate { omega_nm }
            | Self::Triangle { omega_nm }
            | Self::Cosine { omega_nm }
            | Self::Voigt { omega_nm, .. } => omega_nm,
        }
    }

    /// The same profile with another width (nm).
    #[must_use]
    pub fn with_omega_nm(self, omega_nm: f64) -> Self {
        match self {
            Self::Gauss { .. } => Self::Gauss { omega_nm },
            Self::Cauchy { .. } => Self::Cauchy { omega_nm },
            Self::Gate { .. } => Self::Gate { omega_nm },
            Self::Triangle { .. } => Self::Triangle { omega_nm },
            Self::Cosine { .. } => Self::Cosine { omega_nm },
            Self::Voigt { eta, .. } => Self::Voigt { omega_nm, eta },
        }
    }

    /// Checks that the width is positive and eta between 0 and 1.
    ///
    /// # Errors
    /// The parameter that is not allowed.
    pub fn validate(&self) -> Result<()> {
        positive("omega", self.omega_nm(), "nm")?;
        if let Self::Voigt { eta, .. } = *self {
            check("eta", eta, "", "0 to 1", |e| (0.0..=1.0).contains(&e))?;
        }
        Ok(())
    }

    /// phi(q), q in nm^-1.
    #[must_use]
    pub fn fourier(&self, q: f64) -> f64 {
        1.0 - self.one_minus_fourier(q)
    }

    /// 1 - phi(q), which keeps its digits at small q; there it is q^2 / 2 times the variance of
    /// the distribution.
    pub(crate) fn one_minus_fourier(&self, q: f64) -> f64 {
        let x = q * self.omega_nm();
        match *self {
            Self::Gauss { .. } => one_minus_gauss(x),
            Self::Cauchy { .. } => one_minus_cauchy(x),
            Self::Gate { .. } => one_minus_sinc(x),
            Self::Triangle { .. } => {
                let gap = one_minus_sinc(0.5 * x);
                gap * (2.0 - gap)
            }
            Self::Cosine { .. } => one_minus_cosine(x),
            Self::Voigt { eta, .. } => eta * one_minus_gauss(x) + (1.0 - eta) * one_minus_cauchy(x),
        }
    }
}

impl Profile1d {
    /// d(1 - phi)/dx at x = q omega.
    pub(crate) fn one_minus_fourier_slope(&self, x: f64) -> f64 {
        let gauss = || x * exp(-0.5 * x * x);
        let cauchy = || 2.0 * x / powi(1.0 + x * x, 2);
        match *self {
            Self::Gauss { .. } => gauss(),
            Self::Cauchy { .. } => cauchy(),
            Self::Gate { .. } => one_minus_sinc_slope(x),
            Self::Triangle { .. } => {
                let half = 0.5 * x;
                (1.0 - one_minus_sinc(half)) * one_minus_sinc_slope(half)
            }
            Self::Cosine { .. } => one_minus_cosine_slope(x),
            Self::Voigt { eta, .. } => eta * gauss() + (1.0 - eta) * cauchy(),
        }
    }
}

/// -d/dx sin(x)/x = j1(x).
fn one_minus_sinc_slope(x: f64) -> f64 {
    x / 3.0 * sphere_3j1_over_x_real(x * x)
}

/// Derivative of [`one_minus_cosine`], with the same two branches.
fn one_minus_cosine_slope(x: f64) -> f64 {
    if x.abs() > 0.5 {
        let shifted = one_minus_sinc_slope(x - PI) + one_minus_sinc_slope(x + PI);
        return one_minus_sinc_slope(x) + 0.5 * shifted;
    }
    let (u, per_x) = (x * x / (PI * PI), 2.0 * x / (PI * PI));
    let rest = 1.0 - u;
    ((one_minus_sinc_slope(x) - per_x) * rest + (one_minus_sinc(x) - u) * per_x) / (rest * rest)
}

fn one_minus_gauss(x: f64) -> f64 {
    -exp_m1(-0.5 * x * x)
}

fn one_minus_cauchy(x: f64) -> f64 {
    x * x / (1.0 + x * x)
}

/// 1 - sin(x)/x; below x = 0.5 by its series, x^2/3! - x^4/5! + ..., with 1e-17 left out.
fn one_minus_sinc(x: f64) -> f64 {
    if x.abs() > 0.5 {
        return 1.0 - sinc_real(x);
    }
    let x2 = x * x;
    let series = [
        14.0 * 15.0,
        12.0 * 13.0,
        10.0 * 11.0,
        8.0 * 9.0,
        6.0 * 7.0,
        4.0 * 5.0,
    ]
    .iter()
    .fold(1.0, |inner, divisor| 1.0 - x2 / divisor * inner);
    x2 / 6.0 * series
}

/// 1 - sinc(x) / (1 - x^2/pi^2). Away from 0 the pole at x = pi is removed by writing the
/// transform of 1 + cos as sinc(x) + (sinc(x - pi) + sinc(x + pi)) / 2.
fn one_minus_cosine(x: f64) -> f64 {
    if x.abs() > 0.5 {
        return 1.0 - sinc_real(x) - 0.5 * (sinc_real(x - PI) + sinc_real(x + PI));
    }
    let u = x * x / (PI * PI);
    (one_minus_sinc(x) - u) / (1.0 - u)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadrature::gauss_legendre;

    fn all() -> [Profile1d; 6] {
        let omega_nm = 1.7;
        [
            Profile1d::Gauss { omega_nm },
            Profile1d::Cauchy { omega_nm },
            Profile1d::Gate { omega_nm },
            Profile1d::Triangle { omega_nm },
            Profile1d::Cosine { omega_nm },
            Profile1d::Voigt { omega_nm, eta: 0.3 },
        ]
    }

    #[test]
    fn normalised_bounded_and_even() {
        for profile in all() {
            profile.validate().unwrap();
            assert!((profile.fourier(0.0) - 1.0).abs() < 1e-15);
            assert_eq!(profile.with_omega_nm(1.7), profile);
            for i in 1..2000 {
                let q = 0.01 * f64::from(i);
                assert!(profile.fourier(q).abs() <= 1.0);
                assert!((profile.fourier(q) - profile.fourier(-q)).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn transforms_of_the_densities() {
        let omega: f64 = 1.7;
        let sqrt_2_pi = (2.0 * PI).sqrt();
        // Densities on r > 0 (they are even) and where they end.
        type Density = Box<dyn Fn(f64) -> f64>;
        let cases: [(Density, f64); 5] = [
            (
                Box::new(move |r| (-0.5 * (r / omega).powi(2)).exp() / (omega * sqrt_2_pi)),
                12.0 * omega,
            ),
            (
                Box::new(move |r| (-r / omega).exp() / (2.0 * omega)),
                40.0 * omega,
            ),
            (Box::new(move |_| 0.5 / omega), omega),
            (Box::new(move |r| (1.0 - r / omega) / omega), omega),
            (
                Box::new(move |r| (1.0 + (PI * r / omega).cos()) / (2.0 * omega)),
                omega,
            ),
        ];
        for (profile, (density, end)) in all().into_iter().zip(cases) {
            for q in [0.0, 0.4, 1.0, PI / omega, 4.0] {
                let integral: f64 = gauss_legendre(200)
                    .iter()
                    .map(|&(x, w)| {
                        let r = 0.5 * end * (x + 1.0);
                        end * w * density(r) * (q * r).cos()
                    })
                    .sum();
                assert!(
                    (profile.fourier(q) - integral).abs() < 1e-12,
                    "{profile:?} {q}"
                );
            }
        }
    }

    #[test]
    fn deficit_is_continuous_and_accurate() {
        for profile in all() {
            // Both sides of the crossover of the series, at x = 0.5 (and 1.0 for half arguments).
            for x in [0.5, 1.0] {
                let (below, above) = (x * 0.999_999_9 / 1.7, x * 1.000_000_1 / 1.7);
                let jump = profile.one_minus_fourier(above) - profile.one_minus_fourier(below);
                assert!((0.0..1e-6).contains(&jump), "{profile:?} {jump:e}");
            }
            let (small, smaller) = (
                profile.one_minus_fourier(1e-6),
                profile.one_minus_fourier(1e-7),
            );
            assert!((small / smaller / 100.0 - 1.0).abs() < 1e-10, "{profile:?}");
        }
    }

    #[test]
    fn refuses_bad_widths() {
        assert!(Profile1d::Gauss { omega_nm: 0.0 }.validate().is_err());
        assert!(
            Profile1d::Voigt {
                omega_nm: 1.0,
                eta: 1.1
            }
            .validate()
            .is_err()
        );
    }
}
