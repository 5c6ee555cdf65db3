//! From a measured GISAXS frame to size distribution, spacing and disorder in milliseconds.
//!
//! ```
//! use gisaxs_infer::{Predictor, demo};
//!
//! let predictor = Predictor::embedded()?;
//! let (frame, instrument) = (demo::frame()?, demo::instrument()?);
//! // Your own: Frame::open("frame.cbf")?, Instrument::from_path("instrument.toml")?
//! let structure = predictor.predict(&frame, &instrument)?;
//! println!("{}", structure.summary());
//! assert!(structure.radius.mean.value > 0.0);
//! # Ok::<(), gisaxs_infer::Error>(())
//! ```
//!
//! # Map
//! - [`Predictor`]: weights and network; [`Predictor::predict`] is the short way.
//! - [`PreparedInstrument`] and [`Predictor::invert`]: the same for a series of frames, with
//!   the tables of the instrument made once, verification or refinement as [`Options`] say,
//!   and the [`Comparison`] behind the figures.
//! - [`Structure`]: the answer; serialises to the documented JSON.
//! - [`report`]: the answer as a page.
//! - [`demo`]: a frame to try everything on.
//! - [`score`]: answers against known structures.
//!
//! # Conventions
//! Lengths in nm. R is the lateral radius (of the sphere for spheres and their segments, of
//! the base for cylinders), its distribution is number-weighted; H/R is height over R; D the
//! mean centre-to-centre distance; sigma_D / D its Gaussian spread. Intervals are central
//! 90 % intervals. Frames have shape (rows, columns).
//!
//! # What is measured and what is not
//! The network was trained on simulated frames of one class of samples (see [`LIMITS`] and
//! [`ANSWER_LIMITS`]). Every answer is simulated again and compared with the frame; what the
//! frame cannot determine is `None` and listed in [`Structure::unresolved`]; frames and
//! conditions unlike the training data are marked by [`Structure::in_domain`].
//!
//! # Feature flags
//! - `cuda`: run on NVIDIA GPUs through candle; the device is an argument.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod comparison;
pub mod demo;
mod density;
mod domain;
mod error;
mod least_squares;
mod posterior;
mod predictor;
mod refine;
pub mod report;
mod residual_slopes;
mod resolve;
mod scene;
pub mod score;
mod structure;
mod verify;
mod weigh;

pub use comparison::{Comparison, Cut, CutPoint, Maps};
pub use density::radius_distribution;
pub use domain::{ANSWER_LIMITS, LIMITS, Limit, PatternStatistics, SCORE_LIMIT, block_means};
pub use error::{Error, Result};
pub use gisaxs_model::Device;
pub use gisaxs_preproc::{Frame, Instrument};
pub use posterior::Spacing;
pub use predictor::{Answer, Inversion, Options, Predictor, PreparedInstrument};
pub use resolve::Window;
pub use structure::{
    Estimate, Fit, ModelInfo, Posterior, RadiusDistribution, SCHEMA, Shape, Structure, Timing,
};
