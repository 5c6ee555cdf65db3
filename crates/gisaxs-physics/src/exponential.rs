//! Divided differences of the exponential: Fourier integrals over simplices.

use crate::elementary::{exp, exp2, log2};
use num_complex::Complex64;

/// Divided difference exp\[x_1, ..., x_N\] of the exponential function at N complex points, which may
/// coincide. By the formula of Hermite and Genocchi it is the integral of exp(sum l_j x_j) over the
/// simplex of weights l, so that
///
/// int over a simplex with the corners v_j of exp(i q.r) = (N - 1)! V exp\[i q.v_1, ..., i q.v_N\].
///
/// Opitz' theorem: it is the corner element of exp(Z), Z having the points on its diagonal and ones
/// next to it. The mean of the points is split off, exp(Z / 2^s) summed as a Taylor series and
/// squared s times (A. McCurdy, K. C. Ng, B. N. Parlett, Math. Comp. 43, 501 (1984)). There is
/// no cancellation for any arrangement of points; the error grows with the number of squarings only,
/// to 1e-13 of 1/(N-1)! at |x| = 1000 (measured by the tests).
pub(crate) fn divided_difference<const N: usize>(points: [Complex64; N]) -> Complex64 {
    let mean = points.iter().sum::<Complex64>() / N as f64;
    let offsets = points.map(|x| x - mean);
    let spread = offsets
        .iter()
        .map(|x| x.norm_sqr())
        .fold(0.0, f64::max)
        .sqrt();
    let squarings = if spread > LARGEST {
        log2(spread / LARGEST).ceil() as i32
    } else {
        0
    };
    let scale = exp2(-f64::from(squarings));
    let mut table = small(offsets.map(|x| x * scale), scale);
    for _ in 0..squarings {
        table = squared(&table);
    }
    table[0][N - 1]
        * if mean.im == 0.0 {
            exp(mean.re).into()
        } else {
            exp(mean)
        }
}

/// exp\[0, x_1, ..., x_N\] = sum_m h_m(x_1, ..., x_N) / (m + N)! for small x, with the complete
/// homogeneous polynomials h_m.
pub(crate) fn series<const N: usize>(points: [Complex64; N]) -> Complex64 {
    let mut h = [Complex64::ZERO; TERMS];
    h[0] = Complex64::ONE;
    for x in points {
        for m in 1..TERMS {
            h[m] += x * h[m - 1];
        }
    }
    h.iter()
        .zip(&INVERSE_FACTORIALS[N..])
        .map(|(h, f)| h * f)
        .sum()
}

/// Largest offset that the series is used for: 16 terms leave less than 1e-18.
pub(crate) const LARGEST: f64 = 0.5;
const TERMS: usize = 16;

/// 1 / m!, for simplices of up to four corners.
const INVERSE_FACTORIALS: [f64; TERMS + 3] = {
    let mut table = [1.0; TERMS + 3];
    let mut m = 1;
    while m < table.len() {
        table[m] = table[m - 1] / m as f64;
        m += 1;
    }
    table
};

type Table<const N: usize> = [[Complex64; N]; N];

/// exp of the triangular matrix with `points` on the diagonal and `scale` next to it; the element
/// (i, j) is scale^(j-i) exp\[x_i, ..., x_j\] = scale^(j-i) sum_m h_m(x_i, ..., x_j) / (m + j - i)!, with
/// the complete homogeneous polynomials h_m.
fn small<const N: usize>(points: [Complex64; N], scale: f64) -> Table<N> {
    let mut table = [[Complex64::ZERO; N]; N];
    for i in 0..N {
        // h[m] for the points i..=j, extended by one point at a time.
        let mut h = [Complex64::ZERO; TERMS];
        h[0] = Complex64::ONE;
        let mut power = 1.0;
        for j in i..N {
            for m in 1..TERMS {
                h[m] += points[j] * h[m - 1];
            }
            let inverse_factorials = &INVERSE_FACTORIALS[j - i..];
            let sum: Complex64 = h.iter().zip(inverse_factorials).map(|(h, f)| h * f).sum();
            table[i][j] = power * sum;
            power *= scale;
        }
    }
    table
}

/// Square of an upper triangular matrix.
#[expect(
    clippy::needless_range_loop,
    reason = "index sums read like the formula"
)]
fn squared<const N: usize>(a: &Table<N>) -> Table<N> {
    let mut result = [[Complex64::ZERO; N]; N];
    for i in 0..N {
        for j in i..N {
            for k in i..=j {
                result[i][j] += a[i][k] * a[k][j];
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separated_points_follow_the_definition() {
        let x = [(0.0, 3.0), (1.0, -40.0), (-2.0, 300.0), (0.5, -1000.0)]
            .map(|(a, b)| Complex64::new(a, b));
        let direct = |points: &[Complex64]| -> Complex64 {
            points
                .iter()
                .enumerate()
                .map(|(i, a)| {
                    let others = points.iter().enumerate().filter(|(j, _)| *j != i);
                    a.exp() / others.map(|(_, b)| a - b).product::<Complex64>()
                })
                .sum()
        };
        assert!((divided_difference([x[0], x[1]]) - direct(&x[..2])).norm() < 1e-13);
        assert!((divided_difference([x[0], x[1], x[2]]) - direct(&x[..3])).norm() < 1e-13);
        assert!((divided_difference(x) - direct(&x)).norm() < 1e-13);
    }

    #[test]
    fn the_series_is_the_divided_difference_from_zero() {
        for i in 0..40_u32 {
            let number = |n: u32| f64::from((i * 7 + n * 13) % 31) / 15.5 - 1.0;
            let flat = |n: u32| if (i + n).is_multiple_of(3) { 1e-9 } else { 1.0 };
            let points: [Complex64; 3] = std::array::from_fn(|n| {
                let n = n as u32;
                LARGEST * flat(n) * Complex64::cis(3.0 * number(n))
            });
            let [a, b, c] = points;
            let of_four = divided_difference([Complex64::ZERO, a, b, c]);
            assert!((series(points) - of_four).norm() < 1e-15);
            let of_three = divided_difference([Complex64::ZERO, a, b]);
            assert!((series([a, b]) - of_three).norm() < 1e-15);
        }
    }

    #[test]
    fn coinciding_points_give_derivatives() {
        let x = Complex64::new(0.3, 2.0);
        assert!((divided_difference([x]) - x.exp()).norm() < 1e-15);
        assert!((divided_difference([x, x]) - x.exp()).norm() < 1e-15);
        assert!((divided_difference([x, x, x]) - 0.5 * x.exp()).norm() < 1e-15);
        assert!((divided_difference([x, x, x, x]) - x.exp() / 6.0).norm() < 1e-15);
        // Two pairs: exp[0, 0, y, y] = ((y - 2) e^y + y + 2) / y^3.
        let y = Complex64::new(0.0, 30.0);
        let zero = Complex64::ZERO;
        let expected = ((y - 2.0) * y.exp() + y + 2.0) / (y * y * y);
        assert!((divided_difference([zero, y, zero, y]) - expected).norm() < 1e-14);
    }
}
