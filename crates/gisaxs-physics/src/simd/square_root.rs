//! Complex square root.

use super::{Cplx, Simd};

impl<S: Simd> Cplx<S> {
    /// The square root with Re >= 0, and with Im >= 0 where Re = 0: a wave whose squared
    /// wavenumber is real and negative decays whatever the sign of its zero imaginary part.
    ///
    /// With m = sqrt((|z| + |Re z|) / 2), the other part is |Im z| / (2 m): nothing cancels. Error
    /// 4e-16 relative, for |z| between 1e-150 and 1e150, and 0 at 0.
    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        let zero = self.re.simd().real(0.0);
        let large = ((self.norm_sqr().sqrt() + self.re.abs()) * 0.5).sqrt();
        let small = self.im.abs() * 0.5 / large;
        let small = large.is_zero().select(zero, small);
        let evanescent = self.re.less_than(zero);
        let re = evanescent.select(small, large);
        let im = evanescent.select(large, small);
        let upper = self.im.less_than(zero).select(-im, im);
        Self::new(re, re.is_zero().select(im, upper))
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::super::Real;
    use super::super::testing::{Pairwise, map_pair, with_all_instructions};
    use super::*;

    /// The root of cos(angle) + i sin(angle) times x.
    struct Root(f64);

    impl Pairwise for Root {
        #[inline(always)]
        fn apply<S: Simd>(&self, x: Real<S>) -> (Real<S>, Real<S>) {
            let simd = x.simd();
            let (sin, cos) = self.0.sin_cos();
            let root = Cplx::new(x * simd.real(cos), x * simd.real(sin)).sqrt();
            (root.re, root.im)
        }
    }

    #[test]
    fn agrees_with_the_scalar_root() {
        let sizes: Vec<f64> = (-40..40).map(|i| 10.0_f64.powi(3 * i)).collect();
        with_all_instructions(|name| {
            for angle in [0.0, 1e-9, 0.4, 1.6, 3.0, 3.13, -0.4, -1.6, -3.1] {
                for (x, (re, im)) in sizes.iter().zip(map_pair(Root(angle), &sizes)) {
                    let expected = Complex64::new(x * angle.cos(), x * angle.sin()).sqrt();
                    let error = (Complex64::new(re, im) - expected).norm();
                    // The scalar root goes through angles.
                    assert!(
                        error < 1e-15 * expected.norm(),
                        "{name}: {x} {angle} {error:e}"
                    );
                }
            }
        });
    }

    #[test]
    fn evanescent_waves_decay_whatever_the_sign_of_zero() {
        with_all_instructions(|name| {
            for (x, root) in [(-4.0, (0.0, 2.0)), (0.0, (0.0, 0.0)), (9.0, (3.0, 0.0))] {
                assert_eq!(map_pair(Root(0.0), &[x])[0], root, "{name}");
                let found = map_pair(Root(-0.0), &[x])[0];
                assert_eq!((found.0, found.1.abs()), root, "{name}");
            }
            assert!(map_pair(Root(-0.0), &[-4.0])[0].1 > 0.0, "{name}");
        });
    }
}
