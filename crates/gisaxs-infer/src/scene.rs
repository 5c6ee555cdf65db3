//! The predicted structure simulated again, on the grid that the network sees.
//!
//! Decoupling approximation with a radial paracrystal, four-term DWBA of upright particles
//! on the stack that the instrument file describes. The moments of the amplitude are
//! computed on `SUBNODES` x `SUBNODES` nodes per cell: their average is the cell,
//! interpolation between them is the pixel. The structure factor, whose peaks can be
//! sharper than a cell, has a finer table of its own.

use gisaxs_physics::{
    Averages, Beam, EnsembleMove, Multilayer, RadialParacrystal, SeparableGrid, StructureFactor,
    UprightShape,
};
use gisaxs_preproc::input::{AsinhAxis, K_AXIS, N_CELLS, N_K, N_Q, Q_AXIS};

use crate::error::Result;

/// Nodes per cell and axis. Two kz nodes halve the error of film fringes (p99 against
/// frames summed pixel by pixel); more change little.
pub(crate) const SUBNODES: usize = 2;
/// Columns of nodes.
pub(crate) const NODES_Q: usize = N_Q * SUBNODES;
/// Rows of nodes.
pub(crate) const NODES_K: usize = N_K * SUBNODES;
/// Samples of the structure factor per column of nodes.
const FINE: usize = 8;

/// Mass times R^6, relative to the largest, below which a radius is left out.
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

/// Number of components of the intensity: particles and backgrounds.
pub(crate) const COMPONENTS: usize = 7;

/// Grid, stack and the backgrounds, which do not depend on the particles.
#[derive(Debug)]
pub(crate) struct Scene {
    grid: SeparableGrid,
    /// Flat, three of diffuse scattering and two of parasitic scattering, on the nodes, each
    /// with a largest value of 1.
    backgrounds: [Vec<f32>; COMPONENTS - 1],
}

/// The particles' intensity: `square + coherent (S - 1)`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// <|F|^2> on the nodes, largest value 1.
    square: Vec<f32>,
    /// |<F>|^2 on the nodes, same unit.
    coherent: Vec<f32>,
    /// S - 1 on `FINE` samples per column of nodes.
    excess: Vec<f32>,
}

/// Position of node `i` on its axis, in cells.
fn node(i: usize) -> f64 {
    (i as f64 + 0.5) / SUBNODES as f64
}

fn nodes(axis: AsinhAxis) -> Vec<f64> {
    (0..axis.cells * SUBNODES)
        .map(|i| axis.value(node(i)))
        .collect()
}

/// Diffuse components: correlation length (nm), exponent of 1 + (q xi)^2, decay along k_z
/// (nm^-1). Two surfaces of Hurst exponent 1/2, and the slow fall-off close to the horizon
/// that clusters of particles give.
const DIFFUSE: [[f64; 3]; 3] = [[25.0, 1.5, 2.0], [4.0, 1.5, 2.0], [60.0, 1.0, 0.7]];
/// Plateau widths (nm^-1) of the two parasitic components; the tail falls as q^-2.5.
const PLATEAU: [f64; 2] = [0.06, 0.4];

impl Scene {
    /// Nodes over `stack`, lit by `beam`.
    pub(crate) fn new(beam: &Beam, stack: &Multilayer) -> Self {
        let (q_par, k_f) = (nodes(Q_AXIS), nodes(K_AXIS));
        let grid = SeparableGrid::new(stack, beam, &q_par, &k_f);
        let exit: Vec<f64> = k_f
            .iter()
            .map(|&kz| (1.0 + stack.reflection(beam.k(), kz)).norm_sqr())
            .collect();
        let component = |f: &dyn Fn(f64, usize) -> f64| {
            let mut values = Vec::with_capacity(NODES_K * NODES_Q);
            for row in 0..NODES_K {
                values.extend(q_par.iter().map(|&q| f(q, row) as f32));
            }
            let highest = values.iter().copied().fold(0.0_f32, f32::max);
            values.iter_mut().for_each(|v| *v /= highest);
            values
        };
        // Diffuse scattering of a self-affine surface (Sinha et al., Phys. Rev. B 38 (1988)
        // 2297), enhanced by |1 + R|^2 on the way out.
        let diffuse = |[xi, exponent, k_decay]: [f64; 3]| {
            component(&|q, row| {
                let decay = (k_f[row] / k_decay).powi(2);
                exit[row] * (1.0 + (xi * q).powi(2)).powf(-exponent) * (-decay).exp()
            })
        };
        // Scattering of air, windows and slits around the direct beam, at k_z = -k sin(alpha_i).
        let parasitic = |q_0: f64| {
            component(&|q, row| {
                let k = k_f[row] + beam.kz();
                (1.0 + (q * q + k * k) / (q_0 * q_0)).powf(-1.25)
            })
        };
        let backgrounds = [
            component(&|_, _| 1.0),
            diffuse(DIFFUSE[0]),
            diffuse(DIFFUSE[1]),
            diffuse(DIFFUSE[2]),
            parasitic(PLATEAU[0]),
            parasitic(PLATEAU[1]),
        ];
        Self { grid, backgrounds }
    }

