//! Where every pixel points, exactly: detectors of any tilt, samples of any mount.
//!
//! The pose of the detector is pyFAI's: with p1, p2 the position of a pixel's centre on the
//! detector along its axes 1 (vertical) and 2 (horizontal),
//!
//! (y, x, z) = R3 R2 R1 (p1 - poni1, p2 - poni2, distance),
//!
//! x horizontal, y up and z along the beam, R1 and R2 left-handed rotations about the axes 1
//! and 2, R3 a right-handed one about the beam (G. Ashiotis et al., J. Appl. Cryst. 48, 510
//! (2015), sect. 2.1). The sample is pitched by eta = alpha_i and tilted about the beam by
//! chi. With r the length of (x, y, z), k = 2 pi / lambda and (x, y) exchanged by the
//! [`SampleOrientation`] before,
//!
//! q_x = k \[cos(eta) (z/r - 1) + sin(eta) y/r\],
//! q_y = k \[cos(chi) x/r - sin(chi) sin(eta) (z/r - 1) + sin(chi) cos(eta) y/r\],
//! q_z = k \[-sin(chi) x/r - cos(chi) sin(eta) (z/r - 1) + cos(chi) cos(eta) y/r\],
//! q_xy = sqrt(q_x^2 + q_y^2), with the sign of q_y.
//!
//! These are q_beam, q_horz, q_oop and q_ip of pyFAI's `FiberIntegrator` (2026.9); a
//! negative sign is given to q_xy where q_y is exactly zero, as there. No angle is small.

mod corrections;
mod map;
mod orientation;
mod pose;

use gisaxs_physics::elementary::{atan2, hypot, powi, sin_cos};
use gisaxs_physics::{Beam, Direction, FlatDetector, Up};

pub use corrections::{Absorber, Corrections, Polarization};
pub use map::{QMap, Quantity};
pub use orientation::{DetectorOrientation, SampleOrientation};
pub(crate) use pose::{BeamPose, rotation};
pub use pose::{Pose, Rotations};

use crate::error::{Error, Result};

type Vector = [f64; 3];

/// Directions and scattering vectors of every pixel of one measurement.
///
/// Pixels are addressed as (column, row), 0-based, integers are pixel centres. A geometry is
/// complete and cheap to copy; maps over the detector are made on demand, see [`QMap`],
/// [`map`](Self::map) and, for programs that stream over rows without keeping a map,
/// [`q_row`](Self::q_row).
///
/// ```
/// use gisaxs_preproc::Instrument;
///
/// let instrument = Instrument::from_toml(
///     r#"
///     [beam]
///     wavelength_nm = 0.105
///     incidence_deg = 0.39
///     [detector]
///     name = "Pilatus 2M"
///     distance_mm = 2565.0
///     direct_beam_px = [791.5, 1310.0]
///     "#,
///     "instrument.toml",
/// )?;
/// let geometry = instrument.geometry()?;
/// let [q_x, q_y, q_z] = geometry.q(996.0, 1171.0);
/// assert!((q_y - 0.821).abs() < 1e-3 && q_x.abs() < 0.01 && q_z > 0.0);
/// let map = geometry.q_map();
/// assert_eq!(map.q_z[[1171, 996]], q_z);
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    beam: Beam,
    shape: [usize; 2],
    pixel_mm: [f64; 2],
    pose: Pose,
    sample_tilt_rad: f64,
    sample_orientation: SampleOrientation,
    /// Pixel (0, 0) and the steps of a column and a row, (x, y, z) of the laboratory, mm.
    lab: Affine,
    /// The same along q_x, q_y and q_z.
    sample: Affine,
    /// Incident wavevector along q_x, q_y and q_z, nm^-1.
    k_i: Vector,
}

/// A position that is linear in column and row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Affine {
    origin: Vector,
    column: Vector,
    row: Vector,
}

