//! How long the first frame of each file takes, opening included: `read_speed FILE...`, best of
//! thirty, one thread, in ms.
//!
//! `scripts/compare_fabio.py` runs it in turn with fabio and h5py on the same files.

use std::process::ExitCode;
use std::time::Instant;

use gisaxs_preproc::{FrameStack, Result};

fn milliseconds(path: &str) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..30 {
        let started = Instant::now();
        FrameStack::open(path)?.frame(0)?;
        best = best.min(1e3 * started.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn main() -> ExitCode {
    for path in std::env::args().skip(1) {
        match milliseconds(&path) {
            Ok(best) => println!("{best:.3}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
