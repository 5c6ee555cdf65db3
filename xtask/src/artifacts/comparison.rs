//! Simulated frames of the preset `p03-sputter` beside measured ones of the same geometry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gisaxs_preproc::Frame;
use gisaxs_sim::Range;
use gisaxs_sim::dataset::{Config, Contents, Design, Generator, Numbers};
use rayon::prelude::*;

use super::statistics::{LAGS, Statistics, ring};
use crate::Failure;
use crate::gallery::canvas::{Canvas, INK};
use crate::gallery::colour;
use crate::gallery::plot::{CURVES, Plot};

/// Direct beam of the measured frames, [column, row].
const BEAM: [f64; 2] = [791.5, 1310.0];
/// Rows of the horizon, of the Yoneda band of silicon (0.152 deg) and of the specular beam, from
/// distance, wavelength and incidence.
const LINES: [f64; 3] = [1208.5, 1168.9, 1107.0];
const PITCH: [usize; 2] = [212, 494];
const MODULE: [usize; 2] = [195, 487];

/// Compares, draws to `path`, and returns a table in Markdown.
pub(super) fn write(
    measured: &[PathBuf],
    frames: u64,
    path: &Path,
    folder: &Path,
) -> Result<String, Failure> {
    let generator = Generator::new(config()?, 1, frames)?;
    let shape = generator.config().setup.detectors[0].layout.shape();
    let ours = (0..frames)
        .into_par_iter()
        .map(|index| {
            let counts = simulated(&generator, index)?;
            Ok(statistics(&counts, shape))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let mut first = None;
    let theirs = measured
        .iter()
        .map(|path| {
            let frame = Frame::open(path)?;
            if frame.shape() != shape {
                let found = frame.shape();
                return Err(
                    format!("{}: {found:?} pixels, expected {shape:?}", path.display()).into(),
                );
            }
            let found = statistics(frame.as_slice(), shape);
            first.get_or_insert_with(|| frame.as_slice().to_vec());
            Ok(found)
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    draw(&ours, &theirs).write(path)?;
    if let (Some(counts), Some(its)) = (first, theirs.first()) {
        // The most similar of all; a difference of 1 is about what frames differ by.
        let far = |s: &Statistics| -> f64 {
            let ln = |of: fn(&Statistics) -> f64| (of(s).max(0.1) / of(its).max(0.1)).ln();
            let linear = |of: fn(&Statistics) -> f64| of(s) - of(its);
            [
                ln(|s| s.mean),
                ln(|s| s.quantiles[1]),
                ln(|s| s.quantiles[2]),
                ln(|s| s.quantiles[3]),
                ln(|s| s.rod),
                ln(|s| s.yoneda),
                4.0 * linear(|s| s.zeros),
                8.0 * linear(|s| s.structure[0][5]),
                8.0 * linear(|s| s.structure[1][5]),
            ]
            .iter()
            .filter(|d| d.is_finite())
            .map(|d| d * d)
            .sum()
        };
        let nearest = (0..ours.len()).min_by(|&a, &b| far(&ours[a]).total_cmp(&far(&ours[b])));
        let nearest = simulated(&generator, nearest.unwrap_or_default() as u64)?;
        side_by_side(&nearest, &counts, shape).write(&folder.join("artifacts-frames.png"))?;
    }
    Ok(table(&ours, &theirs))
}

/// The preset at the geometry of the measured series: 2565 mm, 0.39 deg, gold on silicon.
fn config() -> Result<Config, Failure> {
    let mut config = Config::preset("p03-sputter")?;
    config.dataset.contents = Contents::Frame;
    config.dataset.design = Design::Independent;
    (
        config.dataset.samples_per_setup,
        config.dataset.shard_samples,
    ) = (1, 1);
    let [rows, cols] = config.setup.detectors[0].layout.shape();
    let setup = &mut config.setup;
    setup.distance_mm = Range::Fixed(2565.0);
    setup.incidence_deg = Range::Fixed(0.39);
    setup.beam_column = Some(Range::Fixed(BEAM[0] / cols as f64));
    setup.beam_row = Some(Range::Fixed(BEAM[1] / rows as f64));
    setup.particles = vec!["Au".into()];
    setup.polymer_films = 0.0;
    Ok(config)
}

/// Statistics of a frame at the geometry of the measured ones.
fn statistics(counts: &[f32], shape: [usize; 2]) -> Statistics {
    Statistics::new(counts, shape, BEAM, LINES, PITCH, MODULE)
}

/// Whole frames in colours, the simulated one on the left.
fn side_by_side(ours: &[f32], theirs: &[f32], [rows, cols]: [usize; 2]) -> Canvas {
    const STEP: usize = 4;
    let [width, height] = [cols / STEP, rows / STEP].map(|n| n as i32);
    let mut canvas = Canvas::new(2 * width + 6, height + 18);
    for (k, (counts, name)) in [(ours, "ours"), (theirs, "measured")]
        .into_iter()
        .enumerate()
    {
        let left = k as i32 * (width + 6);
        canvas.left(name, left + 4, 9, CURVES[k]);
        for y in 0..height {
            for x in 0..width {
                let block = (0..STEP * STEP).map(|i| {
                    let (row, col) = (y as usize * STEP + i / STEP, x as usize * STEP + i % STEP);
                    f64::from(counts[row * cols + col])
                });
                let (sum, n) = block
                    .filter(|c| *c >= 0.0)
                    .fold((0.0, 0.0), |(s, n), c| (s + c, n + 1.0));
                let shade = if n > 0.0 {
                    colour(((sum / n).max(0.03).log10() + 1.5) / 5.0)
                } else {
                    [190; 3]
                };
                canvas.set(left + x, y + 18, shade);
            }
        }
    }
    canvas
}

fn simulated(generator: &Generator, index: u64) -> Result<Vec<f32>, String> {
    let group = generator
        .group(generator.group_of(index))
        .map_err(|e| e.to_string())?;
    let record = generator.sample(&group, index).map_err(|e| e.to_string())?;
    let counts = record.fields.iter().find_map(|field| match field {
        Numbers::I32(counts) => Some(counts.iter().map(|&c| c as f32).collect::<Vec<f32>>()),
        _ => None,
    });
    Ok(counts.ok_or("a frame without counts")?)
}

/// 10 %, 50 % and 90 % of the finite values.
fn spread(values: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let mut values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([0.1, 0.5, 0.9].map(|p| values[(last as f64 * p).round() as usize]))
}

fn table(ours: &[Statistics], theirs: &[Statistics]) -> String {
    let mut text = format!(
        "| | ours, 10 % / median / 90 % of {} frames |{}\n|---|---|{}\n",
        ours.len(),
        " measured |".repeat(theirs.len()),
        "---|".repeat(theirs.len()),
    );
    let rings = |below: bool, from: f64, to: f64| {
        move |s: &Statistics| {
            let values = if below { &s.below } else { &s.beside };
            let inside = (0..values.len()).filter(|&i| (from..to).contains(&ring(i)));
            let values: Vec<f64> = inside
                .map(|i| values[i])
                .filter(|v| v.is_finite())
                .collect();
            values.iter().sum::<f64>() / values.len() as f64
        }
    };
    let slope = |s: &Statistics| {
        // d ln(counts) / d ln(radius) from 30 to 600 px, by least squares.
        let points = (0..s.below.len())
            .map(|i| (ring(i).ln(), s.below[i].ln(), ring(i)))
            .filter(|p| p.1.is_finite() && p.2 < 600.0);
        let (n, x, y, xx, xy) = points.fold((0.0, 0.0, 0.0, 0.0, 0.0), |a, (x, y, _)| {
            (a.0 + 1.0, a.1 + x, a.2 + y, a.3 + x * x, a.4 + x * y)
        });
        (n * xy - x * y) / (n * xx - x * x)
    };
    type Of<'a> = Box<dyn Fn(&Statistics) -> f64 + 'a>;
    let rows: Vec<(&str, Of<'_>)> = vec![
        ("zeros, share of the pixels", Box::new(|s| s.zeros)),
        ("mean counts", Box::new(|s| s.mean)),
        ("median counts", Box::new(|s| s.quantiles[0])),
        ("90 % quantile, counts", Box::new(|s| s.quantiles[1])),
        ("99 % quantile, counts", Box::new(|s| s.quantiles[2])),
        ("99.9 % quantile, counts", Box::new(|s| s.quantiles[3])),
        ("noise: variance over mean", Box::new(|s| s.fano)),
        (
            "noise: correlation with the next pixel across",
            Box::new(|s| s.noise[0]),
        ),
        (
            "noise: correlation with the next pixel up",
            Box::new(|s| s.noise[1]),
        ),
        (
            "ln(1 + counts): correlation over 1 px across",
            Box::new(|s| s.structure[0][0]),
        ),
        (
            "ln(1 + counts): correlation over 32 px across",
            Box::new(|s| s.structure[0][5]),
        ),
        (
            "ln(1 + counts): correlation over 32 px up",
            Box::new(|s| s.structure[1][5]),
        ),
        (
            "ln(1 + counts): correlation over 128 px across",
            Box::new(|s| s.structure[0][7]),
        ),
        (
            "ln(1 + counts): correlation over 128 px up",
            Box::new(|s| s.structure[1][7]),
        ),
        (
            "below the horizon at 30 to 60 px, over level",
            Box::new(rings(true, 30.0, 60.0)),
        ),
        (
            "below the horizon at 200 to 400 px, over level",
            Box::new(rings(true, 200.0, 400.0)),
        ),
        (
            "below the horizon: exponent over the radius",
            Box::new(slope),
        ),
        (
            "beside the plane at 200 to 400 px, over level",
            Box::new(rings(false, 200.0, 400.0)),
        ),
        (
            "beside the plane at 800 to 1100 px, over level",
            Box::new(rings(false, 800.0, 1100.0)),
        ),
        (
            "rod above the specular beam over its sides",
            Box::new(|s| s.rod),
        ),
        (
            "Yoneda band over 40 px higher, beside the rod",
            Box::new(|s| s.yoneda),
        ),
        (
            "behind the direct beamstop, mean counts",
            Box::new(|s| s.behind_stop),
        ),
        (
            "hot pixels, cosmic rays: outliers per million pixels",
            Box::new(|s| s.outliers),
        ),
        (
            "cosmic rays: pairs of counts in the dark over chance",
            Box::new(|s| s.pairs),
        ),
        (
            "rims of modules over four lines further in",
            Box::new(|s| s.rims),
        ),
    ];
    let number = |x: f64| match x.abs() {
        _ if !x.is_finite() => "none".into(),
        a if a >= 100.0 => format!("{x:.0}"),
        a if a >= 10.0 => format!("{x:.1}"),
        a if a >= 0.01 || a == 0.0 => format!("{x:.3}"),
        _ => format!("{x:.1e}"),
    };
    for (name, of) in rows {
        let ours = spread(ours.iter().map(&of))
            .map_or_else(|| "none".into(), |s| s.map(number).join(" / "));
        let _ = write!(text, "| {name} | {ours} |");
        for s in theirs {
            let _ = write!(text, " {} |", number(of(s)));
        }
        text.push('\n');
    }
    text
}

/// Logarithm of a share that may be nothing.
fn log(x: f64) -> f64 {
    x.max(1e-9).log10()
}

/// One set of axes of the picture.
struct Panel {
    title: &'static str,
    x_label: &'static str,
    y_label: &'static str,
    x: Vec<f64>,
    y: [f64; 2],
    log_y: bool,
    of: fn(&Statistics) -> Vec<f64>,
}

/// Five panels: ours as a band (10 to 90 %) and its median, measured as lines.
fn draw(ours: &[Statistics], theirs: &[Statistics]) -> Canvas {
    let [width, height] = [330, 250];
    let mut canvas = Canvas::new(3 * width, 2 * height + 24);
    let radii: Vec<f64> = (0..ours.first().map_or(0, |s| s.below.len()))
        .map(|i| log(ring(i)))
        .collect();
    let lags: Vec<f64> = LAGS.iter().map(|&l| (l as f64).log2()).collect();
    let counts: Vec<f64> = (0..23).map(f64::from).collect();
    let panel = |title, x_label, y_label, x: &[f64], log_y, of| Panel {
        title,
        x_label,
        y_label,
        x: x.to_vec(),
        y: match (log_y, y_label) {
            (true, "share of pixels") => [-6.5, 0.0],
            (true, _) => [-5.0, 1.0],
            (false, _) => [-0.2, 1.0],
        },
        log_y,
        of,
    };
    let distance = "log10 of the distance to the beam in pixels";
    let lag = "log2 of the distance in pixels";
    let panels = [
        panel(
            "counts of valid pixels",
            "0, 1, 2.., 4.., 8.. counts (log2 + 1)",
            "share of pixels",
            &counts,
            true,
            |s| s.histogram.iter().map(|&x| log(x)).collect(),
        ),
        panel(
            "structure across: ln(1 + counts)",
            lag,
            "correlation",
            &lags,
            false,
            |s| s.structure[0].clone(),
        ),
        panel(
            "structure up: ln(1 + counts)",
            lag,
            "correlation",
            &lags,
            false,
            |s| s.structure[1].clone(),
        ),
        panel(
            "below the horizon",
            distance,
            "counts over level",
            &radii,
            true,
            |s| s.below.iter().map(|&x| log(x)).collect(),
        ),
        panel(
            "beside the scattering plane",
            distance,
            "counts over level",
            &radii,
            true,
            |s| s.beside.iter().map(|&x| log(x)).collect(),
        ),
    ];
    for (i, panel) in panels.iter().enumerate() {
        let (x, of) = (&panel.x, panel.of);
        let (left, top) = ((i as i32 % 3) * width + 62, (i as i32 / 3) * height + 26);
        let plot = Plot {
            area: [left, top, left + width - 80, top + height - 74],
            x: [x[0], x[x.len() - 1]],
            y: panel.y,
            log_y: panel.log_y,
        };
        let values: Vec<Vec<f64>> = ours.iter().map(of).collect();
        let spreads: Vec<Option<[f64; 3]>> = (0..x.len())
            .map(|j| spread(values.iter().map(|v| v[j])))
            .collect();
        let band = |at: f64| -> Option<[f64; 2]> {
            let j = x.partition_point(|&p| p <= at).clamp(1, x.len() - 1);
            let (a, b) = (spreads[j - 1]?, spreads[j]?);
            let u = ((at - x[j - 1]) / (x[j] - x[j - 1])).clamp(0.0, 1.0);
            Some([0, 2].map(|k| a[k] * (1.0 - u) + b[k] * u))
        };
        plot.map(&mut canvas, |[at, y]| match band(at) {
            Some([low, high]) if (low..=high).contains(&y) => [205, 226, 241],
            _ => [255; 3],
        });
        plot.grid(&mut canvas);
        let line = |of: &dyn Fn(usize) -> Option<f64>| -> Vec<Vec<[f64; 2]>> {
            // Broken where there is nothing.
            let mut lines = vec![Vec::new()];
            for (j, &at) in x.iter().enumerate() {
                match of(j).filter(|v| v.is_finite()) {
                    Some(v) => lines
                        .last_mut()
                        .into_iter()
                        .for_each(|l: &mut Vec<_>| l.push([at, v])),
                    None => lines.push(Vec::new()),
                }
            }
            lines
        };
        for points in line(&|j| spreads[j].map(|s| s[1])) {
            plot.curve(&mut canvas, &points, CURVES[0]);
        }
        for (k, s) in theirs.iter().enumerate() {
            let values = of(s);
            for points in line(&|j| Some(values[j])) {
                plot.curve(&mut canvas, &points, CURVES[1 + k % 5]);
            }
        }
        plot.axes(&mut canvas, panel.x_label, panel.y_label, panel.title);
    }
    let (x, mut y) = (2 * width + 80, height + 60);
    canvas.left(
        &format!("{} simulated frames: median, 10 to 90 %", ours.len()),
        x,
        y,
        CURVES[0],
    );
    for k in 0..theirs.len() {
        y += 18;
        canvas.left(
            &format!("measured frame {}", k + 1),
            x,
            y,
            CURVES[1 + k % 5],
        );
    }
    y += 30;
    for text in [
        "level: 99.5 % quantile of the counts",
        "rings without their brightest 2 %",
    ] {
        canvas.left(text, x, y, INK);
        y += 16;
    }
    canvas
}
