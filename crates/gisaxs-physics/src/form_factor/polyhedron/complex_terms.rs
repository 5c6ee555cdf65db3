//! The four terms for complex wavenumbers (absorbing layers, evanescent waves), in vectors of pixels.

use super::super::Terms;
use super::edges::{Edge, EdgeSum, SINC, SMALL_PHASE};
use super::plan::{Plan, PlanePlan, Position};
use super::real_terms::{PLACE, fill_places, split};
use crate::simd::{Cplx, Kernel, LANES, Real, Simd, lanes, lanes_mut};

/// Adds the sum of the terms of a body to `re` and `im`.
pub(super) struct ComplexTerms<'a> {
    pub(super) sum: &'a EdgeSum,
    pub(super) plan: &'a Plan,
    pub(super) terms: &'a Terms<'a>,
    /// [`ComplexTerms::work`] numbers.
    pub(super) work: &'a mut [f64],
    pub(super) re: &'a mut [f64],
    pub(super) im: &'a mut [f64],
    /// Set to 1 for pixels where a q is too close to the normal of a face; nothing is added there.
    pub(super) left_out: &'a mut [f64],
}

/// Of a level: exp(i q_z z / 2) for the four q_z = s, -s, d, -d.
const LEVEL: usize = 8;
/// Of a corner: exp(i q.r / 2) for the four q_z.
const CORNER: usize = 8;
/// Of a plane: (n.q)* q_u* / |q_face|^2 and (n.q)* q_v* / |q_face|^2 for the four q_z.
const PLANE: usize = 16;

impl ComplexTerms<'_> {
    /// How many numbers are needed as memory.
    pub(super) fn work(plan: &Plan) -> usize {
        let (places, levels) = (plan.places.len(), plan.levels.len());
        let (corners, planes) = (plan.corners.len(), plan.planes.len());
        LANES * (PLACE * places + LEVEL * levels + CORNER * corners + PLANE * planes)
    }
}

impl Kernel for ComplexTerms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            sum, plan, terms, ..
        } = self;
        let work = lanes_mut::<S>(self.work);
        let (places, work) = work.split_at_mut(PLACE * plan.places.len());
        let (levels, work) = work.split_at_mut(LEVEL * plan.levels.len());
        let (corners, work) = work.split_at_mut(CORNER * plan.corners.len());
        let places = places.as_chunks_mut::<PLACE>().0;
        let levels = levels.as_chunks_mut::<LEVEL>().0;
        let corners = corners.as_chunks_mut::<CORNER>().0;
        let planes = &mut work.as_chunks_mut::<PLANE>().0[..plan.planes.len()];
        let zero = simd.real(0.0);
        let k_i = simd.complex(terms.k_i);
        let [c_x, c_y, c_z] = sum.centre;
        let (q_x, q_y) = (lanes::<S>(terms.q_x), lanes::<S>(terms.q_y));
        let (k_f_re, k_f_im) = split::<S>(&terms.k_f);
        let [down_s, down_d, up_d, up_s] = &terms.weights;
        let weights = [
            split::<S>(up_s),
            split::<S>(down_s),
            split::<S>(up_d),
            split::<S>(down_d),
        ];
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        let left_out = lanes_mut::<S>(self.left_out);
        for i in 0..q_x.len() {
            let (q_x, q_y) = (simd.of(q_x[i]), simd.of(q_y[i]));
            let k_f = simd.of_parts(k_f_re[i], k_f_im[i]);
            let (s, d) = (k_f + k_i, k_f - k_i);
            let q_z = [s, -s, d, -d];
            fill_places(places, &plan.places, q_x, q_y);
            fill_levels(levels, &plan.levels, q_z);
            for (slots, &[place, level]) in corners.iter_mut().zip(&plan.corners) {
                let [_, cos, sin] = places[place];
                let in_plane = simd.of_parts(cos, sin);
                for t in 0..4 {
                    let product =
                        in_plane * simd.of_parts(levels[level][2 * t], levels[level][2 * t + 1]);
                    slots[2 * t] = product.re.lanes();
                    slots[2 * t + 1] = product.im.lanes();
                }
            }
            let unresolved = fill_planes(planes, &plan.planes, q_x, q_y, q_z);
            let sums = sum_edges(simd, sum, plan, places, corners, planes, q_z);
            let q_par_squared = q_x.mul_add(q_x, q_y * q_y);
            let mut total = Cplx::new(zero, zero);
            let mut missing = zero;
            for t in 0..4 {
                let square = q_z[t].norm_sqr() + q_par_squared;
                let up = q_z[t].scale(simd.real(c_z)).times_i().exp();
                let weight = simd.of_parts(weights[t].0[i], weights[t].1[i]);
                total += weight * (up * sums[t].scale(simd.real(-1.0) / square));
                missing = square
                    .less_than(unresolved[t])
                    .select(simd.real(1.0), missing);
            }
            total = total * Cplx::cis(q_x.mul_add(simd.real(c_x), q_y * c_y));
            let resolved = missing.is_zero();
            re[i] = (simd.of(re[i]) + resolved.select(total.re, zero)).lanes();
            im[i] = (simd.of(im[i]) + resolved.select(total.im, zero)).lanes();
            left_out[i] = missing.lanes();
        }
    }
}

