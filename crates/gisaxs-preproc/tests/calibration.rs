//! Calibration by rings made here, with noise, gaps and a beamstop.

#[path = "../examples/landmarks/scene.rs"]
#[allow(dead_code)]
mod scene;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    Calibrant, Calibration, CalibrationOptions, Frame, Instrument, Mask, SILVER_BEHENATE_NM,
    calibrate,
};
use scene::Noise;

/// Where the detector truly is.
struct Truth {
    name: &'static str,
    wavelength_nm: f64,
    distance_mm: f64,
    direct_beam_px: [f64; 2],
    /// rot1 and rot2, rad.
    tilt: [f64; 2],
    /// Counts of the first ring.
    counts: f64,
}

impl Truth {
    fn instrument(&self, distance_mm: f64, direct_beam_px: [f64; 2], tilt: [f64; 2]) -> Instrument {
        let text = format!(
            "[beam]\nwavelength_nm = {}\nincidence_deg = 0.2\n[detector]\nname = '{}'\n\
             distance_mm = {distance_mm}\ndirect_beam_px = {direct_beam_px:?}\n\
             tilt_deg = [{:?}, {:?}, 0.0]",
            self.wavelength_nm,
            self.name,
            tilt[0].to_degrees(),
            tilt[1].to_degrees()
        );
        Instrument::from_toml(&text, "a.toml").unwrap()
    }

    /// A start without tilt.
    fn start(&self, distance_mm: f64, direct_beam_px: [f64; 2]) -> Instrument {
        self.instrument(distance_mm, direct_beam_px, [0.0; 2])
    }

    /// Rings 2.2 px wide that grow weaker with their order, on a falling background.
    fn frame(&self, seed: u64, rings: bool) -> (Frame, Mask) {
        let exact = self.instrument(self.distance_mm, self.direct_beam_px, self.tilt);
        let geometry = exact.geometry().unwrap();
        let two_theta: Vec<f64> = (1..30)
            .map(|l| f64::from(l) * self.wavelength_nm / (2.0 * SILVER_BEHENATE_NM))
            .take_while(|&sine| sine < 0.9)
            .map(|sine| 2.0 * sine.asin())
            .collect();
        let [rows, cols] = geometry.shape();
        let gaps = exact.known_detector().unwrap().gap_mask();
        let width = 2.2 * geometry.pixel_mm()[0] / self.distance_mm;
        let mut noise = Noise(seed);
        let [col0, row0] = self.direct_beam_px;
        let counts = Array2::from_shape_fn((rows, cols), |(row, col)| {
            if gaps[[row, col]] {
                return -1.0;
            }
            let (c, r) = (col as f64, row as f64);
            let from_beam = (c - col0).hypot(r - row0);
            // A round stop with an arm to the right.
            if from_beam < 18.0 || (c > col0 && (r - row0).abs() < 5.0) {
                return 0.0;
            }
            let angle = geometry.two_theta(c, r);
            let mut mean = 1.0 + 0.3 * self.counts / (1.0 + from_beam / 40.0);
            if rings {
                for (n, ring) in two_theta.iter().enumerate() {
                    let apart = (angle - ring) / width;
                    if apart.abs() < 6.0 {
                        mean +=
                            self.counts / (1.0 + n as f64).powf(0.8) * (-0.5 * apart * apart).exp();
                    }
                }
            }
            noise.poisson(mean) as f32
        });
        let frame = Frame::new(counts).unwrap();
        let mask = Mask::new(&frame, &exact).unwrap();
        (frame, mask)
    }
}

/// Standard deviations by which a result may be off; and the 0.1 px of the requirement.
const SIGMAS: f64 = 4.0;
const CENTRE_PX: f64 = 0.1;

#[track_caller]
fn check(truth: &Truth, found: &Calibration) {
    println!("{found:?}");
    for (found, truth) in found.direct_beam_px.iter().zip(truth.direct_beam_px) {
        assert!((found.value - truth).abs() < CENTRE_PX, "{found:?} {truth}");
        assert!(found.agrees(truth, SIGMAS), "{found:?} {truth}");
    }
    // 0.1 px at the edge of the detector, some 500 px from the beam.
    let distance = found.distance_mm;
    assert!(
        (distance.value / truth.distance_mm - 1.0).abs() < 2e-4,
        "{distance:?} {}",
        truth.distance_mm
    );
    assert!(distance.agrees(truth.distance_mm, SIGMAS), "{distance:?}");
    assert!(found.residual_px < 0.5);
}

