//! Sobol points with nested uniform scrambling.
//!
//! I. M. Sobol', USSR Comput. Math. Math. Phys. 7, 86 (1967), with the direction numbers of Joe
//! and Kuo; scrambling by A. B. Owen, in Monte Carlo and Quasi-Monte Carlo Methods (1995): every
//! digit is flipped by a random function of the digits before it, which keeps the
//! equidistribution of the points and makes each of them uniform.

use super::joe_kuo::JOE_KUO;
use crate::rng::mix;
use gisaxs_physics::elementary::powi;

/// Dimensions there are direction numbers for.
pub(super) const DIMENSIONS: usize = JOE_KUO.len() + 1;

/// Binary digits of index and coordinate: 2^32 points.
const BITS: u32 = 32;

/// Direction numbers of a dimension (0, 1, ...) as 32-bit fractions (Joe & Kuo 2008, eq. 2).
fn directions(dimension: usize) -> [u32; BITS as usize] {
    let mut v = [0_u32; BITS as usize];
    if dimension == 0 {
        for (i, v) in v.iter_mut().enumerate() {
            *v = 1 << (BITS - 1 - i as u32);
        }
        return v;
    }
    let (degree, coefficients, first) = JOE_KUO[dimension - 1];
    let s = degree as usize;
    for i in 0..s {
        v[i] = first[i] << (BITS - 1 - i as u32);
    }
    for i in s..BITS as usize {
        v[i] = v[i - s] ^ (v[i - s] >> degree);
        for k in 1..s {
            if (coefficients >> (degree - 1 - k as u32)) & 1 == 1 {
                v[i] ^= v[i - k];
            }
        }
    }
    v
}

/// A scrambled dimension.
#[derive(Clone, Debug)]
pub(super) struct Dimension {
    directions: [u32; BITS as usize],
    key: u64,
}

impl Dimension {
    /// Dimension number `dimension` (below [`DIMENSIONS`]) scrambled by `key`.
    pub(super) fn new(dimension: usize, key: u64) -> Self {
        Self {
            directions: directions(dimension),
            key,
        }
    }

    /// The point before scrambling, as a 32-bit fraction, in the natural (not Gray code) order:
    /// any aligned block of 2^m points is a net.
    fn point(&self, index: u32) -> u32 {
        (0..BITS)
            .filter(|bit| (index >> bit) & 1 == 1)
            .fold(0, |x, bit| x ^ self.directions[bit as usize])
    }

    /// Coordinate of point `index`, 0 to below 1.
    pub(super) fn coordinate(&self, index: u32) -> f64 {
        let x = self.point(index);
        let mut scrambled = 0_u64;
        for bit in 0..BITS {
            // The digits before this one, with a leading one so that lengths differ.
            let prefix = (u64::from(x) | 1 << BITS) >> (BITS - bit);
            let flip = mix(self.key ^ mix(prefix)) & 1;
            let digit = u64::from(x >> (BITS - 1 - bit)) & 1;
            scrambled = scrambled << 1 | (digit ^ flip);
        }
        // The digits after the 32nd are random: 53 in all.
        let rest = mix(self.key ^ mix(u64::from(x) | 1 << 40)) >> 43;
        (scrambled << 21 | rest) as f64 * powi(2.0_f64, -53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unscrambled_points_are_those_of_joe_and_kuo() {
        // The first points of their program in three dimensions, in its Gray code order.
        let gray = |i: u32| i ^ (i >> 1);
        let expected = [
            [0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25],
            [0.25, 0.75, 0.75],
            [0.375, 0.375, 0.625],
            [0.875, 0.875, 0.125],
            [0.625, 0.125, 0.875],
            [0.125, 0.625, 0.375],
        ];
        for (i, row) in expected.iter().enumerate() {
            for (d, x) in row.iter().enumerate() {
                let point = Dimension::new(d, 0).point(gray(i as u32));
                assert_eq!(
                    f64::from(point) / 4_294_967_296.0,
                    *x,
                    "point {i} dimension {d}"
                );
            }
        }
    }

    #[test]
    fn every_dimension_fills_every_stratum_also_beyond_65536_points() {
        // An aligned block of 2^m points has one point in each of 2^m intervals, in each
        // dimension, scrambled or not.
        for dimension in [0, 1, 7, 40, DIMENSIONS - 1] {
            let scrambled = Dimension::new(dimension, 99 + dimension as u64);
            for start in [0_u32, 3 << 16, 1 << 31] {
                let n = 1 << 10;
                let mut seen = vec![false; n];
                for i in start..start + n as u32 {
                    let u = scrambled.coordinate(i);
                    assert!((0.0..1.0).contains(&u));
                    let stratum = (u * n as f64) as usize;
                    assert!(!seen[stratum], "dimension {dimension}, stratum {stratum}");
                    seen[stratum] = true;
                }
            }
        }
    }

    #[test]
    fn pairs_of_dimensions_are_nets_over_more_than_65536_points() {
        // Dimensions 1 and 2 are a (0, m, 2)-net: 2^18 points, one in each box 2^-9 x 2^-9.
        let (a, b) = (Dimension::new(0, 5), Dimension::new(1, 6));
        let mut seen = vec![false; 1 << 18];
        for i in 0..1 << 18 {
            let cell = |d: &Dimension| (d.coordinate(i) * 512.0) as usize;
            let at = cell(&a) * 512 + cell(&b);
            assert!(!seen[at]);
            seen[at] = true;
        }
    }

    #[test]
    fn scrambled_points_differ_by_key_and_integrate_better_than_random() {
        let n = 1 << 12;
        let dimensions = |key: u64| -> Vec<Dimension> {
            (0..6).map(|d| Dimension::new(d, key + d as u64)).collect()
        };
        let mean = |key: u64| {
            let dims = dimensions(key);
            let sum: f64 = (0..n)
                .map(|i| dims.iter().map(|d| 2.0 * d.coordinate(i)).product::<f64>())
                .sum();
            sum / f64::from(n)
        };
        // The integral is 1; random points would miss it by sqrt(((4/3)^6 - 1) / n) = 0.034 (rms).
        // Scrambled ones miss it by 0.008 at most of these; half of the random error is a failure.
        for key in [1, 100, 1000, 10_000] {
            assert!((mean(key) - 1.0).abs() < 0.017, "{}", mean(key));
        }
        assert_ne!(mean(1), mean(100));
    }
}
