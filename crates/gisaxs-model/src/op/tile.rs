//! Register tiles: the innermost loops of every convolution and its weight gradient.
//!
//! Both kernels keep a small block of the result in registers and stream the operands. The
//! images are NHWC, so for one kernel row `k_y` the values under the kernel, `(k_x, channel)`, lie
//! contiguously in memory: no im2col is needed, the convolution reads the padded image in place.
//!
//! Measured on one Zen 5 core (AVX-512) these tiles reach about twice the rate of packing the
//! columns and calling a general matrix product.
#![allow(unsafe_code)]

/// Instruction set of the kernels, found once at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 512-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the compiler makes of plain Rust.
    Portable,
}

impl Isa {
    /// The best instruction set of this processor.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                return Self::Avx2;
            }
        }
        Self::Portable
    }
}

/// Width of a channel block: every convolution has a multiple of 16 output channels.
pub(crate) const LANES: usize = 16;

/// One tile of a convolution: `p` neighbouring output pixels x `v` blocks of 16 channels.
///
/// `out[i, c] = relu(init[c] + res[i, c] + sum_{r, j} a[r * a_run + i * a_px + j] * w[(r * len + j) * ldw + c])`
///
/// The pointers must be valid for all these indices (`a` for reading `runs` stretches of `len`
/// per pixel, `w` for `runs * len` rows of `16 v` values, `out` and `res` for `p` pixels of
/// `16 v` values spaced by `out_px`). `bias` and `res` may be null; `res` may equal `out`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConvTile {
    pub(crate) a: *const f32,
    pub(crate) a_px: usize,
    pub(crate) runs: usize,
    pub(crate) a_run: usize,
    pub(crate) len: usize,
    pub(crate) w: *const f32,
    pub(crate) ldw: usize,
    pub(crate) bias: *const f32,
    pub(crate) res: *const f32,
    pub(crate) relu: bool,
    pub(crate) out: *mut f32,
    pub(crate) out_px: usize,
}

/// The largest pixel count of a tile that fits `left` pixels for `v` channel blocks.
pub(crate) fn conv_pixels(isa: Isa, v: usize, left: usize) -> usize {
    let sizes: &[usize] = match (isa, v) {
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, 1) => &[28, 14, 8, 4, 2, 1],
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, _) => &[14, 8, 4, 2, 1],
        _ => &[4, 2, 1],
    };
    *sizes.iter().find(|&&p| p <= left).unwrap_or(&1)
}

/// The number of channel blocks of one tile when `left` blocks remain.
pub(crate) fn blocks(isa: Isa, left: usize) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => left.min(2),
        _ => 1,
    }
}

/// Runs one convolution tile of `p` pixels and `v` blocks.
///
/// # Safety
/// `p` and `v` must come from [`conv_pixels`] and [`blocks`] for the same `isa`, `isa` from
/// [`Isa::detect`], and the pointers must satisfy the contract of [`ConvTile`].
#[inline]
pub(crate) unsafe fn conv_tile(isa: Isa, p: usize, v: usize, t: &ConvTile) {
    // SAFETY: forwarded; the instruction set was detected.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::conv(p, v, t),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => match p {
                4 => conv_avx2::<4>(t),
                2 => conv_avx2::<2>(t),
                _ => conv_avx2::<1>(t),
            },
            Isa::Portable => match p {
                4 => conv_plain::<4, false>(t),
                2 => conv_plain::<2, false>(t),
                _ => conv_plain::<1, false>(t),
            },
        }
    }
}

/// One tile of a weight gradient: `t` rows `(k_x, channel)` x `v` blocks of 16 output channels.
///
/// `dw[j * ldw + c] += sum_{y, x} a[y * a_row + x * a_px + j] * d[y * d_row + x * d_px + c]`
///
/// over `rows` x `cols` output pixels; pointers valid for all these indices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradTile {
    pub(crate) a: *const f32,
    pub(crate) a_row: usize,
    pub(crate) a_px: usize,
    pub(crate) d: *const f32,
    pub(crate) d_row: usize,
    pub(crate) d_px: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) dw: *mut f32,
    pub(crate) ldw: usize,
}

/// The largest number of weight rows of a tile that fits `left` rows for `v` blocks.
pub(crate) fn grad_rows(isa: Isa, v: usize, left: usize) -> usize {
    let sizes: &[usize] = match (isa, v) {
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, 1) => &[24, 15, 12, 8, 4, 2, 1],
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, _) => &[12, 8, 4, 2, 1],
        _ => &[4, 2, 1],
    };
    *sizes.iter().find(|&&p| p <= left).unwrap_or(&1)
}

