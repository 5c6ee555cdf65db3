//! Diffuse scattering of rough interfaces.

use crate::elementary::{powf, powi};
use std::f64::consts::PI;
#[cfg(test)]
use std::f64::consts::SQRT_2;

#[cfg(test)]
use num_complex::Complex64;

use super::effective_sigma;
#[cfg(test)]
use super::{LayerWave, Multilayer};
use crate::error::{Result, check, positive};
#[cfg(test)]
use crate::special::faddeeva;

/// Self-affine height profile of an interface.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SelfAffine {
    /// Root-mean-square height sigma of the full spectrum, nm.
    pub sigma_nm: f64,
    /// Hurst exponent H, 0 to 1: small is jagged.
    pub hurst: f64,
    /// Lateral correlation length xi, nm.
    pub correlation_nm: f64,
    /// Largest spatial frequency f_max in nm^-1; the spectrum is zero beyond 2 pi f_max.
    pub max_frequency_per_nm: f64,
}

impl SelfAffine {
    /// Checks all parameters.
    ///
    /// # Errors
    /// The parameter that is not allowed.
    pub fn validate(&self) -> Result<()> {
        positive("roughness sigma", self.sigma_nm, "nm")?;
        check("Hurst exponent", self.hurst, "", "0 < H <= 1", |h| {
            h > 0.0 && h <= 1.0
        })?;
        positive("lateral correlation length", self.correlation_nm, "nm")?;
        positive(
            "largest spatial frequency",
            self.max_frequency_per_nm,
            "nm^-1",
        )?;
        Ok(())
    }

    /// Height spectrum in nm^4, 4 pi H sigma^2 xi^2 (1 + q_par^2 xi^2)^(-1-H), and zero beyond
    /// 2 pi f_max. Reference: G. Palasantzas, Phys. Rev. B 48, 14472 (1993).
    #[must_use]
    pub fn spectrum(&self, q_par: f64) -> f64 {
        if q_par > 2.0 * PI * self.max_frequency_per_nm {
            return 0.0;
        }
        let area = powi(self.sigma_nm * self.correlation_nm, 2);
        let x = q_par * self.correlation_nm;
        4.0 * PI * self.hurst * area * powf(1.0 + x * x, -1.0 - self.hurst)
    }

    /// Effective roughness in nm, see [`effective_sigma`].
    #[must_use]
    pub fn effective_sigma(&self) -> f64 {
        effective_sigma(
            self.sigma_nm,
            self.hurst,
            self.correlation_nm,
            self.max_frequency_per_nm,
        )
    }
}

/// Height profiles of the interfaces of a stack, for their diffuse scattering.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoughInterfaces {
    /// One entry per layer for its top interface, as [`super::Layer::roughness`]; the first one
    /// (ambient) is not used, `None` is smooth.
    pub profiles: Vec<Option<SelfAffine>>,
    /// Depth c in nm over which the heights of different interfaces are correlated: their cross
    /// spectrum is the geometric mean of both spectra times exp(-distance / c). `None`:
    /// independent.
    pub vertical_correlation_nm: Option<f64>,
}

/// The formulas one pixel and one pair of interfaces at a time: what [`super::DiffuseBlock`] is
/// compared with.
#[cfg(test)]
impl RoughInterfaces {
    /// Amplitude of each interface for one pair of waves: the wave field in the graded profile,
    /// times the step of n^2 and k^2 / (4 pi), in nm^-2. Depends on alpha_i and alpha_f only.
    pub(crate) fn amplitudes(
        &self,
        stack: &Multilayer,
        k: f64,
        incident: &[LayerWave],
        exit: &[LayerWave],
    ) -> Vec<Complex64> {
        let layers = stack.layers();
        (1..layers.len())
            .map(|below| {
                let Some(Some(_)) = self.profiles.get(below) else {
                    return Complex64::ZERO;
                };
                let above = below - 1;
                let bottom_of_above = if above == 0 {
                    0.0
                } else {
                    -layers[above].thickness_nm
                };
                let sigma = layers[below].roughness.sigma_nm;
                let sum = field(&incident[above], &exit[above], bottom_of_above, sigma)
                    + field(&incident[below], &exit[below], 0.0, -sigma);
                let step = layers[above].index.contrast(layers[below].index);
                sum * step * (k * k / (4.0 * PI))
            })
            .collect()
    }

