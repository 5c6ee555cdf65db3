//! Parasitic scattering of slits, windows and dirt: objects with a size and a surface.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::radial::RadialTable;
use super::{Bins, Surface};
use crate::Range;
use gisaxs_physics::elementary::{exp, powf, powi};

/// Guinier-Porod model (B. Hammouda, J. Appl. Cryst. 43 (2010) 716, eq. 4 and 5), Q the momentum
/// transfer from the direct beam:
///
/// I = G Q^-s exp(-Q^2 Rg^2 / (3 - s)) for Q < Q1, D Q^-d beyond,
/// Q1 = sqrt((d - s) (3 - s) / 2) / Rg, with D such that value and slope are continuous.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuinierPorod {
    /// Intensity at Q = 0.1 nm^-1, relative to the brightest particle scattering.
    pub amplitude: f64,
    /// Radius of gyration Rg, nm.
    pub gyration_nm: f64,
    /// s: 0 for globules, 1 for rods, 2 for sheets.
    pub dimension: f64,
    /// Porod exponent d; 4 for smooth surfaces.
    pub power: f64,
}

/// Where the amplitude is taken, nm^-1: about the edge of a beamstop.
const Q_REFERENCE: f64 = 0.1;

impl GuinierPorod {
    /// `amplitude` at 0.1 nm^-1 and Rg (nm) from ranges; s is 0 half of the time, else up to 1;
    /// d from 2.5 to 4.
    pub fn draw(amplitude: &Range, gyration_nm: &Range, rng: &mut impl Rng) -> Self {
        Self {
            amplitude: amplitude.draw(rng),
            gyration_nm: gyration_nm.draw(rng),
            dimension: rng.random_range(-1.0_f64..1.0).max(0.0),
            power: rng.random_range(2.5..4.0),
        }
    }

    /// I(q) / G, q in nm^-1 and above 0.
    #[must_use]
    pub fn profile(&self, q: f64) -> f64 {
        let (s, d, rg) = (self.dimension, self.power, self.gyration_nm);
        let q_1 = (0.5 * (d - s) * (3.0 - s)).sqrt() / rg;
        let guinier = |q: f64| powf(q, -s) * exp(-powi(q * rg, 2) / (3.0 - s));
        if q <= q_1 {
            guinier(q)
        } else {
            guinier(q_1) * powf(q / q_1, -d)
        }
    }

    /// Adds the background to `rate`.
    pub fn add(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let scale = self.amplitude / self.profile(Q_REFERENCE);
        let table = RadialTable::new(bins, surface, |q| scale * self.profile(q));
        let k_i = surface.k_i as f32;
        bins.for_each_product(
            rate,
            |q| q * q,
            |k| (k + k_i) * (k + k_i),
            |rate, a, b| *rate += table.at(a + b),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::test_surface;
    use crate::rng::{Purpose, stream};

    #[test]
    fn value_and_slope_are_continuous_where_guinier_meets_porod() {
        let rng = &mut stream(3, Purpose::View, 0);
        for _ in 0..200 {
            let a = GuinierPorod::draw(&Range::Fixed(0.1), &Range::LogUniform([1.0, 60.0]), rng);
            let (s, d) = (a.dimension, a.power);
            let q_1 = (0.5 * (d - s) * (3.0 - s)).sqrt() / a.gyration_nm;
            let log = |q: f64| a.profile(q).ln();
            assert!((log(q_1 * (1.0 - 1e-9)) - log(q_1 * (1.0 + 1e-9))).abs() < 1e-7);
            // d ln I / d ln Q is -d on both sides.
            let slope = |x: f64| (log(q_1 * x * 1.0001) - log(q_1 * x / 1.0001)) / 2e-4;
            assert!((slope(0.999) + d).abs() < 0.02 && (slope(1.001) + d).abs() < 1e-3);
            assert!((0.0..=1.0).contains(&s) && (2.5..=4.0).contains(&d));
        }
    }

    #[test]
    fn the_amplitude_is_that_at_the_reference() {
        let surface = test_surface();
        let k_z = 0.06 - surface.k_i as f32;
        let bins = Bins::lattice(vec![0.08, 2.0], vec![k_z, 2.0]);
        let mut rate = vec![1.0; 4];
        let a = GuinierPorod {
            amplitude: 0.5,
            gyration_nm: 20.0,
            dimension: 0.4,
            power: 3.5,
        };
        a.add(&bins, &surface, &mut rate);
        assert!((rate[0] - 1.5).abs() < 2e-3, "{rate:?}");
        assert!(rate[3] > 1.0 && rate[3] < 1.01);
    }
}
