//! Files of profiles and maps: CSV, NPY, NXcanSAS.

mod csv;
mod npy;
mod nxcansas;

use std::path::Path;

use super::map::Map;
use super::profile::Profile;
use crate::error::{Error, Result};
use crate::frame::write_file;

impl Profile {
    /// Writes the profile in the format of the ending: `.csv`, `.npy`, `.h5` or `.nxs`
    /// (NXcanSAS).
    ///
    /// # Errors
    /// [`Error::Value`] for another ending; [`Error::Hdf5Write`]; [`Error::Write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match ending(path).as_str() {
            "csv" => self.to_csv().into_bytes(),
            "npy" => self.to_npy(),
            "h5" | "nxs" | "hdf5" => self.to_nxcansas()?,
            _ => return Err(unknown_ending(path)),
        };
        write_file(path, &bytes)
    }
}

impl Map {
    /// Writes the map in the format of the ending, as [`Profile::write`].
    ///
    /// # Errors
    /// As [`Profile::write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match ending(path).as_str() {
            "csv" => self.to_csv().into_bytes(),
            "npy" => self.to_npy(),
            "h5" | "nxs" | "hdf5" => self.to_nxcansas()?,
            _ => return Err(unknown_ending(path)),
        };
        write_file(path, &bytes)
    }
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_ascii_lowercase()
}

fn unknown_ending(path: &Path) -> Error {
    Error::Value {
        file: path.display().to_string(),
        key: "ending".to_owned(),
        value: ending(path),
        expected: "csv, npy, h5 or nxs".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{Axis, Image, Line, Map, Profile, Quantity, Regridder};
    use crate::{Frame, Instrument, Mask};

    fn instrument() -> Instrument {
        Instrument::from_toml(
            "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [60, 50]\n\
             pixel_size_mm = [1, 1]\ndistance_mm = 2000\ndirect_beam_px = [25.3, 52.4]",
            "test.toml",
        )
        .unwrap()
    }

    fn image() -> Image {
        let counts = Array2::from_shape_fn((60, 50), |(r, c)| ((7 * r + 3 * c) % 50) as f32);
        let mask = Mask::from_bits([60, 50], vec![0; 3000]);
        let frame = Frame::new(counts).unwrap().with_name("scan \"a\".cbf");
        Image::counts(frame, mask).unwrap()
    }

    pub(super) fn profile() -> Profile {
        let line = Line::horizontal([0.002, 0.012], [-0.7, 0.7], 30).unwrap();
        Profile::new(&image(), &instrument(), &line).unwrap()
    }

    pub(super) fn map() -> Map {
        // Wider than the detector: cells without a pixel on both sides.
        let x = Axis::linear(Quantity::QXy, [-1.0, 1.0], 30).unwrap();
        let y = Axis::linear(Quantity::QZ, [0.0, 2.0], 20).unwrap();
        let regridder = Regridder::new(&instrument(), x, y).unwrap();
        regridder.map(&image()).unwrap()
    }

    #[test]
    fn files_are_chosen_by_their_ending() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.csv", "a.npy", "a.h5", "a.nxs"] {
            let path = folder.path().join(name);
            profile().write(&path).unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 1000);
            map().write(&path).unwrap();
        }
        let error = profile().write(folder.path().join("a.xls")).unwrap_err();
        assert!(error.to_string().contains("xls"), "{error}");
        assert!(map().write(folder.path().join("none/a.csv")).is_err());
    }

    #[test]
    fn nxcansas_is_hdf5_that_reads_back() {
        // As a stack of frames the file is refused or read; here the bytes only.
        for bytes in [
            profile().to_nxcansas().unwrap(),
            map().to_nxcansas().unwrap(),
        ] {
            let file = hdf5_reader::Hdf5File::from_vec(bytes).unwrap();
            let intensity = file.dataset("sasentry01/sasdata01/I").unwrap();
            assert!(!intensity.shape().is_empty());
        }
    }
}
