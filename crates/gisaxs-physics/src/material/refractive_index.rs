//! The complex refractive index of a medium, for X-rays and neutrons.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::elementary::{asin, norm, sqrt};
use crate::error::{Result, check, non_negative, positive};

/// Refractive index n = 1 - delta + i beta (pure numbers).
///
/// The sign of beta belongs to the time factor exp(-i omega t): a wave decays in an absorbing
/// medium because Im k_z > 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefractiveIndex {
    /// Refractive decrement, delta = r_e lambda^2 sum_a N_a f1_a / (2 pi).
    pub delta: f64,
    /// Absorption index, beta = lambda mu / (4 pi), with mu the linear absorption coefficient.
    pub beta: f64,
}

impl RefractiveIndex {
    /// Vacuum, n = 1.
    pub const VACUUM: Self = Self {
        delta: 0.0,
        beta: 0.0,
    };

    /// Index from delta and beta.
    ///
    /// # Errors
    /// If delta is not finite or not below 1, or beta is negative or not finite.
    pub fn new(delta: f64, beta: f64) -> Result<Self> {
        Ok(Self {
            delta: check("delta", delta, "", "a finite number below 1", |d| d < 1.0)?,
            beta: non_negative("beta", beta, "")?,
        })
    }

    /// Index from a scattering length density rho - i rho'' (nm^-2), for neutrons or X-rays of the
    /// wavelength lambda (`wavelength_nm`, nm):
    ///
    /// n^2 = 1 - lambda^2 (rho - i rho'') / pi.
    ///
    /// `sld_per_nm2` is rho = sum_a N_a b_a with the bound coherent scattering lengths b (X-rays:
    /// r_e f1) and the number densities N; it may be negative. `absorption_per_nm2` is rho'' >= 0; for
    /// neutrons sum_a N_a sigma_a / (2 lambda) with the absorption cross-sections sigma_a at this
    /// wavelength, which for all but resonant nuclei is the same at every wavelength because
    /// sigma_a is proportional to lambda. Tables often list 1e-6 A^-2 = 1e-4 nm^-2.
    ///
    /// Nuclear scattering only: a magnetic medium has two indices, one per spin state, and mixes
    /// them; that is out of the scope of this crate.
    ///
    /// Reference: J. Penfold, R. K. Thomas, J. Phys.: Condens. Matter 2, 1369 (1990); tables of b
    /// and sigma_a: V. F. Sears, Neutron News 3 (3), 26 (1992).
    ///
    /// ```
    /// use gisaxs_physics::RefractiveIndex;
    ///
    /// // Heavy water, 6.36e-6 A^-2, for neutrons of 0.6 nm.
    /// let heavy_water = RefractiveIndex::from_sld(6.36e-4, 0.0, 0.6)?;
    /// assert!((heavy_water.critical_angle_rad().to_degrees() - 0.4891).abs() < 1e-4);
    /// // Light water has a negative density: neutrons are not totally reflected.
    /// let water = RefractiveIndex::from_sld(-0.56e-4, 0.0, 0.6)?;
    /// assert_eq!(water.critical_angle_rad(), 0.0);
    /// # Ok::<(), gisaxs_physics::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a density is not finite, the absorption is negative, the wavelength not positive, or
    /// the density so high that waves do not propagate at all (n^2 <= 0).
    pub fn from_sld(sld_per_nm2: f64, absorption_per_nm2: f64, wavelength_nm: f64) -> Result<Self> {
        let wavelength = positive("wavelength", wavelength_nm, "nm")?;
        let scale = wavelength * wavelength / PI;
        let real = check(
            "scattering length density",
            sld_per_nm2,
            "nm^-2",
            "a finite number below pi / lambda^2",
            |rho| scale * rho < 1.0,
        )?;
        let imaginary = non_negative("absorption density", absorption_per_nm2, "nm^-2")?;
        let squared = scale * Complex64::new(-real, imaginary);
        check(
            "lambda^2 times the scattering length density",
            norm(squared),
            "",
            "a finite number",
            |_| true,
        )?;
        Ok(Self::from_n_squared_minus_one(squared))
    }

    /// Scattering length density \[rho, rho''\] in nm^-2 at a wavelength (nm), the inverse of
    /// [`Self::from_sld`].
    #[must_use]
    pub fn sld_per_nm2(self, wavelength_nm: f64) -> [f64; 2] {
        let squared = self.n_squared_minus_one() * (PI / (wavelength_nm * wavelength_nm));
        [-squared.re, squared.im]
    }

    /// n = 1 - delta + i beta.
    #[must_use]
    pub fn n(self) -> Complex64 {
        Complex64::new(1.0 - self.delta, self.beta)
    }