#[inline(always)]
fn fill_levels<S: Simd>(levels: &mut [[S::f64s; LEVEL]], list: &[Position<1>], q_z: [Cplx<S>; 4]) {
    let simd = q_z[0].re.simd();
    for (slots, level) in levels.iter_mut().zip(list) {
        let half = simd.real(level.half[0]);
        // exp(i q_z z) and, for -q_z, exp(-i q_z z): the same angle and the inverse modulus.
        for t in [0, 2] {
            let direction = Cplx::cis(q_z[t].re * half);
            let decay = q_z[t].im * half;
            let up = direction.scale((-decay).exp());
            let down = direction.conj().scale(decay.exp());
            slots[2 * t] = up.re.lanes();
            slots[2 * t + 1] = up.im.lanes();
            slots[2 * t + 2] = down.re.lanes();
            slots[2 * t + 3] = down.im.lanes();
        }
    }
}

/// Returns, for every q_z, what |q|^2 must not be below: the largest [`PlanePlan::coarseness`] / |q_face|^2.
#[inline(always)]
fn fill_planes<S: Simd>(
    planes: &mut [[S::f64s; PLANE]],
    list: &[PlanePlan],
    q_x: Real<S>,
    q_y: Real<S>,
    q_z: [Cplx<S>; 4],
) -> [Real<S>; 4] {
    let simd = q_x.simd();
    let one = simd.real(1.0);
    let mut unresolved = [simd.real(0.0); 4];
    for (slots, plane) in planes.iter_mut().zip(list) {
        let n = q_x.mul_add(simd.real(plane.normal[0]), q_y * plane.normal[1]);
        let u = q_x.mul_add(simd.real(plane.u[0]), q_y * plane.u[1]);
        let v = q_x.mul_add(simd.real(plane.v[0]), q_y * plane.v[1]);
        let (n_z, v_z) = (simd.real(plane.normal[2]), simd.real(plane.v[2]));
        let coarseness = simd.real(plane.coarseness);
        for t in 0..4 {
            let conjugate = q_z[t].conj();
            let n = Cplx::new(conjugate.re.mul_add(n_z, n), conjugate.im * n_z);
            let v = Cplx::new(conjugate.re.mul_add(v_z, v), conjugate.im * v_z);
            let inverse = one / u.mul_add(u, v.norm_sqr());
            unresolved[t] = unresolved[t].max(inverse * coarseness);
            let ratio = n.scale(inverse);
            let (by_u, by_v) = (ratio.scale(u), ratio * v);
            slots[4 * t] = by_u.re.lanes();
            slots[4 * t + 1] = by_u.im.lanes();
            slots[4 * t + 2] = by_v.re.lanes();
            slots[4 * t + 3] = by_v.im.lanes();
        }
    }
    unresolved
}

#[inline(always)]
fn sum_edges<S: Simd>(
    simd: S,
    sum: &EdgeSum,
    plan: &Plan,
    places: &[[S::f64s; PLACE]],
    corners: &[[S::f64s; CORNER]],
    planes: &[[S::f64s; PLANE]],
    q_z: [Cplx<S>; 4],
) -> [Cplx<S>; 4] {
    let zero = simd.real(0.0);
    let mut sums = [Cplx::new(zero, zero); 4];
    for Edge { ends, shares } in &sum.edges {
        let [a, b] = *ends;
        let ([place_a, level_a], [place_b, level_b]) = (plan.corners[a], plan.corners[b]);
        let across = simd.of(places[place_b][0]) - simd.of(places[place_a][0]);
        let rise = simd.real(plan.levels[level_b].half[0] - plan.levels[level_a].half[0]);
        for t in 0..4 {
            let mut weight = Cplx::new(zero, zero);
            for share in &sum.shares[shares.clone()] {
                let slots = &planes[share.plane];
                let (u, v) = (simd.real(share.along_u), simd.real(share.along_v));
                weight.re = simd.of(slots[4 * t]).mul_add(u, weight.re);
                weight.im = simd.of(slots[4 * t + 1]).mul_add(u, weight.im);
                weight.re = simd.of(slots[4 * t + 2]).mul_add(v, weight.re);
                weight.im = simd.of(slots[4 * t + 3]).mul_add(v, weight.im);
            }
            let x = Cplx::new(q_z[t].re.mul_add(rise, across), q_z[t].im * rise);
            let end_a = simd.of_parts(corners[a][2 * t], corners[a][2 * t + 1]);
            let end_b = simd.of_parts(corners[b][2 * t], corners[b][2 * t + 1]);
            sums[t] += weight * mean_on_edge(x, end_a, end_b);
        }
    }
    sums
}

/// Mean of exp(i q.r) on an edge from x = q.E/2 and exp(i q.r / 2) at its ends, see
/// [`super::edges`].
#[inline(always)]
fn mean_on_edge<S: Simd>(x: Cplx<S>, exp_a: Cplx<S>, exp_b: Cplx<S>) -> Cplx<S> {
    let simd = x.re.simd();
    let norm = x.norm_sqr();
    // Divided by 2 i x.
    let inverse = simd.real(0.5) / norm;
    let quotient = (exp_b - exp_a) * (exp_b + exp_a) * Cplx::new(-x.im * inverse, -x.re * inverse);
    let square = x * x;
    let mut series = Cplx::new(simd.real(SINC[4]), simd.real(0.0));
    for c in SINC.iter().rev().skip(1) {
        series = series.mul_add(square, Cplx::new(simd.real(*c), simd.real(0.0)));
    }
    let small = norm.less_than(simd.real(SMALL_PHASE * SMALL_PHASE));
    Cplx::select(small, exp_a * exp_b * series, quotient)
}
