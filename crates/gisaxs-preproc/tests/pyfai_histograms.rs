//! Regridding and radial averages against numbers of pyFAI's histograms without splitting:
//! `tests/data/pyfai_histogram.json`, written by `scripts/compare_reduction.py golden`.

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::reduce::{Axis, Image, Line, Profile, Quantity, Regridder};
use gisaxs_preproc::{Frame, Instrument, Mask, Reason};
use serde_json::Value;

fn stored() -> Value {
    serde_json::from_str(include_str!("data/pyfai_histogram.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

fn axis(quantity: Quantity, value: &Value) -> Axis {
    let [low, high, bins] = numbers(value)[..] else {
        panic!("an axis has three numbers");
    };
    Axis::linear(quantity, [low, high], bins as usize).unwrap()
}

/// The frame and the geometry of the script.
fn measured() -> (Image, Instrument) {
    let instrument = Instrument::from_toml(
        "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [60, 50]\n\
         pixel_size_mm = [2, 2]\ndistance_mm = 400\ndirect_beam_px = [25.3, 52.4]",
        "compare_reduction.py",
    )
    .unwrap();
    let counts =
        Array2::from_shape_fn((60, 50), |(r, c)| (1 + (7 * r + 3 * c + r * c) % 50) as f32);
    let mut bits = vec![0; 3000];
    for row in bits.chunks_exact_mut(50) {
        row[30..34].fill(Reason::User.bit());
    }
    let mask = Mask::from_bits([60, 50], bits);
    let image = Image::counts(Frame::new(counts).unwrap(), mask).unwrap();
    (image, instrument)
}

#[test]
fn q_maps_are_those_of_the_fiber_integrator() {
    let stored = &stored()["map"];
    let (image, instrument) = measured();
    let x = axis(Quantity::QXy, &stored["qxy"]);
    let y = axis(Quantity::QZ, &stored["qz"]);
    let map = Regridder::new(&instrument, x, y)
        .unwrap()
        .map(&image)
        .unwrap();
    let (sums, pixels) = (numbers(&stored["sum"]), numbers(&stored["pixels"]));
    assert_eq!(sums.len(), map.pixels.len());
    let mut empty = 0;
    for (i, (&n, &mean)) in map.pixels.iter().zip(&map.mean).enumerate() {
        assert_eq!(f64::from(n), pixels[i], "pixels of cell {i}");
        if n == 0 {
            empty += 1;
            assert!(mean.is_nan());
        } else {
            // Sums of whole counts, through an f32 mean.
            let sum = f64::from(mean) * f64::from(n);
            assert!((sum - sums[i]).abs() < 1e-4, "cell {i}: {sum} {}", sums[i]);
        }
    }
    assert!(empty > 20, "{empty} empty cells");
}

#[test]
fn radial_averages_are_those_of_the_azimuthal_integrator() {
    let stored = &stored()["radial"];
    let (image, instrument) = measured();
    let axis = axis(Quantity::Q, &stored["q"]);
    let profile = Profile::new(&image, &instrument, &Line::along(axis)).unwrap();
    let [sums, pixels, errors] = ["sum", "pixels", "error"].map(|key| numbers(&stored[key]));
    let filled: Vec<usize> = (0..25).filter(|&i| pixels[i] > 0.0).collect();
    assert_eq!(profile.len(), filled.len());
    for (ours, &i) in filled.iter().enumerate() {
        assert_eq!(f64::from(profile.pixels[ours]), pixels[i], "bin {i}");
        assert_eq!(profile.sum[ours], sums[i], "bin {i}");
        // pyFAI's errors are f32.
        assert!((profile.error[ours] / errors[i] - 1.0).abs() < 1e-6);
    }
}
