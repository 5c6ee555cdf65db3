//! A second, weak population of particles of other sizes: debris, agglomerates, early nuclei.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::radial::RadialTable;
use super::{Bins, Surface};
use crate::Range;
use gisaxs_physics::elementary::{atan, exp, ln_1p, powi, sin_cos};

/// Spheres with Schulz-distributed radii, far from each other and weak enough for one wave in
/// and one wave out:
///
/// I = amplitude |1 + R(k_z)|^2 / 4 P(q), q^2 = q_par^2 + (k_z + k_i)^2, P(0) = 1.
///
/// They are an artifact and in no label. The mean of the form factor over the radii is the closed
/// form of M. Kotlarchyk and S.-H. Chen, J. Chem. Phys. 79 (1983) 2461, eq. 18 to 20.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Intensity in the forward direction at the Yoneda maximum, relative to the brightest
    /// particle scattering.
    pub amplitude: f64,
    /// Mean radius, nm.
    pub radius_nm: f64,
    /// Standard deviation over mean radius.
    pub spread: f64,
}

impl Population {
    /// Amplitude and mean radius (nm) from ranges; spread 0.1 to 0.5.
    pub fn draw(amplitude: &Range, radius_nm: &Range, rng: &mut impl Rng) -> Self {
        Self {
            amplitude: amplitude.draw(rng),
            radius_nm: radius_nm.draw(rng),
            spread: rng.random_range(0.1..0.5),
        }
    }

    /// Mean of |F(q)|^2 over the radii, over that at q = 0; q in nm^-1.
    #[must_use]
    pub fn form_factor(&self, q: f64) -> f64 {
        // Gamma density of shape `m` and scale `theta`: the mean of R^n exp(2 i q R) is
        // theta^n (m)_n (1 - 2 i q theta)^-(m + n).
        let m = 1.0 / (self.spread * self.spread);
        let theta = self.radius_nm / m;
        let rising = |n: i32| (0..n).map(|i| m + f64::from(i)).product::<f64>();
        let sixth = rising(6) * powi(theta, 6);
        if q * self.radius_nm * (1.0 + 8.0 * self.spread * self.spread) < 0.05 {
            // Cancellation: Guinier's law, Rg^2 = 3/5 <R^8> / <R^6>.
            let eighth = rising(8) * powi(theta, 8);
            return exp(-0.2 * q * q * eighth / sixth);
        }
        let x = 2.0 * q * theta;
        let (modulus, angle) = (-0.5 * ln_1p(x * x), atan(x));
        let wave = |n: i32| {
            let power = m + f64::from(n);
            let (sin, cos) = sin_cos(power * angle);
            let size = powi(theta, n) * rising(n) * exp(power * modulus);
            [size * cos, size * sin]
        };
        let square = theta * theta * rising(2);
        // (sin x - x cos x)^2 = (1 - cos 2x) / 2 - x sin 2x + x^2 (1 + cos 2x) / 2
        let mean = 0.5 * (1.0 - wave(0)[0]) - q * wave(1)[1] + 0.5 * q * q * (square + wave(2)[0]);
        (9.0 * mean / (powi(q, 6) * sixth)).max(0.0)
    }

    /// Adds the scattering to `rate`.
    pub fn add(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let table = RadialTable::new(bins, surface, |q| self.form_factor(q));
        let k_i = surface.k_i as f32;
        // At the Yoneda maximum the exit wave has four times the incident intensity.
        let amplitude = self.amplitude as f32 / 4.0;
        bins.for_each_product(
            rate,
            |q| q * q,
            |k| [(k + k_i) * (k + k_i), amplitude * surface.exit(k)],
            |rate, a, [b, exit]| *rate += exit * table.at(a + b),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same mean by brute force over the gamma density.
    fn by_quadrature(p: &Population, q: f64) -> f64 {
        let m = 1.0 / (p.spread * p.spread);
        let theta = p.radius_nm / m;
        let (mut top, mut bottom) = (0.0, 0.0);
        for i in 1..60_000 {
            let r = p.radius_nm * 12.0 * f64::from(i) / 60_000.0;
            let density = ((m - 1.0) * (r / p.radius_nm).ln() - (r - p.radius_nm) / theta).exp();
            let x = q * r;
            top += density * 9.0 * (x.sin() - x * x.cos()).powi(2) / q.powi(6);
            bottom += density * r.powi(6);
        }
        top / bottom
    }

    #[test]
    fn the_closed_form_is_the_integral() {
        for spread in [0.1, 0.25, 0.5] {
            let p = Population {
                amplitude: 1.0,
                radius_nm: 6.0,
                spread,
            };
            for q in [0.002, 0.006, 0.01, 0.05, 0.3, 0.75, 2.0] {
                let (found, expected) = (p.form_factor(q), by_quadrature(&p, q));
                assert!(
                    (found / expected - 1.0).abs() < 1e-3,
                    "spread {spread} q {q}: {found} for {expected}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_finite_and_at_most_one(
            radius_nm in 0.3..60.0_f64, spread in 0.1..0.5_f64, q in 1e-3..8.0_f64,
        ) {
            let p = Population { amplitude: 1.0, radius_nm, spread };
            let value = p.form_factor(q);
            prop_assert!((0.0..=1.0 + 1e-6).contains(&value), "{value}");
        }
    }
}
