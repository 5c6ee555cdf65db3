//! Exit waves of a block of pixels: [`Multilayer::exit_waves_into`] for vectors of pixels, whose
//! exit angles may all differ.

use num_complex::Complex64;

use super::plan::Plan;
use super::{LayerWave, Multilayer};
use crate::form_factor::{BLOCK, Column, Columns};
use crate::simd::{Cplx, Kernel, LANES, Simd, dispatch, lanes, lanes_mut, padded};

/// [`LayerWave`] of one layer for every pixel of a block, padded to whole vectors.
#[derive(Debug, Clone, Default)]
pub(crate) struct LayerColumns {
    /// Normal wavenumber k_z, nm^-1.
    pub(crate) kz: Columns,
    /// Down-going amplitude at the top of the layer.
    pub(crate) t: Columns,
    /// Up-going amplitude at the top of the layer.
    pub(crate) r: Columns,
    /// Down-going amplitude at the bottom of the layer; not used for the substrate.
    pub(crate) t_bottom: Columns,
    /// Up-going amplitude at the bottom of the layer; not used for the substrate.
    pub(crate) r_bottom: Columns,
    /// Whether all k_z are real.
    pub(crate) real: bool,
}

impl LayerColumns {
    /// The wave of one pixel.
    pub(crate) fn at(&self, pixel: usize) -> LayerWave {
        let [kz, t, r] =
            [&self.kz, &self.t, &self.r].map(|c| Complex64::new(c.re[pixel], c.im[pixel]));
        LayerWave { kz, t, r }
    }

    fn all_mut(&mut self) -> [&mut Columns; 5] {
        let Self {
            kz,
            t,
            r,
            t_bottom,
            r_bottom,
            ..
        } = self;
        [kz, t, r, t_bottom, r_bottom]
    }

    /// The wave of one pixel from the same layer of the stack seen from below: up and down, top
    /// and bottom change places.
    fn set_reversed(&mut self, pixel: usize, reversed: &Self) {
        for (to, from) in [
            (&mut self.kz, &reversed.kz),
            (&mut self.t, &reversed.r_bottom),
            (&mut self.r, &reversed.t_bottom),
            (&mut self.t_bottom, &reversed.r),
            (&mut self.r_bottom, &reversed.t),
        ] {
            to.re[pixel] = from.re[pixel];
            to.im[pixel] = from.im[pixel];
        }
    }
}

/// Exit waves of a block of pixels, layer by layer.
#[derive(Debug, Clone)]
pub(crate) struct WaveBlock {
    /// From the ambient down.
    pub(crate) layers: Vec<LayerColumns>,
    /// Whether all pixels have the same waves.
    pub(crate) uniform: bool,
    /// Vacuum wavenumber, nm^-1.
    k: f64,
    above: Side,
    /// For waves that leave through the substrate, and their layers from the substrate up.
    below: Option<(Side, Vec<LayerColumns>)>,
}

/// What the waves that leave through one side of the stack are computed from.
#[derive(Debug, Clone)]
struct Side {
    plan: Plan,
    /// Angle to the surface in rad, >= 0, in the medium that the wave leaves through; then u.
    angle: Column,
    /// u of the plan is (k sin(angle))^2 + `shift`, nm^-2.
    k: f64,
    shift: f64,
    kz: Vec<Columns>,
    decay: Vec<Columns>,
    fresnel: Vec<[Columns; 2]>,
}

impl Side {
    fn new(plan: Plan, k: f64, shift: f64) -> Self {
        Self {
            angle: Column::ZERO,
            k,
            shift,
            kz: vec![Columns::default(); plan.media.len()],
            decay: vec![Columns::default(); plan.films.len()],
            fresnel: vec![<[Columns; 2]>::default(); plan.interfaces.len()],
            plan,
        }
    }
}

impl WaveBlock {
    /// Room for the waves of a stack at the vacuum wavenumber `k` (nm^-1).
    pub(crate) fn new(stack: &Multilayer, k: f64) -> Self {
        Self {
            layers: vec![LayerColumns::default(); stack.layers().len()],
            uniform: false,
            k,
            above: Side::new(stack.plan(k), k, 0.0),
            below: None,
        }
    }

    /// The waves of one pixel in all layers.
    #[cfg(test)]
    pub(crate) fn pixel(&self, pixel: usize, waves: &mut [LayerWave]) {
        for (wave, layer) in waves.iter_mut().zip(&self.layers) {
            *wave = layer.at(pixel);
        }
    }
}

