//! Materials that are known by name.

/// Name, chemical formula and density in g/cm^3 of a known material.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) formula: &'static str,
    pub(super) density: f64,
}

const fn named(name: &'static str, formula: &'static str, density: f64) -> Named {
    Named {
        name,
        formula,
        density,
    }
}

/// Densities at room temperature; elements from the CRC Handbook of Chemistry and Physics,
/// films and glasses as commonly deposited (thermal oxide 2.2 g/cm^3).
pub(super) static NAMED: &[Named] = &[
    // Metals and semiconductors.
    named("Ag", "Ag", 10.5),
    named("Al", "Al", 2.70),
    named("As", "As", 5.75),
    named("Au", "Au", 19.32),
    named("C", "C", 2.2),
    named("Cd", "Cd", 8.69),
    named("Co", "Co", 8.90),
    named("Cr", "Cr", 7.15),
    named("Cu", "Cu", 8.96),
    named("Fe", "Fe", 7.87),
    named("Ga", "Ga", 5.91),
    named("Ge", "Ge", 5.323),
    named("In", "In", 7.31),
    named("Mn", "Mn", 7.3),
    named("Mo", "Mo", 10.2),
    named("Nb", "Nb", 8.57),
    named("Ni", "Ni", 8.90),
    named("Pb", "Pb", 11.3),
    named("Pd", "Pd", 12.0),
    named("Pt", "Pt", 21.45),
    named("Se", "Se", 4.81),
    named("Si", "Si", 2.33),
    named("Sn", "Sn", 7.29),
    named("Te", "Te", 6.24),
    named("Ti", "Ti", 4.506),
    named("V", "V", 6.0),
    named("W", "W", 19.3),
    named("Zn", "Zn", 7.14),
    named("Zr", "Zr", 6.52),
    // Oxides and other compounds.
    named("Al2O3", "Al2O3", 3.97),
    named("CdSe", "CdSe", 5.82),
    named("CoO", "CoO", 6.44),
    named("Cu2O", "Cu2O", 6.0),
    named("CuO", "CuO", 6.31),
    named("Fe2O3", "Fe2O3", 5.25),
    named("Fe3O4", "Fe3O4", 5.17),
    named("FePt", "FePt", 15.2),
    named("GaAs", "GaAs", 5.318),
    named("ITO", "In1.79Sn0.19O3", 7.14),
    named("InP", "InP", 4.81),
    named("MoS2", "MoS2", 5.06),
    named("NiO", "NiO", 6.72),
    named("PbS", "PbS", 7.60),
    named("PbSe", "PbSe", 8.1),
    named("Si3N4", "Si3N4", 3.17),
    named("SiC", "SiC", 3.16),
    named("SiO2", "SiO2", 2.2),
    named("TiN", "TiN", 5.21),
    named("TiO2", "TiO2", 4.23),
    named("ZnO", "ZnO", 5.6),
    named("ZrO2", "ZrO2", 5.68),
    // Polymers and liquids.
    named("H2O", "H2O", 0.997),
    named("Kapton", "C22H10N2O5", 1.42),
    named("P3HT", "C10H14S", 1.10),
    named("PDMS", "C2H6OSi", 0.965),
    named("PE", "C2H4", 0.94),
    named("PEDOT:PSS", "C14H14O5S2", 1.3),
    named("PEO", "C2H4O", 1.13),
    named("PET", "C10H8O4", 1.38),
    named("PMMA", "C5H8O2", 1.18),
    named("PS", "C8H8", 1.05),
    named("PTFE", "C2F4", 2.2),
    named("PVP", "C6H9NO", 1.2),
    named("air", "N1.562O0.42", 0.001205),
    named("water", "H2O", 0.997),
];

/// The material of this name (exact spelling: `Co` is a metal).
pub(super) fn find(name: &str) -> Option<&'static Named> {
    NAMED.iter().find(|m| m.name == name)
}

/// The known name closest to `name` in spelling, if any is close.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.to_lowercase();
    NAMED
        .iter()
        .map(|m| {
            (
                strsim::osa_distance(&wanted, &m.name.to_lowercase()),
                m.name,
            )
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1.max(name.len() / 3))
        .map(|(_, name)| name)
}
