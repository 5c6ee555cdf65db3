//! Convolution of one NHWC image with its input and weight gradients.
//!
//! `y[o] = act(b + r[o] + sum_k x[s o + k - p] w[k])` with kernel rows `k_y`, columns `k_x`, input
//! and output channels; weights are stored `[k_y][k_x][in][out]`.
#![allow(unsafe_code)]

use super::tile::{
    ConvTile, GradTile, Isa, LANES, blocks, conv_pixels, conv_tile, grad_rows, grad_tile,
};
use std::ptr::null;

/// Shape of one convolution; sizes in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConvShape {
    /// Input height and width.
    pub(crate) size: [usize; 2],
    /// Input channels.
    pub(crate) cin: usize,
    /// Output channels, a multiple of 16.
    pub(crate) cout: usize,
    /// Kernel height and width, both odd; the padding is half of it.
    pub(crate) kernel: [usize; 2],
    /// Step along both axes (1 or 2; kernels of height 1 step along the width only).
    pub(crate) stride: usize,
}

impl ConvShape {
    /// Zeros added on each side of (height, width).
    pub(crate) fn pad(&self) -> [usize; 2] {
        [self.kernel[0] / 2, self.kernel[1] / 2]
    }

    /// Output height and width.
    pub(crate) fn out(&self) -> [usize; 2] {
        self.size.map(|n| n.div_ceil(self.stride))
    }

    /// Number of input values.
    pub(crate) fn input_len(&self) -> usize {
        self.size[0] * self.size[1] * self.cin
    }

    /// Number of output values.
    pub(crate) fn output_len(&self) -> usize {
        self.out()[0] * self.out()[1] * self.cout
    }

    /// Number of weights.
    pub(crate) fn weight_len(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.cin * self.cout
    }

    /// Values of the zero-padded input.
    pub(crate) fn padded_input_len(&self) -> usize {
        let [ph, pw] = self.pad();
        (self.size[0] + 2 * ph) * (self.size[1] + 2 * pw) * self.cin
    }

    /// Values of the zero-padded output gradient.
    pub(crate) fn padded_output_len(&self) -> usize {
        let ([ph, pw], [oh, ow]) = (self.pad(), self.out());
        (oh + 2 * ph) * (ow + 2 * pw) * self.cout
    }

    /// Multiply-accumulates of one forward pass.
    pub(crate) fn macs(&self) -> usize {
        self.out()[0] * self.out()[1] * self.weight_len()
    }
}

#[cold]
fn wrong_length(what: &str, expected: usize, found: usize) -> ! {
    panic!("convolution buffer {what}: expected at least {expected} values, found {found}")
}

fn check(what: &str, expected: usize, found: usize) {
    if found < expected {
        wrong_length(what, expected, found);
    }
}

wide_fn! {
    /// Copies an image of `size` x `c` into `dst` with `pad` zeros around it.
    fn pad_into(src: &[f32], size: [usize; 2], c: usize, pad: [usize; 2], dst: &mut [f32]) {
        let row = (size[1] + 2 * pad[1]) * c;
        let edge = pad[1] * c;
        dst[..pad[0] * row].fill(0.0);
        for y in 0..size[0] {
            let out = &mut dst[(y + pad[0]) * row..][..row];
            out[..edge].fill(0.0);
            out[edge..row - edge].copy_from_slice(&src[y * size[1] * c..][..size[1] * c]);
            out[row - edge..].fill(0.0);
        }
        dst[(size[0] + pad[0]) * row..][..pad[0] * row].fill(0.0);
    }
}

/// `y = act(x * w + bias + res)` for one image whose padded copy is `padded`.
///
/// # Panics
/// If a buffer is shorter than its shape says.
#[allow(clippy::too_many_arguments)]
pub(crate) fn forward(
    isa: Isa,
    shape: &ConvShape,
    padded: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    res: Option<&[f32]>,
    relu: bool,
    y: &mut [f32],
) {
    check("padded input", shape.padded_input_len(), padded.len());
    check("weight", shape.weight_len(), w.len());
    check("output", shape.output_len(), y.len());
    if let Some(bias) = bias {
        check("bias", shape.cout, bias.len());
    }
    if let Some(res) = res {
        check("residual", shape.output_len(), res.len());
    }
    let [oh, ow] = shape.out();
    let a_row = (shape.size[1] + 2 * shape.pad()[1]) * shape.cin;
    let step_y = if shape.kernel[0] == 1 && shape.size[0] == 1 {
        1
    } else {
        shape.stride
    };
    let groups = shape.cout / LANES;
    let mut g = 0;
    while g < groups {
        let v = blocks(isa, groups - g);
        for oy in 0..oh {
            let mut ox = 0;
            while ox < ow {
                let p = conv_pixels(isa, v, ow - ox);
                let at = (oy * ow + ox) * shape.cout + g * LANES;
                // SAFETY: lengths were checked above; the padded input covers every tap of the
                // output pixels (oy, ox .. ox + p), and g + v <= cout / 16.
                unsafe {
                    let tile = ConvTile {
                        a: padded
                            .as_ptr()
                            .add(oy * step_y * a_row + ox * shape.stride * shape.cin),
                        a_px: shape.stride * shape.cin,
                        runs: shape.kernel[0],
                        a_run: a_row,
                        len: shape.kernel[1] * shape.cin,
                        w: w.as_ptr().add(g * LANES),
                        ldw: shape.cout,
                        bias: bias.map_or(null(), |b| b.as_ptr().add(g * LANES)),
                        res: res.map_or(null(), |r| r.as_ptr().add(at)),
                        relu,
                        out: y.as_mut_ptr().add(at),
                        out_px: shape.cout,
                    };
                    conv_tile(isa, p, v, &tile);
                }
                ox += p;
            }
        }
        g += v;
    }
}

