//! Spacing and disorder of the particles.

use serde::{Deserialize, Serialize};

use crate::range::check_share;
use crate::rng::{Quantity, Source};
use crate::{Range, Result};
use gisaxs_physics::elementary::{exp, exp_m1, sin};

/// How positions and sizes go together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorrelationModel {
    /// Sizes and positions are independent.
    Decoupling,
    /// Distances grow with the size of the neighbours, by `kappa` per radius.
    SizeSpacing {
        /// Coupling constant.
        kappa: f64,
    },
    /// Every particle sees neighbours of its own size.
    LocalMonodisperse,
}

/// Radial paracrystal: distances to the next neighbour are normal, D +- sigma_D.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// Mean centre-to-centre distance D, nm.
    pub distance_nm: f64,
    /// sigma_D / D.
    pub disorder: f64,
    /// Coupling of sizes and positions.
    pub model: CorrelationModel,
    /// Share of the particles that keep this distance; the rest, a second population of the
    /// same particles, lie at random (on top of a layer, between domains). Always 1 with
    /// [`CorrelationModel::SizeSpacing`].
    #[serde(default = "all")]
    pub ordered: f64,
}

fn all() -> f64 {
    1.0
}

/// Ranges of [`Correlation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorrelationPrior {
    /// D, nm.
    pub distance_nm: Range,
    /// Smallest and largest D over the mean radius; particles do not overlap. The largest is
    /// widened for small particles, see `small_particle_reach`.
    pub distance_over_radius: [f64; 2],
    /// The upper limit of D is at least this many times the lower end of `distance_nm`: particles
    /// so small that `distance_over_radius` reaches that end hardly or not at all keep a choice.
    /// 0 for no such widening.
    pub small_particle_reach: f64,
    /// sigma_D / D. With a log-uniform range, half of the draws are uniform in it.
    pub disorder: Range,
    /// Share of samples with size-spacing correlation.
    pub size_spacing: f64,
    /// Share of samples in the local monodisperse approximation.
    pub local_monodisperse: f64,
    /// Coupling constant of size-spacing correlation.
    pub kappa: Range,
    /// Share of samples in which some of the particles lie at random.
    pub partly_ordered: f64,
    /// Share of the particles that keep their distance in such a sample.
    pub ordered: Range,
}

impl Default for CorrelationPrior {
    fn default() -> Self {
        Self {
            distance_nm: Range::LogUniform([3.0, 80.0]),
            distance_over_radius: [2.05, 12.0],
            small_particle_reach: 3.0,
            disorder: Range::LogUniform([0.03, 0.5]),
            size_spacing: 0.04,
            local_monodisperse: 0.04,
            kappa: Range::Uniform([0.2, 1.5]),
            partly_ordered: 0.5,
            ordered: Range::Uniform([0.4, 1.0]),
        }
    }
}

impl CorrelationPrior {
    pub(super) fn validate(&self) -> Result<()> {
        self.distance_nm
            .check("correlation.distance_nm", [0.5, 1e4], "0.5 to 10000 nm")?;
        self.disorder
            .check("correlation.disorder", [1e-3, 1.0], "0.001 to 1")?;
        check_share("correlation.partly_ordered", self.partly_ordered)?;
        self.ordered
            .check("correlation.ordered", [0.0, 1.0], "0 to 1")?;
        self.kappa
            .check("correlation.kappa", [0.0, 4.0], "0 to 4")?;
        check_share("correlation.size_spacing", self.size_spacing)?;
        check_share("correlation.local_monodisperse", self.local_monodisperse)?;
        check_share(
            "correlation.size_spacing + correlation.local_monodisperse",
            self.size_spacing + self.local_monodisperse,
        )?;
        let [low, high] = self.distance_over_radius;
        if !(low >= 2.0 && low < high && high.is_finite()) {
            return Err(crate::Error::Prior {
                key: "correlation.distance_over_radius",
                value: format!("[{low}, {high}]"),
                expected: "two ascending factors from 2 on: closer particles overlap",
            });
        }
        let reach = self.small_particle_reach;
        if !(reach == 0.0 || (1.0..=1000.0).contains(&reach)) {
            return Err(crate::Error::Prior {
                key: "correlation.small_particle_reach",
                value: reach.to_string(),
                expected: "0, or 1 to 1000",
            });
        }
        Ok(())
    }

    /// Coupling model of a sample.
    pub fn draw_model(&self, rng: &mut impl Source) -> CorrelationModel {
        let u = rng.unit(Quantity::CorrelationModel);
        if u < self.size_spacing {
            CorrelationModel::SizeSpacing {
                kappa: self.kappa.draw(rng),
            }
        } else if u < self.size_spacing + self.local_monodisperse {
            CorrelationModel::LocalMonodisperse
        } else {
            CorrelationModel::Decoupling
        }
    }

