//! The posteriors of D and sigma_D / D weighed by the frame itself.
//!
//! The network's posterior is a proposal; each pair (D, sigma_D / D) on a grid is simulated
//! and gets the weight exp(-chi^2 / 2) with which it explains the frame: neural importance
//! weighting (Dax et al., Phys. Rev. Lett. 130 (2023) 171403), on a grid instead of
//! samples. Sizes and shape stay at the network's answer; scale and backgrounds are solved
//! for each pair.
//!
//! Where the network knows D well, it knows it better than a simulation of the sizes that it
//! believes in; where its posterior is broad or has several modes, the frame decides between
//! them.
//!
//! All pairs share one set of sums: the particles' intensity is linear in S - 1, so that
//! their normal equations need sums over rows once and over columns per pair.

use gisaxs_physics::RadialParacrystal;
use gisaxs_preproc::input::{N_Q, Q_AXIS};

use crate::error::Result;
use crate::posterior::Spacing;
use crate::scene::{COMPONENTS, Parameters, SUBNODES, Scene};
use crate::structure::Posterior;
use crate::verify::Measured;

/// Upper over lower end of the 90 % interval of D below which the network is left alone.
const KNOWN: f64 = 1.2;
/// Cells that count as independent: the model's errors are smooth, so that a thousand cells
/// say no more than this many. Chosen out of 10, 30 and 100 by the errors on own frames.
const INDEPENDENT_CELLS: f64 = 30.0;
/// Mass of the network's posterior that is left out on either side.
const TAIL: f64 = 1e-3;
/// Grid points per bin of D, if there are few bins, and grid points at most.
const PER_BIN: usize = 4;
const MOST_DISTANCES: usize = 96;
/// Samples of the structure factor per half column.
const SAMPLES: usize = 4;
/// Sweeps of coordinate descent for scale and backgrounds.
const SWEEPS: usize = 60;

