//! Particles of a described sample: a shape by name, a material, a distribution of sizes.

use std::collections::BTreeMap;

use gisaxs_physics::{Axis, Material, Particle, Result, Rotation, shapes};
use serde::Deserialize;

use crate::range::Bell;
use crate::{Component, Kind, Range, SizeDistribution};

/// A particle as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParticleSpec {
    /// How many, relative to the other particles of the population.
    #[serde(default = "one")]
    weight: f64,
    shape: String,
    material: String,
    density_g_cm3: Option<f64>,
    /// Parameters of the shape by name.
    parameters: BTreeMap<String, f64>,
    #[serde(default)]
    rotations: Vec<Turn>,
    #[serde(default)]
    shift_nm: [f64; 3],
    /// A particle inside, placed relative to the origin of this one.
    core: Option<Box<ParticleSpec>>,
    sizes: Option<Sizes>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    axis: AxisName,
    angle_deg: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AxisName {
    X,
    Y,
    Z,
}

/// All lengths of the particle scale with a factor of mean (log-normal: median) 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    kind: Kind,
    /// Standard deviation over radius (log-normal: of the logarithm).
    spread: f64,
    /// Radii that stand for the distribution.
    #[serde(default = "fifteen")]
    radii: usize,
    /// One length that follows the radius only in part.
    joint: Option<Joint>,
}

fn fifteen() -> usize {
    15
}

/// A joint normal distribution of the radius and one other length: its relative standard
/// deviation and its correlation with the radius.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Joint {
    parameter: String,
    spread: f64,
    correlation: f64,
}

/// Values that stand for the conditional distribution of the second length.
const JOINT_NODES: usize = 7;

impl ParticleSpec {
    /// Particles and weights that stand for this one.
    pub(super) fn members(&self, energy_kev: f64) -> Result<Vec<(Particle, f64)>> {
        let Some(sizes) = &self.sizes else {
            return Ok(vec![(self.particle(energy_kev, 1.0, None)?, self.weight)]);
        };
        let refused = |error: crate::Error| match error {
            crate::Error::Physics(error) => error,
            crate::Error::SizeDistribution {
                parameter,
                value,
                expected,
            } => gisaxs_physics::Error::Parameter {
                name: parameter,
                value,
                unit: "",
                allowed: expected,
            },
            crate::Error::Conditional { key, .. } => gisaxs_physics::Error::Parameter {
                name: key,
                value: sizes.spread,
                unit: "",
                allowed: "a spread that leaves something to draw",
            },
            crate::Error::Prior { key, expected, .. } => gisaxs_physics::Error::Parameter {
                name: key,
                value: sizes.joint.as_ref().map_or(f64::NAN, |j| j.spread),
                unit: "",
                allowed: expected,
            },
        };
        let radius = self.particle(energy_kev, 1.0, None)?.radius();
        let distribution = SizeDistribution::new(vec![Component {
            kind: sizes.kind,
            weight: 1.0,
            radius_nm: radius,
            spread: sizes.spread,
        }])
        .map_err(refused)?;
        let (radii, weights) = distribution.equal_cells(sizes.radii);
        let mut members = Vec::new();
        for (r, weight) in radii.into_iter().zip(weights) {
            let factor = r / radius;
            match &sizes.joint {
                None => {
                    let particle = self.particle(energy_kev, factor, None)?;
                    members.push((particle, self.weight * weight));
                }
                Some(joint) => {
                    for length in joint
                        .factors((factor - 1.0) / sizes.spread)
                        .map_err(refused)?
                    {
                        let own = Some((joint.parameter.as_str(), length));
                        let particle = self.particle(energy_kev, factor, own)?;
                        members.push((particle, self.weight * weight / JOINT_NODES as f64));
                    }
                }
            }
        }
        Ok(members)
    }

    /// The particle with all lengths times `factor`, except that of the parameter in `own`.
    fn particle(&self, energy_kev: f64, factor: f64, own: Option<(&str, f64)>) -> Result<Particle> {
        let info = shapes().iter().find(|s| s.name == self.shape);
        let unit = |name: &str| {
            info.and_then(|i| i.parameters.iter().find(|p| p.name == name))
                .map_or("", |p| p.unit)
        };
        if let Some((name, _)) = own
            && !self.parameters.contains_key(name)
        {
            return Err(gisaxs_physics::Error::UnknownShapeParameter {
                shape: info.map_or("", |i| i.name),
                name: name.to_owned(),
            });
        }
        let parameters: Vec<(&str, f64)> = self
            .parameters
            .iter()
            .map(|(name, value)| {
                let scale = match own {
                    Some((length, factor)) if length == name => factor,
                    _ if unit(name) == "nm" => factor,
                    _ => 1.0,
                };
                (name.as_str(), value * scale)
            })
            .collect();
        let index = Material::resolve(&self.material, self.density_g_cm3)?.index(energy_kev)?;
        let shape = gisaxs_physics::shape(&self.shape, &parameters)?;
        let mut particle = Particle::from_shape(shape.into(), index);
        if let Some(core) = &self.core {
            particle = Particle::core_shell(core.particle(energy_kev, factor, None)?, particle);
        }
        for turn in &self.rotations {
            let axis = match turn.axis {
                AxisName::X => Axis::X,
                AxisName::Y => Axis::Y,
                AxisName::Z => Axis::Z,
            };
            particle = particle.rotated(Rotation::about(axis, turn.angle_deg.to_radians()));
        }
        Ok(particle.translated(self.shift_nm.map(|x| x * factor)))
    }
}

impl Joint {
    /// Equally likely factors of the second length where the radius lies `score` standard
    /// deviations off its mean.
    fn factors(&self, score: f64) -> crate::Result<Vec<f64>> {
        const KEY: &str = "sizes.joint";
        let fine = self.spread > 0.0 && self.spread <= 1.0 && self.correlation.abs() <= 1.0;
        let centre = 1.0 + self.correlation * self.spread * score;
        if !fine || centre <= 0.0 {
            return Err(crate::Error::Prior {
                key: KEY,
                value: format!("spread {}, correlation {}", self.spread, self.correlation),
                expected: "a spread above 0, at most 1, and a correlation from -1 to 1 that keep lengths positive",
            });
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
