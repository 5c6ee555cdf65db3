//! The geometry that a frame shows: `landmarks FRAME INSTRUMENT.toml [PICTURE.png]`, or
//! `landmarks demo [PICTURE.png]` for a simulated frame.
//!
//! Prints rod, horizon, Yoneda band, specular and direct beam with their uncertainties, and
//! the incidence angle; draws them over the frame.

mod scene;

use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use gisaxs_preproc::gisaxs_physics::Up;
use gisaxs_preproc::{Frame, Instrument, LandmarkHints, Landmarks, Located, Mask};

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["demo"] => demo(None),
        ["demo", picture] => demo(Some(picture)),
        [frame, instrument] => measured(frame, instrument, None),
        [frame, instrument, picture] => measured(frame, instrument, Some(picture)),
        _ => Err("usage: landmarks (demo | FRAME INSTRUMENT.toml) [PICTURE.png]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn demo(picture: Option<&str>) -> Outcome<()> {
    let mut scene = scene::p03_like();
    scene.stop_px = 9.0;
    scene.yoneda_counts = 20.0;
    scene.specular_counts = 2e7;
    scene.detector.direct_beam_px[1] = 780.0;
    let (frame, mask) = scene.frame(1);
    let instrument = Instrument::new(scene.beam, scene.detector)?;
    println!(
        "truth: rod {:.2}, horizon {:.2}, Yoneda {:.2}, specular {:.2}, direct beam {:.2}",
        scene.detector.direct_beam_px[0],
        scene.horizon_row(),
        scene.yoneda_row(),
        scene.specular_row(),
        scene.detector.direct_beam_px[1]
    );
    show(&frame, &mask, &instrument, picture)
}

fn measured(frame: &str, instrument: &str, picture: Option<&str>) -> Outcome<()> {
    let frame = Frame::open(frame)?;
    let instrument = Instrument::from_path(instrument)?.for_frame(&frame)?;
    let mask = Mask::new(&frame, &instrument)?;
    show(&frame, &mask, &instrument, picture)
}

fn show(frame: &Frame, mask: &Mask, instrument: &Instrument, picture: Option<&str>) -> Outcome<()> {
    let hints = LandmarkHints {
        up: instrument.detector().map_or(Up::default(), |d| d.up),
        ..LandmarkHints::default()
    };
    let found = Landmarks::find(frame, mask, &hints);
    for (name, located) in named(&found) {
        if let Some(Located { value, sigma }) = located {
            println!("{name:12} {value:8.2} +- {sigma:.2} px");
        }
    }
    if let Some(angle) = found.incidence_deg(&instrument.geometry()?) {
        println!("alpha_i      {:.4} +- {:.4} deg", angle.value, angle.sigma);
    }
    for sentence in &found.missing {
        println!("{sentence}");
    }
    if let Some(path) = picture {
        draw(frame, mask, &found, path)?;
    }
    Ok(())
}

fn named(found: &Landmarks) -> [(&'static str, Option<Located>); 5] {
    [
        ("rod", found.rod_column),
        ("specular", found.specular_row),
        ("Yoneda", found.yoneda_row),
        ("horizon", found.horizon_row),
        ("direct beam", found.direct_beam_row),
    ]
}

/// Colours of the landmarks, in the order of `named`.
const COLORS: [[u8; 3]; 5] = [
    [255, 255, 255],
    [255, 64, 64],
    [255, 200, 0],
    [0, 220, 255],
    [120, 255, 120],
];

/// Pixels of the picture around the landmarks.
const MARGIN: usize = 60;
const HALF_WIDTH: usize = 240;

/// The frame in the logarithm around what was found, with ticks on both sides of the rod.
fn draw(frame: &Frame, mask: &Mask, found: &Landmarks, path: &str) -> Outcome<()> {
    let [rows, cols] = frame.shape();
    let largest = frame.as_slice().iter().copied().fold(1.0, f32::max).ln();
    let mut pixels = vec![0_u8; rows * cols * 3];
    for (i, (rgb, &count)) in pixels.chunks_exact_mut(3).zip(frame.as_slice()).enumerate() {
        if mask.is_measured(i / cols, i % cols) {
            let depth = (count.max(0.3).ln() + 1.2) / (0.75 * largest + 1.2);
            rgb.copy_from_slice(&shade(depth.clamp(0.0, 1.0)));
        } else {
            rgb.copy_from_slice(&[90, 90, 90]);
        }
    }
    let mut set = |row: isize, col: isize, color: [u8; 3]| {
        if (0..rows as isize).contains(&row) && (0..cols as isize).contains(&col) {
            let at = 3 * (row as usize * cols + col as usize);
            pixels[at..at + 3].copy_from_slice(&color);
        }
    };
    let rod = found.rod_column.map_or(cols as f64 / 2.0, |r| r.value);
    for (index, (name, located)) in named(found).into_iter().enumerate() {
        let Some(located) = located else { continue };
        let at = located.value.round() as isize;
        for along in 40..cols.max(rows) as isize {
            for thick in 0..2 {
                if name == "rod" {
                    // Dashed.
                    if along / 6 % 4 == 0 {
                        set(along - 40, at + thick, COLORS[index]);
                    }
                } else if along < 150 {
                    set(at + thick, rod as isize + along, COLORS[index]);
                    set(at + thick, rod as isize - along, COLORS[index]);
                }
            }
        }
    }
    // Cut to the landmarks: a whole frame is mostly noise.
    let found_rows = || {
        named(found)
            .into_iter()
            .skip(1)
            .filter_map(|(_, at)| Some(at?.value))
    };
    let top = found_rows().fold(rows as f64, f64::min) as usize;
    let bottom = found_rows().fold(0.0, f64::max) as usize;
    let (top, bottom) = if top < bottom {
        (top.saturating_sub(MARGIN), (bottom + MARGIN).min(rows))
    } else {
        (0, rows)
    };
    let left = (rod as usize).saturating_sub(HALF_WIDTH);
    let right = (rod as usize + HALF_WIDTH).min(cols);
    let pixels: Vec<u8> = (top..bottom)
        .flat_map(|row| pixels[3 * (row * cols + left)..3 * (row * cols + right)].iter())
        .copied()
        .collect();
    let mut encoder = png::Encoder::new(
        BufWriter::new(File::create(path)?),
        u32::try_from(right - left)?,
        u32::try_from(bottom - top)?,
    );
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    println!("{path}");
    Ok(())
}

/// Black through violet and orange to white.
fn shade(x: f32) -> [u8; 3] {
    const STOPS: [[f32; 3]; 5] = [
        [0.0, 0.0, 10.0],
        [70.0, 15.0, 110.0],
        [190.0, 55.0, 85.0],
        [250.0, 150.0, 30.0],
        [252.0, 255.0, 200.0],
    ];
    let at = x * (STOPS.len() - 1) as f32;
    let i = (at as usize).min(STOPS.len() - 2);
    let t = at - i as f32;
    std::array::from_fn(|c| (STOPS[i][c] + t * (STOPS[i + 1][c] - STOPS[i][c])) as u8)
}
