//! An axis cut into bins.

use gisaxs_physics::elementary::{exp, ln};

use crate::error::{Error, Result};
use crate::geometry::Quantity;

/// Most bins of an axis: more than pixels along any detector.
pub const MAX_BINS: usize = 65_535;

/// How bins are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spacing {
    /// Bins of equal width.
    Linear,
    /// Bins of equal ratio; the axis is positive.
    Logarithmic,
}

/// A quantity cut into bins: bin `i` holds edge(i) <= x < edge(i + 1).
///
/// ```
/// use gisaxs_preproc::reduce::{Axis, Quantity};
///
/// let axis = Axis::linear(Quantity::QZ, [0.0, 2.0], 400)?;
/// assert_eq!(axis.bin(0.0125), Some(2));
/// assert_eq!(axis.bin(2.0), None);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    quantity: Quantity,
    spacing: Spacing,
    /// Ends in the coordinate that is uniform: x or ln x.
    low: f64,
    high: f64,
    bins: usize,
}

impl Axis {
    /// `bins` bins of equal width from `range[0]` to `range[1]`, in the unit of the quantity.
    ///
    /// # Errors
    /// [`Error::Value`] if the range is not finite and rising, or there are no bins or more
    /// than [`MAX_BINS`].
    pub fn linear(quantity: Quantity, range: [f64; 2], bins: usize) -> Result<Self> {
        Self::new(quantity, Spacing::Linear, range, range, bins)
    }

    /// `bins` bins of equal ratio from `range[0]` above 0 to `range[1]`.
    ///
    /// # Errors
    /// As [`linear`](Self::linear), and if the range is not positive.
    pub fn logarithmic(quantity: Quantity, range: [f64; 2], bins: usize) -> Result<Self> {
        let uniform = range.map(|x| if x > 0.0 { ln(x) } else { f64::NAN });
        Self::new(quantity, Spacing::Logarithmic, range, uniform, bins)
    }

    fn new(
        quantity: Quantity,
        spacing: Spacing,
        range: [f64; 2],
        [low, high]: [f64; 2],
        bins: usize,
    ) -> Result<Self> {
        let error = |key: &str, value: String, expected: &str| Error::Value {
            file: format!("axis of {quantity}"),
            key: key.to_owned(),
            value,
            expected: expected.to_owned(),
        };
        // A width that is lost in rounding makes no bins either.
        let width = (high - low) / bins.max(1) as f64;
        if !(low.is_finite() && high.is_finite() && low + width > low) {
            let expected = match spacing {
                Spacing::Linear => "two finite numbers, the second larger",
                Spacing::Logarithmic => "two positive numbers, the second larger",
            };
            return Err(error("range", format!("{range:?}"), expected));
        }
        if bins == 0 || bins > MAX_BINS {
            return Err(error(
                "bins",
                bins.to_string(),
                &format!("from 1 to {MAX_BINS}"),
            ));
        }
        Ok(Self {
            quantity,
            spacing,
            low,
            high,
            bins,
        })
    }

    /// What is binned.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// How bins are spaced.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// Number of bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Both ends.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        [self.low, self.high].map(|u| self.value_of(u))
    }

    /// The value at `position` bins from the lower end.
    #[must_use]
    pub fn value(&self, position: f64) -> f64 {
        let u = self.low + (self.high - self.low) * position / self.bins as f64;
        self.value_of(u)
    }

    fn value_of(&self, u: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => u,
            Spacing::Logarithmic => exp(u),
        }
    }

    /// The `bins + 1` edges.
    #[must_use]
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.bins).map(|i| self.value(i as f64)).collect()
    }

    /// The centres; of logarithmic bins the geometric ones.
    #[must_use]
    pub fn centres(&self) -> Vec<f64> {
        (0..self.bins).map(|i| self.value(i as f64 + 0.5)).collect()
    }

    /// The bin that holds `x`; `None` outside, at the upper end, and for NaN.
    #[must_use]
    pub fn bin(&self, x: f64) -> Option<usize> {
        let mut position = [x];
        self.positions(&mut position);
        let [p] = position;
        (p >= 0.0 && p < self.bins as f64).then_some(p as usize)
    }

    /// Replaces values by their distances from the lower end in bins.
    pub(super) fn positions(&self, values: &mut [f64]) {
        let per_bin = self.bins as f64 / (self.high - self.low);
        match self.spacing {
            Spacing::Linear => {
                for x in values {
                    *x = (*x - self.low) * per_bin;
                }
            }
            Spacing::Logarithmic => {
                for x in values {
                    *x = if *x > 0.0 {
                        (ln(*x) - self.low) * per_bin
                    } else {
                        -1.0
                    };
                }
            }
        }
    }
}

impl std::fmt::Display for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, high] = self.range();
        let spacing = match self.spacing {
            Spacing::Linear => "",
            Spacing::Logarithmic => " logarithmic",
        };
        write!(
            f,
            "{} {low} to {high} {} in {}{spacing} bins",
            self.quantity,
            self.quantity.unit(),
            self.bins
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_what_lies_between_their_edges() {
        for axis in [
            Axis::linear(Quantity::QY, [-1.0, 2.0], 30).unwrap(),
            Axis::logarithmic(Quantity::Q, [0.01, 3.0], 50).unwrap(),
        ] {
            let (edges, centres) = (axis.edges(), axis.centres());
            assert_eq!(edges.len(), axis.bins() + 1);
            for i in 0..axis.bins() {
                assert!(edges[i] < centres[i] && centres[i] < edges[i + 1]);
                assert_eq!(axis.bin(centres[i]), Some(i));
            }
            let [low, high] = axis.range();
            assert_eq!(axis.bin(low), Some(0));
            assert_eq!(axis.bin(high * 1.001), None);
            assert_eq!(axis.bin(low - 0.1), None);
            assert_eq!(axis.bin(f64::NAN), None);
        }
    }

    #[test]
    fn impossible_axes_are_refused() {
        for range in [
            [1.0, 1.0],
            [2.0, 1.0],
            [0.0, f64::NAN],
            [0.0, f64::INFINITY],
        ] {
            assert!(Axis::linear(Quantity::Q, range, 10).is_err());
        }
        assert!(Axis::logarithmic(Quantity::Q, [0.0, 1.0], 10).is_err());
        assert!(Axis::linear(Quantity::Q, [0.0, 1.0], 0).is_err());
        let error = Axis::linear(Quantity::Q, [0.0, 1.0], 1 << 20).unwrap_err();
        assert_eq!(
            error.to_string(),
            "axis of q: bins = 1048576, expected from 1 to 65535"
        );
        // A range that rounding swallows.
        assert!(Axis::linear(Quantity::Q, [1e17, 1e17 + 16.0], 1000).is_err());
    }
}
