//! `dataset`: labelled samples on the disk, from a plan to a verified dataset.

mod designs;
mod progress;
mod slurm;

use crate::Failure;
use crate::console::say;
use gisaxs_sim::dataset::{self, Config, KEYS, Manifest, PRESETS, export, preview};
use progress::Watch;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Arguments of `dataset`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Lay a dataset out: its manifest, size and time, no samples.
    Plan(PlanArgs),
    /// Make what is missing; all of it, or some shards.
    Run {
        /// Folder of the dataset.
        dir: PathBuf,
        /// One shard, or the shards from I up to but not including J.
        #[arg(long, value_name = "I or I..J", value_parser = shards)]
        shard: Option<std::ops::Range<u64>>,
    },
    /// Check hashes, shapes, ranges, NaN, and make samples again bit for bit.
    Verify {
        /// Folder of the dataset.
        dir: PathBuf,
        /// Samples to make again.
        #[arg(long, value_name = "N", default_value_t = 16)]
        again: u64,
        /// Which samples: another number, other samples.
        #[arg(long, value_name = "SEED", default_value_t = 1)]
        pick: u64,
    },
    /// Complete the manifest once all shards are there; with FROM, gather them first.
    Merge {
        /// Folder of the dataset.
        dir: PathBuf,
        /// Other folders with shards of the same plan.
        from: Vec<PathBuf>,
    },
    /// Contact sheet, histograms of labels, coverage of parameter pairs.
    Preview {
        /// Folder of the dataset.
        dir: PathBuf,
        /// Folder for the pictures; DIR/preview if not given.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Copy a finished dataset into another format.
    Export {
        /// Folder of the dataset.
        dir: PathBuf,
        /// Format.
        #[arg(long, value_enum)]
        format: Format,
        /// New folder for the files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write, and submit, a Slurm job array for the missing shards.
    Slurm(slurm::Args),
    /// Draw how the designs cover two quantities.
    Designs {
        /// The picture.
        #[arg(long, value_name = "FILE.png")]
        out: PathBuf,
    },
    /// List every key of a configuration with unit, limits and meaning.
    Keys,
}

#[derive(clap::Args)]
struct PlanArgs {
    #[command(flatten)]
    source: Source,
    /// Number of samples.
    #[arg(
        long,
        value_name = "N",
        value_parser = samples,
        allow_negative_numbers = true
    )]
    samples: u64,
    /// Seed of everything that is drawn.
    #[arg(
        long,
        value_name = "S",
        value_parser = seed,
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    seed: u64,
    /// Folder of the dataset.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seconds spent on samples that measure how long the build will take; 0 for none.
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    probe: f64,
}

/// Where the configuration is from: one of both.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A configuration of the repository: general, p03-sputter, galaxi.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// A configuration (TOML; see `dataset keys`).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A number of samples.
fn samples(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|n| (1..=1 << 32).contains(n));
    number.ok_or_else(|| format!("expected a whole number from 1 to {}", 1_u64 << 32))
}

/// A seed.
fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// One array per field, and provenance.jsonl.
    Npy,
    /// One file per shard.
    Hdf5,
}

