//! Two-dimensional paracrystal: fluctuating steps along both lattice vectors.

use super::chain::chain;
use super::lattice::dot;
use super::paracrystal_1d::{SMALLEST_PHASE, damping, members};
use super::{Lattice2d, Profile2d, StructureFactor};
use crate::elementary::{from_polar, hypot};
use crate::error::Result;

/// An ideal paracrystal on a lattice: the steps along a1 and a2 fluctuate by phi1 and phi2,
///
/// f_j(q) = phi_j(q) exp(i q.a_j) exp(-|a_j| / damping), S = C(f_1) C(f_2),
///
/// with C the sum over an infinite chain or over a finite domain. Reference: R. Hosemann,
/// S. N. Bagchi (1962); G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64, 255 (2009).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paracrystal2d {
    lattice: Lattice2d,
    profiles: [Profile2d; 2],
    damping: [f64; 2],
    members: [u32; 2],
}

impl Paracrystal2d {
    /// Infinite, undamped paracrystal.
    ///
    /// # Errors
    /// If a profile is not valid.
    pub fn new(lattice: Lattice2d, profiles: [Profile2d; 2]) -> Result<Self> {
        for profile in &profiles {
            profile.validate()?;
        }
        Ok(Self {
            lattice,
            profiles,
            damping: [1.0; 2],
            members: [0; 2],
        })
    }

    /// Damped by exp(-|a_j| / L) per step, L = `length_nm` (nm); 0 means no damping.
    ///
    /// # Errors
    /// If the length is negative or not finite.
    pub fn with_damping(self, length_nm: f64) -> Result<Self> {
        let [a, b] = self.lattice.lengths_nm();
        Ok(Self {
            damping: [damping(a, length_nm)?, damping(b, length_nm)?],
            ..self
        })
    }

    /// Finite domains of these sizes (nm) along a1 and a2, of floor(size / |a_j|) steps; 0 means
    /// infinite.
    ///
    /// # Errors
    /// If a size is negative or not finite.
    pub fn with_domain_sizes(self, sizes_nm: [f64; 2]) -> Result<Self> {
        let [a, b] = self.lattice.lengths_nm();
        Ok(Self {
            members: [members(a, sizes_nm[0])?, members(b, sizes_nm[1])?],
            ..self
        })
    }
}

impl StructureFactor for Paracrystal2d {
    fn at(&self, q_x: f64, q_y: f64) -> f64 {
        let vectors = self.lattice.vectors_nm();
        let directions = self.lattice.directions_rad();
        // At q = 0 the infinite undamped chains are 0/0.
        let smallest = SMALLEST_PHASE / self.lattice.lengths_nm()[0];
        let q = if hypot(q_x, q_y) < smallest {
            [smallest, smallest]
        } else {
            [q_x, q_y]
        };
        (0..2)
            .map(|j| {
                let modulus = self.profiles[j].fourier(q, directions[j]) * self.damping[j];
                chain(from_polar(modulus, dot(q, vectors[j])), self.members[j])
            })
            .product()
    }

    fn density(&self) -> f64 {
        1.0 / self.lattice.cell_area()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form2d;
    use super::*;

    #[test]
    fn single_cells_do_not_interfere() {
        let lattice = Lattice2d::square(10.0).unwrap();
        let profile = Profile2d {
            form: Form2d::Gauss,
            omega_x_nm: 1.0,
            omega_y_nm: 1.0,
            gamma_rad: 0.0,
        };
        let paracrystal = Paracrystal2d::new(lattice, [profile; 2]).unwrap();
        let single = paracrystal.with_domain_sizes([11.0, 19.0]).unwrap();
        for q in [[0.0, 0.0], [0.2, 0.5], [0.6283, 0.0]] {
            assert!((single.at(q[0], q[1]) - 1.0).abs() < 1e-13);
            assert!(paracrystal.at(q[0], q[1]).is_finite());
        }
        // Far out the disorder wins.
        assert!((paracrystal.at(9.0, 8.0) - 1.0).abs() < 1e-10);
        assert_eq!(paracrystal.density(), 0.01);
    }
}
