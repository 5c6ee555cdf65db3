//! Decoding, pixel map and preparation at the size of real detectors.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Detector, Frame, Instrument, PixelMap, prepare, prepare_with};

/// A frame like a GISAXS pattern: bright near the beam, below one count per pixel outside,
/// counting noise, gaps.
fn frame(detector: Detector, beam: [f64; 2]) -> Frame {
    let gaps = detector.gap_mask();
    let mut state = 1_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let counts = Array2::from_shape_fn(gaps.dim(), |(row, col)| {
        // Twelve uniforms less six are nearly a normal deviate, and that nearly Poisson.
        let normal: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        if gaps[[row, col]] {
            return -1.0;
        }
        let r = (col as f64 - beam[0]).hypot(row as f64 - beam[1]);
        let mean = 2e3 / (1.0 + (r / 60.0).powi(3));
        (mean + mean.sqrt() * normal).round().max(0.0) as f32
    });
    Frame::new(counts).expect("finite counts")
}

fn instrument(name: &str, beam: [f64; 2]) -> Instrument {
    let text = format!(
        "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nname = '{name}'\n\
         distance_mm = 2565.0\ndirect_beam_px = [{}, {}]\n\
         beamstops = [{{ center_px = [795, 1305], radius_px = 25 }}]\n",
        beam[0], beam[1]
    );
    Instrument::from_toml(&text, "bench").expect("a good instrument")
}

fn benches(c: &mut Criterion) {
    for (name, beam) in [
        ("Pilatus 2M", [791.5, 1310.0]),
        ("Pilatus 300k", [243.0, 560.0]),
    ] {
        let instrument = instrument(name, beam);
        let detector = instrument.known_detector().expect("a known detector");
        let frame = frame(detector, beam);
        let cbf = frame.to_cbf().expect("whole counts");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("frame.cbf");
        frame.write_cbf(&path).expect("a written frame");

        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(frame.as_slice().len() as u64));
        group.bench_function("read_cbf_file", |b| {
            b.iter(|| Frame::open(black_box(&path)).expect("a good file"));
        });
        group.bench_function("decode_cbf_with_checksum", |b| {
            b.iter(|| Frame::from_bytes("bench", black_box(&cbf)).expect("a good file"));
        });
        // Without the checksum line there is nothing to compare.
        let at = cbf
            .windows(11)
            .position(|w| w == b"Content-MD5")
            .expect("a checksum");
        let mut plain = cbf.clone();
        plain[at] = b'X';
        group.bench_function("decode_cbf", |b| {
            b.iter(|| Frame::from_bytes("bench", black_box(&plain)).expect("a good file"));
        });
        group.bench_function("write_cbf", |b| b.iter(|| black_box(&frame).to_cbf()));

        let map = Arc::new(PixelMap::new(&instrument).expect("a map"));
        group.bench_function("pixel_map", |b| {
            b.iter(|| PixelMap::new(black_box(&instrument)).expect("a map"));
        });
        group.bench_function("mask", |b| {
            b.iter(|| map.mask(black_box(&frame)).expect("a mask"));
        });
        let mask = map.mask(&frame).expect("a mask");
        group.bench_function("bin", |b| b.iter(|| map.bin(black_box(&frame), &mask)));
        group.bench_function("prepare_with_map", |b| {
            b.iter(|| prepare_with(black_box(&frame), &map).expect("an input"));
        });
        group.bench_function("prepare", |b| {
            b.iter(|| prepare(black_box(&frame), &instrument).expect("an input"));
        });
        group.finish();
    }
}

criterion_group!(preproc, benches);
criterion_main!(preproc);
