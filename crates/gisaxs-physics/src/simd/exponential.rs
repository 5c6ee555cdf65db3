//! Exponential function.

use super::{Real, Simd};

/// Adding and subtracting 1.5 * 2^52 rounds a number below 2^51 to the nearest integer, which then
/// sits in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts; the first has 32 bits, so that a multiple of it is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Arguments are cut here: the results are the largest and the smallest powers of two that need
/// no subnormal numbers, up to a factor of two.
const RANGE: [f64; 2] = [-708.0, 709.0];

/// 1 / m!: the first term left out is 4e-18 for |x| <= ln 2 / 2.
const SERIES: [f64; 14] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// 1 / (m + 1)!, the series of (exp(x) - 1) / x.
const TAIL: [f64; 13] = {
    let mut tail = [0.0; 13];
    let mut m = 0;
    while m < tail.len() {
        tail[m] = SERIES[m + 1];
        m += 1;
    }
    tail
};

impl<S: Simd> Real<S> {
    /// exp(x): 0 below -708, and the value at 709 above that.
    ///
    /// With the integer n nearest to x / ln 2, exp(x) = 2^n exp(x - n ln 2).
    #[inline(always)]
    pub(crate) fn exp(self) -> Self {
        let simd = self.simd();
        let [lowest, highest] = RANGE.map(|limit| simd.real(limit));
        let x = self.at_most(highest);
        let (power, r) = x.reduce();
        let result = r.polynomial(&SERIES) * power;
        x.less_than(lowest).select(simd.real(0.0), result)
    }

    /// exp(x) - 1 for x <= 709, relative error 5e-16 down to the smallest x.
    #[inline(always)]
    pub(crate) fn exp_m1(self) -> Self {
        let simd = self.simd();
        let (power, r) = self.reduce();
        let series = r * r.polynomial(&TAIL);
        // 2^n (exp(r) - 1) + (2^n - 1), the second part without rounding.
        let result = series.mul_add(power, power - simd.real(1.0));
        let lowest = simd.real(RANGE[0]);
        self.less_than(lowest).select(simd.real(-1.0), result)
    }

    /// 2^n and x - n ln 2 for the integer n nearest to x / ln 2.
    #[inline(always)]
    fn reduce(self) -> (Self, Self) {
        let simd = self.simd();
        let round = simd.real(ROUND);
        let shifted = self.mul_add(simd.real(std::f64::consts::LOG2_E), round);
        let n = shifted - round;
        let r = n.negative_mul_add(simd.real(LN_2_HIGH), self);
        let r = n.negative_mul_add(simd.real(LN_2_LOW), r);
        // 2^n: its exponent field is n + 1023.
        let power = shifted.map_bits(|bits| bits.wrapping_add(1023) << 52);
        (power, r)
    }

    /// self where it is below `limit` or NaN, otherwise `limit`.
    #[inline(always)]
    fn at_most(self, limit: Self) -> Self {
        limit.less_than(self).select(limit, self)
    }

    /// An operation on the bits of every lane; the compiler makes one vector instruction of it.
    #[inline(always)]
    fn map_bits(self, operation: impl Fn(u64) -> u64) -> Self {
        self.each(|x| f64::from_bits(operation(x.to_bits())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pairwise, map_pair, with_all_instructions};
    use super::*;

    struct Exp;

    impl Pairwise for Exp {
        #[inline(always)]
        fn apply<S: Simd>(&self, x: Real<S>) -> (Real<S>, Real<S>) {
            (x.exp(), x.exp_m1())
        }
    }

    #[test]
    fn agrees_with_the_standard_library() {
        let mut arguments: Vec<f64> = (-70_799..70_899).map(|i| f64::from(i) * 0.01).collect();
        arguments.extend([0.0, 1e-300, -1e-17, 1.0, -708.0]);
        with_all_instructions(|name| {
            for (x, (exp, exp_m1)) in arguments.iter().zip(map_pair(Exp, &arguments)) {
                let error = exp / x.exp() - 1.0;
                assert!(error.abs() < 5e-16, "{name}: exp {x} = {exp}, {error:e}");
                let error = (exp_m1 - x.exp_m1()).abs();
                let allowed = 5e-16 * x.exp_m1().abs();
                assert!(error <= allowed, "{name}: exp_m1 {x} = {exp_m1}, {error:e}");
            }
        });
    }

    #[test]
    fn ends_of_the_range() {
        with_all_instructions(|name| {
            let found = map_pair(Exp, &[-709.0, f64::NEG_INFINITY, 1e4, f64::NAN]);
            assert_eq!(found[0].0, 0.0, "{name}");
            assert_eq!(found[1].0, 0.0, "{name}");
            assert!(found[2].0 > 8e307 && found[2].0.is_finite(), "{name}");
            assert!(found[3].0.is_nan(), "{name}");
        });
    }
}
