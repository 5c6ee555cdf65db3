//! Faddeeva function.

use std::f64::consts::PI;

use super::{Cplx, Simd};
use crate::special::weideman;

impl<S: Simd> Cplx<S> {
    /// w(z) and w(-z) of the Faddeeva function w(z) = exp(-z^2) erfc(-i z): one of the two arguments lies in the upper half plane, and
    /// w(-z) = 2 exp(-z^2) - w(z). Deep in the lower half plane the value is cut at 1e308.
    #[inline(always)]
    pub(crate) fn faddeeva_of_both_signs(self) -> [Self; 2] {
        let simd = self.re.simd();
        let lower = self.im.less_than(simd.real(0.0));
        let z = Self::select(lower, -self, self);
        let above = z.faddeeva_above();
        let square = z * z;
        let gauss = (-square).exp().scale(simd.real(2.0));
        let below = gauss - above;
        [
            Self::select(lower, below, above),
            Self::select(lower, above, below),
        ]
    }

    /// w(z) for Im z >= 0: with L = sqrt(N / sqrt 2) and Z = (L + i z) / (L - i z),
    /// w = 2 p(Z) / (L - i z)^2 + 1 / (sqrt(pi) (L - i z)), p being a polynomial with N = 40 terms
    /// (J. A. C. Weideman, SIAM J. Numer. Anal. 31, 1497 (1994)).
    ///
    /// The coefficients are real, so the sum is formed with two instead of four real
    /// products per term (D. E. Knuth, The Art of Computer Programming 2, 4.6.4, eq. 3).
    #[inline(always)]
    fn faddeeva_above(self) -> Self {
        let simd = self.re.simd();
        let (scale, coefficients) = weideman();
        let scale = simd.real(scale);
        let denominator = Self::new(scale + self.im, -self.re).inverse();
        let ratio = Self::new(scale - self.im, self.re) * denominator;
        let (twice, square) = (ratio.re + ratio.re, ratio.norm_sqr());
        let n = coefficients.len();
        let mut a = simd.real(coefficients[n - 1]);
        let mut b = simd.real(coefficients[n - 2]);
        for c in coefficients[..n - 2].iter().rev() {
            let next = a.mul_add(twice, b);
            b = a.negative_mul_add(square, simd.real(*c));
            a = next;
        }
        let series = Self::new(ratio.re.mul_add(a, b), ratio.im * a);
        let end = simd.real(PI.sqrt().recip());
        let bracket = series.scale(simd.real(2.0)) * denominator;
        denominator * Self::new(bracket.re + end, bracket.im)
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::super::testing::with_all_instructions;
    use super::super::{Kernel, dispatch};
    use super::*;
    use crate::special::faddeeva;

    struct Both(Complex64);

    impl Kernel for Both {
        type Output = [Complex64; 2];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [Complex64; 2] {
            let both = simd.complex(self.0).faddeeva_of_both_signs();
            both.map(|w| {
                let first = |x: super::super::Real<S>| {
                    let lanes = x.lanes();
                    pulp::bytemuck::cast_slice::<S::f64s, f64>(std::slice::from_ref(&lanes))[0]
                };
                Complex64::new(first(w.re), first(w.im))
            })
        }
    }

    #[test]
    fn agrees_with_the_scalar_function() {
        with_all_instructions(|name| {
            for modulus in [0.0, 1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.7, 6.0, 20.0, 300.0] {
                for angle in 0..32 {
                    let z = Complex64::from_polar(modulus, f64::from(angle) * PI / 16.0 + 1e-3);
                    if (z * z).re.abs() > 600.0 {
                        continue;
                    }
                    let found = dispatch(Both(z));
                    for (found, z) in found.iter().zip([z, -z]) {
                        let expected = faddeeva(z);
                        let size = expected.norm().max(1.0 / (1.0 + modulus));
                        let error = (found - expected).norm();
                        // The argument of the exponential is rounded.
                        let allowed = 2e-14 + 1e-15 * modulus * modulus;
                        assert!(
                            error < allowed * size,
                            "{name}: w({z}) = {found}, {expected}"
                        );
                    }
                }
            }
        });
    }

    #[test]
    fn far_below_it_stays_finite() {
        with_all_instructions(|name| {
            let [_, below] = dispatch(Both(Complex64::new(0.0, 40.0)));
            assert!(below.is_finite(), "{name}: {below}");
        });
    }
}
