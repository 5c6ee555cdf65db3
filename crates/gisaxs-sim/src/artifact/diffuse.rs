//! Anisotropic diffuse background: scattering by surface and film roughness.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Bins, Fringes, Surface};
use gisaxs_physics::elementary::{exp, powf};

/// Diffuse scattering of a self-affine surface (Sinha et al., Phys. Rev. B 38 (1988) 2297):
///
/// I = amplitude |1 + R(k_z)|^2 (1 + (q_par xi)^2)^(-1 - h) exp(-(k_z / k_d)^2).
///
/// It is enhanced in the Yoneda band of the substrate and falls away from the rod.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diffuse {
    /// Relative to the brightest particle scattering.
    pub amplitude: f64,
    /// Lateral correlation length xi, nm.
    pub correlation_nm: f64,
    /// Hurst exponent h.
    pub hurst: f64,
    /// Decay along k_z, nm^-1.
    pub k_decay: f64,
}

impl Diffuse {
    /// Correlation length 2 to 80 nm, h from 0.1 to 1, decay from 0.6 to 6 nm^-1.
    pub fn draw(amplitude: f64, rng: &mut impl Rng) -> Self {
        Self {
            amplitude,
            correlation_nm: 2.0 * powf(40.0_f64, rng.random()),
            hurst: rng.random_range(0.1..1.0),
            k_decay: 0.6 * powf(10.0_f64, rng.random()),
        }
    }

    /// Adds the background to `rate`, with `fringes` where a film has them.
    pub fn add(&self, bins: &Bins, surface: &Surface, fringes: Option<&Fringes>, rate: &mut [f32]) {
        let xi2 = (self.correlation_nm * self.correlation_nm) as f32;
        let exponent = -1.0 - self.hurst as f32;
        let decay = (1.0 / (self.k_decay * self.k_decay)) as f32;
        // At the Yoneda maximum the exit wave has four times the incident intensity.
        let amplitude = self.amplitude as f32 / 4.0;
        let lateral = |q: f32| amplitude * powf(1.0 + xi2 * q * q, exponent);
        let vertical = |k: f32| surface.exit(k) * exp(-decay * k * k);
        match fringes.filter(|_| surface.film.is_some()) {
            None => bins.for_each_product(rate, lateral, vertical, |rate, a, b| *rate += a * b),
            Some(fringes) => bins.for_each_product(
                rate,
                |q| [lateral(q), fringes.lateral(q)],
                |k| [vertical(k), fringes.vertical(k, surface)],
                |rate, a, b| *rate += a[0] * b[0] * (1.0 + a[1] * b[1]),
            ),
        }
    }
}
