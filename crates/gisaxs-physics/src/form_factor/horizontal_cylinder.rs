//! Lying cylinder.

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm, nm_or_zero};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::slices::{self, Section, Slice, Sliced, gauss};
use super::{FormFactor, Scratch, Terms, cis, solid};
use crate::elementary::{acos, hypot, powi, sin, sin_cos, sinh};
use crate::error::{Result, check, non_negative, positive};
use crate::simd::{Real, Simd};
use crate::special::{sinc, sinc_real};
use crate::special_derivatives::sinc_derivative;

/// A circular cylinder with its axis along x, cut horizontally at the bottom and at the top;
/// z = 0 is the lower cut. With the height z = c - R cos t of the chord of half width w = R sin t,
/// c = R - bottom_cut:
///
/// F(q) = L sinc(q_x L/2) int 2 w sinc(q_y w) exp(i q_z z) R sin t dt.
///
/// In t the integrand is entire, and Gauss-Legendre quadrature converges exponentially.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HorizontalCylinder {
    radius_nm: f64,
    length_nm: f64,
    top_cut_nm: f64,
    bottom_cut_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "HorizontalCylinder",
    summary: "cylinder along x, cut by a horizontal plane at the top and at the bottom",
    parameters: &[
        nm("radius", "radius"),
        nm("length", "length along x"),
        nm_or_zero("top_cut", "height removed at the top"),
        nm_or_zero("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[
        &[4.0, 9.0, 0.0, 0.0],
        &[4.0, 9.0, 1.0, 2.0],
        &[4.0, 9.0, 5.0, 0.0],
    ],
    constructor: |v| Ok(Box::new(HorizontalCylinder::new(v[0], v[1], v[2], v[3])?)),
};

impl HorizontalCylinder {
    /// Cylinder of `radius_nm` and `length_nm`, with `top_cut_nm` and `bottom_cut_nm` removed (nm).
    ///
    /// # Errors
    /// If a length is not positive, a cut is negative, or nothing is left.
    pub fn new(
        radius_nm: f64,
        length_nm: f64,
        top_cut_nm: f64,
        bottom_cut_nm: f64,
    ) -> Result<Self> {
        positive("cylinder radius", radius_nm, "nm")?;
        positive("cylinder length", length_nm, "nm")?;
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
            length_nm,
            top_cut_nm,
            bottom_cut_nm,
        })
    }

    /// Height of the axis above the lower cut.
    fn axis(&self) -> f64 {
        self.radius_nm - self.bottom_cut_nm
    }

    /// Half width squared of the chord at height z.
    fn chord_squared(&self, z: f64) -> f64 {
        (powi(self.radius_nm, 2) - powi(z - self.axis(), 2)).max(0.0)
    }

    /// Angles t of the lower and the upper cut.
    fn angles(&self) -> [f64; 2] {
        [0.0, self.height()].map(|z| acos(((self.axis() - z) / self.radius_nm).clamp(-1.0, 1.0)))
    }
}

/// The cross-section in the y, z plane.
impl Sliced for HorizontalCylinder {
    const SECTION: Section = Section::Strip;

    fn height(&self) -> f64 {
        2.0 * self.radius_nm - self.top_cut_nm - self.bottom_cut_nm
    }

    fn largest(&self) -> f64 {
        self.chord_squared(self.axis().clamp(0.0, self.height()))
            .sqrt()
    }

    /// On the Bernstein ellipse eta of an interval of t, Im t is at most half its length times
    /// sinh(eta), and sin t and cos t have imaginary parts up to sinh(Im t).
    fn slices(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let [start, end] = self.angles();
        let half = 0.5 * (end - start);
        let n = slices::nodes_on_ellipses(|index| {
            let eta = slices::ETAS[index];
            let imaginary = half * sinh(eta);
            // sin^2 t grows like exp(2 Im t), relative to its mean in a thin segment like t^2.
            1.0 + 2.0 * (imaginary + eta) + (u + q_z) * self.radius_nm * sinh(imaginary)
        });
        gauss(n, [start, end], |t, weight| {
            let (sin, cos) = sin_cos(t);
            let r = self.radius_nm * sin;
            visit(Slice {
                z: self.axis() - self.radius_nm * cos,
                volume: 2.0 * weight * r * r,
                r,
            });
        });
    }

