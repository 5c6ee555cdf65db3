//! A sample in a beam, and the walk over the pixels.

use super::Sample;
use super::block::Block;
use super::ensemble::{Ensemble, Sums};
use crate::dwba::Workspace;
use crate::form_factor::{BLOCK, Column};
use crate::geometry::{Beam, Direction};
use crate::multilayer::{DiffuseBlock, LayerWave, WaveBlock};

/// A [`Sample`] in a [`Beam`]: what does not depend on the exit direction is computed once, then any
/// number of directions can follow, in whole images or in parts.
///
/// Directions are taken in blocks of [`Self::BLOCK`], and all memory is reused from block to block.
/// The value of a direction depends on its block but on nothing else, so parts that start at multiples of
/// [`Self::BLOCK`] have the bits of the whole image. That is how threads share the work: each takes
/// such parts of the directions and of the output, with the same `&Scattering`. This crate starts
/// no threads; with the feature `rayon`, `par_cross_section_into` uses those of the current pool.
///
/// ```
/// use gisaxs_physics::*;
///
/// let silicon = RefractiveIndex::new(5.8e-6, 1e-7)?;
/// let gold = RefractiveIndex::new(3.5e-5, 3e-6)?;
/// let spheres = Population::new(0, Placement::Bottom, Correlation::None { density_per_nm2: 1e-3 })
///     .with(Particle::new(Sphere::new(5.0)?, gold), 1.0)?;
/// let sample = Sample::new(Multilayer::substrate(silicon)?, vec![spheres])?;
/// let beam = Beam::new(0.1, 0.004)?;
/// let scattering = sample.scattering(&beam);
///
/// // A million pixels, of which neither the directions nor the values are ever all in memory.
/// let directions = (0..1_000_000_u32).map(|i| Direction {
///     alpha_f_rad: 2e-5 * f64::from(i / 1000),
///     two_theta_f_rad: 2e-5 * f64::from(i % 1000),
/// });
/// let mut brightest = (0, 0.0);
/// scattering.for_each_block(directions, |first, values| {
///     for (i, value) in values.iter().enumerate() {
///         if *value > brightest.1 {
///             brightest = (first + i, *value);
///         }
///     }
/// });
/// assert!(brightest.1 > 0.0);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug)]
pub struct Scattering<'a> {
    sample: &'a Sample,
    beam: Beam,
    incident: Vec<LayerWave>,
    ensembles: Vec<Ensemble<'a>>,
}

impl Sample {
    /// The sample in a beam, ready for directions.
    #[must_use]
    pub fn scattering(&self, beam: &Beam) -> Scattering<'_> {
        let k = beam.k();
        Scattering {
            sample: self,
            beam: *beam,
            incident: self.stack.waves(k, beam.kz()),
            ensembles: self
                .populations
                .iter()
                .map(|p| Ensemble::new(p, &self.stack, k))
                .collect(),
        }
    }
}

impl Scattering<'_> {
    /// Directions of a block.
    pub const BLOCK: usize = BLOCK;

    /// Differential cross-section per area of the surface, in nm^2 / sr / nm^2, for each exit
    /// direction, see [`Sample::cross_section`].
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn cross_section_into(&self, directions: &[Direction], out: &mut [f64]) {
        assert_eq!(directions.len(), out.len(), "one value per direction");
        let mut walk = Walk::new(self);
        for (directions, out) in directions.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            out.copy_from_slice(walk.block(self, directions));
        }
    }

    /// [`Self::cross_section_into`] on the threads of the current rayon pool. The bits are the same.
    ///
    /// # Panics
    /// If the lengths differ.
    #[cfg(feature = "rayon")]
    pub fn par_cross_section_into(&self, directions: &[Direction], out: &mut [f64]) {
        use rayon::prelude::*;

        // Enough blocks that the memory of a walk is set up rarely, few enough that all threads
        // have work until the end.
        const BLOCKS: usize = 8;
        assert_eq!(directions.len(), out.len(), "one value per direction");
        directions
            .par_chunks(BLOCKS * BLOCK)
            .zip(out.par_chunks_mut(BLOCKS * BLOCK))
            .for_each(|(directions, out)| self.cross_section_into(directions, out));
    }

    /// Calls `visit` with the index of the first direction and the values of one block after the
    /// other, for directions that come one by one: an image of any size needs the memory of a
    /// block.
    pub fn for_each_block(
        &self,
        directions: impl IntoIterator<Item = Direction>,
        mut visit: impl FnMut(usize, &[f64]),
    ) {
        let mut walk = Walk::new(self);
        let mut directions = directions.into_iter();
        let mut block = Vec::with_capacity(BLOCK);
        let mut first = 0;
        loop {
            block.clear();
            block.extend(directions.by_ref().take(BLOCK));
            if block.is_empty() {
                return;
            }
            visit(first, walk.block(self, &block));
            first += block.len();
        }
    }
}

/// Memory of one thread.
struct Walk {
    block: Block,
    exit: WaveBlock,
    workspace: Workspace,
    sums: Sums,
    diffuse: Option<DiffuseBlock>,
    cross_section: Column,
}

impl Walk {
    fn new(scattering: &Scattering<'_>) -> Self {
        let Sample { stack, rough, .. } = scattering.sample;
        let k = scattering.beam.k();
        Self {
            block: Block::default(),
            exit: WaveBlock::new(stack, k),
            workspace: Workspace::default(),
            sums: Sums::default(),
            diffuse: rough
                .as_ref()
                .map(|rough| DiffuseBlock::new(rough, stack, k, &scattering.incident)),
            cross_section: Column::default(),
        }
    }

    /// The cross-sections of at most [`BLOCK`] directions.
    fn block(&mut self, scattering: &Scattering<'_>, directions: &[Direction]) -> &[f64] {
        let Self {
            block,
            exit,
            workspace,
            sums,
            diffuse,
            cross_section,
        } = self;
        block.load(&scattering.beam, directions);
        scattering
            .sample
            .stack
            .exit_waves_block(block.angles(), exit);
        cross_section.fill(0.0);
        workspace.begin();
        for ensemble in &scattering.ensembles {
            let incident = &scattering.incident;
            ensemble.add(block, incident, exit, workspace, sums, cross_section);
        }
        if let Some(diffuse) = diffuse {
            let n = block.padded();
            diffuse.add(&block.q_par[..n], exit, &mut cross_section[..n]);
        }
        &cross_section[..directions.len()]
    }
}
