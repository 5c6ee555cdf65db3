//! The error type of dataset builds.

use std::path::{Path, PathBuf};

/// Why a dataset cannot be planned, built or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The configuration is not TOML or has a value of the wrong kind.
    #[error("{file}: {message}")]
    Toml {
        /// Name of the file.
        file: String,
        /// Line and reason.
        message: String,
    },
    /// A key that does not exist.
    #[error(
        "{file}: unknown key {key}{}", match nearest {
            Some(n) => format!(", did you mean {n}?"),
            None => format!(", expected one of {known}"),
        }
    )]
    UnknownKey {
        /// Name of the file.
        file: String,
        /// Dotted path.
        key: String,
        /// The most similar known key.
        nearest: Option<String>,
        /// All known keys beside it.
        known: String,
    },
    /// A name of a shape, a structure or a parameter that does not exist.
    #[error(
        "{file}: {key} = {name:?} is unknown, {}", match nearest {
            Some(n) => format!("did you mean {n}?"),
            None => format!("expected one of {known}"),
        }
    )]
    UnknownName {
        /// Name of the file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// The name found.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// A key with a value that is not allowed.
    #[error("{file}: {key} = {value} is not allowed, expected {expected}")]
    Value {
        /// Name of the file.
        file: String,
        /// Dotted path.
        key: String,
        /// The value found.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// No preset of this name.
    #[error("no preset {name}, expected one of {known}")]
    UnknownPreset {
        /// The name asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// A file or folder of a dataset that is not what it should be.
    #[error("{}: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong and what was expected.
        what: String,
    },
    /// Something is in the way and stays there.
    #[error("{}: {what}; nothing was overwritten", path.display())]
    InTheWay {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// Shards that are not there yet.
    #[error(
        "{}: {} of {of} shards are missing: {}; `dataset run` makes them",
        folder.display(), missing.len(), list(missing)
    )]
    Incomplete {
        /// The dataset.
        folder: PathBuf,
        /// Numbers of the missing shards.
        missing: Vec<u64>,
        /// Number of shards.
        of: u64,
    },
    /// A number that does not fit the dataset.
    #[error("{name} = {value} is not allowed, expected {expected}")]
    Argument {
        /// What it is.
        name: &'static str,
        /// The value found.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// A sample could not be simulated.
    #[error("sample {index}: {source}")]
    Simulation {
        /// Number of the sample.
        index: u64,
        /// Why.
        source: crate::Error,
    },
    /// Nothing was counted in any of several draws of a sample.
    #[error(
        "sample {index}: no counts in any of {attempts} draws: raise artifacts.peak_counts or widen the window"
    )]
    Dark {
        /// Number of the sample.
        index: u64,
        /// Number of draws.
        attempts: u64,
    },
    /// The build was asked to stop.
    #[error("stopped; `dataset run` goes on from here")]
    Stopped,
}

/// Result with this module's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Names what was tried with which path.
pub(super) fn io<'a>(
    path: &'a Path,
    action: &'static str,
) -> impl FnOnce(std::io::Error) -> Error + 'a {
    move |source| Error::Io {
        path: path.to_owned(),
        action,
        source,
    }
}

pub(super) fn corrupt(path: &Path, what: impl Into<String>) -> Error {
    Error::Corrupt {
        path: path.to_owned(),
        what: what.into(),
    }
}

/// Numbers as ranges, `0..3, 7`: as `--shard` takes them.
#[must_use]
pub fn list(numbers: &[u64]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut i = 0;
    while i < numbers.len() {
        let mut j = i;
        while j + 1 < numbers.len() && numbers[j + 1] == numbers[j] + 1 {
            j += 1;
        }
        parts.push(if i == j {
            numbers[i].to_string()
        } else {
            format!("{}..{}", numbers[i], numbers[j] + 1)
        });
        i = j + 1;
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_listed_as_ranges() {
        assert_eq!(super::list(&[0, 1, 2, 7, 9, 10]), "0..3, 7, 9..11");
    }
}
