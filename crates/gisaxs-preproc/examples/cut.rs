//! Cuts through a frame: `cut FRAME INSTRUMENT.toml [OUT_FOLDER]`.
//!
//! Writes the Yoneda cut, a vertical cut beside the rod, an arc of constant q and a line from
//! point to point of the (q_xy, q_z) plane, each as CSV, NXcanSAS and picture.

use std::path::Path;
use std::process::ExitCode;

use gisaxs_preproc::reduce::{Axis, Band, Image, Line, Profile, Quantity};
use gisaxs_preproc::{Frame, Instrument, Mask, Result};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (frame, instrument, out) = match &arguments[..] {
        [frame, instrument] => (frame, instrument, "."),
        [frame, instrument, out] => (frame, instrument, &**out),
        _ => {
            eprintln!("usage: cut FRAME INSTRUMENT.toml [OUT_FOLDER]");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = std::fs::create_dir_all(out) {
        eprintln!("{out}: {error}");
        return ExitCode::FAILURE;
    }
    match cut(frame, instrument, Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn cut(frame: &str, instrument: &str, out: &Path) -> Result<()> {
    let frame = Frame::open(frame)?;
    let instrument = Instrument::from_path(instrument)?.for_frame(&frame)?;
    let mask = Mask::new(&frame, &instrument)?;
    let image = Image::counts(frame, mask)?;

    // 0.02 deg either side of the critical angle of the particles.
    let half_width = 0.02_f64.to_radians();
    let chi = Axis::linear(Quantity::Chi, [-1.4, 1.4], 280)?;
    let lines = [
        (
            "yoneda",
            Line::yoneda(&instrument, half_width, [-2.0, 2.0], 800)?,
        ),
        ("off_detector", Line::vertical([0.1, 0.2], [0.0, 3.0], 600)?),
        (
            "arc",
            Line::along(chi).within(Band::new(Quantity::Q, [0.9, 1.0])?),
        ),
        (
            "line",
            Line::polyline(
                [Quantity::QXy, Quantity::QZ],
                &[[0.1, 0.5], [0.9, 1.1], [0.9, 2.0]],
                0.02,
                200,
            )?,
        ),
    ];
    for (name, line) in lines {
        let profile = Profile::new(&image, &instrument, &line)?;
        println!("{name}: {} bins, {line}", profile.len());
        profile.write(out.join(format!("{name}.csv")))?;
        profile.write(out.join(format!("{name}.h5")))?;
        profile.write_png(out.join(format!("{name}.png")))?;
    }
    Ok(())
}
