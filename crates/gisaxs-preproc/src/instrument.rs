//! The instrument: beam, detector geometry, beamstops, user mask and what is known of the
//! sample; read from `instrument.toml` or a `.poni` file, written as TOML.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gisaxs_physics::{Beam, FlatDetector, Up};
use ndarray::Array2;

use crate::detector::Detector;
use crate::error::{Error, Result};
use crate::frame::{Frame, FrameHeader, MAX_PIXELS, read_file};
use crate::geometry::{BeamPose, DetectorOrientation, Geometry, Rotations, SampleOrientation};
use crate::input::{Conditions, KnownMaterial};
use crate::mask::{self, MaskFile, MaskOptions, Polarity};
use crate::poni::Poni;
use crate::sample::{SampleKnowledge, SampleSpec};
use crate::section::{self, Range, Section};

// Ranges of an X-ray scattering instrument: generous, so that what is refused is a typing
// error or a wrong unit. The tables of scattering factors end at 1 and 30 keV.
const WAVELENGTH: Range = Range::from(0.0414, 1.2398, "nm");
const ENERGY: Range = Range::from(1.0, 30.0, "keV");
const INCIDENCE: Range = Range::above(0.0, 10.0, "deg");
const DISTANCE: Range = Range::from(10.0, 100_000.0, "mm");
const PIXEL_SIZE: Range = Range::from(0.001, 5.0, "mm");
const PIXEL: Range = Range::from(-1e5, 1e5, "px");
const RADIUS: Range = Range::above(0.0, 1e4, "px");
const SIZE: Range = Range::from(1.0, 65535.0, "px");
const TILT: Range = Range::from(-80.0, 80.0, "deg");
const TURN: Range = Range::from(-180.0, 180.0, "deg");
const SAMPLE_ORIENTATION: Range = Range::from(1.0, 8.0, "");

/// Largest tilt of detector or sample that [`Instrument::detector`] treats as none, deg: at
/// 0.5 deg the distance varies by 0.1 % over a detector of 0.2 m at 2 m.
const MAX_FLAT_DEG: f64 = 0.5;

/// A part of the detector that lies in the shadow of a beamstop or of something else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beamstop {
    /// Pixels whose centre is at most `radius_px` from `center_px` (column, row).
    Circle {
        /// Centre: column, row.
        center_px: [f64; 2],
        /// Radius in pixels; horizontal and vertical pixels count alike.
        radius_px: f64,
    },
    /// Pixels with centre inside (column, row) to (column, row), both included: an arm.
    Rectangle {
        /// Smallest column and row.
        min_px: [f64; 2],
        /// Largest column and row.
        max_px: [f64; 2],
    },
    /// Pixels whose centre is at most half of `width_px` from the straight line between two
    /// points (column, row): a slanting arm, with round ends.
    Strip {
        /// One end of the line.
        from_px: [f64; 2],
        /// The other end.
        to_px: [f64; 2],
        /// Full width in pixels.
        width_px: f64,
    },
}

/// A user's mask and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UserMask {
    pub(crate) file: String,
    pub(crate) masked: Array2<bool>,
}

/// How detector and sample stand, beyond the simplest case: a detector perpendicular to the
/// beam and a surface that faces up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mount {
    pub(crate) rotations: Rotations,
    /// Columns run against q_y.
    pub(crate) columns_reversed: bool,
    pub(crate) sample_tilt_rad: f64,
    pub(crate) sample_orientation: SampleOrientation,
}

/// Beam, detector, beamstops, user mask and sample of one measurement.
///
/// Shape and pixel size may be left to the frame: then [`detector`](Self::detector) is an
/// error until [`for_frame`](Self::for_frame) has filled them in.
///
/// ```
/// use gisaxs_preproc::Instrument;
///
/// let instrument = Instrument::from_toml(
///     r#"
///     [beam]
///     wavelength_nm = 0.105
///     incidence_deg = 0.39
///     [detector]
///     name = "Pilatus 2M"
///     distance_mm = 2565.0
///     direct_beam_px = [791.5, 1310.0]
///     [sample]
///     particle = "Au"
///     "#,
///     "instrument.toml",
/// )?;
/// assert_eq!(instrument.detector()?.rows, 1679);
/// assert!(instrument.sample_knowledge().particle.is_some());
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    file: String,
    beam: Beam,
    known: Option<Detector>,
    shape: Option<[usize; 2]>,
    pixel_mm: Option<[f64; 2]>,
    distance_mm: f64,
    direct_beam_px: [f64; 2],
    up: Up,
    mount: Mount,
    beamstops: Vec<Beamstop>,
    shadows: Vec<Beamstop>,
    mask_path: Option<PathBuf>,
    mask_options: MaskOptions,
    user_mask: Option<Arc<UserMask>>,
    sample: SampleSpec,
    knowledge: SampleKnowledge,
    /// What the source of the geometry asks for and is not done.
    notes: Vec<String>,
}

