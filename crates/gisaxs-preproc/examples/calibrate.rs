//! Distance and direct beam from a frame of silver behenate.
//!
//! ```sh
//! cargo run --release -p gisaxs-preproc --example calibrate -- FRAME INSTRUMENT.toml [--tilt] [--anywhere]
//! ```
//!
//! The instrument file gives wavelength and detector, a distance right to 30 %, and a direct
//! beam right to 25 px (`--anywhere`: not needed). Prints the instrument file that fits the
//! rings; `--tilt` fits two tilts of the detector as well.

use std::process::ExitCode;

use gisaxs_preproc::{Calibrant, CalibrationOptions, Frame, Instrument, Mask, Result, calibrate};

fn run(frame: &str, instrument: &str, options: &CalibrationOptions) -> Result<()> {
    let frame = Frame::open(frame)?;
    let instrument = Instrument::from_path(instrument)?.for_frame(&frame)?;
    let mask = Mask::new(&frame, &instrument)?;
    let found = calibrate(
        &frame,
        &mask,
        &instrument,
        &Calibrant::silver_behenate(),
        options,
    )?;
    let [column, row] = found.direct_beam_px;
    eprintln!(
        "{} rings, {} points, {:.3} px off them (rms)",
        found.rings, found.points, found.residual_px
    );
    eprintln!(
        "distance {:.3} +- {:.3} mm, direct beam {:.3} +- {:.3}, {:.3} +- {:.3} px",
        found.distance_mm.value,
        found.distance_mm.sigma,
        column.value,
        column.sigma,
        row.value,
        row.sigma
    );
    print!("{}", instrument.with_calibration(&found)?.to_toml());
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, files): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .map(String::as_str)
        .partition(|a| a.starts_with("--"));
    let known = flags
        .iter()
        .all(|flag| ["--tilt", "--anywhere"].contains(flag));
    let (true, [frame, instrument]) = (known, &files[..]) else {
        eprintln!("usage: calibrate FRAME INSTRUMENT.toml [--tilt] [--anywhere]");
        return ExitCode::from(2);
    };
    let mut options = CalibrationOptions {
        fit_tilt: flags.contains(&"--tilt"),
        ..CalibrationOptions::default()
    };
    if flags.contains(&"--anywhere") {
        options.center_off_px = None;
    }
    match run(frame, instrument, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
