//! Measured or modelled point-spread function of a detector.

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::error::{Error, Result, check, positive};

/// Point-spread function of a detector on its pixel grid, of any form: what one photon in a pixel
/// leaves in its neighbours.
///
/// ```
/// use gisaxs_physics::PointSpread;
///
/// // A tenth of the charge goes to each of the four neighbours.
/// let psf = PointSpread::new(vec![0.0, 1.0, 0.0, 1.0, 6.0, 1.0, 0.0, 1.0, 0.0], [3, 3])?;
/// let seen = psf.applied_to(&[0.0, 0.0, 10.0, 0.0, 0.0, 0.0], [2, 3]);
/// assert!((seen[2] - 6.0).abs() < 1e-14 && (seen[1] - 1.0).abs() < 1e-14);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PointSpread {
    values: Vec<f64>,
    shape: [usize; 2],
}

/// Elements of a function up to which the direct sum is used.
const SMALL: usize = 81;

impl PointSpread {
    /// A function from its values, shape (rows, cols) in row-major order with odd numbers of
    /// rows and columns, the pixel itself in the middle. It is normalised to the sum 1.
    ///
    /// # Errors
    /// If the number of values is not rows x cols, rows or columns are even, a value is negative
    /// or not finite, or all are zero.
    pub fn new(mut values: Vec<f64>, shape: [usize; 2]) -> Result<Self> {
        let [rows, cols] = shape;
        if rows % 2 == 0 || cols % 2 == 0 || rows.checked_mul(cols) != Some(values.len()) {
            return Err(Error::Length {
                name: "point-spread function",
                found: values.len(),
                expected: "rows x columns, both odd",
            });
        }
        for value in &values {
            let allowed = "zero or a positive finite number";
            check("point-spread function", *value, "", allowed, |v| v >= 0.0)?;
        }
        let sum = positive("sum of the point-spread function", values.iter().sum(), "")?;
        for value in &mut values {
            *value /= sum;
        }
        Ok(Self { values, shape })
    }

    /// Convolution of an image, shape (rows, cols) in row-major order, with the function; outside
    /// the image there is nothing. Functions of more than 81 values are applied by Fourier
    /// transform, whose rounding error is 1e-16 of the brightest pixel.
    ///
    /// # Panics
    /// If the image does not have rows x cols entries.
    #[must_use]
    pub fn applied_to(&self, image: &[f64], [rows, cols]: [usize; 2]) -> Vec<f64> {
        assert_eq!(image.len(), rows * cols, "an image of {rows} x {cols}");
        if image.is_empty() {
            Vec::new()
        } else if self.values.len() <= SMALL {
            self.by_sum(image, [rows, cols])
        } else {
            self.by_transform(image, [rows, cols])
        }
    }

    fn by_sum(&self, image: &[f64], [rows, cols]: [usize; 2]) -> Vec<f64> {
        let [height, width] = self.shape;
        let mut seen = vec![0.0; image.len()];
        for (index, &weight) in self.values.iter().enumerate() {
            // The image moved by (down, right) - (height, width) / 2.
            let (down, right) = (index / width, index % width);
            let (half_height, half_width) = (height / 2, width / 2);
            for to in down.saturating_sub(half_height)..rows {
                let Some(from) = (to + half_height).checked_sub(down).filter(|r| *r < rows) else {
                    continue;
                };
                let first = right.saturating_sub(half_width).min(cols);
                let start = (half_width).saturating_sub(right).min(cols);
                let target = &mut seen[to * cols + first..(to + 1) * cols];
                let source = &image[from * cols + start..(from + 1) * cols];
                for (sum, value) in target.iter_mut().zip(source) {
                    *sum += weight * value;
                }
            }
        }
        seen
    }