impl Affine {
    fn at(&self, col: f64, row: f64) -> Vector {
        std::array::from_fn(|i| self.origin[i] + col * self.column[i] + row * self.row[i])
    }

    fn map(&self, f: impl Fn(Vector) -> Vector) -> Self {
        Self {
            origin: f(self.origin),
            column: f(self.column),
            row: f(self.row),
        }
    }
}

impl Geometry {
    /// A detector of `shape` (rows, columns) and pixels of `pixel_mm` \[horizontal,
    /// vertical\] in this pose, with the surface of the sample facing up.
    ///
    /// # Errors
    /// [`Error::Value`] for a detector without pixels, and for lengths or angles that are not
    /// finite or, where they must be, not positive.
    pub fn new(beam: Beam, shape: [usize; 2], pixel_mm: [f64; 2], pose: Pose) -> Result<Self> {
        let refuse = |key: &str, value: String, expected: &str| {
            Err(Error::Value {
                file: "geometry".to_owned(),
                key: key.to_owned(),
                value,
                expected: expected.to_owned(),
            })
        };
        if shape.contains(&0) {
            return refuse("shape", format!("{shape:?}"), "at least one pixel");
        }
        for (key, value) in [
            ("pixel_mm", pixel_mm[0]),
            ("pixel_mm", pixel_mm[1]),
            ("distance_mm", pose.distance_mm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(key, value.to_string(), "a positive number of mm");
            }
        }
        let [r1, r2, r3] = pose.rotations.as_array();
        if [pose.poni_mm[0], pose.poni_mm[1], r1, r2, r3]
            .iter()
            .any(|x| !x.is_finite())
        {
            return refuse("pose", format!("{pose:?}"), "finite numbers");
        }
        Ok(Self::assemble(
            beam,
            shape,
            pixel_mm,
            pose,
            0.0,
            SampleOrientation::default(),
        ))
    }

