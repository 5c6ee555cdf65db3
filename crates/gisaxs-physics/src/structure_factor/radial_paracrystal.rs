//! Radial paracrystal: a chain of neighbours at a mean distance, the same in all directions.

use num_complex::Complex64;

use super::{Profile1d, StructureFactor};
use crate::elementary::{exp, exp_m1, from_polar, hypot, sin};
use crate::error::{Result, non_negative, positive};
use crate::form_factor::Columns;
use crate::jacobian::{StructureDifferential, radial_differential};
use crate::simd::{Cplx, Kernel, LANES, Real, Simd, dispatch, lanes, lanes_mut};

/// A paracrystal with a mean distance D between neighbours that scatters by the profile phi,
/// in all in-plane directions alike:
///
/// f(q) = phi(q) exp(i q D) exp(-D / L), S(q) = Re[(1 + f) / (1 - f)], q = q_par,
///
/// with the damping length L (none: no last factor). S tends to 1 at large q. For the Gaussian
/// profile of standard deviation sigma_D, phi = exp(-q^2 sigma_D^2 / 2) and the disorder is
/// sigma_D / D. Reference: R. Hosemann, S. N. Bagchi (1962); G. Renaud, R. Lazzari, F. Leroy,
/// Surf. Sci. Rep. 64, 255 (2009), section 4.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadialParacrystal {
    distance_nm: f64,
    profile: Profile1d,
    damping_length_nm: Option<f64>,
}

impl RadialParacrystal {
    /// Mean distance `distance_nm` with a Gaussian spread of standard deviation `sigma_nm` (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn new(distance_nm: f64, sigma_nm: f64) -> Result<Self> {
        Self::with_profile(distance_nm, Profile1d::Gauss { omega_nm: sigma_nm })
    }

    /// Mean distance `distance_nm` (nm) with another distribution of the distance.
    ///
    /// # Errors
    /// If the distance is not positive or the profile is not valid.
    pub fn with_profile(distance_nm: f64, profile: Profile1d) -> Result<Self> {
        positive("distance", distance_nm, "nm")?;
        profile.validate()?;
        Ok(Self {
            distance_nm,
            profile,
            damping_length_nm: None,
        })
    }

    /// The same with a finite coherence: every step of the chain is damped by exp(-D / L),
    /// L = `length_nm` (nm). 0 means no damping.
    ///
    /// # Errors
    /// If the length is negative or not finite.
    pub fn with_damping(self, length_nm: f64) -> Result<Self> {
        let length = non_negative("damping length", length_nm, "nm")?;
        Ok(Self {
            damping_length_nm: (length > 0.0).then_some(length),
            ..self
        })
    }

    /// The same arrangement scaled by `factor`: all lengths grow, so S(q) becomes S(factor q).
    ///
    /// # Errors
    /// If the factor is not positive.
    pub fn scaled(self, factor: f64) -> Result<Self> {
        positive("scale of the distances", factor, "")?;
        Ok(Self {
            distance_nm: self.distance_nm * factor,
            profile: self.profile.with_omega_nm(self.profile.omega_nm() * factor),
            damping_length_nm: self.damping_length_nm.map(|l| l * factor),
        })
    }

    /// Mean distance D between neighbours, nm.
    #[must_use]
    pub fn distance_nm(&self) -> f64 {
        self.distance_nm
    }

    /// Distribution of the distance.
    #[must_use]
    pub fn profile(&self) -> Profile1d {
        self.profile
    }

    /// Damping length in nm, if there is damping.
    #[must_use]
    pub fn damping_length_nm(&self) -> Option<f64> {
        self.damping_length_nm
    }

    /// f(q), the Fourier transform of the distribution of one step along the chain; |f| <= 1.
    #[must_use]
    pub fn step(&self, q_par: f64) -> Complex64 {
        from_polar(
            self.profile.fourier(q_par) * self.damping(),
            q_par * self.distance_nm,
        )
    }

    /// S at the in-plane magnitude q_par (nm^-1). Without damping the value at 0 is the limit,
    /// (sigma_D / D)^2 for the Gaussian profile.
    #[must_use]
    pub fn structure_factor(&self, q_par: f64) -> f64 {
        let q = q_par.abs().max(self.smallest_q());
        let undamped_gap = self.profile.one_minus_fourier(q);
        let sine = sin(0.5 * q * self.distance_nm);
        // With f = m exp(i q D) and m real,
        // S = (1 - m^2) / |1 - f|^2 = (1 - m)(1 + m) / ((1 - m)^2 + 4 m sin^2(q D / 2)).
        // 1 - m is summed from parts that do not cancel, so S keeps its digits at small q.
        let gap = undamped_gap + (1.0 - undamped_gap) * self.damping_gap();
        gap * (2.0 - gap) / (gap * gap + 4.0 * (1.0 - gap) * sine * sine)
    }

    /// [`Self::structure_factor`] at q = `scale` q_par for whole vectors of magnitudes.
    pub(crate) fn of_magnitudes(&self, q_par: &[f64], scale: f64, s: &mut [f64]) {
        for (s, q_par) in s.iter_mut().zip(q_par) {
            *s = q_par * scale;
        }
        dispatch(Chain {
            paracrystal: self,
            s,
        });
    }

    /// [`Self::step`] for whole vectors of magnitudes, taken at `smallest_q` (nm^-1) at least.
    pub(crate) fn steps(&self, q_par: &[f64], smallest_q: f64, steps: &mut Columns) {
        dispatch(Steps {
            paracrystal: self,
            smallest_q,
            q_par,
            steps,
        });
    }

    /// exp(-D / L), 1 without damping.
    fn damping(&self) -> f64 {
        self.damping_length_nm
            .map_or(1.0, |l| exp(-self.distance_nm / l))
    }

    /// 1 - exp(-D / L).
    fn damping_gap(&self) -> f64 {
        self.damping_length_nm
            .map_or(0.0, |l| -exp_m1(-self.distance_nm / l))
    }

    /// S is taken at this magnitude at least, nm^-1.
    fn smallest_q(&self) -> f64 {
        match self.damping_length_nm {
            None => SMALLEST_PHASE / self.distance_nm,
            Some(_) => 0.0,
        }
    }

    /// 1 - phi(q).
    #[inline(always)]
    fn undamped_gap<S: Simd>(&self, q: Real<S>) -> Real<S> {
        match self.profile {
            Profile1d::Gauss { omega_nm } => {
                let x = q * omega_nm;
                -(x * x * -0.5).exp_m1()
            }
            profile => q.each(|q| profile.one_minus_fourier(q)),
        }
    }
}

