//! Samples: populations of particles in a stack of layers, and their scattering.

mod averaging;
mod population;

pub use population::{Correlation, Placement, Population};

use num_complex::Complex64;

use crate::dwba::Scatterer;
use crate::error::{Error, Result, non_negative, positive};
use crate::geometry::{Beam, Direction};
use crate::multilayer::{LayerWave, Multilayer, RoughInterfaces};

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
                for member in &population.members {
                    let room = population.travel(member, layer);
                    non_negative("film thickness minus particle height", room, "nm")?;
                }
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

    /// Differential cross-section per area of the surface, in nm^2 / sr / nm^2, for each exit
    /// direction.
    ///
    /// Directions above the horizon leave through the ambient. Below the horizon (alpha_f < 0)
    /// alpha_f is the angle inside the substrate. Directions with equal alpha_f in a row share
    /// their wave fields.
    #[must_use]
    pub fn cross_section(&self, beam: &Beam, directions: &[Direction]) -> Vec<f64> {
        let k = beam.k();
        let incident = self.stack.waves(k, beam.kz());
        let populations: Vec<Prepared> = self
            .populations
            .iter()
            .map(|p| Prepared::new(p, &self.stack, k))
            .collect();
        let mut exit = vec![LayerWave::default(); incident.len()];
        let mut interfaces = Vec::new();
        let mut alpha_of_exit = f64::NAN;
        directions
            .iter()
            .map(|direction| {
                if direction.alpha_f_rad != alpha_of_exit {
                    alpha_of_exit = direction.alpha_f_rad;
                    self.stack.exit_waves_into(k, alpha_of_exit, &mut exit);
                    if let Some(rough) = &self.rough {
                        interfaces = rough.amplitudes(&self.stack, k, &incident, &exit);
                    }
                }
                // The form factors are written for incident minus exit.
                let [q_x, q_y, _] = direction.q(beam).map(|c| -c);
                let particles: f64 = populations
                    .iter()
                    .map(|p| {
                        let layer = p.population.layer;
                        p.cross_section([q_x, q_y], &incident[layer..], &exit[layer..])
                    })
                    .sum();
                let diffuse = self.rough.as_ref().map_or(0.0, |rough| {
                    rough.cross_section(&self.stack, &interfaces, q_x.hypot(q_y))
                });
                particles + diffuse
            })
            .collect()
    }

    /// Expected counts in detector pixels given as (direction, solid angle in sr), for a beam of
    /// `photons` on the sample: photons x cross-section x solid angle / sin(alpha_i).
    ///
    /// The whole beam falls on the sample (no footprint correction), and a pixel is evaluated at
    /// one direction, not averaged over its area.
    #[must_use]
    pub fn image(&self, beam: &Beam, photons: f64, pixels: &[(Direction, f64)]) -> Vec<f64> {
        let directions: Vec<Direction> = pixels.iter().map(|p| p.0).collect();
        let scale = photons / beam.alpha_i_rad().sin();
        let mut counts = self.cross_section(beam, &directions);
        for (count, (_, solid_angle)) in counts.iter_mut().zip(pixels) {
            *count *= scale * solid_angle;
        }
        counts
    }
}

/// Phase q D below which the size-spacing correlation is evaluated at that phase.
const SMALLEST_PHASE: f64 = 1e-6;

/// A population with everything that does not depend on the exit direction.
struct Prepared<'a> {
    population: &'a Population,
    scale: f64,
    /// Scatterer, weight (sum 1) and radius of every member.
    members: Vec<(Scatterer<'a>, f64, f64)>,
    /// Range of heights of every member, nm.
    travel: Vec<f64>,
    mean_radius: f64,
}

impl<'a> Prepared<'a> {
    fn new(population: &'a Population, stack: &Multilayer, k: f64) -> Self {
        let layer = &stack.layers()[population.layer];
        let medium = population.medium.unwrap_or(layer.index);
        let total: f64 = population.members.iter().map(|m| m.weight).sum();
        let members: Vec<_> = population
            .members
            .iter()
            .map(|m| {
                let origin = population.origin(m, layer);
                let scatterer = Scatterer::new(&m.particle, medium, origin, k);
                (scatterer, m.weight / total, m.particle.radius())
            })
            .collect();
        Self {
            population,
            scale: population.coverage * population.correlation.density(),
            travel: population
                .members
                .iter()
                .map(|m| population.travel(m, layer))
                .collect(),
            mean_radius: members.iter().map(|(_, w, r)| w * r).sum(),
            members,
        }
    }

