//! Refinement of the network's answer against the frame.
//!
//! Levenberg-Marquardt on the weighted residuals of the grid's cells, over the logarithms
//! of mean radius, relative width, height over radius, distance and disorder; scale and
//! background are solved inside each step (variable projection: they are linear). The
//! derivatives are analytic. Starts at the network's answer and stays near it: a refinement
//! polishes, it does not search.

use gisaxs_physics::{EnsembleMove, UprightShape};

use crate::error::Result;
use crate::least_squares::gauss;
use crate::scene::{Parameters, Pattern, Scene};
use crate::structure::RadiusDistribution;
use crate::verify::{Measured, Scaled};

/// Refined quantities.
pub(crate) const REFINED: usize = 5;
/// Steps of Levenberg-Marquardt, accepted or not.
const STEPS: usize = 12;
/// Largest change of a logarithm from the network's answer.
const REACH: [f64; REFINED] = [0.25, 0.5, 0.25, 0.15, 0.5];
/// A refinement that lowers the sum of squares by less than this share stops.
const CONVERGED: f64 = 1e-4;

/// Cells that count as independent: the model's errors are smooth, so that a thousand cells
/// say no more than this many. The intervals of the network are weighted against them.
const INDEPENDENT_CELLS: f64 = 200.0;

/// Factors on mean radius, relative width, H/R, D and sigma_D/D.
pub(crate) type Factors = [f64; REFINED];

/// The structure with the factors `factors` applied.
pub(crate) fn apply(
    radius: &RadiusDistribution,
    start: &Parameters,
    factors: &Factors,
) -> Parameters {
    let [mean, width, height, distance, disorder] = *factors;
    Parameters {
        nodes: radius.reshaped(mean, width).nodes(),
        shape: match start.shape {
            UprightShape::Cylinder { height_ratio } => UprightShape::Cylinder {
                height_ratio: height_ratio * height,
            },
            UprightShape::Segment { height_ratio } => UprightShape::Segment {
                // Beyond 2 there is no more sphere to add.
                height_ratio: (height_ratio * height).min(2.0),
            },
        },
        distance: start.distance * distance,
        disorder: start.disorder * disorder,
    }
}

/// How the ensemble of `parameters`, which is `apply` of `factors`, changes with the logarithms of the
/// factors on mean radius, relative width and H/R.
fn moves(
    radius: &RadiusDistribution,
    start: &Parameters,
    parameters: &Parameters,
    factors: &Factors,
) -> [EnsembleMove; 3] {
    let height_ratio = parameters.shape.height_ratio();
    let free = match start.shape {
        UprightShape::Cylinder { .. } => true,
        UprightShape::Segment { height_ratio } => height_ratio * factors[2] < 2.0,
    };
    [
        EnsembleMove {
            radii_nm: parameters.nodes.iter().map(|n| n.0).collect(),
            ..EnsembleMove::default()
        },
        EnsembleMove {
            radii_nm: radius.width_slopes(factors[0], factors[1]),
            ..EnsembleMove::default()
        },
        EnsembleMove {
            height_ratio: if free { height_ratio } else { 0.0 },
            ..EnsembleMove::default()
        },
    ]
}

/// Where a refinement ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refined {
    /// Factors on the start.
    pub factors: Factors,
    /// Weighted sum of squares there.
    pub square: f64,
}

/// The residuals as functions of the logarithms of the factors.
struct Problem<'a> {
    scene: &'a Scene,
    measured: &'a Measured,
    radius: &'a RadiusDistribution,
    start: &'a Parameters,
    spreads: &'a [f64; REFINED],
    backgrounds: Vec<Vec<f64>>,
    /// Usual size of a residual. What counts as an outlier is decided once, or the sums of two
    /// steps could not be compared.
    usual: f64,
}

