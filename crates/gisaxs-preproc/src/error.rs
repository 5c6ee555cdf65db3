//! What can be wrong with a frame, a mask or an instrument description.

use std::path::PathBuf;

use thiserror::Error;

use crate::input::InputError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file, an instrument or a frame was refused.
///
/// Every message names the file, the field, the value found and what was expected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system could not read a file.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system could not write a file.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The first bytes belong to no format this crate reads.
    #[error(
        "{file}: not a detector file that is understood: {found}; expected CBF, TIFF, EDF, NPY, NPZ or HDF5"
    )]
    UnknownFormat {
        /// The file.
        file: String,
        /// What the content looks like.
        found: String,
    },
    /// The format is known, this variant of it is not read.
    #[error("{file}: {format}: {field} is {found}, expected {expected}")]
    Unsupported {
        /// The file.
        file: String,
        /// Its format.
        format: &'static str,
        /// The field that says so.
        field: &'static str,
        /// Its value.
        found: String,
        /// What is read.
        expected: String,
    },
    /// The file contradicts itself: cut short, damaged, or never right.
    #[error("{file}: damaged {format} file: {field} is {found}, expected {expected}")]
    Damaged {
        /// The file.
        file: String,
        /// Its format.
        format: &'static str,
        /// The field or the part of the file.
        field: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The TIFF decoder refused the file.
    #[error("{file}: damaged TIFF file: {source}")]
    Tiff {
        /// The file.
        file: String,
        /// Why.
        source: tiff::TiffError,
    },
    /// Something in an HDF5 file cannot be read.
    #[error("{file}: HDF5: {object}: {source}")]
    Hdf5 {
        /// The file.
        file: String,
        /// Path of the group or dataset.
        object: String,
        /// Why.
        source: Box<hdf5_reader::error::Error>,
    },
    /// Frames cannot be written as HDF5.
    #[error("{file}: cannot be written as HDF5: {source}")]
    Hdf5Write {
        /// The frames.
        file: String,
        /// Why.
        source: Box<hdf5_writer::Error>,
    },
    /// A picture cannot be written as PNG.
    #[error("picture cannot be encoded: {source}")]
    Picture {
        /// Why.
        source: png::EncodingError,
    },
    /// One frame was asked for and there are several.
    #[error("{file}: holds {frames} frames, expected one; open it as a FrameStack")]
    ManyFrames {
        /// The file.
        file: String,
        /// Frames in it.
        frames: usize,
    },
    /// A frame beyond the last.
    #[error("{file}: frame {index} does not exist, expected 0 to {}", frames.saturating_sub(1))]
    FrameIndex {
        /// The file.
        file: String,
        /// The frame, 0-based.
        index: usize,
        /// Frames in it.
        frames: usize,
    },
    /// Several parts of a file could be meant.
    #[error("{file}: several {what} could be the frames: {}; name one of them", found.join(", "))]
    Ambiguous {
        /// The file.
        file: String,
        /// What they are.
        what: &'static str,
        /// Their names.
        found: Vec<String>,
    },
    /// Parts that belong together do not fit.
    #[error("{file}: {what} is {found}, expected {expected}")]
    Mismatch {
        /// The file.
        file: String,
        /// The quantity.
        what: String,
        /// What was found.
        found: String,
        /// What was expected, and why.
        expected: String,
    },
    /// A pixel is NaN or infinite.
    #[error("{file}: pixel at row {row}, column {col} is {value}, expected a finite number")]
    NotFinite {
        /// The file.
        file: String,
        /// Row, 0-based.
        row: usize,
        /// Column, 0-based.
        col: usize,
        /// The value.
        value: f64,
    },
    /// A pixel that an operation does not allow.
    #[error("{file}: pixel at row {row}, column {col} is {value}, expected {expected}")]
    Pixel {
        /// The image.
        file: String,
        /// Row, 0-based.
        row: usize,
        /// Column, 0-based.
        col: usize,
        /// The value.
        value: f64,
        /// What is allowed.
        expected: String,
    },
    /// A pixel cannot be stored as a 32-bit count.
    #[error(
        "{file}: pixel at row {row}, column {col} is {value}, expected a whole number of 32 bits"
    )]
    NotACount {
        /// The file.
        file: String,
        /// Row, 0-based.
        row: usize,
        /// Column, 0-based.
        col: usize,
        /// The value.
        value: f64,
    },
    /// The frame is not as large as the detector it is said to come from.
    #[error(
        "{file}: frame of {} x {} pixels (rows x columns){}, but {detector} has {} x {}",
        found[0], found[1],
        match looks_like { Some(name) => format!(", the shape of a {name}"), None => String::new() },
        expected[0], expected[1]
    )]
    Shape {
        /// The frame or mask.
        file: String,
        /// Its shape.
        found: [usize; 2],
        /// Known detector of that shape.
        looks_like: Option<&'static str>,
        /// The detector or instrument it was compared with.
        detector: String,
        /// Its shape.
        expected: [usize; 2],
    },
    /// A detector name that is not in the table.
    #[error(
        "{file}: detector name \"{name}\" is unknown, nearest known: {}; \
         for another detector give shape and pixel_size_mm instead",
        nearest.join(", ")
    )]
    UnknownDetector {
        /// The file that names it.
        file: String,
        /// The name.
        name: String,
        /// Similar names.
        nearest: Vec<&'static str>,
    },
    /// Neither the instrument nor the frame says what the detector is.
    #[error("{file}: detector.{key} is missing and no frame with a known detector supplies it")]
    DetectorUndetermined {
        /// The instrument file.
        file: String,
        /// The key.
        key: &'static str,
    },
    /// The text is not TOML.
    #[error("{file}: not valid TOML, line {line}: {message}")]
    Toml {
        /// The file.
        file: String,
        /// Line, 1-based.
        line: usize,
        /// What the parser found there.
        message: String,
    },
    /// A key that has no meaning.
    #[error(
        "{file}: unknown key {key}{}",
        match nearest { Some(k) => format!(", did you mean {k}?"), None => format!(", expected one of {}", known.join(", ")) }
    )]
    UnknownKey {
        /// The file.
        file: String,
        /// The key with its tables, as `detector.distance`.
        key: String,
        /// The known key it resembles.
        nearest: Option<String>,
        /// All known keys of that table.
        known: Vec<&'static str>,
    },
    /// A key that is needed and not there.
    #[error("{file}: key {key} is missing, expected {expected}")]
    MissingKey {
        /// The file.
        file: String,
        /// The key with its tables.
        key: String,
        /// What it holds.
        expected: String,
    },
    /// A value of the wrong type or outside its range.
    #[error("{file}: {key} = {value}, expected {expected}")]
    Value {
        /// The file.
        file: String,
        /// The key with its tables.
        key: String,
        /// The value.
        value: String,
        /// Type, unit and allowed range.
        expected: String,
    },
    /// The physics refuses a value: an unknown material, an energy outside the tables.
    #[error("{file}: {key}: {source}")]
    Physics {
        /// The file.
        file: String,
        /// The key with its tables.
        key: String,
        /// Why.
        source: Box<gisaxs_physics::Error>,
    },
    /// A line of a `.poni` file that cannot be used.
    #[error("{file}: poni: {field} is {found}, expected {expected}")]
    Poni {
        /// The file.
        file: String,
        /// The key.
        field: &'static str,
        /// Its value.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A frame of a powder does not show what a calibration needs.
    #[error("{file}: no calibration by the rings of {calibrant}: {found}")]
    Calibration {
        /// The frame.
        file: String,
        /// The powder.
        calibrant: String,
        /// What was found, and what was expected.
        found: String,
    },
    /// No pixel is left to work with.
    #[error("{file}: all {pixels} pixels are masked ({reasons})")]
    AllMasked {
        /// The frame.
        file: String,
        /// Number of pixels.
        pixels: usize,
        /// Pixels per reason.
        reasons: String,
    },
    /// The valid pixels do not make a network input.
    #[error("{file}: {source}")]
    Input {
        /// The frame.
        file: String,
        /// Why.
        source: InputError,
    },
}
