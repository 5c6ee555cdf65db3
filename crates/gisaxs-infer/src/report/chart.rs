//! Line plots as SVG. Colours come from the page's style sheet, so that the plots follow
//! the light or dark scheme of the reader.

use super::axis::Axis;
use std::fmt::Write;

/// Frame of a plot in picture coordinates.
pub(super) struct Chart {
    /// Width and height of the picture.
    size: [f64; 2],
    x: Axis,
    y: Axis,
    body: String,
}

/// What a plot shows on its axes.
pub(super) struct Labels<'a> {
    /// Below the horizontal axis.
    pub x: &'a str,
    /// Beside the vertical axis; empty for an axis without ticks.
    pub y: &'a str,
    /// Read out by screen readers.
    pub title: &'a str,
}

/// Margins: left, right, top.
const MARGIN: [f64; 3] = [52.0, 12.0, 12.0];
/// Margins at the bottom with and without a label on the horizontal axis.
const BOTTOM: [f64; 2] = [42.0, 22.0];
/// Charts lower than this have no labels on their axes.
const LABELLED: f64 = 200.0;

impl Chart {
    /// An empty plot of `size` picture units over the data ranges given.
    pub(super) fn new(size: [f64; 2], x: [f64; 2], x_log: bool, y: [f64; 2], y_log: bool) -> Self {
        let bottom = BOTTOM[usize::from(size[1] < LABELLED)];
        Self {
            size,
            x: Axis {
                range: x,
                pixels: [MARGIN[0], size[0] - MARGIN[1]],
                log: x_log,
            },
            y: Axis {
                range: y,
                pixels: [size[1] - bottom, MARGIN[2]],
                log: y_log,
            },
            body: String::new(),
        }
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (i, (x, y)) in points.enumerate() {
            let (x, y) = (self.x.at(x), self.y.at(y));
            let _ = write!(path, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        }
        path
    }

    /// A line through `points`, interrupted where a value is not finite.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        for run in points.split(|p| !p.1.is_finite()) {
            if run.len() > 1 {
                let path = self.path(run.iter().copied());
                let _ = write!(self.body, r#"<path class="{class}" d="{path}"/>"#);
            }
        }
    }

    /// The area between two curves given as (x, low, high).
    pub(super) fn band(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let up = points.iter().map(|p| (p.0, p.2));
        let down = points.iter().rev().map(|p| (p.0, p.1));
        let path = self.path(up.chain(down));
        let _ = write!(self.body, r#"<path class="{class}" d="{path}Z"/>"#);
    }

    /// Dots with vertical error bars, given as (x, y, error).
    pub(super) fn dots(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let mut bars = String::new();
        for &(x, y, error) in points {
            let [low, high] = [self.y.at(y - error), self.y.at(y + error)];
            if (low - high).abs() > 4.0 {
                let _ = write!(bars, "M{:.1} {low:.1}V{high:.1}", self.x.at(x));
            }
        }
        let _ = write!(self.body, r#"<path class="{class} bar" d="{bars}"/>"#);
        let _ = write!(self.body, r#"<g class="{class}">"#);
        for &(x, y, _) in points {
            if self.y.holds(y) {
                let (x, y) = (self.x.at(x), self.y.at(y));
                let _ = write!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="2"/>"#);
            }
        }
        self.body.push_str("</g>");
    }

    /// A vertical line over the whole height, with a label at its top if it is not empty.
    pub(super) fn mark(&mut self, class: &str, x: f64, label: &str) {
        if !self.x.holds(x) {
            return;
        }
        let (px, [bottom, top]) = (self.x.at(x), self.y.pixels);
        let _ = write!(
            self.body,
            r#"<path class="{class}" d="M{px:.1} {bottom}V{top}"/>"#
        );
        if !label.is_empty() {
            // Labels near the right end would be cut off: put them to the left of the line.
            let right = px > 0.8 * self.size[0];
            let (anchor, dx) = if right { ("end", -4.0) } else { ("start", 4.0) };
            let _ = write!(
                self.body,
                r#"<text class="note" x="{:.1}" y="{:.1}" text-anchor="{anchor}">{label}</text>"#,
                px + dx,
                top + 10.0
            );
        }
    }

    /// A shaded range of x over the whole height.
    pub(super) fn range(&mut self, class: &str, low: f64, high: f64) {
        let (x0, x1) = (self.x.at(low), self.x.at(high));
        let [bottom, top] = self.y.pixels;
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{x0:.1}" y="{top}" width="{:.1}" height="{:.1}"/>"#,
            (x1 - x0).max(0.5),
            bottom - top
        );
    }

    /// The finished picture.
    pub(super) fn finish(self, labels: &Labels<'_>) -> String {
        let [width, height] = self.size;
        let [left, right] = self.x.pixels;
        let [bottom, top] = self.y.pixels;
        let mut svg = format!(
            r#"<svg viewBox="0 0 {width} {height}" role="img" aria-label="{}">"#,
            labels.title
        );
        let x_ticks = self.x.ticks(((right - left) / 75.0) as usize);
        for (x, label) in &x_ticks {
            let px = self.x.at(*x);
            let _ = write!(
                svg,
                r#"<path class="grid" d="M{px:.1} {bottom}V{top}"/><path class="tick" d="M{px:.1} {bottom}v4"/><text class="number" x="{px:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                bottom + 16.0
            );
        }
        for x in self.x.minor_ticks() {
            let _ = write!(
                svg,
                r#"<path class="tick" d="M{:.1} {bottom}v2"/>"#,
                self.x.at(x)
            );
        }
        if !labels.y.is_empty() {
            for (y, label) in self.y.ticks(((bottom - top) / 45.0) as usize) {
                let py = self.y.at(y);
                let _ = write!(
                    svg,
                    r#"<path class="grid" d="M{left} {py:.1}H{right}"/><path class="tick" d="M{left} {py:.1}h-4"/><text class="number" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                    left - 7.0,
                    py + 3.5
                );
            }
            let middle = 0.5 * (top + bottom);
            let _ = write!(
                svg,
                r#"<text class="label" transform="translate(12 {middle:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
                labels.y
            );
        }
        let _ = write!(
            svg,
            r#"{}<path class="frame" d="M{left} {top}V{bottom}H{right}"/><text class="label" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text></svg>"#,
            self.body,
            0.5 * (left + right),
            height - 6.0,
            labels.x
        );
        svg
    }
}
