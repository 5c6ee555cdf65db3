//! Pictures: maps and frames with axes and colour bar, profiles with error bars, as PNG.
//!
//! Intensities are drawn on a logarithmic scale in the colours of the reports of
//! `gisaxs-infer`; grey is what was not measured, black what is below the scale.

mod canvas;
mod chart;
mod colour;
mod heat;
mod scale;

use std::path::Path;

use super::image::{Image, is_measured};
use super::map::Map;
use super::profile::Profile;
use crate::error::Result;
use crate::frame::write_file;
use crate::geometry::Quantity;
use heat::Heat;

/// Name of a quantity as it is drawn, `_` before a subscript.
fn label(name: &str, unit: &str) -> String {
    let name = match name {
        "qx" => "q_x",
        "qy" => "q_y",
        "qz" => "q_z",
        "qxy" => "q_xy",
        "kz" => "k_z",
        "two_theta_f" => "2theta_f",
        other => other,
    };
    format!("{name} ({unit})")
}

impl Map {
    /// The map as a PNG picture with axes and colour bar.
    ///
    /// # Errors
    /// [`Error::Picture`](crate::Error::Picture) if it cannot be encoded.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        // Row 0 of a picture is on top.
        let rows = self.mean.rows().into_iter().rev();
        let values: Vec<f32> = rows.flatten().copied().collect();
        let axis = |axis: &super::Axis| {
            let quantity = axis.quantity();
            (
                label(quantity.name(), quantity.unit()),
                [axis.value(0.0), axis.value(axis.bins() as f64)],
            )
        };
        let (x_label, x_range) = axis(&self.x);
        let (y_label, y_range) = axis(&self.y);
        Heat {
            title: &self.provenance.frame,
            shape: [self.y.bins(), self.x.bins()],
            values,
            x_label,
            x_range,
            y_label,
            y_range,
            unit: &self.unit,
            // Axes of one unit are drawn to scale.
            to_scale: self.x.quantity().unit() == self.y.quantity().unit(),
        }
        .png()
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png); [`Error::Write`](crate::Error::Write).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), &self.to_png()?)
    }
}

impl Image {
    /// The detector as a PNG picture: columns to the right, row 0 on top, masked pixels grey.
    ///
    /// # Errors
    /// [`Error::Picture`](crate::Error::Picture) if it cannot be encoded.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let [rows, cols] = self.shape();
        let mask = self.mask().bits().iter();
        let values = self.as_slice().iter().zip(mask);
        Heat {
            title: self.name(),
            shape: [rows, cols],
            values: values
                .map(|(&x, &bits)| if is_measured(bits) { x } else { f32::NAN })
                .collect(),
            x_label: label(Quantity::Column.name(), "pixels"),
            x_range: [-0.5, cols as f64 - 0.5],
            y_label: label(Quantity::Row.name(), "pixels"),
            y_range: [rows as f64 - 0.5, -0.5],
            unit: self.unit(),
            to_scale: true,
        }
        .png()
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png); [`Error::Write`](crate::Error::Write).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), &self.to_png()?)
    }
}

impl Profile {
    /// The profile as a PNG picture: means with error bars, logarithmic where they span more
    /// than a decade.
    ///
    /// # Errors
    /// [`Error::Picture`](crate::Error::Picture) if it cannot be encoded.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        chart::png(self)
    }

    /// Writes the picture.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png); [`Error::Write`](crate::Error::Write).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), &self.to_png()?)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{Axis, Line, Regridder};
    use super::*;
    use crate::{Frame, Instrument, Mask};

    /// Width, height and RGB bytes.
    fn decode(bytes: &[u8]) -> (usize, usize, Vec<[u8; 3]>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes));
        reader.set_transformations(png::Transformations::EXPAND);
        let mut reader = reader.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let rgb = pixels.chunks_exact(3).map(|p| [p[0], p[1], p[2]]);
        (info.width as usize, info.height as usize, rgb.collect())
    }

    fn measured() -> (Image, Instrument) {
        let text = "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\n\
                    shape = [60, 50]\npixel_size_mm = [2, 2]\ndistance_mm = 2000\n\
                    direct_beam_px = [25, 52]";
        let counts = Array2::from_shape_fn((60, 50), |(r, c)| (1 + r * c) as f32);
        let mut bits = vec![0; 3000];
        bits[..500].fill(1);
        let image = Image::counts(Frame::new(counts).unwrap(), Mask::from_bits([60, 50], bits));
        let instrument = Instrument::from_toml(text, "test.toml").unwrap();
        (image.unwrap(), instrument)
    }

    #[test]
    fn frames_show_what_is_masked() {
        let (image, _) = measured();
        let (width, height, rgb) = decode(&image.to_png().unwrap());
        assert!(width > 300 && height > 300, "{width} x {height}");
        let grey = rgb.iter().filter(|&&p| p == colour::NOT_MEASURED).count();
        let white = rgb.iter().filter(|&&p| p == [255; 3]).count();
        // 500 of 3000 pixels, each drawn as a square of the same size.
        let drawn = rgb.len() - white;
        assert_eq!(grey % 500, 0);
        assert!(grey * 5 < drawn && grey * 9 > drawn, "{grey} of {drawn}");
    }

    #[test]
    fn maps_and_profiles_are_drawn() {
        let (image, instrument) = measured();
        let map = Regridder::q_map(&instrument).unwrap().map(&image).unwrap();
        let (_, _, rgb) = decode(&map.to_png().unwrap());
        assert!(rgb.contains(&colour::NOT_MEASURED));
        let axis = Axis::linear(Quantity::QY, [-1.0, 1.0], 100).unwrap();
        let profile = Profile::new(&image, &instrument, &Line::along(axis)).unwrap();
        let (width, height, rgb) = decode(&profile.to_png().unwrap());
        assert!(width > height);
        assert!(rgb.iter().filter(|&&p| p == colour::CURVE).count() > 200);
    }

    #[test]
    fn nothing_to_draw_is_still_a_picture() {
        let (image, instrument) = measured();
        let axis = Axis::linear(Quantity::QY, [50.0, 60.0], 10).unwrap();
        let profile = Profile::new(&image, &instrument, &Line::along(axis)).unwrap();
        decode(&profile.to_png().unwrap());
        let far = Axis::linear(Quantity::QZ, [50.0, 60.0], 10).unwrap();
        let map = Regridder::new(&instrument, axis, far).unwrap();
        decode(&map.map(&image).unwrap().to_png().unwrap());
    }
}
