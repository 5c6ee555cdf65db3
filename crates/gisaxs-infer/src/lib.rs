//! From a measured GISAXS frame to size distribution, spacing and disorder in milliseconds.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod comparison;
mod density;
mod error;
mod least_squares;
mod posterior;
pub mod report;
mod structure;

pub use comparison::{Comparison, Cut, CutPoint, Maps};
pub use density::radius_distribution;
pub use error::{Error, Result};
pub use posterior::Spacing;
pub use structure::{
    Estimate, Fit, ModelInfo, Posterior, RadiusDistribution, SCHEMA, Shape, Structure, Timing,
};
