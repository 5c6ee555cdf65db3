//! Special functions with removable singularities, for real and complex arguments.
//!
//! Errors are absolute, relative to the value at 0 (so, for a form factor, relative to the
//! volume) times exp(|Im z|), and were measured by the tests of this module against quadrature
//! of the defining integrals.
//!
//! | function | error | method |
//! |---|---|---|
//! | [`sinc`] | 4e-16 | the quotient itself |
//! | [`bessel_j1_over_z`], real | 2e-16 | `libm` |
//! | [`bessel_j1_over_z`], complex | 2e-15 | Poisson's integral, Hankel's expansion from abs(z) = 25 |
//! | [`sphere_3j1_over_x`] | 2e-15 | Taylor series below abs(x) = 1, the quotient above |
//! | `faddeeva` | 1e-13 | Weideman's series |

use crate::elementary::{cos, exp, norm, sin, sin_cos, sqrt, tan};
use num_complex::Complex64;

/// sin(z) / z, 1 at z = 0. There is no cancellation anywhere else.
#[inline]
#[must_use]
pub(crate) fn sinc(z: Complex64) -> Complex64 {
    if z.im == 0.0 {
        return sinc_real(z.re).into();
    }
    sin(z) / z
}

/// sin(x) / x for real x, 1 at x = 0.
#[inline]
#[must_use]
pub(crate) fn sinc_real(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { sin(x) / x }
}

/// J1(x) / x for real x, 1/2 at x = 0.
#[inline]
#[must_use]
pub(crate) fn bessel_j1_over_x(x: f64) -> f64 {
    // Below 1e-150 the square of x underflows inside j1; the value is 1/2 to all digits long before.
    if x.abs() < 1e-9 { 0.5 } else { libm::j1(x) / x }
}

/// From this |z| on, 12 terms of Hankel's expansion are below 2e-17.
const HANKEL_FROM: f64 = 25.0;

/// J1(z) / z, 1/2 at z = 0.
#[must_use]
pub(crate) fn bessel_j1_over_z(z: Complex64) -> Complex64 {
    if z.im == 0.0 {
        return bessel_j1_over_x(z.re).into();
    }
    let modulus = norm(z);
    if modulus < HANKEL_FROM {
        poisson(z, modulus)
    } else {
        // Even in z, and Hankel's expansion wants Re z >= 0.
        hankel(if z.re < 0.0 { -z } else { z })
    }
}

/// J1(z)/z = (1/pi) int_0^pi sin^2(t) cos(z cos t) dt (DLMF 10.9.4). The trapezoidal rule with N
/// intervals is exact up to terms of the size J_{2N-2}(z), which are below 1e-17 for
/// N = 14 + |z|.
fn poisson(z: Complex64, modulus: f64) -> Complex64 {
    let intervals = 2 * ((14.0 + modulus) / 2.0).ceil() as usize;
    let step = std::f64::consts::PI / intervals as f64;
    // t and pi - t contribute the same; t = pi/2 is the middle node.
    let mut sum = Complex64::new(0.5, 0.0);
    for node in 1..intervals / 2 {
        let (sine, cosine) = sin_cos(node as f64 * step);
        sum += sine * sine * cos(z * cosine);
    }
    sum * (2.0 / intervals as f64)
}

/// Hankel's expansion, DLMF 10.17.3, for Re z >= 0 and large |z|.
fn hankel(z: Complex64) -> Complex64 {
    const TERMS: usize = 12;
    let inverse = z.inv();
    let (mut p, mut q) = (Complex64::ZERO, Complex64::ZERO);
    let mut term = Complex64::ONE; // a_m(1) / z^m
    for m in 0..2 * TERMS {
        match m % 4 {
            0 => p += term,
            1 => q += term,
            2 => p -= term,
            _ => q -= term,
        }
        let odd = (2 * m + 1) as f64;
        term = term * inverse * ((4.0 - odd * odd) / (8.0 * (m + 1) as f64));
    }
    // cos and sin of z - 3 pi / 4.
    let (sin, cos) = (sin(z), cos(z));
    let amplitude = sqrt(inverse / std::f64::consts::PI);
    ((sin - cos) * p + (sin + cos) * q) * amplitude * inverse
}

/// Coefficients of 3 (sin x - x cos x) / x^3 = sum_m c_m x^(2m), c_m = 3 (-1)^m / ((2m+3) (2m+1)!).
pub(crate) const SPHERE_SERIES: [f64; 9] = [
    1.0,
    -1.0 / 10.0,
    1.0 / 280.0,
    -1.0 / 15_120.0,
    1.0 / 1_330_560.0,
    -1.0 / 172_972_800.0,
    1.0 / 31_135_104_000.0,
    -1.0 / 7_410_154_752_000.0,
    1.0 / 2_252_687_044_608_000.0,
];

