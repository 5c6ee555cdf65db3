//! One scene, and every artifact before and after.

use std::path::{Path, PathBuf};

use gisaxs_physics::{Layer, Multilayer, UprightShape};
use gisaxs_sim::artifact::{
    Arm, BadLine, BadLines, Beamstop, CosmicRays, DeadTime, Diffuse, Drawn, FlatField, FlightTube,
    Fringes, GapEdges, GuinierPorod, Misalignment, NoisyPixels, Population, Response, Saturation,
    Shadow, Window,
};
use gisaxs_sim::dataset::Config;
use gisaxs_sim::frame::{FrameSetup, GAP};
use gisaxs_sim::rng::{Purpose, SimRng, stream};
use gisaxs_sim::{
    Component, Correlation, CorrelationModel, Kind, Particles, Range, Setup, SizeDistribution,
};
use rayon::prelude::*;

use super::{cells, gaps, geometry};
use crate::Failure;
use crate::gallery::canvas::{Canvas, INK};
use crate::gallery::colour;

/// What of the frame a picture shows.
#[derive(Clone, Copy)]
pub(super) enum View {
    /// All of it, by the mean of blocks of pixels.
    Whole,
    /// A square from [column, row] of this many pixels.
    Crop([usize; 2], usize),
}

/// An artifact: what it does to the setup and to what is drawn.
struct Case {
    name: &'static str,
    /// The numbers behind the picture on the right.
    drawn: &'static str,
    view: View,
    /// Colours from 10^low to 10^high counts.
    scale: [f64; 2],
    /// Applied to the setup of both pictures.
    stage: fn(&mut Setup),
    /// Applied to what is drawn for both pictures.
    both: fn(&mut Drawn),
    with: fn(&mut Setup, &mut Drawn),
    hot_pixels: usize,
}

const TILE: i32 = 124;
const COLUMNS: i32 = 3;
const SCALE: [f64; 2] = [-1.5, 3.0];

fn case(name: &'static str, drawn: &'static str, with: fn(&mut Setup, &mut Drawn)) -> Case {
    Case {
        name,
        drawn,
        view: View::Whole,
        scale: SCALE,
        stage: |_| (),
        both: |_| (),
        with,
        hot_pixels: 0,
    }
}

/// A Pilatus 1M at 2 m behind gold on a film of PMMA on silicon at P03's wavelength and angle.
pub(super) fn setup() -> Result<Setup, Failure> {
    let mut prior = Config::preset("p03-sputter")?.prior().setup;
    prior.detectors = gisaxs_sim::prior::SetupPrior::default().detectors;
    prior.detectors.retain(|d| d.name == "Pilatus 1M");
    (prior.rotation_deg, prior.tilt_deg) = (None, None);
    prior.incidence_deg = Range::Fixed(0.4);
    prior.distance_mm = Range::Fixed(2000.0);
    prior.beam_column = Some(Range::Fixed(0.45));
    prior.beam_row = Some(Range::Fixed(0.86));
    prior.particles = vec!["Au".into()];
    prior.polymer_films = 1.0;
    prior.polymers = vec!["PMMA".into()];
    prior.polymer_nm = Range::Fixed(30.0);
    prior.roughness_nm = Range::Fixed(0.3);
    let mut setup = prior.draw(1, 0)?;
    setup.beamstops.clear();
    setup.shadow = None;
    setup.dead.pixels.clear();
    Ok(setup)
}

pub(super) fn particles() -> Result<(Particles, Correlation), Failure> {
    let sizes = SizeDistribution::new(vec![Component {
        kind: Kind::Gaussian,
        weight: 1.0,
        radius_nm: 3.2,
        spread: 0.2,
    }])?;
    let particles = Particles {
        shape: UprightShape::Segment { height_ratio: 1.4 },
        sizes,
    };
    let correlation = Correlation {
        distance_nm: 9.0,
        disorder: 0.25,
        model: CorrelationModel::Decoupling,
        ordered: 1.0,
    };
    Ok((particles, correlation))
}

/// As little as possible: 300 counts, a weak rod, a little diffuse and flat background.
pub(super) fn plain(rng: &mut SimRng) -> Drawn {
    let mut drawn = Drawn::draw(&gisaxs_sim::prior::ArtifactPrior::default(), rng);
    drawn.exposure.peak_counts = 300.0;
    drawn.flat = 1e-4;
    drawn.diffuse = Diffuse {
        amplitude: 0.02,
        correlation_nm: 15.0,
        hurst: 0.5,
        k_decay: 1.5,
    };
    drawn.air.amplitude = 0.0;
    (drawn.rod.amplitude, drawn.rod.specular, drawn.rod.width) = (1.0, 10.0, 0.004);
    drawn.rod.spill = 0.0;
    drawn.response = Response {
        waves: [[0.0; 4]; 3],
    };
    drawn.blur.sigma_px = 0.3;
    drawn.flight_tube = None;
    drawn.saturation = Saturation { cutoff: 1e9 };
    drawn.misalignment = Misalignment::NONE;
    drawn
}

