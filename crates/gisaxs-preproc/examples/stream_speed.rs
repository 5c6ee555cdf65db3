//! How fast frames are read: `stream_speed PATH [THREADS]`, PATH a stack or a folder.
//!
//! `scripts/compare_streaming.py` runs it beside fabio on the same files.

use std::process::ExitCode;
use std::time::Instant;

use gisaxs_preproc::FrameStack;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: stream_speed PATH [THREADS]");
        return ExitCode::from(2);
    };
    let threads = arguments
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let stack = match FrameStack::open(&path) {
        Ok(stack) => stack,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let started = Instant::now();
    for frame in stack.stream(0..stack.len(), threads) {
        if let Err(error) = frame {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} frames in {seconds:.2} s, {threads} threads: {:.1} frames/s",
        stack.len(),
        stack.len() as f64 / seconds
    );
    ExitCode::SUCCESS
}
