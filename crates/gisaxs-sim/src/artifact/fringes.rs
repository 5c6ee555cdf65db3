//! Interference of the roughness of a film's surface with that of its foot.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Surface;
use crate::Range;
use gisaxs_physics::elementary::{cos, exp, powf};

/// Where the roughness of the substrate shows again on the film, its diffuse scattering has the
/// film's fringes (V. Holy and T. Baumbach, Phys. Rev. B 49 (1994) 10668; two interfaces of equal
/// contrast):
///
/// I -> I (1 + visibility exp(-(q_par xi)^2) cos((k_i' + k_z') t)),
///
/// k' the wave vectors inside the film of thickness t. Short waves are not replicated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fringes {
    /// Contrast of the fringes, 0 to 1.
    pub visibility: f64,
    /// Shortest replicated wave xi, nm.
    pub replication_nm: f64,
}

/// A film on the substrate, as far as fringes care.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Film {
    /// Thickness, nm.
    pub thickness_nm: f64,
    /// Square of the critical k_z, nm^-2.
    pub critical_k2: f64,
}

impl Fringes {
    /// Visibility from a range; shortest replicated wave 0.3 to 30 nm.
    pub fn draw(visibility: &Range, rng: &mut impl Rng) -> Self {
        Self {
            visibility: visibility.draw(rng),
            replication_nm: 0.3 * powf(100.0_f64, rng.random()),
        }
    }

    /// visibility exp(-(q_par xi)^2).
    #[must_use]
    pub fn lateral(&self, q_par: f32) -> f32 {
        let x = q_par * self.replication_nm as f32;
        self.visibility as f32 * exp(-x * x)
    }

    /// cos((k_i' + k_z') t) for a wave that leaves with `k_z`, nm^-1; 0 on a bare substrate.
    #[must_use]
    pub fn vertical(&self, k_z: f32, surface: &Surface) -> f32 {
        let Some(film) = surface.film else {
            return 0.0;
        };
        let inside = |k: f64| (k * k - film.critical_k2).max(0.0).sqrt();
        let q_z = inside(surface.k_i) + inside(f64::from(k_z));
        cos(q_z * film.thickness_nm) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::test_surface;

    #[test]
    fn maxima_are_two_pi_over_the_thickness_apart() {
        let mut surface = test_surface();
        let fringes = Fringes {
            visibility: 0.8,
            replication_nm: 2.0,
        };
        assert_eq!(fringes.vertical(0.7, &surface), 0.0);
        surface.film = Some(Film {
            thickness_nm: 40.0,
            critical_k2: 0.0,
        });
        let step = (std::f64::consts::TAU / 40.0) as f32;
        for k in [0.2, 0.5, 1.1] {
            let (a, b) = (
                fringes.vertical(k, &surface),
                fringes.vertical(k + step, &surface),
            );
            assert!((a - b).abs() < 1e-4);
        }
        assert!(fringes.lateral(0.0) == 0.8 && fringes.lateral(2.0) < 1e-6);
    }
}
