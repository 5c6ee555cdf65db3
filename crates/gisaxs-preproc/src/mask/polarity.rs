//! What the numbers in a mask file mean.
//!
//! Programs differ: pyFAI, fabio and Fit2D mask where a value is nonzero, others keep those
//! pixels, CrystFEL looks at bits. The covered fraction does not tell which (pyFAI once
//! guessed from it and gave that up), so the meaning is always stated, and the fraction
//! reported.

use crate::error::{Error, Result};

/// Which values of a mask file mean that a pixel is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// Nonzero = masked: pyFAI, fabio, Fit2D, silx, NeXus `pixel_mask`.
    #[default]
    NonzeroMasked,
    /// Nonzero = valid, zero = masked: masks that are multiplied with the image.
    NonzeroValid,
    /// A pixel is masked if any of the bits `bad` is set or any of the bits `good` is not:
    /// `mask_bad` and `mask_good` of a CrystFEL geometry (crystfel_geometry(5)).
    Bits {
        /// Bits that must be set.
        good: u64,
        /// Bits that must not be set.
        bad: u64,
    },
}

impl Polarity {
    /// Bits 0 to 15 of a NeXus `pixel_mask` reject a pixel; bit 31, a virtual pixel, does
    /// not.
    pub const NEXUS: Self = Self::Bits {
        good: 0,
        bad: 0xffff,
    };

    /// Whether a pixel of this value is masked.
    #[must_use]
    pub const fn is_masked(self, value: u64) -> bool {
        match self {
            Self::NonzeroMasked => value != 0,
            Self::NonzeroValid => value == 0,
            Self::Bits { good, bad } => value & bad != 0 || value & good != good,
        }
    }

    /// From the name that an instrument file uses: `nonzero-masked` or `nonzero-valid`.
    ///
    /// # Errors
    /// [`Error::Value`] for another name; `file` and `key` are named in it.
    pub fn named(name: &str, file: &str, key: &str) -> Result<Self> {
        match name {
            "nonzero-masked" => Ok(Self::NonzeroMasked),
            "nonzero-valid" => Ok(Self::NonzeroValid),
            _ => Err(Error::Value {
                file: file.to_owned(),
                key: key.to_owned(),
                value: format!("\"{name}\""),
                expected: "\"nonzero-masked\" or \"nonzero-valid\"".to_owned(),
            }),
        }
    }
}

impl std::fmt::Display for Polarity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NonzeroMasked => f.write_str("nonzero = masked"),
            Self::NonzeroValid => f.write_str("nonzero = valid"),
            Self::Bits { good, bad } => {
                write!(f, "masked by any of the bits {bad:#x}")?;
                if *good != 0 {
                    write!(f, " or without all of {good:#x}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_by_hand() {
        let masked = |polarity: Polarity| [0, 1, 2, 3, 1 << 31].map(|v| polarity.is_masked(v));
        assert_eq!(
            masked(Polarity::NonzeroMasked),
            [false, true, true, true, true]
        );
        assert_eq!(
            masked(Polarity::NonzeroValid),
            [true, false, false, false, false]
        );
        assert_eq!(masked(Polarity::NEXUS), [false, true, true, true, false]);
        let both = Polarity::Bits { good: 2, bad: 1 };
        assert_eq!(masked(both), [true, true, false, true, true]);
        assert!(Polarity::named("inverted", "a.toml", "detector.mask_polarity").is_err());
    }
}
