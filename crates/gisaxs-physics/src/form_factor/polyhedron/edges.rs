//! The form factor as a sum over edges, and its limits.

use std::collections::HashMap;

use num_complex::Complex64;

use super::super::cis;
use super::face::Face;
use super::vector::{cross, dot, length, minus};
use crate::elementary::{hypot};
use crate::exponential::{LARGEST, series};

/// Everything about the faces and edges of a body that its form factor needs. Positions are relative
/// to the centre of mass.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EdgeSum {
    pub(super) centre: [f64; 3],
    pub(super) points: Vec<[f64; 3]>,
    /// Largest distance of a point from the centre.
    pub(super) reach: f64,
    pub(super) planes: Vec<Plane>,
    pub(super) edges: Vec<Edge>,
    pub(super) shares: Vec<Share>,
}

/// An orientation of faces: their normal (or its opposite), and two axes in their plane.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub(super) normal: [f64; 3],
    /// Horizontal.
    pub(super) u: [f64; 3],
    pub(super) v: [f64; 3],
    /// The faces, for the series.
    patches: Vec<Patch>,
    /// Largest distance of a corner from the middle of its face.
    reach: f64,
    /// Sum of the lengths of all edges of the faces.
    pub(super) perimeter: f64,
}

/// A face for its series.
#[derive(Debug, Clone, PartialEq)]
struct Patch {
    middle: [f64; 3],
    /// Twice the area of the triangles between the middle and each edge, times the sign of the
    /// outer normal along that of the plane.
    triangles: Vec<([usize; 2], f64)>,
    /// Six times the volume of the tetrahedra between the centre, the first corner, and the other edges.
    tetrahedra: Vec<([usize; 3], f64)>,
}

/// An edge and its shares of faces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    pub(super) ends: [usize; 2],
    pub(super) shares: std::ops::Range<usize>,
}

/// A face at an edge E: (E x n).q = along_u (u.q) + along_v (v.q).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    pub(super) plane: usize,
    pub(super) along_u: f64,
    pub(super) along_v: f64,
}

impl EdgeSum {
    pub(super) fn new(corners: &[[f64; 3]], faces: &[Face], centre: [f64; 3]) -> Self {
        let points: Vec<_> = corners.iter().map(|&c| minus(c, centre)).collect();
        let reach = points.iter().map(|&p| length(p)).fold(0.0, f64::max);
        let mut planes = Planes::default();
        let mut known: HashMap<[usize; 2], Vec<Share>> = HashMap::new();
        let mut order = Vec::new();
        for face in faces {
            let index = planes.find(face.normal);
            let plane = &mut planes.list[index];
            plane.add(&points, face);
            for &[a, b] in &face.edges {
                let (ends, sign) = if a < b { ([a, b], 1.0) } else { ([b, a], -1.0) };
                let shares = known.entry(ends).or_insert_with(|| {
                    order.push(ends);
                    Vec::with_capacity(2)
                });
                let edge = minus(points[ends[1]], points[ends[0]]);
                // E x n = (E.v) u - (E.u) v for right-handed axes u, v, n; two faces on either side
                // of the same plane add, two in one plane cancel.
                let share = Share {
                    plane: index,
                    along_u: sign * dot(edge, plane.v),
                    along_v: -sign * dot(edge, plane.u),
                };
                if let Some(i) = shares.iter().position(|s| *s == share.reversed()) {
                    shares.remove(i);
                } else {
                    shares.push(share);
                }
            }
        }
        let mut sum = Self {
            centre,
            points,
            reach,
            planes: planes.list,
            edges: Vec::new(),
            shares: Vec::new(),
        };
        for ends in order {
            let start = sum.shares.len();
            sum.shares.extend(&known[&ends]);
            if sum.shares.len() > start {
                sum.edges.push(Edge {
                    ends,
                    shares: start..sum.shares.len(),
                });
            }
        }
        sum
    }

    /// F(q) of the body.
    pub(super) fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let size = q.iter().map(Complex64::norm_sqr).sum::<f64>().sqrt();
        let centred = if size * self.reach < LARGEST {
            self.near_zero(q)
        } else {
            self.by_edges(q, size * size)
        };
        centred * cis(project(q, self.centre))
    }

    /// Sum over tetrahedra with a corner in the centre, of power series.
    fn near_zero(&self, q: [Complex64; 3]) -> Complex64 {
        let exponent = |i: usize| Complex64::I * project(q, self.points[i]);
        let patches = self.planes.iter().flat_map(|p| &p.patches);
        let tetrahedra = patches.flat_map(|p| &p.tetrahedra);
        tetrahedra
            .map(|(corners, six_volumes)| *six_volumes * series(corners.map(exponent)))
            .sum()
    }

    fn by_edges(&self, q: [Complex64; 3], size_squared: f64) -> Complex64 {
        let conjugate = q.map(|c| c.conj());
        // Per plane: (n.q*) q_face* / |q_face|^2. Faces across q have a series of their own.
        let mut faces_across = Complex64::ZERO;
        let slopes: Vec<[Complex64; 2]> = self
            .planes
            .iter()
            .map(|plane| {
                let [n, u, v] =
                    [plane.normal, plane.u, plane.v].map(|axis| project(conjugate, axis));
                let in_plane = u.norm_sqr() + v.norm_sqr();
                if in_plane.sqrt() * plane.reach < LARGEST {
                    faces_across += n * plane.integral(&self.points, q);
                    [Complex64::ZERO; 2]
                } else {
                    let ratio = n / in_plane;
                    [ratio * u, ratio * v]
                }
            })
            .collect();
        let halves: Vec<(Complex64, Complex64)> = self
            .points
            .iter()
            .map(|&p| {
                let phase = 0.5 * project(q, p);
                (phase, cis(phase))
            })
            .collect();
        let mut sum = Complex64::ZERO;
        for edge in &self.edges {
            let weight: Complex64 = self.shares[edge.shares.clone()]
                .iter()
                .map(|s| slopes[s.plane][0] * s.along_u + slopes[s.plane][1] * s.along_v)
                .sum();
            sum += weight * mean_on_edge(halves[edge.ends[0]], halves[edge.ends[1]]);
        }
        -(sum + Complex64::I * faces_across) / size_squared
    }
}

