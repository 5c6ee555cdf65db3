//! Mesocrystals: particles on the points of a lattice inside an outer shape.

use std::sync::Arc;

use num_complex::Complex64;

use super::lattice::Points;
use super::{Component, Lattice3d, Particle, Rotation};
use crate::elementary::exp;
use crate::error::Result;
use crate::form_factor::FormFactor;

impl Particle {
    /// A finite crystal: copies of `basis`, turned alike, with their origins at
    /// `offset_nm` + n_1 a_1 + n_2 a_2 + n_3 a_3 wherever that is inside `outer` or on its surface.
    ///
    /// F(q) = F_basis(q) sum_sites exp(i q.r_site).
    ///
    /// The origin is that of `outer`, the centre of its base, and the vertical extent is that of
    /// `outer`, though copies near its surface may stick out or leave a gap; its radius is that of
    /// `outer` plus that of the basis. `outer` has no material of its own. Unlike the convolution of a reciprocal lattice with the transform of
    /// the outer shape, the sum over sites has no truncation. Reference: A. Guinier, X-Ray
    /// Diffraction (1963), section 4.1 (finite crystals).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use gisaxs_physics::{Lattice3d, Particle, RefractiveIndex, Sphere};
    ///
    /// let gold = RefractiveIndex::new(4.7e-5, 4.5e-6)?;
    /// let basis = Particle::new(Sphere::new(2.0)?, gold);
    /// let grain = Arc::new(Sphere::new(20.0)?);
    /// let crystal = Particle::mesocrystal(&basis, &Lattice3d::cubic(5.0)?, grain, [0.0; 3])?;
    /// assert_eq!(crystal.vertical_extent(), [0.0, 40.0]);
    /// # Ok::<(), gisaxs_physics::Error>(())
    /// ```
    ///
    /// # Errors
    /// If no site is inside the outer shape, or more than a million are.
    pub fn mesocrystal(
        basis: &Self,
        lattice: &Lattice3d,
        outer: Arc<dyn FormFactor>,
        offset_nm: [f64; 3],
    ) -> Result<Self> {
        let sites = Arc::new(lattice.points_inside(outer.as_ref(), offset_nm)?);
        let radius_nm = outer.radius() + basis.radius();
        let components = basis
            .clone()
            .translated(offset_nm)
            .components
            .into_iter()
            .map(|body| Component {
                index: body.index,
                inside: body.inside,
                rotation: Rotation::IDENTITY,
                position_nm: [0.0; 3],
                layers_below: 0,
                shape: Arc::new(Repeated {
                    shape: body.shape,
                    rotation: body.rotation,
                    position_nm: body.position_nm,
                    sites: Arc::clone(&sites),
                    outer: Arc::clone(&outer),
                    radius_nm,
                }),
            })
            .collect();
        Ok(Self::of_bodies(components))
    }
}

/// One body of the basis on all sites.
#[derive(Debug)]
struct Repeated {
    shape: Arc<dyn FormFactor>,
    rotation: Rotation,
    position_nm: [f64; 3],
    sites: Arc<Points>,
    outer: Arc<dyn FormFactor>,
    radius_nm: f64,
}

impl Repeated {
    /// Phase of the body in its cell, and the sum over the cells.
    fn lattice_sum(&self, q: [Complex64; 3]) -> Complex64 {
        let [x, y, z] = self.position_nm;
        let phase = q[0] * x + q[1] * y + q[2] * z;
        exp(Complex64::I * phase) * self.sites.sum(q)
    }
}

