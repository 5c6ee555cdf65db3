//! Derivatives of the weighted residuals after scale and background have followed (variable
//! projection: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973)).
//!
//! The model of a cell is m = sum_j c_j a_j, where the coefficients c of the components a (particles
//! first) solve A^T W A c = A^T W y over the components that are not at their bound of zero. If
//! the particles' pattern changes by da, the model changes by c_0 da + A dc with
//!
//! A^T W A dc = (da^T W (y - m)) e_0 - c_0 A^T W da,
//!
//! for constant weights. They follow the model, too: with dW = W_m dm, the weights of all products
//! but the first are W - (y - m) W_m instead of W.

use crate::least_squares::gauss;
use crate::verify::{Measured, OUTLIER, Scaled, VARIANCE_FLOOR};

impl Measured {
    /// Derivatives of [`Scaled::residuals`], from those of the particles' pattern; values of the
    /// cells used.
    pub(crate) fn residual_slopes(
        &self,
        scaled: &Scaled,
        particles: &[f64],
        backgrounds: &[Vec<f64>],
        pattern_slopes: &[Vec<f64>],
    ) -> Vec<Vec<f64>> {
        let variance = self.variance(&scaled.model);
        let limit = OUTLIER * scaled.usual;
        let misfit: Vec<f64> = self
            .mean
            .iter()
            .zip(&scaled.model)
            .map(|(y, m)| y - m)
            .collect();
        let weights: Vec<f64> = variance
            .iter()
            .zip(&misfit)
            .map(|(v, d)| 1.0 / (v * (1.0 + d * d / v / (limit * limit))))
            .collect();
        let following: Vec<f64> = (0..misfit.len())
            .map(|i| {
                let counted = if scaled.model[i] > VARIANCE_FLOOR {
                    1.0 / self.pixels[i]
                } else {
                    0.0
                };
                // 1 / w = v + d^2 / limit^2, and d falls as the model grows.
                let per_model = counted - 2.0 * misfit[i] / (limit * limit);
                weights[i] * (1.0 + misfit[i] * weights[i] * per_model)
            })
            .collect();
        // What a change of the model does to a residual: directly, through its variance, and through
        // the softening of outliers.
        let per_model: Vec<f64> = (0..misfit.len())
            .map(|i| {
                let sigma = variance[i].sqrt() * scaled.usual;
                let residual = misfit[i] / sigma;
                let own = if scaled.model[i] > VARIANCE_FLOOR {
                    0.5 * residual / scaled.model[i]
                } else {
                    0.0
                };
                -softening(residual) * (1.0 / sigma + own)
            })
            .collect();

        let components: Vec<&[f64]> = std::iter::once(particles)
            .chain(backgrounds.iter().map(Vec::as_slice))
            .collect();
        let free: Vec<usize> = (0..components.len())
            .filter(|&j| scaled.coefficients[j] > 0.0)
            .collect();
        let product = |a: &[f64], b: &[f64]| -> f64 {
            let pairs = a.iter().zip(b).zip(&following);
            pairs.map(|((a, b), w)| a * b * w).sum()
        };
        let normal: Vec<Vec<f64>> = free
            .iter()
            .map(|&i| {
                let row = free.iter().map(|&j| product(components[i], components[j]));
                row.collect()
            })
            .collect();
        let scale = scaled.coefficients[0];
        pattern_slopes
            .iter()
            .map(|slope| {
                let mut system: Vec<Vec<f64>> = normal
                    .iter()
                    .zip(&free)
                    .map(|(row, &i)| {
                        let own = if i == 0 {
                            let pairs = slope.iter().zip(&misfit).zip(&weights);
                            pairs.map(|((s, d), w)| s * d * w).sum()
                        } else {
                            0.0
                        };
                        let mut row = row.clone();
                        row.push(own - scale * product(components[i], slope));
                        row
                    })
                    .collect();
                let mut change: Vec<f64> = slope.iter().map(|s| scale * s).collect();
                if gauss(&mut system).is_some() {
                    for (row, &i) in system.iter().zip(&free) {
                        let d_c = row[free.len()];
                        for (change, a) in change.iter_mut().zip(components[i]) {
                            *change += d_c * a;
                        }
                    }
                }
                change.iter().zip(&per_model).map(|(c, p)| c * p).collect()
            })
            .collect()
    }
}

/// Derivative of `verify::soften`: sign(r) O sqrt(ln(1 + x^2)) with x = r / O.
fn softening(r: f64) -> f64 {
    let x = (r / OUTLIER).abs();
    if x < 1e-6 {
        1.0
    } else {
        x / ((1.0 + x * x) * (x * x).ln_1p().sqrt())
    }
}
