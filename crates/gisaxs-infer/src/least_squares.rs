//! Non-negative linear least squares of a handful of components.

/// Coefficients c >= 0 that minimise sum_i w_i (y_i - sum_j c_j a_ji)^2.
///
/// With so few components every subset can be tried: the best feasible solution of the
/// 2^n - 1 unconstrained problems is the constrained optimum.
#[expect(clippy::needless_range_loop, reason = "indices of matrix elements")]
pub(crate) fn non_negative<const N: usize>(
    components: &[&[f64]; N],
    y: &[f64],
    weights: &[f64],
) -> [f64; N] {
    let mut normal = [[0.0; N]; N];
    let mut right = [0.0; N];
    for (i, (&y, &w)) in y.iter().zip(weights).enumerate() {
        for a in 0..N {
            let wa = w * components[a][i];
            right[a] += wa * y;
            for b in a..N {
                normal[a][b] += wa * components[b][i];
            }
        }
    }
    for a in 0..N {
        for b in 0..a {
            normal[a][b] = normal[b][a];
        }
    }
    let mut best = ([0.0; N], 0.0);
    for subset in 1_u32..1 << N {
        let Some(c) = solve(&normal, &right, subset) else {
            continue;
        };
        if c.iter().any(|&c| c < 0.0) {
            continue;
        }
        // Decrease of the sum of squares: 2 c.b - c.A.c = c.b at a stationary point.
        let gain: f64 = c.iter().zip(&right).map(|(c, b)| c * b).sum();
        if gain > best.1 {
            best = (c, gain);
        }
    }
    best.0
}

/// Solves the normal equations of the components in `subset`, the others zero, by
/// Gaussian elimination with pivoting; `None` if they are dependent.
fn solve<const N: usize>(
    normal: &[[f64; N]; N],
    right: &[f64; N],
    subset: u32,
) -> Option<[f64; N]> {
    let active: Vec<usize> = (0..N).filter(|i| subset >> i & 1 == 1).collect();
    let n = active.len();
    let mut a: Vec<Vec<f64>> = active
        .iter()
        .map(|&i| {
            let mut row: Vec<f64> = active.iter().map(|&j| normal[i][j]).collect();
            row.push(right[i]);
            row
        })
        .collect();
    gauss(&mut a)?;
    let mut c = [0.0; N];
    for k in 0..n {
        c[active[k]] = a[k][n];
    }
    Some(c)
}

/// Solves A x = b in place for the augmented matrix [A | b]; x replaces b. `None` if A is
/// singular to rounding.
#[expect(clippy::needless_range_loop, reason = "indices of matrix elements")]
pub(crate) fn gauss(a: &mut [Vec<f64>]) -> Option<()> {
    let n = a.len();
    // Components differ in size by orders of magnitude: judge a pivot by its own diagonal.
    let scale: Vec<f64> = (0..n).map(|i| a[i][i].abs()).collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        a.swap(k, pivot);
        if a[k][k].is_nan() || a[k][k].abs() <= 1e-13 * scale[k] {
            return None;
        }
        for i in 0..n {
            if i != k {
                let factor = a[i][k] / a[k][k];
                for j in k..=n {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }
    }
    for k in 0..n {
        a[k][n] /= a[k][k];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovers_a_mixture_and_never_goes_negative() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i) / 49.0).collect();
        let one = vec![1.0; 50];
        let square: Vec<f64> = x.iter().map(|x| x * x).collect();
        let weights = vec![1.0; 50];
        let y: Vec<f64> = x.iter().map(|x| 0.5 + 2.0 * x * x).collect();
        let c = non_negative(&[&one, &x, &square], &y, &weights);
        assert!((c[0] - 0.5).abs() < 1e-9 && c[1].abs() < 1e-9 && (c[2] - 2.0).abs() < 1e-9);
        let y: Vec<f64> = x.iter().map(|x| 1.0 - 0.5 * x).collect();
        let c = non_negative(&[&one, &x, &square], &y, &weights);
        assert!(c.iter().all(|&c| c >= 0.0));
        assert!((c[0] - 0.75).abs() < 1e-9);
    }
}