/// 3 (sin x - x cos x) / x^3 as a function of x^2 (which may be complex); 1 at 0.
///
/// Taking the square keeps the argument free of a branch: q.q of a complex q has no preferred
/// root. Below |x| = 1 nine terms of the series leave 1e-18; above, the cancellation of the
/// quotient costs less than a factor of three in the last digit.
#[inline]
#[must_use]
pub(crate) fn sphere_3j1_over_x(x_squared: Complex64) -> Complex64 {
    if x_squared.im == 0.0 && x_squared.re >= 0.0 {
        return sphere_3j1_over_x_real(x_squared.re).into();
    }
    if x_squared.norm_sqr() < 1.0 {
        return SPHERE_SERIES
            .iter()
            .rev()
            .fold(Complex64::ZERO, |sum, c| sum * x_squared + c);
    }
    let x = sqrt(x_squared);
    3.0 * (sin(x) / x - cos(x)) / x_squared
}

/// [`sphere_3j1_over_x`] for real x.
#[inline]
#[must_use]
pub(crate) fn sphere_3j1_over_x_real(x_squared: f64) -> f64 {
    if x_squared < 1.0 {
        return SPHERE_SERIES
            .iter()
            .rev()
            .fold(0.0, |sum, c| sum * x_squared + c);
    }
    let x = x_squared.sqrt();
    let (sin, cos) = sin_cos(x);
    3.0 * (sin / x - cos) / x_squared
}

/// Number of terms of Weideman's series; 40 leave 1e-14 in the upper half plane.
const FADDEEVA_TERMS: usize = 40;

/// Faddeeva function w(z) = exp(-z^2) erfc(-i z) for any complex z (it grows like
/// 2 exp(-z^2) deep in the lower half plane).
///
/// J. A. C. Weideman, SIAM J. Numer. Anal. 31, 1497 (1994): with L = sqrt(N / sqrt 2) and
/// Z = (L + i z) / (L - i z), w = 2 p(Z) / (L - i z)^2 + 1 / (sqrt(pi) (L - i z)) for
/// Im z >= 0, where p has the Fourier coefficients of exp(-t^2) (L^2 + t^2), t = L tan(theta/2).
///
/// Blocks of pixels use [`crate::simd::Cplx::faddeeva_of_both_signs`].
#[must_use]
pub(crate) fn faddeeva(z: Complex64) -> Complex64 {
    if z.im < 0.0 {
        return 2.0 * exp(-z * z) - faddeeva(-z);
    }
    let (scale, coefficients) = weideman();
    let denominator = (scale - Complex64::I * z).inv();
    let ratio = (scale + Complex64::I * z) * denominator;
    let series = coefficients
        .iter()
        .rev()
        .fold(Complex64::ZERO, |sum, c| sum * ratio + c);
    denominator * (2.0 * series * denominator + std::f64::consts::PI.sqrt().recip())
}

