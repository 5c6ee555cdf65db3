//! Geometry files of pyFAI: `.poni`, versions 1, 2, 2.1 and 3.
//!
//! `key: value` lines, keys case-insensitive, `#` comments; the last entry of a key wins,
//! because recalibrations are appended. SI units. Pixel centre of (row, column):
//! p1 = (row + 0.5) pixel1, p2 = (column + 0.5) pixel2; axis 1 is vertical, 2 horizontal.
//!
//! | version | new |
//! |---|---|
//! | 1 (not written in the file) | PixelSize1, PixelSize2, Detector, SplineFile, Distance, Poni1, Poni2, Rot1, Rot2, Rot3, Wavelength |
//! | 2 | Detector_config, JSON |
//! | 2.1 | `orientation` in it; 3 where it is absent |
//! | 3 | Parallax, and `sensor` in Detector_config |
//!
//! Checked against pyFAI 2026.9 (`io/ponifile.py`), see `scripts/compare_pyfai.py`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use gisaxs_physics::{Beam, Up};

use crate::detector::{Detector, Family};
use crate::error::{Error, Result};
use crate::frame::read_file;
use crate::geometry::{DetectorOrientation, Geometry, Pose, Rotations};
use crate::instrument::{Instrument, Mount};

/// Detectors of pyFAI whose pixels do not lie in a plane.
const NOT_FLAT: [&str; 6] = [
    "aarhus",
    "cirpad",
    "xcirpad",
    "rapid",
    "rapidii",
    "cylindricaldetector",
];

/// The content of a `.poni` file.
///
/// ```
/// use gisaxs_preproc::Poni;
/// use gisaxs_preproc::gisaxs_physics::Beam;
///
/// let poni = Poni::from_text(
///     r#"
///     poni_version: 2.1
///     Detector: Pilatus300k
///     Detector_config: {"pixel1": 0.000172, "pixel2": 0.000172, "orientation": 3}
///     Distance: 3.0
///     Poni1: 0.02
///     Poni2: 0.04
///     Rot1: 0
///     Rot2: 0
///     Rot3: 0
///     Wavelength: 9.762e-11
///     "#,
///     "a.poni",
/// )?;
/// // As pyFAI reads it, row 0 at the bottom: q_ip and q_oop of the first pixel.
/// let beam = Beam::new(poni.wavelength_nm()?, 0.4_f64.to_radians()).unwrap();
/// let [q_ip, q_oop] = poni.geometry(beam)?.q_xy_q_z(0.0, 0.0);
/// assert!((q_ip + 0.8563).abs() < 1e-4 && (q_oop + 0.4271).abs() < 1e-4);
/// // As a camera writes frames, row 0 on top.
/// let instrument = poni.instrument(0.4, Some(Default::default()))?;
/// assert_eq!(instrument.detector()?.distance_mm, 3000.0);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Poni {
    file: String,
    version: Version,
    detector: Option<Detector>,
    shape: Option<[usize; 2]>,
    /// Horizontal, vertical.
    pixel_mm: [f64; 2],
    pose: Pose,
    wavelength_nm: Option<f64>,
    parallax: bool,
    /// The named detector, if the file gives it other pixels.
    other_pixels: Option<Detector>,
    sensor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
    TwoOne,
    Three,
}

impl Poni {
    /// Reads the text of a `.poni` file; `file` stands for it in messages.
    ///
    /// # Errors
    /// [`Error::Poni`] names the key, its value and what was expected: for text that is none,
    /// values that are no numbers, detectors that are not flat or distorted by a spline, and
    /// a geometry that is missing. A wavelength may be missing.
    pub fn from_text(text: &str, file: &str) -> Result<Self> {
        Entries::new(text, file).read()
    }

