//! Plane waves in a stack of layers: Parratt's recursion with rough interfaces.
//!
//! z = 0 is the top of the first interface; layers lie below. In layer j the field is
//!
//! T_j exp(-i k_z,j (z - z_j)) + R_j exp(+i k_z,j (z - z_j)),
//!
//! z_j being the layer's top interface (for the ambient: z = 0), T the down-going and R the
//! up-going amplitude; the incident amplitude T_0 is 1. Reference: L. G. Parratt,
//! Phys. Rev. 95, 359 (1954).

mod block;
mod diffuse;
mod diffuse_block;
mod plan;
mod roughness;

pub(crate) use block::{LayerColumns, WaveBlock};
pub use diffuse::{RoughInterfaces, SelfAffine};
pub(crate) use diffuse_block::DiffuseBlock;
pub(crate) use roughness::root_of_tanhc;
pub use roughness::{InterfaceProfile, Roughness, effective_sigma};

use num_complex::Complex64;

use crate::elementary::{exp, sin, sqrt};
use crate::error::{Error, Result, non_negative};
use crate::material::RefractiveIndex;

/// One layer of a [`Multilayer`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Layer {
    /// Refractive index of the layer.
    pub index: RefractiveIndex,
    /// Thickness in nm. Not used for the ambient and the substrate, which have no end.
    pub thickness_nm: f64,
    /// Roughness of the layer's **top** interface. Not used for the ambient.
    pub roughness: Roughness,
}

impl Layer {
    /// A smooth layer of finite thickness (nm).
    #[must_use]
    pub fn new(index: RefractiveIndex, thickness_nm: f64) -> Self {
        Self {
            index,
            thickness_nm,
            roughness: Roughness::NONE,
        }
    }

    /// An ambient or a substrate.
    #[must_use]
    pub fn semi_infinite(index: RefractiveIndex) -> Self {
        Self::new(index, 0.0)
    }

    /// The same layer with a rough top interface.
    #[must_use]
    pub fn with_roughness(self, roughness: Roughness) -> Self {
        Self { roughness, ..self }
    }
}

/// Wave of one layer: amplitudes at the layer's top interface (ambient: at z = 0).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerWave {
    /// Normal wavenumber k_z in the layer, nm^-1, with Re k_z >= 0.
    pub kz: Complex64,
    /// Down-going amplitude T.
    pub t: Complex64,
    /// Up-going amplitude R.
    pub r: Complex64,
}

impl LayerWave {
    /// The (T, R) pair at the height `z_nm` (nm) above the layer's top interface
    /// (negative inside the layer).
    #[must_use]
    pub fn at(&self, z_nm: f64) -> (Complex64, Complex64) {
        let down = exp(-Complex64::I * self.kz * z_nm);
        // R was obtained with the factor exp(2 i kz d) of the whole layer, so where it has
        // underflowed to zero the upward wave is zero at any height of interest.
        let up = if self.r == Complex64::ZERO {
            Complex64::ZERO
        } else {
            self.r * exp(Complex64::I * self.kz * z_nm)
        };
        (self.t * down, up)
    }
}

/// A stack of homogeneous layers: the first is the ambient, the last the substrate.
#[derive(Debug, Clone, PartialEq)]
pub struct Multilayer {
    layers: Vec<Layer>,
}

impl Multilayer {
    /// Stack from top to bottom; the first and the last layer are semi-infinite.
    ///
    /// # Errors
    /// If there are fewer than two layers, a refractive index is not physical, or a thickness
    /// or roughness is negative or not finite.
    pub fn new(layers: Vec<Layer>) -> Result<Self> {
        if layers.len() < 2 {
            return Err(Error::LayerCount {
                found: layers.len(),
                expected: 2,
            });
        }
        let last = layers.len() - 1;
        for (j, layer) in layers.iter().enumerate() {
            RefractiveIndex::new(layer.index.delta, layer.index.beta)?;
            if j > 0 {
                non_negative("roughness sigma", layer.roughness.sigma_nm, "nm")?;
            }
            if j > 0 && j < last {
                non_negative("layer thickness", layer.thickness_nm, "nm")?;
            }
        }
        Ok(Self { layers })
    }

