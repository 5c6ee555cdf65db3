//! Speed of the network: one frame, a batch, and one part of a training step.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_model::train::{View, gradient};
use gisaxs_model::{Device, Labels, LossWeights, Network, NetworkConfig};
use std::hint::black_box;

/// A view with waves along both axes; the speed does not depend on the values.
fn view(config: &NetworkConfig) -> View {
    let (h, w) = (config.n_kz, config.n_q);
    let planes = (0..config.planes_len())
        .map(|i| {
            let (y, x) = ((i / w) % h, i % w);
            (x as f32 * 0.3).sin() * (y as f32 * 0.2).cos()
        })
        .collect();
    let mut radius_mass = [0.0; 128];
    radius_mass[64] = 1.0;
    View {
        planes,
        scalars: [0.1; 16],
        labels: Labels {
            radius_mass,
            mean_radius: 3.0,
            rel_std: 0.2,
            height_ratio: 1.2,
            distance: 10.0,
            disorder: 0.2,
            cylinder: false,
            distance_visible: true,
        },
    }
}

fn network(c: &mut Criterion) {
    let config = NetworkConfig::default();
    let network = Network::untrained(&config, 1, &Device::Cpu).expect("default configuration");
    let view = view(&config);
    let mut group = c.benchmark_group("network");
    for batch in [1, 32] {
        let planes = view.planes.repeat(batch);
        let scalars = view.scalars.repeat(batch);
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(format!("batch{batch}"), |b| {
            b.iter(|| network.forward(black_box(&planes), &scalars));
        });
    }
    let views = vec![view; 16];
    group.throughput(Throughput::Elements(16));
    group.bench_function("gradient16", |b| {
        b.iter(|| gradient(&network, black_box(&views), &LossWeights::default()));
    });
    group.finish();
}

criterion_group!(benches, network);
criterion_main!(benches);
