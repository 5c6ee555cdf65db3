//! What a count must be divided by: solid angle, polarisation, absorption on the way.
//!
//! Definitions are pyFAI's (2026.9) where it has them: `solidAngleArray`, `polarization`,
//! `calc_transmission`. Absorption in air and in windows it leaves to the user.

use ndarray::Array2;

use super::{Geometry, length};
use crate::error::{Error, Result};
use gisaxs_physics::elementary::{exp, ln, powi, sin_cos};

/// Polarisation of the beam.
///
/// P = (1 + cos^2(2theta) - factor cos(2 (chi + azimuth)) sin^2(2theta)) / 2, with chi the
/// azimuth about the beam from the horizontal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polarization {
    factor: f64,
    azimuth_rad: f64,
}

impl Polarization {
    /// `factor` = (I_h - I_v) / (I_h + I_v): 1 horizontal, as at a synchrotron, 0
    /// unpolarised, -1 vertical; `azimuth_rad` turns the plane.
    ///
    /// # Errors
    /// [`Error::Value`] for a factor outside -1 to 1 or an azimuth that is not finite.
    pub fn new(factor: f64, azimuth_rad: f64) -> Result<Self> {
        checked(
            "polarization.factor",
            factor,
            "a number from -1 to 1",
            |f| (-1.0..=1.0).contains(&f),
        )?;
        checked("polarization.azimuth_rad", azimuth_rad, "a number", |_| {
            true
        })?;
        Ok(Self {
            factor,
            azimuth_rad,
        })
    }
}

/// Something on the way that absorbs, by where it stands. The linear attenuation
/// coefficient mu = 4 pi beta / lambda.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Absorber {
    /// Air or another gas between the sample and the detector: exp(-mu r).
    Path {
        /// Attenuation coefficient, mm^-1.
        mu_per_mm: f64,
    },
    /// A flat window across the beam: exp(-tau / cos(2theta)).
    WindowAcrossBeam {
        /// tau = mu x thickness, the optical thickness along the normal.
        optical_thickness: f64,
    },
    /// A flat window parallel to the detector: exp(-tau / cos(incidence)).
    WindowOnDetector {
        /// tau = mu x thickness, the optical thickness along the normal.
        optical_thickness: f64,
    },
    /// The sensor itself, which takes more of an oblique ray than of a normal one:
    /// (1 - t^(1 / cos(incidence))) / (1 - t), pyFAI's `calc_transmission`
    /// (G. Wu et al., J. Appl. Cryst. 35, 356 (2002)).
    Sensor {
        /// t, the transmission of the sensor at normal incidence, 0 to 1, both excluded.
        normal_transmission: f64,
    },
}

/// Factors by which counts are divided, all optional; made with [`Corrections::new`].
///
/// ```
/// use gisaxs_preproc::{Absorber, Corrections, Polarization};
///
/// let corrections = Corrections::new()
///     .with_solid_angle()
///     .with_polarization(Polarization::new(0.98, 0.0)?)
///     .with_absorber(Absorber::Path { mu_per_mm: 2.7e-4 })?;
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corrections {
    solid_angle: bool,
    polarization: Option<Polarization>,
    absorbers: Vec<Absorber>,
}

impl Corrections {
    /// No correction: the factor is 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is corrected, in words.
    pub(crate) fn names(&self) -> String {
        let parts = [
            (self.solid_angle, "solid angle"),
            (self.polarization.is_some(), "polarisation"),
            (!self.absorbers.is_empty(), "absorption"),
        ];
        let named: Vec<&str> = parts.iter().filter(|p| p.0).map(|p| p.1).collect();
        if named.is_empty() {
            "no geometric factor".to_owned()
        } else {
            named.join(", ")
        }
    }

    /// With the solid angle relative to that at the point of normal incidence,
    /// cos^3(incidence).
    #[must_use]
    pub fn with_solid_angle(mut self) -> Self {
        self.solid_angle = true;
        self
    }

    /// With the polarisation.
    #[must_use]
    pub fn with_polarization(mut self, polarization: Polarization) -> Self {
        self.polarization = Some(polarization);
        self
    }

    /// With something that absorbs.
    ///
    /// # Errors
    /// [`Error::Value`] for a coefficient that is negative or not finite, or a transmission
    /// outside 0 to 1.
    pub fn with_absorber(mut self, absorber: Absorber) -> Result<Self> {
        let not_negative = |x: f64| x >= 0.0;
        let expected = "a number of at least 0";
        match absorber {
            Absorber::Path { mu_per_mm } => {
                checked("mu_per_mm", mu_per_mm, expected, not_negative)?;
            }
            Absorber::WindowAcrossBeam { optical_thickness }
            | Absorber::WindowOnDetector { optical_thickness } => {
                checked(
                    "optical_thickness",
                    optical_thickness,
                    expected,
                    not_negative,
                )?;
            }
            Absorber::Sensor {
                normal_transmission,
            } => checked(
                "normal_transmission",
                normal_transmission,
                "a number between 0 and 1",
                |t| t > 0.0 && t < 1.0,
            )?,
        }
        self.absorbers.push(absorber);
        Ok(self)
    }

    /// Whether nothing is corrected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.solid_angle && self.polarization.is_none() && self.absorbers.is_empty()
    }
}

fn checked(key: &str, value: f64, expected: &str, allowed: impl Fn(f64) -> bool) -> Result<()> {
    if value.is_finite() && allowed(value) {
        return Ok(());
    }
    Err(Error::Value {
        file: "corrections".to_owned(),
        key: key.to_owned(),
        value: value.to_string(),
        expected: expected.to_owned(),
    })
}

