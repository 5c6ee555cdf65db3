//! Writing masks: NPY, EDF and Fit2D's `.msk`, nonzero = masked.

use std::path::Path;

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::format::{edf, fit2d_mask, npy};
use crate::frame::write_file;

/// A format that masks are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MaskFormat {
    /// NumPy, one byte per pixel.
    Npy,
    /// ESRF data format, one byte per pixel.
    Edf,
    /// Fit2D, one bit per pixel.
    Fit2d,
}

impl MaskFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Npy, Self::Edf, Self::Fit2d];
}

/// The bytes of a mask file: nonzero = masked, the polarity of pyFAI, fabio and Fit2D.
/// `masked` has shape (rows, columns), row 0 first.
///
/// Fit2D itself counts rows from below; pyFAI and fabio, like this crate, take the first row
/// of the file for row 0.
#[must_use]
pub fn encode_mask(masked: ArrayView2<'_, bool>, format: MaskFormat) -> Vec<u8> {
    match format {
        MaskFormat::Npy => npy::encode_npy(masked.mapv(u8::from).view()),
        MaskFormat::Edf => edf::encode_mask(masked),
        MaskFormat::Fit2d => fit2d_mask::encode(masked),
    }
}

/// Writes a mask in the format of the ending: `.npy`, `.edf` or `.msk`.
///
/// # Errors
/// [`Error::Value`] for another ending; [`Error::Write`].
pub fn write_mask(masked: ArrayView2<'_, bool>, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let format = match ending.to_ascii_lowercase().as_str() {
        "npy" => MaskFormat::Npy,
        "edf" => MaskFormat::Edf,
        "msk" => MaskFormat::Fit2d,
        _ => {
            return Err(Error::Value {
                file: path.display().to_string(),
                key: "ending".to_owned(),
                value: ending.into_owned(),
                expected: "npy, edf or msk".to_owned(),
            });
        }
    };
    write_file(path, &encode_mask(masked, format))
}
