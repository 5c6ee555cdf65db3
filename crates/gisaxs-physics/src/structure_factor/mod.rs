//! Structure factors: how particles on a surface are arranged.
//!
//! S(q) is normalised so that it tends to 1 without correlation: the intensity of identical
//! particles is (number per area) |F|^2 S.

mod profile;
mod radial_paracrystal;

pub use profile::Profile1d;
pub use radial_paracrystal::RadialParacrystal;

/// An arrangement of particles in the surface plane.
pub trait StructureFactor: std::fmt::Debug + Send + Sync {
    /// S for an in-plane scattering vector (q_x, q_y) in nm^-1.
    fn at(&self, q_x: f64, q_y: f64) -> f64;

    /// Particles per nm^2.
    fn density(&self) -> f64;
}
