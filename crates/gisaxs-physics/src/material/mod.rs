//! Optical constants: given directly, or from formula, density and photon energy.

mod refractive_index;

pub use refractive_index::RefractiveIndex;
