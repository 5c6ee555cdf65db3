//! The four terms for real wavenumbers, in vectors of pixels.
//!
//! With q_z = +-s and +-d, s = k_f + k_i, d = k_f - k_i, the terms share what depends on the
//! in-plane q only. Sine and cosine of the phases q.M and q.E/2 of an edge are products of those of
//! the places and levels of its ends; only these are evaluated. A body with a vertical two-fold axis
//! or a horizontal mirror needs two terms (see [`super::symmetry`]), one with a centre half of the
//! edges and cosines only.

use super::super::{Split, Terms};
use super::edges::{SINC, SMALL_PHASE};
use super::plan::{Plan, PlanePlan, Position};
use crate::elementary::{sin_cos};
use crate::simd::{Cplx, Kernel, LANES, Real, Simd, lanes, lanes_mut};

/// Adds the sum of the terms of a body around `centre` to `re` and `im`.
pub(super) struct RealTerms<'a> {
    pub(super) plan: &'a Plan,
    pub(super) centre: [f64; 3],
    pub(super) terms: &'a Terms<'a>,
    /// [`RealTerms::work`] numbers.
    pub(super) work: &'a mut [f64],
    pub(super) re: &'a mut [f64],
    pub(super) im: &'a mut [f64],
    /// Set to 1 for pixels where a q is too close to the normal of a face; nothing is added there.
    pub(super) left_out: &'a mut [f64],
}

/// Of a place: half the phase, its cosine and sine.
pub(super) const PLACE: usize = 3;
/// Of a level: cosine and sine of the half phase of the incident wave, and for s and d.
const LEVEL: usize = 6;
/// Of a plane: (n.q) q_u / q_face^2 and (n.q) q_v / q_face^2 for q_z = s, -s, d, -d.
const PLANE: usize = 8;

impl RealTerms<'_> {
    /// How many numbers are needed as memory.
    pub(super) fn work(plan: &Plan) -> usize {
        let (places, levels, planes) = (plan.places.len(), plan.levels.len(), plan.planes.len());
        LANES * (PLACE * places + LEVEL * levels + PLANE * planes)
    }
}

impl Kernel for RealTerms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let symmetry = &self.plan.symmetry;
        let two_suffice = symmetry.half_turn || symmetry.mirror;
        match (two_suffice, symmetry.opposite.is_some()) {
            (false, false) => self.add::<S, true, false>(simd),
            (false, true) => self.add::<S, true, true>(simd),
            (true, false) => self.add::<S, false, false>(simd),
            (true, true) => self.add::<S, false, true>(simd),
        }
    }
}

impl RealTerms<'_> {
    /// `ALL`: -s and -d are evaluated, too. `EVEN`: F around the centre is real.
    #[inline(always)]
    fn add<S: Simd, const ALL: bool, const EVEN: bool>(self, simd: S) {
        let Self { plan, terms, .. } = self;
        let work = lanes_mut::<S>(self.work);
        let (places, work) = work.split_at_mut(PLACE * plan.places.len());
        let (levels, work) = work.split_at_mut(LEVEL * plan.levels.len());
        let places = places.as_chunks_mut::<PLACE>().0;
        let levels = levels.as_chunks_mut::<LEVEL>().0;
        let planes = &mut work.as_chunks_mut::<PLANE>().0[..plan.planes.len()];
        for (level, at) in levels.iter_mut().zip(&plan.levels) {
            let (sin, cos) = sin_cos(terms.k_i.re * at.half[0]);
            level[0] = simd.real(cos).lanes();
            level[1] = simd.real(sin).lanes();
        }
        let (zero, one) = (simd.real(0.0), simd.real(1.0));
        let k_i = simd.real(terms.k_i.re);
        let [c_x, c_y, c_z] = self.centre;
        let off_axis = c_x != 0.0 || c_y != 0.0;
        let (q_x, q_y) = (lanes::<S>(terms.q_x), lanes::<S>(terms.q_y));
        let k_f = lanes::<S>(terms.k_f.re);
        let [down_s, down_d, up_d, up_s] = &terms.weights;
        let weights = [split::<S>(up_s), split::<S>(up_d)];
        let weights_below = [split::<S>(down_s), split::<S>(down_d)];
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        let left_out = lanes_mut::<S>(self.left_out);
        for i in 0..q_x.len() {
            let (q_x, q_y, k_f) = (simd.of(q_x[i]), simd.of(q_y[i]), simd.of(k_f[i]));
            let q_z = [k_f + k_i, k_f - k_i];
            fill_places(places, &plan.places, q_x, q_y);
            fill_levels(levels, &plan.levels, k_f);
            let unresolved = fill_planes::<S, ALL>(planes, &plan.planes, q_x, q_y, q_z);
            let sums = sum_edges::<S, ALL, EVEN>(simd, plan, places, levels, planes, q_z);
            let q_par_squared = q_x.mul_add(q_x, q_y * q_y);
            let mut sum = Cplx::new(zero, zero);
            let mut missing = zero;
            for t in 0..2 {
                let square = q_z[t].mul_add(q_z[t], q_par_squared);
                let scale = simd.real(-1.0) / square;
                let up = Cplx::cis(q_z[t] * c_z);
                let above = sums[t][0].scale(scale);
                let below = if ALL {
                    sums[t][1].scale(scale)
                } else if plan.symmetry.mirror {
                    above
                } else {
                    above.conj()
                };
                let (w, w_below) = (weights[t], weights_below[t]);
                sum += simd.of_parts(w.0[i], w.1[i]) * (up * above);
                sum += simd.of_parts(w_below.0[i], w_below.1[i]) * (up.conj() * below);
                missing = square.less_than(unresolved[t]).select(one, missing);
            }
            if off_axis {
                sum = sum * Cplx::cis(q_x.mul_add(simd.real(c_x), q_y * c_y));
            }
            let resolved = missing.is_zero();
            re[i] = (simd.of(re[i]) + resolved.select(sum.re, zero)).lanes();
            im[i] = (simd.of(im[i]) + resolved.select(sum.im, zero)).lanes();
            left_out[i] = missing.lanes();
        }
    }
}

