//! What is known of the sample: materials of particles, substrate and film.

use gisaxs_physics::{Material, RefractiveIndex};
use toml::Value;

use crate::error::{Error, Result};
use crate::section::{Range, Section};

/// A material as an instrument file names it.
#[derive(Clone, Debug, PartialEq)]
pub enum MaterialSpec {
    /// A name (`"Au"`, `"PS"`) or a formula with its density.
    Substance {
        /// Name or formula.
        name: String,
        /// Mass density, g/cm^3; needed for a formula that is no known name.
        density_g_cm3: Option<f64>,
    },
    /// Refractive index n = 1 - delta + i beta at the wavelength of the beam.
    Optical {
        /// Decrement of the real part.
        delta: f64,
        /// Imaginary part.
        beta: f64,
    },
}

impl MaterialSpec {
    /// A known material.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::Substance {
            name: name.into(),
            density_g_cm3: None,
        }
    }

    /// Refractive index at a photon energy in keV.
    ///
    /// # Errors
    /// Unknown material, bad formula, or an energy outside the tables.
    pub fn index(
        &self,
        energy_kev: f64,
    ) -> std::result::Result<RefractiveIndex, gisaxs_physics::Error> {
        match self {
            Self::Substance {
                name,
                density_g_cm3,
            } => Material::resolve(name, *density_g_cm3)?.index(energy_kev),
            Self::Optical { delta, beta } => RefractiveIndex::new(*delta, *beta),
        }
    }

    fn to_toml_fields(&self, name_key: &str) -> String {
        match self {
            Self::Substance {
                name,
                density_g_cm3: None,
            } => format!("{name_key} = {}", Value::from(name.as_str())),
            Self::Substance {
                name,
                density_g_cm3: Some(density),
            } => format!(
                "{name_key} = {}, density_g_cm3 = {density:?}",
                Value::from(name.as_str())
            ),
            Self::Optical { delta, beta } => format!("delta = {delta:?}, beta = {beta:?}"),
        }
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Substance {
                name,
                density_g_cm3: None,
            } => Value::from(name.as_str()).to_string(),
            _ => format!("{{ {} }}", self.to_toml_fields("name")),
        }
    }
}

/// One uniform film on the substrate, under the particles.
#[derive(Clone, Debug, PartialEq)]
pub struct FilmSpec {
    /// Its material.
    pub material: MaterialSpec,
    /// Its thickness, nm.
    pub thickness_nm: f64,
}

/// The `[sample]` table: everything is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleSpec {
    /// Material of the particles.
    pub particle: Option<MaterialSpec>,
    /// Material of the substrate.
    pub substrate: Option<MaterialSpec>,
    /// Film on the substrate.
    pub film: Option<FilmSpec>,
}

/// A [`SampleSpec`] at the photon energy of the beam.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleKnowledge {
    /// Refractive index of the particles.
    pub particle: Option<RefractiveIndex>,
    /// Refractive index of the substrate.
    pub substrate: Option<RefractiveIndex>,
    /// Refractive index and thickness (nm) of the film.
    pub film: Option<(RefractiveIndex, f64)>,
}

impl SampleSpec {
    /// Looks all materials up.
    ///
    /// # Errors
    /// [`Error::Physics`] names `file` and the key.
    pub(crate) fn resolve(&self, file: &str, energy_kev: f64) -> Result<SampleKnowledge> {
        let index = |key: &str, material: &MaterialSpec| {
            material.index(energy_kev).map_err(|source| Error::Physics {
                file: file.to_owned(),
                key: format!("sample.{key}"),
                source: Box::new(source),
            })
        };
        let optional = |key: &str, material: &Option<MaterialSpec>| {
            material.as_ref().map(|m| index(key, m)).transpose()
        };
        Ok(SampleKnowledge {
            particle: optional("particle", &self.particle)?,
            substrate: optional("substrate", &self.substrate)?,
            film: match &self.film {
                None => None,
                Some(film) => Some((index("film", &film.material)?, film.thickness_nm)),
            },
        })
    }

