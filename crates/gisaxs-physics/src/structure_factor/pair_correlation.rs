//! Structure factor of a measured or computed pair correlation function.

use std::f64::consts::PI;

use super::StructureFactor;
use crate::elementary::hypot;
use crate::error::{Error, Result, check, non_negative, positive};
use crate::quadrature::gauss_legendre;

/// What multiplies g - 1 before the transform, for a g that ends at R before it has decayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PairWindow {
    /// Nothing: g is 1 beyond the table.
    #[default]
    None,
    /// sin(pi r / R) / (pi r / R): no ripples of the period 2 pi / R around sharp peaks, which
    /// become wider instead. Reference: E. Lorch, J. Phys. C 2, 229 (1969).
    Lorch,
}

/// An isotropic arrangement with the pair correlation function g(r), the density of neighbours at
/// the distance r relative to the mean density rho:
///
/// S(q) = 1 + 2 pi rho int_0^R (g(r) - 1) w(r) J0(q r) r dr,
///
/// the two-dimensional (Hankel) transform, with the window w. Reference: J.-P. Hansen,
/// I. R. McDonald, Theory of Simple Liquids, section 4.1, in two dimensions.
///
/// g is linear between the points of its table, two points at the same r make a step; below the
/// first point it has the value there, beyond the last it is 1. Each interval is integrated with
/// Gauss-Legendre rules on panels that shrink with q, good to 1e-13 of 2 pi rho R^2. S is not
/// clipped: a noisy or inconsistent g can make it negative.
#[derive(Debug, Clone, PartialEq)]
pub struct PairCorrelation {
    density_per_nm2: f64,
    window: PairWindow,
    /// Points (r, g), nm.
    points: Vec<[f64; 2]>,
    table: Option<Table>,
}

/// Mean of g over the outer tenth of its table must not differ more from 1: beyond, the integral depends
/// on where the table ends.
const TAIL: f64 = 0.1;
/// Nodes that are enough up to half the phase of an interval: a rule of n nodes is off by
/// phase^(2n) (n!)^4 2^(2n+1) / ((2n+1) (2n)!^3), here below 1e-12.
const RULES: [(f64, usize); 3] = [(0.05, 3), (0.2, 4), (0.6, 6)];
/// Half the phase of a panel, for 16 nodes.
const LONGEST: f64 = 4.0;
/// Beyond this q R, S - 1 is below 1e-9 of 2 pi rho R^2 and is left out.
const LARGEST_PHASE: f64 = 1e6;
/// Step of tabulated values times R; the cubic is off by its fourth power / 384 of the moments of g - 1.
const TABLE_STEP: f64 = 0.05;
const MOST_TABLE_POINTS: f64 = 1e6;

impl PairCorrelation {
    /// Arrangement of `density_per_nm2` particles per nm^2 with the values `g` at the distances
    /// `r_nm` (nm, ascending).
    ///
    /// # Errors
    /// If the lists differ in length or have fewer than 2 entries, a distance is negative or
    /// smaller than the one before, a value is negative or not finite, or g does not end near 1
    /// (mean over the outer tenth of the range between 0.9 and 1.1).
    pub fn new(r_nm: &[f64], g: &[f64], density_per_nm2: f64) -> Result<Self> {
        positive("number density", density_per_nm2, "nm^-2")?;
        if r_nm.len() != g.len() || r_nm.len() < 2 {
            return Err(Error::Length {
                name: "pair correlation function",
                found: g.len(),
                expected: "one value per distance, at least 2",
            });
        }
        let mut before = 0.0;
        for (&r, &g) in r_nm.iter().zip(g) {
            check(
                "distance of a pair correlation function",
                r,
                "nm",
                "zero or positive, in ascending order",
                |r| r >= before,
            )?;
            non_negative("pair correlation function", g, "")?;
            before = r;
        }
        positive(
            "largest distance of a pair correlation function",
            before,
            "nm",
        )?;
        let points: Vec<[f64; 2]> = r_nm.iter().zip(g).map(|(r, g)| [*r, *g]).collect();
        let tail: Vec<f64> = points
            .iter()
            .filter(|p| p[0] >= 0.9 * before)
            .map(|p| p[1])
            .collect();
        check(
            "pair correlation function at large distances",
            tail.iter().sum::<f64>() / tail.len() as f64,
            "",
            "0.9 to 1.1",
            |mean| (mean - 1.0).abs() <= TAIL,
        )?;
        Ok(Self {
            density_per_nm2,
            window: PairWindow::None,
            points,
            table: None,
        })
    }

