//! Spherical segment: a sphere cut at the bottom and at the top.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm, nm_or_zero};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::slices::{self, Integrals, Section, Slice, Sliced, gauss};
use super::{FormFactor, Scratch, Terms, cis, solid};
use crate::elementary::{hypot, powi, sqrt};
use crate::error::{Result, check, non_negative, positive};
use crate::special::{bessel_j1_over_x, bessel_j1_over_z};

/// A sphere of radius R of which the height `bottom_cut` is removed at the bottom and `top_cut`
/// at the top, standing with the lower cut on z = 0:
///
/// F(q) = int_0^H exp(i q_z z) 2 pi r(z)^2 J1(q_par r) / (q_par r) dz, r^2 = R^2 - (z - c)^2,
///
/// with the height H = 2 R - bottom_cut - top_cut and the centre of the sphere at
/// c = R - bottom_cut. The volume is pi H (R^2 - ((H - c)^3 + c^3) / (3 H)).
///
/// There is no closed form. The integrand is an entire function of z (J1(x)/x is even, and r^2
/// is a polynomial), so Gauss-Legendre quadrature converges exponentially once it resolves the
/// oscillation; the node count is known beforehand (error below 5e-13 V, see the tests).
/// The full sphere is evaluated by quadrature too: use [`super::Sphere`] for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SphericalSegment {
    radius_nm: f64,
    top_cut_nm: f64,
    bottom_cut_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "SphericalSegment",
    summary: "sphere cut by a horizontal plane at the top and at the bottom",
    parameters: &[
        nm("radius", "radius of the sphere"),
        nm_or_zero("top_cut", "height removed at the top"),
        nm_or_zero("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[
        &[5.0, 0.0, 5.0],
        &[5.0, 1.0, 2.5],
        &[5.0, 0.5, 7.0],
        &[5.0, 7.0, 0.0],
    ],
    constructor: |v| Ok(Box::new(SphericalSegment::new(v[0], v[1], v[2])?)),
};

impl SphericalSegment {
    /// Segment of a sphere of `radius_nm`, with `top_cut_nm` and `bottom_cut_nm` removed (nm).
    ///
    /// # Errors
    /// If the radius is not positive, a cut is negative, or nothing is left.
    pub fn new(radius_nm: f64, top_cut_nm: f64, bottom_cut_nm: f64) -> Result<Self> {
        positive("sphere radius", radius_nm, "nm")?;
        non_negative("top cut", top_cut_nm, "nm")?;
        non_negative("bottom cut", bottom_cut_nm, "nm")?;
        let cuts = top_cut_nm + bottom_cut_nm;
        check(
            "sum of the cuts",
            cuts,
            "nm",
            "less than the diameter",
            |c| c < 2.0 * radius_nm,
        )?;
        Ok(Self {
            radius_nm,
            top_cut_nm,
            bottom_cut_nm,
        })
    }

    /// Height of the sphere's centre above the lower cut; negative if less than half is left.
    fn centre(&self) -> f64 {
        self.radius_nm - self.bottom_cut_nm
    }

    /// Radius squared of the cross-section at height z.
    fn radius_squared(&self, z: f64) -> f64 {
        let from_centre = z - self.centre();
        (self.radius_nm * self.radius_nm - from_centre * from_centre).max(0.0)
    }

    /// The heights removed at the top and at the bottom.
    pub(super) fn cuts_nm(&self) -> [f64; 2] {
        [self.top_cut_nm, self.bottom_cut_nm]
    }

    /// Radius of the cross-section where a plane of this normal touches.
    pub(super) fn touching_radius(&self, [x, y, z]: [f64; 3]) -> f64 {
        let touching = self.centre() + self.radius_nm * z / (x * x + y * y + z * z).sqrt();
        self.radius_squared(touching.clamp(0.0, self.height())).sqrt()
    }
}

impl Sliced for SphericalSegment {
    const SECTION: Section = Section::Disk;

    fn height(&self) -> f64 {
        2.0 * self.radius_nm - self.top_cut_nm - self.bottom_cut_nm
    }

    /// Below the radius of the sphere if the equator is cut off.
    fn largest(&self) -> f64 {
        self.radius_squared(self.centre().clamp(0.0, self.height()))
            .sqrt()
    }

    /// On the Bernstein ellipse eta, |Im r| is at most sqrt(R H / 2) sinh(eta): so for the whole
    /// sphere, and 2 sqrt(R H / 2) sinh(eta / 2) for a thin cap. It adds to the band limit q_z H / 2 of
    /// the wave. Two more nodes integrate the quadratic r^2.
    fn slices(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let half = 0.5 * self.height();
        let n = slices::nodes(q_z * half + u * (half * self.radius_nm).sqrt()) + 2;
        gauss(n, [0.0, self.height()], |z, weight| {
            let square = self.radius_squared(z);
            visit(Slice {
                z,
                volume: PI * weight * square,
                r: square.sqrt(),
            });
        });
    }
}

impl FormFactor for SphericalSegment {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        slices::at(self, sqrt(q[0] * q[0] + q[1] * q[1]), q[2])
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        slices::add_terms(self, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        let (h, c) = (self.height(), self.centre());
        PI * (h * self.radius_nm * self.radius_nm - (powi(h - c, 3) + powi(c, 3)) / 3.0)
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.radius_nm
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        // Height of the touching point on the sphere, limited to what the cuts leave; there the
        // cross-section is a disk.
        let length = (x * x + y * y + z * z).sqrt();
        let touching = if length > 0.0 {
            self.centre() + self.radius_nm * z / length
        } else {
            0.0
        };
        let height = touching.clamp(0.0, self.height());
        z * height + hypot(x, y) * self.radius_squared(height).sqrt()
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let above = self.top_cut_nm + self.height() - high_nm;
        let below = self.bottom_cut_nm + low_nm;
        Some(Arc::new(
            Self::new(self.radius_nm, above.max(0.0), below).ok()?,
        ))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        solid((0.0..=self.height()).contains(&z) && x * x + y * y <= self.radius_squared(z))
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        slices::at_four(self, hypot(q_x, q_y), k_i, k_f)
    }
}

