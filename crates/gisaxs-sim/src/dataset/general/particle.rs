//! Particles of a described sample: a shape by name, a material, a distribution of sizes.

use std::collections::BTreeMap;
use std::sync::Arc;

use gisaxs_physics::{Axis, FormFactor, Material, Particle, Rotation, ShapeInfo, shapes};
use serde::Deserialize;

use super::coverage::{Area, Turned};
use super::refusal::Refusal;
use super::sizes::{JOINT_NODES, Sizes};

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
    #[serde(default)]
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

impl Turn {
    fn axis_and_angle(&self) -> (Axis, f64) {
        let axis = match self.axis {
            AxisName::X => Axis::X,
            AxisName::Y => Axis::Y,
            AxisName::Z => Axis::Z,
        };
        (axis, self.angle_deg.to_radians())
    }
}

/// One of the particles that stand for a described one.
pub(super) struct Member {
    pub(super) particle: Particle,
    /// How many, relative to the other particles of the population.
    pub(super) weight: f64,
    /// Area that it takes of the surface, nm^2.
    pub(super) area_nm2: f64,
}

impl ParticleSpec {
    /// Particles that stand for this one; `path` is that of its table.
    pub(super) fn members(
        &self,
        energy_kev: f64,
        area: Area,
        path: &str,
    ) -> Result<Vec<Member>, Refusal> {
        let given = self.shape(1.0, None, path)?;
        let turns: Vec<(Axis, f64)> = self.rotations.iter().map(Turn::axis_and_angle).collect();
        let turned = Turned::new(given.as_ref(), &turns);
        // Shadows follow their rectangles where all lengths scale, or one stretches.
        let filled = match area {
            Area::Rectangle => 1.0,
            Area::Shadow => turned.shadow() / turned.rectangle(),
        };
        let member = |factor: f64, own: Option<(&str, f64)>, weight: f64| {
            let shape = self.shape(factor, own, path)?;
            let area_nm2 = filled * Turned::new(shape.as_ref(), &turns).rectangle();
            Ok(Member {
                particle: self.particle(energy_kev, shape, factor, path)?,
                weight,
                area_nm2,
            })
        };
        let Some(sizes) = &self.sizes else {
            return Ok(vec![member(1.0, None, self.weight)?]);
        };
        let path = &format!("{path}.sizes");
        let radius = self
            .particle(energy_kev, given.clone(), 1.0, path)?
            .radius();
        let mut members = Vec::new();
        for node in sizes.nodes(radius, path)? {
            match &sizes.joint {
                None => members.push(member(node.factor, None, self.weight * node.weight)?),
                Some(joint) => {
                    let weight = self.weight * node.weight / JOINT_NODES as f64;
                    for length in joint.factors(node.score, path)? {
                        let own = Some((joint.parameter.as_str(), length));
                        members.push(member(node.factor, own, weight)?);
                    }
                }
            }
        }
        Ok(members)
    }

    fn info(&self, path: &str) -> Result<&'static ShapeInfo, Refusal> {
        let info = shapes().iter().find(|s| s.name == self.shape);
        info.ok_or_else(|| Refusal::Name {
            key: format!("{path}.shape"),
            name: self.shape.clone(),
            known: shapes().iter().map(|s| s.name.to_owned()).collect(),
        })
    }

    /// The shape with all lengths times `factor`, but for the parameter in `own`, which has a
    /// factor of its own.
    fn shape(
        &self,
        factor: f64,
        own: Option<(&str, f64)>,
        path: &str,
    ) -> Result<Arc<dyn FormFactor>, Refusal> {
        let info = self.info(path)?;
        let known = |name: &str| info.parameters.iter().find(|p| p.name == name);
        let unknown = |prefix: String, name: &str| Refusal::Unknown {
            prefix,
            name: name.to_owned(),
            known: info.parameters.iter().map(|p| p.name.to_owned()).collect(),
        };
        if let Some((name, _)) = own
            && known(name).is_none()
        {
            return Err(unknown(format!("{path}.sizes.joint.parameter = "), name));
        }
        let mut parameters: Vec<(&str, f64)> = Vec::new();
        for (name, value) in &self.parameters {
            let unit = known(name)
                .ok_or_else(|| unknown(format!("{path}.parameters."), name))?
                .unit;
            let scale = match own {
                Some((length, factor)) if length == name => factor,
                _ if unit == "nm" => factor,
                _ => 1.0,
            };
            parameters.push((name.as_str(), value * scale));
        }
        let shape = gisaxs_physics::shape(&self.shape, &parameters);
        Ok(shape
            .map_err(|e| Refusal::built(format!("{path}.parameters"), e))?
            .into())
    }

    /// The particle of this shape, with everything but the shape times `factor`.
    fn particle(
        &self,
        energy_kev: f64,
        shape: Arc<dyn FormFactor>,
        factor: f64,
        path: &str,
    ) -> Result<Particle, Refusal> {
        let index = Material::resolve(&self.material, self.density_g_cm3)
            .and_then(|material| material.index(energy_kev))
            .map_err(|e| Refusal::built(format!("{path}.material"), e))?;
        let mut particle = Particle::from_shape(shape, index);
        if let Some(core) = &self.core {
            let path = format!("{path}.core");
            let shape = core.shape(factor, None, &path)?;
            let core = core.particle(energy_kev, shape, factor, &path)?;
            particle = Particle::core_shell(core, particle);
        }
        for turn in &self.rotations {
            let (axis, angle_rad) = turn.axis_and_angle();
            particle = particle.rotated(Rotation::about(axis, angle_rad));
        }
        Ok(particle.translated(self.shift_nm.map(|x| x * factor)))
    }
}
