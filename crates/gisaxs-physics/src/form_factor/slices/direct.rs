//! Slice by slice, for pixels with arbitrary q.

use super::Section;
use super::block::{InPlane, Slices, waves};
use crate::form_factor::terms::{Terms, lanes_of, vector};
use crate::simd::{Cplx, Kernel, Real, Simd, dispatch, lanes, lanes_mut};

/// Adds the terms: per pixel and slice one transform lambda and one exponential.
pub(super) fn add(
    section: Section,
    lean: [f64; 2],
    terms: &Terms<'_>,
    plane: &InPlane,
    slices: &Slices,
    re: &mut [f64],
    im: &mut [f64],
) {
    dispatch(Direct {
        section,
        lean,
        terms,
        plane,
        slices,
        re,
        im,
    });
}

struct Direct<'a> {
    section: Section,
    lean: [f64; 2],
    terms: &'a Terms<'a>,
    plane: &'a InPlane,
    slices: &'a Slices,
    re: &'a mut [f64],
    im: &'a mut [f64],
}

impl Kernel for Direct<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // Constant sections, so that each is compiled for itself.
        match self.section {
            Section::Disk => self.sum(simd, |x| Section::Disk.transform_vector(x)),
            Section::Strip if self.lean == [0.0; 2] => {
                self.sum(simd, |x| Section::Strip.transform_vector(x));
            }
            Section::Strip => self.leaning(simd),
        }
    }
}

impl Direct<'_> {
    #[inline(always)]
    fn sum<S: Simd>(self, simd: S, transform: impl Fn(Real<S>) -> Real<S>) {
        let Self {
            terms,
            plane,
            slices,
            ..
        } = self;
        let n = terms.padded();
        let (u, factor) = (lanes::<S>(&plane.u[..n]), lanes::<S>(&plane.factor[..n]));
        let k_f = lanes_of::<S>(&terms.k_f);
        let (t_f, r_f) = (lanes_of::<S>(&terms.exit[0]), lanes_of::<S>(&terms.exit[1]));
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        let [incident_re, incident_im] = &slices.incident;
        for v in 0..re.len() {
            let (u, k_f) = (simd.of(u[v]), vector(simd, &k_f, v));
            let zero = simd.real(0.0);
            // Sums with exp(-i k_f z) and exp(i k_f z).
            let (mut down, mut up) = (Cplx::new(zero, zero), Cplx::new(zero, zero));
            for i in 0..slices.count {
                let lambda = transform(u * slices.r[i]);
                let (a, b) = (lambda * incident_re[i], lambda * incident_im[i]);
                let wave = waves(terms.real, k_f, simd.real(slices.z[i]));
                let weight = Cplx::new(a, b);
                down = weight.mul_add(wave.0, down);
                up = weight.mul_add(wave.1, up);
            }
            let (phase_down, phase_up) = waves(terms.real, k_f, simd.real(slices.middle));
            let (t_f, r_f) = (vector(simd, &t_f, v), vector(simd, &r_f, v));
            let amplitude = (t_f * phase_down).mul_add(down, r_f * phase_up * up);
            let amplitude = amplitude.scale(simd.of(factor[v]));
            re[v] = (simd.of(re[v]) + amplitude.re).lanes();
            im[v] = (simd.of(im[v]) + amplitude.im).lanes();
        }
    }

    /// Strips whose centre y = a + b z depends on the height: exp(i q_y b z) joins both exit waves.
    #[inline(always)]
    fn leaning<S: Simd>(self, simd: S) {
        let Self {
            terms,
            plane,
            slices,
            lean: [a, b],
            ..
        } = self;
        let n = terms.padded();
        let (u, factor) = (lanes::<S>(&plane.u[..n]), lanes::<S>(&plane.factor[..n]));
        let (q_y, k_f) = (lanes::<S>(terms.q_y), lanes_of::<S>(&terms.k_f));
        let (t_f, r_f) = (lanes_of::<S>(&terms.exit[0]), lanes_of::<S>(&terms.exit[1]));
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        let [incident_re, incident_im] = &slices.incident;
        for v in 0..re.len() {
            let (u, q_y, k_f) = (simd.of(u[v]), simd.of(q_y[v]), vector(simd, &k_f, v));
            let shear = Cplx::new(q_y * b, simd.real(0.0));
            let waves = |z: Real<S>| {
                let (_, down) = waves(terms.real, shear - k_f, z);
                let (_, up) = waves(terms.real, shear + k_f, z);
                (down, up)
            };
            let zero = Cplx::new(simd.real(0.0), simd.real(0.0));
            let (mut down, mut up) = (zero, zero);
            for i in 0..slices.count {
                let lambda = Section::Strip.transform_vector(u * slices.r[i]);
                let weight = Cplx::new(lambda * incident_re[i], lambda * incident_im[i]);
                let wave = waves(simd.real(slices.z[i]));
                down = weight.mul_add(wave.0, down);
                up = weight.mul_add(wave.1, up);
            }
            let (phase_down, phase_up) = waves(simd.real(slices.middle));
            let (t_f, r_f) = (vector(simd, &t_f, v), vector(simd, &r_f, v));
            let amplitude = (t_f * phase_down).mul_add(down, r_f * phase_up * up);
            let amplitude = (amplitude * Cplx::cis(q_y * a)).scale(simd.of(factor[v]));
            re[v] = (simd.of(re[v]) + amplitude.re).lanes();
            im[v] = (simd.of(im[v]) + amplitude.im).lanes();
        }
    }
}
