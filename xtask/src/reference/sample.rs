//! Translation of the JSON description into the types of `gisaxs-physics`.

use std::collections::BTreeMap;
use std::sync::Arc;

use gisaxs_physics as physics;
use physics::{
    Correlation, FormFactor, Layer, Multilayer, Particle, Population, RadialParacrystal,
    RefractiveIndex, Rotation, Roughness, StructureFactor,
};

use super::{Error, schema};

/// A shape by name.
pub(super) fn shape(
    name: &str,
    parameters: &BTreeMap<String, f64>,
) -> Result<Box<dyn FormFactor>, Error> {
    let parameters: Vec<(&str, f64)> = parameters.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    physics::shape(name, &parameters).map_err(|error| match error {
        physics::Error::UnknownShape { name } => Error::NotImplemented(name),
        other => other.into(),
    })
}

fn index(material: schema::Material) -> Result<RefractiveIndex, Error> {
    Ok(RefractiveIndex::new(material.delta, material.beta)?)
}

/// The stack of layers with the effective roughness of each interface.
pub(super) fn stack(layers: &[schema::Layer]) -> Result<Multilayer, Error> {
    let layers = layers
        .iter()
        .map(|layer| {
            let roughness = match layer.top_roughness {
                None => Roughness::NONE,
                Some(r) => {
                    let sigma = height_profile(r).effective_sigma();
                    match r.transient {
                        schema::Transient::Erf => Roughness::erf(sigma)?,
                        schema::Transient::Tanh => Roughness::tanh(sigma)?,
                    }
                }
            };
            let thickness = layer.thickness_nm.unwrap_or(0.0);
            Ok(Layer::new(index(layer.material)?, thickness).with_roughness(roughness))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Multilayer::new(layers)?)
}

fn height_profile(roughness: schema::Roughness) -> physics::SelfAffine {
    physics::SelfAffine {
        sigma_nm: roughness.sigma_nm,
        hurst: roughness.hurst,
        correlation_nm: roughness.lateral_corr_length_nm,
        max_frequency_per_nm: roughness.max_spatial_frequency_per_nm,
    }
}

/// The rough interfaces, if any interface is rough.
fn rough_interfaces(layers: &[schema::Layer]) -> Result<Option<physics::RoughInterfaces>, Error> {
    let mut depths = layers
        .iter()
        .filter_map(|l| l.top_roughness)
        .map(|r| r.vertical_corr_depth_nm);
    let Some(depth) = depths.next() else {
        return Ok(None);
    };
    if depths.any(|other| other != depth) {
        let what = "interfaces with different vertical correlation depths";
        return Err(Error::NotImplemented(what.into()));
    }
    Ok(Some(physics::RoughInterfaces {
        profiles: layers
            .iter()
            .map(|l| l.top_roughness.map(height_profile))
            .collect(),
        vertical_correlation_nm: depth,
    }))
}

/// Nodes of a distribution.
pub(super) fn nodes(distribution: &schema::Distribution) -> Result<Vec<physics::Node>, Error> {
    use physics::Distribution;
    // The bounded distributions have no sampling width.
    const UNUSED: f64 = 1.0;
    let (distribution, n, width) = match *distribution {
        schema::Distribution::Gate { min, max, n } => (Distribution::Gate { min, max }, n, UNUSED),
        schema::Distribution::Gaussian {
            mean,
            std_dev,
            n,
            rel_sampling_width,
        } => (
            Distribution::Gaussian { mean, std_dev },
            n,
            rel_sampling_width,
        ),
        schema::Distribution::Lorentz {
            mean,
            hwhm,
            n,
            rel_sampling_width,
        } => (Distribution::Lorentz { mean, hwhm }, n, rel_sampling_width),
        schema::Distribution::LogNormal {
            median,
            scale_param,
            n,
            rel_sampling_width,
        } => (
            Distribution::LogNormal {
                median,
                scale: scale_param,
            },
            n,
            rel_sampling_width,
        ),
        schema::Distribution::Cosine { mean, sigma, n } => {
            (Distribution::Cosine { mean, sigma }, n, UNUSED)
        }
    };
    Ok(distribution.nodes(n, width)?)
}

fn profile_1d(profile: schema::Profile1d) -> physics::Profile1d {
    use physics::Profile1d as To;
    use schema::Profile1d as From;
    match profile {
        From::Gauss { omega_nm } => To::Gauss { omega_nm },
        From::Cauchy { omega_nm } => To::Cauchy { omega_nm },
        From::Gate { omega_nm } => To::Gate { omega_nm },
        From::Triangle { omega_nm } => To::Triangle { omega_nm },
        From::Cosine { omega_nm } => To::Cosine { omega_nm },
        From::Voigt { omega_nm, eta } => To::Voigt { omega_nm, eta },
    }
}

fn profile_2d(profile: schema::Profile2d) -> physics::Profile2d {
    use physics::Form2d;
    use schema::Profile2d as From;
    let (form, omega_x_nm, omega_y_nm, gamma_rad) = match profile {
        From::Gauss {
            omega_x_nm,
            omega_y_nm,
            gamma_rad,
        } => (Form2d::Gauss, omega_x_nm, omega_y_nm, gamma_rad),
        From::Cauchy {
            omega_x_nm,
            omega_y_nm,
            gamma_rad,
        } => (Form2d::Cauchy, omega_x_nm, omega_y_nm, gamma_rad),
        From::Gate {
            omega_x_nm,
            omega_y_nm,
            gamma_rad,
        } => (Form2d::Gate, omega_x_nm, omega_y_nm, gamma_rad),
        From::Cone {
            omega_x_nm,
            omega_y_nm,
            gamma_rad,
        } => (Form2d::Cone, omega_x_nm, omega_y_nm, gamma_rad),
        From::Voigt {
            omega_x_nm,
            omega_y_nm,
            gamma_rad,
            eta,
        } => (Form2d::Voigt { eta }, omega_x_nm, omega_y_nm, gamma_rad),
    };
    physics::Profile2d {
        form,
        omega_x_nm,
        omega_y_nm,
        gamma_rad,
    }
}

/// A lattice, seen from a beam with the azimuth `phi_i_rad`.
fn lattice(spec: schema::Lattice, phi_i_rad: f64) -> Result<physics::Lattice2d, Error> {
    let schema::Lattice {
        a_nm,
        b_nm,
        angle_rad,
        xi_rad,
    } = spec;
    Ok(physics::Lattice2d::new(
        a_nm,
        b_nm,
        angle_rad,
        xi_rad - phi_i_rad,
    )?)
}

/// The structure factor of an arrangement, seen from a beam with the azimuth `phi_i_rad`. The
/// particle's radius is needed for hard disks only.
pub(super) fn structure_factor(
    structure: &schema::Structure,
    phi_i_rad: f64,
    particle_radius_nm: Option<f64>,
) -> Result<Arc<dyn StructureFactor>, Error> {
    use schema::Structure;
    Ok(match *structure {
        Structure::RadialParacrystal { .. } => Arc::new(radial_paracrystal(structure)?),
        Structure::Crystal2D {
            lattice: cell,
            decay,
            lateral_rms_displacement_nm,
            integrate_over_xi,
            ..
        } => {
            let decay = profile_2d(decay);
            let coherence = decay.omega_x_nm.max(decay.omega_y_nm);
            let crystal = Arc::new(physics::Crystal2d::new(lattice(cell, phi_i_rad)?, decay)?);
            modified(
                crystal,
                integrate_over_xi.then_some(coherence),
                lateral_rms_displacement_nm,
            )?
        }
        Structure::FiniteCrystal2D {
            lattice: cell,
            cells_1,
            cells_2,
            lateral_rms_displacement_nm,
            integrate_over_xi,
            ..
        } => {
            let size = (cell.a_nm * f64::from(cells_1)).max(cell.b_nm * f64::from(cells_2));
            let cell = lattice(cell, phi_i_rad)?;
            let crystal = Arc::new(physics::FiniteCrystal2d::new(cell, [cells_1, cells_2])?);
            modified(
                crystal,
                integrate_over_xi.then_some(size),
                lateral_rms_displacement_nm,
            )?
        }
        Structure::Paracrystal2D {
            lattice: cell,
            damping_length_nm,
            domain_size_1_nm,
            domain_size_2_nm,
            pdf_1,
            pdf_2,
            integrate_over_xi,
            ..
        } => {
            let profiles = [profile_2d(pdf_1), profile_2d(pdf_2)];
            let crystal = Arc::new(
                physics::Paracrystal2d::new(lattice(cell, phi_i_rad)?, profiles)?
                    .with_damping(damping_length_nm)?
                    .with_domain_sizes([domain_size_1_nm, domain_size_2_nm])?,
            );
            // Peaks are at most as sharp as the smaller of domain and damping allows.
            let bounded = |length: f64| if length > 0.0 { length } else { ENDLESS_NM };
            let domain = bounded(domain_size_1_nm).max(bounded(domain_size_2_nm));
            let coherence = domain.min(4.0 * bounded(damping_length_nm));
            modified(crystal, integrate_over_xi.then_some(coherence), None)?
        }
        Structure::Crystal1D {
            period_nm,
            xi_rad,
            linear_density_per_nm,
            decay,
            lateral_rms_displacement_nm,
            ..
        } => {
            let (xi, decay) = (xi_rad - phi_i_rad, profile_1d(decay));
            let crystal = physics::Crystal1d::new(period_nm, xi, linear_density_per_nm, decay)?;
            modified(Arc::new(crystal), None, lateral_rms_displacement_nm)?
        }
        Structure::Paracrystal1D {
            period_nm,
            xi_rad,
            linear_density_per_nm,
            damping_length_nm,
            pdf,
            domain_size_nm,
            ..
        } => {
            let (xi, pdf) = (xi_rad - phi_i_rad, profile_1d(pdf));
            Arc::new(
                physics::Paracrystal1d::new(period_nm, xi, linear_density_per_nm, pdf)?
                    .with_damping(damping_length_nm)?
                    .with_domain_size(domain_size_nm.unwrap_or(0.0))?,
            )
        }
        Structure::Dense2D {
            density_per_nm2,
            disk_radius_nm,
            ..
        } => {
            let radius = disk_radius_nm
                .or(particle_radius_nm)
                .ok_or_else(|| Error::NotImplemented("hard disks without a radius".into()))?;
            Arc::new(physics::HardDisks::new(density_per_nm2, radius)?)
        }
        Structure::Dilute2D { .. } | Structure::Dilute3D { .. } => {
            return Err(Error::NotImplemented(kind(structure).into()));
        }
    })
}

/// Coherence of structures that state none: disorder ends it well before.
const ENDLESS_NM: f64 = 5000.0;

/// A structure with its optional powder average (over peaks as sharp as the inverse of a
/// coherence length) and random displacements.
fn modified(
    structure: Arc<dyn StructureFactor>,
    powder_coherence_nm: Option<f64>,
    rms_displacement_nm: Option<f64>,
) -> Result<Arc<dyn StructureFactor>, Error> {
    let mut structure = structure;
    if let Some(coherence) = powder_coherence_nm {
        structure = Arc::new(physics::Powder::new(structure, coherence)?);
    }
    if let Some(rms) = rms_displacement_nm {
        structure = Arc::new(physics::Displaced::new(structure, rms)?);
    }
    Ok(structure)
}

fn radial_paracrystal(structure: &schema::Structure) -> Result<RadialParacrystal, Error> {
    match *structure {
        schema::Structure::RadialParacrystal {
            distance_nm,
            damping_length_nm,
            pdf,
            ..
        } => Ok(
            RadialParacrystal::with_profile(distance_nm, profile_1d(pdf))?
                .with_damping(damping_length_nm)?,
        ),
        ref other => Err(Error::NotImplemented(kind(other).into())),
    }
}

fn kind(structure: &schema::Structure) -> &'static str {
    use schema::Structure;
    match structure {
        Structure::Dilute2D { .. } => "Dilute2D",
        Structure::Dilute3D { .. } => "Dilute3D",
        Structure::RadialParacrystal { .. } => "RadialParacrystal",
        Structure::Crystal2D { .. } => "Crystal2D",
        Structure::FiniteCrystal2D { .. } => "FiniteCrystal2D",
        Structure::Paracrystal2D { .. } => "Paracrystal2D",
        Structure::Crystal1D { .. } => "Crystal1D",
        Structure::Paracrystal1D { .. } => "Paracrystal1D",
        Structure::Dense2D { .. } => "Dense2D",
    }
}

