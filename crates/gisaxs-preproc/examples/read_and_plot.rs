//! A frame as a picture, masked pixels grey:
//! `read_and_plot FRAME [--instrument FILE.toml] [--frame N] [--out PICTURE.png]`.
//!
//! Without an instrument, only what the file itself marks is masked.

use std::process::ExitCode;

use gisaxs_preproc::reduce::Image;
use gisaxs_preproc::{Frame, FrameStack, Instrument, Mask, Reason, Result};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut path, mut instrument, mut index, mut out) = (None, None, 0, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--instrument" => instrument = arguments.next(),
            "--frame" => index = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(0),
            "--out" => out = arguments.next(),
            _ => path = Some(argument),
        }
    }
    let Some(path) = path else {
        eprintln!(
            "usage: read_and_plot FRAME [--instrument FILE.toml] [--frame N] [--out PICTURE.png]"
        );
        return ExitCode::from(2);
    };
    let out = out.unwrap_or_else(|| "frame.png".to_owned());
    match plot(&path, instrument.as_deref(), index, &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn plot(path: &str, instrument: Option<&str>, index: usize, out: &str) -> Result<()> {
    let stack = FrameStack::open(path)?;
    let frame = stack.frame(index)?;
    let header = frame.header();
    println!(
        "{}: {:?} pixels, {}",
        frame.name(),
        frame.shape(),
        stack.format()
    );
    if let Some(detector) = &header.detector {
        println!("detector {detector}");
    }
    if let Some(seconds) = header.exposure_s {
        println!("exposure {seconds} s");
    }
    let mask = match instrument {
        Some(file) => Mask::new(&frame, &Instrument::from_path(file)?)?,
        None => sentinels(&frame),
    };
    println!("masked: {}", mask.summary());
    Image::counts(frame, mask)?.write_png(out)?;
    println!("{out}");
    Ok(())
}

/// Negative counts are no counts.
fn sentinels(frame: &Frame) -> Mask {
    let bit = |&count: &f32| if count < 0.0 { Reason::Bad.bit() } else { 0 };
    Mask::from_bits(frame.shape(), frame.as_slice().iter().map(bit).collect())
}
