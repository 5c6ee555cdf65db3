//! Scattering behind the sample: exit windows, air, the rim of the beamstop.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::radial::RadialTable;
use super::{Bins, Surface};
use crate::Range;
use gisaxs_physics::elementary::powf;

/// A power law around the direct beam,
///
/// I = amplitude (q / 0.1 nm^-1)^-p, constant below 0.02 nm^-1.
///
/// Unlike [`super::Air`] and [`super::GuinierPorod`] it arises behind the sample, so that the
/// sample casts no shadow into it: it is all that the detector sees below the horizon. The edge
/// of the flight tube cuts it off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Intensity at 0.1 nm^-1, relative to the brightest particle scattering.
    pub amplitude: f64,
    /// Exponent p.
    pub power: f64,
}

/// Where the amplitude is taken, nm^-1.
const Q_REFERENCE: f64 = 0.1;
/// Inside, everything is behind the beamstop, nm^-1.
const Q_LOWEST: f64 = 0.02;

impl Window {
    /// Amplitude and exponent from ranges.
    pub fn draw(amplitude: &Range, power: &Range, rng: &mut impl Rng) -> Self {
        Self {
            amplitude: amplitude.draw(rng),
            power: power.draw(rng),
        }
    }

    /// Adds the scattering to `rate`.
    pub fn add(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let table = RadialTable::new(bins, surface, |q| {
            self.amplitude * powf(q.max(Q_LOWEST) / Q_REFERENCE, -self.power)
        });
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

    #[test]
    fn it_falls_by_its_power_above_and_below_the_horizon() {
        let surface = test_surface();
        let beam = -surface.k_i as f32;
        // 0.5 and 1 nm^-1 above and below the direct beam, and on it.
        let bins = Bins::lattice(
            vec![0.0],
            [0.5, 1.0, -0.5, -1.0, 0.0].map(|k| beam + k).into(),
        );
        let mut rate = vec![0.0; 5];
        Window {
            amplitude: 0.4,
            power: 1.5,
        }
        .add(&bins, &surface, &mut rate);
        assert!((rate[0] / (0.4 * 5.0_f32.powf(-1.5)) - 1.0).abs() < 2e-3);
        assert!((rate[0] / rate[1] / 2.0_f32.powf(1.5) - 1.0).abs() < 2e-3);
        assert!((rate[2] / rate[0] - 1.0).abs() < 1e-3 && (rate[3] / rate[1] - 1.0).abs() < 1e-3);
        assert!((rate[4] / (0.4 * 5.0_f32.powf(1.5)) - 1.0).abs() < 2e-3);
    }
}
