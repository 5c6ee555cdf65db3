//! Intensities with their variance and validity.

use gisaxs_physics::elementary::hypot;
use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::mask::{Mask, Reason};

/// A corrected or raw image: value, variance and a reason per pixel that is left out.
///
/// Raw counts have the variance of counting, equal to the counts, which costs no memory.
/// Corrections of this module propagate it to first order, pixel by pixel, as independent;
/// what all pixels share (the error of a monitor) is kept apart, in
/// [`relative_scale_error`](Self::relative_scale_error).
///
/// ```
/// use gisaxs_preproc::{Frame, Mask, ndarray::Array2, reduce::Image};
///
/// let frame = Frame::new(Array2::from_elem((2, 3), 16.0))?;
/// let image = Image::counts(frame, Mask::from_bits([2, 3], vec![0; 6]))?;
/// assert_eq!(image.variance(4), 16.0);
/// assert_eq!(image.scaled(0.5, "halved")?.variance(4), 4.0);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    values: Array2<f32>,
    /// `None`: equal to the values.
    variance: Option<Vec<f32>>,
    mask: Mask,
    unit: String,
    exposure_s: Option<f64>,
    date: Option<String>,
    relative_scale_error: f64,
    steps: Vec<String>,
}

impl Image {
    /// Counts of a detector that counts photons: the variance is the count.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the mask has another shape; [`Error::Pixel`] for a negative
    /// count that is not masked.
    pub fn counts(frame: Frame, mask: Mask) -> Result<Self> {
        let image = Self::over(frame, mask)?;
        image.check(image.as_slice(), |x| x >= 0.0, "a count of zero or more")?;
        Ok(image)
    }

    /// Values with given variances, shape (rows, columns): of a detector that integrates, or
    /// made elsewhere.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if shapes differ; [`Error::Pixel`] for a variance that is negative
    /// or not finite where the mask lets a pixel count.
    pub fn with_variance(frame: Frame, mask: Mask, variance: &Array2<f32>) -> Result<Self> {
        let mut image = Self::over(frame, mask)?;
        let shape = [variance.nrows(), variance.ncols()];
        check_shape(&image.name, "shape of the variance", shape, image.shape())?;
        let variance: Vec<f32> = variance.iter().copied().collect();
        let allowed = |x: f32| x >= 0.0 && x.is_finite();
        image.check(&variance, allowed, "a variance of zero or more")?;
        image.variance = Some(variance);
        Ok(image)
    }

    fn over(frame: Frame, mask: Mask) -> Result<Self> {
        check_shape(
            frame.name(),
            "shape of the mask",
            mask.shape(),
            frame.shape(),
        )?;
        Ok(Self {
            name: frame.name().to_owned(),
            exposure_s: frame.header().exposure_s,
            date: frame.header().date.clone(),
            values: frame.into_counts(),
            variance: None,
            mask,
            unit: "counts".to_owned(),
            relative_scale_error: 0.0,
            steps: Vec::new(),
        })
    }

    /// Refuses the first measured pixel that `values` does not allow.
    fn check(&self, values: &[f32], allowed: impl Fn(f32) -> bool, expected: &str) -> Result<()> {
        let bad = values
            .iter()
            .zip(self.mask.bits())
            .position(|(&x, &bits)| is_measured(bits) && !allowed(x));
        match bad {
            None => Ok(()),
            Some(at) => Err(self.pixel_error(at, f64::from(values[at]), expected)),
        }
    }

    pub(super) fn pixel_error(&self, at: usize, value: f64, expected: &str) -> Error {
        let cols = self.shape()[1];
        Error::Pixel {
            file: self.name.clone(),
            row: at / cols,
            col: at % cols,
            value,
            expected: expected.to_owned(),
        }
    }

