//! Images with their analytic derivatives.
//!
//! [`Sample::image_and_jacobian`] computes an image together with its Jacobian: for each of a list of
//! named [`FitParameter`]s the image of the derivative. No finite differences are involved:
//!
//! * the wave amplitudes and k_z of all layers come from Parratt's recursion in dual numbers;
//! * a term A F(q) of the DWBA changes by dA F + A (grad F . dq + dF/dp), with the gradient of the form
//!   factor in closed form, or by Cauchy's integral for shapes without one (see
//!   [`cauchy_gradient`](crate::cauchy_gradient));
//! * the sums over particles, the approximations of their correlation, and the structure factor of
//!   the paracrystal are differentiated by hand.
//!
//! ```
//! use std::sync::Arc;
//! use gisaxs_physics::*;
//!
//! let gold = RefractiveIndex::new(4.7e-5, 4.5e-6)?;
//! let order = Arc::new(RadialParacrystal::new(18.0, 4.0)?);
//! let cylinders = Population::new(0, Placement::Bottom, Correlation::Decoupling(order))
//!     .with(Particle::new(Cylinder::new(4.0, 6.0)?, gold), 1.0)?;
//! let silicon = RefractiveIndex::new(5.8e-6, 1e-7)?;
//! let sample = Sample::new(Multilayer::substrate(silicon)?, vec![cylinders])?;
//!
//! let beam = Beam::new(0.105, 0.4_f64.to_radians())?;
//! let exit = Direction { alpha_f_rad: 0.004, two_theta_f_rad: 0.006 };
//! let parameters = [
//!     FitParameter::from(Quantity::Distance { population: 0 }),
//!     FitParameter::from(Quantity::shape(0, 0, "height")),
//!     FitParameter::from(Quantity::IncidenceAngle),
//! ];
//! let jacobian = sample.cross_section_and_jacobian(&beam, &[exit], &parameters)?;
//! let value = jacobian.values()[0];
//! assert!((value / sample.cross_section(&beam, &[exit])[0] - 1.0).abs() < 1e-12);
//! // A particle 1 % higher (0.06 nm) changes the intensity by about this much.
//! let change = 0.06 * jacobian.row(0)[1];
//! assert!(change.abs() < 0.1 * value);
//! # Ok::<(), gisaxs_physics::Error>(())
//! ```
//!
//! # Units
//!
//! A column has the unit of the image (counts, or nm^2 / sr / nm^2) over that of the parameter. For a
//! parameter that is a single [`Quantity`] this is the unit stated there: nm^-1 per length, rad^-1 per
//! angle, none for weights, ratios, coverages and logarithms.
//!
//! # What is held constant
//!
//! Layers averaged over particles ([`Sample::with_averaged_layers`]) are layers like others: their
//! refractive index and thickness do not follow the particles.

mod correlation;
mod diffuse;
mod dual;
mod parameter;
mod particle;
mod plan;
mod population;
mod structure;
mod waves;

pub use parameter::{FitParameter, Quantity};
pub use structure::StructureDifferential;
pub(crate) use structure::radial_differential;

use crate::elementary::{cos, sin, tan};
use crate::error::{Error, Result};
use crate::geometry::{Beam, Direction};
use crate::sample::{DepthProfile, Population, Sample};

use diffuse::Diffuse;
use plan::{GlobalKind, GlobalMove, Plan};
use population::Prepared;
use waves::Waves;

/// An image and its derivatives.
#[derive(Debug, Clone, PartialEq)]
pub struct Jacobian {
    values: Vec<f64>,
    /// Row-major \[pixel\]\[parameter\].
    derivatives: Vec<f64>,
    names: Vec<String>,
}

impl Jacobian {
    /// The image, one value per pixel.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All derivatives, row-major with shape (pixels, parameters).
    #[must_use]
    pub fn derivatives(&self) -> &[f64] {
        &self.derivatives
    }

    /// Names of the parameters, in the order of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The derivatives of one pixel, one per parameter.
    ///
    /// # Panics
    /// If there is no such pixel.
    #[must_use]
    pub fn row(&self, pixel: usize) -> &[f64] {
        let n = self.names.len();
        assert!(
            pixel < self.values.len(),
            "pixel {pixel} of {}",
            self.values.len()
        );
        &self.derivatives[pixel * n..(pixel + 1) * n]
    }

