//! `cargo xtask`: a thin command line over the gisaxs libraries.
//!
//! One file per command; a command parses its arguments, calls the libraries and
//! prints. Exit code 0 on success, 1 on failure, 2 on bad usage. Errors go to stderr, one
//! line each: what, where, and what was expected.
#![forbid(unsafe_code)]

mod artifacts;
mod bench;
mod console;
mod dataset;
mod evaluate;
mod gallery;
mod invert;
mod reduce;
mod reference;
mod simulate;
mod train;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// From a measured GISAXS frame to size distribution, spacing and disorder.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    /// Threads to use; all cores if not given.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print errors only.
    #[arg(long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Frames to structures, with a report per frame.
    Invert(invert::Args),
    /// Frames to cuts and q maps: CSV, NXcanSAS, PNG.
    Reduce(reduce::Args),
    /// Detector frame of a described sample.
    Simulate(simulate::Args),
    /// Check the physics against a folder of reference numbers.
    Reference(reference::Args),
    /// Labelled samples on the disk: plan, run, verify, merge, preview, export, slurm.
    Dataset(dataset::Args),
    /// Train the network on simulated frames.
    Train(train::Args),
    /// Score weights on simulated or given frames.
    Evaluate(evaluate::Args),
    /// Draw every shape and structure factor.
    Gallery(gallery::Args),
    /// Draw every artifact; compare simulated with measured frames.
    Artifacts(artifacts::Args),
    /// Time the hot paths.
    Bench(bench::Args),
}

/// A failure: one line on stderr and exit code 1.
pub(crate) type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    // A usage error leaves here with exit code 2.
    let cli = Cli::parse();
    if let Some(threads) = cli.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        if let Err(error) = pool.build_global() {
            return console::fail(&error);
        }
    }
    console::set_quiet(cli.quiet);
    let result = match cli.command {
        Command::Invert(args) => invert::run(&args),
        Command::Reduce(args) => reduce::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Reference(args) => reference::run(&args).map_err(Into::into),
        Command::Dataset(args) => dataset::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Gallery(args) => gallery::run(&args).map_err(Into::into),
        Command::Artifacts(args) => artifacts::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        // The command has already said on stderr what failed.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::fail(&*error),
    }
}
