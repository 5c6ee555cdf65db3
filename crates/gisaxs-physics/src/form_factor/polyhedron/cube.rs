//! Cubes with cut corners or edges.

use super::super::catalogue::{ShapeInfo, nm, nm_or_zero};
use super::Polyhedron;
use crate::error::{Result, check, positive};

pub(crate) const TRUNCATED_CUBE: ShapeInfo = ShapeInfo {
    name: "TruncatedCube",
    summary: "cube with its corners cut off",
    parameters: &[
        nm("length", "edge of the full cube"),
        nm_or_zero("removed_length", "length cut off an edge at each end"),
    ],
    examples: &[&[6.0, 1.5]],
    constructor: |v| Ok(Box::new(Polyhedron::truncated_cube(v[0], v[1])?)),
};

pub(crate) const CANTELLATED_CUBE: ShapeInfo = ShapeInfo {
    name: "CantellatedCube",
    summary: "cube with its edges and corners cut off",
    parameters: &[
        nm("length", "edge of the full cube"),
        nm_or_zero("removed_length", "width cut off a face at each side"),
    ],
    examples: &[&[6.0, 1.0]],
    constructor: |v| Ok(Box::new(Polyhedron::cantellated_cube(v[0], v[1])?)),
};

/// Corner 3 o + a is near corner o of the full cube (bit i of o: the upper end of axis i), moved along (truncated) or
/// kept at (cantellated) the full extent of the axis a. The triangles come first.
#[rustfmt::skip]
const TRUNCATED_FACES: [&[usize]; 14] = [
    &[0, 2, 1],
    &[3, 4, 5],
    &[6, 7, 8],
    &[9, 11, 10],
    &[12, 13, 14],
    &[15, 17, 16],
    &[18, 20, 19],
    &[21, 22, 23],
    &[0, 1, 7, 6, 9, 10, 4, 3],
    &[0, 3, 5, 17, 15, 12, 14, 2],
    &[1, 2, 14, 13, 19, 20, 8, 7],
    &[4, 10, 11, 23, 22, 16, 17, 5],
    &[6, 8, 20, 18, 21, 23, 11, 9],
    &[12, 15, 16, 22, 21, 18, 19, 13],
];

/// Corners as for the truncated cube; triangles, then squares and rectangles.
#[rustfmt::skip]
const CANTELLATED_FACES: [&[usize]; 26] = [
    &[0, 2, 1],
    &[3, 4, 5],
    &[6, 7, 8],
    &[9, 11, 10],
    &[12, 13, 14],
    &[15, 17, 16],
    &[18, 20, 19],
    &[21, 22, 23],
    &[0, 1, 13, 12],
    &[0, 6, 8, 2],
    &[0, 12, 18, 6],
    &[1, 2, 5, 4],
    &[1, 4, 16, 13],
    &[2, 8, 11, 5],
    &[3, 5, 11, 9],
    &[3, 9, 21, 15],
    &[3, 15, 16, 4],
    &[6, 18, 19, 7],
    &[7, 10, 11, 8],
    &[7, 19, 22, 10],
    &[9, 10, 22, 21],
    &[12, 14, 20, 18],
    &[13, 16, 17, 14],
    &[14, 17, 23, 20],
    &[15, 21, 23, 17],
    &[19, 20, 23, 22],
];

impl Polyhedron {
    /// Cube of edge `length_nm` along x, y, z, whose corners are cut so that each edge loses
    /// `removed_nm` at both ends (nm).
    ///
    /// # Errors
    /// If the edge is not positive, or more than half of it is cut at each end.
    pub fn truncated_cube(length_nm: f64, removed_nm: f64) -> Result<Self> {
        let (half, inner) = cut(length_nm, removed_nm)?;
        cube_corners(half, &TRUNCATED_FACES, |axis, signs| {
            let mut corner = signs.map(|s| s * half);
            corner[axis] = signs[axis] * inner;
            corner
        })
    }

    /// Cube of edge `length_nm` along x, y, z, whose edges and corners are cut so that each face
    /// becomes a square smaller by `removed_nm` on each side (nm).
    ///
    /// # Errors
    /// If the edge is not positive, or more than half of it is cut on each side.
    pub fn cantellated_cube(length_nm: f64, removed_nm: f64) -> Result<Self> {
        let (half, inner) = cut(length_nm, removed_nm)?;
        cube_corners(half, &CANTELLATED_FACES, |axis, signs| {
            let mut corner = signs.map(|s| s * inner);
            corner[axis] = signs[axis] * half;
            corner
        })
    }
}

/// Half the edge, before and after the cut.
fn cut(length_nm: f64, removed_nm: f64) -> Result<(f64, f64)> {
    let half = 0.5 * positive("cube edge", length_nm, "nm")?;
    let allowed = "zero to half the edge";
    check("removed length", removed_nm, "nm", allowed, |r| {
        (0.0..=half).contains(&r)
    })?;
    Ok((half, half - removed_nm))
}

/// Three corners (one per axis) near each corner of the cube, relative to its centre.
fn cube_corners(
    half: f64,
    faces: &[&[usize]],
    corner: impl Fn(usize, [f64; 3]) -> [f64; 3],
) -> Result<Polyhedron> {
    let mut corners = Vec::new();
    for octant in 0..8 {
        let signs = std::array::from_fn(|i| if octant >> i & 1 == 0 { -1.0 } else { 1.0 });
        for axis in 0..3 {
            let [x, y, z] = corner(axis, signs);
            corners.push([x, y, z + half]);
        }
    }
    Polyhedron::table(&corners, faces)
}
