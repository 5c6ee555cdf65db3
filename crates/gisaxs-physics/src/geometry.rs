//! Beam, flat detector, exit directions and scattering vectors.
//!
//! Sample frame: x along the beam projected on the surface, y in the surface, z along the
//! surface normal. The incident wavevector is k (cos alpha_i, 0, -sin alpha_i), the scattered
//! one k (cos alpha_f cos 2theta_f, cos alpha_f sin 2theta_f, sin alpha_f), with k = 2 pi / lambda.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::elementary::{atan2, hypot, sin, sin_cos};
use crate::error::{Error, Result, check, positive};

/// Product of Planck's constant and the speed of light, in keV nm (exact in the SI of 2019).
const HC_KEV_NM: f64 = 1.239_841_984_332_002_6;

/// Photon energy in keV of a wavelength in nm, E = h c / lambda.
#[must_use]
pub fn energy_kev(wavelength_nm: f64) -> f64 {
    HC_KEV_NM / wavelength_nm
}

/// Wavelength in nm of a photon energy in keV, lambda = h c / E.
#[must_use]
pub fn wavelength_nm(energy_kev: f64) -> f64 {
    HC_KEV_NM / energy_kev
}

/// A plane, monochromatic beam at grazing incidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beam {
    wavelength_nm: f64,
    alpha_i_rad: f64,
}

impl Beam {
    /// Beam of wavelength `wavelength_nm` (nm) at the angle `alpha_i_rad` (rad) to the surface.
    ///
    /// # Errors
    /// If the wavelength is not positive, or the angle is not in (0, pi/2].
    pub fn new(wavelength_nm: f64, alpha_i_rad: f64) -> Result<Self> {
        Ok(Self {
            wavelength_nm: positive("wavelength", wavelength_nm, "nm")?,
            alpha_i_rad: check("alpha_i", alpha_i_rad, "rad", "0 < alpha_i <= pi/2", |a| {
                a > 0.0 && a <= FRAC_PI_2
            })?,
        })
    }

    /// Wavelength lambda in nm.
    #[must_use]
    pub fn wavelength_nm(&self) -> f64 {
        self.wavelength_nm
    }

    /// Angle of incidence alpha_i in rad, between beam and surface.
    #[must_use]
    pub fn alpha_i_rad(&self) -> f64 {
        self.alpha_i_rad
    }

    /// Photon energy in keV.
    #[must_use]
    pub fn energy_kev(&self) -> f64 {
        energy_kev(self.wavelength_nm)
    }

    /// Vacuum wavenumber k = 2 pi / lambda in nm^-1.
    #[must_use]
    pub fn k(&self) -> f64 {
        2.0 * PI / self.wavelength_nm
    }

    /// k sin(alpha_i) in nm^-1: magnitude of the incident wavevector along the normal.
    #[must_use]
    pub fn kz(&self) -> f64 {
        self.k() * sin(self.alpha_i_rad)
    }
}

/// Direction of a scattered wave in the sample frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// Exit angle alpha_f to the surface in rad, positive above the horizon.
    pub alpha_f_rad: f64,
    /// Azimuth 2theta_f in rad, measured in the surface from the plane of incidence.
    pub two_theta_f_rad: f64,
}

impl Direction {
    /// Scattering vector q = k_f - k_i in the sample frame, in nm^-1:
    ///
    /// q_x = k (cos alpha_f cos 2theta_f - cos alpha_i),
    /// q_y = k cos alpha_f sin 2theta_f,
    /// q_z = k (sin alpha_f + sin alpha_i), positive above the horizon.
    ///
    /// q_x is evaluated through half-angle sines, so it keeps its digits at small angles.
    #[must_use]
    pub fn q(&self, beam: &Beam) -> [f64; 3] {
        let k = beam.k();
        let (sin_f, cos_f) = sin_cos(self.alpha_f_rad);
        let half = sin(0.5 * self.two_theta_f_rad);
        // cos f cos t - cos i = (cos f - cos i) - cos f (1 - cos t)
        let cos_difference = 2.0
            * sin(0.5 * (beam.alpha_i_rad + self.alpha_f_rad))
            * sin(0.5 * (beam.alpha_i_rad - self.alpha_f_rad));
        [
            k * (cos_difference - 2.0 * cos_f * half * half),
            k * cos_f * sin(self.two_theta_f_rad),
            k * (sin_f + sin(beam.alpha_i_rad)),
        ]
    }

