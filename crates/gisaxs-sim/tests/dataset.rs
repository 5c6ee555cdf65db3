//! Datasets: configurations, pinned samples, files that are whole or not there, readers in other
//! languages.
#![cfg(feature = "dataset")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use gisaxs_sim::dataset::{
    self, Config, Contents, Design, Generator, KEYS, Manifest, Numbers, PRESETS, Record, Shard,
    Stream, Type, export, preview, slurm,
};
use gisaxs_sim::rng::{Purpose, stream};
use gisaxs_sim::{Correlation, CorrelationModel, Particles, Prior, SizeDistribution};
use sha2::{Digest, Sha256};

/// Frames of a small detector, quick to make, on a Sobol design.
const SMALL: &str = r#"
[dataset]
name = "small"
contents = "frame"
design = "sobol"
samples_per_setup = 2
shard_samples = 4

[setup]
distance_mm = 2000.0
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.688, layout = { module = [48, 64], gap = [0, 0], modules = [1, 1] } }]

[particles]
free_form = 0.3
schulz_zimm = 0.2
"#;

fn small() -> Config {
    Config::parse("small", SMALL).unwrap()
}

/// Every file below a folder with its contents, by path.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(folder)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(folder).unwrap().to_owned(), bytes))
        .collect()
}

fn build(folder: &Path, samples: u64) -> Manifest {
    dataset::plan(folder, small(), 5, samples).unwrap();
    dataset::run(folder, None, &AtomicBool::new(false), &()).unwrap();
    Manifest::open(folder).unwrap()
}

#[test]
fn general_is_the_domain_of_the_shipped_network() {
    assert_eq!(Config::preset("general").unwrap().prior(), Prior::default());
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    fn leaves(path: &str, value: &serde_json::Value, found: &mut Vec<String>) {
        let documented = KEYS.iter().any(|k| k.path == path);
        match value {
            _ if documented && !path.ends_with("detectors") && !path.ends_with("layout") => {
                found.push(path.to_owned());
            }
            serde_json::Value::Object(map) => {
                for (name, value) in map {
                    let below = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    leaves(&below, value, found);
                }
            }
            serde_json::Value::Array(list) if list.first().is_some_and(|v| v.is_object()) => {
                leaves(&format!("{path}[]"), &list[0], found);
            }
            _ => found.push(path.to_owned()),
        }
    }
    let mut config = Config::default();
    // Keys that are left out while they are not given.
    let fixed = gisaxs_sim::Range::Fixed(0.5);
    config.setup.beam_column = Some(fixed.clone());
    config.setup.beam_row = Some(fixed.clone());
    config.setup.rotation_deg = Some(fixed.clone());
    config.setup.tilt_deg = Some(fixed.clone());
    config.setup.beamstop_mm = Some(fixed.clone());
    config.artifacts.blur_px = Some(fixed);
    config.particles.radii = Some(3);
    config.dataset.levels.insert("radius".into(), 3);
    let mut found = Vec::new();
    leaves("", &serde_json::to_value(&config).unwrap(), &mut found);
    for path in &found {
        let documented = KEYS.iter().any(|k| k.path == path) || path.starts_with("dataset.levels.");
        assert!(
            documented,
            "{path} is not in the table of keys, dataset/keys.rs"
        );
    }
    // Those of a described sample are in tests/described.rs.
    for key in KEYS.iter().filter(|k| !k.path.starts_with("sample.")) {
        let known = found.iter().any(|f| f.starts_with(key.path));
        assert!(known, "{} is documented and does not exist", key.path);
        assert!(!key.about.is_empty() && !key.allowed.is_empty());
    }
}

