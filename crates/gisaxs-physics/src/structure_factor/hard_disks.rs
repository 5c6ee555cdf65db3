//! A fluid of hard disks.

use std::f64::consts::PI;

use super::StructureFactor;
use crate::elementary::{acos, hypot, powi};
use crate::error::{Result, check, positive};
use crate::quadrature::gauss_legendre;

/// Hard disks of radius R at the density rho, in the approximation of Baus and Colot. With the
/// covered fraction eta = pi R^2 rho, p = 7/3 - 4 sqrt3 / pi,
/// d = 1 + eta + 3 p eta^2 - p eta^3,
///
/// c(q) = -2 pi d / (1 - eta)^3 int_0^1 x [1 + 4 eta (w(x/2) - 1) + s2 x] J0(2 q R x) dx,
/// S(q) = 1 / (1 - 4 eta c / pi),
///
/// s2 = (3 eta^2 / 8) [8 (1 - 2 p) + (25 - 9 p) p eta - (7 - 3 p) p eta^2] / d,
/// w(x) = 2 [acos x - x sqrt(1 - x^2)] / pi.
/// Reference: M. Baus, J. L. Colot, Phys. Rev. A 36, 3912 (1987).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HardDisks {
    density_per_nm2: f64,
    radius_nm: f64,
}

impl HardDisks {
    /// Disks of `radius_nm` (nm), `density_per_nm2` per nm^2.
    ///
    /// # Errors
    /// If a value is not positive or the disks cover more than 0.9 of the plane (the densest
    /// packing covers 0.907).
    pub fn new(density_per_nm2: f64, radius_nm: f64) -> Result<Self> {
        positive("number density", density_per_nm2, "nm^-2")?;
        positive("disk radius", radius_nm, "nm")?;
        let eta = PI * radius_nm * radius_nm * density_per_nm2;
        check(
            "covered fraction of the surface",
            eta,
            "",
            "at most 0.9",
            |e| e <= 0.9,
        )?;
        Ok(Self {
            density_per_nm2,
            radius_nm,
        })
    }
}

impl StructureFactor for HardDisks {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let eta = PI * self.radius_nm * self.radius_nm * self.density_per_nm2;
        let p = 7.0 / 3.0 - 4.0 * 3.0_f64.sqrt() / PI;
        let d = 1.0 + eta + 3.0 * p * eta * eta - p * powi(eta, 3);
        let s2 = 0.375
            * eta
            * eta
            * (8.0 * (1.0 - 2.0 * p) + (25.0 - 9.0 * p) * p * eta
                - (7.0 - 3.0 * p) * p * eta * eta)
            / d;
        let phase = 2.0 * hypot(q_x, q_y) * self.radius_nm;
        // The rule has to resolve the oscillation of J0; w is smooth up to 1/2.
        let n = ((24.0 + 0.6 * phase) / 8.0).ceil() as usize * 8;
        let integral: f64 = gauss_legendre(n)
            .iter()
            .map(|&(node, weight)| {
                let x = 0.5 * (node + 1.0);
                let half = 0.5 * x;
                let overlap = 2.0 * (acos(half) - half * (1.0 - half * half).sqrt()) / PI;
                0.5 * weight
                    * x
                    * (1.0 + 4.0 * eta * (overlap - 1.0) + s2 * x)
                    * libm::j0(phase * x)
            })
            .sum();
        let c = -2.0 * PI * d / powi(1.0 - eta, 3) * integral;
        1.0 / (1.0 - 4.0 * eta * c / PI)
    }

    fn density(&self) -> f64 {
        self.density_per_nm2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let thin = HardDisks::new(1e-9, 2.0).unwrap();
        assert!((thin.at(0.3, 0.1) - 1.0).abs() < 1e-7);
        let dense = HardDisks::new(0.02, 3.0).unwrap();
        // Second virial coefficient: S(0) is about 1 - 4 eta for thin fluids, small for dense ones.
        let dilute = HardDisks::new(1e-4, 2.0).unwrap();
        let eta = PI * 4.0 * 1e-4;
        assert!((dilute.at(0.0, 0.0) - (1.0 - 4.0 * eta)).abs() < 1e-4);
        assert!(dense.at(0.0, 0.0) < 0.2 && dense.at(0.0, 0.0) > 0.0);
        assert!((dense.at(60.0, 0.0) - 1.0).abs() < 1e-2);
        assert!(HardDisks::new(1.0, 2.0).is_err());
    }
}
