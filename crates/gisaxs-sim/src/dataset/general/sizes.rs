//! Size distributions of a described particle: one component, a mixture, or a density of no formula.

use serde::Deserialize;

use super::refusal::Refusal;
use crate::range::Bell;
use crate::{Component, Kind, Range, SizeDistribution};

/// All lengths of the particle scale with a factor, in one of three forms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    /// One component whose mean (log-normal: median) is the particle as given.
    kind: Option<Kind>,
    /// Its standard deviation over radius (log-normal: of the logarithm).
    spread: Option<f64>,
    /// One to five components.
    mixture: Option<Vec<Mode>>,
    /// Pairs of a factor and the logarithm of the density there.
    free_form: Option<Vec<[f64; 2]>>,
    /// Radii that stand for the distribution.
    #[serde(default = "fifteen")]
    radii: usize,
    /// One length that follows the radius only in part.
    pub(super) joint: Option<Joint>,
}

fn fifteen() -> usize {
    15
}

/// A component of a mixture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    kind: Kind,
    #[serde(default = "one")]
    weight: f64,
    /// Mean (log-normal: median) over the radius of the particle as given.
    #[serde(default = "one")]
    factor: f64,
    spread: f64,
}

fn one() -> f64 {
    1.0
}

/// A joint normal distribution of the radius and one other length: its relative standard
/// deviation and its correlation with the radius.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joint {
    pub(super) parameter: String,
    spread: f64,
    correlation: f64,
}

/// Values that stand for the conditional distribution of the second length.
pub(super) const JOINT_NODES: usize = 7;
/// Most components of a mixture.
const MOST_MODES: usize = 5;
/// Most radii that stand for a distribution.
const MOST_RADII: usize = 1500;

/// One of the radii that stand for a distribution.
pub(super) struct Node {
    /// Its radius over that of the particle as given.
    pub(super) factor: f64,
    /// Share of the particles.
    pub(super) weight: f64,
    /// Standard deviations off the centre of the distribution.
    pub(super) score: f64,
}

impl Sizes {
    /// Radii that stand for the distribution around `radius` (nm); `path` is that of the table.
    pub(super) fn nodes(&self, radius: f64, path: &str) -> Result<Vec<Node>, Refusal> {
        let refused = |error: crate::Error| Refusal::built(path, error);
        if !(1..=MOST_RADII).contains(&self.radii) {
            return Err(Refusal::value(
                format!("{path}.radii"),
                self.radii.to_string(),
                format!("1 to {MOST_RADII}"),
            ));
        }
        let form = (self.kind, self.spread, &self.mixture, &self.free_form);
        let (distribution, centre) = match form {
            (Some(kind), Some(spread), None, None) => {
                let components = vec![Component {
                    kind,
                    weight: 1.0,
                    radius_nm: radius,
                    spread,
                }];
                let distribution = SizeDistribution::new(components).map_err(refused)?;
                (distribution, Some(spread))
            }
            (None, None, Some(modes), None) if (1..=MOST_MODES).contains(&modes.len()) => {
                let components = modes.iter().map(|mode| Component {
                    kind: mode.kind,
                    weight: mode.weight,
                    radius_nm: radius * mode.factor,
                    spread: mode.spread,
                });
                let distribution = SizeDistribution::new(components.collect());
                (distribution.map_err(refused)?, None)
            }
            (None, None, None, Some(knots)) => {
                let knots = knots.iter().map(|[factor, ln]| [radius * factor, *ln]);
                let distribution = SizeDistribution::free_form(knots.collect());
                (distribution.map_err(refused)?, None)
            }
            _ => {
                let given = [
                    ("kind", self.kind.is_some()),
                    ("spread", self.spread.is_some()),
                    ("mixture", self.mixture.is_some()),
                    ("free_form", self.free_form.is_some()),
                ];
                let given: Vec<&str> = given.iter().filter(|g| g.1).map(|g| g.0).collect();
                return Err(Refusal::value(
                    path,
                    format!("{given:?}"),
                    "kind and spread, or a mixture of 1 to 5 components, or free_form",
                ));
            }
        };
        let (mean, std) = (distribution.mean_nm(), distribution.std_nm());
        let (radii, weights) = distribution.equal_cells(self.radii);
        let nodes = radii.into_iter().zip(weights).map(|(r, weight)| {
            let factor = r / radius;
            let score = match centre {
                Some(spread) => (factor - 1.0) / spread,
                None => (r - mean) / std,
            };
            Node {
                factor,
                weight,
                score,
            }
        });
        Ok(nodes.collect())
    }
}

impl Joint {
    /// Equally likely factors of the second length where the radius lies `score` standard
    /// deviations off its mean.
    pub(super) fn factors(&self, score: f64, path: &str) -> Result<Vec<f64>, Refusal> {
        let fine = self.spread > 0.0 && self.spread <= 1.0 && self.correlation.abs() <= 1.0;
        let centre = 1.0 + self.correlation * self.spread * score;
        if !fine || centre <= 0.0 {
            return Err(Refusal::value(
                format!("{path}.joint"),
                format!("spread {}, correlation {}", self.spread, self.correlation),
                "a spread above 0, at most 1, and a correlation from -1 to 1 that keep lengths positive",
            ));
        }
        let spread = self.spread * (1.0 - self.correlation * self.correlation).sqrt();
        if spread == 0.0 {
            return Ok(vec![centre; JOINT_NODES]);
        }
        let range = Range::Normal(Bell {
            centre,
            spread,
            min: Some((centre - 3.0 * spread).max(0.05 * centre)),
            max: Some(centre + 3.0 * spread),
        });
        Ok((0..JOINT_NODES)
            .map(|i| range.quantile((i as f64 + 0.5) / JOINT_NODES as f64))
            .collect())
    }
}
