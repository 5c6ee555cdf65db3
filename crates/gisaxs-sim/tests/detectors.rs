//! Detectors of a configuration by name: the table of `gisaxs-preproc`.
#![cfg(feature = "dataset")]

use gisaxs_preproc::Detector;
use gisaxs_sim::Prior;
use gisaxs_sim::dataset::Config;

fn parse(detector: &str) -> Result<Config, String> {
    let text = format!("[setup]\ndetectors = [{{ weight = 1.0, {detector} }}]\n");
    Config::parse("d.toml", &text).map_err(|e| e.to_string())
}

/// Shape, pixels and every gap of the table, but for sensors that modules and gaps do not describe,
/// which are refused.
#[test]
fn every_detector_of_the_table_has_its_gaps() {
    let mut compared = 0;
    for detector in Detector::all() {
        let name = detector.name();
        let found = parse(&format!("name = {name:?}"));
        if detector.is_round() {
            assert!(found.unwrap_err().contains("round"), "{name}");
            continue;
        }
        let config = found.unwrap();
        let own = &config.setup.detectors[0];
        assert_eq!(own.layout.shape(), detector.shape(), "{name}");
        assert_eq!(
            own.pixel_mm.to_bits(),
            detector.pixel_mm().to_bits(),
            "{name}"
        );
        let mask = detector.gap_mask();
        let [rows, cols] = detector.shape();
        // Every pixel of the small ones; a whole row and column of modules of the large ones, whose
        // masks are the same along both.
        let all = rows * cols < 3_000_000;
        for row in (0..rows).filter(|r| all || *r < 2 || r % 97 == 0) {
            for col in 0..cols {
                assert_eq!(
                    own.layout.is_gap(col, row),
                    mask[[row, col]],
                    "{name} {row} {col}"
                );
            }
        }
        for row in 0..rows {
            assert_eq!(own.layout.is_gap(0, row), mask[[row, 0]], "{name} {row}");
        }
        compared += 1;
    }
    assert!(compared >= 48, "{compared}");
}

#[test]
fn names_that_mislead_are_refused() {
    let error = parse("name = \"Pilatus 6N\"").unwrap_err();
    assert!(
        error.contains("Pilatus 6M") && error.contains("setup.detectors"),
        "{error}"
    );
    let error = parse("name = \"Pilatus3 X CdTe 1M\"").unwrap_err();
    assert!(error.contains("CdTe"), "{error}");
    let layout =
        |n: usize| format!("layout = {{ module = [195, 487], gap = [17, 7], modules = [{n}, 2] }}");
    parse(&format!(
        "name = \"Pilatus 1M\", pixel_mm = 0.172, {}",
        layout(5)
    ))
    .unwrap();
    let error = parse(&format!("name = \"pilatus1m\", {}", layout(4))).unwrap_err();
    assert!(
        error.contains("[5, 2] modules") && error.contains("[4, 2] modules"),
        "{error}"
    );
    let error = parse("name = \"Eiger 1M\", pixel_mm = 0.172").unwrap_err();
    assert!(error.contains("pixel_mm = 0.075"), "{error}");
    // Any other name can mean anything, if it says what.
    parse(&format!("name = \"ours\", pixel_mm = 0.1, {}", layout(4))).unwrap();
}

/// The detectors of the default domain are typed in where no table is, and are those of the table.
#[test]
fn detectors_of_the_default_are_those_of_the_table() {
    for own in &Prior::default().setup.detectors {
        let config = parse(&format!("name = {:?}", own.name)).unwrap();
        let found = &config.setup.detectors[0];
        assert_eq!(
            (found.layout, found.pixel_mm.to_bits()),
            (own.layout, own.pixel_mm.to_bits())
        );
    }
}