/// Runs one weight-gradient tile of `n` rows and `v` blocks.
///
/// # Safety
/// `n` and `v` must come from [`grad_rows`] and [`blocks`] for the same detected `isa`, and the
/// pointers must satisfy the contract of [`GradTile`].
#[inline]
pub(crate) unsafe fn grad_tile(isa: Isa, n: usize, v: usize, t: &GradTile) {
    // SAFETY: forwarded; the instruction set was detected.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::grad(n, v, t),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => match n {
                4 => grad_avx2::<4>(t),
                2 => grad_avx2::<2>(t),
                _ => grad_avx2::<1>(t),
            },
            Isa::Portable => match n {
                4 => grad_plain::<4, false>(t),
                2 => grad_plain::<2, false>(t),
                _ => grad_plain::<1, false>(t),
            },
        }
    }
}

/// `a * b + c`; fused only where the caller's instruction set has it (else it is a library call).
#[inline(always)]
fn madd<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
unsafe fn conv_plain<const P: usize, const FMA: bool>(t: &ConvTile) {
    let mut acc = [[0.0f32; LANES]; P];
    // SAFETY: indices as in the contract of `ConvTile` with v = 1.
    unsafe {
        for r in 0..t.runs {
            let a = t.a.add(r * t.a_run);
            let w = t.w.add(r * t.len * t.ldw);
            for j in 0..t.len {
                let b: &[f32; LANES] = &*w.add(j * t.ldw).cast();
                for (p, acc) in acc.iter_mut().enumerate() {
                    let x = *a.add(p * t.a_px + j);
                    for c in 0..LANES {
                        acc[c] = madd::<FMA>(x, b[c], acc[c]);
                    }
                }
            }
        }
        for (p, acc) in acc.iter().enumerate() {
            for (c, &sum) in acc.iter().enumerate() {
                let mut y = sum;
                if !t.bias.is_null() {
                    y += *t.bias.add(c);
                }
                if !t.res.is_null() {
                    y += *t.res.add(p * t.out_px + c);
                }
                *t.out.add(p * t.out_px + c) = if t.relu { y.max(0.0) } else { y };
            }
        }
    }
}

