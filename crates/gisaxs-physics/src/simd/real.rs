//! One real number per lane.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::Simd;

/// Real numbers, one per pixel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Real<S: Simd> {
    simd: S,
    lanes: S::f64s,
}

impl<S: Simd> Real<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, lanes: S::f64s) -> Self {
        Self { simd, lanes }
    }

    /// The set of instructions.
    #[inline(always)]
    pub(crate) fn simd(self) -> S {
        self.simd
    }

    /// What is written to memory.
    #[inline(always)]
    pub(crate) fn lanes(self) -> S::f64s {
        self.lanes
    }

    /// self * factor + summand, rounded once where the processor can.
    #[inline(always)]
    pub(crate) fn mul_add(self, factor: Self, summand: Self) -> Self {
        let Self { simd, lanes } = self;
        Self::new(
            simd,
            simd.mul_add_e_f64s(lanes, factor.lanes, summand.lanes),
        )
    }

    /// minuend - self * factor, rounded once where the processor can.
    #[inline(always)]
    pub(crate) fn negative_mul_add(self, factor: Self, minuend: Self) -> Self {
        let Self { simd, lanes } = self;
        Self::new(
            simd,
            simd.negate_mul_add_e_f64s(lanes, factor.lanes, minuend.lanes),
        )
    }

    /// Polynomial with the coefficients from the constant up.
    #[inline(always)]
    pub(crate) fn polynomial<const N: usize>(self, coefficients: &[f64; N]) -> Self {
        let mut sum = self.simd.real(coefficients[N - 1]);
        for c in coefficients.iter().rev().skip(1) {
            sum = sum.mul_add(self, self.simd.real(*c));
        }
        sum
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        Self::new(self.simd, self.simd.sqrt_f64s(self.lanes))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        Self::new(self.simd, self.simd.abs_f64s(self.lanes))
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.max_f64s(self.lanes, other.lanes))
    }

    #[inline(always)]
    pub(crate) fn squared(self) -> Self {
        self * self
    }

    #[inline(always)]
    pub(crate) fn less_than(self, other: Self) -> Mask<S> {
        let mask = self.simd.less_than_f64s(self.lanes, other.lanes);
        Mask {
            simd: self.simd,
            mask,
        }
    }

    #[inline(always)]
    pub(crate) fn is_zero(self) -> Mask<S> {
        let zero = self.simd.splat_f64s(0.0);
        let mask = self.simd.equal_f64s(self.lanes, zero);
        Mask {
            simd: self.simd,
            mask,
        }
    }

    /// The largest of the lanes; NaN does not count.
    #[inline(always)]
    pub(crate) fn largest(self) -> f64 {
        let lanes = pulp::bytemuck::cast_slice::<S::f64s, f64>(std::slice::from_ref(&self.lanes));
        let mut largest = f64::NEG_INFINITY;
        for x in lanes {
            largest = largest.max(*x);
        }
        largest
    }

    /// A function of single numbers, lane by lane: slow.
    #[inline(always)]
    pub(crate) fn each(mut self, function: impl Fn(f64) -> f64) -> Self {
        for x in
            pulp::bytemuck::cast_slice_mut::<S::f64s, f64>(std::slice::from_mut(&mut self.lanes))
        {
            *x = function(*x);
        }
        self
    }
}

/// One truth value per lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask<S: Simd> {
    simd: S,
    mask: S::m64s,
}

impl<S: Simd> Mask<S> {
    /// `yes` where true, otherwise `no`.
    #[inline(always)]
    pub(crate) fn select(self, yes: Real<S>, no: Real<S>) -> Real<S> {
        let lanes = self.simd.select_f64s(self.mask, yes.lanes, no.lanes);
        Real::new(self.simd, lanes)
    }

    /// Whether it is true anywhere.
    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        self.simd.first_true_m64s(self.mask) < S::F64_LANES
    }

    /// Whether it is true everywhere.
    #[inline(always)]
    pub(crate) fn all(self) -> bool {
        let Self { simd, mask } = self;
        let every = simd.equal_f64s(simd.splat_f64s(0.0), simd.splat_f64s(0.0));
        let mask = simd.xor_m64s(mask, every);
        !Self { simd, mask }.any()
    }
}

impl<S: Simd> Add for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.add_f64s(self.lanes, other.lanes))
    }
}

impl<S: Simd> Sub for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.sub_f64s(self.lanes, other.lanes))
    }
}

impl<S: Simd> Mul for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.mul_f64s(self.lanes, other.lanes))
    }
}

impl<S: Simd> Mul<f64> for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f64) -> Self {
        self * self.simd.real(factor)
    }
}

impl<S: Simd> Div for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::new(self.simd, self.simd.div_f64s(self.lanes, other.lanes))
    }
}

impl<S: Simd> Neg for Real<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(self.simd, self.simd.neg_f64s(self.lanes))
    }
}

impl<S: Simd> AddAssign for Real<S> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<S: Simd> SubAssign for Real<S> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
