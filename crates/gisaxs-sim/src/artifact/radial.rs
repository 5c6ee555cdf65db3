//! A smooth function of q^2, tabulated: radial backgrounds without a power per pixel.

use super::{Bins, Surface};

/// Intervals per octave of q^2: linear interpolation of q^-4 errs by less than 1e-3.
const LOG2_INTERVALS: u32 = 5;
const SHIFT: u32 = 23 - LOG2_INTERVALS;
/// q = 1e-3 nm^-1, squared: closer to the direct beam stands the beamstop.
const LOWEST: f32 = 1e-6;

/// Values at f32 numbers whose mantissa ends in zeros: the bits of an argument are the position
/// in the table, so that a look-up takes no logarithm.
#[derive(Clone, Debug)]
pub(super) struct RadialTable {
    first: u32,
    highest: f32,
    values: Vec<f32>,
}

impl RadialTable {
    /// Tabulates `f(q)` up to the largest momentum transfer of `bins` from the direct beam.
    pub(super) fn new(bins: &Bins, surface: &Surface, f: impl Fn(f64) -> f64) -> Self {
        let [q, k] = bins.largest();
        let k = k + surface.k_i as f32;
        // The bins below the horizon lie within the beam's own height of it, or hidden.
        let highest = (2.0 * (q * q + k * k)).max(2.0 * LOWEST);
        let (first, last) = (LOWEST.to_bits() >> SHIFT, (highest.to_bits() >> SHIFT) + 1);
        let values = (first..=last)
            .map(|i| f(f64::from(f32::from_bits(i << SHIFT)).sqrt()) as f32)
            .collect();
        Self {
            first,
            highest,
            values,
        }
    }

    /// The function at q^2, between 1e-6 and twice the largest of the bins.
    #[inline]
    pub(super) fn at(&self, q2: f32) -> f32 {
        // In this order NaN is as low as anything.
        let bits = q2.max(LOWEST).min(self.highest).to_bits();
        let i = ((bits >> SHIFT) - self.first) as usize;
        let u = (bits & ((1 << SHIFT) - 1)) as f32 / (1 << SHIFT) as f32;
        self.values[i] * (1.0 - u) + self.values[i + 1] * u
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::test_surface;

    #[test]
    fn interpolation_is_close_and_ends_are_flat() {
        let bins = Bins::lattice(vec![0.0, 3.0], vec![0.0, 2.0]);
        let table = RadialTable::new(&bins, &test_surface(), |q| (1.0 + q * q).powi(-2));
        for i in 0..400 {
            let q2 = 1e-6_f32 * 1.04_f32.powi(i);
            let exact = (1.0 + q2.min(table.highest)).powi(-2);
            assert!((table.at(q2) / exact - 1.0).abs() < 1e-3, "q^2 {q2}");
        }
        assert_eq!(table.at(0.0), table.at(1e-6));
        assert!(table.at(f32::MAX).is_finite() && table.at(f32::NAN).is_finite());
    }
}
