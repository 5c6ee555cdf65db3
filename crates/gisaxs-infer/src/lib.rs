//! From a measured GISAXS frame to size distribution, spacing and disorder in milliseconds.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod comparison;
mod density;
mod domain;
mod error;
mod least_squares;
mod posterior;
mod refine;
pub mod report;
mod scene;
mod structure;
mod verify;

pub use comparison::{Comparison, Cut, CutPoint, Maps};
pub use density::radius_distribution;
pub use domain::{ANSWER_LIMITS, LIMITS, Limit, PatternStatistics, SCORE_LIMIT, block_means};
pub use error::{Error, Result};
pub use posterior::Spacing;
pub use structure::{
    Estimate, Fit, ModelInfo, Posterior, RadiusDistribution, SCHEMA, Shape, Structure, Timing,
};
