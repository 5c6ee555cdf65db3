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

use crate::elementary::cis;
use crate::form_factor::{Columns, Scratch, Terms, lanes_of, vector};
use crate::material::RefractiveIndex;
use crate::multilayer::{LayerColumns, LayerWave, WaveBlock};
use crate::particle::{Component, Particle, Rotation};
use crate::sample::{Block, DepthProfile};
use crate::simd::{Kernel, Simd, dispatch};

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
    /// Index of its layer.
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
    /// layer) in the layer with the index `layer`, made of `medium`, for the vacuum wavenumber `k`
    /// (nm^-1).
    pub(crate) fn new(
        particle: &'a Particle,
        medium: RefractiveIndex,
        layer: usize,
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
                layer: layer + component.layers_below,
                z_nm: origin_nm[2] + z,
                position: [origin_nm[0] + x, origin_nm[1] + y],
                orientation,
            }
        });
        Self {
            bodies: bodies.collect(),
        }
    }

    /// Adds the scattering amplitude in nm to `re` and `im` for every pixel of a block. The waves
    /// are those of all layers.
    pub(crate) fn add_amplitude(
        &self,
        block: &Block,
        incident: &[LayerWave],
        exit: &WaveBlock,
        workspace: &mut Workspace,
        re: &mut [f64],
        im: &mut [f64],
    ) {
        for body in &self.bodies {
            body.add_amplitude(block, &incident[body.layer], exit, workspace, re, im);
        }
    }

    /// Squared amplitude in nm^2 of a particle in one layer, averaged over upward shifts by 0 to
    /// `travel_nm`, distributed as `depth` says.
    ///
    /// A shift by z multiplies the four terms by exp(i q_z z), so the average is a double sum over
    /// the terms with the factors <exp(i (q_z - q_z'*) z)>.
    pub(crate) fn mean_intensity(
        &self,
        q: [f64; 2],
        incident: &LayerWave,
        exit: &LayerWave,
        depth: &DepthProfile,
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
                mean += (a * b.conj() * depth.mean_phase(q_a - q_b.conj(), travel_nm)).re;
            }
        }
        mean
    }
}

/// Memory for the bodies of particles; what successive bodies share is computed once.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// What the columns below were computed for.
    surroundings: Option<Surroundings>,
    /// T_i and R_i at the height of the body, times the contrast.
    incident: [Complex64; 2],
    /// T_f and R_f at the height of the body.
    exit: [Columns; 2],
    /// Their products T_i T_f, R_i T_f, T_i R_f, R_i R_f.
    weights: [Columns; 4],
    /// In-plane q (as the parts of a complex number) as a turned body sees it.
    turned: Columns,
    /// Amplitude of one body.
    amplitude: Columns,
    scratch: Scratch,
}

/// What determines the waves that a body sees.
#[derive(Debug, PartialEq)]
struct Surroundings {
    layer: usize,
    z_nm: f64,
    contrast: Complex64,
    rotation: Rotation,
}

impl Workspace {
    /// To be called before a new block.
    pub(crate) fn begin(&mut self) {
        self.surroundings = None;
    }

    /// Fills the columns for a body.
    fn prepare(&mut self, body: &Body<'_>, block: &Block, incident: &LayerWave, exit: &WaveBlock) {
        let surroundings = Surroundings {
            layer: body.layer,
            z_nm: body.z_nm,
            contrast: body.contrast,
            rotation: body.component.rotation,
        };
        if self.surroundings.as_ref() == Some(&surroundings) {
            return;
        }
        self.scratch.forget();
        let (t_i, r_i) = amplitudes_at(incident, body.z_nm);
        self.incident = [body.contrast * t_i, body.contrast * r_i];
        dispatch(Products {
            z_nm: body.z_nm,
            pixels: block.padded(),
            incident: self.incident,
            wave: &exit.layers[body.layer],
            exit: &mut self.exit,
            weights: &mut self.weights,
        });
        if let Orientation::Turned = body.orientation {
            for pixel in 0..block.padded() {
                let q = [block.q_x[pixel], block.q_y[pixel], 0.0];
                let [x, y, _] = body.component.rotation.apply_inverse(q);
                self.turned.set(pixel, Complex64::new(x, y));
            }
        }
        self.surroundings = Some(surroundings);
    }
}

