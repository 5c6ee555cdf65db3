//! GISAXS physics: optical constants, geometry, form and structure factors, multilayer DWBA.
//!
//! The crate computes what a detector sees when X-rays hit a surface with nanoparticles at a
//! grazing angle: materials give refractive indices, a stack of layers the wave field, shapes
//! their form factors, arrangements their structure factors, and the distorted-wave Born
//! approximation (DWBA) puts them together. It does arithmetic only: no files, no random
//! numbers, no tensors.
//!
//! ```
//! use std::sync::Arc;
//! use gisaxs_physics::*;
//!
//! # fn main() -> Result<()> {
//! let energy = 11.9; // keV
//! let gold = Material::named("Au")?.index(energy)?;
//! let silicon = Material::named("Si")?.index(energy)?;
//!
//! // Gold spheres of 5 nm +- 10 %, 18 nm apart with a spread of 4 nm, on silicon.
//! let order = Arc::new(RadialParacrystal::new(18.0, 4.0)?);
//! let mut spheres = Population::new(0, Placement::Bottom, Correlation::Decoupling(order));
//! for node in (Distribution::Gaussian { mean: 5.0, std_dev: 0.5 }).nodes(15, 2.5)? {
//!     spheres = spheres.with(Particle::new(Sphere::new(node.value)?, gold), node.weight)?;
//! }
//! let sample = Sample::new(Multilayer::substrate(silicon)?, vec![spheres])?;
//!
//! // One pixel of a flat detector, for 1e12 photons on the sample.
//! let beam = Beam::new(wavelength_nm(energy), 0.4_f64.to_radians())?;
//! let detector = FlatDetector {
//!     rows: 1679,
//!     cols: 1475,
//!     pixel_mm: [0.172, 0.172],
//!     distance_mm: 2500.0,
//!     direct_beam_px: [737.0, 1310.0],
//!     up: Up::RowsDecrease,
//! };
//! let pixel = (detector.direction(&beam, 850.0, 1100.0), detector.solid_angle(850.0, 1100.0));
//! let counts = sample.image(&beam, 1e12, &[pixel]);
//! assert!(counts[0] > 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! | task | types |
//! |---|---|
//! | optical constants, X-rays and neutrons | [`Material`], [`RefractiveIndex`] |
//! | beam, detector, angles, q | [`Beam`], [`FlatDetector`], [`Direction`] |
//! | wave field of a stack | [`Multilayer`], [`Layer`], [`Roughness`] |
//! | particle shapes | [`FormFactor`] and its implementors; [`shape`] and [`shapes`] for those by name |
//! | any closed mesh of triangles or polygons | [`Polyhedron::from_mesh`] |
//! | any body of revolution, r(z) | [`Revolution`] |
//! | particles from shapes; mesocrystals | [`Particle`], [`Rotation`], [`Lattice3d`] |
//! | arrangement in the plane | [`StructureFactor`] and its implementors, e.g. [`RadialParacrystal`] |
//! | rough interfaces | [`SelfAffine`], [`RoughInterfaces`] |
//! | footprint, spread of the beam | [`Footprint`], [`BeamSpread`] |
//! | resolution of the detector | [`smear`], [`PointSpread`] |
//! | size distributions, joint ones included | [`Distribution`], [`Joint`], [`mixture`] |
//! | everything together, any direction | [`Sample`], [`Population`], [`Correlation`] |
//! | derivatives of images, for fits | [`Sample::image_and_jacobian`], [`FitParameter`], [`Quantity`] |
//! | the same bits on every machine | [`Arithmetic`], [`elementary`] |
//! | whole (q_par, k sin alpha_f) grids of upright, round particles in milliseconds | [`SeparableGrid`] |
//!
//! # Conventions
//!
//! * Lengths in nm, wavevectors in nm^-1, angles in rad, energies in keV; solid angles in sr.
//! * x along the beam (projected on the surface), y in the surface, z along the surface normal;
//!   z = 0 is the top of the sample, layers lie at z < 0.
//! * k = 2 pi / lambda in vacuum. [`Direction::q`] is k_f - k_i, positive q_z above the horizon.
//! * F(q) = int exp(+i q.r) d^3r over the particle, in nm^3; F(0) is the volume. The origin is the
//!   centre of the base. In the DWBA it is evaluated at q = k_i - k_f, as in BornAgain.
//! * Rotations are active and right-handed, about the particle's origin; the lowest (or highest)
//!   point of the turned particle is then put on its interface, and shifted by its offset.
//! * n = 1 - delta + i beta; time factor exp(-i omega t), so that Im k_z > 0 is decay.
//! * S(q) tends to 1 without correlation; intensity = number density x |F|^2 S.
//! * Averages over particles are by number; weights need not add up to 1.
//! * Counts = photons x solid angle / sin(alpha_i) x cross-section per area of the surface.
//!
//! # Accuracy
//!
//! Against the numbers of BornAgain 25.0.0 (`tests/golden`, and the `reference` command of the
//! repository): form factors to 1e-11 of the volume where the reference itself is that good,
//! structure factors to 2e-11, reflectivities and wave fields to 9e-10, images to 2e-9 relative;
//! below the horizon to 1e-5; some 400 images of other samples, of every shape and arrangement, agree
//! as well. Where BornAgain cuts a sum or a corner, the crate has an option or a remark: lattice sums
//! ([`Crystal2d`]), roughness spectra ([`effective_sigma`]). Mesocrystals are sums over their sites
//! without truncation ([`Particle::mesocrystal`]). The special functions are good to 2e-15 (see their module), the
//! optical constants reproduce the tables they come from to 1e-3 two per cent or more away from
//! absorption edges; different tables disagree by up to 1 % (delta) and 8 % (beta).
//!
//! # Feature flags
//!
//! * `serde`: the plain parameter types can be serialised.
//! * `rayon`: [`Sample`] and [`Scattering`] can use several threads. The results have the same bits.
//!
//! # References
//!
//! * G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64, 255 (2009): GISAXS, form and structure
//!   factors, DWBA.
//! * G. Pospelov et al., J. Appl. Cryst. 53, 262 (2020): BornAgain.
//! * L. G. Parratt, Phys. Rev. 95, 359 (1954); L. Nevot, P. Croce, Rev. Phys. Appl. 15, 761 (1980):
//!   wave fields and roughness.
//! * J. Wuttke, J. Appl. Cryst. 54, 580 (2021): polyhedra.
//! * R. Hosemann, S. N. Bagchi, Direct Analysis of Diffraction by Matter (1962): paracrystals;
//!   M. Baus, J. L. Colot, Phys. Rev. A 36, 3912 (1987): hard disks.
//! * F. Leroy, R. Lazzari, G. Renaud, Acta Cryst. A 60, 565 (2004): size-spacing correlation;
//!   J. S. Pedersen, J. Appl. Cryst. 27, 595 (1994): local monodisperse approximation.
//! * G. Palasantzas, Phys. Rev. B 48, 14472 (1993): self-affine roughness; S. K. Sinha et al.,
//!   Phys. Rev. B 38, 2297 (1988): diffuse scattering.
//! * C. T. Chantler, J. Phys. Chem. Ref. Data 24, 71 (1995); 29, 597 (2000): scattering factors.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

