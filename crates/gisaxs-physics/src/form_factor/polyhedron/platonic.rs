//! Platonic solids (the cube is a [`super::super::Cuboid`]).

use std::f64::consts::PI;

use super::super::catalogue::{ShapeInfo, nm};
use super::Polyhedron;
use super::table::{rectangle, ring};
use crate::elementary::{sin};
use crate::error::{Result, positive};

/// Golden ratio.
const PHI: f64 = 1.618_033_988_749_895;

pub(crate) const TETRAHEDRON: ShapeInfo = ShapeInfo {
    name: "PlatonicTetrahedron",
    summary: "regular tetrahedron on a face, with one corner over the x axis",
    parameters: &[nm("edge", "edge")],
    examples: &[&[7.0]],
    constructor: |v| Ok(Box::new(Polyhedron::tetrahedron(v[0])?)),
};

pub(crate) const OCTAHEDRON: ShapeInfo = ShapeInfo {
    name: "PlatonicOctahedron",
    summary: "regular octahedron on a corner",
    parameters: &[nm("edge", "edge")],
    examples: &[&[6.0]],
    constructor: |v| Ok(Box::new(Polyhedron::octahedron(v[0])?)),
};

pub(crate) const DODECAHEDRON: ShapeInfo = ShapeInfo {
    name: "Dodecahedron",
    summary: "regular dodecahedron on a face, with one corner of it on the x axis",
    parameters: &[nm("edge", "edge")],
    examples: &[&[3.0]],
    constructor: |v| Ok(Box::new(Polyhedron::dodecahedron(v[0])?)),
};

pub(crate) const ICOSAHEDRON: ShapeInfo = ShapeInfo {
    name: "Icosahedron",
    summary: "regular icosahedron on a face, with one corner of it on the x axis",
    parameters: &[nm("edge", "edge")],
    examples: &[&[4.0]],
    constructor: |v| Ok(Box::new(Polyhedron::icosahedron(v[0])?)),
};

/// Corners are counted along the four rings, from the bottom up.
#[rustfmt::skip]
const DODECAHEDRON_FACES: [[usize; 5]; 12] = [
    [0, 1, 6, 13, 5],
    [0, 4, 3, 2, 1],
    [0, 5, 12, 9, 4],
    [1, 2, 7, 14, 6],
    [2, 3, 8, 10, 7],
    [3, 4, 9, 11, 8],
    [5, 13, 18, 17, 12],
    [6, 14, 19, 18, 13],
    [7, 10, 15, 19, 14],
    [8, 11, 16, 15, 10],
    [9, 12, 17, 16, 11],
    [15, 16, 17, 18, 19],
];

/// Corners as for the dodecahedron.
#[rustfmt::skip]
const ICOSAHEDRON_FACES: [[usize; 3]; 20] = [
    [0, 1, 5],
    [0, 2, 1],
    [0, 4, 2],
    [0, 5, 6],
    [0, 6, 4],
    [1, 2, 3],
    [1, 3, 7],
    [1, 7, 5],
    [2, 4, 8],
    [2, 8, 3],
    [3, 8, 9],
    [3, 9, 7],
    [4, 6, 10],
    [4, 10, 8],
    [5, 7, 11],
    [5, 11, 6],
    [6, 11, 10],
    [7, 9, 11],
    [8, 10, 9],
    [9, 10, 11],
];

impl Polyhedron {
    /// Regular tetrahedron on a face, one corner of which is on the x axis (nm).
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn tetrahedron(edge_nm: f64) -> Result<Self> {
        let edge = positive("tetrahedron edge", edge_nm, "nm")?;
        let mut corners: Vec<_> = ring(3, edge / 3.0_f64.sqrt(), 0.0, 0.0).collect();
        // The upper triangle is a point.
        corners.extend([[0.0, 0.0, edge * (2.0_f64 / 3.0).sqrt()]; 3]);
        Self::stacked(3, &corners)
    }

    /// Regular octahedron on a corner, its horizontal edges along x and y (nm).
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn octahedron(edge_nm: f64) -> Result<Self> {
        let edge = positive("octahedron edge", edge_nm, "nm")?;
        let half_height = edge * 0.5_f64.sqrt();
        let corners = [
            [[0.0; 3]; 4],
            rectangle(0.5 * edge, 0.5 * edge, half_height),
            [[0.0, 0.0, 2.0 * half_height]; 4],
        ];
        Self::stacked(4, &corners.concat())
    }

    /// Regular dodecahedron on a face, one corner of which is on the x axis (nm). Its corners are
    /// on four rings of radii r, phi r, phi r, r at the heights 0, r, phi r, phi^2 r, with r the
    /// circumradius of a face and phi the golden ratio.
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn dodecahedron(edge_nm: f64) -> Result<Self> {
        let edge = positive("dodecahedron edge", edge_nm, "nm")?;
        Self::four_rings(
            5,
            edge / (2.0 * sin(PI / 5.0)),
            [0.0, 0.0, PI, PI],
            &DODECAHEDRON_FACES,
        )
    }

    /// Regular icosahedron on a face, one corner of which is on the x axis (nm). Its corners are
    /// on four rings as those of the dodecahedron.
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn icosahedron(edge_nm: f64) -> Result<Self> {
        let edge = positive("icosahedron edge", edge_nm, "nm")?;
        Self::four_rings(
            3,
            edge / 3.0_f64.sqrt(),
            [0.0, PI, 0.0, PI],
            &ICOSAHEDRON_FACES,
        )
    }

    /// The body on four rings of `n` corners, the first of which has the radius `r` and stands on z = 0.
    fn four_rings<F: AsRef<[usize]>>(
        n: usize,
        r: f64,
        angles: [f64; 4],
        faces: &[F],
    ) -> Result<Self> {
        let radii = [r, PHI * r, PHI * r, r];
        let heights = [0.0, r, PHI * r, PHI * PHI * r];
        let corners: Vec<_> = (0..4)
            .flat_map(|i| ring(n, radii[i], heights[i], angles[i]))
            .collect();
        Self::table(&corners, faces)
    }
}