/// Replaces magnitudes of q by S.
struct Chain<'a> {
    paracrystal: &'a RadialParacrystal,
    s: &'a mut [f64],
}

impl Kernel for Chain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let chain = self.paracrystal;
        let [smallest, damping_gap] =
            [chain.smallest_q(), chain.damping_gap()].map(|x| simd.real(x));
        let [one, two, four] = [1.0, 2.0, 4.0].map(|x| simd.real(x));
        for s in lanes_mut::<S>(self.s) {
            let q = simd.of(*s).max(smallest);
            let (sine, _) = (q * (0.5 * chain.distance_nm)).sin_cos();
            let undamped_gap = chain.undamped_gap(q);
            let gap = (one - undamped_gap).mul_add(damping_gap, undamped_gap);
            let denominator = gap.mul_add(gap, four * (one - gap) * sine * sine);
            *s = (gap * (two - gap) / denominator).lanes();
        }
    }
}

/// f of one step.
struct Steps<'a> {
    paracrystal: &'a RadialParacrystal,
    smallest_q: f64,
    q_par: &'a [f64],
    steps: &'a mut Columns,
}

impl Kernel for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let chain = self.paracrystal;
        let smallest = simd.real(self.smallest_q);
        let damping = simd.real(chain.damping());
        let one = simd.real(1.0);
        for (v, q) in lanes::<S>(self.q_par).iter().enumerate() {
            let q = simd.of(*q).max(smallest);
            let modulus = (one - chain.undamped_gap(q)) * damping;
            let step = Cplx::cis(q * chain.distance_nm).scale(modulus);
            self.steps.set_vector(v, step);
        }
    }
}

/// Phase q D below which the undamped S is evaluated at that phase: S is even in q and varies
/// on the scale of q D = 1, so it is constant to 1e-12 there, and 0/0 is avoided.
const SMALLEST_PHASE: f64 = 1e-6;

