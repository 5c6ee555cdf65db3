//! The four terms of balls: spheres, ellipsoids, and spheres with a blurred surface.
//!
//! An ellipsoid with the half axes R_x, R_y, R is a sphere of radius R in the coordinates
//! Q = (q_x R_x / R, q_y R_y / R, q_z). Its form factor about the centre,
//!
//! F = V 3 (sin x - x cos x) / x^3, x = |Q| R,
//!
//! is even in q_z, so the four terms have two values of it, at q_z = k_i + k_f and k_i - k_f. Their
//! phases exp(i q_z z) are products of exp(i k_i z), the same for all pixels, and exp(i k_f z).
//! All sizes of one shape share |Q| and 3 / |Q|^3.

use super::terms::{Column, Scratch, Terms, lanes_of, vector};
use crate::elementary::{cis, powi};
use crate::simd::{Cplx, Kernel, Real, Simd, dispatch, lanes, lanes_mut};
use crate::special::SPHERE_SERIES;

/// A ball in the coordinates of the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ball {
    /// Half axes in the plane over the vertical one.
    pub(super) ratios: [f64; 2],
    /// Vertical half axis R, nm.
    pub(super) radius_nm: f64,
    /// V, nm^3.
    pub(super) volume: f64,
    /// Height of the centre above the origin, nm.
    pub(super) centre_nm: f64,
    /// Blur of the surface, nm: a factor exp(-sigma^2 q^2 / 2). Only for spheres.
    pub(super) sigma_nm: f64,
}

impl Ball {
    /// [`super::FormFactor::add_terms`] for real wavenumbers.
    ///
    /// # Panics
    /// If they are complex.
    pub(super) fn add_terms(
        &self,
        terms: &Terms<'_>,
        scratch: &mut Scratch,
        re: &mut [f64],
        im: &mut [f64],
    ) {
        assert!(terms.real, "wavenumbers are real");
        let [x, y] = self.ratios;
        let shared = scratch.shared("ball", [x, y, self.sigma_nm, 0.0], 4, |columns| {
            dispatch(Lengths {
                terms,
                ball: self,
                columns,
            });
        });
        dispatch(Sum {
            terms,
            ball: self,
            shared,
            re,
            im,
        });
    }
}

impl Ball {
    /// F about the centre from |Q| and 3 / |Q|^3.
    #[inline(always)]
    fn about_centre<S: Simd>(&self, q: Real<S>, inverse_cube: Real<S>) -> Real<S> {
        let simd = q.simd();
        let x = q * self.radius_nm;
        let (sin, cos) = x.sin_cos();
        // V 3 (sin x - x cos x) / x^3 = (V / R^3) (3 / |Q|^3) (sin x - x cos x).
        let scale = self.volume / powi(self.radius_nm, 3);
        let direct = x.negative_mul_add(cos, sin) * (inverse_cube * scale);
        let is_small = x.less_than(simd.real(1.0));
        if !is_small.any() {
            return direct;
        }
        let series = (x * x).polynomial(&SPHERE_SERIES) * self.volume;
        let blur = if self.sigma_nm > 0.0 {
            (q * q * (-0.5 * self.sigma_nm * self.sigma_nm)).exp()
        } else {
            simd.real(1.0)
        };
        is_small.select(series * blur, direct)
    }
}

/// |Q| for the sum and the difference of the wavenumbers, then for both 3 / |Q|^3 with the blur.
struct Lengths<'a> {
    terms: &'a Terms<'a>,
    ball: &'a Ball,
    columns: &'a mut [Column],
}

impl Kernel for Lengths<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Terms { q_x, q_y, k_f, .. } = self.terms;
        let [x, y] = self.ball.ratios.map(|ratio| simd.real(ratio));
        let blur = self.ball.sigma_nm;
        let k_i = simd.real(self.terms.k_i.re);
        let [sum, difference, sum_cubed, difference_cubed] = self.columns else {
            unreachable!("four columns");
        };
        let n = q_x.len();
        let pixels = lanes::<S>(q_x).iter().zip(lanes::<S>(q_y));
        let pixels = pixels.zip(lanes::<S>(k_f.re));
        let sums = lanes_mut::<S>(&mut sum[..n]).iter_mut();
        let sums = sums.zip(lanes_mut::<S>(&mut sum_cubed[..n]));
        let differences = lanes_mut::<S>(&mut difference[..n]).iter_mut();
        let differences = differences.zip(lanes_mut::<S>(&mut difference_cubed[..n]));
        for (((q_x, q_y), k_f), (sums, differences)) in pixels.zip(sums.zip(differences)) {
            let (q_x, q_y, k_f) = (simd.of(*q_x) * x, simd.of(*q_y) * y, simd.of(*k_f));
            let in_plane = q_x.mul_add(q_x, q_y * q_y);
            for ((length, inverse_cube), q_z) in [(sums, k_i + k_f), (differences, k_i - k_f)] {
                let square = q_z.mul_add(q_z, in_plane);
                let q = square.sqrt();
                let mut factor = simd.real(3.0) / (square * q);
                if blur > 0.0 {
                    factor = factor * (square * (-0.5 * blur * blur)).exp();
                }
                *length = q.lanes();
                *inverse_cube = factor.lanes();
            }
        }
    }
}

/// Adds the four terms.
struct Sum<'a> {
    terms: &'a Terms<'a>,
    ball: &'a Ball,
    shared: &'a [Column],
    re: &'a mut [f64],
    im: &'a mut [f64],
}

impl Kernel for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let centre_nm = self.ball.centre_nm;
        let Terms {
            k_i,
            k_f,
            incident,
            exit,
            uniform,
            ..
        } = *self.terms;
        let n = k_f.re.len();
        let [sum, difference, sum_cubed, difference_cubed] = self.shared else {
            unreachable!("four columns");
        };
        let lengths = [sum, difference].map(|c| lanes::<S>(&c[..n]));
        let cubes = [sum_cubed, difference_cubed].map(|c| lanes::<S>(&c[..n]));
        let (exit, k_f) = (exit.each_ref().map(lanes_of::<S>), lanes::<S>(k_f.re));
        let (re, im) = (lanes_mut::<S>(self.re), lanes_mut::<S>(self.im));
        let vectors = re.len();
        assert!(im.len() == vectors && k_f.len() == vectors);

        let phase = cis(k_i.re * centre_nm);
        let [t_i, r_i] = incident;
        // The incident waves at the height of the centre.
        let [t_i, r_i] = [t_i * phase.conj(), r_i * phase].map(|wave| simd.complex(wave));
        let row_phase = Cplx::cis(simd.of(k_f[0]) * centre_nm);
        for v in 0..vectors {
            let same = self
                .ball
                .about_centre(simd.of(lengths[0][v]), simd.of(cubes[0][v]));
            let opposite = self
                .ball
                .about_centre(simd.of(lengths[1][v]), simd.of(cubes[1][v]));
            let phase = if uniform {
                row_phase
            } else {
                Cplx::cis(simd.of(k_f[v]) * centre_nm)
            };
            let (t_f, r_f) = (vector(simd, &exit[0], v), vector(simd, &exit[1], v));
            let down = t_i.scale(same) + r_i.scale(opposite);
            let up = t_i.scale(opposite) + r_i.scale(same);
            let amplitude = (t_f * phase.conj()).mul_add(down, r_f * phase * up);
            re[v] = (simd.of(re[v]) + amplitude.re).lanes();
            im[v] = (simd.of(im[v]) + amplitude.im).lanes();
        }
    }
}
