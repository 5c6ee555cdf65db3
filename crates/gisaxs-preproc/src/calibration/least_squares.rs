//! Least squares in a handful of parameters, after Levenberg and Marquardt.
//!
//! The damped normal equations (J^T J + mu diag(J^T J)) d = -J^T r are solved by elimination
//! (D. W. Marquardt, J. SIAM 11, 431 (1963)); derivatives are central differences. Two to six
//! parameters need no more, and no linear algebra package.

/// Solves an augmented system, rows of n coefficients and one right-hand side; `None` if it
/// is singular.
pub(crate) fn solve(rows: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let n = rows.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|&a, &b| rows[a][i].abs().total_cmp(&rows[b][i].abs()))?;
        rows.swap(i, pivot);
        let diagonal = rows[i][i];
        if !(diagonal.abs() > 1e-300 && diagonal.is_finite()) {
            return None;
        }
        for j in i + 1..n {
            let factor = rows[j][i] / diagonal;
            if factor != 0.0 {
                let (upper, lower) = rows.split_at_mut(j);
                for (a, b) in lower[0][i..].iter_mut().zip(&upper[i][i..]) {
                    *a -= factor * b;
                }
            }
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| rows[i][j] * x[j]).sum();
        x[i] = (rows[i][n] - known) / rows[i][i];
    }
    x.iter().all(|v| v.is_finite()).then_some(x)
}

/// The best parameters.
pub(crate) struct Fit {
    pub(crate) x: Vec<f64>,
    /// Sum of squared residuals.
    pub(crate) chi2: f64,
    /// Diagonal of the inverse of J^T J.
    pub(crate) variance: Vec<f64>,
}

/// Minimises the sum of squares of what `residuals` writes; `steps` are the differences for
/// the derivatives. `None` if the start is not usable or the equations are singular.
pub(crate) fn fit(
    start: &[f64],
    steps: &[f64],
    mut residuals: impl FnMut(&[f64], &mut Vec<f64>),
) -> Option<Fit> {
    const ITERATIONS: usize = 60;
    /// Relative change of chi^2 at which nothing is gained any more.
    const CONVERGED: f64 = 1e-10;
    let n = start.len();
    let mut x = start.to_vec();
    let (mut r, mut other) = (Vec::new(), Vec::new());
    residuals(&x, &mut r);
    let mut chi2 = square(&r);
    if !chi2.is_finite() || r.len() <= n {
        return None;
    }
    let mut mu = 1e-3;
    for _ in 0..ITERATIONS {
        let (normal, gradient) = equations(&x, steps, &mut residuals);
        let mut improved = false;
        while mu < 1e12 {
            let mut system: Vec<Vec<f64>> = (0..n)
                .map(|i| {
                    let mut row = normal[i].clone();
                    row[i] *= 1.0 + mu;
                    row.push(-gradient[i]);
                    row
                })
                .collect();
            let trial: Option<Vec<f64>> =
                solve(&mut system).map(|d| x.iter().zip(d).map(|(x, d)| x + d).collect());
            if let Some(trial) = trial {
                residuals(&trial, &mut other);
                let found = square(&other);
                if found.is_finite() && found < chi2 {
                    improved = chi2 - found > CONVERGED * chi2;
                    chi2 = found;
                    x = trial;
                    mu *= 0.2;
                    break;
                }
            }
            mu *= 5.0;
        }
        if !improved {
            break;
        }
    }
    let (normal, _) = equations(&x, steps, &mut residuals);
    let variance = (0..n)
        .map(|i| {
            let mut system: Vec<Vec<f64>> = normal
                .iter()
                .enumerate()
                .map(|(j, row)| {
                    let mut row = row.clone();
                    row.push(f64::from(u8::from(i == j)));
                    row
                })
                .collect();
            solve(&mut system).map(|column| column[i])
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Fit { x, chi2, variance })
}

fn square(r: &[f64]) -> f64 {
    r.iter().map(|r| r * r).sum()
}

/// J^T J and J^T r.
fn equations(
    x: &[f64],
    steps: &[f64],
    residuals: &mut impl FnMut(&[f64], &mut Vec<f64>),
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = x.len();
    let mut here = Vec::new();
    residuals(x, &mut here);
    let columns: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let mut side = |sign: f64| {
                let mut moved = x.to_vec();
                moved[i] += sign * steps[i];
                let mut r = Vec::new();
                residuals(&moved, &mut r);
                r
            };
            let (plus, minus) = (side(1.0), side(-1.0));
            plus.iter()
                .zip(minus)
                .map(|(p, m)| (p - m) / (2.0 * steps[i]))
                .collect()
        })
        .collect();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let normal = columns
        .iter()
        .map(|a| columns.iter().map(|b| product(a, b)).collect())
        .collect();
    let gradient = columns.iter().map(|a| product(a, &here)).collect();
    (normal, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_a_zero_on_its_diagonal() {
        let mut rows = vec![
            vec![0.0, 2.0, 1.0, 7.0],
            vec![1.0, 0.0, 3.0, 10.0],
            vec![2.0, 1.0, 0.0, 4.0],
        ];
        let x = solve(&mut rows).unwrap();
        for (x, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-12);
        }
        assert!(solve(&mut [vec![1.0, 1.0, 1.0], vec![2.0, 2.0, 2.0]]).is_none());
    }

    /// Rosenbrock's valley from its usual start.
    #[test]
    fn a_bent_valley() {
        let found = fit(&[-1.2, 1.0], &[1e-6, 1e-6], |x, r| {
            *r = vec![10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0], 0.0];
        })
        .unwrap();
        assert!((found.x[0] - 1.0).abs() < 1e-6 && (found.x[1] - 1.0).abs() < 1e-6);
        assert!(found.chi2 < 1e-12);
    }

    /// The variance of a mean of 100 values of unit error is 1/100.
    #[test]
    fn variances_of_a_straight_line() {
        let found = fit(&[0.0, 0.0], &[1e-3, 1e-3], |x, r| {
            *r = (0..100)
                .map(|i| x[0] + x[1] * (f64::from(i) - 49.5) - 3.0)
                .collect();
        })
        .unwrap();
        assert!((found.x[0] - 3.0).abs() < 1e-9 && found.x[1].abs() < 1e-9);
        assert!((found.variance[0] - 0.01).abs() < 1e-9);
        assert!((found.variance[1] - 12.0 / (100.0 * 9999.0)).abs() < 1e-9);
    }
}
