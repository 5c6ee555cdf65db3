//! The report: one self-contained HTML page per frame.
//!
//! No script, no font, no picture outside the file; maps are PNG data URIs, plots are SVG
//! coloured by the page's style sheet (light or dark as the reader's system says).

mod axis;
mod chart;
mod colour;
mod conditions;
mod map;

pub use conditions::{Conditions, conditions};

use crate::comparison::{Comparison, Cut};
use crate::error::Result;
use crate::structure::{Estimate, Posterior, Structure};
use axis::trim;
use chart::{Chart, Labels};
use colour::Colours;
use map::Map;
use std::fmt::Write;

/// Colour of the intensity maps for `t` from 0 (dark) to 1 (bright), as red, green and blue.
#[must_use]
pub fn sequential_colour(t: f64) -> [u8; 3] {
    Colours::Sequential.at(t)
}

const STYLE: &str = include_str!("style.css");

/// The page for `structure`; without a comparison (no verification) the maps and cuts are
/// left out.
///
/// # Errors
/// If a map cannot be encoded.
pub fn html(
    structure: &Structure,
    comparison: Option<&Comparison>,
    conditions: &Conditions,
) -> Result<String> {
    let name = match structure.frame.as_str() {
        "" => "Frame without a name",
        name => name,
    };
    let title = escape(name);
    let mut page = format!(
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · GISAXS inversion</title><style>
{STYLE}</style></head><body><main>
<header><p class="over">GISAXS inversion</p><h1>{title}</h1>
<p class="answer">{}</p><p class="state">{}</p>
{}</header>
"#,
        answer(structure),
        state(structure),
        figures(structure),
    );
    if !structure.warnings.is_empty() {
        page.push_str(r#"<div class="warnings" role="note"><p>Read with care</p><ul>"#);
        for warning in &structure.warnings {
            let _ = write!(page, "<li>{}</li>", escape(warning));
        }
        page.push_str("</ul></div>\n");
    }
    if let Some(comparison) = comparison {
        page.push_str(&maps(comparison)?);
        page.push_str(&cuts(structure, comparison));
    }
    page.push_str(&sizes(structure));
    page.push_str(&tables(structure, conditions));
    let _ = write!(
        page,
        "<footer>Intervals are central 90 % intervals. R is the lateral radius, number-weighted; \
         H/R the height over R; D the mean centre-to-centre distance; σ<sub>D</sub> its Gaussian \
         spread. gisaxs-infer {}.</footer>\n</main></body></html>\n",
        env!("CARGO_PKG_VERSION")
    );
    Ok(page)
}

/// PNG of a frame, shape (rows, columns), row 0 on top, on a logarithmic colour scale; NaN
/// is masked (grey).
///
/// # Errors
/// If the picture cannot be encoded.
pub fn picture(values: &[f32], rows: usize, cols: usize) -> Result<Vec<u8>> {
    let limits = map::log_limits(values);
    map::encode(values, rows, cols, Colours::Sequential, limits, true)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Digits after the point such that the interval's half-width shows one or two digits.
fn digits(e: Estimate) -> usize {
    let half = 0.5 * (e.upper - e.lower);
    if half > 0.0 {
        (-(0.6 * half).log10()).ceil().clamp(0.0, 4.0) as usize
    } else {
        3
    }
}

fn with_interval(e: Estimate) -> (String, String) {
    let d = digits(e);
    (
        trim(e.value, d),
        format!("{} – {}", trim(e.lower, d), trim(e.upper, d)),
    )
}

/// Shapes less probable than this are not named.
const DECIDED: f64 = 0.75;

/// The one-sentence answer.
fn answer(s: &Structure) -> String {
    let probability = s
        .shape
        .cylinder_probability
        .max(1.0 - s.shape.cylinder_probability);
    let shape = match s.shape.value {
        _ if probability < DECIDED => "of undecided shape",
        "cylinder" => "like upright cylinders",
        _ => match s.height_over_radius.map(|e| e.value) {
            Some(h) if h > 1.85 => "like spheres",
            Some(h) if (0.9..1.1).contains(&h) => "like hemispheres",
            _ => "like truncated spheres",
        },
    };
    let (mean, _) = with_interval(s.radius.mean);
    let (std, _) = with_interval(s.radius.std);
    let mut text = format!(
        "Particles {shape}, mean radius <b>{mean}&nbsp;nm</b> with a spread of {std}&nbsp;nm"
    );
    if let Some(h) = s.height_over_radius {
        let height = h.scaled(s.radius.mean.value);
        let _ = write!(
            text,
            ", height {}&nbsp;nm",
            trim(height.value, digits(height))
        );
    }
    match s.distance {
        Some(d) => {
            let _ = write!(
                text,
                ", <b>{}&nbsp;nm</b> apart (centre to centre).",
                with_interval(d).0
            );
        }
        None => text.push_str("; this frame does not determine their distance."),
    }
    text
}

fn state(s: &Structure) -> String {
    let (class, words) = if s.in_domain {
        ("dot", "inside the domain of the network")
    } else {
        ("dot out", "outside the domain of the network")
    };
    let mut text = format!(r#"<span class="{class}"></span>Frame and conditions {words}"#);
    if let Some(fit) = s.fit {
        let _ = write!(
            text,
            " · re-simulation: reduced χ² = {} over {} pixels{}",
            trim(
                fit.chi2_reduced,
                if fit.chi2_reduced < 10.0 { 2 } else { 0 }
            ),
            thousands(fit.n_pixels),
            if fit.refined { ", refined" } else { "" }
        );
    }
    text
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(c);
    }
    text
}

fn figures(s: &Structure) -> String {
    let shape_probability = if s.shape.value == "cylinder" {
        s.shape.cylinder_probability
    } else {
        1.0 - s.shape.cylinder_probability
    };
    let mut html = String::from(r#"<dl class="figures">"#);
    for (name, estimate, unit) in [
        ("Mean radius R", Some(s.radius.mean), "nm"),
        ("Spread of R (std)", Some(s.radius.std), "nm"),
        ("Height over radius H/R", s.height_over_radius, ""),
        ("Distance D", s.distance, "nm"),
        ("Disorder σ<sub>D</sub>/D", s.disorder, ""),
    ] {
        let _ = match estimate {
            Some(e) => {
                let (value, interval) = with_interval(e);
                write!(
                    html,
                    r#"<div><dt>{name}</dt><dd class="value">{value} <small>{unit}</small></dd><dd class="interval">{interval}</dd></div>"#
                )
            }
            None => write!(
                html,
                r#"<div><dt>{name}</dt><dd class="value none">unresolved</dd><dd class="interval">not in this frame</dd></div>"#
            ),
        };
    }
    let _ = write!(
        html,
        r#"<div><dt>Shape</dt><dd class="value">{}</dd><dd class="interval">probability {} %</dd></div></dl>"#,
        if s.shape.value == "cylinder" {
            "cylinder"
        } else {
            "segment"
        },
        trim(100.0 * shape_probability, 0)
    );
    html
}

fn maps(c: &Comparison) -> Result<String> {
    let maps = &c.maps;
    let limits = map::log_limits(&maps.measured);
    let residual = map::residual_limit(&maps.residual);
    let draw = |title, values, colours, limits, log, unit| {
        Map {
            title,
            rows: maps.rows,
            cols: maps.cols,
            values,
            q_y: &maps.q_y,
            q_z: &maps.q_z,
            colours,
            limits,
            log,
            unit,
        }
        .svg()
    };
    let counts = "counts per pixel";
    let residual_unit = map::residual_unit(residual);
    Ok(format!(
        r#"<section><h2>Frame and re-simulation</h2><p class="caption">The predicted structure, simulated again with its background and brought to the scale of the frame. Grey: gaps, beamstops, bad pixels, and what the comparison leaves out (the specular plane, below the horizon).</p><div class="row three"><figure>{}</figure><figure>{}</figure><figure>{}</figure></div></section>
"#,
        draw(
            "Measured",
            &maps.measured,
            Colours::Sequential,
            limits,
            true,
            counts
        )?,
        draw(
            "Re-simulated",
            &maps.simulated,
            Colours::Sequential,
            limits,
            true,
            counts
        )?,
        draw(
            "Residual",
            &maps.residual,
            Colours::Diverging,
            [-residual, residual],
            false,
            &residual_unit,
        )?,
    ))
}

const Q_PAR: &str = r#"<tspan font-style="italic">q</tspan><tspan class="sub" dy="2">∥</tspan><tspan dy="-2"> (nm⁻¹)</tspan>"#;
const Q_Z: &str = r#"<tspan font-style="italic">q</tspan><tspan class="sub" dy="2">z</tspan><tspan dy="-2"> (nm⁻¹)</tspan>"#;

fn cuts(s: &Structure, c: &Comparison) -> String {
    let maximum = s.distance.map(|d| std::f64::consts::TAU / d.value);
    let horizontal = cut(&c.horizontal, true, Q_PAR, "horizontal cut", maximum);
    let vertical = cut(&c.vertical, false, Q_Z, "vertical cut", None);
    format!(
        r#"<section><h2>Cuts</h2><p class="caption"><span class="key data">●</span> measured, with Poisson errors where they are larger than the dots&emsp;<span class="key model">━</span> re-simulated</p><div class="row two"><figure><figcaption><b>In the Yoneda band</b>, k sin α<sub>f</sub> = {}–{} nm⁻¹</figcaption>{horizontal}</figure><figure><figcaption><b>Beside the specular plane</b>, q<sub>∥</sub> = {}–{} nm⁻¹</figcaption>{vertical}</figure></div></section>
"#,
        trim(c.horizontal.band[0], 2),
        trim(c.horizontal.band[1], 2),
        trim(c.vertical.band[0], 2),
        trim(c.vertical.band[1], 2),
    )
}

fn cut(cut: &Cut, log_q: bool, x: &str, title: &str, maximum: Option<f64>) -> String {
    let bright = cut.points.iter().map(|p| p.measured.max(p.simulated));
    let high = bright.fold(f64::MIN, f64::max).max(1e-3) * 1.8;
    let low = cut
        .points
        .iter()
        .flat_map(|p| [p.measured, p.simulated])
        .filter(|&y| y > 0.0)
        .fold(f64::MAX, f64::min)
        .max(high * 1e-6)
        .min(high * 0.1)
        * 0.6;
    let ends = |f: fn(f64, f64) -> f64, start: f64| cut.points.iter().map(|p| p.q).fold(start, f);
    let (first, last) = (ends(f64::min, f64::MAX), ends(f64::max, f64::MIN));
    if first >= last {
        return r#"<p class="caption">No valid pixel in this band.</p>"#.to_owned();
    }
    let mut chart = Chart::new([540.0, 330.0], [first, last], log_q, [low, high], true);
    if let Some(q) = maximum {
        chart.mark("mark", q, "2π/D");
    }
    let dots: Vec<_> = cut
        .points
        .iter()
        .map(|p| (p.q, p.measured, p.error))
        .collect();
    chart.dots("dots", &dots);
    let line: Vec<_> = cut.points.iter().map(|p| (p.q, p.simulated)).collect();
    chart.line("model", &line);
    chart.finish(&Labels {
        x,
        y: "counts per pixel",
        title,
    })
}

fn sizes(s: &Structure) -> String {
    let p = &s.radius;
    let high = p.density_upper.iter().copied().fold(0.0, f64::max) * 1.08;
    let visible = |i: &usize| p.density_upper[*i] > 2e-3 * high;
    let n = p.density.len();
    let first = (0..n).find(visible).unwrap_or(0);
    let last = (0..n).rev().find(visible).unwrap_or(n - 1);
    let margin = 0.06 * (p.bin_edges[last + 1] - p.bin_edges[first]);
    let range = [
        (p.bin_edges[first] - margin).max(0.0),
        p.bin_edges[last + 1] + margin,
    ];
    let mut chart = Chart::new([540.0, 330.0], range, false, [0.0, high], false);
    let centre = |i: usize| 0.5 * (p.bin_edges[i] + p.bin_edges[i + 1]);
    let band: Vec<_> = (first..=last)
        .map(|i| (centre(i), p.density_lower[i], p.density_upper[i]))
        .collect();
    chart.band("band", &band);
    let line: Vec<_> = (first..=last).map(|i| (centre(i), p.density[i])).collect();
    chart.line("data", &line);
    chart.mark(
        "mark",
        p.mean.value,
        &format!("⟨R⟩ = {} nm", with_interval(p.mean).0),
    );
    let density = chart.finish(&Labels {
        x: r#"<tspan font-style="italic">R</tspan> (nm)"#,
        y: "density (nm⁻¹)",
        title: "size distribution",
    });
    let refined = if s.fit.is_some_and(|f| f.refined) {
        r#"<p class="caption">Numbers, intervals and the size distribution are those after refinement; the posteriors are the network's own.</p>"#
    } else {
        ""
    };
    let posteriors: String = [
        (
            "<b>Distance</b> D (nm)",
            &s.distance_posterior,
            s.distance,
            "D (nm)",
        ),
        (
            "<b>Disorder</b> σ<sub>D</sub>/D",
            &s.disorder_posterior,
            s.disorder,
            "σ/D",
        ),
        (
            "<b>Height over radius</b> H/R",
            &s.height_over_radius_posterior,
            s.height_over_radius,
            "H/R",
        ),
    ]
    .into_iter()
    .map(|(caption, posterior, estimate, label)| {
        let verdict = if estimate.is_none() {
            " – unresolved"
        } else {
            ""
        };
        format!(
            "<figure><figcaption>{caption}{verdict}</figcaption>{}</figure>",
            posterior_plot(posterior, estimate, label)
        )
    })
    .collect();
    format!(
        r#"<section><h2>What the network concludes</h2>{refined}<div class="row two"><figure><figcaption><b>Size distribution</b>, by number, with its 90 % band</figcaption>{density}</figure><div class="row posteriors">{posteriors}</div></div></section>
"#
    )
}

fn posterior_plot(p: &Posterior, estimate: Option<Estimate>, label: &str) -> String {
    // Densities, so that bins of different width compare.
    let density: Vec<f64> = p
        .bin_edges
        .windows(2)
        .zip(&p.probability)
        .map(|(e, m)| m / (e[1] - e[0]))
        .collect();
    let high = density.iter().copied().fold(0.0, f64::max);
    let n = density.len();
    let visible = |i: &usize| p.probability[*i] > 1e-3;
    let first = (0..n).find(visible).unwrap_or(0).saturating_sub(4);
    let last = ((0..n).rev().find(visible).unwrap_or(n - 1) + 4).min(n - 1);
    let mut range = [p.bin_edges[first], p.bin_edges[last + 1]];
    if let Some(e) = estimate {
        range = [range[0].min(e.lower), range[1].max(e.upper)];
    }
    let mut chart = Chart::new([540.0, 104.0], range, false, [0.0, 1.08 * high], false);
    if let Some(e) = estimate {
        chart.range("interval", e.lower, e.upper);
        chart.mark("value", e.value, "");
    }
    let mut steps = vec![(p.bin_edges[first], 0.0)];
    for (edges, d) in p
        .bin_edges
        .windows(2)
        .zip(&density)
        .take(last + 1)
        .skip(first)
    {
        steps.extend([(edges[0], *d), (edges[1], *d)]);
    }
    steps.push((p.bin_edges[last + 1], 0.0));
    chart.line("data", &steps);
    chart.finish(&Labels {
        x: "",
        y: "",
        title: &format!("posterior of {label}"),
    })
}

fn tables(s: &Structure, conditions: &Conditions) -> String {
    let table = |caption: &str, rows: &[(String, String)]| {
        let body: String = rows
            .iter()
            .map(|(name, value)| {
                format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                    escape(name),
                    escape(value)
                )
            })
            .collect();
        format!("<table><caption>{caption}</caption>{body}</table>")
    };
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut model = vec![
        row("Network", s.model.name.clone()),
        row("Version", s.model.version.clone()),
        row(
            "SHA-256",
            s.model.sha256.chars().take(16).collect::<String>() + "…",
        ),
        row("Domain score", trim(s.domain_score, 2)),
    ];
    if let Some(fit) = s.fit {
        model.push(row(
            "Misfit of the cells",
            format!("{} %", trim(100.0 * fit.relative_misfit, 1)),
        ));
        model.push(row(
            "Counts from particles",
            format!("{} %", trim(100.0 * fit.particle_share, 0)),
        ));
    }
    let t = &s.timing_ms;
    let times: Vec<_> = [
        ("Read", t.read),
        ("Mask, bin, encode", t.preprocess),
        ("Network", t.network),
        ("Re-simulate", t.verify),
    ]
    .map(|(name, ms)| row(name, format!("{} ms", trim(ms, 1))))
    .into();
    format!(
        r#"<section><div class="row tables">{}{}{}</div></section>
"#,
        table("Conditions", conditions),
        table("Model", &model),
        table("Time", &times)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::{CutPoint, Maps};
    use crate::density::radius_distribution;
    use crate::structure::{Fit, ModelInfo, Shape, Timing};

    fn estimate(value: f64, relative: f64) -> Estimate {
        Estimate {
            value,
            lower: value * (1.0 - relative),
            upper: value * (1.0 + relative),
        }
    }

    fn posterior(low: f64, high: f64, n: usize, centre: f64, width: f64) -> Posterior {
        let bin_edges: Vec<f64> = (0..=n)
            .map(|i| low * (high / low).powf(i as f64 / n as f64))
            .collect();
        let mut probability: Vec<f64> = bin_edges
            .windows(2)
            .map(|e| (-0.5 * ((0.5 * (e[0] + e[1]) / centre).ln() / width).powi(2)).exp())
            .collect();
        let total: f64 = probability.iter().sum();
        probability.iter_mut().for_each(|p| *p /= total);
        Posterior {
            bin_edges,
            probability,
        }
    }

    fn structure() -> Structure {
        let radius = posterior(0.25, 45.0, 128, 3.1, 0.18);
        Structure {
            frame: "series_<01>_00005.cbf".into(),
            model: ModelInfo {
                name: "gisaxs".into(),
                version: "0.1.0".into(),
                sha256: "0123456789abcdef0123456789abcdef".into(),
            },
            radius: radius_distribution(
                &radius.bin_edges,
                &radius.probability,
                estimate(3.12, 0.03),
                estimate(0.18, 0.1),
                1.0,
            ),
            height_over_radius: Some(estimate(1.42, 0.05)),
            distance: Some(estimate(7.63, 0.02)),
            disorder: None,
            shape: Shape {
                value: "segment",
                cylinder_probability: 0.08,
            },
            in_domain: true,
            domain_score: 0.8,
            unresolved: vec!["disorder"],
            warnings: vec!["substrate not given, silicon assumed".into()],
            fit: Some(Fit {
                chi2_reduced: 1.32,
                n_pixels: 1_032_331,
                refined: false,
                relative_misfit: 0.07,
                particle_share: 0.8,
            }),
            timing_ms: Timing::default(),
            distance_posterior: posterior(2.5, 100.0, 160, 7.63, 0.03),
            disorder_posterior: posterior(0.02, 0.7, 64, 0.25, 0.3),
            height_over_radius_posterior: posterior(0.4, 2.1, 64, 1.42, 0.04),
        }
    }

    fn comparison() -> Comparison {
        let (rows, cols) = (280, 240);
        let q_y: Vec<f64> = (0..cols).map(|c| (c as f64 - 120.0) * 0.012).collect();
        let q_z: Vec<f64> = (0..rows).map(|r| 3.2 - r as f64 * 0.011).collect();
        let at = |r: usize, c: usize| {
            let peak = (-((q_y[c].abs() - 0.82) / 0.15).powi(2)).exp() + 0.1;
            (900.0 * peak * (-(q_z[r] - 0.7).powi(2)).exp() + 0.3) as f32
        };
        let all = || (0..rows * cols).map(|i| (i / cols, i % cols));
        let masked = |r: usize, c: usize| r % 100 > 92 || (c as i32 - 120).abs() < 3;
        let noise =
            |r: usize, c: usize| (((r * 7919 + c * 104_729) % 1000) as f32 / 500.0 - 1.0) * 1.7;
        let point = |i: usize| {
            let q = 0.02 * 1.05_f64.powi(i as i32);
            let y = 300.0 * (-((q - 0.82) / 0.3).powi(2)).exp() + 1.0;
            CutPoint {
                q,
                measured: y * (1.0 + 0.03 * f64::from(noise(i, 3))),
                error: y.sqrt() * 0.3,
                simulated: y,
            }
        };
        let cut = || Cut {
            band: [0.21, 0.31],
            points: (0..100).map(point).collect(),
        };
        Comparison {
            fit: structure().fit.unwrap(),
            maps: Maps {
                rows,
                cols,
                measured: all()
                    .map(|(r, c)| {
                        if masked(r, c) {
                            f32::NAN
                        } else {
                            at(r, c) + at(r, c).sqrt() * 0.5 * noise(r, c)
                        }
                    })
                    .collect(),
                simulated: all().map(|(r, c)| at(r, c)).collect(),
                residual: all()
                    .map(|(r, c)| if masked(r, c) { f32::NAN } else { noise(r, c) })
                    .collect(),
                q_y,
                q_z,
            },
            horizontal: cut(),
            vertical: cut(),
        }
    }

    #[test]
    fn the_page_is_complete_and_self_contained() {
        let conditions = vec![("Wavelength".into(), "0.105 nm".into())];
        let page = html(&structure(), Some(&comparison()), &conditions).unwrap();
        for needed in [
            "series_&lt;01&gt;",
            "silicon assumed",
            "unresolved",
            "Residual",
            "0.105 nm",
        ] {
            assert!(page.contains(needed), "{needed}");
        }
        for outside in ["<script", "http://", "https://", "<link", "url(data"] {
            assert!(!page.contains(outside), "{outside}");
        }
        // Base64 may spell anything.
        let text: String = page
            .split("base64,")
            .map(|part| part.split_once('"').map_or(part, |p| p.1))
            .collect();
        assert!(!text.contains("NaN") && !text.contains("inf "));
        let without = html(&structure(), None, &conditions).unwrap();
        assert!(!without.contains("Residual") && without.contains("Size distribution"));
    }
}