/// The weighed posteriors of D and of sigma_D / D; `None` if D is known already or nothing of
/// the frame can be explained.
pub(crate) fn weigh(
    scene: &Scene,
    measured: &Measured,
    start: &Parameters,
    distance: &Posterior,
    disorder: &Posterior,
) -> Result<Option<(Posterior, Posterior)>> {
    let (Some(d_bins), Some(s_bins)) = (support(distance), support(disorder)) else {
        return Ok(None);
    };
    let interval = [0.05, 0.95].map(|p| distance.quantile(p, Spacing::Log));
    if interval[1] < KNOWN * interval[0] {
        return Ok(None);
    }
    let per_bin = (MOST_DISTANCES / d_bins.len()).clamp(1, PER_BIN);
    let d = refined(distance, d_bins, per_bin);
    let s = refined(disorder, s_bins, 1);
    let sums = Sums::new(scene, measured, start)?;
    let mut log_weights = Vec::with_capacity(d.probability.len() * s.probability.len());
    let mut coefficients = [0.0; COMPONENTS];
    for (d_value, d_mass) in centres(&d) {
        for (s_value, s_mass) in centres(&s) {
            let lattice = RadialParacrystal::new(d_value, s_value * d_value)?;
            let square = sums.square(&lattice, &mut coefficients);
            let explained = if square.is_finite() {
                -0.5 * square
            } else {
                f64::NEG_INFINITY
            };
            log_weights.push((d_mass * s_mass).ln() + explained);
        }
    }
    let highest = log_weights.iter().copied().fold(f64::MIN, f64::max);
    if !highest.is_finite() {
        return Ok(None);
    }
    let weights: Vec<f64> = log_weights.iter().map(|w| (w - highest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let columns = s.probability.len();
    let along_d = weights.chunks_exact(columns);
    let d_mass = along_d.map(|line| line.iter().sum::<f64>() / total);
    let s_mass = (0..columns).map(|j| weights[j..].iter().step_by(columns).sum::<f64>() / total);
    Ok(Some((
        Posterior {
            probability: d_mass.collect(),
            bin_edges: d.bin_edges,
        },
        Posterior {
            probability: s_mass.collect(),
            bin_edges: s.bin_edges,
        },
    )))
}

/// The bins that hold all but the tails.
fn support(posterior: &Posterior) -> Option<std::ops::Range<usize>> {
    let tail = TAIL * posterior.probability.iter().sum::<f64>();
    let first = beyond(posterior.probability.iter(), tail)?;
    let last = beyond(posterior.probability.iter().rev(), tail)?;
    Some(first..posterior.probability.len() - last)
}

/// Index at which the sum of the masses exceeds `tail`.
fn beyond<'a>(mut masses: impl Iterator<Item = &'a f64>, tail: f64) -> Option<usize> {
    let mut sum = 0.0;
    masses.position(|m| {
        sum += m;
        sum > tail
    })
}

/// The part `bins` of a posterior with `per_bin` bins in place of each, logarithmic like the
/// network's own; the density runs linearly between the centres of the old ones.
fn refined(posterior: &Posterior, bins: std::ops::Range<usize>, per_bin: usize) -> Posterior {
    let mass = |i: isize| {
        let i = i.clamp(bins.start as isize, bins.end as isize - 1);
        posterior.probability[i as usize]
    };
    let mut fine = Posterior {
        bin_edges: vec![posterior.bin_edges[bins.start]],
        probability: Vec::with_capacity(bins.len() * per_bin),
    };
    for i in bins.clone() {
        let [low, high] = [posterior.bin_edges[i], posterior.bin_edges[i + 1]];
        for j in 0..per_bin {
            let centre = (j as f64 + 0.5) / per_bin as f64 - 0.5;
            let neighbour = i as isize + if centre < 0.0 { -1 } else { 1 };
            let share = centre.abs();
            let density = (1.0 - share) * mass(i as isize) + share * mass(neighbour);
            let edge = low * (high / low).powf((j + 1) as f64 / per_bin as f64);
            fine.probability.push(density);
            fine.bin_edges.push(edge);
        }
    }
    fine
}

fn centres(posterior: &Posterior) -> impl Iterator<Item = (f64, f64)> + '_ {
    let edges = posterior.bin_edges.windows(2);
    edges
        .zip(&posterior.probability)
        .map(|(e, &mass)| ((e[0] * e[1]).sqrt(), mass))
}

/// Numbers per column of the grid: the parts of the particles' intensity are the incoherent
/// one and a coherent one per half column.
const PARTS: usize = 1 + SUBNODES;

/// Weighted sums over the rows of each column.
#[derive(Clone, Debug, Default)]
struct Column {
    /// Products of the parts.
    parts: [[f64; PARTS]; PARTS],
    /// Parts times the backgrounds.
    mixed: [[f64; PARTS]; COMPONENTS - 1],
    /// Parts times the measured means.
    right: [f64; PARTS],
}

/// Everything that the sum of squares of a structure factor needs.
struct Sums {
    /// Columns in use: index and sums.
    columns: Vec<(usize, Column)>,
    /// Normal equations without the particles, in the order of the components.
    normal: [[f64; COMPONENTS]; COMPONENTS],
    right: [f64; COMPONENTS],
    measured: f64,
}

