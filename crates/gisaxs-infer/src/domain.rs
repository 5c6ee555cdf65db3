//! Is this frame one that the network knows?
//!
//! Two questions. Do the conditions and the answer lie in the ranges of the training
//! ([`LIMITS`], and those of the answer)? And does the pattern itself look like a training
//! frame: the logarithm of the intensity is averaged over blocks of the network's grid, and
//! each block compared with its mean and standard deviation over training frames. The root
//! mean square of these deviations, divided by its 95 % quantile over held-out frames, is
//! the pattern's score: 1 is as unusual as one training frame in twenty. A score of this
//! kind notices foreign patterns (no Yoneda band, wrong horizon, a sample of another
//! class), not a slightly different model of the same physics: for that, see
//! [`Fit::relative_misfit`](crate::Fit::relative_misfit).

use gisaxs_physics::{Beam, FlatDetector};
use gisaxs_preproc::input::{CellSums, N_CELLS, N_K, N_PLANES, N_Q};
use serde::{Deserialize, Serialize};

use crate::structure::Estimate;

/// A range of the training data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// What it limits.
    pub name: &'static str,
    /// Its unit, empty if none.
    pub unit: &'static str,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Conditions of the experiment.
pub const LIMITS: [Limit; 3] = [
    limit("wavelength", "nm", 0.08, 0.16),
    limit("incidence angle", "deg", 0.15, 0.8),
    limit("sample-detector distance", "mm", 1000.0, 5000.0),
];

/// The answer: mean radius, height over radius, distance, disorder.
pub const ANSWER_LIMITS: [Limit; 4] = [
    limit("mean radius", "nm", 0.5, 25.0),
    limit("H/R", "", 0.5, 2.0),
    limit("D", "nm", 3.0, 80.0),
    limit("sigma_D/D", "", 0.03, 0.5),
];

const fn limit(name: &'static str, unit: &'static str, low: f64, high: f64) -> Limit {
    Limit {
        name,
        unit,
        low,
        high,
    }
}

/// A file's rounding of a limit is not outside it.
const TOLERANCE: f64 = 1e-3;
/// A pattern's score above this is outside the domain.
pub const SCORE_LIMIT: f64 = 1.5;

impl Limit {
    /// How far outside `value` lies, relative to the end it passed; 0 inside.
    fn excess(&self, value: f64) -> f64 {
        (self.low / value).max(value / self.high).max(1.0) - 1.0
    }

    fn warning(&self, value: f64) -> Option<String> {
        (self.excess(value) > TOLERANCE).then(|| {
            let unit = if self.unit.is_empty() {
                String::new()
            } else {
                format!(" {}", self.unit)
            };
            format!(
                "{} {value:.4}{unit} is outside the domain of the network, {} to {}{unit}",
                self.name, self.low, self.high
            )
        })
    }
}

/// Edge of the blocks, cells.
const BLOCK: usize = 8;
/// Blocks of the grid.
pub(crate) const BLOCKS: usize = N_CELLS / (BLOCK * BLOCK);

/// Mean over the valid cells of each block of the first plane of a
/// [`NetworkInput`](gisaxs_preproc::input::NetworkInput); `None` where fewer than a quarter
/// are valid.
///
/// # Panics
/// If `planes` are not those of the grid.
#[must_use]
pub fn block_means(planes: &[f32]) -> Vec<Option<f32>> {
    assert_eq!(planes.len(), N_PLANES * N_CELLS, "planes of another grid");
    let (intensity, validity) = (&planes[..N_CELLS], &planes[2 * N_CELLS..]);
    let mut means = Vec::with_capacity(BLOCKS);
    for k in (0..N_K).step_by(BLOCK) {
        for q in (0..N_Q).step_by(BLOCK) {
            let (mut sum, mut count) = (0.0, 0.0);
            for i in k..k + BLOCK {
                for j in q..q + BLOCK {
                    let cell = CellSums::index(i, j);
                    sum += intensity[cell] * validity[cell];
                    count += validity[cell];
                }
            }
            let enough = count >= (BLOCK * BLOCK / 4) as f32;
            means.push(enough.then(|| sum / count));
        }
    }
    means
}

/// What training patterns look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PatternStatistics {
    /// Mean of every block.
    pub mean: Vec<f32>,
    /// Standard deviation of every block.
    pub std: Vec<f32>,
    /// 95 % quantile of the root mean square deviation over held-out frames.
    pub typical: f64,
}

