//! The size distribution: from the masses of the radius bins to a density with its band.
//!
//! The network gives three views of the same distribution: the mass of every bin, the
//! mean and the relative standard deviation. The last two have heads of their own because
//! a narrow distribution fits into a few bins, whose moments are those of the bins. The
//! three are brought together by the map R -> a R^g of the bin edges (masses unchanged):
//! it keeps radii positive and logarithmic bins logarithmic, g sets the relative width
//! and a the mean. The band is the pointwise 5 % to 95 % range of the densities under the
//! maps to pairs (mean, width) drawn from their intervals.

use crate::structure::{Estimate, RadiusDistribution};

/// Bins below this share of the highest mass are the floor of the softmax, not particles.
/// A mass of 1e-4 at ten times the mean would otherwise rule the standard deviation.
const FLOOR: f64 = 2e-3;
/// Range of the exponent g: beyond, masses and moments contradict each other.
const EXPONENT: [f64; 2] = [0.25, 2.5];
/// Quantile pairs per axis for the band.
const DRAWS: usize = 7;
/// Standard normal quantiles at (2 i + 1) / 14, i = 0..7, divided by that at 95 %, so that
/// an interval's ends are at -1 and 1.
const NORMAL_DRAWS: [f64; DRAWS] = [-0.8908, -0.4813, -0.2227, 0.0, 0.2227, 0.4813, 0.8908];

/// Masses with the softmax floor removed, sum 1.
#[must_use]
fn without_floor(mass: &[f64]) -> Vec<f64> {
    let highest = mass.iter().copied().fold(0.0, f64::max);
    let kept: Vec<f64> = mass
        .iter()
        .map(|&m| if m < FLOOR * highest { 0.0 } else { m })
        .collect();
    let total: f64 = kept.iter().sum();
    kept.iter().map(|m| m / total).collect()
}

/// Mean and relative standard deviation of `mass` in bins of `edges` raised to `exponent`,
/// mass spread evenly inside each bin.
fn moments(edges: &[f64], mass: &[f64], exponent: f64) -> (f64, f64) {
    let (mut mean, mut square) = (0.0, 0.0);
    for (e, &m) in edges.windows(2).zip(mass).filter(|(_, m)| **m > 0.0) {
        let (low, high) = (e[0].powf(exponent), e[1].powf(exponent));
        mean += m * 0.5 * (low + high);
        square += m * (low * low + low * high + high * high) / 3.0;
    }
    (mean, (square / (mean * mean) - 1.0).max(0.0).sqrt())
}

/// Exponent g (within bounds) that gives the bins e^g the relative standard deviation
/// `rel_std`. The relative width grows with g: bisection.
fn exponent(edges: &[f64], mass: &[f64], rel_std: f64) -> f64 {
    let [mut low, mut high] = EXPONENT;
    for _ in 0..32 {
        let g = 0.5 * (low + high);
        if moments(edges, mass, g).1 < rel_std {
            low = g;
        } else {
            high = g;
        }
    }
    0.5 * (low + high)
}

/// d(rel_std) / dg and d ln(mean) / dg of [`moments`].
fn moment_slopes(edges: &[f64], mass: &[f64], exponent: f64) -> (f64, f64) {
    let (mut mean, mut square, mut d_mean, mut d_square) = (0.0, 0.0, 0.0, 0.0);
    for (e, &m) in edges.windows(2).zip(mass).filter(|(_, m)| **m > 0.0) {
        let (low, high) = (e[0].powf(exponent), e[1].powf(exponent));
        // d(e^g)/dg = e^g ln e.
        let (d_low, d_high) = (low * e[0].ln(), high * e[1].ln());
        mean += m * 0.5 * (low + high);
        d_mean += m * 0.5 * (d_low + d_high);
        square += m * (low * low + low * high + high * high) / 3.0;
        d_square += m * ((2.0 * low + high) * d_low + (low + 2.0 * high) * d_high) / 3.0;
    }
    let rel_std = (square / (mean * mean) - 1.0).max(0.0).sqrt();
    let d_variance = (d_square - 2.0 * square * d_mean / mean) / (mean * mean);
    (0.5 * d_variance / rel_std, d_mean / mean)
}

/// Edges a e^g, with a such that the distribution has `mean`.
fn mapped(edges: &[f64], mass: &[f64], mean: f64, g: f64) -> Vec<f64> {
    let scale = mean / moments(edges, mass, g).0;
    edges.iter().map(|e| scale * e.powf(g)).collect()
}

/// Density of a histogram at `x`.
fn density_at(edges: &[f64], mass: &[f64], x: f64) -> f64 {
    let i = edges.partition_point(|&e| e <= x);
    if i == 0 || i == edges.len() {
        return 0.0;
    }
    mass[i - 1] / (edges[i] - edges[i - 1])
}

