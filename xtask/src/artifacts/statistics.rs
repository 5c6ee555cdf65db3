//! What a frame looks like in numbers: counts, noise, correlations, background.

/// Statistics of one frame over its valid pixels (counts from 0 on).
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// Share of pixels without a count.
    pub(super) zeros: f64,
    /// Mean counts, and the counts that 50, 90, 99 and 99.9 % of the pixels do not exceed.
    pub(super) mean: f64,
    pub(super) quantiles: [f64; 4],
    /// Share of the pixels with 0, 1, 2 to 3, 4 to 7, ... counts.
    pub(super) histogram: Vec<f64>,
    /// Variance over mean of the noise, and its correlation with the next pixel across and up.
    pub(super) fano: f64,
    pub(super) noise: [f64; 2],
    /// Correlation of ln(1 + counts) over [`LAGS`], across and up.
    pub(super) structure: [Vec<f64>; 2],
    /// Mean counts in rings around the direct beam over the level, below the horizon.
    pub(super) below: Vec<f64>,
    /// The same to both sides of the scattering plane above the horizon.
    pub(super) beside: Vec<f64>,
    /// Pixels per million that stand out of their surroundings by 8 standard deviations.
    pub(super) outliers: f64,
    /// The rod above the specular beam over what is 12 to 24 pixels beside it.
    pub(super) rod: f64,
    /// The Yoneda band over 40 to 60 pixels further up, 100 to 250 pixels beside the rod.
    pub(super) yoneda: f64,
    /// Mean counts within 12 pixels of the direct beam.
    pub(super) behind_stop: f64,
    /// Neighbours along a column that both count, where hardly anything does, over those that chance
    /// makes: tracks of muons.
    pub(super) pairs: f64,
    /// Rim pixels of modules over the pixels four lines further in, where nothing else changes.
    pub(super) rims: f64,
}

/// Distances of the correlation of structure, pixels.
pub(super) const LAGS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// Entries of the histogram: the last ends at 2^22.
const BINS: usize = 23;
/// Half the width of the surroundings of a pixel.
const HALF: usize = 4;
/// Rings: inner radii in pixels grow by this factor from 28 px.
const RINGS: usize = 18;
const RING: f64 = 1.25;

/// Radius in the middle of ring `i`, pixels.
pub(super) fn ring(i: usize) -> f64 {
    28.0 * RING.powf(i as f64 + 0.5)
}

impl Statistics {
    /// Of a frame of `rows` by `cols` with the direct beam at [column, row] and horizon, Yoneda band
    /// and specular beam in the rows `lines`; `pitch` and `module` are [rows, columns] of its
    /// modules.
    pub(super) fn new(
        counts: &[f32],
        [rows, cols]: [usize; 2],
        beam: [f64; 2],
        [_, yoneda, specular]: [f64; 3],
        pitch: [usize; 2],
        module: [usize; 2],
    ) -> Self {
        let mut sorted: Vec<f32> = counts.iter().copied().filter(|c| *c >= 0.0).collect();
        sorted.sort_by(f32::total_cmp);
        let n = sorted.len() as f64;
        let quantile = |p: f64| f64::from(sorted[((n - 1.0) * p) as usize]);
        let level = quantile(0.995).max(1.0);
        let mut histogram = vec![0.0; BINS];
        for &c in &sorted {
            let bin = if c < 1.0 { 0 } else { c.log2() as usize + 1 };
            histogram[bin.min(BINS - 1)] += 1.0 / n;
        }
        let (fano, noise, outliers) = residuals(counts, [rows, cols]);
        let (below, beside) = rings(counts, cols, beam, level);
        let mean = |inside: &dyn Fn(f64, f64) -> bool| mean_where(counts, cols, beam[0], inside);
        let within = |y: f64, from: f64, to: f64| (from..to).contains(&y);
        let above = |y: f64| within(specular - y, 40.0, 240.0);
        Self {
            rod: mean(&|x, y| x <= 2.0 && above(y))
                / mean(&|x, y| within(x, 12.0, 24.0) && above(y)),
            yoneda: mean(&|x, y| within(x, 100.0, 250.0) && (y - yoneda).abs() <= 4.0)
                / mean(&|x, y| within(x, 100.0, 250.0) && within(yoneda - y, 40.0, 60.0)),
            behind_stop: mean(&|x, y| x.hypot(y - beam[1]) <= 12.0),
            pairs: pairs(counts, [rows, cols]),
            zeros: histogram[0],
            mean: sorted.iter().map(|&c| f64::from(c)).sum::<f64>() / n,
            quantiles: [0.5, 0.9, 0.99, 0.999].map(quantile),
            histogram,
            fano,
            noise,
            structure: [1, cols].map(|step| structure(counts, cols, step)),
            below,
            beside,
            outliers,
            rims: rims(counts, [rows, cols], pitch, module),
        }
    }
}

