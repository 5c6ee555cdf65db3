//! Refinement of the network's answer against the frame.
//!
//! Levenberg-Marquardt on the weighted residuals of the grid's cells, over the logarithms
//! of mean radius, relative width, height over radius, distance and disorder; scale and
//! background are solved inside each step (variable projection: they are linear). Starts
//! at the network's answer and stays near it: a refinement polishes, it does not search.

use gisaxs_physics::UprightShape;

use crate::error::Result;
use crate::least_squares::gauss;
use crate::scene::{Parameters, Scene};
use crate::structure::RadiusDistribution;
use crate::verify::Measured;

/// Refined quantities.
pub(crate) const REFINED: usize = 5;
/// Steps of Levenberg-Marquardt, accepted or not.
const STEPS: usize = 12;
/// Step of the numerical derivatives, in the logarithms.
const DIFFERENCE: f64 = 1e-3;
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

/// Where a refinement ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refined {
    /// Factors on the start.
    pub factors: Factors,
    /// Weighted sum of squares there.
    pub square: f64,
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
    // What counts as an outlier is decided once, or the sums of two steps could not be
    // compared.
    let first = measured.pick(&scene.particles(start)?.cells());
    let usual = measured.fit(&first, &backgrounds, None).usual;
    let residuals = |logs: &[f64; REFINED]| -> Result<Vec<f64>> {
        let parameters = apply(radius, start, &logs.map(f64::exp));
        let particles = measured.pick(&scene.particles(&parameters)?.cells());
        let mut residuals = measured
            .fit(&particles, &backgrounds, Some(usual))
            .residuals;
        let weight = (residuals.len() as f64 / INDEPENDENT_CELLS).sqrt();
        residuals.extend(logs.iter().zip(spreads).map(|(l, s)| weight * l / s));
        Ok(residuals)
    };
    let square = |r: &[f64]| r.iter().map(|x| x * x).sum::<f64>();
    let mut logs = [0.0; REFINED];
    let mut current = residuals(&logs)?;
    let mut best = square(&current);
    let mut damping = 1e-2;
    let mut normal = None;
    for _ in 0..STEPS {
        if normal.is_none() {
            let mut columns = Vec::with_capacity(REFINED);
            for i in 0..REFINED {
                let mut moved = logs;
                moved[i] += DIFFERENCE;
                let r = residuals(&moved)?;
                let column: Vec<f64> = r
                    .iter()
                    .zip(&current)
                    .map(|(a, b)| (a - b) / DIFFERENCE)
                    .collect();
                columns.push(column);
            }
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
        let tried = residuals(&moved)?;
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
