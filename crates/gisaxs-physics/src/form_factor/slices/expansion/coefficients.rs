//! The coefficients of an expansion: sums over slices at the Chebyshev points, transformed.

use super::transforms::Points;
use super::{Expansion, PARTS};
use crate::form_factor::slices::block::{Slices, waves};
use crate::form_factor::terms::Terms;
use crate::simd::{Kernel, Simd, dispatch, lanes, lanes_mut};

/// Buffers of [`compute`].
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Incident wave times powers of the exit waves, function by function.
    waves: Vec<f64>,
    /// Sums over slices at the points, function by function.
    sums: Vec<f64>,
    /// c_lm: for every power m of k_f - k_0 real and imaginary part of the sum with
    /// exp(-i k_f z), then of that with exp(i k_f z); each as a row in l.
    pub(super) coefficients: Vec<f64>,
}

/// Computes the coefficients from the transforms at the Chebyshev points (slice by slice).
pub(super) fn compute(
    plan: &Expansion,
    terms: &Terms<'_>,
    slices: &Slices,
    transforms: &[f64],
    buffers: &mut Buffers,
) {
    dispatch(Coefficients {
        plan,
        terms,
        slices,
        transforms,
        buffers,
    });
}

struct Coefficients<'a> {
    plan: &'a Expansion,
    terms: &'a Terms<'a>,
    slices: &'a Slices,
    transforms: &'a [f64],
    buffers: &'a mut Buffers,
}

impl Kernel for Coefficients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            plan,
            terms,
            slices,
            transforms,
            buffers,
        } = self;
        let Buffers {
            waves: exit,
            sums,
            coefficients,
        } = buffers;
        let (n, points) = (slices.z.len(), plan.points);

        // The incident wave times exp(-i k_0 z) (-i z)^m / m! and exp(i k_0 z) (i z)^m / m!.
        let functions = PARTS * plan.powers;
        exit.resize(functions * n, 0.0);
        let vectors = lanes::<S>(&slices.z).len();
        let out = lanes_mut::<S>(exit);
        let [re, im] = &slices.incident;
        let (incident_re, incident_im) = (lanes::<S>(re), lanes::<S>(im));
        for v in 0..vectors {
            let z = simd.of(lanes::<S>(&slices.z)[v]);
            let (down, up) = waves(terms.real, simd.complex(plan.k_0), z);
            let incident = simd.of_parts(incident_re[v], incident_im[v]);
            let (mut down, mut up) = (incident * down, incident * up);
            for m in 0..plan.powers {
                let at = |part: usize| (PARTS * m + part) * vectors + v;
                out[at(0)] = down.re.lanes();
                out[at(1)] = down.im.lanes();
                out[at(2)] = up.re.lanes();
                out[at(3)] = up.im.lanes();
                let step = z * (1.0 / (m + 1) as f64);
                down = -down.times_i().scale(step);
                up = up.times_i().scale(step);
            }
        }

        // Sums over slices, four functions at a time.
        sums.resize(functions * points, 0.0);
        let per_row = lanes::<S>(&sums[..points]).len();
        for m in 0..plan.powers {
            let mut weights = [&exit[..0]; PARTS];
            for (part, weights) in weights.iter_mut().enumerate() {
                *weights = &exit[(PARTS * m + part) * n..][..slices.count];
            }
            let out = lanes_mut::<S>(&mut sums[PARTS * m * points..][..PARTS * points]);
            let rows = lanes::<S>(&transforms[..slices.count * points]);
            for j in 0..per_row {
                let mut sum = [simd.real(0.0); PARTS];
                for i in 0..slices.count {
                    let lambda = simd.of(rows[i * per_row + j]);
                    for part in 0..PARTS {
                        sum[part] = lambda.mul_add(simd.real(weights[part][i]), sum[part]);
                    }
                }
                for part in 0..PARTS {
                    out[part * per_row + j] = sum[part].lanes();
                }
            }
        }

        // Their Chebyshev coefficients.
        coefficients.resize(functions * points, 0.0);
        let matrix = lanes::<S>(&Points::of(points).transform);
        for m in 0..plan.powers {
            let mut values = [&sums[..0]; PARTS];
            for (part, values) in values.iter_mut().enumerate() {
                *values = &sums[(PARTS * m + part) * points..][..points];
            }
            let out = lanes_mut::<S>(&mut coefficients[PARTS * m * points..][..PARTS * points]);
            for l in 0..per_row {
                let mut sum = [simd.real(0.0); PARTS];
                for j in 0..points {
                    let element = simd.of(matrix[j * per_row + l]);
                    for part in 0..PARTS {
                        sum[part] = element.mul_add(simd.real(values[part][j]), sum[part]);
                    }
                }
                for part in 0..PARTS {
                    out[part * per_row + l] = sum[part].lanes();
                }
            }
        }
    }
}
