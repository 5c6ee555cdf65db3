//! The sums over slices as polynomials in u^2 and k_f.
//!
//! Over the range of u in a block, lambda(u r) is a short Chebyshev series in u^2: as a function of
//! sqrt(u^2) it is even and of exponential type r, so on the Bernstein ellipse eta of the interval of
//! u^2 its argument has an imaginary part of at most sinh(eta) times half the range of u, and from
//! u = 0 on at most 2 sinh(eta / 2) times it ([`band_limit`](super::band_limit)
//! counts the terms). Around the middle k_0 of the range of k_f,
//! exp(i k_f z) = exp(i k_0 z) sum_m (i z)^m (k_f - k_0)^m / m!, of which few terms count in a row of a
//! detector, where k_f is nearly the same for all pixels. The sums over slices become
//!
//! sum_l sum_m T_l(x) (k_f - k_0)^m c_lm, x = linear function of u^2,
//!
//! with [`coefficients`] c_lm that are computed once per block. The pixels need no special function,
//! and the [`transforms`] at the Chebyshev points are shared between blocks.
//!
//! (Kernels fill arrays by loops: `array::map` and `array::from_fn` are not always inlined, and then are
//! compiled without vector instructions.)
//!
//! Errors relative to V max|psi_i psi_f|: 4 x 1e-13 from the series in u, [`TAYLOR`] from that in k_f.

mod coefficients;
mod transforms;

use num_complex::Complex64;

use super::Section;
use super::band_limit::{largest_for, points};
use super::block::{InPlane, Ranges, Slices, waves};
use crate::elementary::{exp, norm};
use crate::form_factor::terms::{Terms, lanes_of, vector};
use crate::simd::{Cplx, Kernel, LANES, Simd, dispatch, lanes, lanes_mut, padded};

/// A plan for the pixels of one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expansion {
    section: Section,
    /// Chebyshev terms, and points (a multiple of [`LANES`]) that their coefficients come from.
    terms: usize,
    points: usize,
    /// Middle and half length of the interval of u^2, nm^-2.
    centre: f64,
    half: f64,
    /// Powers of k_f - k_0.
    powers: usize,
    k_0: Complex64,
}

/// First neglected term of the series in k_f.
const TAYLOR: f64 = 1e-12;

/// More powers than this are never the faster way.
const MOST_POWERS: usize = 40;

/// More points than this are never the faster way.
const MOST_POINTS: usize = 128;

/// Memory of the expansions.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    transforms: transforms::Transforms,
    coefficients: coefficients::Buffers,
    /// T_l at a few pixels.
    polynomials: Vec<f64>,
}

/// Real functions per power of k_f: real and imaginary part of the sums with both exit waves.
const PARTS: usize = 4;

impl Expansion {
    /// The plan for a shape with cross-sections up to `largest` (nm), if it is faster than going
    /// slice by slice.
    pub(super) fn of(
        section: Section,
        largest: f64,
        terms: &Terms<'_>,
        ranges: Ranges,
        slices: &Slices,
    ) -> Option<Self> {
        let [mut low, mut high] = ranges.u;
        // In a shorter interval, rounding of u^2 would show.
        low = low.min(0.99 * high);
        // The interval of u as it is, or from 0 on, where the function is even.
        let wide = points(largest * high).div_ceil(2);
        let narrow = points(0.5 * largest * (high - low));
        let count = wide.min(narrow);
        if wide <= narrow {
            // As far as these terms reach, so that many blocks have the same interval.
            low = 0.0;
            if largest * high > 0.0 {
                high = high.max(largest_for(2 * wide) / largest);
            }
        }
        let [k_low, k_high] = ranges.k_f;
        let k_0 = 0.5 * (k_low + k_high);
        let powers = powers(0.5 * norm(k_high - k_low) * slices.middle, terms.real)?;
        if padded(count) > MOST_POINTS {
            return None;
        }
        let plan = Self {
            section,
            terms: count,
            points: padded(count),
            centre: 0.5 * (high * high + low * low),
            // Not zero, for blocks with u = 0 only.
            half: (0.5 * (high * high - low * low)).max(1e-300),
            powers,
            k_0,
        };
        // Multiplications per pixel, in vectors; a transform takes about 25, an exponential 35.
        let (n, pixels) = (slices.count as f64, terms.pixels as f64);
        let (parts, count) = ((PARTS * powers) as f64, plan.points as f64);
        let once = n * count * (25.0 + parts) + count * count * parts;
        let expanded = once / pixels + plan.terms as f64 * (parts + 1.0) + 60.0;
        (expanded < n * 70.0 + 40.0).then_some(plan)
    }

    /// Adds the terms.
    pub(super) fn add(
        &self,
        terms: &Terms<'_>,
        plane: &InPlane,
        slices: &Slices,
        buffers: &mut Buffers,
        re: &mut [f64],
        im: &mut [f64],
    ) {
        let transforms = buffers.transforms.of(self, &slices.r[..slices.count]);
        coefficients::compute(self, terms, slices, transforms, &mut buffers.coefficients);
        dispatch(Sum {
            plan: self,
            terms,
            plane,
            slices,
            buffers,
            re,
            im,
        });
    }
}

