//! A detector frame: counts as stored, and what its header says.

use std::path::Path;

use ndarray::Array2;

use crate::detector::Detector;
use crate::error::{Error, Result};
use crate::format;
use crate::stack::{FrameStack, StackOptions};

/// Largest number of pixels that is taken for a detector frame: 3.5 times an Eiger 16M.
/// Headers that claim more are damaged, and nothing is allocated for them.
pub(crate) const MAX_PIXELS: usize = 1 << 26;

/// What a file says about its frame. Beamline files often lack most of it: a missing entry
/// is normal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameHeader {
    /// Detector as the file names it, for example `PILATUS 2M`.
    pub detector: Option<String>,
    /// Pixel size, mm: horizontal, vertical.
    pub pixel_mm: Option<[f64; 2]>,
    /// Counts above this are not reliable (`Count_cutoff`).
    pub count_cutoff: Option<f64>,
    /// Largest value that the file's integers hold, for unsigned types: a pixel there is
    /// saturated or invalid.
    pub full_scale: Option<f64>,
    /// Exposure time, s.
    pub exposure_s: Option<f64>,
    /// Wavelength, nm.
    pub wavelength_nm: Option<f64>,
    /// Sample-detector distance, mm.
    pub distance_mm: Option<f64>,
    /// Direct beam, pixels: column, row, as the file gives it.
    pub beam_px: Option<[f64; 2]>,
    /// Date and time as the file gives it.
    pub date: Option<String>,
    /// Header lines as `key value` text, without the comment sign.
    pub lines: Vec<String>,
}

/// How [`Frame::open_with`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Compare the checksum that a CBF file carries: three quarters of the time of reading it.
    pub verify_checksum: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            verify_checksum: true,
        }
    }
}

/// A detector frame: counts of shape (rows, columns), row 0 the first row in the file, all
/// finite, in row-major order. Sentinels (-1 gap, -2 bad pixel) stay as stored; which
/// pixels are valid is the business of [`Mask`](crate::Mask).
///
/// Counts are f32: exact to 2^24, above every detector's cutoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    counts: Array2<f32>,
    header: FrameHeader,
    name: String,
}

impl Frame {
    /// A frame from counts in memory, shape (rows, columns).
    ///
    /// # Errors
    /// [`Error::NotFinite`] names the first pixel that is NaN or infinite;
    /// [`Error::Value`] for an empty array.
    pub fn new(counts: Array2<f32>) -> Result<Self> {
        Self::checked("frame".to_owned(), counts, FrameHeader::default())
    }

    /// Reads a file of one frame: CBF, TIFF, EDF, NPY, NPZ, NeXus or HDF5, also gzipped,
    /// told apart by their content.
    ///
    /// # Errors
    /// [`Error`] that names the file and what is wrong with it; [`Error::ManyFrames`] for a
    /// stack, which [`FrameStack::open`] reads.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, ReadOptions::default())
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: ReadOptions) -> Result<Self> {
        FrameStack::open_with(path, &StackOptions::from(options))?.only_frame()
    }

    /// Reads the bytes of a file; `name` stands for it in messages. Links to other files
    /// cannot be followed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let (counts, header) = format::decode(name, bytes.to_vec(), &StackOptions::default())?;
        Self::checked(name.to_owned(), counts, header)
    }

    pub(crate) fn checked(name: String, counts: Array2<f32>, header: FrameHeader) -> Result<Self> {
        let (rows, cols) = counts.dim();
        if rows == 0 || cols == 0 || rows.saturating_mul(cols) > MAX_PIXELS {
            return Err(Error::Value {
                file: name,
                key: "shape".to_owned(),
                value: format!("{rows} x {cols}"),
                expected: format!("1 to {MAX_PIXELS} pixels"),
            });
        }
        let counts = if counts.is_standard_layout() {
            counts
        } else {
            counts.as_standard_layout().into_owned()
        };
        // A sum is NaN or infinite when a term is; finite terms cannot overflow f64.
        let suspicious = counts
            .rows()
            .into_iter()
            .any(|row| row.iter().fold(false, |bad, x| bad | !x.is_finite()));
        if suspicious
            && let Some(((row, col), &value)) = counts.indexed_iter().find(|(_, x)| !x.is_finite())
        {
            return Err(Error::NotFinite {
                file: name,
                row,
                col,
                value: f64::from(value),
            });
        }
        Ok(Self {
            counts,
            header,
            name,
        })
    }

    /// The same frame with another header.
    #[must_use]
    pub fn with_header(mut self, header: FrameHeader) -> Self {
        self.header = header;
        self
    }

    /// The same frame under another name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Counts, shape (rows, columns), row 0 the first row in the file.
    #[must_use]
    pub fn counts(&self) -> &Array2<f32> {
        &self.counts
    }

    /// The counts alone, shape (rows, columns).
    #[must_use]
    pub fn into_counts(self) -> Array2<f32> {
        self.counts
    }

    /// Counts in row-major order.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        self.counts.as_slice().unwrap_or_default()
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.counts.nrows(), self.counts.ncols()]
    }

    /// What the file says about the frame.
    #[must_use]
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    pub(crate) fn header_mut(&mut self) -> &mut FrameHeader {
        &mut self.header
    }

    /// File name, or the name given to [`from_bytes`](Self::from_bytes).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The frame as a CBF file (byte offset, MD5), as a Pilatus camera writes it.
    ///
    /// # Errors
    /// [`Error::NotACount`] if a pixel is not a whole number of 32 bits.
    pub fn to_cbf(&self) -> Result<Vec<u8>> {
        let counts = self.whole_counts()?;
        let stem = self.name.rsplit_once('.').map_or(&*self.name, |s| s.0);
        Ok(format::cbf::encode(
            stem,
            self.shape(),
            &counts,
            &self.header,
        ))
    }

    /// The counts as integers.
    pub(crate) fn whole_counts(&self) -> Result<Vec<i32>> {
        let counts = self.as_slice();
        // 2^31 itself is the first f32 beyond i32.
        let fits = |value: f32| {
            value.fract() == 0.0 && (-2_147_483_648.0..2_147_483_648.0).contains(&value)
        };
        match counts.iter().position(|&value| !fits(value)) {
            None => Ok(counts.iter().map(|&value| value as i32).collect()),
            Some(at) => Err(Error::NotACount {
                file: self.name.clone(),
                row: at / self.counts.ncols(),
                col: at % self.counts.ncols(),
                value: f64::from(counts[at]),
            }),
        }
    }

    /// Writes the frame as a CBF file.
    ///
    /// # Errors
    /// As [`to_cbf`](Self::to_cbf), or [`Error::Write`].
    pub fn write_cbf(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), &self.to_cbf()?)
    }

    /// What the frame's header says against the frame itself: one sentence each.
    #[must_use]
    pub fn mismatches(&self) -> Vec<String> {
        header_mismatches(&self.header, self.shape())
    }
}

