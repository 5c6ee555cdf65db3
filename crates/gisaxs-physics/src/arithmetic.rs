//! Which machines agree on the last bits.

use std::cell::Cell;

/// How multiply-adds are rounded where the processor has no instruction for them.
///
/// Everything else has the same bits on every x86-64 and aarch64 machine anyway: the functions of
/// [`elementary`](crate::elementary) do not depend on the C library, and the lanes of the kernels
/// never meet, so that their number does not matter. A multiply-add is rounded once by
/// AVX2 with FMA, AVX-512 and NEON, that is by every server processor since 2013 or so.
///
/// Not covered, because they are made of other crates' choices at run time: the Fourier transforms
/// of [`PointSpread`](crate::PointSpread) and [`smear`](crate::smear()), and the matrix products of
/// derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Arithmetic {
    /// As is fastest: older x86-64 processors round product and sum.
    #[default]
    Native,
    /// Once, on every machine: older x86-64 processors compute it in software, several times
    /// slower. The others do what they do natively.
    Portable,
}

thread_local! {
    static CURRENT: Cell<Arithmetic> = const { Cell::new(Arithmetic::Native) };
}

impl Arithmetic {
    /// That of the current thread: [`Native`](Self::Native) outside of every [`scope`](Self::scope).
    #[must_use]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Whether this machine gives the bits of [`Portable`](Self::Portable).
    #[must_use]
    pub fn is_portable_here(self) -> bool {
        self == Self::Portable || crate::simd::rounds_once()
    }

    /// Does `work` with this arithmetic. Threads that `work` starts have their own.
    pub fn scope<T>(self, work: impl FnOnce() -> T) -> T {
        /// Puts things back, also after a panic.
        struct Restore(Arithmetic);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self));
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_nest_and_end() {
        Arithmetic::Portable.scope(|| {
            assert_eq!(Arithmetic::current(), Arithmetic::Portable);
            Arithmetic::Native.scope(|| assert_eq!(Arithmetic::current(), Arithmetic::Native));
            assert_eq!(Arithmetic::current(), Arithmetic::Portable);
        });
        assert_eq!(Arithmetic::current(), Arithmetic::Native);
        let panicked = std::panic::catch_unwind(|| Arithmetic::Portable.scope(|| panic!("inside")));
        assert!(panicked.is_err());
        assert_eq!(Arithmetic::current(), Arithmetic::Native);
    }
}
