//! From the file on disk to the result, and the parts that only exist in the chain. Frame:
//! the demonstration (Pilatus 300k).

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_infer::{Frame, Options, Predictor, PreparedInstrument, demo, report};
use gisaxs_physics::{Multilayer, RefractiveIndex, SeparableGrid, UprightShape};
use gisaxs_preproc::input::{K_AXIS, N_CELLS, Q_AXIS};
use gisaxs_preproc::prepare;
use std::hint::black_box;

/// What does one ensemble cost on the grid of the network?
fn ensemble(c: &mut Criterion) {
    let beam = demo::instrument().expect("the demonstration").beam();
    let silicon = RefractiveIndex::new(4.6e-6, 6e-8).expect("valid");
    let stack = Multilayer::substrate(silicon).expect("valid");
    let grid = SeparableGrid::new(&stack, &beam, &Q_AXIS.centres(), &K_AXIS.centres());
    let radii: Vec<f64> = (0..20).map(|i| 2.0 + 0.1 * f64::from(i)).collect();
    let weights = vec![0.05; radii.len()];
    let mut group = c.benchmark_group("ensemble_20_radii");
    group.throughput(Throughput::Elements(N_CELLS as u64));
    for (name, shape) in [
        ("segments", UprightShape::Segment { height_ratio: 1.4 }),
        ("cylinders", UprightShape::Cylinder { height_ratio: 1.4 }),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| grid.averages(shape, black_box(&radii), &weights));
        });
    }
    group.finish();
}

fn chain(c: &mut Criterion) {
    let predictor = Predictor::embedded().expect("embedded weights");
    let frame = demo::frame().expect("the demonstration");
    let instrument = demo::instrument().expect("the demonstration");
    let input = prepare(&frame, &instrument).expect("an input").input;
    c.bench_function("network/batch1", |b| {
        b.iter(|| predictor.answer(black_box(&input.planes), &input.scalars));
    });

    let prepared = PreparedInstrument::new(&instrument).expect("a complete instrument");
    let options = |verify, refine| Options { verify, refine };
    let mut group = c.benchmark_group("invert");
    group.sample_size(20);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("frame.cbf");
    std::fs::write(&path, demo::FRAME).expect("a written file");
    group.bench_function("file_to_json", |b| {
        b.iter(|| {
            let frame = Frame::open(&path).expect("a good file");
            let inversion = predictor.invert(&frame, &prepared, &options(false, false));
            inversion.expect("a result").structure.to_json()
        });
    });
    for (name, options) in [
        ("frame", options(false, false)),
        ("frame_verified", options(true, false)),
        ("frame_refined", options(true, true)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| predictor.invert(black_box(&frame), &prepared, &options));
        });
    }
    let inversion = predictor
        .invert(&frame, &prepared, &options(true, false))
        .expect("a result");
    let conditions = report::conditions(&instrument);
    group.bench_function("report", |b| {
        b.iter(|| {
            report::html(
                black_box(&inversion.structure),
                inversion.comparison.as_ref(),
                &conditions,
            )
        });
    });
    group.finish();
}

criterion_group!(benches, ensemble, chain);
criterion_main!(benches);