#[inline(always)]
unsafe fn grad_plain<const N: usize, const FMA: bool>(t: &GradTile) {
    let mut acc = [[0.0f32; LANES]; N];
    // SAFETY: indices as in the contract of `GradTile` with v = 1.
    unsafe {
        for y in 0..t.rows {
            for x in 0..t.cols {
                let a = t.a.add(y * t.a_row + x * t.a_px);
                let d: &[f32; LANES] = &*t.d.add(y * t.d_row + x * t.d_px).cast();
                for (j, acc) in acc.iter_mut().enumerate() {
                    let x = *a.add(j);
                    for c in 0..LANES {
                        acc[c] = madd::<FMA>(x, d[c], acc[c]);
                    }
                }
            }
        }
        for (j, acc) in acc.iter().enumerate() {
            for (c, sum) in acc.iter().enumerate() {
                *t.dw.add(j * t.ldw + c) += sum;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn conv_avx2<const P: usize>(t: &ConvTile) {
    // SAFETY: forwarded.
    unsafe { conv_plain::<P, true>(t) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn grad_avx2<const N: usize>(t: &GradTile) {
    // SAFETY: forwarded.
    unsafe { grad_plain::<N, true>(t) }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{ConvTile, GradTile, LANES};
    use std::arch::x86_64::{
        __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps,
        _mm512_setzero_ps, _mm512_storeu_ps,
    };

    /// `PX` is the pixel spacing when known at compile time (constant displacements instead of
    /// one pointer register per pixel), 0 otherwise.
    #[target_feature(enable = "avx512f")]
    unsafe fn conv_impl<const P: usize, const V: usize, const PX: usize>(t: &ConvTile) {
        let px = if PX == 0 { t.a_px } else { PX };
        // SAFETY: indices as in the contract of `ConvTile`; unaligned loads and stores.
        unsafe {
            let mut acc: [[__m512; V]; P] = [[_mm512_setzero_ps(); V]; P];
            let mut w = t.w;
            for r in 0..t.runs {
                let mut a = t.a.add(r * t.a_run);
                for _ in 0..t.len {
                    let mut b = [_mm512_setzero_ps(); V];
                    for (v, b) in b.iter_mut().enumerate() {
                        *b = _mm512_loadu_ps(w.add(v * LANES));
                    }
                    for (p, acc) in acc.iter_mut().enumerate() {
                        let x = _mm512_set1_ps(*a.add(p * px));
                        for v in 0..V {
                            acc[v] = _mm512_fmadd_ps(x, b[v], acc[v]);
                        }
                    }
                    a = a.add(1);
                    w = w.add(t.ldw);
                }
            }
            for v in 0..V {
                let bias = if t.bias.is_null() {
                    _mm512_setzero_ps()
                } else {
                    _mm512_loadu_ps(t.bias.add(v * LANES))
                };
                for (p, acc) in acc.iter().enumerate() {
                    let mut y = _mm512_add_ps(acc[v], bias);
                    if !t.res.is_null() {
                        y = _mm512_add_ps(y, _mm512_loadu_ps(t.res.add(p * t.out_px + v * LANES)));
                    }
                    if t.relu {
                        y = _mm512_max_ps(y, _mm512_setzero_ps());
                    }
                    _mm512_storeu_ps(t.out.add(p * t.out_px + v * LANES), y);
                }
            }
        }
    }

    /// Chooses the compiled pixel spacing.
    #[inline]
    unsafe fn spaced<const P: usize, const V: usize>(t: &ConvTile) {
        // SAFETY: forwarded; PX equals t.a_px or is 0.
        unsafe {
            match t.a_px {
                6 => conv_impl::<P, V, 6>(t),
                16 => conv_impl::<P, V, 16>(t),
                32 => conv_impl::<P, V, 32>(t),
                48 => conv_impl::<P, V, 48>(t),
                64 => conv_impl::<P, V, 64>(t),
                _ => conv_impl::<P, V, 0>(t),
            }
        }
    }

    pub(super) unsafe fn conv(p: usize, v: usize, t: &ConvTile) {
        // SAFETY: forwarded; AVX-512 was detected.
        unsafe {
            match (p, v) {
                (28, 1) => spaced::<28, 1>(t),
                (14, 1) => spaced::<14, 1>(t),
                (14, 2) => spaced::<14, 2>(t),
                (8, 1) => conv_impl::<8, 1, 0>(t),
                (8, 2) => conv_impl::<8, 2, 0>(t),
                (4, 1) => conv_impl::<4, 1, 0>(t),
                (4, 2) => conv_impl::<4, 2, 0>(t),
                (2, 1) => conv_impl::<2, 1, 0>(t),
                (2, 2) => conv_impl::<2, 2, 0>(t),
                (_, 1) => conv_impl::<1, 1, 0>(t),
                _ => conv_impl::<1, 2, 0>(t),
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    unsafe fn grad_impl<const N: usize, const V: usize>(t: &GradTile) {
        // SAFETY: indices as in the contract of `GradTile`; unaligned loads and stores.
        unsafe {
            let mut acc: [[__m512; V]; N] = [[_mm512_setzero_ps(); V]; N];
            for y in 0..t.rows {
                let mut a = t.a.add(y * t.a_row);
                let mut d = t.d.add(y * t.d_row);
                for _ in 0..t.cols {
                    let mut b = [_mm512_setzero_ps(); V];
                    for (v, b) in b.iter_mut().enumerate() {
                        *b = _mm512_loadu_ps(d.add(v * LANES));
                    }
                    for (j, acc) in acc.iter_mut().enumerate() {
                        let x = _mm512_set1_ps(*a.add(j));
                        for v in 0..V {
                            acc[v] = _mm512_fmadd_ps(x, b[v], acc[v]);
                        }
                    }
                    // The last step may leave the buffer: only the address moves, not a read.
                    a = a.wrapping_add(t.a_px);
                    d = d.wrapping_add(t.d_px);
                }
            }
            for (j, acc) in acc.iter().enumerate() {
                for (v, &sum) in acc.iter().enumerate() {
                    let at = t.dw.add(j * t.ldw + v * LANES);
                    _mm512_storeu_ps(at, _mm512_add_ps(sum, _mm512_loadu_ps(at)));
                }
            }
        }
    }

    pub(super) unsafe fn grad(n: usize, v: usize, t: &GradTile) {
        // SAFETY: forwarded; AVX-512 was detected.
        unsafe {
            match (n, v) {
                (24, 1) => grad_impl::<24, 1>(t),
                (15, 1) => grad_impl::<15, 1>(t),
                (12, 1) => grad_impl::<12, 1>(t),
                (12, 2) => grad_impl::<12, 2>(t),
                (8, 1) => grad_impl::<8, 1>(t),
                (8, 2) => grad_impl::<8, 2>(t),
                (4, 1) => grad_impl::<4, 1>(t),
                (4, 2) => grad_impl::<4, 2>(t),
                (2, 1) => grad_impl::<2, 1>(t),
                (2, 2) => grad_impl::<2, 2>(t),
                (_, 1) => grad_impl::<1, 1>(t),
                _ => grad_impl::<1, 2>(t),
            }
        }
    }
}
