//! Distributions of the particle radius: mixtures of components, and smooth densities of no formula.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use gisaxs_physics::elementary::{exp, ln, powi};

/// Shape of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Normal distribution in R.
    Gaussian,
    /// Normal distribution in ln R.
    LogNormal,
    /// Schulz-Zimm (gamma) distribution, R^z exp(-(z + 1) R / R_mean) with
    /// z + 1 = 1 / spread^2 (G. V. Schulz, Z. Phys. Chem. B 43, 25 (1939); B. H. Zimm,
    /// J. Chem. Phys. 16, 1099 (1948)).
    SchulzZimm,
}

/// One component of a [`SizeDistribution`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Shape.
    pub kind: Kind,
    /// Share of the particles, relative to the other components.
    pub weight: f64,
    /// Mean of the normal and of Schulz-Zimm, median of the log-normal, nm.
    pub radius_nm: f64,
    /// Standard deviation of R over `radius_nm` (normal, Schulz-Zimm), of ln R (log-normal).
    pub spread: f64,
}

impl Component {
    fn density(&self, r: f64) -> f64 {
        let norm = 1.0 / std::f64::consts::TAU.sqrt();
        match self.kind {
            Kind::Gaussian => {
                let sigma = self.spread * self.radius_nm;
                let x = (r - self.radius_nm) / sigma;
                norm / sigma * exp(-0.5 * x * x)
            }
            Kind::LogNormal => {
                let x = ln(r / self.radius_nm) / self.spread;
                norm / (self.spread * r) * exp(-0.5 * x * x)
            }
            Kind::SchulzZimm => {
                let shape = powi(self.spread, -2);
                let x = r / self.radius_nm;
                let log =
                    shape * ln(shape) - libm::lgamma(shape) + (shape - 1.0) * ln(x) - shape * x;
                exp(log) / self.radius_nm
            }
        }
    }

    /// Range that holds all but 1e-4 of the component.
    fn range(&self) -> [f64; 2] {
        const SIGMAS: f64 = 3.9;
        match self.kind {
            Kind::Gaussian => [
                self.radius_nm * (1.0 - SIGMAS * self.spread),
                self.radius_nm * (1.0 + SIGMAS * self.spread),
            ],
            Kind::LogNormal => [
                self.radius_nm * exp(-SIGMAS * self.spread),
                self.radius_nm * exp(SIGMAS * self.spread),
            ],
            // Quantiles of the gamma distribution by Wilson and Hilferty, PNAS 17, 684 (1931).
            Kind::SchulzZimm => [-1.0, 1.0].map(|side| {
                let root = 1.0 - powi(self.spread, 2) / 9.0 + side * SIGMAS * self.spread / 3.0;
                self.radius_nm * powi(root.max(0.0), 3)
            }),
        }
    }
}

/// Smallest radius a distribution may reach, nm: less than an atom is no particle.
pub const R_MIN_NM: f64 = 0.25;

/// A number-weighted density over the radius: a mixture, cut off below [`R_MIN_NM`] and
/// beyond 3.9 standard deviations of its components, or a smooth curve through knots; normalised.
///
/// The density is tabulated once on a fine grid, and everything else (mean, standard
/// deviation, bin masses, quadrature nodes) is taken from that table, so that label and
/// simulation are the same distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeDistribution {
    form: Form,
    /// Radii that stand for the distribution, if that was decided.
    count: Option<usize>,
    /// Cell edges of the table, nm.
    edges: Vec<f64>,
    /// Probability up to each edge; ends with 1.
    cumulative: Vec<f64>,
}

/// Where the table of a [`SizeDistribution`] came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Weighted components.
    Mixture(Vec<Component>),
    /// Pairs of a radius (nm, ascending) and the logarithm of the density there, up to a
    /// constant; a Catmull-Rom spline through them, zero outside.
    FreeForm(Vec<[f64; 2]>),
}

/// Most radii that stand for a distribution.
pub const MAX_NODES: usize = 40;

/// Cells of the table: the narrowest component of a mixture over a decade still gets ten.
const TABLE: usize = 1500;

