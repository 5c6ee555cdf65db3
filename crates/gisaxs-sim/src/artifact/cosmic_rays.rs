//! Muons through the sensor: one count in every pixel of a track.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, UnitSphere};
use serde::{Deserialize, Serialize};

use super::poisson;
use super::raster::CellRaster;
use crate::Range;
use crate::rng::SimRng;
use gisaxs_physics::elementary::powi;

/// Tracks of cosmic muons. The sensor stands upright; muons come from above with an intensity of
/// cos^2 of the zenith angle (Particle Data Group, "Cosmic rays": 70 m^-2 s^-1 sr^-1 at the
/// zenith), so that tracks run mostly along columns. A photon counter reports one count per
/// pixel crossed, however much energy the muon leaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosmicRays {
    /// Tracks per area of the sensor and time, cm^-2 s^-1.
    pub flux_cm2_s: f64,
    /// Exposure time, s.
    pub exposure_s: f64,
    /// Thickness of the sensor, mm.
    pub sensor_mm: f64,
    /// Decides the tracks.
    pub seed: u32,
}

/// Longest track, pixels.
const MAX_TRACK: f64 = 400.0;

impl CosmicRays {
    /// The flux from a range; sensors of 0.32, 0.45 or 1 mm.
    pub fn draw(flux_cm2_s: &Range, exposure_s: f64, rng: &mut impl Rng) -> Self {
        Self {
            flux_cm2_s: flux_cm2_s.draw(rng),
            exposure_s,
            sensor_mm: [0.32, 0.45, 1.0][rng.random_range(0..3_usize)],
            seed: rng.random(),
        }
    }

    /// Calls `visit(column, row)` for every pixel of every track over a detector of `rows` by
    /// `cols` pixels of `pixel_mm`.
    pub fn for_each(
        &self,
        [rows, cols]: [usize; 2],
        pixel_mm: f64,
        mut visit: impl FnMut(usize, usize),
    ) {
        let rng = &mut SimRng::seed_from_u64(self.seed.into());
        let area_cm2 = (rows * cols) as f64 * powi(0.1 * pixel_mm, 2);
        let tracks = poisson((self.flux_cm2_s * area_cm2 * self.exposure_s) as f32, rng);
        for _ in 0..tracks as u64 {
            // Directions through the face of an upright sensor: cos^2 of the zenith angle times
            // the projection of the face, by rejection.
            let [x, y, z] = loop {
                let [x, y, z]: [f64; 3] = UnitSphere.sample(rng);
                if rng.random::<f64>() < y * y * z.abs() / 0.385 {
                    break [x, y, z];
                }
            };
            // Pixels along columns and rows while the sensor is crossed.
            let run = self.sensor_mm / (z.abs() * pixel_mm);
            let run = run.min(MAX_TRACK / (x * x + y * y).sqrt().max(1e-9));
            let start = [
                rng.random::<f64>() * cols as f64,
                rng.random::<f64>() * rows as f64,
            ];
            // Half a pixel per step; a pixel that is met twice in a row counts once.
            let steps = (2.0 * run * x.abs().max(y.abs())).ceil().max(1.0);
            let mut last = None;
            for i in 0..=steps as u32 {
                let t = run * f64::from(i) / steps;
                let (col, row) = (start[0] + t * x, start[1] + t * y);
                if col < 0.0 || row < 0.0 || col >= cols as f64 || row >= rows as f64 {
                    break;
                }
                let pixel = (col as usize, row as usize);
                if last != Some(pixel) {
                    visit(pixel.0, pixel.1);
                    last = Some(pixel);
                }
            }
        }
    }

    /// Adds the tracks to the counts of a frame, row-major.
    pub fn frame(&self, [rows, cols]: [usize; 2], pixel_mm: f64, counts: &mut [f32]) {
        self.for_each([rows, cols], pixel_mm, |col, row| {
            counts[row * cols + col] += 1.0;
        });
    }

    /// Adds the tracks to the counts of cells with valid pixels.
    pub fn cells(&self, raster: &CellRaster, pixel_mm: f64, pixels: &[f32], counts: &mut [f32]) {
        self.for_each(raster.shape, pixel_mm, |col, row| {
            if let Some(cell) = raster.cell(col, row).filter(|&c| pixels[c] > 0.0) {
                counts[cell] += 1.0;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_have_the_flux_and_run_along_columns() {
        let rays = CosmicRays {
            flux_cm2_s: 0.01,
            exposure_s: 100.0,
            sensor_mm: 1.0,
            seed: 5,
        };
        let (rows, cols) = (1043, 981);
        let (mut pixels, mut across, mut along) = (0, 0, 0);
        let mut last = (usize::MAX, usize::MAX);
        let mut tracks = 0;
        rays.for_each([rows, cols], 0.172, |col, row| {
            assert!(col < cols && row < rows);
            let steps = (col.abs_diff(last.0), row.abs_diff(last.1));
            if steps.0 > 1 || steps.1 > 1 {
                tracks += 1;
            } else {
                across += steps.0;
                along += steps.1;
            }
            pixels += 1;
            last = (col, row);
        });
        // 303 cm^2 for 100 s: 303 tracks.
        assert!((240..=370).contains(&tracks), "{tracks}");
        assert!(2 * along > 3 * across, "{along} {across}");
        assert!(pixels > 5 * tracks && pixels < 60 * tracks, "{pixels}");
    }
}
