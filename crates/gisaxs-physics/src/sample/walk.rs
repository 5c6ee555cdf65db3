//! The walk over the pixels, block by block.
#![allow(
    clippy::needless_range_loop,
    reason = "several columns share the index"
)]

use super::Sample;
use super::block::Block;
use super::ensemble::{Ensemble, Sums};
use crate::dwba::Workspace;
use crate::form_factor::{BLOCK, Column};
use crate::geometry::{Beam, Direction};
use crate::multilayer::{LayerWave, WaveBlock};

impl Sample {
    /// [`Self::cross_section`] into a buffer. Blocks of pixels start at multiples of [`BLOCK`], and all
    /// memory is reused from block to block.
    pub(super) fn walk(&self, beam: &Beam, directions: &[Direction], out: &mut [f64]) {
        let k = beam.k();
        let incident = self.stack.waves(k, beam.kz());
        let ensembles: Vec<Ensemble<'_>> = self
            .populations
            .iter()
            .map(|p| Ensemble::new(p, &self.stack, k))
            .collect();
        let mut block = Block::default();
        let mut exit = WaveBlock::new(incident.len());
        let mut workspace = Workspace::default();
        let mut sums = Sums::default();
        let mut sum = Column::default();
        let mut diffuse = Diffuse::default();
        for (directions, out) in directions.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            block.load(beam, directions);
            self.stack.exit_waves_block(k, block.angles(), &mut exit);
            sum.fill(0.0);
            workspace.begin();
            for ensemble in &ensembles {
                ensemble.add(
                    &block,
                    &incident,
                    &exit,
                    &mut workspace,
                    &mut sums,
                    &mut sum,
                );
            }
            self.add_diffuse(k, &block, &incident, &exit, &mut diffuse, &mut sum);
            out.copy_from_slice(&sum[..directions.len()]);
        }
    }

    /// Adds the diffuse scattering of rough interfaces.
    fn add_diffuse(
        &self,
        k: f64,
        block: &Block,
        incident: &[LayerWave],
        exit: &WaveBlock,
        diffuse: &mut Diffuse,
        out: &mut [f64],
    ) {
        let Some(rough) = &self.rough else {
            return;
        };
        diffuse.exit.resize(incident.len(), LayerWave::default());
        for pixel in 0..block.pixels {
            if pixel == 0 || !exit.uniform {
                exit.pixel(pixel, &mut diffuse.exit);
                diffuse.amplitudes = rough.amplitudes(&self.stack, k, incident, &diffuse.exit);
            }
            out[pixel] += rough.cross_section(&self.stack, &diffuse.amplitudes, block.q_par[pixel]);
        }
    }
}

/// Memory for the diffuse scattering of one pixel.
#[derive(Debug, Default)]
struct Diffuse {
    exit: Vec<LayerWave>,
    amplitudes: Vec<num_complex::Complex64>,
}