impl SizeDistribution {
    /// Mixture of `components`.
    ///
    /// # Errors
    /// If there is no component, or one has a weight, radius or spread that is not positive
    /// and finite, or a spread above 1, or nothing lies above [`R_MIN_NM`].
    pub fn new(components: Vec<Component>) -> Result<Self> {
        let refuse = |parameter, value, expected| {
            Err(Error::SizeDistribution {
                parameter,
                value,
                expected,
            })
        };
        if components.is_empty() {
            return refuse("number of components", 0.0, "at least one");
        }
        for c in &components {
            if !(c.weight > 0.0 && c.weight.is_finite()) {
                return refuse("weight", c.weight, "a positive number");
            }
            if !(c.radius_nm > 0.0 && c.radius_nm.is_finite()) {
                return refuse("radius_nm", c.radius_nm, "a positive length in nm");
            }
            if !(c.spread > 0.0 && c.spread <= 1.0) {
                return refuse("spread", c.spread, "a number above 0, at most 1");
            }
        }
        let low = components
            .iter()
            .map(|c| c.range()[0])
            .fold(f64::MAX, f64::min);
        let high = components.iter().map(|c| c.range()[1]).fold(0.0, f64::max);
        let density = |r: f64| components.iter().map(|c| c.weight * c.density(r)).sum();
        let (edges, cumulative) = tabulate(low, high, density)?;
        Ok(Self {
            form: Form::Mixture(components),
            count: None,
            edges,
            cumulative,
        })
    }

    /// A smooth density through `knots`, pairs of a radius (nm, ascending) and the logarithm of
    /// the density there (up to a constant). Between the knots goes a Catmull-Rom spline of the
    /// logarithm over the index of the knot; outside is nothing.
    ///
    /// # Errors
    /// If there are fewer than four knots, radii do not increase from above 0, a number is not
    /// finite, or nothing lies above [`R_MIN_NM`].
    pub fn free_form(knots: Vec<[f64; 2]>) -> Result<Self> {
        let refuse = |parameter, value, expected| {
            Err(Error::SizeDistribution {
                parameter,
                value,
                expected,
            })
        };
        if knots.len() < 4 {
            return refuse("number of knots", knots.len() as f64, "at least four");
        }
        if let Some([r, y]) = knots
            .iter()
            .find(|k| !(k[0] > 0.0 && k[0].is_finite() && k[1].is_finite()))
        {
            let value = if y.is_finite() { *r } else { *y };
            return refuse("knot", value, "a positive radius and a finite logarithm");
        }
        if let Some(pair) = knots.windows(2).find(|pair| pair[0][0] >= pair[1][0]) {
            return refuse("radius of a knot", pair[1][0], "larger than the one before");
        }
        let highest = knots.iter().map(|k| k[1]).fold(f64::MIN, f64::max);
        let density = |r: f64| exp(spline(&knots, r) - highest);
        let last = knots[knots.len() - 1][0];
        let (edges, cumulative) = tabulate(knots[0][0], last, density)?;
        Ok(Self {
            form: Form::FreeForm(knots),
            count: None,
            edges,
            cumulative,
        })
    }

