//! Rectangular box.

use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, slab};
use super::{FormFactor, cis, solid};
use crate::error::{Result, positive};
use crate::special::sinc;
use crate::special_derivatives::sinc_derivative;

/// A box with the edges L, W, H along x, y, z, standing on z = 0:
///
/// F(q) = V sinc(q_x L/2) sinc(q_y W/2) sinc(q_z H/2) exp(i q_z H/2), sinc x = sin x / x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cuboid {
    length_nm: f64,
    width_nm: f64,
    height_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "Box",
    summary: "rectangular box",
    parameters: &[
        nm("length", "edge along x"),
        nm("width", "edge along y"),
        nm("height", "edge along z"),
    ],
    examples: &[&[5.0, 8.0, 3.0]],
    constructor: |v| Ok(Box::new(Cuboid::new(v[0], v[1], v[2])?)),
};

impl Cuboid {
    /// Box with the edges `length_nm`, `width_nm`, `height_nm` (nm) along x, y, z.
    ///
    /// # Errors
    /// If an edge is not positive.
    pub fn new(length_nm: f64, width_nm: f64, height_nm: f64) -> Result<Self> {
        Ok(Self {
            length_nm: positive("box length", length_nm, "nm")?,
            width_nm: positive("box width", width_nm, "nm")?,
            height_nm: positive("box height", height_nm, "nm")?,
        })
    }
}

impl FormFactor for Cuboid {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let half = 0.5 * self.height_nm * q[2];
        let in_plane = sinc(0.5 * self.length_nm * q[0]) * sinc(0.5 * self.width_nm * q[1]);
        self.volume() * in_plane * sinc(half) * cis(half)
    }

    fn volume(&self) -> f64 {
        self.length_nm * self.width_nm * self.height_nm
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    /// Half the diagonal.
    fn radius(&self) -> f64 {
        0.5 * self.length_nm.hypot(self.width_nm).hypot(self.height_nm)
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        0.5 * (self.length_nm * x.abs() + self.width_nm * y.abs()) + self.height_nm * z.max(0.0)
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        Some(Arc::new(Self::new(self.length_nm, self.width_nm, high_nm - low_nm).ok()?))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let inside = x.abs() <= 0.5 * self.length_nm && y.abs() <= 0.5 * self.width_nm;
        solid(inside && (0.0..=self.height_nm).contains(&z))
    }
}

impl Differentiable for Cuboid {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let along = |edge: f64, q: Complex64| {
            let half = 0.5 * edge * q;
            [sinc(half), 0.5 * edge * sinc_derivative(half)]
        };
        let [x, x_slope] = along(self.length_nm, q[0]);
        let [y, y_slope] = along(self.width_nm, q[1]);
        let [z, z_slope] = slab(self.height_nm, q[2]).map(|s| s * self.volume());
        let f = Differential::new(x * y * z, [x_slope * y * z, x * y_slope * z, x * y * z_slope]);
        f.with([
            f.stretch(q, 0) / self.length_nm,
            f.stretch(q, 1) / self.width_nm,
            f.stretch(q, 2) / self.height_nm,
        ])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        let [x, y, z] = [self.length_nm, self.width_nm, self.height_nm].map(|e| 0.25 * e / self.radius());
        [x, y, z, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.5 * x.abs(), 0.5 * y.abs(), z.max(0.0), 0.0, 0.0]
    }
}
