//! Sine and cosine.

use super::{Real, Simd};
use crate::elementary::{cos, sin};

/// Adding and subtracting 1.5 * 2^52 rounds a number below 2^51 to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// pi in three parts. The first two have 30 bits each, so that products with integers below 2^22
/// are exact with and without fused multiply-adds; together they are pi to 1e-34.
const PI_PARTS: [f64; 3] = [
    3.141_592_651_605_606,
    1.984_187_158_327_044_3e-9,
    1.034_036_596_358_821e-18,
];

/// Largest argument of the fast reduction, 2^22 pi; larger ones go through the scalar functions.
const LARGEST: f64 = 1.3e7;

/// (-1)^m / (2m + 1)!, for sin x = x sum c_m x^2m: the first term left out is below 2e-18 for
/// |x| <= pi/2.
const SINE: [f64; 11] = [
    1.0,
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
    -1.0 / 121_645_100_408_832_000.0,
    1.0 / 51_090_942_171_709_440_000.0,
];

/// (-1)^m / (2m)!: the first term left out is below 1e-19.
const COSINE: [f64; 12] = [
    1.0,
    -1.0 / 2.0,
    1.0 / 24.0,
    -1.0 / 720.0,
    1.0 / 40_320.0,
    -1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
    -1.0 / 6_402_373_705_728_000.0,
    1.0 / 2_432_902_008_176_640_000.0,
    -1.0 / 1_124_000_727_777_607_680_000.0,
];

impl<S: Simd> Real<S> {
    /// (sin x, cos x).
    ///
    /// With the integer n nearest to x / pi and r = x - n pi, they are (-1)^n sin r and
    /// (-1)^n cos r. Reducing by pi rather than pi/2 costs two more terms and saves the exchange
    /// of the two and all integer arithmetic. NaN and infinities give NaN.
    #[inline(always)]
    pub(crate) fn sin_cos(self) -> (Self, Self) {
        let simd = self.simd();
        let [first, second, third] = PI_PARTS.map(|part| simd.real(part));
        let round = simd.real(ROUND);
        let n = self.mul_add(simd.real(std::f64::consts::FRAC_1_PI), round) - round;
        let r = n.negative_mul_add(first, self);
        let r = n.negative_mul_add(second, r);
        let r = n.negative_mul_add(third, r);
        // n minus the nearest even number is 0, 1 or -1, so the sign is 1 - 2 (...)^2.
        let half = simd.real(0.5);
        let nearest_half = n.mul_add(half, round) - round;
        let odd = nearest_half.negative_mul_add(simd.real(2.0), n);
        let sign = (odd * odd).negative_mul_add(simd.real(2.0), simd.real(1.0));
        let square = r * r;
        let sine = (sign * r) * square.polynomial(&SINE);
        let cosine = sign * square.polynomial(&COSINE);
        let is_large = simd.real(LARGEST).less_than(self.abs());
        if is_large.any() {
            // One by one, so that no lane depends on its neighbours.
            let large = is_large.select(self, simd.real(0.0));
            return (
                is_large.select(large.each(sin), sine),
                is_large.select(large.each(cos), cosine),
            );
        }
        (sine, cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pairwise, assert_portable, map_pair, with_all_instructions};
    use super::*;

    struct SinCos;

    impl Pairwise for SinCos {
        #[inline(always)]
        fn apply<S: Simd>(&self, x: Real<S>) -> (Real<S>, Real<S>) {
            x.sin_cos()
        }
    }

    #[test]
    fn agrees_with_the_standard_library() {
        let mut arguments: Vec<f64> = (-100_000..100_000)
            .map(|i| f64::from(i) * 0.003_7 + 1e-4)
            .collect();
        // All magnitudes, and the neighbourhood of multiples of pi / 2.
        for exponent in -60..60 {
            arguments.push(1.234_5 * f64::from(exponent).exp2());
            arguments.push(-1.734_5 * f64::from(exponent).exp2());
        }
        for n in [1, 2, 3, 1_000, 33_333, 1_000_001, 7_000_003] {
            let x = f64::from(n) * std::f64::consts::FRAC_PI_2;
            arguments.extend([x, x.next_up(), x * (1.0 + 1e-9)]);
        }
        with_all_instructions(|name| {
            for (x, (sin, cos)) in arguments.iter().zip(map_pair(SinCos, &arguments)) {
                assert!((sin - x.sin()).abs() < 4e-16, "{name}: sin {x} = {sin}");
                assert!((cos - x.cos()).abs() < 4e-16, "{name}: cos {x} = {cos}");
            }
        });
    }

    #[test]
    fn no_argument_depends_on_its_neighbours() {
        let x: Vec<f64> = (0..64).map(|i| 10.0_f64.powf(f64::from(i % 13))).collect();
        assert_portable(|| {
            let pairs = map_pair(SinCos, &x);
            pairs
                .iter()
                .map(|(s, c)| [s.to_bits(), c.to_bits()])
                .collect::<Vec<_>>()
        });
    }

    #[test]
    fn keeps_zero_and_does_not_hide_nan() {
        with_all_instructions(|name| {
            let x = [0.0, 1e-300, f64::NAN, f64::INFINITY];
            let found = map_pair(SinCos, &x);
            assert_eq!(found[0], (0.0, 1.0), "{name}");
            assert_eq!(found[1], (1e-300, 1.0), "{name}");
            assert!(found[2].0.is_nan() && found[3].1.is_nan(), "{name}");
        });
    }
}