/// The size distribution from the masses of the radius bins (`edges` in nm, one more than
/// masses) and the estimates of mean (nm) and relative standard deviation. The band
/// covers the range of means and widths, its half-width multiplied by `band_calibration`.
///
/// # Panics
/// If `edges` is not one longer than `mass`.
#[must_use]
pub fn radius_distribution(
    edges: &[f64],
    mass: &[f64],
    mean: Estimate,
    rel_std: Estimate,
    band_calibration: f64,
) -> RadiusDistribution {
    assert_eq!(edges.len(), mass.len() + 1, "one edge more than masses");
    let mass = without_floor(mass);
    let bin_edges = mapped(
        edges,
        &mass,
        mean.value,
        exponent(edges, &mass, rel_std.value),
    );
    let density: Vec<f64> = bin_edges
        .windows(2)
        .zip(&mass)
        .map(|(e, m)| m / (e[1] - e[0]))
        .collect();

    let mut at_bin = vec![Vec::with_capacity(DRAWS * DRAWS); density.len()];
    for b in NORMAL_DRAWS {
        let g = exponent(edges, &mass, within(rel_std, b));
        for a in NORMAL_DRAWS {
            let draw = mapped(edges, &mass, within(mean, a), g);
            for (values, e) in at_bin.iter_mut().zip(bin_edges.windows(2)) {
                values.push(density_at(&draw, &mass, (e[0] * e[1]).sqrt()));
            }
        }
    }
    let (mut density_lower, mut density_upper) = (Vec::new(), Vec::new());
    for (values, &d) in at_bin.iter_mut().zip(&density) {
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |p: f64| values[((values.len() - 1) as f64 * p).round() as usize];
        density_lower.push((d + band_calibration * (quantile(0.05) - d)).clamp(0.0, d));
        density_upper.push((d + band_calibration * (quantile(0.95) - d)).max(d));
    }

    // Bins where even the band is empty say nothing.
    let seen = |i: &usize| density_upper[*i] > 0.0;
    let first = (0..density.len()).find(seen).unwrap_or(0);
    let end = (0..density.len())
        .rev()
        .find(seen)
        .map_or(density.len(), |i| i + 1);

    // The standard deviation's interval: relative width and mean are taken as independent.
    let combine = |bound: fn(Estimate) -> f64| {
        let relative = |e: Estimate| (bound(e) / e.value).ln();
        relative(mean).hypot(relative(rel_std))
    };
    let std = mean.value * rel_std.value;
    RadiusDistribution {
        unit: "nm",
        weighting: "number",
        bin_edges: bin_edges[first..=end].to_vec(),
        density: density[first..end].to_vec(),
        density_lower: density_lower[first..end].to_vec(),
        density_upper: density_upper[first..end].to_vec(),
        mean,
        std: Estimate {
            value: std,
            lower: std * (-combine(|e| e.lower)).exp(),
            upper: std * combine(|e| e.upper).exp(),
        },
    }
}

/// The point of an interval at `t` (-1: lower end, 0: value, 1: upper end), geometric.
fn within(e: Estimate, t: f64) -> f64 {
    let end = if t < 0.0 { e.lower } else { e.upper };
    e.value * (end / e.value).powf(t.abs())
}

impl RadiusDistribution {
    /// Masses of the bins, sum 1.
    #[must_use]
    pub fn mass(&self) -> Vec<f64> {
        self.bin_edges
            .windows(2)
            .zip(&self.density)
            .map(|(e, d)| d * (e[1] - e[0]))
            .collect()
    }

    /// Radii (centre of the bin, nm) and masses of the bins that hold particles.
    #[must_use]
    pub fn nodes(&self) -> Vec<(f64, f64)> {
        self.bin_edges
            .windows(2)
            .zip(self.mass())
            .filter(|&(_, m)| m > 0.0)
            .map(|(e, m)| (0.5 * (e[0] + e[1]), m))
            .collect()
    }

    /// How the radii (nm) of the [`Self::nodes`] of [`Self::reshaped`] change with the
    /// logarithm of `width_factor`; with that of `mean_factor` they change by themselves.
    pub(crate) fn width_slopes(&self, mean_factor: f64, width_factor: f64) -> Vec<f64> {
        let mass = self.mass();
        let mean = self.mean.value * mean_factor;
        let rel_std = self.std.value / self.mean.value * width_factor;
        let g = exponent(&self.bin_edges, &mass, rel_std);
        let (d_rel_std, d_ln_mean) = moment_slopes(&self.bin_edges, &mass, g);
        // At the bounds of the exponent the width stays what it is.
        let inside = moments(&self.bin_edges, &mass, g).1;
        let free = (inside / rel_std - 1.0).abs() < 1e-6 && d_rel_std > 0.0;
        let per_log = if free { rel_std / d_rel_std } else { 0.0 };
        let edges = mapped(&self.bin_edges, &mass, mean, g);
        let slopes: Vec<f64> = self
            .bin_edges
            .iter()
            .zip(&edges)
            .map(|(e, mapped)| mapped * (e.ln() - d_ln_mean) * per_log)
            .collect();
        slopes
            .windows(2)
            .zip(mass)
            .filter(|&(_, m)| m > 0.0)
            .map(|(s, _)| 0.5 * (s[0] + s[1]))
            .collect()
    }