    /// L sinc(q_x L/2).
    #[inline(always)]
    fn factor<S: Simd>(&self, q_x: Real<S>) -> Real<S> {
        Section::Strip.transform_vector(q_x * (0.5 * self.length_nm)) * self.length_nm
    }
}

impl FormFactor for HorizontalCylinder {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        self.length_nm * sinc(0.5 * self.length_nm * q[0]) * slices::at(self, q[1], q[2])
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let along = self.length_nm * sinc_real(0.5 * self.length_nm * q_x);
        slices::at_four(self, q_y.abs(), k_i, k_f).map(|f| along * f)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        slices::add_terms(self, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        let [start, end] = self.angles();
        let section = end - start - 0.5 * (sin(2.0 * end) - sin(2.0 * start));
        self.length_nm * powi(self.radius_nm, 2) * section
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.radius_nm.max(0.5 * self.length_nm)
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        let length = hypot(y, z);
        let touching = if length > 0.0 {
            self.axis() + self.radius_nm * z / length
        } else {
            0.0
        };
        let height = touching.clamp(0.0, self.height());
        0.5 * self.length_nm * x.abs() + y.abs() * self.chord_squared(height).sqrt() + z * height
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let along = x.abs() <= 0.5 * self.length_nm && (0.0..=self.height()).contains(&z);
        solid(along && y * y <= self.chord_squared(z))
    }
}

impl Differentiable for HorizontalCylinder {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let half_x = 0.5 * self.length_nm * q[0];
        let (x, x_slope) = (sinc(half_x), 0.5 * self.length_nm * sinc_derivative(half_x));
        // The section of a cylinder of length 1.
        let sums = slices::integrals(self, q[1], q[2]);
        let (section, y_slope, z_slope) =
            (sums.value, -q[1] * sums.lateral, Complex64::I * sums.vertical);
        let scale = x * self.length_nm;
        let gradient = [x_slope * self.length_nm * section, scale * y_slope, scale * z_slope];
        let f = Differential::new(scale * section, gradient);
        // As for the segment of a sphere, with chords instead of disks.
        let cut = |z: f64| {
            let w = self.chord_squared(z).sqrt();
            scale * sinc(q[1] * w) * (2.0 * w)
        };
        let top = -cut(self.height()) * cis(q[2] * self.height());
        let bottom = -cut(0.0) - Complex64::I * q[2] * f.value;
        let across = f.stretch(q, 1) + f.stretch(q, 2);
        let radius = (across - self.top_cut_nm * top - self.bottom_cut_nm * bottom) / self.radius_nm;
        f.with([radius, f.stretch(q, 0) / self.length_nm, top, bottom])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        if self.radius_nm >= 0.5 * self.length_nm {
            [1.0, 0.0, 0.0, 0.0, 0.0]
        } else {
            [0.0, 0.5, 0.0, 0.0, 0.0]
        }
    }

    /// See [`SphericalSegment`](super::SphericalSegment): the same in two dimensions.
    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let length = hypot(y, z);
        let touching = if length > 0.0 { self.axis() + self.radius_nm * z / length } else { 0.0 };
        let height = touching.clamp(0.0, self.height());
        let from_axis = height - self.axis();
        let per_w = if y == 0.0 { 0.0 } else { y.abs() / self.chord_squared(height).sqrt() };
        let mut rates =
            [per_w * (self.radius_nm + from_axis), 0.5 * x.abs(), 0.0, -per_w * from_axis, 0.0];
        if touching >= self.height() {
            let along = z - per_w * from_axis;
            for (rate, shift) in rates.iter_mut().zip([2.0, 0.0, -1.0, -1.0]) {
                *rate += shift * along;
            }
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cylinder, cis};
    use super::*;

    #[test]
    fn uncut_is_a_turned_cylinder() {
        let lying = HorizontalCylinder::new(4.0, 9.0, 0.0, 0.0).unwrap();
        let upright = Cylinder::new(4.0, 9.0).unwrap();
        for q in [
            [0.0, 0.0, 0.0],
            [0.3, 0.1, 0.7],
            [1.0, -2.0, 0.5],
            [0.0, 20.0, 9.0],
        ] {
            let [x, y, z] = q.map(|c| Complex64::new(c, 0.01 * c));
            // Axis x to z; each has its own origin.
            let turned = upright.at([y, z, x]) * cis(-4.5 * x) * cis(4.0 * z);
            let error = (lying.at([x, y, z]) - turned).norm();
            assert!(error < 1e-12 * lying.volume(), "{q:?} {error:e}");
        }
    }
}