/// How many powers of k_f - k_0 leave less than [`TAYLOR`], where c is the largest
/// |(k_f - k_0) z|. The remainder after M powers is at most c^M / M!, times exp(c) for complex k_f.
fn powers(c: f64, real: bool) -> Option<usize> {
    let mut term = if real { 1.0 } else { exp(c) };
    for m in 1..=MOST_POWERS {
        term *= c / m as f64;
        if term < TAYLOR {
            return Some(m);
        }
    }
    None
}

/// Evaluates the series at the pixels.
struct Sum<'a> {
    plan: &'a Expansion,
    terms: &'a Terms<'a>,
    plane: &'a InPlane,
    slices: &'a Slices,
    buffers: &'a mut Buffers,
    re: &'a mut [f64],
    im: &'a mut [f64],
}

/// Vectors of pixels that go through the series together: one would wait for the latency of its
/// additions.
const TOGETHER: usize = 2;

impl Kernel for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        self.buffers
            .polynomials
            .resize(self.plan.points * TOGETHER * LANES, 0.0);
        let vectors = lanes::<S>(self.re).len();
        let pairs = vectors / TOGETHER * TOGETHER;
        for v in (0..pairs).step_by(TOGETHER) {
            self.add::<S, TOGETHER>(simd, v);
        }
        for v in pairs..vectors {
            self.add::<S, 1>(simd, v);
        }
    }
}

impl Sum<'_> {
    #[inline(always)]
    fn add<S: Simd, const N: usize>(&mut self, simd: S, first: usize) {
        let Self {
            plan,
            terms,
            plane,
            slices,
            ..
        } = *self;
        let n = terms.padded();
        let Buffers {
            coefficients,
            polynomials,
            ..
        } = &mut *self.buffers;
        let coefficients = &coefficients.coefficients;
        let (u, factor) = (lanes::<S>(&plane.u[..n]), lanes::<S>(&plane.factor[..n]));
        let k_f = lanes_of::<S>(&terms.k_f);

        // T_l by their recurrence.
        let (centre, scale) = (simd.real(plan.centre), simd.real(1.0 / plan.half));
        let polynomials = lanes_mut::<S>(polynomials);
        let mut x = [simd.real(0.0); N];
        for i in 0..N {
            let u = simd.of(u[first + i]);
            x[i] = (u * u - centre) * scale;
        }
        let (mut before, mut now) = (x, [simd.real(1.0); N]);
        for l in 0..plan.terms {
            for i in 0..N {
                polynomials[l * N + i] = now[i].lanes();
                let next = (x[i] + x[i]).mul_add(now[i], -before[i]);
                (before[i], now[i]) = (now[i], next);
            }
        }

        // Horner's scheme in k_f - k_0.
        let zero = Cplx::new(simd.real(0.0), simd.real(0.0));
        let (mut down, mut up) = ([zero; N], [zero; N]);
        let (mut k, mut shift) = ([zero; N], [zero; N]);
        for i in 0..N {
            k[i] = vector(simd, &k_f, first + i);
            shift[i] = k[i] - simd.complex(plan.k_0);
        }
        for m in (0..plan.powers).rev() {
            let mut series = [&coefficients[..0]; PARTS];
            for (part, series) in series.iter_mut().enumerate() {
                *series = &coefficients[(PARTS * m + part) * plan.points..][..plan.terms];
            }
            let mut sum = [[simd.real(0.0); N]; PARTS];
            for l in 0..plan.terms {
                for part in 0..PARTS {
                    let c = simd.real(series[part][l]);
                    for i in 0..N {
                        sum[part][i] = c.mul_add(simd.of(polynomials[l * N + i]), sum[part][i]);
                    }
                }
            }
            for i in 0..N {
                let a = Cplx::new(sum[0][i], sum[1][i]);
                let c = Cplx::new(sum[2][i], sum[3][i]);
                if terms.real {
                    let x = shift[i].re;
                    down[i] = Cplx::new(down[i].re.mul_add(x, a.re), down[i].im.mul_add(x, a.im));
                    up[i] = Cplx::new(up[i].re.mul_add(x, c.re), up[i].im.mul_add(x, c.im));
                } else {
                    down[i] = down[i].mul_add(shift[i], a);
                    up[i] = up[i].mul_add(shift[i], c);
                }
            }
        }

        let (t_f, r_f) = (lanes_of::<S>(&terms.exit[0]), lanes_of::<S>(&terms.exit[1]));
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        for i in 0..N {
            let v = first + i;
            let (phase_down, phase_up) = waves(terms.real, k[i], simd.real(slices.middle));
            let (t_f, r_f) = (vector(simd, &t_f, v), vector(simd, &r_f, v));
            let amplitude = (t_f * phase_down).mul_add(down[i], r_f * phase_up * up[i]);
            let amplitude = amplitude.scale(simd.of(factor[v]));
            re[v] = (simd.of(re[v]) + amplitude.re).lanes();
            im[v] = (simd.of(im[v]) + amplitude.im).lanes();
        }
    }
}
