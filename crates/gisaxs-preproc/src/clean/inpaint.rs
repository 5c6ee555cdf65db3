//! Filling the holes of a frame for a picture.
//!
//! The result is a type of its own that no reduction accepts: filled pixels are guesses.
//! Holes are filled by a pyramid ("push-pull"): means of 2 x 2 measured pixels, level after
//! level, until there are no holes, then back down, each level filling those of the one below
//! by bilinear interpolation. Square roots are averaged instead of counts, so that a bright
//! edge does not flood a hole.
//!
//! Source: S. J. Gortler et al., "The lumigraph", SIGGRAPH 1996, sect. 3.3.

use ndarray::Array2;

use crate::error::Result;
use crate::frame::Frame;
use crate::mask::Mask;

/// A frame for the eye: measured pixels as they are, the others invented. Not for reduction,
/// fits or networks, and no [`Frame`] can be made of it by this crate.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayImage {
    values: Array2<f32>,
    invented: Array2<bool>,
}

impl DisplayImage {
    /// Values to draw, shape (rows, columns), not negative; invented where
    /// [`is_invented`](Self::is_invented) says so.
    #[must_use]
    pub fn values(&self) -> &Array2<f32> {
        &self.values
    }

    /// Whether a pixel was not measured.
    ///
    /// # Panics
    /// If the pixel lies outside the image.
    #[must_use]
    pub fn is_invented(&self, row: usize, col: usize) -> bool {
        self.invented[[row, col]]
    }

    /// Fraction of invented pixels, 0 to 1.
    #[must_use]
    pub fn invented_fraction(&self) -> f64 {
        crate::mask::masked_fraction(&self.invented)
    }
}

/// Fills what `mask` leaves out, for display only. Without a measured pixel all is 0.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) for a mask of another shape.
pub fn inpaint_for_display(frame: &Frame, mask: &Mask) -> Result<DisplayImage> {
    super::same_shape(frame, mask)?;
    let [rows, cols] = frame.shape();
    let counts = frame.counts();
    let invented = Array2::from_shape_fn((rows, cols), |(r, c)| !mask.is_measured(r, c));
    // NaN marks a hole inside this file only.
    let mut levels = vec![Array2::from_shape_fn((rows, cols), |at| {
        match invented[at] {
            true => f32::NAN,
            false => counts[at].max(0.0).sqrt(),
        }
    })];
    while let Some(fine) = levels.last()
        && fine.iter().any(|x| x.is_nan())
        && fine.len() > 1
    {
        levels.push(halved(fine));
    }
    while levels.len() > 1
        && let Some(coarse) = levels.pop()
        && let Some(fine) = levels.last_mut()
    {
        for ((r, c), x) in fine.indexed_iter_mut().filter(|(_, x)| x.is_nan()) {
            *x = between(&coarse, r, c);
        }
    }
    let roots = levels.swap_remove(0);
    let values = Array2::from_shape_fn((rows, cols), |at| match invented[at] {
        // Only without a single measured pixel is anything left to fill.
        true => Some(roots[at] * roots[at])
            .filter(|x| x.is_finite())
            .unwrap_or(0.0),
        false => counts[at].max(0.0),
    });
    Ok(DisplayImage { values, invented })
}

/// Means of the filled ones of 2 x 2 pixels.
fn halved(fine: &Array2<f32>) -> Array2<f32> {
    let (rows, cols) = fine.dim();
    Array2::from_shape_fn((rows.div_ceil(2), cols.div_ceil(2)), |(r, c)| {
        let (mut sum, mut n) = (0.0, 0.0_f32);
        for y in 2 * r..(2 * r + 2).min(rows) {
            for x in 2 * c..(2 * c + 2).min(cols) {
                let value = fine[[y, x]];
                if !value.is_nan() {
                    sum += value;
                    n += 1.0;
                }
            }
        }
        // 0 / 0 leaves the hole for the next level.
        sum / n
    })
}

/// Bilinear interpolation at the centre of the fine pixel (r, c).
fn between(coarse: &Array2<f32>, r: usize, c: usize) -> f32 {
    let (rows, cols) = coarse.dim();
    // Fine centres lie a quarter of a coarse pixel off the coarse centres.
    let axis = |i: usize, n: usize| {
        let near = i / 2;
        let far = if i.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            near + 1
        };
        [(near, 0.75), (far.min(n - 1), 0.25_f32)]
    };
    let mut sum = 0.0;
    for (y, wy) in axis(r, rows) {
        for (x, wx) in axis(c, cols) {
            sum += wy * wx * coarse[[y, x]];
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_field_is_continued_and_measured_pixels_stay() {
        let field = |r: usize, c: usize| 100.0 + 2.0 * r as f32 + c as f32;
        let (rows, cols) = (61, 83);
        let masked = |r: usize, c: usize| (20..27).contains(&r) || (c, r) == (4, 5) || c == 82;
        let counts = Array2::from_shape_fn((rows, cols), |(r, c)| match masked(r, c) {
            true => -1.0,
            false => field(r, c),
        });
        let bits = counts.iter().map(|&x| u8::from(x < 0.0)).collect();
        let mask = Mask::from_bits([rows, cols], bits);
        let frame = Frame::new(counts).unwrap();
        let image = inpaint_for_display(&frame, &mask).unwrap();
        for r in 0..rows {
            for c in 0..cols {
                assert_eq!(image.is_invented(r, c), masked(r, c));
                let (found, expected) = (image.values()[[r, c]], field(r, c));
                if masked(r, c) {
                    // Within what the field changes across the hole.
                    assert!(
                        (found - expected).abs() < 16.0,
                        "{r} {c}: {found} {expected}"
                    );
                } else {
                    assert_eq!(found, expected);
                }
            }
        }
        let expected = (7 * 82 + 61 + 1) as f64 / (61 * 83) as f64;
        assert!((image.invented_fraction() - expected).abs() < 1e-12);
    }

    #[test]
    fn without_a_measured_pixel_all_is_zero() {
        let frame = Frame::new(Array2::from_elem((5, 3), -1.0)).unwrap();
        let mask = Mask::from_bits([5, 3], vec![1; 15]);
        let image = inpaint_for_display(&frame, &mask).unwrap();
        assert!(image.values().iter().all(|&x| x == 0.0));
    }
}
