//! One-dimensional cuts through a frame.
//!
//! Every bin is the sum of its valid pixels over their number, with the Poisson error
//! sqrt(sum) / number; bins without a valid pixel are dropped, never written as zero.

use gisaxs_physics::elementary::{sin, sin_cos};
use gisaxs_physics::{Beam, FlatDetector};

use crate::mask::Mask;

/// Which way a cut runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CutKind {
    /// Out-of-plane cut along q_y (nm^-1, signed, columns to the right positive) over the
    /// band alpha_f from the first to the second angle, rad.
    Horizontal {
        /// Limits of the band in alpha_f, rad.
        alpha_f_rad: [f64; 2],
    },
    /// Cut along alpha_f, given as k sin(alpha_f) in nm^-1, over a band of |q_y|, nm^-1.
    Vertical {
        /// Limits of the band in |q_y|, nm^-1.
        q_y: [f64; 2],
    },
}

/// A cut: equally long lists, one entry per bin that holds a valid pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// What was cut.
    pub kind: CutKind,
    /// Mean coordinate of the pixels of each bin, nm^-1: q_y or k sin(alpha_f).
    pub coordinate: Vec<f64>,
    /// Counts per valid pixel.
    pub mean: Vec<f64>,
    /// Poisson error of `mean`: sqrt(sum) / pixels.
    pub error: Vec<f64>,
    /// Counts of all valid pixels.
    pub sum: Vec<f64>,
    /// Number of valid pixels.
    pub pixels: Vec<u32>,
}

impl Cut {
    /// Cuts counts (row-major, of the detector's shape) with bins of equal width between
    /// `range[0]` and `range[1]` of the coordinate, nm^-1. Pixels that are not measured are
    /// left out; [`Reason::Outside`](crate::Reason::Outside) does not count against a pixel.
    ///
    /// # Panics
    /// If counts or mask are not of the detector's shape, or there are no bins.
    #[must_use]
    pub fn new(
        counts: &[f32],
        mask: &Mask,
        beam: &Beam,
        detector: &FlatDetector,
        kind: CutKind,
        range: [f64; 2],
        bins: usize,
    ) -> Self {
        let (rows, cols) = (detector.rows, detector.cols);
        assert_eq!(counts.len(), rows * cols, "counts of another detector");
        assert_eq!(mask.shape(), [rows, cols], "mask of another detector");
        assert!(bins > 0, "a cut without bins");
        let per_bin = bins as f64 / (range[1] - range[0]);
        let mut sums = vec![(0.0_f64, 0.0_f64, 0_u32); bins];

        let (sin_i, cos_i) = sin_cos(beam.alpha_i_rad());
        let k = beam.k();
        let [left, _, _] = detector.position_mm(0.0, 0.0);
        let [right, _, _] = detector.position_mm((cols - 1) as f64, 0.0);
        let farthest_x = left.abs().max(right.abs());
        for row in 0..rows {
            // Along a row |k_z| falls from the beam outwards: its ends tell whether any
            // pixel can be inside.
            let [_, y, z] = detector.position_mm(0.0, row as f64);
            let normal = k * (y * cos_i - z * sin_i);
            let k_z_ends = [0.0, farthest_x].map(|x| normal / (x * x + y * y + z * z).sqrt());
            let (k_z_low, k_z_high) = match kind {
                CutKind::Horizontal {
                    alpha_f_rad: [low, high],
                } => (k * sin(low), k * sin(high)),
                CutKind::Vertical { .. } => (range[0], range[1]),
            };
            if k_z_ends[0].max(k_z_ends[1]) < k_z_low || k_z_ends[0].min(k_z_ends[1]) > k_z_high {
                continue;
            }
            // Beyond this |x| every |q_y| = k |x| / r is too large, whatever r.
            let largest_x = match kind {
                CutKind::Horizontal { .. } => f64::INFINITY,
                CutKind::Vertical { q_y: [_, high] } => {
                    high / k * (farthest_x * farthest_x + y * y + z * z).sqrt()
                }
            };
            for col in 0..cols {
                let [x, y, z] = detector.position_mm(col as f64, row as f64);
                if x.abs() > largest_x {
                    continue;
                }
                let k_over_r = k / (x * x + y * y + z * z).sqrt();
                let q_y = k_over_r * x;
                let k_z = k_over_r * (y * cos_i - z * sin_i);
                let (coordinate, inside) = match kind {
                    CutKind::Horizontal { .. } => (q_y, k_z >= k_z_low && k_z <= k_z_high),
                    CutKind::Vertical { q_y: [low, high] } => {
                        (k_z, q_y.abs() >= low && q_y.abs() <= high)
                    }
                };
                let bin = (coordinate - range[0]) * per_bin;
                if inside && bin >= 0.0 && bin < bins as f64 && mask.is_measured(row, col) {
                    let entry = &mut sums[bin as usize];
                    entry.0 += coordinate;
                    entry.1 += f64::from(counts[row * cols + col]);
                    entry.2 += 1;
                }
            }
        }

        let filled: Vec<_> = sums.into_iter().filter(|s| s.2 > 0).collect();
        let per_pixel = |value: f64, n: u32| value / f64::from(n);
        Self {
            kind,
            coordinate: filled.iter().map(|s| per_pixel(s.0, s.2)).collect(),
            mean: filled.iter().map(|s| per_pixel(s.1, s.2)).collect(),
            error: filled
                .iter()
                .map(|s| per_pixel(s.1.max(0.0).sqrt(), s.2))
                .collect(),
            sum: filled.iter().map(|s| s.1).collect(),
            pixels: filled.iter().map(|s| s.2).collect(),
        }
    }