    /// A detector perpendicular to the beam.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_flat(beam: Beam, detector: &FlatDetector) -> Result<Self> {
        let orientation = DetectorOrientation::new(detector.up == Up::RowsDecrease, false);
        let shape = [detector.rows, detector.cols];
        let flat = BeamPose {
            distance_mm: detector.distance_mm,
            direct_beam_px: detector.direct_beam_px,
            rotations: Rotations::default(),
            orientation,
        };
        let pose = flat.pose(shape, detector.pixel_mm);
        Self::new(beam, shape, detector.pixel_mm, pose)
    }

    /// The same with the sample tilted by `tilt_rad` about the beam and mounted as
    /// `orientation` says: pyFAI's `tilt_angle` and `sample_orientation`.
    ///
    /// # Errors
    /// [`Error::Value`] for a tilt that is not finite.
    pub fn with_sample(self, tilt_rad: f64, orientation: SampleOrientation) -> Result<Self> {
        if !tilt_rad.is_finite() {
            return Err(Error::Value {
                file: "geometry".to_owned(),
                key: "sample_tilt_rad".to_owned(),
                value: tilt_rad.to_string(),
                expected: "a finite number".to_owned(),
            });
        }
        Ok(Self::assemble(
            self.beam,
            self.shape,
            self.pixel_mm,
            self.pose,
            tilt_rad,
            orientation,
        ))
    }

    /// The same with another beam: another wavelength or incidence angle.
    #[must_use]
    pub fn with_beam(self, beam: Beam) -> Self {
        Self::assemble(
            beam,
            self.shape,
            self.pixel_mm,
            self.pose,
            self.sample_tilt_rad,
            self.sample_orientation,
        )
    }

    fn assemble(
        beam: Beam,
        shape: [usize; 2],
        pixel_mm: [f64; 2],
        pose: Pose,
        tilt: f64,
        orientation: SampleOrientation,
    ) -> Self {
        // Along the detector's axes, in pyFAI's order (axis 1, axis 2, beam).
        let along = |reversed: bool, count: usize, pixel: f64, poni: f64| {
            if reversed {
                ((count as f64 - 0.5) * pixel - poni, -pixel)
            } else {
                (0.5 * pixel - poni, pixel)
            }
        };
        let [poni1, poni2] = pose.poni_mm;
        let (p1, step1) = along(
            pose.orientation.rows_reversed(),
            shape[0],
            pixel_mm[1],
            poni1,
        );
        let (p2, step2) = along(
            pose.orientation.columns_reversed(),
            shape[1],
            pixel_mm[0],
            poni2,
        );
        let matrix = rotation(pose.rotations);
        let to_lab = |p: Vector| {
            let [y, x, z] = matrix.map(|m| m[0] * p[0] + m[1] * p[1] + m[2] * p[2]);
            [x, y, z]
        };
        let lab = Affine {
            origin: [p1, p2, pose.distance_mm],
            column: [0.0, step2, 0.0],
            row: [step1, 0.0, 0.0],
        }
        .map(to_lab);
        let (sin_i, cos_i) = sin_cos(beam.alpha_i_rad());
        let (sin_t, cos_t) = sin_cos(tilt);
        let to_sample = |[x, y, z]: Vector| {
            let [x, y] = orientation.apply(x, y);
            let normal = cos_i * y - sin_i * z;
            [
                cos_i * z + sin_i * y,
                cos_t * x + sin_t * normal,
                -sin_t * x + cos_t * normal,
            ]
        };
        Self {
            beam,
            shape,
            pixel_mm,
            pose,
            sample_tilt_rad: tilt,
            sample_orientation: orientation,
            lab,
            sample: lab.map(to_sample),
            k_i: to_sample([0.0, 0.0, beam.k()]),
        }
    }

    /// The beam.
    #[must_use]
    pub fn beam(&self) -> Beam {
        self.beam
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Pixel pitch \[horizontal, vertical\], mm.
    #[must_use]
    pub fn pixel_mm(&self) -> [f64; 2] {
        self.pixel_mm
    }

    /// The detector's pose.
    #[must_use]
    pub fn pose(&self) -> Pose {
        self.pose
    }

    /// Tilt of the sample about the beam, rad.
    #[must_use]
    pub fn sample_tilt_rad(&self) -> f64 {
        self.sample_tilt_rad
    }

    /// How the sample is mounted.
    #[must_use]
    pub fn sample_orientation(&self) -> SampleOrientation {
        self.sample_orientation
    }

    /// Position of a point of the detector relative to the sample in the laboratory, mm:
    /// \[horizontal, up, along the beam\].
    #[must_use]
    pub fn position_mm(&self, col: f64, row: f64) -> [f64; 3] {
        self.lab.at(col, row)
    }

    /// Scattering vector \[q_x, q_y, q_z\] of a point of the detector in the frame of the
    /// sample, nm^-1.
    #[must_use]
    pub fn q(&self, col: f64, row: f64) -> [f64; 3] {
        self.q_of(self.sample.at(col, row))
    }

    fn q_of(&self, s: Vector) -> [f64; 3] {
        let scale = self.beam.k() / length(s);
        std::array::from_fn(|i| s[i] * scale - self.k_i[i])
    }

    /// In-plane and normal component (q_xy, q_z) of a point of the detector, nm^-1: pyFAI's
    /// q_ip and q_oop.
    #[must_use]
    pub fn q_xy_q_z(&self, col: f64, row: f64) -> [f64; 2] {
        let [q_x, q_y, q_z] = self.q(col, row);
        [signed((q_x * q_x + q_y * q_y).sqrt(), q_y), q_z]
    }

    /// Exit direction of a point of the detector: alpha_f from the surface of the sample,
    /// 2theta_f in the surface from the plane of incidence.
    #[must_use]
    pub fn direction(&self, col: f64, row: f64) -> Direction {
        let [x, y, z] = self.sample.at(col, row);
        // The plane of incidence of a tilted sample is turned with it.
        let azimuth = atan2(self.k_i[1], self.k_i[0]);
        Direction {
            alpha_f_rad: atan2(z, hypot(x, y)),
            two_theta_f_rad: atan2(y, x) - azimuth,
        }
    }

    /// The point (column, row) that sees a direction; the inverse of
    /// [`direction`](Self::direction). `None` where the direction does not reach the plane
    /// of the detector. The point may lie outside the frame.
    #[must_use]
    pub fn pixel(&self, direction: &Direction) -> Option<[f64; 2]> {
        let (sin_f, cos_f) = sin_cos(direction.alpha_f_rad);
        let azimuth = atan2(self.k_i[1], self.k_i[0]);
        let (sin_t, cos_t) = sin_cos(direction.two_theta_f_rad + azimuth);
        self.hit([cos_f * cos_t, cos_f * sin_t, sin_f])
    }

    /// The point (column, row) that the elastically scattered wave of `q` hits, nm^-1. `None`
    /// where it does not reach the plane of the detector, or where k_i + q is no vector of
    /// length k (to 1e-6).
    #[must_use]
    pub fn pixel_of_q(&self, q: [f64; 3]) -> Option<[f64; 2]> {
        let k_f: Vector = std::array::from_fn(|i| self.k_i[i] + q[i]);
        let elastic = (length(k_f) / self.beam.k() - 1.0).abs() < 1e-6;
        elastic.then(|| self.hit(k_f)).flatten()
    }

    /// The point of the detector plane along a direction of the sample's frame.
    fn hit(&self, d: Vector) -> Option<[f64; 2]> {
        let Affine {
            origin,
            column,
            row,
        } = self.sample;
        // origin + c column + r row = t d, by Cramer's rule.
        let normal = cross(column, row);
        let along = dot(d, normal);
        let t = dot(origin, normal) / along;
        if !(t > 0.0 && t.is_finite()) {
            return None;
        }
        let on_plane: Vector = std::array::from_fn(|i| t * d[i] - origin[i]);
        let [cc, cr, rr] = [dot(column, column), dot(column, row), dot(row, row)];
        let [bc, br] = [dot(on_plane, column), dot(on_plane, row)];
        let determinant = cc * rr - cr * cr;
        Some([
            (bc * rr - br * cr) / determinant,
            (br * cc - bc * cr) / determinant,
        ])
    }

    /// The point (column, row) that the direct beam hits; `None` for a detector that the
    /// beam misses.
    #[must_use]
    pub fn direct_beam_px(&self) -> Option<[f64; 2]> {
        self.hit(self.k_i)
    }

    /// The point (column, row) that the specularly reflected beam hits.
    #[must_use]
    pub fn specular_px(&self) -> Option<[f64; 2]> {
        let [x, y, z] = self.k_i;
        self.hit([x, y, -z])
    }

    /// Cosine of the angle between the normal of the detector and the ray to a point.
    #[must_use]
    pub fn cos_incidence(&self, col: f64, row: f64) -> f64 {
        self.pose.distance_mm / length(self.lab.at(col, row))
    }

    /// Angle between the direct beam and the ray to a point, rad.
    #[must_use]
    pub fn two_theta(&self, col: f64, row: f64) -> f64 {
        let [x, y, z] = self.lab.at(col, row);
        atan2(hypot(x, y), z)
    }

    /// Solid angle in sr of the pixel centred at (col, row): area x cos^3(incidence) /
    /// distance^2 (pyFAI's `solidAngleArray(absolute=True)`).
    #[must_use]
    pub fn solid_angle(&self, col: f64, row: f64) -> f64 {
        let d = self.pose.distance_mm;
        let area = self.pixel_mm[0] * self.pixel_mm[1];
        area / (d * d) * powi(self.cos_incidence(col, row), 3)
    }
}

/// A length with the sign that pyFAI gives it: negative unless `of` is positive.
fn signed(length: f64, of: f64) -> f64 {
    if of > 0.0 { length } else { -length }
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests;
