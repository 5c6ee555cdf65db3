//! Detector images.

use std::path::Path;

use gisaxs_physics::{Beam, Direction, Footprint};
use rayon::prelude::*;

use super::schema::{BeamDistribution, BeamParameter, Detector, Image, Resolution};
use super::{Deviation, Error, Outcome, check_list, npy, read_json, sample, schema, text, worst};

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
                .ok_or_else(|| {
                    Error::NotImplemented("a detector without table of directions".into())
                })?;
            let pixels = pixels(&npy::read(&dir.join(file))?)?;
            if expected.shape != image.shape || pixels.len() != expected.data.len() {
                return Err(Error::Size {
                    expected: pixels.len(),
                    found: expected.data.len(),
                });
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
                tolerance: if below {
                    BELOW_HORIZON_TOLERANCE
                } else {
                    TOLERANCE
                },
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
    let entries: std::collections::BTreeMap<String, Entry> =
        read_json(&dir.join("detectors.json"))?;
    entries
        .into_values()
        .map(|e| {
            Ok((
                serde_json::from_value(serde_json::Value::Object(e.axes))?,
                e.file,
            ))
        })
        .collect()
}

/// Direction and solid angle of every pixel from the array [phi_f, alpha_f, solid angle].
fn pixels(array: &npy::Array) -> Result<Vec<(Direction, f64)>, Error> {
    let &[3, rows, columns] = array.shape.as_slice() else {
        return Err(Error::Size {
            expected: 3,
            found: array.shape.len(),
        });
    };
    let n = rows * columns;
    Ok((0..n)
        .map(|i| {
            let direction = Direction {
                two_theta_f_rad: array.data[i],
                alpha_f_rad: array.data[n + i],
            };
            (direction, array.data[2 * n + i])
        })
        .collect())
}

/// Expected counts of every pixel.
fn simulate(image: &Image, pixels: &[(Direction, f64)]) -> Result<Vec<f64>, Error> {
    let Detector { n_phi, n_alpha, .. } = image.detector;
    let mut counts = vec![0.0; pixels.len()];
    for (beam, weight) in beams(image)? {
        for (sum, value) in counts.iter_mut().zip(pattern(image, beam, pixels)?) {
            *sum += weight * value;
        }
    }
    if let Some(Resolution {
        sigma_phi_rad,
        sigma_alpha_rad,
    }) = image.resolution
    {
        let d = image.detector;
        let pitch_phi = (d.phi_max_rad - d.phi_min_rad) / n_phi as f64;
        let pitch_alpha = (d.alpha_max_rad - d.alpha_min_rad) / n_alpha as f64;
        let sigma_px = [sigma_alpha_rad / pitch_alpha, sigma_phi_rad / pitch_phi];
        counts = gisaxs_physics::smear(&counts, [n_alpha, n_phi], sigma_px)?;
    }
    for count in &mut counts {
        *count += image.background;
    }
    Ok(counts)
}

/// The beam, or all combinations of the nodes of its distributions with their weights.
fn beams(image: &Image) -> Result<Vec<(schema::Beam, f64)>, Error> {
    let mut beams = vec![(image.beam, 1.0)];
    for BeamDistribution {
        parameter,
        distribution,
    } in &image.beam_distributions
    {
        let nodes = sample::nodes(distribution)?;
        beams = beams
            .into_iter()
            .flat_map(|(beam, weight)| {
                nodes.iter().map(move |node| {
                    let mut beam = beam;
                    match parameter {
                        BeamParameter::Wavelength => beam.wavelength_nm = node.value,
                        BeamParameter::AlphaI => beam.alpha_i_rad = node.value,
                        BeamParameter::PhiI => beam.phi_i_rad = node.value,
                    }
                    (beam, weight * node.weight)
                })
            })
            .collect();
    }
    Ok(beams)
}

/// Counts for one beam, before the resolution of the instrument.
fn pattern(
    image: &Image,
    spec: schema::Beam,
    pixels: &[(Direction, f64)],
) -> Result<Vec<f64>, Error> {
    let sample = sample::sample(&image.sample, spec.phi_i_rad, image.average_layer_material)?;
    let beam = Beam::new(spec.wavelength_nm, spec.alpha_i_rad)?;
    let footprint = match image.footprint {
        None => 1.0,
        Some(schema::Footprint::Gauss { width_ratio }) => {
            Footprint::Gauss { width_ratio }.factor(spec.alpha_i_rad)
        }
        Some(schema::Footprint::Square { width_ratio }) => {
            Footprint::Square { width_ratio }.factor(spec.alpha_i_rad)
        }
    };
    let turned: Vec<(Direction, f64)> = pixels
        .iter()
        .map(|&(d, solid_angle)| {
            let two_theta_f_rad = d.two_theta_f_rad - spec.phi_i_rad;
            (
                Direction {
                    two_theta_f_rad,
                    ..d
                },
                solid_angle,
            )
        })
        .collect();
    let rows = turned.par_chunks(image.detector.n_phi.max(1));
    let photons = spec.intensity * footprint;
    Ok(rows
        .flat_map_iter(|row| sample.image(&beam, photons, row))
        .collect())
}
