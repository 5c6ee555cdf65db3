//! How the time of an image grows, and the separable grid.
//!
//! * `scaling/pixels/N`: spheres on silicon, N x N directions whose alpha_f all differ.
//! * `scaling/radii/N`: the same 128 x 128 pixels with N radii, decoupling approximation.
//! * `scaling/threads/N`: 25 radii, 256 x 256 pixels, on N threads (feature `rayon`).
//! * `separable/64 radii 128x128`: averages of spheres on the (q_par, alpha_f) grid of the same
//!   window; `separable/64 radii 128x128, cylinders` those of cylinders.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_physics::*;

const SILICON: RefractiveIndex = RefractiveIndex {
    delta: 5.78e-6,
    beta: 1.02e-7,
};

fn beam() -> Beam {
    Beam::new(0.1, 0.2_f64.to_radians()).expect("valid")
}

/// +-1.5 deg across, 0 to 3 deg up, slightly tilted, so that no two pixels share alpha_f.
fn directions(pixels: usize) -> Vec<Direction> {
    let step = 3.0_f64.to_radians() / pixels as f64;
    (0..pixels * pixels)
        .map(|i| {
            let (row, column) = ((i / pixels) as f64 + 0.5, (i % pixels) as f64 + 0.5);
            Direction {
                alpha_f_rad: (row + 1e-3 * column) * step,
                two_theta_f_rad: (column - 0.5 * pixels as f64) * step,
            }
        })
        .collect()
}

fn radii(count: usize) -> Vec<Node> {
    let distribution = Distribution::Gaussian {
        mean: 5.0,
        std_dev: 0.75,
    };
    distribution.nodes(count, 2.0).expect("valid")
}

fn spheres(count: usize) -> Sample {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6).expect("valid");
    let order = RadialParacrystal::new(18.0, 3.0).expect("valid");
    let correlation = Correlation::Decoupling(Arc::new(order));
    let population = radii(count)
        .iter()
        .try_fold(
            Population::new(0, Placement::Bottom, correlation),
            |p, n| p.with(Particle::new(Sphere::new(n.value)?, gold), n.weight),
        )
        .expect("valid");
    Sample::new(
        Multilayer::substrate(SILICON).expect("valid"),
        vec![population],
    )
    .expect("valid")
}

fn images(criterion: &mut Criterion) {
    let beam = beam();
    let mut group = criterion.benchmark_group("scaling");
    group.sample_size(20);
    let sample = spheres(1);
    for pixels in [64, 128, 256, 512] {
        let directions = directions(pixels);
        group.throughput(Throughput::Elements((pixels * pixels) as u64));
        group.bench_function(BenchmarkId::new("pixels", pixels), |b| {
            b.iter(|| sample.cross_section(&beam, black_box(&directions)))
        });
    }
    let directions_128 = directions(128);
    for count in [1, 5, 25, 100] {
        let sample = spheres(count);
        group.throughput(Throughput::Elements((128 * 128 * count) as u64));
        group.bench_function(BenchmarkId::new("radii", count), |b| {
            b.iter(|| sample.cross_section(&beam, black_box(&directions_128)))
        });
    }
    #[cfg(feature = "rayon")]
    {
        let (sample, directions) = (spheres(25), directions(256));
        group.throughput(Throughput::Elements(256 * 256));
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads");
            group.bench_function(BenchmarkId::new("threads", threads), |b| {
                b.iter(|| pool.install(|| sample.par_cross_section(&beam, black_box(&directions))))
            });
        }
    }
    group.finish();
}

fn separable(criterion: &mut Criterion) {
    let stack = Multilayer::substrate(SILICON).expect("valid");
    let axis = |end: f64| -> Vec<f64> {
        (0..128)
            .map(|i| end * (f64::from(i) + 0.5) / 128.0)
            .collect()
    };
    // The window of the images: 1.5 deg and 3 deg at 0.1 nm.
    let grid = SeparableGrid::new(&stack, &beam(), &axis(1.64), &axis(3.29));
    let nodes = radii(64);
    let radii: Vec<f64> = nodes.iter().map(|n| n.value).collect();
    let weights: Vec<f64> = nodes.iter().map(|n| n.weight).collect();
    let mut group = criterion.benchmark_group("separable");
    group.throughput(Throughput::Elements(64 * 128 * 128));
    for (name, shape) in [
        (
            "64 radii 128x128",
            UprightShape::Segment { height_ratio: 2.0 },
        ),
        (
            "64 radii 128x128, cylinders",
            UprightShape::Cylinder { height_ratio: 1.6 },
        ),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| grid.averages(shape, black_box(&radii), &weights))
        });
    }
    group.finish();
}

criterion_group!(benches, images, separable);
criterion_main!(benches);
