//! Elementary functions with the same bits on every machine.
//!
//! The methods of `f64` and of `num_complex` call the C library of the platform, whose last bits
//! differ between libraries, their versions, and the processors they look at; and `powi` leaves the
//! order of its products open. These functions are the pure Rust code of `libm`: additions,
//! products, quotients and square roots, which IEEE 754 defines to the bit and which the compiler
//! neither reorders nor contracts. Their errors are below 1 ulp, those of [`powf`], [`tan`] and the
//! hyperbolic functions below 2.
//!
//! Additions, products, quotients, square roots, absolute values, and rounding to integers
//! are exact as they are. The lint `disallowed_methods` (`clippy.toml`) keeps everything else
//! out of the crates whose numbers enter datasets. Kernels over vectors of pixels have functions
//! of their own.

use num_complex::Complex64;

/// Real and complex numbers: `f32`, `f64` and `Complex64`.
pub trait Number: Copy + sealed::Sealed {
    #[doc(hidden)]
    fn exp(self) -> Self;
    #[doc(hidden)]
    fn sin(self) -> Self;
    #[doc(hidden)]
    fn cos(self) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for num_complex::Complex64 {}
}

macro_rules! real {
    ($($(#[$documentation:meta])* $name:ident($($argument:ident),+): $of_f64:ident, $of_f32:ident;)+) => {
        /// Real numbers: `f32` and `f64`.
        pub trait Real: Number + std::ops::Mul<Output = Self> + std::ops::Div<Output = Self> {
            #[doc(hidden)]
            const ONE: Self;
            #[doc(hidden)]
            fn sin_cos(self) -> (Self, Self);
            $(#[doc(hidden)] fn $name($($argument: Self),+) -> Self;)+
        }

        impl Real for f64 {
            const ONE: Self = 1.0;
            #[inline]
            fn sin_cos(self) -> (Self, Self) {
                libm::sincos(self)
            }
            $(#[inline] fn $name($($argument: Self),+) -> Self {
                libm::$of_f64($($argument),+)
            })+
        }

        impl Real for f32 {
            const ONE: Self = 1.0;
            #[inline]
            fn sin_cos(self) -> (Self, Self) {
                libm::sincosf(self)
            }
            $(#[inline] fn $name($($argument: Self),+) -> Self {
                libm::$of_f32($($argument),+)
            })+
        }

        $(
            $(#[$documentation])*
            #[inline]
            #[must_use]
            pub fn $name<T: Real>($($argument: T),+) -> T {
                T::$name($($argument),+)
            }
        )+
    };
}

real! {
    /// 2^x.
    exp2(x): exp2, exp2f;
    /// exp(x) - 1, without cancellation.
    exp_m1(x): expm1, expm1f;
    /// Natural logarithm.
    ln(x): log, logf;
    /// ln(1 + x), without cancellation.
    ln_1p(x): log1p, log1pf;
    /// Logarithm to base 2.
    log2(x): log2, log2f;
    /// Logarithm to base 10.
    log10(x): log10, log10f;
    /// x^y.
    powf(x, y): pow, powf;
    /// Cube root.
    cbrt(x): cbrt, cbrtf;
    /// sqrt(x^2 + y^2), without overflow.
    hypot(x, y): hypot, hypotf;
    /// Tangent.
    tan(x): tan, tanf;
    /// Arcsine, in rad.
    asin(x): asin, asinf;
    /// Arccosine, in rad.
    acos(x): acos, acosf;
    /// Arctangent, in rad.
    atan(x): atan, atanf;
    /// The angle of (x, y), in rad, from -pi to pi.
    atan2(y, x): atan2, atan2f;
    /// Hyperbolic sine.
    sinh(x): sinh, sinhf;
    /// Hyperbolic cosine.
    cosh(x): cosh, coshf;
    /// Hyperbolic tangent.
    tanh(x): tanh, tanhf;
    /// Inverse of the hyperbolic sine.
    asinh(x): asinh, asinhf;
}

/// Sine and cosine.
#[inline]
#[must_use]
pub fn sin_cos<T: Real>(x: T) -> (T, T) {
    x.sin_cos()
}

/// x^n, by squaring from the lowest digit of n up; the reciprocal of x^-n for negative n.
#[inline]
#[must_use]
pub fn powi<T: Real>(x: T, n: i32) -> T {
    let (mut square, mut digits, mut power) = (x, n.unsigned_abs(), T::ONE);
    loop {
        if digits & 1 == 1 {
            power = power * square;
        }
        digits >>= 1;
        if digits == 0 {
            break;
        }
        square = square * square;
    }
    if n < 0 { T::ONE / power } else { power }
}

impl Number for f64 {
    #[inline]
    fn exp(self) -> Self {
        libm::exp(self)
    }
    #[inline]
    fn sin(self) -> Self {
        libm::sin(self)
    }
    #[inline]
    fn cos(self) -> Self {
        libm::cos(self)
    }
}

impl Number for f32 {
    #[inline]
    fn exp(self) -> Self {
        libm::expf(self)
    }
    #[inline]
    fn sin(self) -> Self {
        libm::sinf(self)
    }
    #[inline]
    fn cos(self) -> Self {
        libm::cosf(self)
    }
}

impl Number for Complex64 {
    #[inline]
    fn exp(self) -> Self {
        // A decay to nothing has no phase.
        if self.re == f64::NEG_INFINITY {
            return Self::ZERO;
        }
        from_polar(libm::exp(self.re), self.im)
    }
    #[inline]
    fn sin(self) -> Self {
        let (sin, cos) = libm::sincos(self.re);
        Self::new(sin * libm::cosh(self.im), cos * libm::sinh(self.im))
    }
    #[inline]
    fn cos(self) -> Self {
        let (sin, cos) = libm::sincos(self.re);
        Self::new(cos * libm::cosh(self.im), -sin * libm::sinh(self.im))
    }
}

/// Exponential function.
#[inline]
#[must_use]
pub fn exp<T: Number>(x: T) -> T {
    x.exp()
}

/// Sine.
#[inline]
#[must_use]
pub fn sin<T: Number>(x: T) -> T {
    x.sin()
}

/// Cosine.
#[inline]
#[must_use]
pub fn cos<T: Number>(x: T) -> T {
    x.cos()
}

/// |z|, without overflow.
#[inline]
#[must_use]
pub fn norm(z: Complex64) -> f64 {
    libm::hypot(z.re, z.im)
}

/// exp(i phase).
#[inline]
#[must_use]
pub fn cis(phase: f64) -> Complex64 {
    let (sin, cos) = libm::sincos(phase);
    Complex64::new(cos, sin)
}

/// r exp(i phase).
#[inline]
#[must_use]
pub fn from_polar(r: f64, phase: f64) -> Complex64 {
    cis(phase).scale(r)
}

/// Square root of a complex number: Re >= 0, and on the negative real axis Im has the sign of the
/// (zero) imaginary part. That of real numbers is exact: [`f64::sqrt`].
///
/// With m = sqrt((|z| + |Re z|) / 2), the other part is |Im z| / (2 m): nothing cancels.
#[inline]
#[must_use]
pub fn sqrt(z: Complex64) -> Complex64 {
    let large = (0.5 * (norm(z) + z.re.abs())).sqrt();
    if large == 0.0 {
        return Complex64::new(0.0, z.im);
    }
    let small = 0.5 * z.im.abs() / large;
    let [re, im] = if z.re < 0.0 {
        [small, large]
    } else {
        [large, small]
    };
    Complex64::new(re, im.copysign(z.im))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Within some ulp of the functions of the platform, which are good to one.
    #[test]
    fn agree_with_the_standard_library() {
        let close = |name: &str, x: f64, found: f64, expected: f64| {
            let allowed = 4.0 * f64::EPSILON * expected.abs();
            let same = found == expected || (found.is_nan() && expected.is_nan());
            assert!(
                same || (found - expected).abs() <= allowed,
                "{name}({x}) = {found}, {expected}"
            );
        };
        for i in -2_000..2_000 {
            let x = f64::from(i) * 0.017 + 0.003;
            close("exp", x, exp(x), x.exp());
            close("exp2", x, exp2(x), x.exp2());
            close("exp_m1", x, exp_m1(x), x.exp_m1());
            close("ln", x, ln(x), x.ln());
            close("ln_1p", x, ln_1p(x), x.ln_1p());
            close("log2", x, log2(x), x.log2());
            close("log10", x, log10(x), x.log10());
            close("powf", x, powf(x, 1.7), x.powf(1.7));
            close("cbrt", x, cbrt(x), x.cbrt());
            close("hypot", x, hypot(x, 2.0), x.hypot(2.0));
            close("sin", x, sin(x), x.sin());
            close("cos", x, cos(x), x.cos());
            close("tan", x, tan(x), x.tan());
            close("asin", x, asin(x / 40.0), (x / 40.0).asin());
            close("acos", x, acos(x / 40.0), (x / 40.0).acos());
            close("atan", x, atan(x), x.atan());
            close("atan2", x, atan2(x, -1.3), x.atan2(-1.3));
            close("sinh", x, sinh(x), x.sinh());
            close("cosh", x, cosh(x), x.cosh());
            close("tanh", x, tanh(x), x.tanh());
            close("asinh", x, asinh(x), x.asinh());
            assert_eq!(sin_cos(x), (sin(x), cos(x)));
            for n in [-7, -1, 0, 1, 2, 3, 12] {
                close("powi", x, powi(x, n), x.powi(n));
            }
            let z = Complex64::new(0.3 * x, (1.7 * x).sin());
            for (name, found, expected) in [
                ("exp", exp(z), z.exp()),
                ("sin", sin(z), z.sin()),
                ("cos", cos(z), z.cos()),
                ("sqrt", sqrt(z), z.sqrt()),
                ("cis", cis(x), Complex64::cis(x)),
            ] {
                let error = (found - expected).norm();
                // Those of num_complex go through angles.
                let allowed = 8.0 * f64::EPSILON * expected.norm();
                assert!(error <= allowed, "{name}({z}) = {found}, {expected}");
            }
            close("norm", x, norm(z), z.norm());
        }
    }

    #[test]
    fn single_precision_is_the_double_one_rounded() {
        for i in 1..2_000_u16 {
            let x = f32::from(i) * 0.01;
            let close = |found: f32, expected: f64| {
                let error = f64::from(found) / expected - 1.0;
                assert!(error.abs() < 2.5e-7, "{x}: {found}, {expected}");
            };
            let wide = f64::from(x);
            close(exp(x), exp(wide));
            close(ln(x + 1.0), ln(f64::from(x + 1.0)));
            close(asinh(x), asinh(wide));
            close(sinh(x), sinh(wide));
            close(powf(x, 0.5), wide.sqrt());
            close(powi(x, 3), powi(wide, 3));
        }
    }

    #[test]
    fn complex_numbers_at_the_edges() {
        for (z, root) in [
            ((-4.0, 0.0), (0.0, 2.0)),
            ((-4.0, -0.0), (0.0, -2.0)),
            ((0.0, 0.0), (0.0, 0.0)),
            ((9.0, -0.0), (3.0, -0.0)),
            ((0.0, 8.0), (2.0, 2.0)),
            ((1e300, 0.0), (1e150, 0.0)),
        ] {
            let found = sqrt(Complex64::new(z.0, z.1));
            assert_eq!(found, Complex64::new(root.0, root.1), "{z:?}");
            assert_eq!(found.im.is_sign_negative(), z.1.is_sign_negative());
        }
        assert!(sqrt(Complex64::new(f64::NAN, 1.0)).is_nan());
        let vanished = exp(Complex64::new(f64::NEG_INFINITY, f64::NAN));
        assert_eq!(vanished, Complex64::ZERO);
    }
}
