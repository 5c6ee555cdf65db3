//! The edge of the evacuated flight tube, or of its exit window.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Bins, Surface};
use gisaxs_physics::elementary::powf;

/// A circular aperture around the direct beam: beyond it the detector sees next to nothing,
/// although its pixels are valid. All pixels are valid there, and all counts are true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlightTube {
    /// Radius of the aperture, nm^-1.
    pub radius: f64,
    /// Its centre relative to the direct beam, [q_y, k_z], nm^-1.
    pub offset: [f64; 2],
    /// Share of the rate that arrives beyond the edge.
    pub leak: f64,
    /// Width of the edge, nm^-1.
    pub edge: f64,
}

impl FlightTube {
    /// Radius 0.6 to 3.5 nm^-1, off centre by up to a tenth of it, leak 0.1 to 20 %.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let radius = 0.6 * powf(6.0_f64, rng.random());
        let mut off = || rng.random_range(-0.1..0.1) * radius;
        Self {
            radius,
            offset: [off(), off()],
            leak: 1e-3 * powf(200.0_f64, rng.random()),
            edge: rng.random_range(0.005..0.04) * radius,
        }
    }

    /// Darkens `rate` beyond the edge. The bins do not say left or right: they take the mean
    /// of both sides.
    pub fn apply(&self, bins: &Bins, surface: &Surface, rate: &mut [f32]) {
        let (r2, leak) = ((self.radius * self.radius) as f32, self.leak as f32);
        // Over a ring of width `edge`, r^2 changes by 2 r edge.
        let slope = (1.0 / (2.0 * self.radius * self.edge)) as f32;
        let [q_0, k_0] = self.offset.map(|x| x as f32);
        let k_i = surface.k_i as f32;
        bins.for_each_product(
            rate,
            |q| [(q - q_0) * (q - q_0), (q + q_0) * (q + q_0)],
            |k| (k + k_i - k_0) * (k + k_i - k_0),
            |rate, sides, vertical| {
                let open = sides.map(|s| ((r2 - s - vertical) * slope + 0.5).clamp(0.0, 1.0));
                *rate *= leak + (1.0 - leak) * 0.5 * (open[0] + open[1]);
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gisaxs_physics::{Beam, Multilayer, RefractiveIndex};

    #[test]
    fn only_the_outside_is_dark() {
        let beam = Beam::new(0.1, 0.005).unwrap();
        let stack = Multilayer::substrate(RefractiveIndex::new(5e-6, 1e-7).unwrap()).unwrap();
        let bins = Bins::lattice(vec![0.1, 1.0, 3.0], vec![0.1, 2.9]);
        let mut rate = vec![1.0; 6];
        FlightTube {
            radius: 2.0,
            offset: [0.0; 2],
            leak: 0.01,
            edge: 0.02,
        }
        .apply(&bins, &Surface::new(&stack, &beam), &mut rate);
        assert_eq!(&rate[..2], &[1.0, 1.0]);
        assert!(rate[2..].iter().all(|r| (r - 0.01).abs() < 1e-6));
    }
}
