//! Upright cylinder.

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, slab};
use super::terms::Column;
use super::{FormFactor, Scratch, Terms, cis, slab, solid};
use crate::elementary::{self, hypot, sqrt};
use crate::error::{Result, positive};
use crate::simd::{Kernel, Simd, dispatch, lanes, lanes_mut};
use crate::special::{bessel_j1_over_x, bessel_j1_over_z, sinc};
use crate::special_derivatives::bessel_j2_over_z2;

/// A cylinder with vertical axis, standing on z = 0:
///
/// F(q) = V 2 J1(q_par R) / (q_par R) sinc(q_z H / 2) exp(i q_z H / 2), V = pi R^2 H,
///
/// with q_par^2 = q_x^2 + q_y^2 and sinc x = sin x / x. Reference: G. Renaud, R. Lazzari,
/// F. Leroy, Surf. Sci. Rep. 64, 255 (2009), appendix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cylinder {
    radius_nm: f64,
    height_nm: f64,
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "Cylinder",
    summary: "upright circular cylinder",
    parameters: &[nm("radius", "radius"), nm("height", "height")],
    examples: &[&[5.0, 8.0], &[8.0, 1.0]],
    constructor: |v| Ok(Box::new(Cylinder::new(v[0], v[1])?)),
};

impl Cylinder {
    /// Cylinder of radius `radius_nm` and height `height_nm` (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn new(radius_nm: f64, height_nm: f64) -> Result<Self> {
        Ok(Self {
            radius_nm: positive("cylinder radius", radius_nm, "nm")?,
            height_nm: positive("cylinder height", height_nm, "nm")?,
        })
    }
}

impl FormFactor for Cylinder {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let q_par = sqrt(q[0] * q[0] + q[1] * q[1]);
        let half = 0.5 * self.height_nm * q[2];
        self.volume() * 2.0 * bessel_j1_over_z(q_par * self.radius_nm) * sinc(half) * cis(half)
    }

    fn volume(&self) -> f64 {
        PI * self.radius_nm * self.radius_nm * self.height_nm
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        self.radius_nm
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.radius_nm * hypot(x, y) + self.height_nm * z.max(0.0)
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        Some(Arc::new(Self::new(self.radius_nm, high_nm - low_nm).ok()?))
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        solid(x * x + y * y <= self.radius_nm * self.radius_nm && (0.0..=self.height_nm).contains(&z))
    }

    /// One Bessel function for all four terms, and sinc is even.
    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let disk = 2.0 * bessel_j1_over_x(hypot(q_x, q_y) * self.radius_nm) * self.volume();
        let [sum, difference] = [k_i + k_f, k_i - k_f].map(|q_z| {
            let half = 0.5 * self.height_nm * q_z;
            if half.im == 0.0 {
                // cis holds the sine that sinc needs.
                let phase = elementary::cis(half.re);
                let sinc = if half.re == 0.0 { 1.0 } else { phase.im / half.re };
                let f = disk * sinc * phase;
                (f, f.conj())
            } else {
                let phase = cis(half);
                let slab = disk * sinc(half);
                (slab * phase, slab / phase)
            }
        });
        [sum.1, difference.0, difference.1, sum.0]
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        let slab = slab::slab(terms, self.height_nm, scratch);
        dispatch(Disk { q_par: terms.q_par, radius_nm: self.radius_nm, slab, re, im });
    }
}

/// Adds the form factor of a disk, 2 pi R^2 J1(q_par R) / (q_par R), times that of the height.
struct Disk<'a> {
    q_par: &'a [f64],
    radius_nm: f64,
    slab: &'a [Column],
    re: &'a mut [f64],
    im: &'a mut [f64],
}

impl Kernel for Disk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.q_par.len();
        let radius = simd.real(self.radius_nm);
        let area = simd.real(2.0 * PI * self.radius_nm * self.radius_nm);
        let [slab_re, slab_im] = [0, 1].map(|part: usize| lanes::<S>(&self.slab[part][..n]));
        let out = lanes_mut::<S>(self.re).iter_mut().zip(lanes_mut::<S>(self.im));
        let slab = slab_re.iter().zip(slab_im);
        for (q_par, (slab, out)) in lanes::<S>(self.q_par).iter().zip(slab.zip(out)) {
            let disk = (simd.of(*q_par) * radius).bessel_j1_over_x() * area;
            *out.0 = disk.mul_add(simd.of(*slab.0), simd.of(*out.0)).lanes();
            *out.1 = disk.mul_add(simd.of(*slab.1), simd.of(*out.1)).lanes();
        }
    }
}

impl Differentiable for Cylinder {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let [x, y, z] = q;
        let u = sqrt(x * x + y * y) * self.radius_nm;
        let [slab, slab_slope] = slab(self.height_nm, z);
        let disk = 2.0 * self.volume() * bessel_j1_over_z(u);
        let slope = -2.0 * self.volume() * self.radius_nm * self.radius_nm * bessel_j2_over_z2(u) * slab;
        let f = Differential::new(disk * slab, [slope * x, slope * y, disk * slab_slope]);
        let radius = f.stretch(q, 0) + f.stretch(q, 1);
        f.with([radius / self.radius_nm, f.stretch(q, 2) / self.height_nm])
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [1.0, 0.0, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        [hypot(x, y), z.max(0.0), 0.0, 0.0, 0.0]
    }
}