    /// Vacuum on a substrate.
    ///
    /// # Errors
    /// If the refractive index is not physical.
    pub fn substrate(index: RefractiveIndex) -> Result<Self> {
        Self::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::semi_infinite(index),
        ])
    }

    /// The layers from top to bottom.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Height in nm of the top interface of layer `j`: 0 for the ambient and the first layer
    /// below it, negative further down.
    ///
    /// # Panics
    /// If the layer does not exist.
    #[must_use]
    pub fn top_nm(&self, j: usize) -> f64 {
        assert!(j < self.layers.len(), "layer {j} of {}", self.layers.len());
        -self.layers[..j]
            .iter()
            .skip(1)
            .map(|l| l.thickness_nm)
            .sum::<f64>()
    }

    /// Waves in all layers, from top to bottom, for the vacuum wavenumber `k` (nm^-1) and
    /// `kz_vacuum` = k sin(alpha) >= 0 (nm^-1).
    ///
    /// In layer j, k_z = sqrt(k^2 (n_j^2 - n_0^2) + n_0^2 kz_vacuum^2). The recursion runs on
    /// the ratio R / T from the substrate up and on T from the top down; both only ever multiply
    /// by decaying exponentials, so thick absorbing layers underflow to zero and nothing
    /// overflows.
    #[must_use]
    pub fn waves(&self, k: f64, kz_vacuum: f64) -> Vec<LayerWave> {
        let mut waves = vec![LayerWave::default(); self.layers.len()];
        self.waves_into(k, kz_vacuum, &mut waves);
        waves
    }

    /// [`Self::waves`] into a buffer of one entry per layer.
    ///
    /// # Panics
    /// If the buffer does not have one entry per layer.
    pub fn waves_into(&self, k: f64, kz_vacuum: f64, waves: &mut [LayerWave]) {
        assert_eq!(waves.len(), self.layers.len(), "one wave per layer");
        for (wave, layer) in waves.iter_mut().zip(&self.layers) {
            wave.kz = self.kz(layer, k, kz_vacuum);
        }
        self.propagate(waves);
    }

    /// Waves that leave in a direction, as the time-reversed waves that the distorted-wave Born
    /// approximation needs, for the vacuum wavenumber `k` (nm^-1) and the exit angle
    /// `alpha_f_rad` (rad).
    ///
    /// Above the horizon they are [`Self::waves`] for k sin(alpha_f). Below it, alpha_f is the
    /// angle inside the substrate: with k_t = k sin|alpha_f| and
    /// k_z0^2 = k_t^2 + Re[k^2 (1 - n_substrate^2)], a wave comes up from the substrate with the
    /// in-plane momentum that belongs to k_z0 in vacuum, so in the ambient there is only the
    /// up-going, transmitted wave.
    ///
    /// # Panics
    /// If the buffer does not have one entry per layer.
    pub fn exit_waves_into(&self, k: f64, alpha_f_rad: f64, waves: &mut [LayerWave]) {
        let kz = k * sin(alpha_f_rad);
        if kz >= 0.0 {
            return self.waves_into(k, kz, waves);
        }
        assert_eq!(waves.len(), self.layers.len(), "one wave per layer");
        let last = self.layers.len() - 1;
        let substrate = self.layers[last].index.n_squared_minus_one();
        let vacuum_squared = kz * kz - k * k * substrate.re;
        let reversed = self.upside_down();
        for (wave, layer) in waves.iter_mut().zip(&reversed.layers) {
            wave.kz = downward_root(k * k * layer.index.n_squared_minus_one() + vacuum_squared);
        }
        reversed.propagate(waves);
        waves.reverse();
        // Up and down, and the top and the bottom of each film, change places.
        for (wave, layer) in waves.iter_mut().zip(&self.layers).take(last).skip(1) {
            (wave.t, wave.r) = wave.at(-layer.thickness_nm);
        }
        for wave in waves {
            (wave.t, wave.r) = (wave.r, wave.t);
        }
    }

    /// The stack seen from below: the substrate is the ambient.
    fn upside_down(&self) -> Self {
        let last = self.layers.len() - 1;
        let layers = (0..=last)
            .map(|j| {
                let mut layer = self.layers[last - j];
                layer.roughness = if j == 0 {
                    Roughness::NONE
                } else {
                    self.layers[last - j + 1].roughness
                };
                if j == 0 || j == last {
                    layer.thickness_nm = 0.0;
                }
                layer
            })
            .collect();
        Self { layers }
    }

    /// Amplitudes from the wavenumbers `kz`, which must be filled in.
    fn propagate(&self, waves: &mut [LayerWave]) {
        let last = waves.len() - 1;
        // Upwards: `r` holds R / T at the top of each layer, `t` the factor T_j / T_{j-1}.
        waves[last].r = Complex64::ZERO;
        for j in (0..last).rev() {
            let below = waves[j + 1];
            let (r, t) = self.layers[j + 1].roughness.fresnel(waves[j].kz, below.kz);
            let denominator = (1.0 + r * below.r).inv();
            let decay = self.decay(j, waves[j].kz);
            waves[j].r = (r + below.r) * denominator * decay * decay;
            waves[j + 1].t = t * denominator * decay;
        }
        // Downwards.
        waves[0].t = Complex64::ONE;
        for j in 0..=last {
            if j > 0 {
                waves[j].t *= waves[j - 1].t;
            }
            waves[j].r *= waves[j].t;
        }
    }

    /// Reflection amplitude of the whole stack, R_0 at z = 0; the reflectivity is its squared
    /// magnitude. Arguments as for [`Self::waves`].
    #[must_use]
    pub fn reflection(&self, k: f64, kz_vacuum: f64) -> Complex64 {
        let last = self.layers.len() - 1;
        let mut ratio = Complex64::ZERO;
        let mut kz_below = self.kz(&self.layers[last], k, kz_vacuum);
        for j in (0..last).rev() {
            let kz = self.kz(&self.layers[j], k, kz_vacuum);
            let (r, _) = self.layers[j + 1].roughness.fresnel(kz, kz_below);
            let decay = self.decay(j, kz);
            ratio = (r + ratio) / (1.0 + r * ratio) * decay * decay;
            kz_below = kz;
        }
        ratio
    }

    /// exp(i kz d) through layer `j`; 1 for the ambient, whose reference height is its bottom.
    fn decay(&self, j: usize, kz: Complex64) -> Complex64 {
        if j == 0 {
            Complex64::ONE
        } else {
            exp(Complex64::I * kz * self.layers[j].thickness_nm)
        }
    }

    fn kz(&self, layer: &Layer, k: f64, kz_vacuum: f64) -> Complex64 {
        let ambient = self.layers[0].index.n_squared_minus_one();
        downward_root(
            k * k * (layer.index.n_squared_minus_one() - ambient)
                + kz_vacuum * kz_vacuum * (1.0 + ambient),
        )
    }
}