    fn by_transform(&self, image: &[f64], [rows, cols]: [usize; 2]) -> Vec<f64> {
        let [height, width] = self.shape;
        let [n, m] = [rows + height / 2, cols + width / 2].map(usize::next_power_of_two);
        // The function may be larger than the padded image; what lies further away than the
        // image is long has no effect on it.
        let mut grid = vec![Complex64::ZERO; n * m];
        for (index, &weight) in self.values.iter().enumerate() {
            let (down, right) = (index / width, index % width);
            let reach = [down.abs_diff(height / 2), right.abs_diff(width / 2)];
            if reach[0] < rows && reach[1] < cols {
                let row = (n + down - height / 2) % n;
                let col = (m + right - width / 2) % m;
                grid[row * m + col] += weight / (n * m) as f64;
            }
        }
        let mut planner = FftPlanner::new();
        let forward = [planner.plan_fft_forward(n), planner.plan_fft_forward(m)];
        let backward = [planner.plan_fft_inverse(n), planner.plan_fft_inverse(m)];
        let response = in_both_directions(&grid, [n, m], &forward);
        grid.fill(Complex64::ZERO);
        for (line, values) in grid.chunks_exact_mut(m).zip(image.chunks_exact(cols)) {
            for (to, value) in line.iter_mut().zip(values) {
                to.re = *value;
            }
        }
        let mut transform = in_both_directions(&grid, [n, m], &forward);
        for (value, factor) in transform.iter_mut().zip(&response) {
            *value *= factor;
        }
        // Both transforms lie transposed, (m, n); the way back transposes again.
        let seen = in_both_directions(
            &transform,
            [m, n],
            &[backward[1].clone(), backward[0].clone()],
        );
        seen.chunks_exact(m)
            .take(rows)
            .flat_map(|line| line[..cols].iter().map(|v| v.re))
            .collect()
    }
}

/// Transforms of all rows and columns of a (rows, cols) grid; the result is transposed.
fn in_both_directions(
    grid: &[Complex64],
    [rows, cols]: [usize; 2],
    [down, along]: &[std::sync::Arc<dyn Fft<f64>>; 2],
) -> Vec<Complex64> {
    let mut grid = grid.to_vec();
    along.process(&mut grid);
    let mut turned = vec![Complex64::ZERO; grid.len()];
    for (row, line) in grid.chunks_exact(cols).enumerate() {
        for (col, value) in line.iter().enumerate() {
            turned[col * rows + row] = *value;
        }
    }
    down.process(&mut turned);
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::smear;

    fn image(n: usize) -> Vec<f64> {
        (0..n).map(|i| 1.0 + ((i * 7919) % 101) as f64).collect()
    }

    /// An asymmetric function.
    fn function(shape: [usize; 2]) -> PointSpread {
        let n = shape[0] * shape[1];
        let values = (0..n).map(|i| 1.0 + ((i * 31) % 17) as f64).collect();
        PointSpread::new(values, shape).unwrap()
    }

    #[test]
    fn a_photon_leaves_the_function() {
        let psf = function([3, 5]);
        let mut image = vec![0.0; 7 * 9];
        image[3 * 9 + 4] = 1.0;
        for seen in [psf.by_sum(&image, [7, 9]), psf.by_transform(&image, [7, 9])] {
            for (index, value) in psf.values.iter().enumerate() {
                let at = (2 + index / 5) * 9 + 2 + index % 5;
                assert!((seen[at] - value).abs() < 1e-15);
            }
            assert!((seen.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn sum_and_transform_agree() {
        // Also where the function is larger than the image.
        for (psf, shape) in [([5, 3], [11, 8]), ([9, 21], [4, 30]), ([15, 31], [5, 6])] {
            let psf = function(psf);
            let image = image(shape[0] * shape[1]);
            let (a, b) = (psf.by_sum(&image, shape), psf.by_transform(&image, shape));
            for (a, b) in a.iter().zip(&b) {
                assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_gaussian_function_is_smearing() {
        let mut dot = vec![0.0; 31 * 31];
        dot[15 * 31 + 15] = 1.0;
        let values = smear(&dot, [31, 31], [1.0, 1.4]).unwrap();
        let psf = PointSpread::new(values, [31, 31]).unwrap();
        let image = image(40 * 50);
        let expected = smear(&image, [40, 50], [1.0, 1.4]).unwrap();
        for (a, b) in psf.applied_to(&image, [40, 50]).iter().zip(&expected) {
            assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn refuses_bad_functions() {
        assert!(PointSpread::new(vec![1.0; 4], [2, 2]).is_err());
        assert!(PointSpread::new(vec![1.0; 4], [1, 3]).is_err());
        assert!(PointSpread::new(vec![0.0; 3], [1, 3]).is_err());
        assert!(PointSpread::new(vec![1.0, f64::NAN, 1.0], [1, 3]).is_err());
        assert!(PointSpread::new(vec![1.0, -1.0, 1.0], [1, 3]).is_err());
        let psf = PointSpread::new(vec![1.0], [1, 1]).unwrap();
        assert!(psf.applied_to(&[], [0, 5]).is_empty());
    }
}
