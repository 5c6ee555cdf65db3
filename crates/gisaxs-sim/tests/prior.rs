//! A prior that cannot be drawn from is refused by name, before anything is drawn.

use gisaxs_sim::{Prior, Range};

/// The message for the default prior after `change`.
fn refusal(change: impl Fn(&mut Prior)) -> String {
    let mut prior = Prior::default();
    change(&mut prior);
    prior
        .validate()
        .map_or_else(|e| e.to_string(), |()| "allowed".into())
}

#[test]
fn the_default_is_allowed() {
    Prior::default().validate().unwrap();
}

#[test]
fn every_bad_key_is_named_with_its_value() {
    type Change = fn(&mut Prior);
    let cases: [(&str, &str, Change); 9] = [
        ("setup.knowledge", "1.5", |p| p.setup.knowledge = 1.5),
        ("setup.oxides", "NaN", |p| p.setup.oxides = f64::NAN),
        ("setup.polymer_films", "-0.1", |p| {
            p.setup.polymer_films = -0.1
        }),
        ("setup.detectors", "weight 0", |p| {
            p.setup.detectors[0].weight = 0.0
        }),
        ("setup.detectors", "[3, 0]", |p| {
            p.setup.detectors[0].layout.modules[1] = 0
        }),
        ("setup.detectors", "[]", |p| p.setup.detectors.clear()),
        ("particles.cylinders", "2", |p| p.particles.cylinders = 2.0),
        ("particles.modes", "0.0", |p| p.particles.modes = [0.0; 3]),
        ("particles.radius_nm", "5 .. 2", |p| {
            p.particles.radius_nm = Range::LogUniform([5.0, 2.0]);
        }),
    ];
    for (key, value, change) in cases {
        let message = refusal(change);
        assert!(
            message.contains(key) && message.contains(value) && message.contains("expected"),
            "{key}: {message}"
        );
    }
}

#[test]
fn bad_artifacts_are_named() {
    type Change = fn(&mut Prior);
    let cases: [(&str, Change); 7] = [
        ("setup.rotation_deg", |p| {
            p.setup.rotation_deg = Some(Range::Fixed(20.0));
        }),
        ("setup.tilt_deg", |p| {
            p.setup.tilt_deg = Some(Range::Uniform([-9.0, 0.0]));
        }),
        ("artifacts.misalignment.wavelength", |p| {
            p.artifacts.misalignment.wavelength = f64::NAN;
        }),
        ("artifacts.misalignment.beam_center_px", |p| {
            p.artifacts.misalignment.beam_center_px = -1.0;
        }),
        ("artifacts.scatter.population", |p| {
            p.artifacts.scatter.population = 1.5;
        }),
        ("artifacts.camera.gap_edge_gain", |p| {
            p.artifacts.camera.gap_edge_gain = Range::Fixed(f64::INFINITY);
        }),
        ("artifacts.camera.exposure_s", |p| {
            p.artifacts.camera.exposure_s = Range::Fixed(0.0);
        }),
    ];
    for (key, change) in cases {
        let message = refusal(change);
        assert!(message.contains(key), "{key}: {message}");
    }
    Prior::default()
        .with_realistic_artifacts()
        .validate()
        .unwrap();
}
