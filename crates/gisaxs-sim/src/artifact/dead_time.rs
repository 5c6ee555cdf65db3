//! Pulses that pile up, and what the camera's correction of them leaves.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::Range;
use gisaxs_physics::elementary::exp;

/// A paralyzable counter (G. F. Knoll, Radiation Detection and Measurement, 4.VII, eq. 4.27):
/// of the true rate n it sees m = n exp(-n tau). The camera inverts this with a dead time of its
/// own, which is not quite the true one (bunch structure, threshold, temperature); where m
/// exceeds the most that it can see, 1 / (e tau), the pixel is overloaded. A true rate beyond
/// 1 / tau folds back and passes unnoticed.
///
/// Seen counts are drawn as Poisson counts of the seen rate; the counts of a paralyzable counter
/// vary less than that, by 1 - 2 m tau at small m tau, which is nothing at the rates that
/// scatter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadTime {
    /// True dead time tau, s.
    pub tau_s: f64,
    /// Dead time of the camera's correction, s.
    pub corrected_tau_s: f64,
    /// Exposure time, s.
    pub exposure_s: f64,
}

/// Losses below this share are no losses.
const NEGLIGIBLE: f64 = 1e-4;

impl DeadTime {
    /// tau (s) and the relative error of the correction's from ranges.
    pub fn draw(tau_s: &Range, error: &Range, exposure_s: f64, rng: &mut impl Rng) -> Self {
        let tau_s = tau_s.draw(rng);
        Self {
            tau_s,
            corrected_tau_s: tau_s * (1.0 + error.draw(rng)).max(0.0),
            exposure_s,
        }
    }

    /// Counts that are seen of `rate` expected ones per pixel.
    #[must_use]
    pub fn seen(&self, rate: f32) -> f32 {
        let x = f64::from(rate) * self.tau_s / self.exposure_s;
        if x > NEGLIGIBLE {
            rate * exp(-x) as f32
        } else {
            rate
        }
    }

    /// Factor by which the camera multiplies `counts` per pixel; `None` for overload.
    #[must_use]
    pub fn correction(&self, counts: f32) -> Option<f32> {
        let y = f64::from(counts) * self.corrected_tau_s / self.exposure_s;
        if y <= NEGLIGIBLE {
            return Some(1.0);
        }
        if y >= exp(-1.0_f64) {
            return None;
        }
        // x exp(-x) = y for x < 1: concave and rising, so Newton's steps come from below.
        let mut x = y;
        for _ in 0..40 {
            let decay = exp(-x);
            let step = (y - x * decay) / ((1.0 - x) * decay);
            x += step;
            if step.abs() < 1e-12 * x {
                break;
            }
        }
        Some((x / y) as f32)
    }

    /// `counts` seen in `pixels` pixels, as the camera reports them; `None` for overload.
    #[must_use]
    pub fn corrected(&self, counts: f32, pixels: f32) -> Option<f32> {
        let factor = self.correction(counts / pixels.max(1.0))?;
        Some(if factor == 1.0 {
            counts
        } else {
            (counts * factor).round()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_right_correction_undoes_the_loss(
            rate in 0.0..4.9e6_f32, tau in 1e-7..2e-7_f64,
        ) {
            let dead = DeadTime { tau_s: tau, corrected_tau_s: tau, exposure_s: 1.0 };
            let seen = dead.seen(rate);
            prop_assert!(seen <= rate);
            let found = dead.corrected(seen, 1.0).unwrap();
            prop_assert!((found - rate).abs() <= 2.0 + 3e-4 * rate, "{rate} {seen} {found}");
        }

        #[test]
        fn any_count_has_a_finite_correction_or_none(
            counts in 0.0..1e9_f32, tau in 0.0..1e-6_f64, exposure_s in 1e-3..1e3_f64,
        ) {
            let dead = DeadTime { tau_s: tau, corrected_tau_s: tau, exposure_s };
            if let Some(factor) = dead.correction(counts) {
                prop_assert!((1.0..=2.72).contains(&factor), "{factor}");
            }
            prop_assert!(dead.seen(counts).is_finite());
        }
    }

    #[test]
    fn a_wrong_correction_leaves_a_residue_that_grows_with_the_rate() {
        let dead = DeadTime {
            tau_s: 2e-7,
            corrected_tau_s: 1.8e-7,
            exposure_s: 0.5,
        };
        let residue = |rate: f32| dead.corrected(dead.seen(rate), 1.0).unwrap() / rate - 1.0;
        // About -n (tau - tau').
        assert!((residue(2.5e5) + 0.01).abs() < 1e-3, "{}", residue(2.5e5));
        assert!(residue(1e6) < 3.0 * residue(2.5e5));
        // Folded back: far too few.
        assert!(dead.corrected(dead.seen(2e7), 1.0).unwrap() < 2e6);
    }
}