    /// The same shape with another mean and relative standard deviation; estimates and
    /// band are moved along.
    #[must_use]
    pub fn reshaped(&self, mean_factor: f64, width_factor: f64) -> Self {
        let mass = self.mass();
        let (mean, rel_std) = (
            self.mean.value * mean_factor,
            self.std.value / self.mean.value * width_factor,
        );
        let g = exponent(&self.bin_edges, &mass, rel_std);
        let bin_edges = mapped(&self.bin_edges, &mass, mean, g);
        let stretched = |values: &[f64]| {
            values
                .iter()
                .zip(self.bin_edges.windows(2).zip(bin_edges.windows(2)))
                .map(|(v, (old, new))| v * (old[1] - old[0]) / (new[1] - new[0]))
                .collect()
        };
        Self {
            density: stretched(&self.density),
            density_lower: stretched(&self.density_lower),
            density_upper: stretched(&self.density_upper),
            mean: self.mean.scaled(mean_factor),
            std: self.std.scaled(mean_factor * width_factor),
            bin_edges,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(value: f64) -> Estimate {
        Estimate {
            value,
            lower: value * 0.9,
            upper: value * 1.1,
        }
    }

    fn gaussian(edges: &[f64], mean: f64, std: f64) -> Vec<f64> {
        let mass: Vec<f64> = edges
            .windows(2)
            .map(|e| {
                let x = (0.5 * (e[0] + e[1]) - mean) / std;
                (e[1] - e[0]) * (-0.5 * x * x).exp()
            })
            .collect();
        let total: f64 = mass.iter().sum();
        mass.iter().map(|m| m / total).collect()
    }

    fn edges() -> Vec<f64> {
        (0..=128)
            .map(|i| 0.25 * 180_f64.powf(f64::from(i) / 128.0))
            .collect()
    }

    #[test]
    fn density_has_the_moments_of_the_estimates() {
        let edges = edges();
        let mass = gaussian(&edges, 5.0, 1.0);
        let p = radius_distribution(&edges, &mass, exact(5.3), exact(0.15), 1.0);
        let integral: f64 = p.mass().iter().sum();
        assert!((integral - 1.0).abs() < 1e-12);
        let (mean, rel_std) = moments(&p.bin_edges, &p.mass(), 1.0);
        assert!((mean - 5.3).abs() < 1e-6, "{mean}");
        assert!((rel_std - 0.15).abs() < 1e-6, "{rel_std}");
        for i in 0..p.density.len() {
            assert!(p.density_lower[i] <= p.density[i] && p.density[i] <= p.density_upper[i]);
        }
    }

    #[test]
    fn the_softmax_floor_does_not_widen_the_distribution() {
        let edges = edges();
        let clean = gaussian(&edges, 5.0, 1.0);
        let floored: Vec<f64> = clean.iter().map(|m| m + 1e-5).collect();
        let without = without_floor(&floored);
        let (_, rel_std) = moments(&edges, &without, 1.0);
        assert!((rel_std - 0.2).abs() < 0.01, "{rel_std}");
    }

    #[test]
    fn slopes_are_differences_of_reshaped_radii() {
        let edges = edges();
        let mass = gaussian(&edges, 5.0, 1.0);
        let p = radius_distribution(&edges, &mass, exact(5.0), exact(0.2), 1.0);
        let slopes = p.width_slopes(1.1, 0.9);
        let h = 1e-3_f64;
        let [up, down] = [h, -h].map(|t| p.reshaped(1.1, 0.9 * t.exp()).nodes());
        assert_eq!(slopes.len(), up.len());
        for (slope, (u, d)) in slopes.iter().zip(up.iter().zip(&down)) {
            let exact = (u.0 - d.0) / (2.0 * h);
            assert!((slope - exact).abs() < 1e-4, "{slope} {exact}");
        }
        // A width out of reach changes nothing.
        assert!(p.width_slopes(1.0, 30.0).iter().all(|s| *s == 0.0));
    }

    #[test]
    fn reshaping_moves_the_mean_and_the_width() {
        let edges = edges();
        let mass = gaussian(&edges, 5.0, 1.0);
        let p = radius_distribution(&edges, &mass, exact(5.0), exact(0.2), 1.0);
        let moved = p.reshaped(1.1, 0.9);
        let (mean, rel_std) = moments(&moved.bin_edges, &moved.mass(), 1.0);
        assert!((mean - 5.5).abs() < 1e-6 && (rel_std - 0.18).abs() < 1e-6);
        assert!((moved.mean.value - 5.5).abs() < 1e-9);
    }
}
