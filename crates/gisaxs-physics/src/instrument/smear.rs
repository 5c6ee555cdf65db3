//! Gaussian resolution of a detector: convolution with the Gaussian integrated over each pixel.

use std::f64::consts::SQRT_2;

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use crate::error::{Result, non_negative};

/// Kernel elements below this part of a pixel's own count are left out: 9 sigma away.
const NEGLIGIBLE: f64 = 1e-19;

/// Half width of a kernel in pixels from which the Fourier transform is faster than the sum
/// (measured for lines of 256 to 1679 pixels).
const LONG: usize = 96;

/// Convolution of an image, shape (rows, cols) in row-major order, with a Gaussian of standard
/// deviation `sigma_px` = \[vertical, horizontal\] in pixels, integrated over each pixel. Outside
/// the image there is nothing. A sigma of 0 leaves that direction as it is.
///
/// Short kernels are summed directly: a pixel is a sum of positive terms and exact to rounding
/// however dark it is. Kernels that reach further than 96 pixels go through Fourier transforms,
/// whose rounding errors are 1e-16 of the brightest pixel of the line; pixels darker than that
/// are set to zero if they come out negative.
///
/// # Errors
/// If a sigma is negative or not finite.
///
/// # Panics
/// If the image does not have rows x cols entries.
pub fn smear(image: &[f64], [rows, cols]: [usize; 2], sigma_px: [f64; 2]) -> Result<Vec<f64>> {
    assert_eq!(image.len(), rows * cols, "an image of {rows} x {cols}");
    for sigma in sigma_px {
        non_negative("resolution sigma", sigma, "px")?;
    }
    let mut smeared = image.to_vec();
    if sigma_px[0] > 0.0 {
        let kernel = kernel(sigma_px[0], rows);
        if kernel.len() > LONG {
            // Lines are contiguous in the transposed image.
            let mut columns = transposed(&smeared, [rows, cols]);
            by_transform(&mut columns, rows, &kernel);
            smeared = transposed(&columns, [cols, rows]);
        } else {
            smeared = down_the_columns(&smeared, [rows, cols], &kernel);
        }
    }
    if sigma_px[1] > 0.0 {
        let kernel = kernel(sigma_px[1], cols);
        if kernel.len() > LONG {
            by_transform(&mut smeared, cols, &kernel);
        } else {
            along_the_rows(&mut smeared, cols, &kernel);
        }
    }
    Ok(smeared)
}

/// The kernel from distance 0 on, as far as it matters on a line of `n` pixels.
fn kernel(sigma: f64, n: usize) -> Vec<f64> {
    let centre = in_pixel(0.0, sigma);
    (0..n)
        .map(|distance| in_pixel(distance as f64, sigma))
        .take_while(|weight| *weight > NEGLIGIBLE * centre)
        .collect()
}

/// Integral of the normalised Gaussian over the pixel at `distance`.
fn in_pixel(distance: f64, sigma: f64) -> f64 {
    // erfc keeps the digits of the tail.
    let tail = |x: f64| 0.5 * libm::erfc(x / (sigma * SQRT_2));
    tail(distance - 0.5) - tail(distance + 0.5)
}

fn down_the_columns(image: &[f64], [rows, cols]: [usize; 2], kernel: &[f64]) -> Vec<f64> {
    let mut smeared = vec![0.0; image.len()];
    for (to, line) in smeared.chunks_exact_mut(cols).enumerate() {
        let first = to.saturating_sub(kernel.len() - 1);
        let last = (to + kernel.len()).min(rows);
        for from in first..last {
            let weight = kernel[to.abs_diff(from)];
            for (sum, value) in line.iter_mut().zip(&image[from * cols..][..cols]) {
                *sum += weight * value;
            }
        }
    }
    smeared
}

fn along_the_rows(image: &mut [f64], cols: usize, kernel: &[f64]) {
    let mut line = vec![0.0; cols];
    for row in image.chunks_exact_mut(cols) {
        for (sum, value) in line.iter_mut().zip(&*row) {
            *sum = kernel[0] * value;
        }
        for (distance, weight) in kernel.iter().enumerate().skip(1) {
            for (sum, value) in line.iter_mut().zip(&row[distance..]) {
                *sum += weight * value;
            }
            for (sum, value) in line[distance..].iter_mut().zip(&*row) {
                *sum += weight * value;
            }
        }
        row.copy_from_slice(&line);
    }
}

fn transposed(image: &[f64], [rows, cols]: [usize; 2]) -> Vec<f64> {
    let mut turned = vec![0.0; image.len()];
    for (row, line) in image.chunks_exact(cols).enumerate() {
        for (col, value) in line.iter().enumerate() {
            turned[col * rows + row] = *value;
        }
    }
    turned
}

