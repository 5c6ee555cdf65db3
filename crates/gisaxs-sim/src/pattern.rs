//! The particles' pattern on a grid of cells, computed once and composed many times.

use gisaxs_physics::elementary::{from_polar, hypot, ln};
use gisaxs_physics::{Averages, Beam, Multilayer, SeparableGrid};

use crate::prior::{Correlation, CorrelationModel, Particles};

/// Cells of (q_par, k sin alpha_f) by their edges, nm^-1, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct CellGrid {
    /// Edges along q_par, one more than columns.
    pub q_edges: Vec<f64>,
    /// Edges along k sin(alpha_f), one more than rows.
    pub k_edges: Vec<f64>,
}

impl CellGrid {
    /// Number of columns.
    #[must_use]
    pub fn n_q(&self) -> usize {
        self.q_edges.len() - 1
    }

    /// Number of rows.
    #[must_use]
    pub fn n_k(&self) -> usize {
        self.k_edges.len() - 1
    }

    /// The part of the grid inside `window`.
    #[must_use]
    pub fn crop(&self, window: Window) -> Self {
        Self {
            q_edges: self.q_edges[window.q[0]..=window.q[1]].to_vec(),
            k_edges: self.k_edges[window.k[0]..=window.k[1]].to_vec(),
        }
    }

    /// Midpoints of the columns.
    #[must_use]
    pub fn q_centres(&self) -> Vec<f64> {
        self.q_edges
            .windows(2)
            .map(|e| 0.5 * (e[0] + e[1]))
            .collect()
    }

    /// Midpoints of the rows.
    #[must_use]
    pub fn k_centres(&self) -> Vec<f64> {
        self.k_edges
            .windows(2)
            .map(|e| 0.5 * (e[0] + e[1]))
            .collect()
    }
}

/// A rectangle of cells: first and one past the last column and row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Columns.
    pub q: [usize; 2],
    /// Rows.
    pub k: [usize; 2],
}

/// Rows of sub-nodes per cell along k: fringes of films are narrower than a cell (two
/// nodes halve the error on film samples, measured against whole frames).
const SUB_ROWS: usize = 2;

/// `<|F|^2>` and the coherent share `|<F>|^2 / <|F|^2>` per cell, averaged over sub-rows.
#[derive(Clone, Debug)]
pub struct Moments {
    /// `<|F|^2>` (or the whole intensity, where correlation is part of it), nm^6.
    pub mean_square: Vec<f64>,
    /// `|<F>|^2`, nm^6; empty where correlation is part of `mean_square`.
    pub coherent: Vec<f64>,
}

/// Computes the pattern of `particles` on the cells of `grid`.
///
/// With [`CorrelationModel::Decoupling`] the structure factor stays open: the intensity is
/// `mean_square + coherent (S - 1)`. The other models need the spacing now: `fixed`.
#[must_use]
pub fn moments(
    stack: &Multilayer,
    beam: &Beam,
    particles: &Particles,
    fixed: Option<&Correlation>,
    grid: &CellGrid,
) -> Moments {
    let q = grid.q_centres();
    let k: Vec<f64> = grid
        .k_edges
        .windows(2)
        .flat_map(|e| {
            (0..SUB_ROWS).map(move |i| e[0] + (e[1] - e[0]) * (i as f64 + 0.5) / SUB_ROWS as f64)
        })
        .collect();
    let engine = SeparableGrid::new(stack, beam, &q, &k);
    let q_max = hypot(q[q.len() - 1], k[k.len() - 1]);
    let (radii, weights) = particles.sizes.nodes(q_max);
    let merge = |fine: &[f64]| merge_rows(fine, q.len());
    match fixed {
        None => {
            let Averages {
                coherent,
                mean_square,
            } = engine.averages(particles.shape, &radii, &weights);
            Moments {
                mean_square: merge(&mean_square),
                coherent: merge(&coherent),
            }
        }
        Some(c) => Moments {
            mean_square: merge(&correlated(&engine, particles, c, &radii, &weights, grid)),
            coherent: Vec::new(),
        },
    }
}