    /// Smallest and largest D (nm) for particles of this mean radius R, before `distance_nm`
    /// itself: f_0 R, and the larger of f_1 R and `small_particle_reach` times the lower end of
    /// `distance_nm`, with f = `distance_over_radius`.
    #[must_use]
    pub fn limits(&self, mean_radius_nm: f64) -> [f64; 2] {
        let [low, high] = self.distance_over_radius.map(|f| f * mean_radius_nm);
        [
            low,
            high.max(self.small_particle_reach * self.distance_nm.min()),
        ]
    }

    /// Checks that there are distances to draw for particles of this mean radius.
    ///
    /// # Errors
    /// [`crate::Error::Conditional`] if `distance_over_radius` leaves nothing of `distance_nm`.
    pub fn check_spacing(&self, mean_radius_nm: f64) -> Result<()> {
        let [low, high] = self.limits(mean_radius_nm);
        self.distance_nm
            .require("correlation.distance_nm", [low, high], || {
                format!(
                    "distances between {low:.4} and {high:.4} nm: \
                     correlation.distance_over_radius = {:?} times the mean radius, \
                     {mean_radius_nm:.4} nm (particles.radius_nm), with \
                     correlation.small_particle_reach = {}",
                    self.distance_over_radius, self.small_particle_reach
                )
            })
    }

    /// Checks that there are distances for all mean radii between two (nm).
    pub(super) fn check_radii(&self, [smallest, largest]: [f64; 2]) -> Result<()> {
        // A density without holes is enough at the ends, a choice of values is not.
        const STEPS: u32 = 400;
        for i in 0..=STEPS {
            let t = f64::from(i) / f64::from(STEPS);
            self.check_spacing(smallest * (1.0 - t) + largest * t)?;
        }
        Ok(())
    }

    /// Spacing and disorder of particles of the given mean radius, for which
    /// [`check_spacing`](Self::check_spacing) finds distances; otherwise the nearest there is.
    pub fn draw(
        &self,
        mean_radius_nm: f64,
        model: CorrelationModel,
        rng: &mut impl Source,
    ) -> Correlation {
        let [low, high] = self.limits(mean_radius_nm);
        let distance_nm = self
            .distance_nm
            .within(low, high)
            .quantile(rng.unit(Quantity::Distance));
        // Half the draws uniform in sigma_D / D: what nature makes is mostly disordered.
        let linear = matches!(self.disorder, Range::LogUniform(_)) && rng.random_bool(0.5);
        let u = rng.unit(Quantity::Disorder);
        let disorder = if linear {
            Range::Uniform([self.disorder.min(), self.disorder.max()]).quantile(u)
        } else {
            self.disorder.quantile(u)
        };
        let is_partly_ordered = rng.random_bool(self.partly_ordered);
        let ordered = if is_partly_ordered && !matches!(model, CorrelationModel::SizeSpacing { .. })
        {
            self.ordered.draw(rng)
        } else {
            1.0
        };
        Correlation {
            distance_nm,
            disorder,
            model,
            ordered,
        }
    }
}

impl Correlation {
    /// f(q) = phi(q) exp(i q D) with phi(q) = exp(-q^2 sigma_D^2 / 2), from its modulus and phase.
    #[inline]
    #[must_use]
    pub fn modulus_and_phase(&self, q: f64) -> (f64, f64) {
        let x = q * self.distance_nm * self.disorder;
        (exp(-0.5 * x * x), q * self.distance_nm)
    }

    /// S(q_par) = 1 + ordered (S_p - 1), with the radial paracrystal without finite-size damping,
    /// S_p = (1 - phi^2) / (1 - 2 phi cos(q D) + phi^2). Populations without correlation to each
    /// other add their intensities, each with its share of the particles.
    #[inline]
    #[must_use]
    pub fn structure_factor(&self, q: f64) -> f64 {
        let x = q * self.distance_nm * self.disorder;
        let gap = -exp_m1(-0.5 * x * x); // 1 - phi, without cancellation at small q
        let phi = 1.0 - gap;
        let top = gap * (1.0 + phi);
        let half = sin(0.5 * q * self.distance_nm);
        // 1 - 2 phi cos + phi^2 = (1 - phi)^2 + 4 phi sin^2(phase / 2).
        let bottom = gap * gap + 4.0 * phi * half * half;
        let paracrystal = if bottom == 0.0 { 0.0 } else { top / bottom };
        1.0 + self.ordered * (paracrystal - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_factor_is_that_of_the_chain() {
        let c = Correlation {
            distance_nm: 10.0,
            disorder: 0.2,
            model: CorrelationModel::Decoupling,
            ordered: 1.0,
        };
        for q in [0.01, 0.3, 0.62, 1.5, 4.0] {
            let (phi, phase) = c.modulus_and_phase(q);
            let f = gisaxs_physics::Complex64::from_polar(phi, phase);
            let s = ((1.0 + f) / (1.0 - f)).re;
            assert!(
                (c.structure_factor(q) - s).abs() < 1e-9 * s.max(1.0),
                "q {q}"
            );
        }
        // Far out the particles are uncorrelated.
        assert!((c.structure_factor(10.0) - 1.0).abs() < 1e-9);
    }
}