    /// Cross-section per area of all interfaces at an in-plane |q| (nm^-1), from their
    /// amplitudes: incoherent sum, plus the correlated part.
    pub(crate) fn cross_section(
        &self,
        stack: &Multilayer,
        amplitudes: &[Complex64],
        q_par: f64,
    ) -> f64 {
        let scattering: Vec<Complex64> = amplitudes
            .iter()
            .zip(self.profiles.iter().skip(1))
            .map(|(amplitude, profile)| {
                profile.map_or(Complex64::ZERO, |p| amplitude * p.spectrum(q_par).sqrt())
            })
            .collect();
        let incoherent: f64 = scattering.iter().map(Complex64::norm_sqr).sum();
        let Some(depth) = self.vertical_correlation_nm else {
            return incoherent;
        };
        let mut correlated = 0.0;
        for j in 0..scattering.len() {
            for k in 0..j {
                let distance = stack.top_nm(k + 1) - stack.top_nm(j + 1);
                correlated +=
                    2.0 * (scattering[j] * scattering[k].conj()).re * (-distance / depth).exp();
            }
        }
        incoherent + correlated
    }
}

/// The four terms on one side of an interface,
/// T T h((-a_i - a_f) s) + T R h((-a_i + a_f) s) + R T h((a_i - a_f) s) + R R h((a_i + a_f) s),
/// where h(x) = w(x / sqrt 2) / 2, with the amplitudes at the height `z` (nm) of the layer. `s` is
/// the effective roughness, negative for the lower side.
#[cfg(test)]
fn field(incident: &LayerWave, exit: &LayerWave, z: f64, s: f64) -> Complex64 {
    let (t_i, r_i) = incident.at(z);
    let (t_f, r_f) = exit.at(z);
    let (a_i, a_f) = (incident.kz, exit.kz);
    let h = |kz: Complex64| 0.5 * faddeeva(kz * (s / SQRT_2));
    let mut sum = t_i * t_f * h(-a_i - a_f) + t_i * r_f * h(a_f - a_i);
    // The substrate has no up-going wave, and there h of the other sign may be huge.
    if r_i != Complex64::ZERO {
        sum += r_i * t_f * h(a_i - a_f) + r_i * r_f * h(a_i + a_f);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: SelfAffine = SelfAffine {
        sigma_nm: 1.1,
        hurst: 0.6,
        correlation_nm: 40.0,
        max_frequency_per_nm: 0.5,
    };

    #[test]
    fn spectrum_adds_up_to_the_effective_roughness() {
        // sigma_eff^2 = (2 pi)^-2 int spectrum d^2q, by the trapezoidal rule in ln q.
        let n = 20_000;
        let (low, high) = (1e-7_f64.ln(), (2.0 * PI * 0.5_f64).ln());
        let step = (high - low) / f64::from(n);
        let integral: f64 = (0..=n)
            .map(|i| {
                let q = (low + step * f64::from(i)).exp().min(2.0 * PI * 0.5);
                let end = if i == 0 || i == n { 0.5 } else { 1.0 };
                end * step * q * q * PROFILE.spectrum(q) / (2.0 * PI)
            })
            .sum();
        assert!((integral.sqrt() / PROFILE.effective_sigma() - 1.0).abs() < 1e-6);
        assert_eq!(PROFILE.spectrum(4.0), 0.0);
    }

    #[test]
    fn refuses_bad_profiles() {
        assert!(PROFILE.validate().is_ok());
        assert!(
            SelfAffine {
                hurst: 0.0,
                ..PROFILE
            }
            .validate()
            .is_err()
        );
        assert!(
            SelfAffine {
                correlation_nm: -1.0,
                ..PROFILE
            }
            .validate()
            .is_err()
        );
    }
}
