//! Reduction of measured frames, where they are present: they are not part of the repository.

use std::path::Path;

use gisaxs_preproc::reduce::{Axis, Band, Image, Line, Profile, Quantity, Regridder};
use gisaxs_preproc::{Corrections, Frame, Instrument, Mask, reduce::PixelFactors};

const P03_TOML: &str = r#"
[beam]
wavelength_nm = 0.105
incidence_deg = 0.39
[detector]
name = "Pilatus 2M"
distance_mm = 2565.0
direct_beam_px = [791.5, 1310.0]
beamstops = [{ center_px = [795.0, 1305.0], radius_px = 25.0 },
             { center_px = [810.0, 1100.0], radius_px = 20.0 }]
"#;

/// A frame of P03, or `None` with a printed reason where it is absent.
fn measured() -> Option<(Image, Instrument)> {
    let name = "jg_gisaxs_4nm_old_3ml_insitu_ds03_00001_00033.cbf";
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/real")).join(name);
    if !path.exists() {
        println!("skipped: {name} is not here");
        return None;
    }
    let instrument = Instrument::from_toml(P03_TOML, "p03.toml").unwrap();
    let frame = Frame::open(path).unwrap();
    let mask = Mask::new(&frame, &instrument).unwrap();
    Some((Image::counts(frame, mask).unwrap(), instrument))
}

#[test]
fn the_side_maxima_stand_on_both_sides() {
    let Some((image, instrument)) = measured() else {
        return;
    };
    // The Yoneda band at rows 1168 to 1174, k sin alpha_f about 0.16 nm^-1.
    let k_z = Band::new(Quantity::KZ, [0.14, 0.18]).unwrap();
    let axis = Axis::linear(Quantity::QY, [-1.6, 1.6], 64).unwrap();
    let line = Line::along(axis).within(k_z);
    let cut = Profile::new(&image, &instrument, &line).unwrap();
    // Counts times q_y: the maximum above the slope of the rod.
    for side in [-1.0, 1.0] {
        let weighted = |i: usize| cut.mean[i] * cut.coordinate[i].abs();
        let peak = (0..cut.len())
            .filter(|&i| (0.5..1.5).contains(&(side * cut.coordinate[i])))
            .max_by(|&a, &b| weighted(a).total_cmp(&weighted(b)))
            .unwrap();
        let q = cut.coordinate[peak];
        println!("side maximum at {q:.3} nm^-1");
        assert!((side * q / 0.83 - 1.0).abs() < 0.15, "{q}");
    }
}

#[test]
fn maps_hold_every_count_once() {
    let Some((image, instrument)) = measured() else {
        return;
    };
    let map = Regridder::q_map(&instrument).unwrap().map(&image).unwrap();
    let valid = || {
        let mask = image.mask().bits().iter();
        image.as_slice().iter().zip(mask).filter(|(_, b)| **b == 0)
    };
    assert_eq!(map.pixels.sum() as usize, valid().count());
    let counts: f64 = valid().map(|(&c, _)| f64::from(c)).sum();
    let filled = map.mean.iter().zip(&map.pixels).filter(|(_, n)| **n > 0);
    let mapped: f64 = filled.map(|(&m, &n)| f64::from(m) * f64::from(n)).sum();
    // Means are f32.
    assert!((mapped / counts - 1.0).abs() < 1e-6, "{mapped} {counts}");
    // The missing wedge at the top of the detector.
    let row = map.y.bin(5.0).unwrap();
    let middle = map.x.bin(0.0).unwrap();
    assert_eq!(map.pixels[[row, middle]], 0);
    assert!(map.pixels.row(row).sum() > 1000);
}

#[test]
fn the_solid_angle_is_a_small_correction_at_2565_mm() {
    let Some((image, instrument)) = measured() else {
        return;
    };
    let axis = Axis::linear(Quantity::Q, [0.1, 5.0], 98).unwrap();
    let raw = Profile::new(&image, &instrument, &Line::along(axis)).unwrap();
    let geometry = instrument.geometry().unwrap();
    let corrections = Corrections::new().with_solid_angle();
    let factors = PixelFactors::of_geometry(&geometry, &corrections).unwrap();
    let corrected = image.divided_by(&factors).unwrap();
    let corrected = Profile::new(&corrected, &instrument, &Line::along(axis)).unwrap();
    for i in 0..raw.len() {
        if raw.mean[i] > 0.0 {
            // cos^3 of at most 5 deg.
            let ratio = corrected.mean[i] / raw.mean[i];
            assert!((0.999_999..1.015).contains(&ratio), "{ratio}");
            let errors = corrected.error[i] / raw.error[i];
            assert!((errors / ratio - 1.0).abs() < 1e-3, "{errors} {ratio}");
        }
    }
}
