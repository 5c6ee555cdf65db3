//! What the instrument does to an ideal pattern: footprint, spread of the beam, resolution of the
//! detector.

mod beam_spread;
mod footprint;
mod point_spread;
mod smear;

pub use beam_spread::{BeamSpread, SpreadWave};
pub use footprint::Footprint;
pub use point_spread::PointSpread;
pub use smear::smear;
