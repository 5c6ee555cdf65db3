//! What an image is differentiated with respect to.

use std::fmt;

use crate::error::{Error, Result};
use crate::sample::Sample;

/// An elementary quantity of a model, with the unit that derivatives are taken per.
///
/// Populations, members and layers are counted as in [`Sample`] and [`crate::Population`]: layer 0 is
/// the ambient, member 0 the particle that was added first, body 0 its (first) shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Factor on the scattering, 1 for the image as it is; pure number.
    Scale,
    /// Added to every pixel: counts, or nm^2 / sr / nm^2 for a cross-section.
    Background,
    /// alpha_i with the exit directions as they are, rad.
    IncidenceAngle,
    /// alpha_i by turning the sample under a detector that stays, rad: the exit direction of a pixel
    /// follows, d alpha_f = -cos(2theta_f) d alpha_i and d 2theta_f = -tan(alpha_f) sin(2theta_f)
    /// d alpha_i, as [`crate::FlatDetector::direction`] has it.
    Pitch,
    /// Thickness of a film, nm. Particles keep their distance from the interface that their
    /// [`crate::Placement`] names.
    Thickness {
        /// Index of the layer.
        layer: usize,
    },
    /// Effective roughness of the top interface of a layer, nm. If the interface scatters diffusely,
    /// the height of its profile grows in proportion.
    Roughness {
        /// Index of the layer below the interface.
        layer: usize,
    },
    /// Relative number of a kind of particles, a pure number. The weights of a population are
    /// normalised, so one that grows makes the others rarer.
    Weight {
        /// Index of the population.
        population: usize,
        /// Index of the particle in it.
        member: usize,
    },
    /// Fraction of the surface that a population covers, a pure number.
    Coverage {
        /// Index of the population.
        population: usize,
    },
    /// Number density of independent particles, nm^-2.
    Density {
        /// Index of the population.
        population: usize,
    },
    /// Mean distance D of a paracrystal, nm, at constant sigma_D / D and damping length; the density
    /// follows.
    Distance {
        /// Index of the population.
        population: usize,
    },
    /// Disorder sigma_D / D of a paracrystal (omega / D for other profiles than Gauss), a pure
    /// number, at constant D.
    Disorder {
        /// Index of the population.
        population: usize,
    },
    /// Coupling kappa of the size-spacing correlation, a pure number.
    Coupling {
        /// Index of the population.
        population: usize,
    },
    /// A parameter of a shape, in its own unit, see [`crate::Differentiable::parameters`].
    Shape {
        /// Index of the population.
        population: usize,
        /// Index of the particle in it.
        member: usize,
        /// Index of the body in the particle.
        body: usize,
        /// Name of the parameter.
        parameter: &'static str,
    },
    /// ln s of a stretch of a body by s along an axis of the unrotated shape (0 = x, 1 = y, 2 = z)
    /// that keeps the plane through its origin; for any shape. dI/dH of a body of height H is the
    /// derivative for axis 2 over H.
    Stretch {
        /// Index of the population.
        population: usize,
        /// Index of the particle in it.
        member: usize,
        /// Index of the body in the particle.
        body: usize,
        /// The axis.
        axis: usize,
    },
    /// ln s of a magnification of a body by s about its origin; for any shape.
    Size {
        /// Index of the population.
        population: usize,
        /// Index of the particle in it.
        member: usize,
        /// Index of the body in the particle.
        body: usize,
    },
}

impl Quantity {
    /// A parameter of the only body of a particle.
    #[must_use]
    pub fn shape(population: usize, member: usize, parameter: &'static str) -> Self {
        Self::Shape {
            population,
            member,
            body: 0,
            parameter,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale => f.write_str("scale"),
            Self::Background => f.write_str("background"),
            Self::IncidenceAngle => f.write_str("incidence angle"),
            Self::Pitch => f.write_str("pitch"),
            Self::Thickness { layer } => write!(f, "thickness of layer {layer}"),
            Self::Roughness { layer } => write!(f, "roughness of layer {layer}"),
            Self::Weight { population, member } => {
                write!(f, "weight of member {member} of population {population}")
            }
            Self::Coverage { population } => write!(f, "coverage of population {population}"),
            Self::Density { population } => write!(f, "density of population {population}"),
            Self::Distance { population } => write!(f, "distance of population {population}"),
            Self::Disorder { population } => write!(f, "disorder of population {population}"),
            Self::Coupling { population } => write!(f, "coupling of population {population}"),
            Self::Shape {
                population,
                member,
                body,
                parameter,
            } => write!(
                f,
                "{parameter} of body {body} of member {member} of population {population}"
            ),
            Self::Stretch {
                population,
                member,
                body,
                axis,
            } => {
                let axis = ["x", "y", "z"].get(*axis).unwrap_or(&"no axis");
                write!(
                    f,
                    "stretch along {axis} of body {body} of member {member} of population {population}"
                )
            }
            Self::Size {
                population,
                member,
                body,
            } => write!(
                f,
                "size of body {body} of member {member} of population {population}"
            ),
        }
    }
}

/// A named parameter: a direction in the space of the elementary quantities. Its column of the
/// Jacobian is the sum of those of the quantities it moves, times their rates.
///
/// ```
/// use gisaxs_physics::{FitParameter, Quantity};
///
/// // The height over radius of two cylinders of 4 and 5 nm.
/// let aspect = FitParameter::new("H/R")
///     .moving(Quantity::shape(0, 0, "height"), 4.0)
///     .moving(Quantity::shape(0, 1, "height"), 5.0);
/// assert_eq!(aspect.name(), "H/R");
/// let thickness = FitParameter::from(Quantity::Thickness { layer: 1 });
/// assert_eq!(thickness.name(), "thickness of layer 1");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FitParameter {
    name: String,
    moves: Vec<(Quantity, f64)>,
}

impl FitParameter {
    /// A parameter that moves nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            moves: Vec::new(),
        }
    }

    /// The same, moving also `quantity` by `rate` (units of the quantity per unit of the parameter).
    #[must_use]
    pub fn moving(mut self, quantity: Quantity, rate: f64) -> Self {
        self.moves.push((quantity, rate));
        self
    }

    /// A parameter of the (first) shape of all particles of a population, moved by the same amount.
    ///
    /// # Errors
    /// If there is no such population.
    pub fn of_all_shapes(
        sample: &Sample,
        population: usize,
        parameter: &'static str,
    ) -> Result<Self> {
        let members = sample
            .populations()
            .get(population)
            .ok_or_else(|| Error::NoDerivative {
                quantity: format!("{parameter} of population {population}"),
                reason: "there is no such population",
            })?
            .members
            .len();
        Ok((0..members).fold(Self::new(parameter), |all, member| {
            all.moving(Quantity::shape(population, member, parameter), 1.0)
        }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The quantities it moves, with their rates.
    #[must_use]
    pub fn moves(&self) -> &[(Quantity, f64)] {
        &self.moves
    }
}

impl From<Quantity> for FitParameter {
    /// The quantity itself.
    fn from(quantity: Quantity) -> Self {
        Self::new(quantity.to_string()).moving(quantity, 1.0)
    }
}