    /// Name of the frame it was made from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [self.values.nrows(), self.values.ncols()]
    }

    /// Values, shape (rows, columns); of masked pixels without meaning.
    #[must_use]
    pub fn values(&self) -> &Array2<f32> {
        &self.values
    }

    /// Values in row-major order.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        self.values.as_slice().unwrap_or_default()
    }

    /// Variance of pixel `index` in row-major order.
    ///
    /// # Panics
    /// If there is no such pixel.
    #[must_use]
    pub fn variance(&self, index: usize) -> f32 {
        match &self.variance {
            Some(variance) => variance[index],
            None => self.as_slice()[index],
        }
    }

    /// Variances in row-major order; those of raw counts are the values.
    #[must_use]
    pub fn variances(&self) -> &[f32] {
        self.variance.as_deref().unwrap_or(self.as_slice())
    }

    /// Whether the variance is the value: raw counts.
    pub(super) fn is_counts(&self) -> bool {
        self.variance.is_none()
    }

    /// Reasons per pixel.
    #[must_use]
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Unit of the values, as `counts` or `counts/s`.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Exposure time, s, if the frame's header or the caller says it.
    #[must_use]
    pub fn exposure_s(&self) -> Option<f64> {
        self.exposure_s
    }

    /// The same image with another exposure time, s: headers often lack it.
    ///
    /// # Errors
    /// [`Error::Value`] if it is not positive.
    pub fn with_exposure_s(mut self, exposure_s: f64) -> Result<Self> {
        self.exposure_s = Some(positive(&self.name, "exposure time", exposure_s, "s")?);
        Ok(self)
    }

    /// When it was taken, as the file says it.
    #[must_use]
    pub fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }

    /// Standard deviation of the common factor of all pixels, relative: of monitors and
    /// transmissions. It is in no pixel's variance, because averaging does not reduce it.
    #[must_use]
    pub fn relative_scale_error(&self) -> f64 {
        self.relative_scale_error
    }

    /// What was done to the counts, one sentence each.
    #[must_use]
    pub fn steps(&self) -> &[String] {
        &self.steps
    }

    /// Values and variances to change; the mask to add to; and what was done.
    pub(super) fn change(&mut self, step: String) -> (&mut [f32], &mut [f32]) {
        self.steps.push(step);
        let Self {
            values, variance, ..
        } = self;
        let values = values.as_slice_mut().unwrap_or_default();
        let variance = variance.get_or_insert_with(|| values.to_vec());
        (values, variance)
    }

    pub(super) fn note(&mut self, step: String) {
        self.steps.push(step);
    }

    pub(super) fn set_unit(&mut self, unit: String) {
        self.unit = unit;
    }

    pub(super) fn add_scale_error(&mut self, relative: f64) {
        self.relative_scale_error = hypot(self.relative_scale_error, relative);
    }

    /// Leaves out pixels that `reject` names, as bad.
    pub(super) fn leave_out(&mut self, reject: impl Fn(usize) -> bool) {
        let mut bits = self.mask.bits().to_vec();
        for (at, bits) in bits.iter_mut().enumerate() {
            if is_measured(*bits) && reject(at) {
                *bits |= Reason::Bad.bit();
            }
        }
        self.mask = Mask::from_bits(self.mask.shape(), bits);
    }

    /// The image times `factor`, the variance times its square.
    ///
    /// # Errors
    /// [`Error::Value`] if the factor is not positive and finite.
    pub fn scaled(mut self, factor: f64, step: impl Into<String>) -> Result<Self> {
        positive(&self.name, "factor", factor, "")?;
        let (values, variance) = self.change(step.into());
        for x in values {
            *x = (f64::from(*x) * factor) as f32;
        }
        for v in variance {
            *v = (f64::from(*v) * factor * factor) as f32;
        }
        Ok(self)
    }
}

/// Whether a pixel counts in a reduction: what is only outside the network's grid does.
pub(super) const fn is_measured(bits: u8) -> bool {
    bits & !Reason::Outside.bit() == 0
}

pub(super) fn check_shape(
    file: &str,
    what: &str,
    found: [usize; 2],
    expected: [usize; 2],
) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Mismatch {
        file: file.to_owned(),
        what: what.to_owned(),
        found: format!("{} x {}", found[0], found[1]),
        expected: format!("{} x {} as the image has", expected[0], expected[1]),
    })
}

pub(super) fn positive(file: &str, key: &str, value: f64, unit: &str) -> Result<f64> {
    if value > 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(Error::Value {
        file: file.to_owned(),
        key: key.to_owned(),
        value: value.to_string(),
        expected: format!("a positive finite number {unit}")
            .trim_end()
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(counts: Vec<f32>) -> Frame {
        let counts = Array2::from_shape_vec((2, counts.len() / 2), counts).unwrap();
        Frame::new(counts).unwrap()
    }

    #[test]
    fn counts_are_checked_where_they_count() {
        let counts = || frame(vec![1.0, -1.0, 0.0, 7.0]);
        let error = Image::counts(counts(), Mask::from_bits([2, 2], vec![0; 4])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame: pixel at row 0, column 1 is -1, expected a count of zero or more"
        );
        let mask = Mask::from_bits([2, 2], vec![0, 1, 64, 0]);
        let image = Image::counts(counts(), mask).unwrap();
        assert_eq!(image.variances(), image.as_slice());
        let error = Image::counts(counts(), Mask::from_bits([1, 4], vec![0; 4])).unwrap_err();
        assert!(error.to_string().contains("1 x 4"), "{error}");
    }

    #[test]
    fn variances_are_checked() {
        let mask = || Mask::from_bits([2, 2], vec![0; 4]);
        let values = || frame(vec![-3.0, 1.0, 2.0, 3.0]);
        let mut variance = Array2::from_elem((2, 2), 4.0);
        let image = Image::with_variance(values(), mask(), &variance).unwrap();
        assert_eq!(image.variance(0), 4.0);
        for bad in [-1.0, f32::NAN, f32::INFINITY] {
            variance[[1, 0]] = bad;
            let error = Image::with_variance(values(), mask(), &variance).unwrap_err();
            assert!(error.to_string().contains("row 1, column 0"), "{error}");
        }
        let other = Array2::zeros((2, 3));
        assert!(Image::with_variance(values(), mask(), &other).is_err());
    }

    #[test]
    fn scaling_squares_in_the_variance() {
        let mask = Mask::from_bits([2, 2], vec![0; 4]);
        let image = Image::counts(frame(vec![1.0, 2.0, 3.0, 4.0]), mask).unwrap();
        let image = image.scaled(3.0, "times three").unwrap();
        assert_eq!(image.as_slice(), [3.0, 6.0, 9.0, 12.0]);
        assert_eq!(image.variances(), [9.0, 18.0, 27.0, 36.0]);
        assert_eq!(image.steps(), ["times three"]);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(image.clone().scaled(bad, "").is_err());
        }
    }
}
