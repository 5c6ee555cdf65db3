//! What the user believes of the geometry is never quite true.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use gisaxs_physics::{Beam, FlatDetector};

/// Typical sizes (standard deviations) of the errors of an instrument file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MisalignmentPrior {
    /// Beam centre, pixels.
    pub beam_center_px: f64,
    /// Incidence angle, deg.
    pub incidence_deg: f64,
    /// Relative error of the distance.
    pub distance: f64,
}

impl Default for MisalignmentPrior {
    fn default() -> Self {
        Self {
            beam_center_px: 0.7,
            incidence_deg: 0.004,
            distance: 0.001,
        }
    }
}

/// Believed minus true geometry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Misalignment {
    /// Error of the direct beam, [column, row], pixels.
    pub beam_center_px: [f64; 2],
    /// Error of the incidence angle, rad.
    pub incidence_rad: f64,
    /// Relative error of the distance.
    pub distance: f64,
}

impl Misalignment {
    /// None at all.
    pub const NONE: Self = Self {
        beam_center_px: [0.0, 0.0],
        incidence_rad: 0.0,
        distance: 0.0,
    };

    /// Normal errors.
    pub fn draw(prior: &MisalignmentPrior, rng: &mut impl Rng) -> Self {
        let mut normal = |sigma: f64| {
            let z: f64 = StandardNormal.sample(rng);
            sigma * z.clamp(-3.0, 3.0)
        };
        Self {
            beam_center_px: [normal(prior.beam_center_px), normal(prior.beam_center_px)],
            incidence_rad: normal(prior.incidence_deg.to_radians()),
            distance: normal(prior.distance),
        }
    }

    /// The geometry as believed.
    ///
    /// # Errors
    /// If the believed incidence angle is not allowed.
    pub fn believed(
        &self,
        beam: &Beam,
        detector: &FlatDetector,
    ) -> gisaxs_physics::Result<(Beam, FlatDetector)> {
        let mut detector = *detector;
        detector.direct_beam_px[0] += self.beam_center_px[0];
        detector.direct_beam_px[1] += self.beam_center_px[1];
        detector.distance_mm *= 1.0 + self.distance;
        let beam = Beam::new(
            beam.wavelength_nm(),
            beam.alpha_i_rad() + self.incidence_rad,
        )?;
        Ok((beam, detector))
    }
}
