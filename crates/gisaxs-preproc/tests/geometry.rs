//! Instruments whose detector or sample is not square to the beam.

use gisaxs_preproc::gisaxs_physics::Up;
use gisaxs_preproc::ndarray::Array2;
use std::path::Path;

use gisaxs_preproc::{
    Frame, Instrument, LandmarkHints, Landmarks, Mask, NO_CELL, PixelMap, prepare,
};

const TOML: &str = "
[beam]
wavelength_nm = 0.105
incidence_deg = 0.39
[detector]
name = 'Pilatus 300k'
distance_mm = 2565.0
direct_beam_px = [243.0, 560.0]
";

fn instrument(beam: &str, detector: &str) -> Instrument {
    let text = TOML.replace("[detector]", &format!("{beam}\n[detector]\n{detector}"));
    Instrument::from_toml(&text, "a.toml").unwrap()
}

#[test]
fn without_tilt_keys_the_detector_is_flat() {
    let instrument = Instrument::from_toml(TOML, "a.toml").unwrap();
    assert!(instrument.is_flat());
    let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
    let geometry = instrument.geometry().unwrap();
    for (col, row) in [(0.0, 0.0), (486.0, 618.0), (243.0, 560.0)] {
        let expected = detector.direction(&beam, col, row).q(&beam);
        for (a, b) in geometry.q(col, row).iter().zip(expected) {
            assert!((a - b).abs() < 1e-12);
        }
    }
}

#[test]
fn tilt_keys_are_written_and_read_again() {
    let instrument = instrument(
        "sample_tilt_deg = 1.5\nsample_orientation = 6",
        "tilt_deg = [10.0, -5.0, 90.0]\nright = 'columns-decrease'\nup = 'rows-increase'",
    );
    assert!(!instrument.is_flat());
    let again = Instrument::from_toml(&instrument.to_toml(), "a.toml").unwrap();
    let (a, b) = (instrument.geometry().unwrap(), again.geometry().unwrap());
    for (col, row) in [(0.0, 0.0), (486.0, 618.0)] {
        for (a, b) in a.q(col, row).iter().zip(b.q(col, row)) {
            assert!((a - b).abs() < 1e-11);
        }
    }
    // The beam still hits where the file says, at its distance.
    let [col, row] = a.direct_beam_px().unwrap();
    assert!((col - 243.0).abs() < 1e-8 && (row - 560.0).abs() < 1e-8);
    let [x, y, z] = a.position_mm(col, row);
    assert!(x.abs() < 1e-8 && y.abs() < 1e-8 && (z - 2565.0).abs() < 1e-8);
}

