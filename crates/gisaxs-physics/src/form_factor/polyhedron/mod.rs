//! Bodies with plane faces.
//!
//! One formula, one evaluation and one file per concern; the shapes of the catalogue are tables of
//! corners and faces.

mod bipyramid;
mod complex_terms;
mod cube;
mod cut;
mod edges;
mod face;
mod hull;
mod mesh;
mod plan;
mod platonic;
mod prism;
mod pyramid;
mod real_terms;
mod symmetry;
mod table;
mod vector;

pub(super) use bipyramid::BIPYRAMID4;
pub(super) use cube::{CANTELLATED_CUBE, TRUNCATED_CUBE};
pub(super) use platonic::{DODECAHEDRON, ICOSAHEDRON, OCTAHEDRON, TETRAHEDRON};
pub(super) use prism::{PRISM3, PRISM6};
pub(super) use pyramid::{PYRAMID2, PYRAMID3, PYRAMID4, PYRAMID6};

use std::sync::Arc;

use num_complex::Complex64;

use super::{FormFactor, Scratch, Terms, add_terms_of_pixel, solid};
use crate::elementary::{atan2};
use crate::particle::Rotation;
use crate::simd::dispatch;
use complex_terms::ComplexTerms;
use edges::EdgeSum;
use face::Face;
use plan::Plan;
use real_terms::RealTerms;
use vector::{cross, dot, length, minus};

/// A body with plane faces: one of the catalogue, a convex hull, or any closed mesh
/// ([`Self::from_mesh`]).
///
/// The integral over the volume is turned into one over the faces and then into one over the edges:
///
/// F(q) = -1/|q|^2 sum_edges e(q) sum_faces (n.q*) (E x n).q* / |q_face|^2,
///
/// e(q) = exp(i q.M) sin(q.E/2) / (q.E/2).
///
/// E is an edge from corner to corner, M its middle; the inner sum has the two faces that meet
/// there, with their outer normals n, E running counter-clockwise around each, and q_face the part
/// of q in the plane of the face; q* is the complex conjugate. The singularities (q along a normal,
/// where q_face vanishes; q = 0) are removable: there, the integral over the face, or the volume,
/// is a sum over triangles, or tetrahedra, of power series.
///
/// Against divided differences of the exponential over tetrahedra, the error is 3e-14 of the volume
/// for the shapes of the catalogue at any q, and 1e-12 for random flat tetrahedra.
///
/// J. Wuttke, J. Appl. Cryst. 54, 580 (2021): eq. 9 for the faces, eq. 21 for the body, summed here
/// edge by edge rather than face by face.
#[derive(Debug, Clone, PartialEq)]
pub struct Polyhedron {
    corners: Vec<[f64; 3]>,
    faces: Vec<Face>,
    /// Whether every corner is on the inner side of every face.
    convex: bool,
    volume: f64,
    /// Centre of mass.
    centre: [f64; 3],
    /// Largest distance of a corner from the centre of mass.
    radius: f64,
    edges: EdgeSum,
    plan: Plan,
}

/// Distances below this part of the size do not make a body concave.
const ROUNDING: f64 = 1e-12;
/// Coordinates of the centre below this part of the size are zero.
const ON_AXIS: f64 = 1e-14;

impl Polyhedron {
    /// The body inside faces that are known to be closed. Corners that no face has are dropped.
    fn assemble(corners: Vec<[f64; 3]>, mut faces: Vec<Face>) -> Self {
        let corners = used(corners, &mut faces);
        let (volume, centre) = volume_and_centre(&corners, &faces);
        let radius = corners
            .iter()
            .map(|&c| length(minus(c, centre)))
            .fold(0.0, f64::max);
        // A centre on the axis saves a phase.
        let centre = centre.map(|c| if c.abs() < ON_AXIS * radius { 0.0 } else { c });
        let convex = faces.iter().all(|face| {
            corners
                .iter()
                .all(|&c| dot(face.normal, c) <= face.offset + ROUNDING * radius)
        });
        let edges = EdgeSum::new(&corners, &faces, centre);
        let plan = Plan::new(&edges, &faces, volume);
        Self {
            corners,
            faces,
            convex,
            volume,
            centre,
            radius,
            edges,
            plan,
        }
    }

    /// The corners, nm.
    #[must_use]
    pub fn corners_nm(&self) -> &[[f64; 3]] {
        &self.corners
    }

