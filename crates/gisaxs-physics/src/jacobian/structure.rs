//! Derivatives of structure factors.

use num_complex::Complex64;

use crate::elementary::{cis, exp, exp_m1, hypot, powi, sin_cos};
use crate::structure_factor::RadialParacrystal;

/// S at one in-plane q with its derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StructureDifferential {
    /// S.
    pub value: f64,
    /// dS/dq_x and dS/dq_y, nm.
    pub gradient: [f64; 2],
    /// dS/dD at constant sigma_D / D, nm^-1.
    pub distance: f64,
    /// dS/d(sigma_D / D) at constant D.
    pub disorder: f64,
    /// d(density)/dD, nm^-3.
    pub density: f64,
}

/// S of a paracrystal, or f of its chain, as a function of q, D and sigma_D / D.
#[derive(Debug, Clone, Copy)]
pub(super) struct RadialSlopes<T> {
    pub(super) value: T,
    /// Per nm^-1 of q_par.
    pub(super) q: T,
    /// Per nm of D.
    pub(super) distance: T,
    /// Per unit of sigma_D / D.
    pub(super) disorder: T,
}

/// The size of one step, |f| with its sign, through its gap 1 - m, which keeps its digits at small q.
fn gap(chain: &RadialParacrystal, q: f64) -> RadialSlopes<f64> {
    let (distance, profile) = (chain.distance_nm(), chain.profile());
    let omega = profile.omega_nm();
    let x = q * omega;
    let deficit = profile.one_minus_fourier(q);
    let slope = profile.one_minus_fourier_slope(x);
    let damping = chain
        .damping_length_nm()
        .map_or(1.0, |l| exp(-distance / l));
    let damping_gap = chain
        .damping_length_nm()
        .map_or(0.0, |l| -exp_m1(-distance / l));
    let per_distance = chain
        .damping_length_nm()
        .map_or(0.0, |l| (1.0 - deficit) * damping / l);
    RadialSlopes {
        value: deficit + (1.0 - deficit) * damping_gap,
        q: damping * omega * slope,
        // omega grows with D at constant disorder, and so does x.
        distance: damping * x / distance * slope + per_distance,
        disorder: damping * q * distance * slope,
    }
}

/// S at q_par (nm^-1), as [`RadialParacrystal::structure_factor`].
pub(super) fn structure_factor(chain: &RadialParacrystal, q_par: f64) -> RadialSlopes<f64> {
    let distance = chain.distance_nm();
    let smallest = match chain.damping_length_nm() {
        None => SMALLEST_PHASE / distance,
        Some(_) => 0.0,
    };
    let (q, clamped) = (q_par.abs().max(smallest), q_par.abs() < smallest);
    let gap = gap(chain, q);
    let (g, m) = (gap.value, 1.0 - gap.value);
    let (sin, cos) = sin_cos(0.5 * q * distance);
    let (upper, lower) = (g * (1.0 + m), g * g + 4.0 * m * sin * sin);
    let inverse = 1.0 / lower;
    // S = upper / lower; derivatives with respect to the gap and to q D.
    let value = upper * inverse;
    let per_gap = (2.0 * m - value * (2.0 * g - 4.0 * sin * sin)) * inverse;
    let per_phase = -value * 4.0 * m * sin * cos * inverse;
    RadialSlopes {
        value,
        q: if clamped {
            0.0
        } else {
            per_gap * gap.q + per_phase * distance
        },
        distance: per_gap * gap.distance + per_phase * q,
        disorder: per_gap * gap.disorder,
    }
}

/// f at q_par (nm^-1), as [`RadialParacrystal::step`].
pub(super) fn step(chain: &RadialParacrystal, q_par: f64) -> RadialSlopes<Complex64> {
    let gap = gap(chain, q_par);
    let distance = chain.distance_nm();
    let phase = cis(q_par * distance);
    let value = (1.0 - gap.value) * phase;
    RadialSlopes {
        value,
        q: -gap.q * phase + Complex64::I * distance * value,
        distance: -gap.distance * phase + Complex64::I * q_par * value,
        disorder: -gap.disorder * phase,
    }
}

