//! Training on views that are generated while it runs (feature `train`).
//!
//! ```text
//! let source = |index: u64| -> View { ... };            // or a type that implements ViewSource
//! let config = TrainConfig { views: 2_000_000, ..TrainConfig::default() };
//! let stop = AtomicBool::new(false);
//! let summary = train(&config, &source, Path::new("run"), &Device::Cpu, &stop, &mut |p| println!("{p}"))?;
//! ```
//!
//! A step works through one list: first the parts of the current batch (forward and backward,
//! [`TrainConfig::part`] views each), then the views of the next batch. All threads take from that
//! list, so that simulation and network share the processor without tuning. The gradients of the
//! parts are added in a fixed order: for a given seed the result does not depend on the number
//! of threads, and a resumed run equals an uninterrupted one bit by bit.
//!
//! Files in the output folder: `checkpoint.safetensors` (everything needed to go on, f32),
//! `weights.safetensors` (the averaged weights, f16, ready to load with
//! [`Network::from_file`](crate::Network::from_file)), `train.jsonl` (one line per report),
//! `config.toml`. All are replaced atomically.

mod optimizer;
mod simulated;
mod source;

pub use optimizer::OptimizerConfig;
pub use simulated::{Library, LibraryConfig, RunConfig, conditions, labels, network_grid};
pub use source::{CALIBRATION, HELD_OUT, View, ViewSource};

use crate::bins::{Labels, logits};
use crate::checkpoint::{
    Calibration, Metadata, Precision, read_buffer, read_file, read_metadata, to_bytes, write_atomic,
};
use crate::error::{Error, Result};
use crate::evaluate::{Scores, records};
use crate::loss::{LossParts, LossWeights, sample_loss};
use crate::net::engine::{Engine, Workspace};
use crate::net::layout::initial;
use crate::net::{Graph, Network, NetworkConfig};
use candle_core::Device;
use optimizer::{State, decay_mask};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Seed of the initial weights.
    pub seed: u64,
    /// Views of the whole run: the learning rate decays over them.
    pub views: u64,
    /// Views per step.
    pub batch: usize,
    /// Views per part of a batch, the unit of parallel work; must divide `batch`.
    pub part: usize,
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Index of the first view that is read.
    pub first_view: u64,
    /// Views between checkpoints.
    pub checkpoint_views: u64,
    /// Fresh views (from [`HELD_OUT`] on) scored with the averaged weights at every checkpoint.
    pub evaluate_views: u64,
    /// Seconds between reports.
    pub report_seconds: f64,
    /// Domain of the source, copied to the metadata.
    #[serde(skip)]
    pub domain: serde_json::Value,
    /// Commit of the program, copied to the metadata.
    #[serde(skip)]
    pub commit: String,
    /// The network.
    pub network: NetworkConfig,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// Weights of the loss.
    pub loss: LossWeights,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            views: 2_000_000,
            batch: 64,
            part: 16,
            threads: 0,
            first_view: 0,
            checkpoint_views: 50_000,
            evaluate_views: 1000,
            report_seconds: 10.0,
            domain: serde_json::Value::Null,
            commit: String::new(),
            network: NetworkConfig::default(),
            optimizer: OptimizerConfig::default(),
            loss: LossWeights::default(),
        }
    }
}

impl TrainConfig {
    fn validate(&self) -> Result<()> {
        self.network.validate()?;
        let fail = |name, value: f64, rule| Err(Error::Setting { name, value, rule });
        if self.network.scalars != 16 {
            return fail("network.scalars", self.network.scalars as f64, "16");
        }
        if self.part == 0 || self.batch == 0 || !self.batch.is_multiple_of(self.part) {
            return fail("part", self.part as f64, "a positive divisor of batch");
        }
        let o = &self.optimizer;
        if !(o.learning_rate > 0.0 && o.learning_rate.is_finite()) {
            return fail("optimizer.learning_rate", o.learning_rate, "positive");
        }
        if o.clip_norm.is_nan() || o.clip_norm <= 0.0 {
            return fail("optimizer.clip_norm", o.clip_norm, "positive");
        }
        for (name, v) in [
            ("optimizer.beta1", o.beta1),
            ("optimizer.beta2", o.beta2),
            ("optimizer.ema_decay", o.ema_decay),
        ] {
            if !(0.0..1.0).contains(&v) {
                return fail(name, v, "in [0, 1)");
            }
        }
        Ok(())
    }
}

