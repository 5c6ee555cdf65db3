//! `evaluate`: scores of weights on held-out simulated views, or on a folder of frames
//! whose truth is known.

mod simulated_frames;

use crate::console::{one_line, say};
use crate::invert::{DeviceChoice, parse_device, predictor};
use crate::{Failure, train};
use gisaxs_infer::score::{FrameScore, Scored, Summary, Truth};
use gisaxs_infer::{
    Options, PatternStatistics, Predictor, PreparedInstrument, Window, block_means,
};
use gisaxs_model::train::{Library, LibraryConfig, View, ViewSource};
use gisaxs_model::{Labels, Network, Precision, bins, calibrate, evaluate};
use gisaxs_preproc::input::{N_CELLS, Q_AXIS};
use gisaxs_preproc::{Frame, Instrument};
use gisaxs_sim::Prior;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `evaluate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Weights; the embedded ones if not given.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Simulated views to score.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    views: u64,
    /// Score whole simulated frames instead of views: every pixel, through the whole chain.
    #[arg(long, value_name = "N", conflicts_with = "validation")]
    frames: Option<u64>,
    /// Seed of the held-out samples; must not be that of the training.
    #[arg(long, value_name = "S", default_value_t = 90_001)]
    seed: u64,
    /// Simulate with the prior of this training configuration (TOML), not with the default one.
    #[arg(long, value_name = "FILE", conflicts_with = "validation")]
    prior: Option<PathBuf>,
    /// Score the frames of a folder with truth.json and one instrument.toml per group
    /// instead of simulated views.
    #[arg(long, value_name = "DIR")]
    validation: Option<PathBuf>,
    /// Refine every answer before it is scored (frames only).
    #[arg(long, requires = "validation")]
    refine: bool,
    /// Score the network's answer as it is, not weighed by the re-simulation (frames only).
    #[arg(long, conflicts_with = "refine")]
    unverified: bool,
    /// Write weights with intervals calibrated, and the statistics of the training
    /// patterns measured, on views of yet another seed.
    #[arg(
        long,
        value_name = "FILE",
        requires = "weights",
        conflicts_with = "validation"
    )]
    calibrated: Option<PathBuf>,
    /// Write the scores as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the network runs: cpu, cuda or cuda:N.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = parse_device)]
    device: DeviceChoice,
}

#[derive(Serialize)]
struct Output<'a> {
    model: &'a gisaxs_infer::ModelInfo,
    summary: &'a Summary,
    frames: &'a [FrameScore],
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let mut weights = args.weights.clone();
    let prior = args
        .prior
        .as_deref()
        .map_or_else(|| Ok(Prior::default()), prior)?;
    if let (Some(from), Some(to)) = (&args.weights, &args.calibrated) {
        write_calibrated(from, to, args.views, args.seed, &prior)?;
        weights = Some(to.clone());
    }
    let predictor = predictor(weights.as_deref(), args.device)?;
    let options = Options {
        verify: !args.unverified,
        refine: args.refine,
    };
    let (scores, complete) = match (&args.validation, args.frames) {
        (Some(folder), _) => frames(&predictor, folder, &options)?,
        (None, Some(count)) => (
            simulated_frames::scores(&predictor, &prior, count, args.seed, &options)?,
            true,
        ),
        (None, None) => (views(&predictor, args.views, args.seed, &prior)?, true),
    };
    let summary = Summary::of(&scores);
    if args.validation.is_some() {
        print_frames(&scores);
    }
    say!("{summary}");
    if let Some(path) = &args.json {
        let output = Output {
            model: predictor.model(),
            summary: &summary,
            frames: &scores,
        };
        let text = serde_json::to_string_pretty(&output)?;
        std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(complete)
}

fn print_frames(scores: &[FrameScore]) {
    let percent = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{:.2}", 100.0 * x));
    say!(
        "{:<24} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  D",
        "frame, errors in %",
        "R",
        "std",
        "W1/R",
        "H/R",
        "D",
        "sigma"
    );
    for s in scores {
        say!(
            "{:<24} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}  {}",
            s.frame,
            percent(Some(s.mean_radius)),
            percent(Some(s.std_radius)),
            percent(Some(s.w1)),
            percent(s.height_ratio),
            percent(s.distance),
            percent(s.disorder),
            match (s.distance_visible, s.distance, s.confidently_wrong()) {
                (true, Some(_), _) => "visible",
                (true, None, _) => "visible, not given",
                (false, None, _) => "invisible, not given",
                (false, Some(_), false) => "invisible, interval holds the truth",
                (false, Some(_), true) => "INVISIBLE, CONFIDENTLY WRONG",
            }
        );
    }
}

/// The prior of a training configuration.
fn prior(path: &Path) -> Result<Prior, Failure> {
    Ok(train::config(path)?.library.prior)
}

/// A library of samples that no training has seen, four per setup.
fn library(views: u64, seed: u64, prior: &Prior) -> Result<Library, Failure> {
    const SAMPLES: usize = 4;
    let config = LibraryConfig {
        seed,
        setups: (views as usize).div_ceil(SAMPLES).max(1),
        samples_per_setup: SAMPLES,
        prior: prior.clone(),
    };
    Ok(Library::build(config, |_, _| {})?)
}

fn views(
    predictor: &Predictor,
    count: u64,
    seed: u64,
    prior: &Prior,
) -> Result<Vec<FrameScore>, Failure> {
    let library = library(count, seed, prior)?;
    let scores: Result<Vec<FrameScore>, gisaxs_infer::Error> = (0..count)
        .into_par_iter()
        .map(|i| score_view(predictor, &library.view(i), i))
        .collect();
    Ok(scores?)
}

fn score_view(
    predictor: &Predictor,
    view: &View,
    index: u64,
) -> Result<FrameScore, gisaxs_infer::Error> {
    let answer = predictor.answer(&view.planes, &view.scalars)?;
    let unresolved = answer.unresolved(&Window::of(&view.planes[2 * N_CELLS..]));
    let given = |name, estimate| (!unresolved.contains(&name)).then_some(estimate);
    let truth = truth(&view.labels);
    let radius = answer.radius();
    let scored = Scored {
        radius: &radius,
        height_ratio: given("height_over_radius", answer.height_ratio),
        distance: given("distance", answer.distance),
        disorder: given("disorder", answer.disorder),
        cylinder: answer.cylinder_probability > 0.5,
    };
    Ok(FrameScore::new(&format!("view {index}"), &scored, &truth))
}

/// The labels of a simulated sample as the truth to score against.
fn truth(labels: &Labels) -> Truth {
    Truth {
        bin_edges: bins::RADIUS.edges(),
        mass: labels.radius_mass.iter().copied().map(f64::from).collect(),
        mean_radius: f64::from(labels.mean_radius),
        std_radius: f64::from(labels.mean_radius * labels.rel_std),
        height_ratio: f64::from(labels.height_ratio),
        distance: f64::from(labels.distance),
        disorder: f64::from(labels.disorder),
        cylinder: labels.cylinder,
        distance_visible: labels.distance_visible,
    }
}

/// Calibrates intervals and pattern statistics on views that neither training nor scoring
/// sees.
fn write_calibrated(
    from: &Path,
    to: &Path,
    views: u64,
    seed: u64,
    prior: &Prior,
) -> Result<(), Failure> {
    let mut network = Network::from_file(from, &gisaxs_infer::Device::Cpu)?;
    let library = library(views, seed + 1, prior)?;
    let records = evaluate::records(&network, &library, 0..views)?;
    let calibration = calibrate(&records);
    let scores = evaluate::Scores::new(&records, &calibration).to_map();
    let patterns: Vec<_> = (0..views)
        .into_par_iter()
        .map(|i| block_means(&library.view(i).planes))
        .collect();
    let pattern = serde_json::to_value(PatternStatistics::of(&patterns))?;
    let metadata = network.metadata_mut();
    metadata.calibration = calibration;
    metadata.scores = scores;
    match metadata.domain.as_object_mut() {
        Some(domain) => {
            domain.insert("pattern".into(), pattern);
        }
        None => metadata.domain = serde_json::json!({ "pattern": pattern }),
    }
    network.save(to, Precision::F16)?;
    say!("{}: calibrated on {views} views", to.display());
    Ok(())
}

/// `truth.json` of a validation folder.
#[derive(Deserialize)]
struct TruthFile {
    frames: Vec<TrueFrame>,
}

#[derive(Deserialize)]
struct TrueFrame {
    file: String,
    shape: String,
    height_ratio: f64,
    distance_nm: f64,
    disorder: f64,
    radius_nm: Vec<f64>,
    weight: Vec<f64>,
    mean_radius_nm: f64,
    std_radius_nm: f64,
}

impl TrueFrame {
    /// The truth of a frame that reaches `q_max` (nm^-1). The distribution is given at the
    /// centres of uniform bins.
    fn truth(&self, q_max: f64) -> Result<Truth, Failure> {
        let [first, second, ..] = self.radius_nm[..] else {
            return Err(format!("{}: radius_nm has fewer than two bins", self.file).into());
        };
        let half = 0.5 * (second - first);
        let edges = std::iter::once(first - half).chain(self.radius_nm.iter().map(|r| r + half));
        Ok(Truth {
            bin_edges: edges.collect(),
            mass: self.weight.clone(),
            mean_radius: self.mean_radius_nm,
            std_radius: self.std_radius_nm,
            height_ratio: self.height_ratio,
            distance: self.distance_nm,
            disorder: self.disorder,
            cylinder: self.shape == "cylinder",
            distance_visible: Truth::visible(self.distance_nm, q_max),
        })
    }
}

/// Largest |q_y| on the detector, nm^-1.
fn largest_q_y(instrument: &Instrument) -> Result<f64, Failure> {
    let (beam, detector) = (instrument.beam(), instrument.detector()?);
    let corners = [0, detector.cols - 1].into_iter().flat_map(|col| {
        [0, detector.rows - 1].map(|row| {
            let direction = detector.direction(&beam, col as f64, row as f64);
            direction.q(&beam)[1].abs()
        })
    });
    Ok(corners.fold(0.0, f64::max).min(Q_AXIS.max))
}

/// Scores the frames that `truth.json` lists; false if one could not be inverted.
fn frames(
    predictor: &Predictor,
    folder: &Path,
    options: &Options,
) -> Result<(Vec<FrameScore>, bool), Failure> {
    let path = folder.join("truth.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let list: TruthFile =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut prepared: BTreeMap<PathBuf, PreparedInstrument> = BTreeMap::new();
    let (mut scores, mut complete) = (Vec::new(), true);
    for entry in &list.frames {
        match score_frame(predictor, folder, entry, options, &mut prepared) {
            Ok(score) => scores.push(score),
            Err(error) => {
                eprintln!("error: {}: {}", entry.file, one_line(&*error));
                complete = false;
            }
        }
    }
    Ok((scores, complete))
}

fn score_frame(
    predictor: &Predictor,
    folder: &Path,
    entry: &TrueFrame,
    options: &Options,
    prepared: &mut BTreeMap<PathBuf, PreparedInstrument>,
) -> Result<FrameScore, Failure> {
    let path = folder.join(&entry.file);
    let frame = Frame::open(&path)?;
    let beside = path.with_file_name("instrument.toml");
    if !prepared.contains_key(&beside) {
        let instrument = Instrument::from_path(&beside)?.for_frame(&frame)?;
        prepared.insert(beside.clone(), PreparedInstrument::new(&instrument)?);
    }
    let instrument = &prepared[&beside];
    let structure = predictor.invert(&frame, instrument, options)?.structure;
    let scored = Scored {
        radius: &structure.radius,
        height_ratio: structure.height_over_radius,
        distance: structure.distance,
        disorder: structure.disorder,
        cylinder: structure.shape.value == "cylinder",
    };
    let truth = entry.truth(largest_q_y(instrument.instrument())?)?;
    Ok(FrameScore::new(&entry.file, &scored, &truth))
}
