//! GISAXS detector frames: read, mask, map to q, and turn into network input.
//!
//! A measured frame comes in as CBF, TIFF, EDF, NeXus or HDF5, npy or npz, of any camera, with an
//! `instrument.toml` or a `.poni` file that says where beam and detector are. Out come a mask with a reason per
//! pixel, the counts on one grid of (q_par, k sin alpha_f) that is the same for every
//! detector, wavelength and distance, and the tensors that the network reads. Training uses
//! the same functions as inference.
//!
//! ```
//! use gisaxs_preproc::{Frame, Instrument, Reason, ndarray::Array2, prepare};
//!
//! // In earnest: Frame::open("frame.cbf")? and Instrument::from_path("instrument.toml")?.
//! let counts = Array2::from_shape_fn((619, 487), |(row, _)| (row / 100) as f32);
//! let frame = Frame::new(counts)?;
//! let instrument = Instrument::from_toml(
//!     r#"
//!     [beam]
//!     wavelength_nm = 0.105
//!     incidence_deg = 0.39
//!     [detector]
//!     name = "Pilatus 300k"
//!     distance_mm = 2565.0
//!     direct_beam_px = [243.0, 560.0]
//!     "#,
//!     "instrument.toml",
//! )?;
//! let prepared = prepare(&frame, &instrument)?;
//! assert!(prepared.mask.has(200, 0, Reason::Gap));
//! assert!(prepared.input.planes.iter().all(|x| x.is_finite()));
//! # Ok::<(), gisaxs_preproc::Error>(())
//! ```
//!
//! For a series, keep [`Prepared::map`] and call [`prepare_with`]: the map depends on the
//! instrument only and costs most of the first frame.
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | files, told apart by content: CBF, TIFF, EDF, NPY, NPZ, NeXus and HDF5, gzipped or not | [`Frame::open`], [`FrameStack`] |
//! | writing | [`Frame::to_cbf`], [`encode_tiff`], [`encode_edf`], [`encode_nexus`], [`encode_npy`] |
//! | known detectors, shapes, gaps | [`Detector`] |
//! | beam, geometry, beamstops, user mask, sample | [`Instrument`], [`SampleSpec`] |
//! | geometry files of pyFAI, parameters of GIXSGUI | [`Poni`], [`Gixsgui`] |
//! | valid pixels, and why the others are not | [`Mask`], [`Reason`] |
//! | exact q, angles and corrections of every pixel | [`Geometry`], [`QMap`], [`Corrections`] |
//! | mask files of either polarity, read and written | [`MaskFile`], [`Polarity`], [`write_mask`] |
//! | hot pixels, beamstops found; left and right added; holes filled for display | [`find_hot_pixels`], [`find_beamstops`], [`symmetrise`], [`inpaint_for_display`] |
//! | the geometry from the frame: horizon, specular beam, rings | [`Landmarks`], [`calibrate`] |
//! | pixel to cell, counts per cell | [`PixelMap`], [`input::CellSums`] |
//! | the network's view | [`input`] |
//! | corrections, cuts, q maps with errors; CSV, NXcanSAS, pictures | [`reduce`], [`Cut`] |
//! | all in one call | [`prepare`], [`prepare_with`] |
//!
//! # Conventions
//!
//! - Lengths in nm, or in mm and pixels where the name says so; q in nm^-1; angles in rad, in
//!   degrees only in files and where the name says so.
//! - Frames have shape (rows, columns); row 0 is the first row of the file, pixel centres are
//!   integers. By default the scattering lies at smaller rows than the direct beam.
//! - Counts are f32 as stored, sentinels included. Zero is a count, and no value ever encodes
//!   a mask: [`Mask`] does, 0 = valid.
//! - Cells hold sum and number of valid pixels. A gap changes the noise of a mean, never the
//!   mean. Left and right of the plane of incidence fall on the same cells.
//! - User masks: nonzero = masked unless a [`Polarity`] says otherwise, in every format.
//!
//! # Accuracy
//!
//! Cells agree with the exact directions of `gisaxs-physics` pixel by pixel; pixels are
//! assigned by their centres, without splitting, so counts are conserved exactly and stay
//! Poisson. Counts up to 2^24 are exact, above every camera's cutoff.
//!
//! # Damaged files
//!
//! A file that is cut short or changed gives one [`Error`] that names file, field, value and
//! expectation. Sizes are checked before anything is allocated. CBF files carry a checksum,
//! which is compared ([`ReadOptions`]); TIFF, EDF and NPY have none, so a changed count goes
//! unnoticed there.
//!
//! # Feature flags
//!
//! None.
//!
//! # References
//!
//! - CBF and its byte-offset compression: H. J. Bernstein and A. P. Hammersley, International
//!   Tables for Crystallography G, ch. 2.3 (2005).
//! - Geometry and `.poni` files: G. Ashiotis et al., J. Appl. Cryst. 48, 510 (2015),
//!   doi:10.1107/S1600576715004306.
//! - GISAXS geometry and the Yoneda band: G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64,
//!   255 (2009), doi:10.1016/j.surfrep.2009.07.002.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod calibration;
mod clean;
mod detector;
mod error;
mod format;
mod frame;
mod geometry;
mod gixsgui;
pub mod input;
mod instrument;
mod landmarks;
mod mask;
mod metadata;
mod pixel_map;
mod poni;
mod prepare;
pub mod reduce;
mod sample;
mod section;
mod stack;

pub use calibration::{Calibrant, Calibration, CalibrationOptions, SILVER_BEHENATE_NM, calibrate};
pub use clean::{
    BeamstopOptions, DisplayImage, FoundBeamstop, HotPixel, HotPixelOptions, Symmetrised,
    find_beamstops, find_hot_pixels, inpaint_for_display, symmetrise,
};
pub use detector::{Detector, Family, Sentinels};
pub use error::{Error, Result};
pub use format::npy::{NpyNumber, encode_npy};
pub use frame::{Frame, FrameHeader, ReadOptions};
pub use geometry::{
    Absorber, Corrections, DetectorOrientation, Geometry, Polarization, Pose, QMap, Quantity,
    Rotations, SampleOrientation,
};
pub use gisaxs_physics;
pub use gixsgui::Gixsgui;
pub use instrument::{Beamstop, Instrument};
pub use landmarks::{LandmarkHints, Landmarks, Located};
pub use mask::{
    Mask, MaskFile, MaskFormat, MaskOptions, Polarity, Reason, decode_mask, encode_mask, write_mask,
};
pub use metadata::MetadataEntry;
pub use ndarray;
pub use pixel_map::{NO_CELL, PixelMap};
pub use poni::Poni;
pub use prepare::{Prepared, prepare, prepare_with};
pub use reduce::cut::{Cut, CutKind};
pub use sample::{FilmSpec, MaterialSpec, SampleKnowledge, SampleSpec};
pub use stack::{FrameStack, StackOptions, Stream, encode_edf, encode_nexus, encode_tiff};
