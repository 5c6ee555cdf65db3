//! Diffuse scattering of rough interfaces with its derivatives.
//!
//! The scattering of an interface is a_j sqrt(spectrum_j), with an amplitude a_j made of the waves at the
//! interface (computed here in dual numbers) and a height spectrum; see
//! [`Sample::with_diffuse_scattering`](crate::Sample::with_diffuse_scattering).

use std::f64::consts::{PI, SQRT_2};

use num_complex::Complex64;

use super::dual::{Dual, LANES};
use super::plan::{GlobalMove, Plan};
use super::waves::{WaveQuantity, Waves};
use crate::elementary::{exp, hypot, powi};
use crate::error::{Error, Result};
use crate::multilayer::{Multilayer, RoughInterfaces, SelfAffine};

/// The rough interfaces of a stack, with everything that depends on alpha_i and alpha_f only.
#[derive(Debug)]
pub(super) struct Diffuse<'a> {
    rough: &'a RoughInterfaces,
    stack: &'a Multilayer,
    lanes: &'a [WaveQuantity],
    k: f64,
    interfaces: Vec<Interface<'a>>,
}

#[derive(Debug)]
struct Interface<'a> {
    /// The layer below.
    layer: usize,
    profile: &'a SelfAffine,
    amplitude: Complex64,
    /// Derivatives with respect to every quantity of the waves, through the incident wave, the
    /// position and the roughness of the interface; and through the exit wave.
    slopes: Vec<[Complex64; 2]>,
    /// a sqrt(spectrum) in one pixel.
    scattering: Complex64,
}

/// Waves in one layer as duals: the first slope is that through the incident wave and the interface,
/// the second one that through the exit wave.
struct Side {
    k: Dual,
    t: Dual,
    r: Dual,
}

impl Side {
    fn new(waves: &Waves, lane: usize, layer: usize, slot: usize) -> Self {
        let (value, slope) = (&waves.values[layer], waves.slope(lane, layer));
        let dual = |value: Complex64, slope: Complex64| {
            let mut slopes = [Complex64::ZERO; LANES];
            slopes[slot] = slope;
            Dual { value, slopes }
        };
        Self {
            k: dual(value.kz, slope.kz),
            t: dual(value.t, slope.t),
            r: dual(value.r, slope.r),
        }
    }

    /// Amplitudes at a height above the top interface of the layer.
    fn at(&self, z: Dual) -> (Dual, Dual) {
        let phase = self.k.times_i() * z;
        let up = if self.r.value == Complex64::ZERO {
            self.r
        } else {
            self.r * phase.exp()
        };
        (self.t * (-phase).exp(), up)
    }
}

impl<'a> Diffuse<'a> {
    pub(super) fn new(
        rough: &'a RoughInterfaces,
        stack: &'a Multilayer,
        plan: &'a Plan,
        k: f64,
    ) -> Result<Self> {
        let mut interfaces = Vec::new();
        for (layer, profile) in rough.profiles.iter().enumerate().skip(1) {
            let Some(profile) = profile else { continue };
            let smooth = stack.layers()[layer].roughness.sigma_nm == 0.0;
            if smooth && plan.lanes.contains(&WaveQuantity::Roughness(layer)) {
                return Err(Error::NoDerivative {
                    quantity: format!("roughness of layer {layer}"),
                    reason: "the interface scatters diffusely but is smooth for the waves",
                });
            }
            interfaces.push(Interface {
                layer,
                profile,
                amplitude: Complex64::ZERO,
                slopes: vec![[Complex64::ZERO; 2]; plan.lanes.len()],
                scattering: Complex64::ZERO,
            });
        }
        Ok(Self {
            rough,
            stack,
            lanes: &plan.lanes,
            k,
            interfaces,
        })
    }

    /// Amplitudes of the interfaces for a pair of waves.
    pub(super) fn set_exit(&mut self, incident: &Waves, exit: &Waves) {
        let layers = self.stack.layers();
        for interface in &mut self.interfaces {
            let (above, below) = (interface.layer - 1, interface.layer);
            let step = layers[above].index.contrast(layers[below].index);
            let scale = step * (self.k * self.k / (4.0 * PI));
            let own = |quantity: Option<WaveQuantity>, wanted, rate: f64| {
                let mut slopes = [0.0; LANES];
                slopes[0] = if quantity == Some(wanted) { rate } else { 0.0 };
                slopes
            };
            let amplitude = |lane: usize| {
                let quantity = self.lanes.get(lane).copied();
                // The ambient has its reference height at the interface.
                let bottom = if above == 0 {
                    Dual::ZERO
                } else {
                    let lowered = own(quantity, WaveQuantity::Thickness(above), -1.0);
                    Dual::real(-layers[above].thickness_nm, lowered)
                };
                let sigma = Dual::real(
                    layers[below].roughness.sigma_nm,
                    own(quantity, WaveQuantity::Roughness(below), 1.0),
                );
                let side = |layer: usize, z: Dual, sigma: Dual| {
                    let sides = [(incident, 0), (exit, 1)].map(|(waves, slot)| {
                        if self.lanes.is_empty() {
                            Side::constant(waves, layer)
                        } else {
                            Side::new(waves, lane, layer, slot)
                        }
                    });
                    field(&sides, z, sigma)
                };
                (side(above, bottom, sigma) + side(below, Dual::ZERO, -sigma)) * scale
            };
            for lane in 0..self.lanes.len().max(1) {
                let found = amplitude(lane);
                interface.amplitude = found.value;
                if let Some(slopes) = interface.slopes.get_mut(lane) {
                    *slopes = [found.slopes[0], found.slopes[1]];
                }
            }
        }
    }

