//! How differently pixels respond to the same light.

use ndarray::Array2;

use super::super::image::{Image, check_shape};
use crate::error::{Error, Result};

/// Response of each pixel relative to the others: counts are divided by it. (Files of
/// Lambda detectors hold the inverse, factors to multiply by:
/// [`from_factors`](Self::from_factors).)
#[derive(Clone, Debug, PartialEq)]
pub struct FlatField {
    name: String,
    response: Array2<f32>,
    /// Standard deviation over response, squared.
    relative_variance: Option<Array2<f32>>,
}

impl FlatField {
    /// From responses, shape (rows, columns).
    ///
    /// # Errors
    /// [`Error::Pixel`] names the first response that is not positive and finite: mark dead
    /// pixels with [`sparing_dead_pixels`](Self::sparing_dead_pixels).
    pub fn new(response: Array2<f32>) -> Result<Self> {
        let bad = response
            .indexed_iter()
            .find(|(_, x)| !(**x > 0.0 && x.is_finite()));
        match bad {
            None => Ok(Self::sparing_dead_pixels(response)),
            Some(((row, col), &value)) => Err(Error::Pixel {
                file: "flat field".to_owned(),
                row,
                col,
                value: f64::from(value),
                expected: "a positive finite response".to_owned(),
            }),
        }
    }

    /// As [`new`](Self::new), where responses that are not positive and finite mean pixels to
    /// be left out, as measured flat fields have them.
    #[must_use]
    pub fn sparing_dead_pixels(response: Array2<f32>) -> Self {
        Self {
            name: "flat field".to_owned(),
            response: response.as_standard_layout().into_owned(),
            relative_variance: None,
        }
    }

    /// From factors that counts are multiplied by, as
    /// [`FrameStack::flat_field`](crate::FrameStack::flat_field) gives them; where they are
    /// not positive and finite, pixels are left out.
    #[must_use]
    pub fn from_factors(factors: &Array2<f32>) -> Self {
        let response = factors.mapv(|f| if f > 0.0 { f.recip() } else { 0.0 });
        Self::sparing_dead_pixels(response)
    }

    /// The same flat field with the variance of its responses, shape (rows, columns): of a
    /// flat of n counts per pixel, scaled to mean 1, it is response / n.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another shape; [`Error::Pixel`] for a variance that is
    /// negative or not finite.
    pub fn with_variance(mut self, variance: &Array2<f32>) -> Result<Self> {
        let shape = |a: &Array2<f32>| [a.nrows(), a.ncols()];
        let what = "shape of the variance";
        check_shape(&self.name, what, shape(variance), shape(&self.response))?;
        if let Some(((row, col), &value)) = variance
            .indexed_iter()
            .find(|(_, x)| !(**x >= 0.0 && x.is_finite()))
        {
            return Err(Error::Pixel {
                file: self.name,
                row,
                col,
                value: f64::from(value),
                expected: "a variance of zero or more".to_owned(),
            });
        }
        self.relative_variance = Some(variance / &(&self.response * &self.response));
        Ok(self)
    }

    /// The same flat field under the name of its file, for messages and provenance.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl Image {
    /// I / F, with variance var I / F^2 + I^2 var F / F^4. Dead pixels of the flat field are
    /// left out.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another shape.
    pub fn divided_by_flat(mut self, flat: &FlatField) -> Result<Self> {
        let shape = [flat.response.nrows(), flat.response.ncols()];
        check_shape(&flat.name, "shape", shape, self.shape())?;
        let response = flat.response.as_slice().unwrap_or_default();
        self.leave_out(|at| !(response[at] > 0.0 && response[at].is_finite()));
        let (values, variance) = self.change(format!("divided by {}", flat.name));
        for ((x, v), &f) in values.iter_mut().zip(variance.iter_mut()).zip(response) {
            *x /= f;
            *v /= f * f;
        }
        if let Some(relative) = &flat.relative_variance {
            for ((x, v), &r) in values.iter().zip(variance).zip(relative) {
                *v += x * x * r;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::mask::{Mask, Reason};

    fn image() -> Image {
        let frame = Frame::new(Array2::from_elem((2, 2), 8.0)).unwrap();
        Image::counts(frame, Mask::from_bits([2, 2], vec![0; 4])).unwrap()
    }

    #[test]
    fn variances_of_quotients() {
        let response = Array2::from_shape_vec((2, 2), vec![0.5, 1.0, 2.0, 4.0]).unwrap();
        let flat = FlatField::new(response.clone()).unwrap();
        let corrected = image().divided_by_flat(&flat).unwrap();
        assert_eq!(corrected.as_slice(), [16.0, 8.0, 4.0, 2.0]);
        assert_eq!(corrected.variances(), [32.0, 8.0, 2.0, 0.5]);
        let flat = flat.with_variance(&Array2::from_elem((2, 2), 0.25));
        let corrected = image().divided_by_flat(&flat.unwrap()).unwrap();
        // 8 / F^2 + 64 x 0.25 / F^4.
        assert_eq!(corrected.variances(), [32.0 + 256.0, 24.0, 3.0, 0.5625]);
        let factors = FlatField::from_factors(&response.mapv(f32::recip));
        let again = image().divided_by_flat(&factors).unwrap();
        assert_eq!(again.as_slice(), [16.0, 8.0, 4.0, 2.0]);
    }

    #[test]
    fn zero_responses_are_refused_or_spared() {
        let mut response = Array2::from_elem((2, 2), 1.0);
        response[[1, 0]] = 0.0;
        let error = FlatField::new(response.clone()).unwrap_err().to_string();
        assert_eq!(
            error,
            "flat field: pixel at row 1, column 0 is 0, expected a positive finite response"
        );
        let flat = FlatField::sparing_dead_pixels(response);
        let corrected = image().divided_by_flat(&flat).unwrap();
        assert!(corrected.mask().has(1, 0, Reason::Bad));
        assert_eq!(corrected.mask().valid_pixels(), 3);
        let other = FlatField::new(Array2::from_elem((2, 3), 1.0)).unwrap();
        assert!(image().divided_by_flat(&other).is_err());
        let negative = Array2::from_elem((2, 2), -0.1);
        assert!(flat.with_variance(&negative).is_err());
    }
}
