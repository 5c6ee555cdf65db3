//! One-dimensional paracrystal: lines with a fluctuating period.

use super::chain::chain;
use super::{Profile1d, StructureFactor};
use crate::elementary::{exp, from_polar, sin_cos};
use crate::error::{Result, check, non_negative, positive};

/// Lines at a mean period whose distance fluctuates by the profile phi:
///
/// f(q) = phi(u) exp(i u period) exp(-period / damping), u = q_x cos xi + q_y sin xi,
///
/// S = Re[(1 + f)/(1 - f)] for an infinite chain, or the sum over a finite domain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paracrystal1d {
    period_nm: f64,
    xi_rad: f64,
    linear_density_per_nm: f64,
    profile: Profile1d,
    damping: f64,
    members: u32,
}

impl Paracrystal1d {
    /// Infinite, undamped chain: `period_nm` (nm) along the direction `xi_rad` (rad);
    /// `linear_density_per_nm` particles per nm along a line.
    ///
    /// # Errors
    /// If a length is not positive or the profile is not valid.
    pub fn new(
        period_nm: f64,
        xi_rad: f64,
        linear_density_per_nm: f64,
        profile: Profile1d,
    ) -> Result<Self> {
        positive("period", period_nm, "nm")?;
        check(
            "lattice orientation",
            xi_rad,
            "rad",
            "a finite number",
            |_| true,
        )?;
        positive("linear density", linear_density_per_nm, "nm^-1")?;
        profile.validate()?;
        Ok(Self {
            period_nm,
            xi_rad,
            linear_density_per_nm,
            profile,
            damping: 1.0,
            members: 0,
        })
    }

    /// Damped by exp(-period / L) per step, L = `length_nm` (nm); 0 means no damping.
    ///
    /// # Errors
    /// If the length is negative or not finite.
    pub fn with_damping(self, length_nm: f64) -> Result<Self> {
        Ok(Self {
            damping: damping(self.period_nm, length_nm)?,
            ..self
        })
    }

    /// Finite domains of `size_nm` (nm), of floor(size / period) lines; 0 means infinite.
    ///
    /// # Errors
    /// If the size is negative or not finite.
    pub fn with_domain_size(self, size_nm: f64) -> Result<Self> {
        Ok(Self {
            members: members(self.period_nm, size_nm)?,
            ..self
        })
    }
}

/// exp(-step / length), 1 for length 0.
pub(super) fn damping(step_nm: f64, length_nm: f64) -> Result<f64> {
    let length = non_negative("damping length", length_nm, "nm")?;
    Ok(if length > 0.0 {
        exp(-step_nm / length)
    } else {
        1.0
    })
}

/// floor(size / step).
pub(super) fn members(step_nm: f64, size_nm: f64) -> Result<u32> {
    let count = (non_negative("domain size", size_nm, "nm")? / step_nm).floor();
    check("members of a domain", count, "", "less than 4e9", |c| {
        c < f64::from(u32::MAX)
    })?;
    Ok(count as u32)
}

impl StructureFactor for Paracrystal1d {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let (sin, cos) = sin_cos(self.xi_rad);
        // On the line u = 0 the infinite undamped chain is 0/0; the limit is reached before.
        let u = (q_x * cos + q_y * sin)
            .abs()
            .max(SMALLEST_PHASE / self.period_nm);
        let modulus = self.profile.fourier(u) * self.damping;
        chain(from_polar(modulus, u * self.period_nm), self.members)
    }

    /// Particles per line length times lines per nm.
    fn density(&self) -> f64 {
        self.linear_density_per_nm / self.period_nm
    }
}

/// Phase of one step below which S is evaluated at that phase.
pub(super) const SMALLEST_PHASE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::super::RadialParacrystal;
    use super::*;

    #[test]
    fn infinite_chain_is_that_of_the_radial_paracrystal() {
        let profile = Profile1d::Gauss { omega_nm: 2.0 };
        let line = Paracrystal1d::new(11.0, 0.0, 0.1, profile)
            .unwrap()
            .with_damping(200.0)
            .unwrap();
        let radial = RadialParacrystal::with_profile(11.0, profile)
            .unwrap()
            .with_damping(200.0)
            .unwrap();
        for q in [0.05, 0.4, 0.57, 1.3] {
            assert!((line.at(q, 0.7) - radial.structure_factor(q)).abs() < 1e-11);
        }
        // A domain of one line has no interference.
        let single = line.with_domain_size(12.0).unwrap();
        assert!((single.at(0.3, 0.0) - 1.0).abs() < 1e-14);
        assert!(line.with_domain_size(-1.0).is_err());
    }
}
