//! Rectangular box.

use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, slab};
use super::terms::Column;
use super::{FormFactor, Scratch, Terms, cis, slab, solid};
use crate::elementary::{hypot};
use crate::error::{Result, positive};
use crate::simd::{Kernel, Real, Simd, dispatch, lanes, lanes_mut};
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
        0.5 * hypot(hypot(self.length_nm, self.width_nm), self.height_nm)
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

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        let slab = slab::slab(terms, self.height_nm, scratch);
        let edges = [self.length_nm, self.width_nm];
        dispatch(Rectangle { q: [terms.q_x, terms.q_y], edges, slab, re, im });
    }
}

/// Adds the form factor of a rectangle, L W sinc(q_x L/2) sinc(q_y W/2), times that of the height.
struct Rectangle<'a> {
    q: [&'a [f64]; 2],
    edges: [f64; 2],
    slab: &'a [Column],
    re: &'a mut [f64],
    im: &'a mut [f64],
}

impl Kernel for Rectangle<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.re.len();
        let [slab_re, slab_im] = [0, 1].map(|part: usize| lanes::<S>(&self.slab[part][..n]));
        let out = lanes_mut::<S>(self.re).iter_mut().zip(lanes_mut::<S>(self.im));
        let slab = slab_re.iter().zip(slab_im);
        let q = lanes::<S>(self.q[0]).iter().zip(lanes::<S>(self.q[1]));
        for ((q_x, q_y), (slab, out)) in q.zip(slab.zip(out)) {
            let base = edge_factor(simd.of(*q_x), self.edges[0]) * edge_factor(simd.of(*q_y), self.edges[1]);
            *out.0 = base.mul_add(simd.of(*slab.0), simd.of(*out.0)).lanes();
            *out.1 = base.mul_add(simd.of(*slab.1), simd.of(*out.1)).lanes();
        }
    }
}

/// L sinc(q L / 2).
#[inline(always)]
fn edge_factor<S: Simd>(q: Real<S>, length: f64) -> Real<S> {
    let half = q * (0.5 * length);
    let (sin, _) = half.sin_cos();
    half.is_zero().select(q.simd().real(length), sin / half * length)
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