/// What a header says of the detector against the shape of its frame.
pub(crate) fn header_mismatches(header: &FrameHeader, shape: [usize; 2]) -> Vec<String> {
    let mut found = Vec::new();
    let Some(named) = header.detector.as_deref().and_then(Detector::lookup) else {
        return found;
    };
    if named.shape() != shape {
        let looks = Detector::by_shape(shape)
            .map_or(String::new(), |d| format!(", the shape of a {}", d.name()));
        found.push(format!(
            "the header names a {} ({} x {} pixels), but the frame has {} x {}{looks}",
            named.name(),
            named.shape()[0],
            named.shape()[1],
            shape[0],
            shape[1]
        ));
    }
    if let Some(pixel) = header.pixel_mm
        && pixel
            .iter()
            .any(|p| (p / named.pixel_mm() - 1.0).abs() > 0.01)
    {
        found.push(format!(
            "the header says pixels of {} x {} mm, but a {} has {} mm",
            pixel[0],
            pixel[1],
            named.name(),
            named.pixel_mm()
        ));
    }
    found
}

pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_pixel_is_named() {
        let mut counts = Array2::zeros((4, 5));
        counts[[2, 3]] = f32::NAN;
        let error = Frame::new(counts).unwrap_err().to_string();
        assert_eq!(
            error,
            "frame: pixel at row 2, column 3 is NaN, expected a finite number"
        );
    }

    #[test]
    fn an_empty_frame_is_refused() {
        assert!(Frame::new(Array2::zeros((0, 5))).is_err());
    }

    #[test]
    fn only_counts_go_into_a_cbf() {
        let mut counts = Array2::zeros((4, 5));
        counts[[1, 0]] = 0.5;
        let error = Frame::new(counts).unwrap().to_cbf().unwrap_err();
        assert!(error.to_string().contains("row 1, column 0 is 0.5"));
    }

    #[test]
    fn columns_first_arrays_are_put_in_order() {
        let counts = Array2::from_shape_fn((3, 4), |(r, c)| (10 * r + c) as f32);
        let fortran = counts.t().as_standard_layout().into_owned();
        let frame = Frame::new(fortran.reversed_axes()).unwrap();
        assert_eq!(frame.as_slice()[1], 1.0);
        assert_eq!(frame.counts(), &counts);
    }

    #[test]
    fn foreign_content_is_named() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"\x89PNG\r\n\x1a\n", "PNG"),
            (b"hello world", "a text file"),
            (b"0       X X X X", "European Data Format"),
            (b"\x00\xfe\x00\xff", "unknown"),
        ] {
            let error = Frame::from_bytes("x.dat", bytes).unwrap_err().to_string();
            assert!(error.contains("x.dat") && error.contains(what), "{error}");
        }
    }
}
