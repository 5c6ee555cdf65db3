//! Discretised distributions.

use std::path::Path;

use serde_json::Value;

use super::schema::Distribution;
use super::{Deviation, Error, Outcome, check_list, sample, text, worst};

/// Error of nodes relative to the largest node, and of weights.
const TOLERANCE: f64 = 1e-10;

pub(super) fn check(dir: &Path) -> Result<Vec<Outcome>, Error> {
    check_list(
        &dir.join("distributions.json"),
        |i, case| format!("distribution/{}#{i}", text(case, "type")),
        |mut case| {
            let mut list = |key: &str| -> Result<Vec<f64>, Error> {
                let values = case
                    .as_object_mut()
                    .and_then(|o| o.remove(key))
                    .unwrap_or(Value::Null);
                Ok(serde_json::from_value(values)?)
            };
            let (values, weights) = (list("nodes")?, list("weights")?);
            let distribution: Distribution = serde_json::from_value(case)?;
            let nodes = sample::nodes(&distribution)?;
            if nodes.len() != values.len() || nodes.len() != weights.len() {
                return Err(Error::Size {
                    expected: values.len(),
                    found: nodes.len(),
                });
            }
            let largest = values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            let errors =
                nodes
                    .iter()
                    .zip(values.iter().zip(&weights))
                    .map(|(node, (value, weight))| {
                        ((node.value - value).abs() / largest).max((node.weight - weight).abs())
                    });
            Ok(Deviation {
                worst: worst(errors),
                tolerance: TOLERANCE,
            })
        },
    )
}
