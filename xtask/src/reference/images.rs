//! Detector images.

use std::path::Path;

use gisaxs_physics::{Beam, Direction};
use rayon::prelude::*;

use super::schema::{Detector, Image};
use super::{Deviation, Error, Outcome, check_list, npy, read_json, sample, text, worst};

/// Relative error of a pixel.
const TOLERANCE: f64 = 1e-6;
/// For pixels below the horizon the reference is described to this accuracy only.
const BELOW_HORIZON_TOLERANCE: f64 = 1e-4;
/// Pixels weaker than this part of the brightest one are compared with that part: in the deep
/// minima of the reference only rounding is left.
const FLOOR: f64 = 1e-9;

pub(super) fn check(dir: &Path) -> Result<Vec<Outcome>, Error> {
    let detectors: Vec<(Detector, String)> = detectors(dir)?;
    check_list(
        &dir.join("images.json"),
        |_, case| format!("image/{}", text(case, "name")),
        |case| {
            let image: Image = serde_json::from_value(case)?;
            let expected = npy::read(&dir.join(&image.file))?;
            let file = detectors
                .iter()
                .find(|(d, _)| *d == image.detector)
                .map(|(_, file)| file)
                .ok_or_else(|| Error::NotImplemented("a detector without table of directions".into()))?;
            let pixels = pixels(&npy::read(&dir.join(file))?)?;
            if expected.shape != image.shape || pixels.len() != expected.data.len() {
                return Err(Error::Size { expected: pixels.len(), found: expected.data.len() });
            }
            let found = simulate(&image, &pixels)?;
            let floor = FLOOR * expected.data.iter().fold(0.0_f64, |a, b| a.max(*b));
            let errors = found
                .iter()
                .zip(&expected.data)
                .map(|(found, expected)| (found - expected).abs() / expected.abs().max(floor));
            let below = pixels.iter().any(|(d, _)| d.alpha_f_rad < 0.0);
            Ok(Deviation {
                worst: worst(errors),
                tolerance: if below { BELOW_HORIZON_TOLERANCE } else { TOLERANCE },
            })
        },
    )
}

/// Detectors and the files with their directions.
fn detectors(dir: &Path) -> Result<Vec<(Detector, String)>, Error> {
    #[derive(serde::Deserialize)]
    struct Entry {
        file: String,
        #[serde(flatten)]
        axes: serde_json::Map<String, serde_json::Value>,
    }
    let entries: std::collections::BTreeMap<String, Entry> = read_json(&dir.join("detectors.json"))?;
    entries
        .into_values()
        .map(|e| Ok((serde_json::from_value(serde_json::Value::Object(e.axes))?, e.file)))
        .collect()
}

/// Direction and solid angle of every pixel from the array [phi_f, alpha_f, solid angle].
fn pixels(array: &npy::Array) -> Result<Vec<(Direction, f64)>, Error> {
    let &[3, rows, columns] = array.shape.as_slice() else {
        return Err(Error::Size { expected: 3, found: array.shape.len() });
    };
    let n = rows * columns;
    Ok((0..n)
        .map(|i| {
            let direction =
                Direction { two_theta_f_rad: array.data[i], alpha_f_rad: array.data[n + i] };
            (direction, array.data[2 * n + i])
        })
        .collect())
}

/// Expected counts of every pixel.
fn simulate(image: &Image, pixels: &[(Direction, f64)]) -> Result<Vec<f64>, Error> {
    if image.average_layer_material {
        return Err(Error::NotImplemented("average_layer_material".into()));
    }
    if image.sample.layers.iter().any(|l| l.slices.is_some()) {
        return Err(Error::NotImplemented("slices".into()));
    }
    if image.sample.layers.iter().any(|l| l.top_roughness.is_some()) {
        return Err(Error::NotImplemented("diffuse scattering of rough interfaces".into()));
    }
    if image.resolution.is_some() {
        return Err(Error::NotImplemented("resolution".into()));
    }
    if !image.beam_distributions.is_empty() {
        return Err(Error::NotImplemented("beam distributions".into()));
    }
    if image.footprint.is_some() {
        return Err(Error::NotImplemented("footprint".into()));
    }
    let spec = image.beam;
    let sample = sample::sample(&image.sample, spec.phi_i_rad)?;
    let beam = Beam::new(spec.wavelength_nm, spec.alpha_i_rad)?;
    let turned: Vec<(Direction, f64)> = pixels
        .iter()
        .map(|&(d, solid_angle)| {
            let two_theta_f_rad = d.two_theta_f_rad - spec.phi_i_rad;
            (Direction { two_theta_f_rad, ..d }, solid_angle)
        })
        .collect();
    let rows = turned.par_chunks(image.detector.n_phi.max(1));
    let mut counts: Vec<f64> =
        rows.flat_map_iter(|row| sample.image(&beam, spec.intensity, row)).collect();
    for count in &mut counts {
        *count += image.background;
    }
    Ok(counts)
}
