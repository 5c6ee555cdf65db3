//! What the frame cannot say.
//!
//! D shows itself in the first maximum of the structure factor, near q = 2 pi / D. Where
//! that lies outside the measured window, the network still gives a posterior, made of the
//! prior and the radius; such a number must not be passed on as a measurement. Whether it
//! lies inside is a matter of geometry, which is more reliable here than the width of the
//! posterior; the width is asked as well. The whole interval has to lie inside: an end
//! outside means that the maximum itself may be.

use std::f64::consts::TAU;

use gisaxs_preproc::input::{CellSums, N_K, N_Q, Q_AXIS};

use crate::predictor::Answer;
use crate::structure::Estimate;

/// Smallest q at which a maximum is told from the specular rod and its spill, nm^-1.
const Q_FIRST: f64 = 0.06;
/// The maximum must lie below this share of the largest q: its far side must be seen.
const Q_LAST: f64 = 0.85;
/// Intervals with upper / lower beyond these are no answer.
const WIDEST_DISTANCE: f64 = 1.6;
const WIDEST_DISORDER: f64 = 4.0;
/// H/R from 0.5 to 2 is all that the network was trained on.
const WIDEST_HEIGHT: f64 = 4.0;

/// Range of q_par with valid pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Smallest q_par, nm^-1.
    pub q_min: f64,
    /// Largest q_par, nm^-1.
    pub q_max: f64,
}

impl Window {
    /// The window of a grid with `valid` > 0 where a cell holds a valid pixel (the pixel
    /// counts of [`CellSums`], or the third plane of the network's input). A column counts
    /// if at least two of its cells are valid.
    ///
    /// # Panics
    /// If `valid` does not have one number per cell.
    #[must_use]
    pub fn of(valid: &[f32]) -> Self {
        assert_eq!(valid.len(), N_K * N_Q, "cells of another grid");
        let seen = |q: &usize| {
            (0..N_K)
                .filter(|&k| valid[CellSums::index(k, *q)] > 0.0)
                .nth(1)
                .is_some()
        };
        let first = (0..N_Q).find(seen).unwrap_or(0);
        let last = (0..N_Q).rev().find(seen).unwrap_or(0);
        Self {
            q_min: Q_AXIS.edge(first),
            q_max: Q_AXIS.edge(last + 1),
        }
    }

    /// True if the first maximum of particles `distance` apart lies inside.
    #[must_use]
    pub fn shows(&self, distance_nm: f64) -> bool {
        let q = TAU / distance_nm;
        q > Q_FIRST.max(self.q_min) && q < Q_LAST * self.q_max
    }
}

/// Names of the quantities that this window does not determine.
pub(crate) fn unresolved(answer: &Answer, window: &Window) -> Vec<&'static str> {
    let wide = |e: Estimate, widest: f64| e.spread() > widest;
    let mut names = Vec::new();
    if wide(answer.height_ratio, WIDEST_HEIGHT) {
        names.push("height_over_radius");
    }
    let distance = answer.distance;
    let shown = [distance.lower, distance.value, distance.upper]
        .iter()
        .all(|&d| window.shows(d));
    if !shown || wide(distance, WIDEST_DISTANCE) {
        // Without the maximum there is nothing to take its width from.
        names.extend(["distance", "disorder"]);
    } else if wide(answer.disorder, WIDEST_DISORDER) {
        names.push("disorder");
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_maximum_decides() {
        let window = Window {
            q_min: 0.02,
            q_max: 1.5,
        };
        assert!(window.shows(7.6));
        assert!(!window.shows(4.5));
        assert!(!window.shows(110.0));
    }

    #[test]
    fn the_window_is_that_of_the_valid_cells() {
        let mut cells = CellSums::empty();
        for q in 20..60 {
            for k in 3..9 {
                cells.pixels[CellSums::index(k, q)] = 2.0;
            }
        }
        cells.pixels[CellSums::index(5, 90)] = 1.0;
        let window = Window::of(&cells.pixels);
        assert_eq!(window.q_min, Q_AXIS.edge(20));
        assert_eq!(window.q_max, Q_AXIS.edge(60));
    }
}
