//! Forward-mode automatic differentiation: a complex number with its derivatives.

use std::ops::{Add, Mul, Neg, Sub};

use crate::elementary::exp;
use num_complex::Complex64;

/// Derivatives that are carried along at once; more of them take several passes.
pub(super) const LANES: usize = 4;

/// A complex number as a function of up to [`LANES`] real quantities, to first order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dual {
    pub(super) value: Complex64,
    pub(super) slopes: [Complex64; LANES],
}

impl Dual {
    pub(super) const ZERO: Self = Self::constant(Complex64::ZERO);
    pub(super) const ONE: Self = Self::constant(Complex64::ONE);

    pub(super) const fn constant(value: Complex64) -> Self {
        Self {
            value,
            slopes: [Complex64::ZERO; LANES],
        }
    }

    /// A real number with real derivatives.
    pub(super) fn real(value: f64, slopes: [f64; LANES]) -> Self {
        Self {
            value: value.into(),
            slopes: slopes.map(Complex64::from),
        }
    }

    /// f of this number, from the value and the derivative of f there.
    fn chain(self, value: Complex64, derivative: Complex64) -> Self {
        Self {
            value,
            slopes: self.slopes.map(|s| derivative * s),
        }
    }

    pub(super) fn exp(self) -> Self {
        let value = exp(self.value);
        self.chain(value, value)
    }

    pub(super) fn inv(self) -> Self {
        let value = self.value.inv();
        self.chain(value, -value * value)
    }

    /// The root with this value; its derivative diverges at 0 unless the number stays there.
    pub(super) fn root(self, value: Complex64) -> Self {
        Self {
            value,
            slopes: self.slopes.map(|s| {
                if s == Complex64::ZERO {
                    s
                } else {
                    0.5 * s / value
                }
            }),
        }
    }

    /// Faddeeva function w; w' = -2 z w + 2 i / sqrt(pi) (DLMF 7.10.2).
    pub(super) fn faddeeva(self) -> Self {
        let value = crate::special::faddeeva(self.value);
        let constant = Complex64::new(0.0, 2.0 / std::f64::consts::PI.sqrt());
        self.chain(value, constant - 2.0 * self.value * value)
    }

    /// Times i.
    pub(super) fn times_i(self) -> Self {
        self * Complex64::I
    }
}

impl Add for Dual {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.value += other.value;
        for (a, b) in self.slopes.iter_mut().zip(other.slopes) {
            *a += b;
        }
        self
    }
}

impl Neg for Dual {
    type Output = Self;

    fn neg(self) -> Self {
        self.chain(-self.value, -Complex64::ONE)
    }
}

impl Sub for Dual {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Dual {
    type Output = Self;

    fn mul(mut self, other: Self) -> Self {
        for (a, b) in self.slopes.iter_mut().zip(other.slopes) {
            *a = *a * other.value + self.value * b;
        }
        self.value *= other.value;
        self
    }
}

impl Mul<Complex64> for Dual {
    type Output = Self;

    fn mul(self, factor: Complex64) -> Self {
        self.chain(self.value * factor, factor)
    }
}

impl Mul<f64> for Dual {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self * Complex64::from(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_every_operation_are_those_of_differences() {
        let f = |z: Dual| {
            let square = z * z + Dual::ONE;
            let a = square.root(square.value.sqrt()) * Complex64::new(0.3, 1.0);
            (a.exp() - z.inv() * 2.0).faddeeva() * (-z).times_i()
        };
        let z = Complex64::new(0.7, 0.2);
        let seeds = [1.0, -0.5, 0.0, 2.0];
        let found = f(Dual {
            value: z,
            slopes: seeds.map(Complex64::from),
        });
        for (slope, seed) in found.slopes.iter().zip(seeds) {
            let h = 1e-5;
            let moved = |t: f64| f(Dual::constant(z + t * seed)).value;
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            assert!((slope - difference).norm() < 1e-8 * (1.0 + slope.norm()));
        }
        // A root that stays at zero is not differentiated.
        let still = Dual::ZERO.root(Complex64::ZERO);
        assert_eq!(still, Dual::ZERO);
    }
}
