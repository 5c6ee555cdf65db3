//! How every output of the network is discretised.
//!
//! Each output is a distribution over bins of one coordinate: the logarithm of the value
//! ([`LogBins`]) or the value itself ([`LinBins`]). Targets are split linearly between the two
//! nearest bin centres in that coordinate, so that the mean of the target is exact.

/// Which coordinate is divided uniformly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Log,
    Linear,
}

/// Uniform bins in a coordinate `u(x)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    scale: Scale,
    low: f64,
    high: f64,
    count: usize,
}

/// Bins uniform in ln x.
#[derive(Debug, Clone, Copy)]
pub struct LogBins;

impl LogBins {
    /// `count` bins between the edges `low` and `high` (same unit as x, both positive).
    ///
    /// # Panics
    /// Unless `0 < low < high` and `count > 1`.
    #[must_use]
    #[allow(clippy::new_ret_no_self)]
    pub const fn new(low: f64, high: f64, count: usize) -> Bins {
        assert!(
            low > 0.0 && high > low && count > 1,
            "bins: need 0 < low < high, two bins"
        );
        Bins {
            scale: Scale::Log,
            low,
            high,
            count,
        }
    }
}

/// Bins uniform in x.
#[derive(Debug, Clone, Copy)]
pub struct LinBins;

impl LinBins {
    /// `count` bins between the edges `low` and `high` (same unit as x).
    ///
    /// # Panics
    /// Unless `low < high` and `count > 1`.
    #[must_use]
    #[allow(clippy::new_ret_no_self)]
    pub const fn new(low: f64, high: f64, count: usize) -> Bins {
        assert!(high > low && count > 1, "bins: need low < high, two bins");
        Bins {
            scale: Scale::Linear,
            low,
            high,
            count,
        }
    }
}

impl Bins {
    /// Number of bins.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// First and last edge.
    #[must_use]
    pub const fn limits(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    fn to_u(self, x: f64) -> f64 {
        match self.scale {
            Scale::Log => x.max(f64::MIN_POSITIVE).ln(),
            Scale::Linear => x,
        }
    }

    fn inverse_u(self, u: f64) -> f64 {
        match self.scale {
            Scale::Log => u.exp(),
            Scale::Linear => u,
        }
    }

    fn step(&self) -> f64 {
        (self.to_u(self.high) - self.to_u(self.low)) / self.count as f64
    }

    /// Coordinate of `x` in units of bins: 0 at the first edge, `count` at the last.
    #[must_use]
    pub fn position(&self, x: f64) -> f64 {
        (self.to_u(x) - self.to_u(self.low)) / self.step()
    }

    /// The value at a coordinate in units of bins.
    #[must_use]
    pub fn value(&self, position: f64) -> f64 {
        self.inverse_u(self.to_u(self.low) + position * self.step())
    }

    /// The `count + 1` edges.
    #[must_use]
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.count).map(|i| self.value(i as f64)).collect()
    }

    /// The `count` centres (in the bins' own coordinate, so geometric means for log bins).
    #[must_use]
    pub fn centres(&self) -> Vec<f64> {
        (0..self.count)
            .map(|i| self.value(i as f64 + 0.5))
            .collect()
    }

    /// Writes the target of the value `x`: mass split linearly between the two nearest centres.
    /// Values beyond the first or last centre go entirely into that bin.
    ///
    /// # Panics
    /// If `target` does not have [`Self::count`] values.
    pub fn soft_target(&self, x: f64, target: &mut [f32]) {
        assert_eq!(
            target.len(),
            self.count,
            "target length must equal the number of bins"
        );
        target.fill(0.0);
        let p = (self.position(x) - 0.5).clamp(0.0, (self.count - 1) as f64);
        let i = (p as usize).min(self.count - 2);
        let f = (p - i as f64) as f32;
        target[i] = 1.0 - f;
        target[i + 1] = f;
    }

    /// Mean of the bin centres under `mass`, in x.
    #[must_use]
    pub fn expectation(&self, mass: &[f32]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (i, &m) in mass.iter().enumerate() {
            sum += f64::from(m) * self.value(i as f64 + 0.5);
            total += f64::from(m);
        }
        sum / total
    }

    /// The value below which the fraction `level` of `mass` lies; mass is spread uniformly over
    /// each bin in the bins' coordinate.
    #[must_use]
    pub fn quantile(&self, mass: &[f32], level: f64) -> f64 {
        self.value(quantile_position(mass, level))
    }
}

