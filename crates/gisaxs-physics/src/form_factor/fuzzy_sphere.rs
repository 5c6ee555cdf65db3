//! Sphere with a blurred surface.

use std::f64::consts::{PI, SQRT_2};

use num_complex::Complex64;

use super::ball::Ball;
use super::catalogue::{ShapeInfo, nm, nm_or_zero};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::{FormFactor, Scratch, Terms, add_terms_one_by_one, square};
use crate::elementary::{exp, hypot, powi};
use crate::error::{Result, non_negative, positive};
use crate::special::sphere_3j1_over_x;
use crate::special_derivatives::sphere_slope;

/// A sphere convolved with a Gaussian of standard deviation sigma:
///
/// F(q) = V 3 (sin x - x cos x) / x^3 exp(-sigma^2 q.q / 2), x = sqrt(q.q) R.
///
/// **The origin is the centre**, unlike that of the other shapes; [`FormFactor::support`] reaches to
/// R + 4 sigma, where the density has decayed to 1e-5. Reference: M. Stieger et al., J. Chem. Phys. 120, 6197 (2004).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FuzzySphere {
    mean_radius_nm: f64,
    sigma_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "FuzzySphere",
    summary: "sphere with a blurred surface; the origin is its centre",
    parameters: &[nm("mean_radius", "radius of the sharp sphere"), nm_or_zero("sigma", "width of the blur")],
    examples: &[&[5.0, 0.4]],
    constructor: |v| Ok(Box::new(FuzzySphere::new(v[0], v[1])?)),
};

impl FuzzySphere {
    /// Sphere of radius `mean_radius_nm` blurred by `sigma_nm` (nm).
    ///
    /// # Errors
    /// If the radius is not positive or sigma is negative.
    pub fn new(mean_radius_nm: f64, sigma_nm: f64) -> Result<Self> {
        Ok(Self {
            mean_radius_nm: positive("sphere radius", mean_radius_nm, "nm")?,
            sigma_nm: non_negative("sigma of the surface", sigma_nm, "nm")?,
        })
    }
}

impl FormFactor for FuzzySphere {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let q_squared = square(q);
        let sharp = sphere_3j1_over_x(q_squared * (self.mean_radius_nm * self.mean_radius_nm));
        self.volume() * sharp * exp(-0.5 * self.sigma_nm * self.sigma_nm * q_squared)
    }

    fn volume(&self) -> f64 {
        4.0 / 3.0 * PI * powi(self.mean_radius_nm, 3)
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.mean_radius_nm
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        (self.mean_radius_nm + 4.0 * self.sigma_nm) * hypot(hypot(x, y), z)
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let (r, big) = (hypot(hypot(x, y), z), self.mean_radius_nm);
        if self.sigma_nm == 0.0 || r == 0.0 {
            return super::solid(r <= big);
        }
        // Radial convolution: erf terms, and the correction of the curved surface.
        let s = self.sigma_nm * SQRT_2;
        let steps = 0.5 * (libm::erf((big - r) / s) + libm::erf((big + r) / s));
        let waves = exp(-powi((big - r) / s, 2)) - exp(-powi((big + r) / s, 2));
        (steps - self.sigma_nm / ((2.0 * PI).sqrt() * r) * waves).max(0.0)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        if !terms.real {
            return add_terms_one_by_one(self, terms, re, im);
        }
        let ball = Ball {
            ratios: [1.0; 2],
            radius_nm: self.mean_radius_nm,
            volume: self.volume(),
            centre_nm: 0.0,
            sigma_nm: self.sigma_nm,
        };
        ball.add_terms(terms, scratch, re, im);
    }
}

impl Differentiable for FuzzySphere {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let (r, sigma) = (self.mean_radius_nm, self.sigma_nm);
        let q_squared = square(q);
        let sharp = sphere_3j1_over_x(q_squared * (r * r));
        let around = self.volume() * exp(-0.5 * sigma * sigma * q_squared);
        let slope = around * sphere_slope(q_squared * (r * r), sharp) * (2.0 * r);
        let value = around * sharp;
        let per_q = slope * r - sigma * sigma * value;
        Differential::new(value, q.map(|c| per_q * c))
            .with([3.0 * value / r + slope * q_squared, -sigma * q_squared * value])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [1.0, 0.0, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let length = hypot(hypot(x, y), z);
        [length, 4.0 * length, 0.0, 0.0, 0.0]
    }
}
