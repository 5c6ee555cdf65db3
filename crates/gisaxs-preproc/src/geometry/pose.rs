//! Where the detector stands: by the point of normal incidence (pyFAI) or by the direct beam.
//!
//! The two describe the same plane. With L the distance along the beam and b1, b2 the point
//! where the beam hits, measured along the detector's axes,
//!
//! distance = L cos(rot1) cos(rot2),
//! poni2 = b2 + distance tan(rot1),
//! poni1 = b1 - distance tan(rot2) / cos(rot1)
//!
//! (the inverse of what pyFAI's `getFit2D` does). A beam that runs along the detector or
//! meets it from behind, cos(rot1) cos(rot2) <= 0, has no such point.

use super::orientation::DetectorOrientation;
use gisaxs_physics::elementary::{atan2, cos, hypot, sin_cos, tan};

/// Rotations of the detector, rad, as pyFAI's Rot1, Rot2 and Rot3.
///
/// R1 turns about axis 1 (vertical), left-handed, R2 about axis 2 (horizontal), left-handed,
/// R3 about the beam, right-handed; applied in this order. A positive `rot1` moves the
/// detector towards negative x, a positive `rot2` moves it up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rotations {
    /// About the vertical axis, rad.
    pub rot1: f64,
    /// About the horizontal axis, rad.
    pub rot2: f64,
    /// About the beam, rad.
    pub rot3: f64,
}

impl Rotations {
    pub(crate) fn as_array(self) -> [f64; 3] {
        [self.rot1, self.rot2, self.rot3]
    }

    /// Angle between the beam and the normal of the detector, rad.
    #[must_use]
    pub fn tilt_rad(self) -> f64 {
        // Through the sine: the arc cosine loses half of the digits of a small tilt.
        let (s1, c1) = sin_cos(self.rot1);
        let (s2, c2) = sin_cos(self.rot2);
        atan2(hypot(s1 * c2, s2), c1 * c2)
    }
}

/// Pose of a flat detector by its point of normal incidence (PONI), as pyFAI has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Distance from the sample to the point of normal incidence, mm.
    pub distance_mm: f64,
    /// Point of normal incidence along axis 1 (vertical) and 2 (horizontal), mm from the
    /// outer edge of the first pixel of the axis.
    pub poni_mm: [f64; 2],
    /// Rotations of the detector.
    pub rotations: Rotations,
    /// How rows and columns of the file run along the axes.
    pub orientation: DetectorOrientation,
}

/// Pose of a flat detector by the point where the direct beam hits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BeamPose {
    /// Distance from the sample to the detector along the beam, mm.
    pub(crate) distance_mm: f64,
    /// Direct beam, \[column, row\] of the stored frame.
    pub(crate) direct_beam_px: [f64; 2],
    pub(crate) rotations: Rotations,
    pub(crate) orientation: DetectorOrientation,
}

/// From an index of the file to one along the axis and back.
fn flip(reversed: bool, count: usize, index: f64) -> f64 {
    if reversed {
        count as f64 - 1.0 - index
    } else {
        index
    }
}

impl BeamPose {
    pub(crate) fn pose(self, shape: [usize; 2], pixel_mm: [f64; 2]) -> Pose {
        let Rotations { rot1, rot2, .. } = self.rotations;
        let [col, row] = self.direct_beam_px;
        let distance_mm = self.distance_mm * cos(rot1) * cos(rot2);
        let along1 = flip(self.orientation.rows_reversed(), shape[0], row);
        let along2 = flip(self.orientation.columns_reversed(), shape[1], col);
        Pose {
            distance_mm,
            poni_mm: [
                (along1 + 0.5) * pixel_mm[1] - distance_mm * tan(rot2) / cos(rot1),
                (along2 + 0.5) * pixel_mm[0] + distance_mm * tan(rot1),
            ],
            rotations: self.rotations,
            orientation: self.orientation,
        }
    }
}

impl Pose {
    /// The same pose by the direct beam; `None` if the beam does not hit the front of the
    /// detector's plane.
    pub(crate) fn beam_pose(self, shape: [usize; 2], pixel_mm: [f64; 2]) -> Option<BeamPose> {
        let Rotations { rot1, rot2, .. } = self.rotations;
        let along = cos(rot1) * cos(rot2);
        // Beyond 89.9 deg the position of the beam has no digits left.
        if along < 2e-3 {
            return None;
        }
        let along1 =
            (self.poni_mm[0] + self.distance_mm * tan(rot2) / cos(rot1)) / pixel_mm[1] - 0.5;
        let along2 = (self.poni_mm[1] - self.distance_mm * tan(rot1)) / pixel_mm[0] - 0.5;
        Some(BeamPose {
            distance_mm: self.distance_mm / along,
            direct_beam_px: [
                flip(self.orientation.columns_reversed(), shape[1], along2),
                flip(self.orientation.rows_reversed(), shape[0], along1),
            ],
            rotations: self.rotations,
            orientation: self.orientation,
        })
    }
}

/// R3 R2 R1, acting on (axis 1, axis 2, beam).
pub(crate) fn rotation(rotations: Rotations) -> [[f64; 3]; 3] {
    let (s1, c1) = sin_cos(rotations.rot1);
    let (s2, c2) = sin_cos(rotations.rot2);
    let (s3, c3) = sin_cos(rotations.rot3);
    let r1 = [[1.0, 0.0, 0.0], [0.0, c1, s1], [0.0, -s1, c1]];
    let r2 = [[c2, 0.0, -s2], [0.0, 1.0, 0.0], [s2, 0.0, c2]];
    let r3 = [[c3, -s3, 0.0], [s3, c3, 0.0], [0.0, 0.0, 1.0]];
    product(r3, product(r2, r1))
}

fn product(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `getFit2D` of pyFAI 2026.9: dist 1.2, poni 0.03/0.05, rot 0.1/0.2/0.3, Pilatus 300k.
    #[test]
    fn the_beam_centre_is_that_of_fit2d() {
        let pose = Pose {
            distance_mm: 1200.0,
            poni_mm: [30.0, 50.0],
            rotations: Rotations {
                rot1: 0.1,
                rot2: 0.2,
                rot3: 0.3,
            },
            orientation: DetectorOrientation::BottomLeft,
        };
        let beam = pose.beam_pose([619, 487], [0.172; 2]).unwrap();
        assert!((beam.distance_mm - 1230.554).abs() < 1e-3);
        assert!((beam.direct_beam_px[0] + 0.5 + 409.312).abs() < 1e-3);
        assert!((beam.direct_beam_px[1] + 0.5 - 1595.776).abs() < 1e-3);
    }

    #[test]
    fn small_tilts_keep_their_digits() {
        let tilt = |rot1, rot2| {
            Rotations {
                rot1,
                rot2,
                rot3: 1.0,
            }
            .tilt_rad()
        };
        assert!((tilt(3e-9, 4e-9) / 5e-9 - 1.0).abs() < 1e-12);
        assert!((tilt(2.0, 0.0) - 2.0).abs() < 1e-15);
    }
}
