//! Samples: populations of particles in a stack of layers, and their scattering.

use crate::elementary::sin;

mod across;
mod averaging;
mod block;
mod depth;
mod ensemble;
mod population;
mod scattering;
#[cfg(test)]
mod tests;
mod turned;

pub(crate) use block::Block;
pub use depth::DepthProfile;
pub(crate) use population::Member;
pub use population::{Correlation, Placement, Population};
pub use scattering::Scattering;

use crate::error::{Error, Result, non_negative, positive};
use crate::geometry::{Beam, Direction};
use crate::multilayer::{Multilayer, RoughInterfaces};

/// A sample: a stack of layers with particles.
///
/// ```
/// use gisaxs_physics::*;
///
/// let gold = Material::named("Au")?.index(11.9)?;
/// let silicon = Material::named("Si")?.index(11.9)?;
/// let spheres = Population::new(0, Placement::Bottom, Correlation::None { density_per_nm2: 1e-3 })
///     .with(Particle::new(Sphere::new(5.0)?, gold), 1.0)?;
/// let sample = Sample::new(Multilayer::substrate(silicon)?, vec![spheres])?;
///
/// let beam = Beam::new(wavelength_nm(11.9), 0.4_f64.to_radians())?;
/// let exit = Direction { alpha_f_rad: 0.01, two_theta_f_rad: 0.01 };
/// let cross_section = sample.cross_section(&beam, &[exit]);
/// assert!(cross_section[0] > 0.0);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sample {
    stack: Multilayer,
    populations: Vec<Population>,
    rough: Option<RoughInterfaces>,
}

impl Sample {
    /// Particles in a stack.
    ///
    /// # Errors
    /// If a population is in a layer that does not exist, has no particles, or its density is
    /// not positive; if particles are put at the end of a layer that has none (the bottom of
    /// the substrate, the top of the ambient); or if particles throughout a film are correlated or
    /// larger than the film.
    pub fn new(stack: Multilayer, populations: Vec<Population>) -> Result<Self> {
        let count = stack.layers().len();
        for population in &populations {
            if population.layer >= count {
                return Err(Error::LayerIndex {
                    index: population.layer,
                    count,
                });
            }
            let endless = match population.placement {
                Placement::Top => population.layer == 0,
                Placement::Bottom => population.layer == count - 1,
                Placement::Throughout => population.layer == 0 || population.layer == count - 1,
                Placement::Origin => false,
            };
            if endless {
                return Err(Error::NoInterface {
                    index: population.layer,
                });
            }
            if population.members.is_empty() {
                return Err(Error::Length {
                    name: "particles of a population",
                    found: 0,
                    expected: "at least 1",
                });
            }
            positive("number density", population.correlation.density(), "nm^-2")?;
            if population.placement == Placement::Throughout {
                if !matches!(population.correlation, Correlation::None { .. }) {
                    return Err(Error::CorrelatedInVolume);
                }
                let layer = &stack.layers()[population.layer];
                let room = population.travel(layer);
                non_negative("film thickness minus particle height", room, "nm")?;
            }
            let weights = population.members.iter().map(|m| m.weight).sum();
            positive("sum of the particle weights", weights, "")?;
        }
        Ok(Self {
            stack,
            populations,
            rough: None,
        })
    }

    /// The same with the diffuse scattering of rough interfaces, added incoherently to that of the
    /// particles:
    ///
    /// (k^2 / 4 pi)^2 sum_j |n_j^2 - n_(j+1)^2|^2 |field at interface j|^2 (height spectrum j),
    ///
    /// plus cross terms where the interfaces are correlated. The [`crate::Layer::roughness`] of
    /// the stack should be the effective roughness of the same profiles.
    ///
    /// # Errors
    /// If there is not one entry per layer, or a parameter is not allowed.
    pub fn with_diffuse_scattering(self, rough: RoughInterfaces) -> Result<Self> {
        if rough.profiles.len() != self.stack.layers().len() {
            return Err(Error::Length {
                name: "roughness profiles",
                found: rough.profiles.len(),
                expected: "one per layer",
            });
        }
        for profile in rough.profiles.iter().flatten() {
            profile.validate()?;
        }
        if let Some(depth) = rough.vertical_correlation_nm {
            positive("vertical correlation depth", depth, "nm")?;
        }
        Ok(Self {
            rough: Some(rough),
            ..self
        })
    }

    /// The stack of layers.
    #[must_use]
    pub fn stack(&self) -> &Multilayer {
        &self.stack
    }

    pub(crate) fn rough_interfaces(&self) -> Option<&RoughInterfaces> {
        self.rough.as_ref()
    }

    pub(crate) fn populations(&self) -> &[Population] {
        &self.populations
    }

    /// Differential cross-section per area of the surface, in nm^2 / sr / nm^2, for each exit
    /// direction.
    ///
    /// Directions above the horizon leave through the ambient. Below the horizon (alpha_f < 0)
    /// alpha_f is the angle inside the substrate. Directions with equal alpha_f in a row share
    /// their wave fields.
    #[must_use]
    pub fn cross_section(&self, beam: &Beam, directions: &[Direction]) -> Vec<f64> {
        let mut cross_section = vec![0.0; directions.len()];
        self.scattering(beam)
            .cross_section_into(directions, &mut cross_section);
        cross_section
    }

    /// [`Self::cross_section`] on the threads of the current rayon pool. The bits are the same.
    #[cfg(feature = "rayon")]
    #[must_use]
    pub fn par_cross_section(&self, beam: &Beam, directions: &[Direction]) -> Vec<f64> {
        let mut cross_section = vec![0.0; directions.len()];
        self.scattering(beam)
            .par_cross_section_into(directions, &mut cross_section);
        cross_section
    }

    /// Expected counts in detector pixels given as (direction, solid angle in sr), for a beam of
    /// `photons` on the sample: photons x cross-section x solid angle / sin(alpha_i).
    ///
    /// The whole beam falls on the sample (no footprint correction), and a pixel is evaluated at
    /// one direction, not averaged over its area.
    #[must_use]
    pub fn image(&self, beam: &Beam, photons: f64, pixels: &[(Direction, f64)]) -> Vec<f64> {
        let directions: Vec<Direction> = pixels.iter().map(|p| p.0).collect();
        let scale = photons / sin(beam.alpha_i_rad());
        let mut counts = self.cross_section(beam, &directions);
        for (count, (_, solid_angle)) in counts.iter_mut().zip(pixels) {
            *count *= scale * solid_angle;
        }
        counts
    }
}
