//! Bad input gives one clear error each: what, where, and what was expected.

use std::path::Path;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, Instrument, prepare};

const GOOD: &str = r#"
[beam]
wavelength_nm = 0.105
incidence_deg = 0.39
[detector]
name = "Pilatus 300k"
distance_mm = 2565.0
direct_beam_px = [243.0, 560.0]
beamstops = [{ center_px = [243.0, 560.0], radius_px = 12.0 }]
[sample]
particle = "Au"
substrate = "Si"
film = { material = "PS", thickness_nm = 40.0 }
"#;

fn frame() -> Frame {
    let counts = Array2::from_shape_fn((619, 487), |(r, c)| ((r + 3 * c) % 5) as f32);
    Frame::new(counts).unwrap().with_name("frame.cbf")
}

fn message(text: &str) -> String {
    let error = Instrument::from_toml(text, "a.toml")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("a.toml"), "{error}");
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn the_good_one_is_good() {
    let instrument = Instrument::from_toml(GOOD, "a.toml").unwrap();
    let prepared = prepare(&frame(), &instrument).unwrap();
    assert!(prepared.mask.valid_pixels() > 100_000);
    let again = Instrument::from_toml(&instrument.to_toml(), "a.toml").unwrap();
    assert_eq!(again.detector().unwrap(), instrument.detector().unwrap());
    assert_eq!(again.beamstops(), instrument.beamstops());
    assert_eq!(again.sample(), instrument.sample());
    assert_eq!(again.beam().wavelength_nm(), 0.105);
    assert!((again.beam().alpha_i_rad() / 0.39_f64.to_radians() - 1.0).abs() < 1e-15);
}