/// One report of a running training.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Progress {
    /// Views seen so far, including earlier sessions.
    pub views: u64,
    /// Views of the whole run.
    pub total: u64,
    /// Loss over the views since the last report.
    pub loss: LossParts,
    /// Current learning rate.
    pub learning_rate: f64,
    /// Mean norm of the gradient since the last report.
    pub gradient_norm: f64,
    /// Views per second since the last report.
    pub views_per_second: f64,
    /// Seconds of this session.
    pub seconds: f64,
    /// Scores of the averaged weights at the last checkpoint, reported once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let l = &self.loss;
        let left = (self.total.saturating_sub(self.views)) as f64 / self.views_per_second.max(1e-9);
        write!(
            f,
            "{:>8}/{} views  {:.0}/s  {:.0} min left  loss {:.3}  p(R) {:.3} W1 {:.2}  R {:.3}  std {:.3}  H {:.3}  shape {:.3}  D {:.3}  sigma {:.3}  |g| {:.2}  lr {:.2e}",
            self.views,
            self.total,
            self.views_per_second,
            left / 60.0,
            l.total,
            l.radius,
            l.radius_cdf,
            l.mean_radius,
            l.rel_std,
            l.height_ratio,
            l.shape,
            l.distance,
            l.disorder,
            self.gradient_norm,
            self.learning_rate,
        )?;
        match &self.scores {
            Some(scores) => write!(f, "\n         {scores}"),
            None => Ok(()),
        }
    }
}

/// How a training session ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Views seen, including earlier sessions.
    pub views: u64,
    /// Whether all views of the run were seen (false: the flag stopped it).
    pub finished: bool,
}

/// Name of the checkpoint in the output folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Name of the shipped weights in the output folder.
pub const WEIGHTS: &str = "weights.safetensors";

#[derive(Serialize, Deserialize)]
struct CheckpointHeader {
    step: u64,
    views: u64,
    metadata: Metadata,
}

/// Contiguous planes, scalars and labels of one part of a batch.
#[derive(Default)]
struct Part {
    planes: Vec<f32>,
    scalars: Vec<f32>,
    labels: Vec<Labels>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Views of a batch, filled in any order.
struct Batch {
    views: Vec<Mutex<Option<View>>>,
}

impl Batch {
    fn new(n: usize) -> Self {
        Self {
            views: (0..n).map(|_| Mutex::new(None)).collect(),
        }
    }

