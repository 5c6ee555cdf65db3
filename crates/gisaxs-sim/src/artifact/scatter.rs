//! Scattering and blur beyond what every exposure has, drawn together.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Fringes, GuinierPorod, Population, Window};
use crate::prior::ScatterPrior;

/// Artifacts that change the expected rates and that only some exposures have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scatter {
    /// Parasitic scattering of objects with a size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guinier_porod: Option<GuinierPorod>,
    /// Fringes of a film in the diffuse scattering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fringes: Option<Fringes>,
    /// Weak population of other sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Scattering behind the sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

impl Scatter {
    /// Draws what this exposure has.
    pub fn draw(prior: &ScatterPrior, rng: &mut impl Rng) -> Self {
        let p = prior;
        Self {
            guinier_porod: rng.random_bool(p.guinier_porod).then(|| {
                GuinierPorod::draw(&p.guinier_porod_amplitude, &p.guinier_porod_rg_nm, rng)
            }),
            fringes: rng
                .random_bool(p.fringes)
                .then(|| Fringes::draw(&p.fringe_visibility, rng)),
            population: rng
                .random_bool(p.population)
                .then(|| Population::draw(&p.population_amplitude, &p.population_radius_nm, rng)),
            window: rng
                .random_bool(p.window)
                .then(|| Window::draw(&p.window_amplitude, &p.window_power, rng)),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
