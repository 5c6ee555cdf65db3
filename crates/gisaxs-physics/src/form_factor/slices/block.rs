//! Blocks of pixels: the four terms of the DWBA as one integral over height.
//!
//! With the waves psi_i(z) = T_i exp(-i k_i z) + R_i exp(i k_i z) and psi_f alike, the sum of the four
//! terms is int a(z) lambda(u r(z)) psi_i(z) psi_f(z) dz. psi_i is the same for all pixels, so that
//! n slices of weight v_n leave two sums per pixel,
//!
//! T_f sum_n \[v_n psi_i(z_n)\] lambda(u r_n) exp(-i k_f z_n) + R_f (the same with exp(+i k_f z_n)).
//!
//! [`super::direct`] adds them up as they stand. [`super::expansion`] uses that they are smooth functions
//! of u and k_f, of which the pixels of a block need only a small range: for a row of a detector
//! it is an order of magnitude faster. Which one is chosen depends on an estimate of the operations.

use num_complex::Complex64;

use super::expansion::{self, Expansion};
use super::{Section, Slice, Sliced, direct, taxicab};
use crate::elementary::exp;
use crate::form_factor::FormFactor;
use crate::form_factor::add_terms_one_by_one;
use crate::form_factor::terms::{Column, Scratch, Terms, lanes_of, vector};
use crate::simd::{Cplx, Kernel, Real, Simd, dispatch, lanes, lanes_mut, padded};

/// Memory that the shapes reuse from block to block.
#[derive(Debug, Default)]
pub(in crate::form_factor) struct Workspace {
    pub(super) plane: InPlane,
    pub(super) slices: Slices,
    pub(super) expansion: expansion::Buffers,
}

/// What a shape needs of the pixels' q_x and q_y.
#[derive(Debug, Default)]
pub(super) struct InPlane {
    /// Argument of the slices' transform, nm^-1.
    pub(super) u: Column,
    /// Factor of F.
    pub(super) factor: Column,
}

/// The slices of a shape; the lengths are multiples of [`crate::simd::LANES`], those beyond the last
/// one have no volume.
#[derive(Debug, Default)]
pub(super) struct Slices {
    /// How many there are.
    pub(super) count: usize,
    /// Half the height, nm: phases count from the middle, where they vary least.
    pub(super) middle: f64,
    /// Heights above the middle, nm.
    pub(super) z: Vec<f64>,
    /// Sizes, nm.
    pub(super) r: Vec<f64>,
    /// Volumes times the incident wave, nm^3: real and imaginary parts.
    pub(super) incident: [Vec<f64>; 2],
}

/// Ranges of u and k_f over the pixels of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranges {
    pub(super) u: [f64; 2],
    pub(super) k_f: [Complex64; 2],
}

/// [`FormFactor::add_terms`] of a shape given by its slices.
pub(in crate::form_factor) fn add_terms(
    shape: &(impl Sliced + FormFactor),
    terms: &Terms<'_>,
    scratch: &mut Scratch,
    re: &mut [f64],
    im: &mut [f64],
) {
    let Workspace {
        plane,
        slices,
        expansion: buffers,
    } = &mut scratch.slices;
    let ranges = dispatch(Load {
        shape,
        terms,
        plane,
    });
    let [low, high] = ranges.k_f;
    let k_f = low.re.abs().max(high.re.abs()) + low.im.abs().max(high.im.abs());
    if !(ranges.u[1].is_finite() && k_f.is_finite()) {
        // Whatever is wrong with a pixel must not spread to the others.
        return add_terms_one_by_one(shape, terms, re, im);
    }
    // A leaning shape has the phase exp(i q_y (a + b z)) besides.
    let lean = shape.lean();
    let along_z = taxicab(terms.k_i) + k_f + ranges.u[1] * lean[1].abs();
    slices.load(shape, terms, ranges.u[1], along_z);
    let expansion = Expansion::of(section(shape), shape.largest(), terms, ranges, slices)
        .filter(|_| lean == [0.0; 2]);
    match expansion {
        Some(expansion) => expansion.add(terms, plane, slices, buffers, re, im),
        None => direct::add(section(shape), lean, terms, plane, slices, re, im),
    }
}