    /// In-plane magnitude q_par = sqrt(q_x^2 + q_y^2) in nm^-1.
    #[must_use]
    pub fn q_par(&self, beam: &Beam) -> f64 {
        let [q_x, q_y, _] = self.q(beam);
        hypot(q_x, q_y)
    }

    /// k sin(alpha_f) in nm^-1: normal component of the scattered wavevector in vacuum.
    #[must_use]
    pub fn kz(&self, beam: &Beam) -> f64 {
        beam.k() * sin(self.alpha_f_rad)
    }
}

/// Which way "up" (the side of the scattering, above the horizon) is on the stored frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Up {
    /// Row 0 is on top: smaller rows are further above the sample horizon (the usual camera file).
    #[default]
    RowsDecrease,
    /// Row 0 is at the bottom.
    RowsIncrease,
}

/// A flat detector perpendicular to the direct beam.
///
/// Pixels are addressed as (column, row), 0-based; integers are pixel centres, so pixel (0, 0)
/// covers -0.5 to 0.5 in both. Fractional addresses are points inside pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FlatDetector {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Pixel pitch \[horizontal, vertical\] in mm.
    pub pixel_mm: [f64; 2],
    /// Distance from the sample to the detector plane, along the direct beam, in mm.
    pub distance_mm: f64,
    /// Position \[column, row\] of the direct beam in pixels.
    pub direct_beam_px: [f64; 2],
    /// Orientation of the stored frame.
    pub up: Up,
}

impl FlatDetector {
    /// Checks that all lengths are positive and finite and that there are pixels.
    ///
    /// # Errors
    /// The first parameter that is not usable.
    pub fn validate(&self) -> Result<()> {
        if self.rows == 0 || self.cols == 0 {
            return Err(Error::Length {
                name: "detector rows and columns",
                found: self.rows.min(self.cols),
                expected: "at least 1",
            });
        }
        positive("horizontal pixel size", self.pixel_mm[0], "mm")?;
        positive("vertical pixel size", self.pixel_mm[1], "mm")?;
        positive("detector distance", self.distance_mm, "mm")?;
        check(
            "direct beam column",
            self.direct_beam_px[0],
            "px",
            "a finite number",
            |_| true,
        )?;
        check(
            "direct beam row",
            self.direct_beam_px[1],
            "px",
            "a finite number",
            |_| true,
        )?;
        Ok(())
    }

    /// Position of a point of the detector relative to the sample, in mm:
    /// \[horizontal, up, along the direct beam\]. The horizontal axis follows increasing columns.
    #[must_use]
    pub fn position_mm(&self, col: f64, row: f64) -> [f64; 3] {
        let rows_up = match self.up {
            Up::RowsDecrease => self.direct_beam_px[1] - row,
            Up::RowsIncrease => row - self.direct_beam_px[1],
        };
        [
            (col - self.direct_beam_px[0]) * self.pixel_mm[0],
            rows_up * self.pixel_mm[1],
            self.distance_mm,
        ]
    }

    /// Exit direction seen by a point of the detector, with the sample pitched by alpha_i about
    /// the horizontal axis. Exact at any angle. With (x, y, z) from [`Self::position_mm`] and
    /// r their length:
    ///
    /// sin(alpha_f) = (y cos alpha_i - z sin alpha_i) / r,
    /// tan(2theta_f) = x / (z cos alpha_i + y sin alpha_i).
    #[must_use]
    pub fn direction(&self, beam: &Beam, col: f64, row: f64) -> Direction {
        let [x, y, z] = self.position_mm(col, row);
        let (sin_i, cos_i) = sin_cos(beam.alpha_i_rad);
        let forward = z * cos_i + y * sin_i;
        let normal = y * cos_i - z * sin_i;
        // atan2 against the in-plane length is the same angle as asin(normal / r), but keeps its
        // digits at large angles.
        Direction {
            alpha_f_rad: atan2(normal, hypot(forward, x)),
            two_theta_f_rad: atan2(x, forward),
        }
    }

