//! Tests of the chain across crates; here what they share.
#![forbid(unsafe_code)]

use serde_json::Value;
use std::path::{Path, PathBuf};

/// Checks a result against the documented form of `<stem>.json`: every entry there, of the
/// right type, estimates ordered, the density normalised, what is `null` listed as
/// unresolved.
///
/// # Errors
/// The first deviation, in words.
pub fn check_result(result: &Value) -> Result<(), String> {
    let get = |path: &str| {
        result
            .pointer(path)
            .ok_or_else(|| format!("{path} is missing"))
    };
    let expect = |ok: bool, what: String| if ok { Ok(()) } else { Err(what) };
    expect(
        get("/schema")? == "gisaxs-infer/1",
        "schema is not gisaxs-infer/1".into(),
    )?;
    for text in ["/frame", "/model/name", "/model/version", "/model/sha256"] {
        expect(get(text)?.is_string(), format!("{text} is not a text"))?;
    }
    expect(get("/radius/unit")? == "nm", "radius.unit is not nm".into())?;
    expect(
        get("/radius/weighting")? == "number",
        "radius.weighting is not number".into(),
    )?;
    let numbers = |path: &str| -> Result<Vec<f64>, String> {
        get(path)?
            .as_array()
            .and_then(|list| list.iter().map(Value::as_f64).collect())
            .ok_or_else(|| format!("{path} is not a list of numbers"))
    };
    let edges = numbers("/radius/bin_edges")?;
    let density = numbers("/radius/density")?;
    let lower = numbers("/radius/density_lower")?;
    let upper = numbers("/radius/density_upper")?;
    let n = density.len();
    expect(
        n > 0 && edges.len() == n + 1 && lower.len() == n && upper.len() == n,
        "lengths of the lists in radius do not fit".into(),
    )?;
    expect(
        edges.windows(2).all(|e| e[0] < e[1]) && edges[0] > 0.0,
        "radius.bin_edges do not increase from above 0".into(),
    )?;
    let integral: f64 = edges
        .windows(2)
        .zip(&density)
        .map(|(e, d)| (e[1] - e[0]) * d)
        .sum();
    // Seven digits are written.
    expect(
        (integral - 1.0).abs() < 1e-5,
        format!("radius.density integrates to {integral}"),
    )?;
    expect(
        (0..n).all(|i| 0.0 <= lower[i] && lower[i] <= density[i] && density[i] <= upper[i]),
        "the band of radius.density does not hold the density".into(),
    )?;

    let unresolved: Vec<&str> = get("/unresolved")?
        .as_array()
        .and_then(|list| list.iter().map(Value::as_str).collect())
        .ok_or("unresolved is not a list of names")?;
    for (path, name) in [
        ("/radius/mean", None),
        ("/radius/std", None),
        ("/height_over_radius", Some("height_over_radius")),
        ("/distance", Some("distance")),
        ("/disorder", Some("disorder")),
    ] {
        let estimate = get(path)?;
        let listed = name.is_some_and(|n| unresolved.contains(&n));
        if estimate.is_null() {
            expect(listed, format!("{path} is null and not unresolved"))?;
            continue;
        }
        expect(!listed, format!("{path} is given and unresolved"))?;
        let part = |key: &str| {
            estimate[key]
                .as_f64()
                .ok_or_else(|| format!("{path}/{key} is not a number"))
        };
        let (value, low, high) = (part("value")?, part("lower")?, part("upper")?);
        expect(
            0.0 < low && low <= value && value <= high,
            format!("{path}: {low} <= {value} <= {high} does not hold"),
        )?;
    }
    if !get("/distance")?.is_null() {
        expect(
            get("/distance/unit")? == "nm",
            "distance.unit is not nm".into(),
        )?;
    }
    expect(
        get("/in_domain")?.is_boolean(),
        "in_domain is not a truth value".into(),
    )?;
    expect(
        get("/domain_score")?.is_f64(),
        "domain_score is not a number".into(),
    )?;
    expect(
        get("/warnings")?.is_array(),
        "warnings is not a list".into(),
    )?;
    if !get("/fit")?.is_null() {
        expect(
            get("/fit/chi2_reduced")?.is_f64(),
            "chi2_reduced is not a number".into(),
        )?;
        expect(
            get("/fit/n_pixels")?.is_u64(),
            "n_pixels is not a count".into(),
        )?;
        expect(
            get("/fit/refined")?.is_boolean(),
            "refined is not a truth value".into(),
        )?;
    }
    for time in ["read", "preprocess", "network", "verify"] {
        let path = format!("/timing_ms/{time}");
        expect(get(&path)?.is_f64(), format!("{path} is not a number"))?;
    }
    Ok(())
}

/// The folder `name` of data that is not part of the project (measured frames, frames of
/// another simulator), or `None` after printing why the test is skipped.
#[must_use]
pub fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../../shared").join(name);
    if folder.is_dir() {
        Some(folder)
    } else {
        println!(
            "skipped: no folder {} beside the checkout",
            folder.display()
        );
        None
    }
}