impl Multilayer {
    /// [`Self::exit_waves_into`] for a block of at most [`BLOCK`] exit angles (rad), padded to whole
    /// vectors with copies of the last. The block must be one of this stack.
    pub(crate) fn exit_waves_block(&self, alpha_f_rad: &[f64], block: &mut WaveBlock) {
        let pixels = alpha_f_rad.len();
        assert!((1..=BLOCK).contains(&pixels), "{pixels} pixels in a block");
        let k = block.k;
        block.uniform = alpha_f_rad.iter().all(|a| *a == alpha_f_rad[0]);
        let last = alpha_f_rad[pixels - 1];
        let angles = || alpha_f_rad.iter().chain(std::iter::repeat(&last));
        // One vector serves a whole block of equal angles.
        let length = if block.uniform { LANES } else { padded(pixels) };
        let is_below = |alpha: &f64| *alpha < 0.0;
        let any_below = alpha_f_rad.iter().any(is_below);
        if !alpha_f_rad.iter().all(is_below) {
            let side = &mut block.above;
            for (angle, alpha) in side.angle[..length].iter_mut().zip(angles()) {
                *angle = alpha.max(0.0);
            }
            let layers = &mut block.layers;
            dispatch(Waves {
                side,
                layers,
                length,
            });
        }
        if any_below {
            let (side, reversed) = block.below.get_or_insert_with(|| {
                let side = Side::new(self.plan_from_below(k), k, self.vacuum_shift(k));
                (side, vec![LayerColumns::default(); block.layers.len()])
            });
            for (angle, alpha) in side.angle[..length].iter_mut().zip(angles()) {
                *angle = (-alpha).max(0.0);
            }
            let layers = &mut *reversed;
            dispatch(Waves {
                side,
                layers,
                length,
            });
            for (layer, reversed) in block.layers.iter_mut().zip(reversed.iter().rev()) {
                for (pixel, alpha) in (0..length).zip(angles()) {
                    if is_below(alpha) {
                        layer.set_reversed(pixel, reversed);
                    }
                }
            }
        }
        for layer in &mut block.layers {
            if block.uniform {
                for columns in layer.all_mut() {
                    for column in [&mut columns.re, &mut columns.im] {
                        let value = column[0];
                        column[..padded(pixels)].fill(value);
                    }
                }
            }
            layer.real = layer.kz.im[..pixels].iter().all(|im| *im == 0.0);
        }
    }

    /// The stack from above: u = k_z^2 in vacuum.
    fn plan(&self, k: f64) -> Plan {
        let ambient = self.layers()[0].index.n_squared_minus_one();
        Plan::new(self.layers(), 1.0 + ambient, |layer| {
            k * k * (layer.index.n_squared_minus_one() - ambient)
        })
    }

    /// The stack from below: u = k_t^2 + [`Self::vacuum_shift`], see [`Self::exit_waves_into`].
    fn plan_from_below(&self, k: f64) -> Plan {
        Plan::new(self.upside_down().layers(), Complex64::ONE, |layer| {
            k * k * layer.index.n_squared_minus_one()
        })
    }

    /// Re\[k^2 (1 - n_substrate^2)\].
    fn vacuum_shift(&self, k: f64) -> f64 {
        let last = self.layers().len() - 1;
        -k * k * self.layers()[last].index.n_squared_minus_one().re
    }
}

/// A vector of complex numbers of a column.
#[inline(always)]
pub(super) fn read<S: Simd>(simd: S, columns: &Columns, vector: usize) -> Cplx<S> {
    simd.of_parts(
        lanes::<S>(&columns.re)[vector],
        lanes::<S>(&columns.im)[vector],
    )
}

/// Stores what [`read`] reads.
#[inline(always)]
pub(super) fn write<S: Simd>(columns: &mut Columns, vector: usize, value: Cplx<S>) {
    lanes_mut::<S>(&mut columns.re)[vector] = value.re.lanes();
    lanes_mut::<S>(&mut columns.im)[vector] = value.im.lanes();
}

/// Parratt's recursion for the pixels of a block, as [`Multilayer::waves_into`].
struct Waves<'a> {
    side: &'a mut Side,
    /// From the side of the incoming wave on.
    layers: &'a mut [LayerColumns],
    length: usize,
}

