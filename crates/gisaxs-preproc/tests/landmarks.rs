//! Landmarks of frames whose geometry is known.

#[path = "../examples/landmarks/scene.rs"]
mod scene;

use gisaxs_preproc::gisaxs_physics::{Beam, Up};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, Geometry, LandmarkHints, Landmarks, Located, Mask};
use scene::{Noise, p03_like};

#[track_caller]
fn near(found: Option<Located>, truth: f64, tolerance: f64) {
    let found = found.expect("a landmark");
    assert!(
        (found.value - truth).abs() <= tolerance,
        "{found:?}, expected {truth}"
    );
    // The uncertainty is honest: within four, and not ten times too large.
    assert!(found.agrees(truth, 4.0), "{found:?}, expected {truth}");
    assert!(found.sigma < 10.0 * tolerance, "{found:?}");
}

#[test]
fn all_landmarks_of_a_frame() {
    let scene = p03_like();
    let (frame, mask) = scene.frame(1);
    let found = Landmarks::find(&frame, &mask, &LandmarkHints::default());
    println!("{found:?}");
    near(found.rod_column, 466.3, 0.7);
    near(found.horizon_row, scene.horizon_row(), 4.0);
    near(found.yoneda_row, scene.yoneda_row(), 4.0);
    near(found.specular_row, scene.specular_row(), 0.5);
    near(found.direct_beam_row, 808.6, 0.5);
    assert!(found.missing.is_empty(), "{:?}", found.missing);
    let geometry = Geometry::from_flat(scene.beam, &scene.detector).unwrap();
    let angle = found.incidence_deg(&geometry).unwrap();
    assert!((angle.value - 0.39).abs() < 0.001, "{angle:?}");
}

#[test]
fn angles_distances_counts_and_orientations() {
    for (seed, alpha_deg, distance, counts, up) in [
        (2, 0.25, 3000.0, 30.0, Up::RowsDecrease),
        (3, 0.5, 2000.0, 5.0, Up::RowsDecrease),
        (4, 0.39, 4000.0, 300.0, Up::RowsIncrease),
    ] {
        let mut scene = p03_like();
        let alpha: f64 = alpha_deg;
        scene.beam = Beam::new(0.105, alpha.to_radians()).unwrap();
        scene.detector.distance_mm = distance;
        scene.detector.up = up;
        if up == Up::RowsIncrease {
            scene.detector.direct_beam_px[1] = 180.0;
        }
        scene.yoneda_counts = counts;
        scene.specular_counts = 1e4;
        let (frame, mask) = scene.frame(seed);
        let hints = LandmarkHints {
            up,
            ..LandmarkHints::default()
        };
        let found = Landmarks::find(&frame, &mask, &hints);
        println!("{alpha_deg} deg, {distance} mm, {counts} counts: {found:?}");
        near(found.rod_column, 466.3, 0.7);
        near(found.horizon_row, scene.horizon_row(), 5.0);
        near(found.yoneda_row, scene.yoneda_row(), 5.0);
        near(found.specular_row, scene.specular_row(), 1.0);
    }
}

#[test]
fn a_hidden_specular_beam_is_found_by_its_halo() {
    let mut scene = p03_like();
    scene.stop_px = 9.0;
    // Wings that are not lost on the rod.
    scene.yoneda_counts = 20.0;
    scene.specular_counts = 2e7;
    // Both flanks of the halo beside a gap of the detector.
    scene.detector.direct_beam_px[1] = 780.0;
    let (frame, mask) = scene.frame(5);
    let found = Landmarks::find(&frame, &mask, &LandmarkHints::default());
    println!("{found:?}");
    near(found.specular_row, scene.specular_row(), 4.0);
    near(found.direct_beam_row, 780.0, 4.0);
}

#[test]
fn nothing_is_invented() {
    // Noise alone, isotropic scattering, and nothing.
    let mut noise = Noise(9);
    let flat = Array2::from_shape_fn((619, 487), |_| noise.poisson(3.0) as f32);
    let round = Array2::from_shape_fn((619, 487), |(r, c)| {
        let q = (r as f64 - 300.0).hypot(c as f64 - 243.0);
        noise.poisson(500.0 / (1.0 + (q / 80.0).powi(2))) as f32
    });
    let empty = Array2::zeros((619, 487));
    for counts in [flat, round, empty] {
        let frame = Frame::new(counts).unwrap();
        let valid = Mask::from_bits([619, 487], vec![0; 619 * 487]);
        let found = Landmarks::find(&frame, &valid, &LandmarkHints::default());
        assert_eq!(
            (found.rod_column, found.horizon_row, found.specular_row),
            (None, None, None)
        );
        assert!(
            found.missing[0].starts_with("no rod"),
            "{:?}",
            found.missing
        );
    }
}

/// Rod and band, but neither beam on the frame.
#[test]
fn beams_that_are_not_there_are_missing() {
    let mut scene = p03_like();
    scene.specular_counts = 0.0;
    let (frame, mask) = scene.frame(6);
    let found = Landmarks::find(&frame, &mask, &LandmarkHints::default());
    println!("{found:?}");
    near(found.horizon_row, scene.horizon_row(), 4.0);
    assert_eq!(found.specular_row, None);
    assert_eq!(found.direct_beam_row, None);
    assert!(found.missing.iter().any(|m| m.starts_with("no specular")));
    let geometry = Geometry::from_flat(scene.beam, &scene.detector).unwrap();
    assert_eq!(found.incidence_deg(&geometry), None);
}
