//! GISAXS detector frames: read, mask, map to q, and turn into network input.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cut;
mod detector;
mod error;
mod format;
mod frame;
pub mod input;
mod instrument;
mod mask;
mod pixel_map;
mod poni;
mod prepare;
mod sample;
mod section;

pub use cut::{Cut, CutKind};
pub use detector::{Detector, Family};
pub use error::{Error, Result};
pub use format::npy::{NpyNumber, encode_npy};
pub use frame::{Frame, FrameHeader, ReadOptions};
pub use gisaxs_physics;
pub use instrument::{Beamstop, Instrument};
pub use mask::{Mask, Reason};
pub use ndarray;
pub use pixel_map::{NO_CELL, PixelMap};
pub use prepare::{Prepared, prepare, prepare_with};
pub use sample::{FilmSpec, MaterialSpec, SampleKnowledge, SampleSpec};
