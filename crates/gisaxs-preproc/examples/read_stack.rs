//! What is in a file, a folder or a detector's modules:
//! `read_stack PATH... [--sum OUT.tif] [--dataset NAME]`.
//!
//! One path is a file or a folder of a series; several are a series in this order, or, if
//! they are named `*_m01.nxs`, `*_m02.nxs`, ..., the modules of one detector.

use std::process::ExitCode;

use gisaxs_preproc::{FrameStack, Result, StackOptions};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut paths, mut sum, mut options) = (Vec::new(), None, StackOptions::default());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--sum" => sum = arguments.next(),
            "--dataset" => options.dataset = arguments.next(),
            _ => paths.push(argument),
        }
    }
    if paths.is_empty() {
        eprintln!("usage: read_stack PATH... [--sum OUT.tif] [--dataset NAME]");
        return ExitCode::from(2);
    }
    match show(&paths, sum.as_deref(), &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn show(paths: &[String], sum: Option<&str>, options: &StackOptions) -> Result<()> {
    let is_module = |path: &String| path.ends_with(".nxs") && path.contains("_m0");
    let stack = match paths {
        [path] => FrameStack::open_with(path, options)?,
        modules if modules.iter().all(is_module) => FrameStack::open_modules(modules, options)?,
        series => FrameStack::open_series(series, options)?,
    };
    let [rows, cols] = stack.shape();
    println!(
        "{}: {}, {} x {rows} x {cols}",
        stack.name(),
        stack.format(),
        stack.len()
    );
    for entry in stack.metadata() {
        println!("  {entry}");
    }
    for warning in stack.warnings() {
        println!("warning: {warning}");
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for frame in stack.stream(0..stack.len(), threads) {
        let frame = frame?;
        let valid = frame.as_slice().iter().filter(|&&count| count >= 0.0);
        let (mut total, mut largest, mut pixels) = (0.0, 0.0_f32, 0);
        for &count in valid {
            total += f64::from(count);
            largest = largest.max(count);
            pixels += 1;
        }
        println!(
            "{}: {total:.0} counts on {pixels} pixels, at most {largest}",
            frame.name()
        );
    }
    if let Some(path) = sum {
        stack.sum(0..stack.len())?.write(path)?;
    }
    Ok(())
}
