//! Derivatives of the special functions with removable singularities.
//!
//! Errors are absolute, in units of exp(|Im z|), measured by the tests of this module:
//!
//! | function | error | method |
//! |---|---|---|
//! | [`sinc_derivative`] | 2e-15 | -z/3 times the function of the sphere |
//! | [`sphere_slope`] | 2e-15 | Taylor series below abs(x) = 1, recurrence above |
//! | [`bessel_j2_over_z2`], real | 2e-15 | Taylor series below x = 1, recurrence above |
//! | [`bessel_j2_over_z2`], complex | 2e-15 | Poisson's integral, Hankel's expansion from abs(z) = 25 |

use num_complex::Complex64;

use crate::elementary::{cos, norm, powi, sin, sin_cos, sqrt};
use crate::special::{bessel_j1_over_x, sinc, sphere_3j1_over_x};

/// d/dz sin(z)/z = -j1(z) (DLMF 10.51.3).
pub(crate) fn sinc_derivative(z: Complex64) -> Complex64 {
    z * sphere_3j1_over_x(z * z) * (-1.0 / 3.0)
}

/// Coefficients of the derivative of 3 (sin x - x cos x) / x^3 = sum c_m x^(2m) with respect to x^2.
const SPHERE_SLOPE_SERIES: [f64; 9] = [
    -1.0 / 10.0,
    2.0 / 280.0,
    -3.0 / 15_120.0,
    4.0 / 1_330_560.0,
    -5.0 / 172_972_800.0,
    6.0 / 31_135_104_000.0,
    -7.0 / 7_410_154_752_000.0,
    8.0 / 2_252_687_044_608_000.0,
    -9.0 / 851_515_702_861_824_000.0,
];

/// Derivative of 3 (sin x - x cos x) / x^3 with respect to s = x^2, -3 j2(x) / (2 x^2); `value` is
/// that function at s.
pub(crate) fn sphere_slope(s: Complex64, value: Complex64) -> Complex64 {
    if s.norm_sqr() < 1.0 {
        return SPHERE_SLOPE_SERIES
            .iter()
            .rev()
            .fold(Complex64::ZERO, |sum, c| sum * s + c);
    }
    // j2 = 3 j1 / x - j0.
    let x = sqrt(s);
    1.5 * (sinc(x) - value) / s
}

/// Coefficients of J2(x) / x^2 = sum_m (-x^2/4)^m / (4 m! (m + 2)!).
const DISK_SLOPE_SERIES: [f64; 9] = [
    1.0 / 8.0,
    -1.0 / 96.0,
    1.0 / 3_072.0,
    -1.0 / 184_320.0,
    1.0 / 17_694_720.0,
    -1.0 / 2_477_260_800.0,
    1.0 / 475_634_073_600.0,
    -1.0 / 119_859_786_547_200.0,
    1.0 / 38_355_131_695_104_000.0,
];

/// J2(x) / x^2 for real x, 1/8 at 0. The derivative of J1(x)/x is -x times it (DLMF 10.6.6).
pub(crate) fn bessel_j2_over_x2(x: f64) -> f64 {
    let square = x * x;
    if square < 1.0 {
        return DISK_SLOPE_SERIES
            .iter()
            .rev()
            .fold(0.0, |sum, c| sum * square + c);
    }
    (2.0 * bessel_j1_over_x(x) - libm::j0(x)) / square
}

/// From this |z| on, 12 terms of Hankel's expansion are below 1e-16.
const HANKEL_FROM: f64 = 25.0;

/// J2(z) / z^2, 1/8 at 0.
pub(crate) fn bessel_j2_over_z2(z: Complex64) -> Complex64 {
    if z.im == 0.0 {
        return bessel_j2_over_x2(z.re).into();
    }
    let modulus = norm(z);
    if modulus < HANKEL_FROM {
        poisson(z, modulus)
    } else {
        hankel(if z.re < 0.0 { -z } else { z })
    }
}

