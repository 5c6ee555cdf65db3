//! The four terms of the DWBA of one particle, with their derivatives.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::plan::GlobalMove;
use super::waves::Waves;
use crate::elementary::{cis, exp};
use crate::form_factor::{Differentiable, Differential, cauchy_gradient};
use crate::multilayer::LayerWave;
use crate::particle::{Component, Rotation};

/// Waves at the height of a body's origin, with their derivatives (of the waves, not of the height).
#[derive(Debug, Clone, Default)]
pub(super) struct WaveAt {
    value: LayerWave,
    slopes: Vec<LayerWave>,
}

impl WaveAt {
    fn update(&mut self, waves: &Waves, lanes: usize, layer: usize, z_nm: f64) {
        let wave = &waves.values[layer];
        let (t, r) = if z_nm == 0.0 {
            (wave.t, wave.r)
        } else {
            wave.at(z_nm)
        };
        self.value = LayerWave { kz: wave.kz, t, r };
        self.slopes.clear();
        let i_z = Complex64::I * z_nm;
        let (down, up) = if z_nm == 0.0 {
            (Complex64::ONE, Complex64::ONE)
        } else {
            // Where R has underflowed, so has its derivative.
            let up = if wave.r == Complex64::ZERO {
                Complex64::ZERO
            } else {
                exp(i_z * wave.kz)
            };
            (exp(-i_z * wave.kz), up)
        };
        self.slopes.extend((0..lanes).map(|lane| {
            let slope = waves.slope(lane, layer);
            LayerWave {
                kz: slope.kz,
                t: slope.t * down - i_z * slope.kz * t,
                r: slope.r * up + i_z * slope.kz * r,
            }
        }));
    }
}

/// Incident and exit wave at one height, shared by all bodies there.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) layer: usize,
    pub(super) z_nm: f64,
    incident: WaveAt,
    exit: WaveAt,
}

impl Site {
    pub(super) fn new(layer: usize, z_nm: f64, incident: &Waves, lanes: usize) -> Self {
        let mut site = Self {
            layer,
            z_nm,
            incident: WaveAt::default(),
            exit: WaveAt::default(),
        };
        site.incident.update(incident, lanes, layer, z_nm);
        site
    }

    pub(super) fn set_exit(&mut self, exit: &Waves, lanes: usize) {
        self.exit.update(exit, lanes, self.layer, self.z_nm);
    }

    /// q_z of the four terms.
    fn q_z(&self) -> [Complex64; 4] {
        four(self.incident.value.kz, self.exit.value.kz)
    }

    /// Changes of the q_z of the four terms.
    fn q_z_slopes(&self, change: &GlobalMove) -> [Complex64; 4] {
        let (incident, exit) = (&self.incident.slopes, &self.exit.slopes);
        four(incident[change.lane].kz, exit[change.lane].kz * change.exit)
    }
}

/// -k_i - k_f, k_i - k_f, -k_i + k_f, k_i + k_f.
fn four(k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
    [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f]
}

/// T_i T_f, R_i T_f, T_i R_f, R_i R_f.
fn products(i: &LayerWave, f: &LayerWave) -> [Complex64; 4] {
    [i.t * f.t, i.r * f.t, i.t * f.r, i.r * f.r]
}

/// What a quantity that belongs to one body changes in its shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    Parameter(usize),
    Stretch(usize),
    Size,
}

/// One homogeneous body of a particle.
#[derive(Debug)]
pub(super) struct Body<'a> {
    component: &'a Component,
    derivatives: Option<&'a dyn Differentiable>,
    contrast: Complex64,
    position: [f64; 2],
    /// Index of its site.
    pub(super) site: usize,
}

/// F of one term in the frame of the shape, where that is, and its gradient in the frame of the sample.
struct Term {
    f: Differential,
    q: [Complex64; 3],
    gradient: [Complex64; 3],
}

impl<'a> Body<'a> {
    /// `contrast` is n^2 - n_medium^2, `position` the in-plane position (nm).
    pub(super) fn new(
        component: &'a Component,
        contrast: Complex64,
        k: f64,
        position: [f64; 2],
        site: usize,
    ) -> Self {
        Self {
            component,
            derivatives: component.shape.derivatives(),
            contrast: contrast * (k * k / (4.0 * PI)),
            position,
            site,
        }
    }

    /// The four terms; the gradients are zero if they are not `wanted` and cost much.
    fn terms(&self, q: [f64; 2], site: &Site, wanted: bool) -> [Term; 4] {
        let (k_i, k_f) = (site.incident.value.kz, site.exit.value.kz);
        let q_z = site.q_z();
        let rotation = self.component.rotation;
        let upright = rotation == Rotation::IDENTITY;
        let to_shape = |q: [Complex64; 3]| {
            if upright {
                q
            } else {
                rotation.apply_inverse(q)
            }
        };
        let at = q_z.map(|z| to_shape([q[0].into(), q[1].into(), z]));
        let in_plane = upright || rotation.keeps_the_normal();
        let values: [Differential; 4] = match self.derivatives {
            Some(shape) if in_plane => {
                shape.differential_four([at[0][0].re, at[0][1].re], k_i, k_f)
            }
            Some(shape) => at.map(|q| shape.differential(q)),
            None if wanted => at.map(|q| cauchy_gradient(self.component.shape.as_ref(), q)),
            None if in_plane => self
                .component
                .shape
                .at_four([at[0][0].re, at[0][1].re], k_i, k_f)
                .map(|f| Differential::new(f, [Complex64::ZERO; 3])),
            None => at.map(|q| Differential::new(self.component.shape.at(q), [Complex64::ZERO; 3])),
        };
        std::array::from_fn(|t| {
            let f = values[t];
            let gradient = if upright {
                f.gradient
            } else {
                let [re, im] = [f.gradient.map(|g| g.re), f.gradient.map(|g| g.im)];
                let (re, im) = (rotation.apply(re), rotation.apply(im));
                std::array::from_fn(|axis| Complex64::new(re[axis], im[axis]))
            };
            Term {
                f,
                q: at[t],
                gradient,
            }
        })
    }
}

