//! The ideal pattern behind a frame against the general DWBA of `gisaxs-physics`: another
//! formula for every shape, no separation, no lattice, no interpolation.

use std::sync::Arc;

use gisaxs_physics as physics;
use gisaxs_sim::artifact::Bins;
use gisaxs_sim::frame::Scene;
use gisaxs_sim::rng::{Purpose, stream};
use gisaxs_sim::{Correlation, CorrelationModel, Particles, Prior, Setup};
use physics::{Cylinder, Particle, Placement, RadialParacrystal, SphericalSegment, UprightShape};

/// Every so many pixels: a prime, so that no row or column is preferred.
const STRIDE: usize = 397;

/// Interpolation between the nodes of the lattice where the pattern is smooth; 7e-4 was seen.
const MEDIAN: f64 = 1e-3;
/// The same in sharp minima, film fringes and just above the horizon; 2.4e-2 was seen.
const NEARLY_ALL: f64 = 5e-2;

/// The same particles on the same stack, with the radii that the frame uses.
fn sample(
    setup: &Setup,
    particles: &Particles,
    correlation: &Correlation,
    q_max: f64,
) -> physics::Result<physics::Sample> {
    let (d, disorder) = (correlation.distance_nm, correlation.disorder);
    let order = RadialParacrystal::new(d, disorder * d)?;
    let at_random = physics::Correlation::None {
        density_per_nm2: physics::StructureFactor::density(&order),
    };
    let arranged = match correlation.model {
        CorrelationModel::Decoupling => physics::Correlation::Decoupling(Arc::new(order)),
        CorrelationModel::SizeSpacing { kappa } => physics::Correlation::SizeSpacing {
            paracrystal: order,
            kappa,
        },
        CorrelationModel::LocalMonodisperse => physics::Correlation::LocalMonodisperse(order),
    };
    let mut ordered = physics::Population::new(0, Placement::Bottom, arranged);
    let mut random = physics::Population::new(0, Placement::Bottom, at_random);
    let (radii, weights) = particles.sizes.nodes(q_max);
    for (r, weight) in radii.into_iter().zip(weights) {
        let particle = match particles.shape {
            UprightShape::Cylinder { height_ratio } => {
                Particle::new(Cylinder::new(r, height_ratio * r)?, setup.particle)
            }
            UprightShape::Segment { height_ratio } => {
                let cut = (2.0 - height_ratio) * r;
                Particle::new(SphericalSegment::new(r, 0.0, cut)?, setup.particle)
            }
        };
        ordered = ordered.with(particle.clone(), weight)?;
        random = random.with(particle, weight)?;
    }
    let share = correlation.ordered;
    let mut populations = vec![ordered.with_coverage(share)?];
    if share < 1.0 {
        populations.push(random.with_coverage(1.0 - share)?);
    }
    physics::Sample::new(setup.stack.clone(), populations)
}

/// Sorted relative errors of the pixels, after the two are brought to one scale.
fn errors(prior: &Prior, index: u64, model: CorrelationModel) -> Vec<f64> {
    let setup = prior.setup.draw(3, index).unwrap();
    let rng = &mut stream(3, Purpose::Sample, index);
    let particles = prior.particles.draw(1.0, rng).unwrap();
    let mean = particles.sizes.mean_nm();
    let correlation = prior.correlation.draw(mean, model, rng);

    let pixels: Vec<physics::Direction> = (0..setup.detector.rows * setup.detector.cols)
        .step_by(STRIDE)
        .map(|i| {
            let (col, row) = (i % setup.detector.cols, i / setup.detector.cols);
            setup
                .detector
                .direction(&setup.beam, col as f64, row as f64)
        })
        .filter(|d| d.alpha_f_rad > 0.0)
        .collect();
    let of =
        |f: &dyn Fn(&physics::Direction) -> f64| -> Vec<f64> { pixels.iter().map(f).collect() };
    let (q, k) = (of(&|d| d.q_par(&setup.beam)), of(&|d| d.kz(&setup.beam)));
    let end = |values: &[f64]| values.iter().copied().fold(0.1, f64::max) * 1.001;
    let q_max = end(&q).hypot(end(&k));

    let scene = Scene {
        beam: &setup.beam,
        detector: &setup.detector,
        stack: &setup.stack,
        particle: setup.particle,
        particles: &particles,
        correlation: &correlation,
    };
    let narrow = |values: &[f64]| -> Vec<f32> { values.iter().map(|&x| x as f32).collect() };
    let fast = scene.cross_section(&Bins::scattered(&narrow(&q), &narrow(&k)));
    let slow = sample(&setup, &particles, &correlation, q_max)
        .unwrap()
        .cross_section(&setup.beam, &pixels);

    // Where nothing is left to count, an error means nothing: seven decades below the top.
    let top = slow.iter().copied().fold(0.0, f64::max);
    let mut ratios: Vec<f64> = fast
        .iter()
        .zip(&slow)
        .filter(|(_, s)| **s > 1e-7 * top)
        .map(|(&f, s)| f64::from(f) / s)
        .collect();
    assert!(ratios.len() > 100, "{} pixels", ratios.len());
    ratios.sort_by(f64::total_cmp);
    let scale = ratios[ratios.len() / 2];
    let mut errors: Vec<f64> = ratios.iter().map(|r| (r / scale - 1.0).abs()).collect();
    errors.sort_by(f64::total_cmp);
    errors
}

#[test]
fn frames_agree_with_the_general_theory() {
    let mut prior = Prior::default();
    prior.setup.detectors.truncate(1);
    let coupled = CorrelationModel::SizeSpacing { kappa: 0.8 };
    let local = CorrelationModel::LocalMonodisperse;
    for (index, model) in (0..8)
        .map(|index| (index, CorrelationModel::Decoupling))
        .chain([(0, coupled), (3, coupled), (0, local), (3, local)])
    {
        let errors = errors(&prior, index, model);
        let at = |p: f64| errors[((errors.len() - 1) as f64 * p) as usize];
        println!(
            "frame {index}, {model:?}: {} pixels, median {:.1e}, 99 % {:.1e}, worst {:.1e}",
            errors.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        assert!(at(0.5) < MEDIAN, "frame {index}: median {}", at(0.5));
        assert!(at(0.99) < NEARLY_ALL, "frame {index}: 99 % {}", at(0.99));
    }
}
