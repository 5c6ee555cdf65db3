//! Builds a mask: frame and instrument in, mask file and picture out.
//!
//! ```sh
//! cargo run --release -p gisaxs-preproc --example mask_builder -- \
//!     FRAME INSTRUMENT.toml MASK.npy|.edf|.msk [PICTURE.png]
//! cargo run --release -p gisaxs-preproc --example mask_builder -- demo PICTURE.png
//! ```
//!
//! The mask has gaps grown by one pixel, bad and overloaded pixels, hot pixels, the
//! instrument's beamstops and those that are found; nonzero = masked. The instrument file that is
//! printed names it. The picture shows the frame with a colour per reason,
//! and beside it the frame with the masked pixels filled for the eye. `demo` does it for a
//! made frame of a Pilatus 300k.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    BeamstopOptions, DisplayImage, Frame, HotPixel, HotPixelOptions, Instrument, Mask, Reason,
    find_beamstops, find_hot_pixels, inpaint_for_display, write_mask,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (frame, instrument, mask_file, picture) = match arguments.as_slice() {
        [demo, picture] if demo == "demo" => {
            (made_frame()?, made_instrument()?, None, Some(picture))
        }
        [frame, instrument, mask, picture @ ..] if picture.len() < 2 => (
            Frame::open(frame)?,
            Instrument::from_path(instrument)?,
            Some(mask),
            picture.first(),
        ),
        _ => return Err("usage: mask_builder FRAME INSTRUMENT MASK [PICTURE]".into()),
    };
    let instrument = instrument.for_frame(&frame)?;

    // Hot pixels first: they would disturb the search for edges.
    let mask = Mask::new(&frame, &instrument)?;
    let hot = find_hot_pixels(&frame, &mask, &HotPixelOptions::default())?;
    let hot = HotPixel::mask(&hot, frame.shape());
    let mask = mask.with(Reason::Hot, &hot);
    let stops = find_beamstops(&frame, &mask, &BeamstopOptions::default())?;
    for stop in &stops {
        let [col, row] = stop.center_px();
        let [behind, around] = stop.counts();
        println!(
            "beamstop at column {col}, row {row}, radius {}, {} arms: {behind:.2} counts per \
             pixel behind it, {around:.2} around",
            stop.radius_px(),
            stop.arms()
        );
    }
    let mut areas = instrument.beamstops().to_vec();
    areas.extend(stops.iter().flat_map(|stop| stop.areas()));
    let instrument = instrument.with_beamstops(areas);
    let mask = Mask::new(&frame, &instrument)?
        .with(Reason::Hot, &hot)
        .grown(Reason::Gap, 1);

    let masked = mask.masked(&Reason::MEASUREMENT);
    let fraction = masked.iter().filter(|&&m| m).count() as f64 / masked.len() as f64;
    println!("{:.2} % masked: {}", 100.0 * fraction, mask.summary());
    let instrument = match mask_file {
        Some(path) => {
            write_mask(masked.view(), path)?;
            println!("{path}: written, nonzero = masked");
            instrument.with_mask_file(path)?
        }
        None => instrument,
    };
    println!("\n{}", instrument.to_toml());
    if let Some(path) = picture {
        let filled = inpaint_for_display(&frame, &mask)?;
        write_picture(path, &mask, &filled)?;
    }
    Ok(())
}

/// Colours of the reasons, the first that applies.
const COLOURS: [(Reason, [u8; 3]); 7] = [
    (Reason::Hot, [255, 64, 64]),
    (Reason::Saturated, [255, 255, 255]),
    (Reason::Beamstop, [255, 160, 0]),
    (Reason::Shadow, [160, 110, 60]),
    (Reason::User, [190, 90, 255]),
    (Reason::Bad, [255, 0, 200]),
    (Reason::Gap, [90, 90, 90]),
];

/// Steps of the logarithmic scale; a palette keeps the file small.
const STEPS: usize = 32;

