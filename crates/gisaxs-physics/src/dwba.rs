//! Distorted-wave Born approximation: scattering of a particle in the wave field of a stack.
//!
//! In a layer the incident wave and the (time-reversed) exit wave each have a down-going part T
//! and an up-going part R. A particle scatters between all four pairs:
//!
//! F_DW = T_i T_f F(q_par, -k_i - k_f) + R_i T_f F(q_par, k_i - k_f)
//!      + T_i R_f F(q_par, -k_i + k_f) + R_i R_f F(q_par, k_i + k_f),
//!
//! with k_i, k_f the normal wavenumbers in the layer and the amplitudes at the height of the
//! particle's origin. Here q = k_incident - k_exit and F carries the phase exp(i q.r).
//! Reference: M. Rauscher, T. Salditt, H. Spohn, Phys. Rev. B 52, 16855 (1995); G. Renaud,
//! R. Lazzari, F. Leroy, Surf. Sci. Rep. 64, 255 (2009), eq. 3.16.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::exponential::divided_difference;
use crate::material::RefractiveIndex;
use crate::multilayer::LayerWave;
use crate::particle::{Component, Particle, Rotation};

/// A particle in a layer of a stack, prepared for many scattering vectors.
#[derive(Debug)]
pub(crate) struct Scatterer<'a> {
    bodies: Vec<Body<'a>>,
}

#[derive(Debug)]
struct Body<'a> {
    component: &'a Component,
    /// k^2 (n^2 - n_medium^2) / (4 pi), nm^-2.
    contrast: Complex64,
    /// How many layers below the first one of the waves.
    layer: usize,
    /// Height of the shape's origin above the top interface of the layer.
    z_nm: f64,
    /// In-plane position.
    position: [f64; 2],
    orientation: Orientation,
}

#[derive(Debug)]
enum Orientation {
    Upright,
    /// Turned about the normal.
    Turned,
    Tilted,
}

impl<'a> Scatterer<'a> {
    /// `particle` with its origin at `origin_nm` (nm; z counts from the top interface of the
    /// layer) in a layer made of `medium`, for the vacuum wavenumber `k` (nm^-1).
    pub(crate) fn new(
        particle: &'a Particle,
        medium: RefractiveIndex,
        origin_nm: [f64; 3],
        k: f64,
    ) -> Self {
        let bodies = particle.components().iter().map(|component| {
            let replaced = component.inside.unwrap_or(medium);
            let [x, y, z] = component.position_nm;
            let orientation = if component.rotation == Rotation::IDENTITY {
                Orientation::Upright
            } else if component.rotation.keeps_the_normal() {
                Orientation::Turned
            } else {
                Orientation::Tilted
            };
            Body {
                component,
                contrast: component.index.contrast(replaced) * (k * k / (4.0 * PI)),
                layer: component.layers_below,
                z_nm: origin_nm[2] + z,
                position: [origin_nm[0] + x, origin_nm[1] + y],
                orientation,
            }
        });
        Self {
            bodies: bodies.collect(),
        }
    }

    /// Scattering amplitude in nm for the in-plane q (incident minus exit, nm^-1) and the waves
    /// of the particle's layer and those below it.
    pub(crate) fn amplitude(
        &self,
        q: [f64; 2],
        incident: &[LayerWave],
        exit: &[LayerWave],
    ) -> Complex64 {
        self.bodies
            .iter()
            .flat_map(|body| body.terms(q, &incident[body.layer], &exit[body.layer]))
            .sum()
    }

    /// Squared amplitude in nm^2 of a particle in one layer, averaged over upward shifts by 0 to
    /// `travel_nm`.
    ///
    /// A shift by z multiplies the four terms by exp(i q_z z), so the average is a double sum over
    /// the terms with the factors int_0^1 exp(i (q_z - q_z'*) travel u) du.
    pub(crate) fn mean_intensity(
        &self,
        q: [f64; 2],
        incident: &LayerWave,
        exit: &LayerWave,
        travel_nm: f64,
    ) -> f64 {
        let mut terms = [Complex64::ZERO; 4];
        for body in &self.bodies {
            for (sum, term) in terms.iter_mut().zip(body.terms(q, incident, exit)) {
                *sum += term;
            }
        }
        let (k_i, k_f) = (incident.kz, exit.kz);
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let mut mean = 0.0;
        for (a, q_a) in terms.iter().zip(q_z) {
            for (b, q_b) in terms.iter().zip(q_z) {
                let phase = Complex64::I * (q_a - q_b.conj()) * travel_nm;
                mean += (a * b.conj() * divided_difference([Complex64::ZERO, phase])).re;
            }
        }
        mean
    }
}

impl Body<'_> {
    /// The terms T_i T_f, R_i T_f, T_i R_f, R_i R_f in nm.
    fn terms(&self, q: [f64; 2], incident: &LayerWave, exit: &LayerWave) -> [Complex64; 4] {
        let (t_i, r_i) = amplitudes_at(incident, self.z_nm);
        let (t_f, r_f) = amplitudes_at(exit, self.z_nm);
        let (k_i, k_f) = (incident.kz, exit.kz);
        let shape = &self.component.shape;
        let [tt, rt, tr, rr] = match self.orientation {
            Orientation::Upright => shape.at_four(q, k_i, k_f),
            Orientation::Turned => {
                let [x, y, _] = self.component.rotation.apply_inverse([q[0], q[1], 0.0]);
                shape.at_four([x, y], k_i, k_f)
            }
            Orientation::Tilted => [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f].map(|q_z| {
                let q = [q[0].into(), q[1].into(), q_z];
                shape.at(self.component.rotation.apply_inverse(q))
            }),
        };
        let scale = if self.position == [0.0, 0.0] {
            self.contrast
        } else {
            self.contrast * Complex64::cis(q[0] * self.position[0] + q[1] * self.position[1])
        };
        let (t_f, r_f) = (scale * t_f, scale * r_f);
        [
            t_i * t_f * tt,
            r_i * t_f * rt,
            t_i * r_f * tr,
            r_i * r_f * rr,
        ]
    }
}

/// Amplitudes at a height above the layer's top interface; nothing to do on the interface.
fn amplitudes_at(wave: &LayerWave, z_nm: f64) -> (Complex64, Complex64) {
    if z_nm == 0.0 {
        (wave.t, wave.r)
    } else {
        wave.at(z_nm)
    }
}