    /// A single normal distribution.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn gaussian(mean_nm: f64, relative_std: f64) -> Result<Self> {
        Self::new(vec![Component {
            kind: Kind::Gaussian,
            weight: 1.0,
            radius_nm: mean_nm,
            spread: relative_std,
        }])
    }

    /// The components as given; none for a density of no formula.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        match &self.form {
            Form::Mixture(components) => components,
            Form::FreeForm(_) => &[],
        }
    }

    /// Components or knots, as given.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    fn moment(&self, power: i32) -> f64 {
        self.cells().map(|(r, p)| p * powi(r, power)).sum()
    }

    /// Cell centres and probabilities of the table.
    fn cells(&self) -> impl Iterator<Item = (f64, f64)> {
        self.edges
            .windows(2)
            .zip(self.cumulative.windows(2))
            .map(|(e, c)| (0.5 * (e[0] + e[1]), c[1] - c[0]))
    }

    /// Mean radius, nm.
    #[must_use]
    pub fn mean_nm(&self) -> f64 {
        self.moment(1)
    }

    /// Standard deviation of the radius, nm.
    #[must_use]
    pub fn std_nm(&self) -> f64 {
        let mean = self.mean_nm();
        (self.moment(2) - mean * mean).max(0.0).sqrt()
    }

    /// Probability of a radius below `r_nm`, linear inside table cells.
    #[must_use]
    pub fn cumulative(&self, r_nm: f64) -> f64 {
        self.interpolate(&self.cumulative, r_nm)
    }

    fn interpolate(&self, cumulative: &[f64], r_nm: f64) -> f64 {
        let (low, high) = (self.edges[0], self.edges[TABLE]);
        let t = (r_nm - low) / (high - low) * TABLE as f64;
        if t <= 0.0 {
            return 0.0;
        }
        if t >= TABLE as f64 {
            return 1.0;
        }
        let (i, u) = (t as usize, t.fract());
        cumulative[i] * (1.0 - u) + cumulative[i + 1] * u
    }

    /// Probability mass between successive `edges_nm`; what lies outside is in no bin.
    #[must_use]
    pub fn masses(&self, edges_nm: &[f64]) -> Vec<f64> {
        let c: Vec<f64> = edges_nm.iter().map(|&r| self.cumulative(r)).collect();
        differences(&c)
    }

    /// Share of the volume of all particles between successive `edges_nm`: the number-weighted
    /// density times R^3, normalised (shapes of one height over radius scale with R^3).
    #[must_use]
    pub fn volume_masses(&self, edges_nm: &[f64]) -> Vec<f64> {
        let mut cumulative = vec![0.0];
        let mut sum = 0.0;
        for (r, p) in self.cells() {
            sum += p * powi(r, 3);
            cumulative.push(sum);
        }
        cumulative.iter_mut().for_each(|c| *c /= sum);
        let c: Vec<f64> = edges_nm
            .iter()
            .map(|&r| self.interpolate(&cumulative, r))
            .collect();
        differences(&c)
    }

    /// Radii and weights (sum 1) that stand for the distribution when amplitudes up to wave
    /// vectors `q_max` (nm^-1) are averaged: equal cells, each at its centre of mass.
    ///
    /// The sum stands for an integral over exp(i q R): cells of width 1/q are enough where
    /// the intensity is not yet lost in the background; at most `MAX_NODES` are used.
    #[must_use]
    pub fn nodes(&self, q_max: f64) -> (Vec<f64>, Vec<f64>) {
        if let Some(n) = self.count {
            return self.equal_cells(n);
        }
        let width = self.edges[TABLE] - self.edges[0];
        let n = (10.0 + 0.8 * width * q_max.min(2.0)) as usize;
        self.equal_cells(n.min(MAX_NODES))
    }

    /// The same distribution, for which [`nodes`](Self::nodes) gives `count` radii (1 to 1500)
    /// whatever the wave vector.
    #[must_use]
    pub fn with_radii(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// As [`nodes`](Self::nodes), with `n` equal cells (at most 1500) whatever the wave vector.
    #[must_use]
    pub fn equal_cells(&self, n: usize) -> (Vec<f64>, Vec<f64>) {
        let n = n.clamp(1, TABLE);
        let (mut weights, mut radii) = (vec![0.0; n], vec![0.0; n]);
        for (i, (r, p)) in self.cells().enumerate() {
            let node = i * n / TABLE;
            weights[node] += p;
            radii[node] += p * r;
        }
        let kept: Vec<(f64, f64)> = radii
            .into_iter()
            .zip(weights)
            .filter(|(_, w)| *w > 1e-6)
            .map(|(rw, w)| (rw / w, w))
            .collect();
        let total: f64 = kept.iter().map(|(_, w)| w).sum();
        kept.into_iter().map(|(r, w)| (r, w / total)).unzip()
    }
}

/// Masses between points of a cumulative probability. Its interpolation may round downwards by
/// 1e-16 where nothing is added; no mass is negative.
fn differences(cumulative: &[f64]) -> Vec<f64> {
    let pairs = cumulative.windows(2);
    pairs.map(|pair| (pair[1] - pair[0]).max(0.0)).collect()
}

/// Edges and cumulative probability of a density between two radii.
fn tabulate(low: f64, high: f64, density: impl Fn(f64) -> f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let refuse = |parameter, value, expected| {
        Err(Error::SizeDistribution {
            parameter,
            value,
            expected,
        })
    };
    let low = low.max(R_MIN_NM);
    if high <= low {
        return refuse("largest radius", high, "above 0.25 nm");
    }
    let edges: Vec<f64> = (0..=TABLE)
        .map(|i| low + (high - low) * i as f64 / TABLE as f64)
        .collect();
    let mut cumulative = vec![0.0];
    let mut sum = 0.0;
    for pair in edges.windows(2) {
        sum += density(0.5 * (pair[0] + pair[1]));
        cumulative.push(sum);
    }
    if !(sum > 0.0 && sum.is_finite()) {
        return refuse("density", sum, "some probability above 0.25 nm");
    }
    cumulative.iter_mut().for_each(|c| *c /= sum);
    Ok((edges, cumulative))
}

