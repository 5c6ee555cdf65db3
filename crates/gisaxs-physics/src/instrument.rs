//! What the instrument does to an ideal pattern: footprint and resolution.

use std::f64::consts::SQRT_2;

use crate::error::{Result, positive};

/// Part of the beam that falls on the sample at grazing incidence.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Footprint {
    /// Gaussian beam; `width_ratio` is its standard deviation over half the sample length:
    /// erf(sin(alpha_i) / (sqrt2 width_ratio)).
    Gauss {
        /// Width of the beam relative to the sample.
        width_ratio: f64,
    },
    /// Beam of rectangular profile; `width_ratio` is its height over the sample length:
    /// min(1, sin(alpha_i) / width_ratio).
    Square {
        /// Width of the beam relative to the sample.
        width_ratio: f64,
    },
}

impl Footprint {
    /// Factor for the counts at the incidence angle `alpha_i_rad` (rad).
    #[must_use]
    pub fn factor(&self, alpha_i_rad: f64) -> f64 {
        let sine = alpha_i_rad.sin();
        match *self {
            Self::Gauss { width_ratio } => libm::erf(sine / (width_ratio * SQRT_2)),
            Self::Square { width_ratio } => (sine / width_ratio).min(1.0),
        }
    }
}

/// Convolution of an image, shape (rows, cols) in row-major order, with a Gaussian of standard
/// deviation `sigma_px` = \[vertical, horizontal\] in pixels, integrated over each pixel. Outside
/// the image there is nothing. A sigma of 0 leaves that direction as it is.
///
/// # Errors
/// If a sigma is negative or not finite.
///
/// # Panics
/// If the image does not have rows x cols entries.
pub fn smear(image: &[f64], [rows, cols]: [usize; 2], sigma_px: [f64; 2]) -> Result<Vec<f64>> {
    assert_eq!(image.len(), rows * cols, "an image of {rows} x {cols}");
    let mut smeared = image.to_vec();
    // (length of a line, its stride, number of lines, distance between lines)
    for (sigma, n, stride, lines, jump) in [
        (sigma_px[0], rows, cols, cols, 1),
        (sigma_px[1], cols, 1, rows, cols),
    ] {
        if sigma == 0.0 {
            continue;
        }
        positive("resolution sigma", sigma, "px")?;
        let kernel: Vec<f64> = (0..n)
            .map(|distance| in_pixel(distance as f64, sigma))
            .collect();
        let mut line = vec![0.0; n];
        for start in (0..lines).map(|l| l * jump) {
            for (to, value) in line.iter_mut().enumerate() {
                *value = (0..n)
                    .map(|from| kernel[to.abs_diff(from)] * smeared[start + from * stride])
                    .sum();
            }
            for (i, value) in line.iter().enumerate() {
                smeared[start + i * stride] = *value;
            }
        }
    }
    Ok(smeared)
}

/// Integral of the normalised Gaussian over the pixel at `distance`.
fn in_pixel(distance: f64, sigma: f64) -> f64 {
    // erfc keeps the digits of the tail.
    let tail = |x: f64| 0.5 * libm::erfc(x / (sigma * SQRT_2));
    tail(distance - 0.5) - tail(distance + 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn footprints() {
        assert_eq!(Footprint::Square { width_ratio: 0.002 }.factor(0.005), 1.0);
        assert!((Footprint::Square { width_ratio: 0.01 }.factor(0.005) - 0.5).abs() < 1e-5);
        let gauss = Footprint::Gauss { width_ratio: 0.005 };
        assert!((gauss.factor(0.005) - 0.682_689_492).abs() < 1e-5);
    }
}
