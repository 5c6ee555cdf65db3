//! The training loss and its gradient with respect to the logits, by hand.
//!
//! - Radius distribution (a distribution is the truth): Kullback-Leibler divergence plus the
//!   Wasserstein-1 distance, `sum_i |P_i - T_i|` over cumulative masses, in bins.
//! - Posteriors (one value is the truth): cross entropy against the two-bin target plus the
//!   continuous ranked probability score `sum_i (P_i - T_i)^2`, in bins. The absolute difference
//!   would not do here: with a point as truth it rewards a point at the median, the square is a
//!   proper score (Gneiting and Raftery 2007, <https://doi.org/10.1198/016214506000001437>).
//! - Shape: binary cross entropy.

use crate::bins::{self, Bins, Labels, logits};
use serde::{Deserialize, Serialize};

/// Weights of the parts of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// Kullback-Leibler divergence of the radius distribution.
    pub radius: f32,
    /// Wasserstein-1 distance of the radius distribution, per bin.
    pub radius_cdf: f32,
    /// Cross entropy of the mean radius.
    pub mean_radius: f32,
    /// Cross entropy of standard deviation over mean.
    pub rel_std: f32,
    /// Cross entropy of height over radius.
    pub height_ratio: f32,
    /// Binary cross entropy of the shape.
    pub shape: f32,
    /// Cross entropy of the distance.
    pub distance: f32,
    /// Cross entropy of the disorder.
    pub disorder: f32,
    /// Ranked probability score of every posterior, per bin and relative to its cross entropy.
    pub ranked: f32,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            radius: 1.0,
            radius_cdf: 0.05,
            mean_radius: 1.0,
            rel_std: 0.5,
            height_ratio: 1.0,
            shape: 0.5,
            distance: 1.0,
            disorder: 1.0,
            ranked: 0.05,
        }
    }
}

/// Unweighted parts of the loss, averaged over views.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LossParts {
    /// The weighted sum that is minimised.
    pub total: f64,
    /// Kullback-Leibler divergence of the radius distribution in nats.
    pub radius: f64,
    /// Wasserstein-1 distance of the radius distribution in bins.
    pub radius_cdf: f64,
    /// Cross entropy of the mean radius in nats.
    pub mean_radius: f64,
    /// Cross entropy of standard deviation over mean in nats.
    pub rel_std: f64,
    /// Cross entropy of height over radius in nats.
    pub height_ratio: f64,
    /// Binary cross entropy of the shape in nats.
    pub shape: f64,
    /// Cross entropy of the distance in nats.
    pub distance: f64,
    /// Cross entropy of the disorder in nats.
    pub disorder: f64,
}

impl LossParts {
    fn each(&mut self, other: &Self, f: impl Fn(&mut f64, f64)) {
        f(&mut self.total, other.total);
        f(&mut self.radius, other.radius);
        f(&mut self.radius_cdf, other.radius_cdf);
        f(&mut self.mean_radius, other.mean_radius);
        f(&mut self.rel_std, other.rel_std);
        f(&mut self.height_ratio, other.height_ratio);
        f(&mut self.shape, other.shape);
        f(&mut self.distance, other.distance);
        f(&mut self.disorder, other.disorder);
    }

    /// Adds the parts of other views.
    pub fn add(&mut self, other: &Self) {
        self.each(other, |a, b| *a += b);
    }

    /// Multiplies every part, for averages.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut out = *self;
        out.each(self, |a, b| *a = b * factor);
        out
    }
}

/// Softmax of a slice of logits.
pub(crate) fn softmax(z: &[f32], p: &mut [f32]) {
    let top = z.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for (p, &z) in p.iter_mut().zip(z) {
        *p = (z - top).exp();
        sum += *p;
    }
    for p in p.iter_mut() {
        *p /= sum;
    }
}

/// Which distance of cumulative masses is added to the cross entropy.
#[derive(Clone, Copy, PartialEq)]
enum Cumulative {
    Absolute,
    Square,
}

/// Loss of one softmax head against the target mass `t`: returns (cross entropy, cumulative
/// distance) and writes the gradient of `w_ce * CE + w_cdf * CDF`.
fn head(
    z: &[f32],
    t: &[f32],
    w_ce: f32,
    w_cdf: f32,
    kind: Cumulative,
    scale: f32,
    dz: &mut [f32],
) -> (f64, f64) {
    let n = z.len();
    let mut p = [0.0f32; 256];
    let p = &mut p[..n];
    softmax(z, p);
    let top = z.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let log_sum = top + z.iter().map(|&z| (z - top).exp()).sum::<f32>().ln();
    let ce: f64 = t
        .iter()
        .zip(z)
        .map(|(&t, &z)| f64::from(t * (log_sum - z)))
        .sum();
    // Gradient of the cumulative distance with respect to p_k: sum over i >= k of d/dP_i.
    let (mut cdf, mut cp, mut ct) = (0.0f64, 0.0f32, 0.0f32);
    let mut slope = [0.0f32; 256];
    let slope = &mut slope[..n];
    for i in 0..n {
        cp += p[i];
        ct += t[i];
        let d = cp - ct;
        match kind {
            Cumulative::Absolute => {
                cdf += f64::from(d.abs());
                // Rounded at a thousandth, so that the gradient vanishes with the difference.
                slope[i] = (d * 1e3).clamp(-1.0, 1.0);
            }
            Cumulative::Square => {
                cdf += f64::from(d * d);
                slope[i] = 2.0 * d;
            }
        }
    }
    let mut tail = 0.0;
    for s in slope.iter_mut().rev() {
        tail += *s;
        *s = tail;
    }
    let mean: f32 = p.iter().zip(slope.iter()).map(|(p, s)| p * s).sum();
    for k in 0..n {
        dz[k] = scale * (w_ce * (p[k] - t[k]) + w_cdf * p[k] * (slope[k] - mean));
    }
    (ce, cdf)
}

