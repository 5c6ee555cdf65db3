//! Optical constants: given directly, or from formula, density and photon energy.

mod element;
mod formula;
mod named;
mod refractive_index;
// Generated, one row of numbers after the other; some look like e or pi.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
mod scattering_factors;

pub use refractive_index::RefractiveIndex;

use element::Element;

use crate::error::{Error, Result, positive};
use crate::geometry::wavelength_nm;

/// Classical electron radius in nm (CODATA 2018).
const ELECTRON_RADIUS_NM: f64 = 2.817_940_326_2e-6;
/// Avogadro's number in mol^-1 (exact).
const AVOGADRO: f64 = 6.022_140_76e23;
/// nm^3 in one cm^3.
const NM3_PER_CM3: f64 = 1e21;

/// A homogeneous material: composition and mass density.
///
/// The scattering factors f1 = Z + f' and f2 are those of C. T. Chantler (J. Phys. Chem. Ref.
/// Data 24, 71 (1995); 29, 597 (2000)) from 1 to 30 keV, thinned to straight lines in ln E. Against
/// the full tables at 5400 random energies 2 % or more away from absorption edges, f1 is good to
/// 1.4e-3 (two values beyond 1e-3) and f2 to 1.0e-3.
///
/// ```
/// use gisaxs_physics::Material;
///
/// let magnetite = Material::from_formula("Fe3O4", 5.17)?;
/// let index = magnetite.index(11.9)?;
/// assert!((index.delta / 7.245e-6 - 1.0).abs() < 1e-3);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Material {
    name: String,
    density_g_cm3: f64,
    composition: Vec<(&'static Element, f64)>,
}

impl Material {
    /// A material of the built-in list, with its usual density: the solid elements of the
    /// table, common oxides and semiconductors, polymers (`PS` is polystyrene), water, air.
    /// [`Self::names`] lists them.
    ///
    /// # Errors
    /// If the name is not in the list; the error carries the nearest known name.
    pub fn named(name: &str) -> Result<Self> {
        let known = named::find(name).ok_or_else(|| Error::UnknownMaterial {
            name: name.to_owned(),
            nearest: named::nearest(name),
        })?;
        Self::assemble(known.name, known.formula, known.density)
    }

    /// A material from its chemical formula and density in g/cm^3. Counts may be decimal and
    /// brackets may be nested: `Ni0.8Fe0.2`, `((CH3)2SiO)3`.
    ///
    /// # Errors
    /// If the formula cannot be read, names an element that is not in the table, or the density
    /// is not positive.
    pub fn from_formula(formula: &str, density_g_cm3: f64) -> Result<Self> {
        Self::assemble(formula, formula, density_g_cm3)
    }

    /// A name of the built-in list or a formula, as users write it: a known name uses the listed
    /// formula, and the listed density unless one is given; anything else is read as a formula,
    /// which needs a density (g/cm^3).
    ///
    /// # Errors
    /// As [`Self::from_formula`]; and [`Error::UnknownMaterial`] for an unknown name without a
    /// density.
    pub fn resolve(name_or_formula: &str, density_g_cm3: Option<f64>) -> Result<Self> {
        match (named::find(name_or_formula), density_g_cm3) {
            (Some(known), Some(density)) => Self::assemble(known.name, known.formula, density),
            (None, Some(density)) => Self::from_formula(name_or_formula, density),
            (_, None) => Self::named(name_or_formula),
        }
    }

