//! Finding what a mask should hold, and views of a frame with the mask's holes filled.
//!
//! Nothing here runs by itself: what is found is offered, and the user adds it to a mask
//! ([`Mask::with`](crate::Mask::with)), an instrument
//! ([`Instrument::with_beamstops`](crate::Instrument::with_beamstops)) or a mask file.

mod arm;
mod beamstop;
mod circle;
mod edge;
mod hot;
mod inpaint;
mod symmetry;

pub use beamstop::{BeamstopOptions, FoundBeamstop, find_beamstops};
pub use hot::{HotPixel, HotPixelOptions, find_hot_pixels};
pub use inpaint::{DisplayImage, inpaint_for_display};
pub use symmetry::{Symmetrised, symmetrise};

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::mask::Mask;

/// A mask must be of its frame's shape.
fn same_shape(frame: &Frame, mask: &Mask) -> Result<()> {
    if mask.shape() == frame.shape() {
        return Ok(());
    }
    Err(Error::Shape {
        file: "mask".to_owned(),
        found: mask.shape(),
        looks_like: None,
        detector: frame.name().to_owned(),
        expected: frame.shape(),
    })
}
