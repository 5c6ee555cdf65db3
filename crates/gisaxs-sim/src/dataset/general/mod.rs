//! Samples of any shapes, structure factors and layers that `gisaxs-physics` has: the general
//! path, direction by direction, beside the fast one for upright, round particles.
//!
//! ```toml
//! [[sample.parameters]]                 # drawn in this order
//! name = "radius"
//! unit = "nm"
//! range = { log-uniform = [2.0, 10.0] }
//!
//! [[sample.parameters]]
//! name = "height"
//! unit = "nm"
//! range = { uniform = [1.0, 30.0] }
//! at_most = "2 * $radius"               # a conditional density: no pile-up at the limit
//!
//! [[sample.layers]]                     # below the vacuum, from top to bottom
//! material = "Si"
//! roughness_nm = 0.4
//!
//! [[sample.populations]]
//! coverage = 1.0
//! structure = { radial-paracrystal = { distance_nm = "4 * $radius", width_nm = "$radius" } }
//! particles = [
//!     { shape = "Cylinder", material = "Au", parameters = { radius = "$radius", height = "$height" }, sizes = { kind = "gaussian", spread = 0.1 } },
//! ]
//! ```
//!
//! Wherever a number is expected below `[sample]`, a text `"$name"` or `"2.5 * $name"` stands for
//! a drawn parameter.

mod build;
mod coverage;
mod particle;
mod refusal;
mod sizes;
mod structure;

use gisaxs_physics as physics;
use physics::{Beam, Direction};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Error, Result};
use crate::Range;
use crate::rng::{self, stream};
use gisaxs_physics::elementary::{acos, asin, cos, powi};
pub(super) use refusal::Refusal;
use structure::Structure;

/// The `[sample]` table: parameters, and a template that they fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What is drawn, in this order.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Layers below the vacuum, from top to bottom; the last is the substrate.
    pub layers: Vec<Value>,
    /// Particles. Layer 0 is the vacuum above the sample.
    pub populations: Vec<Value>,
    /// Depth over which the heights of rough interfaces are correlated, nm; a number or a
    /// reference. Independent interfaces if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertical_correlation_nm: Option<Value>,
}

/// A drawn number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name, for `"$name"`.
    pub name: String,
    /// Unit, for the manifest.
    #[serde(default)]
    pub unit: String,
    /// Density.
    pub range: Range,
    /// Lower limit by a parameter drawn before: `"2.05 * $radius"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
    /// Upper limit by a parameter drawn before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerSpec {
    material: String,
    density_g_cm3: Option<f64>,
    #[serde(default)]
    thickness_nm: f64,
    #[serde(default)]
    roughness_nm: f64,
    /// With these two, the interface scatters diffusely as well.
    hurst: Option<f64>,
    correlation_nm: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PopulationSpec {
    #[serde(default)]
    layer: usize,
    #[serde(default)]
    placement: Placement,
    coverage: Option<f64>,
    structure: Structure,
    /// One [`ParticleSpec`] each.
    particles: Vec<Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Placement {
    #[default]
    Bottom,
    Top,
    Throughout,
}

/// Random places of the densities at which a description is tried before it is accepted.
const TRIED: usize = 256;
/// Seed of those places; any number.
const TRIED_SEED: u64 = 1;

/// What a sample is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To see whether it can be.
    Check,
    /// To be simulated, with what is worth to be tabulated for that.
    Image,
}

/// A sample drawn from a [`Description`].
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) sample: physics::Sample,
    /// Radius (nm), volume (nm^3) and weight (sum 1) of every particle of the first population.
    pub(super) sizes: Vec<[f64; 3]>,
    /// Materials of the layers below the vacuum.
    pub(super) materials: Vec<String>,
}

/// Value of a reference like `2.5 * $name`; `None` if the text is no reference. `path` is where it
/// stands.
fn reference(
    text: &str,
    values: &[(&str, f64)],
    path: &str,
) -> Option<std::result::Result<f64, Refusal>> {
    let (factor, name) = text.split_once('$')?;
    let factor = match factor.trim().strip_suffix('*') {
        Some(number) => number.trim().parse::<f64>().ok(),
        None if factor.trim().is_empty() => Some(1.0),
        None => None,
    };
    let value = values.iter().find(|v| v.0 == name.trim()).map(|v| v.1);
    Some(match (factor, value) {
        (Some(factor), Some(value)) => Ok(factor * value),
        (None, _) => Err(no_reference(text, path)),
        (_, None) => Err(Refusal::Name {
            key: path.to_owned(),
            name: format!("${}", name.trim()),
            known: values.iter().map(|v| format!("${}", v.0)).collect(),
        }),
    })
}