    fn gather(&self, range: std::ops::Range<usize>, config: &NetworkConfig) -> Result<Part> {
        let mut part = Part::default();
        for slot in &self.views[range] {
            let slot = lock(slot);
            let Some(view) = slot.as_ref() else { continue };
            if view.planes.len() != config.planes_len() {
                return Err(Error::Length {
                    what: "planes of a view",
                    expected: config.planes_len(),
                    found: view.planes.len(),
                });
            }
            if !view
                .planes
                .iter()
                .chain(&view.scalars)
                .all(|v| v.is_finite())
            {
                return Err(Error::NotFinite {
                    what: "a training view",
                });
            }
            part.planes.extend_from_slice(&view.planes);
            part.scalars.extend_from_slice(&view.scalars);
            part.labels.push(view.labels.clone());
        }
        Ok(part)
    }
}

/// Loss parts and gradient of the logits of one part.
fn losses(out: &[f32], labels: &[Labels], w: &LossWeights, scale: f32, d: &mut [f32]) -> LossParts {
    let mut sum = LossParts::default();
    let rows = out
        .chunks_exact(logits::COUNT)
        .zip(d.chunks_exact_mut(logits::COUNT));
    for ((row, d), labels) in rows.zip(labels) {
        sum.add(&sample_loss(row, labels, w, scale, d));
    }
    sum
}

/// Buffers of one thread.
struct Worker {
    workspace: Workspace,
    out: Vec<f32>,
    d_out: Vec<f32>,
}

/// Trains, continuing from the checkpoint in `folder` if there is one.
///
/// Sets of views already seen are not read again; `stop` is looked at after every step and leads
/// to a checkpoint and an orderly return. `report` is called every
/// [`TrainConfig::report_seconds`].
///
/// # Errors
/// If the settings are not allowed, a view has the wrong size or is not finite, a file cannot be
/// read or written, the checkpoint belongs to another network, or the loss diverges.
pub fn train(
    config: &TrainConfig,
    source: &dyn ViewSource,
    folder: &Path,
    device: &Device,
    stop: &AtomicBool,
    report: &mut dyn FnMut(&Progress),
) -> Result<Summary> {
    config.validate()?;
    let engine = Engine::new(&config.network)?;
    let layout = engine.layout();
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io {
            action,
            path,
            source,
        }
    };
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let checkpoint = folder.join(CHECKPOINT);
    let mut state = if checkpoint.exists() {
        load(&checkpoint, &engine)?
    } else {
        State::new(initial(layout, config.seed))
    };
    if let Ok(text) = toml::to_string(config) {
        write_atomic(&folder.join("config.toml"), text.as_bytes())?;
    }
    let log_path = folder.join("train.jsonl");
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log_path)
        .map_err(io("open", &log_path))?;

    let pool = pool(config.threads)?;
    let graph = match device {
        Device::Cpu => None,
        device => Some(Graph::new(&config.network, device)?),
    };
    let decay = decay_mask(layout);
    let parts = config.batch / config.part;
    let mut grads: Vec<Vec<f32>> =
        vec![vec![0.0; layout.len()]; if graph.is_some() { 1 } else { parts }];
    let workers: Vec<Mutex<Option<Worker>>> = (0..pool.current_num_threads())
        .map(|_| Mutex::new(None))
        .collect();
    let mut current = Batch::new(config.batch);
    let mut next = Batch::new(config.batch);
    let scale = 1.0 / config.batch as f32;
    let batch = config.batch as u64;

    let start = Instant::now();
    let mut since = (Instant::now(), 0u64, LossParts::default(), 0.0f64);
    let mut scores = None;
    let mut saved = state.step * batch;
    let first_index = |step: u64| config.first_view + step * batch;
    fill(&pool, source, &current, first_index(state.step));
    while state.step * batch < config.views && !stop.load(Ordering::Relaxed) {
        let rate = config.optimizer.rate(state.step * batch, config.views);
        let item = AtomicUsize::new(0);
        let next_first = first_index(state.step + 1);
        let generate = |i: usize| *lock(&next.views[i]) = Some(source.view(next_first + i as u64));
        let loss = if let Some(graph) = &graph {
            std::thread::scope(|scope| -> Result<LossParts> {
                scope.spawn(|| {
                    pool.broadcast(|_| {
                        loop {
                            let i = item.fetch_add(1, Ordering::Relaxed);
                            if i >= config.batch {
                                break;
                            }
                            generate(i);
                        }
                    });
                });
                let part = current.gather(0..config.batch, &config.network)?;
                let mut sum = LossParts::default();
                graph.gradient(
                    &state.params,
                    &part.planes,
                    &part.scalars,
                    &mut grads[0],
                    |out, d| {
                        sum = losses(out, &part.labels, &config.loss, scale, d);
                    },
                )?;
                Ok(sum)
            })?
        } else {
            let slots: Vec<Mutex<(&mut Vec<f32>, Result<LossParts>)>> = grads
                .iter_mut()
                .map(|g| Mutex::new((g, Ok(LossParts::default()))))
                .collect();
            pool.broadcast(|context| {
                let mut worker = lock(&workers[context.index()]);
                let worker = worker.get_or_insert_with(|| Worker {
                    workspace: engine.workspace(config.part, true),
                    out: vec![0.0; config.part * logits::COUNT],
                    d_out: vec![0.0; config.part * logits::COUNT],
                });
                loop {
                    let i = item.fetch_add(1, Ordering::Relaxed);
                    if i < parts {
                        let mut slot = lock(&slots[i]);
                        let grad = &mut *slot.0;
                        grad.fill(0.0);
                        let range = i * config.part..(i + 1) * config.part;
                        let result = current.gather(range, &config.network).and_then(|part| {
                            let ws = &mut worker.workspace;
                            engine.forward(
                                &state.params,
                                &part.planes,
                                &part.scalars,
                                ws,
                                &mut worker.out,
                            )?;
                            let sum = losses(
                                &worker.out,
                                &part.labels,
                                &config.loss,
                                scale,
                                &mut worker.d_out,
                            );
                            engine.backward(
                                &state.params,
                                &part.scalars,
                                &worker.d_out,
                                ws,
                                grad,
                            )?;
                            Ok(sum)
                        });
                        slot.1 = result;
                    } else if i < parts + config.batch {
                        generate(i - parts);
                    } else {
                        break;
                    }
                }
            });
            let mut sum = LossParts::default();
            for slot in slots {
                sum.add(
                    &slot
                        .into_inner()
                        .unwrap_or_else(PoisonError::into_inner)
                        .1?,
                );
            }
            sum
        };
        let loss = loss.scaled(f64::from(scale));
        if !loss.total.is_finite() {
            return Err(Error::Diverged {
                views: state.step * batch,
                loss: loss.total,
            });
        }
        let norm = pool.install(|| state.update(&config.optimizer, &decay, rate, &mut grads));
        std::mem::swap(&mut current, &mut next);

        let views = state.step * batch;
        since.1 += batch;
        since.2.add(&loss.scaled(batch as f64));
        since.3 += norm * batch as f64;
        let seconds = since.0.elapsed().as_secs_f64();
        let last = views >= config.views || stop.load(Ordering::Relaxed);
        if views - saved >= config.checkpoint_views || last {
            scores = pool.install(|| save(config, source, folder, layout, &state))?;
            saved = views;
        }
        if seconds >= config.report_seconds || last {
            let n = since.1 as f64;
            let progress = Progress {
                views,
                total: config.views,
                loss: since.2.scaled(1.0 / n),
                learning_rate: rate,
                gradient_norm: since.3 / n,
                views_per_second: n / seconds.max(1e-9),
                seconds: start.elapsed().as_secs_f64(),
                scores: scores.take(),
            };
            let line = serde_json::to_string(&progress).map_err(|source| Error::Json {
                what: "progress",
                source,
            })?;
            writeln!(log, "{line}").map_err(io("write", &log_path))?;
            report(&progress);
            since = (Instant::now(), 0, LossParts::default(), 0.0);
        }
    }
    let views = state.step * batch;
    Ok(Summary {
        views,
        finished: views >= config.views,
    })
}