/// Two lines at a time as real and imaginary part, the kernel being real and even.
fn by_transform(lines: &mut [f64], n: usize, kernel: &[f64]) {
    let padded = (n + kernel.len() - 1).next_power_of_two();
    let mut planner = FftPlanner::new();
    let (forward, backward) = (
        planner.plan_fft_forward(padded),
        planner.plan_fft_inverse(padded),
    );
    let mut response = vec![Complex64::ZERO; padded];
    for (distance, weight) in kernel.iter().enumerate() {
        let weight = Complex64::from(weight / padded as f64);
        response[distance] = weight;
        response[(padded - distance) % padded] = weight;
    }
    forward.process(&mut response);
    let mut pair = vec![Complex64::ZERO; padded];
    let scratch = forward
        .get_inplace_scratch_len()
        .max(backward.get_inplace_scratch_len());
    let mut scratch = vec![Complex64::ZERO; scratch];
    for two in lines.chunks_mut(2 * n) {
        let (first, second) = two.split_at_mut(n);
        pair.fill(Complex64::ZERO);
        for (i, value) in first.iter().enumerate() {
            pair[i].re = *value;
        }
        for (i, value) in second.iter().enumerate() {
            pair[i].im = *value;
        }
        forward.process_with_scratch(&mut pair, &mut scratch);
        for (value, factor) in pair.iter_mut().zip(&response) {
            *value *= factor.re;
        }
        backward.process_with_scratch(&mut pair, &mut scratch);
        let positive = [first.iter(), second.iter()].map(|mut line| line.all(|v| *v >= 0.0));
        for (value, smeared) in first.iter_mut().zip(&pair) {
            *value = if positive[0] {
                smeared.re.max(0.0)
            } else {
                smeared.re
            };
        }
        for (value, smeared) in second.iter_mut().zip(&pair) {
            *value = if positive[1] {
                smeared.im.max(0.0)
            } else {
                smeared.im
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum over all pairs of pixels.
    fn slow(image: &[f64], [rows, cols]: [usize; 2], sigma: [f64; 2]) -> Vec<f64> {
        let weight = |a: usize, b: usize, sigma: f64| {
            if sigma == 0.0 {
                f64::from(u8::from(a == b))
            } else {
                in_pixel(a.abs_diff(b) as f64, sigma)
            }
        };
        (0..rows * cols)
            .map(|to| {
                (0..rows * cols)
                    .map(|from| {
                        image[from]
                            * weight(to / cols, from / cols, sigma[0])
                            * weight(to % cols, from % cols, sigma[1])
                    })
                    .sum()
            })
            .collect()
    }

    fn image(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| 1e-3 + ((i * 7919) % 101) as f64 + 1e6 * f64::from(u8::from(i == n / 3)))
            .collect()
    }

    #[test]
    fn short_kernels_are_the_sum() {
        let shape = [13, 17];
        for sigma in [[0.3, 2.0], [0.0, 4.0], [5.0, 0.0], [1.0, 0.02]] {
            let image = image(13 * 17);
            let found = smear(&image, shape, sigma).unwrap();
            for (a, b) in found.iter().zip(slow(&image, shape, sigma)) {
                assert!((a / b - 1.0).abs() < 1e-13, "{sigma:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn long_kernels_are_the_sum_to_rounding_of_the_brightest_pixel() {
        // An odd number of lines, so that the last pair is half empty.
        for (shape, sigma) in [([5, 310], [0.0, 14.0]), ([310, 5], [40.0, 0.7])] {
            let image = image(5 * 310);
            let found = smear(&image, shape, sigma).unwrap();
            let brightest = found.iter().fold(0.0_f64, |a, b| a.max(*b));
            for (a, b) in found.iter().zip(slow(&image, shape, sigma)) {
                assert!((a - b).abs() < 1e-14 * brightest, "{sigma:?}: {a} {b}");
            }
        }
    }

    #[test]
    fn smearing_keeps_the_sum_and_adds_variances() {
        let (rows, cols) = (41, 61);
        let mut image = vec![0.0; rows * cols];
        image[20 * cols + 30] = 1.0;
        let smeared = smear(&image, [rows, cols], [1.5, 3.0]).unwrap();
        assert!((smeared.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let variance = |of: fn(usize, usize) -> f64| {
            smeared
                .iter()
                .enumerate()
                .map(|(i, v)| v * of(i / cols, i % cols))
                .sum::<f64>()
        };
        // A pixel adds the variance 1/12.
        let vertical = variance(|row, _| (row as f64 - 20.0).powi(2));
        let horizontal = variance(|_, col| (col as f64 - 30.0).powi(2));
        assert!((vertical - 2.25 - 1.0 / 12.0).abs() < 1e-6);
        assert!((horizontal - 9.0 - 1.0 / 12.0).abs() < 1e-6);
        assert_eq!(smear(&image, [rows, cols], [0.0, 0.0]).unwrap(), image);
        assert!(smear(&image, [rows, cols], [-1.0, 0.0]).is_err());
        assert!(smear(&image, [rows, cols], [f64::NAN, 0.0]).is_err());
    }
}
