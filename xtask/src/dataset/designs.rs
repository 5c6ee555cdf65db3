//! `dataset designs`: how the designs cover two quantities, drawn from samples as they are made.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gisaxs_sim::Range;
use gisaxs_sim::dataset::{Config, Design, Generator, Numbers};

use crate::Failure;
use crate::gallery::canvas::Canvas;
use crate::gallery::plot::{CURVES, Plot};

/// Points of a panel: a power of two, and a square.
const SAMPLES: u64 = 256;

/// Writes one panel per design: mean radius and height over radius of 256 samples.
pub(super) fn write(path: &Path) -> Result<(), Failure> {
    let [width, height] = [268, 300];
    let mut canvas = Canvas::new(4 * width + 20, height);
    for (i, (name, design)) in [
        ("independent", Design::Independent),
        ("latin-hypercube", Design::LatinHypercube),
        ("sobol", Design::Sobol),
        ("grid, 16 x 16 levels", Design::Grid),
    ]
    .into_iter()
    .enumerate()
    {
        let left = i as i32 * width + 62;
        let plot = Plot {
            area: [left, 26, left + width - 76, height - 48],
            x: [0.2_f64, 1.35_f64],
            y: [0.45, 2.05],
            log_y: false,
        };
        plot.axes(
            &mut canvas,
            "log10 of the mean radius in nm",
            "height over radius",
            name,
        );
        for [radius, ratio] in samples(design)? {
            plot.dot(&mut canvas, [radius.log10(), ratio], CURVES[0]);
        }
    }
    Ok(canvas.write(path)?)
}

/// Mean radius (nm) and height over radius of all samples of a design.
fn samples(design: Design) -> Result<Vec<[f64; 2]>, Failure> {
    let mut config = Config::default();
    config.dataset.design = design;
    config.dataset.samples_per_setup = SAMPLES;
    config.dataset.shard_samples = SAMPLES;
    if design == Design::Grid {
        let levels = ["radius", "height-ratio"].map(|name| (name.to_owned(), 16));
        config.dataset.levels.extend(levels);
    }
    // Narrow and alone, so that the label is the quantity of the design.
    config.particles.radius_nm = Range::LogUniform([2.0, 20.0]);
    config.particles.spread = Range::Fixed(0.05);
    config.particles.modes = [1.0, 0.0, 0.0];
    config.particles.full_spheres = 0.0;
    let generator = Generator::new(config, 1, SAMPLES)?;
    let records = generator.range(0..SAMPLES, &AtomicBool::new(false), &|| ())?;
    let column = |name: &str| generator.fields().iter().position(|f| f.name == name);
    let columns = ["label/mean_radius", "label/height_over_radius"].map(column);
    let number = |record: &gisaxs_sim::dataset::Record, column: Option<usize>| match column
        .map(|c| &record.fields[c])
    {
        Some(Numbers::F64(x)) => x[0],
        _ => f64::NAN,
    };
    Ok(records
        .iter()
        .map(|r| columns.map(|c| number(r, c)))
        .collect())
}
