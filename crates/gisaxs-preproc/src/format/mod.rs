//! File formats, one file each, told apart by their content.

pub(crate) mod cbf;
pub(crate) mod edf;
pub(crate) mod fit2d_mask;
pub(crate) mod header;
pub(crate) mod npy;
pub(crate) mod tiff;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::{FrameHeader, MAX_PIXELS, ReadOptions};

/// Decodes a frame; counts come in row-major order but are not checked for NaN.
pub(crate) fn decode(
    file: &str,
    bytes: &[u8],
    options: ReadOptions,
) -> Result<(Array2<f32>, FrameHeader)> {
    if cbf::recognise(bytes) {
        cbf::decode(file, bytes, options)
    } else if tiff::recognise(bytes) {
        tiff::decode(file, bytes)
    } else if npy::recognise(bytes) {
        Ok((npy::decode(file, bytes)?, FrameHeader::default()))
    } else if edf::recognise(bytes) {
        edf::decode(file, bytes)
    } else {
        Err(Error::UnknownFormat {
            file: file.to_owned(),
            found: describe(bytes).to_owned(),
        })
    }
}

/// What foreign content looks like, for the message.
fn describe(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() {
        "the file is empty"
    } else if bytes.starts_with(b"\x89HDF") {
        "an HDF5 file (Eiger or NeXus; convert it to CBF or TIFF)"
    } else if bytes.starts_with(b"\x89PNG") {
        "a PNG picture"
    } else if bytes.starts_with(b"\xff\xd8") {
        "a JPEG picture"
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        "a gzip archive"
    } else if bytes.starts_with(b"BZh") {
        "a bzip2 archive"
    } else if fit2d_mask::recognise(bytes) {
        "a Fit2D mask, not a frame"
    } else if bytes.starts_with(b"0       ") {
        "a European Data Format (medical) file"
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

/// A number type as detector files store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Signed integer of so many bytes.
    Signed(usize),
    /// Unsigned integer of so many bytes.
    Unsigned(usize),
    /// IEEE float of so many bytes.
    Float(usize),
}

impl Number {
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Signed(n) | Self::Unsigned(n) | Self::Float(n) => n,
        }
    }

    /// Decodes `bytes` into f32.
    pub(crate) fn decode(self, bytes: &[u8], big_endian: bool) -> Option<Vec<f32>> {
        macro_rules! read {
            ($t:ty) => {{
                const SIZE: usize = size_of::<$t>();
                let convert = |chunk: &[u8]| {
                    let mut raw = [0_u8; SIZE];
                    raw.copy_from_slice(chunk);
                    if big_endian {
                        <$t>::from_be_bytes(raw) as f32
                    } else {
                        <$t>::from_le_bytes(raw) as f32
                    }
                };
                Some(bytes.chunks_exact(SIZE).map(convert).collect())
            }};
        }
        match self {
            Self::Signed(1) => read!(i8),
            Self::Signed(2) => read!(i16),
            Self::Signed(4) => read!(i32),
            Self::Signed(8) => read!(i64),
            Self::Unsigned(1) => read!(u8),
            Self::Unsigned(2) => read!(u16),
            Self::Unsigned(4) => read!(u32),
            Self::Unsigned(8) => read!(u64),
            Self::Float(4) => read!(f32),
            Self::Float(8) => read!(f64),
            _ => None,
        }
    }

    /// Largest value of an unsigned type of two bytes or more: detectors mark invalid and
    /// saturated pixels with it.
    pub(crate) fn full_scale(self) -> Option<f64> {
        match self {
            Self::Unsigned(2) => Some(f64::from(u16::MAX)),
            Self::Unsigned(4) => Some(f64::from(u32::MAX)),
            _ => None,
        }
    }
}
