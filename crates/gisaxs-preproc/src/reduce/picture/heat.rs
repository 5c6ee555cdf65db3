//! Values on two axes as colours.

use super::canvas::{Anchor, Canvas};
use super::colour;
use super::scale::{Scale, log_limits};
use crate::error::Result;

/// Left, right, top, bottom of the plot; on the right is room for the colour bar.
const MARGIN: [i32; 4] = [74, 104, 34, 58];
/// Longest edge of the plot in pixels.
const LARGEST: usize = 760;
/// Small maps are magnified to about this.
const SMALLEST: usize = 380;
const BAR: i32 = 16;

/// A picture of values on two linear axes.
pub(super) struct Heat<'a> {
    pub(super) title: &'a str,
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Row-major, row 0 on top; NaN is not measured.
    pub(super) values: Vec<f32>,
    pub(super) x_label: String,
    pub(super) x_range: [f64; 2],
    pub(super) y_label: String,
    /// From bottom to top.
    pub(super) y_range: [f64; 2],
    pub(super) unit: &'a str,
    /// One unit has the same length on both axes.
    pub(super) to_scale: bool,
}

impl Heat<'_> {
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let (values, [rows, cols]) = self.resampled();
        let [left, right, top, bottom] = MARGIN;
        let (width, height) = (cols as i32, rows as i32);
        let mut canvas = Canvas::new(left + width + right, top + height + bottom);
        let limits = log_limits(&self.values);
        let colours = Scale {
            range: limits,
            ends: [f64::from(top + height), f64::from(top)],
            log: true,
        };
        for (y, row) in values.chunks_exact(cols).enumerate() {
            for (x, &value) in row.iter().enumerate() {
                let colour = if value.is_nan() {
                    colour::NOT_MEASURED
                } else {
                    colour::at(steps(colours.fraction(f64::from(value))))
                };
                canvas.set(left + x as i32, top + y as i32, colour);
            }
        }
        canvas.outline([left, top], [width, height]);
        self.axes(&mut canvas, [width, height]);

        let bar = left + width + 22;
        for y in 0..height {
            let t = 1.0 - (f64::from(y) + 0.5) / f64::from(height);
            canvas.fill([bar, top + y], [BAR, 1], colour::at(steps(t)));
        }
        canvas.outline([bar, top], [BAR, height]);
        for (value, text) in colours.ticks(8) {
            let y = colours.at(value).round() as i32;
            let length = if text.is_some() { 5 } else { 3 };
            canvas.fill([bar + BAR + 1, y], [length, 1], colour::INK);
            if let Some(text) = text {
                canvas.text(&text, [bar + BAR + 9, y], Anchor::Left);
            }
        }
        canvas.plain(self.unit, [bar + BAR + 60, top - 18], Anchor::Right);
        let room = ((left + width) / 9).max(8) as usize;
        canvas.plain(&shortened(self.title, room), [left, top - 18], Anchor::Left);
        canvas.png()
    }

    fn axes(&self, canvas: &mut Canvas, [width, height]: [i32; 2]) {
        let [left, _, top, _] = MARGIN;
        let x = Scale {
            range: self.x_range,
            ends: [f64::from(left), f64::from(left + width)],
            log: false,
        };
        for (value, text) in x.ticks((width / 90).max(2) as usize) {
            let at = x.at(value).round() as i32;
            canvas.fill([at, top + height + 1], [1, 5], colour::INK);
            let text = text.unwrap_or_default();
            canvas.text(&text, [at, top + height + 15], Anchor::Middle);
        }
        let y = Scale {
            range: self.y_range,
            ends: [f64::from(top + height), f64::from(top)],
            log: false,
        };
        for (value, text) in y.ticks((height / 60).max(2) as usize) {
            let at = y.at(value).round() as i32;
            canvas.fill([left - 6, at], [5, 1], colour::INK);
            canvas.text(&text.unwrap_or_default(), [left - 9, at], Anchor::Right);
        }
        canvas.text(
            &self.x_label,
            [left + width / 2, top + height + 38],
            Anchor::Middle,
        );
        canvas.upwards(&self.y_label, [16, top + height / 2]);
    }

    /// Values at the size of the plot: means over blocks of what was measured, or squares.
    fn resampled(&self) -> (Vec<f32>, [usize; 2]) {
        let [rows, cols] = self.shape;
        // Length of a cell on each axis, for axes that are drawn to scale.
        let pitch = |range: [f64; 2], n: usize| (range[1] - range[0]).abs() / n as f64;
        let stretch = if self.to_scale {
            pitch(self.y_range, rows) / pitch(self.x_range, cols)
        } else {
            cols as f64 / rows as f64 * 0.8
        };
        let (wide, high) = (cols as f64, rows as f64 * stretch);
        let longest = wide.max(high);
        let factor = if longest > LARGEST as f64 {
            LARGEST as f64 / longest
        } else {
            // A whole number of picture pixels per cell.
            (SMALLEST as f64 / longest).ceil().max(1.0)
        };
        let size = |x: f64| ((x * factor).round() as usize).clamp(40, 2 * LARGEST);
        let [height, width] = [size(high), size(wide)];
        let edges = |n: usize, of: usize| -> Vec<[usize; 2]> {
            (0..n)
                .map(|i| {
                    let start = i * of / n;
                    [start, ((i + 1) * of / n).max(start + 1)]
                })
                .collect()
        };
        let columns = edges(width, cols);
        let mut out = Vec::with_capacity(width * height);
        for [top, bottom] in edges(height, rows) {
            for &[left, right] in &columns {
                let (mut sum, mut n) = (0.0, 0);
                for row in top..bottom {
                    for &value in &self.values[row * cols + left..row * cols + right] {
                        if !value.is_nan() {
                            sum += f64::from(value);
                            n += 1;
                        }
                    }
                }
                out.push(if n > 0 {
                    (sum / f64::from(n)) as f32
                } else {
                    f32::NAN
                });
            }
        }
        (out, [height, width])
    }
}

/// 220 colours leave room for text in a palette.
fn steps(t: f64) -> f64 {
    (t.clamp(0.0, 1.0) * 219.0).round() / 219.0
}

/// The end of a long name, where the number of a frame stands.
pub(super) fn shortened(name: &str, room: usize) -> String {
    let n = name.chars().count();
    if n <= room {
        return name.to_owned();
    }
    let end: String = name.chars().skip(n - room.saturating_sub(3)).collect();
    format!("...{end}")
}
