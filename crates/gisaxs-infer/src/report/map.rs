//! Detector maps: a PNG inside an SVG that carries axes and colour bar.

use super::axis::{Axis, trim};
use super::colour::{Colours, LEVELS, MASKED};
use crate::error::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Values of a map and how to colour them.
pub(super) struct Map<'a> {
    pub title: &'a str,
    pub rows: usize,
    pub cols: usize,
    /// Row-major, row 0 on top; NaN is masked.
    pub values: &'a [f32],
    pub q_y: &'a [f64],
    pub q_z: &'a [f64],
    pub colours: Colours,
    /// Values at the ends of the colour bar.
    pub limits: [f64; 2],
    pub log: bool,
    /// Beside the colour bar.
    pub unit: &'a str,
}

/// Width of the picture and margins: left, right, top, bottom (colour bar included).
const WIDTH: f64 = 360.0;
const MARGIN: [f64; 4] = [44.0, 14.0, 22.0, 96.0];

/// PNG of values between `limits`, NaN masked.
pub(super) fn encode(
    values: &[f32],
    rows: usize,
    cols: usize,
    colours: Colours,
    limits: [f64; 2],
    log: bool,
) -> Result<Vec<u8>> {
    let indices: Vec<u8> = values
        .iter()
        .map(|&v| {
            if v.is_nan() {
                MASKED
            } else {
                let t = fraction(f64::from(v), limits, log);
                (t * (LEVELS - 1) as f64).round() as u8
            }
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, cols as u32, rows as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(colours.palette());
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&indices)?;
    writer.finish()?;
    Ok(bytes)
}

/// Position of a value between the limits, 0..1.
fn fraction(x: f64, [low, high]: [f64; 2], log: bool) -> f64 {
    if log {
        (x.max(low) / low).ln() / (high / low).ln()
    } else {
        (x - low) / (high - low)
    }
    .clamp(0.0, 1.0)
}

/// Index at which a monotonic sequence reaches `x`, between the samples.
fn locate(values: &[f64], x: f64) -> Option<f64> {
    values.windows(2).enumerate().find_map(|(i, w)| {
        let t = (x - w[0]) / (w[1] - w[0]);
        (0.0..=1.0).contains(&t).then_some(i as f64 + t + 0.5)
    })
}

/// Smallest and largest value of a slice.
fn span(values: &[f64]) -> [f64; 2] {
    values.iter().fold([f64::MAX, f64::MIN], |[low, high], &x| {
        [low.min(x), high.max(x)]
    })
}

impl Map<'_> {
    pub(super) fn svg(&self) -> Result<String> {
        let picture = STANDARD.encode(encode(
            self.values,
            self.rows,
            self.cols,
            self.colours,
            self.limits,
            self.log,
        )?);

        let [left, right, top, below] = MARGIN;
        let width = WIDTH - left - right;
        let height = width * self.rows as f64 / self.cols as f64;
        let bottom = top + height;
        let total = bottom + below;
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDTH} {total:.0}" role="img" aria-label="{0}"><text class="heading" x="{left}" y="13">{0}</text><image x="{left}" y="{top}" width="{width}" height="{height:.1}" preserveAspectRatio="none" href="data:image/png;base64,{picture}"/>"#,
            self.title
        );
        let across = Axis {
            range: span(self.q_y),
            pixels: [0.0, 1.0],
            log: false,
        };
        for (q, label) in across.ticks(5) {
            if let Some(col) = locate(self.q_y, q) {
                let x = left + width * col / self.cols as f64;
                let _ = write!(
                    svg,
                    r#"<path class="tick" d="M{x:.1} {bottom:.1}v4"/><text class="number" x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                    bottom + 16.0
                );
            }
        }
        let upwards = Axis {
            range: span(self.q_z),
            ..across
        };
        for (q, label) in upwards.ticks(6) {
            if let Some(row) = locate(self.q_z, q) {
                let y = top + height * row / self.rows as f64;
                let _ = write!(
                    svg,
                    r#"<path class="tick" d="M{left} {y:.1}h-4"/><text class="number" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                    left - 7.0,
                    y + 3.5
                );
            }
        }
        let _ = write!(
            svg,
            r#"<rect class="outline" x="{left}" y="{top}" width="{width}" height="{height:.1}"/><text class="label" x="{:.1}" y="{:.1}" text-anchor="middle"><tspan font-style="italic">q<tspan class="sub" dy="2">y</tspan></tspan><tspan dy="-2"> (nm⁻¹)</tspan></text><text class="label" transform="translate(11 {:.1}) rotate(-90)" text-anchor="middle"><tspan font-style="italic">q<tspan class="sub" dy="2">z</tspan></tspan><tspan dy="-2"> (nm⁻¹)</tspan></text>"#,
            left + 0.5 * width,
            bottom + 32.0,
            top + 0.5 * height
        );
        self.colour_bar(&mut svg, left, width, bottom + 44.0);
        svg.push_str("</svg>");
        Ok(svg)
    }

    fn colour_bar(&self, svg: &mut String, left: f64, width: f64, y: f64) {
        // The three maps of a page share names: a gradient per set of colours is enough.
        let name = format!("bar-{:?}", self.colours).to_lowercase();
        let _ = write!(
            svg,
            r##"<defs><linearGradient id="{name}">{}</linearGradient></defs><rect class="outline" x="{left}" y="{y:.1}" width="{width}" height="8" fill="url(#{name})" style="fill:url(#{name})"/>"##,
            self.colours.stops()
        );
        let axis = Axis {
            range: self.limits,
            pixels: [left, left + width],
            log: self.log,
        };
        for (value, label) in axis.ticks(6) {
            let x = left + width * fraction(value, self.limits, self.log);
            let _ = write!(
                svg,
                r#"<path class="tick" d="M{x:.1} {:.1}v4"/><text class="number" x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                y + 8.0,
                y + 24.0
            );
        }
        let _ = write!(
            svg,
            r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            left + 0.5 * width,
            y + 41.0,
            self.unit
        );
    }
}

/// Limits of a logarithmic colour scale: from where counting noise hides the rest (or the
/// 1 % quantile) to the 99.5 % quantile.
pub(super) fn log_limits(values: &[f32]) -> [f64; 2] {
    let mut positive: Vec<f32> = values.iter().copied().filter(|v| *v > 0.0).collect();
    if positive.is_empty() {
        return [0.1, 1.0];
    }
    positive.sort_unstable_by(f32::total_cmp);
    let at = |p: f64| f64::from(positive[((positive.len() - 1) as f64 * p) as usize]);
    let high = at(0.995).max(1.0);
    // More than five decades flatten everything of interest.
    let low = at(0.01).max(0.05).max(high * 1e-5);
    [low.min(0.1 * high), high]
}

/// Symmetric limit of the residuals: a round number near their 98 % quantile.
pub(super) fn residual_limit(values: &[f32]) -> f64 {
    let mut sizes: Vec<f32> = values
        .iter()
        .filter(|v| !v.is_nan())
        .map(|v| v.abs())
        .collect();
    if sizes.is_empty() {
        return 3.0;
    }
    sizes.sort_unstable_by(f32::total_cmp);
    let high = f64::from(sizes[((sizes.len() - 1) as f64 * 0.98) as usize]);
    [3.0, 5.0, 10.0, 20.0, 50.0]
        .into_iter()
        .find(|&limit| high <= limit)
        .unwrap_or(100.0)
}

/// "below -5" and "above 5" belong to the ends of the bar.
pub(super) fn residual_unit(limit: f64) -> String {
    format!("residual / σ, clipped at ±{}", trim(limit, 0))
}
