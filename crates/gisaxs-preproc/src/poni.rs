//! Geometry from pyFAI `.poni` files.
//!
//! `key: value` lines, keys case-insensitive, `#` comments; the last entry of a key wins,
//! because recalibrations are appended. SI units. Pixel centre of (row, column):
//! p1 = (row + 0.5) pixel1, p2 = (column + 0.5) pixel2; axis 1 is vertical, 2 horizontal.
//!
//! Without rotations the point of normal incidence is the direct beam:
//! column = Poni2 / pixel2 - 0.5, row = Poni1 / pixel1 - 0.5. With rotations (Fit2D):
//!
//! distance = Distance / (cos rot1 cos rot2),
//! column = (Poni2 - Distance tan rot1) / pixel2 - 0.5,
//! row = (Poni1 + Distance tan rot2 / cos rot1) / pixel1 - 0.5.
//!
//! `orientation` 2 and 1 count rows from the other end, 4 and 1 columns. Which way is up in
//! the stored frame is not in the file: row 0 on top is assumed, as cameras write it.

use std::collections::HashMap;

use crate::detector::Detector;
use crate::error::{Error, Result};
use crate::instrument::Instrument;
use gisaxs_physics::elementary::{acos, cos, tan};

/// Largest tilt of the detector that is treated as none, deg: at 0.5 deg the distance varies
/// by 0.1 % over a detector of 0.2 m at 2 m.
const MAX_TILT_DEG: f64 = 0.5;

pub(crate) fn read(text: &str, file: &str, incidence_deg: f64) -> Result<Instrument> {
    let poni = Poni {
        file,
        entries: text
            .lines()
            .filter_map(|line| {
                let (key, value) = line.split('#').next()?.split_once(':')?;
                Some((key.trim().to_ascii_lowercase(), value.trim()))
            })
            .collect(),
    };
    if poni.entries.is_empty() {
        return Err(poni.wrong("content", "no key: value line", "a .poni file"));
    }
    if let Some(version) = poni.entries.get("poni_version")
        && !["1", "2", "2.1", "3"].contains(version)
    {
        return Err(poni.wrong("poni_version", version, "1, 2, 2.1 or 3"));
    }
    let distance = poni.required("Distance")?;
    let poni1 = poni.required("Poni1")?;
    let poni2 = poni.required("Poni2")?;
    let rot1 = poni.number("Rot1")?.unwrap_or(0.0);
    let rot2 = poni.number("Rot2")?.unwrap_or(0.0);
    let rot3 = poni.number("Rot3")?.unwrap_or(0.0);
    let wavelength_nm = poni.required("Wavelength")? * 1e9;
    let config = poni.config()?;

    let named = match poni.entries.get("detector") {
        // "Detector" is pyFAI's name for any detector without a name.
        None | Some(&("" | "Detector" | "detector")) => None,
        Some(name) => Detector::lookup(name),
    };
    let shape = named.map(|d| d.shape()).or(config.shape);
    let pixel = |number: usize, key: &'static str| -> Result<f64> {
        let from_config = config.pixel[number];
        let value = match poni.number(key)? {
            Some(value) => Some(value),
            None => from_config.or(named.map(|d| d.pixel_mm() * 1e-3)),
        };
        value.ok_or_else(|| {
            poni.wrong(
                key,
                "missing",
                "a pixel size in m, in Detector_config or by a known Detector",
            )
        })
    };
    let pixel1 = pixel(0, "PixelSize1")?;
    let pixel2 = pixel(1, "PixelSize2")?;

    let tilt_deg = acos((cos(rot1) * cos(rot2)).clamp(-1.0, 1.0)).to_degrees();
    if tilt_deg > MAX_TILT_DEG {
        return Err(poni.wrong(
            "Rot1, Rot2",
            &format!("{rot1}, {rot2} rad, a tilt of {tilt_deg:.3} deg"),
            "a tilt below 0.5 deg: tilted detectors are not supported",
        ));
    }
    // Rotation about the beam: turns the frame in its plane.
    if rot3.to_degrees().abs() > MAX_TILT_DEG {
        return Err(poni.wrong(
            "Rot3",
            &format!("{rot3} rad"),
            "below 0.5 deg: detectors turned about the beam are not supported",
        ));
    }
    let mut row = (poni1 + distance * tan(rot2) / cos(rot1)) / pixel1 - 0.5;
    let mut col = (poni2 - distance * tan(rot1)) / pixel2 - 0.5;
    let needs_shape = || {
        shape.ok_or_else(|| {
            poni.wrong(
                "Detector_config orientation",
                &config.orientation.to_string(),
                "3, or a known Detector or max_shape to count from the other end",
            )
        })
    };
    if matches!(config.orientation, 1 | 2) {
        row = needs_shape()?[0] as f64 - 1.0 - row;
    }
    if matches!(config.orientation, 1 | 4) {
        col = needs_shape()?[1] as f64 - 1.0 - col;
    }
    Instrument::from_parts(
        file,
        (wavelength_nm, incidence_deg),
        named,
        shape,
        [pixel2 * 1e3, pixel1 * 1e3],
        distance / (cos(rot1) * cos(rot2)) * 1e3,
        [col, row],
    )
}

