//! Geometry as GIXSGUI asks for it: beam centre, specular position, incidence angle.
//!
//! GIXSGUI (Z. Jiang, J. Appl. Cryst. 48, 917 (2015), doi:10.1107/S1600576715004434) has no
//! tilts of the detector. The line from the beam centre to the specular spot is the
//! projection of the surface normal, so its lean is the tilt of the sample about the beam.
//! The program stores its parameters in a MATLAB file, which is not read; here they are
//! fields, or keys of a small TOML text:
//!
//! ```toml
//! beam_center_px = [467.0, 909.0]  # [x, y] as GIXSGUI shows them: 1-based
//! specular_px = [466.0, 705.0]
//! incidence_deg = 0.39
//! sdd_mm = 2565.0
//! pixel_size_mm = [0.172, 0.172]
//! energy_kev = 11.9                # or wavelength_nm
//! detector = "Pilatus 1M"          # or shape = [1043, 981], [rows, columns]
//! ```

use gisaxs_physics::Up;
use gisaxs_physics::elementary::{asin, atan2, cos, hypot, sin, tan};

use crate::detector::Detector;
use crate::error::{Error, Result};
use crate::geometry::{Rotations, SampleOrientation};
use crate::instrument::{Instrument, Mount};
use crate::section::{self, Range, Section};

/// How far the specular spot may lie from where distance and incidence angle put it, px: more
/// than anybody's reading of a spot.
const DISAGREEMENT_PX: f64 = 20.0;

/// The parameters of GIXSGUI.
///
/// ```
/// use gisaxs_preproc::Gixsgui;
///
/// let parameters = Gixsgui {
///     beam_center_px: [467.0, 909.0],
///     specular_px: [467.0, 705.9],
///     incidence_deg: 0.39,
///     sdd_mm: 2565.0,
///     pixel_mm: [0.172, 0.172],
///     wavelength_nm: 0.104,
///     shape: [1043, 981],
/// };
/// let instrument = parameters.instrument()?;
/// // 0-based here.
/// assert_eq!(instrument.direct_beam_px(), [466.0, 908.0]);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gixsgui {
    /// Beam centre \[x, y\], 1-based: the first pixel is (1, 1), y grows downwards.
    pub beam_center_px: [f64; 2],
    /// Specular spot \[x, y\], 1-based.
    pub specular_px: [f64; 2],
    /// Angle of incidence to the surface, deg.
    pub incidence_deg: f64,
    /// Distance from the sample to the detector, mm.
    pub sdd_mm: f64,
    /// Pixel pitch \[horizontal, vertical\], mm.
    pub pixel_mm: [f64; 2],
    /// Wavelength, nm.
    pub wavelength_nm: f64,
    /// Rows and columns.
    pub shape: [usize; 2],
}