    /// The point (column, row) that sees a direction; the inverse of [`Self::direction`].
    /// `None` where the direction does not reach the detector plane.
    #[must_use]
    pub fn pixel(&self, beam: &Beam, direction: &Direction) -> Option<[f64; 2]> {
        let (sin_i, cos_i) = sin_cos(beam.alpha_i_rad);
        let (sin_f, cos_f) = sin_cos(direction.alpha_f_rad);
        let (sin_t, cos_t) = sin_cos(direction.two_theta_f_rad);
        let forward = cos_f * cos_t;
        let along = forward * cos_i - sin_f * sin_i;
        if along <= 0.0 {
            return None;
        }
        let scale = self.distance_mm / along;
        let columns = cos_f * sin_t * scale / self.pixel_mm[0];
        let rows_up = (forward * sin_i + sin_f * cos_i) * scale / self.pixel_mm[1];
        let row = match self.up {
            Up::RowsDecrease => self.direct_beam_px[1] - rows_up,
            Up::RowsIncrease => self.direct_beam_px[1] + rows_up,
        };
        Some([self.direct_beam_px[0] + columns, row])
    }

    /// Solid angle in sr of the pixel centred at (col, row): area x L / r^3.
    ///
    /// Exact in the limit of small pixels; the relative error is of the order (pixel / r)^2,
    /// below 1e-8 at SAXS distances.
    #[must_use]
    pub fn solid_angle(&self, col: f64, row: f64) -> f64 {
        let [x, y, z] = self.position_mm(col, row);
        let r_squared = x * x + y * y + z * z;
        self.pixel_mm[0] * self.pixel_mm[1] * z / (r_squared * r_squared.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pilatus_2m() -> (Beam, FlatDetector) {
        let beam = Beam::new(0.1035, 0.39_f64.to_radians()).unwrap();
        let detector = FlatDetector {
            rows: 1679,
            cols: 1475,
            pixel_mm: [0.172, 0.172],
            distance_mm: 2565.0,
            direct_beam_px: [791.0, 1310.0],
            up: Up::RowsDecrease,
        };
        (beam, detector)
    }

    #[test]
    fn landmarks_of_a_flat_detector() {
        let (beam, detector) = pilatus_2m();
        let alpha_i = beam.alpha_i_rad();
        let rows_up = |angle: f64| 1310.0 - 2565.0 * angle.tan() / 0.172;
        let horizon = detector.direction(&beam, 791.0, rows_up(alpha_i));
        assert!(horizon.alpha_f_rad.abs() < 1e-15);
        let specular = detector.direction(&beam, 791.0, rows_up(2.0 * alpha_i));
        assert!((specular.alpha_f_rad - alpha_i).abs() < 1e-15);
        assert_eq!(specular.two_theta_f_rad, 0.0);
        // q at the specular point is (0, 0, 2 k sin alpha_i).
        let [q_x, q_y, q_z] = specular.q(&beam);
        assert!(q_x.abs() < 1e-12 && q_y == 0.0);
        assert!((q_z - 2.0 * beam.kz()).abs() < 1e-12);
        // The direct beam is the forward direction of the tilted frame.
        let direct = detector.direction(&beam, 791.0, 1310.0);
        assert!((direct.alpha_f_rad + alpha_i).abs() < 1e-15);
        assert!(direct.q(&beam).iter().all(|q| q.abs() < 1e-12));
    }

    #[test]
    fn agrees_with_the_fiber_integrator_of_pyfai() {
        // Pilatus 300k, dist 3 m, poni 0.02/0.04 m, lambda 0.09762 nm, alpha_i 0.4 deg,
        // detector orientation 3 (row 0 at the bottom), sample orientation 1.
        let beam = Beam::new(0.09762, 0.4_f64.to_radians()).unwrap();
        let detector = FlatDetector {
            rows: 619,
            cols: 487,
            pixel_mm: [0.172, 0.172],
            distance_mm: 3000.0,
            direct_beam_px: [40.0 / 0.172 - 0.5, 20.0 / 0.172 - 0.5],
            up: Up::RowsIncrease,
        };
        for (col, row, in_plane, out_of_plane) in
            [(0.0, 0.0, -0.8563, -0.4271), (486.0, 618.0, 0.9368, 1.8525)]
        {
            let direction = detector.direction(&beam, col, row);
            let q = direction.q(&beam);
            // Four printed digits.
            assert!((direction.q_par(&beam).copysign(q[1]) - in_plane).abs() < 6e-5);
            assert!((q[2] - out_of_plane).abs() < 6e-5, "{q:?}");
        }
    }

    #[test]
    fn q_has_the_length_of_an_elastic_process() {
        let (beam, detector) = pilatus_2m();
        let k = beam.k();
        for (col, row) in [(0.0, 0.0), (1474.0, 0.0), (300.5, 900.25), (791.0, 1310.0)] {
            let q = detector.direction(&beam, col, row).q(&beam);
            let k_f = [q[0] + k * beam.alpha_i_rad().cos(), q[1], q[2] - beam.kz()];
            let length = k_f.iter().map(|c| c * c).sum::<f64>().sqrt();
            assert!((length / k - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn pixel_inverts_direction() {
        let (beam, mut detector) = pilatus_2m();
        for up in [Up::RowsDecrease, Up::RowsIncrease] {
            detector.up = up;
            for (col, row) in [(0.0, 0.0), (1474.0, 1678.0), (300.5, 900.25)] {
                let direction = detector.direction(&beam, col, row);
                let [c, r] = detector.pixel(&beam, &direction).unwrap();
                assert!((c - col).abs() < 1e-9 && (r - row).abs() < 1e-9);
            }
        }
        let backwards = Direction {
            alpha_f_rad: 0.1,
            two_theta_f_rad: PI,
        };
        assert_eq!(detector.pixel(&beam, &backwards), None);
    }

    #[test]
    fn solid_angles_add_up() {
        // A 200 x 200 mm square seen from 100 mm subtends 2 pi / 3 (one face of a cube).
        let detector = FlatDetector {
            rows: 400,
            cols: 400,
            pixel_mm: [0.5, 0.5],
            distance_mm: 100.0,
            direct_beam_px: [199.5, 199.5],
            up: Up::RowsDecrease,
        };
        let mut sum = 0.0;
        for row in 0..400 {
            for col in 0..400 {
                sum += detector.solid_angle(col as f64, row as f64);
            }
        }
        assert!((sum / (2.0 * PI / 3.0) - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn refuses_impossible_values() {
        assert!(Beam::new(0.0, 0.01).is_err());
        assert!(Beam::new(0.1, 0.0).is_err());
        assert!(Beam::new(0.1, f64::NAN).is_err());
        let (_, detector) = pilatus_2m();
        assert!(detector.validate().is_ok());
        assert!(
            FlatDetector {
                rows: 0,
                ..detector
            }
            .validate()
            .is_err()
        );
        assert!(
            FlatDetector {
                distance_mm: -1.0,
                ..detector
            }
            .validate()
            .is_err()
        );
        assert!(
            FlatDetector {
                pixel_mm: [0.1, f64::INFINITY],
                ..detector
            }
            .validate()
            .is_err()
        );
    }

    #[test]
    fn energy_and_wavelength() {
        assert!((wavelength_nm(8.0478) - 0.154_060).abs() < 1e-6);
        assert!((energy_kev(wavelength_nm(12.7)) - 12.7).abs() < 1e-14);
    }
}
