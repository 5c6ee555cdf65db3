//! A plane face of a polyhedron.

use super::vector::{cross, dot, length, mean, minus};

/// A plane face: its boundary and the plane normal.r = offset.
///
/// The boundary is a set of directed edges. They run counter-clockwise around the outer normal, and
/// clockwise around holes, which cuts of bodies that are not convex may have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Face {
    pub(super) edges: Vec<[usize; 2]>,
    pub(super) normal: [f64; 3],
    pub(super) offset: f64,
}

impl Face {
    /// The face bounded by `edges`; `None` if its area is not positive.
    pub(super) fn new(points: &[[f64; 3]], edges: Vec<[usize; 2]>) -> Option<Self> {
        let anchor = points[edges.first()?[0]];
        let area = twice_the_area(points, anchor, &edges);
        let size = length(area);
        (size > 0.0).then(|| {
            let normal = area.map(|c| c / size);
            Self::with_normal(points, edges, normal)
        })
    }

    /// The face with a normal that is known better than from its corners.
    pub(super) fn with_normal(
        points: &[[f64; 3]],
        edges: Vec<[usize; 2]>,
        normal: [f64; 3],
    ) -> Self {
        let offset =
            edges.iter().map(|e| dot(normal, points[e[0]])).sum::<f64>() / edges.len() as f64;
        Self {
            edges,
            normal,
            offset,
        }
    }

    /// The polygon that passes through `corners`.
    pub(super) fn polygon(points: &[[f64; 3]], corners: &[usize]) -> Option<Self> {
        Self::new(points, boundary(corners))
    }

    /// Triangles that add up to the face, as its first corner with the edges that do not touch it. If
    /// the face is not convex, some are turned around and take away what others have too much.
    pub(super) fn triangles(&self) -> impl Iterator<Item = [usize; 3]> {
        let anchor = self.edges[0][0];
        let far = self
            .edges
            .iter()
            .filter(move |e| e[0] != anchor && e[1] != anchor);
        far.map(move |&[a, b]| [anchor, a, b])
    }

    /// Mean of the corners.
    pub(super) fn middle(&self, points: &[[f64; 3]]) -> [f64; 3] {
        mean(self.edges.iter().map(|e| points[e[0]]))
    }

    /// Area.
    pub(super) fn area(&self, points: &[[f64; 3]]) -> f64 {
        let anchor = points[self.edges[0][0]];
        0.5 * dot(self.normal, twice_the_area(points, anchor, &self.edges))
    }

    /// Largest distance of a corner from the plane.
    pub(super) fn deviation(&self, points: &[[f64; 3]]) -> (usize, f64) {
        let distance = |i: usize| (dot(self.normal, points[i]) - self.offset).abs();
        let corners = self.edges.iter().map(|e| (e[0], distance(e[0])));
        corners.fold(
            (self.edges[0][0], 0.0),
            |a, b| if b.1 > a.1 { b } else { a },
        )
    }
}

/// The edges of a polygon, from corner to corner.
pub(super) fn boundary(corners: &[usize]) -> Vec<[usize; 2]> {
    (0..corners.len())
        .map(|i| [corners[i], corners[(i + 1) % corners.len()]])
        .collect()
}

/// Normal vector of twice the area that the edges enclose.
fn twice_the_area(points: &[[f64; 3]], anchor: [f64; 3], edges: &[[usize; 2]]) -> [f64; 3] {
    edges.iter().fold([0.0; 3], |sum, &[a, b]| {
        let part = cross(minus(points[a], anchor), minus(points[b], anchor));
        std::array::from_fn(|i| sum[i] + part[i])
    })
}