/// Complex numbers as vectors of real and imaginary parts.
#[inline(always)]
pub(super) fn split<'a, S: Simd>(numbers: &Split<'a>) -> (&'a [S::f64s], &'a [S::f64s]) {
    (lanes::<S>(numbers.re), lanes::<S>(numbers.im))
}

// No array is mapped in these functions: the closures would be compiled without the instructions.

#[inline(always)]
pub(super) fn fill_places<S: Simd>(
    places: &mut [[S::f64s; PLACE]],
    list: &[Position<2>],
    q_x: Real<S>,
    q_y: Real<S>,
) {
    let simd = q_x.simd();
    for (i, at) in list.iter().enumerate() {
        if let Some(opposite) = at.opposite {
            let [phase, cos, sin] = places[opposite];
            places[i] = [(-simd.of(phase)).lanes(), cos, (-simd.of(sin)).lanes()];
        } else {
            let phase = q_x.mul_add(simd.real(at.half[0]), q_y * at.half[1]);
            let (sin, cos) = phase.sin_cos();
            places[i] = [phase.lanes(), cos.lanes(), sin.lanes()];
        }
    }
}

#[inline(always)]
fn fill_levels<S: Simd>(levels: &mut [[S::f64s; LEVEL]], list: &[Position<1>], k_f: Real<S>) {
    let simd = k_f.simd();
    for (i, at) in list.iter().enumerate() {
        let [cos_i, sin_i, ..] = levels[i];
        if let Some(opposite) = at.opposite {
            let [_, _, cos_s, sin_s, cos_d, sin_d] = levels[opposite];
            let (sin_s, sin_d) = (-simd.of(sin_s), -simd.of(sin_d));
            levels[i] = [cos_i, sin_i, cos_s, sin_s.lanes(), cos_d, sin_d.lanes()];
        } else {
            let incident = Cplx::new(simd.of(cos_i), simd.of(sin_i));
            let exit = Cplx::cis(k_f * at.half[0]);
            let [s, d] = product_and_quotient(exit, incident);
            levels[i] = [
                cos_i,
                sin_i,
                s.re.lanes(),
                s.im.lanes(),
                d.re.lanes(),
                d.im.lanes(),
            ];
        }
    }
}

/// b a and b / a of numbers of modulus 1.
#[inline(always)]
fn product_and_quotient<S: Simd>(b: Cplx<S>, a: Cplx<S>) -> [Cplx<S>; 2] {
    let (cc, ss, sc, cs) = (b.re * a.re, b.im * a.im, b.im * a.re, b.re * a.im);
    [Cplx::new(cc - ss, sc + cs), Cplx::new(cc + ss, sc - cs)]
}

/// Returns, for +-s and +-d, what q^2 must not be below: the largest [`PlanePlan::coarseness`] /
/// q_face^2.
#[inline(always)]
fn fill_planes<S: Simd, const ALL: bool>(
    planes: &mut [[S::f64s; PLANE]],
    list: &[PlanePlan],
    q_x: Real<S>,
    q_y: Real<S>,
    q_z: [Real<S>; 2],
) -> [Real<S>; 2] {
    let simd = q_x.simd();
    let one = simd.real(1.0);
    let mut unresolved = [simd.real(0.0); 2];
    for (slots, plane) in planes.iter_mut().zip(list) {
        let n = q_x.mul_add(simd.real(plane.normal[0]), q_y * plane.normal[1]);
        let u = q_x.mul_add(simd.real(plane.u[0]), q_y * plane.u[1]);
        let v = q_x.mul_add(simd.real(plane.v[0]), q_y * plane.v[1]);
        let (n_z, v_z) = (simd.real(plane.normal[2]), simd.real(plane.v[2]));
        let coarseness = simd.real(plane.coarseness);
        let u_squared = u * u;
        for t in 0..2 {
            let v_above = q_z[t].mul_add(v_z, v);
            let inverse = one / v_above.mul_add(v_above, u_squared);
            let ratio = q_z[t].mul_add(n_z, n) * inverse;
            unresolved[t] = unresolved[t].max(inverse * coarseness);
            slots[4 * t] = (ratio * u).lanes();
            slots[4 * t + 1] = (ratio * v_above).lanes();
            if ALL {
                let v_below = q_z[t].negative_mul_add(v_z, v);
                let inverse = one / v_below.mul_add(v_below, u_squared);
                let ratio = q_z[t].negative_mul_add(n_z, n) * inverse;
                unresolved[t] = unresolved[t].max(inverse * coarseness);
                slots[4 * t + 2] = (ratio * u).lanes();
                slots[4 * t + 3] = (ratio * v_below).lanes();
            }
        }
    }
    unresolved
}

