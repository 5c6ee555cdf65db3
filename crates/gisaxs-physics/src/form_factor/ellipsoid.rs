//! Ellipsoid.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::{EllipsoidalSegment, FormFactor, cis, solid, square};
use crate::error::{Result, positive};
use crate::special::sphere_3j1_over_x;

/// An ellipsoid with the half axes R_x, R_y, R_z, touching z = 0 from above:
///
/// F(q) = V exp(i q_z R_z) 3 (sin x - x cos x) / x^3, x^2 = (q_x R_x)^2 + (q_y R_y)^2 + (q_z R_z)^2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipsoid {
    radii_nm: [f64; 3],
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "Ellipsoid",
    summary: "ellipsoid with axes along x, y, z",
    parameters: &[
        nm("radius_x", "half axis along x"),
        nm("radius_y", "half axis along y"),
        nm("radius_z", "half axis along z"),
    ],
    examples: &[&[3.0, 5.0, 4.0]],
    constructor: |v| Ok(Box::new(Ellipsoid::new([v[0], v[1], v[2]])?)),
};

pub(super) const SPHEROID: ShapeInfo = ShapeInfo {
    name: "Spheroid",
    summary: "ellipsoid of revolution with vertical axis",
    parameters: &[nm("radius_xy", "half axis in the plane"), nm("radius_z", "vertical half axis")],
    examples: &[&[5.0, 3.0], &[3.0, 7.0]],
    constructor: |v| Ok(Box::new(Ellipsoid::new([v[0], v[0], v[1]])?)),
};

impl Ellipsoid {
    /// Ellipsoid with these half axes (nm) along x, y, z.
    ///
    /// # Errors
    /// If a half axis is not positive.
    pub fn new(radii_nm: [f64; 3]) -> Result<Self> {
        for radius in radii_nm {
            positive("ellipsoid half axis", radius, "nm")?;
        }
        Ok(Self { radii_nm })
    }
}

impl FormFactor for Ellipsoid {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let scaled = std::array::from_fn(|i| q[i] * self.radii_nm[i]);
        self.volume() * cis(scaled[2]) * sphere_3j1_over_x(square(scaled))
    }

    fn volume(&self) -> f64 {
        4.0 / 3.0 * PI * self.radii_nm.iter().product::<f64>()
    }

    fn radius(&self) -> f64 {
        self.radii_nm[0].max(self.radii_nm[1])
    }

    fn support(&self, direction: [f64; 3]) -> f64 {
        let reach = (0..3).map(|i| (direction[i] * self.radii_nm[i]).powi(2)).sum::<f64>().sqrt();
        direction[2] * self.radii_nm[2] + reach
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let above = 2.0 * self.radii_nm[2] - high_nm;
        Some(Arc::new(EllipsoidalSegment::new(self.radii_nm, above.max(0.0), low_nm).ok()?))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let [a, b, c] = self.radii_nm;
        solid((x / a).powi(2) + (y / b).powi(2) + ((z - c) / c).powi(2) <= 1.0)
    }
}
