//! One complex number per lane.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use super::{Mask, Real, Simd};

/// Complex numbers, one per pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cplx<S: Simd> {
    pub(crate) re: Real<S>,
    pub(crate) im: Real<S>,
}

impl<S: Simd> Cplx<S> {
    #[inline(always)]
    pub(crate) fn new(re: Real<S>, im: Real<S>) -> Self {
        Self { re, im }
    }

    #[inline(always)]
    pub(crate) fn conj(self) -> Self {
        Self::new(self.re, -self.im)
    }

    /// |z|^2.
    #[inline(always)]
    pub(crate) fn norm_sqr(self) -> Real<S> {
        self.re.mul_add(self.re, self.im * self.im)
    }

    #[inline(always)]
    pub(crate) fn scale(self, factor: Real<S>) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }

    /// self * factor + summand.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, summand: Self) -> Self {
        let re = self.re.mul_add(factor.re, summand.re);
        let im = self.re.mul_add(factor.im, summand.im);
        Self::new(
            self.im.negative_mul_add(factor.im, re),
            self.im.mul_add(factor.re, im),
        )
    }

    /// i z.
    #[inline(always)]
    pub(crate) fn times_i(self) -> Self {
        Self::new(-self.im, self.re)
    }

    /// 1 / z, for moduli whose squares neither overflow nor underflow.
    #[inline(always)]
    pub(crate) fn inverse(self) -> Self {
        let factor = self.re.simd().real(1.0) / self.norm_sqr();
        self.conj().scale(factor)
    }

    /// exp(i x) of a real x.
    #[inline(always)]
    pub(crate) fn cis(x: Real<S>) -> Self {
        let (sin, cos) = x.sin_cos();
        Self::new(cos, sin)
    }

    /// exp(z).
    #[inline(always)]
    pub(crate) fn exp(self) -> Self {
        Self::cis(self.im).scale(self.re.exp())
    }

    /// Polynomial with the real coefficients from the constant up.
    #[inline(always)]
    pub(crate) fn polynomial<const N: usize>(self, coefficients: &[f64; N]) -> Self {
        let simd = self.re.simd();
        let real = |c: f64| Self::new(simd.real(c), simd.real(0.0));
        let mut sum = real(coefficients[N - 1]);
        for c in coefficients.iter().rev().skip(1) {
            sum = sum.mul_add(self, real(*c));
        }
        sum
    }

    /// `yes` where true, otherwise `no`.
    #[inline(always)]
    pub(crate) fn select(mask: Mask<S>, yes: Self, no: Self) -> Self {
        Self::new(mask.select(yes.re, no.re), mask.select(yes.im, no.im))
    }
}

impl<S: Simd> Add for Cplx<S> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl<S: Simd> Sub for Cplx<S> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl<S: Simd> Mul for Cplx<S> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let re = self.im * other.im;
        let im = self.im * other.re;
        Self::new(
            self.re.mul_add(other.re, -re),
            self.re.mul_add(other.im, im),
        )
    }
}

impl<S: Simd> Neg for Cplx<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(-self.re, -self.im)
    }
}

impl<S: Simd> AddAssign for Cplx<S> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
