//! Reduction of a Pilatus 2M frame: corrections, cuts, q maps, files. One thread.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::reduce::{
    FlatField, Image, ImageCorrections, Line, Normalisation, PixelFactors, Profiler, Regridder,
};
use gisaxs_preproc::{Corrections, Frame, FrameHeader, Instrument, PixelMap, prepare_with};

/// Rings about the beam with gaps, and some structure from pixel to pixel.
fn frame(instrument: &Instrument) -> Frame {
    let gaps = instrument.known_detector().expect("known").gap_mask();
    let counts = Array2::from_shape_fn(gaps.dim(), |(row, col)| {
        if gaps[[row, col]] {
            return -1.0;
        }
        let r = (col as f64 - 791.5).hypot(row as f64 - 1310.0);
        let speckle = ((row * 7919 + col * 104_729) % 17) as f64;
        ((2e3 + 50.0 * speckle) / (1.0 + (r / 60.0).powi(3))).round() as f32
    });
    let header = FrameHeader {
        exposure_s: Some(1.0),
        ..FrameHeader::default()
    };
    Frame::new(counts).expect("finite").with_header(header)
}

fn benches(c: &mut Criterion) {
    let instrument = Instrument::from_toml(
        "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nname = 'Pilatus 2M'\n\
         distance_mm = 2565.0\ndirect_beam_px = [791.5, 1310.0]\n[sample]\nparticle = 'Au'",
        "bench",
    )
    .expect("a good instrument");
    let frame = frame(&instrument);
    let map = Arc::new(PixelMap::new(&instrument).expect("a map"));
    let mask = map.mask(&frame).expect("a mask");
    let image = Image::counts(frame.clone(), mask).expect("counts");

    let mut group = c.benchmark_group("reduce/Pilatus 2M");
    group.throughput(Throughput::Elements(frame.as_slice().len() as u64));
    group.bench_function("network_input_with_map", |b| {
        b.iter(|| prepare_with(black_box(&frame), &map).expect("an input"));
    });

    let yoneda = Line::yoneda(&instrument, 3.5e-4, [-2.0, 2.0], 800).expect("a line");
    group.bench_function("yoneda_cut_plan", |b| {
        b.iter(|| Profiler::new(black_box(&instrument), &yoneda).expect("a plan"));
    });
    let cut = Profiler::new(&instrument, &yoneda).expect("a plan");
    group.bench_function("yoneda_cut", |b| {
        b.iter(|| cut.profile(black_box(&image)).expect("a cut"));
    });

    group.bench_function("q_map_plan", |b| {
        b.iter(|| Regridder::q_map(black_box(&instrument)).expect("a plan"));
    });
    let q_map = Regridder::q_map(&instrument).expect("a plan");
    group.bench_function("q_map", |b| {
        b.iter(|| q_map.map(black_box(&image)).expect("a map"));
    });
    group.bench_function("q_map_from_scratch", |b| {
        b.iter(|| {
            let plan = Regridder::q_map(black_box(&instrument)).expect("a plan");
            plan.map(&image).expect("a map")
        });
    });

    let shape = (frame.shape()[0], frame.shape()[1]);
    let geometry = instrument.geometry().expect("a geometry");
    let solid_angle = Corrections::new().with_solid_angle();
    let corrections = ImageCorrections {
        dark: Some(image.clone().scaled(0.01, "dark").expect("positive")),
        flat: Some(FlatField::new(Array2::from_elem(shape, 1.02)).expect("positive")),
        factors: vec![PixelFactors::of_geometry(&geometry, &solid_angle).expect("positive")],
        normalisation: Normalisation::default().per_second(),
        background: None,
    };
    group.bench_function("dark_flat_solid_angle_seconds", |b| {
        b.iter(|| {
            corrections
                .apply(black_box(&image).clone())
                .expect("an image")
        });
    });
    let reduced = q_map.map(&image).expect("a map");
    group.bench_function("q_map_png", |b| b.iter(|| reduced.to_png().expect("a PNG")));
    group.bench_function("q_map_nxcansas", |b| {
        b.iter(|| reduced.to_nxcansas().expect("a file"));
    });
    group.finish();
}

criterion_group!(reduce, benches);
criterion_main!(reduce);
