//! Pictures: filled rectangles, smooth lines, text, and PNG files.

use std::convert::Infallible;
use std::io::BufWriter;
use std::path::Path;

use embedded_graphics::Drawable;
use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_6X12;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};

use super::Error;

pub(crate) const INK: Colour = [32, 32, 32];
pub(crate) const FAINT: Colour = [216, 216, 216];
/// Width and height of a character.
pub(crate) const CHARACTER: [i32; 2] = [6, 12];

pub(crate) type Colour = [u8; 3];

/// An RGB picture on white.
#[derive(Debug)]
pub(crate) struct Canvas {
    width: i32,
    height: i32,
    pixels: Vec<Colour>,
}

impl Canvas {
    pub(crate) fn new(width: i32, height: i32) -> Self {
        let pixels = vec![[255; 3]; (width.max(0) * height.max(0)) as usize];
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Sets a pixel; outside the picture nothing happens.
    pub(crate) fn set(&mut self, x: i32, y: i32, colour: Colour) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            self.pixels[(y * self.width + x) as usize] = colour;
        }
    }

    /// Copies `other` with its upper left corner at (x, y).
    pub(crate) fn place(&mut self, other: &Self, x: i32, y: i32) {
        for row in 0..other.height {
            for column in 0..other.width {
                let colour = other.pixels[(row * other.width + column) as usize];
                self.set(x + column, y + row, colour);
            }
        }
    }

    /// Mixes a colour into a pixel.
    fn blend(&mut self, x: i32, y: i32, colour: Colour, share: f64) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            let old = &mut self.pixels[(y * self.width + x) as usize];
            // Few levels keep the palette small.
            let share = (share.clamp(0.0, 1.0) * 8.0).round() / 8.0;
            for (old, new) in old.iter_mut().zip(colour) {
                *old = (f64::from(*old) * (1.0 - share) + f64::from(new) * share).round() as u8;
            }
        }
    }

    pub(crate) fn horizontal(&mut self, x: [i32; 2], y: i32, colour: Colour) {
        (x[0]..=x[1]).for_each(|x| self.set(x, y, colour));
    }

    pub(crate) fn vertical(&mut self, x: i32, y: [i32; 2], colour: Colour) {
        (y[0]..=y[1]).for_each(|y| self.set(x, y, colour));
    }

    /// A line of about 1.6 pixels with soft edges from `a` to `b`, clipped to the box `inside`
    /// ([left, top, right, bottom]).
    pub(crate) fn line(&mut self, a: [f64; 2], b: [f64; 2], colour: Colour, inside: [i32; 4]) {
        const HALF_WIDTH: f64 = 0.8;
        let low = [0, 1].map(|i| (a[i].min(b[i]) - 2.0).floor() as i32);
        let high = [0, 1].map(|i| (a[i].max(b[i]) + 2.0).ceil() as i32);
        let d = [b[0] - a[0], b[1] - a[1]];
        let length = d[0].hypot(d[1]).max(1e-12);
        for y in low[1].max(inside[1])..=high[1].min(inside[3]) {
            for x in low[0].max(inside[0])..=high[0].min(inside[2]) {
                let r = [f64::from(x) - a[0], f64::from(y) - a[1]];
                let along = ((r[0] * d[0] + r[1] * d[1]) / (length * length)).clamp(0.0, 1.0);
                let distance = (r[0] - along * d[0]).hypot(r[1] - along * d[1]);
                let share = HALF_WIDTH + 0.5 - distance;
                if share > 0.0 {
                    self.blend(x, y, colour, share);
                }
            }
        }
    }

    /// Text centred at (x, y).
    pub(crate) fn centred(&mut self, text: &str, x: i32, y: i32) {
        self.text(text, x, y, Alignment::Center, INK);
    }

    /// Text that ends at (x, y), vertically centred.
    pub(crate) fn right(&mut self, text: &str, x: i32, y: i32) {
        self.text(text, x, y, Alignment::Right, INK);
    }

    /// Text that starts at (x, y), vertically centred.
    pub(crate) fn left(&mut self, text: &str, x: i32, y: i32, colour: Colour) {
        self.text(text, x, y, Alignment::Left, colour);
    }

    /// Text that reads upwards, centred at (x, y).
    pub(crate) fn upwards(&mut self, text: &str, x: i32, y: i32) {
        let [w, h] = [text.chars().count() as i32 * CHARACTER[0], CHARACTER[1]];
        let mut strip = Self::new(w, h);
        strip.left(text, 0, h / 2, INK);
        for row in 0..h {
            for column in 0..w {
                let colour = strip.pixels[(row * w + column) as usize];
                if colour != [255; 3] {
                    self.set(x - h / 2 + row, y + w / 2 - column, colour);
                }
            }
        }
    }

    fn text(&mut self, text: &str, x: i32, y: i32, alignment: Alignment, colour: Colour) {
        let [r, g, b] = colour;
        let style = TextStyleBuilder::new()
            .alignment(alignment)
            .baseline(Baseline::Middle)
            .build();
        let font = MonoTextStyle::new(&FONT_6X12, Rgb888::new(r, g, b));
        let Ok(_) = Text::with_text_style(text, Point::new(x, y), font, style).draw(self);
    }

    /// Writes a PNG, with a palette where 256 colours are enough.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let error = |source: std::io::Error| Error::Write {
            path: path.into(),
            source,
        };
        let file = std::fs::File::create(path).map_err(error)?;
        let mut encoder =
            png::Encoder::new(BufWriter::new(file), self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut palette: Vec<Colour> = self.pixels.clone();
        palette.sort_unstable();
        palette.dedup();
        let data: Vec<u8> = if palette.len() <= 256 {
            encoder.set_color(png::ColorType::Indexed);
            // Neighbouring indices are no neighbouring colours: a prediction would only hurt.
            encoder.set_filter(png::Filter::NoFilter);
            encoder.set_palette(palette.concat());
            let index = |colour| palette.partition_point(|p| p < colour) as u8;
            self.pixels.iter().map(index).collect()
        } else {
            encoder.set_color(png::ColorType::Rgb);
            self.pixels.concat()
        };
        let result = encoder
            .write_header()
            .and_then(|mut w| w.write_image_data(&data));
        result.map_err(|source| error(std::io::Error::other(source)))
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, colour) in pixels {
            self.set(point.x, point.y, [colour.r(), colour.g(), colour.b()]);
        }
        Ok(())
    }
}
