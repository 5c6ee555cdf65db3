//! `dataset/<what>`: labelled samples per second of one thread, setups included.

use super::Bench;
use crate::Failure;
use gisaxs_sim::dataset::{Config, Generator};
use std::sync::atomic::AtomicBool;

/// Crops of 256 x 256 pixels of ensembles of 64 radii.
const CROP: &str = r#"
[dataset]
contents = "frame"
samples_per_setup = 32
shard_samples = 32
[setup]
distance_mm = { uniform = [2000.0, 4000.0] }
beam_column = 0.5
beam_row = 1.0
min_window = 0.1
detectors = [{ name = "crop", weight = 1.0, pixel_mm = 0.172, layout = { module = [256, 256], gap = [0, 0], modules = [1, 1] } }]
[particles]
radii = 64
"#;

/// Whole frames, each with a setup of its own.
const FRAME: &str = r#"
[dataset]
contents = "frame"
samples_per_setup = 1
shard_samples = 1
[setup]
detectors = [{ name = "Pilatus 1M", weight = 1.0, pixel_mm = 0.172, layout = { module = [195, 487], gap = [17, 7], modules = [5, 2] } }]
"#;

/// The same with every artifact, as often as at a beamline, and a detector that is not quite straight.
fn with_artifacts(mut config: Config) -> Config {
    let prior = config.prior().with_realistic_artifacts();
    (config.setup, config.artifacts) = (prior.setup, prior.artifacts);
    config
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let stop = AtomicBool::new(false);
    for (name, config, per_run) in [
        ("dataset/network-input", Config::preset("general")?, 32),
        ("dataset/crop256", Config::parse("crop256", CROP)?, 32),
        (
            "dataset/frame-pilatus-1m",
            Config::parse("frame", FRAME)?,
            1,
        ),
    ] {
        let all = format!("{name}-artifacts");
        for (name, config) in [(name, config.clone()), (&all, with_artifacts(config))] {
            if !bench.wanted(name) {
                continue;
            }
            let generator = Generator::new(config, 1, 1 << 20)?;
            let mut first = 0;
            bench.time(name, 1, per_run as f64, || {
                first += per_run;
                Ok(pool.install(|| generator.range(first..first + per_run, &stop, &|| ()))?)
            })?;
        }
    }
    Ok(())
}