/// Size in the surface plane (nm) of shapes for which the program that made the numbers takes
/// another one than [`FormFactor::radius`].
fn stated_radius(shape: &schema::Shape) -> Option<f64> {
    let parameter = |name: &str| shape.params.get(name).copied();
    match shape.name.as_str() {
        // Distance of the middle of an upper edge of the side from the centre, not of a corner.
        "Prism3" => Some(0.5 * parameter("base_edge")?.hypot(parameter("height")?)),
        "LongBoxGauss" => Some(0.5 * parameter("length")?),
        _ => None,
    }
}

/// Rotations one after the other.
pub(super) fn rotation(turns: &[schema::Turn]) -> Rotation {
    turns.iter().fold(Rotation::IDENTITY, |all, turn| {
        let axis = match turn.axis {
            schema::Axis::X => physics::Axis::X,
            schema::Axis::Y => physics::Axis::Y,
            schema::Axis::Z => physics::Axis::Z,
        };
        all.then(Rotation::about(axis, turn.angle_rad))
    })
}

/// A particle without its own translation, which applies after it has been placed.
fn particle(spec: &schema::Particle) -> Result<(Particle, [f64; 3]), Error> {
    use schema::Particle as Spec;
    let turned =
        |particle: Particle, rotations: &[schema::Turn]| particle.rotated(rotation(rotations));
    let whole = |spec: &schema::Particle| -> Result<Particle, Error> {
        let (particle, shift) = particle(spec)?;
        Ok(particle.translated(shift))
    };
    Ok(match spec {
        Spec::Single {
            material,
            formfactor,
            rotations,
            translation_nm,
        } => {
            let shape: Arc<dyn FormFactor> = shape(&formfactor.name, &formfactor.params)?.into();
            let mut particle = Particle::from_shape(shape, index(*material)?);
            if let Some(radius) = stated_radius(formfactor) {
                particle = particle.with_radius(radius)?;
            }
            (
                turned(particle, rotations),
                translation_nm.unwrap_or_default(),
            )
        }
        Spec::CoreAndShell {
            core,
            shell,
            rotations,
            translation_nm,
        } => {
            let particle = Particle::core_shell(whole(core)?, whole(shell)?);
            (
                turned(particle, rotations),
                translation_nm.unwrap_or_default(),
            )
        }
        Spec::Compound {
            components,
            rotations,
            translation_nm,
        } => {
            let parts = components
                .iter()
                .map(whole)
                .collect::<Result<Vec<_>, _>>()?;
            (
                turned(Particle::compound(parts), rotations),
                translation_nm.unwrap_or_default(),
            )
        }
        Spec::Mixture { .. } => {
            return Err(Error::NotImplemented("a mixture inside a particle".into()));
        }
        Spec::Mesocrystal {
            lattice_vectors_nm,
            basis,
            outer_shape,
            rotations,
            translation_nm,
        } => {
            // A site counts as inside where the basis, with its translation, has its origin.
            let (basis, offset) = particle(basis)?;
            let lattice = physics::Lattice3d::new(*lattice_vectors_nm)?;
            let outer = shape(&outer_shape.name, &outer_shape.params)?.into();
            let crystal = Particle::mesocrystal(&basis, &lattice, outer, offset)?;
            (
                turned(crystal, rotations),
                translation_nm.unwrap_or_default(),
            )
        }
    })
}

