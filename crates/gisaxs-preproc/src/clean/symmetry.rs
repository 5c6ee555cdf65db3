//! Left-right symmetrisation about the plane of incidence.
//!
//! A sample without preferred direction scatters alike to q_y and -q_y, so what one side
//! lost to a gap, an arm or a hot pixel the other has measured. Only measured pixels enter;
//! what neither side measured stays unmeasured.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::mask::Mask;

/// A frame with its left and right sides added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetrised {
    sum: Array2<f32>,
    measured: Array2<u8>,
}

impl Symmetrised {
    /// Counts of a pixel and of its mirror image, those of them that were measured, shape
    /// (rows, columns): a Poisson number where the counts are.
    #[must_use]
    pub fn sum(&self) -> &Array2<f32> {
        &self.sum
    }

    /// How many pixels entered: 0, 1 or 2, shape (rows, columns).
    #[must_use]
    pub fn measured(&self) -> &Array2<u8> {
        &self.measured
    }

    /// Mean counts of a pixel; `None` where neither side was measured.
    ///
    /// # Panics
    /// If the pixel lies outside the frame.
    #[must_use]
    pub fn mean(&self, row: usize, col: usize) -> Option<f32> {
        match self.measured[[row, col]] {
            0 => None,
            n => Some(self.sum[[row, col]] / f32::from(n)),
        }
    }

    /// Variance of [`mean`](Self::mean) by counting statistics, sum / n^2; `None` where
    /// neither side was measured.
    ///
    /// # Panics
    /// If the pixel lies outside the frame.
    #[must_use]
    pub fn variance(&self, row: usize, col: usize) -> Option<f32> {
        let n = f32::from(self.measured[[row, col]]);
        (n > 0.0).then(|| self.sum[[row, col]] / (n * n))
    }

    /// Means as a frame, with the sentinel of a gap, -1, where nothing was measured.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn to_frame(&self) -> Result<Frame> {
        let (rows, cols) = self.sum.dim();
        Frame::new(Array2::from_shape_fn((rows, cols), |(r, c)| {
            self.mean(r, c).unwrap_or(-1.0)
        }))
    }
}

/// Adds every pixel to its mirror image about `mirror_column`, the column of the plane of
/// incidence (the direct beam's, not rounded).
///
/// The image of a pixel centre is taken for the pixel it falls into: at most half a pixel
/// off, and exact where the column is a multiple of a half. Columns without an image on the
/// detector keep their own counts.
///
/// # Errors
/// [`Error::Value`] if the column does not lie on the frame, [`Error::Shape`] for a mask of
/// another shape.
pub fn symmetrise(frame: &Frame, mask: &Mask, mirror_column: f64) -> Result<Symmetrised> {
    super::same_shape(frame, mask)?;
    let [rows, cols] = frame.shape();
    let last = cols as f64 - 1.0;
    if !(0.0..=last).contains(&mirror_column) {
        return Err(Error::Value {
            file: frame.name().to_owned(),
            key: "mirror_column".to_owned(),
            value: mirror_column.to_string(),
            expected: format!("a column of the frame, 0 to {last}"),
        });
    }
    // An involution: the image of the image is the pixel.
    let twice = (2.0 * mirror_column).round() as usize;
    let counts = frame.counts();
    let mut sum = Array2::zeros((rows, cols));
    let mut measured = Array2::zeros((rows, cols));
    for row in 0..rows {
        for col in 0..cols {
            let image = twice.checked_sub(col).filter(|&c| c < cols && c != col);
            for from in [Some(col), image].into_iter().flatten() {
                if mask.is_measured(row, from) {
                    sum[[row, col]] += counts[[row, from]];
                    measured[[row, col]] += 1_u8;
                }
            }
        }
    }
    Ok(Symmetrised { sum, measured })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Reason;

    #[test]
    fn only_measured_pixels_enter() {
        let counts = Array2::from_shape_fn((3, 8), |(r, c)| (10 * r + c) as f32);
        let mut bits = vec![0; 24];
        bits[2] = Reason::Gap.bit(); // (0, 2)
        bits[8 + 1] = Reason::Bad.bit(); // (1, 1) and its image
        bits[8 + 5] = Reason::Hot.bit();
        bits[16 + 4] = Reason::Outside.bit(); // measured all the same
        let mask = Mask::from_bits([3, 8], bits);
        let frame = Frame::new(counts).unwrap();
        let both = symmetrise(&frame, &mask, 3.0).unwrap();
        // The hole in row 0 shows its image alone, on both sides.
        assert_eq!(both.mean(0, 2), Some(4.0));
        assert_eq!(both.mean(0, 4), Some(4.0));
        assert_eq!(both.mean(0, 1), Some(3.0));
        assert_eq!(both.variance(0, 1), Some(6.0 / 4.0));
        // Nothing is invented where neither was measured.
        assert_eq!((both.mean(1, 1), both.mean(1, 5)), (None, None));
        assert_eq!(both.mean(2, 4), Some(23.0));
        // On the mirror and beyond the image: the pixel itself, once.
        assert_eq!(both.mean(1, 3), Some(13.0));
        assert_eq!(both.mean(1, 7), Some(17.0));
        assert_eq!(both.measured()[[1, 7]], 1);
        let again = both.to_frame().unwrap();
        assert_eq!(again.counts()[[1, 1]], -1.0);
    }

    #[test]
    fn between_pixels_left_and_right_are_equal() {
        let counts = Array2::from_shape_fn((2, 7), |(r, c)| (3 * r + c * c) as f32);
        let frame = Frame::new(counts).unwrap();
        let mask = Mask::from_bits([2, 7], vec![0; 14]);
        let both = symmetrise(&frame, &mask, 2.5).unwrap();
        for c in 0..3 {
            assert_eq!(both.mean(1, c), both.mean(1, 5 - c));
        }
        for column in [-0.1, 6.5, f64::NAN] {
            assert!(symmetrise(&frame, &mask, column).is_err());
        }
    }
}
