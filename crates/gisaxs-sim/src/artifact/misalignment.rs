//! What the user believes of the geometry is never quite true.

use rand::Rng;
use rand::distr::Distribution;

use crate::normal::StandardNormal;
use serde::{Deserialize, Serialize};

use gisaxs_physics::{Beam, FlatDetector};

/// Typical sizes (standard deviations) of the errors of an instrument file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MisalignmentPrior {
    /// Beam centre, pixels.
    pub beam_center_px: f64,
    /// Incidence angle, deg.
    pub incidence_deg: f64,
    /// Relative error of the distance.
    pub distance: f64,
    /// Relative error of the wavelength.
    pub wavelength: f64,
}

impl Default for MisalignmentPrior {
    fn default() -> Self {
        Self {
            beam_center_px: 0.7,
            incidence_deg: 0.004,
            distance: 0.001,
            wavelength: 0.0,
        }
    }
}

impl MisalignmentPrior {
    /// Checks every standard deviation.
    pub(crate) fn validate(&self) -> crate::Result<()> {
        for (key, value, high, expected) in [
            (
                "artifacts.misalignment.beam_center_px",
                self.beam_center_px,
                100.0,
                "0 to 100 pixels",
            ),
            (
                "artifacts.misalignment.incidence_deg",
                self.incidence_deg,
                1.0,
                "0 to 1 deg",
            ),
            (
                "artifacts.misalignment.distance",
                self.distance,
                0.1,
                "0 to 0.1",
            ),
            (
                "artifacts.misalignment.wavelength",
                self.wavelength,
                0.1,
                "0 to 0.1",
            ),
        ] {
            if !(0.0..=high).contains(&value) {
                return Err(crate::Error::Prior {
                    key,
                    value: value.to_string(),
                    expected,
                });
            }
        }
        Ok(())
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
    /// Relative error of the wavelength.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wavelength: f64,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

impl Misalignment {
    /// None at all.
    pub const NONE: Self = Self {
        beam_center_px: [0.0, 0.0],
        incidence_rad: 0.0,
        distance: 0.0,
        wavelength: 0.0,
    };

    /// Normal errors, at most three standard deviations. `late` is the stream of the wavelength,
    /// which came after the others.
    pub fn draw(prior: &MisalignmentPrior, rng: &mut impl Rng, late: &mut impl Rng) -> Self {
        let wavelength = normal(prior.wavelength, late);
        let mut normal = |sigma: f64| normal(sigma, rng);
        Self {
            beam_center_px: [normal(prior.beam_center_px), normal(prior.beam_center_px)],
            incidence_rad: normal(prior.incidence_deg.to_radians()),
            distance: normal(prior.distance),
            wavelength,
        }
    }

    /// The geometry as believed.
    ///
    /// # Errors
    /// If the believed wavelength or incidence angle is not allowed.
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
            beam.wavelength_nm() * (1.0 + self.wavelength),
            beam.alpha_i_rad() + self.incidence_rad,
        )?;
        Ok((beam, detector))
    }
}

fn normal(sigma: f64, rng: &mut impl Rng) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    sigma * z.clamp(-3.0, 3.0)
}
