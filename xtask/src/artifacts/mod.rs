//! `cargo xtask artifacts`: pictures of every artifact before and after, and, beside measured
//! frames, statistics of an ensemble of simulated ones.

mod cells;
mod comparison;
mod gaps;
mod geometry;
mod pictures;
mod statistics;

use std::path::PathBuf;

use crate::Failure;
use crate::console::say;

/// Arguments of `artifacts`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder for the pictures.
    #[arg(long, value_name = "DIR", default_value = "docs/img")]
    out: PathBuf,
    /// Measured Pilatus 2M frames of the geometry in comparison.rs to compare with.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    measured: Vec<PathBuf>,
    /// Simulated frames to compare with them.
    #[arg(long, value_name = "N", default_value_t = 48)]
    frames: u64,
    /// Compare only.
    #[arg(long, requires = "measured")]
    no_pictures: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    if !args.no_pictures {
        for path in pictures::write(&args.out)? {
            say!("{}", path.display());
        }
    }
    if !args.measured.is_empty() {
        let path = args.out.join("artifacts-comparison.png");
        let table = comparison::write(&args.measured, args.frames, &path, &args.out)?;
        say!("{}", path.display());
        say!("{}", args.out.join("artifacts-frames.png").display());
        print!("{table}");
    }
    Ok(true)
}