/// One parity class of input pixels and the kernel taps that reach it.
#[derive(Debug, Clone)]
struct Phase {
    parity: [usize; 2],
    taps: [usize; 2],
    /// Offset of the first tap in the output grid.
    first: [isize; 2],
    weight: Vec<f32>,
}

/// Weights rearranged for the input gradient: for each parity of the input pixel the reachable
/// taps, flipped, as `[tap_y][tap_x][out][in]`.
///
/// The gradient with respect to the input of a convolution with step `s` is, for the pixels of
/// one parity, an ordinary convolution with step 1 of the output gradient.
#[derive(Debug, Clone)]
pub(crate) struct InputGradWeights {
    shape: ConvShape,
    phases: Vec<Phase>,
}

impl InputGradWeights {
    /// Empty tables for `shape`; fill them with [`Self::update`].
    pub(crate) fn new(shape: ConvShape) -> Self {
        let [ph, pw] = shape.pad();
        let steps = |axis: usize| {
            if shape.size[axis] == 1 {
                1
            } else {
                shape.stride
            }
        };
        let (sy, sx) = (steps(0), steps(1));
        let reach = |parity: usize, pad: usize, kernel: usize, step: usize| {
            let taps: Vec<usize> = (0..kernel)
                .rev()
                .filter(|k| (parity + pad + step * kernel - k).is_multiple_of(step))
                .collect();
            let first = taps.first().map_or(0, |&k| {
                (parity as isize + pad as isize - k as isize).div_euclid(step as isize)
            });
            (taps.len(), first)
        };
        let mut phases = Vec::new();
        for py in 0..sy {
            for px in 0..sx {
                let (ny, fy) = reach(py, ph, shape.kernel[0], sy);
                let (nx, fx) = reach(px, pw, shape.kernel[1], sx);
                phases.push(Phase {
                    parity: [py, px],
                    taps: [ny, nx],
                    first: [fy, fx],
                    weight: vec![0.0; ny * nx * shape.cin * shape.cout],
                });
            }
        }
        Self { shape, phases }
    }

    /// Rearranges the current weights.
    pub(crate) fn update(&mut self, w: &[f32]) {
        let s = &self.shape;
        check("weight", s.weight_len(), w.len());
        let step = |axis: usize| if s.size[axis] == 1 { 1 } else { s.stride };
        for phase in &mut self.phases {
            let tap = |axis: usize, i: usize| {
                // first = (parity + pad - k) / step for the largest k; k falls by step per tap.
                let pad = s.pad()[axis] as isize;
                let k0 =
                    phase.parity[axis] as isize + pad - phase.first[axis] * step(axis) as isize;
                (k0 - (i * step(axis)) as isize) as usize
            };
            for ty in 0..phase.taps[0] {
                for tx in 0..phase.taps[1] {
                    let from = (tap(0, ty) * s.kernel[1] + tap(1, tx)) * s.cin * s.cout;
                    let to = (ty * phase.taps[1] + tx) * s.cin * s.cout;
                    let src = &w[from..][..s.cin * s.cout];
                    let dst = &mut phase.weight[to..][..s.cin * s.cout];
                    transpose(src, s.cin, s.cout, dst);
                }
            }
        }
    }

