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
//! other devices the same network runs as a candle graph. Weights and a ready-made predictor are in
//! `gisaxs-infer`; here is what an output looks like:
//!
//! ```
//! use gisaxs_model::{Prediction, bins};
//!
//! // What 7.6 nm looks like on the bins of D, as a target of the training ...
//! let mut mass = vec![0.0; bins::DISTANCE.count()];
//! bins::DISTANCE.soft_target(7.6, &mut mass);
//! // ... and a posterior read back: median and central 90 % interval.
//! let [low, median, high] = Prediction::interval(&bins::DISTANCE, &mass, 0.9, 1.0);
//! assert!(low < 7.6 && 7.6 < high && (median / 7.6 - 1.0).abs() < 0.02);
//! ```
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | how every output is discretised | [`bins`], [`Labels`] |
//! | network with weights, and what it says | [`Network`], [`Prediction`], [`NetworkConfig`] |
//! | names, shapes and order of the parameters | [`Layout`], [`Parameter`] |
//! | weight files and what they say of themselves | [`Metadata`], [`Calibration`], [`Precision`] |
//! | loss | [`LossWeights`], [`sample_loss`] |
//! | training, scores, calibrated intervals (`train`) | `train`, `evaluate`, `calibrate` |
//!
//! # Conventions
//!
//! - Planes are (batch, plane, k sin alpha_f, q_par), scalars (batch, 16), logits (batch, 609), all
//!   row-major f32; [`gisaxs_preproc::input`] defines the first two, [`bins::logits`] the last.
//! - Radii and distances in nm; log bins have their centres at geometric means. R is the lateral
//!   radius, distributions are by number.
//! - Parameters are one flat buffer in the order of [`Layout`]; kernels are stored
//!   `[k_y][k_x][in][out]`. Names are a contract: weight files are read by them.
//! - Training is a function of its seeds and of the views, not of the number of threads.
//!
//! # Accuracy
//!
//! The CPU kernels agree with candle to 1e-5 of the largest logit and 2e-4 of each parameter's
//! largest gradient (tests); f16 weights move logits by less than 5e-3. What the network reaches on
//! frames is in the metadata of its weights ([`Metadata`]) and in the model card.
//!
//! # Feature flags
//!
//! - `train`: training, evaluation and calibration on simulated frames.
//! - `cuda`: run on NVIDIA GPUs through candle.
//!
//! # References
//!
//! - K. He et al., arXiv:1512.03385: residual blocks; E. Perez et al., arXiv:1709.07871: modulation
//!   by other inputs (FiLM).
//! - T. Gneiting, A. E. Raftery, J. Am. Stat. Assoc. 102, 359 (2007),
//!   doi:10.1198/016214506000001437: ranked probability score.
//! - J. Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), doi:10.1080/01621459.2017.1307116:
//!   calibrated intervals.
#![deny(unsafe_code)] // allowed in `op`: measured kernels, each with its argument
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod bins;
#[cfg(feature = "train")]
mod calibration;
mod checkpoint;
mod error;
#[cfg(feature = "train")]
pub mod evaluate;
mod loss;
// Without `train` nothing calls the backward passes.
#[cfg_attr(not(feature = "train"), allow(dead_code))]
mod net;
#[cfg_attr(not(feature = "train"), allow(dead_code))]
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
