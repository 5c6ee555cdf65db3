//! Pyramids cut parallel to their base.

use super::super::catalogue::{ShapeInfo, nm, rad};
use super::super::cone::{base_slope, top_fits};
use super::Polyhedron;
use super::table::{rectangle, ring};
use crate::elementary::{cos};
use crate::error::{Result, positive};

pub(crate) const PYRAMID2: ShapeInfo = ShapeInfo {
    name: "Pyramid2",
    summary: "truncated pyramid on a rectangle",
    parameters: &[
        nm("length", "edge of the base along x"),
        nm("width", "edge of the base along y"),
        nm("height", "height"),
        rad(
            "alpha_length",
            "angle to the base of the faces that bound x",
        ),
        rad("alpha_width", "angle to the base of the faces that bound y"),
    ],
    examples: &[&[6.0, 9.0, 3.0, 1.1, 1.3]],
    constructor: |v| {
        Ok(Box::new(Polyhedron::pyramid2(
            v[0], v[1], v[2], v[3], v[4],
        )?))
    },
};

pub(crate) const PYRAMID3: ShapeInfo = ShapeInfo {
    name: "Pyramid3",
    summary: "truncated pyramid on an equilateral triangle with one corner on the x axis",
    parameters: &[
        nm("base_edge", "edge of the base"),
        nm("height", "height"),
        rad("alpha", "angle between the side faces and the base"),
    ],
    examples: &[&[8.0, 3.0, 1.2]],
    constructor: |v| Ok(Box::new(Polyhedron::pyramid3(v[0], v[1], v[2])?)),
};

pub(crate) const PYRAMID4: ShapeInfo = ShapeInfo {
    name: "Pyramid4",
    summary: "truncated pyramid on a square",
    parameters: &[
        nm("base_edge", "edge of the base"),
        nm("height", "height"),
        rad("alpha", "angle between the side faces and the base"),
    ],
    examples: &[&[8.0, 4.0, 1.0]],
    constructor: |v| Ok(Box::new(Polyhedron::pyramid4(v[0], v[1], v[2])?)),
};

pub(crate) const PYRAMID6: ShapeInfo = ShapeInfo {
    name: "Pyramid6",
    summary: "truncated pyramid on a regular hexagon with one corner on the x axis",
    parameters: &[
        nm("base_edge", "edge of the base"),
        nm("height", "height"),
        rad("alpha", "angle between the side faces and the base"),
    ],
    examples: &[&[4.0, 4.0, 1.1]],
    constructor: |v| Ok(Box::new(Polyhedron::pyramid6(v[0], v[1], v[2])?)),
};

impl Polyhedron {
    /// Truncated pyramid on a rectangle of `length_nm` x `width_nm` (nm, along x and y); the faces
    /// that bound x and y have the angles `alpha_length_rad` and `alpha_width_rad` to the base.
    ///
    /// # Errors
    /// If a length is not positive, an angle is not in (0, pi), or the faces meet below the top.
    pub fn pyramid2(
        length_nm: f64,
        width_nm: f64,
        height_nm: f64,
        alpha_length_rad: f64,
        alpha_width_rad: f64,
    ) -> Result<Self> {
        let half_length = 0.5 * positive("pyramid length", length_nm, "nm")?;
        let half_width = 0.5 * positive("pyramid width", width_nm, "nm")?;
        let height = positive("pyramid height", height_nm, "nm")?;
        let top = |half: f64, alpha: f64| top_fits(half - height * base_slope(alpha)?, half);
        let mut corners = rectangle(half_length, half_width, 0.0).to_vec();
        corners.extend(rectangle(
            top(half_length, alpha_length_rad)?,
            top(half_width, alpha_width_rad)?,
            height,
        ));
        Self::stacked(4, &corners)
    }

    /// Truncated pyramid on an equilateral triangle, one corner on the x axis; `alpha_rad` is the
    /// angle between the side faces and the base.
    ///
    /// # Errors
    /// As [`Self::pyramid2`].
    pub fn pyramid3(base_edge_nm: f64, height_nm: f64, alpha_rad: f64) -> Result<Self> {
        regular(
            3,
            positive("base edge", base_edge_nm, "nm")? / 3.0_f64.sqrt(),
            height_nm,
            alpha_rad,
        )
    }

    /// Truncated pyramid on a square along x and y.
    ///
    /// # Errors
    /// As [`Self::pyramid2`].
    pub fn pyramid4(base_edge_nm: f64, height_nm: f64, alpha_rad: f64) -> Result<Self> {
        Self::pyramid2(base_edge_nm, base_edge_nm, height_nm, alpha_rad, alpha_rad)
    }

    /// Truncated pyramid on a regular hexagon, one corner on the x axis.
    ///
    /// # Errors
    /// As [`Self::pyramid2`].
    pub fn pyramid6(base_edge_nm: f64, height_nm: f64, alpha_rad: f64) -> Result<Self> {
        regular(
            6,
            positive("base edge", base_edge_nm, "nm")?,
            height_nm,
            alpha_rad,
        )
    }
}

/// Pyramid on a regular polygon of this circumradius.
fn regular(n: usize, radius: f64, height_nm: f64, alpha_rad: f64) -> Result<Polyhedron> {
    let height = positive("pyramid height", height_nm, "nm")?;
    // The side faces move inwards by the slope; the circle around shrinks in proportion.
    let inradius = radius * cos(std::f64::consts::PI / n as f64);
    let top = top_fits(inradius - height * base_slope(alpha_rad)?, inradius)? / inradius * radius;
    let corners: Vec<_> = ring(n, radius, 0.0, 0.0)
        .chain(ring(n, top, height, 0.0))
        .collect();
    Polyhedron::stacked(n, &corners)
}
