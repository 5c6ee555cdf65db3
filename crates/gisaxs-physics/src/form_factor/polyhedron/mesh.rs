//! Polyhedra from vertices and faces, as files of triangle meshes hold them.

use std::collections::HashMap;

use super::Polyhedron;
use super::face::{Face, boundary};
use super::vector::{length, minus};
use crate::error::{Error, Result};

/// Corners of a face may be off its plane by this part of the size of the body; more than rounding of
/// the coordinates in a file is a mistake.
const FLAT: f64 = 1e-6;

/// Up to here a face is evaluated as a plane polygon, beyond as triangles. The form factor is wrong
/// by about a hundred times the distance from the plane at worst.
const PLANE: f64 = 1e-14;

/// A closed surface that contains less than this part of its area times its size contains nothing.
const EMPTY: f64 = 1e-12;

impl Polyhedron {
    /// The body bounded by `faces`, each a list of indices into `vertices_nm` (nm): triangles, or
    /// plane polygons of any number of corners, convex or not.
    ///
    /// Seen from outside, the corners of a face run counter-clockwise. The body may have dents,
    /// holes, cavities (whose faces are seen from inside the cavity) and several parts; it must
    /// not overlap itself, which is not checked. Vertices with exactly equal coordinates count as one, so that
    /// a list of separate triangles is closed if its corners agree. Unused vertices are ignored.
    ///
    /// The coordinates are kept: their origin is the particle's origin, about which it is turned and
    /// which [`crate::Placement::Origin`] refers to. Particles that rest on an interface are placed
    /// by their lowest point, wherever z = 0 is.
    ///
    /// ```
    /// use gisaxs_physics::{FormFactor, Polyhedron};
    ///
    /// // The corner of a cube, cut off.
    /// let vertices = [[0.0, 0.0, 0.0], [6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]];
    /// let faces = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
    /// let corner = Polyhedron::from_mesh(&vertices, &faces)?;
    /// assert!((corner.volume() - 36.0).abs() < 1e-12);
    ///
    /// // A face the other way round.
    /// let error = Polyhedron::from_mesh(&vertices, &[[0, 1, 2], [0, 1, 3], [0, 3, 2], [1, 2, 3]]);
    /// assert_eq!(
    ///     error.unwrap_err().to_string(),
    ///     "mesh: edge 0 to 1 of face 0 runs the same way in another face, \
    ///      expected faces that are counter-clockwise seen from outside"
    /// );
    /// # Ok::<(), gisaxs_physics::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a coordinate is not finite; a face has less than three corners, names a vertex that
    /// does not exist or one twice, has no area, or is not flat to 1e-6 of the size of the body; an
    /// edge does not belong to as many faces in one direction as in the other (the surface is open
    /// or a face turned around); or the enclosed volume is not positive.
    pub fn from_mesh<F: AsRef<[usize]>>(vertices_nm: &[[f64; 3]], faces: &[F]) -> Result<Self> {
        let welded = Welded::new(vertices_nm)?;
        let size = welded.size();
        let mut list = Vec::with_capacity(faces.len());
        for (index, given) in faces.iter().enumerate() {
            let corners = welded.corners(index, given.as_ref())?;
            let edges = boundary(&corners);
            let points = &welded.points;
            let longest = edges
                .iter()
                .map(|&[a, b]| length(minus(points[b], points[a])))
                .fold(0.0, f64::max);
            let face = Face::new(points, edges).filter(|f| f.area(points) > PLANE * longest * size);
            let face = face.ok_or(Error::MeshFace {
                face: index,
                problem: "has no area",
            })?;
            let (vertex, distance_nm) = face.deviation(points);
            if distance_nm > FLAT * size {
                let vertex = welded.first[vertex];
                let allowed_nm = FLAT * size;
                return Err(Error::MeshNotFlat {
                    face: index,
                    vertex,
                    distance_nm,
                    allowed_nm,
                });
            }
            if distance_nm <= PLANE * size || corners.len() == 3 {
                list.push(face);
            } else {
                // Triangles without area bound nothing and may be left out.
                list.extend(face.triangles().filter_map(|t| Face::polygon(points, &t)));
            }
        }
        welded.check_closed(faces)?;
        let body = Self::assemble(welded.points, list);
        let area: f64 = body.faces.iter().map(|f| f.area(&body.corners)).sum();
        if body.volume > EMPTY * area * size {
            Ok(body)
        } else {
            Err(Error::MeshVolume {
                volume_nm3: body.volume,
            })
        }
    }
}

