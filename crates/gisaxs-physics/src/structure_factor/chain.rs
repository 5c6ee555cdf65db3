//! The sum over a chain of neighbours.

use crate::elementary::norm;
use num_complex::Complex64;

/// Structure factor of a chain whose steps have the Fourier transform f:
///
/// infinite (`n` = 0): Re[(1 + f) / (1 - f)];
/// `n` members: sum_{|m| < n} (1 - |m|/n) f^m = 1 + 2 Re[ f / (1 - f) - f (1 - f^n) / (n (1 - f)^2) ].
///
/// Reference: G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64, 255 (2009), section 4.2.
pub(super) fn chain(f: Complex64, n: u32) -> f64 {
    let gap = 1.0 - f;
    if n == 0 {
        return (1.0 - f.norm_sqr()) / gap.norm_sqr();
    }
    let count = f64::from(n);
    if norm(gap) * count > 1.0 {
        let inverse = gap.inv();
        let last = f.powu(n);
        1.0 + 2.0 * (f * inverse * (1.0 - (1.0 - last) * inverse / count)).re
    } else {
        // Near f = 1 the closed form is a difference of large numbers; here the sum is short or
        // its terms are all alike.
        let (mut sum, mut power) = (0.0, f);
        for m in 1..n {
            sum += (1.0 - f64::from(m) / count) * power.re;
            power *= f;
        }
        1.0 + 2.0 * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_form_is_the_sum() {
        for (modulus, phase) in [
            (0.9, 0.3),
            (0.5, 2.0),
            (0.999, 0.05),
            (1.0, 0.02),
            (1.0, 1e-9),
            (0.3, 0.0),
        ] {
            let f = Complex64::from_polar(modulus, phase);
            for n in [1, 2, 7, 40, 300] {
                let sum: f64 = (1..n)
                    .map(|m| 2.0 * (1.0 - f64::from(m) / f64::from(n)) * f.powu(m).re)
                    .sum::<f64>()
                    + 1.0;
                assert!((chain(f, n) - sum).abs() < 1e-11 * f64::from(n), "{f} {n}");
            }
        }
        assert!((chain(Complex64::ONE, 25) - 25.0).abs() < 1e-12);
        let f = Complex64::from_polar(0.8, 1.0);
        assert!((chain(f, 100_000) - chain(f, 0)).abs() < 1e-3);
    }
}