impl Geometry {
    /// The factor that the counts of every pixel are divided by, shape (rows, columns).
    #[must_use]
    pub fn correction(&self, corrections: &Corrections) -> Array2<f64> {
        let [rows, cols] = self.shape;
        let mut factors = vec![0.0; rows * cols];
        for (row, out) in factors.chunks_exact_mut(cols).enumerate() {
            self.correction_row(corrections, row, out);
        }
        self.array(factors)
    }

    /// The factor that the counts of one row are divided by. A pixel that no ray reaches
    /// through a window across the beam has the factor 0.
    ///
    /// # Panics
    /// If the slice is not as long as a row.
    pub fn correction_row(&self, corrections: &Corrections, row: usize, out: &mut [f64]) {
        self.check_row(out);
        let distance = self.pose.distance_mm;
        let polarization = corrections.polarization.map(|p| {
            let (sin, cos) = sin_cos(2.0 * p.azimuth_rad);
            (p.factor * cos, p.factor * sin)
        });
        self.in_lab(row, out, |s| {
            let [x, y, z] = s;
            let r = length(s);
            let cos_incidence = distance / r;
            let mut factor = 1.0;
            if corrections.solid_angle {
                factor *= powi(cos_incidence, 3);
            }
            if let Some((cos, sin)) = polarization {
                // sin^2(2theta) cos(2 chi) = (x^2 - y^2) / r^2, and 2 x y / r^2 for the sine.
                let turned = cos * (x * x - y * y) - sin * (2.0 * x * y);
                factor *= 0.5 * (1.0 + (z * z - turned) / (r * r));
            }
            for absorber in &corrections.absorbers {
                factor *= match *absorber {
                    Absorber::Path { mu_per_mm } => exp(-mu_per_mm * r),
                    Absorber::WindowAcrossBeam { optical_thickness } if z > 0.0 => {
                        exp(-optical_thickness * r / z)
                    }
                    Absorber::WindowAcrossBeam { .. } => 0.0,
                    Absorber::WindowOnDetector { optical_thickness } => {
                        exp(-optical_thickness / cos_incidence)
                    }
                    Absorber::Sensor {
                        normal_transmission: t,
                    } => (1.0 - exp(ln(t) / cos_incidence)) / (1.0 - t),
                };
            }
            factor
        });
    }
}

#[cfg(test)]
mod tests {
    use gisaxs_physics::{Beam, FlatDetector, Up};

    use super::*;

    fn geometry() -> Geometry {
        let detector = FlatDetector {
            rows: 5,
            cols: 7,
            pixel_mm: [10.0, 10.0],
            distance_mm: 30.0,
            direct_beam_px: [3.0, 2.0],
            up: Up::RowsDecrease,
        };
        Geometry::from_flat(Beam::new(0.1, 0.01).unwrap(), &detector).unwrap()
    }

    #[test]
    fn a_horizontal_beam_does_not_scatter_sideways_at_a_right_angle() {
        let geometry = geometry();
        let of = |factor: f64, azimuth: f64| {
            let p = Polarization::new(factor, azimuth).unwrap();
            geometry.correction(&Corrections::new().with_polarization(p))
        };
        // Vertical plane: no correction. Horizontal plane: cos^2(2theta).
        let horizontal = of(1.0, 0.0);
        for row in 0..5 {
            assert!((horizontal[[row, 3]] - 1.0).abs() < 1e-15);
        }
        for col in 0..7 {
            let two_theta = geometry.map(super::super::Quantity::TwoTheta)[[2, col]];
            assert!((horizontal[[2, col]] - two_theta.cos().powi(2)).abs() < 1e-14);
        }
        // A quarter turn makes it vertical.
        let turned = of(1.0, std::f64::consts::FRAC_PI_2);
        let vertical = of(-1.0, 0.0);
        assert!(
            turned
                .iter()
                .zip(&vertical)
                .all(|(a, b)| (a - b).abs() < 1e-14)
        );
    }

    #[test]
    fn absorbers_follow_the_path() {
        let geometry = geometry();
        let of = |absorber| {
            let c = Corrections::new().with_absorber(absorber).unwrap();
            geometry.correction(&c)[[2, 6]]
        };
        // 30 mm aside at 30 mm: a ray of 45 deg.
        let oblique = 2.0_f64.sqrt();
        let air = of(Absorber::Path { mu_per_mm: 0.01 });
        assert!((air - (-0.3 * oblique).exp()).abs() < 1e-14);
        for window in [
            Absorber::WindowAcrossBeam {
                optical_thickness: 0.2,
            },
            Absorber::WindowOnDetector {
                optical_thickness: 0.2,
            },
        ] {
            assert!((of(window) - (-0.2 * oblique).exp()).abs() < 1e-14);
        }
        let sensor = of(Absorber::Sensor {
            normal_transmission: 0.4,
        });
        assert!((sensor - (1.0 - 0.4_f64.powf(oblique)) / 0.6).abs() < 1e-14);
    }

    #[test]
    fn impossible_corrections_are_refused() {
        assert!(Polarization::new(1.1, 0.0).is_err());
        assert!(Polarization::new(0.9, f64::NAN).is_err());
        let refused = Corrections::new().with_absorber(Absorber::Sensor {
            normal_transmission: 1.0,
        });
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("normal_transmission = 1"), "{error}");
        assert!(Corrections::new().is_empty());
        let negative = Absorber::Path { mu_per_mm: -1.0 };
        assert!(Corrections::new().with_absorber(negative).is_err());
    }
}