impl Instrument {
    /// From beam and detector, without beamstops, mask or knowledge of the sample. A known
    /// detector is recognised by its shape and lends its gaps.
    ///
    /// # Errors
    /// [`Error::Physics`] for a detector without pixels or with lengths that are not positive.
    pub fn new(beam: Beam, detector: FlatDetector) -> Result<Self> {
        let file = "instrument".to_owned();
        detector.validate().map_err(|source| Error::Physics {
            file: file.clone(),
            key: "detector".to_owned(),
            source: Box::new(source),
        })?;
        let shape = [detector.rows, detector.cols];
        // Gaps of a known detector only where the pixel size agrees as well.
        let known =
            Detector::by_shape(shape).filter(|d| agree(detector.pixel_mm, [d.pixel_mm(); 2]));
        Ok(Self {
            file,
            beam,
            known,
            shape: Some(shape),
            pixel_mm: Some(detector.pixel_mm),
            distance_mm: detector.distance_mm,
            direct_beam_px: detector.direct_beam_px,
            up: detector.up,
            mount: Mount::default(),
            beamstops: Vec::new(),
            shadows: Vec::new(),
            mask_path: None,
            mask_options: MaskOptions::default(),
            user_mask: None,
            sample: SampleSpec::default(),
            knowledge: SampleKnowledge::default(),
            notes: Vec::new(),
        })
    }

