//! From a description and the values of its parameters to layers and particles.

use gisaxs_physics as physics;
use physics::{Beam, Layer, Multilayer, Population, RoughInterfaces, SelfAffine};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::coverage::{Area, density_per_nm2};
use super::particle::{Member, ParticleSpec};
use super::refusal::Refusal;
use super::{Description, Drawn, LayerSpec, Placement, PopulationSpec, Purpose, fill};

/// Spatial frequency beyond which height spectra end, nm^-1: an atom.
const MAX_FREQUENCY: f64 = 5.0;

/// A table of the template with numbers in the place of references; `path` is its own.
fn filled<T: DeserializeOwned>(
    template: &Value,
    values: &[(&str, f64)],
    path: &str,
) -> Result<T, Refusal> {
    let value = fill(template, values, path)?;
    serde_json::from_value(value).map_err(|e| Refusal::built(path, e))
}

/// The sample of a description with these values of its parameters.
pub(super) fn sample(
    description: &Description,
    values: &[(&str, f64)],
    beam: &Beam,
    purpose: Purpose,
) -> Result<Drawn, Refusal> {
    // Most samples are far from overlaps, and the rectangles around shadows show it at no cost.
    let bounded = attempt(description, values, beam, purpose, Area::Rectangle);
    bounded.or_else(|_| attempt(description, values, beam, purpose, Area::Shadow))
}

fn attempt(
    description: &Description,
    values: &[(&str, f64)],
    beam: &Beam,
    purpose: Purpose,
    area: Area,
) -> Result<Drawn, Refusal> {
    let (layers, profiles, materials) = layers(description, values, beam)?;
    let mut sizes = Vec::new();
    let mut populations = Vec::new();
    // Shares of the surfaces and films that particles take, with the layer and place of each.
    let mut taken: Vec<(usize, Placement, f64)> = Vec::new();
    for (i, template) in description.populations.iter().enumerate() {
        let path = format!("sample.populations[{i}]");
        let spec: PopulationSpec = filled(template, values, &path)?;
        let refused = |key: &str| {
            let path = format!("{path}{key}");
            move |e: physics::Error| Refusal::built(path.clone(), e)
        };
        let mut members: Vec<Member> = Vec::new();
        for (j, particle) in spec.particles.iter().enumerate() {
            let path = format!("{path}.particles[{j}]");
            let spec: ParticleSpec = filled(particle, values, &path)?;
            members.extend(spec.members(beam.energy_kev(), area, &path)?);
        }
        let correlation = spec.structure.correlation(purpose);
        let correlation = correlation.map_err(refused(".structure"))?;
        let coverage = spec.coverage.unwrap_or(1.0);
        let share = Share::new(&members, coverage * density_per_nm2(&correlation));
        let thickness_nm = layers.get(spec.layer).map_or(0.0, |l| l.thickness_nm);
        let own = share.of(spec.placement, thickness_nm);
        let before = taken
            .iter()
            .filter(|t| (t.0, t.1) == (spec.layer, spec.placement));
        let all = own + before.map(|t| t.2).sum::<f64>();
        // Not below 1 includes NaN.
        if all.partial_cmp(&1.0) != Some(std::cmp::Ordering::Less) {
            return Err(share.refusal(&path, spec.placement, [own, all], values));
        }
        taken.push((spec.layer, spec.placement, own));
        let placement = match spec.placement {
            Placement::Bottom => physics::Placement::Bottom,
            Placement::Top => physics::Placement::Top,
            Placement::Throughout => physics::Placement::Throughout,
        };
        let mut population = Population::new(spec.layer, placement, correlation)
            .with_coverage(coverage)
            .map_err(refused(".coverage"))?;
        let total: f64 = members.iter().map(|m| m.weight).sum();
        for Member {
            particle, weight, ..
        } in members
        {
            if populations.is_empty() {
                sizes.push([particle.radius(), particle.volume(), weight / total]);
            }
            population = population
                .with(particle, weight)
                .map_err(refused(".particles"))?;
        }
        populations.push(population);
    }
    let stack = Multilayer::new(layers).map_err(|e| Refusal::built("sample.layers", e))?;
    let mut sample = physics::Sample::new(stack, populations)
        .map_err(|e| Refusal::built("sample.populations", e))?;
    if profiles.iter().any(Option::is_some) {
        let key = "sample.vertical_correlation_nm";
        let depth = description.vertical_correlation_nm.as_ref();
        let rough = RoughInterfaces {
            profiles,
            vertical_correlation_nm: depth.map(|v| filled(v, values, key)).transpose()?,
        };
        sample = sample
            .with_diffuse_scattering(rough)
            .map_err(|e| Refusal::built("sample.layers", e))?;
    } else if description.vertical_correlation_nm.is_some() {
        return Err(Refusal::value(
            "sample.vertical_correlation_nm",
            "given",
            "layers with hurst and correlation_nm, whose heights it correlates",
        ));
    }
    Ok(Drawn {
        sample,
        sizes,
        materials,
    })
}

