//! Upright prisms.

use super::super::catalogue::{ShapeInfo, nm};
use super::Polyhedron;
use super::table::ring;
use crate::error::{Result, positive};

pub(crate) const PRISM3: ShapeInfo = ShapeInfo {
    name: "Prism3",
    summary: "upright prism on an equilateral triangle with one corner on the x axis",
    parameters: &[nm("base_edge", "edge of the base"), nm("height", "height")],
    examples: &[&[7.0, 4.0]],
    constructor: |v| Ok(Box::new(Polyhedron::prism3(v[0], v[1])?)),
};

pub(crate) const PRISM6: ShapeInfo = ShapeInfo {
    name: "Prism6",
    summary: "upright prism on a regular hexagon with one corner on the x axis",
    parameters: &[nm("base_edge", "edge of the base"), nm("height", "height")],
    examples: &[&[4.0, 5.0]],
    constructor: |v| Ok(Box::new(Polyhedron::prism6(v[0], v[1])?)),
};

impl Polyhedron {
    /// Upright prism on an equilateral triangle, one corner on the x axis (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn prism3(base_edge_nm: f64, height_nm: f64) -> Result<Self> {
        prism(
            3,
            positive("base edge", base_edge_nm, "nm")? / 3.0_f64.sqrt(),
            height_nm,
        )
    }

    /// Upright prism on a regular hexagon, one corner on the x axis (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn prism6(base_edge_nm: f64, height_nm: f64) -> Result<Self> {
        prism(6, positive("base edge", base_edge_nm, "nm")?, height_nm)
    }
}

fn prism(n: usize, radius: f64, height_nm: f64) -> Result<Polyhedron> {
    let height = positive("prism height", height_nm, "nm")?;
    let corners: Vec<_> = ring(n, radius, 0.0, 0.0)
        .chain(ring(n, radius, height, 0.0))
        .collect();
    Polyhedron::stacked(n, &corners)
}
