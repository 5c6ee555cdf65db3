//! What the camera reads without beam.

use super::super::image::{Image, check_shape, is_measured};
use crate::error::{Error, Result};

impl Image {
    /// N - s D with s the exposure of this image over that of the dark one; the variance is
    /// var N + s^2 var D. Pixels that the dark image leaves out are left out.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another shape, another unit, or an exposure that nobody says
    /// ([`with_exposure_s`](Self::with_exposure_s)).
    pub fn minus_dark(self, dark: &Self) -> Result<Self> {
        let seconds = |image: &Self| {
            image.exposure_s().ok_or_else(|| Error::Mismatch {
                file: image.name().to_owned(),
                what: "exposure time".to_owned(),
                found: "not known".to_owned(),
                expected: "seconds, to scale the dark image: give it with the image".to_owned(),
            })
        };
        let scale = seconds(&self)? / seconds(dark)?;
        let step = format!("dark image {} times {scale} subtracted", dark.name());
        self.minus(dark, scale, step)
    }

    /// This image less `factor` times another.
    pub(super) fn minus(mut self, other: &Self, factor: f64, step: String) -> Result<Self> {
        check_shape(other.name(), "shape", other.shape(), self.shape())?;
        if other.unit() != self.unit() {
            return Err(Error::Mismatch {
                file: other.name().to_owned(),
                what: "unit".to_owned(),
                found: other.unit().to_owned(),
                expected: format!("{} as {} has", self.unit(), self.name()),
            });
        }
        let bits = other.mask().bits();
        self.leave_out(|at| !is_measured(bits[at]));
        let (values, variance) = self.change(step);
        let factor = factor as f32;
        for (x, &o) in values.iter_mut().zip(other.as_slice()) {
            *x -= factor * o;
        }
        for (v, &o) in variance.iter_mut().zip(other.variances()) {
            *v += factor * factor * o;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::frame::Frame;
    use crate::mask::{Mask, Reason};

    fn image(values: [f32; 4], bits: [u8; 4]) -> Image {
        let counts = Array2::from_shape_vec((2, 2), values.to_vec()).unwrap();
        let mask = Mask::from_bits([2, 2], bits.to_vec());
        Image::counts(Frame::new(counts).unwrap(), mask).unwrap()
    }

    #[test]
    fn dark_counts_scale_with_exposure() {
        let dark = image([4.0, 8.0, 0.0, -1.0], [0, 0, 0, 1]);
        let dark = dark.with_exposure_s(4.0).unwrap();
        let light = image([10.0; 4], [0; 4]).with_exposure_s(1.0).unwrap();
        let net = light.minus_dark(&dark).unwrap();
        assert_eq!(net.as_slice()[..3], [9.0, 8.0, 10.0]);
        assert_eq!(net.variances()[..3], [10.25, 10.5, 10.0]);
        assert!(net.mask().has(1, 1, Reason::Bad));
        assert_eq!(net.steps(), ["dark image frame times 0.25 subtracted"]);
    }

    #[test]
    fn unknown_exposures_and_other_shapes_are_errors() {
        let light = image([10.0; 4], [0; 4]).with_exposure_s(1.0).unwrap();
        let error = light
            .clone()
            .minus_dark(&image([1.0; 4], [0; 4]))
            .unwrap_err();
        assert!(error.to_string().contains("exposure time"), "{error}");
        let frame = Frame::new(Array2::zeros((1, 4))).unwrap();
        let small = Image::counts(frame, Mask::from_bits([1, 4], vec![0; 4])).unwrap();
        let small = small.with_exposure_s(1.0).unwrap();
        let error = light.minus_dark(&small).unwrap_err().to_string();
        assert_eq!(
            error,
            "frame: shape is 1 x 4, expected 2 x 2 as the image has"
        );
    }
}
