//! Hot pixels: single ones or pairs that no photon statistics and no diffraction peak explain.
//!
//! A pixel of n counts is compared with the sum of its neighbours. Under the hypothesis "the
//! sharpest peak that the instrument can make, on a flat background", its share of the total
//! T = n + neighbours is at most
//!
//! s = (m + f (T - (k + 1) m)) / T,
//!
//! times 1 + u for a pixel that is more sensitive than its neighbours by u, with m the background per pixel (median of the 16 pixels around the 3 x 3 block), k the
//! number of neighbours and f the largest share of a Gaussian peak that can fall into one
//! pixel. Given T, n is binomial with that share (two Poisson counts are, given their sum),
//! and by Chernoff's bound
//!
//! P(n or more) <= exp(-T D(n / T, s)),  D(a, b) = a ln(a / b) + (1 - a) ln((1 - a) / (1 - b)).
//!
//! A pixel is hot where the bound is below the false-alarm rate. The bound is never below the
//! chance itself, so the rate is kept at any count; on a flat field, where the true share is
//! 1 / (k + 1), it is missed by far on the safe side.
//!
//! The brightest neighbour is left out of the sum, so that two hot pixels side by side are
//! found; f allows for that. Beside gaps fewer neighbours are left and f is the share along
//! one line; pixels with less than five neighbours are not judged.
//!
//! Source of the test: J. Przyborowski, H. Wilenski, Biometrika 31, 313 (1940),
//! doi:10.1093/biomet/31.3-4.313; H. Chernoff, Ann. Math. Stat. 23, 493 (1952),
//! doi:10.1214/aoms/1177729330.

use gisaxs_physics::elementary::{exp, ln};
use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::mask::{Mask, Reason};

/// Fewest neighbours that say anything about a pixel.
const MIN_NEIGHBOURS: usize = 5;

/// How [`find_hot_pixels`] decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotPixelOptions {
    /// Largest chance, per pixel, that counting noise on a flat field or the sharpest peak is
    /// called hot; above 0, at most 0.01. Default 1e-9: one in 400 frames of a Pilatus 2M.
    pub false_alarm_rate: f64,
    /// Root mean square radius of the sharpest peak, pixels, 0.3 to 5. Default 0.5, a full
    /// width at half maximum of 1.2 pixels: beams are wider than that.
    pub sharpest_peak_px: f64,
    /// How much more sensitive than its neighbours a sound pixel may be, relative, 0 to 1.
    /// Default 0.1: in the brightest part of measured Pilatus frames neighbours differ by up
    /// to 8 %, far beyond counting noise.
    pub sensitivity_spread: f64,
}

impl Default for HotPixelOptions {
    fn default() -> Self {
        Self {
            false_alarm_rate: 1e-9,
            sharpest_peak_px: 0.5,
            sensitivity_spread: 0.1,
        }
    }
}

impl HotPixelOptions {
    fn check(&self, file: &str) -> Result<()> {
        let bad = |key: &str, value: f64, expected: &str| Error::Value {
            file: file.to_owned(),
            key: key.to_owned(),
            value: value.to_string(),
            expected: expected.to_owned(),
        };
        if !(self.false_alarm_rate > 0.0 && self.false_alarm_rate <= 0.01) {
            let rate = self.false_alarm_rate;
            return Err(bad("false_alarm_rate", rate, "above 0, at most 0.01"));
        }
        if !(0.3..=5.0).contains(&self.sharpest_peak_px) {
            let radius = self.sharpest_peak_px;
            return Err(bad("sharpest_peak_px", radius, "from 0.3 to 5 pixels"));
        }
        if !(0.0..=1.0).contains(&self.sensitivity_spread) {
            let spread = self.sensitivity_spread;
            return Err(bad("sensitivity_spread", spread, "from 0 to 1"));
        }
        Ok(())
    }
}

/// A pixel that is too bright for its neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HotPixel {
    /// Row, 0-based.
    pub row: usize,
    /// Column, 0-based.
    pub col: usize,
    /// Its counts.
    pub count: f32,
    /// What the sharpest peak would put there, given its neighbours.
    pub expected: f64,
    /// Upper bound of the natural logarithm of the chance of so many counts.
    pub ln_chance: f64,
}

