//! From a frame to a result, through all crates.

use gisaxs_infer::{Device, Frame, Instrument, Options, Predictor, PreparedInstrument, demo};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_sim::Prior;
use gisaxs_sim::frame::SimulatedFrame;
use gisaxs_tests::{check_result, shared};

#[test]
fn the_demonstration_frame_gives_what_is_in_it() {
    let predictor = Predictor::embedded().unwrap();
    let structure = predictor
        .predict(&demo::frame().unwrap(), &demo::instrument().unwrap())
        .unwrap();
    let result = serde_json::from_str(&structure.to_json()).unwrap();
    check_result(&result).unwrap();
    // demo/sample.toml: R 3.2 nm, H/R 1.35, D 9.5 nm.
    let close = |found: f64, truth: f64, part: f64| (found / truth - 1.0).abs() < part;
    assert!(
        close(structure.radius.mean.value, 3.2, 0.1),
        "{}",
        structure.summary()
    );
    assert!(
        close(structure.distance.unwrap().value, 9.5, 0.03),
        "{}",
        structure.summary()
    );
    assert!(structure.in_domain, "{:?}", structure.warnings);
}

#[test]
fn refinement_never_makes_the_fit_worse() {
    let predictor = Predictor::embedded().unwrap();
    let frame = demo::frame().unwrap();
    let prepared = PreparedInstrument::new(&demo::instrument().unwrap()).unwrap();
    let fit = |refine| {
        let options = Options {
            verify: true,
            refine,
        };
        let inversion = predictor.invert(&frame, &prepared, &options).unwrap();
        (inversion.structure.fit.unwrap(), inversion.structure)
    };
    let (before, _) = fit(false);
    let (after, structure) = fit(true);
    assert!(after.chi2_reduced <= before.chi2_reduced);
    if after.refined {
        assert!(after.chi2_reduced < before.chi2_reduced);
    }
    check_result(&serde_json::from_str(&structure.to_json()).unwrap()).unwrap();
}

#[test]
fn simulated_frames_of_every_detector_give_complete_results() {
    let predictor = Predictor::embedded().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..12 {
        let simulated = SimulatedFrame::draw(&Prior::default(), 20_260, index).unwrap();
        seen.insert(simulated.setup.detector_name.clone());
        let [rows, cols] = simulated.shape;
        let counts = Array2::from_shape_vec((rows, cols), simulated.counts).unwrap();
        let frame = Frame::new(counts).unwrap();
        let instrument =
            Instrument::new(simulated.believed_beam, simulated.believed_detector).unwrap();
        let structure = predictor.predict(&frame, &instrument).unwrap();
        let result = serde_json::from_str(&structure.to_json()).unwrap();
        check_result(&result).unwrap_or_else(|e| panic!("frame {index}: {e}"));
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[test]
fn a_series_gives_the_same_as_single_frames() {
    let predictor = Predictor::embedded().unwrap();
    let (frame, instrument) = (demo::frame().unwrap(), demo::instrument().unwrap());
    let single = predictor.predict(&frame, &instrument).unwrap();
    let prepared = PreparedInstrument::new(&instrument).unwrap();
    for _ in 0..2 {
        let mut series = predictor
            .invert(&frame, &prepared, &Options::default())
            .unwrap()
            .structure;
        series.timing_ms = single.timing_ms;
        assert_eq!(series, single);
    }
}

#[test]
fn geometry_outside_the_domain_is_a_warning_with_value_and_range() {
    let text = demo::INSTRUMENT.replace("incidence_deg = 0.4", "incidence_deg = 0.05");
    let instrument = Instrument::from_toml(&text, "steep.toml").unwrap();
    let structure = Predictor::embedded()
        .unwrap()
        .predict(&demo::frame().unwrap(), &instrument)
        .unwrap();
    assert!(!structure.in_domain);
    let warning = structure
        .warnings
        .iter()
        .find(|w| w.contains("incidence angle"))
        .unwrap();
    assert!(
        warning.contains("0.05") && warning.contains("0.15 to 0.8"),
        "{warning}"
    );
}

#[test]
fn weights_that_are_none_are_refused() {
    let error = Predictor::from_bytes(b"no weights", &Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("weights"), "{error}");
    let error = Predictor::from_file("does/not/exist", &Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("does/not/exist"), "{error}");
}

/// Measured frames of beamline P03: 2 pi / q of their side maxima is 7.6 nm, read off a
/// smoothed cut.
#[test]
fn measured_frames_give_the_spacing_of_their_side_maxima() {
    let Some(folder) = shared("real") else { return };
    let instrument = Instrument::from_toml(
        r#"
        [beam]
        wavelength_nm = 0.105
        incidence_deg = 0.39
        [detector]
        name = "Pilatus 2M"
        distance_mm = 2565.0
        direct_beam_px = [791.5, 1310.0]
        beamstops = [
            { center_px = [795.0, 1305.0], radius_px = 25.0 },
            { center_px = [810.0, 1100.0], radius_px = 20.0 },
        ]
        [sample]
        particle = "Au"
        substrate = "Si"
        "#,
        "P03",
    )
    .unwrap();
    let predictor = Predictor::embedded().unwrap();
    for number in ["00005", "00033"] {
        let name = format!("jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_{number}.cbf");
        let frame = Frame::open(folder.join(name)).unwrap();
        let structure = predictor.predict(&frame, &instrument).unwrap();
        let summary = structure.summary();
        let distance = structure.distance.unwrap_or_else(|| panic!("{summary}"));
        assert!((distance.value / 7.6 - 1.0).abs() < 0.15, "{summary}");
    }
}