/// Mean loss over `views` and its gradient with respect to the parameters of `network` (in the
/// order of its layout), on the calling thread.
///
/// # Errors
/// If there are no views or a view does not fit the network.
pub fn gradient(
    network: &Network,
    views: &[View],
    weights: &LossWeights,
) -> Result<(LossParts, Vec<f32>)> {
    let batch = Batch {
        views: views.iter().map(|v| Mutex::new(Some(v.clone()))).collect(),
    };
    if views.is_empty() {
        return Err(Error::Length {
            what: "views",
            expected: 1,
            found: 0,
        });
    }
    let n = views.len();
    let engine = network.engine();
    let part = batch.gather(0..n, network.config())?;
    let mut workspace = engine.workspace(n, true);
    let mut out = vec![0.0; n * logits::COUNT];
    let mut d_out = vec![0.0; n * logits::COUNT];
    let mut grad = vec![0.0; network.parameters().len()];
    let params = network.parameters();
    engine.forward(
        params,
        &part.planes,
        &part.scalars,
        &mut workspace,
        &mut out,
    )?;
    let scale = 1.0 / n as f32;
    let sum = losses(&out, &part.labels, weights, scale, &mut d_out);
    engine.backward(params, &part.scalars, &d_out, &mut workspace, &mut grad)?;
    Ok((sum.scaled(f64::from(scale)), grad))
}

/// A pool of its own, so that the caller's pool is left alone.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::Io {
            action: "start threads for",
            path: "training".into(),
            source: std::io::Error::other(e),
        })
}

fn fill(pool: &rayon::ThreadPool, source: &dyn ViewSource, batch: &Batch, first: u64) {
    let item = AtomicUsize::new(0);
    pool.broadcast(|_| {
        loop {
            let i = item.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = batch.views.get(i) else {
                break;
            };
            *lock(slot) = Some(source.view(first + i as u64));
        }
    });
}

/// Scores the averaged weights on fresh views and writes weights and checkpoint.
fn save(
    config: &TrainConfig,
    source: &dyn ViewSource,
    folder: &Path,
    layout: &crate::net::Layout,
    state: &State,
) -> Result<Option<Scores>> {
    let views = state.step * config.batch as u64;
    let mut metadata = Metadata::new(config.network.clone(), config.seed);
    metadata.views = views;
    metadata.domain = config.domain.clone();
    metadata.commit.clone_from(&config.commit);
    let mut network = Network::new(metadata, state.ema.clone(), &Device::Cpu)?;
    let mut scores = None;
    if config.evaluate_views > 0 {
        let views = HELD_OUT..HELD_OUT + config.evaluate_views;
        let found = Scores::new(&records(&network, source, views)?, &Calibration::default());
        network.metadata_mut().scores = found.to_map();
        scores = Some(found);
    }
    network.save(&folder.join(WEIGHTS), Precision::F16)?;
    let metadata = network.metadata().clone();
    let header = CheckpointHeader {
        step: state.step,
        views,
        metadata,
    };
    let buffers: [(&str, &[f32]); 4] = [
        ("param.", &state.params),
        ("ema.", &state.ema),
        ("m.", &state.m),
        ("v.", &state.v),
    ];
    let bytes = to_bytes(layout, &buffers, Precision::F32, &header)?;
    write_atomic(&folder.join(CHECKPOINT), &bytes)?;
    Ok(scores)
}

