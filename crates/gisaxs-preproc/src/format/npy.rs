//! NumPy `.npy` files holding one frame or a stack of them.
//!
//! Magic `\x93NUMPY`, two version bytes, header length (u16 LE in version 1, u32 LE after),
//! then a Python dict literal with `descr`, `fortran_order` and `shape`, then the numbers.
//! The last two axes are rows and columns; all before them count frames.

use ndarray::{Array2, ArrayView2};

use super::source::Bytes;
use super::{Description, FrameSource, Number, checked_shape, damaged, into_array, unsupported};
use crate::error::Result;
use crate::frame::FrameHeader;

const FORMAT: &str = "NPY";
const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read; NumPy itself refuses more than 10 000 characters.
const MAX_HEADER: usize = 1 << 16;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// An opened NPY file.
pub(crate) struct Npy {
    file: String,
    bytes: Bytes,
    data: u64,
    number: Number,
    big_endian: bool,
    fortran: bool,
    description: Description,
}

impl Npy {
    pub(crate) fn open(file: &str, bytes: Bytes) -> Result<Self> {
        let head = bytes
            .range(file, 0, MAGIC.len() + 6 + MAX_HEADER)?
            .into_owned();
        let short = || {
            damaged(
                file,
                FORMAT,
                "header",
                format!("{} bytes", head.len()),
                "a complete header; the file is cut short",
            )
        };
        let body = head.get(MAGIC.len()..).ok_or_else(short)?;
        let (version, body) = body.split_first_chunk::<2>().ok_or_else(short)?;
        let (length, body) = if version[0] == 1 {
            let (n, body) = body.split_first_chunk::<2>().ok_or_else(short)?;
            (usize::from(u16::from_le_bytes(*n)), body)
        } else {
            let (n, body) = body.split_first_chunk::<4>().ok_or_else(short)?;
            (u32::from_le_bytes(*n) as usize, body)
        };
        let data = (head.len() - body.len() + length) as u64;
        let header = body.get(..length).ok_or_else(short)?;
        let header = String::from_utf8_lossy(header);

        let entry = |key: &'static str| {
            let at = header.find(&format!("'{key}'"))?;
            let value = header[at..].split_once(':')?.1.trim_start();
            Some(match value.chars().next()? {
                '\'' => value[1..].split('\'').next()?,
                '(' => value[1..].split(')').next()?,
                _ => value.split([',', '}']).next()?.trim(),
            })
        };
        let missing = |key: &'static str| damaged(file, FORMAT, key, "missing", "a header entry");
        let descr = entry("descr").ok_or_else(|| missing("descr"))?;
        let (big_endian, kind) = match descr.split_at_checked(1) {
            Some((">", kind)) => (true, kind),
            Some(("<" | "|" | "=", kind)) => (false, kind),
            _ => (false, descr),
        };
        let number = match kind {
            "b1" | "u1" => Number::Unsigned(1),
            "u2" => Number::Unsigned(2),
            "u4" => Number::Unsigned(4),
            "u8" => Number::Unsigned(8),
            "i1" => Number::Signed(1),
            "i2" => Number::Signed(2),
            "i4" => Number::Signed(4),
            "i8" => Number::Signed(8),
            "f4" => Number::Float(4),
            "f8" => Number::Float(8),
            _ => {
                return Err(unsupported(
                    file,
                    FORMAT,
                    "descr",
                    descr,
                    "an integer, float or bool type",
                ));
            }
        };
        let shape = entry("shape").ok_or_else(|| missing("shape"))?;
        let sizes: Option<Vec<u64>> = shape
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .map(|s| s.parse().ok())
            .collect();
        let (frames, rows, cols) = match sizes.as_deref() {
            Some([stack @ .., rows, cols]) => {
                let frames = stack.iter().fold(1_u64, |n, &k| n.saturating_mul(k));
                (frames, *rows, *cols)
            }
            _ => {
                return Err(unsupported(
                    file,
                    FORMAT,
                    "shape",
                    format!("({shape})"),
                    "(rows, columns) or (frames, rows, columns)",
                ));
            }
        };
        let fortran = match entry("fortran_order").ok_or_else(|| missing("fortran_order"))? {
            "True" => true,
            "False" => false,
            other => {
                return Err(damaged(
                    file,
                    FORMAT,
                    "fortran_order",
                    other,
                    "True or False",
                ));
            }
        };
        if fortran && frames > 1 {
            return Err(unsupported(
                file,
                FORMAT,
                "fortran_order",
                "True",
                "False for a stack of frames",
            ));
        }
        let available = usize::try_from(bytes.len().saturating_sub(data)).unwrap_or(usize::MAX);
        let size = number.size() as u64;
        let shape = checked_shape(file, FORMAT, [rows, cols], size, available)?;
        let needed = (shape[0] * shape[1]) as u64 * size;
        if frames == 0 || needed.saturating_mul(frames) > available as u64 {
            return Err(damaged(
                file,
                FORMAT,
                "data",
                format!("{available} bytes"),
                format!("{frames} frames of {needed} bytes; the file is cut short"),
            ));
        }
        let description = Description {
            format: FORMAT,
            shape,
            frames: usize::try_from(frames).unwrap_or(usize::MAX),
            header: FrameHeader {
                full_scale: number.full_scale(),
                ..FrameHeader::default()
            },
            ..Description::default()
        };
        Ok(Self {
            file: file.to_owned(),
            bytes,
            data,
            number,
            big_endian,
            fortran,
            description,
        })
    }
}