    /// The particles' pattern.
    ///
    /// # Errors
    /// If distance or disorder are not positive.
    pub(crate) fn particles(&self, p: &Parameters) -> Result<Pattern> {
        let scattering = p.scattering();
        let (radii, masses): (Vec<f64>, Vec<f64>) = scattering.iter().map(|&i| p.nodes[i]).unzip();
        Pattern::new(&self.grid.averages(p.shape, &radii, &masses), p)
    }

    /// The particles' pattern and, in its unit, the derivatives of its [`Pattern::cells`]: along each
    /// of the changes of the ensemble, with respect to ln D, and to ln(sigma_D / D).
    ///
    /// # Errors
    /// If distance or disorder are not positive.
    pub(crate) fn particles_and_slopes(
        &self,
        p: &Parameters,
        moves: &[EnsembleMove],
    ) -> Result<(Pattern, Vec<Vec<f64>>)> {
        let scattering = p.scattering();
        let (radii, masses): (Vec<f64>, Vec<f64>) = scattering.iter().map(|&i| p.nodes[i]).unzip();
        // Of the changes, too, only those of the radii that count.
        let moves: Vec<EnsembleMove> = moves
            .iter()
            .map(|m| EnsembleMove {
                radii_nm: scattering
                    .iter()
                    .filter_map(|&i| m.radii_nm.get(i).copied())
                    .collect(),
                ..m.clone()
            })
            .collect();
        let jacobian = self
            .grid
            .averages_and_jacobian(p.shape, &radii, &masses, &moves);
        let pattern = Pattern::new(&jacobian.averages, p)?;
        let unit = unit(&jacobian.averages);
        let excess = means(&pattern.excess);
        let mut slopes: Vec<Vec<f64>> = jacobian
            .moves
            .iter()
            .map(|m| {
                let (square, coherent) = (scaled(&m.mean_square, unit), scaled(&m.coherent, unit));
                cells(&combined(&square, &coherent, &excess))
            })
            .collect();
        let lattice = RadialParacrystal::new(p.distance, p.disorder * p.distance)?;
        let none = vec![0.0; pattern.square.len()];
        let of_structure: Vec<_> = fine_q()
            .map(|q| lattice.differential(q, 0.0).unwrap_or_default())
            .collect();
        let of_distance = of_structure.iter().map(|s| s.distance * p.distance);
        let of_disorder = of_structure.iter().map(|s| s.disorder * p.disorder);
        for slope in [
            of_distance.map(|s| s as f32).collect::<Vec<f32>>(),
            of_disorder.map(|s| s as f32).collect(),
        ] {
            slopes.push(cells(&combined(&none, &pattern.coherent, &means(&slope))));
        }
        Ok((pattern, slopes))
    }

    /// The backgrounds on the nodes.
    pub(crate) fn backgrounds(&self) -> &[Vec<f32>; COMPONENTS - 1] {
        &self.backgrounds
    }
}

impl Parameters {
    /// Indices of the nodes that matter: a radius that scatters nothing costs as much as any other.
    fn scattering(&self) -> Vec<usize> {
        let strength = |&(r, m): &(f64, f64)| m * r.powi(6);
        let highest = self.nodes.iter().map(strength).fold(0.0, f64::max);
        (0..self.nodes.len())
            .filter(|&i| strength(&self.nodes[i]) > NEGLIGIBLE * highest)
            .collect()
    }
}

/// What makes the largest mean square 1.
fn unit(averages: &Averages) -> f64 {
    averages
        .mean_square
        .iter()
        .copied()
        .fold(0.0, f64::max)
        .recip()
}

fn scaled(values: &[f64], unit: f64) -> Vec<f32> {
    values.iter().map(|v| (v * unit) as f32).collect()
}

/// q_par (nm^-1) of the samples of the structure factor.
fn fine_q() -> impl Iterator<Item = f64> {
    (0..NODES_Q * FINE).map(|i| Q_AXIS.value((i as f64 + 0.5) / (SUBNODES * FINE) as f64))
}

/// Means over the samples of each column of nodes.
fn means(samples: &[f32]) -> Vec<f32> {
    samples
        .chunks_exact(FINE)
        .map(|samples| samples.iter().sum::<f32>() / FINE as f32)
        .collect()
}

/// square + coherent x excess, `excess` having one value per column of nodes.
fn combined(square: &[f32], coherent: &[f32], excess: &[f32]) -> Vec<f32> {
    square
        .chunks_exact(NODES_Q)
        .zip(coherent.chunks_exact(NODES_Q))
        .flat_map(|(square, coherent)| {
            square
                .iter()
                .zip(coherent)
                .zip(excess)
                .map(|((m, c), e)| m + c * e)
        })
        .collect()
}

