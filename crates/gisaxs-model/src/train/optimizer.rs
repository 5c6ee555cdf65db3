//! AdamW with warm-up, cosine decay, clipping of the gradient norm and a running average of the
//! weights, over one flat buffer (Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>).

use crate::net::Layout;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of the optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Learning rate at the end, as a fraction of [`Self::learning_rate`].
    pub final_fraction: f64,
    /// Views of linear warm-up.
    pub warmup_views: u64,
    /// Decay of the mean of the gradient.
    pub beta1: f64,
    /// Decay of the mean of its square.
    pub beta2: f64,
    /// Added to the root of the mean square.
    pub epsilon: f64,
    /// Decoupled weight decay, on weights but not on biases.
    pub weight_decay: f64,
    /// Largest Euclidean norm of the gradient.
    pub clip_norm: f64,
    /// Decay per step of the average of the weights that is evaluated and shipped.
    pub ema_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 3e-3,
            final_fraction: 0.01,
            warmup_views: 20_000,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip_norm: 20.0,
            ema_decay: 0.999,
        }
    }
}

impl OptimizerConfig {
    /// Learning rate after `views` of `total` views.
    #[must_use]
    pub fn rate(&self, views: u64, total: u64) -> f64 {
        let warm = ((views + 1) as f64 / self.warmup_views.max(1) as f64).min(1.0);
        let progress = (views as f64 / total.max(1) as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        let floor = self.final_fraction;
        self.learning_rate * warm * (floor + (1.0 - floor) * cosine)
    }
}

/// Parameters with everything the optimiser remembers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) params: Vec<f32>,
    pub(crate) ema: Vec<f32>,
    pub(crate) m: Vec<f32>,
    pub(crate) v: Vec<f32>,
    pub(crate) step: u64,
}

/// Values per parallel chunk; fixed, so that results do not depend on the number of threads.
const CHUNK: usize = 32_768;

impl State {
    pub(crate) fn new(params: Vec<f32>) -> Self {
        let n = params.len();
        Self {
            ema: params.clone(),
            params,
            m: vec![0.0; n],
            v: vec![0.0; n],
            step: 0,
        }
    }

    /// One step with the sum of `grads` as gradient; returns the norm before clipping. The sum is
    /// left in `grads[0]`.
    pub(crate) fn update(
        &mut self,
        config: &OptimizerConfig,
        decay: &[f32],
        rate: f64,
        grads: &mut [Vec<f32>],
    ) -> f64 {
        let (first, rest) = grads.split_first_mut().expect("at least one gradient");
        let squares: Vec<f64> = first
            .par_chunks_mut(CHUNK)
            .enumerate()
            .map(|(i, sum)| {
                for other in rest.iter() {
                    for (s, o) in sum.iter_mut().zip(&other[i * CHUNK..]) {
                        *s += o;
                    }
                }
                sum.iter().map(|g| f64::from(g * g)).sum()
            })
            .collect();
        let norm = squares.iter().sum::<f64>().sqrt();
        self.step += 1;
        let t = self.step as f64;
        let clip = if norm > config.clip_norm {
            config.clip_norm / norm
        } else {
            1.0
        } as f32;
        let (b1, b2) = (config.beta1 as f32, config.beta2 as f32);
        let step_size = (rate / (1.0 - config.beta1.powf(t))) as f32;
        let correct2 = (1.0 / (1.0 - config.beta2.powf(t))) as f32;
        let shrink = (rate * config.weight_decay) as f32;
        // The average follows quickly at the start, when there is little to average.
        let ema = config.ema_decay.min((1.0 + t) / (10.0 + t)) as f32;
        let eps = config.epsilon as f32;
        self.params
            .par_chunks_mut(CHUNK)
            .zip(self.ema.par_chunks_mut(CHUNK))
            .zip(
                self.m
                    .par_chunks_mut(CHUNK)
                    .zip(self.v.par_chunks_mut(CHUNK)),
            )
            .zip(first.par_chunks(CHUNK).zip(decay.par_chunks(CHUNK)))
            .for_each(|(((p, e), (m, v)), (g, d))| {
                for i in 0..p.len() {
                    let g = g[i] * clip;
                    m[i] = b1 * m[i] + (1.0 - b1) * g;
                    v[i] = b2 * v[i] + (1.0 - b2) * g * g;
                    let step = step_size * m[i] / ((v[i] * correct2).sqrt() + eps);
                    p[i] -= step + shrink * d[i] * p[i];
                    e[i] = ema * e[i] + (1.0 - ema) * p[i];
                }
            });
        norm
    }
}

/// One where weight decay applies, zero elsewhere.
pub(crate) fn decay_mask(layout: &Layout) -> Vec<f32> {
    let mut mask = vec![0.0; layout.len()];
    for p in layout.parameters().iter().filter(|p| p.decays()) {
        mask[p.range()].fill(1.0);
    }
    mask
}
