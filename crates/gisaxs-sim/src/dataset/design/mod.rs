//! Designs: how the points of a dataset are spread over the unit cube.
//!
//! A design gives sample number i its coordinates, each a number of the unit interval that the
//! inverse cumulative distribution of a quantity turns into a value. Coordinates are pure
//! functions of (design, seed, dimension, index, number of points).

mod joe_kuo;
mod permutation;
mod sobol;

use permutation::Permutation;
use serde::{Deserialize, Serialize};

use crate::rng::{Purpose, mix};
use gisaxs_physics::elementary::powi;

/// How points are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Every point for itself.
    #[default]
    Independent,
    /// Latin hypercube: n points, one in each n-th of every dimension.
    LatinHypercube,
    /// Sobol points with Owen's scrambling: evenly spread in all dimensions together; best at
    /// powers of two, correct up to 2^32 points.
    Sobol,
    /// All combinations of the levels of some dimensions, the rest independent. After the last
    /// combination the grid starts again.
    Grid,
}

/// A design with its dimensions and number of points.
#[derive(Clone, Debug)]
pub struct Points {
    dimensions: Vec<Dimension>,
    key: u64,
}

#[derive(Clone, Debug)]
enum Dimension {
    /// Not part of the design.
    Open,
    Stratified(Permutation),
    Sobol(Box<sobol::Dimension>),
    /// Level `index / stride % levels`.
    Levels {
        stride: u64,
        levels: u64,
    },
}

/// Most dimensions of a design.
pub const MAX_DIMENSIONS: usize = sobol::DIMENSIONS;

impl Points {
    /// `count` points of as many dimensions as `levels` has entries; the entries (at least 1)
    /// are the number of levels in a [`Design::Grid`], where `None` leaves a dimension open.
    ///
    /// # Panics
    /// If there are more than [`MAX_DIMENSIONS`] dimensions.
    #[must_use]
    pub fn new(
        design: Design,
        seed: u64,
        purpose: Purpose,
        levels: &[Option<u32>],
        count: u64,
    ) -> Self {
        assert!(levels.len() <= MAX_DIMENSIONS, "too many dimensions");
        let key = mix(seed ^ mix(purpose as u64 | 0xde51 << 32));
        let mut stride = 1;
        let dimensions = levels
            .iter()
            .enumerate()
            .map(|(d, levels)| {
                let key = mix(key ^ mix(d as u64 + 1));
                match (design, levels) {
                    (Design::LatinHypercube, _) => {
                        Dimension::Stratified(Permutation::new(count.max(1), key))
                    }
                    (Design::Sobol, _) => Dimension::Sobol(Box::new(sobol::Dimension::new(d, key))),
                    (Design::Grid, Some(levels)) => {
                        let levels = u64::from((*levels).max(1));
                        let dimension = Dimension::Levels { stride, levels };
                        stride *= levels;
                        dimension
                    }
                    (Design::Independent, _) | (Design::Grid, None) => Dimension::Open,
                }
            })
            .collect();
        Self { dimensions, key }
    }

    /// Coordinate of point `index` in a dimension, 0 to below 1; `None` where the design leaves
    /// it to the random stream.
    #[must_use]
    pub fn coordinate(&self, dimension: usize, index: u64) -> Option<f64> {
        match &self.dimensions[dimension] {
            Dimension::Open => None,
            Dimension::Stratified(permutation) => {
                let jitter = mix(self.key ^ mix(index ^ (dimension as u64 + 1) << 48)) >> 11;
                let u = jitter as f64 * powi(2.0_f64, -53);
                // A point beyond the planned number starts the hypercube again.
                let stratum = permutation.image(index % permutation.len());
                // The sum may round up to the next stratum, the quotient to 1.
                Some(((stratum as f64 + u) / permutation.len() as f64).min(1.0 - f64::EPSILON))
            }
            Dimension::Sobol(dimension) => Some(dimension.coordinate(index as u32)),
            Dimension::Levels { stride, levels } => {
                let level = index / stride % levels;
                Some((level as f64 + 0.5) / *levels as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_hypercubes_have_one_point_per_stratum() {
        let n = 1000;
        let points = Points::new(Design::LatinHypercube, 7, Purpose::Sample, &[None; 5], n);
        for d in 0..5 {
            let mut strata: Vec<u64> = (0..n)
                .map(|i| (points.coordinate(d, i).unwrap() * n as f64) as u64)
                .collect();
            strata.sort_unstable();
            assert!(strata.into_iter().eq(0..n));
        }
        // Dimensions are not the same permutation.
        let at = |d, i| points.coordinate(d, i).unwrap();
        let correlation: f64 = (0..n)
            .map(|i| (at(0, i) - 0.5) * (at(1, i) - 0.5))
            .sum::<f64>()
            * 12.0
            / n as f64;
        assert!(correlation.abs() < 0.13, "{correlation}"); // 4 sigma
    }

    #[test]
    fn grids_visit_every_combination_once() {
        let levels = [Some(3), None, Some(4)];
        let points = Points::new(Design::Grid, 7, Purpose::Sample, &levels, 12);
        let mut seen: Vec<(u64, u64)> = (0..12)
            .map(|i| {
                assert_eq!(points.coordinate(1, i), None);
                let level = |d: usize, n: f64| (points.coordinate(d, i).unwrap() * n) as u64;
                (level(0, 3.0), level(2, 4.0))
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 12);
        assert_eq!(points.coordinate(0, 0), points.coordinate(0, 12));
    }

    #[test]
    fn independent_designs_leave_everything_to_the_stream() {
        let points = Points::new(Design::Independent, 7, Purpose::Sample, &[None; 3], 12);
        assert!((0..3).all(|d| points.coordinate(d, 5).is_none()));
    }
}