/// Noise over its surroundings: variance, correlation with the next pixel, outliers per million.
fn residuals(counts: &[f32], [rows, cols]: [usize; 2]) -> (f64, [f64; 2], f64) {
    // Sums over all pixels above and to the left, of counts and of valid pixels.
    let width = cols + 1;
    let mut sums = vec![[0.0_f64; 2]; width * (rows + 1)];
    for row in 0..rows {
        let mut line = [0.0; 2];
        for col in 0..cols {
            let c = counts[row * cols + col];
            if c >= 0.0 {
                line[0] += f64::from(c);
                line[1] += 1.0;
            }
            let above = sums[row * width + col + 1];
            sums[(row + 1) * width + col + 1] = [above[0] + line[0], above[1] + line[1]];
        }
    }
    let full = ((2 * HALF + 1) * (2 * HALF + 1)) as f64;
    let mut residual = vec![f32::NAN; rows * cols];
    let (mut looked, mut outliers) = (0.0_f64, 0.0);
    for row in HALF..rows - HALF {
        for col in HALF..cols - HALF {
            let at = |r: usize, c: usize| sums[r * width + c];
            let (r, c) = ([row - HALF, row + HALF + 1], [col - HALF, col + HALF + 1]);
            let corners = [
                at(r[1], c[1]),
                at(r[0], c[1]),
                at(r[1], c[0]),
                at(r[0], c[0]),
            ];
            let box_sum =
                [0, 1].map(|i| corners[0][i] - corners[1][i] - corners[2][i] + corners[3][i]);
            if box_sum[1] < full {
                continue;
            }
            let count = f64::from(counts[row * cols + col]);
            let mean = (box_sum[0] - count) / (full - 1.0);
            looked += 1.0;
            // Ten more counts: a mean of nearly nothing is badly known.
            if count > mean + 8.0 * mean.sqrt() + 10.0 {
                outliers += 1.0;
            } else if (0.3..50.0).contains(&mean) {
                residual[row * cols + col] = ((count - mean) / mean.sqrt()) as f32;
            }
        }
    }
    let moment = |step: usize| {
        let pairs = residual
            .iter()
            .zip(&residual[step..])
            .filter(|(a, b)| a.is_finite() && b.is_finite());
        let (sum, n) = pairs.fold((0.0, 0.0), |(s, n), (a, b)| (s + f64::from(a * b), n + 1.0));
        if n > 0.0 { sum / n } else { f64::NAN }
    };
    let variance = moment(0);
    (
        variance,
        [moment(1) / variance, moment(cols) / variance],
        1e6 * outliers / looked.max(1.0),
    )
}

/// Mean of the counts where `inside`(distance to the column of the beam, row).
fn mean_where(counts: &[f32], cols: usize, beam: f64, inside: &dyn Fn(f64, f64) -> bool) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for (i, &c) in counts.iter().enumerate().filter(|(_, c)| **c >= 0.0) {
        let x = ((i % cols) as f64 - beam).abs();
        if x <= 250.0 && inside(x, (i / cols) as f64) {
            sum += f64::from(c);
            n += 1.0;
        }
    }
    if n > 0.0 { sum / n } else { f64::NAN }
}