impl FormFactor for Repeated {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        self.shape.at(self.rotation.apply_inverse(q)) * self.lattice_sum(q)
    }

    fn volume(&self) -> f64 {
        self.sites.count() * self.shape.volume()
    }

    fn radius(&self) -> f64 {
        self.radius_nm
    }

    fn support(&self, direction: [f64; 3]) -> f64 {
        self.outer.support(direction)
    }

    fn density(&self, r: [f64; 3]) -> f64 {
        self.sites
            .iter()
            .map(|site| {
                let from_origin = std::array::from_fn(|i| r[i] - site[i] - self.position_nm[i]);
                self.shape.density(self.rotation.apply_inverse(from_origin))
            })
            .sum()
    }

    fn at_four(&self, [x, y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let mut four = if self.rotation == Rotation::IDENTITY {
            self.shape.at_four([x, y], k_i, k_f)
        } else {
            q_z.map(|z| {
                self.shape
                    .at(self.rotation.apply_inverse([x.into(), y.into(), z]))
            })
        };
        for (f, z) in four.iter_mut().zip(q_z) {
            *f *= self.lattice_sum([x.into(), y.into(), z]);
        }
        four
    }
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;
    use crate::form_factor::{Cuboid, Cylinder, Sphere};
    use crate::material::RefractiveIndex;

    const GOLD: RefractiveIndex = RefractiveIndex {
        delta: 4.7e-5,
        beta: 4.5e-6,
    };

    fn whole(particle: &Particle, q: [Complex64; 3]) -> Complex64 {
        let bodies = particle.components.iter().map(|c| {
            let [x, y, z] = c.position_nm;
            let phase = (Complex64::I * (q[0] * x + q[1] * y + q[2] * z)).exp();
            c.shape.at(c.rotation.apply_inverse(q)) * phase
        });
        bodies.sum()
    }

    #[test]
    fn is_the_compound_of_its_copies() {
        let basis = Particle::compound([
            Particle::new(Sphere::new(1.5).unwrap(), GOLD),
            Particle::new(Cuboid::new(1.0, 2.0, 3.0).unwrap(), GOLD)
                .rotated(Rotation::about(Axis::Y, 0.6))
                .translated([2.0, 0.0, 1.0]),
        ]);
        let lattice = Lattice3d::hexagonal(6.0, 7.0).unwrap();
        let outer: Arc<dyn FormFactor> = Arc::new(Cylinder::new(14.0, 16.0).unwrap());
        let offset = [0.5, 0.0, 1.0];
        let crystal = Particle::mesocrystal(&basis, &lattice, Arc::clone(&outer), offset).unwrap();
        let sites = lattice.points_inside(outer.as_ref(), offset).unwrap();
        let copies = sites.iter().map(|r| {
            let site = std::array::from_fn(|i| r[i] + offset[i]);
            basis.clone().translated(site)
        });
        let compound = Particle::compound(copies);
        assert!((crystal.volume() / compound.volume() - 1.0).abs() < 1e-13);
        let turn = Rotation::about(Axis::X, 0.4);
        for (crystal, compound) in [
            (crystal.clone(), compound.clone()),
            (crystal.rotated(turn), compound.rotated(turn)),
        ] {
            for q in [[0.0, 0.0, 0.0], [0.4, -0.1, 0.3], [1.2, 0.7, 0.9]] {
                let q = q.map(|c| Complex64::new(c, 0.01 * c));
                let error = (whole(&crystal, q) - whole(&compound, q)).norm();
                assert!(error < 1e-12 * crystal.volume(), "{q:?} {error:e}");
            }
        }
    }

    #[test]
    fn four_terms_agree_with_single_evaluations() {
        let basis = Particle::new(Cuboid::new(2.0, 3.0, 2.5).unwrap(), GOLD);
        let lattice = Lattice3d::cubic(5.0).unwrap();
        let outer: Arc<dyn FormFactor> = Arc::new(Sphere::new(12.0).unwrap());
        for basis in [basis.clone(), basis.rotated(Rotation::about(Axis::X, 0.3))] {
            let crystal =
                Particle::mesocrystal(&basis, &lattice, Arc::clone(&outer), [0.0; 3]).unwrap();
            let shape = &crystal.components[0].shape;
            let (k_i, k_f) = (Complex64::new(0.3, 0.02), Complex64::new(0.9, 0.01));
            let four = shape.at_four([0.2, -0.5], k_i, k_f);
            for (f, z) in four
                .into_iter()
                .zip([-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f])
            {
                let single = shape.at([0.2.into(), (-0.5).into(), z]);
                assert!((f - single).norm() < 1e-12 * shape.volume());
            }
        }
    }

    #[test]
    fn mesocrystals_nest_and_have_a_density() {
        let basis = Particle::new(Sphere::new(0.4).unwrap(), GOLD);
        let grain: Arc<dyn FormFactor> = Arc::new(Sphere::new(2.0).unwrap());
        let inner = Particle::mesocrystal(&basis, &Lattice3d::cubic(1.0).unwrap(), grain, [0.0; 3])
            .unwrap();
        let outer: Arc<dyn FormFactor> = Arc::new(Sphere::new(10.0).unwrap());
        let crystal =
            Particle::mesocrystal(&inner, &Lattice3d::cubic(5.0).unwrap(), outer, [0.0; 3])
                .unwrap();
        let shape = &crystal.components[0].shape;
        assert!((shape.at([Complex64::ZERO; 3]) - shape.volume()).norm() < 1e-9);
        // The first sphere stands on the lowest point of the grain at the lowest site.
        assert_eq!(shape.density([0.0, 0.0, 0.4]), 1.0);
        assert_eq!(shape.density([0.0, 0.0, 0.9]), 0.0);
        assert_eq!(crystal.radius(), 10.0 + 2.0 + 0.4);
    }
}
