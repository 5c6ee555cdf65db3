//! Cost of a Jacobian over that of the image: arbitrary directions, and the separable grid.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_physics::*;

const PIXELS: usize = 64;

/// Every pixel has an alpha_f of its own, as on a flat detector.
fn directions() -> Vec<Direction> {
    let step = 3.0_f64.to_radians() / PIXELS as f64;
    (0..PIXELS * PIXELS)
        .map(|i| {
            let two_theta_f_rad = ((i % PIXELS) as f64 + 0.5 - 0.5 * PIXELS as f64) * step;
            let nominal = ((i / PIXELS) as f64 + 0.5) * step;
            Direction {
                alpha_f_rad: nominal * two_theta_f_rad.cos(),
                two_theta_f_rad,
            }
        })
        .collect()
}

/// An ensemble of a shape on rough silicon, with D, sigma_D / D, height, roughness, incidence angle and
/// scale as parameters.
fn sample(shape: fn(f64) -> Particle, height: &'static str) -> (Sample, Vec<FitParameter>) {
    let silicon = RefractiveIndex::new(5.78e-6, 1.02e-7).expect("valid");
    let order = RadialParacrystal::new(18.0, 3.0).expect("valid");
    let radii = Distribution::Gaussian {
        mean: 5.0,
        std_dev: 0.75,
    };
    let population = radii.nodes(15, 2.0).expect("valid").into_iter().try_fold(
        Population::new(
            0,
            Placement::Bottom,
            Correlation::Decoupling(Arc::new(order)),
        ),
        |p, node| p.with(shape(node.value), node.weight),
    );
    let rough = Layer::semi_infinite(silicon).with_roughness(Roughness::erf(0.5).expect("valid"));
    let stack = Multilayer::new(vec![Layer::semi_infinite(RefractiveIndex::VACUUM), rough]);
    let sample = Sample::new(stack.expect("valid"), vec![population.expect("valid")]);
    let sample = sample.expect("valid");
    let parameters = vec![
        Quantity::Scale.into(),
        Quantity::Distance { population: 0 }.into(),
        Quantity::Disorder { population: 0 }.into(),
        Quantity::Roughness { layer: 1 }.into(),
        Quantity::IncidenceAngle.into(),
        FitParameter::of_all_shapes(&sample, 0, height).expect("valid"),
    ];
    (sample, parameters)
}

fn gold(shape: impl FormFactor + 'static) -> Particle {
    Particle::new(shape, RefractiveIndex::new(3.5e-5, 3e-6).expect("valid"))
}

fn arbitrary_directions(criterion: &mut Criterion) {
    let beam = Beam::new(0.1, 0.4_f64.to_radians()).expect("valid");
    let directions = directions();
    let cases = [
        (
            "cylinder",
            sample(|r| gold(Cylinder::new(r, r).expect("valid")), "height"),
        ),
        (
            "sphere",
            sample(|r| gold(Sphere::new(r).expect("valid")), "radius"),
        ),
        (
            "segment",
            sample(
                |r| gold(SphericalSegment::new(r, 0.0, 0.6 * r).expect("valid")),
                "bottom_cut",
            ),
        ),
    ];
    let mut group = criterion.benchmark_group("jacobian");
    group
        .throughput(Throughput::Elements((PIXELS * PIXELS) as u64))
        .sample_size(10);
    for (name, (sample, parameters)) in cases {
        group.bench_function(format!("{name}/image"), |b| {
            b.iter(|| sample.cross_section(&beam, black_box(&directions)))
        });
        group.bench_function(format!("{name}/image and 6 derivatives"), |b| {
            b.iter(|| sample.cross_section_and_jacobian(&beam, black_box(&directions), &parameters))
        });
    }
    group.finish();
}

fn separable(criterion: &mut Criterion) {
    let silicon = RefractiveIndex::new(5.78e-6, 1.02e-7).expect("valid");
    let stack = Multilayer::substrate(silicon).expect("valid");
    let beam = Beam::new(0.105, 0.4_f64.to_radians()).expect("valid");
    let axis: Vec<f64> = (0..128)
        .map(|i| 0.02 + 3.0 / 128.0 * f64::from(i))
        .collect();
    let grid = SeparableGrid::new(&stack, &beam, &axis, &axis);
    let radii: Vec<f64> = (0..64).map(|i| 2.0 + 0.1 * f64::from(i)).collect();
    let weights = vec![1.0; 64];
    let moves = [
        EnsembleMove {
            radii_nm: radii.clone(),
            ..EnsembleMove::default()
        },
        EnsembleMove {
            radii_nm: radii.iter().map(|r| r - 5.0).collect(),
            ..EnsembleMove::default()
        },
        EnsembleMove {
            height_ratio: 1.0,
            ..EnsembleMove::default()
        },
    ];
    let chain = RadialParacrystal::new(14.0, 3.0).expect("valid");
    let mut group = criterion.benchmark_group("jacobian/separable 128 x 128, 64 radii");
    group.sample_size(10);
    for (name, shape) in [
        ("cylinder", UprightShape::Cylinder { height_ratio: 1.2 }),
        ("segment", UprightShape::Segment { height_ratio: 1.2 }),
    ] {
        let s: Vec<f64> = grid.structure(&chain).iter().map(|s| s.value).collect();
        group.bench_function(format!("{name}/image"), |b| {
            b.iter(|| {
                grid.averages(shape, black_box(&radii), &weights)
                    .decoupling(&s)
            })
        });
        group.bench_function(format!("{name}/image and 5 derivatives"), |b| {
            b.iter(|| {
                grid.averages_and_jacobian(shape, black_box(&radii), &weights, &moves)
                    .decoupling(&grid.structure(&chain))
            })
        });
    }
    group.finish();
}

criterion_group!(benches, arbitrary_directions, separable);
criterion_main!(benches);