/// Quantile in units of bins, linear inside bins.
#[must_use]
pub(crate) fn quantile_position(mass: &[f32], level: f64) -> f64 {
    let total: f64 = mass.iter().map(|&m| f64::from(m)).sum();
    let goal = level.clamp(0.0, 1.0) * total;
    let mut below = 0.0;
    for (i, &m) in mass.iter().enumerate() {
        let m = f64::from(m);
        if m > 0.0 && below + m >= goal {
            return i as f64 + ((goal - below) / m).clamp(0.0, 1.0);
        }
        below += m;
    }
    mass.len() as f64
}

/// Radius distribution: number-weighted probability mass over R in nm.
pub const RADIUS: Bins = LogBins::new(0.25, 45.0, 128);
/// Number-weighted mean radius in nm.
pub const MEAN_RADIUS: Bins = LogBins::new(0.4, 32.0, 128);
/// Standard deviation over mean of the radius distribution.
pub const REL_STD: Bins = LogBins::new(0.02, 0.8, 64);
/// Height over radius.
pub const HEIGHT_RATIO: Bins = LinBins::new(0.4, 2.1, 64);
/// Mean distance D of neighbours in nm.
pub const DISTANCE: Bins = LogBins::new(2.5, 100.0, 160);
/// Disorder sigma_D / D.
pub const DISORDER: Bins = LogBins::new(0.02, 0.7, 64);

/// Where each output sits in the row of logits.
pub mod logits {
    use std::ops::Range;

    /// Radius distribution.
    pub const RADIUS: Range<usize> = 0..128;
    /// Posterior of the mean radius.
    pub const MEAN_RADIUS: Range<usize> = 128..256;
    /// Posterior of standard deviation over mean.
    pub const REL_STD: Range<usize> = 256..320;
    /// Posterior of height over radius.
    pub const HEIGHT_RATIO: Range<usize> = 320..384;
    /// Log odds of a cylinder (against a spherical segment).
    pub const SHAPE: usize = 384;
    /// Logits of the size branch.
    pub const SIZE_COUNT: usize = 385;
    /// Posterior of the distance.
    pub const DISTANCE: Range<usize> = 385..545;
    /// Posterior of the disorder.
    pub const DISORDER: Range<usize> = 545..609;
    /// Logits of the structure branch.
    pub const STRUCTURE_COUNT: usize = 224;
    /// All logits.
    pub const COUNT: usize = 609;
}

/// The true structure of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Probability mass in the bins of [`RADIUS`]; sums to one.
    pub radius_mass: [f32; 128],
    /// Number-weighted mean radius in nm.
    pub mean_radius: f32,
    /// Standard deviation over mean of the radius distribution.
    pub rel_std: f32,
    /// Height over radius.
    pub height_ratio: f32,
    /// Mean distance of neighbours in nm.
    pub distance: f32,
    /// sigma_D / D.
    pub disorder: f32,
    /// Cylinder (true) or spherical segment (false).
    pub cylinder: bool,
    /// Whether the first interference maximum lies inside the valid part of the frame, so that
    /// distance and disorder can be measured (used by the evaluation, not by the loss).
    pub distance_visible: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_target_keeps_the_mean_and_the_mass() {
        for bins in [MEAN_RADIUS, HEIGHT_RATIO, DISTANCE] {
            let [low, high] = bins.limits();
            for i in 1..200 {
                let x = low + (high - low) * f64::from(i) / 200.0;
                let mut t = vec![0.0; bins.count()];
                bins.soft_target(x, &mut t);
                let mean: f64 = t
                    .iter()
                    .enumerate()
                    .map(|(i, &m)| f64::from(m) * (i as f64 + 0.5))
                    .sum();
                let expected = bins.position(x).clamp(0.5, bins.count() as f64 - 0.5);
                assert!((mean - expected).abs() < 1e-4, "{mean} {expected}");
                assert!((t.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn quantiles_of_uniform_mass_are_linear_in_the_coordinate() {
        let mass = vec![1.0 / 160.0; 160];
        for level in [0.0, 0.05, 0.5, 0.95, 1.0] {
            let x = DISTANCE.quantile(&mass, level);
            assert!((DISTANCE.position(x) - 160.0 * level).abs() < 1e-3);
        }
        let mut one = vec![0.0; 64];
        one[10] = 1.0;
        let x = HEIGHT_RATIO.quantile(&one, 0.5);
        assert!((HEIGHT_RATIO.position(x) - 10.5).abs() < 1e-9);
    }

    #[test]
    fn edges_and_centres_interleave() {
        let (edges, centres) = (RADIUS.edges(), RADIUS.centres());
        assert_eq!((edges.len(), centres.len()), (129, 128));
        assert!((edges[0] - 0.25).abs() < 1e-12 && (edges[128] - 45.0).abs() < 1e-9);
        assert!(
            centres
                .iter()
                .enumerate()
                .all(|(i, &c)| edges[i] < c && c < edges[i + 1])
        );
    }
}
