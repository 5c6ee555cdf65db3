//! `train`: the network on simulated frames.

use crate::Failure;
use crate::console::{quiet, say};
use crate::invert::{DeviceChoice, parse_device};
use gisaxs_model::train::{CHECKPOINT, Library, RunConfig, WEIGHTS, train};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Arguments of `train`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is simulated and how the network learns (TOML; every key optional).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for checkpoint, weights and log.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Go on from the checkpoint in the folder.
    #[arg(long)]
    resume: bool,
    /// Stop after this time, with a checkpoint to go on from.
    #[arg(long, value_name = "MIN", value_parser = clap::value_parser!(u64).range(1..))]
    minutes: Option<u64>,
    /// Where the network learns: cpu, cuda or cuda:N.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = parse_device)]
    device: DeviceChoice,
}

/// Reads a training configuration.
pub(crate) fn config(path: &Path) -> Result<RunConfig, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    Ok(toml::from_str(&text).map_err(|e| format!("{name}: {}", e.message().replace('\n', " ")))?)
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let mut config = config(&args.config)?;
    let checkpoint = args.out.join(CHECKPOINT);
    match (checkpoint.exists(), args.resume) {
        (true, false) => {
            return Err(format!(
                "{} exists: give --resume to go on from it, or another --out",
                checkpoint.display()
            )
            .into());
        }
        (false, true) => {
            return Err(format!("{}: no checkpoint to resume from", checkpoint.display()).into());
        }
        _ => {}
    }
    let device = args.device.open()?;
    config.train.domain = serde_json::to_value(&config.library)?;
    config.train.commit = commit();

    let bar = if quiet() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(config.library.setups as u64)
    };
    bar.set_style(ProgressStyle::with_template(
        "patterns {wide_bar} {pos}/{len} setups, {eta} left",
    )?);
    let (started, told) = (Instant::now(), AtomicU64::new(0));
    let library = Library::build(config.library.clone(), |done, of| {
        bar.set_position(done as u64);
        // Without a terminal there is no bar: a line every ten seconds instead.
        let tens = started.elapsed().as_secs() / 10;
        if bar.is_hidden() && tens > told.fetch_max(tens, Ordering::Relaxed) {
            say!("patterns: {done} of {of} setups");
        }
    })?;
    bar.finish_and_clear();

    let stop = Arc::new(AtomicBool::new(false));
    if let Some(minutes) = args.minutes {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(60 * minutes));
            stop.store(true, Ordering::Relaxed);
        });
    }
    let bar = if quiet() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(config.train.views)
    };
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} views, {eta} left  {msg}",
    )?);
    let summary = train(
        &config.train,
        &library,
        &args.out,
        &device,
        &stop,
        &mut |p| {
            bar.set_position(p.views);
            bar.set_message(format!("loss {:.3}", p.loss.total));
            bar.suspend(|| say!("{p}"));
        },
    )?;
    bar.finish_and_clear();
    say!(
        "{} of {} views; weights in {}",
        summary.views,
        config.train.views,
        args.out.join(WEIGHTS).display()
    );
    Ok(true)
}

/// Commit of the working tree, empty where there is none.
fn commit() -> String {
    std::process::Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output()
        .ok()
        .filter(|o| o.status.success())
        .map_or_else(String::new, |o| {
            String::from_utf8_lossy(&o.stdout).trim().to_owned()
        })
}
