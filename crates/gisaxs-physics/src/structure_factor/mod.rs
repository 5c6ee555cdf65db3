//! Structure factors: how particles on a surface are arranged.
//!
//! S(q) is normalised so that it tends to 1 without correlation: the intensity of identical
//! particles is (number per area) |F|^2 S.

mod chain;
mod crystal_1d;
mod crystal_2d;
mod finite_crystal_2d;
mod hard_disks;
mod lattice;
mod modified;
mod pair_correlation;
mod paracrystal_1d;
mod paracrystal_2d;
mod profile;
mod profile_2d;
mod radial_paracrystal;

pub use crystal_1d::Crystal1d;
pub use crystal_2d::Crystal2d;
pub use finite_crystal_2d::FiniteCrystal2d;
pub use hard_disks::HardDisks;
pub use lattice::Lattice2d;
pub use modified::{Displaced, Powder};
pub use pair_correlation::{PairCorrelation, PairWindow};
pub use paracrystal_1d::Paracrystal1d;
pub use paracrystal_2d::Paracrystal2d;
pub use profile::Profile1d;
pub use profile_2d::{Form2d, Profile2d};
pub use radial_paracrystal::RadialParacrystal;

use crate::jacobian::StructureDifferential;

/// An arrangement of particles in the surface plane.
pub trait StructureFactor: std::fmt::Debug + Send + Sync {
    /// S for an in-plane scattering vector (q_x, q_y) in nm^-1. S(-q) = S(q).
    fn at(&self, q_x: f64, q_y: f64) -> f64;

    /// S for many scattering vectors: `s` is filled, its length is that of `q_x` and `q_y`.
    ///
    /// # Panics
    /// If the lengths differ.
    fn at_block(&self, q_x: &[f64], q_y: &[f64], s: &mut [f64]) {
        assert_eq!([q_x.len(), q_y.len()], [s.len(); 2], "one S per q");
        for (s, (x, y)) in s.iter_mut().zip(q_x.iter().zip(q_y)) {
            *s = self.at(*x, *y);
        }
    }

    /// Particles per nm^2.
    fn density(&self) -> f64;

    /// S with its derivatives; `None` where there are none.
    fn differential(&self, _q_x: f64, _q_y: f64) -> Option<StructureDifferential> {
        None
    }
}