/// As in the structure factor itself.
pub(super) const SMALLEST_PHASE: f64 = 1e-6;

/// [`crate::StructureFactor::differential`] of the paracrystal.
pub(crate) fn radial_differential(
    chain: &RadialParacrystal,
    q_x: f64,
    q_y: f64,
) -> StructureDifferential {
    let q_par = hypot(q_x, q_y);
    let s = structure_factor(chain, q_par);
    let inverse = if q_par > 0.0 { q_par.recip() } else { 0.0 };
    let distance = chain.distance_nm();
    StructureDifferential {
        value: s.value,
        gradient: [s.q * q_x * inverse, s.q * q_y * inverse],
        distance: s.distance,
        disorder: s.disorder,
        density: -4.0 / (3.0_f64.sqrt() * powi(distance, 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure_factor::{Profile1d, StructureFactor};

    #[test]
    fn derivatives_agree_with_differences() {
        let omega_nm = 1.0;
        for profile in [
            Profile1d::Gauss { omega_nm },
            Profile1d::Cauchy { omega_nm },
            Profile1d::Gate { omega_nm },
            Profile1d::Triangle { omega_nm },
            Profile1d::Cosine { omega_nm },
            Profile1d::Voigt { omega_nm, eta: 0.3 },
        ] {
            for damping in [0.0, 200.0] {
                let make = |d: f64, disorder: f64| {
                    RadialParacrystal::with_profile(d, profile.with_omega_nm(disorder * d))
                        .and_then(|c| c.with_damping(damping))
                        .unwrap()
                };
                let (d, disorder) = (12.0, 0.2);
                for q in [1e-3, 0.05, 0.2, 0.52, 0.9, 2.5] {
                    let difference = |f: &dyn Fn(f64) -> Complex64, step: f64| {
                        let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
                        let [a, b, c] = [1.0, 0.5, 0.25].map(|s| central(s * step));
                        (64.0 * c - 20.0 * b + a) / 45.0
                    };
                    let chain = make(d, disorder);
                    let s = structure_factor(&chain, q);
                    let f = step(&chain, q);
                    assert!((s.value - chain.structure_factor(q)).abs() < 1e-13 * s.value);
                    assert!((f.value - chain.step(q)).norm() < 1e-15);
                    let at = |c: RadialParacrystal, q: f64| Complex64::from(c.structure_factor(q));
                    let pairs = [
                        (
                            s.q.into(),
                            difference(&|t| at(chain, q + t), 4e-4 * q.min(1.0).sqrt()),
                        ),
                        (
                            s.distance.into(),
                            difference(&|t| at(make(d + t, disorder), q), 0.02),
                        ),
                        (
                            s.disorder.into(),
                            difference(&|t| at(make(d, disorder + t), q), 2e-3),
                        ),
                        (f.q, difference(&|t| chain.step(q + t), 1e-3)),
                        (
                            f.distance,
                            difference(&|t| make(d + t, disorder).step(q), 0.02),
                        ),
                        (
                            f.disorder,
                            difference(&|t| make(d, disorder + t).step(q), 2e-3),
                        ),
                    ];
                    for (i, (slope, exact)) in pairs.into_iter().enumerate() {
                        let error = (slope - exact).norm();
                        assert!(
                            error < 1e-7 * (1.0 + exact.norm()),
                            "{profile:?} {damping} {q} {i}: {slope} {exact}"
                        );
                    }
                }
                let chain = make(d, disorder);
                let found = chain.differential(0.3, 0.4).unwrap();
                let s = structure_factor(&chain, 0.5);
                assert!((found.gradient[0] - 0.6 * s.q).abs() < 1e-12);
                let density = |d: f64| make(d, disorder).density();
                let exact = (density(d + 1e-3) - density(d - 1e-3)) / 2e-3;
                assert!((found.density / exact - 1.0).abs() < 1e-6);
                assert!(chain.differential(0.0, 0.0).unwrap().distance.is_finite());
            }
        }
    }
}