/// L and the coefficients of p, lowest power first.
pub(crate) fn weideman() -> (f64, &'static [f64; FADDEEVA_TERMS]) {
    use std::f64::consts::{PI, SQRT_2};
    static TABLE: std::sync::OnceLock<[f64; FADDEEVA_TERMS]> = std::sync::OnceLock::new();
    let scale = (FADDEEVA_TERMS as f64 / SQRT_2).sqrt();
    let table = TABLE.get_or_init(|| {
        const SAMPLES: usize = 4 * FADDEEVA_TERMS;
        std::array::from_fn(|n| {
            // The sample at theta = pi (t infinite) is zero.
            let sum: f64 = (1 - SAMPLES as i32 / 2..SAMPLES as i32 / 2)
                .map(|j| {
                    let theta = 2.0 * PI * f64::from(j) / SAMPLES as f64;
                    let t = scale * tan(0.5 * theta);
                    exp(-t * t) * (scale * scale + t * t) * cos((n + 1) as f64 * theta)
                })
                .sum();
            sum / SAMPLES as f64
        })
    });
    (scale, table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadrature::gauss_legendre;

    /// Arguments over all magnitudes and directions, first real, then complex.
    fn arguments() -> Vec<Complex64> {
        let mut list = Vec::new();
        for exponent in -12..=24 {
            let modulus = 10.0_f64.powf(f64::from(exponent) / 12.0 * 1.7 - 0.2);
            for angle in [0.0, 0.01, 0.4, 1.2, std::f64::consts::FRAC_PI_2, 2.5, -0.7] {
                let z = Complex64::from_polar(modulus, angle);
                if z.im.abs() < 60.0 {
                    list.push(z);
                }
            }
        }
        for modulus in [0.9999, 1.0, 1.0001, 24.9999, 25.0001] {
            list.extend([0.0, 0.3, 1.4, -2.0].map(|angle| Complex64::from_polar(modulus, angle)));
        }
        list
    }

    /// int_0^1 g(t) dt.
    fn integral(n: usize, g: impl Fn(f64) -> Complex64) -> Complex64 {
        gauss_legendre(n)
            .iter()
            .map(|&(x, w)| 0.5 * w * g(0.5 * (x + 1.0)))
            .sum()
    }

    fn assert_close(f: Complex64, exact: Complex64, z: Complex64, tolerance: f64) {
        let error = (f - exact).norm() / z.im.abs().exp();
        assert!(
            error < tolerance,
            "z = {z}: {f} instead of {exact}, error {error:e}"
        );
    }

    /// The quadratures below carry rounding of their own, of this size.
    const TOLERANCE: f64 = 2e-14;

    #[test]
    fn sinc_is_the_integral_of_a_wave() {
        for z in arguments() {
            let n = 30 + z.norm() as usize;
            assert_close(sinc(z), integral(n, |t| (z * t).cos()), z, TOLERANCE);
        }
        assert_eq!(sinc(Complex64::ZERO), Complex64::ONE);
    }

    #[test]
    fn sphere_function_is_the_integral_over_a_ball() {
        // 3/2 int_0^1 (1 - t^2) cos(z t) dt.
        for z in arguments() {
            let n = 30 + z.norm() as usize;
            let exact = integral(n, |t| 1.5 * (1.0 - t * t) * (z * t).cos());
            assert_close(sphere_3j1_over_x(z * z), exact, z, TOLERANCE);
        }
        assert_eq!(sphere_3j1_over_x(Complex64::ZERO), Complex64::ONE);
    }

    #[test]
    fn bessel_function_is_the_integral_over_a_disk() {
        // J1(z)/z = (1/pi) int_0^pi sin^2 t cos(z cos t) dt, by a rule that is not the one used.
        for z in arguments() {
            let n = 40 + 2 * z.norm() as usize;
            let exact = integral(n, |t| {
                let (sin, cos) = (std::f64::consts::PI * t).sin_cos();
                sin * sin * (z * cos).cos()
            });
            assert_close(bessel_j1_over_z(z), exact, z, TOLERANCE);
        }
        assert_eq!(bessel_j1_over_z(Complex64::ZERO), Complex64::new(0.5, 0.0));
    }

    #[test]
    fn faddeeva_is_its_integral() {
        // w(z) = (2 / sqrt pi) int_0^inf exp(-t^2 + 2 i z t) dt for all z (DLMF 7.7.2 and 7.2.3).
        for z in arguments()
            .into_iter()
            .filter(|z| z.norm() < 12.0 && z.im.abs() < 3.0)
        {
            let end = 12.0;
            let exact = integral(400, |t| {
                let t = end * t;
                end * (2.0 * Complex64::I * z * t - t * t).exp()
            }) * (2.0 / std::f64::consts::PI.sqrt());
            // In the lower half plane the integrand itself reaches exp(Im^2 z).
            let scale = if z.im < 0.0 { (z.im * z.im).exp() } else { 1.0 };
            let error = (faddeeva(z) - exact).norm() / scale;
            assert!(error < 1e-13, "{z}: {error:e}");
        }
        assert!((faddeeva(Complex64::ZERO) - 1.0).norm() < 1e-14);
        // Far out, w tends to i / (sqrt(pi) z).
        let far = Complex64::new(3e4, 1.0);
        assert!((faddeeva(far) * far * std::f64::consts::PI.sqrt() - Complex64::I).norm() < 1e-8);
    }

    #[test]
    fn known_values() {
        // DLMF / Abramowitz and Stegun tables 9.1 and 10.1.
        assert!((bessel_j1_over_x(1.0) - 0.440_050_585_744_933_5).abs() < 1e-15);
        assert!((sinc_real(1.0) - 0.841_470_984_807_896_5).abs() < 1e-15);
        assert!((sphere_3j1_over_x_real(1.0) - 3.0 * 0.301_168_678_939_756_8).abs() < 2e-15);
        // First zero of 3 j1(x)/x at x = 4.493409457909064, of J1 at 3.8317059702075125.
        assert!(sphere_3j1_over_x_real(4.493_409_457_909_064_f64.powi(2)).abs() < 1e-15);
        assert!(bessel_j1_over_x(3.831_705_970_207_512_5).abs() < 1e-16);
    }

    #[test]
    fn nothing_overflows_for_real_arguments() {
        for exponent in -300..=150 {
            let x = 10.0_f64.powi(exponent);
            for f in [
                sinc_real(x),
                bessel_j1_over_x(x),
                sphere_3j1_over_x_real(x * x),
            ] {
                assert!(f.is_finite(), "{x}");
            }
        }
    }
}
