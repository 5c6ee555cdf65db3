//! `bench`: the hot paths, median seconds and throughput.
//!
//! Names stay: `physics/<case>`, `dataset/<what>`, `preproc/<detector>`, `network/batch1`,
//! `network/batch32`, `train/step`, `invert/<detector>`.

mod dataset;
mod physics;

use crate::Failure;
use crate::console::say;
use gisaxs_infer::{Device, Options, Predictor, PreparedInstrument};
use gisaxs_model::train::{
    Library, LibraryConfig, TrainConfig, View, ViewSource, network_grid, train,
};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, Instrument, PixelMap, prepare_with};
use gisaxs_sim::frame::SimulatedFrame;
use gisaxs_sim::{CellSetup, Prior, Sample};
use serde::Serialize;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Arguments of `bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only benches whose name contains this.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The same as NAME.
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    filter: Option<String>,
    /// Write the table as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    median_s: f64,
    per_s: f64,
    threads: usize,
    /// Fastest run.
    min_s: f64,
    /// CPU time of a run, all threads together: the number to trust where other programs run.
    /// Mean over all runs; `null` where the system does not tell.
    cpu_s: Option<f64>,
}

/// Time spent on one bench at most, unless a single run takes longer.
const BUDGET: Duration = Duration::from_secs(2);
/// Runs of one bench at most.
const MOST_RUNS: usize = 200;
/// Runs of one bench at least, after one that is thrown away.
const FEWEST_RUNS: usize = 5;

struct Bench<'a> {
    args: &'a Args,
    rows: Vec<Row>,
}

impl Bench<'_> {
    fn wanted(&self, name: &str) -> bool {
        let filter = self.args.name.as_ref().or(self.args.filter.as_ref());
        filter.is_none_or(|filter| name.contains(filter.as_str()))
    }

    /// Times `run`, which does `items` things of the kind that is counted per second.
    fn time<T>(
        &mut self,
        name: &str,
        threads: usize,
        items: f64,
        mut run: impl FnMut() -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        if !self.wanted(name) {
            return Ok(());
        }
        black_box(run()?);
        let started = Instant::now();
        let cpu = cpu_seconds();
        let mut seconds = Vec::new();
        while seconds.len() < FEWEST_RUNS
            || (started.elapsed() < BUDGET && seconds.len() < MOST_RUNS)
        {
            let lap = Instant::now();
            black_box(run()?);
            seconds.push(lap.elapsed().as_secs_f64());
        }
        let cpu = cpu.zip(cpu_seconds()).map(|(from, to)| to - from);
        self.push(name, threads, items, seconds, cpu);
        Ok(())
    }

    /// `cpu` is the CPU time of all runs together.
    fn push(
        &mut self,
        name: &str,
        threads: usize,
        items: f64,
        mut seconds: Vec<f64>,
        cpu: Option<f64>,
    ) {
        seconds.sort_unstable_by(f64::total_cmp);
        let median_s = seconds[seconds.len() / 2];
        let row = Row {
            name: name.to_owned(),
            median_s,
            per_s: items / median_s,
            threads,
            min_s: seconds[0],
            cpu_s: cpu.map(|total| total / seconds.len() as f64),
        };
        say!(
            "{:<40} {:>12.3} ms {:>14.1} /s  {} threads, fastest {:.3} ms{}",
            row.name,
            1e3 * row.median_s,
            row.per_s,
            row.threads,
            1e3 * row.min_s,
            row.cpu_s
                .map_or_else(String::new, |s| format!(", CPU {:.3} ms", 1e3 * s))
        );
        self.rows.push(row);
    }
}

/// CPU time of all threads of this process in s, where the system tells it (Linux).
fn cpu_seconds() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        // A thread may end meanwhile.
        let Ok(text) = std::fs::read_to_string(task.ok()?.path().join("schedstat")) else {
            continue;
        };
        nanoseconds += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(1e-9 * nanoseconds)
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let mut bench = Bench {
        args,
        rows: Vec::new(),
    };
    physics_images(&mut bench)?;
    dataset(&mut bench)?;
    network(&mut bench)?;
    training_step(&mut bench)?;
    for detector in ["Pilatus 300k", "Pilatus 1M", "Pilatus 2M", "Eiger 1M"] {
        frame_to_result(&mut bench, detector)?;
    }
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&bench.rows)?;
        std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if bench.rows.is_empty() {
        return Err("no bench has this in its name".into());
    }
    Ok(true)
}

fn physics_images(bench: &mut Bench<'_>) -> Result<(), Failure> {
    let cases = physics::cases()?;
    let wanted = |case: &physics::Case| bench.wanted(&format!("physics/{}", case.name));
    if !cases.iter().any(wanted) {
        return Ok(());
    }
    let beam = physics::beam()?;
    let pixels = physics::pixels(physics::PIXELS);
    let directions: Vec<_> = pixels.iter().map(|pixel| pixel.0).collect();
    for case in cases {
        // Images per second.
        bench.time(&format!("physics/{}", case.name), 1, 1.0, || {
            Ok(case.sample.cross_section(&beam, &directions))
        })?;
    }
    Ok(())
}

fn dataset(bench: &mut Bench<'_>) -> Result<(), Failure> {
    dataset::run(bench)?;
    let prior = Prior::default();
    let threads = rayon::current_num_threads();
    if bench.wanted("dataset/frame") {
        let mut index = 0;
        bench.time("dataset/frame", 1, 1.0, || {
            index += 1;
            Ok(SimulatedFrame::draw(&prior, 1, index)?)
        })?;
    }
    if bench.wanted("dataset/pattern") {
        let setup = prior.setup.draw(1, 0)?;
        let map = PixelMap::new(&Instrument::new(setup.beam, setup.detector)?)?;
        let cells = CellSetup::new(setup, &network_grid(), &map.cell_pixels())
            .ok_or("the first setup covers nothing of the grid")?;
        let mut index = 0;
        bench.time("dataset/pattern", 1, 1.0, || {
            index += 1;
            Ok(Sample::draw(&prior, &cells, 1, index)?)
        })?;
    }
    if bench.wanted("dataset/view") {
        let library = small_library()?;
        let mut index = 0;
        const VIEWS: u64 = 64;
        bench.time("dataset/view", threads, VIEWS as f64, || {
            use rayon::prelude::*;
            index += VIEWS;
            Ok((index..index + VIEWS)
                .into_par_iter()
                .map(|i| library.view(i).scalars[0])
                .sum::<f32>())
        })?;
    }
    Ok(())
}

fn small_library() -> Result<Library, Failure> {
    Ok(Library::build(
        LibraryConfig {
            setups: 8,
            samples_per_setup: 4,
            ..LibraryConfig::default()
        },
        |_, _| {},
    )?)
}

fn network(bench: &mut Bench<'_>) -> Result<(), Failure> {
    if !bench.wanted("network/batch1") && !bench.wanted("network/batch32") {
        return Ok(());
    }
    let predictor = Predictor::embedded()?;
    let view = small_library()?.view(0);
    for batch in [1, 32] {
        let planes = view.planes.repeat(batch);
        let scalars = view.scalars.repeat(batch);
        bench.time(&format!("network/batch{batch}"), 1, batch as f64, || {
            Ok(predictor.network().forward(&planes, &scalars)?)
        })?;
    }
    Ok(())
}

fn training_step(bench: &mut Bench<'_>) -> Result<(), Failure> {
    const NAME: &str = "train/step";
    if !bench.wanted(NAME) {
        return Ok(());
    }
    // A ready-made view, so that the step is timed and not the simulation.
    let view: View = small_library()?.view(0);
    let source = move |_: u64| view.clone();
    let config = TrainConfig {
        views: 64 * 12,
        checkpoint_views: u64::MAX,
        report_seconds: 0.0,
        threads: rayon::current_num_threads(),
        ..TrainConfig::default()
    };
    let folder = Scratch::new("train")?;
    let mut seconds = Vec::new();
    let mut last = Instant::now();
    let stop = AtomicBool::new(false);
    train(
        &config,
        &source,
        &folder.0,
        &Device::Cpu,
        &stop,
        &mut |_| {
            seconds.push(last.elapsed().as_secs_f64());
            last = Instant::now();
        },
    )?;
    // The first step allocates everything.
    seconds.remove(0);
    if seconds.is_empty() {
        return Err("the training made no steps".into());
    }
    bench.push(NAME, config.threads, config.batch as f64, seconds, None);
    Ok(())
}

/// A folder that goes away with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(what: &str) -> Result<Self, Failure> {
        let name = format!("gisaxs-bench-{what}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn frame_to_result(bench: &mut Bench<'_>, name: &str) -> Result<(), Failure> {
    let preproc = format!("preproc/{name}");
    let invert = format!("invert/{name}");
    let series = format!("invert/{name}/series");
    if ![&preproc, &invert, &series].iter().any(|n| bench.wanted(n)) {
        return Ok(());
    }
    let mut prior = Prior::default();
    prior.setup.detectors.retain(|d| d.name == name);
    let simulated = SimulatedFrame::draw(&prior, 1, 0)?;
    let [rows, cols] = simulated.shape;
    let counts = Array2::from_shape_vec((rows, cols), simulated.counts)?;
    let frame = Frame::new(counts)?;
    let instrument = Instrument::new(simulated.believed_beam, simulated.believed_detector)?;
    let folder = Scratch::new("invert")?;
    let path = folder.0.join("frame.cbf");
    frame.write_cbf(&path)?;

    let map = Arc::new(PixelMap::new(&instrument)?);
    bench.time(&preproc, 1, 1.0, || Ok(prepare_with(&frame, &map)?))?;
    let predictor = Predictor::embedded()?;
    let options = Options {
        verify: false,
        refine: false,
    };
    let out = folder.0.join("frame.json");
    // A single frame: everything from the file to the JSON, the instrument's tables included.
    bench.time(&invert, 1, 1.0, || {
        let frame = Frame::open(&path)?;
        let prepared = PreparedInstrument::new(&instrument.for_frame(&frame)?)?;
        let result = predictor.invert(&frame, &prepared, &options)?;
        Ok(std::fs::write(&out, result.structure.to_json())?)
    })?;
    // A series: the tables are there already.
    let prepared = PreparedInstrument::new(&instrument)?;
    bench.time(&series, 1, 1.0, || {
        let frame = Frame::open(&path)?;
        let result = predictor.invert(&frame, &prepared, &options)?;
        Ok(std::fs::write(&out, result.structure.to_json())?)
    })
}
