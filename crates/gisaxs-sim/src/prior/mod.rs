//! What is drawn, from which ranges: the domain of a dataset.

mod camera;
mod correlation;
mod detector;
mod particles;
mod scatter;
mod setup;

pub use camera::CameraPrior;
pub use correlation::{Correlation, CorrelationModel, CorrelationPrior};
pub use detector::DetectorPrior;
pub use particles::{ParticlePrior, Particles};
pub use scatter::ScatterPrior;
pub use setup::{Known, Setup, SetupPrior};

use serde::{Deserialize, Serialize};

use crate::artifact::MisalignmentPrior;
use crate::range::check_share;
use crate::{Bell, Range, Result};

/// Everything a dataset is drawn from. The default is the domain of the shipped network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prior {
    /// Beam, detector and layers.
    pub setup: SetupPrior,
    /// Sizes and shapes.
    pub particles: ParticlePrior,
    /// Spacing and disorder.
    pub correlation: CorrelationPrior,
    /// What the experiment adds.
    pub artifacts: ArtifactPrior,
}

/// More are no longer single pixels.
const MOST_HOT_PIXELS: usize = 10_000;

/// Ranges of the artifacts; amplitudes are relative to the brightest particle scattering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArtifactPrior {
    /// Expected counts of the 99.5 % brightest pixel off the rod.
    pub peak_counts: Range,
    /// Flat background.
    pub flat: Range,
    /// Diffuse scattering of the surface.
    pub diffuse: Range,
    /// Scattering of air and windows.
    pub air: Range,
    /// Specular rod.
    pub rod: Range,
    /// Standard deviation of the slow response error.
    pub response: Range,
    /// Standard deviation of the point-spread function, pixels. If not given: 0.2 to 1.2, uniform in
    /// the logarithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur_px: Option<Range>,
    /// Share of exposures that see the edge of the flight tube.
    pub flight_tube: f64,
    /// Most hot pixels that nobody flagged, per frame.
    pub hot_pixels: usize,
    /// Share of network inputs with a dark block of cells that nobody masked, and share with a masked
    /// one.
    pub obstacles: f64,
    /// Counts at which a pixel is overloaded.
    pub saturation: Range,
    /// Errors of the instrument file.
    pub misalignment: MisalignmentPrior,
    /// Scattering that only some exposures have; by default none.
    pub scatter: ScatterPrior,
    /// What the camera adds; by default nothing.
    pub camera: CameraPrior,
}

impl Default for ArtifactPrior {
    fn default() -> Self {
        Self {
            peak_counts: Range::LogUniform([15.0, 1.0e5]),
            flat: Range::LogUniform([1.0e-6, 3.0e-2]),
            diffuse: Range::LogUniform([1.0e-3, 50.0]),
            air: Range::LogUniform([1.0e-4, 0.3]),
            rod: Range::LogUniform([1.0e-2, 1.0e2]),
            response: Range::Uniform([0.0, 0.12]),
            blur_px: None,
            flight_tube: 0.35,
            hot_pixels: 12,
            obstacles: 0.25,
            saturation: Range::LogUniform([1.0e5, 1.5e6]),
            misalignment: MisalignmentPrior::default(),
            scatter: ScatterPrior::default(),
            camera: CameraPrior::default(),
        }
    }
}

impl ArtifactPrior {
    /// The same ranges with everything switched on, as often as at a beamline.
    #[must_use]
    pub fn realistic(self) -> Self {
        Self {
            misalignment: MisalignmentPrior {
                wavelength: 5e-4,
                ..self.misalignment
            },
            scatter: ScatterPrior::realistic(),
            camera: CameraPrior::realistic(),
            ..self
        }
    }
}

impl Prior {
    /// The same prior with every artifact, as often as at a beamline: those of
    /// [`ArtifactPrior::realistic`] and a detector that is not quite straight.
    #[must_use]
    pub fn with_realistic_artifacts(self) -> Self {
        let normal = |spread: f64| {
            Some(Range::Normal(Bell {
                centre: 0.0,
                spread,
                min: None,
                max: None,
            }))
        };
        Self {
            setup: SetupPrior {
                rotation_deg: normal(0.15),
                tilt_deg: normal(0.3),
                ..self.setup
            },
            artifacts: self.artifacts.realistic(),
            ..self
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`crate::Error::Prior`] with the dotted path of the first bad key.
    pub fn validate(&self) -> Result<()> {
        self.setup.validate()?;
        self.particles.validate()?;
        self.correlation.validate()?;
        let a = &self.artifacts;
        let positive = [f64::MIN_POSITIVE, 1e9];
        a.peak_counts.check(
            "artifacts.peak_counts",
            positive,
            "above 0, at most 1e9 counts",
        )?;
        a.flat.check("artifacts.flat", [0.0, 1e3], "0 to 1000")?;
        a.diffuse
            .check("artifacts.diffuse", [0.0, 1e3], "0 to 1000")?;
        a.air.check("artifacts.air", [0.0, 1e3], "0 to 1000")?;
        a.rod.check("artifacts.rod", [0.0, 1e9], "0 to 1e9")?;
        a.response
            .check("artifacts.response", [0.0, 1.0], "0 to 1")?;
        check_share("artifacts.flight_tube", a.flight_tube)?;
        check_share("artifacts.obstacles", a.obstacles)?;
        if let Some(range) = &a.blur_px {
            range.check("artifacts.blur_px", [0.0, 20.0], "0 to 20 pixels")?;
        }
        if a.hot_pixels > MOST_HOT_PIXELS {
            return Err(crate::Error::Prior {
                key: "artifacts.hot_pixels",
                value: a.hot_pixels.to_string(),
                expected: "0 to 10000 pixels",
            });
        }
        a.saturation.check(
            "artifacts.saturation",
            positive,
            "above 0, at most 1e9 counts",
        )?;
        a.misalignment.validate()?;
        a.scatter.validate()?;
        a.camera.validate()?;
        self.particles.check_window(self.setup.smallest_window())?;
        self.correlation.check_radii(self.particles.mean_radii())
    }
}