    /// n^2 - 1, without the cancellation of squaring a number close to 1.
    ///
    /// n^2 - 1 = -2 delta + delta^2 - beta^2 + 2 i (1 - delta) beta.
    #[must_use]
    pub fn n_squared_minus_one(self) -> Complex64 {
        let Self { delta, beta } = self;
        Complex64::new(
            delta * (delta - 2.0) - beta * beta,
            2.0 * (1.0 - delta) * beta,
        )
    }

    /// The index with this value of n^2 - 1, the inverse of [`Self::n_squared_minus_one`].
    #[must_use]
    pub fn from_n_squared_minus_one(value: Complex64) -> Self {
        // n - 1 = (n^2 - 1) / (n + 1).
        let n_minus_one = value / (sqrt(1.0 + value) + 1.0);
        Self {
            delta: -n_minus_one.re,
            beta: n_minus_one.im,
        }
    }

    /// Contrast n_self^2 - n_other^2.
    #[must_use]
    pub fn contrast(self, other: Self) -> Complex64 {
        self.n_squared_minus_one() - other.n_squared_minus_one()
    }

    /// Critical angle of total external reflection against vacuum, in rad:
    /// cos(alpha_c) = 1 - delta, that is alpha_c = 2 asin(sqrt(delta / 2)); 0 where delta <= 0.
    #[must_use]
    pub fn critical_angle_rad(self) -> f64 {
        2.0 * asin((0.5 * self.delta.max(0.0)).sqrt().min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_without_cancellation() {
        let index = RefractiveIndex::new(3.0e-5, 2.0e-6).unwrap();
        let direct = index.n() * index.n() - 1.0;
        assert!((index.n_squared_minus_one() - direct).norm() < 4.0 * f64::EPSILON);
        let tiny = RefractiveIndex::new(1.0e-14, 0.0).unwrap();
        assert!((tiny.n_squared_minus_one().re / -2.0e-14 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn square_and_root_are_inverse() {
        for (delta, beta) in [
            (3.0e-5, 2.0e-6),
            (1e-14, 0.0),
            (0.0, 0.0),
            (0.1, 0.3),
            (-1e-6, 1e-9),
        ] {
            let index = RefractiveIndex { delta, beta };
            let back = RefractiveIndex::from_n_squared_minus_one(index.n_squared_minus_one());
            assert!((back.delta - delta).abs() <= 1e-15 * delta.abs().max(beta));
            assert!((back.beta - beta).abs() <= 1e-15 * delta.abs().max(beta));
        }
    }

    #[test]
    fn critical_angle_of_silicon() {
        // 0.2230 deg at 8.048 keV.
        let silicon = RefractiveIndex::new(7.57667e-6, 1.75426e-7).unwrap();
        assert!((silicon.critical_angle_rad().to_degrees() - 0.2230).abs() < 1e-4);
        assert_eq!(RefractiveIndex::VACUUM.critical_angle_rad(), 0.0);
    }

    #[test]
    fn scattering_length_densities_and_indices_are_inverse() {
        for (rho, absorption) in [(6.36e-4, 1e-9), (-0.56e-4, 0.0), (2.07e-4, 2.4e-9)] {
            let index = RefractiveIndex::from_sld(rho, absorption, 0.6).unwrap();
            let [back, back_absorption] = index.sld_per_nm2(0.6);
            assert!((back / rho - 1.0).abs() < 1e-14);
            assert!((back_absorption - absorption).abs() <= 1e-14 * rho.abs());
        }
        // X-rays: r_e times the electron density.
        let silicon = crate::Material::named("Si").unwrap();
        let [rho, _] = silicon
            .index(8.048)
            .unwrap()
            .sld_per_nm2(crate::wavelength_nm(8.048));
        assert!((rho / 2.01e-3 - 1.0).abs() < 5e-3, "{rho}");
        assert!(RefractiveIndex::from_sld(1.0, -1.0, 0.6).is_err());
        assert!(RefractiveIndex::from_sld(10.0, 0.0, 0.6).is_err());
        assert!(RefractiveIndex::from_sld(f64::NAN, 0.0, 0.6).is_err());
        assert!(RefractiveIndex::from_sld(1e-4, 0.0, 0.0).is_err());
    }

    #[test]
    fn refuses_gain_and_nonsense() {
        assert!(RefractiveIndex::new(1e-6, -1e-9).is_err());
        assert!(RefractiveIndex::new(f64::NAN, 0.0).is_err());
        assert!(RefractiveIndex::new(2.0, 0.0).is_err());
    }
}
