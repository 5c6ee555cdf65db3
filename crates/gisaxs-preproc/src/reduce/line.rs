//! Which pixels a profile collects, and along what.

use gisaxs_physics::elementary::hypot;

use super::axis::Axis;
use crate::error::{Error, Result};
use crate::geometry::Quantity;
use crate::instrument::Instrument;

/// An interval of a quantity, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub(super) quantity: Quantity,
    pub(super) range: [f64; 2],
    /// The magnitude is compared.
    pub(super) both_sides: bool,
}

impl Band {
    /// Pixels with `range[0]` <= quantity <= `range[1]`.
    ///
    /// # Errors
    /// [`Error::Value`] if the range is not two rising numbers.
    pub fn new(quantity: Quantity, range: [f64; 2]) -> Result<Self> {
        if !(range[0].is_finite() && range[1].is_finite() && range[0] <= range[1]) {
            return Err(Error::Value {
                file: format!("band of {quantity}"),
                key: "range".to_owned(),
                value: format!("{range:?}"),
                expected: "two finite numbers, the second not smaller".to_owned(),
            });
        }
        Ok(Self {
            quantity,
            range,
            both_sides: false,
        })
    }

    /// Pixels with `range[0]` <= |quantity| <= `range[1]`: left and right of the beam.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn both_sides(quantity: Quantity, range: [f64; 2]) -> Result<Self> {
        Ok(Self {
            both_sides: true,
            ..Self::new(quantity, range)?
        })
    }

    /// The interval `centre` - `half_width` to `centre` + `half_width`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn around(quantity: Quantity, centre: f64, half_width: f64) -> Result<Self> {
        Self::new(quantity, [centre - half_width, centre + half_width])
    }
}

impl std::fmt::Display for Band {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, high] = self.range;
        let (name, unit) = (self.quantity.name(), self.quantity.unit());
        let bars = if self.both_sides { "|" } else { "" };
        write!(f, "{bars}{name}{bars} {low} to {high} {unit}")
    }
}

/// What a profile runs along and which pixels it collects.
///
/// ```
/// use gisaxs_preproc::reduce::{Axis, Band, Line, Quantity};
///
/// // The arc q = 0.8 to 0.9 nm^-1, over the angle to the normal.
/// let chi = Axis::linear(Quantity::Chi, [-1.5, 1.5], 300)?;
/// let arc = Line::along(chi).within(Band::new(Quantity::Q, [0.8, 0.9])?);
/// // A straight line in the (q_xy, q_z) plane, 0.04 nm^-1 wide.
/// let plane = [Quantity::QXy, Quantity::QZ];
/// let ridge = Line::polyline(plane, &[[0.2, 0.3], [1.0, 1.4]], 0.02, 200)?;
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub(super) kind: Kind,
    pub(super) bands: Vec<Band>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Along a quantity.
    Axis(Axis),
    /// Along lines from point to point of a plane.
    Polyline {
        plane: [Quantity; 2],
        points: Vec<[f64; 2]>,
        half_width: f64,
        bins: usize,
    },
}

impl Line {
    /// Along a quantity, over all pixels: a radial average is `along` q.
    #[must_use]
    pub fn along(axis: Axis) -> Self {
        Self {
            kind: Kind::Axis(axis),
            bands: Vec::new(),
        }
    }

    /// The same, of pixels in a band only; several bands must all hold a pixel.
    #[must_use]
    pub fn within(mut self, band: Band) -> Self {
        self.bands.push(band);
        self
    }

    /// Along straight lines from point to point of the plane of two quantities of one unit,
    /// columns and rows included: pixels at most `half_width` from the line, over the
    /// distance from its first point, in `bins` bins. Ends are cut square.
    ///
    /// # Errors
    /// [`Error::Value`] for fewer than two points, a step without length, numbers that are
    /// not finite, a width that is not positive, or quantities of different units.
    pub fn polyline(
        plane: [Quantity; 2],
        points: &[[f64; 2]],
        half_width: f64,
        bins: usize,
    ) -> Result<Self> {
        let error = |key: &str, value: String, expected: &str| Error::Value {
            file: "polyline".to_owned(),
            key: key.to_owned(),
            value,
            expected: expected.to_owned(),
        };
        if plane[0].unit() != plane[1].unit() || plane[0] == plane[1] {
            let names = format!("{} and {}", plane[0], plane[1]);
            return Err(error("plane", names, "two quantities of one unit"));
        }
        let steps = points.windows(2).all(|p| length(p[0], p[1]) > 0.0);
        let finite = points.iter().flatten().all(|x| x.is_finite());
        if points.len() < 2 || !steps || !finite {
            let expected = "at least two, finite, each unlike the one before";
            return Err(error("points", format!("{points:?}"), expected));
        }
        if !(half_width > 0.0 && half_width.is_finite()) {
            let expected = "a positive finite number";
            return Err(error("half_width", half_width.to_string(), expected));
        }
        let line = Self {
            kind: Kind::Polyline {
                plane,
                points: points.to_vec(),
                half_width,
                bins,
            },
            bands: Vec::new(),
        };
        line.axis()?;
        Ok(line)
    }

