//! Averages over the particles of a population.
#![allow(
    clippy::needless_range_loop,
    reason = "several columns share the index"
)]

use num_complex::Complex64;

use super::block::Block;
use super::{Correlation, Placement, Population};
use crate::dwba::{Scatterer, Workspace};
use crate::form_factor::{Column, Columns};
use crate::multilayer::{LayerWave, Multilayer, WaveBlock};

/// Phase q D below which the size-spacing correlation is evaluated at that phase.
const SMALLEST_PHASE: f64 = 1e-6;

/// A population with everything that does not depend on the exit direction.
pub(super) struct Ensemble<'a> {
    population: &'a Population,
    scale: f64,
    members: Vec<Member<'a>>,
    mean_radius: f64,
}

struct Member<'a> {
    scatterer: Scatterer<'a>,
    /// The sum of all is 1.
    weight: f64,
    radius: f64,
    /// Range of heights, nm.
    travel: f64,
}

/// Sums over the particles for every pixel of a block.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// F of one particle.
    amplitude: Columns,
    /// sum w F.
    mean: Columns,
    /// sum w e F, sum w e F*, sum w e^2 of the size-spacing correlation.
    coupled: [Columns; 3],
    /// Structure factor.
    structure: Column,
}

impl<'a> Ensemble<'a> {
    pub(super) fn new(population: &'a Population, stack: &Multilayer, k: f64) -> Self {
        let layer = &stack.layers()[population.layer];
        let medium = population.medium.unwrap_or(layer.index);
        let total: f64 = population.members.iter().map(|m| m.weight).sum();
        let members: Vec<_> = population
            .members
            .iter()
            .map(|m| Member {
                scatterer: Scatterer::new(
                    &m.particle,
                    medium,
                    population.layer,
                    population.origin(m, layer),
                    k,
                ),
                weight: m.weight / total,
                radius: m.particle.radius(),
                travel: population.travel(layer),
            })
            .collect();
        Self {
            population,
            scale: population.coverage * population.correlation.density(),
            mean_radius: members.iter().map(|m| m.weight * m.radius).sum(),
            members,
        }
    }

    /// Adds the cross-section per area to `out`.
    pub(super) fn add(
        &self,
        block: &Block,
        incident: &[LayerWave],
        exit: &WaveBlock,
        workspace: &mut Workspace,
        sums: &mut Sums,
        out: &mut [f64],
    ) {
        if self.population.placement == Placement::Throughout {
            self.add_anywhere(block, incident, exit, out);
            return;
        }
        let n = block.padded();
        sums.mean.re.fill(0.0);
        sums.mean.im.fill(0.0);
        for columns in &mut sums.coupled {
            columns.re.fill(0.0);
            columns.im.fill(0.0);
        }
        for member in &self.members {
            let f = &mut sums.amplitude;
            f.re.fill(0.0);
            f.im.fill(0.0);
            let (re, im) = (&mut f.re[..n], &mut f.im[..n]);
            member
                .scatterer
                .add_amplitude(block, incident, exit, workspace, re, im);
            let w = member.weight;
            match &self.population.correlation {
                Correlation::None { .. } => {}
                Correlation::Decoupling(_) => {
                    for p in 0..n {
                        sums.mean.re[p] += w * f.re[p];
                        sums.mean.im[p] += w * f.im[p];
                    }
                }
                Correlation::SizeSpacing { paracrystal, kappa } => {
                    let [with_f, with_conjugate, phases] = &mut sums.coupled;
                    for p in 0..n {
                        let f = Complex64::new(f.re[p], f.im[p]);
                        let q_par = block.q_par[p].max(SMALLEST_PHASE / paracrystal.distance_nm());
                        let phase =
                            Complex64::cis(kappa * q_par * (member.radius - self.mean_radius));
                        with_f.add(p, w * phase * f);
                        with_conjugate.add(p, w * phase * f.conj());
                        phases.add(p, w * phase * phase);
                    }
                }
                Correlation::LocalMonodisperse(paracrystal) => {
                    let scale = self.scale * w;
                    for p in 0..n {
                        let q = block.q_par[p] * member.radius / self.mean_radius;
                        out[p] += scale
                            * paracrystal.structure_factor(q)
                            * (f.re[p] * f.re[p] + f.im[p] * f.im[p]);
                    }
                    continue;
                }
            }
            for p in 0..n {
                out[p] += self.scale * w * (f.re[p] * f.re[p] + f.im[p] * f.im[p]);
            }
        }
        self.add_correlation(block, sums, out);
    }

    /// Adds what is left to do after the sums over the particles.
    fn add_correlation(&self, block: &Block, sums: &mut Sums, out: &mut [f64]) {
        let n = block.padded();
        match &self.population.correlation {
            Correlation::None { .. } | Correlation::LocalMonodisperse(_) => {}
            Correlation::Decoupling(structure) => {
                structure.at_block(&block.q_x[..n], &block.q_y[..n], &mut sums.structure[..n]);
                for p in 0..n {
                    let (re, im) = (sums.mean.re[p], sums.mean.im[p]);
                    out[p] += self.scale * (re * re + im * im) * (sums.structure[p] - 1.0);
                }
            }
            Correlation::SizeSpacing { paracrystal, .. } => {
                let [with_f, with_conjugate, phases] = &sums.coupled;
                for p in 0..n {
                    // At q = 0 itself the chain without damping is 0/0; the limit is reached before.
                    let q_par = block.q_par[p].max(SMALLEST_PHASE / paracrystal.distance_nm());
                    let step = paracrystal.step(q_par);
                    let neighbours =
                        with_f.get(p) * with_conjugate.get(p) * step / (1.0 - step * phases.get(p));
                    out[p] += self.scale * 2.0 * neighbours.re;
                }
            }
        }
    }

    /// Independent particles anywhere in a film.
    fn add_anywhere(
        &self,
        block: &Block,
        incident: &[LayerWave],
        exit: &WaveBlock,
        out: &mut [f64],
    ) {
        let layer = self.population.layer;
        for p in 0..block.pixels {
            let exit = exit.layers[layer].at(p);
            for member in &self.members {
                let q = [block.q_x[p], block.q_y[p]];
                let mean = member.scatterer.mean_intensity(
                    q,
                    &incident[layer],
                    &exit,
                    &self.population.depth,
                    member.travel,
                );
                out[p] += self.scale * member.weight * mean;
            }
        }
    }
}
