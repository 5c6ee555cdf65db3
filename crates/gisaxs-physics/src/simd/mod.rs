//! Vectors of pixels: arithmetic and elementary functions, with the instructions of the processor
//! at hand.
//!
//! A kernel is written once, over [`Real`] and [`Cplx`], and compiled for AVX-512, AVX2 with FMA,
//! NEON and plain scalar code; [`dispatch`] picks at run time. Formulas keep their shape:
//!
//! ```text
//! struct Slab<'a> { q: &'a [f64], height: f64, out: &'a mut [f64] }
//!
//! impl Kernel for Slab<'_> {
//!     type Output = ();
//!
//!     #[inline(always)]
//!     fn run<S: Simd>(self, simd: S) {
//!         let half = simd.real(0.5 * self.height);
//!         for (q, out) in lanes::<S>(self.q).iter().zip(lanes_mut::<S>(self.out)) {
//!             let x = simd.of(*q) * half;
//!             let (sin, _) = x.sin_cos();
//!             *out = x.is_zero().select(simd.real(1.0), sin / x).lanes();
//!         }
//!     }
//! }
//! dispatch(Slab { q, height, out });
//! ```
//!
//! Everything a kernel calls must be `#[inline(always)]`: code that is not inlined into the
//! dispatched function is compiled without its instructions, and each of its operations becomes a
//! call. Closures cannot be marked so; they (and `map` on arrays, which takes one) are for splatting
//! constants and taking slices, not for arithmetic on vectors. Slices have a multiple of [`LANES`]
//! entries, so there are no tails; columns of pixels are padded accordingly.
//!
//! All sets of instructions give the same bits, except that plain scalar code rounds the product
//! and the sum of a multiply-add unless [`Arithmetic::Portable`] asks for software that does not.
//! So that it stays like this: no sums over lanes, and no lane chooses the formula of another (`any`
//! and `all` only skip what would not be selected).
//!
//! Errors are absolute unless stated, measured by the tests of each file:
//!
//! | function | error | method |
//! |---|---|---|
//! | [`Real::sin_cos`] | 4e-16, any finite argument | three-part reduction by pi, Taylor series |
//! | [`Real::exp`], [`Real::exp_m1`] | 5e-16 relative | reduction by ln 2, Taylor series |
//! | [`Real::ln`] | 5e-16 relative | reduction by powers of two, series |
//! | [`Real::bessel_j1_over_x`] | 6e-16 | polynomial, from 12 on Hankel's form |
//! | [`Real::bessel_j0`] | 3e-15 | polynomial, from 12 on Hankel's form |
//! | [`Cplx::sqrt`] | 4e-16 relative | the larger part first |
//! | [`Cplx::faddeeva_of_both_signs`] | 2e-14 | Weideman's series |

mod bessel;
mod complex;
mod exponential;
mod faddeeva;
mod logarithm;
mod real;
mod square_root;
mod trigonometric;

pub(crate) use complex::Cplx;
pub(crate) use real::{Mask, Real};

use pulp::{Arch, Scalar128b};

use crate::Arithmetic;

/// The longest vector, in f64: columns are padded to multiples of it.
pub(crate) const LANES: usize = 8;

/// `length` rounded up to a multiple of [`LANES`].
pub(crate) const fn padded(length: usize) -> usize {
    length.div_ceil(LANES) * LANES
}

/// A set of vector instructions.
pub(crate) trait Simd: pulp::Simd {
    /// The number in all lanes.
    #[inline(always)]
    fn real(self, value: f64) -> Real<Self> {
        Real::new(self, self.splat_f64s(value))
    }

    /// The complex number in all lanes.
    #[inline(always)]
    fn complex(self, value: num_complex::Complex64) -> Cplx<Self> {
        Cplx::new(self.real(value.re), self.real(value.im))
    }

    /// Lanes as read from a slice of [`lanes`].
    #[inline(always)]
    fn of(self, lanes: Self::f64s) -> Real<Self> {
        Real::new(self, lanes)
    }

    /// Real and imaginary parts as read from slices of [`lanes`].
    #[inline(always)]
    fn of_parts(self, re: Self::f64s, im: Self::f64s) -> Cplx<Self> {
        Cplx::new(self.of(re), self.of(im))
    }
}

impl<S: pulp::Simd> Simd for S {}

/// A slice as vectors.
///
/// # Panics
/// If its length is not a multiple of [`LANES`].
#[inline(always)]
pub(crate) fn lanes<S: Simd>(slice: &[f64]) -> &[S::f64s] {
    assert!(slice.len().is_multiple_of(LANES), "columns are padded");
    S::as_simd_f64s(slice).0
}

