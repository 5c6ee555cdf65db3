//! Dual-branch CNN for GISAXS in candle: size distribution and interparticle correlation.

pub mod bins;
#[cfg(feature = "train")]
mod calibration;
mod checkpoint;
mod error;
#[cfg(feature = "train")]
pub mod evaluate;
mod loss;
mod net;
mod op;
#[cfg(feature = "train")]
pub mod train;

pub use bins::Labels;
#[cfg(feature = "train")]
pub use calibration::calibrate;
pub use candle_core;
pub use candle_core::Device;
pub use checkpoint::{Calibration, Metadata, Precision};
pub use error::{Error, Result};
pub use loss::{LossParts, LossWeights, sample_loss};
pub use net::{Layout, Network, NetworkConfig, Parameter, Prediction};