    /// Reads a `.poni` file.
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text), and [`Error::Read`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_file(path)?;
        Self::from_text(
            &String::from_utf8_lossy(&bytes),
            &path.display().to_string(),
        )
    }

    /// Version of the format: `1`, `2`, `2.1` or `3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        match self.version {
            Version::One => "1",
            Version::Two => "2",
            Version::TwoOne => "2.1",
            Version::Three => "3",
        }
    }

    /// The detector, if it is one of the known ones.
    #[must_use]
    pub fn detector(&self) -> Option<Detector> {
        self.detector
    }

    /// Rows and columns, if the file says them or names a known detector.
    #[must_use]
    pub fn shape(&self) -> Option<[usize; 2]> {
        self.shape
    }

    /// Pixel pitch \[horizontal, vertical\], mm.
    #[must_use]
    pub fn pixel_mm(&self) -> [f64; 2] {
        self.pixel_mm
    }

    /// Where the detector stands.
    #[must_use]
    pub fn pose(&self) -> Pose {
        self.pose
    }

    /// The wavelength, nm.
    ///
    /// # Errors
    /// [`Error::Poni`] if the file has none: pyFAI needs none for angles.
    pub fn wavelength_nm(&self) -> Result<f64> {
        self.wavelength_nm.ok_or_else(|| Error::Poni {
            file: self.file.clone(),
            field: "Wavelength",
            found: "missing".to_owned(),
            expected: "a number in m; without it angles are known, but no q".to_owned(),
        })
    }

    /// The sensor as version 3 describes it, JSON.
    #[must_use]
    pub fn sensor(&self) -> Option<&str> {
        self.sensor.as_deref()
    }

    /// What the file asks for and is not done, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let parallax = self.parallax.then(|| {
            format!(
                "{}: Parallax is True, but the depth at which a sensor absorbs oblique rays is not \
                 modelled: positions are those of the front of the sensor",
                self.file
            )
        });
        let pixels = self.other_pixels.map(|named| {
            let [x, y] = self.pixel_mm;
            format!(
                "{}: names a {} with pixels of {x} x {y} mm instead of {}: taken for a binned one, \
                 whose gaps are not known",
                self.file,
                named.name(),
                named.pixel_mm()
            )
        });
        parallax.into_iter().chain(pixels).collect()
    }

    /// The exact geometry as pyFAI's `FiberIntegrator` has it: axis 1 of the detector points
    /// up, so that orientation 3 means row 0 at the bottom.
    ///
    /// # Errors
    /// [`Error::Poni`] if nothing says how many pixels there are; as [`Geometry::new`].
    pub fn geometry(&self, beam: Beam) -> Result<Geometry> {
        let shape = self.shape.ok_or_else(|| self.no_shape("max_shape"))?;
        Geometry::new(beam, shape, self.pixel_mm, self.pose)
    }

    fn no_shape(&self, what: &str) -> Error {
        Error::Poni {
            file: self.file.clone(),
            field: "Detector_config",
            found: format!("without {what}"),
            expected: "a known Detector or max_shape".to_owned(),
        }
    }

    /// As an instrument, by direct beam and distance, with the incidence angle that such a
    /// file does not hold.
    ///
    /// `up` says which way is up in the stored frame, where that is known better than from
    /// the orientation: most files have orientation 3 because nobody set it, for frames
    /// with row 0 on top. The geometry is then mirrored (rot2 and rot3 change sign), which
    /// no ring can tell. `None` keeps the meaning of the orientation.
    ///
    /// # Errors
    /// [`Error::Poni`] if the wavelength is missing, if the beam misses the detector's plane,
    /// or if rows are counted from the end of a detector of unknown size; [`Error::Value`]
    /// for numbers outside the ranges of `instrument.toml`.
    pub fn instrument(&self, incidence_deg: f64, up: Option<Up>) -> Result<Instrument> {
        let wavelength_nm = self.wavelength_nm()?;
        let mut pose = self.pose;
        if self.shape.is_none() && pose.orientation != DetectorOrientation::BottomLeft {
            return Err(self.no_shape(&format!(
                "max_shape to count orientation {} from the other end",
                pose.orientation.number()
            )));
        }
        // A shape is needed only to count from the other end.
        let shape = self.shape.unwrap_or([1, 1]);
        let Rotations { rot1, rot2, rot3 } = pose.rotations;
        let beam = pose
            .beam_pose(shape, self.pixel_mm)
            .ok_or_else(|| Error::Poni {
                file: self.file.clone(),
                field: "Rot1, Rot2",
                found: format!("{rot1}, {rot2} rad"),
                expected: "a detector that the direct beam would hit from the front, tilted by \
                           less than 89.9 deg"
                    .to_owned(),
            })?;
        let own_up = if pose.orientation.rows_reversed() {
            Up::RowsDecrease
        } else {
            Up::RowsIncrease
        };
        let up = up.unwrap_or(own_up);
        let sign = if up == own_up { 1.0 } else { -1.0 };
        // A full turn about the beam is none.
        let turn = std::f64::consts::TAU;
        pose.rotations = Rotations {
            rot1,
            rot2: sign * rot2,
            rot3: sign * (rot3 - turn * (rot3 / turn).round()),
        };
        Instrument::from_parts(
            &self.file,
            (wavelength_nm, incidence_deg),
            self.detector,
            self.shape,
            self.pixel_mm,
            beam.distance_mm,
            beam.direct_beam_px,
            up,
            Mount {
                rotations: pose.rotations,
                columns_reversed: pose.orientation.columns_reversed(),
                ..Mount::default()
            },
        )
        .map(|instrument| instrument.with_notes(self.warnings()))
    }

    /// The geometry of an instrument. Incidence angle and mount of the sample have no place
    /// in such a file.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`] if shape or pixel size are left to the frame.
    pub fn from_instrument(instrument: &Instrument) -> Result<Self> {
        let geometry = instrument.geometry()?;
        Ok(Self {
            file: instrument.file().to_owned(),
            version: Version::TwoOne,
            detector: instrument.known_detector(),
            shape: Some(geometry.shape()),
            pixel_mm: geometry.pixel_mm(),
            pose: geometry.pose(),
            wavelength_nm: Some(geometry.beam().wavelength_nm()),
            parallax: false,
            other_pixels: None,
            sensor: None,
        })
    }

    /// The file, version 2.1. Numbers are written so that the same ones are read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let [pixel2, pixel1] = self.pixel_mm.map(|mm| mm * 1e-3);
        let mut config = serde_json::json!({
            "pixel1": pixel1,
            "pixel2": pixel2,
            "orientation": self.pose.orientation.number(),
        });
        let name = self.detector.and_then(pyfai_name);
        if let (None, Some([rows, cols])) = (&name, self.shape) {
            config["max_shape"] = serde_json::json!([rows, cols]);
        }
        let Rotations { rot1, rot2, rot3 } = self.pose.rotations;
        let [poni1, poni2] = self.pose.poni_mm.map(|mm| mm * 1e-3);
        let mut text = format!(
            "# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis\n\
             poni_version: 2.1\n\
             Detector: {}\n\
             Detector_config: {config}\n\
             Distance: {:?}\nPoni1: {poni1:?}\nPoni2: {poni2:?}\n\
             Rot1: {rot1:?}\nRot2: {rot2:?}\nRot3: {rot3:?}\n",
            name.as_deref().unwrap_or("Detector"),
            self.pose.distance_mm * 1e-3,
        );
        if let Some(wavelength_nm) = self.wavelength_nm {
            let _ = writeln!(text, "Wavelength: {:?}", wavelength_nm * 1e-9);
        }
        text
    }
}

