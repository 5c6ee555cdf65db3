//! Artifacts on whole frames and on cells: finite, in range, recorded, and without influence on
//! anything else while they are switched off.

use gisaxs_sim::artifact::Drawn;
use gisaxs_sim::frame::{DEAD, GAP, SimulatedFrame};
use gisaxs_sim::pattern::CellGrid;
use gisaxs_sim::rng::{Purpose, Source, stream};
use gisaxs_sim::{CellSetup, Prior, Range, Sample, View};
use proptest::prelude::*;

/// Everything, always, on a small detector.
fn everything() -> Prior {
    let mut prior = Prior::default().with_realistic_artifacts();
    prior.setup.detectors.truncate(1);
    let (scatter, camera) = (&mut prior.artifacts.scatter, &mut prior.artifacts.camera);
    for share in [
        &mut scatter.guinier_porod,
        &mut scatter.fringes,
        &mut scatter.population,
        &mut scatter.window,
        &mut scatter.divergence,
        &mut camera.flat_field,
        &mut camera.gap_edges,
        &mut camera.dead_time,
        &mut camera.noisy_pixels,
        &mut camera.bad_lines,
        &mut camera.cosmic_rays,
    ] {
        *share = 1.0;
    }
    prior
}

/// Cells over the window of a setup, all pixels in them.
fn cells(prior: &Prior, index: u64) -> CellSetup {
    let setup = prior.setup.draw(3, index).unwrap();
    let edges = |n: i32, end: f64| (0..=n).map(|i| end * f64::from(i) / f64::from(n)).collect();
    let grid = CellGrid {
        q_edges: edges(30, 0.35),
        k_edges: edges(30, 0.35),
    };
    CellSetup::new(setup, &grid, &[25.0; 900]).unwrap()
}

#[test]
fn frames_with_everything_are_counts() {
    let prior = everything();
    for index in 0..3 {
        let frame = SimulatedFrame::draw(&prior, 4, index).unwrap();
        for &count in &frame.counts {
            let marked = count == GAP || count == DEAD;
            assert!(marked || (count >= 0.0 && count.fract() == 0.0), "{count}");
            assert!(count <= frame.drawn.saturation.cutoff);
        }
        assert!(frame.setup.mount.is_some());
        // What was drawn can be written and read again.
        let text = serde_json::to_string(&frame.drawn).unwrap();
        let read: Drawn = serde_json::from_str(&text).unwrap();
        assert_eq!(read.camera.bad_lines.unwrap().lines.len(), {
            let lines = &frame.drawn.camera.bad_lines;
            lines.as_ref().unwrap().lines.len()
        });
        for name in [
            "guinier_porod",
            "fringes",
            "population",
            "window",
            "divergence_px",
            "flat_field",
            "gap_edges",
            "dead_time",
            "noisy_pixels",
            "bad_lines",
            "cosmic_rays",
            "wavelength",
        ] {
            assert!(text.contains(name), "{name} is not in {text}");
        }
        assert_eq!(
            frame.counts,
            SimulatedFrame::draw(&prior, 4, index).unwrap().counts
        );
    }
}

#[test]
fn cells_with_everything_are_counts() {
    let prior = everything();
    for index in 0..8 {
        let cells = cells(&prior, index);
        let sample = Sample::draw(&prior, &cells, 3, index).unwrap();
        let view = View::draw(&prior, &cells, &sample, (30, 30), 3, index);
        for (sum, pixels) in view.sum.iter().zip(&view.pixels) {
            assert!(*sum >= 0.0 && sum.fract() == 0.0, "{sum}");
            assert!(*pixels > 0.0 || *sum == 0.0, "{sum} counts in no pixel");
        }
        assert!(view.sum.iter().sum::<f32>() > 0.0);
    }
}

/// Switched off, the new artifacts leave every older draw as it was: their stream is another.
#[test]
fn what_is_switched_off_draws_nothing() {
    let (plain, all) = (Prior::default().artifacts, everything().artifacts);
    for index in 0..50 {
        let (mut a, mut b) = (
            stream(1, Purpose::View, index),
            stream(1, Purpose::View, index),
        );
        let (without, with) = (Drawn::draw(&plain, &mut a), Drawn::draw(&all, &mut b));
        assert_eq!(a, b);
        assert!(without.scatter.is_none() && without.camera.is_none());
        assert_eq!(without.misalignment.wavelength, 0.0);
        assert!(!serde_json::to_string(&without).unwrap().contains("camera"));
        // The same but for what was added.
        let mut stripped = with.clone();
        (stripped.scatter, stripped.camera) = (Default::default(), Default::default());
        stripped.blur.divergence_px = [0.0; 2];
        stripped.misalignment.wavelength = 0.0;
        assert_eq!(stripped, without);
    }
    assert!(Prior::default().setup.draw(1, 1).unwrap().mount.is_none());
}

