//! Any crate can be used without the ones above it: what each one pulls in, and what its sources
//! never do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names of everything that a user of `package` builds, default features, no test or build
/// dependencies. `None`, with the reason printed, where cargo cannot be asked.
fn dependencies(package: &str) -> Option<BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace())
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package])
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let names = text.lines().filter_map(|line| line.split(' ').next());
            let names: BTreeSet<String> = names.map(str::to_owned).collect();
            assert!(names.contains(package), "{package} is not in its own tree");
            Some(names)
        }
        Ok(output) => {
            println!(
                "skipped, cargo tree failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
            None
        }
        Err(error) => {
            println!("skipped, cargo cannot be run: {error}");
            None
        }
    }
}

fn assert_without(package: &str, forbidden: &[&str]) {
    let Some(names) = dependencies(package) else {
        return;
    };
    // A trailing `*` stands for a family of crates.
    let found: Vec<&String> = names
        .iter()
        .filter(|name| {
            forbidden.iter().any(|f| match f.strip_suffix('*') {
                Some(family) => name.starts_with(family),
                None => name.as_str() == *f,
            })
        })
        .collect();
    assert!(
        found.is_empty(),
        "{package} pulls in {found:?}, expected none of {forbidden:?}"
    );
}

const TENSORS: [&str; 3] = ["candle*", "gemm*", "safetensors"];

#[test]
fn physics_has_no_tensors_no_randomness_no_files_no_threads() {
    assert_without("gisaxs-physics", &TENSORS);
    assert_without("gisaxs-physics", &["rand*", "getrandom", "gisaxs-sim"]);
    assert_without(
        "gisaxs-physics",
        &["serde*", "toml*", "tiff", "png", "memmap2", "rayon*"],
    );
}

#[test]
fn sim_has_no_tensors_and_no_frames() {
    assert_without("gisaxs-sim", &TENSORS);
    assert_without(
        "gisaxs-sim",
        &[
            "gisaxs-preproc",
            "gisaxs-model",
            "tiff",
            "toml*",
            "getrandom",
        ],
    );
}

#[test]
fn preproc_has_no_tensors_and_no_randomness() {
    assert_without("gisaxs-preproc", &TENSORS);
    assert_without("gisaxs-preproc", &["rand*", "gisaxs-sim", "gisaxs-model"]);
}

#[test]
fn inference_does_not_pull_the_training() {
    assert_without("gisaxs-model", &["gisaxs-sim"]);
    assert_without(
        "gisaxs-infer",
        &["gisaxs-sim", "candle-nn", "tokenizers", "clap", "indicatif"],
    );
}

/// Calls `check` with the path and text of every source file below `folder`.
fn sources(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, check);
        } else if path.extension().is_some_and(|e| e == "rs") {
            check(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The part of a source file before its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn libraries_leave_files_clock_and_terminal_to_others() {
    let mut seen = 0;
    for package in ["gisaxs-physics", "gisaxs-sim"] {
        let folder = workspace().join("crates").join(package).join("src");
        sources(&folder, &mut |path, text| {
            seen += 1;
            if path.file_stem().is_some_and(|stem| stem == "tests") {
                return;
            }
            // Dataset builds are files; they hide behind a feature.
            if path.starts_with(folder.join("dataset")) {
                return;
            }
            for forbidden in [
                "std::fs",
                "std::net",
                "std::env",
                "std::time",
                "std::thread",
            ] {
                assert!(
                    !without_tests(text).contains(forbidden),
                    "{} uses {forbidden}",
                    path.display()
                );
            }
        });
    }
    assert!(seen > 20, "{seen} source files found");
}
