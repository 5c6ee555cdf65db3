//! Images of polyhedra: the cases d1 to d4 of `bornagain_bench.py` (256 x 256 exit directions, one
//! thread), the same tilted and in an absorbing film, and meshes of growing numbers of faces.

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_physics::*;

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Directions of BornAgain's spherical detector, +-1.5 deg across and 0 to 3 deg up: no two
/// columns share alpha_f.
fn directions(pixels: usize) -> Vec<Direction> {
    let step = 3.0_f64.to_radians() / pixels as f64;
    (0..pixels * pixels)
        .map(|i| {
            let phi =
                |edge: f64| (((i % pixels) as f64 + edge - 0.5 * pixels as f64) * step).atan();
            let nominal = ((i % pixels) as f64 + 0.5 - 0.5 * pixels as f64) * step;
            let h = (1.0 + nominal.powi(4)).sqrt().recip();
            let alpha = |edge: f64| (h * ((i / pixels) as f64 + edge) * step).atan();
            Direction {
                alpha_f_rad: 0.5 * (alpha(0.0) + alpha(1.0)),
                two_theta_f_rad: 0.5 * (phi(0.0) + phi(1.0)),
            }
        })
        .collect()
}

fn bench(group: &mut Group<'_>, name: &str, pixels: usize, particle: Particle, film: bool) {
    let gold_in = |layers: Vec<Layer>, layer| {
        let dilute = Correlation::None {
            density_per_nm2: 0.002,
        };
        let population = Population::new(layer, Placement::Bottom, dilute).with(particle, 1.0);
        Sample::new(
            Multilayer::new(layers).expect("valid"),
            vec![population.expect("valid")],
        )
    };
    let ambient = Layer::semi_infinite(RefractiveIndex::VACUUM);
    let silicon = Layer::semi_infinite(RefractiveIndex::new(5.78e-6, 1.02e-7).expect("valid"));
    let polymer = Layer::new(RefractiveIndex::new(2.0e-6, 3e-9).expect("valid"), 50.0);
    let sample = if film {
        gold_in(vec![ambient, polymer, silicon], 1)
    } else {
        gold_in(vec![ambient, silicon], 0)
    };
    let sample = sample.expect("valid");
    let beam = Beam::new(0.1, 0.2_f64.to_radians()).expect("valid");
    let directions = directions(pixels);
    group.throughput(Throughput::Elements((pixels * pixels) as u64));
    group.bench_function(name, |b| {
        b.iter(|| sample.cross_section(&beam, black_box(&directions)))
    });
}

fn images(criterion: &mut Criterion) {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6).expect("valid");
    let steep = 60.0_f64.to_radians();
    let mut group = criterion.benchmark_group("polyhedron");
    group.sample_size(10);
    let cases = [
        ("d1_pyramid4", Polyhedron::pyramid4(12.0, 5.0, steep)),
        (
            "d2_bipyramid4",
            Polyhedron::bipyramid4(10.0, 4.0, 1.2, steep),
        ),
        ("d3_truncated_cube", Polyhedron::truncated_cube(10.0, 2.5)),
        ("d4_icosahedron", Polyhedron::icosahedron(6.0)),
        ("tetrahedron", Polyhedron::tetrahedron(8.0)),
        ("dodecahedron", Polyhedron::dodecahedron(4.0)),
        ("cantellated_cube", Polyhedron::cantellated_cube(10.0, 2.5)),
    ];
    for (name, shape) in cases {
        let particle = Particle::new(shape.expect("valid"), gold);
        let tilt = Rotation::about(Axis::X, 0.3).then(Rotation::about(Axis::Z, 0.2));
        bench(&mut group, name, 256, particle.clone(), false);
        bench(
            &mut group,
            &format!("{name}/tilted"),
            256,
            particle.clone().rotated(tilt),
            false,
        );
        bench(&mut group, &format!("{name}/film"), 256, particle, true);
    }
    group.finish();
}

/// A sphere of `2 n (n - 1)` triangles, deformed so that no symmetry is left.
fn blob(n: usize) -> Polyhedron {
    let mut vertices = vec![[0.0, 0.1, -5.0]];
    for ring in 1..n {
        let theta = std::f64::consts::PI * ring as f64 / n as f64;
        for i in 0..n {
            let phi = 2.0 * std::f64::consts::PI * i as f64 / n as f64;
            let r = 5.0
                + 0.3 * (2.0 * phi + 1.0).sin() * theta.sin().powi(2)
                + 0.2 * (phi + 3.0 * theta).cos();
            vertices.push([
                r * theta.sin() * phi.cos(),
                r * theta.sin() * phi.sin(),
                -r * theta.cos(),
            ]);
        }
    }
    vertices.push([0.1, 0.0, 5.0]);
    let last = vertices.len() - 1;
    let at = |ring: usize, i: usize| 1 + (ring - 1) * n + i % n;
    let mut faces = Vec::new();
    for i in 0..n {
        faces.push([0, at(1, i + 1), at(1, i)]);
        for ring in 1..n - 1 {
            faces.push([at(ring, i), at(ring, i + 1), at(ring + 1, i + 1)]);
            faces.push([at(ring, i), at(ring + 1, i + 1), at(ring + 1, i)]);
        }
        faces.push([at(n - 1, i), at(n - 1, i + 1), last]);
    }
    Polyhedron::from_mesh(&vertices, &faces).expect("closed")
}

fn meshes(criterion: &mut Criterion) {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6).expect("valid");
    let mut group = criterion.benchmark_group("mesh");
    group.sample_size(10);
    for n in [4, 8, 16, 32] {
        let name = format!("{}_faces", 2 * n * (n - 1));
        bench(&mut group, &name, 64, Particle::new(blob(n), gold), false);
    }
    group.bench_function("construction/1984_faces", |b| {
        b.iter(|| blob(black_box(32)))
    });
    group.bench_function("construction/truncated_cube", |b| {
        b.iter(|| Polyhedron::truncated_cube(black_box(10.0), 2.5))
    });
    group.finish();
}

criterion_group!(benches, images, meshes);
criterion_main!(benches);