/// Intensity with sizes and positions coupled (or not), on the rows of `engine`.
fn correlated(
    engine: &SeparableGrid,
    particles: &Particles,
    c: &Correlation,
    radii: &[f64],
    weights: &[f64],
    grid: &CellGrid,
) -> Vec<f64> {
    match c.model {
        CorrelationModel::Decoupling => {
            let s = cell_structure_factor(c, &grid.q_edges, |q, _| q);
            engine
                .averages(particles.shape, radii, weights)
                .decoupling(&s)
        }
        CorrelationModel::SizeSpacing { kappa } => {
            engine.size_spacing_correlation(particles.shape, radii, weights, kappa, |q| {
                let (modulus, phase) = c.modulus_and_phase(q);
                from_polar(modulus, phase)
            })
        }
        CorrelationModel::LocalMonodisperse => {
            let mean = particles.sizes.mean_nm();
            engine.local_monodisperse(particles.shape, radii, weights, |radius, q| {
                Correlation {
                    distance_nm: c.distance_nm * radius / mean,
                    ..*c
                }
                .structure_factor(q)
            })
        }
    }
}

/// Sub-samples of the structure factor per cell: its peaks are far narrower than a cell
/// when the particles are well ordered.
const STRUCTURE_SAMPLES: usize = 12;

/// S(q_par) averaged over each cell between `q_edges`. `true_q(q, is_left)` maps the believed
/// to the true wave vector on the left and the right half of the detector, which alternate.
#[must_use]
pub fn cell_structure_factor(
    c: &Correlation,
    q_edges: &[f64],
    true_q: impl Fn(f64, bool) -> f64,
) -> Vec<f64> {
    q_edges
        .windows(2)
        .map(|e| {
            (0..STRUCTURE_SAMPLES)
                .map(|i| {
                    let u = (i as f64 + 0.5) / STRUCTURE_SAMPLES as f64;
                    c.structure_factor(true_q(e[0] + (e[1] - e[0]) * u, i % 2 == 0).abs())
                })
                .sum::<f64>()
                / STRUCTURE_SAMPLES as f64
        })
        .collect()
}

fn merge_rows(fine: &[f64], n_q: usize) -> Vec<f64> {
    fine.chunks_exact(SUB_ROWS * n_q)
        .flat_map(|rows| {
            (0..n_q).map(move |i| {
                (0..SUB_ROWS).map(|s| rows[s * n_q + i]).sum::<f64>() / SUB_ROWS as f64
            })
        })
        .collect()
}

/// [`Moments`] in two bytes per number: what a library of patterns keeps in memory.
#[derive(Clone, Debug)]
pub struct StoredPattern {
    /// `ln(<|F|^2> / max)` / [`LOG_STEP`], negated; `u16::MAX` is the floor.
    log_square: Vec<u16>,
    /// Coherent share x 65535; empty where correlation is part of the pattern.
    share: Vec<u16>,
}

/// Resolution of the stored logarithm: the 65535 steps span 26 natural units.
pub const LOG_STEP: f32 = 4e-4;

impl StoredPattern {
    /// Rounds `moments`.
    #[must_use]
    pub fn new(moments: &Moments) -> Self {
        let max = moments
            .mean_square
            .iter()
            .copied()
            .fold(f64::MIN_POSITIVE, f64::max);
        let log_square = moments
            .mean_square
            .iter()
            .map(|&m| {
                let depth = -ln((m / max).max(1e-300)) / f64::from(LOG_STEP);
                depth.clamp(0.0, 65535.0).round() as u16
            })
            .collect();
        let share = moments
            .coherent
            .iter()
            .zip(&moments.mean_square)
            .map(|(&c, &m)| {
                if m > 0.0 {
                    (c / m * 65535.0).clamp(0.0, 65535.0).round() as u16
                } else {
                    0
                }
            })
            .collect();
        Self { log_square, share }
    }

    /// `-ln(<|F|^2> / max)` along the mixture of two rows that start at the cells `rows`, the
    /// second with weight `v`.
    pub(crate) fn mix_depth(&self, rows: [usize; 2], v: f32, line: &mut [f32]) {
        mix(&self.log_square, rows, v, LOG_STEP, line);
    }

    /// Coherent share along the mixture of two rows.
    pub(crate) fn mix_share(&self, rows: [usize; 2], v: f32, line: &mut [f32]) {
        mix(&self.share, rows, v, 1.0 / 65535.0, line);
    }
}

fn mix(stored: &[u16], [a, b]: [usize; 2], v: f32, step: f32, line: &mut [f32]) {
    let n = line.len();
    let (first, second) = (step * (1.0 - v), step * v);
    for ((value, &x), &y) in line
        .iter_mut()
        .zip(&stored[a..a + n])
        .zip(&stored[b..b + n])
    {
        *value = first * f32::from(x) + second * f32::from(y);
    }
}
