//! Natural logarithm and powers of positive numbers.

use std::f64::consts::{LN_2, SQRT_2};

use super::{Real, Simd};

/// Bits of the mantissa.
const MANTISSA: u64 = (1 << 52) - 1;

/// The exponent field of 1.
const ONE: u64 = 1023 << 52;

/// 2^52: its lowest bit counts ones.
const ROUND: f64 = 4_503_599_627_370_496.0;

/// 2 / (2 m + 1), the series of ln((1 + s) / (1 - s)) / s in s^2: for s^2 below 0.0295 the first term
/// left out is 5e-19.
const SERIES: [f64; 12] = {
    let mut table = [0.0; 12];
    let mut m = 0;
    while m < table.len() {
        table[m] = 2.0 / (2 * m + 1) as f64;
        m += 1;
    }
    table
};

impl<S: Simd> Real<S> {
    /// ln x of positive normal numbers; meaningless elsewhere.
    ///
    /// x = 2^e m with m between sqrt(1/2) and sqrt(2), and s = (m - 1) / (m + 1):
    /// ln x = e ln 2 + 2 (s + s^3 / 3 + s^5 / 5 + ...).
    #[inline(always)]
    pub(crate) fn ln(self) -> Self {
        let simd = self.simd();
        let mantissa = self.each(|x| f64::from_bits(x.to_bits() & MANTISSA | ONE));
        // The exponent field as the last digits of a number, which turns it into one.
        let exponent = self.each(|x| f64::from_bits(x.to_bits() >> 52 | ROUND.to_bits()));
        let exponent = exponent - simd.real(ROUND + 1023.0);
        let upper = simd.real(SQRT_2).less_than(mantissa);
        let one = simd.real(1.0);
        let m = upper.select(mantissa * 0.5, mantissa);
        let e = upper.select(exponent + one, exponent);
        let s = (m - one) / (m + one);
        let series = s * s.squared().polynomial(&SERIES);
        e.mul_add(simd.real(LN_2), series)
    }

    /// x^p of positive normal numbers.
    #[inline(always)]
    pub(crate) fn power(self, p: Self) -> Self {
        (self.ln() * p).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pairwise, map_pair, with_all_instructions};
    use super::*;

    struct LnAndPower;

    impl Pairwise for LnAndPower {
        #[inline(always)]
        fn apply<S: Simd>(&self, x: Real<S>) -> (Real<S>, Real<S>) {
            (x.ln(), x.power(x.simd().real(-0.75)))
        }
    }

    #[test]
    fn agrees_with_the_standard_library() {
        let mut arguments: Vec<f64> = (-3000..3000)
            .map(|i| 10.0_f64.powf(f64::from(i) * 0.1))
            .collect();
        arguments.extend((-1000..1000).map(|i| 1.0 + f64::from(i) * 7e-4));
        arguments.extend([1.0, SQRT_2, 0.5 * SQRT_2, f64::MIN_POSITIVE, 2.0]);
        with_all_instructions(|name| {
            for (x, (ln, power)) in arguments.iter().zip(map_pair(LnAndPower, &arguments)) {
                let error = (ln - x.ln()).abs();
                assert!(
                    error <= 5e-16 * x.ln().abs(),
                    "{name}: ln {x} = {ln}, {error:e}"
                );
                // The error of the logarithm is multiplied by the exponent.
                let error = power / x.powf(-0.75) - 1.0;
                let allowed = 1e-15 + 3e-16 * x.ln().abs();
                assert!(
                    error.abs() < allowed,
                    "{name}: {x}^-0.75 = {power}, {error:e}"
                );
            }
        });
    }
}