    /// The same with a window.
    #[must_use]
    pub fn with_window(self, window: PairWindow) -> Self {
        Self {
            window,
            table: None,
            ..self
        }
    }

    /// The same, tabulated up to `q_max_per_nm` (nm^-1) for images: values and slopes at steps of
    /// 0.05 / R, cubic between them, which changes S by about 1e-8. Beyond, S is integrated for every q.
    ///
    /// # Errors
    /// If q is not positive or more than a million steps would be needed.
    pub fn tabulated(mut self, q_max_per_nm: f64) -> Result<Self> {
        positive("largest q", q_max_per_nm, "nm^-1")?;
        let step = TABLE_STEP / self.range_nm();
        let n = (q_max_per_nm / step).ceil() + 1.0;
        check("steps of the tabulated S(q)", n, "", "at most 10^6", |n| {
            n <= MOST_TABLE_POINTS
        })?;
        let values = (0..=n as usize)
            .map(|i| self.integrate(i as f64 * step))
            .collect();
        self.table = Some(Table { step, values });
        Ok(self)
    }

    /// Largest distance R of the table, nm.
    #[must_use]
    pub fn range_nm(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p[0])
    }

    /// S at the in-plane magnitude q_par (nm^-1).
    #[must_use]
    pub fn structure_factor(&self, q_par: f64) -> f64 {
        self.table
            .as_ref()
            .and_then(|t| t.at(q_par))
            .unwrap_or_else(|| self.integrate(q_par)[0])
    }

    /// S and dS/dq: J0' = -J1.
    fn integrate(&self, q: f64) -> [f64; 2] {
        let range = self.range_nm();
        let first = self.points[0];
        let start = [0.0, first[1]];
        let mut sum = [0.0; 2];
        let lefts = std::iter::once(&start).chain(&self.points);
        if q * range > LARGEST_PHASE {
            return [1.0, 0.0];
        }
        for (&[r_0, g_0], &[r_1, g_1]) in lefts.zip(&self.points) {
            let length = r_1 - r_0;
            if length == 0.0 {
                continue;
            }
            // The window oscillates as well, with the period 2 R.
            let phase = 0.5 * length * (q + PI / range);
            let nodes = RULES.iter().find(|r| phase < r.0).map_or(16, |r| r.1);
            let rule = gauss_legendre(nodes);
            let panels = (phase / LONGEST).ceil();
            for panel in 0..panels as usize {
                for &(x, weight) in rule {
                    let t = (panel as f64 + 0.5 * (x + 1.0)) / panels;
                    let r = r_0 + length * t;
                    let excess = (g_0 + (g_1 - g_0) * t - 1.0) * self.window_at(r / range);
                    let area = 0.5 * length / panels * weight * excess * r;
                    sum[0] += area * libm::j0(q * r);
                    sum[1] -= area * r * libm::j1(q * r);
                }
            }
        }
        let scale = 2.0 * PI * self.density_per_nm2;
        [1.0 + scale * sum[0], scale * sum[1]]
    }

    fn window_at(&self, x: f64) -> f64 {
        match self.window {
            PairWindow::None => 1.0,
            PairWindow::Lorch => crate::special::sinc_real(PI * x),
        }
    }
}

impl StructureFactor for PairCorrelation {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        self.structure_factor(hypot(q_x, q_y))
    }

    fn density(&self) -> f64 {
        self.density_per_nm2
    }
}

/// Values and slopes at equal steps of q.
#[derive(Debug, Clone, PartialEq)]
struct Table {
    step: f64,
    values: Vec<[f64; 2]>,
}