mod arithmetic;
mod dwba;
pub mod elementary;
mod ensemble;
mod error;
mod exponential;
mod form_factor;
mod geometry;
mod instrument;
mod jacobian;
mod material;
mod multilayer;
mod particle;
mod quadrature;
mod sample;
mod separable;
mod simd;
mod special;
mod special_derivatives;
mod structure_factor;

pub use arithmetic::Arithmetic;
pub use ensemble::{Distribution, Joint, JointNode, Node, mixture};
pub use error::{Error, Result};
pub use form_factor::{
    AlongRidge, Cone, CrossSection, Cuboid, Cylinder, Differentiable, Differential, Ellipsoid,
    EllipsoidalCylinder, EllipsoidalSegment, FormFactor, FuzzySphere, HorizontalCylinder, Limits,
    MOST_SHAPE_PARAMETERS, Parameter, Polyhedron, Revolution, Ridge, Scratch, ShapeInfo, Sphere,
    SphericalSegment, Split, Terms, cauchy_gradient, shape, shapes,
};
pub use geometry::{Beam, Direction, FlatDetector, Up, energy_kev, wavelength_nm};
pub use instrument::{BeamSpread, Footprint, PointSpread, SpreadWave, smear};
pub use jacobian::{FitParameter, Jacobian, Quantity, StructureDifferential};
pub use material::{Material, RefractiveIndex};
pub use multilayer::{
    InterfaceProfile, Layer, LayerWave, Multilayer, RoughInterfaces, Roughness, SelfAffine,
    effective_sigma,
};
pub use num_complex;
pub use num_complex::Complex64;
pub use particle::{Axis, Lattice3d, Particle, Rotation};
pub use sample::{Correlation, DepthProfile, Placement, Population, Sample, Scattering};
pub use separable::{
    Averages, AveragesJacobian, DecouplingJacobian, EnsembleMove, SeparableGrid, UprightShape,
    contrast,
};
pub use structure_factor::{
    Crystal1d, Crystal2d, Displaced, FiniteCrystal2d, Form2d, HardDisks, Lattice2d,
    PairCorrelation, PairWindow, Paracrystal1d, Paracrystal2d, Powder, Profile1d, Profile2d,
    RadialParacrystal, StructureFactor,
};
