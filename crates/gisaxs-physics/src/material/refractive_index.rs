//! The complex refractive index of a medium for X-rays.

use num_complex::Complex64;

use crate::error::{Result, check, non_negative};

/// Refractive index n = 1 - delta + i beta (pure numbers).
///
/// The sign of beta belongs to the time factor exp(-i omega t): a wave decays in an absorbing
/// medium because Im k_z > 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefractiveIndex {
    /// Refractive decrement, delta = r_e lambda^2 sum_a N_a f1_a / (2 pi).
    pub delta: f64,
    /// Absorption index, beta = lambda mu / (4 pi), with mu the linear absorption coefficient.
    pub beta: f64,
}

impl RefractiveIndex {
    /// Vacuum, n = 1.
    pub const VACUUM: Self = Self {
        delta: 0.0,
        beta: 0.0,
    };

    /// Index from delta and beta.
    ///
    /// # Errors
    /// If delta is not finite or not below 1, or beta is negative or not finite.
    pub fn new(delta: f64, beta: f64) -> Result<Self> {
        Ok(Self {
            delta: check("delta", delta, "", "a finite number below 1", |d| d < 1.0)?,
            beta: non_negative("beta", beta, "")?,
        })
    }

    /// n = 1 - delta + i beta.
    #[must_use]
    pub fn n(self) -> Complex64 {
        Complex64::new(1.0 - self.delta, self.beta)
    }

    /// n^2 - 1, without the cancellation of squaring a number close to 1.
    ///
    /// n^2 - 1 = -2 delta + delta^2 - beta^2 + 2 i (1 - delta) beta.
    #[must_use]
    pub fn n_squared_minus_one(self) -> Complex64 {
        let Self { delta, beta } = self;
        Complex64::new(
            delta * (delta - 2.0) - beta * beta,
            2.0 * (1.0 - delta) * beta,
        )
    }

    /// The index with this value of n^2 - 1, the inverse of [`Self::n_squared_minus_one`].
    #[must_use]
    pub fn from_n_squared_minus_one(value: Complex64) -> Self {
        // n - 1 = (n^2 - 1) / (n + 1).
        let n_minus_one = value / ((1.0 + value).sqrt() + 1.0);
        Self {
            delta: -n_minus_one.re,
            beta: n_minus_one.im,
        }
    }

    /// Contrast n_self^2 - n_other^2.
    #[must_use]
    pub fn contrast(self, other: Self) -> Complex64 {
        self.n_squared_minus_one() - other.n_squared_minus_one()
    }

    /// Critical angle of total external reflection against vacuum, in rad:
    /// cos(alpha_c) = 1 - delta, that is alpha_c = 2 asin(sqrt(delta / 2)); 0 where delta <= 0.
    #[must_use]
    pub fn critical_angle_rad(self) -> f64 {
        2.0 * (0.5 * self.delta.max(0.0)).sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_without_cancellation() {
        let index = RefractiveIndex::new(3.0e-5, 2.0e-6).unwrap();
        let direct = index.n() * index.n() - 1.0;
        assert!((index.n_squared_minus_one() - direct).norm() < 4.0 * f64::EPSILON);
        let tiny = RefractiveIndex::new(1.0e-14, 0.0).unwrap();
        assert!((tiny.n_squared_minus_one().re / -2.0e-14 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn square_and_root_are_inverse() {
        for (delta, beta) in [
            (3.0e-5, 2.0e-6),
            (1e-14, 0.0),
            (0.0, 0.0),
            (0.1, 0.3),
            (-1e-6, 1e-9),
        ] {
            let index = RefractiveIndex { delta, beta };
            let back = RefractiveIndex::from_n_squared_minus_one(index.n_squared_minus_one());
            assert!((back.delta - delta).abs() <= 1e-15 * delta.abs().max(beta));
            assert!((back.beta - beta).abs() <= 1e-15 * delta.abs().max(beta));
        }
    }

    #[test]
    fn critical_angle_of_silicon() {
        // 0.2230 deg at 8.048 keV.
        let silicon = RefractiveIndex::new(7.57667e-6, 1.75426e-7).unwrap();
        assert!((silicon.critical_angle_rad().to_degrees() - 0.2230).abs() < 1e-4);
        assert_eq!(RefractiveIndex::VACUUM.critical_angle_rad(), 0.0);
    }

    #[test]
    fn refuses_gain_and_nonsense() {
        assert!(RefractiveIndex::new(1e-6, -1e-9).is_err());
        assert!(RefractiveIndex::new(f64::NAN, 0.0).is_err());
        assert!(RefractiveIndex::new(2.0, 0.0).is_err());
    }
}
