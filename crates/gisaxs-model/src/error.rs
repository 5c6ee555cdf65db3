//! What can go wrong in this crate.

use std::path::PathBuf;

/// Errors of the network, its files and its training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A size in the configuration is not allowed.
    #[error("network configuration: {name} is {value}, must be {rule}")]
    Config {
        /// The field.
        name: &'static str,
        /// Its value.
        value: usize,
        /// The condition it violates.
        rule: &'static str,
    },
    /// A training setting is not allowed.
    #[error("training setting {name} is {value}, must be {rule}")]
    Setting {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The condition it violates.
        rule: &'static str,
    },
    /// The simulator refused a prior or a parameter drawn from it.
    #[cfg(feature = "train")]
    #[error("simulating training data")]
    Simulation {
        /// What it refused.
        #[source]
        source: gisaxs_sim::Error,
    },
    /// Preprocessing refused a simulated geometry.
    #[cfg(feature = "train")]
    #[error("preparing simulated training data")]
    Preprocessing {
        /// What it refused.
        #[source]
        source: gisaxs_preproc::Error,
    },
    /// An array has the wrong number of values.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// Which array.
        what: &'static str,
        /// Expected number of values.
        expected: usize,
        /// Number found.
        found: usize,
    },
    /// The input contains a NaN or an infinity.
    #[error("{what} contains a value that is not finite")]
    NotFinite {
        /// Which array.
        what: &'static str,
    },
    /// A weight file lacks a tensor.
    #[error("weights: tensor {name} is missing")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A weight file has a tensor of another shape or type.
    #[error("weights: tensor {name} has shape {found:?} and type {dtype}, expected {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// Expected shape.
        expected: Vec<usize>,
        /// Shape found.
        found: Vec<usize>,
        /// Type found.
        dtype: String,
    },
    /// A weight file lacks a metadata entry or it cannot be read.
    #[error("weights: metadata {key} is missing or unreadable")]
    Metadata {
        /// The key.
        key: &'static str,
        /// Why it could not be read, when it is there.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The weights were made for another version of the preprocessing.
    #[error("weights: made for preprocessing version {found}, this is version {expected}")]
    Version {
        /// Version of this program.
        expected: u32,
        /// Version of the file.
        found: u32,
    },
    /// The bytes are not a safetensors file.
    #[error("weights: not a valid safetensors file")]
    SafeTensors(#[source] safetensors::SafeTensorError),
    /// Writing text failed.
    #[error("cannot write {what} as JSON")]
    Json {
        /// What was being written.
        what: &'static str,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// candle failed.
    #[error("candle failed to {action}")]
    Candle {
        /// What was being done.
        action: &'static str,
        /// The cause.
        #[source]
        source: candle_core::Error,
    },
    /// The loss became NaN or infinite.
    #[error("training diverged: loss is {loss} after {views} views")]
    Diverged {
        /// Views seen.
        views: u64,
        /// The loss.
        loss: f64,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