/// The root with Re >= 0; for a negative real square the sign of a zero imaginary part must not
/// decide: the evanescent wave decays downwards.
fn downward_root(squared: Complex64) -> Complex64 {
    let root = sqrt(squared);
    if root.re == 0.0 && root.im < 0.0 {
        -root
    } else {
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: f64 = 60.0;

    fn index(delta: f64, beta: f64) -> RefractiveIndex {
        RefractiveIndex::new(delta, beta).unwrap()
    }

    fn film() -> Multilayer {
        Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(index(3e-6, 5e-9), 40.0).with_roughness(Roughness::erf(0.4).unwrap()),
            Layer::new(index(4e-5, 3e-6), 7.0),
            Layer::semi_infinite(index(7e-6, 1e-7)),
        ])
        .unwrap()
    }

    #[test]
    fn one_interface_is_fresnel() {
        let silicon = index(7.5e-6, 1.7e-7);
        let stack = Multilayer::substrate(silicon).unwrap();
        for alpha in [1e-4, 2e-3, 3.87e-3, 5e-3, 0.02, 0.5] {
            let kz = K * f64::sin(alpha);
            let below = (Complex64::from(kz * kz) + K * K * silicon.n_squared_minus_one()).sqrt();
            let r = (kz - below) / (kz + below);
            assert!((stack.reflection(K, kz) - r).norm() < 1e-13);
            let waves = stack.waves(K, kz);
            assert!((waves[0].r - r).norm() < 1e-13);
            assert!((waves[1].t - (1.0 + r)).norm() < 1e-13);
            assert_eq!(waves[1].r, Complex64::ZERO);
        }
    }

    #[test]
    fn flux_is_conserved_without_absorption() {
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(index(3e-6, 0.0), 40.0).with_roughness(Roughness::tanh(1.0).unwrap()),
            Layer::new(index(2e-5, 0.0), 11.0),
            Layer::semi_infinite(index(5e-6, 0.0)),
        ])
        .unwrap();
        for step in 1..60 {
            let kz = 0.02 * f64::from(step);
            let waves = stack.waves(K, kz);
            let bottom = waves[3];
            let flux = waves[0].r.norm_sqr() + bottom.t.norm_sqr() * bottom.kz.re / kz;
            assert!((flux - 1.0).abs() < 1e-12, "kz = {kz}: {flux}");
        }
    }

    #[test]
    fn field_is_continuous_at_smooth_interfaces() {
        let mut layers = film().layers().to_vec();
        layers[1].roughness = Roughness::NONE;
        let stack = Multilayer::new(layers).unwrap();
        let waves = stack.waves(K, 0.25);
        for j in 1..4 {
            let height = if j == 1 {
                0.0
            } else {
                -stack.layers()[j - 1].thickness_nm
            };
            let (t_above, r_above) = waves[j - 1].at(height);
            let (t, r) = waves[j].at(0.0);
            assert!((t_above + r_above - t - r).norm() < 1e-13);
            let slope_above = waves[j - 1].kz * (t_above - r_above);
            assert!((slope_above - waves[j].kz * (t - r)).norm() < 1e-13);
        }
    }

    #[test]
    fn splitting_a_layer_changes_nothing() {
        let whole = film();
        let mut layers = whole.layers().to_vec();
        layers[1].thickness_nm = 15.0;
        layers.insert(2, Layer::new(layers[1].index, 25.0));
        let split = Multilayer::new(layers).unwrap();
        assert_eq!(split.top_nm(3), whole.top_nm(2));
        for kz in [1e-3, 0.1, 0.2, 0.6] {
            assert!((whole.reflection(K, kz) - split.reflection(K, kz)).norm() < 1e-12);
            let (a, b) = (whole.waves(K, kz), split.waves(K, kz));
            assert!((a[2].t - b[3].t).norm() < 1e-12 && (a[2].r - b[3].r).norm() < 1e-12);
        }
    }

    #[test]
    fn thick_absorbing_layers_do_not_overflow() {
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(index(5e-5, 5e-6), 1e7).with_roughness(Roughness::erf(2.0).unwrap()),
            Layer::new(index(1e-6, 0.0), 1e6).with_roughness(Roughness::tanh(2.0).unwrap()),
            Layer::semi_infinite(index(7e-6, 1e-7)),
        ])
        .unwrap();
        let bulk = Multilayer::new(vec![stack.layers()[0], stack.layers()[1]]).unwrap();
        for kz in [0.0, 1e-9, 0.05, 0.3, 3.0] {
            let waves = stack.waves(K, kz);
            assert!(
                waves
                    .iter()
                    .all(|w| w.t.is_finite() && w.r.is_finite() && w.kz.is_finite())
            );
            assert!((stack.reflection(K, kz) - bulk.reflection(K, kz)).norm() < 1e-12);
        }
    }

    #[test]
    fn grazing_limit_and_vacuum() {
        assert!((film().reflection(K, 0.0) + 1.0).norm() < 1e-12);
        let nothing = Multilayer::substrate(RefractiveIndex::VACUUM).unwrap();
        for kz in [0.0, 0.3] {
            let waves = nothing.waves(K, kz);
            assert_eq!(waves[0].r, Complex64::ZERO);
            assert_eq!(waves[1].t, Complex64::ONE);
        }
    }

    #[test]
    fn waves_below_the_horizon_are_continuous_and_reciprocal() {
        let mut layers = film().layers().to_vec();
        layers[1].roughness = Roughness::NONE;
        let stack = Multilayer::new(layers).unwrap();
        let mut waves = [LayerWave::default(); 4];
        stack.exit_waves_into(K, -0.004, &mut waves);
        assert_eq!(waves[0].t, Complex64::ZERO);
        for j in 1..4 {
            let height = if j == 1 {
                0.0
            } else {
                -stack.layers()[j - 1].thickness_nm
            };
            let (t_above, r_above) = waves[j - 1].at(height);
            let (t, r) = waves[j].at(0.0);
            assert!((t_above + r_above - t - r).norm() < 1e-12);
            let slope_above = waves[j - 1].kz * (t_above - r_above);
            assert!((slope_above - waves[j].kz * (t - r)).norm() < 1e-12);
        }
        // Reciprocity of transmission: t_up / kz_substrate = t_down / kz_ambient.
        let kz = waves[0].kz.re;
        assert!(waves[0].kz.im.abs() < 1e-9);
        let down = stack.waves(K, kz)[3];
        assert!((waves[0].r / down.kz - down.t / kz).norm() < 1e-3 * (down.t / kz).norm());
        // A bare substrate.
        let silicon = Multilayer::substrate(index(7e-6, 1e-7)).unwrap();
        let mut waves = [LayerWave::default(); 2];
        silicon.exit_waves_into(K, -0.004, &mut waves);
        let expected = 2.0 * waves[1].kz / (waves[1].kz + waves[0].kz);
        assert!((waves[0].r - expected).norm() < 1e-14);
    }

    #[test]
    fn refuses_bad_stacks() {
        let vacuum = Layer::semi_infinite(RefractiveIndex::VACUUM);
        assert!(matches!(
            Multilayer::new(vec![vacuum]),
            Err(Error::LayerCount { found: 1, .. })
        ));
        let mut bad = film().layers().to_vec();
        bad[1].thickness_nm = f64::NAN;
        assert!(Multilayer::new(bad).is_err());
    }
}
