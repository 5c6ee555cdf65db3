//! Dual-branch CNN for GISAXS in candle: size distribution and interparticle correlation.
//!
//! From the planes and numbers of [`gisaxs_preproc::input::NetworkInput`] the network predicts the
//! number-weighted radius distribution and, each as a discretised posterior, mean radius,
//! standard deviation over mean, height over radius, mean distance D and disorder sigma_D / D,
//! and the probability that the particles are cylinders rather than spherical segments. [`bins`]
//! defines every output.
//!
//! ```text
//! planes (3, 80, 112) -> stem 16 @ 40x56 -> trunk 32 @ 20x28 -> modulation by the 16 scalars
//!   size branch:      64 @ 10x14 -> flatten -> 192 -> p(R), R, std/R, H/R, shape
//!   structure branch: 48 @ 20x28 -> mean over 4 bands of k sin(alpha_f) -> 2 convolutions along
//!                     q_par -> flatten (with the 192 of the size branch) -> 128 -> D, sigma_D/D
//! ```
//!
//! On the CPU the crate's own kernels run ([`Network::forward`] and the gradients of training); on
//! other devices the same network runs as a candle graph.
//!
//! Features: `train` adds training, evaluation and calibration, `cuda` hands candle's feature
//! through.

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
