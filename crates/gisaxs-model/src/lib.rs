//! Dual-branch CNN for GISAXS in candle: size distribution and interparticle correlation.

pub mod bins;
mod checkpoint;
mod error;
mod loss;
mod net;
mod op;
#[cfg(feature = "train")]
pub mod train;

pub use bins::Labels;
pub use candle_core;
pub use candle_core::Device;
pub use checkpoint::{Calibration, Metadata, Precision};
pub use error::{Error, Result};
pub use loss::{LossParts, LossWeights, sample_loss};
pub use net::{Layout, NetworkConfig, Parameter};
