//! The part of a polyhedron between two heights.

use std::collections::HashMap;

use super::Polyhedron;
use super::face::Face;

impl Polyhedron {
    /// The part between two heights (nm, in the coordinates of the body), shifted down by the lower
    /// one; `None` if there is nothing.
    pub(super) fn between(&self, low_nm: f64, high_nm: f64) -> Option<Self> {
        let upwards = low_nm < high_nm;
        if !upwards {
            return None;
        }
        let above = halved(self.corners.clone(), self.faces.clone(), 1.0, low_nm);
        let (mut corners, mut faces) = halved(above.0, above.1, -1.0, -high_nm);
        for corner in &mut corners {
            corner[2] -= low_nm;
        }
        for face in &mut faces {
            face.offset -= face.normal[2] * low_nm;
        }
        let part = (faces.len() >= 4).then(|| Self::assemble(corners, faces))?;
        (part.volume > 1e-12 * self.volume).then_some(part)
    }
}

/// Corners and faces of the part with sign z >= limit, closed by a face in the plane of the cut.
///
/// Every face keeps its edges in that part, and gets new ones along the cut: from where its
/// boundary leaves the part to where it comes back. All of these, reversed, bound the new face;
/// bodies that fall apart and holes need no special care.
fn halved(
    corners: Vec<[f64; 3]>,
    faces: Vec<Face>,
    sign: f64,
    limit: f64,
) -> (Vec<[f64; 3]>, Vec<Face>) {
    let mut cut = Cut {
        depth: corners.iter().map(|c| sign * c[2] - limit).collect(),
        corners,
        crossings: HashMap::new(),
    };
    let mut cap: Vec<[usize; 2]> = Vec::new();
    let mut kept = Vec::with_capacity(faces.len() + 1);
    for face in faces {
        let mut edges = Vec::with_capacity(face.edges.len() + 1);
        // Crossings of the boundary: where it enters the part, and where it leaves it.
        let (mut entries, mut exits) = (Vec::new(), Vec::new());
        for &[a, b] in &face.edges {
            match (cut.depth[a] >= 0.0, cut.depth[b] >= 0.0) {
                (true, true) => edges.push([a, b]),
                (true, false) => {
                    let exit = cut.crossing(a, b);
                    edges.push([a, exit]);
                    exits.push(exit);
                }
                (false, true) => {
                    let entry = cut.crossing(b, a);
                    edges.push([entry, b]);
                    entries.push(entry);
                }
                (false, false) => {}
            }
        }
        // They all lie on one line, where it does not matter which is joined to which: what is passed
        // to and fro cancels.
        for (&exit, &entry) in exits.iter().zip(&entries) {
            edges.push([exit, entry]);
            cap.push([entry, exit]);
        }
        let edges = without_opposites(edges);
        if !edges.is_empty() {
            kept.push(Face { edges, ..face });
        }
    }
    let cap = without_opposites(cap);
    if !cap.is_empty() {
        kept.push(Face {
            edges: cap,
            normal: [0.0, 0.0, -sign],
            offset: -limit,
        });
    }
    (cut.corners, kept)
}

struct Cut {
    corners: Vec<[f64; 3]>,
    /// Height of the corners above the plane, on the side that is kept.
    depth: Vec<f64>,
    /// Corner where the edge from a kept corner to another one crosses the plane.
    crossings: HashMap<[usize; 2], usize>,
}

impl Cut {
    fn crossing(&mut self, inside: usize, outside: usize) -> usize {
        // An edge that starts in the plane crosses it there.
        if self.depth[inside] == 0.0 {
            return inside;
        }
        *self.crossings.entry([inside, outside]).or_insert_with(|| {
            let t = self.depth[inside] / (self.depth[inside] - self.depth[outside]);
            let [a, b] = [inside, outside].map(|i| self.corners[i]);
            let corner = std::array::from_fn(|i| a[i] + t * (b[i] - a[i]));
            self.corners.push(corner);
            self.depth.push(0.0);
            self.corners.len() - 1
        })
    }
}

/// The edges without those of no length and those that are passed in both directions.
fn without_opposites(edges: Vec<[usize; 2]>) -> Vec<[usize; 2]> {
    let mut left: Vec<[usize; 2]> = Vec::with_capacity(edges.len());
    for [a, b] in edges {
        if let Some(opposite) = left.iter().position(|&e| e == [b, a]) {
            left.swap_remove(opposite);
        } else if a != b {
            left.push([a, b]);
        }
    }
    left
}