/// The sums over edges, for q_z = \[\[s, -s\], \[d, -d\]\].
#[inline(always)]
fn sum_edges<S: Simd, const ALL: bool, const EVEN: bool>(
    simd: S,
    plan: &Plan,
    places: &[[S::f64s; PLACE]],
    levels: &[[S::f64s; LEVEL]],
    planes: &[[S::f64s; PLANE]],
    q_z: [Real<S>; 2],
) -> [[Cplx<S>; 2]; 2] {
    let zero = simd.real(0.0);
    let mut sums = [[Cplx::new(zero, zero); 2]; 2];
    let mut rise = [Rise::none(simd); 2];
    let mut between = [usize::MAX; 2];
    for edge in &plan.edges {
        if edge.levels != between {
            between = edge.levels;
            let [a, b] = edge.levels;
            let height = simd.real(plan.levels[b].half[0] - plan.levels[a].half[0]);
            for t in 0..2 {
                let end_a = simd.of_parts(levels[a][2 + 2 * t], levels[a][3 + 2 * t]);
                let end_b = simd.of_parts(levels[b][2 + 2 * t], levels[b][3 + 2 * t]);
                let [middle, half] = product_and_quotient(end_b, end_a);
                rise[t] = Rise {
                    x: q_z[t] * height,
                    middle,
                    half,
                };
            }
        }
        let [phase_a, cos_a, sin_a] = places[edge.places[0]];
        let [phase_b, cos_b, sin_b] = places[edge.places[1]];
        let x = simd.of(phase_b) - simd.of(phase_a);
        let (end_a, end_b) = (simd.of_parts(cos_a, sin_a), simd.of_parts(cos_b, sin_b));
        let [middle, half] = product_and_quotient(end_b, end_a);
        for t in 0..2 {
            let (mut above, mut below) = (zero, zero);
            for share in &plan.shares[edge.shares.clone()] {
                let slots = &planes[share.plane];
                let (u, v) = (simd.real(share.along_u), simd.real(share.along_v));
                above = simd.of(slots[4 * t]).mul_add(u, above);
                above = simd.of(slots[4 * t + 1]).mul_add(v, above);
                if ALL {
                    below = simd.of(slots[4 * t + 2]).mul_add(u, below);
                    below = simd.of(slots[4 * t + 3]).mul_add(v, below);
                }
            }
            // Sine of q.E/2, cosine and sine of q.M, each for +-q_z: sums and differences of products.
            let Rise {
                x: z,
                middle: z_middle,
                half: z_half,
            } = rise[t];
            let (sin_cos, cos_sin) = (half.im * z_half.re, half.re * z_half.im);
            let (cc, ss) = (middle.re * z_middle.re, middle.im * z_middle.im);
            above = above * sinc(x + z, sin_cos + cos_sin);
            sums[t][0].re = above.mul_add(cc - ss, sums[t][0].re);
            if ALL {
                below = below * sinc(x - z, sin_cos - cos_sin);
                sums[t][1].re = below.mul_add(cc + ss, sums[t][1].re);
            }
            if !EVEN {
                let (sc, cs) = (middle.im * z_middle.re, middle.re * z_middle.im);
                sums[t][0].im = above.mul_add(sc + cs, sums[t][0].im);
                if ALL {
                    sums[t][1].im = below.mul_add(sc - cs, sums[t][1].im);
                }
            }
        }
    }
    sums
}

/// The vertical parts of the phases of an edge: q.E/2, and exp(i q.M) and exp(i q.E/2).
#[derive(Clone, Copy)]
struct Rise<S: Simd> {
    x: Real<S>,
    middle: Cplx<S>,
    half: Cplx<S>,
}

impl<S: Simd> Rise<S> {
    #[inline(always)]
    fn none(simd: S) -> Self {
        let one = Cplx::new(simd.real(1.0), simd.real(0.0));
        Self {
            x: simd.real(0.0),
            middle: one,
            half: one,
        }
    }
}

/// sin x / x from x and its sine.
#[inline(always)]
fn sinc<S: Simd>(x: Real<S>, sin: Real<S>) -> Real<S> {
    let square = x * x;
    let small = square.less_than(x.simd().real(SMALL_PHASE * SMALL_PHASE));
    small.select(square.polynomial(&SINC), sin / x)
}
