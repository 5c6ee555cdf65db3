//! Exit waves of a block of pixels.

use super::{LayerWave, Multilayer};
use crate::form_factor::{BLOCK, Columns};
use crate::simd::padded;

/// [`LayerWave`] of one layer for every pixel of a block, padded to whole vectors.
#[derive(Debug, Clone, Default)]
pub(crate) struct LayerColumns {
    /// Normal wavenumber k_z, nm^-1.
    pub(crate) kz: Columns,
    /// Down-going amplitude.
    pub(crate) t: Columns,
    /// Up-going amplitude.
    pub(crate) r: Columns,
    /// Whether all k_z are real.
    pub(crate) real: bool,
}

impl LayerColumns {
    /// The wave of one pixel.
    pub(crate) fn at(&self, pixel: usize) -> LayerWave {
        LayerWave {
            kz: self.kz.get(pixel),
            t: self.t.get(pixel),
            r: self.r.get(pixel),
        }
    }

    fn set(&mut self, pixel: usize, wave: &LayerWave) {
        self.kz.set(pixel, wave.kz);
        self.t.set(pixel, wave.t);
        self.r.set(pixel, wave.r);
    }
}

/// Exit waves of a block of pixels, layer by layer.
#[derive(Debug, Clone)]
pub(crate) struct WaveBlock {
    /// From the ambient down.
    pub(crate) layers: Vec<LayerColumns>,
    /// Whether all pixels have the same waves.
    pub(crate) uniform: bool,
    /// Waves of one pixel.
    one: Vec<LayerWave>,
}

impl WaveBlock {
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            layers: vec![LayerColumns::default(); layers],
            uniform: false,
            one: vec![LayerWave::default(); layers],
        }
    }

    /// The waves of one pixel in all layers.
    pub(crate) fn pixel(&self, pixel: usize, waves: &mut [LayerWave]) {
        for (wave, layer) in waves.iter_mut().zip(&self.layers) {
            *wave = layer.at(pixel);
        }
    }
}

impl Multilayer {
    /// [`Self::exit_waves_into`] for a block of at most [`BLOCK`] exit angles (rad), padded to whole
    /// vectors with copies of the last.
    pub(crate) fn exit_waves_block(&self, k: f64, alpha_f_rad: &[f64], block: &mut WaveBlock) {
        let pixels = alpha_f_rad.len();
        assert!((1..=BLOCK).contains(&pixels), "{pixels} pixels in a block");
        block.uniform = alpha_f_rad.iter().all(|a| *a == alpha_f_rad[0]);
        let distinct = if block.uniform { 1 } else { pixels };
        for (pixel, alpha) in alpha_f_rad[..distinct].iter().enumerate() {
            self.exit_waves_into(k, *alpha, &mut block.one);
            for (layer, wave) in block.layers.iter_mut().zip(&block.one) {
                layer.set(pixel, wave);
            }
        }
        for layer in &mut block.layers {
            let last = layer.at(distinct - 1);
            for pixel in distinct..padded(pixels) {
                layer.set(pixel, &last);
            }
            layer.real = layer.kz.im[..distinct].iter().all(|im| *im == 0.0);
        }
    }
}