/// A quantity that belongs to one member of a population.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    /// Its index among all quantities.
    pub(super) quantity: usize,
    /// What it changes in the shape of a body.
    pub(super) part: Option<(usize, Part)>,
    /// Change of the weight of the member, its radius, the height of its origin, and the range of
    /// heights it may have.
    pub(super) weight: f64,
    pub(super) radius: f64,
    pub(super) height: f64,
    pub(super) travel: f64,
}

/// The four terms of a particle and their derivatives, in nm.
#[derive(Debug, Default)]
pub(super) struct ParticleTerms {
    pub(super) values: [Complex64; 4],
    /// With respect to the global quantities.
    pub(super) globals: Vec<[Complex64; 4]>,
    /// With respect to the quantities of the particle.
    pub(super) locals: Vec<[Complex64; 4]>,
    /// q_z of the terms in the particle's layer, and its derivatives with respect to the global
    /// quantities.
    pub(super) q_z: [Complex64; 4],
    pub(super) q_z_slopes: Vec<[Complex64; 4]>,
}

impl ParticleTerms {
    /// `heights` are the changes of the height of the particle's origin with the quantities of the
    /// waves.
    pub(super) fn update(
        &mut self,
        bodies: &[Body<'_>],
        locals: &[Local],
        heights: &[f64],
        sites: &[Site],
        q: [f64; 2],
        moves: &[GlobalMove],
    ) {
        self.values = [Complex64::ZERO; 4];
        self.globals.clear();
        self.globals.resize(moves.len(), [Complex64::ZERO; 4]);
        self.locals.clear();
        self.locals.resize(locals.len(), [Complex64::ZERO; 4]);
        self.q_z_slopes.clear();
        // d(terms) / d(height of the particle).
        let mut lift = [Complex64::ZERO; 4];
        for (index, body) in bodies.iter().enumerate() {
            let site = &sites[body.site];
            let wanted =
                !moves.is_empty() || locals.iter().any(|l| l.part.is_some_and(|p| p.0 == index));
            let shape = body.terms(q, site, wanted);
            let [x, y] = body.position;
            let scale = body.contrast * cis(q[0] * x + q[1] * y);
            let (incident, exit) = (&site.incident.value, &site.exit.value);
            let amplitudes = products(incident, exit).map(|a| a * scale);
            let q_z = site.q_z();
            let terms: [Complex64; 4] = std::array::from_fn(|t| amplitudes[t] * shape[t].f.value);
            for t in 0..4 {
                self.values[t] += terms[t];
                lift[t] += Complex64::I * q_z[t] * terms[t];
            }
            for (sum, change) in self.globals.iter_mut().zip(moves) {
                let (d_incident, d_exit) = (
                    &site.incident.slopes[change.lane],
                    scaled(&site.exit.slopes[change.lane], change.exit),
                );
                let (a, b) = (products(d_incident, exit), products(incident, &d_exit));
                let d_q_z = site.q_z_slopes(change);
                let [d_x, d_y] = change.q;
                let phase = Complex64::I * (d_x * x + d_y * y);
                for t in 0..4 {
                    let [g_x, g_y, g_z] = shape[t].gradient;
                    sum[t] += (a[t] + b[t]) * scale * shape[t].f.value
                        + amplitudes[t] * (g_x * d_x + g_y * d_y + g_z * d_q_z[t])
                        + phase * terms[t];
                }
            }
            for (sum, local) in self.locals.iter_mut().zip(locals) {
                let Some((_, part)) = local.part.filter(|p| p.0 == index) else {
                    continue;
                };
                for t in 0..4 {
                    let (f, q) = (&shape[t].f, shape[t].q);
                    sum[t] += amplitudes[t]
                        * match part {
                            Part::Parameter(j) => f.parameters[j],
                            Part::Stretch(axis) => f.stretch(q, axis),
                            Part::Size => f.size(q),
                        };
                }
            }
            if index == 0 {
                self.q_z = q_z;
                self.q_z_slopes
                    .extend(moves.iter().map(|m| site.q_z_slopes(m)));
            }
        }
        for (sum, change) in self.globals.iter_mut().zip(moves) {
            add_scaled(sum, &lift, heights[change.lane]);
        }
        for (sum, local) in self.locals.iter_mut().zip(locals) {
            add_scaled(sum, &lift, local.height);
        }
    }
}

fn add_scaled(sum: &mut [Complex64; 4], terms: &[Complex64; 4], factor: f64) {
    if factor != 0.0 {
        for (sum, term) in sum.iter_mut().zip(terms) {
            *sum += factor * term;
        }
    }
}

fn scaled(wave: &LayerWave, factor: f64) -> LayerWave {
    LayerWave {
        kz: wave.kz * factor,
        t: wave.t * factor,
        r: wave.r * factor,
    }
}
