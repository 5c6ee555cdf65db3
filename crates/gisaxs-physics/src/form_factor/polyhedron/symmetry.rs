//! Symmetries that save form factors.

use std::collections::HashMap;

use super::face::Face;
use super::vector::{length, minus};

/// Operations about the centre of mass that a body may have. They are those that take q to q or -q,
/// with or without its vertical part: F(-q) is the conjugate of F(q) for real q.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Symmetry {
    /// Inversion, (x, y, z) to (-x, -y, -z): F is real. Holds the opposite of every corner.
    pub(super) opposite: Option<Vec<usize>>,
    /// Half a turn about the vertical axis, (-x, -y, z): F(q_par, -q_z) is the conjugate of F(q_par, q_z).
    pub(super) half_turn: bool,
    /// The horizontal mirror, (x, y, -z): F(q_par, -q_z) = F(q_par, q_z).
    pub(super) mirror: bool,
}

/// Corners may be so far from their images, as part of the size; the form factor is wrong by that
/// times |q| size.
const TOLERANCE: f64 = 1e-13;
/// The same for normals, which are less well known for narrow faces; a wrong pair of faces is far off.
const NORMALS: f64 = 1e-9;

impl Symmetry {
    /// The symmetries of a body whose `points` are relative to the centre of mass and at most `reach`
    /// away from it.
    pub(super) fn of(points: &[[f64; 3]], faces: &[Face], reach: f64) -> Self {
        let images = |signs| images(points, faces, signs, TOLERANCE * reach);
        Self {
            opposite: images([-1.0, -1.0, -1.0]),
            half_turn: images([-1.0, -1.0, 1.0]).is_some(),
            mirror: images([1.0, 1.0, -1.0]).is_some(),
        }
    }
}

/// The image of every corner when the coordinates are multiplied by `signs`, if the body is the same
/// then.
fn images(
    points: &[[f64; 3]],
    faces: &[Face],
    signs: [f64; 3],
    tolerance: f64,
) -> Option<Vec<usize>> {
    let image = |r: [f64; 3]| std::array::from_fn(|i| signs[i] * r[i]);
    let partner = |&p: &[f64; 3]| {
        points
            .iter()
            .position(|&r| length(minus(r, image(p))) <= tolerance)
    };
    let partners: Vec<usize> = points.iter().map(partner).collect::<Option<_>>()?;
    let mut normals: HashMap<[usize; 2], Vec<[f64; 3]>> = HashMap::new();
    for face in faces {
        for &edge in &face.edges {
            normals.entry(edge).or_default().push(face.normal);
        }
    }
    // A mirror image of a face runs the other way round.
    let turned = signs.iter().product::<f64>() < 0.0;
    let has_image = |face: &Face| {
        face.edges.iter().all(|edge| {
            let [a, b] = edge.map(|i| partners[i]);
            let edge = if turned { [b, a] } else { [a, b] };
            let close = |&n: &[f64; 3]| length(minus(n, image(face.normal))) < NORMALS;
            normals
                .get(&edge)
                .is_some_and(|list| list.iter().any(close))
        })
    };
    faces.iter().all(has_image).then_some(partners)
}