fn no_reference(text: &str, path: &str) -> Refusal {
    Refusal::value(path, format!("{text:?}"), "\"$name\" or \"number * $name\"")
}

/// The template at `path` with numbers in the place of references.
fn fill(
    template: &Value,
    values: &[(&str, f64)],
    path: &str,
) -> std::result::Result<Value, Refusal> {
    Ok(match template {
        Value::String(text) => match reference(text, values, path) {
            Some(number) => Value::from(number?),
            None => template.clone(),
        },
        Value::Array(list) => Value::Array(
            list.iter()
                .enumerate()
                .map(|(i, v)| fill(v, values, &format!("{path}[{i}]")))
                .collect::<std::result::Result<_, _>>()?,
        ),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(k, v)| Ok((k.clone(), fill(v, values, &format!("{path}.{k}"))?)))
                .collect::<std::result::Result<_, Refusal>>()?,
        ),
        other => other.clone(),
    })
}

impl Description {
    /// Checks names and limits, and that samples from all over the densities can be built.
    pub(super) fn validate(&self, file: &str) -> Result<()> {
        let bad = |key: String, value: String, expected: &str| {
            Err(Error::Value {
                file: file.to_owned(),
                key,
                value,
                expected: expected.to_owned(),
            })
        };
        if self.parameters.len() >= super::design::MAX_DIMENSIONS {
            return bad(
                "sample.parameters".into(),
                format!("{} parameters", self.parameters.len()),
                "at most 98",
            );
        }
        for (i, p) in self.parameters.iter().enumerate() {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if p.name.is_empty() || !p.name.chars().all(word) {
                return bad(
                    format!("sample.parameters[{i}].name"),
                    format!("{:?}", p.name),
                    "letters, digits and underscores",
                );
            }
            if self.parameters[..i].iter().any(|q| q.name == p.name) {
                return bad(
                    format!("sample.parameters[{i}].name"),
                    p.name.clone(),
                    "a name that is not taken",
                );
            }
            if !p.range.is_valid([-1e9, 1e9]) {
                return bad(
                    format!("sample.parameters[{i}].range"),
                    p.range.to_string(),
                    "a density between -1e9 and 1e9",
                );
            }
        }
        self.tried(file)
    }

    /// Builds the sample in the middle of all densities, at their ends, and at random places.
    fn tried(&self, file: &str) -> Result<()> {
        // A typical wavelength; energies near an absorption edge differ in number, not in kind.
        let beam = Beam::new(0.1, 0.005).map_err(|source| Error::Simulation {
            index: 0,
            source: source.into(),
        })?;
        let attempt = |unit: &mut dyn FnMut(usize) -> f64| {
            let values = self.draw(unit)?;
            self.build(&values, &beam, Purpose::Check).map(drop)
        };
        attempt(&mut |_| 0.5).map_err(|refusal| refusal.of(file))?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        let rng = &mut stream(TRIED_SEED, rng::Purpose::Sample, 0);
        for end in [0.0, 1.0 - f64::EPSILON] {
            for at in 0..self.parameters.len() {
                attempt(&mut |i| if i == at { end } else { rng.random() })
                    .map_err(|refusal| refusal.of(file))?;
            }
        }
        for _ in 0..TRIED {
            attempt(&mut |_| rng.random()).map_err(|refusal| refusal.of(file))?;
        }
        Ok(())
    }

    /// A sample of this description with random parameters, in front of a beam.
    ///
    /// # Errors
    /// In words, if limits leave nothing to draw or physics refuses the sample.
    pub fn sample(
        &self,
        beam: &Beam,
        rng: &mut impl Rng,
    ) -> std::result::Result<physics::Sample, String> {
        let values = self.draw(|_| rng.random()).map_err(|e| e.to_string())?;
        let drawn = self
            .build(&values, beam, Purpose::Image)
            .map_err(|e| e.to_string())?;
        Ok(drawn.sample)
    }