    /// Names that [`Self::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        named::NAMED.iter().map(|m| m.name)
    }

    fn assemble(name: &str, formula: &str, density_g_cm3: f64) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            density_g_cm3: positive("density", density_g_cm3, "g/cm^3")?,
            composition: formula::parse(formula)?,
        })
    }

    /// Name, or the formula where the material has no other name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Mass density in g/cm^3.
    #[must_use]
    pub fn density_g_cm3(&self) -> f64 {
        self.density_g_cm3
    }

    /// Refractive index at a photon energy in keV:
    ///
    /// delta = r_e lambda^2 n sum_a c_a f1_a / (2 pi), beta the same with f2,
    ///
    /// with the number density of formula units n = density N_A / sum_a c_a m_a and the counts
    /// c_a of the elements a.
    ///
    /// # Errors
    /// If the energy is outside 1 to 30 keV.
    pub fn index(&self, energy_kev: f64) -> Result<RefractiveIndex> {
        let (mut f1, mut f2, mut mass) = (0.0, 0.0, 0.0);
        for (element, count) in &self.composition {
            let factors = element.factors(energy_kev)?;
            f1 += count * factors.0;
            f2 += count * factors.1;
            mass += count * element.mass;
        }
        let units_per_nm3 = self.density_g_cm3 * AVOGADRO / (mass * NM3_PER_CM3);
        let lambda = wavelength_nm(energy_kev);
        let scale =
            ELECTRON_RADIUS_NM * lambda * lambda * units_per_nm3 / (2.0 * std::f64::consts::PI);
        Ok(RefractiveIndex {
            delta: scale * f1,
            beta: scale * f2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delta and beta computed with xraydb 4.5.8 from the same tables (E in eV, density in
    /// g/cm^3), six digits.
    const XRAYDB: [(f64, &str, f64, f64, f64); 8] = [
        (8047.8, "Si", 2.33, 7.57667e-6, 1.75426e-7),
        (8047.8, "SiO2", 2.2, 7.12090e-6, 9.24315e-8),
        (8047.8, "Au", 19.32, 4.67620e-5, 4.52837e-6),
        (8047.8, "Ag", 10.5, 2.93634e-5, 2.65580e-6),
        (12700.0, "Si", 2.33, 3.01822e-6, 2.82090e-8),
        (12700.0, "SiO2", 2.2, 2.84368e-6, 1.47221e-8),
        (12700.0, "Au", 19.32, 1.79311e-5, 2.28438e-6),
        (12700.0, "Ag", 10.5, 1.16840e-5, 4.80816e-7),
    ];

    #[test]
    fn agrees_with_the_source_of_the_table() {
        for (energy, formula, density, delta, beta) in XRAYDB {
            let index = Material::from_formula(formula, density)
                .unwrap()
                .index(energy / 1e3)
                .unwrap();
            // Thinning of the table: 2e-4 and 1e-3 per element.
            assert!(
                (index.delta / delta - 1.0).abs() < 3e-4,
                "{formula} {energy} {index:?}"
            );
            assert!(
                (index.beta / beta - 1.0).abs() < 2e-3,
                "{formula} {energy} {index:?}"
            );
        }
    }

    #[test]
    fn agrees_with_henke_within_the_scatter_of_tables() {
        for (energy, formula, density, delta) in [
            (8.0478, "Au", 19.32, 4.71491e-5),
            (8.0478, "SiO2", 2.2, 7.12628e-6),
            (12.7, "Ag", 10.5, 1.16981e-5),
        ] {
            let index = Material::from_formula(formula, density)
                .unwrap()
                .index(energy)
                .unwrap();
            assert!((index.delta / delta - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn critical_angles() {
        // Degrees at 8.048, 11.9, 12.7 and 13.09 keV.
        for (name, angles) in [
            ("Si", [0.2230, 0.1503, 0.1408, 0.1365]),
            ("Ag", [0.4391, 0.2959, 0.2770, 0.2686]),
        ] {
            let material = Material::named(name).unwrap();
            for (energy, angle) in [8.048, 11.9, 12.7, 13.09].into_iter().zip(angles) {
                let alpha_c = material
                    .index(energy)
                    .unwrap()
                    .critical_angle_rad()
                    .to_degrees();
                assert!((alpha_c - angle).abs() < 2e-4, "{name} {energy}: {alpha_c}");
            }
        }
    }

    #[test]
    fn every_named_material_has_an_index() {
        for name in Material::names() {
            let material = Material::named(name).unwrap();
            assert_eq!(material.name(), name);
            for energy in [7.5, 11.9, 16.0] {
                let index = material.index(energy).unwrap();
                assert!(index.delta > 0.0 && index.beta > 0.0 && index.beta < index.delta);
            }
        }
    }

    #[test]
    fn names_come_before_formulas() {
        let polystyrene = Material::resolve("PS", None).unwrap();
        assert_eq!(polystyrene.density_g_cm3(), 1.05);
        let light = Material::resolve("PS", Some(1.0)).unwrap();
        let ratio = light.index(10.0).unwrap().delta / polystyrene.index(10.0).unwrap().delta;
        assert!((ratio - 1.0 / 1.05).abs() < 1e-12);
        assert!(Material::resolve("Ni3Fe", Some(8.6)).is_ok());
        match Material::resolve("sio2", None) {
            Err(Error::UnknownMaterial { nearest, .. }) => assert_eq!(nearest, Some("SiO2")),
            other => panic!("{other:?}"),
        }
        assert!(Material::from_formula("Au", 0.0).is_err());
        assert!(
            Material::named("unobtainium")
                .unwrap_err()
                .to_string()
                .contains("unobtainium")
        );
    }
}
