//! The network's input does not depend on how far away or how fine the detector is: the same
//! sample, seen with the same exposure, gives the same input within counting noise.

use std::sync::Arc;

use gisaxs_preproc::gisaxs_physics::{
    Correlation, Material, Multilayer, Particle, Placement, Population, RadialParacrystal, Sample,
    SphericalSegment,
};
use gisaxs_preproc::input::{CellSums, K_AXIS, N_CELLS, N_K, N_Q, NetworkInput, Q_AXIS};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Frame, Instrument, prepare};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

/// Gold hemispheres on silicon.
fn sample(energy_kev: f64) -> Sample {
    let index = |name: &str| Material::named(name).unwrap().index(energy_kev).unwrap();
    let order = RadialParacrystal::new(12.0, 3.6).unwrap();
    let correlation = Correlation::Decoupling(Arc::new(order));
    let mut islands = Population::new(0, Placement::Bottom, correlation);
    for (radius, weight) in [(3.2, 0.2), (3.7, 0.3), (4.2, 0.3), (4.8, 0.2)] {
        let shape = SphericalSegment::new(radius, 0.0, radius).unwrap();
        islands = islands
            .with(Particle::new(shape, index("Au")), weight)
            .unwrap();
    }
    Sample::new(Multilayer::substrate(index("Si")).unwrap(), vec![islands]).unwrap()
}

/// Photons: enough that the offset of the logarithm, 0.1 counts per pixel, does not matter
/// where the pattern is weak, and so few that counting noise is more than the variation of the
/// pattern inside a cell.
const PHOTONS: f64 = 1e12;

/// A Poisson frame of `detector` lines of an `instrument.toml`, prepared for the network.
fn input(detector: &str, seed: u64) -> NetworkInput {
    let text = format!(
        "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\n{detector}\n\
         [sample]\nparticle = \"Au\"\nsubstrate = \"Si\"\n"
    );
    let instrument = Instrument::from_toml(&text, detector).unwrap();
    let (beam, flat) = (instrument.beam(), instrument.detector().unwrap());
    let sample = sample(beam.energy_kev());
    let gaps = instrument.known_detector().map(|d| d.gap_mask());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut counts = Array2::zeros((flat.rows, flat.cols));
    for (row, mut line) in counts.rows_mut().into_iter().enumerate() {
        let pixels: Vec<_> = (0..flat.cols)
            .map(|col| {
                let (col, row) = (col as f64, row as f64);
                (flat.direction(&beam, col, row), flat.solid_angle(col, row))
            })
            .collect();
        let means = sample.image(&beam, PHOTONS, &pixels);
        for (col, (count, mean)) in line.iter_mut().zip(means).enumerate() {
            *count = if gaps.as_ref().is_some_and(|gaps| gaps[[row, col]]) {
                -1.0
            } else if mean > 0.0 {
                Poisson::new(mean).unwrap().sample(&mut rng) as f32
            } else {
                0.0
            };
        }
    }
    prepare(&Frame::new(counts).unwrap(), &instrument)
        .unwrap()
        .input
}