    /// Values of all parameters; `unit` gives the coordinate of each.
    pub(super) fn draw(
        &self,
        mut unit: impl FnMut(usize) -> f64,
    ) -> std::result::Result<Vec<f64>, Refusal> {
        let mut values: Vec<f64> = Vec::new();
        for (i, p) in self.parameters.iter().enumerate() {
            let [low, high] = self.limits_of(i, &values)?;
            if !p.range.reaches(low, high) {
                let limit = |name: &str, text: &Option<String>, value: f64| {
                    text.as_ref()
                        .map(|text| format!("{name} = {text:?}, which is {value:.6}"))
                };
                let limits = [
                    limit("at_least", &p.at_least, low),
                    limit("at_most", &p.at_most, high),
                ];
                let limits: Vec<String> = limits.into_iter().flatten().collect();
                return Err(Refusal::value(
                    format!("sample.parameters[{i}].range"),
                    format!("{} of {:?}", p.range, p.name),
                    format!("a density that reaches {}", limits.join(" and ")),
                ));
            }
            values.push(p.range.within(low, high).quantile(unit(i)));
        }
        Ok(values)
    }

    /// Limits of all parameters, where they have these values.
    pub(super) fn limits(&self, values: &[f64]) -> std::result::Result<Vec<[f64; 2]>, Refusal> {
        (0..values.len())
            .map(|i| self.limits_of(i, &values[..i]))
            .collect()
    }

    /// Limits of parameter number `i` by those drawn before.
    fn limits_of(&self, i: usize, before: &[f64]) -> std::result::Result<[f64; 2], Refusal> {
        let names = self.parameters.iter().map(|p| p.name.as_str());
        let values: Vec<(&str, f64)> = names.zip(before.iter().copied()).collect();
        let p = &self.parameters[i];
        let bound = |name: &str, text: &Option<String>, otherwise: f64| match text {
            None => Ok(otherwise),
            Some(text) => {
                let path = format!("sample.parameters[{i}].{name}");
                reference(text, &values, &path).unwrap_or_else(|| Err(no_reference(text, &path)))
            }
        };
        Ok([
            bound("at_least", &p.at_least, f64::NEG_INFINITY)?,
            bound("at_most", &p.at_most, f64::INFINITY)?,
        ])
    }

    /// The sample with these values of the parameters.
    pub(super) fn build(
        &self,
        values: &[f64],
        beam: &Beam,
        purpose: Purpose,
    ) -> std::result::Result<Drawn, Refusal> {
        let names = self.parameters.iter().map(|p| p.name.as_str());
        let named: Vec<(&str, f64)> = names.zip(values.iter().copied()).collect();
        build::sample(self, &named, beam, purpose)
    }
}
/// Mean of the cross-sections to the left and right of the plane of incidence at one
/// (q_par, k sin alpha_f), nm^-1. Where no exit direction has this q_par, that of the smallest.
pub(super) fn directions(beam: &Beam, q_par: f64, k_z: f64) -> [Direction; 2] {
    let k = beam.k();
    let alpha_f_rad = asin((k_z / k).clamp(0.0, 1.0));
    let (cos_f, cos_i) = (cos(alpha_f_rad), cos(beam.alpha_i_rad()));
    // q_par^2 / k^2 = cos^2 f + cos^2 i - 2 cos f cos i cos(2 theta).
    let cos = (cos_f * cos_f + cos_i * cos_i - powi(q_par / k, 2)) / (2.0 * cos_f * cos_i);
    let two_theta_f_rad = acos(cos.clamp(-1.0, 1.0));
    [1.0, -1.0].map(|side| Direction {
        alpha_f_rad,
        two_theta_f_rad: side * two_theta_f_rad,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_numbers_times_names() {
        let values = [("radius", 3.0), ("d", 10.0)];
        let of = |text| reference(text, &values, "sample.x");
        assert_eq!(of("$radius"), Some(Ok(3.0)));
        assert_eq!(of("2.5 * $d"), Some(Ok(25.0)));
        assert_eq!(of("Cylinder"), None);
        let error = of("$raduis").unwrap().unwrap_err().to_string();
        assert!(
            error.contains("sample.x") && error.contains("mean $radius?"),
            "{error}"
        );
        let error = of("two $d").unwrap().unwrap_err().to_string();
        assert!(error.contains("sample.x = \"two $d\""), "{error}");
    }

    #[test]
    fn directions_have_their_wave_vector() {
        let beam = Beam::new(0.105, 0.4_f64.to_radians()).unwrap();
        for (q, k) in [(0.5, 0.3), (2.0, 1.0), (0.03, 0.02)] {
            for direction in directions(&beam, q, k) {
                assert!((direction.q_par(&beam) - q).abs() < 1e-9);
                assert!((direction.kz(&beam) - k).abs() < 1e-9);
            }
        }
    }
}
