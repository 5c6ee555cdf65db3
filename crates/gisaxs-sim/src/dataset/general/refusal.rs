//! Why a described sample is refused: which key, what it says, what was expected.

use crate::dataset::error::Error;
use crate::dataset::keys;

/// A refusal, before it is known from which file or sample the description comes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dataset) enum Refusal {
    /// A key with a value that is not allowed.
    Value {
        key: String,
        value: String,
        expected: String,
    },
    /// A key or name that does not exist, below `prefix`, beside known ones.
    Unknown {
        prefix: String,
        name: String,
        known: Vec<String>,
    },
    /// A name of a shape, a structure or a parameter that does not exist, as value of a key.
    Name {
        key: String,
        name: String,
        known: Vec<String>,
    },
    /// What the table at `key` describes is refused, in words.
    Built { key: String, message: String },
}

impl Refusal {
    pub(super) fn value(
        key: impl Into<String>,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Value {
            key: key.into(),
            value: value.into(),
            expected: expected.into(),
        }
    }

    pub(in crate::dataset) fn built(
        key: impl Into<String>,
        message: impl std::fmt::Display,
    ) -> Self {
        Self::Built {
            key: key.into(),
            message: message.to_string(),
        }
    }

    /// The same as an error of a file, or of a sample.
    pub(in crate::dataset) fn of(self, file: &str) -> Error {
        match self {
            Self::Value {
                key,
                value,
                expected,
            } => Error::Value {
                file: file.to_owned(),
                key,
                value,
                expected,
            },
            Self::Unknown {
                prefix,
                name,
                known,
            } => keys::nearest(file, &prefix, &name, &known),
            Self::Name { key, name, known } => Error::UnknownName {
                file: file.to_owned(),
                nearest: keys::similar(&name, &known).map(str::to_owned),
                key,
                name,
                known: known.join(", "),
            },
            Self::Built { key, message } => Error::Toml {
                file: file.to_owned(),
                message: format!("{key}: {message}"),
            },
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The error without the file that it would name.
        let text = self.clone().of("").to_string();
        f.write_str(text.trim_start_matches(": "))
    }
}