impl Sums {
    fn new(scene: &Scene, measured: &Measured, start: &Parameters) -> Result<Self> {
        let pattern = scene.particles(start)?;
        let backgrounds = measured.backgrounds(scene);
        let scaled = measured.fit(&measured.pick(&pattern.cells()), &backgrounds, None);
        // Weights of the residuals; their usual size counts as one standard deviation.
        let cells = scaled.model.len() as f64;
        let share = (INDEPENDENT_CELLS / cells).min(1.0) / (scaled.usual * scaled.usual);
        let weights = measured.weights(&scaled.model, scaled.usual);
        let parts: Vec<Vec<f64>> = pattern
            .parts()
            .iter()
            .map(|part| measured.pick(part))
            .collect();

        let mut columns = vec![Column::default(); N_Q];
        let mut sums = Self {
            columns: Vec::new(),
            normal: [[0.0; COMPONENTS]; COMPONENTS],
            right: [0.0; COMPONENTS],
            measured: 0.0,
        };
        for (i, (&cell, weight)) in measured.cells().iter().zip(weights).enumerate() {
            let (w, y) = (share * weight, measured.mean()[i]);
            let column = &mut columns[cell % N_Q];
            for a in 0..PARTS {
                let wa = w * parts[a][i];
                column.right[a] += wa * y;
                for (product, part) in column.parts[a].iter_mut().zip(&parts) {
                    *product += wa * part[i];
                }
                for (mixed, background) in column.mixed.iter_mut().zip(&backgrounds) {
                    mixed[a] += wa * background[i];
                }
            }
            for (a, left) in backgrounds.iter().enumerate() {
                sums.right[a + 1] += w * left[i] * y;
                for (b, right) in backgrounds.iter().enumerate() {
                    sums.normal[a + 1][b + 1] += w * left[i] * right[i];
                }
            }
            sums.measured += w * y * y;
        }
        let used = columns.into_iter().enumerate();
        sums.columns = used.filter(|(_, c)| c.parts[0][0] > 0.0).collect();
        Ok(sums)
    }

    /// Least weighted sum of squares with this structure factor. `coefficients` are those of
    /// the last one: a good start.
    fn square(&self, lattice: &RadialParacrystal, coefficients: &mut [f64; COMPONENTS]) -> f64 {
        let (mut normal, mut right) = (self.normal, self.right);
        for (q, column) in &self.columns {
            let mut factors = [1.0; PARTS];
            for (half, factor) in factors[1..].iter_mut().enumerate() {
                *factor = excess(lattice, *q, half);
            }
            for (a, fa) in factors.iter().enumerate() {
                right[0] += fa * column.right[a];
                for (b, fb) in factors.iter().enumerate() {
                    normal[0][0] += fa * fb * column.parts[a][b];
                }
                for (j, mixed) in column.mixed.iter().enumerate() {
                    normal[0][j + 1] += fa * mixed[a];
                }
            }
        }
        let first = normal[0];
        for (row, value) in normal.iter_mut().zip(first) {
            row[0] = value;
        }
        descend(&normal, &right, coefficients);
        let mut square = self.measured;
        for a in 0..COMPONENTS {
            let product: f64 = (0..COMPONENTS)
                .map(|b| normal[a][b] * coefficients[b])
                .sum();
            square += coefficients[a] * (product - 2.0 * right[a]);
        }
        square
    }
}

/// Mean of S - 1 over one part of column `q` of the grid.
fn excess(lattice: &RadialParacrystal, q: usize, part: usize) -> f64 {
    let mean: f64 = (0..SAMPLES)
        .map(|i| {
            let inside = (part as f64 + (i as f64 + 0.5) / SAMPLES as f64) / SUBNODES as f64;
            lattice.structure_factor(Q_AXIS.value(q as f64 + inside))
        })
        .sum();
    mean / SAMPLES as f64 - 1.0
}

