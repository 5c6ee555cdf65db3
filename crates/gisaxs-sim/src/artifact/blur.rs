//! Point-spread function of beam and detector.

use gisaxs_physics::elementary::{exp, powf, powi};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::convolution;
use crate::Range;

/// Gaussian blur of standard deviation `sigma_px` along both axes of the detector, the detector's
/// own spread and the beam's size, and of `divergence_px` on top, the beam's divergence; the
/// variances add. It keeps the sum of a frame, except for what it carries across the edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blur {
    /// Standard deviation, pixels.
    pub sigma_px: f64,
    /// Standard deviation of the divergence \[across, up\], pixels.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub divergence_px: [f64; 2],
}

fn is_zero(x: &[f64; 2]) -> bool {
    *x == [0.0; 2]
}

impl Blur {
    /// A standard deviation from a range; without one, 0.2 to 1.2 pixels, uniform in the logarithm.
    pub fn draw(sigma_px: Option<&Range>, rng: &mut impl Rng) -> Self {
        Self {
            // Not a range of its own as default: that would round differently.
            sigma_px: match sigma_px {
                Some(range) => range.draw(rng),
                None => 0.2 * powf(6.0_f64, rng.random()),
            },
            divergence_px: [0.0; 2],
        }
    }

    /// Standard deviation across and up, pixels.
    fn sigma(&self) -> [f64; 2] {
        self.divergence_px.map(|d| match d {
            0.0 => self.sigma_px,
            d => (self.sigma_px * self.sigma_px + d * d).sqrt(),
        })
    }

    /// Blurs a frame of shape (`rows`, `cols`), row-major; beyond the edge the frame repeats
    /// its last pixel.
    pub fn frame(&self, rows: usize, cols: usize, rate: &mut [f32]) {
        let [across, up] = self.sigma().map(kernel);
        convolution::along_rows(rate, cols, &across);
        convolution::along_columns(&mut rate[..rows * cols], cols, &up);
    }

    /// Blurs a grid whose cells are `columns_px` and `rows_px` detector pixels wide: the
    /// three-point kernel of the same variance, at most that of a three-point mean.
    pub fn cells(&self, columns_px: &[f32], rows_px: &[f32], rate: &mut [f32]) {
        let [across, up] = self.sigma().map(|s| s as f32);
        let share = |sigma: f32, px: f32| (0.5 * powi(sigma / px, 2)).min(1.0 / 3.0);
        let n = columns_px.len();
        let lateral: Vec<f32> = columns_px.iter().map(|&px| share(across, px)).collect();
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
            let s = share(up, px);
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

/// Weights of a Gaussian out to three standard deviations, sum 1.
fn kernel(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as isize;
    let kernel: Vec<f32> = (-reach..=reach)
        .map(|i| exp(-0.5 * powi(i as f64 / sigma, 2)) as f32)
        .collect();
    let norm: f32 = kernel.iter().sum();
    kernel.iter().map(|k| k / norm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(sigma_px: f64) -> Blur {
        Blur {
            sigma_px,
            divergence_px: [0.0; 2],
        }
    }

    #[test]
    fn the_sum_of_a_frame_is_kept() {
        for divergence_px in [[0.0, 0.0], [2.5, 0.4], [0.1, 3.0]] {
            let mut frame = vec![0.0; 61 * 71];
            for (i, x) in frame.iter_mut().enumerate() {
                let (row, col) = (i / 71, i % 71);
                if (20..40).contains(&row) && (20..50).contains(&col) {
                    *x = ((i * 7919) % 101) as f32;
                }
            }
            let before: f32 = frame.iter().sum();
            let blur = Blur {
                sigma_px: 0.7,
                divergence_px,
            };
            blur.frame(61, 71, &mut frame);
            let after: f32 = frame.iter().sum();
            assert!((after / before - 1.0).abs() < 1e-5, "{before} {after}");
        }
    }

    #[test]
    fn divergence_has_two_directions() {
        let mut frame = vec![0.0; 41 * 41];
        frame[20 * 41 + 20] = 1.0;
        let blur = Blur {
            sigma_px: 0.6,
            divergence_px: [0.8, 2.0],
        };
        blur.frame(41, 41, &mut frame);
        let variance = |axis: usize| -> f32 {
            let at = |i: usize| if axis == 0 { i % 41 } else { i / 41 } as f32 - 20.0;
            frame
                .iter()
                .enumerate()
                .map(|(i, x)| x * at(i).powi(2))
                .sum()
        };
        // Cut off at three standard deviations: 3 % of the variance.
        assert!((variance(0) - 1.0).abs() < 0.05, "{}", variance(0));
        assert!((variance(1) - 4.36).abs() < 0.2, "{}", variance(1));
    }

    #[test]
    fn a_point_spreads_to_a_gaussian_of_the_same_sum() {
        let mut frame = vec![0.0; 21 * 31];
        frame[10 * 31 + 15] = 100.0;
        round(1.0).frame(21, 31, &mut frame);
        assert!((frame.iter().sum::<f32>() - 100.0).abs() < 1e-3);
        assert!((frame[10 * 31 + 15] - 15.9).abs() < 0.2);
        assert!((frame[10 * 31 + 14] - frame[9 * 31 + 15]).abs() < 1e-5);
    }

    #[test]
    fn constants_stay_constant() {
        let mut cells = vec![7.0; 12];
        round(1.0).cells(&[0.5, 1.0, 2.0, 4.0], &[1.0, 2.0, 3.0], &mut cells);
        assert!(cells.iter().all(|c| (c - 7.0).abs() < 1e-5));
    }
}