    /// `dx = (input gradient of dy) + res` for one image; `padded` is the padded output gradient.
    ///
    /// `accumulate` adds to what `dx` already holds.
    pub(crate) fn apply(
        &self,
        isa: Isa,
        padded: &[f32],
        res: Option<&[f32]>,
        accumulate: bool,
        dx: &mut [f32],
    ) {
        let s = &self.shape;
        check("padded gradient", s.padded_output_len(), padded.len());
        check("input gradient", s.input_len(), dx.len());
        if let Some(res) = res {
            check("residual", s.input_len(), res.len());
        }
        let [ph, pw] = s.pad();
        let a_row = (s.out()[1] + 2 * pw) * s.cout;
        let groups = s.cin / LANES;
        let step = |axis: usize| if s.size[axis] == 1 { 1 } else { s.stride };
        for phase in &self.phases {
            let rows = (s.size[0] - phase.parity[0]).div_ceil(step(0));
            let cols = (s.size[1] - phase.parity[1]).div_ceil(step(1));
            let y0 = (ph as isize + phase.first[0]) as usize;
            let x0 = (pw as isize + phase.first[1]) as usize;
            let mut g = 0;
            while g < groups {
                let v = blocks(isa, groups - g);
                for my in 0..rows {
                    let mut mx = 0;
                    while mx < cols {
                        let p = conv_pixels(isa, v, cols - mx);
                        let iy = my * step(0) + phase.parity[0];
                        let ix = mx * step(1) + phase.parity[1];
                        let at = (iy * s.size[1] + ix) * s.cin + g * LANES;
                        // SAFETY: lengths were checked; the taps of the phase start at
                        // (my + y0, mx + x0) in the padded gradient and stay inside it because
                        // its margin is half the kernel; g + v <= cin / 16. `res` may alias
                        // `dx`: a tile reads its pixels before it writes them.
                        unsafe {
                            let out = dx.as_mut_ptr().add(at);
                            let res = match res {
                                Some(r) => r.as_ptr().add(at),
                                None if accumulate => out.cast_const(),
                                None => null(),
                            };
                            let tile = ConvTile {
                                a: padded.as_ptr().add((my + y0) * a_row + (mx + x0) * s.cout),
                                a_px: s.cout,
                                runs: phase.taps[0],
                                a_run: a_row,
                                len: phase.taps[1] * s.cout,
                                w: phase.weight.as_ptr().add(g * LANES),
                                ldw: s.cin,
                                bias: null(),
                                res,
                                relu: false,
                                out,
                                out_px: step(1) * s.cin,
                            };
                            conv_tile(isa, p, v, &tile);
                        }
                        mx += p;
                    }
                }
                g += v;
            }
        }
    }
}

/// `dst[c][r] = src[r][c]` in 16 x 16 blocks, so that neither side thrashes the cache.
fn transpose(src: &[f32], rows: usize, cols: usize, dst: &mut [f32]) {
    for r0 in (0..rows).step_by(16) {
        for c0 in (0..cols).step_by(16) {
            for r in r0..rows.min(r0 + 16) {
                for c in c0..cols.min(c0 + 16) {
                    dst[c * rows + r] = src[r * cols + c];
                }
            }
        }
    }
}

/// `dw += sum_o x[s o + k - p] dy[o]` for one image: `padded_x` is the padded input, `padded_d`
/// the padded output gradient.
pub(crate) fn weight_grad(
    isa: Isa,
    s: &ConvShape,
    padded_x: &[f32],
    padded_d: &[f32],
    dw: &mut [f32],
) {
    /// Output rows per pass, so that both operands stay in the first-level cache.
    const STRIP: usize = 4;
    check("padded input", s.padded_input_len(), padded_x.len());
    check("padded gradient", s.padded_output_len(), padded_d.len());
    check("weight gradient", s.weight_len(), dw.len());
    let ([ph, pw], [oh, ow]) = (s.pad(), s.out());
    let a_row = (s.size[1] + 2 * pw) * s.cin;
    let d_row = (ow + 2 * pw) * s.cout;
    let step_y = if s.size[0] == 1 { 1 } else { s.stride };
    let run = s.kernel[1] * s.cin;
    let groups = s.cout / LANES;
    for y0 in (0..oh).step_by(STRIP) {
        let rows = STRIP.min(oh - y0);
        for ky in 0..s.kernel[0] {
            let mut g = 0;
            while g < groups {
                let v = blocks(isa, groups - g);
                let mut j = 0;
                while j < run {
                    let n = grad_rows(isa, v, run - j);
                    // SAFETY: lengths were checked; output rows y0 .. y0 + rows and all columns
                    // exist, taps (ky, j .. j + n) lie inside the padded input.
                    unsafe {
                        let tile = GradTile {
                            a: padded_x.as_ptr().add((y0 * step_y + ky) * a_row + j),
                            a_row: step_y * a_row,
                            a_px: s.stride * s.cin,
                            d: padded_d
                                .as_ptr()
                                .add((y0 + ph) * d_row + pw * s.cout + g * LANES),
                            d_row,
                            d_px: s.cout,
                            rows,
                            cols: ow,
                            dw: dw.as_mut_ptr().add((ky * run + j) * s.cout + g * LANES),
                            ldw: s.cout,
                        };
                        grad_tile(isa, n, v, &tile);
                    }
                    j += n;
                }
                g += v;
            }
        }
    }
}

wide_fn! {
    /// `db += sum over pixels` of an (unpadded) output gradient.
    fn bias_grad(dy: &[f32], db: &mut [f32]) {
        for pixel in dy.chunks_exact(db.len()) {
            for (db, d) in db.iter_mut().zip(pixel) {
                *db += d;
            }
        }
    }
}

wide_fn! {
    /// Sets the gradient to zero where the rectified output is zero.
    fn relu_mask(dy: &mut [f32], y: &[f32]) {
        for (d, &y) in dy.iter_mut().zip(y) {
            *d = if y > 0.0 { *d } else { 0.0 };
        }
    }
}
