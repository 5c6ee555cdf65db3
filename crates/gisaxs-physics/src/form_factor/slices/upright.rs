//! Shapes whose slices are all alike: the transform of one slice times that of the height.

use super::Sliced;
use crate::form_factor::slab::slab;
use crate::form_factor::terms::{Column, Scratch, Terms};
use crate::simd::{Kernel, Simd, dispatch, lanes, lanes_mut};

/// [`crate::FormFactor::add_terms`] of a shape whose slices all have the size of the largest one and
/// this `area` (nm^2; nm for strips).
pub(in crate::form_factor) fn add_terms_upright(
    shape: &impl Sliced,
    area: f64,
    terms: &Terms<'_>,
    scratch: &mut Scratch,
    re: &mut [f64],
    im: &mut [f64],
) {
    let slab = slab(terms, shape.height(), scratch);
    dispatch(Upright {
        shape,
        area,
        terms,
        slab,
        re,
        im,
    });
}

struct Upright<'a, F> {
    shape: &'a F,
    area: f64,
    terms: &'a Terms<'a>,
    slab: &'a [Column],
    re: &'a mut [f64],
    im: &'a mut [f64],
}

impl<F: Sliced> Kernel for Upright<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            shape,
            area,
            terms,
            slab,
            re,
            im,
        } = self;
        let n = terms.padded();
        let (q_x, q_y) = (lanes::<S>(terms.q_x), lanes::<S>(terms.q_y));
        let (slab_re, slab_im) = (lanes::<S>(&slab[0][..n]), lanes::<S>(&slab[1][..n]));
        let (re, im) = (lanes_mut::<S>(re), lanes_mut::<S>(im));
        for v in 0..re.len() {
            let (q_x, q_y) = (simd.of(q_x[v]), simd.of(q_y[v]));
            let x = shape.argument(q_x, q_y) * shape.largest();
            let base = F::SECTION.transform_vector(x) * shape.factor(q_x) * area;
            re[v] = base.mul_add(simd.of(slab_re[v]), simd.of(re[v])).lanes();
            im[v] = base.mul_add(simd.of(slab_im[v]), simd.of(im[v])).lanes();
        }
    }
}
