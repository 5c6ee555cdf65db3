//! How many points resolve a band-limited function.
//!
//! Let f be analytic and |f| <= A exp(c sinh eta) on every Bernstein ellipse around \[-1, 1\], with
//! the half axes cosh(eta) and sinh(eta). exp(i c x) is such with A = 1, and so is (by Paley and
//! Wiener) the Fourier transform of a density of integral A on \[-c, c\]. L. N. Trefethen,
//! Approximation Theory and Approximation Practice (SIAM 2013), bounds for every eta > 0
//!
//! * the error of the interpolant in N Chebyshev points by
//!   4 A exp(c sinh eta - (N - 1) eta) / (e^eta - 1) (theorem 8.2), and
//! * the error of n-point Gauss-Legendre quadrature by
//!   (64/15) A exp(c sinh eta - 2 n eta) / (1 - e^(-2 eta)) (theorem 19.3).
//!
//! With N = 2 n both are below [`TOLERANCE`] A as soon as
//!
//! N eta - c sinh eta >= L = ln(4 / TOLERANCE) - ln(1 - exp(-eta))
//!
//! for one eta. The best one has cosh(eta) = N / c, hence N (eta - tanh eta) = L. Integrands that
//! grow otherwise have [`nodes_on_ellipses`].

use crate::elementary::{cbrt, cosh, exp, ln, ln_1p, sinh, tanh};
use std::sync::OnceLock;

/// Error relative to A that the counts guarantee.
const TOLERANCE: f64 = 1e-13;

/// Smallest eta that is used; reached at c = 3e4.
const SMALLEST_ETA: f64 = 0.15;

/// Counts that are tabulated; larger ones are computed.
const TABULATED: usize = 1024;

/// L above for every eta from [`SMALLEST_ETA`] on: 33.3.
fn margin() -> f64 {
    ln(4.0 / TOLERANCE) - ln_1p(-exp(-SMALLEST_ETA))
}

/// The number N of Chebyshev points that interpolate a function of the band limit `c` (not negative)
/// to [`TOLERANCE`]; half of it, rounded up, is enough for Gauss-Legendre quadrature.
pub(in crate::form_factor) fn points(c: f64) -> usize {
    let limits = limits();
    if c <= limits[TABULATED - 1] {
        // Counts below c cannot be enough.
        let start = (c as usize).min(TABULATED - 1);
        start + limits[start..].partition_point(|limit| *limit < c) + 1
    } else {
        beyond_the_table(c)
    }
}

/// The largest band limit for which this number of points is enough; 0 for more points than are
/// tabulated.
pub(in crate::form_factor) fn largest_for(points: usize) -> f64 {
    points
        .checked_sub(1)
        .and_then(|index| limits().get(index).copied())
        .unwrap_or(0.0)
}

fn limits() -> &'static [f64] {
    static LIMITS: OnceLock<Vec<f64>> = OnceLock::new();
    LIMITS.get_or_init(|| (1..=TABULATED).map(|n| band_limit(n as f64)).collect())
}

/// Half as many, rounded up: Gauss-Legendre nodes.
pub(in crate::form_factor) fn nodes(c: f64) -> usize {
    points(c).div_ceil(2)
}

/// Ellipses that [`nodes_on_ellipses`] tries: the best one is large for small wavevectors and small
/// for large ones.
pub(in crate::form_factor) const ETAS: [f64; 9] = [0.15, 0.25, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0];

/// Gauss-Legendre nodes for an integrand on \[-1, 1\] that is below (integral) exp(`growth`) on the
/// Bernstein ellipse with this index into [`ETAS`]: the error is below [`TOLERANCE`] (integral).
pub(in crate::form_factor) fn nodes_on_ellipses(growth: impl Fn(usize) -> f64) -> usize {
    let margin = ln(64.0 / 15.0 / TOLERANCE);
    let mut least = f64::INFINITY;
    for (index, eta) in ETAS.iter().enumerate() {
        // -ln(1 - exp(-2 eta)).
        let near = if *eta < 1.0 { 1.4 } else { 0.2 };
        least = least.min((margin + near + growth(index)) / (2.0 * eta));
    }
    least.ceil().max(1.0) as usize
}

/// The largest c for which N points are enough.
fn band_limit(n: f64) -> f64 {
    // N (eta - tanh eta) = L. The left side grows with eta; bisection, since this runs once.
    let margin = margin();
    let (mut low, mut high) = (0.0_f64, 2.0 * margin);
    while high - low > 1e-12 * high {
        let eta = 0.5 * (low + high);
        if n * (eta - tanh(eta)) < margin {
            low = eta;
        } else {
            high = eta;
        }
    }
    n / cosh(high)
}

/// From c (eta cosh eta - sinh eta) = L, whose left side is above c eta^3 / 3: an eta that is a little
/// too large costs a few points only.
fn beyond_the_table(c: f64) -> usize {
    let margin = margin();
    let eta = cbrt(3.0 * margin / c).max(SMALLEST_ETA);
    ((c * sinh(eta) + margin) / eta).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;

    #[test]
    fn counts_meet_the_theorems() {
        let mut before = 0;
        for step in 0..4000 {
            let c = (f64::from(step) * 0.003_5).exp() - 1.0;
            let n = points(c);
            assert!(n >= before, "more points for a larger band limit");
            before = n;
            let smallest = |error: &dyn Fn(f64) -> f64| {
                (1..400)
                    .map(|i| error(0.1 * 1.02_f64.powi(i)))
                    .fold(f64::INFINITY, f64::min)
            };
            let n = n as f64;
            let interpolation = smallest(&|eta: f64| {
                4.0 * (c * eta.sinh() - (n - 1.0) * eta).exp() / (eta.exp() - 1.0)
            });
            let n = 2.0 * nodes(c) as f64;
            let quadrature = smallest(&|eta: f64| {
                64.0 / 15.0 * (c * eta.sinh() - n * eta).exp() / (1.0 - (-2.0 * eta).exp())
            });
            assert!(interpolation < TOLERANCE, "c = {c}: {interpolation:e}");
            assert!(quadrature < 1.1 * TOLERANCE, "c = {c}: {quadrature:e}");
        }
    }

    #[test]
    fn counts_are_not_wasteful() {
        // A third of the points less is not enough for a wave.
        for c in [0.5, 3.0, 10.0, 40.0, 200.0] {
            let n = 2 * points(c) / 3;
            let theta = |j: usize| std::f64::consts::PI * (j as f64 + 0.5) / n as f64;
            // Barycentric weights of Chebyshev points of the first kind.
            let x = 0.987;
            let (mut sum, mut norm) = (Complex64::ZERO, 0.0);
            for j in 0..n {
                let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
                let weight = sign * theta(j).sin() / (x - theta(j).cos());
                sum += weight * Complex64::cis(c * theta(j).cos());
                norm += weight;
            }
            let error = (sum / norm - Complex64::cis(c * x)).norm();
            assert!(error > 10.0 * TOLERANCE, "c = {c}: {error:e}");
        }
    }
}
