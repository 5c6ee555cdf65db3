//! GISAXS detector frames: read, mask, map to q, and turn into network input.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod detector;
mod error;
mod format;
mod frame;
pub mod input;

pub use detector::{Detector, Family};
pub use error::{Error, Result};
pub use format::npy::{NpyNumber, encode_npy};
pub use frame::{Frame, FrameHeader, ReadOptions};
pub use gisaxs_physics;
pub use ndarray;
