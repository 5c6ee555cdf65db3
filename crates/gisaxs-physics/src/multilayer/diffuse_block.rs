//! Diffuse scattering of rough interfaces for a block of pixels.

use std::f64::consts::{PI, SQRT_2};

use num_complex::Complex64;

use super::block::{read, write};
use super::plan::once;
use super::{LayerWave, Multilayer, RoughInterfaces, WaveBlock};
use crate::elementary::exp;
use crate::form_factor::{Column, Columns};
use crate::simd::{Kernel, LANES, Simd, dispatch, lanes, lanes_mut, padded};

/// The rough interfaces of a stack in the wave of one beam, with memory for a block of pixels.
///
/// What recurs in the stack is computed once per pixel: the error functions for each medium and
/// roughness, the power law for each form of the height spectrum. Correlations decay
/// exponentially with depth, exp(-(z_1 - z_3) / c) = exp(-(z_1 - z_2) / c) exp(-(z_2 - z_3) / c), so
/// the double sum over interfaces is a recursion from the top down, and the time is proportional
/// to their number.
#[derive(Debug)]
pub(crate) struct DiffuseBlock {
    interfaces: Vec<Interface>,
    sides: Vec<Side>,
    spectra: Vec<Spectrum>,
    /// h(p s), h(-p s), h(m s), h(-m s) of each side, with p = k_i + k_f, m = k_i - k_f, times 2.
    factors: Vec<[Columns; 4]>,
    /// Square root of each spectrum.
    roots: Vec<Column>,
    /// Amplitude of each interface.
    amplitudes: Vec<Columns>,
}

#[derive(Debug)]
struct Interface {
    /// Index of the layer above.
    layer: usize,
    /// Which sides the upper and the lower one are.
    sides: [usize; 2],
    /// T_i and R_i on the upper and the lower side, with everything that is the same for all pixels.
    incident: [[Complex64; 2]; 2],
    /// Whether there is no up-going wave below.
    last: bool,
    spectrum: usize,
    /// exp(-distance / c) to the rough interface above it; 0 if there is none.
    link: f64,
}

/// Wavenumbers next to an interface, and its roughness.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Side {
    /// A layer of the medium.
    layer: usize,
    k_i: Complex64,
    sigma_nm: f64,
}

/// Form of a height spectrum: (1 + q^2 xi^2)^(-1-H) up to a largest q.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spectrum {
    hurst: f64,
    correlation_nm: f64,
    largest_q: f64,
}

impl DiffuseBlock {
    /// For the waves of a beam with the vacuum wavenumber `k` (nm^-1).
    pub(crate) fn new(
        rough: &RoughInterfaces,
        stack: &Multilayer,
        k: f64,
        incident: &[LayerWave],
    ) -> Self {
        let layers = stack.layers();
        let (mut sides, mut spectra) = (Vec::new(), Vec::new());
        let mut interfaces: Vec<Interface> = Vec::new();
        let mut side = |layer: usize, sigma_nm: f64| {
            let medium = |j: usize| layers[j].index;
            let first = (0..layer).find(|j| medium(*j) == medium(layer));
            let layer = first.unwrap_or(layer);
            let k_i = incident[layer].kz;
            once(
                &mut sides,
                Side {
                    layer,
                    k_i,
                    sigma_nm,
                },
            )
        };
        for below in 1..layers.len() {
            let Some(Some(profile)) = rough.profiles.get(below) else {
                continue;
            };
            let above = below - 1;
            let bottom = if above == 0 {
                0.0
            } else {
                -layers[above].thickness_nm
            };
            let sigma_nm = layers[below].roughness.sigma_nm;
            let step = layers[above].index.contrast(layers[below].index);
            // 1/2 of h, and the constant factor of the root of the spectrum.
            let height = profile.sigma_nm * profile.correlation_nm;
            let factor = step * (k * k / (8.0 * PI)) * (4.0 * PI * profile.hurst).sqrt() * height;
            let (t_above, r_above) = incident[above].at(bottom);
            let below_wave = incident[below];
            let spectrum = Spectrum {
                hurst: profile.hurst,
                correlation_nm: profile.correlation_nm,
                largest_q: 2.0 * PI * profile.max_frequency_per_nm,
            };
            let link = match (rough.vertical_correlation_nm, interfaces.last()) {
                (Some(depth), Some(previous)) => {
                    let distance = stack.top_nm(previous.layer + 1) - stack.top_nm(below);
                    exp(-distance / depth)
                }
                _ => 0.0,
            };
            interfaces.push(Interface {
                layer: above,
                sides: [side(above, sigma_nm), side(below, sigma_nm)],
                incident: [[t_above, r_above], [below_wave.t, below_wave.r]]
                    .map(|pair| pair.map(|amplitude| amplitude * factor)),
                last: below == layers.len() - 1,
                spectrum: once(&mut spectra, spectrum),
                link,
            });
        }
        Self {
            factors: vec![<[Columns; 4]>::default(); sides.len()],
            roots: vec![Column::ZERO; spectra.len()],
            amplitudes: vec![Columns::default(); interfaces.len()],
            interfaces,
            sides,
            spectra,
        }
    }

