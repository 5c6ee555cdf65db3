//! Ellipsoid.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::ball::Ball;
use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::{EllipsoidalSegment, FormFactor, Scratch, Terms, add_terms_one_by_one, cis, solid, square};
use crate::elementary::{powi};
use crate::error::{Result, positive};
use crate::special::sphere_3j1_over_x;
use crate::special_derivatives::sphere_slope;

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

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        0.5 * (self.radii_nm[0] + self.radii_nm[1])
    }

    fn support(&self, direction: [f64; 3]) -> f64 {
        let reach = (0..3).map(|i| powi(direction[i] * self.radii_nm[i], 2)).sum::<f64>().sqrt();
        direction[2] * self.radii_nm[2] + reach
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let above = 2.0 * self.radii_nm[2] - high_nm;
        Some(Arc::new(EllipsoidalSegment::new(self.radii_nm, above.max(0.0), low_nm).ok()?))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let [a, b, c] = self.radii_nm;
        solid(powi(x / a, 2) + powi(y / b, 2) + powi((z - c) / c, 2) <= 1.0)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        if !terms.real {
            return add_terms_one_by_one(self, terms, re, im);
        }
        let [x, y, z] = self.radii_nm;
        let ball = Ball {
            ratios: [x / z, y / z],
            radius_nm: z,
            volume: self.volume(),
            centre_nm: z,
            sigma_nm: 0.0,
        };
        ball.add_terms(terms, scratch, re, im);
    }
}

impl Differentiable for Ellipsoid {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    /// Each half axis is a stretch along it.
    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let r = self.radii_nm;
        let scaled: [Complex64; 3] = std::array::from_fn(|i| q[i] * r[i]);
        let s = square(scaled);
        let around = self.volume() * cis(scaled[2]);
        let value = sphere_3j1_over_x(s);
        let slope = around * sphere_slope(s, value) * 2.0;
        let value = around * value;
        let mut gradient = std::array::from_fn(|i| slope * scaled[i] * r[i]);
        gradient[2] += Complex64::I * r[2] * value;
        let f = Differential::new(value, gradient);
        f.with(std::array::from_fn::<_, 3, _>(|i| f.stretch(q, i) / r[i]))
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.5, 0.5, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, direction: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let reach = (0..3).map(|i| powi(direction[i] * self.radii_nm[i], 2)).sum::<f64>().sqrt();
        let mut rates = [0.0; MOST_SHAPE_PARAMETERS];
        for (i, rate) in rates.iter_mut().take(3).enumerate() {
            *rate = direction[i] * direction[i] * self.radii_nm[i] / reach;
        }
        rates[2] += direction[2];
        rates
    }
}