/// Loss of one sample; `d` (same length as `row`) gets `scale` times the gradient of the total.
///
/// # Panics
/// If `row` or `d` does not have [`logits::COUNT`] values.
pub fn sample_loss(
    row: &[f32],
    labels: &Labels,
    w: &LossWeights,
    scale: f32,
    d: &mut [f32],
) -> LossParts {
    assert_eq!(row.len(), logits::COUNT, "logits of one sample");
    assert_eq!(
        d.len(),
        logits::COUNT,
        "gradient of the logits of one sample"
    );
    let mut parts = LossParts::default();
    let t = &labels.radius_mass[..];
    let r = logits::RADIUS;
    let (ce, cdf) = head(
        &row[r.clone()],
        t,
        w.radius,
        w.radius_cdf,
        Cumulative::Absolute,
        scale,
        &mut d[r],
    );
    let entropy: f64 = t
        .iter()
        .filter(|&&t| t > 0.0)
        .map(|&t| -f64::from(t) * f64::from(t).ln())
        .sum();
    parts.radius = ce - entropy;
    parts.radius_cdf = cdf;
    parts.total += f64::from(w.radius) * parts.radius + f64::from(w.radius_cdf) * cdf;
    let mut posterior = |bins: &Bins, range: std::ops::Range<usize>, value: f32, weight: f32| {
        let mut t = [0.0f32; 256];
        let t = &mut t[..bins.count()];
        bins.soft_target(f64::from(value), t);
        let ranked = weight * w.ranked;
        let (ce, cdf) = head(
            &row[range.clone()],
            t,
            weight,
            ranked,
            Cumulative::Square,
            scale,
            &mut d[range],
        );
        parts.total += f64::from(weight) * ce + f64::from(ranked) * cdf;
        ce
    };
    let mean_radius = posterior(
        &bins::MEAN_RADIUS,
        logits::MEAN_RADIUS,
        labels.mean_radius,
        w.mean_radius,
    );
    let rel_std = posterior(&bins::REL_STD, logits::REL_STD, labels.rel_std, w.rel_std);
    let height_ratio = posterior(
        &bins::HEIGHT_RATIO,
        logits::HEIGHT_RATIO,
        labels.height_ratio,
        w.height_ratio,
    );
    let distance = posterior(
        &bins::DISTANCE,
        logits::DISTANCE,
        labels.distance,
        w.distance,
    );
    let disorder = posterior(
        &bins::DISORDER,
        logits::DISORDER,
        labels.disorder,
        w.disorder,
    );
    parts.mean_radius = mean_radius;
    parts.rel_std = rel_std;
    parts.height_ratio = height_ratio;
    parts.distance = distance;
    parts.disorder = disorder;
    // ln(1 + e^z) - t z, written so that it does not overflow.
    let (z, t) = (
        row[logits::SHAPE],
        if labels.cylinder { 1.0f32 } else { 0.0 },
    );
    parts.shape = f64::from(z.max(0.0) - z * t + (-z.abs()).exp().ln_1p());
    parts.total += f64::from(w.shape) * parts.shape;
    d[logits::SHAPE] = scale * w.shape * (1.0 / (1.0 + (-z).exp()) - t);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        let mut mass = [0.0f32; 128];
        for (i, m) in mass.iter_mut().enumerate() {
            *m = (-((i as f32 - 60.0) / 6.0).powi(2)).exp();
        }
        let total: f32 = mass.iter().sum();
        mass.iter_mut().for_each(|m| *m /= total);
        let labels = Labels {
            radius_mass: mass,
            mean_radius: 3.0,
            rel_std: 0.2,
            height_ratio: 1.3,
            distance: 12.0,
            disorder: 0.2,
            cylinder: true,
            distance_visible: true,
        };
        let w = LossWeights::default();
        let mut row: Vec<f32> = (0..logits::COUNT)
            .map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0).sin())
            .collect();
        let mut d = vec![0.0; row.len()];
        let mut unused = vec![0.0; row.len()];
        sample_loss(&row, &labels, &w, 1.0, &mut d);
        for k in (0..logits::COUNT).step_by(7).chain([logits::SHAPE]) {
            let keep = row[k];
            let h = 1e-2f32;
            row[k] = keep + h;
            let up = sample_loss(&row, &labels, &w, 1.0, &mut unused).total;
            row[k] = keep - h;
            let down = sample_loss(&row, &labels, &w, 1.0, &mut unused).total;
            row[k] = keep;
            let slope = (up - down) / f64::from(2.0 * h);
            assert!(
                (slope - f64::from(d[k])).abs() < 2e-3,
                "{k}: {slope} {}",
                d[k]
            );
        }
    }
}
