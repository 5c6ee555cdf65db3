//! Errors of the believed geometry: the frame, and where its user looks for what is on it.

use std::path::{Path, PathBuf};

use gisaxs_physics::{Beam, FlatDetector};
use gisaxs_sim::artifact::{Misalignment, Mount};
use gisaxs_sim::frame::FrameSetup;
use gisaxs_sim::rng::{Purpose, stream};
use rayon::prelude::*;

use super::pictures::{View, particles, plain, setup, tile};
use crate::Failure;
use crate::gallery::canvas::{Canvas, INK};

const TILE: i32 = 168;
const COLUMNS: i32 = 2;
/// q_par of the lines to both sides of the rod, nm^-1: the maximum of 9 nm.
const Q_PAR: f64 = 0.7;

type Case = (&'static str, &'static str, Misalignment, Option<Mount>);

fn cases() -> [Case; 6] {
    let none = Misalignment::NONE;
    let mount = |rotation_rad, tilt_rad| {
        Some(Mount {
            rotation_rad,
            tilt_rad,
        })
    };
    let centre = Misalignment {
        beam_center_px: [30.0, -25.0],
        ..none
    };
    let distance = Misalignment {
        distance: 0.1,
        ..none
    };
    let incidence = Misalignment {
        incidence_rad: 0.15_f64.to_radians(),
        ..none
    };
    let wavelength = Misalignment {
        wavelength: 0.1,
        ..none
    };
    [
        ("beam centre", "30 and 25 px off (drawn: 0.7)", centre, None),
        ("distance", "10 % too long (drawn: 0.1 %)", distance, None),
        (
            "incidence",
            "0.15 deg too large (drawn: 0.004)",
            incidence,
            None,
        ),
        (
            "wavelength",
            "10 % too long (drawn: 0.05 %)",
            wavelength,
            None,
        ),
        (
            "rotation",
            "4 deg (drawn: 0.15)",
            none,
            mount(0.07, [0.0; 2]),
        ),
        (
            "tilt",
            "45 deg (drawn: 0.3)",
            none,
            mount(0.0, [0.0, 0.785]),
        ),
    ]
}

/// Left a frame with the lines of its true geometry, right with those of the believed one.
pub(super) fn write(folder: &Path) -> Result<PathBuf, Failure> {
    let straight = setup()?;
    let (particles, correlation) = particles()?;
    let layers = straight.stack.layers();
    let substrate = layers[layers.len() - 1].index;
    // k sin(alpha_c): the same at any wavelength, since delta grows with its square.
    let yoneda = (2.0 * substrate.delta).sqrt() * straight.beam.k();
    let cases = cases();
    let tiles = cases
        .par_iter()
        .map(|(_, _, misalignment, mount)| {
            let picture = |mount: Option<Mount>, beam: &Beam, detector: &FlatDetector| {
                let mut setup = straight.clone();
                setup.mount = mount;
                let rng = &mut stream(1, Purpose::View, 0);
                let mut drawn = plain(rng);
                drawn.exposure.peak_counts = 3000.0;
                let frame = FrameSetup::new(setup);
                let rate = frame.cross_section(&particles, &correlation);
                let counts = frame.expose(rate, &mut drawn, 0, rng);
                let scale = [-0.5, 4.0];
                let mut canvas = tile(&counts, &frame.setup, View::Whole, scale, TILE);
                lines(&mut canvas, beam, detector, yoneda);
                canvas
            };
            let (beam, detector) = misalignment
                .believed(&straight.beam, &straight.detector)
                .map_err(|e| e.to_string())?;
            Ok([
                picture(None, &straight.beam, &straight.detector),
                picture(*mount, &beam, &detector),
            ])
        })
        .collect::<Result<Vec<_>, String>>()?;
    let [width, height] = [2 * TILE + 20, TILE + 40];
    let rows = cases.len() as i32 / COLUMNS;
    let mut page = Canvas::new(COLUMNS * width, rows * height);
    for (i, ((name, drawn, ..), tiles)) in cases.iter().zip(&tiles).enumerate() {
        let [x, y] = [
            i as i32 % COLUMNS * width + 6,
            i as i32 / COLUMNS * height + 4,
        ];
        for (k, tile) in tiles.iter().enumerate() {
            page.place(tile, x + k as i32 * (TILE + 4), y);
        }
        page.left(name, x, y + TILE + 9, [0, 114, 178]);
        page.left(drawn, x, y + TILE + 22, INK);
    }
    let path = folder.join("artifacts-geometry.png");
    page.write(&path)?;
    Ok(path)
}

/// Horizon, Yoneda band, rod, and q_par of the first maximum, as a geometry has them.
fn lines(canvas: &mut Canvas, beam: &Beam, detector: &FlatDetector, yoneda: f64) {
    // What is 0 on the lines: two rows that cross the detector, three columns above the horizon.
    let at = |x: i32, y: i32| -> [f64; 5] {
        let pixel = |p: i32, n: usize| (f64::from(p) + 0.5) * n as f64 / f64::from(TILE) - 0.5;
        let (col, row) = (pixel(x, detector.cols), pixel(y, detector.rows));
        let direction = detector.direction(beam, col, row);
        let side = col - detector.direct_beam_px[0];
        let q = direction.q_par(beam).copysign(side);
        let k_z = direction.kz(beam);
        [k_z, k_z - yoneda, side, q - Q_PAR, q + Q_PAR]
    };
    const COLOURS: [[u8; 3]; 5] = [
        [90, 220, 255],
        [240, 228, 66],
        [240, 120, 30],
        [240, 120, 30],
        [240, 120, 30],
    ];
    for y in 0..TILE {
        for x in 0..TILE {
            let here = at(x, y);
            let next = [at(x + 1, y), at(x, y + 1)];
            for (i, colour) in COLOURS.into_iter().enumerate() {
                let crossed = next.iter().any(|n| (n[i] > 0.0) != (here[i] > 0.0));
                if crossed && (i < 2 || here[0] > 0.0) {
                    canvas.set(x, y, colour);
                }
            }
        }
    }
}
