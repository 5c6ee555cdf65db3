//! What the camera itself adds to the counts, drawn together.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::raster::CellRaster;
use super::{
    BadLines, CosmicRays, DeadTime, FlatField, GapEdges, ModuleLayout, NoisyPixels, Saturation,
};
use crate::prior::CameraPrior;

/// Artifacts of pixels, modules and read-out that only some exposures have. Rates are multiplied
/// before counting (flat field, rims, pile-up), counts are changed after it (correction, noise,
/// lines, muons).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Camera {
    /// Gains of modules and pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat_field: Option<FlatField>,
    /// Larger pixels along the rims of modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_edges: Option<GapEdges>,
    /// Pile-up and its correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_time: Option<DeadTime>,
    /// Pixels that count by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy_pixels: Option<NoisyPixels>,
    /// Dead or noisy lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_lines: Option<BadLines>,
    /// Muons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosmic_rays: Option<CosmicRays>,
}

impl Camera {
    /// Draws what this exposure has.
    pub fn draw(prior: &CameraPrior, rng: &mut impl Rng) -> Self {
        let p = prior;
        let exposure_s = p.exposure_s.draw(rng);
        Self {
            flat_field: rng
                .random_bool(p.flat_field)
                .then(|| FlatField::draw(&p.flat_field_module, &p.flat_field_pixel, rng)),
            gap_edges: rng
                .random_bool(p.gap_edges)
                .then(|| GapEdges::draw(&p.gap_edge_gain, rng)),
            dead_time: rng
                .random_bool(p.dead_time)
                .then(|| DeadTime::draw(&p.dead_time_s, &p.dead_time_error, exposure_s, rng)),
            noisy_pixels: rng
                .random_bool(p.noisy_pixels)
                .then(|| NoisyPixels::draw(&p.noisy_pixel_share, p.noisy_pixel_counts, rng)),
            bad_lines: rng.random_bool(p.bad_lines).then(|| BadLines::draw(rng)),
            cosmic_rays: rng
                .random_bool(p.cosmic_rays)
                .then(|| CosmicRays::draw(&p.cosmic_ray_flux, exposure_s, rng)),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// From expected counts per pixel to those that are seen, on a frame.
    pub fn frame_rate(&self, layout: &ModuleLayout, rate: &mut [f32]) {
        if let Some(flat) = &self.flat_field {
            flat.frame(layout, rate);
        }
        if let Some(edges) = &self.gap_edges {
            edges.frame(layout, rate);
        }
        self.pile_up(rate);
    }

    /// From counts that were seen to those that are reported, on a frame.
    pub fn frame_counts(
        &self,
        layout: &ModuleLayout,
        pixel_mm: f64,
        saturation: Saturation,
        counts: &mut [f32],
    ) {
        let shape = layout.shape();
        if let Some(dead) = &self.dead_time {
            for count in counts.iter_mut() {
                *count = dead.corrected(*count, 1.0).unwrap_or(saturation.cutoff);
            }
        }
        if let Some(noisy) = &self.noisy_pixels {
            noisy.frame(shape, counts);
        }
        if let Some(rays) = &self.cosmic_rays {
            rays.frame(shape, pixel_mm, counts);
        }
        if let Some(bad) = &self.bad_lines {
            bad.frame(layout, counts);
        }
    }

    /// From expected counts per pixel to those that are seen, on cells of `pixels` valid pixels.
    pub fn cell_rate(&self, raster: &CellRaster, pixels: &[f32], rate: &mut [f32]) {
        if let Some(flat) = &self.flat_field {
            flat.cells(raster, pixels, rate);
        }
        if let Some(edges) = &self.gap_edges {
            edges.cells(raster, rate);
        }
        self.pile_up(rate);
    }

    /// From counts that were seen to those that are reported, on cells; overloaded cells lose
    /// their pixels.
    pub fn cell_counts(
        &self,
        raster: &CellRaster,
        pixel_mm: f64,
        saturation: Saturation,
        pixels: &mut [f32],
        counts: &mut [f32],
    ) {
        if let Some(dead) = &self.dead_time {
            for (count, n) in counts.iter_mut().zip(pixels.iter_mut()) {
                match dead.corrected(*count, *n) {
                    Some(corrected) if !saturation.overloads(corrected / n.max(1.0)) => {
                        *count = corrected;
                    }
                    _ => (*count, *n) = (0.0, 0.0),
                }
            }
        }
        if let Some(noisy) = &self.noisy_pixels {
            noisy.cells(raster, pixels, counts);
        }
        if let Some(rays) = &self.cosmic_rays {
            rays.cells(raster, pixel_mm, pixels, counts);
        }
        if let Some(bad) = &self.bad_lines {
            bad.cells(raster, pixels, counts);
        }
    }

    fn pile_up(&self, rate: &mut [f32]) {
        if let Some(dead) = &self.dead_time {
            for rate in rate {
                *rate = dead.seen(*rate);
            }
        }
    }
}
