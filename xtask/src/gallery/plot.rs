//! Axes with ticks, curves and maps on them.

use super::canvas::{CHARACTER, Canvas, Colour, FAINT, INK};

/// Colours of curves, told apart also without colour vision (Okabe and Ito).
pub(crate) const CURVES: [Colour; 6] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
];

/// A rectangle with two axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plot {
    /// Left, top, right and bottom pixel inside the frame.
    pub(crate) area: [i32; 4],
    pub(crate) x: [f64; 2],
    pub(crate) y: [f64; 2],
    /// Whether y is a logarithm: ticks are powers of ten of it.
    pub(crate) log_y: bool,
}

impl Plot {
    fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, top, right, bottom] = self.area.map(f64::from);
        [
            left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (right - left),
            bottom - (y - self.y[0]) / (self.y[1] - self.y[0]) * (bottom - top),
        ]
    }

    /// Value of the centre of a pixel.
    pub(crate) fn value(&self, x: i32, y: i32) -> [f64; 2] {
        let [left, top, right, bottom] = self.area.map(f64::from);
        [
            self.x[0] + (f64::from(x) - left) / (right - left) * (self.x[1] - self.x[0]),
            self.y[0] + (bottom - f64::from(y)) / (bottom - top) * (self.y[1] - self.y[0]),
        ]
    }

    /// Fills the area with the colour of each point.
    pub(crate) fn map(&self, canvas: &mut Canvas, colour: impl Fn([f64; 2]) -> Colour) {
        let [left, top, right, bottom] = self.area;
        for y in top..=bottom {
            for x in left..=right {
                canvas.set(x, y, colour(self.value(x, y)));
            }
        }
    }

    /// A point of three by three pixels.
    pub(crate) fn dot(&self, canvas: &mut Canvas, [x, y]: [f64; 2], colour: Colour) {
        let [x, y] = self.at(x, y).map(|p| p.round() as i32);
        for dy in -1..=1 {
            canvas.horizontal([x - 1, x + 1], y + dy, colour);
        }
    }

    pub(crate) fn curve(&self, canvas: &mut Canvas, points: &[[f64; 2]], colour: Colour) {
        for pair in points.windows(2) {
            let [a, b] = [
                self.at(pair[0][0], pair[0][1]),
                self.at(pair[1][0], pair[1][1]),
            ];
            canvas.line(a, b, colour, self.area);
        }
    }

    /// Horizontal grid lines.
    pub(crate) fn grid(&self, canvas: &mut Canvas) {
        let [left, _, right, _] = self.area;
        for (y, _) in self.ticks_y() {
            canvas.horizontal(
                [left, right],
                self.at(self.x[0], y)[1].round() as i32,
                FAINT,
            );
        }
    }

    /// Frame, ticks and labels.
    pub(crate) fn axes(&self, canvas: &mut Canvas, label_x: &str, label_y: &str, title: &str) {
        let [left, top, right, bottom] = self.area;
        for y in [top - 1, bottom + 1] {
            canvas.horizontal([left - 1, right + 1], y, INK);
        }
        for x in [left - 1, right + 1] {
            canvas.vertical(x, [top - 1, bottom + 1], INK);
        }
        for (x, text) in ticks(self.x) {
            let x = self.at(x, self.y[0])[0].round() as i32;
            canvas.vertical(x, [bottom + 1, bottom + 4], INK);
            canvas.centred(&text, x, bottom + 11);
        }
        let mut widest = 0;
        for (y, text) in self.ticks_y() {
            let y = self.at(self.x[0], y)[1].round() as i32;
            canvas.horizontal([left - 4, left - 1], y, INK);
            canvas.right(&text, left - 6, y);
            widest = widest.max(text.chars().count() as i32);
        }
        canvas.centred(label_x, (left + right) / 2, bottom + 25);
        let beside = left - 14 - widest * CHARACTER[0];
        canvas.upwards(label_y, beside, (top + bottom) / 2);
        canvas.centred(title, (left + right) / 2, top - 9);
    }

    fn ticks_y(&self) -> Vec<(f64, String)> {
        if !self.log_y {
            return ticks(self.y);
        }
        let [low, high] = [self.y[0].ceil() as i32, self.y[1].floor() as i32];
        let step = ((high - low) / 5).max(1);
        (low..=high)
            .filter(|e| e.rem_euclid(step) == 0)
            .map(|e| (f64::from(e), power_of_ten(e)))
            .collect()
    }
}

/// The scale of a map: a bar of colours to the right of `plot`, from `low` to `high` (powers of ten).
pub(crate) fn colour_bar(
    canvas: &mut Canvas,
    plot: &Plot,
    [low, high]: [i32; 2],
    colour: impl Fn(f64) -> Colour,
) {
    let [_, top, right, bottom] = plot.area;
    let [x_0, x_1] = [right + 8, right + 18];
    for y in top..=bottom {
        let t = f64::from(bottom - y) / f64::from(bottom - top);
        canvas.horizontal([x_0, x_1], y, colour(t));
    }
    for exponent in low..=high {
        if (exponent - low) % 2 == 0 {
            let t = f64::from(exponent - low) / f64::from(high - low);
            let y = bottom - (t * f64::from(bottom - top)).round() as i32;
            canvas.horizontal([x_1, x_1 + 3], y, INK);
            canvas.left(&power_of_ten(exponent), x_1 + 6, y, INK);
        }
    }
}

fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => "1".into(),
        1 => "10".into(),
        e => format!("1e{e}"),
    }
}

/// Four to eight round numbers in a range, with their text.
fn ticks([low, high]: [f64; 2]) -> Vec<(f64, String)> {
    let rough = (high - low) / 5.0;
    let magnitude = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|f| f * magnitude)
        .find(|s| *s >= rough)
        .unwrap_or(rough);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let [first, last] = [
        (low / step - 1e-9).ceil() as i64,
        (high / step + 1e-9).floor() as i64,
    ];
    (first..=last)
        .map(|i| {
            let value = i as f64 * step;
            (value, format!("{value:.digits$}"))
        })
        .collect()
}
