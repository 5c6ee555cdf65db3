//! The normal distribution, with the same bits on every machine.
//!
//! Other crates compute it with the logarithms and exponentials of the platform's C library.

use std::f64::consts::SQRT_2;
use std::sync::LazyLock;

use gisaxs_physics::elementary::{exp, ln};
use rand::Rng;
use rand::distr::{Distribution, Open01};

/// Layers of the ziggurat.
const LAYERS: usize = 256;

/// Where the tail of the ziggurat begins, and the area of every layer, as published (the digits of
/// the area are those that all implementations use: more would move the layers by 3e-10).
const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_99;

/// Normal variates of mean 0 and variance 1.
///
/// The ziggurat of G. Marsaglia and W. W. Tsang (J. Stat. Softw. 5, 8 (2000)) in the form of J. A.
/// Doornik (2005): 256 layers of the same area under exp(-x^2 / 2). Nearly always one random
/// number, one product and one comparison make a variate. The same numbers of a stream give
/// the same variates as `rand_distr`, up to rounding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandardNormal;

/// Right ends of the layers, from the lowest, which has the tail, up to 0; and the density there.
struct Layers {
    x: [f64; LAYERS + 1],
    density: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Layers> = LazyLock::new(|| {
    let density = |x: f64| exp(-0.5 * x * x);
    let mut x = [0.0; LAYERS + 1];
    // The lowest layer as a rectangle with its tail.
    x[0] = AREA / density(TAIL);
    x[1] = TAIL;
    for i in 2..LAYERS {
        let height = density(x[i - 1]) + AREA / x[i - 1];
        x[i] = (-2.0 * ln(height)).sqrt();
    }
    Layers {
        x,
        density: x.map(density),
    }
});

impl Distribution<f64> for StandardNormal {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let Layers { x, density } = &*ZIGGURAT;
        loop {
            // The lowest digits choose the layer, the highest 52 the place in it, from -1 to 1.
            let digits = rng.next_u64();
            let layer = (digits & 0xff) as usize;
            let place = (digits >> 12) as f64 / (1_u64 << 51) as f64 - 1.0;
            let value = place * x[layer];
            if value.abs() < x[layer + 1] {
                return value;
            }
            if layer == 0 {
                return tail(rng).copysign(place);
            }
            let height: f64 = rng.random();
            let [low, high] = [density[layer], density[layer + 1]];
            if high + (low - high) * height < exp(-0.5 * value * value) {
                return value;
            }
        }
    }
}

impl Distribution<f32> for StandardNormal {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f32 {
        let value: f64 = self.sample(rng);
        value as f32
    }
}

/// A variate beyond [`TAIL`] (Marsaglia, Technometrics 6, 101 (1964)).
fn tail(rng: &mut (impl Rng + ?Sized)) -> f64 {
    loop {
        let (u, v): (f64, f64) = (rng.sample(Open01), rng.sample(Open01));
        let beyond = -ln(u) / TAIL;
        if -2.0 * ln(v) >= beyond * beyond {
            return TAIL + beyond;
        }
    }
}

/// The probability of values below `z`.
pub(crate) fn cumulative(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Where the probability of smaller values is `p`: the inverse of [`cumulative`].
///
/// Algorithm AS 241 (M. J. Wichura, Appl. Stat. 37, 477 (1988)), PPND16: 1e-16 relative.
pub(crate) fn quantile(p: f64) -> f64 {
    /// Of the middle, |p - 1/2| <= 0.425, in 0.180625 - (p - 1/2)^2.
    const MIDDLE: Ratio = Ratio {
        above: [
            3.387_132_872_796_366_5,
            1.331_416_678_917_843_8e2,
            1.971_590_950_306_551_3e3,
            1.373_169_376_550_946e4,
            4.592_195_393_154_987e4,
            6.726_577_092_700_87e4,
            3.343_057_558_358_813e4,
            2.509_080_928_730_122_7e3,
        ],
        below: [
            1.0,
            4.231_333_070_160_091e1,
            6.871_870_074_920_579e2,
            5.394_196_021_424_751e3,
            2.121_379_430_158_659_7e4,
            3.930_789_580_009_271e4,
            2.872_908_573_572_194_3e4,
            5.226_495_278_852_854e3,
        ],
    };
    /// In r - 1.6, r = sqrt(-ln p) <= 5.
    const SIDE: Ratio = Ratio {
        above: [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            2.417_807_251_774_506e-1,
            2.272_384_498_926_918_4e-2,
            7.745_450_142_783_414e-4,
        ],
        below: [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            6.897_673_349_851e-1,
            1.481_039_764_274_800_8e-1,
            1.519_866_656_361_645_7e-2,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    };
    /// In r - 5.
    const FAR: Ratio = Ratio {
        above: [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            2.965_605_718_285_048_7e-1,
            2.653_218_952_657_612_4e-2,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        below: [
            1.0,
            5.998_322_065_558_88e-1,
            1.369_298_809_227_358e-1,
            1.487_536_129_085_061_5e-2,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    };
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        return centred * MIDDLE.at(0.180_625 - centred * centred);
    }
    let r = (-ln(p.min(1.0 - p))).sqrt();
    let size = if r <= 5.0 {
        SIDE.at(r - 1.6)
    } else if r < f64::INFINITY {
        FAR.at(r - 5.0)
    } else {
        r
    };
    size.copysign(centred)
}

/// A quotient of polynomials, coefficients from the constant up.
struct Ratio {
    above: [f64; 8],
    below: [f64; 8],
}

impl Ratio {
    fn at(&self, x: f64) -> f64 {
        let [above, below] = [&self.above, &self.below]
            .map(|polynomial| polynomial.iter().rev().fold(0.0, |sum, c| sum * x + c));
        above / below
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn variates_are_those_of_rand_distr() {
        let [mut ours, mut theirs] = [(); 2].map(|()| stream(5, Purpose::Sample, 0));
        let mut tails = 0;
        for _ in 0..300_000 {
            let found: f64 = StandardNormal.sample(&mut ours);
            let expected: f64 = rand_distr::StandardNormal.sample(&mut theirs);
            assert!(
                (found - expected).abs() <= 1e-13 * expected.abs(),
                "{found} {expected}"
            );
            tails += u32::from(found.abs() > TAIL);
        }
        // 2.6e-4 of all, and the streams are at the same place.
        assert!((40..120).contains(&tails), "{tails}");
        assert_eq!(ours.random::<u64>(), theirs.random::<u64>());
    }

    #[test]
    fn quantiles_invert_the_cumulative() {
        for i in -3_700..600 {
            let z = f64::from(i) * 0.01;
            let p = cumulative(z);
            // What a rounding of p moves, besides the error of the complementary error function.
            let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
            let allowed = 4e-15 * z.abs() + 4.0 * f64::EPSILON * p / density;
            assert!((quantile(p) - z).abs() <= allowed, "{z} {}", quantile(p));
        }
        assert_eq!(quantile(0.5), 0.0);
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
        assert!(quantile(f64::NAN).is_nan());
        // Of a table with twice the digits.
        for (p, z) in [
            (0.975, 1.959_963_984_540_054),
            (1e-10, -6.361_340_902_404_056),
            (0.25, -0.674_489_750_196_081_7),
        ] {
            assert!((quantile(p) / z - 1.0).abs() < 1e-15, "{p} {}", quantile(p));
        }
    }
}
