//! Where reduced numbers come from.

use super::image::Image;
use crate::error::Result;
use crate::geometry::Geometry;
use crate::instrument::Instrument;

/// Frame, instrument, corrections and selection behind a profile or a map.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Provenance {
    /// Name of the frame.
    pub frame: String,
    /// When it was taken, as the file says it.
    pub date: Option<String>,
    /// Exposure time, s.
    pub exposure_s: Option<f64>,
    /// Beam, detector and where it stands.
    pub geometry: Geometry,
    /// Name of the detector, if it is a known one.
    pub detector_name: Option<&'static str>,
    /// What was done to the counts.
    pub steps: Vec<String>,
    /// Standard deviation of the common factor of all values, relative.
    pub relative_scale_error: f64,
    /// Which pixels were collected, and how.
    pub selection: String,
}

impl Provenance {
    pub(super) fn new(image: &Image, instrument: &Instrument, selection: String) -> Result<Self> {
        Ok(Self {
            frame: image.name().to_owned(),
            date: image.date().map(str::to_owned),
            exposure_s: image.exposure_s(),
            geometry: instrument.geometry()?,
            detector_name: instrument.known_detector().map(|d| d.name()),
            steps: image.steps().to_vec(),
            relative_scale_error: image.relative_scale_error(),
            selection,
        })
    }

    /// The program that wrote a file.
    #[must_use]
    pub const fn program() -> &'static str {
        concat!("gisaxs-preproc ", env!("CARGO_PKG_VERSION"))
    }

    /// All of it as pairs of key and value, units in the keys.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let (beam, pose) = (self.geometry.beam(), self.geometry.pose());
        let pair = |[a, b]: [f64; 2]| format!("{a} {b}");
        let mut entries = vec![
            ("program", Self::program().to_owned()),
            ("frame", self.frame.clone()),
        ];
        entries.extend(self.date.clone().map(|date| ("date", date)));
        entries.extend(self.exposure_s.map(|t| ("exposure_s", t.to_string())));
        entries.extend([
            ("wavelength_nm", beam.wavelength_nm().to_string()),
            ("incidence_deg", degrees(beam.alpha_i_rad())),
            (
                "detector",
                self.detector_name.unwrap_or("not named").to_owned(),
            ),
            ("distance_mm", pose.distance_mm.to_string()),
            ("pixel_size_mm", pair(self.geometry.pixel_mm())),
        ]);
        let direct = self.geometry.direct_beam_px();
        entries.extend(direct.map(|px| ("direct_beam_px", pair(px.map(rounded)))));
        let turns = pose.rotations;
        let turns = [turns.rot1, turns.rot2, turns.rot3];
        if turns != [0.0; 3] {
            entries.push(("rotations_deg", turns.map(degrees).join(" ")));
        }
        entries.extend(self.steps.iter().map(|step| ("correction", step.clone())));
        if self.relative_scale_error > 0.0 {
            let error = self.relative_scale_error.to_string();
            entries.push(("relative_scale_error", error));
        }
        entries.push(("selection", self.selection.clone()));
        // One line each, whatever a file name holds.
        for (_, value) in &mut entries {
            *value = value.replace(|c: char| c.is_control(), " ");
        }
        entries
    }
}

/// Degrees without the rounding of the conversion.
fn degrees(rad: f64) -> String {
    rounded(rad.to_degrees()).to_string()
}

/// Ten decimals: what the geometry computes is not better.
fn rounded(x: f64) -> f64 {
    (x * 1e10).round() / 1e10
}