/// The sample as seen from a beam with the azimuth `phi_i_rad`: turned back by it. With
/// `averaged`, waves see the particles as a slab.
pub(super) fn sample(
    spec: &schema::Sample,
    phi_i_rad: f64,
    averaged: bool,
) -> Result<physics::Sample, Error> {
    let slices: Vec<usize> = spec.layers.iter().map(|l| l.slices.unwrap_or(1)).collect();
    let mut populations = Vec::new();
    for (j, layer) in spec.layers.iter().enumerate() {
        let thickness = layer.thickness_nm.unwrap_or(0.0);
        for deposited in &layer.structures {
            populations.push(population(j, deposited, thickness, phi_i_rad)?);
        }
    }
    let mut sample = physics::Sample::new(stack(&spec.layers)?, populations)?;
    if let Some(rough) = rough_interfaces(&spec.layers)? {
        sample = sample.with_diffuse_scattering(rough)?;
    }
    Ok(if averaged {
        sample.with_slices_per_layer(&slices)?
    } else {
        sample
    })
}

fn population(
    layer: usize,
    deposited: &schema::Deposited,
    thickness_nm: f64,
    phi_i_rad: f64,
) -> Result<Population, Error> {
    let placement = match deposited.placement {
        schema::Placement::Bottom => physics::Placement::Bottom,
        schema::Placement::Top => physics::Placement::Top,
        schema::Placement::Volume => physics::Placement::Throughout,
    };
    use schema::Structure;
    let structure = &deposited.structure;
    let particles = match structure {
        Structure::Dilute2D { particle, .. } | Structure::Dilute3D { particle, .. } => {
            Some(particle)
        }
        Structure::RadialParacrystal { particle, .. }
        | Structure::Crystal2D { particle, .. }
        | Structure::FiniteCrystal2D { particle, .. }
        | Structure::Paracrystal2D { particle, .. }
        | Structure::Crystal1D { particle, .. }
        | Structure::Paracrystal1D { particle, .. }
        | Structure::Dense2D { particle, .. } => particle.as_ref(),
    };
    let particles =
        particles.ok_or_else(|| Error::NotImplemented("a structure without particle".into()))?;
    let one;
    let items: Vec<(f64, &schema::Particle)> = match particles {
        schema::Particle::Mixture { items, .. } => {
            items.iter().map(|i| (i.weight, &i.particle)).collect()
        }
        single => {
            one = [(1.0, single)];
            one.to_vec()
        }
    };
    let turn = Rotation::about(physics::Axis::Z, -phi_i_rad);
    let mut members = Vec::new();
    for (weight, item) in items {
        let (mut particle, mut shift) = particle(item)?;
        shift[2] += super::extent::correction(item, &particle, deposited.placement);
        if let schema::Particle::Compound { .. } | schema::Particle::CoreAndShell { .. } = item {
            // The size of composed particles counts from the point that is placed.
            let placed = Particle::compound([particle.clone().translated(shift)]);
            particle = particle.with_radius(placed.radius())?;
        }
        members.push((particle.rotated(turn), weight, turn.apply(shift)));
    }

    let correlation = match structure {
        Structure::Dilute2D {
            density_per_nm2, ..
        } => Correlation::None {
            density_per_nm2: *density_per_nm2,
        },
        Structure::Dilute3D {
            density_per_nm3, ..
        } => Correlation::None {
            density_per_nm2: density_per_nm3 * thickness_nm,
        },
        Structure::RadialParacrystal { kappa, .. } if *kappa != 0.0 => Correlation::SizeSpacing {
            paracrystal: radial_paracrystal(structure)?,
            kappa: *kappa,
        },
        _ => {
            let radius = members.first().map(|(particle, ..)| particle.radius());
            Correlation::Decoupling(structure_factor(structure, phi_i_rad, radius)?)
        }
    };
    let mut population = Population::new(layer, placement, correlation)
        .with_coverage(deposited.coverage.unwrap_or(1.0))?;
    for (particle, weight, shift) in members {
        population = population.with_offset(particle, weight, shift)?;
    }
    Ok(population)
}
