//! Bessel functions J0 and J1 of real arguments.
//!
//! Up to x = 12 both are polynomials in x^2, beyond it Hankel's form (DLMF 10.17.3)
//!
//! J_n(x) = sqrt(2 / (pi x)) (P_n cos(chi) - Q_n sin(chi)), chi = x - (n / 2 + 1 / 4) pi,
//!
//! with P_n and x Q_n as polynomials in 1 / x^2. All are Chebyshev interpolants, computed with 50
//! digits and cut where the next coefficient is below 1e-17, written as powers of a variable that runs from
//! -1 to 1: for J1(x) / x the powers cost nothing against Chebyshev's sum (their coefficients add
//! up to 1.7), for J0 one digit (13).

use std::f64::consts::PI;

use super::{Real, Simd};

/// Where the two forms meet.
const BOUNDARY: f64 = 12.0;

/// J0(x) for x <= 12, in u = 2 (x / 12)^2 - 1.
const J0_NEAR: [f64; 20] = [
    0.045_958_025_710_297_89,
    -1.158_021_578_654_496_7,
    0.165_388_557_934_567_72,
    3.363_805_697_340_445_5,
    -2.770_937_109_907_196_7,
    -0.810_675_439_680_651_6,
    2.338_125_132_345_001,
    -1.656_674_925_003_894,
    0.698_050_338_266_602,
    -0.206_320_458_320_119_53,
    0.046_078_344_838_196_19,
    -0.008_127_874_852_054_786,
    0.001_167_141_280_206_479_8,
    -0.000_139_529_475_036_728_97,
    1.413_153_969_811_598e-05,
    -1.229_757_744_367_049e-06,
    9.302_311_742_964_593e-08,
    -6.178_763_902_848_504e-09,
    3.679_265_153_825_911e-10,
    -1.926_712_196_697_336_4e-11,
];

/// P(x) of order 0 for x >= 12, in v = 2 (12 / x)^2 - 1.
const P0: [f64; 11] = [
    0.999_757_188_383_283_8,
    -0.000_241_504_957_113_778_3,
    1.285_053_453_880_219_7e-06,
    -2.090_318_640_435_187_2e-08,
    6.663_870_612_056_186e-10,
    -3.387_739_858_010_852e-11,
    2.437_009_608_905_559_5e-12,
    -2.292_132_346_827_847e-13,
    2.674_457_621_649_026_4e-14,
    -4.075_250_150_431_166e-15,
    6.808_715_900_496_04e-16,
];

/// x Q(x) of order 0 for x >= 12, in v.
const Q0: [f64; 11] = [
    -0.124_748_355_904_114_27,
    0.000_249_041_006_864_823_8,
    -2.539_984_932_761_963e-06,
    6.042_838_405_358_917e-08,
    -2.505_876_288_410_941_2e-09,
    1.551_788_406_933_538_8e-10,
    -1.304_108_071_814_311e-11,
    1.391_410_612_491_426_3e-12,
    -1.803_861_048_077_192_7e-13,
    3.053_980_788_317_027e-14,
    -5.534_017_548_469_741e-15,
];

/// J1(x) / x for x <= 12, in u = 2 (x / 12)^2 - 1.
const J1_NEAR: [f64; 20] = [
    0.032_167_266_073_736_024,
    -0.009_188_253_218_587_076,
    -0.280_317_141_445_037_1,
    0.307_881_901_100_798_4,
    0.112_593_811_066_757_06,
    -0.389_687_522_057_475_8,
    0.322_131_235_417_425_05,
    -0.155_122_297_392_789_24,
    0.051_580_114_580_022_825,
    -0.012_799_540_231_847_546,
    0.002_483_517_315_927_592,
    -0.000_389_047_096_087_784_4,
    5.038_564_372_333_149e-05,
    -5.495_594_364_310_917e-06,
    5.123_991_022_787_403e-07,
    -4.134_788_900_575_090_5e-08,
    2.917_725_749_501_097_5e-09,
    -1.816_967_086_810_337e-10,
    1.017_437_558_966_118_7e-11,
    -5.036_775_578_359_613e-13,
];

/// P(x) of order 1 for x >= 12, in v = 2 (12 / x)^2 - 1.
const P1: [f64; 11] = [
    1.000_405_189_952_181,
    0.000_403_505_349_338_120_25,
    -1.658_961_259_564_225_5e-06,
    2.484_049_740_519_032_6e-08,
    -7.603_900_708_150_406e-10,
    3.774_095_785_110_002_7e-11,
    -2.672_552_334_584_935_2e-12,
    2.486_039_370_277_488_6e-13,
    -2.877_030_045_317_386_6e-14,
    4.352_521_407_293_169e-15,
    -7.234_629_119_646_365e-16,
];

