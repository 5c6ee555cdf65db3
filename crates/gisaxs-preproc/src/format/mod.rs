//! File formats, one file each, told apart by their content.

mod byte_offset;
pub(crate) mod cbf;
pub(crate) mod edf;
pub(crate) mod fit2d_mask;
pub(crate) mod hdf5;
pub(crate) mod header;
pub(crate) mod npy;
mod npz;
mod number;
pub(crate) mod source;
pub(crate) mod tiff;

use std::path::Path;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::{FrameHeader, MAX_PIXELS};
use crate::metadata::MetadataEntry;
use crate::stack::StackOptions;
pub(crate) use number::Number;
use source::Bytes;

/// Enough of a file to tell its format.
pub(crate) const MAGIC_BYTES: usize = 4096;

/// What is known of an opened file before any frame is decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    /// Name of the format.
    pub(crate) format: &'static str,
    /// Rows and columns of every frame.
    pub(crate) shape: [usize; 2],
    /// Number of frames, at least one.
    pub(crate) frames: usize,
    /// Header of the first frame.
    pub(crate) header: FrameHeader,
    /// Everything the file says of itself.
    pub(crate) metadata: Vec<MetadataEntry>,
    /// What does not fit together.
    pub(crate) warnings: Vec<String>,
}

/// An opened file: frames of one shape, decoded one at a time.
pub(crate) trait FrameSource: Send + Sync {
    fn description(&self) -> &Description;

    /// Decodes frame `index`, which is below the number of frames. Counts are row-major and
    /// not yet checked for NaN.
    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)>;

    /// As [`read`](Self::read), for bits of a mask: whole numbers, not negative.
    fn read_bits(&self, file: &str, index: usize) -> Result<Array2<u64>> {
        /// f32 holds all whole numbers below this.
        const EXACT: f32 = 16_777_216.0;
        let values = self.read(index)?.0;
        let fits = |x: f32| (0.0..EXACT).contains(&x) && x.fract() == 0.0;
        match values.indexed_iter().find(|(_, x)| !fits(**x)) {
            None => Ok(values.mapv(|x| x as u64)),
            Some(((row, col), x)) => Err(Error::Value {
                file: file.to_owned(),
                key: format!("mask at row {row}, column {col}"),
                value: x.to_string(),
                expected: "a whole number from 0 to 2^24 - 1".to_owned(),
            }),
        }
    }

    /// Name of a frame where it is not that of the stack with a number.
    fn frame_name(&self, _index: usize) -> Option<String> {
        None
    }

    /// Factors by which counts are to be multiplied, if the file has any that are not
    /// applied yet.
    fn flat_field(&self) -> Result<Option<Array2<f32>>> {
        Ok(None)
    }

    /// Where a module's first pixel lies on the whole detector: column, row.
    fn placement(&self) -> Result<Option<[i64; 2]>> {
        Ok(None)
    }
}

/// Opens a file; `folder` is where its external links point from.
pub(crate) fn open(
    file: &str,
    bytes: Bytes,
    folder: Option<&Path>,
    options: &StackOptions,
) -> Result<Box<dyn FrameSource>> {
    let bytes = bytes.unpacked(file)?;
    let head = bytes.range(file, 0, MAGIC_BYTES)?.into_owned();
    if !hdf5::recognise(&head) && !npz::recognise(&head) && options.dataset.is_some() {
        return Err(unsupported(
            file,
            "image",
            "dataset",
            options.dataset.clone().unwrap_or_default(),
            "no dataset: only HDF5 and NPZ files have names inside",
        ));
    }
    Ok(if cbf::recognise(&head) {
        Box::new(cbf::Cbf::open(file, bytes, options.verify_checksum)?)
    } else if tiff::recognise(&head) {
        Box::new(tiff::Tiff::open(file, bytes)?)
    } else if npy::recognise(&head) {
        Box::new(npy::Npy::open(file, bytes)?)
    } else if npz::recognise(&head) {
        Box::new(npz::open(file, &bytes, options.dataset.as_deref())?)
    } else if hdf5::recognise(&head) {
        Box::new(hdf5::Hdf5::open(file, bytes, folder, options)?)
    } else if edf::recognise(&head) {
        Box::new(edf::Edf::open(file, bytes)?)
    } else {
        return Err(Error::UnknownFormat {
            file: file.to_owned(),
            found: describe(&head).to_owned(),
        });
    })
}