/// Compares plane 0 of two inputs and prints what it finds.
///
/// The level is the 99.5 % quantile over the cells that a detector sees, so a pixel more or
/// less near the beam moves it: a common offset of a few per cent, and no structure.
fn assert_same(name: &str, a: &NetworkInput, b: &NetworkInput) {
    /// Largest common offset of the logarithms.
    const OFFSET: f64 = 0.1;
    let (sums_a, sums_b) = (a.sums(), b.sums());
    let (valid_a, valid_b) = (a.valid(), b.valid());
    let both = |i: usize| valid_a[i] && valid_b[i];
    // Beyond the Yoneda band and the correlation peak cells hold many pixels and the pattern
    // is smooth: there the noise is all that may differ.
    let smooth = |i: usize| K_AXIS.centre(i / N_Q) > 0.7 && Q_AXIS.centre(i % N_Q) > 0.9;
    let difference = |i: usize| f64::from(a.planes[i] - b.planes[i]);
    let inner: Vec<usize> = (1..N_K - 1)
        .flat_map(|k| (1..N_Q - 1).map(move |q| CellSums::index(k, q)))
        .filter(|&i| both(i))
        .collect();
    let mut smooth_differences: Vec<f64> = inner
        .iter()
        .filter(|&&i| smooth(i))
        .map(|&i| difference(i))
        .collect();
    let n = smooth_differences.len();
    assert!(n > 200 && inner.len() > N_CELLS / 5);
    let offset = *smooth_differences
        .select_nth_unstable_by(n / 2, f64::total_cmp)
        .1;

    let (mut off, mut squares) = (0, 0.0);
    for &i in &inner {
        let deviation = difference(i) - offset;
        let variance = 1.0 / f64::from(sums_a[i]) + 1.0 / f64::from(sums_b[i]);
        // Inside a cell the pattern varies; where few pixels sample it, the mean is that of
        // their places. The step to a neighbour bounds that.
        let step = [i - N_Q, i - 1, i + 1, i + N_Q]
            .into_iter()
            .filter(|&j| both(j))
            .map(|j| f64::from((a.planes[j] - a.planes[i]).abs()))
            .fold(0.0, f64::max);
        if deviation.abs() > 4.0 * variance.sqrt() + 0.5 * step {
            off += 1;
        }
        if smooth(i) {
            squares += deviation * deviation / variance;
        }
    }
    let rms = (squares / n as f64).sqrt();
    println!(
        "{name}: {} common cells, {off} off; {n} smooth ones: rms {rms:.3} sigma; \
         offset {offset:.4}, levels {} {}",
        inner.len(),
        a.level,
        b.level
    );
    assert!(
        off * 200 < inner.len(),
        "{off} of {} cells differ",
        inner.len()
    );
    assert!((0.85..1.25).contains(&rms), "differences of {rms} sigma");
    assert!(offset.abs() < OFFSET, "offset {offset}");
}

#[test]
fn distance_and_pixel_size_do_not_matter() {
    // A window of +-43 mrad, seen by 0.172 mm at 1.5 m and at twice that, and by 0.075 mm.
    let near = input(
        "shape = [640, 600]\npixel_size_mm = [0.172, 0.172]\ndistance_mm = 1500\n\
         direct_beam_px = [299.5, 620.5]",
        1,
    );
    let far = input(
        "shape = [1280, 1200]\npixel_size_mm = [0.172, 0.172]\ndistance_mm = 3000\n\
         direct_beam_px = [599.5, 1241.5]",
        2,
    );
    let fine = input(
        "shape = [1468, 1376]\npixel_size_mm = [0.075, 0.075]\ndistance_mm = 1500\n\
         direct_beam_px = [687.5, 1423.5]",
        3,
    );
    assert_same("twice the distance", &near, &far);
    assert_same("0.075 mm instead of 0.172 mm", &near, &fine);
    // Conditions and window; the level is that of a pixel, so it follows its solid angle.
    for other in [&far, &fine] {
        for i in 0..15 {
            let difference = near.scalars[i] - other.scalars[i];
            // The window is known to a cell.
            assert!(difference.abs() < 0.03, "scalar {i}: {difference}");
        }
    }
    let ratio = near.level / far.level;
    assert!((ratio / 4.0 - 1.0).abs() < 0.05, "{ratio}");
}

#[test]
fn an_eiger_and_a_pilatus_see_the_same() {
    // Real detectors with their gaps; the Eiger at the distance that gives it about the
    // window of the Pilatus.
    let pilatus = input(
        "name = \"Pilatus 300k\"\ndistance_mm = 1000\ndirect_beam_px = [243, 600]",
        4,
    );
    let eiger = input(
        "name = \"Eiger 1M\"\ndistance_mm = 750\ndirect_beam_px = [515, 1030]",
        5,
    );
    assert_same("Eiger 1M and Pilatus 300k", &pilatus, &eiger);
}