    /// `incident` and `exit` are the waves of the population's layer and those below it.
    fn cross_section(&self, q: [f64; 2], incident: &[LayerWave], exit: &[LayerWave]) -> f64 {
        let amplitudes = self
            .members
            .iter()
            .map(|(scatterer, w, r)| (scatterer.amplitude(q, incident, exit), *w, *r));
        let per_particle = match &self.population.correlation {
            Correlation::None { .. } if self.population.placement == Placement::Throughout => self
                .members
                .iter()
                .zip(&self.travel)
                .map(|((scatterer, w, _), &travel)| {
                    w * scatterer.mean_intensity(q, &incident[0], &exit[0], travel)
                })
                .sum(),
            Correlation::None { .. } => amplitudes.map(|(f, w, _)| w * f.norm_sqr()).sum(),
            Correlation::Decoupling(structure) => {
                let (mut mean, mut mean_square) = (Complex64::ZERO, 0.0);
                for (f, w, _) in amplitudes {
                    mean += w * f;
                    mean_square += w * f.norm_sqr();
                }
                mean_square + mean.norm_sqr() * (structure.at(q[0], q[1]) - 1.0)
            }
            Correlation::SizeSpacing { paracrystal, kappa } => {
                // At q = 0 itself the chain without damping is 0/0; the limit is reached before.
                let q_par = q[0]
                    .hypot(q[1])
                    .max(SMALLEST_PHASE / paracrystal.distance_nm());
                let step = paracrystal.step(q_par);
                let (mut with_f, mut with_conjugate) = (Complex64::ZERO, Complex64::ZERO);
                let (mut phases, mut mean_square) = (Complex64::ZERO, 0.0);
                for (f, w, r) in amplitudes {
                    let phase = Complex64::cis(kappa * q_par * (r - self.mean_radius));
                    with_f += w * phase * f;
                    with_conjugate += w * phase * f.conj();
                    phases += w * phase * phase;
                    mean_square += w * f.norm_sqr();
                }
                mean_square + 2.0 * (with_f * with_conjugate * step / (1.0 - step * phases)).re
            }
            Correlation::LocalMonodisperse(paracrystal) => {
                let q_par = q[0].hypot(q[1]);
                amplitudes
                    .map(|(f, w, r)| {
                        let structure = paracrystal.structure_factor(q_par * r / self.mean_radius);
                        w * f.norm_sqr() * structure
                    })
                    .sum()
            }
        };
        self.scale * per_particle
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::form_factor::{Cylinder, FormFactor, Sphere};
    use crate::material::RefractiveIndex;
    use crate::multilayer::{Layer, SelfAffine};
    use crate::particle::{Axis, Particle, Rotation};
    use crate::structure_factor::RadialParacrystal;

    const GOLD: RefractiveIndex = RefractiveIndex {
        delta: 3.5e-5,
        beta: 3e-6,
    };
    const SILICON: RefractiveIndex = RefractiveIndex {
        delta: 5.8e-6,
        beta: 1e-7,
    };
    const POLYMER: RefractiveIndex = RefractiveIndex {
        delta: 2.5e-6,
        beta: 4e-9,
    };
    const DILUTE: Correlation = Correlation::None {
        density_per_nm2: 1e-3,
    };

    fn beam() -> Beam {
        Beam::new(0.105, 0.005).unwrap()
    }

    fn directions() -> Vec<Direction> {
        let mut list = Vec::new();
        for alpha_f_rad in [0.001, 0.0034, 0.012, 0.04] {
            for two_theta_f_rad in [0.0, 0.004, -0.02] {
                list.push(Direction {
                    alpha_f_rad,
                    two_theta_f_rad,
                });
            }
        }
        list
    }

    fn sphere(radius: f64) -> Particle {
        Particle::new(Sphere::new(radius).unwrap(), GOLD)
    }

    fn on_silicon(population: Population) -> Vec<f64> {
        let stack = Multilayer::substrate(SILICON).unwrap();
        Sample::new(stack, vec![population])
            .unwrap()
            .cross_section(&beam(), &directions())
    }

    fn assert_equal(a: &[f64], b: &[f64], tolerance: f64) {
        for (a, b) in a.iter().zip(b) {
            assert!((a / b - 1.0).abs() < tolerance, "{a} {b}");
        }
    }

    #[test]
    fn tends_to_the_born_approximation() {
        // Without a substrate, and on silicon far above the critical angle.
        let shape = Sphere::new(2.0).unwrap();
        let spheres = Population::new(0, Placement::Bottom, DILUTE)
            .with(sphere(2.0), 1.0)
            .unwrap();
        let born = |beam: &Beam, direction: &Direction| {
            let f = shape.at(direction.q(beam).map(Complex64::from));
            let contrast =
                GOLD.n_squared_minus_one() * beam.k().powi(2) / (4.0 * std::f64::consts::PI);
            1e-3 * (contrast * f).norm_sqr()
        };
        let vacuum = Multilayer::substrate(RefractiveIndex::VACUUM).unwrap();
        let sample = Sample::new(vacuum, vec![spheres.clone()]).unwrap();
        let found = sample.cross_section(&beam(), &directions());
        let expected: Vec<f64> = directions().iter().map(|d| born(&beam(), d)).collect();
        assert_equal(&found, &expected, 1e-11);

        let steep = Beam::new(0.105, 0.05).unwrap();
        let exit = Direction {
            alpha_f_rad: 0.02,
            two_theta_f_rad: 0.01,
        };
        let sample = Sample::new(Multilayer::substrate(SILICON).unwrap(), vec![spheres]).unwrap();
        let found = sample.cross_section(&steep, &[exit])[0];
        assert!((found / born(&steep, &exit) - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_compound_of_slices_is_the_whole() {
        let cylinder = |height| Particle::new(Cylinder::new(3.0, height).unwrap(), GOLD);
        let whole = Population::new(0, Placement::Bottom, DILUTE)
            .with(cylinder(6.0), 1.0)
            .unwrap();
        let halves = Particle::compound([cylinder(2.5), cylinder(3.5).translated([0.0, 0.0, 2.5])])
            .translated([1.0, 2.0, 0.0])
            .rotated(Rotation::about(Axis::Z, 0.7));
        let halves = Population::new(0, Placement::Bottom, DILUTE)
            .with(halves, 1.0)
            .unwrap();
        assert_equal(&on_silicon(whole.clone()), &on_silicon(halves), 1e-11);
        // Upside down, through the path for tilted particles.
        let turned = cylinder(6.0).rotated(Rotation::about(Axis::X, std::f64::consts::PI));
        let turned = Population::new(0, Placement::Bottom, DILUTE)
            .with(turned, 1.0)
            .unwrap();
        assert_equal(&on_silicon(whole), &on_silicon(turned), 1e-9);
    }

    #[test]
    fn a_core_of_the_same_material_is_invisible() {
        let core = sphere(2.0).translated([0.5, 0.0, 1.0]);
        let filled = Particle::core_shell(core, sphere(5.0));
        let filled = Population::new(0, Placement::Bottom, DILUTE)
            .with(filled, 1.0)
            .unwrap();
        let plain = Population::new(0, Placement::Bottom, DILUTE)
            .with(sphere(5.0), 1.0)
            .unwrap();
        assert_equal(&on_silicon(filled), &on_silicon(plain), 1e-12);
    }

    #[test]
    fn position_in_a_film_does_not_depend_on_how_it_is_stated() {
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(POLYMER, 30.0),
            Layer::semi_infinite(SILICON),
        ])
        .unwrap();
        let at = |placement, z| {
            let population = Population::new(1, placement, DILUTE)
                .with_offset(sphere(4.0), 1.0, [0.0, 0.0, z])
                .unwrap();
            let sample = Sample::new(stack.clone(), vec![population]).unwrap();
            sample.cross_section(&beam(), &directions())
        };
        assert_equal(
            &at(Placement::Top, -7.0),
            &at(Placement::Bottom, 15.0),
            1e-11,
        );
        // A film of vacuum changes nothing for particles on the substrate.
        let vacuum_film = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(RefractiveIndex::VACUUM, 30.0),
            Layer::semi_infinite(SILICON),
        ])
        .unwrap();
        let inside = Population::new(1, Placement::Bottom, DILUTE)
            .with(sphere(4.0), 1.0)
            .unwrap();
        let sample = Sample::new(vacuum_film, vec![inside]).unwrap();
        let on_top = Population::new(0, Placement::Bottom, DILUTE)
            .with(sphere(4.0), 1.0)
            .unwrap();
        assert_equal(
            &sample.cross_section(&beam(), &directions()),
            &on_silicon(on_top),
            1e-11,
        );
    }