    /// Smallest and largest coordinates along x, y and z, nm.
    #[must_use]
    pub fn bounding_box_nm(&self) -> [[f64; 3]; 2] {
        let along = |axis: usize, sign: f64| {
            let largest = self
                .corners
                .iter()
                .map(|c| sign * c[axis])
                .fold(f64::MIN, f64::max);
            sign * largest
        };
        [-1.0, 1.0].map(|sign| std::array::from_fn(|axis| along(axis, sign)))
    }

    /// The body turned about its origin.
    #[must_use]
    pub fn rotated(&self, rotation: Rotation) -> Self {
        let turned = |face: &Face| Face {
            normal: rotation.apply(face.normal),
            ..face.clone()
        };
        Self::assemble(
            self.corners.iter().map(|&c| rotation.apply(c)).collect(),
            self.faces.iter().map(turned).collect(),
        )
    }
}

/// The corners that some face has.
fn used(corners: Vec<[f64; 3]>, faces: &mut [Face]) -> Vec<[f64; 3]> {
    let mut place = vec![usize::MAX; corners.len()];
    let mut kept = Vec::with_capacity(corners.len());
    for corner in faces.iter_mut().flat_map(|f| f.edges.iter_mut()).flatten() {
        if place[*corner] == usize::MAX {
            place[*corner] = kept.len();
            kept.push(corners[*corner]);
        }
        *corner = place[*corner];
    }
    kept
}

/// Volume and centre of mass, from the tetrahedra between a corner and the triangles of the faces.
fn volume_and_centre(corners: &[[f64; 3]], faces: &[Face]) -> (f64, [f64; 3]) {
    let apex = corners.first().copied().unwrap_or_default();
    let (mut six_volumes, mut moment) = (0.0, [0.0; 3]);
    for triangle in faces.iter().flat_map(Face::triangles) {
        let [a, b, c] = triangle.map(|i| minus(corners[i], apex));
        let part = dot(a, cross(b, c));
        six_volumes += part;
        for (i, sum) in moment.iter_mut().enumerate() {
            *sum += part / 4.0 * (a[i] + b[i] + c[i]);
        }
    }
    (
        six_volumes / 6.0,
        std::array::from_fn(|i| apex[i] + moment[i] / six_volumes),
    )
}

impl FormFactor for Polyhedron {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        self.edges.at(q)
    }

    fn volume(&self) -> f64 {
        self.volume
    }

    fn radius(&self) -> f64 {
        self.radius
    }

    fn support(&self, direction: [f64; 3]) -> f64 {
        self.corners
            .iter()
            .map(|&c| dot(c, direction))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    fn density(&self, r: [f64; 3]) -> f64 {
        if self.convex {
            solid(self.faces.iter().all(|f| dot(f.normal, r) <= f.offset))
        } else {
            solid(self.solid_angle(r) > 2.0 * std::f64::consts::PI)
        }
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        let (sum, plan) = (&self.edges, &self.plan);
        let needed = if terms.real {
            RealTerms::work(plan)
        } else {
            ComplexTerms::work(plan)
        };
        let (left_out, work) = scratch
            .memory(terms.padded() + needed)
            .split_at_mut(terms.padded());
        if terms.real {
            let centre = self.centre;
            dispatch(RealTerms {
                plan,
                centre,
                terms,
                work,
                re,
                im,
                left_out,
            });
        } else {
            dispatch(ComplexTerms {
                sum,
                plan,
                terms,
                work,
                re,
                im,
                left_out,
            });
        }
        for pixel in (0..terms.pixels).filter(|&pixel| left_out[pixel] != 0.0) {
            add_terms_of_pixel(self, terms, pixel, re, im);
        }
    }

    fn turned(&self, rotation: Rotation) -> Option<Arc<dyn FormFactor>> {
        Some(Arc::new(self.rotated(rotation)))
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        Some(Arc::new(self.between(low_nm, high_nm)?))
    }
}

impl Polyhedron {
    /// Solid angle of the surface seen from a point, positive where it is seen from inside: 4 pi
    /// inside, 0 outside. A. van Oosterom, J. Strackee, IEEE Trans. Biomed. Eng. 30, 125 (1983).
    fn solid_angle(&self, r: [f64; 3]) -> f64 {
        let of = |triangle: [usize; 3]| {
            let [a, b, c] = triangle.map(|i| minus(self.corners[i], r));
            let [x, y, z] = [a, b, c].map(length);
            let denominator = x * y * z + dot(a, b) * z + dot(b, c) * x + dot(c, a) * y;
            2.0 * atan2(dot(a, cross(b, c)), denominator)
        };
        self.faces.iter().flat_map(Face::triangles).map(of).sum()
    }
}

#[cfg(test)]
mod tests;