impl FrameSource for Npy {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let shape = self.description.shape;
        let size = shape[0] * shape[1] * self.number.size();
        let start = self.data + index as u64 * size as u64;
        let data = self.bytes.range(&self.file, start, size)?;
        let counts = self
            .number
            .decode(&data, self.big_endian)
            .filter(|counts| counts.len() == shape[0] * shape[1])
            .ok_or_else(|| damaged(&self.file, FORMAT, "data", "cut short", "a whole image"))?;
        let counts = if self.fortran {
            let transposed = into_array([shape[1], shape[0]], counts);
            transposed.reversed_axes().as_standard_layout().into_owned()
        } else {
            into_array(shape, counts)
        };
        Ok((counts, self.description.header.clone()))
    }
}

/// Number types that [`encode_npy`] writes.
pub trait NpyNumber: Copy + private::Sealed {
    /// The `descr` of the header, little-endian.
    const DESCR: &'static str;
    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);
}

mod private {
    pub trait Sealed {}
}

macro_rules! npy_number {
    ($($t:ty: $descr:literal),*) => {$(
        impl private::Sealed for $t {}
        impl NpyNumber for $t {
            const DESCR: &'static str = $descr;
            fn put(self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        }
    )*};
}
npy_number!(f32: "<f4", f64: "<f8", i32: "<i4", u8: "|u1");

/// A NumPy `.npy` file (version 1.0) of a 2-D array, shape (rows, columns).
///
/// ```
/// let image = ndarray::arr2(&[[1.0_f64, 2.0], [3.0, 4.0]]);
/// let bytes = gisaxs_preproc::encode_npy(image.view());
/// let frame = gisaxs_preproc::Frame::from_bytes("image.npy", &bytes)?;
/// assert_eq!(frame.counts()[[1, 0]], 3.0);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[must_use]
pub fn encode_npy<T: NpyNumber>(array: ArrayView2<'_, T>) -> Vec<u8> {
    let (rows, cols) = array.dim();
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({rows}, {cols}), }}",
        T::DESCR
    );
    // Data start at a multiple of 64 bytes; the header ends with a line feed.
    let before = MAGIC.len() + 4;
    while !(before + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut out = Vec::with_capacity(before + header.len() + size_of::<T>() * rows * cols);
    out.extend(MAGIC);
    out.extend([1, 0]);
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    for &x in array {
        x.put(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(file: &str, bytes: &[u8]) -> Result<Array2<f32>> {
        Ok(Npy::open(file, Bytes::Memory(bytes.to_vec()))?.read(0)?.0)
    }

    #[test]
    fn round_trip_of_every_type() {
        let a = Array2::from_shape_fn((3, 5), |(r, c)| (r * 5 + c) as f64);
        let expected = a.mapv(|x| x as f32);
        for bytes in [
            encode_npy(a.view()),
            encode_npy(a.mapv(|x| x as f32).view()),
            encode_npy(a.mapv(|x| x as i32).view()),
            encode_npy(a.mapv(|x| x as u8).view()),
        ] {
            assert_eq!(bytes[..10].len() + usize::from(bytes[8]), 128);
            assert_eq!(decode("a", &bytes).unwrap(), expected);
        }
    }

    #[test]
    fn column_major_and_big_endian() {
        let mut bytes = MAGIC.to_vec();
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
        bytes.extend([1, 0, header.len() as u8, 0]);
        bytes.extend(header.as_bytes());
        for x in [0_i16, 10, 1, 11, 2, 12] {
            bytes.extend(x.to_be_bytes());
        }
        let expected = ndarray::arr2(&[[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]);
        assert_eq!(decode("a", &bytes).unwrap(), expected);
    }

    #[test]
    fn leading_axes_count_frames() {
        let mut bytes = MAGIC.to_vec();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 1, 3), }\n";
        bytes.extend([1, 0, header.len() as u8, 0]);
        bytes.extend(header.as_bytes());
        bytes.extend(0..12);
        let npy = Npy::open("a", Bytes::Memory(bytes.clone())).unwrap();
        assert_eq!(npy.description().frames, 4);
        assert_eq!(npy.read(3).unwrap().0, ndarray::arr2(&[[9.0, 10.0, 11.0]]));
        bytes.pop();
        assert!(Npy::open("a", Bytes::Memory(bytes)).is_err());
    }

    #[test]
    fn bad_headers_are_errors() {
        let good = encode_npy(ndarray::arr2(&[[1_i32, 2]]).view());
        for cut in 0..good.len() {
            assert!(decode("a", &good[..cut]).is_err(), "{cut}");
        }
        for (from, to) in [
            ("(1, 2)", "(9, 2)"),
            ("(1, 2)", "(99999999999, 99999999999)"),
            ("(1, 2)", "(2,)"),
            ("<i4", "<c8"),
            ("descr", "d\u{e9}sc"),
        ] {
            let at = good.windows(from.len()).position(|w| w == from.as_bytes());
            let at = at.unwrap();
            let mut bad = good[..at].to_vec();
            bad.extend(to.as_bytes());
            bad.extend(&good[at + from.len()..]);
            assert!(decode("a", &bad).is_err(), "{to}");
        }
    }
}
