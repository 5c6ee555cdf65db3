//! The error type of the crate.

/// Why a simulation was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key of the prior is outside its range.
    #[error("prior: {key} = {value} is not allowed, expected {expected}")]
    Prior {
        /// Dotted path of the key.
        key: &'static str,
        /// The value found.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Limits that follow from other quantities leave nothing of a density.
    #[error("prior: {key} = {value} leaves nothing to draw, expected {limit}")]
    Conditional {
        /// Dotted path of the key.
        key: &'static str,
        /// Its density.
        value: String,
        /// What it must reach, and the keys and numbers this comes from.
        limit: String,
    },
    /// A size distribution that is not one.
    #[error("size distribution: {parameter} = {value} is not allowed, expected {expected}")]
    SizeDistribution {
        /// Name of the parameter.
        parameter: &'static str,
        /// The value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// The physics refused a parameter.
    #[error(transparent)]
    Physics(#[from] gisaxs_physics::Error),
}

/// Result with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