impl HotPixel {
    /// Found pixels as an array, true = hot, shape (rows, columns).
    ///
    /// # Panics
    /// If a pixel lies outside `shape`.
    #[must_use]
    pub fn mask(found: &[Self], shape: [usize; 2]) -> Array2<bool> {
        let mut hot = Array2::from_elem(shape, false);
        for pixel in found {
            hot[[pixel.row, pixel.col]] = true;
        }
        hot
    }
}

/// Finds hot pixels of one frame, in row-major order.
///
/// Pixels that `mask` leaves out for other reasons than [`Reason::Hot`] and
/// [`Reason::Outside`] are neither judged nor used. A defect that shows in every frame of a
/// series stands out better in their sum.
///
/// # Errors
/// [`Error::Value`] for an option outside its range, [`Error::Shape`] for a mask of another
/// shape.
pub fn find_hot_pixels(
    frame: &Frame,
    mask: &Mask,
    options: &HotPixelOptions,
) -> Result<Vec<HotPixel>> {
    options.check(frame.name())?;
    super::same_shape(frame, mask)?;
    let judge = Judge {
        counts: frame.as_slice(),
        bits: mask.bits(),
        shape: frame.shape(),
        least: -ln(options.false_alarm_rate),
        share: peak_share(options.sharpest_peak_px),
        line_share: pixel_fraction(0.0, options.sharpest_peak_px),
        spread: 1.0 + options.sensitivity_spread,
    };
    let [rows, cols] = frame.shape();
    let mut found = Vec::new();
    for row in 0..rows {
        for col in 0..cols {
            found.extend(judge.pixel(row, col));
        }
    }
    Ok(found)
}

struct Judge<'a> {
    counts: &'a [f32],
    bits: &'a [u8],
    shape: [usize; 2],
    /// -ln of the false-alarm rate.
    least: f64,
    /// Largest share of a peak in one pixel of 3 x 3, the brightest neighbour left out.
    share: f64,
    /// The same along a line, all neighbours counted.
    line_share: f64,
    /// What a more sensitive pixel may exceed its share by, a factor.
    spread: f64,
}

impl Judge<'_> {
    fn usable(&self, at: usize) -> bool {
        const HARMLESS: u8 = Reason::Outside.bit() | Reason::Hot.bit();
        self.bits[at] & !HARMLESS == 0
    }

    fn pixel(&self, row: usize, col: usize) -> Option<HotPixel> {
        let [rows, cols] = self.shape;
        let at = row * cols + col;
        let count = self.counts[at];
        // T D(n / T, s) is at most n ln(1 / s), and s is at least 1/9: most pixels of a
        // frame have too few counts to be hot whatever their neighbours say.
        if f64::from(count) * ln(9_f64) < self.least || !self.usable(at) {
            return None;
        }
        let (mut sum, mut brightest, mut neighbours) = (0.0_f64, 0.0_f64, 0);
        for r in row.saturating_sub(1)..(row + 2).min(rows) {
            for c in col.saturating_sub(1)..(col + 2).min(cols) {
                let other = r * cols + c;
                if other != at && self.usable(other) {
                    let n = f64::from(self.counts[other]);
                    sum += n;
                    brightest = brightest.max(n);
                    neighbours += 1;
                }
            }
        }
        if neighbours < MIN_NEIGHBOURS {
            return None;
        }
        let mut share = self.line_share;
        if neighbours == 8 {
            sum -= brightest;
            neighbours = 7;
            share = self.share;
        }
        let n = f64::from(count);
        let total = n + sum;
        let pixels = (neighbours + 1) as f64;
        // Before the median is looked for: the share of a flat field bounds s from below.
        if divergence(n, total, 1.0 / pixels) < self.least {
            return None;
        }
        let background = self.background(row, col);
        let peak = (total - pixels * background).max(0.0);
        let expected = (background.min(total / pixels) + share * peak).max(total / pixels);
        let expected = self.spread * expected;
        let least = divergence(n, total, (expected / total).min(1.0));
        (least >= self.least).then_some(HotPixel {
            row,
            col,
            count,
            expected,
            ln_chance: -least,
        })
    }

    /// Median of the usable pixels two away; 0, which spares most, where there are too few.
    fn background(&self, row: usize, col: usize) -> f64 {
        let [rows, cols] = self.shape;
        let mut around = [0.0_f32; 16];
        let mut found = 0;
        for r in row.saturating_sub(2)..(row + 3).min(rows) {
            for c in col.saturating_sub(2)..(col + 3).min(cols) {
                let far = r.abs_diff(row) == 2 || c.abs_diff(col) == 2;
                if far && self.usable(r * cols + c) {
                    around[found] = self.counts[r * cols + c];
                    found += 1;
                }
            }
        }
        if found < MIN_NEIGHBOURS {
            return 0.0;
        }
        around[..found].sort_unstable_by(f32::total_cmp);
        // The lower one of two: sparing.
        f64::from(around[(found - 1) / 2]).max(0.0)
    }
}