    /// Reads an `instrument.toml`; a mask file is looked for beside it.
    ///
    /// # Errors
    /// [`Error`] that names file, key, value and allowed range.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_file(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::read(&text, &path.display().to_string(), folder)
    }

    /// Reads the text of an `instrument.toml`; `file` stands for it in messages, and a mask
    /// file is looked for in the current folder.
    ///
    /// # Errors
    /// As [`from_path`](Self::from_path).
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        Self::read(text, file, Path::new(""))
    }

    fn read(text: &str, file: &str, folder: &Path) -> Result<Self> {
        let table = section::parse(file, text)?;
        let root = Section::root(file, &table, &["beam", "detector", "sample"])?;
        let (beam, mut mount) = read_beam(&root)?;
        let detector = root
            .table(
                "detector",
                &[
                    "name",
                    "distance_mm",
                    "direct_beam_px",
                    "pixel_size_mm",
                    "shape",
                    "up",
                    "right",
                    "tilt_deg",
                    "beamstops",
                    "shadows",
                    "mask",
                    "mask_polarity",
                    "mask_good_bits",
                    "mask_bad_bits",
                    "mask_dataset",
                ],
            )?
            .ok_or_else(|| {
                root.missing("detector", "a table with distance_mm and direct_beam_px")
            })?;

        let known = detector
            .text("name", "the name of a detector")?
            .map(|name| Detector::named(name, file))
            .transpose()?;
        let shape = read_shape(&detector)?;
        if let (Some(known), Some(shape)) = (known, shape)
            && known.shape() != shape
        {
            return Err(Error::Shape {
                file: format!("{file}: detector.shape"),
                found: shape,
                looks_like: Detector::by_shape(shape).map(|d| d.name()),
                detector: known.name().to_owned(),
                expected: known.shape(),
            });
        }
        let pixel_mm = detector.numbers::<2>(
            "pixel_size_mm",
            "[horizontal, vertical] pixel size",
            PIXEL_SIZE,
        )?;
        if let (Some(known), Some(pixel)) = (known, pixel_mm)
            && !agree(pixel, [known.pixel_mm(); 2])
        {
            return Err(detector.bad(
                "pixel_size_mm",
                format!("[{0}, {0}] as the {1} has", known.pixel_mm(), known.name()),
            ));
        }
        let distance_mm = detector.required("distance_mm", DISTANCE)?;
        let direct_beam_px = detector
            .numbers::<2>("direct_beam_px", "[column, row] of the direct beam", PIXEL)?
            .ok_or_else(|| {
                detector.missing("direct_beam_px", "[column, row] of the direct beam")
            })?;
        let up = match detector.text("up", "\"rows-decrease\" or \"rows-increase\"")? {
            None | Some("rows-decrease") => Up::RowsDecrease,
            Some("rows-increase") => Up::RowsIncrease,
            Some(_) => {
                return Err(detector.bad("up", "\"rows-decrease\" or \"rows-increase\""));
            }
        };
        mount.columns_reversed = match detector.text("right", RIGHT)? {
            None | Some("columns-increase") => false,
            Some("columns-decrease") => true,
            Some(_) => return Err(detector.bad("right", RIGHT)),
        };
        mount.rotations = read_tilt(&detector)?;
        let areas = |key| {
            let tables = detector.tables(key, &AREA_KEYS)?;
            tables.iter().map(read_beamstop).collect::<Result<Vec<_>>>()
        };
        let beamstops = areas("beamstops")?;
        let shadows = areas("shadows")?;
        let mask_path = detector
            .text("mask", "the path of a mask file")?
            .map(PathBuf::from);

        let mut instrument = Self {
            file: file.to_owned(),
            beam,
            known,
            shape: shape.or(known.map(|d| d.shape())),
            pixel_mm: pixel_mm.or(known.map(|d| [d.pixel_mm(); 2])),
            distance_mm,
            direct_beam_px,
            up,
            mount,
            beamstops,
            shadows,
            mask_path: None,
            mask_options: MaskOptions::default(),
            user_mask: None,
            sample: SampleSpec::default(),
            knowledge: SampleKnowledge::default(),
            notes: Vec::new(),
        }
        .with_sample(SampleSpec::read(&root)?)?;
        let mask_options = read_mask_options(&detector, mask_path.is_some())?;
        if let Some(path) = mask_path {
            instrument = instrument.with_mask_file_as(folder.join(&path), &mask_options)?;
            instrument.mask_path = Some(path);
        }
        Ok(instrument)
    }

    /// Geometry from the text of a pyFAI `.poni` file (versions 1, 2, 2.1 and 3), with the
    /// incidence angle that such a file does not hold.
    ///
    /// Row 0 of the frame is taken to be on top, as cameras write it, whatever the file's
    /// orientation; [`Poni::instrument`] leaves the choice.
    ///
    /// # Errors
    /// [`Error::Poni`] names the key, its value and what was expected.
    pub fn from_poni(text: &str, incidence_deg: f64) -> Result<Self> {
        Poni::from_text(text, "poni")?.instrument(incidence_deg, Some(Up::RowsDecrease))
    }

    /// As [`from_poni`](Self::from_poni), from a file.
    ///
    /// # Errors
    /// As [`from_poni`](Self::from_poni).
    pub fn from_poni_path(path: impl AsRef<Path>, incidence_deg: f64) -> Result<Self> {
        Poni::open(path)?.instrument(incidence_deg, Some(Up::RowsDecrease))
    }

    /// From numbers, all checked against the ranges of `instrument.toml`.
    #[allow(clippy::too_many_arguments)] // The fields of the type, once.
    pub(crate) fn from_parts(
        file: &str,
        beam: (f64, f64),
        known: Option<Detector>,
        shape: Option<[usize; 2]>,
        pixel_mm: [f64; 2],
        distance_mm: f64,
        direct_beam_px: [f64; 2],
        up: Up,
        mount: Mount,
    ) -> Result<Self> {
        let (wavelength_nm, incidence_deg) = beam;
        let check = |key, value, range| check(file, key, value, range);
        check("wavelength_nm", wavelength_nm, WAVELENGTH)?;
        check("incidence_deg", incidence_deg, INCIDENCE)?;
        check("pixel_size_mm", pixel_mm[0], PIXEL_SIZE)?;
        check("pixel_size_mm", pixel_mm[1], PIXEL_SIZE)?;
        check("distance_mm", distance_mm, DISTANCE)?;
        check("direct_beam_px column", direct_beam_px[0], PIXEL)?;
        check("direct_beam_px row", direct_beam_px[1], PIXEL)?;
        check("rot1", mount.rotations.rot1.to_degrees(), TILT)?;
        check("rot2", mount.rotations.rot2.to_degrees(), TILT)?;
        check("rot3", mount.rotations.rot3.to_degrees(), TURN)?;
        Ok(Self {
            file: file.to_owned(),
            beam: make_beam(file, wavelength_nm, incidence_deg)?,
            known,
            shape,
            pixel_mm: Some(pixel_mm),
            distance_mm,
            direct_beam_px,
            up,
            mount,
            beamstops: Vec::new(),
            shadows: Vec::new(),
            mask_path: None,
            mask_options: MaskOptions::default(),
            user_mask: None,
            sample: SampleSpec::default(),
            knowledge: SampleKnowledge::default(),
            notes: Vec::new(),
        })
    }

    /// The same instrument with another sample.
    ///
    /// # Errors
    /// [`Error::Physics`] for an unknown material.
    pub fn with_sample(mut self, sample: SampleSpec) -> Result<Self> {
        self.knowledge = sample.resolve(&self.file, self.beam.energy_kev())?;
        self.sample = sample;
        Ok(self)
    }

    pub(crate) fn with_notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }

    /// The same instrument with these beamstops.
    #[must_use]
    pub fn with_beamstops(mut self, beamstops: Vec<Beamstop>) -> Self {
        self.beamstops = beamstops;
        self
    }

    /// The same instrument with the gaps of `detector`, or of none.
    ///
    /// # Errors
    /// [`Error::Shape`] if shapes differ.
    pub fn with_known_detector(mut self, detector: Option<Detector>) -> Result<Self> {
        if let (Some(shape), Some(known)) = (self.shape, detector)
            && known.shape() != shape
        {
            return Err(Error::Shape {
                file: self.file,
                found: shape,
                looks_like: Detector::by_shape(shape).map(|d| d.name()),
                detector: known.name().to_owned(),
                expected: known.shape(),
            });
        }
        self.known = detector;
        if let Some(known) = detector {
            self.shape = Some(known.shape());
            self.pixel_mm = self.pixel_mm.or(Some([known.pixel_mm(); 2]));
        }
        Ok(self)
    }

    /// The same instrument with another orientation of the stored frame.
    #[must_use]
    pub fn with_up(mut self, up: Up) -> Self {
        self.up = up;
        self
    }

    /// The same instrument with a user mask read from a file, nonzero = masked: see
    /// [`MaskFile::open`].
    ///
    /// # Errors
    /// As [`MaskFile::open`], and [`Error::Shape`] if it does not fit the detector.
    pub fn with_mask_file(self, path: impl AsRef<Path>) -> Result<Self> {
        self.with_mask_file_as(path, &MaskOptions::default())
    }

    /// As [`with_mask_file`](Self::with_mask_file), with another polarity or a dataset inside
    /// the file.
    ///
    /// # Errors
    /// As [`with_mask_file`](Self::with_mask_file).
    pub fn with_mask_file_as(self, path: impl AsRef<Path>, options: &MaskOptions) -> Result<Self> {
        let path = path.as_ref();
        let masked = MaskFile::open(path, options)?.into_masked();
        let mut instrument = self.with_named_mask(path.display().to_string(), masked)?;
        instrument.mask_path = Some(path.to_owned());
        instrument.mask_options = options.clone();
        Ok(instrument)
    }

    /// The same instrument with shadows of other things than beamstops, a flight tube for
    /// example.
    #[must_use]
    pub fn with_shadows(mut self, shadows: Vec<Beamstop>) -> Self {
        self.shadows = shadows;
        self
    }

    /// The same instrument with a user mask, true = masked, shape (rows, columns).
    ///
    /// # Errors
    /// [`Error::Shape`] if it does not fit the detector.
    pub fn with_mask(self, masked: Array2<bool>) -> Result<Self> {
        self.with_named_mask("mask".to_owned(), masked)
    }

    fn with_named_mask(mut self, file: String, masked: Array2<bool>) -> Result<Self> {
        let mask = UserMask { file, masked };
        if let Some(shape) = self.shape {
            self.check_mask(&mask, shape)?;
        }
        self.user_mask = Some(Arc::new(mask));
        Ok(self)
    }

    fn check_mask(&self, mask: &UserMask, shape: [usize; 2]) -> Result<()> {
        let found = [mask.masked.nrows(), mask.masked.ncols()];
        if found == shape {
            return Ok(());
        }
        Err(Error::Shape {
            file: mask.file.clone(),
            found,
            looks_like: Detector::by_shape(found).map(|d| d.name()),
            detector: self.detector_name(),
            expected: shape,
        })
    }

    /// The instrument with what only the frame tells: shape, detector, pixel size.
    ///
    /// # Errors
    /// [`Error::Shape`], naming both, if the frame is not as large as the detector;
    /// [`Error::DetectorUndetermined`] if nobody knows the pixel size.
    pub fn for_frame(&self, frame: &Frame) -> Result<Self> {
        let found = frame.shape();
        let mut resolved = self.clone();
        if let Some(expected) = self.shape {
            if expected != found {
                return Err(Error::Shape {
                    file: frame.name().to_owned(),
                    found,
                    looks_like: Detector::by_shape(found).map(|d| d.name()),
                    detector: self.detector_name(),
                    expected,
                });
            }
        } else {
            let header = frame.header().detector.as_deref();
            let known = header
                .and_then(Detector::lookup)
                .or_else(|| Detector::by_shape(found));
            if let Some(known) = known
                && known.shape() != found
            {
                return Err(Error::Shape {
                    file: frame.name().to_owned(),
                    found,
                    looks_like: Detector::by_shape(found).map(|d| d.name()),
                    detector: format!("the {} of its header", known.name()),
                    expected: known.shape(),
                });
            }
            resolved.shape = Some(found);
            resolved.known = known;
            resolved.pixel_mm = self
                .pixel_mm
                .or(known.map(|d| [d.pixel_mm(); 2]))
                .or(frame.header().pixel_mm);
        }
        resolved.pixel_mm = resolved.pixel_mm.or(frame.header().pixel_mm);
        // The result must make a detector and fit the mask, now that everything is known.
        resolved.pixels()?;
        if let Some(mask) = &resolved.user_mask {
            resolved.check_mask(mask, found)?;
        }
        Ok(resolved)
    }

    /// Name of the instrument file, for messages.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The beam.
    #[must_use]
    pub fn beam(&self) -> Beam {
        self.beam
    }

    /// Where every pixel points, with tilts of detector and sample.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`] if shape or pixel size are left to the frame.
    pub fn geometry(&self) -> Result<Geometry> {
        self.geometry_at(self.distance_mm, self.direct_beam_px, self.mount.rotations)
    }

    /// As [`geometry`](Self::geometry), with the detector elsewhere.
    pub(crate) fn geometry_at(
        &self,
        distance_mm: f64,
        direct_beam_px: [f64; 2],
        rotations: Rotations,
    ) -> Result<Geometry> {
        let (shape, pixel_mm) = self.pixels()?;
        let rows_reversed = self.up == Up::RowsDecrease;
        let pose = BeamPose {
            distance_mm,
            direct_beam_px,
            rotations,
            orientation: DetectorOrientation::new(rows_reversed, self.mount.columns_reversed),
        };
        Geometry::new(self.beam, shape, pixel_mm, pose.pose(shape, pixel_mm))?
            .with_sample(self.mount.sample_tilt_rad, self.mount.sample_orientation)
    }

    /// The same instrument with the detector elsewhere.
    pub(crate) fn with_pose(
        mut self,
        distance_mm: f64,
        direct_beam_px: [f64; 2],
        rotations: Rotations,
    ) -> Result<Self> {
        let file = self.file.clone();
        check(&file, "distance_mm", distance_mm, DISTANCE)?;
        check(&file, "direct_beam_px column", direct_beam_px[0], PIXEL)?;
        check(&file, "direct_beam_px row", direct_beam_px[1], PIXEL)?;
        check(&file, "rot1", rotations.rot1.to_degrees(), TILT)?;
        check(&file, "rot2", rotations.rot2.to_degrees(), TILT)?;
        check(&file, "rot3", rotations.rot3.to_degrees(), TURN)?;
        self.distance_mm = distance_mm;
        self.direct_beam_px = direct_beam_px;
        self.mount.rotations = rotations;
        Ok(self)
    }

    /// The same instrument at another angle of incidence, deg.
    ///
    /// # Errors
    /// [`Error::Value`] outside of the range of `instrument.toml`.
    pub fn with_incidence_deg(mut self, incidence_deg: f64) -> Result<Self> {
        check(&self.file, "incidence_deg", incidence_deg, INCIDENCE)?;
        self.beam = make_beam(&self.file, self.beam.wavelength_nm(), incidence_deg)?;
        Ok(self)
    }

    /// Direct beam, \[column, row\].
    #[must_use]
    pub fn direct_beam_px(&self) -> [f64; 2] {
        self.direct_beam_px
    }

    /// Distance from the sample to the detector along the beam, mm.
    #[must_use]
    pub fn distance_mm(&self) -> f64 {
        self.distance_mm
    }

    /// Rotations of the detector about the point that the beam hits.
    #[must_use]
    pub fn rotations(&self) -> Rotations {
        self.mount.rotations
    }

    /// Shape and pixel size \[horizontal, vertical\], mm, if they are known.
    pub(crate) fn pixels(&self) -> Result<([usize; 2], [f64; 2])> {
        let undetermined = |key| Error::DetectorUndetermined {
            file: self.file.clone(),
            key,
        };
        let shape = self.shape.ok_or_else(|| undetermined("shape"))?;
        let pixel_mm = self.pixel_mm.ok_or_else(|| undetermined("pixel_size_mm"))?;
        Ok((shape, pixel_mm))
    }

    /// Whether the detector is perpendicular to the beam, not turned about it, and the
    /// sample's surface faces up, all exactly.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.mount.rotations == Rotations::default()
            && self.mount.sample_tilt_rad == 0.0
            && self.mount.sample_orientation == SampleOrientation::default()
    }

    /// The detector as one perpendicular to the direct beam, in front of a surface that
    /// faces up: what simulations use. Tilts below 0.5 deg are left out;
    /// [`geometry`](Self::geometry) has them all. Columns run to the right whatever `right`
    /// says: only the sign of q_y depends on it.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`] if shape or pixel size are left to the frame;
    /// [`Error::Value`] for a detector or a sample that is turned by more.
    pub fn detector(&self) -> Result<FlatDetector> {
        let (shape, pixel_mm) = self.pixels()?;
        self.check_flat()?;
        Ok(FlatDetector {
            rows: shape[0],
            cols: shape[1],
            pixel_mm,
            distance_mm: self.distance_mm,
            direct_beam_px: self.direct_beam_px,
            up: self.up,
        })
    }

    fn check_flat(&self) -> Result<()> {
        let Mount {
            rotations,
            sample_tilt_rad,
            sample_orientation,
            ..
        } = self.mount;
        let refuse = |key: &str, value: String, expected: String| {
            Err(Error::Value {
                file: self.file.clone(),
                key: key.to_owned(),
                value,
                expected,
            })
        };
        let turns = [
            ("detector tilt", rotations.tilt_rad()),
            ("detector rotation about the beam", rotations.rot3),
            ("sample_tilt", sample_tilt_rad),
        ];
        for (key, angle) in turns {
            if angle.to_degrees().abs() > MAX_FLAT_DEG {
                return refuse(
                    key,
                    format!("{:.3} deg", angle.to_degrees()),
                    format!(
                        "at most {MAX_FLAT_DEG} deg where the beam must hit the detector squarely"
                    ),
                );
            }
        }
        if sample_orientation != SampleOrientation::default() {
            let expected = "1, a surface that faces up, where a simulation is compared".to_owned();
            let number = sample_orientation.number().to_string();
            return refuse("sample_orientation", number, expected);
        }
        Ok(())
    }

    /// The detector, if it is one of the known ones.
    #[must_use]
    pub fn known_detector(&self) -> Option<Detector> {
        self.known
    }

    /// Name of the detector, for messages and reports.
    #[must_use]
    pub fn detector_name(&self) -> String {
        match self.known {
            Some(d) => format!("the {}", d.name()),
            None => format!("the detector of {}", self.file),
        }
    }

    /// Beamstops.
    #[must_use]
    pub fn beamstops(&self) -> &[Beamstop] {
        &self.beamstops
    }

    /// Shadows of other things than beamstops.
    #[must_use]
    pub fn shadows(&self) -> &[Beamstop] {
        &self.shadows
    }

    /// Fraction of the pixels that the user mask covers, 0 to 1; `None` without a mask.
    #[must_use]
    pub fn user_masked_fraction(&self) -> Option<f64> {
        self.user_mask().map(mask::masked_fraction)
    }

    /// User mask, true = masked, shape (rows, columns).
    #[must_use]
    pub fn user_mask(&self) -> Option<&Array2<bool>> {
        self.user_mask.as_ref().map(|m| &m.masked)
    }

    /// What the file says of the sample.
    #[must_use]
    pub fn sample(&self) -> &SampleSpec {
        &self.sample
    }

    /// Refractive indices of what is known of the sample, at the energy of the beam.
    #[must_use]
    pub fn sample_knowledge(&self) -> SampleKnowledge {
        self.knowledge
    }

    /// The numbers that go into the network beside the planes.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        let known = |index: gisaxs_physics::RefractiveIndex| {
            KnownMaterial::new(index.delta, index.beta, self.beam.wavelength_nm())
        };
        Conditions {
            wavelength_nm: self.beam.wavelength_nm(),
            alpha_i_rad: self.beam.alpha_i_rad(),
            particle: self.knowledge.particle.map(known),
            substrate: self.knowledge.substrate.map(known),
            film: self.knowledge.film.map(|(index, t)| (known(index), t)),
        }
    }

    /// Where the frame's own header contradicts this instrument, and what the geometry file
    /// asked for that is not done; one sentence each. Headers are often stale, so this is
    /// for warnings.
    #[must_use]
    pub fn disagreements(&self, header: &FrameHeader) -> Vec<String> {
        /// Differences that are worth a warning: a monochromator is known better than this,
        /// a distance is often calibrated later, and so is the beam.
        const WAVELENGTH: f64 = 0.005;
        const LENGTH: f64 = 0.03;
        const BEAM_PX: f64 = 10.0;
        let mut found = self.notes.clone();
        let mut compare = |what: &str, unit: &str, allowed: f64, ours: f64, theirs: Option<f64>| {
            if let Some(theirs) = theirs
                && (ours - theirs).abs() > allowed
            {
                found.push(format!(
                    "{what} is {ours} {unit} in {} but {theirs} {unit} in the frame's header",
                    self.file
                ));
            }
        };
        let wavelength = self.beam.wavelength_nm();
        let allowed = WAVELENGTH * wavelength;
        compare(
            "wavelength",
            "nm",
            allowed,
            wavelength,
            header.wavelength_nm,
        );
        let distance = self.distance_mm;
        compare(
            "distance",
            "mm",
            LENGTH * distance.abs(),
            distance,
            header.distance_mm,
        );
        for (i, side) in ["width", "height"].into_iter().enumerate() {
            if let Some(pixel) = self.pixel_mm {
                let theirs = header.pixel_mm.map(|p| p[i]);
                compare(
                    &format!("pixel {side}"),
                    "mm",
                    LENGTH * pixel[i],
                    pixel[i],
                    theirs,
                );
            }
            // Cameras that were never told write zeros.
            let beam = header
                .beam_px
                .filter(|&beam| beam != [0.0; 2])
                .map(|b| b[i]);
            let what = ["direct beam's column", "direct beam's row"][i];
            compare(what, "px", BEAM_PX, self.direct_beam_px[i], beam);
        }
        found
    }

    /// The instrument as `instrument.toml`. Reading it gives the same instrument, a mask
    /// given as an array excepted.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "[beam]\nwavelength_nm = {:?}\nincidence_deg = {:?}\n",
            self.beam.wavelength_nm(),
            in_degrees(self.beam.alpha_i_rad())
        );
        let Mount {
            rotations,
            columns_reversed,
            sample_tilt_rad,
            sample_orientation,
        } = self.mount;
        if sample_tilt_rad != 0.0 {
            text += &format!("sample_tilt_deg = {:?}\n", in_degrees(sample_tilt_rad));
        }
        if sample_orientation != SampleOrientation::default() {
            text += &format!("sample_orientation = {}\n", sample_orientation.number());
        }
        text += "\n[detector]\n";
        if let Some(known) = self.known {
            let sensor = if known.is_cdte() { " CdTe" } else { "" };
            text += &format!("name = \"{}{sensor}\"\n", known.name());
        }
        if let Some([rows, cols]) = self.shape.filter(|_| self.known.is_none()) {
            text += &format!("shape = [{rows}, {cols}]\n");
        }
        if let Some([x, y]) = self.pixel_mm {
            text += &format!("pixel_size_mm = [{x:?}, {y:?}]\n");
        }
        let [col, row] = self.direct_beam_px;
        text += &format!(
            "distance_mm = {:?}\ndirect_beam_px = [{col:?}, {row:?}]\n",
            self.distance_mm
        );
        if self.up == Up::RowsIncrease {
            text += "up = \"rows-increase\"\n";
        }
        if columns_reversed {
            text += "right = \"columns-decrease\"\n";
        }
        if rotations != Rotations::default() {
            let degrees = rotations.as_array().map(in_degrees);
            text += &format!("tilt_deg = {degrees:?}\n");
        }
        for (key, areas) in [("beamstops", &self.beamstops), ("shadows", &self.shadows)] {
            if !areas.is_empty() {
                let areas: Vec<String> = areas.iter().map(beamstop_toml).collect();
                text += &format!("{key} = [{}]\n", areas.join(", "));
            }
        }
        if let Some(path) = &self.mask_path {
            let path = path.display().to_string();
            text += &format!("mask = {}\n", toml::Value::from(path));
            text += &mask_options_toml(&self.mask_options);
        }
        text + &self.sample.to_toml()
    }
}

