//! Random numbers: one independent, portable stream per sample, and the point of a design in it.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The generator of this crate: ChaCha with 8 rounds, whose output is specified and the same
/// on every platform (unlike `rand`'s `StdRng`).
pub type SimRng = ChaCha8Rng;

/// What a stream is for: draws of one purpose never shift those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Geometry, materials and mask of a group of samples.
    Setup = 1,
    /// Particles and their correlation.
    Sample = 2,
    /// Artifacts and counting noise of one view.
    View = 3,
    /// Artifacts that came later than those of [`Purpose::View`], and the mount of the detector:
    /// with a stream of their own they shift no other draw.
    Artifacts = 4,
}

/// The stream of item `index` for `purpose`: a pure function of its arguments.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> SimRng {
    // The purpose enters the key, the index the stream number: no two streams overlap.
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    let mut rng = SimRng::from_seed(key);
    rng.set_stream(index);
    rng
}

/// Bijective mixing of 64 bits (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, "splitmix").
#[must_use]
pub fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number of mean 0 and standard deviation 1 from 64 random bits: the sum of four uniform
/// numbers (Irwin-Hall), a bell that ends at 3.5. For millions of pixels, and the same on every
/// platform.
#[inline]
#[must_use]
pub(crate) fn bell(bits: u64) -> f32 {
    let part = |i: u64| (bits >> (16 * i)) & 0xffff;
    let sum = (part(0) + part(1) + part(2) + part(3)) as f32;
    // Mean of a part 32767.5; variance of the sum 65536^2 / 3.
    (sum - 131_070.0) * (1.732_050_8 / 65_536.0)
}

/// A quantity that a design can spread evenly. Everything else (noise, masks, the shape of
/// mixtures) comes from random streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the keys of the prior")]
pub enum Quantity {
    Wavelength,
    Incidence,
    DetectorDistance,
    Detector,
    ParticleMaterial,
    Film,
    FilmThickness,
    Roughness,
    Radius,
    Spread,
    HeightRatio,
    Shape,
    SizeModes,
    CorrelationModel,
    Distance,
    Disorder,
    PeakCounts,
}

impl Quantity {
    /// What belongs to a setup and is shared by its samples.
    pub const OF_SETUPS: [Self; 8] = [
        Self::Wavelength,
        Self::Incidence,
        Self::DetectorDistance,
        Self::Detector,
        Self::ParticleMaterial,
        Self::Film,
        Self::FilmThickness,
        Self::Roughness,
    ];
    /// What every sample has of its own.
    pub const OF_SAMPLES: [Self; 9] = [
        Self::Radius,
        Self::Distance,
        Self::Spread,
        Self::HeightRatio,
        Self::Disorder,
        Self::Shape,
        Self::SizeModes,
        Self::CorrelationModel,
        Self::PeakCounts,
    ];
}

/// Where the priors get their numbers from: a random stream, in which a design may fix the
/// quantities that it spreads.
pub trait Source: Rng {
    /// The stream of the same seed and index for another purpose. It takes no number from this
    /// one.
    fn branch(&self, purpose: Purpose) -> SimRng;

    /// The coordinate of the design, 0 to 1, if it covers the quantity.
    fn designed(&mut self, _quantity: Quantity) -> Option<f64> {
        None
    }

    /// A number of the unit interval.
    fn unit(&mut self, quantity: Quantity) -> f64 {
        self.designed(quantity).unwrap_or_else(|| self.random())
    }

    /// True with the given probability.
    fn chance(&mut self, quantity: Quantity, probability: f64) -> bool {
        match self.designed(quantity) {
            Some(u) => u < probability,
            None => self.random_bool(probability),
        }
    }

    /// One of `n` equally likely things.
    fn choice(&mut self, quantity: Quantity, n: usize) -> usize {
        match self.designed(quantity) {
            Some(u) => ((u * n as f64) as usize).min(n - 1),
            None => self.random_range(0..n),
        }
    }
}

impl Source for SimRng {
    fn branch(&self, purpose: Purpose) -> SimRng {
        let mut key = self.get_seed();
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        let mut rng = SimRng::from_seed(key);
        rng.set_stream(self.get_stream());
        rng
    }
}

/// A random stream with a point of a design in it. Each coordinate is given out once: a second
/// attempt at the same quantity is random.
#[derive(Clone, Debug)]
pub struct DesignPoint {
    rng: SimRng,
    coordinates: Vec<(Quantity, f64)>,
}

impl DesignPoint {
    /// `coordinates` are numbers from 0 to below 1.
    #[must_use]
    pub fn new(rng: SimRng, coordinates: Vec<(Quantity, f64)>) -> Self {
        Self { rng, coordinates }
    }

    /// The stream without the point.
    #[must_use]
    pub fn into_rng(self) -> SimRng {
        self.rng
    }
}

impl RngCore for DesignPoint {
    fn next_u32(&mut self) -> u32 {
        self.rng.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.rng.fill_bytes(bytes);
    }
}

impl Source for DesignPoint {
    fn branch(&self, purpose: Purpose) -> SimRng {
        self.rng.branch(purpose)
    }

    fn designed(&mut self, quantity: Quantity) -> Option<f64> {
        let found = self.coordinates.iter().position(|(q, _)| *q == quantity)?;
        Some(self.coordinates.swap_remove(found).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_design_point_fixes_its_quantities_once() {
        let mut point = DesignPoint::new(
            stream(1, Purpose::Sample, 0),
            vec![(Quantity::Radius, 0.25), (Quantity::Shape, 0.75)],
        );
        assert_eq!(point.unit(Quantity::Radius), 0.25);
        assert!(!point.chance(Quantity::Shape, 0.5));
        let mut plain = stream(1, Purpose::Sample, 0);
        // Not in the design, and a second time: the stream.
        assert_eq!(point.unit(Quantity::Spread), plain.random::<f64>());
        assert_eq!(point.unit(Quantity::Radius), plain.random::<f64>());
    }

    #[test]
    fn a_branch_is_the_stream_of_its_purpose_and_takes_nothing() {
        let mut rng = stream(7, Purpose::View, 9);
        let before: u64 = rng.random();
        let branch = rng.branch(Purpose::Artifacts);
        assert_eq!(branch, stream(7, Purpose::Artifacts, 9));
        let mut same = stream(7, Purpose::View, 9);
        assert_eq!(same.random::<u64>(), before);
        assert_eq!(same.random::<u64>(), rng.random::<u64>());
    }

    #[test]
    fn bells_have_mean_zero_and_variance_one() {
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|i| f64::from(bell(mix(i)))).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02);
        assert!(bell(0) > -3.47 && bell(u64::MAX) < 3.47);
    }

    #[test]
    fn streams_are_pinned() {
        // A change here changes every dataset ever built: bump the format version with it.
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, Purpose::Setup, 0), first(1, Purpose::Setup, 0));
        let all = [
            first(1, Purpose::Setup, 0),
            first(1, Purpose::Setup, 1),
            first(1, Purpose::Sample, 0),
            first(2, Purpose::Setup, 0),
        ];
        for i in 0..all.len() {
            for j in 0..i {
                assert_ne!(all[i], all[j]);
            }
        }
    }
}