fn section<S: Sliced>(_: &S) -> Section {
    S::SECTION
}

impl Slices {
    fn load(&mut self, shape: &impl Sliced, terms: &Terms<'_>, u: f64, q_z: f64) {
        self.middle = 0.5 * shape.height();
        self.z.clear();
        self.r.clear();
        let [re, im] = &mut self.incident;
        re.clear();
        im.clear();
        shape.slices(u, q_z, |Slice { z, volume, r }| {
            self.z.push(z - self.middle);
            self.r.push(r);
            re.push(volume);
        });
        self.count = re.len();
        let n = padded(self.count);
        self.z.resize(n, 0.0);
        self.r.resize(n, 0.0);
        re.resize(n, 0.0);
        im.resize(n, 0.0);
        dispatch(Incident {
            slices: self,
            terms,
        });
    }
}

/// Fills [`InPlane`] and finds the ranges.
struct Load<'a, F> {
    shape: &'a F,
    terms: &'a Terms<'a>,
    plane: &'a mut InPlane,
}

impl<F: Sliced> Kernel for Load<'_, F> {
    type Output = Ranges;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Ranges {
        let Self {
            shape,
            terms,
            plane,
        } = self;
        let n = terms.padded();
        let (q_x, q_y) = (lanes::<S>(terms.q_x), lanes::<S>(terms.q_y));
        let k_f = lanes_of::<S>(&terms.k_f);
        let u = lanes_mut::<S>(&mut plane.u[..n]);
        let factor = lanes_mut::<S>(&mut plane.factor[..n]);
        // In this order, NaN loses: its pixel must not touch the others.
        // Largest values of u, Re k_f, Im k_f and of their negatives.
        let mut most = [simd.real(f64::NEG_INFINITY); 6];
        for v in 0..u.len() {
            let (q_x, q_y) = (simd.of(q_x[v]), simd.of(q_y[v]));
            let argument = shape.argument(q_x, q_y);
            u[v] = argument.lanes();
            factor[v] = shape.factor(q_x).lanes();
            let k_f = vector(simd, &k_f, v);
            let values = [argument, k_f.re, k_f.im];
            for (i, value) in values.into_iter().enumerate() {
                most[2 * i] = value.max(most[2 * i]);
                most[2 * i + 1] = (-value).max(most[2 * i + 1]);
            }
        }
        let mut largest = [0.0; 6];
        for (largest, most) in largest.iter_mut().zip(most) {
            *largest = most.largest();
        }
        let [u, minus_u, re, minus_re, im, minus_im] = largest;
        Ranges {
            u: [-minus_u, u],
            k_f: [Complex64::new(-minus_re, -minus_im), Complex64::new(re, im)],
        }
    }
}

/// Multiplies the volumes by the incident wave.
struct Incident<'a> {
    slices: &'a mut Slices,
    terms: &'a Terms<'a>,
}

impl Kernel for Incident<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { slices, terms } = self;
        let k_i = terms.k_i;
        // Amplitudes in the middle.
        let middle = Complex64::I * k_i * slices.middle;
        let [t_i, r_i] = terms.incident;
        let t_i = simd.complex(t_i * exp(-middle));
        let r_i = simd.complex(r_i * exp(middle));
        let [re, im] = &mut slices.incident;
        let (re, im) = (lanes_mut::<S>(re), lanes_mut::<S>(im));
        for ((z, re), im) in lanes::<S>(&slices.z).iter().zip(re).zip(im) {
            let (down, up) = waves(k_i.im == 0.0, simd.complex(k_i), simd.of(*z));
            let wave = (t_i * down + r_i * up).scale(simd.of(*re));
            (*re, *im) = (wave.re.lanes(), wave.im.lanes());
        }
    }
}

/// exp(-i k z) and exp(i k z); only the real part of k counts if it is `real`.
#[inline(always)]
pub(super) fn waves<S: Simd>(real: bool, k: Cplx<S>, z: Real<S>) -> (Cplx<S>, Cplx<S>) {
    let up = Cplx::cis(k.re * z);
    if real {
        return (up.conj(), up);
    }
    let growth = k.im * z;
    (up.conj().scale(growth.exp()), up.scale((-growth).exp()))
}