/// Opens a mask in the format of a frame; `dataset` names it inside an HDF5 or NPZ file.
pub(crate) fn open_mask(
    file: &str,
    bytes: Bytes,
    folder: Option<&Path>,
    dataset: Option<&str>,
) -> Result<Box<dyn FrameSource>> {
    let mut options = StackOptions {
        apply_pixel_mask: false,
        dataset: dataset.map(str::to_owned),
        ..StackOptions::default()
    };
    let bytes = bytes.unpacked(file)?;
    if dataset.is_none() && hdf5::recognise(&bytes.range(file, 0, MAGIC_BYTES)?) {
        let all = bytes.range(file, 0, usize::MAX)?.into_owned();
        options.dataset = Some(hdf5::mask_dataset(file, Bytes::Memory(all), folder)?);
    }
    open(file, bytes, folder, &options)
}

/// The error for the first pixel that is NaN or infinite.
pub(crate) fn check_finite(file: &str, values: &Array2<f32>) -> Result<()> {
    match values.indexed_iter().find(|(_, x)| !x.is_finite()) {
        None => Ok(()),
        Some(((row, col), &value)) => Err(Error::NotFinite {
            file: file.to_owned(),
            row,
            col,
            value: f64::from(value),
        }),
    }
}

/// Decodes the one frame of a file in memory.
pub(crate) fn decode(
    file: &str,
    bytes: Vec<u8>,
    options: &StackOptions,
) -> Result<(Array2<f32>, FrameHeader)> {
    let source = open(file, Bytes::Memory(bytes), None, options)?;
    only_frame(file, source.as_ref())
}

/// The one frame of a file.
pub(crate) fn only_frame(
    file: &str,
    source: &dyn FrameSource,
) -> Result<(Array2<f32>, FrameHeader)> {
    match source.description().frames {
        1 => source.read(0),
        frames => Err(Error::ManyFrames {
            file: file.to_owned(),
            frames,
        }),
    }
}

/// The format that a file's first bytes belong to; gzip is a format of its own here.
pub(crate) fn recognise(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [0x1f, 0x8b, ..] => "gzip",
        h if cbf::recognise(h) => "CBF",
        h if tiff::recognise(h) => "TIFF",
        h if npy::recognise(h) => "NPY",
        h if npz::recognise(h) => "NPZ",
        h if hdf5::recognise(h) => "HDF5",
        h if edf::recognise(h) => "EDF",
        _ => return None,
    })
}

/// What foreign content looks like, for the message.
fn describe(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        "the file is empty"
    } else if bytes.starts_with(b"\x89PNG") {
        "a PNG picture"
    } else if bytes.starts_with(b"\xff\xd8") {
        "a JPEG picture"
    } else if bytes.starts_with(b"BZh") {
        "a bzip2 archive"
    } else if fit2d_mask::recognise(bytes) {
        "a Fit2D mask, not a frame"
    } else if bytes.starts_with(b"0       ") {
        "a European Data Format (medical) file"
    } else if bytes.starts_with(b"\xffBIOSEMI") {
        "a BioSemi (medical) file"
    } else if std::str::from_utf8(&bytes[..bytes.len().min(64)]).is_ok() {
        "a text file"
    } else {
        "unknown content"
    }
}

/// Checks a claimed shape before anything is allocated for it: at least one pixel, not
/// more than [`MAX_PIXELS`], at least `bytes_per_pixel` of the `available` bytes for each.
pub(crate) fn checked_shape(
    file: &str,
    format: &'static str,
    shape: [u64; 2],
    bytes_per_pixel: u64,
    available: usize,
) -> Result<[usize; 2]> {
    let pixels = shape[0].saturating_mul(shape[1]);
    if pixels == 0 || pixels > MAX_PIXELS as u64 {
        return Err(damaged(
            file,
            format,
            "image size",
            format!("{} x {}", shape[0], shape[1]),
            format!("1 to {MAX_PIXELS} pixels"),
        ));
    }
    if pixels.saturating_mul(bytes_per_pixel) > available as u64 {
        return Err(damaged(
            file,
            format,
            "data",
            format!("{available} bytes"),
            format!(
                "at least {} for {} x {} pixels; the file is cut short",
                pixels * bytes_per_pixel,
                shape[0],
                shape[1]
            ),
        ));
    }
    Ok([shape[0] as usize, shape[1] as usize])
}

pub(crate) fn damaged(
    file: &str,
    format: &'static str,
    field: &'static str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Error {
    Error::Damaged {
        file: file.to_owned(),
        format,
        field,
        found: found.into(),
        expected: expected.into(),
    }
}

pub(crate) fn unsupported(
    file: &str,
    format: &'static str,
    field: &'static str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Error {
    Error::Unsupported {
        file: file.to_owned(),
        format,
        field,
        found: found.into(),
        expected: expected.into(),
    }
}

/// The array of a checked shape.
pub(crate) fn into_array(shape: [usize; 2], counts: Vec<f32>) -> Array2<f32> {
    debug_assert_eq!(shape[0] * shape[1], counts.len());
    Array2::from_shape_vec(shape, counts).unwrap_or_default()
}
