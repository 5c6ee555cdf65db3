//! The table of conditions.

use gisaxs_preproc::{Instrument, MaterialSpec};

use super::axis::trim;

/// Rows of the table of conditions: name and value with unit.
pub type Conditions = Vec<(String, String)>;

fn material(spec: Option<&MaterialSpec>) -> String {
    match spec {
        None => "not given".into(),
        Some(MaterialSpec::Substance {
            name,
            density_g_cm3: None,
        }) => name.clone(),
        Some(MaterialSpec::Substance {
            name,
            density_g_cm3: Some(density),
        }) => format!("{name}, {density} g/cm³"),
        Some(MaterialSpec::Optical { delta, beta }) => format!("δ = {delta:.3e}, β = {beta:.3e}"),
    }
}

/// The conditions that an instrument describes.
#[must_use]
pub fn conditions(instrument: &Instrument) -> Conditions {
    let beam = instrument.beam();
    let sample = instrument.sample();
    let mut rows = vec![
        (
            "Wavelength",
            format!(
                "{} nm ({} keV)",
                trim(beam.wavelength_nm(), 4),
                trim(beam.energy_kev(), 2)
            ),
        ),
        (
            "Incidence angle",
            format!("{}°", trim(beam.alpha_i_rad().to_degrees(), 3)),
        ),
    ];
    if let Ok(detector) = instrument.detector() {
        let name = instrument
            .known_detector()
            .map_or_else(|| "unnamed".into(), |d| d.name().to_owned());
        let [col, row] = detector.direct_beam_px;
        rows.extend([
            (
                "Detector",
                format!("{name}, {} × {} pixels", detector.cols, detector.rows),
            ),
            ("Distance", format!("{} mm", trim(detector.distance_mm, 1))),
            (
                "Direct beam",
                format!("column {}, row {}", trim(col, 1), trim(row, 1)),
            ),
        ]);
    }
    rows.push(("Particles", material(sample.particle.as_ref())));
    rows.push(("Substrate", material(sample.substrate.as_ref())));
    if let Some(film) = &sample.film {
        rows.push((
            "Film",
            format!(
                "{}, {} nm",
                material(Some(&film.material)),
                film.thickness_nm
            ),
        ));
    }
    rows.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
