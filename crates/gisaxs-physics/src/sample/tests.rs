use std::sync::Arc;

use num_complex::Complex64;

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
        let contrast = GOLD.n_squared_minus_one() * beam.k().powi(2) / (4.0 * std::f64::consts::PI);
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
    let dimer =
        Particle::compound([sphere(4.0), sphere(2.0).translated([5.0, 1.0, 3.0])]).rotated(turn);
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

/// Samples that go through every kind of average, in layers and with rough interfaces.
fn many_samples() -> Vec<Sample> {
    let stack = Multilayer::new(vec![
        Layer::semi_infinite(RefractiveIndex::VACUUM),
        Layer::new(POLYMER, 30.0).with_roughness(crate::Roughness::erf(0.6).unwrap()),
        Layer::semi_infinite(SILICON),
    ])
    .unwrap();
    let paracrystal = RadialParacrystal::new(20.0, 5.0).unwrap();
    let correlations = [
        DILUTE,
        Correlation::Decoupling(Arc::new(paracrystal)),
        Correlation::SizeSpacing {
            paracrystal,
            kappa: 1.0,
        },
        Correlation::LocalMonodisperse(paracrystal),
    ];
    let mut samples = Vec::new();
    for correlation in correlations {
        for layer in [0, 1] {
            let cylinder = Particle::new(Cylinder::new(3.0, 6.0).unwrap(), GOLD);
            let population = Population::new(layer, Placement::Bottom, correlation.clone())
                .with(sphere(4.0), 0.4)
                .unwrap()
                .with_offset(cylinder, 0.6, [1.0, 2.0, 3.0])
                .unwrap();
            samples.push(Sample::new(stack.clone(), vec![population]).unwrap());
        }
    }
    let profile = SelfAffine {
        sigma_nm: 0.8,
        hurst: 0.5,
        correlation_nm: 20.0,
        max_frequency_per_nm: 0.5,
    };
    let rough = RoughInterfaces {
        profiles: vec![None, Some(profile), None],
        vertical_correlation_nm: None,
    };
    let bare = Sample::new(stack, vec![]).unwrap();
    samples.push(bare.with_diffuse_scattering(rough).unwrap());
    samples
}

/// An image whose rows are no multiple of a block, with all alpha_f different, some below the
/// horizon, and some rows of equal alpha_f.
fn image_directions() -> Vec<Direction> {
    (0..37 * 41)
        .map(|i| {
            let (row, column) = (f64::from(i / 41), f64::from(i % 41));
            let tilt = if i < 500 { 1e-5 * column } else { 0.0 };
            Direction {
                alpha_f_rad: 1e-3 * (row - 2.0) + tilt,
                two_theta_f_rad: 1e-3 * (column - 20.0),
            }
        })
        .collect()
}

#[test]
fn parts_of_an_image_have_the_bits_of_the_whole() {
    let directions = image_directions();
    for sample in many_samples() {
        let whole = sample.cross_section(&beam(), &directions);
        assert!(whole.iter().all(|value| value.is_finite()));
        let beam = beam();
        let scattering = sample.scattering(&beam);

        let mut parts = vec![0.0; whole.len()];
        let middle = 5 * Scattering::BLOCK;
        let (first, second) = parts.split_at_mut(middle);
        scattering.cross_section_into(&directions[middle..], second);
        scattering.cross_section_into(&directions[..middle], first);
        assert_eq!(parts, whole);

        let mut streamed = Vec::new();
        scattering.for_each_block(directions.iter().copied(), |start, values| {
            assert_eq!(start, streamed.len());
            streamed.extend_from_slice(values);
        });
        assert_eq!(streamed, whole);

        #[cfg(feature = "rayon")]
        assert_eq!(sample.par_cross_section(&beam, &directions), whole);
    }
}

#[test]
fn all_instructions_agree() {
    let directions = image_directions();
    for sample in many_samples() {
        let expected = sample.cross_section(&beam(), &directions);
        let brightest = expected.iter().copied().fold(0.0, f64::max);
        crate::simd::testing::with_all_instructions(|name| {
            let found = sample.cross_section(&beam(), &directions);
            for (found, expected) in found.iter().zip(&expected) {
                // Terms cancel in deep minima, completely at alpha_f = 0.
                let allowed = 1e-10 * expected + 1e-14 * brightest;
                let error = (found - expected).abs();
                assert!(error <= allowed, "{name}: {found:e} {expected:e}");
            }
        });
    }
}

#[test]
fn portable_images_have_the_same_bits_with_all_instructions() {
    let directions = image_directions();
    for sample in many_samples() {
        crate::simd::testing::assert_portable(|| {
            let image = sample.cross_section(&beam(), &directions);
            image.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        });
    }
}

#[test]
fn no_directions_give_no_values() {
    let sample = &many_samples()[0];
    assert!(sample.cross_section(&beam(), &[]).is_empty());
    sample
        .scattering(&beam())
        .for_each_block([], |_, _| panic!("there is no block"));
}