    pub(crate) fn read(root: &Section<'_>) -> Result<Self> {
        let Some(section) = root.table("sample", &["particle", "substrate", "film"])? else {
            return Ok(Self::default());
        };
        Ok(Self {
            particle: material(&section, "particle")?,
            substrate: material(&section, "substrate")?,
            film: film(&section)?,
        })
    }

    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        if *self == Self::default() {
            return text;
        }
        text += "\n[sample]\n";
        if let Some(m) = &self.particle {
            text += &format!("particle = {}\n", m.to_toml());
        }
        if let Some(m) = &self.substrate {
            text += &format!("substrate = {}\n", m.to_toml());
        }
        if let Some(film) = &self.film {
            text += &format!(
                "film = {{ {}, thickness_nm = {:?} }}\n",
                film.material.to_toml_fields("material"),
                film.thickness_nm
            );
        }
        text
    }
}

const MATERIAL_KEYS: [&str; 6] = [
    "name",
    "formula",
    "material",
    "density_g_cm3",
    "delta",
    "beta",
];
const FILM_KEYS: [&str; 7] = [
    "material",
    "thickness_nm",
    "name",
    "formula",
    "density_g_cm3",
    "delta",
    "beta",
];
/// No metal or oxide has a larger index in the X-ray range covered by the tables.
const OPTICAL: Range = Range::from(-0.01, 0.01, "");
const BETA: Range = Range::from(0.0, 0.01, "");
const DENSITY: Range = Range::above(0.0, 25.0, "g/cm^3");
const THICKNESS: Range = Range::above(0.0, 1e5, "nm");
const WHAT: &str = "a name or formula such as \"Au\", or a table with name and density_g_cm3, \
                    or with delta and beta";

fn material(section: &Section<'_>, key: &'static str) -> Result<Option<MaterialSpec>> {
    match section.get(key) {
        None => Ok(None),
        Some(Value::String(name)) => Ok(Some(MaterialSpec::named(name))),
        Some(Value::Table(_)) => match section.table(key, &MATERIAL_KEYS)? {
            Some(table) => material_fields(&table).map(Some),
            None => Ok(None),
        },
        Some(_) => Err(section.bad(key, WHAT)),
    }
}

fn film(section: &Section<'_>) -> Result<Option<FilmSpec>> {
    let Some(film) = section.table("film", &FILM_KEYS)? else {
        return Ok(None);
    };
    Ok(Some(FilmSpec {
        material: material_fields(&film)?,
        thickness_nm: film.required("thickness_nm", THICKNESS)?,
    }))
}

fn material_fields(table: &Section<'_>) -> Result<MaterialSpec> {
    let mut name = None;
    for key in ["name", "formula", "material"] {
        if let Some(text) = table.text(key, "a name or formula")? {
            if name.is_some() {
                return Err(table.bad(key, "one of name, formula and material, not several"));
            }
            name = Some(text);
        }
    }
    let density_g_cm3 = table.number("density_g_cm3", DENSITY)?;
    let delta = table.number("delta", OPTICAL)?;
    let beta = table.number("beta", BETA)?;
    match (name, delta, beta) {
        (Some(name), None, None) => Ok(MaterialSpec::Substance {
            name: name.to_owned(),
            density_g_cm3,
        }),
        (None, Some(delta), Some(beta)) if density_g_cm3.is_none() => {
            Ok(MaterialSpec::Optical { delta, beta })
        }
        (None, Some(_), Some(_)) => {
            Err(table.bad("density_g_cm3", "no density beside delta and beta"))
        }
        (None, Some(_), None) => Err(table.missing("beta", "the imaginary part beside delta")),
        (None, None, Some(_)) => Err(table.missing("delta", "the decrement beside beta")),
        (Some(_), _, _) => Err(table.bad(
            if delta.is_some() { "delta" } else { "beta" },
            "either a material or delta and beta",
        )),
        (None, None, None) => Err(table.missing("name", WHAT)),
    }
}