struct Poni<'a> {
    file: &'a str,
    entries: HashMap<String, &'a str>,
}

/// What is used of `Detector_config`.
struct Config {
    /// Pixel sizes along axis 1 and 2, m.
    pixel: [Option<f64>; 2],
    shape: Option<[usize; 2]>,
    orientation: u64,
}

impl Poni<'_> {
    fn wrong(&self, field: &'static str, found: &str, expected: &str) -> Error {
        Error::Poni {
            file: self.file.to_owned(),
            field,
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    fn number(&self, key: &'static str) -> Result<Option<f64>> {
        let Some(value) = self.entries.get(&key.to_ascii_lowercase()) else {
            return Ok(None);
        };
        // pyFAI writes the word for a wavelength that was never set.
        if *value == "None" {
            return Ok(None);
        }
        value
            .parse()
            .ok()
            .filter(|x: &f64| x.is_finite())
            .map(Some)
            .ok_or_else(|| self.wrong(key, value, "a number"))
    }

    fn required(&self, key: &'static str) -> Result<f64> {
        self.number(key)?
            .ok_or_else(|| self.wrong(key, "missing", "a number in SI units"))
    }

    fn config(&self) -> Result<Config> {
        let text = self.entries.get("detector_config").copied();
        let json: serde_json::Value = match text {
            None | Some("") => serde_json::Value::Null,
            Some(text) => serde_json::from_str(text)
                .map_err(|_| self.wrong("Detector_config", text, "JSON"))?,
        };
        let pixel = |key: &str| json[key].as_f64();
        let shape = json["max_shape"].as_array().and_then(|list| {
            let rows = usize::try_from(list.first()?.as_u64()?).ok()?;
            let cols = usize::try_from(list.get(1)?.as_u64()?).ok()?;
            (rows > 0 && cols > 0 && list.len() == 2).then_some([rows, cols])
        });
        let orientation = json["orientation"].as_u64().unwrap_or(3);
        // pyFAI calls an unknown orientation 0 and treats it as 3.
        if orientation > 4 {
            let found = orientation.to_string();
            return Err(self.wrong("Detector_config orientation", &found, "1, 2, 3 or 4"));
        }
        Ok(Config {
            pixel: [pixel("pixel1"), pixel("pixel2")],
            shape,
            orientation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis
poni_version: 2.1
Detector: Pilatus300k
Detector_config: {"pixel1": 0.000172, "pixel2": 0.000172, "orientation": 3}
Distance: 3.0
Poni1: 0.02
Poni2: 0.04
Rot1: 0
Rot2: 0
Rot3: 0
Wavelength: 9.762e-11
"#;

    #[test]
    fn the_example_of_the_fact_sheet() {
        let instrument = read(EXAMPLE, "a.poni", 0.4).unwrap();
        let detector = instrument.detector().unwrap();
        assert_eq!([detector.rows, detector.cols], [619, 487]);
        assert!((detector.direct_beam_px[0] - (0.04 / 0.000_172 - 0.5)).abs() < 1e-9);
        assert!((detector.direct_beam_px[1] - (0.02 / 0.000_172 - 0.5)).abs() < 1e-9);
        assert!((detector.distance_mm - 3000.0).abs() < 1e-9);
        assert!((instrument.beam().wavelength_nm() - 0.09762).abs() < 1e-12);
    }

    /// Values of pyFAI 2026.9 for pixel (0, 0), nm^-1, six digits.
    #[test]
    fn q_agrees_with_pyfai_for_row_0_at_the_bottom() {
        let instrument = read(EXAMPLE, "a.poni", 0.4)
            .unwrap()
            .with_up(gisaxs_physics::Up::RowsIncrease);
        let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
        for (col, row, q_ip, q_oop) in [(0.0, 0.0, 0.8563, -0.4271), (486.0, 618.0, 0.9368, 1.8525)]
        {
            let direction = detector.direction(&beam, col, row);
            assert!((direction.q_par(&beam) - q_ip).abs() < 6e-5);
            assert!((direction.q(&beam)[2] - q_oop).abs() < 6e-5);
        }
    }

    #[test]
    fn orientation_2_counts_rows_from_the_other_end() {
        let text = EXAMPLE.replace("\"orientation\": 3", "\"orientation\": 2");
        let instrument = read(&text, "a.poni", 0.4).unwrap();
        let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
        for (col, row, q_ip, q_oop) in [(0.0, 0.0, 0.8561, 1.8525), (486.0, 618.0, 0.9370, -0.4271)]
        {
            let direction = detector.direction(&beam, col, row);
            assert!((direction.q_par(&beam) - q_ip).abs() < 6e-5);
            assert!((direction.q(&beam)[2] - q_oop).abs() < 6e-5);
        }
    }

    #[test]
    fn small_rotations_are_converted_as_fit2d_does() {
        let text = EXAMPLE
            .replace("Rot1: 0", "Rot1: 0.001")
            .replace("Rot2: 0", "Rot2: 0.002");
        let d = read(&text, "a.poni", 0.4).unwrap().detector().unwrap();
        // Fit2D centre in its pixels, minus the half pixel of pixel centres.
        let x = (0.04 - 3.0 * 0.001_f64.tan()) / 0.000_172 - 0.5;
        let y = (0.02 + 3.0 * 0.002_f64.tan() / 0.001_f64.cos()) / 0.000_172 - 0.5;
        assert!((d.direct_beam_px[0] - x).abs() < 1e-9);
        assert!((d.direct_beam_px[1] - y).abs() < 1e-9);
        assert!((d.distance_mm - 3000.0075).abs() < 1e-4);
    }

    #[test]
    fn large_rotations_and_missing_keys_are_errors() {
        for (from, to, what) in [
            ("Rot1: 0", "Rot1: 0.02", "tilt"),
            ("Rot3: 0", "Rot3: 1.5708", "Rot3"),
            ("Distance: 3.0\n", "", "Distance is missing"),
            ("Wavelength: 9.762e-11\n", "", "Wavelength is missing"),
            ("Poni1: 0.02", "Poni1: nan", "Poni1 is nan"),
            ("poni_version: 2.1", "poni_version: 9", "poni_version"),
            ("{\"pixel1\"", "{pixel1", "JSON"),
            (
                "Wavelength: 9.762e-11",
                "Wavelength: 0.9762",
                "wavelength_nm",
            ),
        ] {
            let text = EXAMPLE.replace(from, to);
            let error = read(&text, "a.poni", 0.4).unwrap_err().to_string();
            assert!(error.contains("a.poni") && error.contains(what), "{error}");
        }
        assert!(read("", "a.poni", 0.4).is_err());
        assert!(read(EXAMPLE, "a.poni", f64::NAN).is_err());
    }

    #[test]
    fn version_1_and_recalibration() {
        let text = "PixelSize1: 1.72e-04\nPixelSize2: 1.72e-04\nDistance: 2.0\nPoni1: 0.02\n\
                    Poni2: 0.04\nRot1: 0.0\nRot2: 0.0\nRot3: 0.0\nWavelength: 1.05e-10\n\
                    # again\nDistance: 2.5\n";
        let instrument = read(text, "a.poni", 0.4).unwrap();
        assert!(instrument.detector().is_err());
        let frame = crate::Frame::new(ndarray::Array2::zeros((619, 487))).unwrap();
        let d = instrument.for_frame(&frame).unwrap().detector().unwrap();
        assert_eq!(d.rows, 619);
        assert_eq!(d.distance_mm, 2500.0);
    }
}
