//! Convex polyhedra.

mod bipyramid;
mod cube;
mod platonic;
mod prism;
mod pyramid;

pub(super) use bipyramid::BIPYRAMID4;
pub(super) use cube::{CANTELLATED_CUBE, TRUNCATED_CUBE};
pub(super) use platonic::{DODECAHEDRON, ICOSAHEDRON, OCTAHEDRON, TETRAHEDRON};
pub(super) use prism::{PRISM3, PRISM6};
pub(super) use pyramid::{PYRAMID2, PYRAMID3, PYRAMID4, PYRAMID6};

use num_complex::Complex64;

use super::{FormFactor, solid};
use crate::error::{Error, Result, check};
use crate::exponential::{Point, divided_difference_of_four};

/// A convex polyhedron given by its corners.
///
/// It is cut into tetrahedra that meet in one corner; the form factor is the sum of theirs, each
/// 6 V times the divided difference of the exponential over the four i q.v (formula of Hermite and
/// Genocchi). There is no cancellation for any q, real or complex, along faces and edges or near 0.
/// Closed forms, which need case distinctions there: J. Wuttke, J. Appl. Cryst. 54, 580 (2021).
#[derive(Debug, Clone, PartialEq)]
pub struct Polyhedron {
    corners: Vec<[f64; 3]>,
    faces: Vec<Face>,
    /// Three corners that make a tetrahedron with the first corner of all, and six times its volume.
    tetrahedra: Vec<([usize; 3], f64)>,
    volume: f64,
    /// Largest distance of a corner from the centre of mass.
    radius: f64,
}

/// A face: its corners in order around the outer normal, and its plane normal.r = offset.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    corners: Vec<usize>,
    normal: [f64; 3],
    offset: f64,
}

/// Distances below this part of the size count as zero: corners that coincide, points in a plane.
const FLAT: f64 = 1e-9;

impl Polyhedron {
    /// The convex hull of `corners` (nm). Points inside the hull or on its faces and edges are
    /// harmless. The origin of the coordinates is the particle's origin.
    ///
    /// # Errors
    /// If the points do not span a volume, or are not finite.
    pub fn convex_hull(corners: &[[f64; 3]]) -> Result<Self> {
        let size = corners.iter().flatten().fold(0.0_f64, |a, b| a.max(b.abs()));
        check("largest coordinate of a corner", size, "nm", "a positive finite number", |s| s > 0.0)?;
        let tolerance = FLAT * size;
        let mut distinct: Vec<[f64; 3]> = Vec::new();
        for &corner in corners {
            check("sum of coordinates", corner.iter().sum(), "nm", "a finite number", |_| true)?;
            if distinct.iter().all(|&d| length(minus(d, corner)) > tolerance) {
                distinct.push(corner);
            }
        }
        let faces = hull_faces(&distinct, tolerance);
        if faces.len() < 4 {
            return Err(Error::Length { name: "faces of a polyhedron", found: faces.len(), expected: "at least 4" });
        }
        let apex = distinct[0];
        let tetrahedra: Vec<([usize; 3], f64)> = faces
            .iter()
            .flat_map(Face::triangles)
            .map(|triangle| {
                let [a, b, c] = triangle.map(|i| minus(distinct[i], apex));
                (triangle, dot(a, cross(b, c)))
            })
            // Faces that the apex is a corner of have nothing below them.
            .filter(|(_, six_volumes)| *six_volumes > tolerance * size * size)
            .collect();
        let volume = tetrahedra.iter().map(|t| t.1).sum::<f64>() / 6.0;
        let mut moment = [0.0; 3];
        for (triangle, six_volumes) in &tetrahedra {
            for (i, sum) in moment.iter_mut().enumerate() {
                let corners: f64 = triangle.iter().map(|&c| distinct[c][i]).sum();
                *sum += six_volumes / 24.0 * (apex[i] + corners);
            }
        }
        let centre = moment.map(|m| m / volume);
        let radius = distinct.iter().map(|&c| length(minus(c, centre))).fold(0.0, f64::max);
        Ok(Self { corners: distinct, faces, tetrahedra, volume, radius })
    }

    /// The corners, nm.
    #[must_use]
    pub fn corners_nm(&self) -> &[[f64; 3]] {
        &self.corners
    }
}

impl Face {
    /// The face as a fan of triangles, in the order of the outer normal.
    fn triangles(&self) -> impl Iterator<Item = [usize; 3]> {
        self.corners.windows(2).skip(1).map(|pair| [self.corners[0], pair[0], pair[1]])
    }
}

/// Faces of the convex hull: all planes through three points with no point beyond them. With two
/// dozen points there is no need for anything cleverer.
fn hull_faces(points: &[[f64; 3]], tolerance: f64) -> Vec<Face> {
    let mut faces: Vec<Face> = Vec::new();
    let n = points.len();
    for i in 0..n {
        for j in 0..n {
            for k in j + 1..n {
                if i == j || i == k {
                    continue;
                }
                let normal = cross(minus(points[j], points[i]), minus(points[k], points[i]));
                let area = length(normal);
                if area < tolerance * tolerance.sqrt() {
                    continue;
                }
                let normal = normal.map(|c| c / area);
                let offset = dot(normal, points[i]);
                let beyond = |sign: f64| {
                    points.iter().all(|&p| sign * (dot(normal, p) - offset) <= tolerance)
                };
                let sign = match (beyond(1.0), beyond(-1.0)) {
                    (true, false) => 1.0,
                    (false, true) => -1.0,
                    _ => continue,
                };
                let (normal, offset) = (normal.map(|c| sign * c), sign * offset);
                if faces.iter().all(|f| length(minus(f.normal, normal)) > FLAT.sqrt()) {
                    faces.push(face(points, normal, offset, tolerance));
                }
            }
        }
    }
    faces
}

