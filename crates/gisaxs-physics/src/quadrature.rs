//! Gauss-Legendre quadrature rules, computed once per node count.

use crate::elementary::cos;
use std::sync::{Mutex, OnceLock};

/// Nodes and weights.
pub(crate) type Rule = &'static [(f64, f64)];

/// Nodes and weights (x, w) of the n-point Gauss-Legendre rule on [-1, 1], ascending.
///
/// Newton's method on the Legendre polynomial from the asymptotic guess (DLMF 18.16.12);
/// weights 2 / ((1 - x^2) P_n'(x)^2), DLMF 3.5.24. Nodes and weights are good to a few ulp
/// up to n = 1000. A rule stays in memory for the life of the process.
///
/// # Panics
/// If `n` is zero.
pub(crate) fn gauss_legendre(n: usize) -> Rule {
    static RULES: OnceLock<Mutex<Vec<Option<Rule>>>> = OnceLock::new();
    assert!(n > 0, "a quadrature rule needs a node");
    let mut rules = RULES
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if rules.len() <= n {
        rules.resize(n + 1, None);
    }
    rules[n].get_or_insert_with(|| Box::leak(compute(n).into_boxed_slice()))
}

fn compute(n: usize) -> Vec<(f64, f64)> {
    let mut rule = vec![(0.0, 0.0); n];
    for i in 0..n.div_ceil(2) {
        let theta = std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5);
        let mut x = cos(theta);
        let mut derivative = 0.0;
        for _ in 0..100 {
            let (p, d) = legendre(n, x);
            derivative = d;
            let step = p / d;
            x -= step;
            if step.abs() < 1e-15 {
                derivative = legendre(n, x).1;
                break;
            }
        }
        if n % 2 == 1 && i == n / 2 {
            x = 0.0;
            derivative = legendre(n, x).1;
        }
        let weight = 2.0 / ((1.0 - x * x) * derivative * derivative);
        rule[n - 1 - i] = (x, weight);
        rule[i] = (-x, weight);
    }
    rule
}

/// P_n(x) and its derivative, by the three-term recurrence (DLMF 18.9.1).
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut p0, mut p1) = (1.0, x);
    for j in 2..=n {
        let j = j as f64;
        (p0, p1) = (p1, ((2.0 * j - 1.0) * x * p1 - (j - 1.0) * p0) / j);
    }
    (p1, n as f64 * (x * p1 - p0) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_polynomials_exactly() {
        for n in [1, 2, 3, 10, 31, 64, 200] {
            let rule = gauss_legendre(n);
            assert_eq!(rule.len(), n);
            for power in [0, 2, 2 * n as i32 - 2] {
                if power >= 2 * n as i32 {
                    continue; // beyond the order of the rule
                }
                let integral: f64 = rule.iter().map(|&(x, w)| w * x.powi(power)).sum();
                let exact = 2.0 / f64::from(power + 1);
                assert!(
                    (integral - exact).abs() < 1e-13,
                    "n {n}, x^{power}: {integral}"
                );
            }
            assert!(rule.windows(2).all(|w| w[0].0 < w[1].0));
        }
    }
}
