//! Ellipsoid cut at the bottom and at the top.

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::{FormFactor, SphericalSegment};
use crate::error::{Result, positive};

/// An ellipsoid with the half axes R_x, R_y, R_z of which heights are removed at the bottom and at
/// the top; it stands with the lower cut on z = 0.
///
/// It is a [`SphericalSegment`] of radius R_z stretched in the plane:
/// F(q) = (R_x R_y / R_z^2) F_segment(q_x R_x / R_z, q_y R_y / R_z, q_z).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EllipsoidalSegment {
    segment: SphericalSegment,
    stretch: [f64; 2],
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "EllipsoidalSegment",
    summary: "ellipsoid cut by a horizontal plane at the top and at the bottom",
    parameters: &[
        nm("radius_x", "half axis along x"),
        nm("radius_y", "half axis along y"),
        nm("radius_z", "half axis along z"),
        nm("top_cut", "height removed at the top"),
        nm("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[&[3.0, 5.0, 4.0, 1.0, 3.0]],
    constructor: |v| {
        Ok(Box::new(EllipsoidalSegment::new(
            [v[0], v[1], v[2]],
            v[3],
            v[4],
        )?))
    },
};

pub(super) const SPHEROIDAL: ShapeInfo = ShapeInfo {
    name: "SpheroidalSegment",
    summary: "ellipsoid of revolution cut at the top and at the bottom",
    parameters: &[
        nm("radius_xy", "half axis in the plane"),
        nm("radius_z", "vertical half axis"),
        nm("top_cut", "height removed at the top"),
        nm("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[&[5.0, 3.0, 0.0, 2.0]],
    constructor: |v| {
        Ok(Box::new(EllipsoidalSegment::new(
            [v[0], v[0], v[1]],
            v[2],
            v[3],
        )?))
    },
};

impl EllipsoidalSegment {
    /// Ellipsoid with these half axes along x, y, z, with `top_cut_nm` and `bottom_cut_nm` removed
    /// (nm).
    ///
    /// # Errors
    /// If a half axis is not positive, a cut is negative, or nothing is left.
    pub fn new(radii_nm: [f64; 3], top_cut_nm: f64, bottom_cut_nm: f64) -> Result<Self> {
        let [x, y, z] = radii_nm;
        positive("ellipsoid half axis", x, "nm")?;
        positive("ellipsoid half axis", y, "nm")?;
        let segment = SphericalSegment::new(z, top_cut_nm, bottom_cut_nm)?;
        Ok(Self {
            segment,
            stretch: [x / z, y / z],
        })
    }
}

impl FormFactor for EllipsoidalSegment {
    fn at(&self, [x, y, z]: [Complex64; 3]) -> Complex64 {
        let [a, b] = self.stretch;
        a * b * self.segment.at([x * a, y * b, z])
    }

    fn volume(&self) -> f64 {
        self.stretch[0] * self.stretch[1] * self.segment.volume()
    }

    fn radius(&self) -> f64 {
        self.stretch[0].max(self.stretch[1]) * self.segment.radius()
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.segment
            .support([x * self.stretch[0], y * self.stretch[1], z])
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.segment
            .density([x / self.stretch[0], y / self.stretch[1], z])
    }
}