/// An angle as a person would have written it, if that is the same one: 0.39, not
/// 0.39000000000000007.
fn in_degrees(radians: f64) -> f64 {
    let exact = radians.to_degrees();
    let short = (exact * 1e9).round() / 1e9;
    if short.to_radians() == radians {
        short
    } else {
        exact
    }
}

const RIGHT: &str = "\"columns-increase\" or \"columns-decrease\"";

fn check(file: &str, key: &str, value: f64, range: Range) -> Result<()> {
    if range.contains(value) {
        return Ok(());
    }
    Err(Error::Value {
        file: file.to_owned(),
        key: key.to_owned(),
        value: value.to_string(),
        expected: format!("a number {range}"),
    })
}

/// Pixel sizes within 1 %.
fn agree(a: [f64; 2], b: [f64; 2]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a / b - 1.0).abs() < 0.01)
}

fn make_beam(file: &str, wavelength_nm: f64, incidence_deg: f64) -> Result<Beam> {
    Beam::new(wavelength_nm, incidence_deg.to_radians()).map_err(|source| Error::Physics {
        file: file.to_owned(),
        key: "beam".to_owned(),
        source: Box::new(source),
    })
}

/// The detector's rotations; see [`Rotations`].
fn read_tilt(detector: &Section<'_>) -> Result<Rotations> {
    let what = "[rot1, rot2, rot3] of the detector";
    let Some([rot1, rot2, rot3]) = detector.numbers::<3>("tilt_deg", what, TURN)? else {
        return Ok(Rotations::default());
    };
    let rotations = Rotations {
        rot1: rot1.to_radians(),
        rot2: rot2.to_radians(),
        rot3: rot3.to_radians(),
    };
    if ![rot1, rot2].iter().all(|&angle| TILT.contains(angle)) {
        return Err(detector.bad("tilt_deg", format!("{what}, the first two {TILT}")));
    }
    Ok(rotations)
}

