//! Dataset builds as a user runs them: killed, out of space, in the wrong folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Small frames, a few milliseconds each.
const CONFIG: &str = r#"
[dataset]
name = "killed"
contents = "frame"
design = "latin-hypercube"
samples_per_setup = 2
shard_samples = 4

[setup]
distance_mm = 2000.0
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.688, layout = { module = [48, 64], gap = [0, 0], modules = [1, 1] } }]
"#;

/// Samples of a build: eight shards.
const SAMPLES: &str = "31";

fn dataset(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("dataset").args(args);
    command
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    output
}

/// The one line on stderr of a command that fails.
fn failure(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{err}");
    err
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn plan(folder: &Path, name: &str) -> PathBuf {
    let config = folder.join("config.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let place = folder.join(name);
    done(dataset(&[
        "plan",
        "--config",
        text(&config),
        "--samples",
        SAMPLES,
        "--seed",
        "9",
        "--probe",
        "0",
        "--out",
        text(&place),
    ]));
    place
}

/// Every file of a dataset by name, with its bytes; files in the making are left out.
fn files(place: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in [place.to_owned(), place.join("shards")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() && !name.starts_with('.') {
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Whole shards of a dataset, and whether files in the making lie about.
fn progress(place: &Path) -> (usize, bool) {
    let names = [place.to_owned(), place.join("shards")]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let names: Vec<String> = names.collect();
    let whole = |n: &&String| !n.starts_with('.') && n.ends_with(".safetensors");
    (
        names.iter().filter(whole).count(),
        names.iter().any(|n| n.starts_with('.')),
    )
}

/// Where a build was killed, by the shards that were whole: of eight.
#[derive(Debug, Default)]
struct Kills {
    /// Up to two.
    early: u32,
    /// Three to five.
    middle: u32,
    /// Six or seven.
    late: u32,
    /// All, but the manifest was not completed.
    merging: u32,
    /// The manifest was completed, the program not yet gone.
    after: u32,
    /// Of all these, kills that left a file in the making.
    left: u32,
}

impl Kills {
    fn count(&mut self, place: &Path) {
        let (whole, left) = progress(place);
        let manifest = std::fs::read_to_string(place.join("manifest.json")).unwrap();
        let phase = match whole {
            0..=2 => &mut self.early,
            3..=5 => &mut self.middle,
            6..=7 => &mut self.late,
            _ if manifest.contains("\"complete\": true") => &mut self.after,
            _ => &mut self.merging,
        };
        *phase += 1;
        self.left += u32::from(left);
    }

    /// Killed often enough in every phase, and in the middle of writing.
    fn is_enough(&self) -> bool {
        let [early, middle, late] = [self.early, self.middle, self.late];
        early.min(middle).min(late) >= 3 && self.merging >= 1 && self.left >= 3
    }
}

#[test]
fn builds_survive_being_killed_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let straight = plan(folder.path(), "straight");
    let started = Instant::now();
    done(dataset(&["run", text(&straight)]));
    let per_shard = started.elapsed() / 8;
    let expected = files(&straight);

    let (mut kills, mut builds, mut moment) = (Kills::default(), 0, 0x9e37_79b9_u64);
    let deadline = Instant::now() + Duration::from_secs(15);
    while builds < 3 || (!kills.is_enough() && Instant::now() < deadline) {
        let place = plan(folder.path(), &format!("killed-{builds}"));
        builds += 1;
        let mut merges = 0;
        let status = loop {
            // Any moment of what is left to do, from the start to the last rename: so many shards
            // whole, and a part of the time that another takes.
            moment = moment
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let share = (moment >> 40) as f64 / (1_u64 << 24) as f64;
            let present = progress(&place).0 as f64;
            merges += u32::from(present == 8.0);
            let target = if merges > 2 {
                // Enough of the end.
                f64::INFINITY
            } else {
                present + share * (9.0 - present)
            };
            let mut run = dataset(&["run", text(&place), "--threads", "2"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let mut end = None;
            let status = loop {
                if let Some(status) = run.try_wait().unwrap() {
                    break Some(status);
                }
                if end.is_none() && progress(&place).0 as f64 >= target.floor() {
                    end = Some(Instant::now() + per_shard.mul_f64(target.fract()));
                }
                if end.is_some_and(|end| Instant::now() >= end) {
                    run.kill().unwrap();
                    // It may have ended in between.
                    break run.wait().unwrap().code().map(|_| run.wait().unwrap());
                }
                std::thread::sleep(Duration::from_micros(200));
            };
            // Whatever has its name is whole: the same bytes as without any kill.
            for (name, bytes) in files(&place) {
                let same = expected.iter().any(|(n, b)| *n == name && *b == bytes);
                assert!(same || name == "manifest.json", "{name}: {kills:?}");
            }
            match status {
                Some(status) => break status,
                None => kills.count(&place),
            }
        };
        assert!(status.success());
        assert_eq!(files(&place), expected);
        assert!(!progress(&place).1, "left-overs of killed runs");
        let verdict = done(dataset(&["verify", text(&place), "--again", "3"]));
        assert!(String::from_utf8_lossy(&verdict.stdout).contains("good"));
    }
    println!("{builds} builds, {kills:?}");
    assert!(kills.is_enough(), "{builds} builds, {kills:?}");
}

#[test]
fn a_disk_that_refuses_is_named_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let place = plan(folder.path(), "d");
    // Files of at most 8 blocks: a shard does not fit.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" dataset run \"$1\"";
    let mut limited = Command::new("bash");
    limited.args(["-c", script, env!("CARGO_BIN_EXE_xtask"), text(&place)]);
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: no bash");
        return;
    }
    let error = failure(limited, 1);
    assert!(
        error.contains("000000.safetensors: cannot write"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(std::fs::read_dir(place.join("shards")).unwrap().count(), 0);
    // With room again, the build goes on.
    done(dataset(&["run", text(&place)]));
}

#[test]
fn a_full_disk_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=160k", "tmpfs", text(&small)])
        .output();
    match mount {
        Ok(output) if output.status.success() => {}
        _ => {
            println!("skipped: a small file system cannot be mounted here");
            return;
        }
    }
    let place = plan(&small, "d");
    let error = failure(dataset(&["run", text(&place)]), 1);
    let left = files(&place);
    let unmounted = Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    assert!(error.contains("cannot write: No space left"), "{error}");
    assert!(
        left.iter().any(|(name, _)| name == "000000.safetensors"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = plan(folder.path(), "d");
    let before = files(&place);
    // Root may write everywhere, but not below a file.
    let shards = place.join("shards");
    std::fs::remove_dir(&shards).unwrap();
    std::fs::write(&shards, "in the way").unwrap();
    let error = failure(dataset(&["run", text(&place)]), 1);
    assert!(error.contains("shards: cannot"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(std::fs::read(&shards).unwrap(), b"in the way");
    std::fs::remove_file(&shards).unwrap();
    std::fs::create_dir(&shards).unwrap();

    let mut locked = std::fs::metadata(&shards).unwrap().permissions();
    locked.set_readonly(true);
    std::fs::set_permissions(&shards, locked).unwrap();
    if std::fs::write(shards.join("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
        return;
    }
    let error = failure(dataset(&["run", text(&place)]), 1);
    assert!(error.contains("Permission denied"), "{error}");
    assert_eq!(files(&place), before);
}

#[test]
fn wrong_arguments_and_folders_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let place = plan(folder.path(), "d");
    for (args, code, expected) in [
        (vec!["run", text(folder.path())], 1, "no manifest here"),
        (
            vec!["run", text(&place), "--shard", "8"],
            1,
            "expected 0 to 7",
        ),
        (
            vec!["run", text(&place), "--shard", "5..5"],
            2,
            "holds no shard",
        ),
        (
            vec!["merge", text(&place)],
            1,
            "8 of 8 shards are missing: 0..8",
        ),
        (
            vec!["verify", text(&place)],
            1,
            "000000.safetensors: missing",
        ),
        (
            vec!["plan", "--preset", "genral", "--samples", "4", "--out", "x"],
            1,
            "general",
        ),
        (
            vec![
                "plan",
                "--preset",
                "general",
                "--samples",
                "0",
                "--out",
                "x",
            ],
            2,
            "samples",
        ),
        (
            vec![
                "plan",
                "--preset",
                "general",
                "--samples",
                "4",
                "--probe",
                "0",
                "--out",
                text(&place),
            ],
            1,
            "nothing was overwritten",
        ),
        (
            vec![
                "plan",
                "--preset",
                "general",
                "--samples",
                "4",
                "--probe",
                "0",
                "--out",
                "/proc/none/d",
            ],
            1,
            "/proc/none/d",
        ),
    ] {
        let error = failure(dataset(&args), code);
        assert!(error.contains(expected), "{args:?}: {error}");
        if code == 1 {
            let lines = error.lines().filter(|l| l.starts_with("error: ")).count();
            assert!(lines == error.lines().count(), "{error}");
        }
    }
    // Everything that is needed is named at once, and what is wrong by its limits.
    let error = failure(dataset(&["plan"]), 2);
    for needed in ["--preset", "--config", "--samples", "--out"] {
        assert!(error.contains(needed), "{error}");
    }
    for (key, value) in [("--seed", "-1"), ("--samples", "-1")] {
        let error = failure(dataset(&["plan", "--preset", "general", key, value]), 2);
        let expected = if key == "--seed" {
            "expected a whole number from 0 to 18446744073709551615"
        } else {
            "expected a whole number from 1 to 4294967296"
        };
        assert!(error.contains(key) && error.contains(expected), "{error}");
    }
    for (option, value) in [
        ("--partition", "short\n#SBATCH --exclusive"),
        ("--time", ""),
        ("--memory", "4 G"),
    ] {
        let error = failure(dataset(&["slurm", text(&place), option, value]), 1);
        assert!(
            error.contains(&option[2..]) && error.contains("a word"),
            "{error}"
        );
        assert!(!place.join("slurm").exists());
    }
    // Without a terminal, progress is a line every ten seconds: none for a short build.
    let run = done(dataset(&["run", text(&place), "--shard", "0..2"]));
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        out.lines().count() == 1 && out.contains("2 shards made"),
        "{out}"
    );
}