    /// Adds the cross-section per area of all interfaces to `out`, for pixels with the in-plane
    /// |q| `q_par` (nm^-1) and the exit waves `exit`; both slices padded to whole vectors.
    pub(crate) fn add(&mut self, q_par: &[f64], exit: &WaveBlock, out: &mut [f64]) {
        assert!(q_par.len() == out.len() && q_par.len() == padded(q_par.len()));
        dispatch(Add {
            diffuse: self,
            q_par,
            exit,
            out,
        });
    }
}

struct Add<'a> {
    diffuse: &'a mut DiffuseBlock,
    q_par: &'a [f64],
    exit: &'a WaveBlock,
    out: &'a mut [f64],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let DiffuseBlock {
            interfaces,
            sides,
            spectra,
            factors,
            roots,
            amplitudes,
        } = self.diffuse;
        let layers = &self.exit.layers;
        let all = 0..self.q_par.len() / S::F64_LANES;
        // Equal exit angles: one vector holds the waves of all pixels.
        let distinct = if self.exit.uniform {
            0..LANES / S::F64_LANES
        } else {
            all.clone()
        };

        for (side, factors) in sides.iter().zip(&mut *factors) {
            let k_i = simd.complex(side.k_i);
            let scale = simd.real(side.sigma_nm / SQRT_2);
            let [plus, minus, forth, back] = factors;
            for v in distinct.clone() {
                let k_f = read(simd, &layers[side.layer].kz, v);
                let [a, b] = (k_i + k_f).scale(scale).faddeeva_of_both_signs();
                write(plus, v, a);
                write(minus, v, b);
                let [a, b] = (k_i - k_f).scale(scale).faddeeva_of_both_signs();
                write(forth, v, a);
                write(back, v, b);
            }
        }
        for (spectrum, root) in spectra.iter().zip(&mut *roots) {
            let exponent = simd.real(-0.5 * (1.0 + spectrum.hurst));
            let (one, zero) = (simd.real(1.0), simd.real(0.0));
            let largest = simd.real(spectrum.largest_q);
            let q_par = lanes::<S>(self.q_par);
            for (q, root) in q_par.iter().zip(lanes_mut::<S>(root)) {
                let q = simd.of(*q);
                let x = q * spectrum.correlation_nm;
                let value = x.mul_add(x, one).power(exponent);
                *root = largest.less_than(q).select(zero, value).lanes();
            }
        }
        for (interface, amplitude) in interfaces.iter().zip(&mut *amplitudes) {
            let (above, below) = (&layers[interface.layer], &layers[interface.layer + 1]);
            let [upper, lower] = interface.sides.map(|side| &factors[side]);
            let [[t_above, r_above], [t_below, r_below]] = interface
                .incident
                .map(|pair| pair.map(|value| simd.complex(value)));
            for v in distinct.clone() {
                // T T h(-p s) + T R h(-m s) + R T h(m s) + R R h(p s) above, with -s below.
                let [plus, minus, forth, back] = [0, 1, 2, 3].map(|i| read(simd, &upper[i], v));
                let (t_f, r_f) = (
                    read(simd, &above.t_bottom, v),
                    read(simd, &above.r_bottom, v),
                );
                let down = r_f.mul_add(back, t_f * minus);
                let up = r_f.mul_add(plus, t_f * forth);
                let mut sum = t_above.mul_add(down, r_above * up);
                let [plus, minus, forth, back] = [0, 1, 2, 3].map(|i| read(simd, &lower[i], v));
                let (t_f, r_f) = (read(simd, &below.t, v), read(simd, &below.r, v));
                sum += t_below * r_f.mul_add(forth, t_f * plus);
                // The substrate has no up-going wave, and h of the other sign may be huge there.
                if !interface.last {
                    sum += r_below * r_f.mul_add(minus, t_f * back);
                }
                write(amplitude, v, sum);
            }
        }

        let zero = simd.real(0.0);
        let out = lanes_mut::<S>(self.out);
        for v in all {
            // Sum over the interfaces above, each with its correlation to the present one.
            let mut correlated = simd.complex(Complex64::ZERO);
            let mut total = zero;
            for (interface, amplitude) in interfaces.iter().zip(&*amplitudes) {
                let root = simd.of(lanes::<S>(&roots[interface.spectrum])[v]);
                let at = if self.exit.uniform { 0 } else { v };
                let scattered = read(simd, amplitude, at).scale(root);
                correlated = correlated.scale(simd.real(interface.link));
                // |s|^2 + 2 Re(s c*) = Re((s + 2 c) s*).
                let twice = correlated + correlated + scattered;
                total = twice.re.mul_add(scattered.re, total);
                total = twice.im.mul_add(scattered.im, total);
                correlated += scattered;
            }
            out[v] = (simd.of(out[v]) + total).lanes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form_factor::BLOCK;
    use crate::material::RefractiveIndex;
    use crate::multilayer::{Layer, Roughness, SelfAffine};
    use crate::simd::testing::with_all_instructions;

    const K: f64 = 60.0;
    const KZ: f64 = 0.25;

    /// Five films of two materials; interfaces differ in roughness and spectrum, one is smooth.
    fn stack(correlation: Option<f64>, tanh: bool) -> (Multilayer, RoughInterfaces) {
        let index = |delta, beta| RefractiveIndex::new(delta, beta).unwrap();
        let media = [index(2e-6, 3e-9), index(8e-6, 2e-7)];
        let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
        let mut profiles = vec![None];
        for j in 0..6 {
            let profile = (j != 2).then(|| SelfAffine {
                sigma_nm: 0.5 + 0.2 * f64::from(j % 2),
                hurst: 0.3 + 0.3 * f64::from(j % 3),
                correlation_nm: 20.0,
                max_frequency_per_nm: if j == 4 { 0.02 } else { 0.5 },
            });
            let sigma = profile.map_or(0.0, |p| p.effective_sigma());
            let roughness = if tanh {
                Roughness::tanh(sigma)
            } else {
                Roughness::erf(sigma)
            };
            let medium = if j == 5 {
                index(6e-6, 1e-7)
            } else {
                media[j as usize % 2]
            };
            let thickness = 5.0 + f64::from(j);
            layers.push(Layer::new(medium, thickness).with_roughness(roughness.unwrap()));
            profiles.push(profile);
        }
        let rough = RoughInterfaces {
            profiles,
            vertical_correlation_nm: correlation,
        };
        (Multilayer::new(layers).unwrap(), rough)
    }

    fn check(correlation: Option<f64>, tanh: bool, angles: &[f64]) {
        let (stack, rough) = stack(correlation, tanh);
        let incident = stack.waves(K, KZ);
        let mut block = WaveBlock::new(&stack, K);
        let mut diffuse = DiffuseBlock::new(&rough, &stack, K, &incident);
        stack.exit_waves_block(angles, &mut block);
        let mut q_par = vec![0.0; padded(angles.len())];
        for (i, q) in q_par.iter_mut().enumerate() {
            *q = 0.01 * i as f64;
        }
        let mut found = vec![0.0; q_par.len()];
        diffuse.add(&q_par, &block, &mut found);
        let mut exit = vec![LayerWave::default(); incident.len()];
        for (i, alpha) in angles.iter().enumerate() {
            stack.exit_waves_into(K, *alpha, &mut exit);
            let amplitudes = rough.amplitudes(&stack, K, &incident, &exit);
            let expected = rough.cross_section(&stack, &amplitudes, q_par[i]);
            let error = (found[i] - expected).abs();
            // At grazing exit nothing is left but rounding.
            assert!(
                error < 1e-11 * expected + 1e-30,
                "alpha {alpha}: {expected}, {error:e}"
            );
        }
    }

    #[test]
    fn blocks_agree_with_the_double_sum() {
        with_all_instructions(|_| {
            for correlation in [None, Some(4.0), Some(50.0), Some(1e9)] {
                for tanh in [false, true] {
                    let angles: Vec<f64> = (0..BLOCK).map(|i| 1e-4 + 3e-4 * i as f64).collect();
                    check(correlation, tanh, &angles);
                    check(correlation, tanh, &angles[..13]);
                    check(correlation, tanh, &[0.01; 19]);
                    check(correlation, tanh, &[-0.01, -0.002, 0.0, 0.02, -0.03]);
                }
            }
        });
    }

    #[test]
    fn recurring_sides_and_spectra_are_evaluated_once() {
        let (stack, rough) = stack(Some(50.0), false);
        let layers = stack.layers();
        let period = [layers[1], layers[2].with_roughness(layers[1].roughness)];
        let mut many = vec![layers[0]];
        let mut profiles = vec![None];
        for _ in 0..20 {
            many.extend(period);
            profiles.extend([rough.profiles[1]; 2]);
        }
        let many = Multilayer::new(many).unwrap();
        let rough = RoughInterfaces {
            profiles,
            vertical_correlation_nm: None,
        };
        let diffuse = DiffuseBlock::new(&rough, &many, K, &many.waves(K, KZ));
        assert_eq!(diffuse.interfaces.len(), 40);
        assert_eq!((diffuse.sides.len(), diffuse.spectra.len()), (3, 1));
    }
}