    #[test]
    fn approximations_agree_where_they_must() {
        let paracrystal = RadialParacrystal::new(20.0, 5.0).unwrap();
        let ensemble = |correlation, sizes: &[(f64, f64)]| {
            let mut population = Population::new(0, Placement::Bottom, correlation);
            for &(radius, weight) in sizes {
                population = population.with(sphere(radius), weight).unwrap();
            }
            on_silicon(population)
        };
        let decoupling = || Correlation::Decoupling(Arc::new(paracrystal));
        let coupled = |kappa| Correlation::SizeSpacing { paracrystal, kappa };
        let local = || Correlation::LocalMonodisperse(paracrystal);
        // One size: all are the same.
        let one = [(5.0, 2.0)];
        let reference = ensemble(decoupling(), &one);
        assert_equal(&ensemble(coupled(1.3), &one), &reference, 1e-7);
        assert_equal(&ensemble(local(), &one), &reference, 1e-11);
        // Without coupling, SSCA is the decoupling approximation.
        let sizes = [(4.0, 0.3), (5.0, 0.5), (6.5, 0.2)];
        assert_equal(
            &ensemble(coupled(0.0), &sizes),
            &ensemble(decoupling(), &sizes),
            1e-7,
        );
        // An empty species changes nothing.
        let with_empty = [(4.0, 0.3), (5.0, 0.5), (6.5, 0.2), (9.0, 0.0)];
        assert_equal(
            &ensemble(local(), &with_empty),
            &ensemble(local(), &sizes),
            1e-12,
        );
    }