impl StructureFactor for RadialParacrystal {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        self.structure_factor(hypot(q_x, q_y))
    }

    fn at_block(&self, q_x: &[f64], q_y: &[f64], s: &mut [f64]) {
        assert_eq!([q_x.len(), q_y.len()], [s.len(); 2], "one S per q");
        let whole = s.len() - s.len() % LANES;
        for (s, (x, y)) in s.iter_mut().zip(q_x.iter().zip(q_y)) {
            *s = (x * x + y * y).sqrt();
        }
        dispatch(Chain {
            paracrystal: self,
            s: &mut s[..whole],
        });
        for s in &mut s[whole..] {
            *s = self.structure_factor(*s);
        }
    }

    /// 2 / (sqrt(3) D^2), the density of a hexagonal lattice of the same distance.
    fn density(&self) -> f64 {
        2.0 / (3.0_f64.sqrt() * self.distance_nm * self.distance_nm)
    }

    fn differential(&self, q_x: f64, q_y: f64) -> Option<StructureDifferential> {
        Some(radial_differential(self, q_x, q_y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::testing::with_all_instructions;

    #[test]
    fn is_the_chain_of_all_neighbours() {
        // S = 1 + 2 Re sum_n f^n, summed until it has converged.
        for profile in [
            Profile1d::Gauss { omega_nm: 3.0 },
            Profile1d::Cauchy { omega_nm: 2.0 },
            Profile1d::Gate { omega_nm: 4.0 },
            Profile1d::Triangle { omega_nm: 4.0 },
            Profile1d::Cosine { omega_nm: 4.0 },
            Profile1d::Voigt {
                omega_nm: 2.0,
                eta: 0.4,
            },
        ] {
            for damping in [0.0, 150.0] {
                let chain = RadialParacrystal::with_profile(15.0, profile)
                    .unwrap()
                    .with_damping(damping)
                    .unwrap();
                for q in [0.1, 0.2, 0.4189, 0.6, 1.0, 2.5] {
                    let f = chain.step(q);
                    let mut sum = 1.0;
                    let mut power = f;
                    for _ in 0..100_000 {
                        sum += 2.0 * power.re;
                        power *= f;
                        if power.norm() < 1e-18 {
                            break;
                        }
                    }
                    let s = chain.structure_factor(q);
                    assert!(
                        (s - sum).abs() < 1e-11 * s.max(1.0),
                        "{profile:?} {q}: {s} {sum}"
                    );
                    assert!(s >= 0.0);
                }
            }
        }
    }

    #[test]
    fn blocks_agree_with_single_values() {
        let q_x: Vec<f64> = (0..101).map(|i| 0.02 * f64::from(i)).collect();
        let q_y: Vec<f64> = (0..101).map(|i| 1e-9 + 0.001 * f64::from(i * i)).collect();
        for profile in [
            Profile1d::Gauss { omega_nm: 3.0 },
            Profile1d::Cauchy { omega_nm: 2.0 },
        ] {
            for damping in [0.0, 150.0] {
                let chain = RadialParacrystal::with_profile(15.0, profile).unwrap();
                let chain = chain.with_damping(damping).unwrap();
                with_all_instructions(|name| {
                    let mut s = vec![0.0; q_x.len()];
                    chain.at_block(&q_x, &q_y, &mut s);
                    for ((x, y), s) in q_x.iter().zip(&q_y).zip(s) {
                        let expected = chain.at(*x, *y);
                        let error = (s / expected - 1.0).abs();
                        assert!(error < 1e-13, "{name} {profile:?}: {s} {expected}");
                    }
                });
                let q_par = &q_x[..96];
                let mut steps = Columns::default();
                chain.steps(q_par, 1e-3, &mut steps);
                for (i, q) in q_par.iter().enumerate() {
                    let expected = chain.step(q.max(1e-3));
                    assert!((steps.get(i) - expected).norm() < 1e-15, "{profile:?} {q}");
                }
            }
        }
    }

    #[test]
    fn limits() {
        let chain = RadialParacrystal::new(12.0, 3.0).unwrap();
        assert!((chain.structure_factor(0.0) - 1.0 / 16.0).abs() < 1e-12);
        assert!((chain.structure_factor(1e-7) - 1.0 / 16.0).abs() < 1e-12);
        assert!((chain.structure_factor(10.0) - 1.0).abs() < 1e-15);
        // First peak close to 2 pi / D.
        let peak = 2.0 * std::f64::consts::PI / 12.0;
        assert!(chain.structure_factor(peak) > 1.8);
        // The other profiles tend to (variance) / D^2.
        let gate =
            RadialParacrystal::with_profile(12.0, Profile1d::Gate { omega_nm: 3.0 }).unwrap();
        assert!((gate.structure_factor(0.0) - 3.0 / 144.0).abs() < 1e-12);
        let damped = chain.with_damping(120.0).unwrap();
        let f = (-0.1_f64).exp();
        assert!((damped.structure_factor(0.0) - (1.0 + f) / (1.0 - f)).abs() < 1e-9);
    }

    #[test]
    fn scaling_scales_q() {
        let chain = RadialParacrystal::new(12.0, 3.0).unwrap();
        let large = chain.scaled(2.0).unwrap();
        for q in [0.1, 0.5, 0.9] {
            assert!((large.structure_factor(q) - chain.structure_factor(2.0 * q)).abs() < 1e-12);
        }
        assert!((large.density() * 4.0 / chain.density() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn refuses_impossible_values() {
        assert!(RadialParacrystal::new(0.0, 1.0).is_err());
        assert!(RadialParacrystal::new(10.0, -1.0).is_err());
        assert!(
            RadialParacrystal::new(10.0, 1.0)
                .unwrap()
                .with_damping(-5.0)
                .is_err()
        );
    }
}