impl Kernel for Waves<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let layers = self.layers;
        let Side {
            plan,
            angle,
            k,
            shift,
            kz,
            decay,
            fresnel,
        } = self.side;
        let vectors = 0..self.length / S::F64_LANES;
        // The angles become u.
        for u in &mut lanes_mut::<S>(angle)[vectors.clone()] {
            let (sin, _) = simd.of(*u).sin_cos();
            *u = ((sin * *k).squared() + simd.real(*shift)).lanes();
        }
        for (kz, offset) in kz.iter_mut().zip(&plan.media) {
            let (slope, offset) = (simd.complex(plan.slope), simd.complex(*offset));
            for v in vectors.clone() {
                let u = simd.of(lanes::<S>(angle)[v]);
                let squared = Cplx::new(
                    slope.re.mul_add(u, offset.re),
                    slope.im.mul_add(u, offset.im),
                );
                write(kz, v, squared.sqrt());
            }
        }
        for (decay, (medium, thickness)) in decay.iter_mut().zip(&plan.films) {
            let thickness = simd.real(*thickness);
            for v in vectors.clone() {
                let phase = read(simd, &kz[*medium], v).scale(thickness);
                write(decay, v, phase.times_i().exp());
            }
        }
        for ([r, t], (above, below, roughness)) in fresnel.iter_mut().zip(&plan.interfaces) {
            for v in vectors.clone() {
                let (a, b) = (read(simd, &kz[*above], v), read(simd, &kz[*below], v));
                let coefficients = if above == below {
                    (simd.complex(Complex64::ZERO), simd.complex(Complex64::ONE))
                } else {
                    roughness.fresnel_of_lanes(a, b)
                };
                write(r, v, coefficients.0);
                write(t, v, coefficients.1);
            }
        }

        // Upwards: `r` holds R / T at the top of each layer, `r_bottom` the same at its bottom, `t`
        // the factor T_j / T_{j-1}.
        let last = layers.len() - 1;
        let one = simd.complex(Complex64::ONE);
        for v in vectors.clone() {
            write(&mut layers[last].r, v, simd.complex(Complex64::ZERO));
        }
        for j in (0..last).rev() {
            let [layer, below] = &mut layers[j..j + 2] else {
                unreachable!("a slice of two");
            };
            let [r, t] = &fresnel[plan.interface_of[j + 1]];
            let film = (j > 0).then(|| &decay[plan.film_of[j]]);
            for v in vectors.clone() {
                let (r, t) = (read(simd, r, v), read(simd, t, v));
                let ratio = read(simd, &below.r, v);
                let denominator = r.mul_add(ratio, one).inverse();
                let at_bottom = (r + ratio) * denominator;
                let through = t * denominator;
                write(&mut layer.r_bottom, v, at_bottom);
                if let Some(film) = film {
                    let decay = read(simd, film, v);
                    write(&mut layer.r, v, at_bottom * decay * decay);
                    write(&mut below.t, v, through * decay);
                } else {
                    write(&mut layer.r, v, at_bottom);
                    write(&mut below.t, v, through);
                }
            }
        }
        // Downwards.
        for v in vectors.clone() {
            write(&mut layers[0].t, v, one);
        }
        for j in 0..=last {
            let (before, rest) = layers.split_at_mut(j);
            let (layer, before) = (&mut rest[0], before.last());
            let film = (j > 0 && j < last).then(|| &decay[plan.film_of[j]]);
            let wavenumber = &kz[plan.medium_of[j]];
            for v in vectors.clone() {
                let mut t = read(simd, &layer.t, v);
                if let Some(before) = before {
                    t = t * read(simd, &before.t, v);
                }
                let r = read(simd, &layer.r, v) * t;
                let t_bottom = film.map_or(t, |film| t * read(simd, film, v));
                let r_bottom = read(simd, &layer.r_bottom, v) * t_bottom;
                write(&mut layer.kz, v, read(simd, wavenumber, v));
                write(&mut layer.t, v, t);
                write(&mut layer.r, v, r);
                write(&mut layer.t_bottom, v, t_bottom);
                // The last layer has no bottom, and nothing comes back.
                let r_bottom = if j == last { r } else { r_bottom };
                write(&mut layer.r_bottom, v, r_bottom);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::RefractiveIndex;
    use crate::multilayer::{Layer, Roughness};
    use crate::simd::testing::with_all_instructions;

    /// Numbers between 0 and 1 that look random.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn between(&mut self, low: f64, high: f64) -> f64 {
            low + (high - low) * self.next()
        }

        /// Any stack: thin and thick, transparent and opaque, smooth and rough; media and films
        /// recur.
        fn stack(&mut self) -> Multilayer {
            let media: Vec<RefractiveIndex> = (0..4)
                .map(|_| {
                    let delta = 10.0_f64.powf(self.between(-7.0, -4.0));
                    let beta = if self.next() < 0.2 {
                        0.0
                    } else {
                        delta * 10.0_f64.powf(self.between(-4.0, 0.0))
                    };
                    RefractiveIndex::new(if self.next() < 0.1 { -delta } else { delta }, beta)
                        .unwrap()
                })
                .collect();
            let count = 2 + (self.next() * 8.0) as usize;
            let layers = (0..count).map(|j| {
                let index = match j {
                    0 => RefractiveIndex::VACUUM,
                    _ => media[(self.next() * 4.0) as usize],
                };
                let thickness = 10.0_f64.powf(self.between(-1.0, 3.5));
                let sigma = self.between(0.0, 2.0);
                let roughness = match (self.next() * 3.0) as usize {
                    0 => Roughness::NONE,
                    1 => Roughness::erf(sigma).unwrap(),
                    _ => Roughness::tanh(sigma).unwrap(),
                };
                Layer::new(index, thickness).with_roughness(roughness)
            });
            let layers = layers.collect();
            Multilayer::new(layers).unwrap()
        }
    }

    const K: f64 = 60.0;

    /// Asserts that a block agrees with the waves of single pixels, relative to the largest
    /// amplitudes of the wave in each layer: to 1e-12, and what the rounding of k_z makes of the
    /// phase in thick films.
    fn assert_agreement(stack: &Multilayer, angles: &[f64], name: &str) {
        let steepest = angles.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let phase = K * steepest.sin() * stack.top_nm(stack.layers().len() - 1).abs();
        let worst = difference(stack, angles);
        let allowed = 1e-12 + 1e-15 * phase;
        assert!(
            worst < allowed,
            "{name}: {worst:e}, allowed {allowed:e}, {stack:?}"
        );
    }

    fn difference(stack: &Multilayer, angles: &[f64]) -> f64 {
        let count = stack.layers().len();
        let mut block = WaveBlock::new(stack, K);
        // Used twice: nothing of a block may leak into the next.
        stack.exit_waves_block(&[0.02, -0.01, 0.3], &mut block);
        stack.exit_waves_block(angles, &mut block);
        let mut waves = vec![LayerWave::default(); count];
        let mut found = waves.clone();
        let mut worst: f64 = 0.0;
        for (pixel, alpha) in angles.iter().enumerate() {
            stack.exit_waves_into(K, *alpha, &mut waves);
            block.pixel(pixel, &mut found);
            for (j, (found, expected)) in found.iter().zip(&waves).enumerate() {
                assert!(found.kz.is_finite() && found.t.is_finite() && found.r.is_finite());
                let size = expected.t.norm().max(expected.r.norm());
                worst = worst.max((found.kz - expected.kz).norm() / (expected.kz.norm() + 1e-9));
                // Where a wave has nearly died away within a film, the single pixel computes its
                // reflected part from subnormal numbers.
                if size < 1e-140 {
                    assert!(found.t.norm().max(found.r.norm()) < 1e-139);
                    continue;
                }
                worst = worst.max((found.t - expected.t).norm() / size);
                worst = worst.max((found.r - expected.r).norm() / size);
                if j < count - 1 {
                    let bottom = &block.layers[j];
                    let [t, r] = [&bottom.t_bottom, &bottom.r_bottom]
                        .map(|c| Complex64::new(c.re[pixel], c.im[pixel]));
                    let thickness = if j == 0 {
                        0.0
                    } else {
                        stack.layers()[j].thickness_nm
                    };
                    let (t_expected, r_expected) = expected.at(-thickness);
                    let size = t_expected.norm().max(r_expected.norm()).max(size * 1e-12);
                    worst = worst.max((t - t_expected).norm() / size);
                    worst = worst.max((r - r_expected).norm() / size);
                }
            }
        }
        worst
    }

    #[test]
    fn blocks_agree_with_single_pixels() {
        let mut numbers = Numbers(7);
        for case in 0..200 {
            let stack = numbers.stack();
            let pixels = 1 + (numbers.next() * BLOCK as f64) as usize;
            let lowest = if case % 3 == 0 { -0.05 } else { 1e-5 };
            let angles: Vec<f64> = (0..pixels).map(|_| numbers.between(lowest, 0.05)).collect();
            with_all_instructions(|name| {
                assert_agreement(&stack, &angles, name);
            });
        }
    }

    #[test]
    fn equal_angles_and_special_angles() {
        let mut numbers = Numbers(11);
        for _ in 0..40 {
            let stack = numbers.stack();
            for alpha in [0.0, 1e-9, 0.004, -0.004, 0.2, 1.5] {
                assert_agreement(&stack, &[alpha; 21], "equal");
            }
            assert_agreement(&stack, &[0.01, -0.02, 0.0, -1e-6, 1e-6], "mixed");
        }
    }
}
