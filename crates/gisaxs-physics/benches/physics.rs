//! Form factors and images: one pixel is four form factors.
//!
//! `image/*` are the cases a1, a2, b1, c1 and f1 of `bornagain_bench.py`: 256 x 256 exit
//! directions, one thread.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_physics::*;

const PIXELS: usize = 256;

fn form_factors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("form_factor");
    let real = [0.3, 0.2, 0.5].map(Complex64::from);
    let complex = [
        Complex64::from(0.3),
        Complex64::from(0.2),
        Complex64::new(0.5, 0.01),
    ];
    for info in shapes() {
        let shape = info.build(info.examples[0]).expect("examples are valid");
        group.bench_function(format!("{}/real", info.name), |b| {
            b.iter(|| shape.at(black_box(real)))
        });
        group.bench_function(format!("{}/complex", info.name), |b| {
            b.iter(|| shape.at(black_box(complex)))
        });
    }
    group.finish();
}

/// Centres of the bins of a spherical detector: +-1.5 deg across, 0 to 3 deg up.
fn directions() -> Vec<Direction> {
    let step = 3.0_f64.to_radians() / PIXELS as f64;
    (0..PIXELS * PIXELS)
        .map(|i| Direction {
            alpha_f_rad: ((i / PIXELS) as f64 + 0.5) * step,
            two_theta_f_rad: ((i % PIXELS) as f64 + 0.5 - 0.5 * PIXELS as f64) * step,
        })
        .collect()
}

fn images(criterion: &mut Criterion) {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6).expect("valid");
    let silicon = RefractiveIndex::new(5.78e-6, 1.02e-7).expect("valid");
    let beam = Beam::new(0.1, 0.2_f64.to_radians()).expect("valid");
    let directions = directions();
    let sphere = |r| Particle::new(Sphere::new(r).expect("valid"), gold);
    let none = Correlation::None {
        density_per_nm2: 0.002,
    };
    let chain = Correlation::Decoupling(Arc::new(
        RadialParacrystal::new(18.0, 3.0)
            .and_then(|p| p.with_damping(1000.0))
            .expect("valid"),
    ));
    let radii = Distribution::Gaussian {
        mean: 5.0,
        std_dev: 0.75,
    }
    .nodes(25, 2.0)
    .expect("valid");
    let cylinder = Particle::new(Cylinder::new(5.0, 8.0).expect("valid"), gold);
    let segment = Particle::new(SphericalSegment::new(5.0, 0.0, 3.0).expect("valid"), gold);
    let cases = [
        ("a1_sphere", none.clone(), vec![(sphere(5.0), 1.0)]),
        ("a2_cylinder", none.clone(), vec![(cylinder, 1.0)]),
        ("b1_sphere_radial", chain.clone(), vec![(sphere(5.0), 1.0)]),
        (
            "c1_sphere_gauss25_da",
            chain,
            radii.iter().map(|n| (sphere(n.value), n.weight)).collect(),
        ),
        ("f1_segment", none, vec![(segment, 1.0)]),
    ];
    let mut group = criterion.benchmark_group("image");
    group
        .throughput(Throughput::Elements((PIXELS * PIXELS) as u64))
        .sample_size(10);
    for (name, correlation, particles) in cases {
        let population = particles
            .into_iter()
            .try_fold(
                Population::new(0, Placement::Bottom, correlation),
                |p, (particle, w)| p.with(particle, w),
            )
            .expect("valid");
        let stack = Multilayer::substrate(silicon).expect("valid");
        let sample = Sample::new(stack, vec![population]).expect("valid");
        group.bench_function(name, |b| {
            b.iter(|| sample.cross_section(&beam, black_box(&directions)))
        });
    }
    group.finish();
}

criterion_group!(benches, form_factors, images);
criterion_main!(benches);
