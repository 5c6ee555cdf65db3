//! Waves in a stack of layers with their derivatives.
//!
//! The recursion of [`Multilayer::waves`] in dual numbers: k_z of every layer depends on the angle,
//! the phases on the thicknesses, the Fresnel coefficients on the roughnesses.

use num_complex::Complex64;

use super::dual::{Dual, LANES};
use crate::elementary::{sin, sin_cos, sqrt};
use crate::multilayer::{InterfaceProfile, Layer, LayerWave, Multilayer, Roughness, root_of_tanhc};

/// What the waves of a stack depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaveQuantity {
    /// alpha_i for the incident wave, alpha_f for the exit wave.
    Angle,
    /// Thickness of a layer.
    Thickness(usize),
    /// Effective roughness of the top interface of a layer.
    Roughness(usize),
}

/// Waves of all layers and, for every quantity, their derivatives.
#[derive(Debug, Clone, Default)]
pub(super) struct Waves {
    pub(super) values: Vec<LayerWave>,
    /// One entry per layer for the first quantity, then for the second one.
    slopes: Vec<LayerWave>,
}

impl Waves {
    /// Derivatives of the wave of a layer with respect to a quantity.
    pub(super) fn slope(&self, quantity: usize, layer: usize) -> &LayerWave {
        &self.slopes[quantity * self.values.len() + layer]
    }

    /// For the vacuum wavenumber `k` (nm^-1) and an angle of incidence (rad).
    pub(super) fn incident(
        stack: &Multilayer,
        quantities: &[WaveQuantity],
        k: f64,
        alpha_i_rad: f64,
    ) -> Self {
        let mut waves = Self::default();
        waves.update(stack, quantities, k, alpha_i_rad, true);
        waves
    }

    /// The time-reversed waves that leave at `alpha_f_rad`, also below the horizon; see
    /// [`Multilayer::exit_waves_into`].
    pub(super) fn exit(
        &mut self,
        stack: &Multilayer,
        quantities: &[WaveQuantity],
        k: f64,
        alpha_f_rad: f64,
    ) {
        self.update(stack, quantities, k, alpha_f_rad, sin(alpha_f_rad) >= 0.0);
    }