#[test]
fn mistakes_in_a_configuration_are_named() {
    let cases = [
        ("[setup]\nwavelenght_nm = 0.1", "setup.wavelength_nm"),
        ("[partikles]\nradius_nm = 3.0", "particles"),
        (
            "[artifacts.misalignment]\nincidence_dge = 0.1",
            "artifacts.misalignment.incidence_deg",
        ),
        (
            "[setup]\nwavelength_nm = { unifrom = [0.1, 0.2] }",
            "setup.wavelength_nm.uniform",
        ),
        (
            "[particles]\nradius_nm = { uniform = [5.0, 2.0] }",
            "0.3 to 200 nm",
        ),
        ("[dataset]\ndesign = \"sobbol\"", "sobol"),
        (
            "[dataset]\nshard_samples = 1000",
            "a multiple of dataset.samples_per_setup, 32",
        ),
        (
            "[dataset]\ndesign = \"grid\"\nlevels = { radios = 3 }",
            "dataset.levels.radius",
        ),
        ("[dataset]\ndesign = \"grid\"", "dataset.levels"),
        ("[setup]\nparticles = [\"Unobtainium\"]", "Unobtainium"),
        ("[dataset]\ncontents = \"frame\"", "one shape of detector"),
        ("[dataset", "line 1"),
        (
            "[artifacts]\npeak_counts = 2e9",
            "artifacts.peak_counts = 2000000000 is not allowed, expected above 0, at most 1e9 counts",
        ),
        ("[artifacts]\nhot_pixels = 1000000000", "0 to 10000 pixels"),
        (
            "[correlation]\nsize_spacing = 0.8\nlocal_monodisperse = 0.8",
            "correlation.size_spacing + correlation.local_monodisperse = 1.6",
        ),
        ("[setup]\nholders = 1.2", "setup.holders"),
        ("[setup]\nbeamstop_mm = 0.0", "0.01 to 100 mm"),
        ("[artifacts]\nblur_px = -1.0", "artifacts.blur_px"),
        (
            "[artifacts.camera]\nnoisy_pixel_counts = [10.0, 1.0]",
            "artifacts.camera.noisy_pixel_counts",
        ),
    ];
    for (text, expected) in cases {
        let error = Config::parse("my.toml", text).unwrap_err().to_string();
        assert!(
            error.contains("my.toml") && error.contains(expected),
            "{text}: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
    let error = Config::preset("generel").unwrap_err().to_string();
    assert!(error.contains("p03-sputter"), "{error}");
}

/// The switch to train with every artifact is the same in TOML and in Rust.
#[test]
fn presets_of_beamlines_have_realistic_artifacts() {
    for name in ["p03-sputter", "galaxi"] {
        let prior = Config::preset(name).unwrap().prior();
        assert_eq!(prior.clone().with_realistic_artifacts(), prior, "{name}");
    }
    // And in the documentation.
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/artifacts.md");
    let Ok(page) = std::fs::read_to_string(page) else {
        println!("skipped: the sources have no docs folder here");
        return;
    };
    let block = page.split("```toml").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let documented = Config::parse("docs/artifacts.md", block).unwrap().prior();
    assert_eq!(documented, Prior::default().with_realistic_artifacts());
}

/// SHA-256 of the first bytes of the labels and drawn numbers of a sample: those do not depend on
/// vector units beyond the rounding that is cut off here.
fn fingerprint(generator: &Generator, index: u64) -> String {
    let group = generator.group(generator.group_of(index)).unwrap();
    let record = generator.sample(&group, index).unwrap();
    let mut text = String::new();
    for (field, numbers) in generator.fields().iter().zip(&record.fields) {
        if let Numbers::F64(values) = numbers {
            text += &format!("{} {:.9e}\n", field.name, values[0]);
        }
    }
    let digest = Sha256::digest(text);
    digest[..8].iter().map(|b| format!("{b:02x}")).collect()
}

/// The first samples of every preset. A change here changes every dataset of that preset: it is
/// listed as data-breaking in the change log. To pin anew, run with `PIN=1 -- --nocapture` and
/// copy the table that is printed.
const PINNED: &[(&str, [&str; 3])] = &[
    (
        "general",
        ["31374efb0be87543", "25bf8be8430a6457", "f2ce3c55765db2f4"],
    ),
    (
        "p03-sputter",
        ["073bd20f47a9dc1d", "0cc02aa248d04923", "70b0d9bea9e2a2a5"],
    ),
    (
        "galaxi",
        ["3508f151507cf931", "7c4fb425327de39c", "571376103a8c68c1"],
    ),
];

#[test]
fn first_samples_of_every_preset_are_pinned() {
    for (preset, _) in PRESETS {
        let generator = Generator::new(Config::preset(preset).unwrap(), 1, 4096).unwrap();
        let found = [0, 1, 33].map(|i| fingerprint(&generator, i));
        if std::env::var_os("PIN").is_some() {
            println!("    ({preset:?}, {found:?}),");
            continue;
        }
        let pinned = PINNED.iter().find(|p| p.0 == preset);
        assert_eq!(
            pinned.map(|p| p.1.map(String::from)),
            Some(found),
            "{preset}"
        );
    }
}

#[test]
fn samples_depend_on_configuration_seed_and_index_only() {
    for design in [Design::Independent, Design::Sobol, Design::LatinHypercube] {
        let mut config = small();
        config.dataset.design = design;
        let generator = Generator::new(config, 5, 12).unwrap();
        let stop = AtomicBool::new(false);
        let all = generator.range(0..12, &stop, &|| ()).unwrap();
        // One by one, backwards, each group for itself.
        for index in (0..12).rev() {
            let group = generator.group(generator.group_of(index)).unwrap();
            assert_eq!(
                generator.sample(&group, index).unwrap(),
                all[index as usize]
            );
        }
        assert_ne!(all[0].provenance, all[1].provenance);
        // Other threads, as a stream.
        let streamed: Vec<Record> = Stream::new(generator, 0..12, 3, 5)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(streamed, all);
    }
}

/// Numbers of a field of a sample.
fn numbers(generator: &Generator, record: &Record, name: &str) -> Vec<f64> {
    let at = generator.fields().iter().position(|f| f.name == name);
    match &record.fields[at.unwrap()] {
        Numbers::U8(x) => x.iter().map(|x| f64::from(*x)).collect(),
        Numbers::I32(x) => x.iter().map(|x| f64::from(*x)).collect(),
        Numbers::F32(x) => x.iter().map(|x| f64::from(*x)).collect(),
        Numbers::F64(x) => x.clone(),
        Numbers::U64(x) => x.iter().map(|x| *x as f64).collect(),
    }
}

/// What hides or adds single pixels and cells is in the provenance, by place.
#[test]
fn provenance_says_which_pixels_are_hidden_dead_and_hot() {
    let json = |record: &Record| -> serde_json::Value {
        serde_json::from_str(&record.provenance).unwrap()
    };
    let indices = |value: &serde_json::Value| -> Vec<usize> {
        let list = value.as_array().unwrap().iter();
        list.map(|v| v.as_u64().unwrap() as usize).collect()
    };
    // Cells: blocks of the whole grid, with and without the key.
    for share in [0.25, 0.0, 1.0] {
        let mut config = Config::preset("general").unwrap();
        config.artifacts.obstacles = share;
        let generator = Generator::new(config, 1, 4096).unwrap();
        let group = generator.group(0).unwrap();
        let (mut masked, mut dark, mut hot) = (0, 0, 0);
        for index in 0..32 {
            let record = generator.sample(&group, index).unwrap();
            let text = json(&record);
            let valid = numbers(&generator, &record, "valid");
            let materials = text["setup"]["materials"].as_array().unwrap().len();
            assert_eq!(
                materials + 1,
                text["setup"]["layers"].as_array().unwrap().len()
            );
            let obstacles = &text["artifacts"]["obstacles"];
            dark += i32::from(obstacles["dark"]["leak"].as_f64().is_some_and(|l| l < 0.3));
            if let Some(block) = obstacles.get("masked") {
                masked += 1;
                let (columns, rows) = (indices(&block["columns"]), indices(&block["rows"]));
                assert!(columns[0] < columns[1] && rows[0] < rows[1]);
                for row in rows[0]..rows[1] {
                    assert!((columns[0]..columns[1]).all(|c| valid[row * 112 + c] == 0.0));
                }
            }
            for hit in text["artifacts"]["hot_pixels"]["hits"]
                .as_array()
                .into_iter()
                .flatten()
            {
                hot += 1;
                assert_eq!(
                    valid[hit[0].as_u64().unwrap() as usize],
                    1.0,
                    "sample {index}"
                );
            }
        }
        let expected = match share {
            0.0 => 0..=0,
            1.0 => 32..=32,
            _ => 1..=18,
        };
        assert!(
            expected.contains(&masked) && expected.contains(&dark),
            "{masked} {dark}"
        );
        assert!(hot > 32, "{hot}");
    }
    // Pixels.
    let mut config = small();
    config.artifacts.hot_pixels = 40;
    let generator = Generator::new(config, 5, 16).unwrap();
    let (mut dead, mut hot) = (0, 0);
    for index in 0..16 {
        let group = generator.group(generator.group_of(index)).unwrap();
        let record = generator.sample(&group, index).unwrap();
        let text = json(&record);
        let [valid, counts] = ["valid", "counts"].map(|n| numbers(&generator, &record, n));
        let at = indices(&text["setup"]["dead_pixels_at"]);
        assert_eq!(text["setup"]["dead_pixels"].as_u64(), Some(at.len() as u64));
        for &i in &at {
            dead += 1;
            assert!(valid[i] == 0.0 && counts[i] <= 0.0);
        }
        let cutoff = text["artifacts"]["saturation"]["cutoff"].as_f64().unwrap();
        for hit in text["artifacts"]["hot_pixels"]["hits"]
            .as_array()
            .into_iter()
            .flatten()
        {
            hot += 1;
            let (i, extra) = (hit[0].as_u64().unwrap() as usize, hit[1].as_f64().unwrap());
            assert!(
                extra >= 10.0 && counts[i] >= extra.min(cutoff),
                "sample {index}"
            );
        }
    }
    assert!(dead > 3 && hot > 100, "{dead} {hot}");
}

#[test]
fn labels_are_the_density_that_is_simulated() {
    let generator = Generator::new(Config::preset("p03-sputter").unwrap(), 3, 64).unwrap();
    let group = generator.group(0).unwrap();
    for index in 0..6 {
        let record = generator.sample(&group, index).unwrap();
        let at = |name: &str| {
            let i = generator
                .fields()
                .iter()
                .position(|f| f.name == name)
                .unwrap();
            match &record.fields[i] {
                Numbers::F32(x) => x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>(),
                Numbers::F64(x) => x.clone(),
                _ => panic!("{name}"),
            }
        };
        let (radii, weights) = (at("label/radii"), at("label/radius_weights"));
        let mean: f64 = radii.iter().zip(&weights).map(|(r, w)| r * w).sum();
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!((mean / at("label/mean_radius")[0] - 1.0).abs() < 1e-4);
        // Volume weighting, from the radii: the same mean volume-weighted radius.
        let volume =
            |p: i32| -> f64 { radii.iter().zip(&weights).map(|(r, w)| w * r.powi(p)).sum() };
        let edges = generator.radius_edges();
        let centre = |i: usize| (edges[i] * edges[i + 1]).sqrt();
        let from_bins: f64 = at("label/radius_volume")
            .iter()
            .enumerate()
            .map(|(i, m)| m * centre(i))
            .sum();
        assert!((from_bins / (volume(4) / volume(3)) - 1.0).abs() < 0.02);
        assert!(at("label/distance")[0] > 2.0 * at("label/mean_radius")[0]);
    }
}

#[test]
fn designs_fill_their_densities() {
    let mut config = small();
    config.particles.modes = [1.0, 0.0, 0.0];
    let values = |design: Design| -> Vec<f64> {
        let mut config = config.clone();
        config.dataset.design = design;
        config.setup.wavelength_nm = gisaxs_sim::Range::Fixed(0.1);
        let generator = Generator::new(config, 5, 64).unwrap();
        let i = generator
            .fields()
            .iter()
            .position(|f| f.name == "label/height_over_radius");
        let group = generator.group(0).unwrap();
        (0..64)
            .map(|index| {
                let record = generator.sample(&group, index).unwrap();
                match &record.fields[i.unwrap()] {
                    Numbers::F64(x) => x[0],
                    _ => panic!(),
                }
            })
            .collect()
    };
    for design in [Design::Sobol, Design::LatinHypercube] {
        // Height ratios are uniform from 0.5 to 2, but for full spheres, which are 2.
        let mut strata: Vec<usize> = values(design)
            .into_iter()
            .filter(|h| *h < 2.0)
            .map(|h| ((h - 0.5) / 1.5 * 64.0) as usize)
            .collect();
        let n = strata.len();
        strata.sort_unstable();
        strata.dedup();
        assert!(
            n > 50 && strata.len() == n,
            "{design:?}: {} of {n}",
            strata.len()
        );
    }
}

#[test]
fn a_build_is_the_same_whatever_happens_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    let manifest = build(&straight, 10);
    assert!(manifest.complete && manifest.shards.len() == 3);
    assert_eq!(manifest.shards[2].samples, 2);

    // Shards in another order, one at a time, with one thread, a lost receipt and left-overs.
    let pieces = folder.path().join("pieces");
    dataset::plan(&pieces, small(), 5, 10).unwrap();
    let stop = AtomicBool::new(false);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    for shard in [2, 0, 1] {
        pool.install(|| dataset::run(&pieces, Some(shard..shard + 1), &stop, &()))
            .unwrap();
    }
    std::fs::remove_file(pieces.join("shards/000001.json")).unwrap();
    std::fs::write(
        pieces.join("shards/.000000.safetensors.node.1.tmp"),
        b"half",
    )
    .unwrap();
    assert_eq!(dataset::run(&pieces, None, &stop, &()).unwrap(), 0);
    assert_eq!(contents(&straight), contents(&pieces));

    // On two machines, gathered.
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    for (place, shards) in [(&a, 0..2), (&b, 2..3)] {
        dataset::plan(place, small(), 5, 10).unwrap();
        dataset::run(place, Some(shards), &stop, &()).unwrap();
    }
    let error = dataset::merge(&a).unwrap_err().to_string();
    assert!(error.contains("1 of 3 shards are missing: 2"), "{error}");
    assert_eq!(dataset::gather(&a, &[&b]).unwrap(), 1);
    dataset::merge(&a).unwrap();
    assert_eq!(contents(&straight), contents(&a));

    // The same plan again changes nothing.
    dataset::plan(&straight, small(), 5, 10).unwrap();
    assert_eq!(contents(&straight), contents(&a));
    let verdict = dataset::verify(&straight, 5, 1, &|| ()).unwrap();
    assert!(verdict.is_good(), "{:?}", verdict.problems);
    assert!(verdict.remade >= 4 && verdict.samples == 10);
}

/// Shards of frames fit into memory unless somebody asks for more.
#[test]
fn shards_have_a_bounded_size() {
    let detector = "detectors = [{ name = \"Pilatus 1M\", weight = 1.0, pixel_mm = 0.172, layout = { module = [195, 487], gap = [17, 7], modules = [5, 2] } }]";
    let shard = |build: &str| {
        let text = format!("[dataset]\n{build}\n[setup]\n{detector}\n");
        Config::parse("my.toml", &text)
            .unwrap()
            .dataset
            .shard_samples
    };
    assert_eq!(shard(""), 1024);
    assert_eq!(shard("samples_per_setup = 10"), 1020);
    assert_eq!(shard("contents = \"frame\"\nsamples_per_setup = 4"), 24);
    // One group is the least, and what is asked for is what there is.
    assert_eq!(shard("contents = \"frame\""), 32);
    assert_eq!(shard("contents = \"frame\"\nshard_samples = 1024"), 1024);
    for (name, _) in PRESETS {
        assert_eq!(Config::preset(name).unwrap().dataset.shard_samples, 1024);
    }

    let folder = tempfile::tempdir().unwrap();
    let manifest = dataset::plan(&folder.path().join("d"), small(), 5, 10).unwrap();
    let arrays = 3 * 4 * manifest.sample_bytes();
    assert_eq!(manifest.memory_bytes, arrays);
    let estimate = dataset::estimate(&manifest, 0.01).unwrap();
    assert!(estimate.memory > arrays + 3 * 4 * 500 && estimate.memory < arrays + 3 * 4 * 20_000);
}

#[test]
fn nothing_is_overwritten_and_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("d");
    build(&place, 10);
    let stop = AtomicBool::new(false);
    let again = |place: &Path| {
        dataset::run(place, None, &stop, &())
            .unwrap_err()
            .to_string()
    };

    // Another seed into the same folder.
    let error = dataset::plan(&place, small(), 6, 10)
        .unwrap_err()
        .to_string();
    assert!(error.contains("nothing was overwritten"), "{error}");
    // A shard of another dataset.
    let other = folder.path().join("other");
    dataset::plan(&other, small(), 6, 10).unwrap();
    std::fs::copy(
        place.join("shards/000001.safetensors"),
        other.join("shards/000001.safetensors"),
    )
    .unwrap();
    let before = contents(&other);
    let error = again(&other);
    assert!(
        error.contains("000001") && error.contains("another configuration"),
        "{error}"
    );
    assert_eq!(before, contents(&other));
    // A folder with something else.
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("thesis.txt"), "all of it").unwrap();
    let error = dataset::plan(&home, small(), 6, 10)
        .unwrap_err()
        .to_string();
    assert!(error.contains("not empty"), "{error}");

    // A truncated shard stops a run.
    let path = place.join("shards/000001.safetensors");
    let good = std::fs::read(&path).unwrap();
    for length in [0, 5, 100, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        let error = again(&place);
        assert!(
            error.contains("000001") && error.contains("remove it"),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap().len(), length);
    }
    // One flipped bit is found by its hash wherever shards are read whole, and changes no file.
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    let before = contents(&place);
    let npy = folder.path().join("npy");
    let h5 = folder.path().join("h5");
    for error in [
        again(&place),
        dataset::merge(&place).unwrap_err().to_string(),
        export::to_npy(&place, &npy, &|| ())
            .unwrap_err()
            .to_string(),
        export::to_hdf5(&place, &h5, &|| ())
            .unwrap_err()
            .to_string(),
    ] {
        let named = error.contains("000001.safetensors") && error.contains("SHA-256");
        assert!(named && !error.contains('\n'), "{error}");
    }
    assert!(!npy.join("manifest.json").exists() && !h5.join("manifest.json").exists());
    // Nor is the receipt of a finished dataset made anew for it.
    let receipt = place.join("shards/000001.json");
    let its = std::fs::read(&receipt).unwrap();
    std::fs::remove_file(&receipt).unwrap();
    for error in [
        again(&place),
        dataset::merge(&place).unwrap_err().to_string(),
    ] {
        assert!(
            error.contains("the manifest of the finished dataset"),
            "{error}"
        );
    }
    assert!(!receipt.exists());
    std::fs::write(&receipt, its).unwrap();
    assert_eq!(contents(&place), before);
    let verdict = dataset::verify(&place, 0, 1, &|| ()).unwrap();
    assert!(
        verdict
            .problems
            .iter()
            .any(|p| p.contains("000001") && p.contains("SHA-256")),
        "{verdict:?}"
    );
    // NaN is found even if hash and receipt agree with it.
    std::fs::write(&path, &good).unwrap();
    let manifest = Manifest::open(&place).unwrap();
    let shard = Shard::open(&place, &manifest, 1).unwrap();
    let field = manifest
        .fields
        .iter()
        .find(|f| f.name == "label/distance")
        .unwrap();
    let value = &shard.field(field).unwrap()[..8];
    let at = good.windows(8).position(|w| w == value).unwrap();
    let mut bad = good.clone();
    bad[at..at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    std::fs::write(&path, &bad).unwrap();
    std::fs::remove_file(&receipt).unwrap();
    std::fs::remove_file(place.join("manifest.json")).unwrap();
    let aside = folder.path().join("aside");
    std::fs::rename(place.join("shards"), &aside).unwrap();
    std::fs::remove_dir(&place).unwrap();
    dataset::plan(&place, small(), 5, 10).unwrap();
    std::fs::remove_dir(place.join("shards")).unwrap();
    std::fs::rename(&aside, place.join("shards")).unwrap();
    dataset::run(&place, None, &stop, &()).unwrap();
    let verdict = dataset::verify(&place, 0, 1, &|| ()).unwrap();
    assert!(
        verdict
            .problems
            .iter()
            .any(|p| p.contains("label/distance") && p.contains("NaN")),
        "{verdict:?}"
    );

    // Statistics are made again, of shards and of the whole dataset.
    let sound = folder.path().join("sound");
    build(&sound, 10);
    let [receipt, manifest] = ["shards/000002.json", "manifest.json"].map(|p| sound.join(p));
    let problems = || dataset::verify(&sound, 0, 1, &|| ()).unwrap().problems;
    assert!(problems().is_empty());
    for (path, expected) in [(&receipt, "its receipt says"), (&manifest, "statistics")] {
        let text = std::fs::read_to_string(path).unwrap();
        let at = text.rfind("\"mean\": ").unwrap() + 8;
        let end = at + text[at..].find('\n').unwrap();
        std::fs::write(path, format!("{} 1.25{}", &text[..at], &text[end..])).unwrap();
        let found = problems();
        assert!(found.iter().any(|p| p.contains(expected)), "{found:?}");
        std::fs::write(path, text).unwrap();
    }
    assert!(problems().is_empty());

    // Stopping is not failing.
    let stopped = folder.path().join("stopped");
    dataset::plan(&stopped, small(), 5, 10).unwrap();
    let error = dataset::run(&stopped, None, &AtomicBool::new(true), &())
        .unwrap_err()
        .to_string();
    assert!(error.contains("goes on from here"), "{error}");
    let error = dataset::run(folder.path(), None, &stop, &())
        .unwrap_err()
        .to_string();
    assert!(error.contains("no manifest here"), "{error}");
}

