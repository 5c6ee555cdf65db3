//! Square bipyramid.

use super::super::catalogue::{ShapeInfo, nm, rad, ratio};
use super::super::cone::{base_slope, top_fits};
use super::Polyhedron;
use super::table::rectangle;
use crate::error::{Result, positive};

pub(crate) const BIPYRAMID4: ShapeInfo = ShapeInfo {
    name: "Bipyramid4",
    summary: "two truncated square pyramids joined at their bases",
    parameters: &[
        nm("length", "edge of the joint base"),
        nm("base_height", "height of the lower pyramid"),
        ratio(
            "height_ratio",
            "height of the upper pyramid over that of the lower",
        ),
        rad("alpha", "angle between the side faces and the base"),
    ],
    examples: &[&[7.0, 3.0, 0.8, 1.1]],
    constructor: |v| Ok(Box::new(Polyhedron::bipyramid4(v[0], v[1], v[2], v[3])?)),
};

impl Polyhedron {
    /// Two truncated square pyramids joined at a base of edge `length_nm` (nm), which is at the
    /// height `base_height_nm`; the upper one is `height_ratio` times as high.
    ///
    /// # Errors
    /// If a length or the ratio is not positive, the angle is not in (0, pi), or side faces meet.
    pub fn bipyramid4(
        length_nm: f64,
        base_height_nm: f64,
        height_ratio: f64,
        alpha_rad: f64,
    ) -> Result<Self> {
        let half = 0.5 * positive("bipyramid length", length_nm, "nm")?;
        let lower = positive("height of the lower pyramid", base_height_nm, "nm")?;
        let upper = lower * positive("height ratio", height_ratio, "")?;
        let slope = base_slope(alpha_rad)?;
        let (bottom, top) = (
            top_fits(half - lower * slope, half)?,
            top_fits(half - upper * slope, half)?,
        );
        let corners = [
            rectangle(bottom, bottom, 0.0),
            rectangle(half, half, lower),
            rectangle(top, top, lower + upper),
        ];
        Self::stacked(4, &corners.concat())
    }
}
