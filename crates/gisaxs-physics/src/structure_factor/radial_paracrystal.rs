//! Radial paracrystal: a chain of neighbours at a mean distance, the same in all directions.

use num_complex::Complex64;

use super::{Profile1d, StructureFactor};
use crate::error::{Result, non_negative, positive};
use crate::jacobian::{StructureDifferential, radial_differential};

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
        let damping = self
            .damping_length_nm
            .map_or(1.0, |l| (-self.distance_nm / l).exp());
        Complex64::from_polar(
            self.profile.fourier(q_par) * damping,
            q_par * self.distance_nm,
        )
    }

    /// S at the in-plane magnitude q_par (nm^-1). Without damping the value at 0 is the limit,
    /// (sigma_D / D)^2 for the Gaussian profile.
    #[must_use]
    pub fn structure_factor(&self, q_par: f64) -> f64 {
        // With f = m exp(i q D) and m real,
        // S = (1 - m^2) / |1 - f|^2 = (1 - m)(1 + m) / ((1 - m)^2 + 4 m sin^2(q D / 2)).
        // 1 - m is summed from parts that do not cancel, so S keeps its digits at small q.
        let q = match self.damping_length_nm {
            None => q_par.abs().max(SMALLEST_PHASE / self.distance_nm),
            Some(_) => q_par.abs(),
        };
        let undamped_gap = self.profile.one_minus_fourier(q);
        let damping_gap = self
            .damping_length_nm
            .map_or(0.0, |l| -(-self.distance_nm / l).exp_m1());
        let gap = undamped_gap + (1.0 - undamped_gap) * damping_gap;
        let sine = (0.5 * q * self.distance_nm).sin();
        gap * (2.0 - gap) / (gap * gap + 4.0 * (1.0 - gap) * sine * sine)
    }
}

/// Phase q D below which the undamped S is evaluated at that phase: S is even in q and varies
/// on the scale of q D = 1, so it is constant to 1e-12 there, and 0/0 is avoided.
const SMALLEST_PHASE: f64 = 1e-6;

impl StructureFactor for RadialParacrystal {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        self.structure_factor(q_x.hypot(q_y))
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