    /// Horizontal cut along q_y over a band of exit angles, rad.
    ///
    /// # Errors
    /// As [`Band::new`] and [`Axis::linear`].
    pub fn horizontal(alpha_f_rad: [f64; 2], q_y: [f64; 2], bins: usize) -> Result<Self> {
        let axis = Axis::linear(Quantity::QY, q_y, bins)?;
        Ok(Self::along(axis).within(Band::new(Quantity::AlphaF, alpha_f_rad)?))
    }

    /// Vertical cut along q_z over a band of |q_y|: 0 to a few hundredths of nm^-1 is the
    /// detector cut, a band beside the rod the off-detector cut.
    ///
    /// # Errors
    /// As [`horizontal`](Self::horizontal).
    pub fn vertical(q_y: [f64; 2], q_z: [f64; 2], bins: usize) -> Result<Self> {
        let axis = Axis::linear(Quantity::QZ, q_z, bins)?;
        Ok(Self::along(axis).within(Band::both_sides(Quantity::QY, q_y)?))
    }

    /// Yoneda cut: horizontal, where the exit angle is the critical angle sqrt(2 delta) of the
    /// particles, or else of the film, or else of the substrate of the instrument's sample,
    /// plus and minus `half_width_rad`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] if the sample has no material; as
    /// [`horizontal`](Self::horizontal).
    pub fn yoneda(
        instrument: &Instrument,
        half_width_rad: f64,
        q_y: [f64; 2],
        bins: usize,
    ) -> Result<Self> {
        let known = instrument.sample_knowledge();
        let index = known
            .particle
            .or(known.film.map(|film| film.0))
            .or(known.substrate);
        let Some(index) = index else {
            return Err(Error::MissingKey {
                file: instrument.file().to_owned(),
                key: "sample.particle".to_owned(),
                expected: "a material, or that of film or substrate, for the Yoneda band"
                    .to_owned(),
            });
        };
        let alpha_c = (2.0 * index.delta.max(0.0)).sqrt();
        let band = Band::around(Quantity::AlphaF, alpha_c, half_width_rad)?;
        Ok(Self::along(Axis::linear(Quantity::QY, q_y, bins)?).within(band))
    }

    /// The bins. A polyline's are of the distance along it, which has the unit of both
    /// quantities of its plane.
    pub(super) fn axis(&self) -> Result<Axis> {
        match &self.kind {
            Kind::Axis(axis) => Ok(*axis),
            Kind::Polyline {
                plane,
                points,
                bins,
                ..
            } => {
                let total = points.windows(2).map(|p| length(p[0], p[1])).sum();
                Axis::linear(plane[0], [0.0, total], *bins)
            }
        }
    }

    /// Name of what the profile runs along.
    pub(super) fn coordinate(&self) -> &'static str {
        match &self.kind {
            Kind::Axis(axis) => axis.quantity().name(),
            Kind::Polyline { .. } => "distance",
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Axis(axis) => write!(f, "along {axis}")?,
            Kind::Polyline {
                plane,
                points,
                half_width,
                bins,
            } => write!(
                f,
                "within {half_width} {} of the line through ({}, {}) = {points:?} in {bins} bins",
                plane[0].unit(),
                plane[0],
                plane[1]
            )?,
        }
        for band in &self.bands {
            write!(f, ", {band}")?;
        }
        Ok(())
    }
}

pub(super) fn length(a: [f64; 2], b: [f64; 2]) -> f64 {
    hypot(b[0] - a[0], b[1] - a[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_they_are() {
        let line = Line::horizontal([0.005, 0.006], [-1.0, 1.0], 200).unwrap();
        assert_eq!(
            line.to_string(),
            "along qy -1 to 1 1/nm in 200 bins, alpha_f 0.005 to 0.006 rad"
        );
        let line = Line::vertical([0.0, 0.05], [0.0, 2.0], 10).unwrap();
        assert!(line.to_string().ends_with("|qy| 0 to 0.05 1/nm"));
    }

    #[test]
    fn impossible_lines_are_refused() {
        let px = [Quantity::Column, Quantity::Row];
        let good = [[0.0, 0.0], [3.0, 4.0]];
        assert!(Line::polyline(px, &good, 1.0, 5).is_ok());
        assert!(Line::polyline([Quantity::QY, Quantity::Row], &good, 1.0, 5).is_err());
        assert!(Line::polyline([Quantity::QY; 2], &good, 1.0, 5).is_err());
        assert!(Line::polyline(px, &good[..1], 1.0, 5).is_err());
        assert!(Line::polyline(px, &[good[0], good[0]], 1.0, 5).is_err());
        assert!(Line::polyline(px, &[good[0], [f64::NAN, 1.0]], 1.0, 5).is_err());
        assert!(Line::polyline(px, &good, 0.0, 5).is_err());
        assert!(Line::polyline(px, &good, 1.0, 0).is_err());
        assert!(Band::new(Quantity::Q, [1.0, 0.5]).is_err());
        assert!(Band::around(Quantity::Q, 1.0, f64::NAN).is_err());
    }
}