/// Minimises c.A.c - 2 b.c over c >= 0 by coordinate descent, from `c`.
fn descend<const N: usize>(a: &[[f64; N]; N], b: &[f64; N], c: &mut [f64; N]) {
    for _ in 0..SWEEPS {
        let mut change = 0.0_f64;
        for i in 0..N {
            if a[i][i] <= 0.0 {
                continue;
            }
            let gradient: f64 = b[i] - (0..N).map(|j| a[i][j] * c[j]).sum::<f64>();
            let moved = (c[i] + gradient / a[i][i]).max(0.0);
            change = change.max((moved - c[i]).abs() * a[i][i].sqrt());
            c[i] = moved;
        }
        // A step of which the sum of squares does not feel a hundredth.
        if change < 1e-3 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::least_squares::non_negative;
    use gisaxs_physics::{Beam, Multilayer, RefractiveIndex, UprightShape};
    use gisaxs_preproc::input::CellSums;

    fn flat(low: f64, high: f64, bins: usize) -> Posterior {
        Posterior {
            bin_edges: (0..=bins)
                .map(|i| low * (high / low).powf(i as f64 / bins as f64))
                .collect(),
            probability: vec![1.0 / bins as f64; bins],
        }
    }

    #[test]
    fn the_frame_decides_where_the_network_cannot() {
        let silicon = RefractiveIndex::new(5e-6, 1e-7).unwrap();
        let beam = Beam::new(0.105, 0.4_f64.to_radians()).unwrap();
        let scene = Scene::new(&beam, &Multilayer::substrate(silicon).unwrap());
        let truth = Parameters {
            nodes: vec![(2.6, 0.3), (3.0, 0.4), (3.4, 0.3)],
            shape: UprightShape::Segment { height_ratio: 1.4 },
            distance: 9.0,
            disorder: 0.25,
        };
        let mut sums = CellSums::empty();
        let particles = scene.particles(&truth).unwrap().cells();
        let diffuse = crate::scene::cells(&scene.backgrounds()[1]);
        for (i, (p, b)) in particles.iter().zip(diffuse).enumerate() {
            sums.pixels[i] = 5.0;
            sums.sum[i] = (5.0 * (200.0 * p + 300.0 * b)).round() as f32;
        }
        let wrong = Parameters {
            distance: 7.0,
            disorder: 0.4,
            ..truth
        };
        let measured = Measured::new(&sums);
        let (distance, disorder) = (flat(6.0, 13.0, 30), flat(0.1, 0.5, 20));
        let (d, s) = weigh(&scene, &measured, &wrong, &distance, &disorder)
            .unwrap()
            .unwrap();
        assert!((d.probability.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let d = d.estimate(Spacing::Log, 1.0);
        let s = s.estimate(Spacing::Log, 1.0);
        assert!((d.value / 9.0 - 1.0).abs() < 0.03, "{d:?}");
        assert!(d.lower < 9.0 && d.upper > 9.0 && d.spread() < 1.2, "{d:?}");
        assert!((s.value / 0.25 - 1.0).abs() < 0.1, "{s:?}");
        // What the network knows well is left to it.
        let known = flat(8.8, 9.2, 2);
        assert_eq!(
            weigh(&scene, &measured, &wrong, &known, &disorder).unwrap(),
            None
        );
    }

    #[test]
    fn descent_ends_at_the_non_negative_solution() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) / 59.0).collect();
        let components: [Vec<f64>; 3] = [
            vec![1.0; 60],
            x.iter().map(|x| (-3.0 * x).exp()).collect(),
            x.iter().map(|x| (6.0 * x).sin()).collect(),
        ];
        let y: Vec<f64> = x.iter().map(|x| 2.0 - 0.3 * x + (6.0 * x).sin()).collect();
        let weights = vec![1e3; 60];
        let columns = [&*components[0], &*components[1], &*components[2]];
        let expected = non_negative(&columns, &y, &weights);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| 1e3 * a * b).sum::<f64>();
        let normal = std::array::from_fn(|i| std::array::from_fn(|j| dot(columns[i], columns[j])));
        let right = std::array::from_fn(|i| dot(columns[i], &y));
        let mut c = [0.0; 3];
        for _ in 0..20 {
            descend(&normal, &right, &mut c);
        }
        for (c, e) in c.iter().zip(expected) {
            assert!((c - e).abs() < 1e-3, "{c} {e}");
        }
    }

    #[test]
    fn refining_keeps_the_density() {
        let posterior = Posterior {
            bin_edges: vec![1.0, 2.0, 4.0, 8.0, 16.0],
            probability: vec![0.0, 0.25, 0.75, 0.0],
        };
        let bins = support(&posterior).unwrap();
        assert_eq!(bins, 1..3);
        let fine = refined(&posterior, bins, 4);
        assert_eq!(fine.probability.len(), 8);
        assert!((fine.bin_edges[4] - 4.0).abs() < 1e-12 && (fine.bin_edges[8] - 8.0).abs() < 1e-12);
        assert!(fine.probability.windows(2).all(|p| p[1] >= p[0]));
        assert!((fine.probability[2] - 0.3125).abs() < 1e-12);
    }
}
