//! What is in a detector file: `frame_info FRAME [INSTRUMENT.toml]`.
//!
//! Without an instrument the header and the range of counts; with one also the mask and the
//! network's view of the frame, drawn with characters.

use std::process::ExitCode;

use gisaxs_preproc::input::{CellSums, N_K, N_Q};
use gisaxs_preproc::{Detector, Frame, Instrument, Prepared, Result, prepare};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [frame] => show(frame, None),
        [frame, instrument] => show(frame, Some(instrument)),
        _ => {
            eprintln!("usage: frame_info FRAME [INSTRUMENT.toml]");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn show(frame: &str, instrument: Option<&str>) -> Result<()> {
    let frame = Frame::open(frame)?;
    let [rows, cols] = frame.shape();
    let detector = Detector::by_shape(frame.shape()).map_or("unknown detector", |d| d.name());
    println!("{}: {rows} x {cols} pixels, {detector}", frame.name());
    let total: f64 = frame
        .as_slice()
        .iter()
        .map(|&c| f64::from(c.max(0.0)))
        .sum();
    let largest = frame.as_slice().iter().copied().fold(0.0, f32::max);
    println!("{total:.0} counts, at most {largest} in one pixel");
    for line in &frame.header().lines {
        println!("  {line}");
    }
    if let Some(path) = instrument {
        let prepared = prepare(&frame, &Instrument::from_path(path)?)?;
        println!("masked: {}", prepared.mask.summary());
        for warning in &prepared.warnings {
            println!("warning: {warning}");
        }
        draw(&prepared);
    }
    Ok(())
}

/// The first plane, two rows and one column per character, k sin(alpha_f) upwards.
fn draw(prepared: &Prepared) {
    const SHADES: &[u8] = b" .:-=+*#%@";
    for k in (0..N_K).step_by(2).rev() {
        let line: String = (0..N_Q)
            .map(|q| {
                let i = CellSums::index(k, q);
                let valid = prepared.cells.pixels[i] > 0.0;
                // From e^-7 of the brightest cells to the brightest.
                let depth = (prepared.input.planes[i] + 7.0).clamp(0.0, 7.0) / 7.0;
                let shade = SHADES[(depth * (SHADES.len() - 1) as f32).round() as usize];
                if valid { char::from(shade) } else { '/' }
            })
            .collect();
        println!("{line}");
    }
}