fn saxs() -> Truth {
    Truth {
        name: "Pilatus 1M",
        wavelength_nm: 0.105,
        distance_mm: 2000.0,
        direct_beam_px: [470.37, 620.81],
        tilt: [0.0; 2],
        counts: 60.0,
    }
}

#[test]
fn a_rough_start_is_enough() {
    let truth = saxs();
    let (frame, mask) = truth.frame(1, true);
    for (factor, off) in [(0.8, [14.0, -14.0]), (1.2, [-12.0, 15.0])] {
        let [col, row] = truth.direct_beam_px;
        let start = truth.start(factor * truth.distance_mm, [col + off[0], row + off[1]]);
        let found = calibrate(
            &frame,
            &mask,
            &start,
            &Calibrant::silver_behenate(),
            &CalibrationOptions::default(),
        )
        .unwrap();
        check(&truth, &found);
        assert!(found.rings >= 2);
        let exact = start.with_calibration(&found).unwrap().geometry().unwrap();
        let beam = exact.direct_beam_px().unwrap();
        assert!((beam[0] - col).abs() < CENTRE_PX && (beam[1] - row).abs() < CENTRE_PX);
    }
}

#[test]
fn the_centre_is_found_anywhere() {
    let truth = saxs();
    let (frame, mask) = truth.frame(2, true);
    let start = truth.start(1.1 * truth.distance_mm, [100.0, 100.0]);
    let options = CalibrationOptions {
        center_off_px: None,
        ..CalibrationOptions::default()
    };
    let silver = Calibrant::silver_behenate();
    let found = calibrate(&frame, &mask, &start, &silver, &options).unwrap();
    check(&truth, &found);
}

/// Wide angles: many rings, a tilted detector, the beam near the lower edge.
#[test]
fn tilts_are_found_at_wide_angles() {
    let truth = Truth {
        name: "Pilatus 1M",
        wavelength_nm: 0.124,
        distance_mm: 300.0,
        direct_beam_px: [510.2, 930.6],
        tilt: [0.02, -0.03],
        counts: 200.0,
    };
    let (frame, mask) = truth.frame(3, true);
    let start = truth.start(330.0, [516.0, 924.0]);
    let options = CalibrationOptions {
        center_off_px: Some(12.0),
        fit_tilt: true,
    };
    let silver = Calibrant::silver_behenate();
    let found = calibrate(&frame, &mask, &start, &silver, &options).unwrap();
    check(&truth, &found);
    assert!(found.rings >= 8, "{}", found.rings);
    assert!(
        (found.rot1_rad.value - 0.02).abs() < 5e-4,
        "{:?}",
        found.rot1_rad
    );
    assert!(
        (found.rot2_rad.value + 0.03).abs() < 5e-4,
        "{:?}",
        found.rot2_rad
    );
    assert!(found.rot1_rad.agrees(0.02, SIGMAS) && found.rot2_rad.agrees(-0.03, SIGMAS));
}

#[test]
fn frames_without_rings_say_so() {
    let truth = saxs();
    let (frame, mask) = truth.frame(4, false);
    let start = truth.start(truth.distance_mm, truth.direct_beam_px);
    let silver = Calibrant::silver_behenate();
    for center_off_px in [Some(25.0), None] {
        let options = CalibrationOptions {
            center_off_px,
            ..CalibrationOptions::default()
        };
        let error = calibrate(&frame, &mask, &start, &silver, &options)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("frame: no calibration by the rings of silver behenate: "),
            "{error}"
        );
    }
    // So far away that no ring falls on the frame.
    let far = truth.start(60_000.0, truth.direct_beam_px);
    let options = CalibrationOptions::default();
    let error = calibrate(&frame, &mask, &far, &silver, &options).unwrap_err();
    assert!(error.to_string().contains("no ring falls"), "{error}");
    assert!(Calibrant::new("dust", vec![1.0, 2.0]).is_err());
}