#[test]
fn realistic_shares_are_those_of_the_prior() {
    let prior = Prior::default().with_realistic_artifacts().artifacts;
    let n = 4000;
    let mut found = [0.0; 4];
    for index in 0..n {
        let drawn = Drawn::draw(&prior, &mut stream(2, Purpose::View, index));
        let has = [
            drawn.scatter.guinier_porod.is_some(),
            drawn.camera.flat_field.is_some(),
            drawn.camera.bad_lines.is_some(),
            drawn.blur.divergence_px != [0.0; 2],
        ];
        for (sum, has) in found.iter_mut().zip(has) {
            *sum += f64::from(u8::from(has)) / n as f64;
        }
    }
    let expected = [
        prior.scatter.guinier_porod,
        prior.camera.flat_field,
        prior.camera.bad_lines,
        prior.scatter.divergence,
    ];
    for (found, expected) in found.iter().zip(expected) {
        // 4.5 standard deviations of a share.
        let sigma = (expected * (1.0 - expected) / n as f64).sqrt();
        assert!((found - expected).abs() < 4.5 * sigma, "{found} {expected}");
    }
}

#[test]
fn a_rotated_detector_turns_frames() {
    let mut prior = everything();
    prior.setup.rotation_deg = Some(Range::Fixed(0.5));
    prior.setup.tilt_deg = None;
    let setup = prior.setup.draw(3, 0).unwrap();
    let mount = setup.mount.unwrap();
    assert!((mount.rotation_rad.to_degrees() - 0.5).abs() < 1e-12);
    assert_eq!(mount.tilt_rad, [0.0; 2]);
    let straight = gisaxs_sim::frame::FrameSetup::new(gisaxs_sim::Setup {
        mount: None,
        ..setup.clone()
    });
    let turned = gisaxs_sim::frame::FrameSetup::new(setup.clone());
    let [col, row] = setup.detector.direct_beam_px;
    let (row, right) = (row as usize / 2, col as usize + 100);
    let i = row * setup.detector.cols + right;
    // The right half lies higher: by 100 pixels times 0.5 deg.
    let rise = f64::from(turned.bins.k_z(i) - straight.bins.k_z(i)) / setup.pixel_q();
    assert!((rise - 100.0 * 0.5_f64.to_radians()).abs() < 0.1, "{rise}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is drawn from the widest ranges, rates stay finite and not negative.
    #[test]
    fn rates_stay_rates(seed in 0_u64..1 << 40, index in 0_u64..6) {
        let mut prior = everything();
        let scatter = &mut prior.artifacts.scatter;
        scatter.guinier_porod_amplitude = Range::Uniform([0.0, 100.0]);
        scatter.guinier_porod_rg_nm = Range::LogUniform([0.1, 1000.0]);
        scatter.fringe_visibility = Range::Uniform([0.0, 1.0]);
        scatter.population_radius_nm = Range::LogUniform([0.3, 200.0]);
        scatter.window_power = Range::Uniform([0.0, 6.0]);
        scatter.divergence_px = Range::Uniform([0.0, 20.0]);
        let camera = &mut prior.artifacts.camera;
        camera.exposure_s = Range::LogUniform([1e-4, 1e2]);
        camera.dead_time_s = Range::Uniform([0.0, 1e-4]);
        camera.dead_time_error = Range::Uniform([-1.0, 1.0]);
        camera.flat_field_pixel = Range::Uniform([0.0, 0.5]);
        camera.flat_field_module = Range::Uniform([0.0, 0.5]);
        prior.validate().unwrap();
        let cells = cells(&prior, index);
        let sample = Sample::draw(&prior, &cells, 3, index).unwrap();
        let rng = &mut stream(seed, Purpose::View, 0);
        let mut drawn = Drawn::draw(&prior.artifacts, rng);
        let correlation = prior.correlation.draw(
            sample.mean_radius_nm,
            gisaxs_sim::CorrelationModel::Decoupling,
            &mut rng.branch(Purpose::Sample),
        );
        let rate = cells.expected(&sample, &sample.fixed.unwrap_or(correlation), &drawn);
        prop_assert!(rate.iter().all(|r| r.is_finite() && *r >= 0.0));
        let (sum, pixels) = cells.expose(rate, &mut drawn, &prior.artifacts, (30, 30), rng);
        prop_assert!(sum.iter().chain(&pixels).all(|x| x.is_finite() && *x >= 0.0));
    }
}
