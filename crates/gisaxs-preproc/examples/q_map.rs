//! q of every pixel, and a frame on (q_xy, q_z):
//! `q_map (--instrument FILE.toml [FRAME] | --poni FILE --incidence-deg X) [--out DIR] [--time]`.
//!
//! Writes `q_xy.npy` and `q_z.npy` (nm^-1, f64, rows x columns) into DIR, and with a frame the
//! picture `q_map.png`, the missing wedge left empty. With a `.poni` file
//! also `--sample-tilt-rad X` and `--sample-orientation N`; its orientation keeps the meaning
//! that pyFAI gives it. `--time` prints the best of many maps.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use gisaxs_preproc::gisaxs_physics::Beam;
use gisaxs_preproc::reduce::{Image, Regridder};
use gisaxs_preproc::{Frame, Geometry, Instrument, Mask, Poni, SampleOrientation, encode_npy};

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: q_map (--instrument FILE.toml [FRAME] | --poni FILE --incidence-deg X \
    [--sample-tilt-rad X] [--sample-orientation N]) [--out DIR] [--time]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (mut instrument, mut poni, mut frame, mut out) = (None, None, None, None);
    let mut time = false;
    let (mut incidence_deg, mut tilt_rad, mut orientation) = (None, 0.0, 1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--instrument" => instrument = Some(value()?),
            "--poni" => poni = Some(value()?),
            "--incidence-deg" => incidence_deg = Some(value()?.parse::<f64>()?),
            "--sample-tilt-rad" => tilt_rad = value()?.parse()?,
            "--sample-orientation" => orientation = value()?.parse()?,
            "--out" => out = Some(value()?),
            "--time" => time = true,
            path if !path.starts_with('-') => frame = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let mut image = None;
    let geometry = match (instrument, poni, incidence_deg) {
        (Some(file), None, None) => {
            let mut instrument = Instrument::from_path(file)?;
            if let Some(path) = frame {
                let frame = Frame::open(path)?;
                instrument = instrument.for_frame(&frame)?;
                let mask = Mask::new(&frame, &instrument)?;
                image = Some(Regridder::q_map(&instrument)?.map(&Image::counts(frame, mask)?)?);
            }
            instrument.geometry()?
        }
        (None, Some(file), Some(degrees)) => {
            let poni = Poni::open(file)?;
            for warning in poni.warnings() {
                eprintln!("warning: {warning}");
            }
            let beam = Beam::new(poni.wavelength_nm()?, degrees.to_radians())?;
            poni.geometry(beam)?
                .with_sample(tilt_rad, SampleOrientation::new(orientation)?)?
        }
        _ => return Err(USAGE.into()),
    };
    let map = geometry.q_map();
    let [rows, cols] = geometry.shape();
    let limits = |values: &gisaxs_preproc::ndarray::Array2<f64>| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("{low:.4} to {high:.4} nm^-1")
    };
    println!(
        "{rows} x {cols} pixels, q_xy {}, q_z {}",
        limits(&map.q_xy),
        limits(&map.q_z)
    );
    if let Some(out) = out {
        std::fs::create_dir_all(&out)?;
        for (name, values) in [("q_xy.npy", &map.q_xy), ("q_z.npy", &map.q_z)] {
            let path = Path::new(&out).join(name);
            std::fs::write(&path, encode_npy(values.view()))?;
            println!("{}", path.display());
        }
        if let Some(image) = image {
            let path = Path::new(&out).join("q_map.png");
            image.write_png(&path)?;
            println!("{}", path.display());
        }
    }
    if time {
        println!("q_xy and q_z, one thread: {:.1} ms", best_ms(&geometry));
    }
    Ok(())
}

/// Shortest of many runs: the others waited for something else.
fn best_ms(geometry: &Geometry) -> f64 {
    (0..40)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(geometry.q_map());
            1e3 * start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}