/// The layers of a setup, changed.
fn with_layers(setup: &Setup, change: impl FnOnce(&mut Vec<Layer>)) -> Multilayer {
    let mut layers = setup.stack.layers().to_vec();
    change(&mut layers);
    // Only what is allowed is made of what is allowed; otherwise the picture shows no change.
    Multilayer::new(layers).unwrap_or_else(|_| setup.stack.clone())
}

/// The pages, each a picture.
fn pages() -> [(&'static str, Vec<Case>); 3] {
    let scatter = vec![
        case("exposure", "300 -> 5 counts", |_, d| {
            d.exposure.peak_counts = 5.0;
        }),
        Case {
            view: View::Crop([331, 590], 240),
            scale: [0.5, 3.5],
            stage: |s| s.stack = with_layers(s, |layers| drop(layers.drain(1..layers.len() - 1))),
            both: |d| {
                d.exposure.peak_counts = 300.0;
                d.diffuse.amplitude = 0.0;
            },
            ..case(
                "Yoneda of the substrate",
                "bare Si, diffuse 5, xi 3 nm",
                |_, d| {
                    (d.diffuse.amplitude, d.diffuse.correlation_nm) = (5.0, 3.0);
                    d.diffuse.k_decay = 0.5;
                },
            )
        },
        Case {
            view: View::Crop([331, 590], 240),
            scale: [1.0, 4.0],
            both: |d| d.exposure.peak_counts = 3000.0,
            ..case("roughness", "0.3 -> 4 nm (drawn: < 1)", |s, _| {
                s.stack = with_layers(s, |layers| {
                    for layer in &mut layers[1..] {
                        layer.roughness.sigma_nm = 4.0;
                    }
                });
            })
        },
        case("flat background", "0.02 of the peak", |_, d| d.flat = 0.02),
        case("diffuse scattering", "0.8, xi 15 nm", |_, d| {
            d.diffuse.amplitude = 0.8;
        }),
        Case {
            both: |d| d.diffuse.amplitude = 0.8,
            ..case("film fringes", "30 nm, visibility 0.9", |_, d| {
                d.scatter.fringes = Some(Fringes {
                    visibility: 0.9,
                    replication_nm: 0.5,
                });
            })
        },
        Case {
            view: View::Crop([331, 590], 240),
            scale: [1.0, 4.0],
            both: |d| d.exposure.peak_counts = 3000.0,
            ..case("second population", "5, R 2 nm (drawn: < 0.3)", |_, d| {
                d.scatter.population = Some(Population {
                    amplitude: 5.0,
                    radius_nm: 2.0,
                    spread: 0.2,
                });
            })
        },
        Case {
            view: View::Crop([331, 590], 240),
            scale: [1.0, 4.0],
            both: |d| d.exposure.peak_counts = 3000.0,
            ..case("air", "5, q0 0.2, p 2 (drawn: < 0.3)", |_, d| {
                (d.air.amplitude, d.air.q_0, d.air.power) = (5.0, 0.2, 2.0);
            })
        },
        Case {
            view: View::Crop([331, 590], 240),
            scale: [1.0, 4.0],
            both: |d| d.exposure.peak_counts = 3000.0,
            ..case(
                "Guinier-Porod",
                "10, Rg 6 nm, d 3.8 (drawn: < 1)",
                |_, d| {
                    d.scatter.guinier_porod = Some(GuinierPorod {
                        amplitude: 10.0,
                        gyration_nm: 6.0,
                        dimension: 0.0,
                        power: 3.8,
                    });
                },
            )
        },
        case("window", "0.15 (q / 0.1)^-1.5", |_, d| {
            d.scatter.window = Some(Window {
                amplitude: 0.15,
                power: 1.5,
            });
        }),
        Case {
            both: |d| {
                d.scatter.window = Some(Window {
                    amplitude: 0.15,
                    power: 1.5,
                });
            },
            ..case("flight tube", "1.6 nm^-1, leak 0.05", |_, d| {
                d.flight_tube = Some(FlightTube {
                    radius: 1.6,
                    offset: [0.05, 0.1],
                    leak: 0.05,
                    edge: 0.03,
                });
            })
        },
        case("rod and spill", "specular 3000, spill 0.02", |_, d| {
            (d.rod.amplitude, d.rod.specular, d.rod.spill) = (50.0, 3000.0, 0.02);
        }),
        case("slow response", "rms 1 (drawn: < 0.12)", |_, d| {
            let rng = &mut stream(5, Purpose::View, 0);
            d.response = Response::draw(1.0, rng);
        }),
        Case {
            view: View::Crop([411, 700], 62),
            both: |d| d.rod.specular = 300.0,
            ..case("blur, divergence", "1 px; 1 px across, 3 px up", |_, d| {
                d.blur.sigma_px = 1.0;
                d.blur.divergence_px = [1.0, 3.0];
            })
        },
    ];
    let masks = vec![
        Case {
            both: |d| {
                d.scatter.window = Some(Window {
                    amplitude: 0.15,
                    power: 1.5,
                });
            },
            ..case("beamstop, arm", "4 mm", |s, _| {
                s.beamstops.push(Beamstop {
                    center_px: s.detector.direct_beam_px,
                    radius_px: 23.0,
                    arm: Some(Arm {
                        angle_rad: 1.5,
                        half_width_px: 6.0,
                    }),
                });
            })
        },
        case("reflected beam's", "3.4 mm, arm to the right", |s, _| {
            let [column, row] = s.detector.direct_beam_px;
            let rise = s.detector.distance_mm * (2.0 * s.beam.alpha_i_rad()).tan() / 0.172;
            s.beamstops.push(Beamstop {
                center_px: [column + 6.0, row - rise],
                radius_px: 20.0,
                arm: Some(Arm {
                    angle_rad: 0.05,
                    half_width_px: 5.0,
                }),
            });
        }),
        case("sample holder", "a blade on the left", |s, _| {
            s.shadow = Some(Shadow {
                cols: [0, 250],
                rows: [0, 1043],
            });
        }),
        Case {
            view: View::Crop([500, 500], 62),
            both: |d| d.exposure.peak_counts = 3000.0,
            ..case("dead pixels", "one in 500", |s, _| {
                s.dead.pixels = (0..1043 * 981_u32).step_by(499).collect();
            })
        },
    ];
    let close = |column, row| View::Crop([column, row], 62);
    let bright: fn(&mut Drawn) = |d| {
        d.rod.specular = 3e5;
        d.exposure.peak_counts = 300.0;
        d.blur.sigma_px = 1.2;
    };
    let camera = vec![
        Case {
            view: close(456, 765),
            scale: [3.0, 4.0],
            both: |d| d.exposure.peak_counts = 6000.0,
            ..case("flat field", "modules 0.1, pixels 0.04", |_, d| {
                d.camera.flat_field = Some(FlatField {
                    module_rms: 0.1,
                    pixel_rms: 0.04,
                    seed: 3,
                });
            })
        },
        Case {
            view: close(456, 590),
            scale: [0.8, 2.8],
            both: |d| d.exposure.peak_counts = 6000.0,
            ..case("rims of modules", "gain 1.4", |_, d| {
                d.camera.gap_edges = Some(GapEdges { gain: 1.4 });
            })
        },
        Case {
            view: close(411, 700),
            scale: [0.0, 7.5],
            both: bright,
            ..case("dead time", "tau 200 ns, read as 230, 1 s", |_, d| {
                d.camera.dead_time = Some(DeadTime {
                    tau_s: 2e-7,
                    corrected_tau_s: 2.3e-7,
                    exposure_s: 1.0,
                });
            })
        },
        Case {
            view: close(411, 700),
            scale: [0.0, 7.5],
            both: bright,
            ..case("saturation", "cut-off 1e5 counts", |_, d| {
                d.saturation = Saturation { cutoff: 1e5 };
            })
        },
        Case {
            view: View::Crop([500, 100], 124),
            scale: [-0.5, 3.0],
            both: |d| d.exposure.peak_counts = 30.0,
            ..case("noisy pixels", "3e-3 of all (drawn: < 3e-4)", |_, d| {
                d.camera.noisy_pixels = Some(NoisyPixels {
                    share: 3e-3,
                    mean_counts: [0.3, 1000.0],
                    seed: 4,
                });
            })
        },
        Case {
            view: View::Crop([500, 500], 124),
            scale: [-0.5, 3.0],
            both: |d| d.exposure.peak_counts = 1000.0,
            ..case("bad lines", "a noisy row, a dead column", |_, d| {
                let line = |is_row, at, module, mean_counts| BadLine {
                    is_row,
                    at,
                    module,
                    mean_counts,
                };
                d.camera.bad_lines = Some(BadLines {
                    lines: vec![
                        line(true, 560.5 / 1043.0, 0.7, Some(20.0)),
                        line(false, 550.5 / 981.0, 0.5, None),
                    ],
                    seed: 5,
                });
            })
        },
        Case {
            view: View::Crop([700, 20], 124),
            scale: [-0.5, 2.0],
            both: |d| d.exposure.peak_counts = 3.0,
            ..case("cosmic rays", "1000 s at 0.006 cm^-2 s^-1", |_, d| {
                d.camera.cosmic_rays = Some(CosmicRays {
                    flux_cm2_s: 0.006,
                    exposure_s: 1000.0,
                    sensor_mm: 0.45,
                    seed: 6,
                });
            })
        },
        Case {
            hot_pixels: 12_000,
            view: View::Crop([500, 100], 124),
            scale: [-0.5, 3.0],
            both: |d| d.exposure.peak_counts = 30.0,
            ..case("hot pixels", "12 000 (drawn: 12)", |_, _| ())
        },
    ];
    [
        ("artifacts-scatter", scatter),
        ("artifacts-masks", masks),
        ("artifacts-camera", camera),
    ]
}

/// Writes all pages.
pub(super) fn write(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let plain_setup = setup()?;
    let (particles, correlation) = particles()?;
    let mut paths = vec![geometry::write(folder)?, gaps::write(folder)?];
    for (name, cases) in pages() {
        let tiles: Vec<[Canvas; 2]> = cases
            .par_iter()
            .map(|case| {
                let rng = &mut stream(1, Purpose::View, 0);
                let mut drawn = plain(rng);
                (case.both)(&mut drawn);
                let mut setup = plain_setup.clone();
                (case.stage)(&mut setup);
                let exposed = |setup: &Setup, drawn: &mut Drawn, hot, rng: &mut SimRng| {
                    let frame = FrameSetup::new(setup.clone());
                    let rate = frame.cross_section(&particles, &correlation);
                    frame.expose(rate, drawn, hot, rng)
                };
                let before = exposed(&setup, &mut drawn, 0, &mut rng.clone());
                (case.with)(&mut setup, &mut drawn);
                let after = exposed(&setup, &mut drawn, case.hot_pixels, rng);
                [before, after].map(|counts| tile(&counts, &setup, case.view, case.scale, TILE))
            })
            .collect();
        let mut tiles: Vec<(&str, &str, [Canvas; 2])> = cases
            .iter()
            .zip(tiles)
            .map(|(case, tiles)| (case.name, case.drawn, tiles))
            .collect();
        if name == "artifacts-masks" {
            let drawn = "cells: one dark, one masked";
            tiles.push(("obstacles", drawn, cells::obstacles(TILE)?));
        }
        let rows = (tiles.len() as i32 + COLUMNS - 1) / COLUMNS;
        let [width, height] = [2 * TILE + 18, TILE + 40];
        let mut page = Canvas::new(COLUMNS * width, rows * height);
        for (i, (name, drawn, tiles)) in tiles.iter().enumerate() {
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
        let path = folder.join(format!("{name}.png"));
        page.write(&path)?;
        paths.push(path);
    }
    Ok(paths)
}

/// A frame, or a part of it, in colours, in a square.
pub(super) fn tile(
    counts: &[f32],
    setup: &Setup,
    view: View,
    [low, high]: [f64; 2],
    edge: i32,
) -> Canvas {
    let (rows, cols) = (setup.detector.rows, setup.detector.cols);
    let mut canvas = Canvas::new(edge, edge);
    let edge = edge as usize;
    for y in 0..edge {
        for x in 0..edge {
            let span = |i: usize, from: usize, n: usize| {
                let first = from + i * n / edge;
                first..(from + (i + 1) * n / edge).max(first + 1)
            };
            let (across, down) = match view {
                View::Whole => (span(x, 0, cols), span(y, 0, rows)),
                View::Crop([col, row], n) => (span(x, col, n), span(y, row, n)),
            };
            let (mut sum, mut n, mut hidden) = (0.0_f64, 0.0, 0.0);
            for row in down {
                for count in &counts[row * cols..][across.clone()] {
                    match *count {
                        c if c < GAP => hidden += 1.0,
                        c if c < 0.0 => (),
                        c => {
                            sum += f64::from(c);
                            n += 1.0;
                        }
                    }
                }
            }
            let shade = if n > 0.0 {
                // Steps of the colours keep the file small.
                colour((((sum / n).max(1e-6).log10() - low) / (high - low)).clamp(0.0, 1.0))
            } else if hidden > 0.0 {
                [150, 30, 30]
            } else {
                [190; 3]
            };
            canvas.set(x as i32, y as i32, shade);
        }
    }
    canvas
}
