//! How fast samples come: a pattern of the library, a view of it, a whole frame.

use criterion::{Criterion, criterion_group, criterion_main};
use gisaxs_sim::frame::{Scene, SimulatedFrame};
use gisaxs_sim::pattern::CellGrid;
use gisaxs_sim::{CellSetup, Prior, Sample, View};

fn edges(low: f64, high: f64, scale: f64, n: usize) -> Vec<f64> {
    let (a, b) = ((low / scale).asinh(), (high / scale).asinh());
    (0..=n)
        .map(|i| scale * (a + (b - a) * i as f64 / n as f64).sinh())
        .collect()
}

/// Setup number `index` seen through the grid of the shipped network.
fn cell_setup(prior: &Prior, index: u64) -> CellSetup {
    let grid = CellGrid {
        q_edges: edges(0.02, 3.0, 0.05, 112),
        k_edges: edges(0.0, 3.0, 0.3, 80),
    };
    let setup = prior.setup.draw(1, index).unwrap();
    let particles = prior
        .particles
        .draw(
            1.0,
            &mut gisaxs_sim::rng::stream(1, gisaxs_sim::rng::Purpose::Sample, index),
        )
        .unwrap();
    let correlation = prior.correlation.draw(
        5.0,
        gisaxs_sim::CorrelationModel::Decoupling,
        &mut gisaxs_sim::rng::stream(1, gisaxs_sim::rng::Purpose::View, index),
    );
    let bins = Scene {
        beam: &setup.beam,
        detector: &setup.detector,
        stack: &setup.stack,
        particle: setup.particle,
        particles: &particles,
        correlation: &correlation,
    }
    .bins();
    let mut pixels = vec![0.0; 112 * 80];
    for (i, valid) in setup.valid_pixels().iter().enumerate() {
        let (q, k) = (f64::from(bins.q_par(i)), f64::from(bins.k_z(i)));
        let col = grid.q_edges.partition_point(|&e| e <= q);
        let row = grid.k_edges.partition_point(|&e| e <= k);
        if *valid && (1..=112).contains(&col) && (1..=80).contains(&row) {
            pixels[(row - 1) * 112 + col - 1] += 1.0;
        }
    }
    CellSetup::new(setup, &grid, &pixels).unwrap()
}

fn simulate(c: &mut Criterion) {
    let prior = Prior::default();
    let setups: Vec<CellSetup> = (0..16).map(|i| cell_setup(&prior, i)).collect();
    let mut index = 0;
    c.bench_function(
        "sample (pattern of an ensemble on the network's grid)",
        |b| {
            b.iter(|| {
                index += 1;
                Sample::draw(&prior, &setups[index as usize % 16], 1, index).unwrap()
            });
        },
    );
    let samples: Vec<Sample> = (0..16)
        .map(|i| Sample::draw(&prior, &setups[i as usize], 1, i).unwrap())
        .collect();
    c.bench_function("view (correlation, artifacts, counts)", |b| {
        b.iter(|| {
            index += 1;
            let i = index as usize % 16;
            View::draw(&prior, &setups[i], &samples[i], (112, 80), 1, index)
        });
    });
    let mut frames = c.benchmark_group("frames");
    frames.sample_size(10);
    frames.bench_function("frame (whole detector, mixed Pilatus and Eiger)", |b| {
        b.iter(|| {
            index += 1;
            SimulatedFrame::draw(&prior, 1, index).unwrap()
        });
    });
}

criterion_group!(benches, simulate);
criterion_main!(benches);