/// T D(n / T, share), 0 where n is not above what the share expects.
fn divergence(n: f64, total: f64, share: f64) -> f64 {
    if n <= total * share {
        return 0.0;
    }
    let rest = total - n;
    let mut sum = n * ln(n / (total * share));
    if rest > 0.0 {
        sum += rest * ln(rest / (total * (1.0 - share)));
    }
    sum
}

/// Fraction of a Gaussian of root mean square radius `sigma` in the pixel from
/// `centre` - 0.5 to `centre` + 0.5, along one axis: Simpson's rule, good to 1e-6 here.
fn pixel_fraction(centre: f64, sigma: f64) -> f64 {
    const STEPS: u32 = 64;
    let density = |x: f64| exp(-0.5 * (x / sigma) * (x / sigma));
    let sum: f64 = (0..=STEPS)
        .map(|i| {
            let weight = match i {
                0 | STEPS => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * density(centre - 0.5 + f64::from(i) / f64::from(STEPS))
        })
        .sum();
    sum / (3.0 * f64::from(STEPS) * sigma * std::f64::consts::TAU.sqrt())
}

/// Largest share that one pixel has of the 3 x 3 around it, its brightest neighbour left
/// out, over all positions of a peak of root mean square radius `sigma` in the pixel.
fn peak_share(sigma: f64) -> f64 {
    /// Positions tried along half a pixel.
    const POSITIONS: u32 = 10;
    let axis = |shift: f64| [-1.0, 0.0, 1.0].map(|c| pixel_fraction(c - shift, sigma));
    let shifts = (0..=POSITIONS).map(|i| 0.5 * f64::from(i) / f64::from(POSITIONS));
    let axes: Vec<[f64; 3]> = shifts.map(axis).collect();
    let mut largest = 0.0_f64;
    for x in &axes {
        for y in &axes {
            let mut sum = 0.0;
            let mut brightest = 0.0_f64;
            for (i, fx) in x.iter().enumerate() {
                for (j, fy) in y.iter().enumerate() {
                    sum += fx * fy;
                    if (i, j) != (1, 1) {
                        brightest = brightest.max(fx * fy);
                    }
                }
            }
            largest = largest.max(x[1] * y[1] / (sum - brightest));
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Poisson};

    fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> f32 {
        if mean <= 0.0 {
            return 0.0;
        }
        Poisson::new(mean).unwrap().sample(rng) as f32
    }

    fn found(counts: Array2<f32>, options: &HotPixelOptions) -> Vec<(usize, usize)> {
        let bits = counts.iter().map(|&c| u8::from(c < 0.0)).collect();
        let mask = Mask::from_bits([counts.nrows(), counts.ncols()], bits);
        let frame = Frame::new(counts).unwrap();
        let hot = find_hot_pixels(&frame, &mask, options).unwrap();
        hot.iter().map(|h| (h.row, h.col)).collect()
    }

    #[test]
    fn shares_by_hand() {
        // erf(0.5 / (0.5 sqrt 2)) and its tail, from tables.
        assert!((pixel_fraction(0.0, 0.5) - 0.682_689).abs() < 1e-5);
        assert!((pixel_fraction(1.0, 0.5) - 0.157_305).abs() < 1e-5);
        // In the middle: 0.4661 of 1 - 0.0026 (outside 3 x 3) - 0.1074.
        assert!(peak_share(0.5) >= 0.4661 / (0.9946 - 0.1074));
        assert!(peak_share(0.5) < 0.56);
        assert!(peak_share(0.3) > peak_share(0.5));
    }

    #[test]
    fn the_rate_of_false_alarms_on_flat_fields_is_kept() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let options = HotPixelOptions {
            false_alarm_rate: 1e-3,
            sensitivity_spread: 0.0,
            ..HotPixelOptions::default()
        };
        for mean in [0.01, 0.1, 1.0, 5.0, 30.0, 300.0, 1e4] {
            let counts = Array2::from_shape_fn((400, 400), |_| poisson(mean, &mut rng));
            let alarms = found(counts, &options).len();
            // Of 160 000 pixels 160 are allowed; the bound keeps below.
            assert!(alarms <= 80, "mean {mean}: {alarms}");
        }
    }

    #[test]
    fn peaks_of_the_stated_width_are_spared() {
        let mut rng = ChaCha8Rng::seed_from_u64(12);
        let options = HotPixelOptions {
            false_alarm_rate: 1e-3,
            sensitivity_spread: 0.0,
            ..HotPixelOptions::default()
        };
        let (mut peaks, mut alarms) = (0, 0);
        for background in [0.02, 1.0, 40.0] {
            for total in [20.0, 100.0, 1e3, 1e5] {
                for sigma in [0.5, 0.6, 1.0, 2.0] {
                    // 64 peaks at random positions, 16 pixels apart.
                    let shifts: Vec<[f64; 2]> = (0..64)
                        .map(|_| [rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5])
                        .collect();
                    let counts = Array2::from_shape_fn((128, 128), |(r, c)| {
                        let [dy, dx] = shifts[r / 16 * 8 + c / 16];
                        let y = pixel_fraction((r % 16) as f64 - 8.0 - dy, sigma);
                        let x = pixel_fraction((c % 16) as f64 - 8.0 - dx, sigma);
                        poisson(background + total * x * y, &mut rng)
                    });
                    let on_peak = |&&(r, c): &&(usize, usize)| {
                        (r % 16).abs_diff(8) <= 1 && (c % 16).abs_diff(8) <= 1
                    };
                    alarms += found(counts, &options).iter().filter(on_peak).count();
                    peaks += 64;
                }
            }
        }
        assert_eq!(peaks, 3072);
        // 3072 peaks of 9 pixels at a rate of 1e-3 are 27 alarms.
        assert!(alarms <= 27, "{alarms}");
    }

    #[test]
    fn hot_pixels_and_pairs_in_noise_are_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(13);
        for (mean, level) in [(0.05, 60.0), (2.0, 120.0), (50.0, 400.0), (2e3, 5e3)] {
            let mut counts = Array2::from_shape_fn((200, 200), |_| poisson(mean, &mut rng));
            let mut planted = Vec::new();
            for k in 0..20 {
                let (r, c) = (5 + 9 * k, 7 + 8 * k);
                counts[[r, c]] = level;
                planted.push((r, c));
                if k % 4 == 0 {
                    counts[[r, c + 1]] = 1.2 * level;
                    planted.push((r, c + 1));
                }
            }
            planted.sort_unstable();
            assert_eq!(
                found(counts, &HotPixelOptions::default()),
                planted,
                "{mean}"
            );
        }
    }

    #[test]
    fn rods_are_spared_also_beside_a_gap() {
        let mut rng = ChaCha8Rng::seed_from_u64(14);
        let mut counts = Array2::from_shape_fn((120, 80), |(_, c)| {
            poisson(if c == 30 || c == 61 { 800.0 } else { 0.3 }, &mut rng)
        });
        counts.column_mut(60).fill(-1.0);
        counts.row_mut(50).fill(-1.0);
        counts[[20, 59]] = 200.0;
        assert_eq!(found(counts, &HotPixelOptions::default()), [(20, 59)]);
    }

    #[test]
    fn options_outside_their_range_are_refused() {
        let frame = Frame::new(Array2::zeros((9, 9))).unwrap();
        let mask = Mask::from_bits([9, 9], vec![0; 81]);
        for (rate, radius) in [(0.0, 0.5), (f64::NAN, 0.5), (0.5, 0.5), (1e-9, 0.1)] {
            let options = HotPixelOptions {
                false_alarm_rate: rate,
                sharpest_peak_px: radius,
                ..HotPixelOptions::default()
            };
            assert!(find_hot_pixels(&frame, &mask, &options).is_err());
        }
        let other = Mask::from_bits([9, 8], vec![0; 72]);
        let error = find_hot_pixels(&frame, &other, &HotPixelOptions::default()).unwrap_err();
        assert!(error.to_string().contains("9 x 8"), "{error}");
    }
}
