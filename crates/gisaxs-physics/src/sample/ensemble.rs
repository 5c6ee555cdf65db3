//! Averages over the particles of a population.
#![allow(
    clippy::needless_range_loop,
    reason = "several columns share the index"
)]

use num_complex::Complex64;

use super::block::Block;
use super::{Correlation, Placement, Population};
use crate::dwba::{Scatterer, Workspace};
use crate::form_factor::{Column, Columns, Split, lanes_of, vector};
use crate::multilayer::{LayerWave, Multilayer, WaveBlock};
use crate::simd::{Cplx, Kernel, Simd, dispatch, lanes, lanes_mut};

/// Phase q D below which the size-spacing correlation is evaluated at that phase.
const SMALLEST_PHASE: f64 = 1e-6;

/// A population with everything that does not depend on the exit direction.
#[derive(Debug)]
pub(super) struct Ensemble<'a> {
    population: &'a Population,
    scale: f64,
    members: Vec<Member<'a>>,
    mean_radius: f64,
}

#[derive(Debug)]
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
    /// F of one particle; in the end the step f of the paracrystal.
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
        let Sums {
            amplitude,
            mean,
            coupled,
            structure,
        } = sums;
        for columns in [&mut *mean].into_iter().chain(coupled.iter_mut()) {
            columns.clear();
        }
        for member in &self.members {
            amplitude.clear();
            let (re, im) = (&mut amplitude.re[..n], &mut amplitude.im[..n]);
            member
                .scatterer
                .add_amplitude(block, incident, exit, workspace, re, im);
            let f = amplitude.view(n);
            let weight = member.weight;
            match &self.population.correlation {
                Correlation::None { .. } => {}
                Correlation::Decoupling(_) => {
                    let sum = &mut *mean;
                    dispatch(AddMean { f, weight, sum });
                }
                Correlation::SizeSpacing { paracrystal, kappa } => dispatch(AddCoupled {
                    f,
                    weight,
                    shift_nm: kappa * (member.radius - self.mean_radius),
                    smallest_q: SMALLEST_PHASE / paracrystal.distance_nm(),
                    q_par: &block.q_par[..n],
                    sums: coupled,
                }),
                Correlation::LocalMonodisperse(paracrystal) => {
                    let scale = member.radius / self.mean_radius;
                    paracrystal.of_magnitudes(&block.q_par[..n], scale, &mut structure[..n]);
                    dispatch(AddSquares {
                        f,
                        factor: self.scale * weight,
                        structure: Some(&structure[..n]),
                        out: &mut out[..n],
                    });
                    continue;
                }
            }
            dispatch(AddSquares {
                f,
                factor: self.scale * weight,
                structure: None,
                out: &mut out[..n],
            });
        }
        // What is left to do after the sums over the particles.
        match &self.population.correlation {
            Correlation::None { .. } | Correlation::LocalMonodisperse(_) => {}
            Correlation::Decoupling(arrangement) => {
                let s = &mut structure[..n];
                arrangement.at_block(&block.q_x[..n], &block.q_y[..n], s);
                for s in s.iter_mut() {
                    *s -= 1.0;
                }
                dispatch(AddSquares {
                    f: mean.view(n),
                    factor: self.scale,
                    structure: Some(s),
                    out: &mut out[..n],
                });
            }
            Correlation::SizeSpacing { paracrystal, .. } => {
                let smallest_q = SMALLEST_PHASE / paracrystal.distance_nm();
                paracrystal.steps(&block.q_par[..n], smallest_q, amplitude);
                dispatch(AddNeighbours {
                    step: amplitude.view(n),
                    factor: 2.0 * self.scale,
                    sums: coupled,
                    out: &mut out[..n],
                });
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

/// Adds w F.
struct AddMean<'a> {
    f: Split<'a>,
    weight: f64,
    sum: &'a mut Columns,
}

impl Kernel for AddMean<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let weight = simd.real(self.weight);
        let f = lanes_of::<S>(&self.f);
        for v in 0..f[0].len() {
            let sum = self.sum.vector(simd, v) + vector(simd, &f, v).scale(weight);
            self.sum.set_vector(v, sum);
        }
    }
}

/// Adds factor |F|^2, or factor |F|^2 S.
struct AddSquares<'a> {
    f: Split<'a>,
    factor: f64,
    structure: Option<&'a [f64]>,
    out: &'a mut [f64],
}

impl Kernel for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let factor = simd.real(self.factor);
        let f = lanes_of::<S>(&self.f);
        let out = lanes_mut::<S>(self.out);
        if let Some(structure) = self.structure.map(lanes::<S>) {
            for v in 0..out.len() {
                let square = vector(simd, &f, v).norm_sqr() * factor;
                out[v] = square
                    .mul_add(simd.of(structure[v]), simd.of(out[v]))
                    .lanes();
            }
        } else {
            for v in 0..out.len() {
                let square = vector(simd, &f, v).norm_sqr();
                out[v] = square.mul_add(factor, simd.of(out[v])).lanes();
            }
        }
    }
}

/// Adds w e F, w e F*, w e^2, with e = exp(i q shift).
struct AddCoupled<'a> {
    f: Split<'a>,
    weight: f64,
    shift_nm: f64,
    smallest_q: f64,
    q_par: &'a [f64],
    sums: &'a mut [Columns; 3],
}

impl Kernel for AddCoupled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (weight, shift) = (simd.real(self.weight), simd.real(self.shift_nm));
        let smallest = simd.real(self.smallest_q);
        let f = lanes_of::<S>(&self.f);
        let q_par = lanes::<S>(self.q_par);
        let [with_f, with_conjugate, phases] = self.sums;
        for v in 0..q_par.len() {
            let e = Cplx::cis(simd.of(q_par[v]).max(smallest) * shift);
            let weighted = e.scale(weight);
            let f = vector(simd, &f, v);
            with_f.set_vector(v, weighted.mul_add(f, with_f.vector(simd, v)));
            let sum = weighted.mul_add(f.conj(), with_conjugate.vector(simd, v));
            with_conjugate.set_vector(v, sum);
            phases.set_vector(v, weighted.mul_add(e, phases.vector(simd, v)));
        }
    }
}

/// Adds factor Re[ (sum w e F) (sum w e F*) f / (1 - f sum w e^2) ].
struct AddNeighbours<'a> {
    step: Split<'a>,
    factor: f64,
    sums: &'a [Columns; 3],
    out: &'a mut [f64],
}

impl Kernel for AddNeighbours<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let factor = simd.real(self.factor);
        let one = simd.complex(Complex64::ONE);
        let steps = lanes_of::<S>(&self.step);
        let out = lanes_mut::<S>(self.out);
        for v in 0..out.len() {
            let [with_f, with_conjugate, phases] = self.sums;
            let both = with_f.vector(simd, v) * with_conjugate.vector(simd, v);
            let step = vector(simd, &steps, v);
            let chain = step * (one - step * phases.vector(simd, v)).inverse();
            let neighbours = (both * chain).re;
            out[v] = neighbours.mul_add(factor, simd.of(out[v])).lanes();
        }
    }
}
