//! q maps, landmarks and calibration at the size of a Pilatus 2M. `scripts/compare_pyfai.py`
//! times pyFAI beside the q map.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Absorber, Corrections, Frame, Instrument, LandmarkHints, Landmarks, Mask, Polarization,
    Quantity,
};

fn instrument(more: &str) -> Instrument {
    let text = format!(
        "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nname = 'Pilatus 2M'\n\
         distance_mm = 2565.0\ndirect_beam_px = [791.5, 1310.0]\n{more}"
    );
    Instrument::from_toml(&text, "bench").expect("a good instrument")
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("Pilatus 2M geometry");
    group.throughput(Throughput::Elements(1679 * 1475));
    for (name, more) in [("flat", ""), ("tilted", "tilt_deg = [5.0, -3.0, 1.0]")] {
        let geometry = instrument(more).geometry().expect("a geometry");
        group.bench_function(format!("q_map_{name}"), |b| {
            b.iter(|| black_box(&geometry).q_map());
        });
        let (mut q_xy, mut q_z) = (vec![0.0; 1475], vec![0.0; 1475]);
        group.bench_function(format!("q_rows_{name}"), |b| {
            b.iter(|| {
                for row in 0..1679 {
                    black_box(&geometry).q_row(row, &mut q_xy, &mut q_z);
                    black_box((&q_xy, &q_z));
                }
            });
        });
    }
    let geometry = instrument("").geometry().expect("a geometry");
    group.bench_function("alpha_f", |b| {
        b.iter(|| black_box(&geometry).map(Quantity::AlphaF));
    });
    let corrections = Corrections::new()
        .with_solid_angle()
        .with_polarization(Polarization::new(0.98, 0.0).expect("a factor"))
        .with_absorber(Absorber::Path { mu_per_mm: 2.7e-4 })
        .expect("a coefficient");
    group.bench_function("corrections", |b| {
        b.iter(|| black_box(&geometry).correction(&corrections));
    });
    let frame = Frame::new(Array2::from_shape_fn((1679, 1475), |(row, col)| {
        let rod = if col == 791 { 200.0 } else { 0.0 };
        let above = if row < 1205 { 20.0 } else { 1.0 };
        above + rod
    }))
    .expect("finite counts");
    let mask = Mask::new(&frame, &instrument("")).expect("a mask");
    group.bench_function("landmarks", |b| {
        b.iter(|| Landmarks::find(black_box(&frame), &mask, &LandmarkHints::default()));
    });
    group.finish();
}

criterion_group!(geometry, benches);
criterion_main!(geometry);