    /// Cross-section per area; its derivatives are added to `slopes`, one per quantity of the plan.
    pub(super) fn add(
        &mut self,
        q: [f64; 2],
        plan: &Plan,
        moves: &[GlobalMove],
        slopes: &mut [f64],
    ) -> f64 {
        let q_par = hypot(q[0], q[1]);
        for interface in &mut self.interfaces {
            interface.scattering = interface.amplitude * interface.profile.spectrum(q_par).sqrt();
        }
        let value = self.cross_section();
        for (global, change) in plan.globals.iter().zip(moves) {
            let d_q = if q_par > 0.0 {
                (q[0] * change.q[0] + q[1] * change.q[1]) / q_par
            } else {
                0.0
            };
            slopes[global.quantity] += self.change(q_par, d_q, change);
        }
        value
    }

    /// Distance between two interfaces, and how much of it is a thickness.
    fn correlation(&self, upper: &Interface<'_>, lower: &Interface<'_>, depth: f64) -> f64 {
        let distance = self.stack.top_nm(upper.layer) - self.stack.top_nm(lower.layer);
        exp(-distance / depth)
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let n = self.interfaces.len();
        (0..n).flat_map(move |j| (0..j).map(move |i| (i, j)))
    }

    fn cross_section(&self) -> f64 {
        let incoherent: f64 = self
            .interfaces
            .iter()
            .map(|i| i.scattering.norm_sqr())
            .sum();
        let Some(depth) = self.rough.vertical_correlation_nm else {
            return incoherent;
        };
        let correlated: f64 = self
            .pairs()
            .map(|(i, j)| {
                let (a, b) = (&self.interfaces[i], &self.interfaces[j]);
                2.0 * (a.scattering * b.scattering.conj()).re * self.correlation(a, b, depth)
            })
            .sum();
        incoherent + correlated
    }

    fn change(&self, q_par: f64, d_q: f64, change: &GlobalMove) -> f64 {
        let quantity = self.lanes[change.lane];
        let changes: Vec<Complex64> = self
            .interfaces
            .iter()
            .map(|i| {
                let spectrum = i.profile.spectrum(q_par);
                if spectrum == 0.0 {
                    return Complex64::ZERO;
                }
                let [own, exit] = i.slopes[change.lane];
                // d ln sqrt(spectrum): it grows with sigma^2 and falls as (1 + q^2 xi^2)^(-1 - H).
                let x = i.profile.correlation_nm;
                let per_q = -(1.0 + i.profile.hurst) * q_par * x * x / (1.0 + powi(q_par * x, 2));
                let sigma = self.stack.layers()[i.layer].roughness.sigma_nm;
                let grown = if quantity == WaveQuantity::Roughness(i.layer) {
                    1.0 / sigma
                } else {
                    0.0
                };
                (own + exit * change.exit) * spectrum.sqrt() + i.scattering * (per_q * d_q + grown)
            })
            .collect();
        let incoherent: f64 = self
            .interfaces
            .iter()
            .zip(&changes)
            .map(|(i, d)| 2.0 * (i.scattering.conj() * d).re)
            .sum();
        let Some(depth) = self.rough.vertical_correlation_nm else {
            return incoherent;
        };
        let correlated: f64 = self
            .pairs()
            .map(|(i, j)| {
                let (a, b) = (&self.interfaces[i], &self.interfaces[j]);
                let pair = changes[i] * b.scattering.conj() + a.scattering * changes[j].conj();
                let between = matches!(
                    quantity,
                    WaveQuantity::Thickness(layer) if layer >= a.layer && layer < b.layer
                );
                let farther = if between { -1.0 / depth } else { 0.0 };
                let own = a.scattering * b.scattering.conj() * farther;
                2.0 * (pair + own).re * self.correlation(a, b, depth)
            })
            .sum();
        incoherent + correlated
    }
}

impl Side {
    fn constant(waves: &Waves, layer: usize) -> Self {
        let wave = &waves.values[layer];
        Self {
            k: Dual::constant(wave.kz),
            t: Dual::constant(wave.t),
            r: Dual::constant(wave.r),
        }
    }
}

/// The four terms on one side of an interface, T T h((-a_i - a_f) s) + ..., with
/// h(x) = w(x / sqrt 2) / 2; see [`RoughInterfaces`]. `s` is negative for the lower side.
fn field([incident, exit]: &[Side; 2], z: Dual, s: Dual) -> Dual {
    let (t_i, r_i) = incident.at(z);
    let (t_f, r_f) = exit.at(z);
    let (a_i, a_f) = (incident.k, exit.k);
    let h = |kz: Dual| (kz * s * SQRT_2.recip()).faddeeva() * 0.5;
    let mut sum = t_i * t_f * h(-a_i - a_f) + t_i * r_f * h(a_f - a_i);
    // The substrate has no up-going wave, and there h of the other sign may be huge.
    if r_i.value != Complex64::ZERO {
        sum = sum + r_i * t_f * h(a_i - a_f) + r_i * r_f * h(a_i + a_f);
    }
    sum
}