impl PatternStatistics {
    /// Statistics of the block means of training frames, `typical` from the same frames.
    #[must_use]
    pub fn of(frames: &[Vec<Option<f32>>]) -> Self {
        let column = |i: usize| frames.iter().filter_map(move |f| f[i]);
        let (mut mean, mut std) = (vec![0.0; BLOCKS], vec![0.0; BLOCKS]);
        for i in 0..BLOCKS {
            let count = column(i).count() as f32;
            if count > 1.0 {
                mean[i] = column(i).sum::<f32>() / count;
                let square: f32 = column(i).map(|x| (x - mean[i]).powi(2)).sum();
                std[i] = (square / (count - 1.0)).sqrt();
            }
        }
        let mut statistics = Self {
            mean,
            std,
            typical: 1.0,
        };
        let mut scores: Vec<f64> = frames.iter().map(|f| statistics.score(f)).collect();
        scores.sort_unstable_by(f64::total_cmp);
        if let Some(&typical) = scores.get(scores.len() * 95 / 100) {
            statistics.typical = typical;
        }
        statistics
    }

    /// Root mean square deviation of a pattern in units of `typical`; 0 if the statistics
    /// are of another grid (weights without them).
    #[must_use]
    pub fn score(&self, blocks: &[Option<f32>]) -> f64 {
        if self.mean.len() != blocks.len() {
            return 0.0;
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for ((block, mean), std) in blocks.iter().zip(&self.mean).zip(&self.std) {
            if let Some(x) = block
                && *std > 0.0
            {
                sum += f64::from((x - mean) / std).powi(2);
                count += 1.0;
            }
        }
        if count > 0.0 {
            (sum / f64::max(count, 1.0)).sqrt() / self.typical
        } else {
            0.0
        }
    }
}

/// Verdict on a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub in_domain: bool,
    pub score: f64,
    pub warnings: Vec<String>,
}

/// Checks the conditions, the answer and the pattern.
pub(crate) fn check(
    beam: &Beam,
    detector: &FlatDetector,
    answer: [Option<Estimate>; 4],
    pattern_score: f64,
) -> Verdict {
    let conditions = [
        beam.wavelength_nm(),
        beam.alpha_i_rad().to_degrees(),
        detector.distance_mm,
    ];
    let mut warnings: Vec<String> = LIMITS
        .iter()
        .zip(conditions)
        .filter_map(|(limit, value)| limit.warning(value))
        .collect();
    warnings.extend(
        ANSWER_LIMITS
            .iter()
            .zip(answer)
            .filter_map(|(limit, estimate)| limit.warning(estimate?.value)),
    );
    if pattern_score > SCORE_LIMIT {
        warnings.push(format!(
            "the pattern does not look like the training data: score {pattern_score:.2}, \
             expected below {SCORE_LIMIT}"
        ));
    }
    // Outside a range by x % counts as 1 + x % / 10 %.
    let outside = LIMITS
        .iter()
        .zip(conditions)
        .map(|(limit, value)| limit.excess(value))
        .fold(0.0, f64::max);
    let conditions_score = if outside > TOLERANCE {
        SCORE_LIMIT + 10.0 * outside
    } else {
        0.0
    };
    Verdict {
        in_domain: warnings.is_empty(),
        score: pattern_score.max(conditions_score),
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_physics::Up;

    fn detector(distance_mm: f64) -> FlatDetector {
        FlatDetector {
            rows: 10,
            cols: 10,
            pixel_mm: [0.172; 2],
            distance_mm,
            direct_beam_px: [5.0, 9.0],
            up: Up::RowsDecrease,
        }
    }

    #[test]
    fn every_violated_limit_is_named_with_value_and_range() {
        let beam = Beam::new(0.2, 2_f64.to_radians()).unwrap();
        let verdict = check(&beam, &detector(500.0), [None; 4], 0.5);
        assert!(!verdict.in_domain && verdict.score > SCORE_LIMIT);
        assert_eq!(verdict.warnings.len(), 3);
        assert!(
            verdict.warnings[0].contains("0.2000 nm")
                && verdict.warnings[0].contains("0.08 to 0.16")
        );
        let beam = Beam::new(0.16, 0.8_f64.to_radians()).unwrap();
        assert!(check(&beam, &detector(1000.0), [None; 4], 0.5).in_domain);
    }

    #[test]
    fn foreign_patterns_score_high() {
        let frame = |shift: f32| -> Vec<Option<f32>> {
            (0..BLOCKS).map(|i| Some((i % 7) as f32 + shift)).collect()
        };
        let frames: Vec<_> = (0..100).map(|i| frame(0.01 * i as f32)).collect();
        let statistics = PatternStatistics::of(&frames);
        assert!(statistics.score(&frame(0.5)) < 1.0);
        assert!(statistics.score(&frame(3.0)) > SCORE_LIMIT);
    }
}