    #[test]
    fn below_the_horizon_is_finite_and_continuous_for_grazing_exit() {
        let stack = Multilayer::substrate(SILICON).unwrap();
        let population = Population::new(0, Placement::Bottom, DILUTE)
            .with(sphere(4.0), 1.0)
            .unwrap();
        let sample = Sample::new(stack, vec![population]).unwrap();
        let below: Vec<Direction> = [-1e-9, -1e-3, -0.02]
            .iter()
            .map(|&alpha_f_rad| Direction {
                alpha_f_rad,
                two_theta_f_rad: 0.005,
            })
            .collect();
        let found = sample.cross_section(&beam(), &below);
        assert!(
            found.iter().all(|c| c.is_finite() && *c >= 0.0),
            "{found:?}"
        );
    }

    #[test]
    fn particles_throughout_a_film_are_the_mean_over_heights() {
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(POLYMER, 30.0),
            Layer::semi_infinite(SILICON),
        ])
        .unwrap();
        let sample = |population| Sample::new(stack.clone(), vec![population]);
        let everywhere = Population::new(1, Placement::Throughout, DILUTE)
            .with(sphere(4.0), 1.0)
            .unwrap();
        let found = sample(everywhere.clone())
            .unwrap()
            .cross_section(&beam(), &directions());
        let mut at_heights = Population::new(1, Placement::Bottom, DILUTE);
        for &(node, weight) in crate::quadrature::gauss_legendre(120) {
            let offset = [0.0, 0.0, 11.0 * (node + 1.0)];
            at_heights = at_heights.with_offset(sphere(4.0), weight, offset).unwrap();
        }
        let expected = sample(at_heights)
            .unwrap()
            .cross_section(&beam(), &directions());
        assert_equal(&found, &expected, 1e-10);
        // The averaged film is one layer still.
        let averaged = sample(everywhere).unwrap().with_averaged_layers().unwrap();
        assert_eq!(averaged.stack().layers().len(), 3);
        let too_large = Population::new(1, Placement::Throughout, DILUTE).with(sphere(16.0), 1.0);
        assert!(sample(too_large.unwrap()).is_err());
    }

    #[test]
    fn averaging_keeps_dilute_particles_and_places_slabs() {
        // At vanishing density the averaged waves are the plain ones.
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(POLYMER, 30.0),
            Layer::semi_infinite(SILICON),
        ])
        .unwrap();
        let thin = Correlation::None {
            density_per_nm2: 1e-12,
        };
        for (layer, placement, offset, parts) in [
            (0, Placement::Bottom, 0.0, 4),
            (1, Placement::Top, -5.0, 5),
            (1, Placement::Bottom, 0.0, 4),
            (1, Placement::Top, 0.0, 4),
            (2, Placement::Top, -2.0, 5),
        ] {
            let population = Population::new(layer, placement, thin.clone())
                .with_offset(sphere(4.0), 1.0, [0.0, 0.0, offset])
                .unwrap();
            let plain = Sample::new(stack.clone(), vec![population]).unwrap();
            let averaged = plain.clone().with_averaged_layers().unwrap();
            assert_eq!(
                averaged.stack().layers().len(),
                parts,
                "{layer} {placement:?}"
            );
            assert_equal(
                &averaged.cross_section(&beam(), &directions()),
                &plain.cross_section(&beam(), &directions()),
                1e-7,
            );
        }
        // Out of the film.
        let population = Population::new(1, Placement::Bottom, thin)
            .with(sphere(16.0), 1.0)
            .unwrap();
        assert!(
            Sample::new(stack, vec![population])
                .unwrap()
                .with_averaged_layers()
                .is_err()
        );
    }

    #[test]
    fn slices_of_dilute_particles_change_nothing() {
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(POLYMER, 30.0),
            Layer::semi_infinite(SILICON),
        ])
        .unwrap();
        let thin = Correlation::None {
            density_per_nm2: 1e-12,
        };
        let turn = Rotation::about(Axis::Z, 0.4);
        let dimer = Particle::compound([sphere(4.0), sphere(2.0).translated([5.0, 1.0, 3.0])])
            .rotated(turn);
        for (layer, offset) in [(0, 0.0), (1, 5.0)] {
            let population = Population::new(layer, Placement::Bottom, thin.clone())
                .with_offset(dimer.clone(), 1.0, [0.0, 0.0, offset])
                .unwrap();
            let plain = Sample::new(stack.clone(), vec![population]).unwrap();
            let sliced = plain.clone().with_sliced_layers(5).unwrap();
            let layers = if layer == 0 { 8 } else { 9 };
            assert_eq!(sliced.stack().layers().len(), layers);
            assert_equal(
                &sliced.cross_section(&beam(), &directions()),
                &plain.cross_section(&beam(), &directions()),
                1e-7,
            );
        }
        let tilted = sphere(2.0).rotated(Rotation::about(Axis::X, 0.4));
        let population = Population::new(0, Placement::Bottom, thin)
            .with(tilted, 1.0)
            .unwrap();
        let sample = Sample::new(stack, vec![population]).unwrap();
        assert!(matches!(
            sample.clone().with_sliced_layers(3),
            Err(Error::NotSliceable)
        ));
        assert!(sample.clone().with_sliced_layers(0).is_err());
        assert!(sample.with_averaged_layers().is_ok());
    }

    #[test]
    fn correlated_interfaces_of_an_unlayered_film_are_one() {
        // A film of the substrate's material has no inner interface; fully correlated halves of
        // nothing add nothing.
        let profile = SelfAffine {
            sigma_nm: 0.8,
            hurst: 0.5,
            correlation_nm: 20.0,
            max_frequency_per_nm: 0.5,
        };
        let rough = |profiles, vertical_correlation_nm| RoughInterfaces {
            profiles,
            vertical_correlation_nm,
        };
        let roughness = crate::Roughness::erf(profile.effective_sigma()).unwrap();
        let film = Layer::new(SILICON, 20.0).with_roughness(roughness);
        let substrate = Layer::semi_infinite(SILICON);
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            film,
            substrate,
        ]);
        let with_film = Sample::new(stack.unwrap(), vec![])
            .unwrap()
            .with_diffuse_scattering(rough(vec![None, Some(profile), Some(profile)], Some(30.0)))
            .unwrap();
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            substrate.with_roughness(roughness),
        ]);
        let bare = Sample::new(stack.unwrap(), vec![]).unwrap();
        assert!(
            bare.clone()
                .with_diffuse_scattering(rough(vec![None], None))
                .is_err()
        );
        let bare = bare
            .with_diffuse_scattering(rough(vec![None, Some(profile)], None))
            .unwrap();
        let (a, b) = (
            with_film.cross_section(&beam(), &directions()),
            bare.cross_section(&beam(), &directions()),
        );
        assert!(b.iter().all(|c| *c > 0.0));
        assert_equal(&a, &b, 1e-10);
    }

    #[test]
    fn refuses_impossible_samples() {
        let stack = || Multilayer::substrate(SILICON).unwrap();
        let sample = |layer, placement| {
            let population = Population::new(layer, placement, DILUTE)
                .with(sphere(4.0), 1.0)
                .unwrap();
            Sample::new(stack(), vec![population])
        };
        assert!(sample(0, Placement::Bottom).is_ok());
        assert!(matches!(
            sample(0, Placement::Top),
            Err(Error::NoInterface { .. })
        ));
        assert!(matches!(
            sample(1, Placement::Bottom),
            Err(Error::NoInterface { .. })
        ));
        assert!(matches!(
            sample(2, Placement::Top),
            Err(Error::LayerIndex { .. })
        ));
        let empty = Population::new(0, Placement::Bottom, DILUTE);
        assert!(Sample::new(stack(), vec![empty.clone()]).is_err());
        assert!(empty.clone().with(sphere(1.0), -1.0).is_err());
        assert!(empty.with_coverage(1.5).is_err());
    }
}