    /// Number of bins that hold a valid pixel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether no bin holds a valid pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_physics::Up;

    fn detector() -> (Beam, FlatDetector) {
        let beam = Beam::new(0.1, 0.4_f64.to_radians()).unwrap();
        let detector = FlatDetector {
            rows: 200,
            cols: 100,
            pixel_mm: [0.2, 0.2],
            distance_mm: 2000.0,
            direct_beam_px: [50.0, 180.0],
            up: Up::RowsDecrease,
        };
        (beam, detector)
    }

    #[test]
    fn gaps_change_the_number_of_pixels_and_not_the_mean() {
        let (beam, d) = detector();
        // Intensity depends on the column only, so every bin of q_y has an exact mean.
        let mut counts: Vec<f32> = (0..200 * 100).map(|i| (i % 100) as f32).collect();
        let mut bits = vec![0_u8; counts.len()];
        for row in 80..95 {
            for col in 0..100 {
                bits[row * 100 + col] = crate::Reason::Gap.bit();
                counts[row * 100 + col] = -1.0;
            }
        }
        for row in 0..200 {
            for col in 30..40 {
                bits[row * 100 + col] = crate::Reason::Gap.bit();
            }
        }
        let mask = Mask::from_bits([200, 100], bits);
        let kind = CutKind::Horizontal {
            alpha_f_rad: [0.002, 0.012],
        };
        let cut = Cut::new(&counts, &mask, &beam, &d, kind, [-0.3, 0.3], 120);
        assert!(!cut.is_empty() && cut.len() < 100);
        for i in 0..cut.len() {
            let column = 50.0 + cut.coordinate[i] / beam.k() * 2000.0 / 0.2;
            assert!((cut.mean[i] - column).abs() < 0.02, "{column}");
            assert!(!(29.5..39.5).contains(&column));
            assert_eq!(cut.mean[i], cut.sum[i] / f64::from(cut.pixels[i]));
            assert!((cut.error[i] * f64::from(cut.pixels[i]) - cut.sum[i].sqrt()).abs() < 1e-9);
        }
    }

    #[test]
    fn vertical_cuts_see_both_sides_and_pixels_outside_the_grid() {
        let (beam, d) = detector();
        let counts = vec![3.0; 200 * 100];
        let mask = Mask::from_bits([200, 100], vec![crate::Reason::Outside.bit(); 200 * 100]);
        let kind = CutKind::Vertical { q_y: [0.0, 0.02] };
        let cut = Cut::new(&counts, &mask, &beam, &d, kind, [0.0, 1.0], 100);
        assert!(cut.mean.iter().all(|&m| m == 3.0));
        assert!(cut.coordinate.windows(2).all(|w| w[0] < w[1]));
        // |q_y| < 0.02 nm^-1 are three columns either side of the beam.
        assert_eq!(cut.pixels.iter().sum::<u32>() % 7, 0);
    }

    #[test]
    fn nothing_valid_is_an_empty_cut() {
        let (beam, d) = detector();
        let counts = vec![-1.0; 200 * 100];
        let mask = Mask::from_bits([200, 100], vec![1; 200 * 100]);
        let kind = CutKind::Vertical { q_y: [0.0, 0.02] };
        let cut = Cut::new(&counts, &mask, &beam, &d, kind, [0.0, 1.0], 100);
        assert!(cut.is_empty());
    }
}
