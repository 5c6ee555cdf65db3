//! Ellipsoid cut at the bottom and at the top.

use num_complex::Complex64;

use super::catalogue::{ShapeInfo, nm, nm_or_zero};
use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::slices::{self, Section, Slice, Sliced};
use super::{FormFactor, Scratch, SphericalSegment, Terms};
use crate::elementary::{hypot};
use crate::error::{Result, positive};
use crate::simd::{Real, Simd};

/// An ellipsoid with the half axes R_x, R_y, R_z of which heights are removed at the bottom and at
/// the top; it stands with the lower cut on z = 0.
///
/// It is a [`SphericalSegment`] of radius R_z stretched in the plane:
/// F(q) = (R_x R_y / R_z^2) F_segment(q_x R_x / R_z, q_y R_y / R_z, q_z).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EllipsoidalSegment {
    segment: SphericalSegment,
    stretch: [f64; 2],
}

pub(super) const INFO: ShapeInfo = ShapeInfo {
    name: "EllipsoidalSegment",
    summary: "ellipsoid cut by a horizontal plane at the top and at the bottom",
    parameters: &[
        nm("radius_x", "half axis along x"),
        nm("radius_y", "half axis along y"),
        nm("radius_z", "half axis along z"),
        nm_or_zero("top_cut", "height removed at the top"),
        nm_or_zero("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[&[3.0, 5.0, 4.0, 1.0, 3.0]],
    constructor: |v| {
        Ok(Box::new(EllipsoidalSegment::new(
            [v[0], v[1], v[2]],
            v[3],
            v[4],
        )?))
    },
};

pub(super) const SPHEROIDAL: ShapeInfo = ShapeInfo {
    name: "SpheroidalSegment",
    summary: "ellipsoid of revolution cut at the top and at the bottom",
    parameters: &[
        nm("radius_xy", "half axis in the plane"),
        nm("radius_z", "vertical half axis"),
        nm_or_zero("top_cut", "height removed at the top"),
        nm_or_zero("bottom_cut", "height removed at the bottom"),
    ],
    examples: &[&[5.0, 3.0, 0.0, 2.0]],
    constructor: |v| {
        Ok(Box::new(EllipsoidalSegment::new(
            [v[0], v[0], v[1]],
            v[2],
            v[3],
        )?))
    },
};

impl EllipsoidalSegment {
    /// Ellipsoid with these half axes along x, y, z, with `top_cut_nm` and `bottom_cut_nm` removed
    /// (nm).
    ///
    /// # Errors
    /// If a half axis is not positive, a cut is negative, or nothing is left.
    pub fn new(radii_nm: [f64; 3], top_cut_nm: f64, bottom_cut_nm: f64) -> Result<Self> {
        let [x, y, z] = radii_nm;
        positive("ellipsoid half axis", x, "nm")?;
        positive("ellipsoid half axis", y, "nm")?;
        let segment = SphericalSegment::new(z, top_cut_nm, bottom_cut_nm)?;
        Ok(Self {
            segment,
            stretch: [x / z, y / z],
        })
    }
}

/// The slices of the segment, in a stretched plane.
impl Sliced for EllipsoidalSegment {
    const SECTION: Section = Section::Disk;

    fn height(&self) -> f64 {
        self.segment.height()
    }

    fn largest(&self) -> f64 {
        self.segment.largest()
    }

    fn slices(&self, u: f64, q_z: f64, visit: impl FnMut(Slice)) {
        self.segment.slices(u, q_z, visit);
    }

    fn stretch(&self) -> [f64; 2] {
        self.stretch
    }

    #[inline(always)]
    fn factor<S: Simd>(&self, q_x: Real<S>) -> Real<S> {
        q_x.simd().real(self.stretch[0] * self.stretch[1])
    }
}

impl FormFactor for EllipsoidalSegment {
    fn at(&self, [x, y, z]: [Complex64; 3]) -> Complex64 {
        let [a, b] = self.stretch;
        a * b * self.segment.at([x * a, y * b, z])
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let [a, b] = self.stretch;
        slices::at_four(self, hypot(q_x * a, q_y * b), k_i, k_f).map(|f| a * b * f)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        slices::add_terms(self, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        self.stretch[0] * self.stretch[1] * self.segment.volume()
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    fn radius(&self) -> f64 {
        0.5 * (self.stretch[0] + self.stretch[1]) * self.segment.radius()
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.segment
            .support([x * self.stretch[0], y * self.stretch[1], z])
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        self.segment
            .density([x / self.stretch[0], y / self.stretch[1], z])
    }
}

impl EllipsoidalSegment {
    /// From the differential of the segment at the stretched `q`.
    fn stretched(&self, q: [Complex64; 3], segment: &Differential) -> Differential {
        let [a, b] = self.stretch;
        let area = a * b;
        let [x, y, z] = segment.gradient.map(|g| g * area);
        let f = Differential::new(area * segment.value, [x * a, y * b, z]);
        let [_, top, bottom, ..] = segment.parameters.map(|p| p * area);
        let vertical = self.segment.radius();
        let [top_cut, bottom_cut] = self.segment.cuts_nm();
        // What remains of a stretch along z when the cuts stay.
        let radius_z = (f.stretch(q, 2) - top_cut * top - bottom_cut * bottom) / vertical;
        f.with([f.stretch(q, 0) / (a * vertical), f.stretch(q, 1) / (b * vertical), radius_z, top, bottom])
    }
}

impl Differentiable for EllipsoidalSegment {
    fn parameters(&self) -> &'static [Parameter] {
        INFO.parameters
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let [a, b] = self.stretch;
        self.stretched(q, &self.segment.differential([q[0] * a, q[1] * b, q[2]]))
    }

    fn differential_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Differential; 4] {
        let [a, b] = self.stretch;
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let segments = self.segment.differential_four([q_x * a, q_y * b], k_i, k_f);
        std::array::from_fn(|t| self.stretched([q_x.into(), q_y.into(), q_z[t]], &segments[t]))
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.5, 0.5, 0.0, 0.0, 0.0]
    }

    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let [a, b] = self.stretch;
        let direction = [x * a, y * b, z];
        let [radius, top, bottom, ..] = self.segment.support_derivatives(direction);
        // Stretching in the plane by ln s adds r_a times the in-plane part of the touching point;
        // the support is h = z h_t + rho r with rho^2 = (a x)^2 + (b y)^2.
        let vertical = self.segment.radius();
        let rho = hypot(direction[0], direction[1]);
        let r = self.segment.touching_radius(direction);
        let in_plane = |d: f64| if rho > 0.0 { d * d / rho * r } else { 0.0 };
        let (along_x, along_y) = (in_plane(direction[0]), in_plane(direction[1]));
        // Half axes that stay while R_z grows are stretched less.
        let radius_z = radius - (along_x + along_y) / vertical;
        [along_x / (a * vertical), along_y / (b * vertical), radius_z, top, bottom]
    }
}