fn load(path: &Path, engine: &Engine) -> Result<State> {
    let bytes = read_file(path)?;
    let header: CheckpointHeader = read_metadata(&bytes)?;
    let layout = engine.layout();
    Ok(State {
        params: read_buffer(&bytes, layout, "param.")?,
        ema: read_buffer(&bytes, layout, "ema.")?,
        m: read_buffer(&bytes, layout, "m.")?,
        v: read_buffer(&bytes, layout, "v.")?,
        step: header.step,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bins;

    /// A view whose labels can be read off its planes.
    pub(crate) fn toy(config: &NetworkConfig, index: u64) -> View {
        let t = ((index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32) / (1u32 << 24) as f32;
        let (h, w) = (config.n_kz, config.n_q);
        let planes = (0..config.planes_len())
            .map(|i| {
                let (y, x) = ((i / w) % h, i % w);
                (x as f32 / w as f32 * (3.0 + 8.0 * t)).sin() * (1.0 - y as f32 / h as f32)
            })
            .collect();
        let mean_radius = 1.0 + 9.0 * t;
        let mut radius_mass = [0.0f32; 128];
        bins::RADIUS.soft_target(f64::from(mean_radius), &mut radius_mass);
        View {
            planes,
            scalars: [t; 16],
            labels: Labels {
                radius_mass,
                mean_radius,
                rel_std: 0.1 + 0.3 * t,
                height_ratio: 0.6 + t,
                distance: 5.0 + 30.0 * t,
                disorder: 0.1 + 0.3 * t,
                cylinder: t > 0.5,
                distance_visible: true,
            },
        }
    }

    fn quick(views: u64) -> TrainConfig {
        TrainConfig {
            views,
            batch: 16,
            part: 4,
            threads: 2,
            report_seconds: 1e9,
            checkpoint_views: 1 << 40,
            evaluate_views: 32,
            network: NetworkConfig::tiny(),
            optimizer: OptimizerConfig {
                learning_rate: 3e-3,
                warmup_views: 160,
                ..OptimizerConfig::default()
            },
            ..TrainConfig::default()
        }
    }

    fn run(config: &TrainConfig, folder: &Path, stop_after: u64) -> (Vec<f64>, Summary) {
        let stop = AtomicBool::new(false);
        let mut seen = Vec::new();
        let net = config.network.clone();
        let count = std::sync::atomic::AtomicU64::new(0);
        let source = |i: u64| {
            if count.fetch_add(1, Ordering::Relaxed) >= stop_after {
                stop.store(true, Ordering::Relaxed);
            }
            toy(&net, i % 8)
        };
        let summary = train(config, &source, folder, &Device::Cpu, &stop, &mut |p| {
            seen.push(p.loss.total)
        })
        .unwrap();
        (seen, summary)
    }

    #[test]
    fn overfits_a_few_samples() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = quick(9_600);
        config.report_seconds = 0.0;
        let (loss, summary) = run(&config, dir.path(), u64::MAX);
        assert!(summary.finished);
        let (first, last) = (loss[0], loss[loss.len() - 1]);
        assert!(last < 0.3 * first, "{first} -> {last}");
    }

    #[test]
    fn resumes_exactly_and_ignores_the_number_of_threads() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut config = quick(640);
        run(&config, a.path(), u64::MAX);
        config.threads = 1;
        let (_, first) = run(&config, b.path(), 200);
        assert!(!first.finished && first.views > 0);
        let (_, second) = run(&config, b.path(), u64::MAX);
        assert!(second.finished);
        let read = |d: &Path| std::fs::read(d.join(CHECKPOINT)).unwrap();
        assert_eq!(read(a.path()), read(b.path()));
    }
}
