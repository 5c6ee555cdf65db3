//! From counts to intensities that can be compared: what the camera adds, how differently
//! its pixels see, how long and how bright the exposure was, and what scatters without the
//! sample.

mod background;
mod dark;
mod flat;
mod geometry;
mod normalisation;

pub use flat::FlatField;
pub use geometry::PixelFactors;
pub use normalisation::{Normalisation, header_number};

use super::image::Image;
use crate::error::Result;

/// Corrections of a series, applied in this order:
///
/// I = (N - s_D D) / (F g M) - s_B B
///
/// with N the counts, D the dark image and s_D the ratio of the exposures, F the flat field,
/// g geometric factors (solid angle, and so on), M the [`Normalisation`], and B the
/// background, corrected the same way, times s_B. What is `None` is left out.
///
/// ```
/// use gisaxs_preproc::{Frame, Mask, ndarray::Array2};
/// use gisaxs_preproc::reduce::{FlatField, Image, ImageCorrections, Normalisation};
///
/// let image = |value: f32| {
///     let frame = Frame::new(Array2::from_elem((2, 2), value))?;
///     Image::counts(frame, Mask::from_bits([2, 2], vec![0; 4]))?.with_exposure_s(2.0)
/// };
/// let corrections = ImageCorrections {
///     dark: Some(image(1.0)?),
///     flat: Some(FlatField::new(Array2::from_elem((2, 2), 0.5))?),
///     normalisation: Normalisation::default().per_second(),
///     ..ImageCorrections::default()
/// };
/// let corrected = corrections.apply(image(11.0)?)?;
/// assert_eq!(corrected.as_slice(), [10.0; 4]);     // (11 - 1) / 0.5 / 2 s
/// assert_eq!(corrected.variances(), [12.0; 4]);    // (11 + 1) / 0.5^2 / 2^2
/// assert_eq!(corrected.unit(), "counts/s");
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ImageCorrections {
    /// Image without beam, scaled to the exposure of the frame.
    pub dark: Option<Image>,
    /// Response of the pixels.
    pub flat: Option<FlatField>,
    /// Geometric factors, in this order.
    pub factors: Vec<PixelFactors>,
    /// Exposure, monitor, transmission.
    pub normalisation: Normalisation,
    /// Image without the sample's scattering, in the unit that the result has, and its
    /// factor.
    pub background: Option<(Image, f64)>,
}

impl ImageCorrections {
    /// Corrects an image.
    ///
    /// # Errors
    /// [`Error`](crate::Error) that names image, quantity and what was expected: shapes that
    /// differ, exposures that nobody says, factors that are not positive, units that differ.
    pub fn apply(&self, mut image: Image) -> Result<Image> {
        if let Some(dark) = &self.dark {
            image = image.minus_dark(dark)?;
        }
        if let Some(flat) = &self.flat {
            image = image.divided_by_flat(flat)?;
        }
        for factors in &self.factors {
            image = image.divided_by(factors)?;
        }
        image = image.normalised(&self.normalisation)?;
        if let Some((background, factor)) = &self.background {
            image = image.minus_background(background, *factor)?;
        }
        Ok(image)
    }
}
