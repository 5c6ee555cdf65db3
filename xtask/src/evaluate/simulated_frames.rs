//! Whole simulated frames, pixel by pixel, through the whole chain: read, mask, bin, predict.

use super::{largest_q_y, truth};
use crate::Failure;
use gisaxs_infer::score::{FrameScore, Scored};
use gisaxs_infer::{Options, Predictor, PreparedInstrument};
use gisaxs_model::train::labels;
use gisaxs_preproc::gisaxs_physics::RefractiveIndex;
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Detector, FilmSpec, Frame, Instrument, MaterialSpec, SampleSpec};
use gisaxs_sim::Prior;
use gisaxs_sim::frame::SimulatedFrame;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Scores frames 0 .. `count` of a prior under a seed of no training. Frames on which
/// nothing can be measured (all masked, no counts) are left out and counted.
pub(super) fn scores(
    predictor: &Predictor,
    prior: &Prior,
    count: u64,
    seed: u64,
    options: &Options,
) -> Result<Vec<FrameScore>, Failure> {
    let (done, started) = (AtomicU64::new(0), Instant::now());
    let told = AtomicU64::new(0);
    let results: Vec<Option<FrameScore>> = (0..count)
        .into_par_iter()
        .map(|index| {
            let result = score(predictor, prior, seed, index, options);
            let n = done.fetch_add(1, Ordering::Relaxed) + 1;
            let tens = started.elapsed().as_secs() / 10;
            if tens > told.fetch_max(tens, Ordering::Relaxed) && !crate::console::quiet() {
                let left = started.elapsed().mul_f64((count - n) as f64 / n as f64);
                eprintln!(
                    "{n} of {count} frames, {:?} left",
                    Duration::from_secs(left.as_secs())
                );
            }
            result.map_err(|e| e.to_string())
        })
        .collect::<Result<_, String>>()?;
    let scores: Vec<FrameScore> = results.into_iter().flatten().collect();
    let empty = count - scores.len() as u64;
    if empty > 0 {
        eprintln!("{empty} of {count} frames hold nothing to invert (masked or without counts)");
    }
    Ok(scores)
}

/// `None` for a frame that the predictor refuses because it holds nothing.
fn score(
    predictor: &Predictor,
    prior: &Prior,
    seed: u64,
    index: u64,
    options: &Options,
) -> Result<Option<FrameScore>, Failure> {
    let simulated = SimulatedFrame::draw(prior, seed, index)?;
    let instrument = instrument(&simulated)?;
    let frame = Frame::new(counts(&simulated)?)?;
    let q_max = largest_q_y(&instrument)?;
    let prepared = PreparedInstrument::new(&instrument)?;
    let structure = match predictor.invert(&frame, &prepared, options) {
        Ok(inversion) => inversion.structure,
        Err(gisaxs_infer::Error::Preprocess(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let labels = labels(&simulated.particles, &simulated.correlation, q_max);
    let scored = Scored {
        radius: &structure.radius,
        height_ratio: structure.height_over_radius,
        distance: structure.distance,
        disorder: structure.disorder,
        cylinder: structure.shape.value == "cylinder",
    };
    Ok(Some(FrameScore::new(
        &format!("frame {index}"),
        &scored,
        &truth(&labels),
    )))
}

fn counts(simulated: &SimulatedFrame) -> Result<Array2<f32>, Failure> {
    let [rows, cols] = simulated.shape;
    Ok(Array2::from_shape_vec(
        (rows, cols),
        simulated.counts.clone(),
    )?)
}

/// The instrument file a user would have written: the geometry as believed, the materials as
/// far as known, and a mask over beamstops and blades.
fn instrument(simulated: &SimulatedFrame) -> Result<Instrument, Failure> {
    let material = |i: RefractiveIndex| MaterialSpec::Optical {
        delta: i.delta,
        beta: i.beta,
    };
    let known = simulated.known();
    let sample = SampleSpec {
        particle: known.particle.map(material),
        substrate: known.substrate.map(material),
        film: known.film.map(|(index, thickness_nm)| FilmSpec {
            material: material(index),
            thickness_nm,
        }),
    };
    let [rows, cols] = simulated.shape;
    let hidden = simulated.setup.valid_pixels().iter().map(|v| !v).collect();
    Ok(
        Instrument::new(simulated.believed_beam, simulated.believed_detector)?
            .with_known_detector(Detector::by_shape(simulated.shape))?
            .with_sample(sample)?
            .with_mask(Array2::from_shape_vec((rows, cols), hidden)?)?,
    )
}