    fn update(
        &mut self,
        stack: &Multilayer,
        quantities: &[WaveQuantity],
        k: f64,
        alpha_rad: f64,
        from_above: bool,
    ) {
        let count = stack.layers().len();
        self.values.resize(count, LayerWave::default());
        self.slopes
            .resize(count * quantities.len(), LayerWave::default());
        // At least one pass, for the values.
        for pass in 0..quantities.len().div_ceil(LANES).max(1) {
            let first = pass * LANES;
            let here = &quantities[first..quantities.len().min(first + LANES)];
            let seed = |quantity: WaveQuantity| -> [f64; LANES] {
                std::array::from_fn(|i| f64::from(u8::from(here.get(i) == Some(&quantity))))
            };
            let (sin, cos) = sin_cos(alpha_rad);
            let kz = Dual::real(k * sin, seed(WaveQuantity::Angle).map(|s| s * k * cos));
            let layers: Vec<DualLayer> = stack
                .layers()
                .iter()
                .enumerate()
                .map(|(j, layer)| DualLayer::new(layer, j, seed))
                .collect();
            let waves = if from_above {
                waves_from_above(stack, &layers, k, kz)
            } else {
                waves_from_below(stack, layers, k, kz)
            };
            for (j, wave) in waves.iter().enumerate() {
                self.values[j] = LayerWave {
                    kz: wave.kz.value,
                    t: wave.t.value,
                    r: wave.r.value,
                };
                for i in 0..here.len() {
                    self.slopes[(first + i) * count + j] = LayerWave {
                        kz: wave.kz.slopes[i],
                        t: wave.t.slopes[i],
                        r: wave.r.slopes[i],
                    };
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct DualWave {
    kz: Dual,
    t: Dual,
    r: Dual,
}

#[derive(Debug, Clone, Copy)]
struct DualLayer {
    thickness: Dual,
    sigma: Dual,
    profile: InterfaceProfile,
}

impl DualLayer {
    fn new(layer: &Layer, j: usize, seed: impl Fn(WaveQuantity) -> [f64; LANES]) -> Self {
        Self {
            thickness: Dual::real(layer.thickness_nm, seed(WaveQuantity::Thickness(j))),
            sigma: Dual::real(layer.roughness.sigma_nm, seed(WaveQuantity::Roughness(j))),
            profile: layer.roughness.profile,
        }
    }

    /// Fresnel coefficients (r, t) of the top interface, as `Roughness::fresnel`.
    fn fresnel(&self, a: Dual, b: Dual) -> (Dual, Dual) {
        if a.value == b.value {
            return (Dual::ZERO, Dual::ONE);
        }
        let s = self.sigma;
        let inverse = (a + b).inv();
        match self.profile {
            _ if s.value == Complex64::ZERO => ((a - b) * inverse, a * inverse * 2.0),
            InterfaceProfile::Erf => {
                let difference = (a - b) * s;
                let damping = (s * s * a * b * -2.0).exp();
                let gain = (difference * difference * 0.5).exp();
                ((a - b) * inverse * damping, a * inverse * gain * 2.0)
            }
            InterfaceProfile::Tanh => {
                let w = s * 3.0_f64.sqrt();
                let [above, below] = [tanhc(w * a), tanhc(w * b)];
                let rho_squared = below * above.inv();
                let [above, below] = [above, below].map(|x| x.root(root_of_tanhc(x.value)));
                let rho = below * above.inv();
                let b = b * rho_squared;
                let inverse = (a + b).inv();
                ((a - b) * inverse, a * rho * inverse * 2.0)
            }
        }
    }
}

/// tanh(z) / z for Re z >= 0; its series below |z| = 1e-2, where 62/2835 z^8 = 2e-18 is left out.
fn tanhc(z: Dual) -> Dual {
    if z.value.norm_sqr() < 1e-4 {
        let z2 = z * z;
        let series = z2 * (-17.0 / 315.0) + Dual::real(2.0 / 15.0, [0.0; LANES]);
        let series = z2 * series - Dual::real(1.0 / 3.0, [0.0; LANES]);
        return z2 * series + Dual::ONE;
    }
    let e = (z * -2.0).exp();
    (Dual::ONE - e) * ((Dual::ONE + e) * z).inv()
}

/// See [`Multilayer::waves_into`].
fn waves_from_above(stack: &Multilayer, layers: &[DualLayer], k: f64, kz: Dual) -> Vec<DualWave> {
    let ambient = stack.layers()[0].index.n_squared_minus_one();
    let kz_squared = kz * kz * (1.0 + ambient);
    let wavenumbers = stack.layers().iter().enumerate().map(|(j, layer)| {
        if j == 0 {
            // Without the detour over the square, which has no derivative at the horizon.
            return kz * sqrt(1.0 + ambient);
        }
        let step = k * k * (layer.index.n_squared_minus_one() - ambient);
        downward_root(kz_squared + Dual::constant(step))
    });
    propagate(layers, wavenumbers.collect())
}

/// See [`Multilayer::exit_waves_into`]; `kz` is that inside the substrate, negative.
fn waves_from_below(
    stack: &Multilayer,
    mut layers: Vec<DualLayer>,
    k: f64,
    kz: Dual,
) -> Vec<DualWave> {
    let last = layers.len() - 1;
    let substrate = stack.layers()[last].index.n_squared_minus_one();
    let vacuum_squared = kz * kz + Dual::constant((-k * k * substrate.re).into());
    // Upside down, every interface is the top of the layer that was above it.
    layers.reverse();
    for j in (1..=last).rev() {
        (layers[j].sigma, layers[j].profile) = (layers[j - 1].sigma, layers[j - 1].profile);
    }
    let smooth = Roughness::NONE;
    (layers[0].sigma, layers[0].profile) = (Dual::ZERO, smooth.profile);
    let wavenumbers = stack.layers().iter().rev().map(|layer| {
        let step = k * k * layer.index.n_squared_minus_one();
        downward_root(vacuum_squared + Dual::constant(step))
    });
    let mut waves = propagate(&layers, wavenumbers.collect());
    waves.reverse();
    layers.reverse();
    for (j, wave) in waves.iter_mut().enumerate() {
        if j > 0 && j < last {
            // From the bottom of the film, which was its top, to its top.
            let phase = wave.kz.times_i() * layers[j].thickness;
            (wave.t, wave.r) = (wave.t * phase.exp(), times_unless_zero(wave.r, -phase));
        }
        (wave.t, wave.r) = (wave.r, wave.t);
    }
    waves
}

/// r exp(x), where an r that has underflowed stays zero whatever x is.
fn times_unless_zero(r: Dual, x: Dual) -> Dual {
    if r.value == Complex64::ZERO {
        r
    } else {
        r * x.exp()
    }
}

/// The root with Re >= 0, and Im >= 0 on the negative axis.
fn downward_root(squared: Dual) -> Dual {
    let root = sqrt(squared.value);
    squared.root(if root.re == 0.0 && root.im < 0.0 {
        -root
    } else {
        root
    })
}

/// Amplitudes from the wavenumbers, see `Multilayer::propagate`.
fn propagate(layers: &[DualLayer], wavenumbers: Vec<Dual>) -> Vec<DualWave> {
    let mut waves: Vec<DualWave> = wavenumbers
        .into_iter()
        .map(|kz| DualWave {
            kz,
            t: Dual::ONE,
            r: Dual::ZERO,
        })
        .collect();
    let last = waves.len() - 1;
    for j in (0..last).rev() {
        let below = waves[j + 1];
        let (r, t) = layers[j + 1].fresnel(waves[j].kz, below.kz);
        let denominator = (Dual::ONE + r * below.r).inv();
        let decay = if j == 0 {
            Dual::ONE
        } else {
            (waves[j].kz.times_i() * layers[j].thickness).exp()
        };
        waves[j].r = (r + below.r) * denominator * decay * decay;
        waves[j + 1].t = t * denominator * decay;
    }
    for j in 0..=last {
        if j > 0 {
            waves[j].t = waves[j].t * waves[j - 1].t;
        }
        waves[j].r = waves[j].r * waves[j].t;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::RefractiveIndex;

    const K: f64 = 60.0;

    fn stack(profile: InterfaceProfile, [d_1, d_2, s_1, s_3]: [f64; 4]) -> Multilayer {
        let index = |delta, beta| RefractiveIndex::new(delta, beta).unwrap();
        let rough = |sigma_nm| Roughness { sigma_nm, profile };
        Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(index(3e-6, 5e-9), d_1).with_roughness(rough(s_1)),
            Layer::new(index(4e-5, 3e-6), d_2),
            Layer::semi_infinite(index(7e-6, 1e-7)).with_roughness(rough(s_3)),
        ])
        .unwrap()
    }

    const START: [f64; 4] = [40.0, 7.0, 0.6, 1.1];
    const QUANTITIES: [WaveQuantity; 5] = [
        WaveQuantity::Angle,
        WaveQuantity::Thickness(1),
        WaveQuantity::Thickness(2),
        WaveQuantity::Roughness(1),
        WaveQuantity::Roughness(3),
    ];

    #[test]
    fn values_and_derivatives_are_those_of_the_recursion() {
        for profile in [InterfaceProfile::Erf, InterfaceProfile::Tanh] {
            // Above and below both critical angles, and below the horizon.
            for alpha in [0.0005, 0.0021, 0.006, 0.02, -0.0015, -0.008] {
                let plain = |[alpha, lengths @ ..]: [f64; 5]| {
                    let mut waves = vec![LayerWave::default(); 4];
                    stack(profile, lengths).exit_waves_into(K, alpha, &mut waves);
                    waves
                };
                let [a, b, c, d] = START;
                let at = [alpha, a, b, c, d];
                let mut found = Waves::default();
                found.exit(&stack(profile, START), &QUANTITIES, K, alpha);
                for (x, y) in found.values.iter().zip(plain(at)) {
                    for (x, y) in [(x.kz, y.kz), (x.t, y.t), (x.r, y.r)] {
                        assert!((x - y).norm() <= 2e-13 * y.norm(), "{alpha}: {x} {y}");
                    }
                }
                for (i, step) in [2e-5, 0.1, 0.1, 0.02, 0.02].into_iter().enumerate() {
                    let moved = |t: f64| {
                        let mut at = at;
                        at[i] += t;
                        plain(at)
                    };
                    let steps = [step, 0.5 * step, 0.25 * step].map(|h| (h, moved(h), moved(-h)));
                    for layer in 0..4 {
                        let parts: [fn(&LayerWave) -> Complex64; 3] = [|w| w.kz, |w| w.t, |w| w.r];
                        for part in parts {
                            let [a, b, c] = [0, 1, 2].map(|n: usize| {
                                let (h, up, down) = &steps[n];
                                (part(&up[layer]) - part(&down[layer])) / (2.0 * h)
                            });
                            let exact = (64.0 * c - 20.0 * b + a) / 45.0;
                            let slope = part(found.slope(i, layer));
                            let scale = exact.norm().max(part(&found.values[layer]).norm());
                            assert!(
                                (slope - exact).norm() <= 2e-6 * scale,
                                "{profile:?} {alpha} layer {layer} {:?}: {slope} {exact}",
                                QUANTITIES[i]
                            );
                        }
                    }
                }
            }
        }
    }
}