    /// The derivatives with respect to one parameter, one per pixel.
    ///
    /// # Panics
    /// If there is no such parameter.
    pub fn column(&self, parameter: usize) -> impl Iterator<Item = f64> {
        let n = self.names.len();
        assert!(parameter < n, "parameter {parameter} of {n}");
        self.derivatives[parameter..].iter().step_by(n).copied()
    }
}

impl Sample {
    /// [`Self::cross_section`] with its derivatives: values in nm^2 / sr / nm^2, one row of derivatives
    /// per direction. [`Quantity::Scale`] multiplies the cross-section, [`Quantity::Background`] is
    /// added to it.
    ///
    /// # Errors
    /// If a quantity does not exist in the sample or has no derivative, or a derivative is infinite.
    pub fn cross_section_and_jacobian(
        &self,
        beam: &Beam,
        directions: &[Direction],
        parameters: &[FitParameter],
    ) -> Result<Jacobian> {
        self.differentiate(
            beam,
            directions.len(),
            |i| (directions[i], 1.0),
            1.0,
            0.0,
            parameters,
        )
    }

    /// [`Self::image`] plus a flat `background` (counts) with derivatives: values in counts for a beam of
    /// `photons`, one row of derivatives per pixel, given as (direction, solid angle in sr).
    ///
    /// # Errors
    /// As [`Self::cross_section_and_jacobian`].
    pub fn image_and_jacobian(
        &self,
        beam: &Beam,
        photons: f64,
        background: f64,
        pixels: &[(Direction, f64)],
        parameters: &[FitParameter],
    ) -> Result<Jacobian> {
        let scale = photons / sin(beam.alpha_i_rad());
        let mut jacobian = self.differentiate(
            beam,
            pixels.len(),
            |i| pixels[i],
            scale,
            background,
            parameters,
        )?;
        // Counts go with 1 / sin(alpha_i).
        let per_angle = -1.0 / tan(beam.alpha_i_rad());
        let rates: Vec<f64> = parameters
            .iter()
            .map(|p| {
                let angle = |q: &Quantity| matches!(q, Quantity::IncidenceAngle | Quantity::Pitch);
                let moves = p.moves().iter().filter(|(q, _)| angle(q));
                moves.map(|(_, rate)| rate * per_angle).sum()
            })
            .collect();
        if rates.iter().any(|r| *r != 0.0) {
            let rows = jacobian.derivatives.chunks_exact_mut(rates.len());
            for (row, value) in rows.zip(&jacobian.values) {
                for (slope, rate) in row.iter_mut().zip(&rates) {
                    *slope += rate * (value - background);
                }
            }
        }
        Ok(jacobian)
    }

