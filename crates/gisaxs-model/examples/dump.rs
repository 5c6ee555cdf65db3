//! debug
use gisaxs_model::train::{Library, LibraryConfig, ViewSource};
use std::io::Write;
fn main() {
    let config = LibraryConfig {
        setups: 24,
        samples_per_setup: 2,
        ..Default::default()
    };
    let lib = Library::build(config, |_, _| {}).unwrap();
    let mut f = std::fs::File::create("/tmp/dbg/views.bin").unwrap();
    for i in 0..48u64 {
        let v = lib.view(i);
        for x in &v.planes {
            f.write_all(&x.to_le_bytes()).unwrap();
        }
        println!(
            "{} {:?} R {:.2} std {:.2} H/R {:.2} D {:.1} s {:.3} {} vis {}",
            i,
            v.scalars,
            v.labels.mean_radius,
            v.labels.rel_std,
            v.labels.height_ratio,
            v.labels.distance,
            v.labels.disorder,
            v.labels.cylinder,
            v.labels.distance_visible
        );
    }
    let t = std::time::Instant::now();
    for i in 0..4000u64 {
        std::hint::black_box(lib.view(i));
    }
    println!("view {:.3} ms", t.elapsed().as_secs_f64());
}