/// Layers from the vacuum down, the height profiles of those that scatter diffusely, and the names of
/// the materials below the vacuum.
#[allow(clippy::type_complexity)]
fn layers(
    description: &Description,
    values: &[(&str, f64)],
    beam: &Beam,
) -> Result<(Vec<Layer>, Vec<Option<SelfAffine>>, Vec<String>), Refusal> {
    let vacuum = Layer::semi_infinite(physics::RefractiveIndex::VACUUM);
    let (mut layers, mut profiles) = (vec![vacuum], vec![None]);
    let mut materials = Vec::new();
    for (i, template) in description.layers.iter().enumerate() {
        let path = format!("sample.layers[{i}]");
        let spec: LayerSpec = filled(template, values, &path)?;
        let index = physics::Material::resolve(&spec.material, spec.density_g_cm3)
            .and_then(|material| material.index(beam.energy_kev()))
            .map_err(|e| Refusal::built(format!("{path}.material"), e))?;
        let roughness = physics::Roughness::erf(spec.roughness_nm)
            .map_err(|e| Refusal::built(format!("{path}.roughness_nm"), e))?;
        layers.push(Layer::new(index, spec.thickness_nm).with_roughness(roughness));
        profiles.push(match (spec.hurst, spec.correlation_nm) {
            (Some(hurst), Some(correlation_nm)) => Some(SelfAffine {
                sigma_nm: spec.roughness_nm,
                hurst,
                correlation_nm,
                max_frequency_per_nm: MAX_FREQUENCY,
            }),
            (None, None) => None,
            (hurst, _) => {
                let (given, lacking) = match hurst {
                    Some(_) => ("hurst", "correlation_nm"),
                    None => ("correlation_nm", "hurst"),
                };
                return Err(Refusal::value(
                    path,
                    format!("{given} without {lacking}"),
                    "both, for an interface that scatters diffusely, or none",
                ));
            }
        });
        materials.push(spec.material);
    }
    Ok((layers, profiles, materials))
}

/// How much of its place a population takes.
struct Share {
    density_per_nm2: f64,
    /// Of a particle, mean by number.
    area_nm2: f64,
    volume_nm3: f64,
}

impl Share {
    fn new(members: &[Member], density_per_nm2: f64) -> Self {
        let total: f64 = members.iter().map(|m| m.weight).sum();
        let mean = |of: &dyn Fn(&Member) -> f64| {
            members.iter().map(|m| m.weight * of(m)).sum::<f64>() / total
        };
        if total == 0.0 {
            // Nothing is there.
            return Self {
                density_per_nm2,
                area_nm2: 0.0,
                volume_nm3: 0.0,
            };
        }
        Self {
            density_per_nm2,
            area_nm2: mean(&|m| m.area_nm2),
            volume_nm3: mean(&|m| m.particle.volume()),
        }
    }

    /// Share of the surface, or of the volume of a film in which the particles are anywhere.
    fn of(&self, placement: Placement, thickness_nm: f64) -> f64 {
        match placement {
            Placement::Bottom | Placement::Top => self.density_per_nm2 * self.area_nm2,
            // Without a film, physics refuses the placement.
            Placement::Throughout if thickness_nm <= 0.0 => 0.0,
            Placement::Throughout => self.density_per_nm2 * self.volume_nm3 / thickness_nm,
        }
    }

    fn refusal(
        &self,
        path: &str,
        placement: Placement,
        [own, all]: [f64; 2],
        values: &[(&str, f64)],
    ) -> Refusal {
        let (what, mean) = match placement {
            Placement::Throughout => ("volume", format!("volume of {:.4} nm^3", self.volume_nm3)),
            _ => (
                "area",
                format!("projected area of {:.4} nm^2", self.area_nm2),
            ),
        };
        let with = if values.is_empty() {
            String::new()
        } else {
            let values: Vec<String> = values
                .iter()
                .map(|(n, v)| format!("{n} = {v:.5}"))
                .collect();
            format!(" at {}", values.join(", "))
        };
        let others = if all > own {
            format!(", {all:.4} with the populations before it")
        } else {
            String::new()
        };
        Refusal::value(
            format!("{path}.structure"),
            format!(
                "{:.4e} particles per nm^2 with a mean {mean}, {own:.4} of the {what}{others}{with}",
                self.density_per_nm2
            ),
            format!("less than 1 of the {what}: particles do not overlap"),
        )
    }
}