/// `I` or `I..J`.
fn shards(text: &str) -> Result<std::ops::Range<u64>, String> {
    let number = |part: &str| {
        part.parse::<u64>()
            .map_err(|_| format!("{part:?} is no shard, expected I or I..J"))
    };
    match text.split_once("..") {
        None => {
            let shard = number(text)?;
            Ok(shard..shard.saturating_add(1))
        }
        Some((first, end)) => {
            let range = number(first)?..number(end)?;
            if range.is_empty() {
                return Err(format!("{text} holds no shard, expected I..J with I < J"));
            }
            Ok(range)
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    match &args.action {
        Action::Plan(args) => plan(args),
        Action::Run { dir, shard } => build(dir, shard.clone()),
        Action::Verify { dir, again, pick } => verify(dir, *again, *pick),
        Action::Merge { dir, from } => {
            let from: Vec<&Path> = from.iter().map(PathBuf::as_path).collect();
            let gathered = dataset::gather(dir, &from)?;
            let manifest = dataset::merge(dir)?;
            say!(
                "{}: {} samples in {} shards, {gathered} gathered",
                dir.display(),
                manifest.samples,
                manifest.shards_planned
            );
            Ok(true)
        }
        Action::Preview { dir, out } => {
            let out = out.clone().unwrap_or_else(|| dir.join("preview"));
            say!("{}", preview::write(dir, &out)?.display());
            Ok(true)
        }
        Action::Export { dir, format, out } => {
            let manifest = Manifest::open(dir)?;
            let watch = Watch::new("exported", "shards", manifest.shards_planned)?;
            match format {
                Format::Npy => export::to_npy(dir, out, &|| watch.step())?,
                Format::Hdf5 => export::to_hdf5(dir, out, &|| watch.step())?,
            }
            watch.finish();
            say!("{}", out.display());
            Ok(true)
        }
        Action::Slurm(args) => slurm::run(args),
        Action::Designs { out } => {
            designs::write(out)?;
            say!("{}", out.display());
            Ok(true)
        }
        Action::Keys => {
            for key in KEYS {
                let unit = match key.unit {
                    "" => String::new(),
                    unit => format!(" [{unit}]"),
                };
                println!("{}{unit}: {} ({})", key.path, key.about, key.allowed);
            }
            Ok(true)
        }
    }
}

fn plan(args: &PlanArgs) -> Result<bool, Failure> {
    let config = match (&args.source.preset, &args.source.config) {
        (Some(name), _) => Config::preset(name)?,
        (None, Some(path)) => Config::from_path(path)?,
        (None, None) => {
            let names = PRESETS.map(|p| p.0).join(", ");
            return Err(format!("no --preset ({names}) and no --config").into());
        }
    };
    let manifest = dataset::plan(&args.out, config, args.seed, args.samples)?;
    say!(
        "{}: {} samples of {}, seed {}, in {} shards of {}; a build holds up to {} in memory",
        args.out.display(),
        manifest.samples,
        manifest.name,
        manifest.seed,
        manifest.shards_planned,
        manifest.shard_samples,
        size(manifest.memory_bytes)
    );
    if args.probe > 0.0 {
        let estimate = dataset::estimate(&manifest, args.probe)?;
        let threads = rayon::current_num_threads();
        say!(
            "{} on the disk, {} in memory; about {} on {threads} threads ({:.1} samples per second and thread, \
             measured on {})",
            size(estimate.bytes),
            size(estimate.memory),
            time(estimate.thread_seconds / threads as f64),
            manifest.samples as f64 / estimate.thread_seconds,
            estimate.probed
        );
    }
    Ok(true)
}

fn build(dir: &Path, shard: Option<std::ops::Range<u64>>) -> Result<bool, Failure> {
    let manifest = Manifest::open(dir)?;
    let wanted = shard.clone().unwrap_or(0..manifest.shards_planned);
    if wanted.end > manifest.shards_planned {
        manifest.check_shard(wanted.end - 1)?;
    }
    let samples = manifest.range(wanted.end - 1).end - manifest.range(wanted.start).start;
    let watch = Watch::new("made", "samples", samples)?;
    let started = Instant::now();
    let stop = AtomicBool::new(false);
    let made = dataset::run(dir, shard, &stop, &watch)?;
    watch.finish();
    let seconds = started.elapsed().as_secs_f64();
    let made_samples = watch.made();
    say!(
        "{}: {made} shards made, {} found; {made_samples} samples in {} ({:.0} per second){}",
        dir.display(),
        wanted.end - wanted.start - made,
        time(seconds),
        made_samples as f64 / seconds.max(1e-9),
        progress::peak_memory().map_or_else(String::new, |m| format!(", peak memory {}", size(m)))
    );
    Ok(true)
}

fn verify(dir: &Path, again: u64, pick: u64) -> Result<bool, Failure> {
    let manifest = Manifest::open(dir)?;
    let watch = Watch::new("verified", "shards", manifest.shards_planned)?;
    let verdict = dataset::verify(dir, again, pick, &|| watch.step())?;
    watch.finish();
    for problem in &verdict.problems {
        eprintln!("error: {problem}");
    }
    say!(
        "{}: {} samples in {} shards, {} made again bit for bit{}: {}",
        dir.display(),
        verdict.samples,
        verdict.shards,
        verdict.remade,
        match verdict.other_arithmetic {
            0 => String::new(),
            n =>
                format!(", {n} not tried since they come from a processor that rounds differently"),
        },
        if verdict.is_good() {
            "good".to_owned()
        } else {
            format!("{} problems", verdict.problems.len())
        }
    );
    Ok(verdict.is_good())
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    let (value, unit) = match bytes as f64 {
        b if b < 1e6 => (b / 1e3, "kB"),
        b if b < 1e9 => (b / 1e6, "MB"),
        b => (b / 1e9, "GB"),
    };
    format!("{value:.1} {unit}")
}

/// Seconds for people.
fn time(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else if seconds < 7200.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}
