//! Structure factors.

use std::path::Path;

use serde_json::Value;

use super::schema::Structure;
use super::{Deviation, Error, Outcome, check_list, npy, rows, sample, text, worst};

/// Relative error where S is not tiny.
const TOLERANCE: f64 = 1e-9;
/// Below this part of the largest S the reference (a quotient of two intensities) is noise.
const TINY: f64 = 1e-6;

pub(super) fn check(dir: &Path) -> Result<Vec<Outcome>, Error> {
    let array = npy::read(&dir.join("structure_factors.npy"))?;
    check_list(
        &dir.join("structure_factors.json"),
        |i, case| format!("structure/{}#{i}", text(case, "type")),
        |mut case| {
            let number = |case: &Value, key: &str| {
                case.get(key).and_then(Value::as_f64).ok_or_else(|| {
                    Error::NotImplemented(format!("a structure factor without {key}"))
                })
            };
            let (start, count) = (number(&case, "start")?, number(&case, "count")?);
            let density = number(&case, "particle_density_per_nm2")?;
            if let Some(object) = case.as_object_mut() {
                for key in ["start", "count", "particle_density_per_nm2", "remark"] {
                    object.remove(key);
                }
            }
            let structure: Structure = serde_json::from_value(case)?;
            let s = sample::structure_factor(&structure, 0.0, None)?;
            let rows = rows(&array, start as usize, count as usize)?;
            let largest = rows.iter().map(|row| row[2].abs()).fold(0.0, f64::max);
            let errors = rows
                .iter()
                .filter(|row| row[2] > TINY * largest)
                .map(|row| (s.at(row[0], row[1]) / row[2] - 1.0).abs());
            let density_error = (s.density() / density - 1.0).abs();
            Ok(Deviation {
                worst: worst(errors).max(density_error),
                tolerance: TOLERANCE,
            })
        },
    )
}
