//! Beamstops: discs, with an arm that holds them.

use gisaxs_physics::elementary::sin_cos;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::Range;

/// A disc on the detector, and the rod it hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beamstop {
    /// Centre, [column, row], pixels.
    pub center_px: [f64; 2],
    /// Radius, pixels.
    pub radius_px: f64,
    /// The arm, if it casts a shadow.
    pub arm: Option<Arm>,
}

/// A straight arm from the disc to the edge of the detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Direction in the (column, row) plane, rad.
    pub angle_rad: f64,
    /// Half its width, pixels.
    pub half_width_px: f64,
}

impl Beamstop {
    /// A disc near `at_px`, its radius from a range in mm (1 to 5 mm if there is none), with an arm in
    /// the share `arms` of the draws.
    pub fn draw(
        at_px: [f64; 2],
        pixel_mm: f64,
        radius_mm: Option<&Range>,
        arms: f64,
        rng: &mut impl Rng,
    ) -> Self {
        let radius_mm = match radius_mm {
            Some(range) => range.draw(rng),
            None => rng.random_range(1.0..5.0),
        };
        let radius_px = radius_mm / pixel_mm;
        let mut offset = || (rng.random::<f64>() - 0.5) * 0.6 * radius_px;
        let center_px = [at_px[0] + offset(), at_px[1] + offset()];
        let arm = rng.random_bool(arms).then(|| Arm {
            // Arms come from the sides or from below, never from where the scattering is.
            angle_rad: [0.0, 0.5, 1.0][rng.random_range(0..3)] * std::f64::consts::PI
                + rng.random_range(-0.1..0.1),
            half_width_px: rng.random_range(0.3..1.2) / pixel_mm,
        });
        Self {
            center_px,
            radius_px,
            arm,
        }
    }

    /// Whether the pixel is in the shadow.
    #[must_use]
    pub fn hides(&self, col: f64, row: f64) -> bool {
        let (x, y) = (col - self.center_px[0], row - self.center_px[1]);
        if x * x + y * y <= self.radius_px * self.radius_px {
            return true;
        }
        self.arm.is_some_and(|arm| {
            let (sin, cos) = sin_cos(arm.angle_rad);
            x * cos + y * sin > 0.0 && (y * cos - x * sin).abs() <= arm.half_width_px
        })
    }
}