fn read_beam(root: &Section<'_>) -> Result<(Beam, Mount)> {
    let beam = root
        .table(
            "beam",
            &[
                "wavelength_nm",
                "energy_kev",
                "incidence_deg",
                "sample_tilt_deg",
                "sample_orientation",
            ],
        )?
        .ok_or_else(|| root.missing("beam", "a table with wavelength_nm and incidence_deg"))?;
    let wavelength = beam.number("wavelength_nm", WAVELENGTH)?;
    let energy = beam.number("energy_kev", ENERGY)?;
    let wavelength_nm = match (wavelength, energy) {
        (Some(w), None) => w,
        (None, Some(e)) => gisaxs_physics::wavelength_nm(e),
        (None, None) => {
            return Err(beam.missing(
                "wavelength_nm",
                format!("a number {WAVELENGTH} (or energy_kev)"),
            ));
        }
        (Some(_), Some(_)) => {
            return Err(beam.bad("energy_kev", "either wavelength_nm or energy_kev, not both"));
        }
    };
    let incidence_deg = beam.required("incidence_deg", INCIDENCE)?;
    let sample_tilt_deg = beam.number("sample_tilt_deg", TURN)?.unwrap_or(0.0);
    let key = "sample_orientation";
    let sample_orientation = match beam.number(key, SAMPLE_ORIENTATION)? {
        None => SampleOrientation::default(),
        Some(n) if n.fract() == 0.0 => SampleOrientation::new(n as i64)?,
        Some(_) => return Err(beam.bad(key, "a whole number from 1 to 8")),
    };
    let mount = Mount {
        sample_tilt_rad: sample_tilt_deg.to_radians(),
        sample_orientation,
        ..Mount::default()
    };
    let beam = make_beam(root.file, wavelength_nm, incidence_deg)?;
    Ok((beam, mount))
}

