//! A dataset from a preset: planned, made (or continued), verified.
//!
//! `cargo run --release -p gisaxs-sim --features dataset --example build_dataset -- general 1000 DIR`

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use gisaxs_sim::dataset::{self, Config, Progress};

/// Counts samples and tells of shards.
#[derive(Default)]
struct Count(AtomicU64);

impl Progress for Count {
    fn found(&self, _samples: u64) {}

    fn sample(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn shard(&self, number: u64) {
        println!("shard {number}, {} samples", self.0.load(Ordering::Relaxed));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let preset = arguments.next().unwrap_or_else(|| "general".into());
    let samples: u64 = arguments.next().unwrap_or_else(|| "64".into()).parse()?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments
        .next()
        .map_or_else(|| temporary.path().join("dataset"), PathBuf::from);

    dataset::plan(&folder, Config::preset(&preset)?, 1, samples)?;
    let started = Instant::now();
    let count = Count::default();
    dataset::run(&folder, None, &AtomicBool::new(false), &count)?;
    let made = count.0.into_inner();
    println!(
        "{made} samples made in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    let verdict = dataset::verify(&folder, 16, 1, &|| ())?;
    if !verdict.is_good() {
        return Err(verdict.problems.join("; ").into());
    }
    println!(
        "{} samples good, {} made again bit for bit",
        verdict.samples, verdict.remade
    );
    Ok(())
}
