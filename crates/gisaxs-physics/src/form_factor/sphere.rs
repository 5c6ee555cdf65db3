//! Sphere.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::ball::Ball;
use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::{FormFactor, Scratch, SphericalSegment, Terms, add_terms_one_by_one, cis, solid, square};
use crate::elementary::{hypot, powi};
use crate::error::{Result, positive};
use crate::special::{sphere_3j1_over_x, sphere_3j1_over_x_real};
use crate::special_derivatives::sphere_slope;

/// A sphere touching z = 0 from above, centred at z = R:
///
/// F(q) = V exp(i q_z R) 3 (sin x - x cos x) / x^3, x = sqrt(q.q) R, V = 4 pi R^3 / 3.
///
/// At q -> 0 the quotient tends to 1. Reference: G. Renaud, R. Lazzari, F. Leroy, Surf. Sci.
/// Rep. 64, 255 (2009), appendix; Rayleigh (1911).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sphere {
    radius_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "Sphere",
    summary: "sphere",
    parameters: &[nm("radius", "radius")],
    examples: &[&[1.0], &[5.0]],
    constructor: |v| Ok(Box::new(Sphere::new(v[0])?)),
};

impl Sphere {
    /// Sphere of radius `radius_nm` (nm).
    ///
    /// # Errors
    /// If the radius is not positive.
    pub fn new(radius_nm: f64) -> Result<Self> {
        Ok(Self { radius_nm: positive("sphere radius", radius_nm, "nm")? })
    }
}

impl FormFactor for Sphere {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let r = self.radius_nm;
        self.volume() * cis(q[2] * r) * sphere_3j1_over_x(square(q) * (r * r))
    }

    fn volume(&self) -> f64 {
        4.0 / 3.0 * PI * powi(self.radius_nm, 3)
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.radius_nm
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.radius_nm * (z + (x * x + y * y + z * z).sqrt())
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let above = 2.0 * self.radius_nm - high_nm;
        Some(Arc::new(SphericalSegment::new(self.radius_nm, above.max(0.0), low_nm).ok()?))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let r = self.radius_nm;
        solid(x * x + y * y + (z - r) * (z - r) <= r * r)
    }

    /// The four terms have two different q.q and their phases are products of two exponentials.
    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let r = self.radius_nm;
        let q_par_squared = q_x * q_x + q_y * q_y;
        let (sum, difference) = (k_i + k_f, k_i - k_f);
        let [same, opposite]: [Complex64; 2] = if k_i.im == 0.0 && k_f.im == 0.0 {
            [sum.re, difference.re]
                .map(|q_z| sphere_3j1_over_x_real((q_par_squared + q_z * q_z) * r * r).into())
        } else {
            [sum, difference].map(|q_z| sphere_3j1_over_x((q_par_squared + q_z * q_z) * (r * r)))
        };
        let (same, opposite) = (self.volume() * same, self.volume() * opposite);
        let [p, m] = phases(sum, difference, r);
        [same * p.1, opposite * m.0, opposite * m.1, same * p.0]
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        if !terms.real {
            return add_terms_one_by_one(self, terms, re, im);
        }
        let ball = Ball {
            ratios: [1.0; 2],
            radius_nm: self.radius_nm,
            volume: self.volume(),
            centre_nm: self.radius_nm,
            sigma_nm: 0.0,
        };
        ball.add_terms(terms, scratch, re, im);
    }
}

/// (exp(i s h), exp(-i s h)) for s = `sum` and s = `difference`.
fn phases(sum: Complex64, difference: Complex64, h: f64) -> [(Complex64, Complex64); 2] {
    [sum, difference].map(|s| {
        let phase = cis(s * h);
        if s.im == 0.0 { (phase, phase.conj()) } else { (phase, phase.inv()) }
    })
}

impl Differentiable for Sphere {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let r = self.radius_nm;
        let s = square(q) * (r * r);
        let around = self.volume() * cis(q[2] * r);
        let value = sphere_3j1_over_x(s);
        let slope = around * sphere_slope(s, value) * (2.0 * r * r);
        let value = around * value;
        let [x, y, z] = q.map(|c| slope * c);
        let f = Differential::new(value, [x, y, z + Complex64::I * r * value]);
        f.with([f.size(q) / r])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [1.0, 0.0, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        [z + hypot(hypot(x, y), z), 0.0, 0.0, 0.0, 0.0]
    }
}
