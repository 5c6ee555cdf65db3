//! Truncated cone.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm, rad};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::slices::{self, Integrals, Section, Slice, Sliced, gauss};
use super::{FormFactor, Scratch, Terms, cis, solid};
use crate::elementary::{hypot, sqrt, tan};
use crate::error::{Result, check, positive};
use crate::special::{bessel_j1_over_x, bessel_j1_over_z};

/// A cone frustum with vertical axis on z = 0, r(z) = R - z / tan(alpha):
///
/// F(q) = int_0^H exp(i q_z z) 2 pi r(z)^2 J1(q_par r) / (q_par r) dz.
///
/// The integrand is entire in z, so Gauss-Legendre quadrature converges exponentially once it
/// resolves the oscillation; the node count is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cone {
    radius_nm: f64,
    height_nm: f64,
    /// Decrease of the radius per height.
    slope: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "Cone",
    summary: "upright circular cone, cut horizontally",
    parameters: &[
        nm("radius", "radius of the base"),
        nm("height", "height"),
        rad("alpha", "angle between the side and the base"),
    ],
    examples: &[&[5.0, 4.0, 1.1], &[3.0, 8.0, 1.5]],
    constructor: |v| Ok(Box::new(Cone::new(v[0], v[1], v[2])?)),
};

impl Cone {
    /// Cone of base radius `radius_nm`, height `height_nm` (nm) and base angle `alpha_rad` (rad).
    ///
    /// # Errors
    /// If a length is not positive, the angle is not in (0, pi), or the sides meet below the top.
    pub fn new(radius_nm: f64, height_nm: f64, alpha_rad: f64) -> Result<Self> {
        positive("cone radius", radius_nm, "nm")?;
        positive("cone height", height_nm, "nm")?;
        let slope = base_slope(alpha_rad)?;
        top_fits(radius_nm - height_nm * slope, radius_nm)?;
        Ok(Self {
            radius_nm,
            height_nm,
            slope,
        })
    }

    fn radius_at(&self, z: f64) -> f64 {
        (self.radius_nm - z * self.slope).max(0.0)
    }
}

/// 1 / tan(alpha) of the angle between a side face and the base.
pub(super) fn base_slope(alpha_rad: f64) -> Result<f64> {
    check("base angle", alpha_rad, "rad", "0 < alpha < pi", |a| {
        a > 0.0 && a < PI
    })?;
    Ok(1.0 / tan(alpha_rad))
}

/// Checks that a half width at the top is not negative beyond rounding.
pub(super) fn top_fits(top_nm: f64, base_nm: f64) -> Result<f64> {
    let top = check(
        "half width at the top",
        top_nm,
        "nm",
        "zero or positive",
        |t| t >= -1e-12 * base_nm,
    )?;
    Ok(top.max(0.0))
}

impl Sliced for Cone {
    const SECTION: Section = Section::Disk;

    fn height(&self) -> f64 {
        self.height_nm
    }

    fn largest(&self) -> f64 {
        self.radius_nm.max(self.radius_at(self.height_nm))
    }

    /// r is linear in z: on the Bernstein ellipse eta its imaginary part is at most half its change
    /// over the height times sinh(eta). Two more nodes integrate the quadratic r^2.
    fn slices(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let half = 0.5 * self.height_nm;
        let n = slices::nodes(half * (q_z + u * self.slope.abs())) + 2;
        gauss(n, [0.0, self.height_nm], |z, weight| {
            let r = self.radius_at(z);
            visit(Slice {
                z,
                volume: PI * weight * r * r,
                r,
            });
        });
    }
}

impl FormFactor for Cone {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        slices::at(self, sqrt(q[0] * q[0] + q[1] * q[1]), q[2])
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        slices::at_four(self, hypot(q_x, q_y), k_i, k_f)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        slices::add_terms(self, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        let (r, t) = (self.radius_nm, self.radius_at(self.height_nm));
        PI * self.height_nm * (r * r + r * t + t * t) / 3.0
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.radius_nm
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        let side = hypot(x, y);
        (self.radius_nm * side).max(self.radius_at(self.height_nm) * side + self.height_nm * z)
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let (radius_nm, height_nm) = (self.radius_at(low_nm), high_nm - low_nm);
        let solid = radius_nm > 0.0 && height_nm > 0.0;
        solid.then(|| {
            Arc::new(Self {
                radius_nm,
                height_nm,
                slope: self.slope,
            }) as Arc<dyn FormFactor>
        })
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        solid((0.0..=self.height_nm).contains(&z) && hypot(x, y) <= self.radius_at(z))
    }
}

impl Differentiable for Cone {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let q_par = sqrt(q[0] * q[0] + q[1] * q[1]);
        let r = self.radius_at(self.height_nm);
        let top = 2.0 * PI * r * r * bessel_j1_over_z(q_par * r);
        self.assemble(q, &slices::integrals(self, q_par, q[2]), top)
    }

    /// One pair of Bessel functions per node for all four terms.
    fn differential_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Differential; 4] {
        let q_par = hypot(q_x, q_y);
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let r = self.radius_at(self.height_nm);
        let top = 2.0 * PI * r * r * bessel_j1_over_x(q_par * r);
        let terms = slices::integrals_four(self, q_par, k_i, k_f);
        std::array::from_fn(|t| self.assemble([q_x.into(), q_y.into(), q_z[t]], &terms[t], top.into()))
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [1.0, 0.0, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let side = hypot(x, y);
        let top = self.radius_at(self.height_nm);
        if self.radius_nm * side > top * side + self.height_nm * z {
            [side, 0.0, 0.0, 0.0, 0.0]
        } else {
            let per_slope = -self.height_nm * side;
            [side, z - self.slope * side, per_slope * self.slope_per_alpha(), 0.0, 0.0]
        }
    }
}

impl Cone {
    /// d(1 / tan alpha) / d alpha.
    fn slope_per_alpha(&self) -> f64 {
        -(1.0 + self.slope * self.slope)
    }

    /// `top` is the transform of the upper face: a higher cone has one disk more.
    fn assemble(&self, q: [Complex64; 3], sums: &Integrals, top: Complex64) -> Differential {
        let height = top * cis(q[2] * self.height_nm);
        let alpha = -sums.wider_above * self.slope_per_alpha();
        sums.of_disks(q).with([sums.wider, height, alpha])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cylinder;
    use super::*;

    #[test]
    fn upright_sides_make_a_cylinder() {
        let cone = Cone::new(4.0, 6.0, 0.5 * PI).unwrap();
        let cylinder = Cylinder::new(4.0, 6.0).unwrap();
        for q in [
            [0.0, 0.0, 0.0],
            [0.3, 0.1, 0.7],
            [1.0, -2.0, 0.5],
            [0.0, 0.0, 9.0],
        ] {
            let q = q.map(|c| Complex64::new(c, 0.02 * c));
            assert!((cone.at(q) - cylinder.at(q)).norm() < 1e-12 * cone.volume());
        }
        assert!(Cone::new(4.0, 6.0, 0.5).is_err());
        assert!(Cone::new(4.0, 4.0, 0.25 * PI).is_ok());
    }
}