/// The exit waves at the height of a body, and their products with the incident ones.
struct Products<'a> {
    z_nm: f64,
    /// Padded to whole vectors.
    pixels: usize,
    incident: [Complex64; 2],
    wave: &'a LayerColumns,
    exit: &'a mut [Columns; 2],
    weights: &'a mut [Columns; 4],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.pixels;
        let [kz, t, r] =
            [&self.wave.kz, &self.wave.t, &self.wave.r].map(|c| lanes_of::<S>(&c.view(n)));
        let [t_i, r_i] = self.incident.map(|wave| simd.complex(wave));
        let z = simd.real(self.z_nm);
        for v in 0..n / S::F64_LANES {
            let (mut t_f, mut r_f) = (vector(simd, &t, v), vector(simd, &r, v));
            if self.z_nm != 0.0 {
                // exp stays finite, so a wave that has died away stays zero.
                let up = vector(simd, &kz, v).times_i().scale(z);
                (t_f, r_f) = (t_f * (-up).exp(), r_f * up.exp());
            }
            self.exit[0].set_vector(v, t_f);
            self.exit[1].set_vector(v, r_f);
            let products = [t_i * t_f, r_i * t_f, t_i * r_f, r_i * r_f];
            for (weight, product) in self.weights.iter_mut().zip(products) {
                weight.set_vector(v, product);
            }
        }
    }
}

impl Body<'_> {
    /// Adds its amplitude to `re` and `im`.
    fn add_amplitude(
        &self,
        block: &Block,
        incident: &LayerWave,
        exit: &WaveBlock,
        workspace: &mut Workspace,
        re: &mut [f64],
        im: &mut [f64],
    ) {
        let layer = &exit.layers[self.layer];
        if let Orientation::Tilted = self.orientation {
            self.add_one_by_one(block, incident, layer, re, im);
            return;
        }
        workspace.prepare(self, block, incident, exit);
        let n = block.padded();
        let (q_x, q_y) = match self.orientation {
            Orientation::Turned => (&workspace.turned.re[..n], &workspace.turned.im[..n]),
            _ => (&block.q_x[..n], &block.q_y[..n]),
        };
        let terms = Terms {
            pixels: block.pixels,
            q_x,
            q_y,
            q_par: &block.q_par[..n],
            k_i: incident.kz,
            k_f: layer.kz.view(n),
            incident: workspace.incident,
            exit: workspace.exit.each_ref().map(|w| w.view(n)),
            weights: workspace.weights.each_ref().map(|w| w.view(n)),
            real: incident.kz.im == 0.0 && layer.real,
            uniform: exit.uniform,
        };
        let (shape, scratch) = (&self.component.shape, &mut workspace.scratch);
        if self.position == [0.0, 0.0] {
            shape.add_terms(&terms, scratch, re, im);
            return;
        }
        let f = &mut workspace.amplitude;
        f.re.fill(0.0);
        f.im.fill(0.0);
        shape.add_terms(&terms, scratch, &mut f.re[..n], &mut f.im[..n]);
        for pixel in 0..n {
            let shifted = self.shift(block.q_x[pixel], block.q_y[pixel]) * f.get(pixel);
            re[pixel] += shifted.re;
            im[pixel] += shifted.im;
        }
    }

    /// [`Self::add_amplitude`] pixel by pixel, for any orientation.
    fn add_one_by_one(
        &self,
        block: &Block,
        incident: &LayerWave,
        exit: &LayerColumns,
        re: &mut [f64],
        im: &mut [f64],
    ) {
        for pixel in 0..block.pixels {
            let q = [block.q_x[pixel], block.q_y[pixel]];
            let sum: Complex64 = self.terms(q, incident, &exit.at(pixel)).iter().sum();
            re[pixel] += sum.re;
            im[pixel] += sum.im;
        }
    }

    /// Phase of the in-plane position.
    fn shift(&self, q_x: f64, q_y: f64) -> Complex64 {
        cis(q_x * self.position[0] + q_y * self.position[1])
    }

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
            self.contrast * self.shift(q[0], q[1])
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
