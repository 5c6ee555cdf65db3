//! The operations of the network on plain f32 buffers, forward and backward.
//!
//! Stock candle convolutions train about ten times slower than these on a CPU (its input gradient
//! is a direct transposed convolution, its bias gradient a strided sum). The operations here work
//! on one NHWC image or one small batch, never allocate and never start threads: parallelism is
//! over parts of a batch, see [`crate::net`].
pub(crate) mod conv;
pub(crate) mod film;
pub(crate) mod linear;
pub(crate) mod pool;
pub(crate) mod tile;
