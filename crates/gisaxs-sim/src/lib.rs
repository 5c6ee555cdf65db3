//! Simulated GISAXS frames with labels: what the network of gisaxs-rs learns from.
//!
//! A [`Prior`] says what is drawn: beam, detector, layers, particles, their correlation and
//! the artifacts of the experiment. From it come
//!
//! - detector frames ([`frame`]): every pixel computed, blurred, hidden, counted;
//! - views ([`View`]): the same experiment collected in the cells of a grid of
//!   (q_par, k sin alpha_f), without the detour over a million pixels, for training.
//!
//! # Determinism
//! Setup, sample and view number i are pure functions of (prior, seed, i), whatever the
//! threads: each has a ChaCha8 stream of its own ([`rng`]).
//!
//! # Conventions
//! Lengths in nm, wave vectors in nm^-1, angles in rad except where a name ends in `_deg`,
//! detector lengths in mm and pixels. Size distributions are number-weighted densities of
//! the lateral radius.
#![forbid(unsafe_code)]

pub mod artifact;
mod error;
pub mod frame;
pub mod pattern;
pub mod prior;
mod range;
pub mod rng;
mod size_distribution;
mod view;

pub use error::{Error, Result};
pub use prior::{Correlation, CorrelationModel, Known, Particles, Prior, Setup};
pub use range::Range;
pub use size_distribution::{Component, Kind, R_MIN_NM, SizeDistribution};
pub use view::{CellSetup, LEVEL_ROD_GUARD, Sample, View};