/// Catmull-Rom spline through the second entries of `knots` at a radius between the first and
/// the last.
fn spline(knots: &[[f64; 2]], r: f64) -> f64 {
    let last = knots.len() - 1;
    let i = knots.partition_point(|k| k[0] <= r).clamp(1, last) - 1;
    let t = ((r - knots[i][0]) / (knots[i + 1][0] - knots[i][0])).clamp(0.0, 1.0);
    let y = |j: usize| knots[j.min(last)][1];
    let before = if i == 0 { 2.0 * y(0) - y(1) } else { y(i - 1) };
    let after = if i + 1 == last {
        2.0 * y(last) - y(last - 1)
    } else {
        y(i + 2)
    };
    let (a, b) = (y(i), y(i + 1));
    let linear = 0.5 * (b - before);
    let quadratic = before - 2.5 * a + 2.0 * b - 0.5 * after;
    let cubic = 1.5 * (a - b) + 0.5 * (after - before);
    a + t * (linear + t * (quadratic + t * cubic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_density() {
        let d = SizeDistribution::gaussian(6.0, 0.1).unwrap();
        assert!((d.mean_nm() - 6.0).abs() < 1e-6);
        assert!((d.std_nm() - 0.6).abs() < 1e-3); // cut at 3.9 sigma
        let d = SizeDistribution::new(vec![Component {
            kind: Kind::LogNormal,
            weight: 1.0,
            radius_nm: 4.0,
            spread: 0.3,
        }])
        .unwrap();
        assert!((d.mean_nm() - 4.0 * (0.045_f64).exp()).abs() < 2e-3);
    }

    #[test]
    fn schulz_zimm_has_its_moments() {
        for spread in [0.05, 0.3, 0.5] {
            let d = SizeDistribution::new(vec![Component {
                kind: Kind::SchulzZimm,
                weight: 1.0,
                radius_nm: 6.0,
                spread,
            }])
            .unwrap();
            // The cut tails hold 1e-4 of the particles, those of large radius.
            assert!((d.mean_nm() / 6.0 - 1.0).abs() < 1e-3, "{}", d.mean_nm());
            assert!(
                (d.std_nm() / (6.0 * spread) - 1.0).abs() < 5e-3,
                "{}",
                d.std_nm()
            );
        }
    }

    #[test]
    fn free_forms_pass_through_their_knots() {
        let knots: Vec<[f64; 2]> = [
            (2.0, -4.0),
            (3.0, 0.0),
            (4.0, -1.0),
            (5.0, 0.5),
            (7.0, -5.0),
        ]
        .map(|(r, y)| [r, y])
        .to_vec();
        for k in &knots {
            assert!((spline(&knots, k[0]) - k[1]).abs() < 1e-12);
        }
        let d = SizeDistribution::free_form(knots.clone()).unwrap();
        // Ratio of the density at two knots, from narrow bins around them.
        let at = |r: f64| d.masses(&[r - 0.005, r + 0.005])[0];
        assert!((at(5.0) / at(4.0) / 1.5_f64.exp() - 1.0).abs() < 0.02);
        assert_eq!(d.form(), &Form::FreeForm(knots.clone()));
        assert!(SizeDistribution::free_form(knots[..3].to_vec()).is_err());
        let mut descending = knots;
        descending.swap(1, 2);
        assert!(SizeDistribution::free_form(descending).is_err());
    }

    #[test]
    fn volume_weighting_moves_mass_to_large_radii() {
        let d = SizeDistribution::gaussian(5.0, 0.3).unwrap();
        let edges: Vec<f64> = (0..=200).map(|i| 0.1 * f64::from(i)).collect();
        let (number, volume) = (d.masses(&edges), d.volume_masses(&edges));
        assert!((volume.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let third: f64 = d.cells().map(|(r, p)| p * r.powi(3)).sum();
        for ((n, v), e) in number.iter().zip(&volume).zip(edges.windows(2)) {
            let r = 0.5 * (e[0] + e[1]);
            assert!((v - n * r.powi(3) / third).abs() < 2e-4);
        }
    }

    #[test]
    fn nodes_keep_mean_and_nearly_keep_width() {
        let d = SizeDistribution::gaussian(5.0, 0.3).unwrap();
        let (r, w) = d.nodes(1.0);
        let mean: f64 = r.iter().zip(&w).map(|(r, w)| r * w).sum();
        assert!((mean - d.mean_nm()).abs() < 1e-4);
        let var: f64 = r.iter().zip(&w).map(|(r, w)| w * (r - mean).powi(2)).sum();
        assert!((var.sqrt() / d.std_nm() - 1.0).abs() < 0.02);
    }

    #[test]
    fn masses_add_up() {
        let d = SizeDistribution::gaussian(5.0, 0.3).unwrap();
        let edges: Vec<f64> = (0..=100).map(|i| 0.2 * f64::from(i)).collect();
        assert!((d.masses(&edges).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Fine bins far beyond the particles: nothing, and not a negative nothing.
        for i in 0..200 {
            let d = SizeDistribution::gaussian(1.0 + 0.1 * f64::from(i), 0.05).unwrap();
            let edges: Vec<f64> = (0..=3000).map(|i| 0.02 * f64::from(i)).collect();
            let masses = d.masses(&edges).into_iter().chain(d.volume_masses(&edges));
            assert!(masses.into_iter().all(|m| m >= 0.0));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(SizeDistribution::new(vec![]).is_err());
        assert!(SizeDistribution::gaussian(f64::NAN, 0.1).is_err());
        assert!(SizeDistribution::gaussian(5.0, -0.1).is_err());
        assert!(SizeDistribution::gaussian(0.1, 0.01).is_err());
    }
}
