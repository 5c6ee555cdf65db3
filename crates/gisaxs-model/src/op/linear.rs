//! Fully connected layers over a batch, `y = x W + b`, with `W` stored `[in][out]`.
#![allow(unsafe_code)]

use super::tile::{ConvTile, Isa, LANES, blocks, conv_tile};
use gemm::Parallelism;
use std::ptr::null;

#[cold]
fn wrong_length(what: &str, expected: usize, found: usize) -> ! {
    panic!("linear buffer {what}: expected at least {expected} values, found {found}")
}

fn check(what: &str, expected: usize, found: usize) {
    if found < expected {
        wrong_length(what, expected, found);
    }
}

/// A matrix in a slice: `rows` x `cols`, element (r, c) at `r * stride + c`.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

/// `y = act(x w + b)`; `x` is `rows.rows` x `n_in`, row `r` of `y` starts at `r * y_stride`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn forward(
    isa: Isa,
    x: &[f32],
    n_in: usize,
    w: &[f32],
    b: &[f32],
    relu: bool,
    y: &mut [f32],
    out: Rows,
) {
    let (rows, n_out) = (out.rows, b.len());
    if rows == 0 {
        return;
    }
    check("input", rows * n_in, x.len());
    check("weight", n_in * n_out, w.len());
    check("output", (rows - 1) * out.stride + n_out, y.len());
    if rows == 1 && n_out % LANES == 0 {
        let mut g = 0;
        while g < n_out / LANES {
            let v = blocks(isa, n_out / LANES - g);
            // SAFETY: lengths were checked above; one pixel, one run of n_in values.
            unsafe {
                let tile = ConvTile {
                    a: x.as_ptr(),
                    a_px: 0,
                    runs: 1,
                    a_run: 0,
                    len: n_in,
                    w: w.as_ptr().add(g * LANES),
                    ldw: n_out,
                    bias: b.as_ptr().add(g * LANES),
                    res: null(),
                    relu,
                    out: y.as_mut_ptr().add(g * LANES),
                    out_px: n_out,
                };
                conv_tile(isa, 1, v, &tile);
            }
            g += v;
        }
        return;
    }
    for r in 0..rows {
        y[r * out.stride..][..n_out].copy_from_slice(b);
    }
    // SAFETY: the lengths above cover every element addressed by these strides.
    unsafe {
        gemm::gemm(
            rows,
            n_out,
            n_in,
            y.as_mut_ptr(),
            1,
            out.stride as isize,
            true,
            x.as_ptr(),
            1,
            n_in as isize,
            w.as_ptr(),
            1,
            n_out as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    if relu {
        for r in 0..rows {
            for y in &mut y[r * out.stride..][..n_out] {
                *y = y.max(0.0);
            }
        }
    }
}

/// Gradients of [`forward`] (before the activation): `dw += x^T dy`, `db += sum dy` and, when
/// asked for, `dx = dy w^T`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn backward(
    x: &[f32],
    n_in: usize,
    w: &[f32],
    dy: &[f32],
    out: Rows,
    dw: &mut [f32],
    db: &mut [f32],
    dx: Option<&mut [f32]>,
) {
    let (rows, n_out) = (out.rows, db.len());
    if rows == 0 {
        return;
    }
    check("input", rows * n_in, x.len());
    check("weight", n_in * n_out, w.len());
    check("weight gradient", n_in * n_out, dw.len());
    check("output gradient", (rows - 1) * out.stride + n_out, dy.len());
    for r in 0..rows {
        for (db, d) in db.iter_mut().zip(&dy[r * out.stride..][..n_out]) {
            *db += d;
        }
    }
    // SAFETY: the lengths above cover every element addressed by these strides.
    unsafe {
        gemm::gemm(
            n_in,
            n_out,
            rows,
            dw.as_mut_ptr(),
            1,
            n_out as isize,
            true,
            x.as_ptr(),
            n_in as isize,
            1,
            dy.as_ptr(),
            1,
            out.stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    if let Some(dx) = dx {
        check("input gradient", rows * n_in, dx.len());
        // SAFETY: as above.
        unsafe {
            gemm::gemm(
                rows,
                n_in,
                n_out,
                dx.as_mut_ptr(),
                1,
                n_in as isize,
                false,
                dy.as_ptr(),
                1,
                out.stride as isize,
                w.as_ptr(),
                n_out as isize,
                1,
                0.0f32,
                1.0f32,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}
