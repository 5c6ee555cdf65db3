//! Intervals that hold what they promise.
//!
//! Targets are spread over two bins and the network is never perfectly trained, so raw 90 %
//! intervals cover more or less than 90 %. On held-out views the factor is found by which their
//! offsets from the median must be multiplied (split conformal prediction with a scaled score,
//! Lei et al. 2018, <https://doi.org/10.1080/01621459.2017.1307116>).

use crate::checkpoint::Calibration;
use crate::evaluate::{Record, Scored, percentile};

/// Level of the intervals.
const LEVEL: f64 = 0.9;

/// The widening of every output such that the 90 % intervals cover 90 % of `records`. Distance and
/// disorder are calibrated where they are visible. Outputs without views keep the factor one.
#[must_use]
pub fn calibrate(records: &[Record]) -> Calibration {
    let factor = |f: fn(&Record) -> &Scored, only_visible: bool| {
        let needed: Vec<f64> = records
            .iter()
            .filter(|r| r.visible || !only_visible)
            .map(|r| f(r).needed_widening())
            .collect();
        if needed.is_empty() {
            1.0
        } else {
            percentile(&needed, LEVEL)
        }
    };
    Calibration {
        mean_radius: factor(|r| &r.mean_radius, false),
        rel_std: factor(|r| &r.rel_std, false),
        height_ratio: factor(|r| &r.height_ratio, false),
        distance: factor(|r| &r.distance, true),
        disorder: factor(|r| &r.disorder, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bins::Labels;

    #[test]
    fn calibrated_intervals_cover_ninety_per_cent() {
        let records: Vec<Record> = (0..1000)
            .map(|i| {
                let s = Scored {
                    truth: 30.0 + 0.01 * f64::from(i - 500),
                    low: 29.0,
                    median: 30.0,
                    high: 32.0,
                    error: 0.0,
                };
                Record {
                    mean_radius: s,
                    rel_std: s,
                    height_ratio: s,
                    distance: s,
                    disorder: s,
                    w1: 0.0,
                    shape_right: true,
                    visible: i % 2 == 0,
                    labels: Labels {
                        radius_mass: [0.0; 128],
                        mean_radius: 1.0,
                        rel_std: 0.1,
                        height_ratio: 1.0,
                        distance: 10.0,
                        disorder: 0.1,
                        cylinder: false,
                        distance_visible: true,
                    },
                }
            })
            .collect();
        let scores = crate::evaluate::Scores::new(&records, &calibrate(&records));
        for (name, c) in scores.coverage {
            assert!((c - 0.9).abs() < 0.01, "{name}: {c}");
        }
    }
}
