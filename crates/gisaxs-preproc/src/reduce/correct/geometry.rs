//! Factors that follow from where a pixel stands.

use ndarray::Array2;

use super::super::image::{Image, check_shape};
use crate::error::{Error, Result};
use crate::geometry::{Corrections, Geometry};

/// Factors without noise that an image is divided by: solid angle, polarisation,
/// transmission of the air path.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelFactors {
    name: String,
    factors: Array2<f32>,
}

impl PixelFactors {
    /// Factors of shape (rows, columns); `name` says what they are, for provenance.
    ///
    /// # Errors
    /// [`Error::Pixel`] names the first factor that is not positive and finite.
    pub fn new(name: impl Into<String>, factors: Array2<f32>) -> Result<Self> {
        let name = name.into();
        let bad = factors
            .indexed_iter()
            .find(|(_, x)| !(**x > 0.0 && x.is_finite()));
        match bad {
            None => Ok(Self {
                name,
                factors: factors.as_standard_layout().into_owned(),
            }),
            Some(((row, col), &value)) => Err(Error::Pixel {
                file: name,
                row,
                col,
                value: f64::from(value),
                expected: "a positive finite factor".to_owned(),
            }),
        }
    }

    /// Solid angle, polarisation, air and windows, as `corrections` has them.
    ///
    /// # Errors
    /// [`Error::Pixel`] names the first pixel that no ray reaches.
    pub fn of_geometry(geometry: &Geometry, corrections: &Corrections) -> Result<Self> {
        let factors = geometry.correction(corrections).mapv(|x| x as f32);
        Self::new(corrections.names(), factors)
    }

    /// The factors, shape (rows, columns).
    #[must_use]
    pub fn factors(&self) -> &Array2<f32> {
        &self.factors
    }
}

impl Image {
    /// I / g, with variance var I / g^2.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another shape.
    pub fn divided_by(mut self, by: &PixelFactors) -> Result<Self> {
        let shape = [by.factors.nrows(), by.factors.ncols()];
        check_shape(&by.name, "shape", shape, self.shape())?;
        let (values, variance) = self.change(format!("divided by {}", by.name));
        for ((x, v), &g) in values.iter_mut().zip(variance).zip(&by.factors) {
            *x /= g;
            *v /= g * g;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::instrument::Instrument;
    use crate::mask::Mask;

    #[test]
    fn the_solid_angle_falls_with_the_third_power_of_the_cosine() {
        let instrument = Instrument::from_toml(
            "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [40, 30]\n\
             pixel_size_mm = [2, 2]\ndistance_mm = 100\ndirect_beam_px = [10, 30]",
            "test.toml",
        )
        .unwrap();
        let corrections = Corrections::new().with_solid_angle();
        let geometry = instrument.geometry().unwrap();
        let factors = PixelFactors::of_geometry(&geometry, &corrections).unwrap();
        assert_eq!(factors.factors()[[30, 10]], 1.0);
        let (x, y) = (2.0 * (29.0 - 10.0), 2.0 * 30.0);
        let cosine = 100.0 / f64::hypot(100.0, f64::hypot(x, y));
        let found = f64::from(factors.factors()[[0, 29]]);
        assert!((found - cosine.powi(3)).abs() < 1e-6, "{found}");

        let frame = Frame::new(Array2::from_elem((40, 30), 5.0)).unwrap();
        let image = Image::counts(frame, Mask::from_bits([40, 30], vec![0; 1200])).unwrap();
        let image = image.divided_by(&factors).unwrap();
        assert!((f64::from(image.values()[[0, 29]]) - 5.0 / cosine.powi(3)).abs() < 1e-4);
        let variance = f64::from(image.variance(29));
        assert!((variance - 5.0 / cosine.powi(6)).abs() < 1e-3, "{variance}");
    }

    #[test]
    fn factors_are_positive() {
        let mut factors = Array2::from_elem((2, 2), 1.0);
        factors[[0, 1]] = f32::NAN;
        let error = PixelFactors::new("air", factors).unwrap_err().to_string();
        assert!(
            error.starts_with("air: pixel at row 0, column 1"),
            "{error}"
        );
    }
}
