//! `cargo xtask reference DIR`: checks `gisaxs-physics` against every case of a reference folder.
//!
//! The physics lives in the library; here the JSON of the cases is translated into its types and
//! the numbers are compared. One line per case: name, worst error, tolerance, ok or FAIL. A case
//! that cannot be computed is FAIL with the reason.

mod distributions;
mod extent;
mod form_factors;
mod images;
mod npy;
mod sample;
mod schema;
mod specular;
mod structure_factors;

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::console::say;

/// Check the physics against a folder of reference numbers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with formfactors.json, structure_factors.json, specular.json, distributions.json,
    /// images.json and the .npy files they name.
    dir: PathBuf,
    /// Write the outcome of every case to FILE.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What kept a case, or the whole run, from being computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is not a C-ordered little-endian f64 .npy file", path.display())]
    Npy { path: PathBuf },
    #[error("{} is not JSON of the expected form: {source}", path.display())]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{} holds no cases", path.display())]
    Empty { path: PathBuf },
    #[error("not understood: {0}")]
    Case(#[from] serde_json::Error),
    #[error("{0}")]
    Physics(#[from] gisaxs_physics::Error),
    #[error("not implemented: {0}")]
    NotImplemented(String),
    #[error("the case expects {expected} numbers, its array holds {found}")]
    Size { expected: usize, found: usize },
}

/// Largest deviation of a case and what is allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deviation {
    pub(crate) worst: f64,
    pub(crate) tolerance: f64,
}

impl Deviation {
    /// NaN never passes.
    fn passes(self) -> bool {
        self.worst <= self.tolerance
    }
}

/// A case that has been tried.
#[derive(Debug)]
pub(crate) struct Outcome {
    name: String,
    result: Result<Deviation, Error>,
}

/// One case in the JSON report.
#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    worst_error: Option<f64>,
    tolerance: Option<f64>,
    passed: bool,
    reason: Option<String>,
}

/// Runs all cases; `Ok(true)` if all passed.
pub(crate) fn run(args: &Args) -> Result<bool, Error> {
    let dir = args.dir.as_path();
    let mut outcomes = form_factors::check(dir)?;
    outcomes.extend(structure_factors::check(dir)?);
    outcomes.extend(specular::check(dir)?);
    outcomes.extend(distributions::check(dir)?);
    outcomes.extend(images::check(dir)?);

    let mut passed = 0;
    for Outcome { name, result } in &outcomes {
        match result {
            Ok(d) if d.passes() => {
                passed += 1;
                say!(
                    "{name:48} {:9.2e}  tolerance {:7.0e}  ok",
                    d.worst,
                    d.tolerance
                );
            }
            Ok(d) => say!(
                "{name:48} {:9.2e}  tolerance {:7.0e}  FAIL",
                d.worst,
                d.tolerance
            ),
            Err(reason) => say!("{name:48} {:>9}  tolerance {:>7}  FAIL  {reason}", "-", "-"),
        }
    }
    if let Some(path) = &args.json {
        write_report(path, &outcomes)?;
    }
    let failed = outcomes.len() - passed;
    // No case is ever skipped: what cannot be computed has failed.
    say!("{passed} passed, {failed} failed, 0 skipped");
    Ok(failed == 0)
}

fn write_report(path: &Path, outcomes: &[Outcome]) -> Result<(), Error> {
    let lines: Vec<Line> = outcomes
        .iter()
        .map(|Outcome { name, result }| Line {
            name,
            // JSON has no NaN.
            worst_error: result
                .as_ref()
                .ok()
                .map(|d| d.worst)
                .filter(|w| w.is_finite()),
            tolerance: result.as_ref().ok().map(|d| d.tolerance),
            passed: result.as_ref().is_ok_and(|d| d.passes()),
            reason: result.as_ref().err().map(ToString::to_string),
        })
        .collect();
    let text = serde_json::to_string_pretty(&lines)?;
    std::fs::write(path, text + "\n").map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

/// Reads a JSON file.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| Error::Json {
        path: path.into(),
        source,
    })
}

/// Reads a JSON list of cases and runs `check` on each, in parallel. `label` names a case from
/// its position and its JSON.
fn check_list(
    path: &Path,
    label: impl Fn(usize, &Value) -> String + Sync,
    check: impl Fn(Value) -> Result<Deviation, Error> + Sync,
) -> Result<Vec<Outcome>, Error> {
    let cases: Vec<Value> = read_json(path)?;
    if cases.is_empty() {
        return Err(Error::Empty { path: path.into() });
    }
    Ok(run_cases(cases, label, check))
}

fn run_cases(
    cases: Vec<Value>,
    label: impl Fn(usize, &Value) -> String + Sync,
    check: impl Fn(Value) -> Result<Deviation, Error> + Sync,
) -> Vec<Outcome> {
    cases
        .into_par_iter()
        .enumerate()
        .map(|(i, case)| Outcome {
            name: label(i, &case),
            result: check(case),
        })
        .collect()
}

/// The text of a key, for names of cases; `?` if there is none.
fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or("?")
}

/// Rows `start .. start + count` of a two-dimensional array.
fn rows(array: &npy::Array, start: usize, count: usize) -> Result<Vec<&[f64]>, Error> {
    let &[total, columns] = array.shape.as_slice() else {
        return Err(Error::Size {
            expected: 2,
            found: array.shape.len(),
        });
    };
    if start + count > total || count == 0 {
        return Err(Error::Size {
            expected: start + count,
            found: total,
        });
    }
    Ok(array.data[start * columns..(start + count) * columns]
        .chunks_exact(columns)
        .collect())
}

/// The largest of some errors; NaN if one is NaN.
fn worst(errors: impl IntoIterator<Item = f64>) -> f64 {
    errors
        .into_iter()
        .fold(0.0, |a, b| if a.is_nan() || b <= a { a } else { b })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_error_keeps_nan() {
        assert_eq!(worst([0.1, 0.3, 0.2]), 0.3);
        assert!(worst([0.1, f64::NAN, 0.2]).is_nan());
        assert!(
            !Deviation {
                worst: f64::NAN,
                tolerance: 1.0
            }
            .passes()
        );
        assert!(
            !Deviation {
                worst: f64::INFINITY,
                tolerance: 1.0
            }
            .passes()
        );
    }
}