fn read_shape(detector: &Section<'_>) -> Result<Option<[usize; 2]>> {
    let what = "[rows, columns]";
    let Some(shape) = detector.numbers::<2>("shape", what, SIZE)? else {
        return Ok(None);
    };
    if shape.iter().any(|x| x.fract() != 0.0) || shape[0] * shape[1] > MAX_PIXELS as f64 {
        return Err(detector.bad(
            "shape",
            format!("{what}, whole numbers of at most {MAX_PIXELS} pixels"),
        ));
    }
    Ok(Some(shape.map(|x| x as usize)))
}

/// Keys of a beamstop or shadow.
const AREA_KEYS: [&str; 6] = [
    "center_px",
    "radius_px",
    "rectangle_px",
    "from_px",
    "to_px",
    "width_px",
];

fn read_beamstop(stop: &Section<'_>) -> Result<Beamstop> {
    let shapes: [(&str, &[&str]); 3] = [
        ("a circle", &AREA_KEYS[..2]),
        ("rectangle_px", &AREA_KEYS[2..3]),
        ("a strip", &AREA_KEYS[3..]),
    ];
    let given = shapes.map(|(_, keys)| keys.iter().find(|key| stop.has(key)));
    if let [Some(key), Some(_), _] | [Some(key), _, Some(_)] | [_, Some(key), Some(_)] = given {
        return Err(stop.bad(key, "a circle, a rectangle_px or a strip, not two of them"));
    }
    if given[2].is_some() {
        let end = |key| {
            let what = "[column, row] of an end";
            stop.numbers::<2>(key, what, PIXEL)?
                .ok_or_else(|| stop.missing(key, what))
        };
        return Ok(Beamstop::Strip {
            from_px: end("from_px")?,
            to_px: end("to_px")?,
            width_px: stop.required("width_px", RADIUS)?,
        });
    }
    if stop.has("rectangle_px") {
        let what = "[smallest column, smallest row, largest column, largest row]";
        return match stop.numbers::<4>("rectangle_px", what, PIXEL)? {
            Some([c0, r0, c1, r1]) if c0 <= c1 && r0 <= r1 => Ok(Beamstop::Rectangle {
                min_px: [c0, r0],
                max_px: [c1, r1],
            }),
            _ => Err(stop.bad("rectangle_px", format!("{what} in this order"))),
        };
    }
    let what = "[column, row] of the centre";
    Ok(Beamstop::Circle {
        center_px: stop
            .numbers::<2>("center_px", what, PIXEL)?
            .ok_or_else(|| stop.missing("center_px", what))?,
        radius_px: stop.required("radius_px", RADIUS)?,
    })
}

