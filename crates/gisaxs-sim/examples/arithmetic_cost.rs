//! What portable bits cost: samples per second of one thread, native and portable in turns.
//!
//! ```sh
//! cargo run --release -p gisaxs-sim --features dataset --example arithmetic_cost [SECONDS]
//! ```

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use gisaxs_physics::Arithmetic;
use gisaxs_sim::dataset::{Config, Generator};

/// Whole frames, each with a setup of its own.
const FRAME: &str = r#"
[dataset]
contents = "frame"
samples_per_setup = 1
shard_samples = 1
[setup]
detectors = [{ name = "Pilatus 1M", weight = 1.0, pixel_mm = 0.172, layout = { module = [195, 487], gap = [17, 7], modules = [5, 2] } }]
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds: f64 = std::env::args().nth(1).map_or(Ok(5.0), |s| s.parse())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let stop = AtomicBool::new(false);
    println!(
        "native multiply-adds here: {}",
        if Arithmetic::Native.is_portable_here() {
            "fused, the portable bits"
        } else {
            "rounded twice, other bits"
        }
    );
    for (name, config, group) in [
        ("network inputs", Config::preset("general")?, 32),
        ("Pilatus 1M frames", Config::parse("frame", FRAME)?, 1),
    ] {
        let modes = [Arithmetic::Native, Arithmetic::Portable];
        let generators = modes.map(|arithmetic| {
            let mut config = config.clone();
            config.dataset.arithmetic = arithmetic;
            Generator::new(config, 1, 1 << 20)
        });
        let mut spent = [Duration::ZERO; 2];
        let mut samples = 0;
        while spent.iter().sum::<Duration>().as_secs_f64() < 2.0 * seconds {
            // Both make the same samples, in turns, so that other work of the machine hits both; who
            // comes first alternates, since the second finds its data in the cache.
            let first = (samples / group % 2) as usize;
            for mode in [first, 1 - first] {
                let generator = generators[mode].as_ref().map_err(ToString::to_string)?;
                let start = Instant::now();
                pool.install(|| generator.range(samples..samples + group, &stop, &|| ()))?;
                spent[mode] += start.elapsed();
            }
            samples += group;
        }
        let rate = spent.map(|spent| samples as f64 / spent.as_secs_f64());
        println!(
            "{name}: {:.1} native, {:.1} portable per second; portable costs {:+.1} %",
            rate[0],
            rate[1],
            (rate[0] / rate[1] - 1.0) * 100.0
        );
    }
    Ok(())
}
