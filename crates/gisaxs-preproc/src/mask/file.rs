//! Mask files: Fit2D `.msk`, and any format of a frame.

use std::path::Path;

use ndarray::Array2;

use super::Polarity;
use crate::error::Result;
use crate::format::source::Bytes;
use crate::format::{self, fit2d_mask};
use crate::frame::read_file;

/// How a mask file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskOptions {
    /// Which values are masked. Default: nonzero.
    pub polarity: Polarity,
    /// The dataset of an HDF5 file, or the array of an NPZ file. Default: the only image, or
    /// the only one with `mask` in its name.
    pub dataset: Option<String>,
}

/// A user's mask and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskFile {
    name: String,
    polarity: Polarity,
    masked: Array2<bool>,
}

impl MaskFile {
    /// Reads a mask: Fit2D `.msk`, EDF, TIFF, CBF, NPY, NPZ, NeXus or HDF5, told apart by
    /// content.
    ///
    /// # Errors
    /// [`Error`](crate::Error) that names the file and what is wrong with it: more than one
    /// image, a pixel that is not finite, for [`Polarity::Bits`] a value that is no whole
    /// number.
    pub fn open(path: impl AsRef<Path>, options: &MaskOptions) -> Result<Self> {
        let path = path.as_ref();
        // Checks that it is a file before any of it is read.
        Bytes::open(path)?;
        let name = path.display().to_string();
        Self::read(&name, read_file(path)?, path.parent(), options)
    }

    /// As [`open`](Self::open), for the bytes of a file; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(name: &str, bytes: Vec<u8>, options: &MaskOptions) -> Result<Self> {
        Self::read(name, bytes, None, options)
    }

    fn read(
        name: &str,
        bytes: Vec<u8>,
        folder: Option<&Path>,
        options: &MaskOptions,
    ) -> Result<Self> {
        let polarity = options.polarity;
        let bytes = Bytes::Memory(bytes).unpacked(name)?;
        let head = bytes.range(name, 0, 16)?;
        let masked = if fit2d_mask::recognise(&head) {
            let masked = fit2d_mask::decode(name, &bytes.range(name, 0, usize::MAX)?)?;
            masked.mapv(|bit| polarity.is_masked(u64::from(bit)))
        } else {
            drop(head);
            let source = format::open_mask(name, bytes, folder, options.dataset.as_deref())?;
            match (polarity, source.description().frames) {
                (_, frames) if frames != 1 => {
                    return Err(crate::Error::ManyFrames {
                        file: name.to_owned(),
                        frames,
                    });
                }
                (Polarity::Bits { .. }, _) => source
                    .read_bits(name, 0)?
                    .mapv(|bits| polarity.is_masked(bits)),
                _ => {
                    // Only whether a value is zero matters, for fractions too.
                    let values = source.read(0)?.0;
                    format::check_finite(name, &values)?;
                    values.mapv(|x| polarity.is_masked(u64::from(x != 0.0)))
                }
            }
        };
        Ok(Self {
            name: name.to_owned(),
            polarity,
            masked,
        })
    }

    /// Path of the file, or the name given to [`from_bytes`](Self::from_bytes).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True = masked, shape (rows, columns).
    #[must_use]
    pub fn masked(&self) -> &Array2<bool> {
        &self.masked
    }

    /// As [`masked`](Self::masked).
    #[must_use]
    pub fn into_masked(self) -> Array2<bool> {
        self.masked
    }

    /// Fraction of the pixels that is masked, 0 to 1.
    #[must_use]
    pub fn masked_fraction(&self) -> f64 {
        masked_fraction(&self.masked)
    }
}

/// `mask.edf: 7.9 % of 1679 x 1475 pixels masked (nonzero = masked)`.
impl std::fmt::Display for MaskFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rows, cols) = self.masked.dim();
        write!(
            f,
            "{}: {:.1} % of {rows} x {cols} pixels masked ({})",
            self.name,
            100.0 * self.masked_fraction(),
            self.polarity
        )
    }
}

/// Fraction of true pixels, 0 to 1.
pub(crate) fn masked_fraction(masked: &Array2<bool>) -> f64 {
    masked.iter().filter(|&&m| m).count() as f64 / masked.len().max(1) as f64
}

/// Reads the bytes of a user's mask, in any format of a frame or Fit2D's: nonzero = masked.
/// `file` stands for it in messages. The result has shape (rows, columns), true = masked.
/// [`MaskFile::from_bytes`] reads other polarities.
///
/// # Errors
/// As [`MaskFile::open`].
pub fn decode_mask(file: &str, bytes: Vec<u8>) -> Result<Array2<bool>> {
    Ok(MaskFile::from_bytes(file, bytes, &MaskOptions::default())?.masked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::write::{MaskFormat, encode_mask};
    use crate::{Frame, encode_npy, encode_tiff};

    fn pattern() -> Array2<bool> {
        Array2::from_shape_fn((7, 35), |(r, c)| (5 * r + 3 * c) % 4 == 0)
    }

    #[test]
    fn every_format_in_both_polarities() {
        let masked = pattern();
        let counts = masked.mapv(|m| f32::from(u8::from(m)));
        let tiff = encode_tiff(&[Frame::new(counts.clone()).unwrap()]).unwrap();
        let halves = encode_npy(counts.mapv(|x| x * 0.5).view());
        let files = MaskFormat::ALL
            .map(|format| encode_mask(masked.view(), format))
            .into_iter()
            .chain([tiff, halves]);
        for bytes in files {
            let read = |polarity| {
                let options = MaskOptions {
                    polarity,
                    dataset: None,
                };
                MaskFile::from_bytes("m", bytes.clone(), &options).unwrap()
            };
            let plain = read(Polarity::NonzeroMasked);
            assert_eq!(plain.masked(), &masked);
            let other = read(Polarity::NonzeroValid);
            assert_eq!(other.masked(), &masked.mapv(|m| !m));
            assert!((plain.masked_fraction() + other.masked_fraction() - 1.0).abs() < 1e-12);
        }
        let name = MaskFile::from_bytes(
            "m.npy",
            encode_mask(masked.view(), MaskFormat::Npy),
            &MaskOptions::default(),
        );
        assert_eq!(
            name.unwrap().to_string(),
            "m.npy: 25.3 % of 7 x 35 pixels masked (nonzero = masked)"
        );
    }

    #[test]
    fn bits_need_whole_numbers() {
        let values = Array2::from_shape_fn((2, 3), |(r, c)| (3 * r + c) as u32 | (1 << 20));
        let bytes = encode_npy(values.mapv(|x| x as f32).view());
        let options = MaskOptions {
            polarity: Polarity::Bits {
                good: 1 << 20,
                bad: 2,
            },
            dataset: None,
        };
        let mask = MaskFile::from_bytes("m", bytes, &options).unwrap();
        assert_eq!(
            mask.into_masked(),
            ndarray::arr2(&[[false, false, true], [true, false, false]])
        );
        for value in [0.5, -1.0, 16_777_216.0] {
            let bytes = encode_npy(ndarray::arr2(&[[0.0, value]]).view());
            let error = MaskFile::from_bytes("m", bytes, &options).unwrap_err();
            assert!(error.to_string().contains("column 1"), "{error}");
        }
    }

    #[test]
    fn a_mask_with_nan_is_refused() {
        let bytes = encode_npy(ndarray::arr2(&[[0.0, f32::NAN]]).view());
        let error = decode_mask("m.npy", bytes).unwrap_err().to_string();
        assert!(error.contains("column 1 is NaN"), "{error}");
    }
}
