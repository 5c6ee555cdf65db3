//! The commands as a user runs them: exit codes, files, and one clear line per failure.

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, encode_npy};
use gisaxs_tests::check_result;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

/// Runs `cargo xtask ARGS` in a folder.
fn xtask(folder: &Path, args: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder with the demonstration frame and its instrument.
fn workplace() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frame.cbf"), gisaxs_infer::demo::FRAME).unwrap();
    let instrument = gisaxs_infer::demo::INSTRUMENT;
    std::fs::write(folder.path().join("instrument.toml"), instrument).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

fn result(path: &Path) -> serde_json::Value {
    let result = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    check_result(&result).unwrap();
    result
}

#[test]
fn invert_without_frames_inverts_the_demonstration() {
    let folder = tempfile::tempdir().unwrap();
    let run = xtask(folder.path(), &["invert"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(run.out.lines().count(), 1);
    result(&folder.path().join("out/demo.json"));
    let page = std::fs::read_to_string(folder.path().join("out/demo.html")).unwrap();
    assert!(page.contains("Re-simulated"));
}

#[test]
fn a_bad_frame_does_not_stop_the_others() {
    let (_keep, folder) = workplace();
    let whole = std::fs::read(folder.join("frame.cbf")).unwrap();
    std::fs::write(folder.join("cut.cbf"), &whole[..whole.len() / 2]).unwrap();
    std::fs::copy(folder.join("frame.cbf"), folder.join("again.cbf")).unwrap();
    let frames = ["invert", "frame.cbf", "cut.cbf", "missing.cbf", "again.cbf"];
    let run = xtask(&folder, &[&frames[..], &["--no-report"]].concat());
    assert_eq!(run.code, 1);
    assert_eq!(run.out.lines().count(), 2);
    let errors: Vec<&str> = run.err.lines().collect();
    assert_eq!(errors.len(), 2, "{}", run.err);
    assert!(errors[0].contains("cut.cbf"), "{}", errors[0]);
    assert!(errors[1].contains("missing.cbf"), "{}", errors[1]);
    for name in ["frame", "again"] {
        result(&folder.join(format!("out/{name}.json")));
        assert!(!folder.join(format!("out/{name}.html")).exists());
    }
}

#[test]
fn frames_are_reduced_to_cuts_and_maps() {
    let (_keep, folder) = workplace();
    std::fs::write(folder.join("bad.cbf"), "###CBF: no more").unwrap();
    let args = "reduce bad.cbf frame.cbf --instrument instrument.toml --cut yoneda --cut vertical \
                --cut radial --map --out reduced";
    let run = xtask(&folder, &args.split_whitespace().collect::<Vec<_>>());
    assert_eq!(run.code, 1);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    assert!(run.err.contains("bad.cbf"), "{}", run.err);
    assert_eq!(run.out.lines().count(), 1, "{}", run.out);
    for cut in ["yoneda", "vertical", "radial"] {
        let csv = folder.join(format!("reduced/frame_{cut}.csv"));
        let text = std::fs::read_to_string(csv).unwrap();
        assert!(text.starts_with("# program: gisaxs-preproc"), "{text}");
        assert!(text.contains("# frame: frame.cbf"));
        let rows = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(rows > 100, "{rows} rows of {cut}");
        for ending in ["h5", "png"] {
            assert!(
                folder
                    .join(format!("reduced/frame_{cut}.{ending}"))
                    .is_file()
            );
        }
    }
    assert!(folder.join("reduced/frame_map.h5").is_file());
    assert!(folder.join("reduced/frame_map.png").is_file());
    let run = xtask(&folder, &["reduce", "frame.cbf"]);
    assert_eq!(run.code, 2, "{}", run.err);
}

/// Means of the rows of a cut, and its unit.
fn means(csv: &Path) -> (Vec<f64>, String) {
    let text = std::fs::read_to_string(csv).unwrap();
    let mut rows = text.lines().filter(|line| !line.starts_with('#'));
    let unit = rows.next().unwrap().split(',').nth(1).unwrap().to_owned();
    let mean = |row: &str| row.split(',').nth(1).unwrap().parse().unwrap();
    (rows.map(mean).collect(), unit)
}

#[test]
fn frames_are_corrected_before_they_are_reduced() {
    let (_keep, folder) = workplace();
    let reduce = |out: &str, corrections: &str| {
        let args = format!(
            "reduce frame.cbf --instrument instrument.toml --cut vertical --out {out} {corrections}"
        );
        xtask(&folder, &args.split_whitespace().collect::<Vec<_>>())
    };
    assert_eq!(reduce("plain", "").code, 0);
    let corrections = "--per-second --background frame.cbf --background-factor 0.75";
    let run = reduce("corrected", corrections);
    assert_eq!(run.code, 0, "{}", run.err);
    let (plain, unit) = means(&folder.join("plain/frame_vertical.csv"));
    assert_eq!(unit, "mean [counts]");
    let (corrected, unit) = means(&folder.join("corrected/frame_vertical.csv"));
    assert_eq!(unit, "mean [counts/s]");
    // A quarter is left, all divided by one exposure time.
    let exposure = 0.25 * plain[0] / corrected[0];
    for (plain, corrected) in plain.iter().zip(&corrected) {
        let left = corrected * exposure;
        assert!(
            (left - 0.25 * plain).abs() <= 1e-4 * plain,
            "{left} of {plain}"
        );
    }
    let run = reduce("none", "--monitor Flux");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("key Flux is missing"), "{}", run.err);
    let run = reduce("none", "--background-factor 2");
    assert_eq!(run.code, 2, "{}", run.err);
}

#[test]
fn bad_usage_has_exit_code_two() {
    let (_keep, folder) = workplace();
    for args in [
        &["invert", "--nonsense"][..],
        &["invert", "frame.cbf", "--poni", "x.poni"],
        &["invert", "frame.cbf", "./frame.cbf"],
        &["invert", "--device", "abacus"],
        &["unheard-of"],
        &[],
    ] {
        let run = xtask(&folder, args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(!run.err.is_empty());
    }
}

/// Runs `invert frame.cbf` and expects one line on stderr with all of `words`.
fn expect_failure(folder: &Path, args: &[&str], words: &[&str]) {
    let run = xtask(folder, &[&["invert"], args].concat());
    assert_eq!(run.code, 1, "{}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    for word in words {
        assert!(run.err.contains(word), "{word:?} not in {}", run.err);
    }
}

#[test]
fn bad_input_gives_one_line_that_says_what_and_where() {
    let (_keep, folder) = workplace();
    let instrument = gisaxs_infer::demo::INSTRUMENT;
    let with = |name: &str, from: &str, to: &str| {
        assert!(instrument.contains(from), "{from}");
        std::fs::write(folder.join(name), instrument.replace(from, to)).unwrap();
    };
    let arguments = |name| ["frame.cbf", "--instrument", name];

    with("shape.toml", "Pilatus 300k", "Pilatus 1M");
    expect_failure(
        &folder,
        &arguments("shape.toml"),
        &["619 x 487", "Pilatus 1M", "1043 x 981"],
    );
    with("missing.toml", "wavelength_nm = 0.1\n", "");
    expect_failure(
        &folder,
        &arguments("missing.toml"),
        &["missing.toml", "beam.wavelength_nm"],
    );
    with("unknown.toml", "distance_mm", "distanc_mm");
    expect_failure(
        &folder,
        &arguments("unknown.toml"),
        &[
            "unknown.toml",
            "detector.distanc_mm",
            "detector.distance_mm",
        ],
    );
    with("material.toml", "\"Au\"", "\"Unobtainium\"");
    expect_failure(
        &folder,
        &arguments("material.toml"),
        &["sample.particle", "Unobtainium"],
    );

    let nan = Array2::from_shape_fn(
        (619, 487),
        |(r, c)| if (r, c) == (7, 9) { f32::NAN } else { 1.0 },
    );
    std::fs::write(folder.join("nan.npy"), encode_npy(nan.view())).unwrap();
    expect_failure(
        &folder,
        &["nan.npy"],
        &["nan.npy", "row 7, column 9", "NaN"],
    );

    let ones = Array2::from_elem((619, 487), 1.0_f32);
    std::fs::write(folder.join("all.npy"), encode_npy(ones.view())).unwrap();
    expect_failure(
        &folder,
        &["frame.cbf", "--mask", "all.npy"],
        &["masked", "user 301453"],
    );

    let empty = Frame::new(Array2::zeros((619, 487))).unwrap();
    empty.write_cbf(folder.join("dark.cbf")).unwrap();
    expect_failure(&folder, &["dark.cbf"], &["dark.cbf", "no counts"]);

    std::fs::write(folder.join("text.cbf"), "not a frame at all").unwrap();
    expect_failure(&folder, &["text.cbf"], &["text.cbf"]);
    std::fs::create_dir(folder.join("elsewhere")).unwrap();
    std::fs::copy(folder.join("frame.cbf"), folder.join("elsewhere/frame.cbf")).unwrap();
    expect_failure(
        &folder,
        &["elsewhere/frame.cbf"],
        &["instrument.toml", "--poni"],
    );
    expect_failure(
        &folder,
        &["frame.cbf", "--weights", "frame.cbf"],
        &["weights", "frame.cbf"],
    );
}

#[test]
fn geometry_outside_the_domain_is_done_and_marked() {
    let (_keep, folder) = workplace();
    let text =
        gisaxs_infer::demo::INSTRUMENT.replace("distance_mm = 2200.0", "distance_mm = 7000.0");
    std::fs::write(folder.join("instrument.toml"), text).unwrap();
    let run = xtask(&folder, &["invert", "frame.cbf", "--no-report"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let result = result(&folder.join("out/frame.json"));
    assert_eq!(result["in_domain"], false);
    let warnings = result["warnings"].to_string();
    assert!(
        warnings.contains("distance 7000") && warnings.contains("1000 to 5000"),
        "{warnings}"
    );
}

#[test]
fn quiet_prints_nothing_and_poni_gives_the_same_geometry() {
    let (_keep, folder) = workplace();
    // Poni2 = (243.0 + 0.5) pixels, Poni1 counts rows from the bottom in orientation 2.
    let poni = "poni_version: 2.1\nDetector: Pilatus300k\n\
        Detector_config: {\"orientation\": 2}\nDistance: 2.2\n\
        Poni1: 0.010062\nPoni2: 0.041882\nRot1: 0\nRot2: 0\nRot3: 0\nWavelength: 1e-10\n";
    std::fs::write(folder.join("geometry.poni"), poni).unwrap();
    let run = xtask(
        &folder,
        &[
            "invert",
            "frame.cbf",
            "--poni",
            "geometry.poni",
            "--incidence-deg",
            "0.4",
            "--quiet",
            "--no-report",
            "--out",
            "results",
        ],
    );
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
    let poni = result(&folder.join("results/frame.json"));
    let run = xtask(&folder, &["invert", "frame.cbf", "--no-report"]);
    assert_eq!(run.code, 0);
    let toml = result(&folder.join("out/frame.json"));
    // The poni file knows nothing of the sample, so only the pixels compared must agree
    // (up to the two beamstops).
    let pixels = |r: &serde_json::Value| r["fit"]["n_pixels"].as_f64().unwrap();
    assert!((pixels(&poni) / pixels(&toml) - 1.0).abs() < 0.01);
}

#[test]
fn simulate_writes_frame_picture_and_noise_free_pattern() {
    let (_keep, folder) = workplace();
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/gisaxs-infer/demo/sample.toml"
    );
    let run = xtask(
        &folder,
        &[
            "simulate",
            sample,
            "--instrument",
            "instrument.toml",
            "--out",
            "frames",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    // Frame::open reads NPY as well; the noise-free pattern is f64.
    let ideal = Frame::open(folder.join("frames/sample.npy")).unwrap();
    assert_eq!(ideal.shape(), [619, 487]);
    assert!(
        std::fs::read(folder.join("frames/sample.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    // The demonstration frame is what `simulate` makes of its sample, up to counting noise
    // and the draws that the sample leaves open (widths and exponents of the background).
    let again = Frame::open(folder.join("frames/sample.cbf")).unwrap();
    let demo = gisaxs_infer::demo::frame().unwrap();
    let (mut gaps_differ, mut totals) = (0, [0.0_f64; 2]);
    for (&a, &b) in again.as_slice().iter().zip(demo.as_slice()) {
        gaps_differ += usize::from((a < 0.0) != (b < 0.0));
        totals[0] += f64::from(a.max(0.0));
        totals[1] += f64::from(b.max(0.0));
    }
    assert_eq!(gaps_differ, 0);
    assert!((totals[0] / totals[1] - 1.0).abs() < 0.05, "{totals:?}");
}

#[test]
fn evaluate_scores_frames_with_a_known_truth() {
    let (_keep, folder) = workplace();
    let truth = serde_json::json!({ "frames": [{
        "file": "frame.cbf", "shape": "segment", "height_ratio": 1.35, "distance_nm": 9.5,
        "disorder": 0.24, "radius_nm": [2.7, 3.2, 3.7], "weight": [0.25, 0.5, 0.25],
        "mean_radius_nm": 3.2, "std_radius_nm": 0.51
    }]});
    std::fs::write(folder.join("truth.json"), truth.to_string()).unwrap();
    let run = xtask(
        &folder,
        &["evaluate", "--validation", ".", "--json", "scores.json"],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.contains("confidently wrong there: 0"),
        "{}",
        run.out
    );
    let text = std::fs::read_to_string(folder.join("scores.json")).unwrap();
    let scores: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(scores["summary"]["frames"], 1);
    assert_eq!(scores["frames"][0]["distance_visible"], true);
    assert!(scores["frames"][0]["w1"].as_f64().unwrap() < 0.5);
}