/// The face in a plane, its corners sorted around the normal.
fn face(points: &[[f64; 3]], normal: [f64; 3], offset: f64, tolerance: f64) -> Face {
    let mut corners: Vec<usize> =
        (0..points.len()).filter(|&p| (dot(normal, points[p]) - offset).abs() <= 2.0 * tolerance).collect();
    let middle = mean(&corners.iter().map(|&c| points[c]).collect::<Vec<_>>());
    let first = minus(points[corners[0]], middle);
    let second = cross(normal, first);
    let angle = |c: usize| {
        let r = minus(points[c], middle);
        dot(r, second).atan2(dot(r, first))
    };
    corners.sort_by(|&a, &b| angle(a).total_cmp(&angle(b)));
    // Points inside the face or on its edges are no corners.
    let mut i = 0;
    while i < corners.len() {
        let n = corners.len();
        let [before, here, after] = [i + n - 1, i, i + 1].map(|k| points[corners[k % n]]);
        let turn = dot(normal, cross(minus(here, before), minus(after, here)));
        if turn <= tolerance * length(minus(after, before)) {
            corners.remove(i);
            // The corner before may have become superfluous.
            i = i.saturating_sub(1);
        } else {
            i += 1;
        }
    }
    Face { corners, normal, offset }
}

impl FormFactor for Polyhedron {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let points: Vec<Point> = self
            .corners
            .iter()
            .map(|r| Point::at_phase(q[0] * r[0] + q[1] * r[1] + q[2] * r[2]))
            .collect();
        self.tetrahedra
            .iter()
            .map(|&([a, b, c], six_volumes)| {
                six_volumes * divided_difference_of_four([points[0], points[a], points[b], points[c]])
            })
            .sum()
    }

    fn volume(&self) -> f64 {
        self.volume
    }

    fn radius(&self) -> f64 {
        self.radius
    }

    fn support(&self, direction: [f64; 3]) -> f64 {
        self.corners.iter().map(|&c| dot(c, direction)).fold(f64::NEG_INFINITY, f64::max)
    }

    fn density(&self, r: [f64; 3]) -> f64 {
        solid(self.faces.iter().all(|f| dot(f.normal, r) <= f.offset))
    }
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn mean(points: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|i| points.iter().map(|p| p[i]).sum::<f64>() / points.len() as f64)
}

/// `n` points on a horizontal circle of `radius` at height `z`, the first at `angle` (rad).
fn ring(n: usize, radius: f64, z: f64, angle: f64) -> impl Iterator<Item = [f64; 3]> {
    (0..n).map(move |i| {
        let (sin, cos) = (angle + 2.0 * std::f64::consts::PI * i as f64 / n as f64).sin_cos();
        [radius * cos, radius * sin, z]
    })
}

/// The four corners (+-x, +-y) at height `z`.
fn rectangle(x: f64, y: f64, z: f64) -> [[f64; 3]; 4] {
    [[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]]
}

#[cfg(test)]
mod tests {
    use super::super::Cuboid;
    use super::*;

    #[test]
    fn hull_of_a_box_is_the_box() {
        let mut corners = rectangle(2.0, 3.0, 0.0).to_vec();
        corners.extend(rectangle(2.0, 3.0, 5.0));
        // Points inside, on a face, and twice.
        corners.extend([[0.0, 0.0, 2.0], [2.0, 0.0, 1.0], [2.0, 3.0, 5.0]]);
        let hull = Polyhedron::convex_hull(&corners).unwrap();
        let cuboid = Cuboid::new(4.0, 6.0, 5.0).unwrap();
        assert_eq!(hull.faces.len(), 6);
        assert!((hull.volume() - 120.0).abs() < 1e-12);
        for q in [[0.0, 0.0, 0.0], [1e-9, 0.0, 0.0], [0.3, 0.1, 0.7], [1.0, -2.0, 0.5], [0.0, 0.0, 90.0]] {
            let q = q.map(|c| Complex64::new(c, 0.002 * c));
            let error = (hull.at(q) - cuboid.at(q)).norm();
            assert!(error < 1e-12 * cuboid.volume(), "{q:?} {error:e}");
        }
    }

    #[test]
    fn refuses_flat_and_infinite_bodies() {
        assert!(Polyhedron::convex_hull(&rectangle(1.0, 1.0, 0.0)).is_err());
        assert!(Polyhedron::convex_hull(&[]).is_err());
        assert!(Polyhedron::convex_hull(&[[f64::NAN, 0.0, 1.0]; 5]).is_err());
    }

    #[test]
    fn faces_of_the_catalogue() {
        // Euler: corners - edges + faces = 2, where every edge belongs to two faces.
        let polyhedra = [
            Polyhedron::prism3(5.0, 4.0),
            Polyhedron::prism6(3.0, 4.0),
            Polyhedron::pyramid2(6.0, 8.0, 2.0, 1.2, 1.3),
            Polyhedron::pyramid4(6.0, 2.0, 1.2),
            Polyhedron::bipyramid4(6.0, 2.0, 1.3, 1.2),
            Polyhedron::tetrahedron(5.0),
            Polyhedron::octahedron(5.0),
            Polyhedron::dodecahedron(3.0),
            Polyhedron::icosahedron(4.0),
            Polyhedron::truncated_cube(5.0, 1.0),
            Polyhedron::cantellated_cube(5.0, 1.0),
        ];
        for polyhedron in polyhedra {
            let p = polyhedron.unwrap();
            let edges: usize = p.faces.iter().map(|f| f.corners.len()).sum();
            assert_eq!(edges % 2, 0);
            assert_eq!(p.corners.len() + p.faces.len(), edges / 2 + 2, "{p:?}");
        }
    }
}
