//! Trains a network on simulated views, from a TOML file or on a tiny library.
//!
//! ```text
//! cargo run --release -p gisaxs-model --features train --example train -- [CONFIG.toml] [OUT]
//! ```

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use gisaxs_model::Device;
use gisaxs_model::train::{Library, RunConfig, train};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut config = match arguments.next() {
        Some(path) => toml::from_str(&std::fs::read_to_string(path)?)?,
        None => {
            let mut config = RunConfig::default();
            config.library.setups = 40;
            config.train.views = 2048;
            config
        }
    };
    let out = arguments
        .next()
        .unwrap_or_else(|| "out/train-example".into());
    let seconds = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs())
    };
    let last = AtomicU64::new(seconds());
    let library = Library::build(config.library.clone(), |done, of| {
        if seconds() >= last.load(Ordering::Relaxed) + 10 || done == of {
            last.store(seconds(), Ordering::Relaxed);
            println!("library: {done} of {of} setups");
        }
    })?;
    config.train.domain = serde_json::to_value(&config.library)?;
    let stop = AtomicBool::new(false);
    train(
        &config.train,
        &library,
        Path::new(&out),
        &Device::Cpu,
        &stop,
        &mut |p| println!("{p}"),
    )?;
    Ok(())
}
