//! Axes of the plots: from data to picture coordinates, and where the ticks stand.

/// A linear or logarithmic axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Data range.
    pub range: [f64; 2],
    /// Picture coordinates of its ends.
    pub pixels: [f64; 2],
    /// Logarithmic.
    pub log: bool,
}

impl Axis {
    fn coordinate(&self, x: f64) -> f64 {
        if self.log { x.max(1e-300).log10() } else { x }
    }

    /// Picture coordinate of `x`, cut off at the ends of the axis.
    pub(super) fn at(&self, x: f64) -> f64 {
        let [low, high] = self.range.map(|r| self.coordinate(r));
        let t = ((self.coordinate(x) - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels[0] + t * (self.pixels[1] - self.pixels[0])
    }

    /// True if `x` lies on the axis.
    pub(super) fn holds(&self, x: f64) -> bool {
        x >= self.range[0] && x <= self.range[1]
    }

    /// Positions and labels (SVG text content) of about `count` ticks.
    pub(super) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        if !self.log {
            return linear_ticks(self.range, count);
        }
        let [low, high] = self.range.map(f64::log10);
        let decades = high - low;
        if decades < 1.2 {
            return linear_ticks(self.range, count)
                .into_iter()
                .filter(|t| t.0 > 0.0)
                .collect();
        }
        let step = (decades / count as f64).ceil().max(1.0) as i32;
        let mut ticks = Vec::new();
        for exponent in low.floor() as i32..=high.ceil() as i32 {
            let decade = 10_f64.powi(exponent);
            // Few decades: the 2 and the 5 between them are worth a label too.
            for digit in if decades < 2.5 {
                &[1.0, 2.0, 5.0][..]
            } else {
                &[1.0]
            } {
                if self.holds(decade * digit) && exponent.rem_euclid(step) == 0 {
                    ticks.push((decade * digit, log_label(exponent, *digit)));
                }
            }
        }
        ticks
    }

    /// Positions of unlabelled ticks between those of a logarithmic axis.
    pub(super) fn minor_ticks(&self) -> Vec<f64> {
        if !self.log || (self.range[1] / self.range[0]).log10() > 6.0 {
            return Vec::new();
        }
        let [low, high] = self.range.map(|r| r.log10().floor() as i32);
        (low..=high)
            .flat_map(|e| (2..10).map(move |d| f64::from(d) * 10_f64.powi(e)))
            .filter(|&x| self.holds(x))
            .collect()
    }
}

fn log_label(exponent: i32, digit: f64) -> String {
    match exponent {
        -2..=2 => trim(digit * 10_f64.powi(exponent), (-exponent).max(0) as usize),
        _ if digit == 1.0 => format!(
            r#"10<tspan dy="-0.45em" font-size="75%">{}</tspan>"#,
            minus(&exponent.to_string())
        ),
        _ => String::new(),
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks([low, high]: [f64; 2], count: usize) -> Vec<(f64, String)> {
    let raw = (high - low) / count.max(1) as f64;
    let decade = 10_f64.powf(raw.log10().floor());
    let step = decade
        * [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .find(|m| m * decade >= raw * 0.999)
            .unwrap_or(10.0);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step - 1e-6).ceil() as i64;
    let last = (high / step + 1e-6).floor() as i64;
    (first..=last)
        .map(|i| (i as f64 * step, trim(i as f64 * step, digits)))
        .collect()
}

/// Fixed-point text with a true minus sign.
pub(super) fn trim(x: f64, digits: usize) -> String {
    let x = if x.abs() < 1e-12 { 0.0 } else { x };
    minus(&format!("{x:.digits$}"))
}

fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round() {
        let labels: Vec<String> = linear_ticks([-0.93, 1.02], 5)
            .into_iter()
            .map(|t| t.1)
            .collect();
        assert_eq!(labels, ["\u{2212}0.5", "0.0", "0.5", "1.0"]);
    }

    #[test]
    fn logarithmic_axis_puts_decades_evenly() {
        let axis = Axis {
            range: [1.0, 1000.0],
            pixels: [300.0, 0.0],
            log: true,
        };
        assert!((axis.at(10.0) - 200.0).abs() < 1e-9);
        assert_eq!(axis.ticks(4).len(), 4);
    }
}
