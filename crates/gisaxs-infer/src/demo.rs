//! A frame to try everything on, carried in the crate: no file access needed.
//!
//! It is simulated (`cargo xtask simulate crates/gisaxs-infer/demo/sample.toml`): gold
//! particles on silicon on a Pilatus 300k, with gaps, beamstops, background and counting
//! noise. `demo/sample.toml` says what is in it.

use gisaxs_preproc::{Frame, Instrument};

use crate::error::Result;

/// The frame's CBF file.
pub const FRAME: &[u8] = include_bytes!("../demo/frame.cbf");
/// Its `instrument.toml`.
pub const INSTRUMENT: &str = include_str!("../demo/instrument.toml");

/// The demonstration frame.
///
/// # Errors
/// Never with the file that this crate carries.
pub fn frame() -> Result<Frame> {
    Ok(Frame::from_bytes("demo.cbf", FRAME)?)
}

/// The instrument it was measured with.
///
/// # Errors
/// Never with the file that this crate carries.
pub fn instrument() -> Result<Instrument> {
    Ok(Instrument::from_toml(INSTRUMENT, "demo/instrument.toml")?)
}
