//! A detector that does not stand as straight as its geometry says.

use rand::Rng;
use serde::{Deserialize, Serialize};

use gisaxs_physics::FlatDetector;
use gisaxs_physics::elementary::sin_cos;

use crate::Range;
use crate::pattern::CellGrid;

/// Small rotations of the true detector about the direct beam's spot on it; the instrument file
/// knows nothing of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// Rotation about the beam, rad; positive lifts the right half.
    pub rotation_rad: f64,
    /// Tilt, rad: \[top away from the sample, right side away from the sample\].
    pub tilt_rad: [f64; 2],
}

impl Mount {
    /// Angles (deg) from ranges; `None` of both for a straight detector.
    pub fn draw(
        rotation_deg: Option<&Range>,
        tilt_deg: Option<&Range>,
        rng: &mut impl Rng,
    ) -> Option<Self> {
        if rotation_deg.is_none() && tilt_deg.is_none() {
            return None;
        }
        let mut angle = |range: Option<&Range>| range.map_or(0.0, |r| r.draw(rng)).to_radians();
        Some(Self {
            rotation_rad: angle(rotation_deg),
            tilt_rad: [angle(tilt_deg), angle(tilt_deg)],
        })
    }

    /// True position \[right, up, along the beam\], mm, of a pixel.
    #[must_use]
    pub fn position_mm(&self, detector: &FlatDetector, col: f64, row: f64) -> [f64; 3] {
        let [x, y, z] = detector.position_mm(col, row);
        let (sin, cos) = sin_cos(self.rotation_rad);
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        let (sin_up, cos_up) = sin_cos(self.tilt_rad[0]);
        let (sin_side, cos_side) = sin_cos(self.tilt_rad[1]);
        // About the horizontal axis, then about the vertical one.
        let (y, away) = (y * cos_up, y * sin_up);
        [
            x * cos_side - away * sin_side,
            y,
            z + x * sin_side + away * cos_side,
        ]
    }

    /// The rotation, on cells: pixels left and right of the beam that share a cell truly lie
    /// `q rotation` lower and higher, so that the cell holds the mean of both.
    ///
    /// The tilt is left out: at 1 deg it moves a pixel by less than 5e-4 nm^-1 at 1.3 nm^-1, far
    /// inside a cell.
    pub fn cells(&self, grid: &CellGrid, rate: &mut [f32]) {
        let shifts: Vec<f64> = (grid.q_centres().iter())
            .map(|q| (q * self.rotation_rad).abs())
            .collect();
        let centres = grid.k_centres();
        let n = shifts.len();
        let old = rate.to_vec();
        let last = centres.len() - 1;
        for (k, &centre) in centres.iter().enumerate() {
            let (above, below) = ((k + 1).min(last), k.saturating_sub(1));
            let up = (centres[above] - centre).max(f64::MIN_POSITIVE);
            let down = (centre - centres[below]).max(f64::MIN_POSITIVE);
            for (i, &shift) in shifts.iter().enumerate() {
                let (u, d) = ((shift / up).min(1.0), (shift / down).min(1.0));
                let here = old[k * n + i];
                let change =
                    u as f32 * (old[above * n + i] - here) + d as f32 * (old[below * n + i] - here);
                rate[k * n + i] = here + 0.5 * change;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::raster::tests::{LAYOUT, detector, grid};

    #[test]
    fn rotations_keep_the_distance_to_the_spot() {
        let (_, detector) = detector(&LAYOUT);
        let mount = Mount {
            rotation_rad: 0.01,
            tilt_rad: [0.03, -0.02],
        };
        let [col, row] = detector.direct_beam_px;
        let spot = mount.position_mm(&detector, col, row);
        assert!(spot[0].abs() < 1e-12 && spot[1].abs() < 1e-12);
        assert!((spot[2] - detector.distance_mm).abs() < 1e-9);
        let length = |p: [f64; 3]| {
            (p[0].powi(2) + p[1].powi(2) + (p[2] - detector.distance_mm).powi(2)).sqrt()
        };
        for (c, r) in [(0.0, 0.0), (300.0, 20.0), (100.0, 180.0)] {
            let straight = length(detector.position_mm(c, r));
            assert!((length(mount.position_mm(&detector, c, r)) - straight).abs() < 1e-9);
        }
        // The right half rises.
        let right = mount.position_mm(&detector, col + 100.0, row);
        assert!(right[1] > 0.1);
    }

    #[test]
    fn cells_keep_constants_and_smear_edges_far_out() {
        let grid = grid();
        let mount = Mount {
            rotation_rad: 0.01,
            tilt_rad: [0.0; 2],
        };
        let n = grid.n_q();
        let mut rate = vec![3.0; n * grid.n_k()];
        mount.cells(&grid, &mut rate);
        assert!(rate.iter().all(|r| (r - 3.0).abs() < 1e-6));
        // A step along k.
        for (i, r) in rate.iter_mut().enumerate() {
            *r = if i / n < 10 { 0.0 } else { 1.0 };
        }
        mount.cells(&grid, &mut rate);
        assert!(rate[9 * n + n - 1] > rate[9 * n] && rate[10 * n + n - 1] < rate[10 * n]);
        assert!(rate[9 * n] < 0.01);
    }
}