impl Problem<'_> {
    fn fit(&self, pattern: &Pattern) -> (Vec<f64>, Scaled) {
        let particles = self.measured.pick(&pattern.cells());
        let scaled = self
            .measured
            .fit(&particles, &self.backgrounds, Some(self.usual));
        (particles, scaled)
    }

    /// Weight of the network's intervals among `n` residuals of the frame.
    fn weight(n: usize) -> f64 {
        (n as f64 / INDEPENDENT_CELLS).sqrt()
    }

    /// Those of the cells, then those of the logarithms themselves.
    fn residuals(&self, logs: &[f64; REFINED]) -> Result<Vec<f64>> {
        let parameters = apply(self.radius, self.start, &logs.map(f64::exp));
        let mut residuals = self.fit(&self.scene.particles(&parameters)?).1.residuals;
        let weight = Self::weight(residuals.len());
        residuals.extend(logs.iter().zip(self.spreads).map(|(l, s)| weight * l / s));
        Ok(residuals)
    }

    /// Derivatives of the residuals with respect to each logarithm.
    fn slopes(&self, logs: &[f64; REFINED]) -> Result<Vec<Vec<f64>>> {
        let factors = logs.map(f64::exp);
        let parameters = apply(self.radius, self.start, &factors);
        let moves = moves(self.radius, self.start, &parameters, &factors);
        let (pattern, slopes) = self.scene.particles_and_slopes(&parameters, &moves)?;
        let slopes: Vec<Vec<f64>> = slopes.iter().map(|s| self.measured.pick(s)).collect();
        let (particles, scaled) = self.fit(&pattern);
        let mut columns =
            self.measured
                .residual_slopes(&scaled, &particles, &self.backgrounds, &slopes);
        let weight = Self::weight(particles.len());
        for (i, (column, spread)) in columns.iter_mut().zip(self.spreads).enumerate() {
            column.extend((0..REFINED).map(|j| if i == j { weight / spread } else { 0.0 }));
        }
        Ok(columns)
    }
}

