//! The walk over the pixels, block by block.

use super::Sample;
use super::block::Block;
use super::ensemble::{Ensemble, Sums};
use crate::dwba::Workspace;
use crate::form_factor::{BLOCK, Column};
use crate::geometry::{Beam, Direction};
use crate::multilayer::{DiffuseBlock, WaveBlock};

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
        let mut exit = WaveBlock::new(&self.stack, k);
        let mut workspace = Workspace::default();
        let mut sums = Sums::default();
        let mut sum = Column::default();
        let mut diffuse = self
            .rough
            .as_ref()
            .map(|rough| DiffuseBlock::new(rough, &self.stack, k, &incident));
        for (directions, out) in directions.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            block.load(beam, directions);
            self.stack.exit_waves_block(block.angles(), &mut exit);
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
            if let Some(diffuse) = &mut diffuse {
                let n = block.padded();
                diffuse.add(&block.q_par[..n], &exit, &mut sum[..n]);
            }
            out.copy_from_slice(&sum[..directions.len()]);
        }
    }
}
