//! How long and how bright the exposure was.

use super::super::image::{Image, positive};
use crate::error::{Error, Result};
use crate::frame::FrameHeader;

/// What an image is divided by as a whole. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Normalisation {
    seconds: Seconds,
    monitor: Option<[f64; 2]>,
    transmission: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Seconds {
    #[default]
    AsMeasured,
    OfTheImage,
}

impl Normalisation {
    /// Divides by the exposure time of each image.
    #[must_use]
    pub fn per_second(mut self) -> Self {
        self.seconds = Seconds::OfTheImage;
        self
    }

    /// Divides by the reading of a beam monitor, with its standard deviation (0 if not
    /// known), in the monitor's own unit. Of a monitor that is a sum over the exposure, do
    /// not divide by seconds as well.
    #[must_use]
    pub fn monitor(mut self, reading: f64, standard_deviation: f64) -> Self {
        self.monitor = Some([reading, standard_deviation]);
        self
    }

    /// Divides by the transmission of filters or of the sample, with its standard deviation.
    #[must_use]
    pub fn transmission(mut self, value: f64, standard_deviation: f64) -> Self {
        self.transmission = Some([value, standard_deviation]);
        self
    }
}

/// The number that follows `key` in the lines of a header, as `Flux` in `Flux 2.4e+09
/// ph/s`: the reading of a monitor, say.
///
/// # Errors
/// [`Error::MissingKey`] if no line starts with the key, [`Error::Value`] if no finite
/// number follows.
pub fn header_number(file: &str, header: &FrameHeader, key: &str) -> Result<f64> {
    // Writers separate with any of these; fabio treats them alike.
    let parts = |line: &'_ str| -> Vec<String> {
        let split = line.split(|c: char| c.is_whitespace() || ":=,()".contains(c));
        split
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let line = header
        .lines
        .iter()
        .map(|line| parts(line))
        .find(|parts| parts.first().is_some_and(|p| p.eq_ignore_ascii_case(key)));
    let Some(line) = line else {
        return Err(Error::MissingKey {
            file: file.to_owned(),
            key: key.to_owned(),
            expected: "a line of the header with a number".to_owned(),
        });
    };
    line.get(1)
        .and_then(|text| text.parse().ok())
        .filter(|x: &f64| x.is_finite())
        .ok_or_else(|| Error::Value {
            file: file.to_owned(),
            key: key.to_owned(),
            value: line[1..].join(" "),
            expected: "a finite number".to_owned(),
        })
}

impl Image {
    /// The image over seconds, monitor and transmission. Their errors go into
    /// [`relative_scale_error`](Self::relative_scale_error).
    ///
    /// # Errors
    /// [`Error::Mismatch`] if seconds are asked for and the exposure is not known;
    /// [`Error::Value`] for a number that is not positive or an error that is negative.
    pub fn normalised(self, by: &Normalisation) -> Result<Self> {
        let mut image = self;
        if by.seconds == Seconds::OfTheImage {
            let seconds = image.exposure_s().ok_or_else(|| Error::Mismatch {
                file: image.name().to_owned(),
                what: "exposure time".to_owned(),
                found: "not known".to_owned(),
                expected: "seconds, to normalise: give it with the image".to_owned(),
            })?;
            let unit = format!("{}/s", image.unit());
            let seconds = positive(image.name(), "exposure time", seconds, "s")?;
            image = image.scaled(seconds.recip(), format!("divided by {seconds} s"))?;
            image.set_unit(unit);
        }
        for (name, unit, value) in [
            ("monitor", "/monitor", by.monitor),
            ("transmission", "", by.transmission),
        ] {
            let Some([value, deviation]) = value else {
                continue;
            };
            positive(image.name(), name, value, "")?;
            if !(deviation >= 0.0 && deviation.is_finite()) {
                return Err(Error::Value {
                    file: image.name().to_owned(),
                    key: format!("standard deviation of the {name}"),
                    value: deviation.to_string(),
                    expected: "zero or a positive finite number".to_owned(),
                });
            }
            let unit = format!("{}{unit}", image.unit());
            image = image.scaled(value.recip(), format!("divided by {name} {value}"))?;
            image.set_unit(unit);
            image.add_scale_error(deviation / value);
        }
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::frame::Frame;
    use crate::mask::Mask;

    fn image() -> Image {
        let frame = Frame::new(Array2::from_elem((1, 2), 100.0)).unwrap();
        Image::counts(frame, Mask::from_bits([1, 2], vec![0; 2])).unwrap()
    }

    #[test]
    fn the_error_of_a_monitor_is_no_pixels_own() {
        let by = Normalisation::default()
            .per_second()
            .monitor(50.0, 1.5)
            .transmission(0.5, 0.02);
        let image = image().with_exposure_s(4.0).unwrap();
        let image = image.normalised(&by).unwrap();
        assert_eq!(image.as_slice(), [1.0; 2]);
        assert_eq!(image.variances(), [0.01; 2]);
        assert_eq!(image.unit(), "counts/s/monitor");
        assert!((image.relative_scale_error() - 0.05).abs() < 1e-12);
    }

    #[test]
    fn impossible_normalisations_are_refused() {
        let by = Normalisation::default();
        assert!(image().normalised(&by.per_second()).is_err());
        for (value, deviation) in [(0.0, 0.0), (-1.0, 0.0), (f64::NAN, 0.0), (1.0, -0.1)] {
            assert!(image().normalised(&by.monitor(value, deviation)).is_err());
        }
    }

    #[test]
    fn monitors_are_read_from_headers() {
        let header = FrameHeader {
            lines: vec![
                "Exposure_time 0.995 s".to_owned(),
                "Flux: 2.5e+09 ph/s".to_owned(),
                "Polarization".to_owned(),
            ],
            ..FrameHeader::default()
        };
        assert_eq!(header_number("f", &header, "flux").unwrap(), 2.5e9);
        let error = header_number("f", &header, "Polarization").unwrap_err();
        assert!(error.to_string().contains("a finite number"), "{error}");
        let error = header_number("f", &header, "I0").unwrap_err();
        assert!(error.to_string().contains("key I0 is missing"), "{error}");
    }
}
