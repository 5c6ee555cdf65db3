//! Point-spread function of beam and detector.

use gisaxs_physics::elementary::{exp, powf, powi};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Gaussian blur of standard deviation `sigma_px` along both axes of the detector: the
/// detector's own spread, the beam's size and its divergence together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blur {
    /// Standard deviation, pixels.
    pub sigma_px: f64,
}

impl Blur {
    /// 0.2 to 1.2 pixels.
    pub fn draw(rng: &mut impl Rng) -> Self {
        Self {
            sigma_px: 0.2 * powf(6.0_f64, rng.random()),
        }
    }

    /// Blurs a frame of shape (`rows`, `cols`), row-major; beyond the edge the frame repeats
    /// its last pixel.
    pub fn frame(&self, rows: usize, cols: usize, rate: &mut [f32]) {
        let reach = (3.0 * self.sigma_px).ceil() as isize;
        let kernel: Vec<f32> = (-reach..=reach)
            .map(|i| exp(-0.5 * powi(i as f64 / self.sigma_px, 2)) as f32)
            .collect();
        let norm: f32 = kernel.iter().sum();
        let kernel: Vec<f32> = kernel.iter().map(|k| k / norm).collect();
        let mut line = Vec::new();
        for row in rate.chunks_exact_mut(cols) {
            convolve(row, &kernel, &mut line);
        }
        let mut column = vec![0.0; rows];
        for c in 0..cols {
            for (r, value) in column.iter_mut().enumerate() {
                *value = rate[r * cols + c];
            }
            convolve(&mut column, &kernel, &mut line);
            for (r, value) in column.iter().enumerate() {
                rate[r * cols + c] = *value;
            }
        }
    }

    /// Blurs a grid whose cells are `columns_px` and `rows_px` detector pixels wide: the
    /// three-point kernel of the same variance, at most that of a three-point mean.
    pub fn cells(&self, columns_px: &[f32], rows_px: &[f32], rate: &mut [f32]) {
        let share = |px: f32| (0.5 * powi(self.sigma_px as f32 / px, 2)).min(1.0 / 3.0);
        let n = columns_px.len();
        let lateral: Vec<f32> = columns_px.iter().map(|&px| share(px)).collect();
        for row in rate.chunks_exact_mut(n) {
            let mut before = row[0];
            for i in 0..n {
                let here = row[i];
                let after = row[(i + 1).min(n - 1)];
                row[i] = here + lateral[i] * (before + after - 2.0 * here);
                before = here;
            }
        }
        let mut before: Vec<f32> = rate[..n].to_vec();
        for (k, &px) in rows_px.iter().enumerate() {
            let s = share(px);
            let next = (k + 1).min(rows_px.len() - 1);
            for i in 0..n {
                let here = rate[k * n + i];
                let after = rate[next * n + i];
                rate[k * n + i] = here + s * (before[i] + after - 2.0 * here);
                before[i] = here;
            }
        }
    }
}

fn convolve(values: &mut [f32], kernel: &[f32], copy: &mut Vec<f32>) {
    let reach = kernel.len() / 2;
    copy.clear();
    copy.extend(std::iter::repeat_n(values[0], reach));
    copy.extend_from_slice(values);
    copy.extend(std::iter::repeat_n(values[values.len() - 1], reach));
    for (value, window) in values.iter_mut().zip(copy.windows(kernel.len())) {
        *value = window.iter().zip(kernel).map(|(a, b)| a * b).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_spreads_to_a_gaussian_of_the_same_sum() {
        let mut frame = vec![0.0; 21 * 31];
        frame[10 * 31 + 15] = 100.0;
        Blur { sigma_px: 1.0 }.frame(21, 31, &mut frame);
        assert!((frame.iter().sum::<f32>() - 100.0).abs() < 1e-3);
        assert!((frame[10 * 31 + 15] - 15.9).abs() < 0.2);
        assert!((frame[10 * 31 + 14] - frame[9 * 31 + 15]).abs() < 1e-5);
    }

    #[test]
    fn constants_stay_constant() {
        let mut cells = vec![7.0; 12];
        Blur { sigma_px: 1.0 }.cells(&[0.5, 1.0, 2.0, 4.0], &[1.0, 2.0, 3.0], &mut cells);
        assert!(cells.iter().all(|c| (c - 7.0).abs() < 1e-5));
    }
}
