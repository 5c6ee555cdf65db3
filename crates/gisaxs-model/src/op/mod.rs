//! The operations of the network on plain f32 buffers, forward and backward.
//!
//! Stock candle convolutions train about ten times slower than these on a CPU (its input gradient
//! is a direct transposed convolution, its bias gradient a strided sum). The operations here work
//! on one NHWC image or one small batch, never allocate and never start threads: parallelism is
//! over parts of a batch, see [`crate::net`].

/// Defines a plain loop that is also compiled for 512-bit vectors and dispatched on the detected
/// instruction set; element-wise passes are a tenth of a training step.
macro_rules! wide_fn {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(unsafe_code)]
        pub(crate) fn $name(isa: $crate::op::tile::Isa, $($arg: $ty),*) {
            #[inline(always)]
            fn plain($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            fn wide($($arg: $ty),*) { plain($($arg),*) }
            match isa {
                // SAFETY: this variant exists only when the processor has AVX-512.
                #[cfg(target_arch = "x86_64")]
                $crate::op::tile::Isa::Avx512 => unsafe { wide($($arg),*) },
                _ => plain($($arg),*),
            }
        }
    };
}

pub(crate) mod conv;
pub(crate) mod film;
pub(crate) mod linear;
pub(crate) mod pool;
pub(crate) mod tile;
