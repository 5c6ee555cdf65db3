//! Upright cylinder with elliptic base.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, slab};
use super::slices::{self, Section, Slice, Sliced, gauss};
use super::{FormFactor, Scratch, Terms, cis, solid};
use crate::elementary::{hypot, powi, sqrt};
use crate::error::{Result, positive};
use crate::special::{bessel_j1_over_z, sinc};
use crate::special_derivatives::bessel_j2_over_z2;

/// A cylinder with vertical axis and the half axes R_x, R_y of its base:
///
/// F(q) = V 2 J1(u) / u sinc(q_z H / 2) exp(i q_z H / 2), u^2 = (q_x R_x)^2 + (q_y R_y)^2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EllipsoidalCylinder {
    radius_x_nm: f64,
    radius_y_nm: f64,
    height_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "EllipsoidalCylinder",
    summary: "upright cylinder with elliptic base",
    parameters: &[
        nm("radius_x", "half axis along x"),
        nm("radius_y", "half axis along y"),
        nm("height", "height"),
    ],
    examples: &[&[5.0, 3.0, 6.0]],
    constructor: |v| Ok(Box::new(EllipsoidalCylinder::new(v[0], v[1], v[2])?)),
};

impl EllipsoidalCylinder {
    /// Cylinder with the half axes `radius_x_nm`, `radius_y_nm` and the height `height_nm` (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn new(radius_x_nm: f64, radius_y_nm: f64, height_nm: f64) -> Result<Self> {
        Ok(Self {
            radius_x_nm: positive("cylinder half axis", radius_x_nm, "nm")?,
            radius_y_nm: positive("cylinder half axis", radius_y_nm, "nm")?,
            height_nm: positive("cylinder height", height_nm, "nm")?,
        })
    }
}

/// Ellipses as disks of radius R_x in a stretched plane.
impl Sliced for EllipsoidalCylinder {
    const SECTION: Section = Section::Disk;

    fn height(&self) -> f64 {
        self.height_nm
    }

    fn largest(&self) -> f64 {
        self.radius_x_nm
    }

    fn slices(&self, _u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let n = slices::nodes(0.5 * self.height_nm * q_z);
        let area = PI * self.radius_x_nm * self.radius_y_nm;
        gauss(n, [0.0, self.height_nm], |z, weight| {
            visit(Slice {
                z,
                volume: area * weight,
                r: self.radius_x_nm,
            });
        });
    }

    fn stretch(&self) -> [f64; 2] {
        [1.0, self.radius_y_nm / self.radius_x_nm]
    }
}

impl FormFactor for EllipsoidalCylinder {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let (u, v) = (q[0] * self.radius_x_nm, q[1] * self.radius_y_nm);
        let half = 0.5 * self.height_nm * q[2];
        self.volume() * 2.0 * bessel_j1_over_z(sqrt(u * u + v * v)) * sinc(half) * cis(half)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        let area = PI * self.radius_x_nm * self.radius_y_nm;
        slices::add_terms_upright(self, area, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        PI * self.radius_x_nm * self.radius_y_nm * self.height_nm
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        0.5 * (self.radius_x_nm + self.radius_y_nm)
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        hypot(self.radius_x_nm * x, self.radius_y_nm * y) + self.height_nm * z.max(0.0)
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let height = high_nm - low_nm;
        Some(Arc::new(
            Self::new(self.radius_x_nm, self.radius_y_nm, height).ok()?,
        ))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let inside = powi(x / self.radius_x_nm, 2) + powi(y / self.radius_y_nm, 2) <= 1.0;
        solid(inside && (0.0..=self.height_nm).contains(&z))
    }
}

impl Differentiable for EllipsoidalCylinder {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let [x, y, z] = q;
        let (a, b) = (self.radius_x_nm, self.radius_y_nm);
        let u = sqrt(x * x * (a * a) + y * y * (b * b));
        let [slab, slab_slope] = slab(self.height_nm, z);
        let disk = 2.0 * self.volume() * bessel_j1_over_z(u);
        let slope = -2.0 * self.volume() * bessel_j2_over_z2(u) * slab;
        let f = Differential::new(disk * slab, [slope * x * (a * a), slope * y * (b * b), disk * slab_slope]);
        f.with([f.stretch(q, 0) / a, f.stretch(q, 1) / b, f.stretch(q, 2) / self.height_nm])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.5, 0.5, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let (a, b) = (self.radius_x_nm, self.radius_y_nm);
        let reach = hypot(a * x, b * y);
        let inverse = if reach > 0.0 { reach.recip() } else { 0.0 };
        [x * x * a * inverse, y * y * b * inverse, z.max(0.0), 0.0, 0.0]
    }
}