/// Whether these are the detector's own pixels.
fn has_pixels(detector: Detector, pixel_mm: [f64; 2]) -> bool {
    let own = detector.pixel_mm();
    pixel_mm
        .iter()
        .all(|pixel| (pixel / own - 1.0).abs() < 0.01)
}

/// Rows and columns of a detector whose pixels are read out several at a time; `None` if these
/// are not several of its pixels.
fn binned_shape(detector: Detector, [x, y]: [f64; 2]) -> Option<[usize; 2]> {
    let [rows, cols] = detector.shape();
    let binned = |pixels: usize, pitch: f64| {
        let ratio = pitch / detector.pixel_mm();
        let several = ratio.round();
        let whole = several >= 1.0 && several <= pixels as f64 && (ratio - several).abs() < 0.01;
        whole.then(|| pixels / several as usize)
    };
    Some([binned(rows, y)?, binned(cols, x)?])
}

/// A name that pyFAI knows the detector by; `None` for one that is better described.
fn pyfai_name(detector: Detector) -> Option<String> {
    let families = [
        Family::Pilatus,
        Family::Pilatus4,
        Family::Eiger,
        Family::Eiger2,
    ];
    if detector.is_cdte() || !families.contains(&detector.family()) {
        return None;
    }
    let name = detector.name().replace("-W", "W");
    let separator = if matches!(detector.family(), Family::Pilatus4 | Family::Eiger2) {
        "_"
    } else {
        ""
    };
    Some(name.replace("kW", "kw").replace(' ', separator))
}

struct Entries<'a> {
    file: &'a str,
    entries: HashMap<String, &'a str>,
}