#[test]
fn other_languages_read_shards_and_exports() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("d");
    let manifest = build(&place, 10);
    let (npy, h5) = (folder.path().join("npy"), folder.path().join("h5"));
    export::to_npy(&place, &npy, &|| ()).unwrap();
    #[cfg(feature = "hdf5")]
    export::to_hdf5(&place, &h5, &|| ()).unwrap();
    let error = export::to_npy(&place, &npy, &|| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("exists already"), "{error}");
    // Without Python: the bytes behind the header are those of the shards.
    let counts = manifest.fields.iter().find(|f| f.name == "counts").unwrap();
    assert_eq!(
        (counts.dtype, counts.shape.as_slice()),
        (Type::I32, &[48_usize, 64][..])
    );
    let mut all = Vec::new();
    for shard in 0..3 {
        all.extend_from_slice(
            Shard::open(&place, &manifest, shard)
                .unwrap()
                .field(counts)
                .unwrap(),
        );
    }
    let file = std::fs::read(npy.join("counts.npy")).unwrap();
    let start = file.len() - all.len();
    assert!(start.is_multiple_of(64) && file[start..] == all);

    // The reader of the documentation: nothing but the standard library and numpy.
    let script = r#"
import json, struct, sys
try:
    import numpy as np
except ImportError:
    print("skipped: no numpy"); sys.exit(0)