#[test]
fn bad_tilts_are_named() {
    for (beam, detector, expected) in [
        (
            "",
            "tilt_deg = [95.0, 0.0, 0.0]",
            "a.toml: detector.tilt_deg = [95.0, 0.0, 0.0], expected [rot1, rot2, rot3] of the \
             detector, the first two from -80 to 80 deg",
        ),
        (
            "sample_orientation = 9",
            "",
            "a.toml: beam.sample_orientation = 9, expected a number from 1 to 8",
        ),
        (
            "sample_orientation = 2.5",
            "",
            "a.toml: beam.sample_orientation = 2.5, expected a whole number from 1 to 8",
        ),
        (
            "",
            "right = 'left'",
            "a.toml: detector.right = \"left\", expected \"columns-increase\" or \
             \"columns-decrease\"",
        ),
        (
            "",
            "tilts_deg = [0, 0, 0]",
            "a.toml: unknown key detector.tilts_deg, did you mean detector.tilt_deg?",
        ),
    ] {
        let text = TOML.replace("[detector]", &format!("{beam}\n[detector]\n{detector}"));
        let error = Instrument::from_toml(&text, "a.toml").unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// What a simulation compares with must be flat; what maps pixels need not.
#[test]
fn a_tilted_detector_is_refused_only_where_it_must_be_flat() {
    let tilted = instrument("", "tilt_deg = [8.0, 0.0, 0.0]");
    let error = tilted.detector().unwrap_err().to_string();
    assert!(
        error.contains("a.toml: detector tilt = 8.000 deg"),
        "{error}"
    );
    let turned = instrument("sample_orientation = 2", "");
    let error = turned.detector().unwrap_err().to_string();
    assert!(error.contains("sample_orientation = 2"), "{error}");

    let frame = Frame::new(Array2::from_elem((619, 487), 3.0)).unwrap();
    let prepared = prepare(&frame, &tilted).unwrap();
    assert!(prepared.input.planes.iter().all(|x| x.is_finite()));
}

/// The general path of the pixel map against the one for flat detectors.
#[test]
fn a_vanishing_tilt_changes_no_cell() {
    let flat = PixelMap::new(&instrument("", "")).unwrap().cells();
    for detector in [
        "tilt_deg = [0.0, 1e-12, 0.0]",
        "tilt_deg = [0.0, 0.0, 1e-12]",
    ] {
        let tilted = PixelMap::new(&instrument("", detector)).unwrap().cells();
        let different = flat.iter().zip(&tilted).filter(|(a, b)| a != b).count();
        // A pixel exactly on an edge may fall to either side.
        assert!(different < 5, "{different}");
    }
    assert!(flat.iter().filter(|&&c| c != NO_CELL).count() > 100_000);
}

/// A frame turned upside down together with its detector is the same measurement.
#[test]
fn half_a_turn_about_the_beam_is_undone_by_the_orientation() {
    let plain = instrument("", "").geometry().unwrap();
    let turned = instrument("", "tilt_deg = [0, 0, 180]\nright = 'columns-decrease'")
        .with_up(Up::RowsIncrease)
        .geometry()
        .unwrap();
    for (col, row) in [(0.0, 0.0), (486.0, 618.0), (100.0, 7.0)] {
        for (a, b) in plain.q(col, row).iter().zip(turned.q(col, row)) {
            assert!((a - b).abs() < 1e-11);
        }
    }
}

/// P03 frames of ../shared/real, see its README for what is known of them.
#[test]
fn p03_frames_give_their_incidence_angle() {
    for (name, stops) in [
        ("jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00005.cbf", false),
        ("jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00033.cbf", false),
        ("jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00005.cbf", true),
        ("jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00033.cbf", true),
    ] {
        let path =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/real")).join(name);
        if !path.exists() {
            println!("skipped: {name} is not here");
            return;
        }
        let frame = Frame::open(path).unwrap();
        // An angle that is far off: it is what is looked for.
        let mut toml = "
            [beam]
            wavelength_nm = 0.105
            incidence_deg = 1.0
            [detector]
            name = 'Pilatus 2M'
            distance_mm = 2565.0
            direct_beam_px = [791.5, 1310.0]
        "
        .to_owned();
        if stops {
            toml += "beamstops = [{ center_px = [795.0, 1305.0], radius_px = 25.0 }]";
        }
        let instrument = Instrument::from_toml(&toml, "p03.toml").unwrap();
        let mask = Mask::new(&frame, &instrument).unwrap();
        let hinted = LandmarkHints {
            direct_beam_px: Some(([791.5, 1310.0], 12.0)),
            ..LandmarkHints::default()
        };
        for hints in [LandmarkHints::default(), hinted] {
            let found = Landmarks::find(&frame, &mask, &hints);
            println!("{name}: {found:?}");
            let specular = found.specular_row.unwrap();
            assert!((specular.value - 1107.0).abs() <= 3.0);
            let yoneda = found.yoneda_row.unwrap();
            assert!((1168.0..=1174.0).contains(&yoneda.value));
            let horizon = found.horizon_row.unwrap();
            assert!((1198.0..=1208.0).contains(&horizon.value));
            let angle = found
                .incidence_deg(&instrument.geometry().unwrap())
                .unwrap();
            println!("{name}: {angle:?} deg");
            assert!((angle.value - 0.390).abs() <= 0.005);
            assert!(angle.agrees(0.390, 3.0) && angle.sigma < 0.01);
        }
    }
}
