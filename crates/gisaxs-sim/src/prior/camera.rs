//! How often the camera adds something of its own, and how much.

use serde::{Deserialize, Serialize};

use crate::range::check_share;
use crate::{Bell, Range, Result};

/// Shares of exposures and ranges of [`crate::artifact::Camera`]. By default all shares are 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraPrior {
    /// Exposure time, s: scales muons and count rates.
    pub exposure_s: Range,
    /// Share with an error of the flat field.
    pub flat_field: f64,
    /// Standard deviation of the gain of modules.
    pub flat_field_module: Range,
    /// Standard deviation of the gain of pixels.
    pub flat_field_pixel: Range,
    /// Share with larger pixels along the rims of modules.
    pub gap_edges: f64,
    /// Counts of a rim pixel over those of an inner one.
    pub gap_edge_gain: Range,
    /// Share with pile-up and its correction.
    pub dead_time: f64,
    /// Dead time of a pixel, s.
    pub dead_time_s: Range,
    /// Relative error of the correction's dead time.
    pub dead_time_error: Range,
    /// Share with noisy pixels.
    pub noisy_pixels: f64,
    /// Noisy pixels over all.
    pub noisy_pixel_share: Range,
    /// Smallest and largest mean of a noisy pixel, counts per frame; uniform in the logarithm.
    pub noisy_pixel_counts: [f64; 2],
    /// Share with one to three dead or noisy lines.
    pub bad_lines: f64,
    /// Share with cosmic rays.
    pub cosmic_rays: f64,
    /// Muons per area of the sensor and time, cm^-2 s^-1.
    pub cosmic_ray_flux: Range,
}

impl Default for CameraPrior {
    fn default() -> Self {
        Self {
            exposure_s: Range::LogUniform([0.05, 100.0]),
            flat_field: 0.0,
            flat_field_module: Range::Uniform([0.0, 0.03]),
            flat_field_pixel: Range::Uniform([0.0, 0.025]),
            gap_edges: 0.0,
            gap_edge_gain: Range::Uniform([0.85, 1.35]),
            dead_time: 0.0,
            dead_time_s: Range::LogUniform([1e-7, 2.5e-7]),
            dead_time_error: Range::Normal(Bell {
                centre: 0.0,
                spread: 0.15,
                min: Some(-0.5),
                max: Some(0.5),
            }),
            noisy_pixels: 0.0,
            noisy_pixel_share: Range::LogUniform([1e-6, 3e-4]),
            noisy_pixel_counts: [0.3, 1000.0],
            bad_lines: 0.0,
            cosmic_rays: 0.0,
            // Through an upright sensor at sea level, a third of the 0.017 through a lying one.
            cosmic_ray_flux: Range::LogUniform([3e-3, 1.5e-2]),
        }
    }
}

impl CameraPrior {
    /// As often as at a beamline.
    #[must_use]
    pub fn realistic() -> Self {
        Self {
            flat_field: 0.8,
            gap_edges: 0.7,
            dead_time: 0.7,
            noisy_pixels: 0.6,
            bad_lines: 0.1,
            cosmic_rays: 0.8,
            ..Self::default()
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        self.exposure_s.check(
            "artifacts.camera.exposure_s",
            [1e-4, 1e4],
            "0.0001 to 10000 s",
        )?;
        check_share("artifacts.camera.flat_field", self.flat_field)?;
        for (key, range) in [
            (
                "artifacts.camera.flat_field_module",
                &self.flat_field_module,
            ),
            ("artifacts.camera.flat_field_pixel", &self.flat_field_pixel),
        ] {
            range.check(key, [0.0, 0.5], "0 to 0.5")?;
        }
        check_share("artifacts.camera.gap_edges", self.gap_edges)?;
        self.gap_edge_gain
            .check("artifacts.camera.gap_edge_gain", [0.0, 10.0], "0 to 10")?;
        check_share("artifacts.camera.dead_time", self.dead_time)?;
        self.dead_time_s
            .check("artifacts.camera.dead_time_s", [0.0, 1e-4], "0 to 0.0001 s")?;
        self.dead_time_error
            .check("artifacts.camera.dead_time_error", [-1.0, 1.0], "-1 to 1")?;
        check_share("artifacts.camera.noisy_pixels", self.noisy_pixels)?;
        self.noisy_pixel_share.check(
            "artifacts.camera.noisy_pixel_share",
            [0.0, 0.1],
            "0 to 0.1",
        )?;
        let [low, high] = self.noisy_pixel_counts;
        if !(low > 0.0 && low <= high && high <= 1e6) {
            return Err(crate::Error::Prior {
                key: "artifacts.camera.noisy_pixel_counts",
                value: format!("[{low}, {high}]"),
                expected: "two ascending means, above 0, at most 1e6 counts",
            });
        }
        check_share("artifacts.camera.bad_lines", self.bad_lines)?;
        check_share("artifacts.camera.cosmic_rays", self.cosmic_rays)?;
        self.cosmic_ray_flux.check(
            "artifacts.camera.cosmic_ray_flux",
            [0.0, 1.0],
            "0 to 1 cm^-2 s^-1",
        )
    }
}