impl Pattern {
    /// The pattern of an ensemble with the arrangement of `p`.
    fn new(averages: &Averages, p: &Parameters) -> Result<Self> {
        let unit = unit(averages);
        let lattice = RadialParacrystal::new(p.distance, p.disorder * p.distance)?;
        Ok(Self {
            square: scaled(&averages.mean_square, unit),
            coherent: scaled(&averages.coherent, unit),
            excess: fine_q()
                .map(|q| (lattice.structure_factor(q) - 1.0) as f32)
                .collect(),
        })
    }

    /// Intensity averaged over the cells.
    pub(crate) fn cells(&self) -> Vec<f64> {
        cells(&combined(
            &self.square,
            &self.coherent,
            &means(&self.excess),
        ))
    }

    /// What the intensity of the cells is made of, without the structure factor: the
    /// incoherent part, then what S - 1 multiplies on each of the `SUBNODES` parts of a column.
    pub(crate) fn parts(&self) -> [Vec<f64>; 1 + SUBNODES] {
        std::array::from_fn(|part| match part.checked_sub(1) {
            None => cells(&self.square),
            Some(node) => {
                let nodes = self.coherent.iter().enumerate();
                let only = nodes.map(|(i, &c)| if i % SUBNODES == node { c } else { 0.0 });
                cells(&only.collect::<Vec<f32>>())
            }
        })
    }

    /// `scale` times the pattern plus `background`, ready to be asked pixel by pixel.
    pub(crate) fn image(&self, scale: f32, background: &[f32]) -> Image {
        Image {
            smooth: self
                .square
                .iter()
                .zip(background)
                .map(|(m, b)| scale * m + b)
                .collect(),
            coherent: self.coherent.iter().map(|c| scale * c).collect(),
            excess: self.excess.clone(),
        }
    }
}

/// Modelled counts per pixel anywhere on the grid.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    smooth: Vec<f32>,
    coherent: Vec<f32>,
    excess: Vec<f32>,
}

impl Image {
    /// Counts at the axis positions (in cells) `k` and `q`: bilinear between nodes, whose
    /// outermost extend to the ends of the axes.
    #[inline]
    pub(crate) fn at(&self, k: f32, q: f32) -> f32 {
        let place = |position: f32, count: usize| {
            let x = (position * SUBNODES as f32 - 0.5).clamp(0.0, (count - 1) as f32);
            let i = (x as usize).min(count - 2);
            (i, x - i as f32)
        };
        let ((row, fk), (col, fq)) = (place(k, NODES_K), place(q, NODES_Q));
        let i = row * NODES_Q + col;
        let mix = |v: &[f32]| {
            let lower = v[i] * (1.0 - fq) + v[i + 1] * fq;
            let upper = v[i + NODES_Q] * (1.0 - fq) + v[i + NODES_Q + 1] * fq;
            lower * (1.0 - fk) + upper * fk
        };
        let fine = (q * (SUBNODES * FINE) as f32).clamp(0.0, (self.excess.len() - 1) as f32);
        (mix(&self.smooth) + mix(&self.coherent) * self.excess[fine as usize]).max(0.0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_physics::RefractiveIndex;

    fn scene() -> Scene {
        let silicon = RefractiveIndex::new(5e-6, 1e-7).unwrap();
        let beam = Beam::new(0.105, 0.4_f64.to_radians()).unwrap();
        Scene::new(&beam, &Multilayer::substrate(silicon).unwrap())
    }

    #[test]
    fn pixels_and_cells_are_the_same_pattern() {
        let pattern = scene()
            .particles(&Parameters {
                nodes: vec![(2.8, 0.3), (3.0, 0.4), (3.2, 0.3)],
                shape: UprightShape::Segment { height_ratio: 1.4 },
                distance: 9.0,
                disorder: 0.25,
            })
            .unwrap();
        let image = pattern.image(1.0, &vec![0.0; NODES_K * NODES_Q]);
        let cells = pattern.cells();
        for (k, q) in [(5, 40), (30, 60), (50, 90)] {
            // Mean over 20 x 20 points of the cell.
            let mut mean = 0.0;
            for i in 0..20 {
                for j in 0..20 {
                    let u = |n: i32, c: usize| c as f32 + (n as f32 + 0.5) / 20.0;
                    mean += f64::from(image.at(u(i, k), u(j, q))) / 400.0;
                }
            }
            let cell = cells[k * N_Q + q];
            // Curvature between nodes.
            assert!((mean / cell - 1.0).abs() < 0.02, "{k} {q}: {mean} {cell}");
        }
    }

    #[test]
    fn backgrounds_are_positive_and_scaled() {
        for background in scene().backgrounds() {
            let highest = background.iter().copied().fold(0.0_f32, f32::max);
            assert_eq!(highest, 1.0);
            assert!(background.iter().all(|b| *b >= 0.0 && b.is_finite()));
        }
    }
}
