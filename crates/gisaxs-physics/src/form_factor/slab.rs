//! The vertical factor of cylinders, boxes and prisms in the four terms.
//!
//! A body with vertical sides is its base times int_0^H exp(i q_z z) dz = H sinc(q_z H / 2)
//! exp(i q_z H / 2), sinc x = sin x / x. The sum of the four terms then is the base's form factor
//! times the weighted sum of four such integrals, which particles of one height share.

use super::terms::{Column, Scratch, Terms, lanes_of, vector};
use crate::simd::{Cplx, Kernel, Real, Simd, dispatch, lanes_mut};

/// The weighted sum over the four terms of H sinc(q_z H / 2) exp(i q_z H / 2), nm: two columns with the
/// real and the imaginary parts.
pub(super) fn slab<'a>(
    terms: &Terms<'_>,
    height_nm: f64,
    scratch: &'a mut Scratch,
) -> &'a [Column] {
    scratch.shared("slab", [height_nm, 0.0, 0.0, 0.0], 2, |columns| {
        dispatch(Slab {
            terms,
            height_nm,
            columns,
        });
    })
}

struct Slab<'a> {
    terms: &'a Terms<'a>,
    height_nm: f64,
    columns: &'a mut [Column],
}

impl Kernel for Slab<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            terms,
            height_nm,
            columns,
        } = self;
        let [re, im] = columns else {
            unreachable!("two columns");
        };
        let n = terms.padded();
        let (re, im) = (lanes_mut::<S>(&mut re[..n]), lanes_mut::<S>(&mut im[..n]));
        let exit = terms.exit.each_ref().map(lanes_of::<S>);
        let k_f = lanes_of::<S>(&terms.k_f);
        let [t_i, r_i] = terms.incident.map(|wave| simd.complex(wave * height_nm));
        let k_i = simd.complex(terms.k_i);
        for v in 0..re.len() {
            let k_f = vector(simd, &k_f, v);
            let (t_f, r_f) = (vector(simd, &exit[0], v), vector(simd, &exit[1], v));
            let half_height = simd.real(0.5 * height_nm);
            let sum = (k_i + k_f).scale(half_height);
            let difference = (k_i - k_f).scale(half_height);
            let (sum, difference) = if terms.real {
                (up_and_down(sum.re), up_and_down(difference.re))
            } else {
                (complex_up_and_down(sum), complex_up_and_down(difference))
            };
            let amplitude = t_f * (t_i * sum[1] + r_i * difference[0])
                + r_f * (t_i * difference[1] + r_i * sum[0]);
            re[v] = amplitude.re.lanes();
            im[v] = amplitude.im.lanes();
        }
    }
}

/// sinc(x) exp(i x) and sinc(x) exp(-i x).
#[inline(always)]
pub(crate) fn up_and_down<S: Simd>(x: Real<S>) -> [Cplx<S>; 2] {
    let (sin, cos) = x.sin_cos();
    let sinc = x.is_zero().select(x.simd().real(1.0), sin / x);
    let up = Cplx::new(sinc * cos, sinc * sin);
    [up, up.conj()]
}

/// The same for complex x, as (exp(2 i x) - 1) / (2 i x) and the like.
#[inline(always)]
fn complex_up_and_down<S: Simd>(x: Cplx<S>) -> [Cplx<S>; 2] {
    let y = (x + x).times_i();
    [mean_exponential(y), mean_exponential(-y)]
}

/// (e^y - 1) / y.
#[inline(always)]
fn mean_exponential<S: Simd>(y: Cplx<S>) -> Cplx<S> {
    let simd = y.re.simd();
    let one = simd.complex(num_complex::Complex64::ONE);
    let direct = (y.exp() - one) * y.inverse();
    let is_small = y.norm_sqr().less_than(simd.real(SMALL * SMALL));
    if is_small.any() {
        Cplx::select(is_small, y.polynomial(&SERIES), direct)
    } else {
        direct
    }
}

/// Where the series takes over.
const SMALL: f64 = 0.5;

/// 1 / (m + 1)!: below [`SMALL`] the first term left out is 5e-17.
const SERIES: [f64; 12] = {
    let mut table = [1.0; 12];
    let mut m = 1;
    while m < table.len() {
        table[m] = table[m - 1] / (m + 1) as f64;
        m += 1;
    }
    table
};
