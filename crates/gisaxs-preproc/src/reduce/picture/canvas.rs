//! A picture in memory: rectangles, soft lines, text.

use std::convert::Infallible;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_6X10, FONT_9X15};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Baseline, Text};
use embedded_graphics::{Drawable, Pixel};

use gisaxs_physics::elementary::hypot;

use super::colour::INK;
use crate::error::{Error, Result};

type Colour = [u8; 3];

/// An RGB picture on white.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) width: i32,
    pub(super) height: i32,
    pixels: Vec<Colour>,
}

/// Where a text stands relative to its point; always centred across its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

impl Canvas {
    pub(super) fn new(width: i32, height: i32) -> Self {
        let pixels = vec![[255; 3]; (width.max(1) * height.max(1)) as usize];
        Self {
            width: width.max(1),
            height: height.max(1),
            pixels,
        }
    }

    /// Sets a pixel; outside the picture nothing happens.
    pub(super) fn set(&mut self, x: i32, y: i32, colour: Colour) {
        self.blend(x, y, colour, 1.0);
    }

    fn blend(&mut self, x: i32, y: i32, colour: Colour, share: f64) {
        if (0..self.width).contains(&x) && (0..self.height).contains(&y) {
            let old = &mut self.pixels[(y * self.width + x) as usize];
            for (old, new) in old.iter_mut().zip(colour) {
                *old = (f64::from(*old) * (1.0 - share) + f64::from(new) * share).round() as u8;
            }
        }
    }

    /// Fills the rectangle from (x, y), excluding (x + width, y + height).
    pub(super) fn fill(&mut self, [x, y]: [i32; 2], [width, height]: [i32; 2], colour: Colour) {
        for row in y..y + height {
            for col in x..x + width {
                self.set(col, row, colour);
            }
        }
    }

    /// A frame one pixel outside the rectangle.
    pub(super) fn outline(&mut self, [x, y]: [i32; 2], [width, height]: [i32; 2]) {
        self.fill([x - 1, y - 1], [width + 2, 1], INK);
        self.fill([x - 1, y + height], [width + 2, 1], INK);
        self.fill([x - 1, y - 1], [1, height + 2], INK);
        self.fill([x + width, y - 1], [1, height + 2], INK);
    }

    /// A line with soft edges, clipped to the box `inside` ([left, top, right, bottom]).
    pub(super) fn line(
        &mut self,
        a: [f64; 2],
        b: [f64; 2],
        half_width: f64,
        colour: Colour,
        inside: [i32; 4],
    ) {
        let low = [0, 1].map(|i| (a[i].min(b[i]) - 2.0).floor() as i32);
        let high = [0, 1].map(|i| (a[i].max(b[i]) + 2.0).ceil() as i32);
        let d = [b[0] - a[0], b[1] - a[1]];
        let squared = (d[0] * d[0] + d[1] * d[1]).max(1e-12);
        for y in low[1].max(inside[1])..=high[1].min(inside[3]) {
            for x in low[0].max(inside[0])..=high[0].min(inside[2]) {
                let r = [f64::from(x) - a[0], f64::from(y) - a[1]];
                let along = ((r[0] * d[0] + r[1] * d[1]) / squared).clamp(0.0, 1.0);
                let distance = hypot(r[0] - along * d[0], r[1] - along * d[1]);
                let share = (half_width + 0.5 - distance).clamp(0.0, 1.0);
                if share > 0.0 {
                    self.blend(x, y, colour, share);
                }
            }
        }
    }

    /// Writes text at (x, y). `_` lowers what follows up to the next space, `^` raises it,
    /// both smaller.
    pub(super) fn text(&mut self, text: &str, [x, y]: [i32; 2], anchor: Anchor) {
        self.run(&pieces(text), [x, y], anchor);
    }

    /// Text without sub- and superscripts.
    pub(super) fn plain(&mut self, text: &str, at: [i32; 2], anchor: Anchor) {
        self.run(&[(0, text.to_owned())], at, anchor);
    }

    fn run(&mut self, pieces: &[(i32, String)], [x, y]: [i32; 2], anchor: Anchor) {
        let width = width(pieces);
        let mut x = match anchor {
            Anchor::Left => x,
            Anchor::Middle => x - width / 2,
            Anchor::Right => x - width,
        };
        for (shift, piece) in pieces {
            let style = MonoTextStyle::new(font(*shift), Rgb888::new(INK[0], INK[1], INK[2]));
            let at = Point::new(x, y + 5 * shift);
            let Ok(_) = Text::with_baseline(piece, at, style, Baseline::Middle).draw(self);
            x += piece_width(*shift, piece);
        }
    }

    /// Text that reads upwards, centred at (x, y).
    pub(super) fn upwards(&mut self, text: &str, [x, y]: [i32; 2]) {
        let (w, h) = (width(&pieces(text)), 24);
        let mut strip = Self::new(w, h);
        strip.text(text, [0, h / 2], Anchor::Left);
        for row in 0..h {
            for column in 0..w {
                let colour = strip.pixels[(row * w + column) as usize];
                if colour != [255; 3] {
                    self.set(x - h / 2 + row, y + w / 2 - column, colour);
                }
            }
        }
    }

    /// The picture as PNG, with a palette where 256 colours are enough.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        let mut palette = self.pixels.clone();
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
        let encoded = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&data));
        encoded.map_err(|source| Error::Picture { source })?;
        Ok(bytes)
    }
}

fn font(shift: i32) -> &'static MonoFont<'static> {
    if shift == 0 { &FONT_9X15 } else { &FONT_6X10 }
}

fn piece_width(shift: i32, piece: &str) -> i32 {
    let size = font(shift).character_size;
    piece.chars().count() as i32 * (size.width as i32)
}

fn width(pieces: &[(i32, String)]) -> i32 {
    pieces
        .iter()
        .map(|(shift, piece)| piece_width(*shift, piece))
        .sum()
}

/// Pieces of a text with their shift: 0, 1 for lowered, -1 for raised.
fn pieces(text: &str) -> Vec<(i32, String)> {
    let mut pieces = vec![(0, String::new())];
    for c in text.chars() {
        let shift = match c {
            '_' => Some(1),
            '^' => Some(-1),
            ' ' => Some(0),
            _ => None,
        };
        if let Some(shift) = shift
            && pieces.last().is_some_and(|last| last.0 != shift)
        {
            pieces.push((shift, String::new()));
        }
        if let Some(last) = pieces.last_mut()
            && !['_', '^'].contains(&c)
        {
            last.1.push(c);
        }
    }
    pieces
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> std::result::Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(point, colour) in pixels {
            self.set(point.x, point.y, [colour.r(), colour.g(), colour.b()]);
        }
        Ok(())
    }
}