/// What is used of `Detector_config`.
struct Config {
    /// Pixel sizes along axis 1 and 2, m.
    pixel: [Option<f64>; 2],
    shape: Option<[usize; 2]>,
    orientation: Option<DetectorOrientation>,
    sensor: Option<String>,
}

impl<'a> Entries<'a> {
    fn new(text: &'a str, file: &'a str) -> Self {
        Self {
            file,
            entries: text
                .lines()
                .filter_map(|line| {
                    let (key, value) = line.split('#').next()?.split_once(':')?;
                    Some((key.trim().to_ascii_lowercase(), value.trim()))
                })
                .collect(),
        }
    }

    fn read(&self) -> Result<Poni> {
        if self.entries.is_empty() {
            return Err(self.wrong("content", "no key: value line", "a .poni file"));
        }
        let config = self.config()?;
        let version = self.version(&config)?;
        let named = self.detector()?;
        if let Some(spline) = self.entries.get("splinefile")
            && !["", "none", "null"].contains(&spline.to_ascii_lowercase().as_str())
        {
            let expected = "none: a distorted detector must be corrected before";
            return Err(self.wrong("SplineFile", spline, expected));
        }
        let pixel = |number: usize, key: &'static str| -> Result<f64> {
            let value = self
                .number(key)?
                .or(config.pixel[number])
                .or(named.map(|d| d.pixel_mm() * 1e-3))
                .ok_or_else(|| {
                    let expected = "a pixel size in m, in Detector_config or by a known Detector";
                    self.wrong(key, "missing", expected)
                })?;
            self.within(key, value, [1e-7, 1.0], "m")
        };
        let pixel1 = pixel(0, "PixelSize1")?;
        let pixel2 = pixel(1, "PixelSize2")?;
        let poni = |key| {
            let metres = self.within(key, self.required(key)?, [-1e4, 1e4], "m")?;
            Ok::<_, Error>(metres * 1e3)
        };
        let rotation = |key| {
            let angle = self.number(key)?.unwrap_or(0.0);
            // More than a hundred turns is no angle, or one in another unit.
            self.within(key, angle, [-1e3, 1e3], "rad")
        };
        let pose = Pose {
            distance_mm: self.within("Distance", self.required("Distance")?, [1e-4, 1e4], "m")?
                * 1e3,
            poni_mm: [poni("Poni1")?, poni("Poni2")?],
            rotations: Rotations {
                rot1: rotation("Rot1")?,
                rot2: rotation("Rot2")?,
                rot3: rotation("Rot3")?,
            },
            orientation: config.orientation.unwrap_or_default(),
        };
        let wavelength_nm = self
            .number("Wavelength")?
            .map(|m| self.within("Wavelength", m, [1e-13, 1e-6], "m"))
            .transpose()?
            .map(|m| m * 1e9);
        let parallax = match self.entries.get("parallax").map(|v| v.to_ascii_lowercase()) {
            None => false,
            Some(word) if word == "true" => true,
            Some(word) if ["false", "none", "0", ""].contains(&word.as_str()) => false,
            Some(word) => return Err(self.wrong("Parallax", &word, "True or False")),
        };
        let pixel_mm = [pixel2 * 1e3, pixel1 * 1e3];
        let (detector, other_pixels) = match named {
            Some(named) if !has_pixels(named, pixel_mm) => (None, Some(named)),
            named => (named, None),
        };
        Ok(Poni {
            file: self.file.to_owned(),
            version,
            detector,
            other_pixels,
            shape: detector
                .map(|d| d.shape())
                .or(config.shape)
                .or_else(|| binned_shape(other_pixels?, pixel_mm)),
            pixel_mm,
            pose,
            wavelength_nm,
            parallax,
            sensor: config.sensor,
        })
    }

    /// The version is what the file says or what it contains, whichever is newer.
    fn version(&self, config: &Config) -> Result<Version> {
        let said = match self.entries.get("poni_version") {
            None => 1.0,
            Some(text) => text
                .parse::<f64>()
                .ok()
                .filter(|v| [1.0, 2.0, 2.1, 3.0].contains(v))
                .ok_or_else(|| self.wrong("poni_version", text, "1, 2, 2.1 or 3"))?,
        };
        Ok(if said >= 3.0 || self.entries.contains_key("parallax") {
            Version::Three
        } else if said > 2.0 || config.orientation.is_some() {
            Version::TwoOne
        } else if said == 2.0 || self.entries.contains_key("detector_config") {
            Version::Two
        } else {
            Version::One
        })
    }

    fn detector(&self) -> Result<Option<Detector>> {
        let Some(&name) = self.entries.get("detector") else {
            return Ok(None);
        };
        let lower = name.to_ascii_lowercase();
        if NOT_FLAT.contains(&lower.as_str()) {
            return Err(self.wrong("Detector", name, "a flat detector"));
        }
        // "Detector" is pyFAI's name for any detector without a name.
        Ok(if ["", "detector", "none"].contains(&lower.as_str()) {
            None
        } else {
            Detector::lookup(name)
        })
    }

    fn wrong(&self, field: &'static str, found: &str, expected: &str) -> Error {
        Error::Poni {
            file: self.file.to_owned(),
            field,
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// Limits far beyond any instrument: what lies outside is damage or another unit.
    fn within(&self, field: &'static str, value: f64, range: [f64; 2], unit: &str) -> Result<f64> {
        let [low, high] = range;
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        let expected = format!("a number from {low:e} to {high:e} {unit}");
        Err(self.wrong(field, &value.to_string(), &expected))
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
            None | Some("" | "None") => serde_json::Value::Null,
            Some(text) => serde_json::from_str(text)
                .map_err(|_| self.wrong("Detector_config", text, "JSON"))?,
        };
        let pixel = |key: &str| json[key].as_f64();
        let shape = json["max_shape"].as_array().and_then(|list| {
            let rows = usize::try_from(list.first()?.as_u64()?).ok()?;
            let cols = usize::try_from(list.get(1)?.as_u64()?).ok()?;
            // Larger than any detector: a typing error, and more memory than a map may take.
            let sane = (1..=65_535).contains(&rows) && (1..=65_535).contains(&cols);
            (sane && list.len() == 2).then_some([rows, cols])
        });
        let orientation = match &json["orientation"] {
            serde_json::Value::Null => None,
            value => {
                // pyFAI calls an unknown orientation 0 and treats it as 3.
                let number = match value.as_u64() {
                    Some(0) => Some(3),
                    other => other,
                };
                let known = number.and_then(DetectorOrientation::from_number);
                Some(known.ok_or_else(|| {
                    let found = value.to_string();
                    self.wrong("Detector_config orientation", &found, "1, 2, 3 or 4")
                })?)
            }
        };
        let sensor = match &json["sensor"] {
            serde_json::Value::Null => None,
            value => Some(value.to_string()),
        };
        Ok(Config {
            pixel: [pixel("pixel1"), pixel("pixel2")],
            shape,
            orientation,
            sensor,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a camera stores frames, row 0 on top.
    fn read(text: &str, file: &str, incidence_deg: f64) -> Result<Instrument> {
        Poni::from_text(text, file)?.instrument(incidence_deg, Some(Up::RowsDecrease))
    }

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
    fn a_named_detector_with_other_pixels_is_taken_for_a_binned_one() {
        let poni = |pixel1: &str| {
            let config =
                format!("{{\"pixel1\": {pixel1}, \"pixel2\": 0.000172, \"orientation\": 3}}");
            let text = format!(
                "poni_version: 2.1\nDetector: Pilatus300k\nDetector_config: {config}\nDistance: 3.0\n\
                 Poni1: 0.02\nPoni2: 0.04\nWavelength: 9.762e-11\n"
            );
            Poni::from_text(&text, "a.poni").unwrap()
        };
        let own = poni("0.000172");
        assert!(own.detector().is_some() && own.warnings().is_empty());
        // Twice the pixel, half the rows; and a size that no binning gives, found by fuzzing.
        for (pixel1, shape) in [("0.000344", Some([309, 487])), ("0.004634", None)] {
            let poni = poni(pixel1);
            assert_eq!((poni.detector(), poni.shape()), (None, shape));
            assert!(poni.warnings()[0].contains("names a Pilatus 300k"));
            let toml = poni.instrument(0.4, None).unwrap().to_toml();
            let again = Instrument::from_toml(&toml, "again").unwrap();
            assert_eq!(again.to_toml(), toml);
            assert_eq!(
                Poni::from_text(&poni.to_text(), "b.poni").unwrap().shape(),
                shape
            );
        }
    }

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
    fn values_that_cannot_be_and_missing_keys_are_errors() {
        for (from, to, what) in [
            ("Rot1: 0", "Rot1: 1.5708", "Rot1, Rot2"),
            ("Rot2: 0", "Rot2: 3.1", "Rot1, Rot2"),
            ("Detector: Pilatus300k", "Detector: Aarhus", "flat"),
            ("Rot3: 0", "SplineFile: a.spline", "SplineFile"),
            ("Rot3: 0", "Parallax: maybe", "Parallax"),
            ("Distance: 3.0", "Distance: -3.0", "from 1e-4 to 1e4 m"),
            ("Rot2: 0", "Rot2: 1e4", "rad"),
            ("\"orientation\": 3", "\"orientation\": 5", "orientation"),
            ("Distance: 3.0\n", "", "Distance is missing"),
            ("Wavelength: 9.762e-11\n", "", "Wavelength is missing"),
            ("Poni1: 0.02", "Poni1: nan", "Poni1 is nan"),
            ("poni_version: 2.1", "poni_version: 9", "poni_version"),
            ("{\"pixel1\"", "{pixel1", "JSON"),
            (
                "Wavelength: 9.762e-11",
                "Wavelength: 0.9762",
                "from 1e-13 to 1e-6 m",
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

    /// All four orientations and versions: the exact reading is pyFAI's.
    #[test]
    fn orientations_are_those_of_pyfai() {
        // q_ip, q_oop of pixel (0, 0) by pyFAI 2026.9, nm^-1, four digits.
        for (orientation, q_ip, q_oop) in [(3, -0.8563, -0.4271), (2, -0.8561, 1.8525)] {
            let text = EXAMPLE.replace(
                "\"orientation\": 3",
                &format!("\"orientation\": {orientation}"),
            );
            let poni = Poni::from_text(&text, "a.poni").unwrap();
            assert_eq!(poni.version(), "2.1");
            let beam = Beam::new(poni.wavelength_nm().unwrap(), 0.4_f64.to_radians()).unwrap();
            let exact = poni.geometry(beam).unwrap();
            let [a, b] = exact.q_xy_q_z(0.0, 0.0);
            assert!(
                (a - q_ip).abs() < 6e-5 && (b - q_oop).abs() < 6e-5,
                "{a} {b}"
            );
            // The instrument that keeps the orientation is the same.
            let kept = poni.instrument(0.4, None).unwrap().geometry().unwrap();
            for (col, row) in [(0.0, 0.0), (486.0, 618.0)] {
                for (a, b) in exact.q(col, row).iter().zip(kept.q(col, row)) {
                    assert!((a - b).abs() < 1e-11);
                }
            }
        }
    }

    #[test]
    fn a_missing_wavelength_is_an_error_only_for_q() {
        let text = EXAMPLE.replace("Wavelength: 9.762e-11\n", "");
        let poni = Poni::from_text(&text, "a.poni").unwrap();
        let error = poni.wavelength_nm().unwrap_err().to_string();
        assert!(
            error.starts_with("a.poni: poni: Wavelength is missing"),
            "{error}"
        );
        let written = Poni::from_text(&poni.to_text(), "a.poni").unwrap();
        assert_eq!(written.pose(), poni.pose());
    }

    #[test]
    fn parallax_is_reported() {
        let text = EXAMPLE
            .replace("poni_version: 2.1", "poni_version: 3")
            .replace(
                "\"orientation\": 3",
                "\"orientation\": 3, \"sensor\": {\"material\": \"Si\", \"thickness\": 3.2e-4}",
            )
            + "Parallax: True\n";
        let poni = Poni::from_text(&text, "a.poni").unwrap();
        assert_eq!(poni.version(), "3");
        assert!(poni.sensor().unwrap().contains("Si"));
        assert!(poni.warnings()[0].contains("Parallax"));
        let frame = crate::Frame::new(ndarray::Array2::zeros((619, 487))).unwrap();
        let notes = poni
            .instrument(0.4, None)
            .unwrap()
            .disagreements(frame.header());
        assert!(notes[0].contains("Parallax"), "{notes:?}");
        let off = text.replace("Parallax: True", "Parallax: False");
        assert!(
            Poni::from_text(&off, "a.poni")
                .unwrap()
                .warnings()
                .is_empty()
        );
    }

    #[test]
    fn names_are_those_of_pyfai() {
        for (ours, theirs) in [
            ("Pilatus 2M", "Pilatus2M"),
            ("Pilatus 300k-W", "Pilatus300kw"),
            ("Pilatus4 1M", "Pilatus4_1M"),
            ("Eiger 4M", "Eiger4M"),
            ("Eiger2 1M-W", "Eiger2_1MW"),
        ] {
            let detector = Detector::named(ours, "").unwrap();
            assert_eq!(pyfai_name(detector).as_deref(), Some(theirs));
            assert_eq!(Detector::lookup(theirs), Some(detector), "{theirs}");
        }
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        prop_compose! {
            fn any_text()(
                rot in [-0.7..0.7, -0.7..0.7, -3.2..3.2],
                poni in [-0.5..0.5, -0.5..0.5],
                distance in 0.05..20.0,
                orientation in 1..=4,
                wavelength in 5e-11..2e-10,
            ) -> String {
                EXAMPLE
                    .replace("\"orientation\": 3", &format!("\"orientation\": {orientation}"))
                    .replace("Distance: 3.0", &format!("Distance: {distance:?}"))
                    .replace("Poni1: 0.02", &format!("Poni1: {:?}", poni[0]))
                    .replace("Poni2: 0.04", &format!("Poni2: {:?}", poni[1]))
                    .replace("Rot1: 0", &format!("Rot1: {:?}", rot[0]))
                    .replace("Rot2: 0", &format!("Rot2: {:?}", rot[1]))
                    .replace("Rot3: 0", &format!("Rot3: {:?}", rot[2]))
                    .replace("9.762e-11", &format!("{wavelength:e}"))
            }
        }

        /// Largest difference of q at the corners and the centre of a Pilatus 300k, nm^-1.
        fn apart(a: &Geometry, b: &Geometry) -> f64 {
            let mut worst = 0.0_f64;
            for (col, row) in [(0.0, 0.0), (486.0, 0.0), (0.0, 618.0), (243.0, 309.0)] {
                for (a, b) in a.q(col, row).iter().zip(b.q(col, row)) {
                    worst = worst.max((a - b).abs());
                }
            }
            worst
        }

        /// k times the rounding of positions of a few times 1e6 pixels.
        const ROUNDING: f64 = 1e-9;

        proptest! {
            /// poni -> instrument -> poni -> text -> poni -> instrument -> TOML -> instrument.
            #[test]
            fn poni_and_instrument_go_round(text in any_text()) {
                let poni = Poni::from_text(&text, "a.poni").unwrap();
                let Ok(instrument) = poni.instrument(0.4, None) else {
                    // The beam may pass more than 1e5 pixels beside the detector.
                    return Ok(());
                };
                let exact = poni.geometry(instrument.beam()).unwrap();
                prop_assert!(apart(&exact, &instrument.geometry().unwrap()) < ROUNDING);
                let back = Poni::from_instrument(&instrument).unwrap();
                prop_assert_eq!(back.pose().orientation, poni.pose().orientation);
                let read = Poni::from_text(&back.to_text(), "b.poni").unwrap();
                prop_assert!(apart(&exact, &read.geometry(instrument.beam()).unwrap()) < ROUNDING);
                prop_assert!((read.wavelength_nm().unwrap() - poni.wavelength_nm().unwrap()).abs() < 1e-15);
                let toml = Instrument::from_toml(&instrument.to_toml(), "a.toml").unwrap();
                prop_assert!(apart(&exact, &toml.geometry().unwrap()) < ROUNDING);
            }

            /// Row 0 on top instead of at the bottom: the same frame upside down, q_z and
            /// q_y of the mirrored sample.
            #[test]
            fn up_mirrors(text in any_text()) {
                let poni = Poni::from_text(&text, "a.poni").unwrap();
                let (Ok(a), Ok(b)) = (
                    poni.instrument(0.4, Some(Up::RowsDecrease)),
                    poni.instrument(0.4, Some(Up::RowsIncrease)),
                ) else {
                    return Ok(());
                };
                let mirrored = b
                    .geometry()
                    .unwrap()
                    .with_sample(0.0, crate::SampleOrientation::new(4).unwrap())
                    .unwrap();
                prop_assert!(apart(&a.geometry().unwrap(), &mirrored) < ROUNDING);
            }
        }
    }
}
