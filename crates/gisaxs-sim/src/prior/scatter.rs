//! How often exposures have scattering that the sample's model knows nothing of, and how much.

use serde::{Deserialize, Serialize};

use crate::range::check_share;
use crate::{Range, Result};

/// Shares of exposures and ranges of [`crate::artifact::Scatter`]; amplitudes are relative to the
/// brightest particle scattering. By default all shares are 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScatterPrior {
    /// Share with parasitic Guinier-Porod scattering.
    pub guinier_porod: f64,
    /// Its intensity at 0.1 nm^-1.
    pub guinier_porod_amplitude: Range,
    /// Its radius of gyration, nm.
    pub guinier_porod_rg_nm: Range,
    /// Share with film fringes in the diffuse scattering (where there is a film).
    pub fringes: f64,
    /// Their contrast.
    pub fringe_visibility: Range,
    /// Share with a second, weak population.
    pub population: f64,
    /// Its intensity in the forward direction.
    pub population_amplitude: Range,
    /// Its mean radius, nm.
    pub population_radius_nm: Range,
    /// Share with scattering of windows and air behind the sample.
    pub window: f64,
    /// Its intensity at 0.1 nm^-1.
    pub window_amplitude: Range,
    /// Exponent of its power law.
    pub window_power: Range,
    /// Share with a beam that diverges.
    pub divergence: f64,
    /// Its standard deviation on the detector, across and up each, pixels.
    pub divergence_px: Range,
}

impl Default for ScatterPrior {
    fn default() -> Self {
        Self {
            guinier_porod: 0.0,
            guinier_porod_amplitude: Range::LogUniform([1e-3, 1.0]),
            guinier_porod_rg_nm: Range::LogUniform([2.0, 40.0]),
            fringes: 0.0,
            fringe_visibility: Range::Uniform([0.1, 0.9]),
            population: 0.0,
            population_amplitude: Range::LogUniform([1e-3, 0.3]),
            population_radius_nm: Range::LogUniform([1.0, 20.0]),
            window: 0.0,
            window_amplitude: Range::LogUniform([5e-3, 0.5]),
            window_power: Range::Uniform([1.0, 2.5]),
            divergence: 0.0,
            divergence_px: Range::LogUniform([0.2, 3.0]),
        }
    }
}

impl ScatterPrior {
    /// As often as at a beamline.
    #[must_use]
    pub fn realistic() -> Self {
        Self {
            guinier_porod: 0.5,
            fringes: 0.5,
            population: 0.25,
            window: 0.7,
            divergence: 0.5,
            ..Self::default()
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        check_share("artifacts.scatter.guinier_porod", self.guinier_porod)?;
        self.guinier_porod_amplitude.check(
            "artifacts.scatter.guinier_porod_amplitude",
            [0.0, 1e3],
            "0 to 1000",
        )?;
        self.guinier_porod_rg_nm.check(
            "artifacts.scatter.guinier_porod_rg_nm",
            [0.1, 1e3],
            "0.1 to 1000 nm",
        )?;
        check_share("artifacts.scatter.fringes", self.fringes)?;
        self.fringe_visibility.check(
            "artifacts.scatter.fringe_visibility",
            [0.0, 1.0],
            "0 to 1",
        )?;
        check_share("artifacts.scatter.population", self.population)?;
        self.population_amplitude.check(
            "artifacts.scatter.population_amplitude",
            [0.0, 1e3],
            "0 to 1000",
        )?;
        self.population_radius_nm.check(
            "artifacts.scatter.population_radius_nm",
            [0.3, 200.0],
            "0.3 to 200 nm",
        )?;
        check_share("artifacts.scatter.window", self.window)?;
        self.window_amplitude.check(
            "artifacts.scatter.window_amplitude",
            [0.0, 1e3],
            "0 to 1000",
        )?;
        self.window_power
            .check("artifacts.scatter.window_power", [0.0, 6.0], "0 to 6")?;
        check_share("artifacts.scatter.divergence", self.divergence)?;
        self.divergence_px.check(
            "artifacts.scatter.divergence_px",
            [0.0, 20.0],
            "0 to 20 pixels",
        )
    }
}
