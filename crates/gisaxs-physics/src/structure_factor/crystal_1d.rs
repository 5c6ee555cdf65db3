//! One-dimensional crystal (grating) with a finite coherence.

use std::f64::consts::PI;

use super::{Profile1d, StructureFactor};
use crate::elementary::{exp, powi, sin_cos};
use crate::error::{Error, Result, check, positive};
use crate::special::sinc_real;

/// Lines with a period along one direction, coherent over the range of a decay function:
///
/// S(q) = (1/period) sum_n K(u - 2 pi n / period), u = q_x cos xi + q_y sin xi,
///
/// K being the integral of the decay function times its transform; with x = u omega: Gauss
/// sqrt(2 pi) omega exp(-x^2/2), Cauchy 2 omega / (1 + x^2), Triangle omega sinc^2(x/2), Voigt the
/// mixture of the first two. The sum is limited to neighbours of u that are 20 / omega away or
/// closer (at least 4 to each side), see [`super::Crystal2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crystal1d {
    period_nm: f64,
    xi_rad: f64,
    linear_density_per_nm: f64,
    decay: Profile1d,
    reach: i32,
}

/// As for the two-dimensional crystal.
const REACH: f64 = 20.0;
const FEWEST: i32 = 4;
const MOST: f64 = 1e6;

impl Crystal1d {
    /// Lines with the period `period_nm` (nm) along the direction `xi_rad` (rad, to the x axis);
    /// `linear_density_per_nm` is the number of particles per nm along a line.
    ///
    /// # Errors
    /// If a length is not positive, or the decay function is not Gauss, Cauchy, Triangle or Voigt.
    pub fn new(
        period_nm: f64,
        xi_rad: f64,
        linear_density_per_nm: f64,
        decay: Profile1d,
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
        decay.validate()?;
        if matches!(decay, Profile1d::Gate { .. } | Profile1d::Cosine { .. }) {
            return Err(Error::DecayFunction);
        }
        let widest = period_nm * REACH / decay.omega_nm() / (2.0 * PI);
        let reach = ((widest + 1.0).floor().min(MOST) as i32).max(FEWEST);
        Ok(Self {
            period_nm,
            xi_rad,
            linear_density_per_nm,
            decay,
            reach,
        })
    }

    /// K(u).
    fn kernel(&self, u: f64) -> f64 {
        let omega = self.decay.omega_nm();
        let x = u * omega;
        let gauss = || (2.0 * PI).sqrt() * omega * exp(-0.5 * x * x);
        let cauchy = || 2.0 * omega / (1.0 + x * x);
        match self.decay {
            Profile1d::Gauss { .. } => gauss(),
            Profile1d::Cauchy { .. } => cauchy(),
            Profile1d::Voigt { eta, .. } => eta * gauss() + (1.0 - eta) * cauchy(),
            // The constructor leaves only the triangle.
            _ => omega * powi(sinc_real(0.5 * x), 2),
        }
    }
}

impl StructureFactor for Crystal1d {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let (sin, cos) = sin_cos(self.xi_rad);
        let u = q_x * cos + q_y * sin;
        let step = 2.0 * PI / self.period_nm;
        let nearest = u - (u / step).trunc() * step;
        let sum: f64 = (-self.reach..=self.reach)
            .map(|n| self.kernel(nearest + f64::from(n) * step))
            .sum();
        sum / self.period_nm
    }

    /// Particles per line length times lines per nm.
    fn density(&self) -> f64 {
        self.linear_density_per_nm / self.period_nm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_sum_over_the_lines() {
        let decay = Profile1d::Gauss { omega_nm: 30.0 };
        let crystal = Crystal1d::new(12.0, 0.3, 0.1, decay).unwrap();
        for q in [0.0, 0.2, 2.0 * PI / 12.0, 1.1] {
            let sum: f64 = (-60..=60)
                .map(|n| {
                    let r = 12.0 * f64::from(n);
                    (-0.5 * (r / 30.0).powi(2)).exp() * (q * r).cos()
                })
                .sum();
            let s = crystal.at(q * 0.3_f64.cos(), q * 0.3_f64.sin());
            assert!((s - sum).abs() < 1e-11, "{q}");
        }
        assert!(Crystal1d::new(12.0, 0.3, 0.1, Profile1d::Gate { omega_nm: 3.0 }).is_err());
    }
}