/// Mask on the left, the filled frame on the right, logarithmic from black over blue to white.
fn write_picture(path: &str, mask: &Mask, filled: &DisplayImage) -> Result<(), Box<dyn Error>> {
    const SPACE: usize = 8;
    let [rows, cols] = mask.shape();
    let width = 2 * cols + SPACE;
    // All but one pixel in a thousand within the scale.
    let mut sorted: Vec<f32> = filled.values().iter().copied().collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let top = sorted[sorted.len() - 1 - sorted.len() / 1000].max(1.0);
    let step = |value: f32| {
        let x = ((value + 0.3) / 0.3).ln() / ((top + 0.3) / 0.3).ln();
        (x * STEPS as f32).clamp(0.0, STEPS as f32 - 1.0) as u8
    };
    let scale = (0..STEPS).map(|i| {
        let x = i as f32 / (STEPS - 1) as f32;
        let channel =
            |start: f32, end: f32| (255.0 * ((x - start) / (end - start)).clamp(0.0, 1.0)) as u8;
        let blue = channel(0.0, 0.5).max(channel(0.8, 1.0));
        [channel(0.25, 0.75), channel(0.1, 0.9), blue]
    });
    let palette: Vec<u8> = scale.chain(COLOURS.map(|c| c.1)).flatten().collect();
    // The space between is as white as the end of the scale.
    let mut indices = vec![STEPS as u8 - 1; rows * width];
    for (row, line) in indices.chunks_exact_mut(width).enumerate() {
        for col in 0..cols {
            let plain = step(filled.values()[[row, col]]);
            let reason = COLOURS.iter().position(|(r, _)| mask.has(row, col, *r));
            line[col] = reason.map_or(plain, |i| (STEPS + i) as u8);
            line[cols + SPACE + col] = plain;
        }
    }
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, width as u32, rows as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&indices)?;
    println!("{path}: written");
    Ok(())
}

fn made_instrument() -> gisaxs_preproc::Result<Instrument> {
    Instrument::from_toml(
        "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nname = 'Pilatus 300k'\n\
         distance_mm = 2400\ndirect_beam_px = [240, 520]",
        "demo.toml",
    )
}

/// A halo, a Yoneda band, side maxima, two beamstops with an arm, hot pixels and noise.
fn made_frame() -> gisaxs_preproc::Result<Frame> {
    let mut state = 1_u32;
    let mut uniform = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let mut counts = Array2::from_shape_fn((619, 487), |(row, col)| {
        let (x, y) = (col as f64 - 240.0, 520.0 - row as f64);
        let band = |centre: f64, width: f64| (-0.5 * ((y - centre) / width).powi(2)).exp();
        let side = |at: f64| (-0.5 * ((x - at) / 22.0).powi(2)).exp();
        let mean = 2e4 / (1.0 + (x.hypot(y) / 9.0).powi(3))
            + if y > 97.0 { 1.0 } else { 0.05 }
                * (60.0 * band(145.0, 9.0)
                    + 90.0 * (side(-95.0) + side(95.0)) * band(150.0, 45.0)
                    + 3e3 * (-0.5 * (x / 4.0).powi(2)).exp() / (1.0 + (y - 195.0).abs() / 30.0)
                    + 20.0 * (-(x / 160.0).powi(2)).exp() * band(160.0, 110.0))
            + 0.3;
        let along = (-35_f64).to_radians();
        let (u, v) = (
            x * along.cos() - (y - 195.0) * along.sin(),
            -(y - 195.0) * along.cos() - x * along.sin(),
        );
        let stopped = x.hypot(y) < 18.0 || x.hypot(y - 195.0) < 14.0 || (u > 0.0 && v.abs() < 3.0);
        let mean = if stopped {
            0.02 * mean.min(50.0) + 0.1
        } else {
            mean
        };
        // Three uniform numbers have nearly the spread of counting noise.
        let noise = uniform() + uniform() + uniform() - 1.5;
        (mean + 2.0 * mean.sqrt() * noise).round().max(0.0) as f32
    });
    for k in 0..25 {
        let (row, col) = ((k * 199 + 31) % 619, (k * 83 + 17) % 487);
        counts[[row, col]] = 5e4;
    }
    Frame::new(counts).map(|frame| frame.with_name("demo"))
}
