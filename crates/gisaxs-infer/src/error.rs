//! The one error type of this crate.

use std::path::PathBuf;
use thiserror::Error;

/// Why a frame has no structure.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried: "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The weights do not make a network.
    #[error("cannot load weights from {origin}")]
    Weights {
        /// File name, or "memory".
        origin: String,
        /// The model's answer.
        #[source]
        source: Box<gisaxs_model::Error>,
    },
    /// The weights carry no metadata entry that inference needs.
    #[error("metadata entry {key} of the weights is {found}, expected {expected}")]
    Metadata {
        /// Key of the entry.
        key: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Frame, mask or instrument are unusable; the message says which and why.
    #[error(transparent)]
    Preprocess(#[from] gisaxs_preproc::Error),
    /// The network failed on a valid input.
    #[error("cannot run the network")]
    Network(#[source] Box<gisaxs_model::Error>),
    /// The network answered with something that is not a number.
    #[error("output {output} of the network is {value}, expected a finite number")]
    NotFinite {
        /// Name of the output.
        output: &'static str,
        /// The value found.
        value: f64,
    },
    /// The predicted structure could not be simulated.
    #[error("cannot simulate the predicted structure")]
    Physics(#[from] gisaxs_physics::Error),
    /// A picture of the report could not be encoded.
    #[error("cannot encode a picture of the report")]
    Picture(#[from] png::EncodingError),
}

/// Result with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