/// [`lanes`] to write to.
#[inline(always)]
pub(crate) fn lanes_mut<S: Simd>(slice: &mut [f64]) -> &mut [S::f64s] {
    assert!(slice.len().is_multiple_of(LANES), "columns are padded");
    S::as_mut_simd_f64s(slice).0
}

/// Code that is compiled for every set of instructions.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// The code; must be marked `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs a kernel with the best instructions that this processor has.
///
/// The multiply-adds of [`pulp::Scalar`] are rounded twice, those of [`Scalar128b`] once.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    struct Inlined<K>(K);
    impl<K: Kernel> pulp::WithSimd for Inlined<K> {
        type Output = K::Output;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> K::Output {
            self.0.run(simd)
        }
    }
    match instructions() {
        Arch::Scalar if Arithmetic::current() == Arithmetic::Portable => kernel.run(Scalar128b),
        instructions => instructions.dispatch(Inlined(kernel)),
    }
}

/// Whether the processor has instructions that round a multiply-add once.
pub(crate) fn rounds_once() -> bool {
    !matches!(instructions(), Arch::Scalar)
}

#[cfg(not(test))]
#[inline]
fn instructions() -> Arch {
    Arch::new()
}

#[cfg(test)]
fn instructions() -> Arch {
    testing::FORCED.with(|forced| forced.get().unwrap_or_else(Arch::new))
}

/// Runs code with one set of instructions after the other.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Arch, Arithmetic};
    use std::cell::Cell;

    thread_local! {
        pub(super) static FORCED: Cell<Option<Arch>> = const { Cell::new(None) };
    }

    /// Calls `body` once for plain scalar code and once for every set of instructions at hand; the
    /// argument names it.
    pub(crate) fn with_all_instructions(mut body: impl FnMut(&str)) {
        Arithmetic::Portable.scope(|| {
            FORCED.set(Some(Arch::Scalar));
            body("portable");
        });
        let mut sets = vec![("scalar", Arch::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(pulp::x86::V3::try_new().map(|simd| ("x86-64-v3", Arch::V3(simd))));
            sets.extend(pulp::x86::V4::try_new().map(|simd| ("x86-64-v4", Arch::V4(simd))));
        }
        #[cfg(not(target_arch = "x86_64"))]
        sets.push(("native", Arch::new()));
        for (name, set) in sets {
            FORCED.set(Some(set));
            body(name);
        }
        FORCED.set(None);
    }

    /// What `body` gives is the same with every set of instructions whose multiply-adds are rounded
    /// once.
    pub(crate) fn assert_portable<T: PartialEq + std::fmt::Debug>(body: impl Fn() -> T) {
        let mut portable = None;
        with_all_instructions(|name| {
            let found = body();
            match &portable {
                None => portable = Some(found),
                Some(portable) if name != "scalar" => {
                    assert!(
                        found == *portable,
                        "{name}: {found:?}, portable: {portable:?}"
                    );
                }
                Some(_) => (),
            }
        });
    }

    /// Applies a function of two results to every number of a slice, whatever its length.
    pub(crate) fn map_pair<F: Pairwise>(function: F, x: &[f64]) -> Vec<(f64, f64)> {
        struct Map<'a, F>(F, &'a [f64], &'a mut [f64], &'a mut [f64]);
        impl<F: Pairwise> super::Kernel for Map<'_, F> {
            type Output = ();

            #[inline(always)]
            fn run<S: super::Simd>(self, simd: S) {
                let out = super::lanes_mut::<S>(self.2)
                    .iter_mut()
                    .zip(super::lanes_mut::<S>(self.3));
                for (x, (a, b)) in super::lanes::<S>(self.1).iter().zip(out) {
                    let pair = self.0.apply(simd.of(*x));
                    (*a, *b) = (pair.0.lanes(), pair.1.lanes());
                }
            }
        }
        let mut column = x.to_vec();
        column.resize(super::padded(x.len()), 0.0);
        let (mut a, mut b) = (column.clone(), column.clone());
        super::dispatch(Map(function, &column, &mut a, &mut b));
        a.into_iter().zip(b).take(x.len()).collect()
    }

    /// A function of one number with two results.
    pub(crate) trait Pairwise {
        fn apply<S: super::Simd>(&self, x: super::Real<S>) -> (super::Real<S>, super::Real<S>);
    }
}
