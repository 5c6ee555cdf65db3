//! Finding beamstops: round ones with their arms.
//!
//! A beamstop is a disc that is darker than what surrounds it, with a sharp edge nearly all
//! the way round: scattering changes too slowly for that, and shadows of straight edges bend
//! nowhere. It does not matter how dark it is; air scatter behind a stop may be brighter than
//! half of the frame.

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::instrument::Beamstop;
use crate::mask::Mask;

use super::arm::{Piece, arms};
use super::circle::discs;
use super::edge::{Measured, edges};

/// How [`find_beamstops`] looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeamstopOptions {
    /// Smallest and largest radius, pixels, within 5 to 200. Default 8 to 60.
    pub radius_px: [f64; 2],
    /// What [`FoundBeamstop::areas`] adds to radius and to either side of an arm, pixels: the
    /// penumbra, and the error of the fit. Default 3.
    pub margin_px: f64,
}

impl Default for BeamstopOptions {
    fn default() -> Self {
        Self {
            radius_px: [8.0, 60.0],
            margin_px: 3.0,
        }
    }
}

/// A beamstop seen on a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundBeamstop {
    center_px: [f64; 2],
    radius_px: f64,
    arms: Vec<Piece>,
    rim: [usize; 2],
    counts: [f64; 2],
    margin_px: f64,
}

impl FoundBeamstop {
    /// Centre: column, row; good to about 3 pixels.
    #[must_use]
    pub fn center_px(&self) -> [f64; 2] {
        self.center_px
    }

    /// Radius in pixels, without margin; good to about 3 pixels.
    #[must_use]
    pub fn radius_px(&self) -> f64 {
        self.radius_px
    }

    /// Number of arms.
    #[must_use]
    pub fn arms(&self) -> usize {
        self.arms.len()
    }

    /// Counts per pixel behind the stop, and around it (median).
    #[must_use]
    pub fn counts(&self) -> [f64; 2] {
        self.counts
    }

    /// Sectors of the rim, of those measured, in which the edge is seen: (seen, measured),
    /// 24 at most.
    #[must_use]
    pub fn rim(&self) -> [usize; 2] {
        self.rim
    }

    /// Disc and arms with their margin, for
    /// [`Instrument::with_beamstops`](crate::Instrument::with_beamstops).
    #[must_use]
    pub fn areas(&self) -> Vec<Beamstop> {
        let tenth = |x: f64| (10.0 * x).round() / 10.0;
        let disc = Beamstop::Circle {
            center_px: self.center_px.map(tenth),
            radius_px: tenth(self.radius_px + self.margin_px),
        };
        let strips = self.arms.iter().map(|arm| Beamstop::Strip {
            from_px: arm.from.map(tenth),
            to_px: arm.to.map(tenth),
            width_px: tenth(arm.width + 2.0 * self.margin_px),
        });
        std::iter::once(disc).chain(strips).collect()
    }
}