impl Table {
    /// Cubic Hermite interpolation; `None` beyond the end.
    fn at(&self, q: f64) -> Option<f64> {
        let x = q / self.step;
        let i = x as usize;
        let [[a, slope_a], [b, slope_b]] = [*self.values.get(i)?, *self.values.get(i + 1)?];
        let t = x - i as f64;
        let (u, v) = (1.0 - t, self.step * t * (1.0 - t));
        Some(
            u * u * (1.0 + 2.0 * t) * a
                + t * t * (3.0 - 2.0 * t) * b
                + v * (u * slope_a - t * slope_b),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::bessel_j1_over_x;

    /// An excluded disk of the diameter 7: g is a step.
    fn disk() -> PairCorrelation {
        PairCorrelation::new(&[0.0, 7.0, 7.0, 40.0], &[0.0, 0.0, 1.0, 1.0], 3e-3).unwrap()
    }

    #[test]
    fn step_gives_the_transform_of_a_disk() {
        let s = disk();
        for q in [0.0, 1e-9, 0.1, 0.7, 3.0, 20.0] {
            // bessel_j1_over_x is J1(x)/x.
            let exact = 1.0 - 2.0 * PI * 3e-3 * 49.0 * bessel_j1_over_x(7.0 * q);
            assert!((s.structure_factor(q) - exact).abs() < 1e-13, "{q}");
        }
        assert_eq!(s.density(), 3e-3);
        assert_eq!(s.at(0.3, 0.4), s.structure_factor(0.5));
    }

    #[test]
    fn gaussian_pair_correlation_has_a_gaussian_transform() {
        // g = 1 - exp(-r^2 / 2 s^2), so S = 1 - 2 pi rho s^2 exp(-q^2 s^2 / 2). Linear interpolation in
        // steps of 0.01 s is off by 1e-5 of the curvature.
        let (s, rho) = (5.0, 2e-3);
        let r: Vec<f64> = (0..=1000).map(|i| f64::from(i) * 0.01 * s).collect();
        let g: Vec<f64> = r
            .iter()
            .map(|r| 1.0 - (-0.5 * (r / s).powi(2)).exp())
            .collect();
        let pair = PairCorrelation::new(&r, &g, rho).unwrap();
        for q in [0.0, 0.05, 0.2, 0.5, 1.0] {
            let exact = 1.0 - 2.0 * PI * rho * s * s * (-0.5 * (q * s).powi(2)).exp();
            assert!((pair.structure_factor(q) - exact).abs() < 2e-5, "{q}");
        }
    }

    #[test]
    fn tables_agree_with_integration() {
        let r: Vec<f64> = (0..=200).map(|i| f64::from(i) * 0.25).collect();
        let g: Vec<f64> = r
            .iter()
            .map(|r| 1.0 + (0.6 * r).cos() * (-r / 8.0_f64).exp())
            .map(|g| g.max(0.0))
            .collect();
        for window in [PairWindow::None, PairWindow::Lorch] {
            let direct = PairCorrelation::new(&r, &g, 4e-3)
                .unwrap()
                .with_window(window);
            let table = direct.clone().tabulated(1.5).unwrap();
            for i in 0..100 {
                let q = 0.018_17 * f64::from(i);
                let difference = table.structure_factor(q) - direct.structure_factor(q);
                assert!(difference.abs() < 1e-7, "{q}: {difference:e}");
            }
        }
    }

    #[test]
    fn lorch_window_removes_the_ripples_of_the_end() {
        // A g that ends while it still oscillates makes S wavy far from its peak.
        let r: Vec<f64> = (0..=600).map(|i| f64::from(i) * 0.1).collect();
        let g: Vec<f64> = r.iter().map(|r| 1.0 + 0.1 * (1.5 * r).sin()).collect();
        let plain = PairCorrelation::new(&r, &g, 1e-2).unwrap();
        let smooth = plain.clone().with_window(PairWindow::Lorch);
        let ripple = |s: &PairCorrelation| {
            (0..100)
                .map(|i| (s.structure_factor(2.5 + 0.01 * f64::from(i)) - 1.0).abs())
                .fold(0.0, f64::max)
        };
        assert!(ripple(&smooth) < 0.2 * ripple(&plain));
    }

    #[test]
    fn refuses_what_is_no_pair_correlation() {
        let new = PairCorrelation::new;
        assert!(new(&[0.0, 1.0], &[0.0], 1e-3).is_err());
        assert!(new(&[0.0], &[1.0], 1e-3).is_err());
        assert!(new(&[1.0, 0.5], &[1.0, 1.0], 1e-3).is_err());
        assert!(new(&[0.0, 1.0], &[-0.1, 1.0], 1e-3).is_err());
        assert!(new(&[0.0, 1.0], &[f64::NAN, 1.0], 1e-3).is_err());
        assert!(new(&[0.0, 1.0], &[0.0, 2.0], 1e-3).is_err());
        assert!(new(&[0.0, 0.0], &[1.0, 1.0], 1e-3).is_err());
        assert!(new(&[0.0, 1.0], &[0.0, 1.0], 0.0).is_err());
        assert!(disk().tabulated(1e9).is_err());
    }
}