/// Mean of exp(i q.r) on the edge between two points, from half their phases and the exponentials of
/// these: exp(i (a + b)) sinc(b - a), the sine as a difference of exponentials.
fn mean_on_edge(
    (a, exp_a): (Complex64, Complex64),
    (b, exp_b): (Complex64, Complex64),
) -> Complex64 {
    let x = b - a;
    if x.norm_sqr() < SMALL_PHASE * SMALL_PHASE {
        let square = x * x;
        let mut sinc = Complex64::ZERO;
        for c in SINC.iter().rev() {
            sinc = sinc * square + c;
        }
        exp_a * exp_b * sinc
    } else {
        (exp_b - exp_a) * (exp_b + exp_a) / (Complex64::new(0.0, 2.0) * x)
    }
}

/// Half phase differences up to which sin x / x is a series of five terms, to 3e-18. Beyond, the
/// quotient loses a factor of ten to rounding at most.
pub(super) const SMALL_PHASE: f64 = 0.1;
/// sin x / x in powers of x^2.
pub(super) const SINC: [f64; 5] = [
    1.0,
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
];

impl Plane {
    fn new(normal: [f64; 3]) -> Self {
        let horizontal = hypot(normal[0], normal[1]);
        let u = if horizontal > 0.0 {
            [-normal[1] / horizontal, normal[0] / horizontal, 0.0]
        } else {
            [1.0, 0.0, 0.0]
        };
        let v = cross(normal, u);
        Self {
            normal,
            u,
            v,
            patches: Vec::new(),
            reach: 0.0,
            perimeter: 0.0,
        }
    }

    fn add(&mut self, points: &[[f64; 3]], face: &Face) {
        let middle = face.middle(points);
        let triangle = |&[a, b]: &[usize; 2]| {
            let area = cross(minus(points[a], middle), minus(points[b], middle));
            ([a, b], dot(self.normal, area))
        };
        let tetrahedron = |corners: [usize; 3]| {
            let [a, b, c] = corners.map(|i| points[i]);
            (corners, dot(a, cross(b, c)))
        };
        let patch = Patch {
            middle,
            triangles: face.edges.iter().map(triangle).collect(),
            tetrahedra: face.triangles().map(tetrahedron).collect(),
        };
        let distances = face
            .edges
            .iter()
            .map(|e| length(minus(points[e[0]], middle)));
        self.reach = distances.fold(self.reach, f64::max);
        self.perimeter += face
            .edges
            .iter()
            .map(|e| length(minus(points[e[1]], points[e[0]])))
            .sum::<f64>();
        self.patches.push(patch);
    }

    /// Integral of exp(i q.r) over the faces, counted as negative where the outer normal is
    /// opposite, for q nearly along the normal.
    fn integral(&self, points: &[[f64; 3]], q: [Complex64; 3]) -> Complex64 {
        let of = |patch: &Patch| {
            let exponent = |i: usize| Complex64::I * project(q, minus(points[i], patch.middle));
            let triangles = patch.triangles.iter();
            let sum: Complex64 = triangles
                .map(|(corners, twice_area)| *twice_area * series(corners.map(exponent)))
                .sum();
            sum * cis(project(q, patch.middle))
        };
        self.patches.iter().map(of).sum()
    }
}

impl Share {
    /// The same for several edges at once.
    pub(super) fn times(self, count: f64) -> Self {
        Self {
            along_u: count * self.along_u,
            along_v: count * self.along_v,
            ..self
        }
    }

    fn reversed(self) -> Self {
        Self {
            along_u: -self.along_u,
            along_v: -self.along_v,
            ..self
        }
    }
}

/// The orientations found so far.
#[derive(Default)]
struct Planes {
    list: Vec<Plane>,
    /// By rounded normal; most of those that should be the same are.
    rounded: HashMap<[i64; 3], Vec<usize>>,
}

/// Normals closer than this are the same: the corners of a face are off its plane by so much of their
/// distance.
const SAME_NORMAL: f64 = 1e-14;

impl Planes {
    /// The plane with this normal or its opposite.
    fn find(&mut self, normal: [f64; 3]) -> usize {
        let rounded = normal.map(|c| (c * (1 << 20) as f64).round() as i64);
        // Of a normal and its opposite, the one whose first component is positive.
        let sign = rounded.iter().find(|c| **c != 0).map_or(1, |c| c.signum());
        let candidates = self.rounded.entry(rounded.map(|c| sign * c)).or_default();
        let normal = normal.map(|c| sign as f64 * c);
        let same = |&i: &usize| length(minus(self.list[i].normal, normal)) < SAME_NORMAL;
        candidates.iter().copied().find(same).unwrap_or_else(|| {
            candidates.push(self.list.len());
            self.list.push(Plane::new(normal));
            self.list.len() - 1
        })
    }
}

/// q.r.
fn project(q: [Complex64; 3], r: [f64; 3]) -> Complex64 {
    q[0] * r[0] + q[1] * r[1] + q[2] * r[2]
}
