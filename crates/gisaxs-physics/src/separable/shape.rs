//! Upright, round shapes.

use crate::elementary::powi;

/// Shapes that differ in size only: every radius has the same height over radius.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum UprightShape {
    /// Sphere of radius R cut at the bottom so that its height is `height_ratio` x R,
    /// standing on the cut. Range of `height_ratio`: above 0 to 2 (the full sphere).
    Segment {
        /// Height over radius.
        height_ratio: f64,
    },
    /// Upright cylinder of height `height_ratio` x R.
    Cylinder {
        /// Height over radius.
        height_ratio: f64,
    },
}

impl UprightShape {
    /// Height over radius.
    #[must_use]
    pub fn height_ratio(&self) -> f64 {
        match *self {
            Self::Segment { height_ratio } | Self::Cylinder { height_ratio } => height_ratio,
        }
    }

    /// Volume of the particle of radius `radius_nm`, nm^3.
    #[must_use]
    pub fn volume(&self, radius_nm: f64) -> f64 {
        let cube = std::f64::consts::PI * powi(radius_nm, 3);
        match *self {
            Self::Segment { height_ratio: h } => cube * h * h * (1.0 - h / 3.0),
            Self::Cylinder { height_ratio: h } => cube * h,
        }
    }

    /// r(z)^2 of the particle of radius 1, with z from 0 to the height ratio.
    pub(super) fn radius_squared(&self, z: f64) -> f64 {
        match *self {
            Self::Segment { height_ratio } => {
                let above_centre = z - (height_ratio - 1.0);
                (1.0 - above_centre * above_centre).max(0.0)
            }
            Self::Cylinder { .. } => 1.0,
        }
    }
}
