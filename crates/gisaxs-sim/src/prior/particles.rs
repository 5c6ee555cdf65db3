//! Sizes and shapes of the particles.

use rand::Rng;
use serde::{Deserialize, Serialize};

use gisaxs_physics::UprightShape;

use crate::range::check_share;
use crate::size_distribution::{Component, Kind, SizeDistribution};
use crate::{Range, Result};

/// What the particles of a sample are.
#[derive(Clone, Debug, PartialEq)]
pub struct Particles {
    /// Shape, the same for all sizes.
    pub shape: UprightShape,
    /// Number-weighted distribution of the lateral radius.
    pub sizes: SizeDistribution,
}

/// Ranges of [`Particles`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticlePrior {
    /// Mean radius, nm.
    pub radius_nm: Range,
    /// Relative width of a component.
    pub spread: Range,
    /// Height over radius.
    pub height_ratio: Range,
    /// Share of cylinders; the rest are spherical segments.
    pub cylinders: f64,
    /// Share of full spheres among the segments.
    pub full_spheres: f64,
    /// Share of distributions with a single component, of two, and of three to five
    /// (free-form); they are normalised to their sum.
    pub modes: [f64; 3],
    /// Smallest R q_max worth drawing: a particle whose form factor does not bend inside
    /// the measured window tells its size to nobody.
    pub min_radius_times_q: f64,
}

impl Default for ParticlePrior {
    fn default() -> Self {
        Self {
            radius_nm: Range::LogUniform([0.5, 25.0]),
            spread: Range::LogUniform([0.03, 0.5]),
            height_ratio: Range::Uniform([0.5, 2.0]),
            cylinders: 0.4,
            full_spheres: 0.08,
            modes: [0.55, 0.3, 0.15],
            min_radius_times_q: 1.2,
        }
    }
}

impl ParticlePrior {
    pub(super) fn validate(&self) -> Result<()> {
        self.radius_nm
            .check("particles.radius_nm", [0.3, 200.0], "0.3 to 200 nm")?;
        self.spread
            .check("particles.spread", [1e-3, 1.0], "0.001 to 1")?;
        self.height_ratio
            .check("particles.height_ratio", [0.05, 2.0], "0.05 to 2")?;
        check_share("particles.cylinders", self.cylinders)?;
        check_share("particles.full_spheres", self.full_spheres)?;
        if !self.modes.iter().all(|m| *m >= 0.0 && m.is_finite()) || self.modes == [0.0; 3] {
            return Err(crate::Error::Prior {
                key: "particles.modes",
                value: format!("{:?}", self.modes),
                expected: "three shares, none negative and one positive",
            });
        }
        Ok(())
    }

    /// One sample's particles, for a measured window that ends at `q_max` (nm^-1).
    ///
    /// # Errors
    /// If the prior leads to a distribution that is none.
    pub fn draw(&self, q_max: f64, rng: &mut impl Rng) -> Result<Particles> {
        let radius = self
            .radius_nm
            .within(self.min_radius_times_q / q_max, f64::MAX)
            .draw(rng);
        let height_ratio = self.height_ratio.draw(rng);
        let shape = if rng.random_bool(self.cylinders) {
            UprightShape::Cylinder { height_ratio }
        } else if rng.random_bool(self.full_spheres) {
            UprightShape::Segment { height_ratio: 2.0 }
        } else {
            UprightShape::Segment { height_ratio }
        };
        let sizes = SizeDistribution::new(self.components(radius, rng))?;
        Ok(Particles { shape, sizes })
    }

    fn components(&self, radius: f64, rng: &mut impl Rng) -> Vec<Component> {
        let [one, two, many] = self.modes;
        let pick = rng.random::<f64>() * (one + two + many);
        let kind = |rng: &mut _| {
            if Rng::random_bool(rng, 0.5) {
                Kind::Gaussian
            } else {
                Kind::LogNormal
            }
        };
        if pick < one {
            return vec![Component {
                kind: kind(rng),
                weight: 1.0,
                radius_nm: radius,
                spread: self.spread.draw(rng),
            }];
        }
        // Components share their width roughly, and their radii lie within a factor of
        // three: broader mixtures are seen as background or not at all.
        let count = if pick < one + two {
            2
        } else {
            rng.random_range(3..=5)
        };
        let narrow = self.spread.within(self.spread.min(), 0.35);
        let mut components: Vec<Component> = (0..count)
            .map(|_| Component {
                kind: Kind::Gaussian,
                weight: rng.random_range(0.1..1.0),
                radius_nm: radius * 3.0_f64.powf(rng.random::<f64>() - 0.5),
                spread: narrow.draw(rng),
            })
            .collect();
        // The prior on the radius is a prior on the mean.
        let total: f64 = components.iter().map(|c| c.weight).sum();
        let mean: f64 = components
            .iter()
            .map(|c| c.weight * c.radius_nm)
            .sum::<f64>()
            / total;
        for c in &mut components {
            c.radius_nm *= radius / mean;
        }
        components
    }
}