/// How the mask file is read; `has_mask` tells whether there is one.
fn read_mask_options(detector: &Section<'_>, has_mask: bool) -> Result<MaskOptions> {
    let keys = [
        "mask_polarity",
        "mask_good_bits",
        "mask_bad_bits",
        "mask_dataset",
    ];
    if let Some(key) = keys.iter().find(|key| detector.has(key) && !has_mask) {
        return Err(detector.bad(key, "detector.mask beside it, the path of a mask file"));
    }
    let named = detector
        .text("mask_polarity", "\"nonzero-masked\" or \"nonzero-valid\"")?
        .map(|name| Polarity::named(name, detector.file, &detector.key("mask_polarity")))
        .transpose()?;
    let bits = |key| -> Result<Option<u64>> {
        let Some(value) = detector.get(key) else {
            return Ok(None);
        };
        let bits = value.as_integer().and_then(|n| u64::try_from(n).ok());
        let what = "bits as a whole number, for example 0xffff";
        bits.map(Some).ok_or_else(|| detector.bad(key, what))
    };
    let polarity = match (named, bits("mask_good_bits")?, bits("mask_bad_bits")?) {
        (named, None, None) => named.unwrap_or_default(),
        (None, good, bad) => Polarity::Bits {
            good: good.unwrap_or(0),
            bad: bad.unwrap_or(0),
        },
        (Some(_), ..) => {
            return Err(detector.bad("mask_polarity", "either a polarity or bits, not both"));
        }
    };
    let dataset = detector.text("mask_dataset", "the path of a dataset in the mask file")?;
    Ok(MaskOptions {
        polarity,
        dataset: dataset.map(str::to_owned),
    })
}