    /// scale x weight x cross-section + background.
    fn differentiate(
        &self,
        beam: &Beam,
        count: usize,
        pixel: impl Fn(usize) -> (Direction, f64),
        scale: f64,
        background: f64,
        parameters: &[FitParameter],
    ) -> Result<Jacobian> {
        let (k, stack) = (beam.k(), self.stack());
        let plan = Plan::new(parameters, stack)?;
        self.check_indices(&plan)?;
        let incident = Waves::incident(stack, &plan.lanes, k, beam.alpha_i_rad());
        let mut populations = self
            .populations()
            .iter()
            .enumerate()
            .map(|(i, p)| Prepared::new(i, p, stack, &plan, &incident, k))
            .collect::<Result<Vec<_>>>()?;
        let mut diffuse = self
            .rough_interfaces()
            .map(|rough| Diffuse::new(rough, stack, &plan, k))
            .transpose()?;
        let of_kind = |wanted: Quantity| plan.quantities.iter().position(|q| *q == wanted);
        let (of_scale, of_background) = (of_kind(Quantity::Scale), of_kind(Quantity::Background));

        let mut jacobian = Jacobian {
            values: Vec::with_capacity(count),
            derivatives: vec![0.0; count * plan.parameters()],
            names: parameters.iter().map(|p| p.name().to_owned()).collect(),
        };
        let mut exit = Waves::default();
        let mut alpha_of_exit = f64::NAN;
        let mut moves = Vec::with_capacity(plan.globals.len());
        let mut slopes = vec![0.0; plan.quantities.len()];
        for i in 0..count {
            let (direction, weight) = pixel(i);
            if direction.alpha_f_rad != alpha_of_exit {
                alpha_of_exit = direction.alpha_f_rad;
                exit.exit(stack, &plan.lanes, k, alpha_of_exit);
                for population in &mut populations {
                    population.set_exit(&exit);
                }
                if let Some(diffuse) = &mut diffuse {
                    diffuse.set_exit(&incident, &exit);
                }
            }
            moves.clear();
            moves.extend(
                plan.globals
                    .iter()
                    .map(|g| global_move(g, beam, &direction)),
            );
            // The form factors are written for incident minus exit.
            let [q_x, q_y, _] = direction.q(beam).map(|c| -c);
            slopes.fill(0.0);
            let particles: f64 = populations
                .iter_mut()
                .map(|p| p.add([q_x, q_y], &plan, &moves, &mut slopes))
                .sum();
            let interfaces = diffuse
                .as_mut()
                .map_or(0.0, |d| d.add([q_x, q_y], &plan, &moves, &mut slopes));
            let cross_section = particles + interfaces;
            let scale = scale * weight;
            for slope in &mut slopes {
                *slope *= scale;
            }
            if let Some(index) = of_scale {
                slopes[index] = scale * cross_section;
            }
            if let Some(index) = of_background {
                slopes[index] = 1.0;
            }
            jacobian.values.push(scale * cross_section + background);
            let n = plan.parameters();
            let row = &mut jacobian.derivatives[i * n..(i + 1) * n];
            plan.columns(&slopes, row);
            if let Some(bad) = row.iter().position(|s| !s.is_finite()) {
                return Err(Error::DivergingDerivative {
                    parameter: parameters[bad].name().to_owned(),
                    pixel: i,
                });
            }
        }
        Ok(jacobian)
    }

    /// Refuses quantities of populations and members that do not exist.
    fn check_indices(&self, plan: &Plan) -> Result<()> {
        let uniform = |p: &Population| p.depth == DepthProfile::Uniform;
        if !self.populations().iter().all(uniform) {
            return Err(Error::NoDerivative {
                quantity: "image".to_owned(),
                reason: "particles follow a depth profile that is not uniform",
            });
        }
        for quantity in &plan.quantities {
            let (population, member) = match quantity {
                Quantity::Coverage { population }
                | Quantity::Density { population }
                | Quantity::Distance { population }
                | Quantity::Disorder { population }
                | Quantity::Coupling { population } => (*population, None),
                Quantity::Weight { population, member }
                | Quantity::Shape {
                    population, member, ..
                }
                | Quantity::Stretch {
                    population, member, ..
                }
                | Quantity::Size {
                    population, member, ..
                } => (*population, Some(*member)),
                _ => continue,
            };
            let refuse = |reason| {
                Err(Error::NoDerivative {
                    quantity: quantity.to_string(),
                    reason,
                })
            };
            let Some(found) = self.populations().get(population) else {
                return refuse("there is no such population");
            };
            if member.is_some_and(|m| m >= found.members.len()) {
                return refuse("the population has no such member");
            }
        }
        Ok(())
    }
}

/// What a global quantity does to a pixel in this direction; see [`Quantity::Pitch`].
fn global_move(global: &plan::Global, beam: &Beam, direction: &Direction) -> GlobalMove {
    let (k, sin_i) = (beam.k(), sin(beam.alpha_i_rad()));
    let (exit, q) = match global.kind {
        GlobalKind::Layer => (1.0, [0.0; 2]),
        GlobalKind::Incidence => (0.0, [-k * sin_i, 0.0]),
        // q turns with the sample frame: its x component changes by q_z, its y component not at all.
        GlobalKind::Pitch => (
            -cos(direction.two_theta_f_rad),
            [-k * (sin_i + sin(direction.alpha_f_rad)), 0.0],
        ),
    };
    GlobalMove {
        lane: global.lane,
        exit,
        q,
    }
}

#[cfg(test)]
mod tests;
