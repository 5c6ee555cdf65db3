//! GISAXS physics: optical constants, geometry, form and structure factors, multilayer DWBA.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod dwba;
mod ensemble;
mod error;
mod form_factor;
mod geometry;
mod material;
mod multilayer;
mod particle;
mod quadrature;
mod sample;
mod separable;
mod special;
mod structure_factor;

pub use ensemble::{Distribution, Node};
pub use error::{Error, Result};
pub use form_factor::{
    Cylinder, FormFactor, Parameter, ShapeInfo, Sphere, SphericalSegment, shape, shapes,
};
pub use geometry::{Beam, Direction, FlatDetector, Up, energy_kev, wavelength_nm};
pub use material::{Material, RefractiveIndex};
pub use multilayer::{InterfaceProfile, Layer, LayerWave, Multilayer, Roughness, effective_sigma};
pub use num_complex;
pub use num_complex::Complex64;
pub use particle::{Axis, Particle, Rotation};
pub use sample::{Correlation, Placement, Population, Sample};
pub use separable::{Averages, SeparableGrid, UprightShape, contrast};
pub use structure_factor::{Profile1d, RadialParacrystal, StructureFactor};
