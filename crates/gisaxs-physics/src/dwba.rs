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
    /// of the layer.
    pub(crate) fn amplitude(
        &self,
        q: [f64; 2],
        incident: &LayerWave,
        exit: &LayerWave,
    ) -> Complex64 {
        self.bodies
            .iter()
            .map(|body| body.amplitude(q, incident, exit))
            .sum()
    }
}

impl Body<'_> {
    fn amplitude(&self, q: [f64; 2], incident: &LayerWave, exit: &LayerWave) -> Complex64 {
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
        let sum = t_f * (t_i * tt + r_i * rt) + r_f * (t_i * tr + r_i * rr);
        let amplitude = self.contrast * sum;
        if self.position == [0.0, 0.0] {
            amplitude
        } else {
            amplitude * Complex64::cis(q[0] * self.position[0] + q[1] * self.position[1])
        }
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