/// Finds round beamstops and their arms, the clearest first; none on a frame without.
///
/// `mask` has to hold the gaps; hot pixels should be in it. Single frames of a few counts per
/// pixel around the stop are enough; of a series, the sum shows more.
///
/// # Errors
/// [`Error::Value`] for an option outside its range, [`Error::Shape`] for a mask of another
/// shape.
pub fn find_beamstops(
    frame: &Frame,
    mask: &Mask,
    options: &BeamstopOptions,
) -> Result<Vec<FoundBeamstop>> {
    super::same_shape(frame, mask)?;
    let [smallest, largest] = options.radius_px;
    if !(5.0 <= smallest && smallest <= largest && largest <= 200.0) {
        return Err(Error::Value {
            file: frame.name().to_owned(),
            key: "radius_px".to_owned(),
            value: format!("{smallest} to {largest}"),
            expected: "a range within 5 to 200 pixels".to_owned(),
        });
    }
    if !(0.0..=50.0).contains(&options.margin_px) {
        return Err(Error::Value {
            file: frame.name().to_owned(),
            key: "margin_px".to_owned(),
            value: options.margin_px.to_string(),
            expected: "from 0 to 50 pixels".to_owned(),
        });
    }
    let measured = Measured::new(frame, mask);
    let found = discs(&measured, &edges(&measured), options.radius_px);
    Ok(found
        .into_iter()
        .map(|disc| FoundBeamstop {
            center_px: disc.center,
            radius_px: disc.radius,
            arms: arms(&measured, &disc),
            rim: [disc.seen, disc.sectors],
            counts: [disc.inside, disc.outside],
            margin_px: options.margin_px,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Poisson};

    use crate::detector::Detector;
    use crate::mask::Reason;

    /// A pattern like GISAXS on a Pilatus 300k: halo around the beam, Yoneda band, horizon,
    /// peaks; `shadow` gives the transmission of a pixel (column, row).
    fn frame(seed: u64, shadow: impl Fn(f64, f64) -> f64) -> (Frame, Mask) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let gaps = Detector::named("Pilatus 300k", "test").unwrap().gap_mask();
        let (rows, cols) = gaps.dim();
        let counts = Array2::from_shape_fn((rows, cols), |(r, c)| {
            let (x, y) = (c as f64 - 240.0, 520.0 - r as f64);
            let halo = 3e4 / (1.0 + (x.hypot(y) / 9.0).powi(3));
            let above = if y > 60.0 { 1.0 } else { 0.08 };
            let yoneda = 40.0 * (-0.5 * ((y - 100.0) / 9.0).powi(2)).exp();
            let form = 60.0 * (-(x / 90.0).powi(2) - ((y - 130.0) / 120.0).powi(2)).exp();
            let rod = 3e3 * (-0.5 * (x / 4.0).powi(2)).exp() / (1.0 + (y - 130.0).abs() / 40.0);
            let peaks = [(-70.0, 190.0), (70.0, 190.0), (120.0, 250.0)]
                .map(|(px, py)| 4e3 * (-0.5 * ((x - px).hypot(y - py) / 3.0).powi(2)).exp());
            let mean = halo + above * (yoneda + form + rod + peaks.iter().sum::<f64>()) + 0.4;
            let mean = mean * shadow(c as f64, r as f64) + 0.05;
            Poisson::new(mean).unwrap().sample(&mut rng) as f32
        });
        let bits = gaps
            .iter()
            .map(|&gap| if gap { Reason::Gap.bit() } else { 0 })
            .collect();
        let mask = Mask::from_bits([rows, cols], bits);
        (Frame::new(counts).unwrap(), mask)
    }

    fn find(seed: u64, shadow: impl Fn(f64, f64) -> f64) -> Vec<FoundBeamstop> {
        let (frame, mask) = frame(seed, shadow);
        find_beamstops(&frame, &mask, &BeamstopOptions::default()).unwrap()
    }

    #[test]
    fn round_stops_with_and_without_an_arm() {
        // Transmission of a stop with an arm at 30 degrees up to the edge of the frame.
        let (col, row, radius) = (243.0, 516.0, 17.0);
        let found = find(1, |c, r| {
            let (x, y) = (c - col, r - row);
            let (sin, cos) = (-30_f64).to_radians().sin_cos();
            let (along, across) = (x * cos + y * sin, y * cos - x * sin);
            let second = (c - 246.0).hypot(r - 300.0) < 12.0;
            let dark = x.hypot(y) < radius || (along > 0.0 && across.abs() < 3.0) || second;
            if dark { 0.01 } else { 1.0 }
        });
        assert_eq!(found.len(), 2, "{found:?}");
        let first = found.iter().find(|f| f.center_px()[1] > 400.0).unwrap();
        let [c, r] = first.center_px();
        assert!((c - col).hypot(r - row) < 3.0, "{first:?}");
        assert!((first.radius_px() - radius).abs() < 2.5, "{first:?}");
        assert_eq!(first.arms(), 1, "{first:?}");
        let [
            _,
            Beamstop::Strip {
                from_px,
                to_px,
                width_px,
            },
        ] = first.areas()[..]
        else {
            panic!("{first:?}");
        };
        let angle = (to_px[1] - from_px[1]).atan2(to_px[0] - from_px[0]);
        assert!((angle.to_degrees() + 30.0).abs() < 2.0, "{angle}");
        assert!((8.0..=16.0).contains(&width_px), "{width_px}");
        let second = found.iter().find(|f| f.center_px()[1] < 400.0).unwrap();
        let [c, r] = second.center_px();
        assert!((c - 246.0).hypot(r - 300.0) < 3.0, "{second:?}");
        assert_eq!(second.arms(), 0, "{second:?}");
    }

    #[test]
    fn frames_without_a_stop_give_none() {
        for seed in 0..4 {
            let found = find(10 + seed, |_, _| 1.0);
            assert!(found.is_empty(), "{found:?}");
        }
        // Nor do straight shadows and the round window of a flight tube.
        let found = find(20, |c, r| {
            let tube = (c - 240.0).hypot(r - 400.0) < 230.0;
            let bar = (300.0..330.0).contains(&c);
            if tube && !bar { 1.0 } else { 0.02 }
        });
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn empty_and_masked_frames_give_none() {
        let frame = Frame::new(Array2::zeros((80, 90))).unwrap();
        for bit in [0, 1] {
            let mask = Mask::from_bits([80, 90], vec![bit; 7200]);
            let found = find_beamstops(&frame, &mask, &BeamstopOptions::default()).unwrap();
            assert!(found.is_empty());
        }
        let mask = Mask::from_bits([80, 90], vec![0; 7200]);
        for radius_px in [[1.0, 20.0], [30.0, 20.0], [8.0, f64::NAN]] {
            let options = BeamstopOptions {
                radius_px,
                ..BeamstopOptions::default()
            };
            assert!(find_beamstops(&frame, &mask, &options).is_err());
        }
        let small = Frame::new(Array2::zeros((2, 3))).unwrap();
        let mask = Mask::from_bits([2, 3], vec![0; 6]);
        assert!(find_beamstops(&small, &mask, &BeamstopOptions::default()).is_ok());
    }
}