/// Vertices, those with equal coordinates made one.
struct Welded {
    points: Vec<[f64; 3]>,
    /// Place of every given vertex in `points`, and back.
    place: Vec<usize>,
    first: Vec<usize>,
}

impl Welded {
    fn new(vertices: &[[f64; 3]]) -> Result<Self> {
        let mut known = HashMap::with_capacity(vertices.len());
        let mut welded = Self {
            points: Vec::new(),
            place: Vec::with_capacity(vertices.len()),
            first: Vec::new(),
        };
        for (vertex, &position) in vertices.iter().enumerate() {
            if let Some(coordinate) = position.into_iter().find(|c| !c.is_finite()) {
                return Err(Error::MeshVertex { vertex, coordinate });
            }
            // Adding zero makes -0 the same as 0.
            let bits = position.map(|c| (c + 0.0).to_bits());
            let place = *known.entry(bits).or_insert(welded.points.len());
            if place == welded.points.len() {
                welded.points.push(position);
                welded.first.push(vertex);
            }
            welded.place.push(place);
        }
        Ok(welded)
    }

    /// Longest edge of the box around all vertices.
    fn size(&self) -> f64 {
        let extent = |i: usize| {
            let coordinates = self.points.iter().map(|p| p[i]);
            let (low, high) =
                coordinates.fold((f64::MAX, f64::MIN), |(l, h), c| (c.min(l), c.max(h)));
            high - low
        };
        (0..3).map(extent).fold(0.0, f64::max)
    }

    /// The corners of a face among the welded points.
    fn corners(&self, face: usize, given: &[usize]) -> Result<Vec<usize>> {
        if given.len() < 3 {
            return Err(Error::MeshFace {
                face,
                problem: "has fewer than three corners",
            });
        }
        let count = self.place.len();
        let place = |&vertex: &usize| {
            self.place.get(vertex).copied().ok_or(Error::MeshIndex {
                face,
                vertex,
                count,
            })
        };
        let corners = given.iter().map(place).collect::<Result<Vec<_>>>()?;
        let mut sorted = corners.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::MeshFace {
                face,
                problem: "passes twice through a corner",
            });
        }
        Ok(corners)
    }

    /// Checks that every edge is passed as often in one direction as in the other.
    fn check_closed<F: AsRef<[usize]>>(&self, faces: &[F]) -> Result<()> {
        let directed = || {
            faces.iter().enumerate().flat_map(|(face, given)| {
                let corners: Vec<usize> = given.as_ref().iter().map(|&v| self.place[v]).collect();
                boundary(&corners).into_iter().map(move |edge| (face, edge))
            })
        };
        let mut passes: HashMap<[usize; 2], usize> = HashMap::new();
        for (_, edge) in directed() {
            *passes.entry(edge).or_default() += 1;
        }
        for (face, [a, b]) in directed() {
            let (along, against) = (passes[&[a, b]], passes.get(&[b, a]).copied().unwrap_or(0));
            if along > against {
                let edge = [a, b].map(|i| self.first[i]);
                let problem = if along == 1 {
                    "belongs to no other face, expected a closed surface"
                } else {
                    "runs the same way in another face, expected faces that are counter-clockwise seen from outside"
                };
                return Err(Error::MeshEdge {
                    face,
                    edge,
                    problem,
                });
            }
        }
        Ok(())
    }
}