impl Gixsgui {
    /// Reads the TOML text above; `file` stands for it in messages.
    ///
    /// # Errors
    /// As [`Instrument::from_toml`].
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        let table = section::parse(file, text)?;
        let root = Section::root(
            file,
            &table,
            &[
                "beam_center_px",
                "specular_px",
                "incidence_deg",
                "sdd_mm",
                "pixel_size_mm",
                "wavelength_nm",
                "energy_kev",
                "detector",
                "shape",
            ],
        )?;
        let point = |key: &'static str| {
            let what = "[x, y], 1-based";
            root.numbers::<2>(key, what, Range::from(-1e5, 1e5, "px"))?
                .ok_or_else(|| root.missing(key, what))
        };
        let known = root
            .text("detector", "the name of a detector")?
            .map(|name| Detector::named(name, file))
            .transpose()?;
        let shape =
            root.numbers::<2>("shape", "[rows, columns]", Range::from(1.0, 65535.0, "px"))?;
        if shape.is_some_and(|shape| shape.iter().any(|n| n.fract() != 0.0)) {
            return Err(root.bad("shape", "[rows, columns], whole numbers"));
        }
        let shape = match (known, shape.map(|shape| shape.map(|n| n as usize))) {
            (Some(known), None) => known.shape(),
            (None, Some(shape)) => shape,
            (Some(known), Some(shape)) if known.shape() == shape => shape,
            (Some(known), Some(_)) => {
                let expected = format!("{:?} as the {} has", known.shape(), known.name());
                return Err(root.bad("shape", expected));
            }
            (None, None) => return Err(root.missing("shape", "[rows, columns], or a detector")),
        };
        let pixel = "[horizontal, vertical] pixel size";
        let pixel_mm = root
            .numbers::<2>("pixel_size_mm", pixel, Range::from(0.001, 5.0, "mm"))?
            .or(known.map(|d| [d.pixel_mm(); 2]))
            .ok_or_else(|| root.missing("pixel_size_mm", pixel))?;
        let wavelength = root.number("wavelength_nm", Range::from(0.0414, 1.2398, "nm"))?;
        let energy = root.number("energy_kev", Range::from(1.0, 30.0, "keV"))?;
        let wavelength_nm = match (wavelength, energy) {
            (Some(wavelength), None) => wavelength,
            (None, Some(energy)) => gisaxs_physics::wavelength_nm(energy),
            (None, None) => return Err(root.missing("wavelength_nm", "nm, or energy_kev")),
            (Some(_), Some(_)) => {
                let expected = "either wavelength_nm or energy_kev, not both";
                return Err(root.bad("energy_kev", expected));
            }
        };
        Ok(Self {
            beam_center_px: point("beam_center_px")?,
            specular_px: point("specular_px")?,
            incidence_deg: root.required("incidence_deg", Range::above(0.0, 10.0, "deg"))?,
            sdd_mm: root.required("sdd_mm", Range::from(10.0, 100_000.0, "mm"))?,
            pixel_mm,
            wavelength_nm,
            shape,
        })
    }

    /// The instrument: row 0 on top.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if specular spot, distance and incidence angle contradict each
    /// other by more than 20 px; [`Error::Value`] for numbers outside the ranges of
    /// `instrument.toml`.
    pub fn instrument(&self) -> Result<Instrument> {
        let file = "GIXSGUI parameters";
        let [x, y] =
            [0, 1].map(|i| (self.specular_px[i] - self.beam_center_px[i]) * self.pixel_mm[i]);
        let up = -y;
        let alpha_i = self.incidence_deg.to_radians();
        let expected_mm = self.sdd_mm * tan(2.0 * alpha_i);
        let found_mm = hypot(x, up);
        let largest_pixel = self.pixel_mm[0].max(self.pixel_mm[1]);
        // Written so that NaN does not pass.
        if !((found_mm - expected_mm).abs() <= DISAGREEMENT_PX * largest_pixel && up > x.abs()) {
            return Err(Error::Mismatch {
                file: file.to_owned(),
                what: "the specular position".to_owned(),
                found: format!("{x:.2} mm beside and {up:.2} mm above the beam centre"),
                expected: format!(
                    "about {expected_mm:.2} mm above it, by distance and incidence angle"
                ),
            });
        }
        // The normal (-sin chi, cos chi cos eta) of the tilted sample leans as the line does,
        // with sin(alpha_i) = cos(chi) sin(eta); two steps settle the second order.
        let (mut tilt, mut pitch) = (0.0, alpha_i);
        for _ in 0..3 {
            tilt = atan2(-x * cos(pitch), up);
            pitch = asin(sin(alpha_i) / cos(tilt));
        }
        Instrument::from_parts(
            file,
            (self.wavelength_nm, pitch.to_degrees()),
            Detector::by_shape(self.shape).filter(|d| {
                self.pixel_mm
                    .iter()
                    .all(|p| (p / d.pixel_mm() - 1.0).abs() < 0.01)
            }),
            Some(self.shape),
            self.pixel_mm,
            self.sdd_mm,
            self.beam_center_px.map(|p| p - 1.0),
            Up::RowsDecrease,
            Mount {
                rotations: Rotations::default(),
                columns_reversed: false,
                sample_tilt_rad: tilt,
                sample_orientation: SampleOrientation::default(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
        beam_center_px = [467.0, 909.0]
        specular_px = [487.0, 707.0]
        incidence_deg = 0.39
        sdd_mm = 2565.0
        energy_kev = 11.9
        detector = 'Pilatus 1M'
    ";

    #[test]
    fn the_specular_spot_is_where_it_was_said_to_be() {
        let parameters = Gixsgui::from_toml(TEXT, "a.toml").unwrap();
        assert_eq!(parameters.shape, [1043, 981]);
        let geometry = parameters.instrument().unwrap().geometry().unwrap();
        let [col, row] = geometry.specular_px().unwrap();
        // On the line through both points, at the distance of the angle, 0-based.
        assert!(((col - 466.0) / (908.0 - row) - 20.0 / 202.0).abs() < 1e-6);
        let length = 0.172 * (col - 466.0).hypot(908.0 - row);
        let expected = 2565.0 * (2.0 * 0.39_f64.to_radians()).tan();
        assert!((length - expected).abs() < 1e-6, "{length} {expected}");
        // q_x = q_y = 0 there, and it is negative above the specular point, as GIXSGUI says.
        let [q_x, q_y, _] = geometry.q(col, row);
        assert!(q_x.abs() < 1e-9 && q_y.abs() < 1e-9);
        let step = [20.0 / 202.0, -1.0];
        let above = geometry.q(col + 100.0 * step[0], row + 100.0 * step[1]);
        assert!(above[0] < 0.0 && above[1].abs() < 1e-4, "{above:?}");
    }

    #[test]
    fn contradictions_are_named() {
        let text = TEXT.replace("0.39", "0.6");
        let parameters = Gixsgui::from_toml(&text, "a.toml").unwrap();
        let error = parameters.instrument().unwrap_err().to_string();
        assert!(
            error.contains("the specular position is 3.44 mm beside"),
            "{error}"
        );
        for (from, to, what) in [
            ("sdd_mm = 2565.0", "", "key sdd_mm is missing"),
            ("sdd_mm", "sdd_m", "unknown key sdd_m, did you mean sdd_mm?"),
            (
                "energy_kev = 11.9",
                "energy_kev = 90",
                "energy_kev = 90, expected a number from 1 to 30 keV",
            ),
            (
                "detector = 'Pilatus 1M'",
                "",
                "key pixel_size_mm is missing",
            ),
        ] {
            let text = TEXT.replace(from, to);
            let text = if what.contains("pixel") {
                text + "shape = [1043, 981]"
            } else {
                text
            };
            let error = Gixsgui::from_toml(&text, "a.toml").unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        let lost = Gixsgui {
            specular_px: [f64::NAN; 2],
            ..Gixsgui::from_toml(TEXT, "a.toml").unwrap()
        };
        assert!(lost.instrument().is_err());
    }
}
