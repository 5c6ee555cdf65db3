//! Fourier transforms of two-dimensional distributions.

use crate::elementary::{exp, powf, sin_cos};
use crate::error::{Result, check, positive};
use crate::quadrature::gauss_legendre;
use crate::special::bessel_j1_over_x;

/// Shape of a [`Profile2d`], by its Fourier transform phi with phi(0) = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Form2d {
    /// Gaussian: exp(-s^2 / 2).
    Gauss,
    /// exp(-r) / (2 pi): (1 + s^2)^(-3/2).
    Cauchy,
    /// Uniform in an ellipse: 2 J1(s) / s.
    Gate,
    /// Cone over an ellipse: 6 int_0^1 (1 - t) t J0(s t) dt.
    Cone,
    /// eta Gauss + (1 - eta) Cauchy.
    Voigt {
        /// Weight of the Gaussian, 0 to 1.
        eta: f64,
    },
}

/// A symmetric probability distribution in the plane with the half widths omega_x and omega_y
/// along its own axes, which are turned by gamma against the lattice vector it belongs to.
/// With s^2 = (u omega_x)^2 + (v omega_y)^2, (u, v) being q along these axes, the transform is
/// that of [`Form2d`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Profile2d {
    /// Shape.
    pub form: Form2d,
    /// Width along the first axis, nm.
    pub omega_x_nm: f64,
    /// Width along the second axis, nm.
    pub omega_y_nm: f64,
    /// Angle of the first axis to the lattice vector, rad.
    pub gamma_rad: f64,
}

impl Profile2d {
    /// Checks that the widths are positive and eta between 0 and 1.
    ///
    /// # Errors
    /// The parameter that is not allowed.
    pub fn validate(&self) -> Result<()> {
        positive("omega_x", self.omega_x_nm, "nm")?;
        positive("omega_y", self.omega_y_nm, "nm")?;
        check("gamma", self.gamma_rad, "rad", "a finite number", |_| true)?;
        if let Form2d::Voigt { eta } = self.form {
            check("eta", eta, "", "0 to 1", |e| (0.0..=1.0).contains(&e))?;
        }
        Ok(())
    }

    /// phi(q), where the lattice vector points in the direction `direction_rad` (rad).
    #[must_use]
    pub fn fourier(&self, q: [f64; 2], direction_rad: f64) -> f64 {
        let (sin, cos) = sin_cos(direction_rad + self.gamma_rad);
        let u = (q[0] * cos + q[1] * sin) * self.omega_x_nm;
        let v = (q[1] * cos - q[0] * sin) * self.omega_y_nm;
        let s_squared = u * u + v * v;
        let gauss = || exp(-0.5 * s_squared);
        let cauchy = || powf(1.0 + s_squared, -1.5);
        match self.form {
            Form2d::Gauss => gauss(),
            Form2d::Cauchy => cauchy(),
            Form2d::Gate => 2.0 * bessel_j1_over_x(s_squared.sqrt()),
            Form2d::Cone => cone(s_squared.sqrt()),
            Form2d::Voigt { eta } => eta * gauss() + (1.0 - eta) * cauchy(),
        }
    }
}

/// 6 int_0^1 (1 - t) t J0(s t) dt.
fn cone(s: f64) -> f64 {
    // J0 oscillates s / pi times; the rule converges as soon as it resolves that.
    let n = ((14.0 + 0.6 * s) / 4.0).ceil() as usize * 4;
    gauss_legendre(n)
        .iter()
        .map(|&(x, w)| {
            let t = 0.5 * (x + 1.0);
            3.0 * w * (1.0 - t) * t * libm::j0(s * t)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_bounded_and_even() {
        for form in [
            Form2d::Gauss,
            Form2d::Cauchy,
            Form2d::Gate,
            Form2d::Cone,
            Form2d::Voigt { eta: 0.3 },
        ] {
            let profile = Profile2d {
                form,
                omega_x_nm: 1.2,
                omega_y_nm: 2.5,
                gamma_rad: 0.4,
            };
            profile.validate().unwrap();
            assert!((profile.fourier([0.0, 0.0], 0.3) - 1.0).abs() < 1e-14);
            for q in [[0.5, 0.1], [2.0, -3.0], [0.0, 7.0]] {
                let phi = profile.fourier(q, 0.3);
                assert!(phi.abs() < 1.0);
                assert!((phi - profile.fourier([-q[0], -q[1]], 0.3)).abs() < 1e-15);
                // A turn by pi changes nothing, a turn of the lattice turns the profile.
                assert!((phi - profile.fourier(q, 0.3 + std::f64::consts::PI)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn gate_and_cone_are_integrals_over_the_disk() {
        // 2 int_0^1 t J0(s t) dt for the gate; the cone by a much finer rule.
        for s in [0.0, 0.3, 2.0, 9.0, 40.0] {
            let moment = |power: i32| -> f64 {
                gauss_legendre(120)
                    .iter()
                    .map(|&(x, w)| {
                        let t: f64 = 0.5 * (x + 1.0);
                        0.5 * w * t.powi(power) * libm::j0(s * t)
                    })
                    .sum()
            };
            assert!((2.0 * bessel_j1_over_x(s) - 2.0 * moment(1)).abs() < 1e-14);
            assert!((cone(s) - 6.0 * (moment(1) - moment(2))).abs() < 1e-14);
        }
    }
}