#[test]
fn every_kind_of_bad_value_names_key_value_and_range() {
    for (from, to, expected) in [
        (
            "distance_mm = 2565.0",
            "distance = 2565.0",
            "a.toml: unknown key detector.distance, did you mean detector.distance_mm?",
        ),
        (
            "[sample]",
            "[smaple]",
            "a.toml: unknown key smaple, did you mean sample?",
        ),
        (
            "radius_px = 12.0",
            "radius = 12.0",
            "a.toml: unknown key detector.beamstops[0].radius, did you mean \
             detector.beamstops[0].radius_px?",
        ),
        (
            "thickness_nm = 40.0",
            "thickness = 40.0",
            "a.toml: unknown key sample.film.thickness, did you mean sample.film.thickness_nm?",
        ),
        (
            "distance_mm = 2565.0\n",
            "",
            "a.toml: key detector.distance_mm is missing, expected a number from 10 to 100000 mm",
        ),
        (
            "incidence_deg = 0.39\n",
            "",
            "a.toml: key beam.incidence_deg is missing, expected a number above 0 to 10 deg",
        ),
        (
            "wavelength_nm = 0.105\n",
            "",
            "a.toml: key beam.wavelength_nm is missing, expected a number from 0.0414 to 1.2398 nm \
             (or energy_kev)",
        ),
        (
            "incidence_deg = 0.39",
            "incidence_deg = nan",
            "a.toml: beam.incidence_deg = nan, expected a number above 0 to 10 deg",
        ),
        (
            "incidence_deg = 0.39",
            "incidence_deg = -0.39",
            "a.toml: beam.incidence_deg = -0.39, expected a number above 0 to 10 deg",
        ),
        (
            "wavelength_nm = 0.105",
            "wavelength_nm = 1.05e-10",
            "a.toml: beam.wavelength_nm = 0.000000000105, expected a number from 0.0414 to 1.2398 nm",
        ),
        (
            "distance_mm = 2565.0",
            "distance_mm = \"2565\"",
            "a.toml: detector.distance_mm = \"2565\", expected a number from 10 to 100000 mm",
        ),
        (
            "direct_beam_px = [243.0, 560.0]",
            "direct_beam_px = [243.0, inf]",
            "a.toml: detector.direct_beam_px = [243.0, inf], expected [column, row] of the direct \
             beam, 2 numbers from -100000 to 100000 px",
        ),
        (
            "wavelength_nm = 0.105",
            "wavelength_nm = 0.105\nenergy_kev = 11.8",
            "a.toml: beam.energy_kev = 11.8, expected either wavelength_nm or energy_kev, not both",
        ),
        (
            "Pilatus 300k",
            "Pilatus 300",
            "a.toml: detector name \"Pilatus 300\" is unknown, nearest known: Pilatus 300k",
        ),
        (
            "distance_mm = 2565.0",
            "distance_mm = 2565.0\nshape = [1679, 1475]",
            "a.toml: detector.shape: frame of 1679 x 1475 pixels (rows x columns), the shape of a \
             Pilatus 2M, but Pilatus 300k has 619 x 487",
        ),
        (
            "distance_mm = 2565.0",
            "distance_mm = 2565.0\npixel_size_mm = [0.055, 0.055]",
            "a.toml: detector.pixel_size_mm = [0.055, 0.055], expected [0.172, 0.172] as the \
             Pilatus 300k has",
        ),
        (
            "distance_mm = 2565.0",
            "distance_mm = 2565.0\nup = \"left\"",
            "a.toml: detector.up = \"left\", expected \"rows-decrease\" or \"rows-increase\"",
        ),
        (
            "particle = \"Au\"",
            "particle = \"Unobtainium\"",
            "a.toml: sample.particle: unknown material \"Unobtainium\"",
        ),
        (
            "particle = \"Au\"",
            "particle = { delta = 1e-5 }",
            "a.toml: key sample.particle.beta is missing, expected the imaginary part beside delta",
        ),
        (
            "particle = \"Au\"",
            "particle = { name = \"Fe3O4\", density_g_cm3 = -5 }",
            "a.toml: sample.particle.density_g_cm3 = -5, expected a number above 0 to 25 g/cm^3",
        ),
        (
            "particle = \"Au\"",
            "particle = 79",
            "a.toml: sample.particle = 79, expected a name or formula",
        ),
        ("[sample]", "[sample", "a.toml: not valid TOML, line 10: "),
        (
            "[detector]",
            "[beam.detector]",
            "a.toml: key detector is missing",
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let found = if expected.contains("key detector is missing") {
            message("[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n")
        } else {
            message(&text)
        };
        assert!(
            found.starts_with(expected),
            "found    {found}\nexpected {expected}"
        );
    }
}

#[test]
fn a_missing_mask_file_is_named() {
    let text = GOOD.replace("[sample]", "mask = \"nowhere.edf\"\n[sample]");
    let error = Instrument::from_toml(&text, "a.toml")
        .unwrap_err()
        .to_string();
    assert!(error.contains("nowhere.edf"), "{error}");
}

#[test]
fn a_missing_frame_is_named() {
    let error = Frame::open("nowhere.cbf").unwrap_err().to_string();
    assert!(error.starts_with("nowhere.cbf: cannot be read"), "{error}");
}

#[test]
fn the_wrong_detector_is_named_with_the_right_one() {
    let text = GOOD.replace("Pilatus 300k", "Pilatus 2M");
    let instrument = Instrument::from_toml(&text, "a.toml").unwrap();
    let error = prepare(&frame(), &instrument).unwrap_err().to_string();
    assert_eq!(
        error,
        "frame.cbf: frame of 619 x 487 pixels (rows x columns), the shape of a Pilatus 300k, but \
         the Pilatus 2M has 1679 x 1475"
    );
}

#[test]
fn the_frame_supplies_what_the_instrument_leaves_out() {
    let text = GOOD.replace("name = \"Pilatus 300k\"\n", "");
    let instrument = Instrument::from_toml(&text, "a.toml").unwrap();
    let error = instrument.detector().unwrap_err().to_string();
    assert!(error.contains("detector.shape is missing"), "{error}");
    let resolved = instrument.for_frame(&frame()).unwrap();
    assert_eq!(
        resolved.known_detector().map(|d| d.name()),
        Some("Pilatus 300k")
    );
    assert_eq!(resolved.detector().unwrap().pixel_mm, [0.172, 0.172]);

    let odd = Frame::new(Array2::ones((600, 400)))
        .unwrap()
        .with_name("odd.tif");
    let error = instrument.for_frame(&odd).unwrap_err().to_string();
    assert_eq!(
        error,
        "a.toml: detector.pixel_size_mm is missing and no frame with a known detector supplies it"
    );
}

#[test]
fn a_frame_without_a_valid_pixel_is_an_error() {
    let dark = Frame::new(Array2::from_elem((619, 487), -2.0)).unwrap();
    let instrument = Instrument::from_toml(GOOD, "a.toml").unwrap();
    let error = prepare(&dark, &instrument).unwrap_err().to_string();
    assert!(
        error.starts_with("frame: all 301453 pixels are masked"),
        "{error}"
    );
}

#[test]
fn a_frame_without_counts_is_an_error() {
    let dark = Frame::new(Array2::zeros((619, 487))).unwrap();
    let instrument = Instrument::from_toml(GOOD, "a.toml").unwrap();
    let error = prepare(&dark, &instrument).unwrap_err().to_string();
    assert_eq!(
        error,
        "frame: no counts on any valid pixel above the horizon"
    );
}

#[test]
fn a_detector_that_sees_nothing_of_the_grid_is_an_error() {
    let text = GOOD.replace(
        "direct_beam_px = [243.0, 560.0]",
        "direct_beam_px = [243.0, -90000.0]",
    );
    let instrument = Instrument::from_toml(&text, "a.toml").unwrap();
    let error = prepare(&frame(), &instrument).unwrap_err().to_string();
    assert!(error.contains("all 301453 pixels are masked"), "{error}");
    assert!(error.contains("outside 301453"), "{error}");
}

#[test]
fn a_header_that_contradicts_the_instrument_is_a_warning() {
    let mut header = frame().header().clone();
    header.wavelength_nm = Some(0.154);
    header.distance_mm = Some(2560.0);
    let instrument = Instrument::from_toml(GOOD, "a.toml").unwrap();
    let prepared = prepare(&frame().with_header(header), &instrument).unwrap();
    let about_header: Vec<_> = prepared
        .warnings
        .iter()
        .filter(|w| w.contains("header"))
        .collect();
    assert_eq!(
        about_header,
        ["wavelength is 0.105 nm in a.toml but 0.154 nm in the frame's header"]
    );
}

#[test]
fn masks_of_all_formats_beside_the_toml() {
    let folder = tempfile::tempdir().unwrap();
    let masked = Array2::from_shape_fn((619, 487), |(r, _)| u8::from(r < 3));
    let npy = gisaxs_preproc::encode_npy(masked.view());
    std::fs::write(folder.path().join("mask.npy"), npy).unwrap();
    let mut edf = b"{\nHeaderID = EH:000001:000000:000000 ;\nByteOrder = LowByteFirst ;\n\
        DataType = UnsignedByte ;\nDim_1 = 487 ;\nDim_2 = 619 ;\n"
        .to_vec();
    edf.resize(510, b' ');
    edf.extend(b"}\n");
    edf.extend(masked.iter());
    std::fs::write(folder.path().join("mask.edf"), edf).unwrap();
    let cbf = Frame::new(masked.mapv(f32::from)).unwrap();
    cbf.write_cbf(folder.path().join("mask.cbf")).unwrap();

    for name in ["mask.npy", "mask.edf", "mask.cbf"] {
        let text = GOOD.replace("beamstops", &format!("mask = \"{name}\"\nbeamstops"));
        let path = folder.path().join("instrument.toml");
        std::fs::write(&path, &text).unwrap();
        let instrument = Instrument::from_path(&path).unwrap();
        let user = instrument.user_mask().unwrap();
        assert_eq!(user.iter().filter(|&&m| m).count(), 3 * 487, "{name}");
        assert!(instrument.to_toml().contains(&format!("mask = \"{name}\"")));
    }
}

#[test]
fn storage_of_hdf5_that_is_not_read_is_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (name, what) in [
        ("virtual.h5", "a virtual dataset"),
        (
            "zstd.h5",
            "Zstandard compression (filter 32015) in entry/data/data",
        ),
        (
            "lzf.h5",
            "LZF compression (filter 32000) in entry/data/data",
        ),
    ] {
        let error = gisaxs_preproc::FrameStack::open(folder.join(name))
            .and_then(|stack| stack.frame(0))
            .unwrap_err()
            .to_string();
        assert!(error.contains(name) && error.contains(what), "{error}");
    }
}
