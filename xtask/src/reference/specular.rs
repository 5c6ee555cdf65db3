//! Reflectivity curves and wave fields.

use std::collections::BTreeMap;
use std::path::Path;

use gisaxs_physics::Multilayer;
use serde_json::Value;

use super::schema::{Curve, Field};
use super::{Deviation, Error, Outcome, npy, read_json, run_cases, sample, text, worst};

/// Relative error of reflectivities; error of amplitudes where the incident one is 1.
const TOLERANCE: f64 = 1e-8;
/// Reflectivities below are compared with this one: amplitudes carry a rounding of 1e-16, so a
/// squared amplitude of 1e-12 has ten digits and one of 1e-16 eight.
const FLOOR: f64 = 1e-12;

pub(super) fn check(dir: &Path) -> Result<Vec<Outcome>, Error> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        curves: Vec<Value>,
        fields: Vec<Value>,
    }
    let path = dir.join("specular.json");
    let file: File = read_json(&path)?;
    if file.curves.is_empty() {
        return Err(Error::Empty { path });
    }
    // Fields belong to the sample of the curve of the same name.
    let stacks: BTreeMap<String, Value> = file
        .curves
        .iter()
        .filter_map(|c| Some((text(c, "name").to_owned(), c.get("layers")?.clone())))
        .collect();
    let mut outcomes = run_cases(
        file.curves,
        |_, case| format!("specular/curve/{}", text(case, "name")),
        |case| curve(serde_json::from_value(case)?),
    );
    outcomes.extend(run_cases(
        file.fields,
        |_, case| format!("specular/field/{}", text(case, "name")),
        |case| field(dir, serde_json::from_value(case)?, &stacks),
    ));
    Ok(outcomes)
}

fn curve(case: Curve) -> Result<Deviation, Error> {
    let stack = sample::stack(&case.layers)?;
    if case.alpha_i_rad.len() != case.reflectivity.len() || case.alpha_i_rad.is_empty() {
        let (expected, found) = (case.alpha_i_rad.len(), case.reflectivity.len());
        return Err(Error::Size { expected, found });
    }
    let k = 2.0 * std::f64::consts::PI / case.wavelength_nm;
    let errors = case
        .alpha_i_rad
        .iter()
        .zip(&case.reflectivity)
        .map(|(alpha, expected)| {
            let found = stack.reflection(k, k * alpha.sin()).norm_sqr();
            (found - expected).abs() / expected.max(FLOOR)
        });
    Ok(Deviation {
        worst: worst(errors),
        tolerance: TOLERANCE,
    })
}

fn field(dir: &Path, case: Field, stacks: &BTreeMap<String, Value>) -> Result<Deviation, Error> {
    let layers = match (case.layers, stacks.get(&case.name)) {
        (Some(layers), _) => layers,
        (None, Some(layers)) => serde_json::from_value(layers.clone())?,
        (None, None) => return Err(Error::NotImplemented("a field without layers".into())),
    };
    let stack = sample::stack(&layers)?;
    let array = npy::read(&dir.join(&case.file))?;
    let (n_z, n_alpha) = (case.z_nm.len(), case.alpha_i_rad.len());
    if array.shape != [4, n_z, n_alpha] {
        return Err(Error::Size {
            expected: 4 * n_z * n_alpha,
            found: array.data.len(),
        });
    }
    let k = 2.0 * std::f64::consts::PI / case.wavelength_nm;
    let mut errors = Vec::new();
    for (a, alpha) in case.alpha_i_rad.iter().enumerate() {
        let waves = stack.waves(k, k * alpha.sin());
        for (z, &height) in case.z_nm.iter().enumerate() {
            let (j, above_top) = locate(&stack, height);
            let (t, r) = waves[j].at(above_top);
            let value = |part: usize| array.data[(part * n_z + z) * n_alpha + a];
            let parts = [t.re, t.im, r.re, r.im];
            errors.extend(
                parts
                    .into_iter()
                    .enumerate()
                    .map(|(p, x)| (x - value(p)).abs()),
            );
        }
    }
    Ok(Deviation {
        worst: worst(errors),
        tolerance: TOLERANCE,
    })
}

/// Index of the layer that holds a height (nm; an interface belongs to the layer below), and the
/// height above the layer's top interface.
fn locate(stack: &Multilayer, height: f64) -> (usize, f64) {
    let j = (1..stack.layers().len())
        .rev()
        .find(|&j| height <= stack.top_nm(j))
        .unwrap_or(0);
    (j, height - stack.top_nm(j))
}