/// Refines from `start`, whose logarithms are known to `spreads` (standard deviations);
/// with all factors 1 if nothing better was found.
pub(crate) fn refine(
    scene: &Scene,
    measured: &Measured,
    radius: &RadiusDistribution,
    start: &Parameters,
    spreads: &[f64; REFINED],
) -> Result<Refined> {
    let backgrounds = measured.backgrounds(scene);
    let first = measured.pick(&scene.particles(start)?.cells());
    let usual = measured.fit(&first, &backgrounds, None).usual;
    let problem = Problem {
        scene,
        measured,
        radius,
        start,
        spreads,
        backgrounds,
        usual,
    };
    let square = |r: &[f64]| r.iter().map(|x| x * x).sum::<f64>();
    let mut logs = [0.0; REFINED];
    let mut current = problem.residuals(&logs)?;
    let mut best = square(&current);
    let mut damping = 1e-2;
    let mut normal = None;
    for _ in 0..STEPS {
        if normal.is_none() {
            let columns = problem.slopes(&logs)?;
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let rows: Vec<Vec<f64>> = columns
                .iter()
                .map(|a| {
                    let mut row: Vec<f64> = columns.iter().map(|b| dot(a, b)).collect();
                    row.push(-dot(a, &current));
                    row
                })
                .collect();
            normal = Some(rows);
        }
        let mut system = normal.clone().unwrap_or_default();
        for (i, row) in system.iter_mut().enumerate() {
            row[i] = row[i] * (1.0 + damping) + f64::MIN_POSITIVE;
        }
        if gauss(&mut system).is_none() {
            break;
        }
        let mut moved = logs;
        for (i, row) in system.iter().enumerate() {
            moved[i] = (moved[i] + row[REFINED]).clamp(-REACH[i], REACH[i]);
        }
        let tried = problem.residuals(&moved)?;
        let sum = square(&tried);
        if sum < best {
            let gain = (best - sum) / best;
            (logs, current, best) = (moved, tried, sum);
            damping = (damping * 0.2).max(1e-6);
            normal = None;
            if gain < CONVERGED {
                break;
            }
        } else {
            damping *= 8.0;
            if damping > 1e4 {
                break;
            }
        }
    }
    Ok(Refined {
        factors: logs.map(f64::exp),
        square: best,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::radius_distribution;
    use crate::structure::Estimate;
    use gisaxs_physics::{Beam, Multilayer, RefractiveIndex};
    use gisaxs_preproc::input::{CellSums, N_Q};

    fn estimate(value: f64) -> Estimate {
        Estimate {
            value,
            lower: 0.9 * value,
            upper: 1.1 * value,
        }
    }

    fn distribution() -> RadiusDistribution {
        let edges: Vec<f64> = (0..=40)
            .map(|i| 1.5 * 5_f64.powf(f64::from(i) / 40.0))
            .collect();
        let mass: Vec<f64> = edges
            .windows(2)
            .map(|e| {
                let x = (0.5 * (e[0] + e[1]) - 3.4) / 0.6;
                (e[1] - e[0]) * (-0.5 * x * x).exp()
            })
            .collect();
        radius_distribution(&edges, &mass, estimate(3.4), estimate(0.17), 1.0)
    }

    fn scene() -> Scene {
        let silicon = RefractiveIndex::new(5e-6, 1e-7).unwrap();
        let beam = Beam::new(0.105, 0.4_f64.to_radians()).unwrap();
        Scene::new(&beam, &Multilayer::substrate(silicon).unwrap())
    }

    /// Cells of 30 pixels that count the pattern and a flat background, every seventh cell `stray`
    /// times too much.
    fn measured(scene: &Scene, truth: &Parameters, stray: f32) -> Measured {
        let pattern = scene.particles(truth).unwrap().cells();
        let highest = pattern.iter().copied().fold(0.0, f64::max);
        let mut sums = CellSums::empty();
        let cells = sums.pixels.iter_mut().zip(&mut sums.sum);
        for (i, ((pixels, sum), intensity)) in cells.zip(&pattern).enumerate() {
            // A quarter of the cells is enough.
            if i.is_multiple_of(2) && (i / N_Q).is_multiple_of(2) {
                let stray = if i.is_multiple_of(7) { stray } else { 1.0 };
                *pixels = 30.0;
                *sum = 30.0 * stray * (2000.0 * intensity / highest + 3.0) as f32;
            }
        }
        Measured::new(&sums)
    }

    #[test]
    fn slopes_are_those_of_the_residuals() {
        let (scene, radius) = (scene(), distribution());
        for shape in [
            UprightShape::Segment { height_ratio: 1.3 },
            UprightShape::Cylinder { height_ratio: 1.1 },
        ] {
            let start = Parameters {
                nodes: radius.nodes(),
                shape,
                distance: 10.0,
                disorder: 0.25,
            };
            let truth = apply(&radius, &start, &[1.03, 0.9, 1.05, 1.02, 1.1]);
            let measured = measured(&scene, &truth, 1.3);
            let backgrounds = measured.backgrounds(&scene);
            let first = measured.pick(&scene.particles(&start).unwrap().cells());
            let usual = measured.fit(&first, &backgrounds, None).usual;
            let problem = Problem {
                scene: &scene,
                measured: &measured,
                radius: &radius,
                start: &start,
                spreads: &[0.1; REFINED],
                backgrounds,
                usual,
            };
            let logs = [0.02, -0.05, 0.03, 0.01, 0.05];
            let slopes = problem.slopes(&logs).unwrap();
            let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            for (i, slope) in slopes.iter().enumerate() {
                let moved = |t: f64| {
                    let mut logs = logs;
                    logs[i] += t;
                    problem.residuals(&logs).unwrap()
                };
                let (up, down) = (moved(2e-3), moved(-2e-3));
                let exact: Vec<f64> = up.iter().zip(&down).map(|(u, d)| (u - d) / 4e-3).collect();
                let error: Vec<f64> = slope.iter().zip(&exact).map(|(a, b)| a - b).collect();
                // The inner fit ends after six rounds of reweighting, not at their limit; and patterns
                // are tables of f32.
                assert!(
                    norm(&error) < 0.02 * norm(&exact),
                    "{shape:?} {i}: {} of {}",
                    norm(&error),
                    norm(&exact)
                );
            }
        }
    }

    #[test]
    fn finds_the_structure_that_the_cells_were_made_of() {
        let (scene, radius) = (scene(), distribution());
        let start = Parameters {
            nodes: radius.nodes(),
            shape: UprightShape::Segment { height_ratio: 1.3 },
            distance: 10.0,
            disorder: 0.25,
        };
        let factors = [1.04, 0.85, 1.08, 0.97, 1.15];
        let measured = measured(&scene, &apply(&radius, &start, &factors), 1.0);
        // A network that knows nothing.
        let found = refine(&scene, &measured, &radius, &start, &[30.0; REFINED]).unwrap();
        for (f, exact) in found.factors.iter().zip(factors) {
            assert!((f / exact - 1.0).abs() < 0.02, "{found:?}");
        }
    }
}