/// x Q(x) of order 1 for x >= 12, in v.
const Q1: [f64; 11] = [
    0.374_647_228_373_300_06,
    -0.000_349_581_172_104_126_1,
    3.117_336_491_122_964_7e-06,
    -7.011_123_068_518_71e-08,
    2.819_641_145_566_556_7e-09,
    -1.712_914_085_279_093e-10,
    1.420_807_560_897_611e-11,
    -1.501_708_928_864_371e-12,
    1.933_029_697_382_666e-13,
    -3.251_445_913_918_256e-14,
    5.864_707_966_810_471e-15,
];

impl<S: Simd> Real<S> {
    /// J1(x) / x for x >= 0; 1/2 at 0.
    #[inline(always)]
    pub(crate) fn bessel_j1_over_x(self) -> Self {
        let near = self.polynomial_up_to_boundary(&J1_NEAR);
        let is_near = self.less_than(self.simd().real(BOUNDARY));
        if is_near.all() {
            return near;
        }
        let (p, q, sin, cos) = self.hankel(&P1, &Q1);
        // cos(x - 3 pi / 4) and the sine are (sin x -+ cos x) / sqrt 2.
        let far = ((p + q) * sin + (q - p) * cos) / (self * (self * PI).sqrt());
        is_near.select(near, far)
    }

    /// J0(x) for x >= 0.
    #[inline(always)]
    pub(crate) fn bessel_j0(self) -> Self {
        let near = self.polynomial_up_to_boundary(&J0_NEAR);
        let is_near = self.less_than(self.simd().real(BOUNDARY));
        if is_near.all() {
            return near;
        }
        let (p, q, sin, cos) = self.hankel(&P0, &Q0);
        let far = ((p - q) * sin + (p + q) * cos) / (self * PI).sqrt();
        is_near.select(near, far)
    }

    #[inline(always)]
    fn polynomial_up_to_boundary(self, coefficients: &[f64; 20]) -> Self {
        let simd = self.simd();
        let scale = simd.real(2.0 / (BOUNDARY * BOUNDARY));
        let u = self.squared().mul_add(scale, simd.real(-1.0));
        u.polynomial(coefficients)
    }

    /// P, Q, sin x and cos x.
    #[inline(always)]
    fn hankel(self, p: &[f64; 11], x_q: &[f64; 11]) -> (Self, Self, Self, Self) {
        let simd = self.simd();
        let inverse = simd.real(1.0) / self;
        let scale = simd.real(2.0 * BOUNDARY * BOUNDARY);
        let v = (inverse * inverse).mul_add(scale, simd.real(-1.0));
        let (sin, cos) = self.sin_cos();
        (v.polynomial(p), v.polynomial(x_q) * inverse, sin, cos)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Pairwise, map_pair, with_all_instructions};
    use super::*;

    struct Bessel;

    impl Pairwise for Bessel {
        #[inline(always)]
        fn apply<S: Simd>(&self, x: Real<S>) -> (Real<S>, Real<S>) {
            (x.bessel_j0(), x.bessel_j1_over_x())
        }
    }

    #[test]
    fn agree_with_the_scalar_functions() {
        let mut arguments: Vec<f64> = (1..60_000).map(|i| f64::from(i) * 0.001_37).collect();
        arguments.extend((1..6_000).map(|i| f64::from(i) * 1.7));
        arguments.extend([1e-300, 1e-12, 1e-3, 11.999_999, 12.0, 12.000_001, 1e6]);
        with_all_instructions(|name| {
            for (x, (j0, j1)) in arguments.iter().zip(map_pair(Bessel, &arguments)) {
                let error = (j0 - libm::j0(*x)).abs();
                assert!(error < 3e-15, "{name}: J0({x}) = {j0}, {error:e}");
                let error = (j1 - crate::special::bessel_j1_over_x(*x)).abs();
                assert!(error < 6e-16, "{name}: J1({x}) / x = {j1}, {error:e}");
            }
            assert!(map_pair(Bessel, &[f64::NAN])[0].1.is_nan());
            assert!((map_pair(Bessel, &[0.0])[0].1 - 0.5).abs() < 6e-16);
        });
    }
}