fn mask_options_toml(options: &MaskOptions) -> String {
    let mut text = match options.polarity {
        Polarity::NonzeroMasked => String::new(),
        Polarity::NonzeroValid => "mask_polarity = \"nonzero-valid\"\n".to_owned(),
        Polarity::Bits { good, bad } => {
            format!("mask_good_bits = {good:#x}\nmask_bad_bits = {bad:#x}\n")
        }
    };
    if let Some(dataset) = &options.dataset {
        text += &format!("mask_dataset = {}\n", toml::Value::from(dataset.as_str()));
    }
    text
}

fn beamstop_toml(stop: &Beamstop) -> String {
    match stop {
        Beamstop::Circle {
            center_px: [c, r],
            radius_px,
        } => format!("{{ center_px = [{c:?}, {r:?}], radius_px = {radius_px:?} }}"),
        Beamstop::Rectangle {
            min_px: [c0, r0],
            max_px: [c1, r1],
        } => format!("{{ rectangle_px = [{c0:?}, {r0:?}, {c1:?}, {r1:?}] }}"),
        Beamstop::Strip {
            from_px: [c0, r0],
            to_px: [c1, r1],
            width_px,
        } => format!(
            "{{ from_px = [{c0:?}, {r0:?}], to_px = [{c1:?}, {r1:?}], width_px = {width_px:?} }}"
        ),
    }
}