place, npy, h5 = sys.argv[1:4]
TYPES = {"U8": "u1", "I32": "<i4", "U64": "<u8", "F32": "<f4", "F64": "<f8"}
def read(path):
    raw = open(path, "rb").read()
    n = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    identity = json.loads(header.pop("__metadata__")["gisaxs"])
    out = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        out[name] = np.frombuffer(raw[8 + n + a:8 + n + b], TYPES[t["dtype"]]).reshape(t["shape"])
    return identity, out
manifest = json.load(open(place + "/manifest.json"))
assert manifest["complete"]
parts = [read(place + "/" + s["file"]) for s in manifest["shards"]]
assert [i["first"] for i, _ in parts] == [0, 4, 8]
whole = {f["name"]: np.concatenate([t[f["name"]] for _, t in parts]) for f in manifest["fields"]}
assert (whole["index"] == np.arange(10)).all()
for name, values in whole.items():
    other = np.load(f"{npy}/{name.replace('/', '.')}.npy", mmap_mode="r")
    assert other.dtype == values.dtype and other.shape == values.shape, name
    np.testing.assert_array_equal(other, values)
# Image, mask, labels, every drawn number, provenance: of each sample, and they belong together.
assert whole["counts"].shape == (10, 48, 64) and set(np.unique(whole["valid"])) <= {0, 1}
assert ((whole["counts"] < 0) <= (whole["valid"] == 0)).all()
assert (whole["counts"][whole["valid"] == 1] >= 0).all() and whole["counts"].max() > 0
assert not any(name == "planes" for name in whole)
lines = [json.loads(line) for line in open(npy + "/provenance.jsonl")]
assert len(lines) == 10
for i, line in enumerate(lines):
    shard = parts[i // 4][1]
    ends = [0, *shard["provenance_end"].tolist()]
    text = shard["provenance"].tobytes()[ends[i % 4]:ends[i % 4 + 1]]
    assert line == json.loads(text) and line["index"] == i
    setup, sample, artifacts = line["setup"], line["sample"], line["artifacts"]
    for name, value in {
        "parameter/wavelength": setup["wavelength_nm"],
        "parameter/incidence": setup["incidence_deg"],
        "parameter/detector_distance": setup["distance_mm"],
        "parameter/beam_column": setup["direct_beam_px"][0],
        "parameter/peak_counts": artifacts["exposure"]["peak_counts"],
        "label/distance": sample["correlation"]["distance_nm"],
        "label/disorder": sample["correlation"]["disorder"],
    }.items():
        assert abs(whole[name][i] / value - 1) < 1e-12, (name, whole[name][i], value)
    assert setup["layers"] and setup["particle"]["material"] and sample["sizes"] and sample["shape"]
    for name in "flat diffuse air rod response blur saturation misalignment".split():
        assert name in artifacts, name
read_by = ["numpy"]
try:
    from safetensors.numpy import load_file
    t = load_file(place + "/" + manifest["shards"][1]["file"])
    np.testing.assert_array_equal(t["counts"], whole["counts"][4:8]); read_by.append("safetensors")
except ImportError:
    print("skipped: no safetensors")
import os
try:
    import h5py
except ImportError:
    h5py = None; print("skipped: no h5py")
if h5py and os.path.isdir(h5):
    with h5py.File(h5 + "/000001.h5") as f:
        for field in manifest["fields"]:
            values = f[field["name"]]
            assert values.dtype == whole[field["name"]].dtype, field["name"]
            np.testing.assert_array_equal(values[()], whole[field["name"]][4:8])
            assert values.attrs["unit"] in (field["unit"], field["unit"].encode())
        p = f["provenance"][0]
        assert json.loads(p)["index"] == 4
        read_by.append("h5py")
print("read by", ", ".join(read_by))
"#;
    let output = Command::new("python3")
        .args(["-c", script])
        .args([&place, &npy, &h5])
        .output();
    match output {
        Err(error) => println!("skipped, no python3: {error}"),
        Ok(output) => {
            let (out, err) = (
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
            println!("{out}");
            assert!(output.status.success(), "{out}{err}");
        }
    }
}

#[test]
fn previews_and_job_scripts_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("it's a dataset");
    dataset::plan(&place, small(), 5, 10).unwrap();
    let error = preview::write(&place, &place.join("preview"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("0..3"), "{error}");
    let stop = AtomicBool::new(false);
    dataset::run(&place, Some(1..2), &stop, &()).unwrap();
    let page = preview::write(&place, &folder.path().join("preview")).unwrap();
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("4 of 10") && html.contains("label/distance"));
    assert!(
        !html.contains("http"),
        "the page asks the network for something"
    );

    let options = slurm::Options {
        partition: Some("short".into()),
        time: Some("00:10:00".into()),
        memory: Some("2G".into()),
        cpus: 2,
        throttle: Some(7),
        shards_per_task: 1,
        max_array_size: 1,
        program: vec!["/opt/x task".into()],
    };
    let scripts = slurm::write(&place, &options).unwrap();
    assert_eq!(scripts.missing, [0, 2]);
    assert_eq!(scripts.arrays.len(), 2);
    let text = std::fs::read_to_string(&scripts.arrays[1]).unwrap();
    for part in [
        "--partition=short",
        "--time=00:10:00",
        "--mem=2G",
        "--array=0-0%7",
        "--cpus-per-task=2",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Outside of a job array the script refuses; inside, it runs the right shard.
    let run = |id: Option<&str>| {
        let mut bash = Command::new("bash");
        bash.arg(&scripts.arrays[1])
            .env_remove("SLURM_ARRAY_TASK_ID");
        if let Some(id) = id {
            bash.env("SLURM_ARRAY_TASK_ID", id);
        }
        bash.output()
    };
    match run(None) {
        Err(error) => println!("skipped, no bash: {error}"),
        Ok(output) => {
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{err}");
            assert!(err.contains("SLURM_ARRAY_TASK_ID is not set"), "{err}");
            let err = run(Some("0")).unwrap().stderr;
            assert!(String::from_utf8_lossy(&err).contains("/opt/x task"));
        }
    }
    // The rest made, only the last script remains.
    dataset::run(&place, None, &stop, &()).unwrap();
    let scripts = slurm::write(&place, &options).unwrap();
    assert!(scripts.arrays.is_empty() && scripts.missing.is_empty());
    assert!(!place.join("slurm/array-0.sh").exists());
}

/// The general path on a description of what the fast path makes.
#[test]
fn described_samples_agree_with_the_fast_path() {
    let text = r#"
[dataset]
contents = "network-input"
samples_per_setup = 1
shard_samples = 1

[[sample.parameters]]
name = "radius"
unit = "nm"
range = 4.0

[[sample.parameters]]
name = "height"
unit = "nm"
range = { uniform = [1.0, 30.0] }
at_most = "1.5 * $radius"

[[sample.layers]]
material = "Si"

[[sample.populations]]
structure = { radial-paracrystal = { distance_nm = 12.0, width_nm = 3.0 } }
particles = [{ shape = "Cylinder", material = "Au", parameters = { radius = "$radius", height = "6.0" }, sizes = { kind = "gaussian", spread = 0.1, radii = 25 } }]
"#;
    // A number written as text is no number.
    let error = Config::parse("c.toml", text).unwrap_err().to_string();
    assert!(error.contains("sample"), "{error}");
    let mut config = Config::parse("c.toml", &text.replace("\"6.0\"", "6.0")).unwrap();
    config.setup.polymer_films = 0.0;
    config.setup.oxides = 0.0;
    config.setup.native_oxides = 0.0;
    config.setup.roughness_nm = gisaxs_sim::Range::Fixed(0.0);
    config.setup.particles = vec!["Au".into()];
    let generator = Generator::new(config.clone(), 1, 4).unwrap();
    let group = generator.group(0).unwrap();
    // Heights obey their conditional limit, and the sample is a whole one.
    let record = generator.sample(&group, 0).unwrap();
    let height = generator
        .fields()
        .iter()
        .position(|f| f.name == "label/height")
        .unwrap();
    assert!(matches!(&record.fields[height], Numbers::F64(x) if x[0] > 1.0 && x[0] < 6.0));

    let particles = Particles {
        shape: gisaxs_physics::UprightShape::Cylinder { height_ratio: 1.5 },
        sizes: SizeDistribution::gaussian(4.0, 0.1).unwrap().with_radii(25),
    };
    let correlation = Correlation {
        distance_nm: 12.0,
        disorder: 0.25,
        ordered: 1.0,
        model: CorrelationModel::Decoupling,
    };
    let fast = group.ideal(&particles, &correlation);
    let description = config.sample.as_ref().unwrap();
    let mut of = stream(1, Purpose::Sample, 0);
    let sample = description.sample(&group.setup().beam, &mut of).unwrap();
    let slow = group.ideal_of(&sample);
    // Cells average S(q) over their width and two rows of waves, the general path has one point.
    let mut ratios: Vec<f64> = fast.iter().zip(&slow).map(|(f, s)| f / s).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let middle = ratios[ratios.len() / 2];
    let mut errors: Vec<f64> = ratios.iter().map(|r| (r / middle - 1.0).abs()).collect();
    errors.sort_unstable_by(f64::total_cmp);
    let (median, most) = (errors[errors.len() / 2], errors[errors.len() * 9 / 10]);
    println!("median {median:.1e}, 90 % {most:.1e}");
    assert!(median < 0.01 && most < 0.1, "median {median}, 90 % {most}");
    assert_eq!(config.dataset.contents, Contents::NetworkInput);
}

/// Configurations survive the manifest with every bit, and so do merges that are repeated.
#[test]
fn manifests_keep_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("d");
    let mut config = small();
    config.setup.wavelength_nm =
        gisaxs_sim::Range::Uniform([0.1 + 1e-17, std::f64::consts::PI / 20.0]);
    config.artifacts.diffuse =
        gisaxs_sim::Range::LogUniform([1.234_567_890_123_456_7e-5, 1.0 / 3.0]);
    dataset::plan(&place, config.clone(), 5, 3).unwrap();
    dataset::run(&place, None, &AtomicBool::new(false), &()).unwrap();
    let manifest = Manifest::open(&place).unwrap();
    assert_eq!(manifest.config, config);
    let before = contents(&place);
    dataset::merge(&place).unwrap();
    assert_eq!(contents(&place), before);
    assert!(dataset::verify(&place, 3, 1, &|| ()).unwrap().is_good());
}

