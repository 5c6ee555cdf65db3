//! What scatters without the sample.

use super::super::image::{Image, positive};
use crate::error::Result;

impl Image {
    /// I - s B, with variance var I + s^2 var B: an image of the same unit without the
    /// sample, or of the bare substrate, times `factor`. Intensities below zero stay, as
    /// noise around nothing must.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::Error::Mismatch) for another shape or another unit: correct
    /// both alike; [`Error::Value`](crate::Error::Value) for a factor that is not positive.
    pub fn minus_background(self, background: &Self, factor: f64) -> Result<Self> {
        positive(background.name(), "factor of the background", factor, "")?;
        let step = format!("background {} times {factor} subtracted", background.name());
        self.minus(background, factor, step)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::Normalisation;
    use super::*;
    use crate::frame::Frame;
    use crate::mask::Mask;

    #[test]
    fn noise_around_nothing_may_be_negative() {
        let image = |value: f32| {
            let frame = Frame::new(Array2::from_elem((1, 2), value)).unwrap();
            Image::counts(frame, Mask::from_bits([1, 2], vec![0; 2])).unwrap()
        };
        let net = image(3.0).minus_background(&image(8.0), 0.5).unwrap();
        assert_eq!(net.as_slice(), [-1.0; 2]);
        assert_eq!(net.variances(), [5.0; 2]);
        assert!(image(3.0).minus_background(&image(8.0), 0.0).is_err());
        // Counts cannot be taken from counts per second.
        let rate = image(8.0).with_exposure_s(2.0).unwrap();
        let rate = rate
            .normalised(&Normalisation::default().per_second())
            .unwrap();
        let error = image(3.0).minus_background(&rate, 1.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame: unit is counts/s, expected counts as frame has"
        );
    }
}
