//! Part of the beam that falls on the sample.

use std::f64::consts::SQRT_2;

use crate::elementary::sin;
use crate::error::{Result, positive};

/// Part of the beam that falls on the sample at grazing incidence.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Footprint {
    /// Gaussian beam; `width_ratio` is its standard deviation over half the sample length:
    /// erf(sin(alpha_i) / (sqrt2 width_ratio)).
    Gauss {
        /// Width of the beam relative to the sample.
        width_ratio: f64,
    },
    /// Beam of rectangular profile; `width_ratio` is its height over the sample length:
    /// min(1, sin(alpha_i) / width_ratio).
    Square {
        /// Width of the beam relative to the sample.
        width_ratio: f64,
    },
}

impl Footprint {
    /// Checks the width ratio.
    ///
    /// # Errors
    /// If it is not positive.
    pub fn validate(&self) -> Result<()> {
        let (Self::Gauss { width_ratio } | Self::Square { width_ratio }) = *self;
        positive("beam width over sample length", width_ratio, "").map(|_| ())
    }

    /// Factor for the counts at the incidence angle `alpha_i_rad` (rad).
    #[must_use]
    pub fn factor(&self, alpha_i_rad: f64) -> f64 {
        let sine = sin(alpha_i_rad);
        match *self {
            Self::Gauss { width_ratio } => libm::erf(sine / (width_ratio * SQRT_2)),
            Self::Square { width_ratio } => (sine / width_ratio).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors() {
        assert_eq!(Footprint::Square { width_ratio: 0.002 }.factor(0.005), 1.0);
        assert!((Footprint::Square { width_ratio: 0.01 }.factor(0.005) - 0.5).abs() < 1e-5);
        let gauss = Footprint::Gauss { width_ratio: 0.005 };
        assert!((gauss.factor(0.005) - 0.682_689_492).abs() < 1e-5);
        assert!(gauss.validate().is_ok());
        assert!(Footprint::Square { width_ratio: 0.0 }.validate().is_err());
        assert!(
            Footprint::Gauss {
                width_ratio: f64::NAN
            }
            .validate()
            .is_err()
        );
    }
}
