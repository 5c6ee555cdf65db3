//! Decoding at the size of real detectors, one thread; streaming with two.
//!
//! `scripts/compare_fabio.py` reads such files in turn with fabio and h5py.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Detector, Frame, FrameStack, ReadOptions, StackOptions, encode_edf, encode_nexus, encode_tiff,
};

/// Like a GISAXS pattern: bright near the beam, below one count per pixel outside.
fn frame(name: &str) -> Frame {
    let gaps = Detector::named(name, "bench")
        .expect("a known detector")
        .gap_mask();
    let mut state = 1_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let (rows, cols) = gaps.dim();
    let beam = [0.53 * cols as f64, 0.78 * rows as f64];
    let counts = Array2::from_shape_fn((rows, cols), |(row, col)| {
        if gaps[[row, col]] {
            return -1.0;
        }
        let r = (col as f64 - beam[0]).hypot(row as f64 - beam[1]);
        let mean = 2e3 / (1.0 + (r / 60.0).powi(3));
        let noise = uniform() + uniform() + uniform() - 1.5;
        (mean + 2.0 * mean.sqrt() * noise).round().max(0.0) as f32
    });
    Frame::new(counts).expect("finite counts")
}

fn benches(c: &mut Criterion) {
    let pilatus = frame("Pilatus 2M");
    let one = std::slice::from_ref(&pilatus);
    let mut group = c.benchmark_group("Pilatus 2M");
    group.throughput(Throughput::Elements(pilatus.as_slice().len() as u64));
    let folder = tempfile::tempdir().expect("a folder");
    for (ending, bytes) in [
        ("cbf", pilatus.to_cbf().expect("a CBF")),
        ("tif", encode_tiff(one).expect("a TIFF")),
        ("edf", encode_edf(one).expect("an EDF")),
        ("nxs", encode_nexus(one).expect("a NeXus file")),
    ] {
        let path = folder.path().join(format!("frame.{ending}"));
        std::fs::write(&path, bytes).expect("a written file");
        group.bench_function(format!("read {ending}"), |b| {
            b.iter(|| Frame::open(black_box(&path)).expect("a frame"));
        });
    }
    let cbf = folder.path().join("frame.cbf");
    let unchecked = ReadOptions {
        verify_checksum: false,
    };
    group.bench_function("read cbf without checksum", |b| {
        b.iter(|| Frame::open_with(black_box(&cbf), unchecked).expect("a frame"));
    });
    group.finish();

    let mut group = c.benchmark_group("stream");
    const FRAMES: usize = 50;
    let series = vec![cbf; FRAMES];
    let stack = FrameStack::open_series(&series, &StackOptions::default()).expect("a series");
    group.throughput(Throughput::Elements(FRAMES as u64));
    group.sample_size(10);
    group.bench_function("Pilatus 2M cbf, 2 threads", |b| {
        b.iter(|| stack.stream(0..FRAMES, 2).filter(|f| f.is_ok()).count());
    });
    group.finish();
}

criterion_group!(formats, benches);
criterion_main!(formats);