/// J2(z)/z^2 = (1 / 3 pi) int_0^pi sin^4(t) cos(z cos t) dt (DLMF 10.9.4), by the trapezoidal rule.
fn poisson(z: Complex64, modulus: f64) -> Complex64 {
    let intervals = 2 * ((14.0 + modulus) / 2.0).ceil() as usize;
    let step = std::f64::consts::PI / intervals as f64;
    // t and pi - t contribute the same; t = pi/2 is the middle node.
    let mut sum = Complex64::new(0.5, 0.0);
    for node in 1..intervals / 2 {
        let (sine, cosine) = sin_cos(node as f64 * step);
        sum += powi(sine, 4) * cos(z * cosine);
    }
    sum * (2.0 / (3.0 * intervals as f64))
}

/// Hankel's expansion, DLMF 10.17.3, for Re z >= 0 and large |z|.
fn hankel(z: Complex64) -> Complex64 {
    const TERMS: usize = 12;
    let inverse = z.inv();
    let (mut p, mut q) = (Complex64::ZERO, Complex64::ZERO);
    let mut term = Complex64::ONE; // a_m(2) / z^m
    for m in 0..2 * TERMS {
        match m % 4 {
            0 => p += term,
            1 => q += term,
            2 => p -= term,
            _ => q -= term,
        }
        let odd = (2 * m + 1) as f64;
        term = term * inverse * ((16.0 - odd * odd) / (8.0 * (m + 1) as f64));
    }
    // cos and sin of z - 5 pi / 4, times -sqrt 2.
    let (sin, cos) = (sin(z), cos(z));
    let amplitude = sqrt(inverse / std::f64::consts::PI);
    -((cos + sin) * p + (cos - sin) * q) * amplitude * inverse * inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadrature::gauss_legendre;

    /// Arguments of all magnitudes and directions, on both sides of every crossover.
    fn arguments() -> Vec<Complex64> {
        let moduli = [
            1e-8, 0.01, 0.3, 0.9999, 1.0001, 3.0, 8.0, 20.0, 24.9999, 25.0001, 40.0,
        ];
        let angles = [0.0, 0.01, 0.4, 1.2, std::f64::consts::FRAC_PI_2, 2.5, -0.7];
        moduli
            .iter()
            .flat_map(|&m| angles.map(|a| Complex64::from_polar(m, a)))
            .collect()
    }

    /// int_0^1 g(t) dt.
    fn integral(z: Complex64, g: impl Fn(f64) -> Complex64) -> Complex64 {
        gauss_legendre(60 + 2 * z.norm() as usize)
            .iter()
            .map(|&(x, w)| 0.5 * w * g(0.5 * (x + 1.0)))
            .sum()
    }

    /// The quadratures carry rounding of their own, of this size.
    const TOLERANCE: f64 = 2e-14;

    fn assert_close(found: Complex64, exact: Complex64, z: Complex64) {
        let error = (found - exact).norm() / z.im.abs().exp();
        assert!(error < TOLERANCE, "z = {z}: {found} {exact} {error:e}");
    }

    #[test]
    fn derivatives_are_those_of_the_defining_integrals() {
        for z in arguments() {
            assert_close(sinc_derivative(z), integral(z, |t| -t * (z * t).sin()), z);
            // 3/2 int (1 - t^2) cos(x t) dt, and d cos(x t) / d(x^2) = -t^2 sinc(x t) / 2.
            assert_close(
                sphere_slope(z * z, sphere_3j1_over_x(z * z)),
                integral(z, |t| -0.75 * (1.0 - t * t) * t * t * sinc(z * t)),
                z,
            );
            assert_close(
                bessel_j2_over_z2(z),
                integral(z, |t| {
                    let (sin, cos) = (std::f64::consts::PI * t).sin_cos();
                    sin.powi(4) * (z * cos).cos() / 3.0
                }),
                z,
            );
        }
    }
}
