//! The predicted structure simulated again, on the grid that the network sees.
//!
//! Decoupling approximation with a radial paracrystal, four-term DWBA of upright particles
//! on the stack that the instrument file describes. The model is evaluated on
//! `SUBNODES` x `SUBNODES` nodes per cell: their average is the cell, interpolation
//! between them is the pixel.

use gisaxs_physics::{
    Beam, Complex64, Multilayer, RadialParacrystal, SeparableGrid, UprightShape,
};
use gisaxs_preproc::{AsinhAxis, K_AXIS, N_CELLS, N_K, N_Q, Q_AXIS};

use crate::error::Result;

/// Nodes per cell and axis. Two kz nodes halve the error of film fringes (p99 against
/// frames summed pixel by pixel); more change little.
pub(crate) const SUBNODES: usize = 2;
/// Columns of nodes.
pub(crate) const NODES_Q: usize = N_Q * SUBNODES;
/// Rows of nodes.
pub(crate) const NODES_K: usize = N_K * SUBNODES;

/// Damping length of the correlations, nm: long compared to every spacing, so that only
/// the disorder limits the order.
const DAMPING_NM: f64 = 1000.0;
/// Below this in-plane wavenumber diffuse scattering levels off, nm^-1.
const DIFFUSE_CORE: f64 = 0.05;
/// Share of the largest volume-weighted mass below which a radius is left out.
const NEGLIGIBLE: f64 = 1e-5;

/// What is simulated: everything the particles' pattern depends on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    /// Radii (nm) and masses of the size distribution.
    pub nodes: Vec<(f64, f64)>,
    /// Shape with its height over radius.
    pub shape: UprightShape,
    /// Mean distance D, nm.
    pub distance: f64,
    /// sigma_D / D.
    pub disorder: f64,
}

/// Number of components of the intensity.
pub(crate) const COMPONENTS: usize = 4;

/// Grid, stack and the backgrounds, which do not depend on the particles.
#[derive(Debug)]
pub(crate) struct Scene {
    grid: SeparableGrid,
    q_par: Vec<f64>,
    /// Flat, diffuse and halo background on the nodes, each with a largest value of 1.
    backgrounds: [Vec<f32>; COMPONENTS - 1],
}

fn nodes(axis: AsinhAxis) -> Vec<f64> {
    (0..axis.cells * SUBNODES)
        .map(|i| axis.value((i as f64 + 0.5) / SUBNODES as f64))
        .collect()
}

impl Scene {
    /// Nodes over `stack`, lit by `beam`.
    pub(crate) fn new(beam: &Beam, stack: &Multilayer) -> Self {
        let (q_par, k_f) = (nodes(Q_AXIS), nodes(K_AXIS));
        let grid = SeparableGrid::new(stack, beam, &q_par, &k_f);
        // Diffuse scattering of the surface: enhanced by |T|^2 on the way out (Vineyard,
        // Phys. Rev. B 26 (1982) 4146), T = 1 + R at the surface; falls as a Lorentzian of
        // q_par. Halo: parasitic scattering around the direct and reflected beam, a
        // Lorentzian of the distance from the beam that does not know the surface.
        let transmission: Vec<f64> = k_f
            .iter()
            .map(|&kz| (Complex64::new(1.0, 0.0) + stack.reflection(beam.k(), kz)).norm_sqr())
            .collect();
        let lorentzian = |q_squared: f64| 1.0 / (q_squared + DIFFUSE_CORE * DIFFUSE_CORE);
        let component = |f: &dyn Fn(f64, usize) -> f64| {
            let mut values = Vec::with_capacity(NODES_K * NODES_Q);
            for row in 0..NODES_K {
                values.extend(q_par.iter().map(|&q| f(q, row) as f32));
            }
            let highest = values.iter().copied().fold(0.0_f32, f32::max);
            values.iter_mut().for_each(|v| *v /= highest);
            values
        };
        let backgrounds = [
            component(&|_, _| 1.0),
            component(&|q, row| transmission[row] * lorentzian(q * q)),
            component(&|q, row| lorentzian(q * q + (k_f[row] - beam.kz()).powi(2))),
        ];
        Self {
            grid,
            q_par,
            backgrounds,
        }
    }

    /// Intensity of the particles on the nodes, largest value 1.
    ///
    /// # Errors
    /// If distance or disorder are not positive.
    pub(crate) fn particles(&self, p: &Parameters) -> Result<Vec<f32>> {
        // Small particles that scatter nothing cost as much as large ones: F ~ R^3.
        let strength = |&(r, m): &(f64, f64)| m * r.powi(6);
        let highest = p.nodes.iter().map(strength).fold(0.0, f64::max);
        let (radii, masses): (Vec<f64>, Vec<f64>) = p
            .nodes
            .iter()
            .copied()
            .filter(|n| strength(n) > NEGLIGIBLE * highest)
            .unzip();
        let averages = self.grid.averages(p.shape, &radii, &masses);
        let lattice =
            RadialParacrystal::new(p.distance, p.disorder * p.distance, DAMPING_NM)?;
        let structure_factor: Vec<f64> = self
            .q_par
            .iter()
            .map(|&q| lattice.structure_factor(q))
            .collect();
        let intensity = averages.decoupling(&structure_factor);
        let highest = intensity.iter().copied().fold(0.0, f64::max);
        Ok(intensity.iter().map(|i| (i / highest) as f32).collect())
    }

    /// The backgrounds on the nodes.
    pub(crate) fn backgrounds(&self) -> &[Vec<f32>; COMPONENTS - 1] {
        &self.backgrounds
    }
}

/// Averages of nodes over the cells.
pub(crate) fn cells(nodes: &[f32]) -> Vec<f64> {
    let mut cells = vec![0.0; N_CELLS];
    let share = 1.0 / (SUBNODES * SUBNODES) as f64;
    for (row, values) in nodes.chunks_exact(NODES_Q).enumerate() {
        let out = &mut cells[row / SUBNODES * N_Q..][..N_Q];
        for (cell, pair) in out.iter_mut().zip(values.chunks_exact(SUBNODES)) {
            *cell += share * pair.iter().map(|&v| f64::from(v)).sum::<f64>();
        }
    }
    cells
}

/// Bilinear interpolation of nodes at the axis positions (in cells) `k` and `q`; the
/// outermost nodes extend to the ends of the axes.
pub(crate) fn interpolate(nodes: &[f32], k: f32, q: f32) -> f32 {
    let place = |position: f32, count: usize| {
        let x = (position * SUBNODES as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let i = (x as usize).min(count - 2);
        (i, x - i as f32)
    };
    let ((row, fk), (col, fq)) = (place(k, NODES_K), place(q, NODES_Q));
    let at = |r: usize, c: usize| nodes[r * NODES_Q + c];
    let lower = at(row, col) * (1.0 - fq) + at(row, col + 1) * fq;
    let upper = at(row + 1, col) * (1.0 - fq) + at(row + 1, col + 1) * fq;
    lower * (1.0 - fk) + upper * fk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_meets_the_nodes() {
        let values: Vec<f32> = (0..NODES_K * NODES_Q).map(|i| (i % 97) as f32).collect();
        for (row, col) in [(0, 0), (17, 33), (NODES_K - 1, NODES_Q - 1)] {
            let centre = |i: usize| (i as f32 + 0.5) / SUBNODES as f32;
            let found = interpolate(&values, centre(row), centre(col));
            assert!((found - values[row * NODES_Q + col]).abs() < 1e-3);
        }
    }
}