/// Neighbours along columns that both count over chance, in blocks of 256 pixels of which two
/// to forty count.
fn pairs(counts: &[f32], [rows, cols]: [usize; 2]) -> f64 {
    const EDGE: usize = 16;
    let (mut found, mut expected) = (0.0, 0.0);
    for top in (0..rows - EDGE).step_by(EDGE) {
        for left in (0..cols - EDGE).step_by(EDGE) {
            let at = |r: usize, c: usize| counts[(top + r) * cols + left + c];
            let block = || (0..EDGE * EDGE).map(|i| at(i / EDGE, i % EDGE));
            let n = block().filter(|c| *c >= 1.0).count() as f64;
            if block().any(|c| c < 0.0) || !(2.0..=40.0).contains(&n) {
                continue;
            }
            let size = (EDGE * EDGE) as f64;
            expected += (EDGE * (EDGE - 1)) as f64 * n * (n - 1.0) / (size * (size - 1.0));
            found += (0..EDGE * (EDGE - 1))
                .filter(|i| at(i / EDGE, i % EDGE) >= 1.0 && at(i / EDGE + 1, i % EDGE) >= 1.0)
                .count() as f64;
        }
    }
    if expected > 10.0 {
        found / expected
    } else {
        f64::NAN
    }
}

/// Correlation of ln(1 + counts) with itself, `step` pixels times each lag further.
fn structure(counts: &[f32], cols: usize, step: usize) -> Vec<f64> {
    let logs: Vec<f32> = counts
        .iter()
        .map(|&c| if c >= 0.0 { c.ln_1p() } else { f32::NAN })
        .collect();
    LAGS.iter()
        .map(|&lag| {
            let (mut n, mut a1, mut b1, mut a2, mut b2, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
            for i in 0..logs.len() - lag * step {
                if step == 1 && i % cols + lag >= cols {
                    continue;
                }
                let (a, b) = (f64::from(logs[i]), f64::from(logs[i + lag * step]));
                if a.is_finite() && b.is_finite() {
                    n += 1.0;
                    a1 += a;
                    b1 += b;
                    a2 += a * a;
                    b2 += b * b;
                    ab += a * b;
                }
            }
            let covariance = ab / n - a1 / n * b1 / n;
            covariance / ((a2 / n - (a1 / n).powi(2)) * (b2 / n - (b1 / n).powi(2))).sqrt()
        })
        .collect()
}

/// Mean over rings without the brightest 2 % of their pixels, over `level`.
fn rings(counts: &[f32], cols: usize, beam: [f64; 2], level: f64) -> (Vec<f64>, Vec<f64>) {
    let mut rings: [Vec<Vec<f32>>; 2] = [vec![Vec::new(); RINGS], vec![Vec::new(); RINGS]];
    for (i, &c) in counts.iter().enumerate().filter(|(_, c)| **c >= 0.0) {
        let (x, y) = ((i % cols) as f64 - beam[0], beam[1] - (i / cols) as f64);
        let ring = ((x.hypot(y) / 28.0).ln() / RING.ln()).floor();
        if !(0.0..RINGS as f64).contains(&ring) {
            continue;
        }
        let angle = y.atan2(x.abs()).to_degrees();
        if angle < -20.0 {
            rings[0][ring as usize].push(c);
        } else if (35.0..65.0).contains(&angle) {
            rings[1][ring as usize].push(c);
        }
    }
    let mean = |mut ring: Vec<f32>| {
        if ring.len() < 50 {
            return f64::NAN;
        }
        ring.sort_by(f32::total_cmp);
        let n = ring.len() * 98 / 100;
        ring[..n].iter().map(|&c| f64::from(c)).sum::<f64>() / n as f64 / level
    };
    let [below, beside] = rings.map(|rings| rings.into_iter().map(mean).collect());
    (below, beside)
}

/// Median over the modules' rims of rim counts over those four lines further in.
fn rims(counts: &[f32], [rows, cols]: [usize; 2], pitch: [usize; 2], module: [usize; 2]) -> f64 {
    let mut ratios = Vec::new();
    let mut compare =
        |line: &dyn Fn(usize) -> Option<f32>, inner: &dyn Fn(usize) -> Option<f32>, n| {
            let (mut a, mut b) = (0.0, 0.0);
            for i in 0..n {
                if let (Some(x), Some(y)) = (line(i), inner(i)) {
                    a += f64::from(x.min(1000.0));
                    b += f64::from(y.min(1000.0));
                }
            }
            // Enough counts for a ratio, and no steep edge between the two.
            if a > 2000.0 && b > 2000.0 && (a / b - 1.0).abs() < 0.6 {
                ratios.push(a / b);
            }
        };
    let valid = |row: usize, col: usize| Some(counts[row * cols + col]).filter(|c| *c >= 0.0);
    for first in (0..cols).step_by(pitch[1]) {
        for (rim, inner) in [
            (first, first + 4),
            (first + module[1] - 1, first + module[1] - 5),
        ] {
            compare(&|r| valid(r, rim), &|r| valid(r, inner), rows);
        }
    }
    for first in (0..rows).step_by(pitch[0]) {
        for (rim, inner) in [
            (first, first + 4),
            (first + module[0] - 1, first + module[0] - 5),
        ] {
            compare(&|c| valid(rim, c), &|c| valid(inner, c), cols);
        }
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_sim::artifact::poisson;
    use gisaxs_sim::rng::{Purpose, stream};

    #[test]
    fn tracks_stand_out_of_chance() {
        let rng = &mut stream(2, Purpose::View, 0);
        let shape @ [rows, cols] = [800, 900];
        let mut counts: Vec<f32> = (0..rows * cols).map(|_| poisson(0.012, rng)).collect();
        assert!(
            (pairs(&counts, shape) - 1.0).abs() < 0.25,
            "{}",
            pairs(&counts, shape)
        );
        for (row, col) in (5..790).step_by(11).zip((7..890).step_by(11)) {
            (0..3).for_each(|i| counts[(row + i) * cols + col] += 1.0);
        }
        assert!(pairs(&counts, shape) > 1.4, "{}", pairs(&counts, shape));
    }

    #[test]
    fn poisson_noise_on_a_flat_field_is_recognised() {
        let rng = &mut stream(1, Purpose::View, 0);
        // Long enough lines that the rims have the counts for a ratio.
        let shape @ [rows, cols] = [800, 900];
        let mut counts: Vec<f32> = (0..rows * cols).map(|_| poisson(3.0, rng)).collect();
        counts[100 * cols + 150] = 500.0;
        for row in 0..rows {
            counts[row * cols + 40] = -1.0;
        }
        let lines = [390.0, 350.0, 300.0];
        let s = Statistics::new(&counts, shape, [450.0, 400.0], lines, shape, shape);
        for flat in [s.rod, s.yoneda, s.behind_stop / 3.0] {
            assert!((flat - 1.0).abs() < 0.1, "{flat}");
        }
        assert!((s.zeros - (-3.0_f64).exp()).abs() < 0.005, "{}", s.zeros);
        // The mean of 80 neighbours is noise, too.
        assert!((s.fano - 1.0125).abs() < 0.03, "{}", s.fano);
        assert!(s.noise.iter().all(|c| c.abs() < 0.03), "{:?}", s.noise);
        assert!(
            (s.outliers * (rows * cols) as f64 / 1e6 - 1.0).abs() < 0.4,
            "{}",
            s.outliers
        );
        assert!(s.structure.iter().flatten().all(|c| c.abs() < 0.1));
        assert!((s.histogram.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((s.rims - 1.0).abs() < 0.1, "{}", s.rims);
    }
}
