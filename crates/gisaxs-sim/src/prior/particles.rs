//! Sizes and shapes of the particles.

use rand::distr::Distribution;

use crate::normal::StandardNormal;
use serde::{Deserialize, Serialize};

use gisaxs_physics::UprightShape;
use gisaxs_physics::elementary::{exp, powf};

use crate::range::check_share;
use crate::rng::{Quantity, Source};
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

/// Largest relative width of a component of a mixture: broader ones are one broad density.
const WIDEST_OF_A_MIXTURE: f64 = 0.35;

/// Ranges of [`Particles`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticlePrior {
    /// Mean radius, nm.
    pub radius_nm: Range,
    /// Relative width of a component; in mixtures, cut at 0.35.
    pub spread: Range,
    /// Height over radius.
    pub height_ratio: Range,
    /// Share of cylinders; the rest are spherical segments.
    pub cylinders: f64,
    /// Share of full spheres among the segments.
    pub full_spheres: f64,
    /// Share of distributions with a single component, of two, and of three to five; they are
    /// normalised to their sum.
    pub modes: [f64; 3],
    /// Share of log-normal densities among those of a single component.
    pub log_normal: f64,
    /// Share of Schulz-Zimm densities among those of a single component; the rest are normal.
    pub schulz_zimm: f64,
    /// Share of smooth densities of no formula, before `modes` are asked.
    pub free_form: f64,
    /// Smallest R q_max worth drawing: a particle whose form factor does not bend inside
    /// the measured window tells its size to nobody.
    pub min_radius_times_q: f64,
    /// Radii that stand for a distribution; if not given, as many as the window needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radii: Option<usize>,
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
            log_normal: 0.5,
            schulz_zimm: 0.0,
            free_form: 0.0,
            min_radius_times_q: 1.2,
            radii: None,
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
        check_share("particles.log_normal", self.log_normal)?;
        check_share("particles.schulz_zimm", self.schulz_zimm)?;
        check_share(
            "particles.log_normal + particles.schulz_zimm",
            self.log_normal + self.schulz_zimm,
        )?;
        check_share("particles.free_form", self.free_form)?;
        if self.radii.is_some_and(|n| !(1..=1500).contains(&n)) {
            return Err(crate::Error::Prior {
                key: "particles.radii",
                value: format!("{:?}", self.radii),
                expected: "1 to 1500",
            });
        }
        if !(self.min_radius_times_q >= 0.0 && self.min_radius_times_q <= 100.0) {
            return Err(crate::Error::Prior {
                key: "particles.min_radius_times_q",
                value: self.min_radius_times_q.to_string(),
                expected: "0 to 100",
            });
        }
        if !self.modes.iter().all(|m| *m >= 0.0 && m.is_finite()) || self.modes == [0.0; 3] {
            return Err(crate::Error::Prior {
                key: "particles.modes",
                value: format!("{:?}", self.modes),
                expected: "three shares, none negative and one positive",
            });
        }
        let mixed = self.modes[1] + self.modes[2] > 0.0 && self.free_form < 1.0;
        if mixed && self.spread.min() > WIDEST_OF_A_MIXTURE {
            return Err(crate::Error::Prior {
                key: "particles.spread",
                value: self.spread.to_string(),
                expected: "values up to 0.35, the limit of the components of a mixture, or particles.modes = [1.0, 0.0, 0.0]",
            });
        }
        Ok(())
    }

    /// Checks that windows that end at `q_max` (nm^-1) leave radii to draw.
    pub(super) fn check_window(&self, q_max: f64) -> Result<()> {
        self.radius_nm
            .require("particles.radius_nm", [self.least(q_max), f64::MAX], || {
                format!(
                    "radii of {:.4} nm or more: particles.min_radius_times_q = {} over the end of \
                     the window, {q_max:.4} nm^-1, which setup.min_window and the geometry decide",
                    self.least(q_max),
                    self.min_radius_times_q
                )
            })
    }

    /// Smallest radius worth drawing, nm.
    fn least(&self, q_max: f64) -> f64 {
        self.min_radius_times_q / q_max
    }

    /// Smallest and largest mean radius that can be drawn, nm. The radius that is drawn is the
    /// median of a log-normal density, whose mean is larger; cut at the smallest radius there is,
    /// broad normal ones have a larger mean as well.
    pub(super) fn mean_radii(&self) -> [f64; 2] {
        let largest = |kind, spread: f64| {
            let component = Component {
                kind,
                weight: 1.0,
                radius_nm: self.radius_nm.max(),
                spread: spread.min(self.spread.max()),
            };
            // One that cannot be built is refused where it is drawn.
            SizeDistribution::new(vec![component]).map_or(self.radius_nm.max(), |d| d.mean_nm())
        };
        let [one, two, many] = self.modes;
        let single = |kind, share: f64| {
            (one > 0.0 && share > 0.0 && self.free_form < 1.0).then(|| largest(kind, f64::MAX))
        };
        let normal = 1.0 - self.log_normal - self.schulz_zimm;
        let means = [
            single(Kind::LogNormal, self.log_normal),
            single(Kind::SchulzZimm, self.schulz_zimm),
            // Shares that add up to 1 may do so but for rounding.
            single(Kind::Gaussian, normal - 1e-9),
            (two + many > 0.0).then(|| largest(Kind::Gaussian, WIDEST_OF_A_MIXTURE)),
        ];
        let largest = means
            .into_iter()
            .flatten()
            .fold(self.radius_nm.max(), f64::max);
        [self.radius_nm.min(), largest]
    }

    /// One sample's particles, for a measured window that ends at `q_max` (nm^-1).
    ///
    /// # Errors
    /// If the window leaves no radius to draw, or the prior leads to a distribution that is none.
    pub fn draw(&self, q_max: f64, rng: &mut impl Source) -> Result<Particles> {
        self.check_window(q_max)?;
        let radius = self
            .radius_nm
            .within(self.least(q_max), f64::MAX)
            .quantile(rng.unit(Quantity::Radius));
        let height_ratio = self.height_ratio.quantile(rng.unit(Quantity::HeightRatio));
        let shape = if rng.chance(Quantity::Shape, self.cylinders) {
            UprightShape::Cylinder { height_ratio }
        } else if rng.random_bool(self.full_spheres) {
            UprightShape::Segment { height_ratio: 2.0 }
        } else {
            UprightShape::Segment { height_ratio }
        };
        // No draw where there is no choice, so that priors without free forms keep their streams.
        let sizes = if self.free_form > 0.0 && rng.random_bool(self.free_form) {
            self.free_form(radius, rng)?
        } else {
            SizeDistribution::new(self.components(radius, rng))?
        };
        let sizes = match self.radii {
            Some(count) => sizes.with_radii(count),
            None => sizes,
        };
        Ok(Particles { shape, sizes })
    }

    fn components(&self, radius: f64, rng: &mut impl Source) -> Vec<Component> {
        let [one, two, many] = self.modes;
        let pick = rng.unit(Quantity::SizeModes) * (one + two + many);
        if pick < one {
            let u: f64 = rng.random();
            let kind = if u < 1.0 - self.log_normal - self.schulz_zimm {
                Kind::Gaussian
            } else if u < 1.0 - self.schulz_zimm {
                Kind::LogNormal
            } else {
                Kind::SchulzZimm
            };
            return vec![Component {
                kind,
                weight: 1.0,
                radius_nm: radius,
                spread: self.spread.quantile(rng.unit(Quantity::Spread)),
            }];
        }
        // Components share their width roughly, and their radii lie within a factor of
        // three: broader mixtures are seen as background or not at all.
        let count = if pick < one + two {
            2
        } else {
            rng.random_range(3..=5)
        };
        let narrow = self.spread.within(self.spread.min(), WIDEST_OF_A_MIXTURE);
        let mut components: Vec<Component> = (0..count)
            .map(|_| Component {
                kind: Kind::Gaussian,
                weight: rng.random_range(0.1..1.0),
                radius_nm: radius * powf(3.0_f64, rng.random::<f64>() - 0.5),
                spread: narrow.quantile(rng.unit(Quantity::Spread)),
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

    /// A smooth density with bumps and shoulders: its logarithm is a broad parabola in ln R plus
    /// a random walk over a few knots, through which a smooth curve goes.
    fn free_form(&self, radius: f64, rng: &mut impl Source) -> Result<SizeDistribution> {
        /// Half of the range in units of the spread; the density has fallen to exp(-4.5) there.
        const REACH: f64 = 3.0;
        /// Step of the random walk of the logarithm.
        const STEP: f64 = 0.9;
        let spread = self.spread.quantile(rng.unit(Quantity::Spread));
        let count = rng.random_range(7..=12_u32);
        let mut walk = 0.0;
        let mut knots: Vec<[f64; 2]> = (0..count)
            .map(|i| {
                let z: f64 = StandardNormal.sample(rng);
                walk += STEP * z;
                let t = REACH * (2.0 * f64::from(i) / f64::from(count - 1) - 1.0);
                [radius * exp(spread * t), walk - 0.5 * t * t]
            })
            .collect();
        // The prior on the radius is a prior on the mean.
        let scale = radius / SizeDistribution::free_form(knots.clone())?.mean_nm();
        knots.iter_mut().for_each(|knot| knot[0] *= scale);
        SizeDistribution::free_form(knots)
    }
}
