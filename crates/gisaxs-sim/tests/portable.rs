//! The same bits on every machine: `tests/portable.sh` runs this for other instructions, other C
//! libraries and another architecture.
#![cfg(feature = "dataset")]

use gisaxs_physics::Arithmetic;
use gisaxs_sim::CorrelationModel;
use gisaxs_sim::dataset::{Config, Generator, PRESETS};
use gisaxs_sim::rng::{Purpose, stream};
use sha2::{Digest, Sha256};

/// Counts of a small detector, with everything that a frame of a preset may have.
const FRAMES: &str = r#"
[dataset]
contents = "frame"
design = "sobol"
samples_per_setup = 2
shard_samples = 4

[setup]
distance_mm = 2000.0
incidence_deg = { normal = { centre = 0.4, spread = 0.05 } }
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.688, layout = { module = [48, 64], gap = [0, 0], modules = [1, 1] } }]

[particles]
free_form = 0.3
schulz_zimm = 0.2

[correlation]
size_spacing = 0.4
local_monodisperse = 0.3
"#;

/// The general path: shapes of all kinds of kernels, layers, rough interfaces, structure factors.
const DESCRIBED: &str = r#"
[dataset]
contents = "frame"
samples_per_setup = 2
shard_samples = 4

[setup]
distance_mm = 2000.0
min_window = 0.1
beam_row = 1.0
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 1.376, layout = { module = [24, 32], gap = [0, 0], modules = [1, 1] } }]

[[sample.parameters]]
name = "radius"
unit = "nm"
range = { log-uniform = [2.0, 10.0] }

[[sample.parameters]]
name = "distance"
unit = "nm"
range = { log-normal = { centre = 30.0, spread = 0.3, min = 21.0, max = 80.0 } }

[[sample.layers]]
material = "PS"
thickness_nm = 40.0
roughness_nm = 0.5

[[sample.layers]]
material = "Si"
roughness_nm = 0.4
hurst = 0.5
correlation_nm = 200.0

[[sample.populations]]
layer = 0
placement = "bottom"
coverage = 0.5
structure = { radial-paracrystal = { distance_nm = "$distance", width_nm = "0.25 * $distance" } }

[[sample.populations.particles]]
shape = "Cone"
material = "Au"
parameters = { radius = "$radius", height = "$radius", alpha = 1.4 }
sizes = { kind = "log-normal", spread = 0.2, radii = 5 }

[[sample.populations]]
layer = 1
placement = "throughout"
coverage = 0.2
structure = { dilute = { density_per_nm2 = 1e-4 } }

[[sample.populations.particles]]
shape = "PlatonicOctahedron"
material = "Ag"
parameters = { edge = "$radius" }

[[sample.populations.particles]]
shape = "Ellipsoid"
material = "Cu"
parameters = { radius_x = "$radius", radius_y = 3.0, radius_z = 2.0 }
"#;

/// SHA-256 of all arrays of the first samples, and of their provenance: two digests, so that a new
/// entry of the provenance shows to be no more than that.
fn digests(generator: &Generator, samples: u64) -> [String; 2] {
    let [mut arrays, mut texts] = [Vec::new(), Vec::new()];
    for index in 0..samples {
        let group = generator.group(generator.group_of(index)).unwrap();
        let record = generator.sample(&group, index).unwrap();
        for numbers in &record.fields {
            numbers.append_to(&mut arrays);
        }
        texts.extend(record.provenance.into_bytes());
    }
    [arrays, texts].map(|bytes| {
        let digest = Sha256::digest(bytes);
        digest[..12].iter().map(|b| format!("{b:02x}")).collect()
    })
}

fn configurations() -> Vec<(&'static str, Config)> {
    let mut all: Vec<_> = PRESETS
        .iter()
        .map(|(name, _)| (*name, Config::preset(name).unwrap()))
        .collect();
    all.push(("frames", Config::parse("frames", FRAMES).unwrap()));
    all.push(("described", Config::parse("described", DESCRIBED).unwrap()));
    all
}

/// Arrays and provenance of the first samples, every bit. A change of the arrays is as
/// data-breaking as one of the table of `dataset.rs`; the provenance may gain entries. To pin
/// anew, run with `PIN=1 -- --nocapture` and copy what is printed.
const PINNED: &[(&str, [&str; 2])] = &[
    (
        "general",
        ["030d36cd48a1ebd0989dbd87", "9c62b5b6660f43172a8d3795"],
    ),
    (
        "p03-sputter",
        ["bb52a3f0d94bf7742faa6740", "09b858b5c92cd4ce25d8ebee"],
    ),
    (
        "galaxi",
        ["0ccde0735ab97de1d2febf6e", "26ce9f174a7a5ba13fc4c4b7"],
    ),
    (
        "frames",
        ["07d22fa9d3cd645adebbd61c", "5449b682da5a3a23b8fdd795"],
    ),
    (
        "described",
        ["85734d54ac2a5204e801356b", "9068cc6051a8639379449e28"],
    ),
];

#[test]
fn every_bit_of_the_first_samples_is_pinned() {
    let mut wrong = Vec::new();
    for (name, config) in configurations() {
        assert_eq!(config.dataset.arithmetic, Arithmetic::Portable, "{name}");
        let generator = Generator::new(config, 1, 4096).unwrap();
        let found = digests(&generator, 4);
        if std::env::var_os("PIN").is_some() {
            println!("    ({name:?}, {found:?}),");
            continue;
        }
        let pinned = PINNED.iter().find(|p| p.0 == name);
        if pinned.map(|p| p.1.map(String::from)) != Some(found.clone()) {
            wrong.push(format!("{name}: {found:?}, pinned {pinned:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Processors with fused multiply-adds make the portable bits anyway. Older ones do not, or what
/// is pinned above would prove nothing there.
#[test]
fn native_bits_are_portable_where_it_says_so() {
    let config = Config::preset("general").unwrap();
    let prior = config.prior();
    let generator = Generator::new(config, 1, 4096).unwrap();
    let group = generator.group(0).unwrap();
    let mut rng = stream(1, Purpose::Sample, 0);
    let particles = prior.particles.draw(2.0, &mut rng).unwrap();
    let model = CorrelationModel::Decoupling;
    let mean = particles.sizes.mean_nm();
    let correlation = prior.correlation.draw(mean, model, &mut rng);
    let [portable, native] = [Arithmetic::Portable, Arithmetic::Native].map(|arithmetic| {
        let intensity = arithmetic.scope(|| group.ideal(&particles, &correlation));
        assert!(intensity.iter().any(|i| *i > 0.0));
        intensity.into_iter().map(f64::to_bits).collect::<Vec<_>>()
    });
    assert_eq!(native == portable, Arithmetic::Native.is_portable_here());
}