impl Differentiable for SphericalSegment {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let q_par = sqrt(q[0] * q[0] + q[1] * q[1]);
        let faces = self.faces(|r| bessel_j1_over_z(q_par * r));
        self.assemble(q, &slices::integrals(self, q_par, q[2]), faces)
    }

    /// One pair of Bessel functions per node for all four terms.
    fn differential_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Differential; 4] {
        let q_par = hypot(q_x, q_y);
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let terms = slices::integrals_four(self, q_par, k_i, k_f);
        let faces = self.faces(|r| bessel_j1_over_x(q_par * r).into());
        std::array::from_fn(|t| self.assemble([q_x.into(), q_y.into(), q_z[t]], &terms[t], faces))
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [1.0, 0.0, 0.0, 0.0, 0.0]
    }

    /// At the height h of the touching point the support is z h + rho r(h). Between the cuts h itself
    /// does not count, because the support is stationary there.
    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let length = (x * x + y * y + z * z).sqrt();
        let touching = self.centre() + self.radius_nm * z / length;
        let height = touching.clamp(0.0, self.height());
        let from_centre = height - self.centre();
        // rho / r(h): zero where rho is, also at the poles.
        let rho = hypot(x, y);
        let per_r = if rho > 0.0 { rho / self.radius_squared(height).sqrt() } else { 0.0 };
        // The centre is at R - bottom_cut.
        let mut rates = [per_r * (self.radius_nm + from_centre), 0.0, -per_r * from_centre, 0.0, 0.0];
        if touching >= self.height() {
            // The touching point moves with the upper cut, at 2 R - top_cut - bottom_cut.
            let along = z - per_r * from_centre;
            for (rate, shift) in rates.iter_mut().zip([2.0, -1.0, -1.0]) {
                *rate += shift * along;
            }
        }
        rates
    }
}

impl SphericalSegment {
    /// Transforms of the lower and the upper face from J1(q_par r) / (q_par r).
    fn faces(&self, j1_over_x: impl Fn(f64) -> Complex64) -> [Complex64; 2] {
        [0.0, self.height()].map(|z| {
            let square = self.radius_squared(z);
            2.0 * PI * square * j1_over_x(square.sqrt())
        })
    }

    /// Cutting more at the top removes a disk there; cutting more at the bottom removes one and lowers
    /// the rest; and all lengths together make a change of scale, which leaves the radius.
    fn assemble(&self, q: [Complex64; 3], sums: &Integrals, faces: [Complex64; 2]) -> Differential {
        let f = sums.of_disks(q);
        let top = -faces[1] * cis(q[2] * self.height());
        let bottom = -faces[0] - Complex64::I * q[2] * f.value;
        let radius = (f.size(q) - self.top_cut_nm * top - self.bottom_cut_nm * bottom) / self.radius_nm;
        f.with([radius, top, bottom])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sphere;
    use super::*;
    use crate::special::bessel_j1_over_x;

    #[test]
    fn node_count_is_enough() {
        // Against the nodes for wavevectors 20 nm^-1 larger.
        for (radius, top, bottom) in [
            (5.0, 0.0, 0.0),
            (5.0, 0.0, 5.0),
            (5.0, 1.0, 2.0),
            (5.0, 0.0, 9.0),
            (5.0, 6.0, 1.0),
            (5.0, 0.0, 9.99),
        ] {
            let segment = SphericalSegment::new(radius, top, bottom).unwrap();
            for magnitude in [1e-3, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0] {
                for tilt in [0.0, 0.3, 0.8, 1.0, 1.5] {
                    let (q_z, u) = (magnitude * f64::sin(tilt), magnitude * f64::cos(tilt));
                    let sum = |more: f64| -> Complex64 {
                        let mut sum = Complex64::ZERO;
                        segment.slices(u + more, q_z + more, |slice| {
                            let disk = 2.0 * bessel_j1_over_x(u * slice.r);
                            sum += slice.volume * disk * Complex64::cis(q_z * slice.z);
                        });
                        sum
                    };
                    let error = (sum(0.0) - sum(20.0)).norm();
                    assert!(
                        error < 5e-13 * segment.volume(),
                        "{segment:?} {magnitude} {tilt} {error:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn uncut_segment_is_a_sphere() {
        let sphere = Sphere::new(4.0).unwrap();
        let segment = SphericalSegment::new(4.0, 0.0, 0.0).unwrap();
        assert!((sphere.volume() / segment.volume() - 1.0).abs() < 1e-15);
        for q in [
            [0.0, 0.0, 0.0],
            [0.3, 0.1, 0.7],
            [1.0, -2.0, 0.5],
            [0.0, 0.0, 9.0],
        ] {
            let q = q.map(|c| Complex64::new(c, 0.02 * c));
            let error = (sphere.at(q) - segment.at(q)).norm();
            assert!(error < 1e-12 * sphere.volume(), "{q:?} {error:e}");
        }
    }

    #[test]
    fn refuses_impossible_cuts() {
        assert!(SphericalSegment::new(0.0, 0.0, 0.0).is_err());
        assert!(SphericalSegment::new(1.0, -0.1, 0.0).is_err());
        assert!(SphericalSegment::new(1.0, 1.0, 1.0).is_err());
        assert!(SphericalSegment::new(1.0, 1.0, f64::NAN).is_err());
    }
}
