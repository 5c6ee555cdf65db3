//! Convex hulls.

use super::Polyhedron;
use super::vector::{cross, dot, length, mean, minus};
use crate::elementary::{atan2};
use crate::error::{Error, Result, check};

/// Distances below this part of the size count as zero: corners that coincide, points in a plane.
const FLAT: f64 = 1e-9;

impl Polyhedron {
    /// The convex hull of `corners` (nm). Points inside the hull or on its faces and edges are
    /// harmless. The origin of the coordinates is the particle's origin. The time grows with the
    /// fourth power of their number: for more than a hundred, give the faces too ([`Self::from_mesh`]).
    ///
    /// # Errors
    /// If the points do not span a volume, or are not finite.
    pub fn convex_hull(corners: &[[f64; 3]]) -> Result<Self> {
        let size = corners
            .iter()
            .flatten()
            .fold(0.0_f64, |a, b| a.max(b.abs()));
        check(
            "largest coordinate of a corner",
            size,
            "nm",
            "a positive finite number",
            |s| s > 0.0,
        )?;
        let tolerance = FLAT * size;
        let mut distinct: Vec<[f64; 3]> = Vec::new();
        for &corner in corners {
            check(
                "sum of coordinates",
                corner.iter().sum(),
                "nm",
                "a finite number",
                |_| true,
            )?;
            if distinct
                .iter()
                .all(|&d| length(minus(d, corner)) > tolerance)
            {
                distinct.push(corner);
            }
        }
        let faces = hull_faces(&distinct, tolerance);
        if faces.len() < 4 {
            let name = "faces of a polyhedron";
            return Err(Error::Length {
                name,
                found: faces.len(),
                expected: "at least 4",
            });
        }
        Self::from_mesh(&distinct, &faces)
    }
}

/// Faces of the convex hull: all planes through three points with no point beyond them. With a few
/// dozen points there is no need for anything cleverer.
fn hull_faces(points: &[[f64; 3]], tolerance: f64) -> Vec<Vec<usize>> {
    let mut normals: Vec<[f64; 3]> = Vec::new();
    let mut faces = Vec::new();
    let n = points.len();
    for i in 0..n {
        for j in i + 1..n {
            for k in j + 1..n {
                let normal = cross(minus(points[j], points[i]), minus(points[k], points[i]));
                let area = length(normal);
                if area < tolerance * tolerance.sqrt() {
                    continue;
                }
                let normal = normal.map(|c| c / area);
                let offset = dot(normal, points[i]);
                let beyond = |sign: f64| {
                    points
                        .iter()
                        .all(|&p| sign * (dot(normal, p) - offset) <= tolerance)
                };
                let sign = match (beyond(1.0), beyond(-1.0)) {
                    (true, false) => 1.0,
                    (false, true) => -1.0,
                    _ => continue,
                };
                let (normal, offset) = (normal.map(|c| sign * c), sign * offset);
                if normals
                    .iter()
                    .all(|&known| length(minus(known, normal)) > FLAT.sqrt())
                {
                    normals.push(normal);
                    faces.push(face(points, normal, offset, tolerance));
                }
            }
        }
    }
    faces
}

/// The corners of the face in a plane, sorted around the normal.
fn face(points: &[[f64; 3]], normal: [f64; 3], offset: f64, tolerance: f64) -> Vec<usize> {
    let in_plane = |&p: &usize| (dot(normal, points[p]) - offset).abs() <= 2.0 * tolerance;
    let mut corners: Vec<usize> = (0..points.len()).filter(in_plane).collect();
    let middle = mean(corners.iter().map(|&c| points[c]));
    let first = minus(points[corners[0]], middle);
    let second = cross(normal, first);
    let angle = |c: usize| {
        let r = minus(points[c], middle);
        atan2(dot(r, second), dot(r, first))
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
    corners
}
