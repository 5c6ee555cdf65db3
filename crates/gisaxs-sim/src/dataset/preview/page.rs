//! The page: self-contained HTML with the contact sheet, a histogram of every drawn number, and
//! how each pair of them is covered.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Column, colour, png};
use crate::dataset::manifest::Manifest;
use gisaxs_physics::elementary::ln;

/// Bins of a histogram.
const BINS: usize = 40;
/// Bins of a pair along either axis, and pixels per bin.
const PAIR_BINS: usize = 24;
const PAIR_SCALE: usize = 4;

/// An axis over which numbers are counted: linear, or logarithmic where they span decades.
struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    fn of(values: &[f64]) -> Option<Self> {
        let finite = values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        (high > low).then_some(Self {
            low,
            high,
            log: low > 0.0 && high / low > 8.0,
        })
    }

    fn bin(&self, value: f64, bins: usize) -> Option<usize> {
        let t = if self.log {
            ln(value / self.low) / ln(self.high / self.low)
        } else {
            (value - self.low) / (self.high - self.low)
        };
        (0.0..=1.0)
            .contains(&t)
            .then(|| ((t * bins as f64) as usize).min(bins - 1))
    }
}

/// Three digits, and no zeros behind them.
fn number(x: f64) -> String {
    let text = match x.abs() {
        0.0 => return "0".into(),
        1e5.. | ..1e-3 => return format!("{x:.2e}"),
        100.0.. => return format!("{x:.0}"),
        10.0.. => format!("{x:.1}"),
        1.0.. => format!("{x:.2}"),
        0.1.. => format!("{x:.3}"),
        0.01.. => format!("{x:.4}"),
        _ => format!("{x:.5}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn histogram(column: &Column<'_>) -> String {
    let Some(axis) = Axis::of(&column.values) else {
        let value = column.values.iter().find(|v| v.is_finite());
        let value = value.map_or_else(|| "none".into(), |v| number(*v));
        return format!("<p class=\"fixed\">always {value}</p>");
    };
    let mut counts = [0_u64; BINS];
    for bin in column.values.iter().filter_map(|&v| axis.bin(v, BINS)) {
        counts[bin] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let mut svg = String::from("<svg viewBox=\"0 -10 240 114\" role=\"img\">");
    for (i, &n) in counts.iter().enumerate() {
        let h = 84.0 * n as f64 / most as f64;
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<rect x=\"{}\" y=\"{:.1}\" width=\"5.6\" height=\"{h:.1}\"><title>{n}</title></rect>",
            6 * i,
            88.0 - h
        );
    }
    let scale = if axis.log { "log" } else { "linear" };
    // How high the highest is, over its bar, at the side where there is room.
    let highest = counts.iter().position(|n| *n == most).unwrap_or(0);
    let (x, anchor) = match 6 * highest {
        x if x < 120 => (x, "start"),
        x => (x + 6, "end"),
    };
    let _ = write!(
        svg,
        "<text class=\"most\" x=\"{x}\" y=\"-2\" text-anchor=\"{anchor}\">{most}</text>"
    );
    let _ = write!(
        svg,
        "<text x=\"0\" y=\"101\">{}</text><text x=\"120\" y=\"101\" text-anchor=\"middle\">{scale}</text>\
         <text x=\"240\" y=\"101\" text-anchor=\"end\">{}</text></svg>",
        number(axis.low),
        number(axis.high)
    );
    svg
}

/// A heat map of two columns and the share of its cells that hold a sample.
fn pair(a: &Column<'_>, b: &Column<'_>) -> Option<(String, f64)> {
    let (x_axis, y_axis) = (Axis::of(&a.values)?, Axis::of(&b.values)?);
    let mut counts = vec![0_u32; PAIR_BINS * PAIR_BINS];
    for (&x, &y) in a.values.iter().zip(&b.values) {
        if let (Some(x), Some(y)) = (x_axis.bin(x, PAIR_BINS), y_axis.bin(y, PAIR_BINS)) {
            counts[(PAIR_BINS - 1 - y) * PAIR_BINS + x] += 1;
        }
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(1).max(1));
    let covered = counts.iter().filter(|n| **n > 0).count() as f64 / counts.len() as f64;
    let edge = PAIR_BINS * PAIR_SCALE;
    let rgb: Vec<u8> = (0..edge * edge)
        .flat_map(|i| {
            let (row, col) = (i / edge / PAIR_SCALE, i % edge / PAIR_SCALE);
            match counts[row * PAIR_BINS + col] {
                0 => [255, 255, 255],
                n => colour((f64::from(n) / most).sqrt()),
            }
        })
        .collect();
    Some((STANDARD.encode(png(edge, edge, &rgb)), covered))
}

/// Whether a pair plot of the column says anything: it takes more than a few values.
fn is_spread(column: &Column<'_>) -> bool {
    let mut few: Vec<f64> = Vec::new();
    for &v in column.values.iter().filter(|v| v.is_finite()) {
        if !few.contains(&v) {
            few.push(v);
            if few.len() > 3 {
                return true;
            }
        }
    }
    false
}

/// The whole page.
pub(super) fn page(
    manifest: &Manifest,
    shards: u64,
    sheet: &[u8],
    columns: &[Column<'_>],
) -> String {
    let samples = columns.first().map_or(0, |c| c.values.len());
    let name = escaped(&manifest.name);
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title><style>\
         body{{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem;color:#222}}\
         h1,h2{{font-weight:600}}img.sheet{{width:100%;image-rendering:pixelated}}\
         .grid{{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:1rem}}\
         figure{{margin:0;display:flex;flex-direction:column;justify-content:space-between}}figcaption{{font-size:12px;margin-bottom:2px}}svg{{width:100%}}\
         rect{{fill:#41578c}}text{{font-size:9px;fill:#444}}text.most{{font-size:8px;fill:#888}}.fixed{{color:#777}}\
         .pairs{{display:grid;grid-template-columns:repeat(auto-fill,minmax(132px,1fr));gap:.8rem}}\
         .pairs img{{width:100%;border:1px solid #ccc;image-rendering:pixelated}}\
         table{{border-collapse:collapse}}td{{padding:.1rem .8rem .1rem 0;vertical-align:top}}code{{font-size:12px}}\
         </style><h1>{name}</h1>"
    );
    let rows = [
        ("samples", format!("{samples} of {}", manifest.samples)),
        ("shards", format!("{shards} of {}", manifest.shards_planned)),
        ("seed", manifest.seed.to_string()),
        ("made by", escaped(&manifest.generator)),
        ("plan", format!("<code>{}</code>", manifest.plan_sha256)),
        ("bytes per sample", manifest.sample_bytes().to_string()),
    ];
    html += "<table>";
    for (key, value) in rows {
        let _ = write!(html, "<tr><td>{key}</td><td>{value}</td></tr>");
    }
    let _ = write!(
        html,
        "</table><h2>Samples</h2><p>Logarithm of the counts, each tile scaled for itself; grey was \
         not measured.</p><img class=\"sheet\" alt=\"contact sheet\" src=\"data:image/png;base64,{}\">",
        STANDARD.encode(sheet)
    );
    html += "<h2>What was drawn</h2><div class=\"grid\">";
    for column in columns {
        let unit = match column.field.unit.as_str() {
            "" => String::new(),
            unit => format!(" ({})", escaped(unit)),
        };
        let _ = write!(
            html,
            "<figure><figcaption><b>{}</b>{unit}<br>{}</figcaption>{}</figure>",
            escaped(&column.field.name),
            escaped(&column.field.about),
            histogram(column)
        );
    }
    html += "</div><p>Numbers over the bars are samples of the highest bin.</p><h2>Pairs</h2><p>First name across, second upwards; logarithmic where a number \
             spans decades. White cells hold no sample; the share of the others is given.</p>\
             <div class=\"pairs\">";
    let spread: Vec<&Column<'_>> = columns.iter().filter(|c| is_spread(c)).collect();
    for (j, b) in spread.iter().enumerate() {
        for a in &spread[..j] {
            if let Some((image, covered)) = pair(a, b) {
                let short = |c: &Column<'_>| {
                    let name = c
                        .field
                        .name
                        .split_once('/')
                        .map_or(c.field.name.as_str(), |n| n.1);
                    escaped(name)
                };
                let _ = write!(
                    html,
                    "<figure><figcaption>{}<br>{} · {:.0} %</figcaption><img alt=\"\" src=\"data:image/png;base64,{image}\"></figure>",
                    short(a),
                    short(b),
                    100.0 * covered
                );
            }
        }
    }
    html += "</div></html>\n";
    html
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits_that_say_something() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (0.10344, "0.103"),
            (14.949, "14.9"),
            (2195.2, "2195"),
            (-0.0579, "-0.0579"),
            (0.001234, "0.00123"),
            (5.1e-5, "5.10e-5"),
            (2e6, "2.00e6"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
