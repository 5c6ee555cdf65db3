//! What a real experiment adds to, and takes from, the ideal pattern: one file each.
//!
//! Every artifact is a plain struct of the numbers drawn for it (serialisable, so that a
//! sample can record them), made by `draw` from a range in the prior. Three families:
//!
//! - **rates** change the expected counts per pixel of a set of [`Bins`]: [`Diffuse`],
//!   [`Air`], [`Rod`], [`Response`], [`Blur`], and the flat background;
//! - **masks** hide detector pixels: [`ModuleLayout`] gaps, [`Beamstop`], [`Shadow`],
//!   [`DeadPixels`];
//! - **counting** turns rates into counts: [`Exposure`], [`poisson`], [`Saturation`],
//!   [`HotPixels`].
//!
//! Bins are either the pixels of a frame or the cells of the network's grid: a sum of
//! Poisson counts is a Poisson count, so a cell of n pixels is drawn at once. [`Misalignment`]
//! is the difference between the true geometry and the one the user believes in.

mod air;
mod beamstop;
mod blur;
mod dead_pixels;
mod diffuse;
mod drawn;
mod exposure;
mod hot_pixels;
mod misalignment;
mod module_gaps;
mod poisson;
mod response;
mod rod;
mod saturation;
mod shadow;

pub use air::Air;
pub use beamstop::{Arm, Beamstop};
pub use blur::Blur;
pub use dead_pixels::DeadPixels;
pub use diffuse::Diffuse;
pub use drawn::Drawn;
pub use exposure::Exposure;
pub use hot_pixels::HotPixels;
pub use misalignment::{Misalignment, MisalignmentPrior};
pub use module_gaps::ModuleLayout;
pub use poisson::poisson;
pub use response::Response;
pub use rod::Rod;
pub use saturation::Saturation;
pub use shadow::Shadow;

use gisaxs_physics::{Beam, Multilayer};

/// Where the bins of an image lie: pixels of a frame, or cells of a grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bins {
    /// sqrt(q_x^2 + q_y^2) of each bin, nm^-1.
    pub q_par: Vec<f32>,
    /// k sin(alpha_f) of each bin, nm^-1.
    pub k_z: Vec<f32>,
}

/// What the sample surface does to waves: used by every artifact that leaves through it.
#[derive(Clone, Debug)]
pub struct Surface {
    /// k sin(alpha_i), nm^-1.
    pub k_i: f64,
    /// |1 + R|^2 at the surface for the incident wave.
    pub incident: f64,
    /// |1 + R|^2 over k_z, on a table uniform in asinh(k_z / 0.3).
    exit: Vec<f32>,
    /// |R|^2 on the same table.
    reflectivity: Vec<f32>,
}

const SURFACE_TABLE: usize = 600;
const SURFACE_SCALE: f64 = 0.3;
const SURFACE_K_MAX: f64 = 12.0;

impl Surface {
    /// Tabulates the surface of `stack`.
    #[must_use]
    pub fn new(stack: &Multilayer, beam: &Beam) -> Self {
        let end = (SURFACE_K_MAX / SURFACE_SCALE).asinh();
        let amplitudes = (0..=SURFACE_TABLE).map(|i| {
            let k_z = SURFACE_SCALE * (end * i as f64 / SURFACE_TABLE as f64).sinh();
            stack.reflection(beam.k(), k_z.max(1e-6))
        });
        let (exit, reflectivity) = amplitudes
            .map(|r| ((1.0 + r).norm_sqr() as f32, r.norm_sqr() as f32))
            .unzip();
        Self {
            k_i: beam.kz(),
            incident: (1.0 + stack.reflection(beam.k(), beam.kz())).norm_sqr(),
            exit,
            reflectivity,
        }
    }

    fn interpolate(table: &[f32], k_z: f32) -> f32 {
        let scale = SURFACE_TABLE as f32 / (SURFACE_K_MAX / SURFACE_SCALE).asinh() as f32;
        let t = ((k_z.max(0.0) / SURFACE_SCALE as f32).asinh() * scale)
            .min(SURFACE_TABLE as f32 - 1e-3);
        let (i, u) = (t as usize, t.fract());
        table[i] * (1.0 - u) + table[i + 1] * u
    }

    /// |1 + R(k_z)|^2: intensity of the exit wave at the surface; peaks in the Yoneda band.
    #[must_use]
    pub fn exit(&self, k_z: f32) -> f32 {
        Self::interpolate(&self.exit, k_z)
    }

    /// |R(k_z)|^2.
    #[must_use]
    pub fn reflectivity(&self, k_z: f32) -> f32 {
        Self::interpolate(&self.reflectivity, k_z)
    }
}