/// The largest D / R_mean is obeyed where the widening for small particles is switched off.
#[test]
fn distances_obey_their_ratio_to_the_radius() {
    let mut prior = Config::preset("p03-sputter").unwrap().prior();
    let most = |prior: &Prior| {
        let mut rng = stream(1, Purpose::Sample, 0);
        (0..4000)
            .map(|i| {
                let radius = 0.9 + 0.01 * f64::from(i % 1000);
                let model = CorrelationModel::Decoupling;
                prior.correlation.draw(radius, model, &mut rng).distance_nm / radius
            })
            .fold(0.0, f64::max)
    };
    // 3 x 3 nm, reached by radii below 1.5 nm.
    let widened = most(&prior);
    assert!((6.5..=10.0).contains(&widened), "{widened}");
    prior.correlation.small_particle_reach = 0.0;
    prior.validate().unwrap();
    let plain = most(&prior);
    assert!((5.9..=6.0).contains(&plain), "{plain}");
}

/// Limits that would leave nothing are refused before anything is drawn, with all keys and numbers
/// that take part.
#[test]
fn limits_that_leave_nothing_are_refused() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "[particles]\nradius_nm = 10.0\n[correlation]\ndistance_nm = { uniform = [3.0, 4.0] }",
            &[
                "correlation.distance_nm = 3 .. 4",
                "distance_over_radius",
                "particles.radius_nm",
                "20.5",
            ],
        ),
        // At one end only: the mean of a log-normal density is larger than its median.
        (
            "[particles]\nradius_nm = { uniform = [5.0, 10.0] }\nspread = 0.4\nmodes = [1.0, 0.0, 0.0]\n\
             [correlation]\ndistance_nm = { uniform = [20.0, 22.0] }",
            &["correlation.distance_nm = 20 .. 22", "mean radius, 10.7"],
        ),
        // Between the values of a choice.
        (
            "[particles]\nradius_nm = { uniform = [4.0, 9.0] }\n[correlation]\n\
             distance_over_radius = [2.0, 2.2]\ndistance_nm = { discrete = { values = [3.0, 10.0, 30.0] } }",
            &["correlation.distance_nm = [3.0, 10.0, 30.0]", "[2.0, 2.2]"],
        ),
        (
            "[particles]\nradius_nm = 1.0",
            &[
                "particles.radius_nm = 1",
                "min_radius_times_q",
                "min_window",
            ],
        ),
        (
            "[particles]\nspread = 0.4",
            &["particles.spread = 0.4", "0.35", "particles.modes"],
        ),
        (
            "[[sample.parameters]]\nname = \"radius\"\nrange = { uniform = [2.0, 3.0] }\n\
             [[sample.parameters]]\nname = \"height\"\nrange = { uniform = [7.0, 20.0] }\nat_most = \"2 * $radius\"\n\
             [[sample.layers]]\nmaterial = \"Si\"\n[[sample.populations]]\n\
             structure = { dilute = { density_per_nm2 = 1e-3 } }\n\
             particles = [{ shape = \"Cylinder\", material = \"Au\", parameters = { radius = \"$radius\", height = \"$height\" } }]",
            &[
                "sample.parameters[1].range = 7 .. 20 of \"height\"",
                "at_most = \"2 * $radius\"",
                "which is 5",
            ],
        ),
    ];
    for (text, parts) in cases {
        let error = Config::parse("my.toml", text).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error} lacks {part}");
        }
        assert!(
            error.starts_with("my.toml: ") && !error.contains('\n'),
            "{error}"
        );
    }
    // Without the widening, small particles reach no distance.
    let text = "[particles]\nradius_nm = { uniform = [0.7, 9.0] }\n[correlation]\nsmall_particle_reach = 0.0\n\
                distance_over_radius = [2.05, 4.0]\n[setup]\nmin_window = 2.0";
    let error = Config::parse("my.toml", text).unwrap_err().to_string();
    assert!(error.contains("small_particle_reach = 0"), "{error}");
    // Where a configuration was not asked, the draw is refused, with the number of the sample.
    let mut prior = Prior::default();
    prior.correlation.distance_nm = gisaxs_sim::Range::Uniform([3.0, 4.0]);
    let found = (0..20)
        .filter_map(|i| gisaxs_sim::frame::SimulatedFrame::draw(&prior, 1, i).err())
        .find(|e| e.to_string().contains("correlation.distance_nm = 3 .. 4"));
    assert!(found.is_some());
    let error = dataset::Error::Simulation {
        index: 17,
        source: found.unwrap(),
    };
    assert!(
        error
            .to_string()
            .starts_with("sample 17: prior: correlation.distance_nm")
    );
}

/// Distances and limits that a shard breaks are found by looking, without making a sample again.
#[test]
fn verification_finds_particles_that_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("d");
    build(&place, 4);
    let path = place.join("shards/000000.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let at = |name: &str| 8 + length + header[name]["data_offsets"][0].as_u64().unwrap() as usize;
    // The third sample: particles that overlap a little.
    let (radius, distance) = (at("label/mean_radius") + 16, at("label/distance") + 16);
    let mean = f64::from_le_bytes(bytes[radius..radius + 8].try_into().unwrap());
    bytes[distance..distance + 8].copy_from_slice(&(2.04 * mean).to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let verdict = dataset::verify(&place, 0, 1, &|| ()).unwrap();
    let found = verdict.problems.join("\n");
    assert!(found.contains("label/distance of sample 2 is"), "{found}");
    assert!(
        found.contains("distance_over_radius = [2.05, 12.0]"),
        "{found}"
    );
}
