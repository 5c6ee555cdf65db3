//! Distance, beam centre and tilt from the rings of a calibrant.
//!
//! The angle of ring n is 2theta = 2 asin(lambda / (2 d_n)) whatever the detector does; what
//! is fitted is where the pixels are. From a rough start: the centre about which the counts
//! are most alike on rings, the distance that brings the calibrant's rings to the maxima of
//! the radial profile, then points along every ring (a Gaussian on a straight background in
//! each of up to 180 sectors) and a least-squares fit of the pose to all of them, twice, with
//! outliers left out.

mod center;
pub(crate) mod least_squares;
mod rings;

use gisaxs_physics::elementary::{asin, atan2, hypot, powi, tan};

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::geometry::{Geometry, Rotations};
use crate::instrument::Instrument;
use crate::landmarks::Located;
use crate::mask::Mask;
use rings::RingPoint;

/// Spacing of the (001) planes of silver behenate, nm: 58.380(3) angstrom, T. C. Huang,
/// H. Toraya, T. N. Blanton, Y. Wu, J. Appl. Cryst. 26, 180 (1993),
/// doi:10.1107/S0021889892009762.
pub const SILVER_BEHENATE_NM: f64 = 5.8380;

/// Rings looked for at most: those of silver behenate grow weak beyond.
const MOST_RINGS: usize = 20;
/// By how much the distance may be off, either way.
const DISTANCE_OFF: f64 = 1.3;
/// Standard deviations of the profile at the rings, averaged, below which there are none.
const SIGNIFICANT: f64 = 3.0;
/// Points below which nothing is fitted, and sectors of the azimuth (of 12) they must reach.
const FEWEST_POINTS: usize = 24;
const FEWEST_SECTORS: usize = 3;

/// The spacings of a powder's rings.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrant {
    name: String,
    d_nm: Vec<f64>,
}

impl Calibrant {
    /// Silver behenate: (00l) of d = 5.8380 nm / l.
    #[must_use]
    pub fn silver_behenate() -> Self {
        Self {
            name: "silver behenate".to_owned(),
            d_nm: (1..=MOST_RINGS)
                .map(|l| SILVER_BEHENATE_NM / l as f64)
                .collect(),
        }
    }

    /// Another powder, by its spacings in nm, largest first.
    ///
    /// # Errors
    /// [`Error::Value`] for none, for spacings that are not positive, and for a wrong order.
    pub fn new(name: &str, d_nm: Vec<f64>) -> Result<Self> {
        let falls = d_nm.windows(2).all(|w| w[1] < w[0]);
        let positive = d_nm.iter().all(|d| d.is_finite() && *d > 0.0);
        if d_nm.is_empty() || !falls || !positive {
            return Err(Error::Value {
                file: name.to_owned(),
                key: "d_nm".to_owned(),
                value: format!("{d_nm:?}"),
                expected: "positive spacings in nm, the largest first".to_owned(),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            d_nm,
        })
    }

    /// Scattering angles of the rings that a wavelength reaches, rad.
    fn two_theta(&self, wavelength_nm: f64) -> Vec<f64> {
        self.d_nm
            .iter()
            .map(|d| wavelength_nm / (2.0 * d))
            .take_while(|&sine| sine < 0.9)
            .take(MOST_RINGS)
            .map(|sine| 2.0 * asin(sine))
            .collect()
    }
}

/// What to fit and what to start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationOptions {
    /// How far the direct beam of the instrument may be off, px; `None` to look for it
    /// anywhere.
    pub center_off_px: Option<f64>,
    /// Fit rot1 and rot2 as well. At small angles they hardly differ from a shift of the
    /// centre: the uncertainties tell.
    pub fit_tilt: bool,
}

impl Default for CalibrationOptions {
    /// A centre that is right to 25 px, and no tilt.
    fn default() -> Self {
        Self {
            center_off_px: Some(25.0),
            fit_tilt: false,
        }
    }
}

/// Where the detector stands, with standard uncertainties from the scatter of the points.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Distance along the beam, mm.
    pub distance_mm: Located,
    /// Direct beam: column, row.
    pub direct_beam_px: [Located; 2],
    /// Rotation about the vertical axis, rad; without uncertainty if it was not fitted.
    pub rot1_rad: Located,
    /// Rotation about the horizontal axis, rad; without uncertainty if it was not fitted.
    pub rot2_rad: Located,
    /// Rings with points.
    pub rings: usize,
    /// Points that were used.
    pub points: usize,
    /// Root mean square distance of the points from their rings, px.
    pub residual_px: f64,
}

/// Calibrates an instrument with a frame of a powder. Of the instrument, wavelength and pixel
/// size are taken as they are, distance (within 30 %), direct beam and tilts as the start.
///
/// # Errors
/// [`Error::Calibration`] if there are no rings, too few, or too little of them;
/// [`Error::DetectorUndetermined`] and [`Error::Shape`] as [`Instrument::for_frame`].
///
/// # Panics
/// If the mask is of another shape than the frame.
pub fn calibrate(
    frame: &Frame,
    mask: &Mask,
    instrument: &Instrument,
    calibrant: &Calibrant,
    options: &CalibrationOptions,
) -> Result<Calibration> {
    assert_eq!(mask.shape(), frame.shape(), "mask of another shape");
    let instrument = instrument.for_frame(frame)?;
    let fail = |found: String| Error::Calibration {
        file: frame.name().to_owned(),
        calibrant: calibrant.name.clone(),
        found,
    };
    let start = instrument.geometry()?;
    let two_theta = calibrant.two_theta(start.beam().wavelength_nm());
    if two_theta.is_empty() {
        return Err(fail("the wavelength reaches no ring".to_owned()));
    }
    let given = instrument.direct_beam_px();
    let centre = match options.center_off_px {
        Some(off) => center::by_contrast(frame, mask, given, off.max(1.0)),
        None => {
            let about = center::by_votes(frame, mask)
                .ok_or_else(|| fail("no edges whose centre could be found".to_owned()))?;
            center::by_contrast(frame, mask, about, 24.0)
        }
    };
    let pixel = instrument.pixels()?.1;
    // Square to the beam, in the mean pixel: the distance search needs no more.
    let mean_pixel = (pixel[0] * pixel[1]).sqrt();
    let radii: Vec<f64> = two_theta
        .iter()
        .take_while(|angle| **angle < 1.2)
        .map(|angle| instrument.distance_mm() * tan(*angle) / mean_pixel)
        .collect();
    let range = [1.0 / DISTANCE_OFF, DISTANCE_OFF];
    let (factor, score, seen) = rings::scale(frame, mask, centre, &radii, range)
        .ok_or_else(|| fail("no ring falls on the frame".to_owned()))?;
    if score < SIGNIFICANT {
        return Err(fail(format!(
            "about column {:.0}, row {:.0} the counts stand out by {score:.1} standard deviations \
             where {seen} rings would be, expected at least {SIGNIFICANT}",
            centre[0], centre[1]
        )));
    }
    let start = Start {
        instrument: &instrument,
        two_theta: &two_theta,
        fit_tilt: options.fit_tilt,
    };
    let rotations = instrument.rotations();
    let mut pose = vec![
        instrument.distance_mm() * factor,
        centre[0],
        centre[1],
        rotations.rot1,
        rotations.rot2,
    ];
    let mut result = None;
    // Wide windows first; then as the first fit allows.
    for window in [24.0, 12.0, 10.0] {
        let geometry = start.geometry(&pose)?;
        let points = rings::points(frame, mask, &geometry, &two_theta, window);
        let fitted = start.fit(&pose, points).map_err(&fail)?;
        pose.clone_from(&fitted.0);
        result = Some(fitted.1);
    }
    result.ok_or_else(|| fail("nothing was fitted".to_owned()))
}

struct Start<'a> {
    instrument: &'a Instrument,
    two_theta: &'a [f64],
    fit_tilt: bool,
}

impl Start<'_> {
    /// The geometry of a pose: distance (mm), column, row, rot1, rot2.
    fn geometry(&self, pose: &[f64]) -> Result<Geometry> {
        let rotations = Rotations {
            rot1: pose[3],
            rot2: pose[4],
            ..self.instrument.rotations()
        };
        self.instrument
            .geometry_at(pose[0], [pose[1], pose[2]], rotations)
    }

    /// Distances of points from their rings, px, over their uncertainty.
    fn residuals(&self, pose: &[f64], points: &[RingPoint], out: &mut Vec<f64>) {
        out.clear();
        let Ok(geometry) = self.geometry(pose) else {
            out.resize(points.len(), f64::NAN);
            return;
        };
        let angle = |col: f64, row: f64| geometry.two_theta(col, row);
        for point in points {
            let [col, row] = point.at;
            let (dx, dy) = (col - pose[1], row - pose[2]);
            let r = hypot(dx, dy).max(1.0);
            let (cos, sin) = (0.5 * dx / r, 0.5 * dy / r);
            let per_px = angle(col + cos, row + sin) - angle(col - cos, row - sin);
            let apart = (angle(col, row) - self.two_theta[point.ring]) / per_px.max(1e-12);
            out.push(apart / point.sigma);
        }
    }

    fn fit(
        &self,
        start: &[f64],
        mut points: Vec<RingPoint>,
    ) -> std::result::Result<(Vec<f64>, Calibration), String> {
        let free = if self.fit_tilt { 5 } else { 3 };
        let steps = [1e-3 * start[0], 0.05, 0.05, 1e-4, 1e-4];
        let whole = |x: &[f64]| {
            let mut pose = start.to_vec();
            pose[..free].copy_from_slice(x);
            pose
        };
        let mut pose = start.to_vec();
        let mut last = None;
        for _ in 0..4 {
            enough(&points, &pose)?;
            let found = least_squares::fit(&pose[..free], &steps[..free], |x, r| {
                self.residuals(&whole(x), &points, r);
            })
            .ok_or("the equations of the fit are singular: too few rings for these parameters")?;
            pose = whole(&found.x);
            let mut residuals = Vec::new();
            self.residuals(&pose, &points, &mut residuals);
            // Robust scale: spots and gaps make outliers.
            let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            let scale = (1.4826 * sizes[sizes.len() / 2]).max(0.5);
            let before = points.len();
            let mut keep = residuals.iter().map(|r| r.abs() < 4.0 * scale);
            points.retain(|_| keep.next().unwrap_or(false));
            last = Some(found);
            if points.len() == before {
                break;
            }
        }
        let found = last.ok_or("nothing was fitted")?;
        enough(&points, &pose)?;
        let mut residuals = Vec::new();
        self.residuals(&pose, &points, &mut residuals);
        let n = points.len() as f64;
        let square: f64 = residuals.iter().map(|r| r * r).sum();
        let scatter = (square / (n - free as f64)).max(1.0);
        let sigma = |i: usize| {
            if i < free {
                (found.variance[i] * scatter).sqrt()
            } else {
                0.0
            }
        };
        let at = |i: usize| Located {
            value: pose[i],
            sigma: sigma(i),
        };
        let residual_px = (residuals
            .iter()
            .zip(&points)
            .map(|(r, p)| powi(r * p.sigma, 2))
            .sum::<f64>()
            / n)
            .sqrt();
        let mut rings: Vec<usize> = points.iter().map(|p| p.ring).collect();
        rings.dedup();
        Ok((
            pose.clone(),
            Calibration {
                distance_mm: at(0),
                direct_beam_px: [at(1), at(2)],
                rot1_rad: at(3),
                rot2_rad: at(4),
                rings: rings.len(),
                points: points.len(),
                residual_px,
            },
        ))
    }
}

/// Whether points determine a pose at all.
fn enough(points: &[RingPoint], pose: &[f64]) -> std::result::Result<(), String> {
    let mut sectors = [false; 12];
    for point in points {
        let azimuth = atan2(point.at[1] - pose[2], point.at[0] - pose[1]);
        let turn = azimuth / std::f64::consts::TAU + 0.5;
        sectors[((turn * 12.0) as usize).min(11)] = true;
    }
    let reached = sectors.iter().filter(|s| **s).count();
    if points.len() < FEWEST_POINTS || reached < FEWEST_SECTORS {
        return Err(format!(
            "{} points on rings in {reached} of 12 directions, expected at least {FEWEST_POINTS} \
             in {FEWEST_SECTORS}",
            points.len()
        ));
    }
    Ok(())
}

impl Instrument {
    /// The same instrument where a calibration found it.
    ///
    /// # Errors
    /// [`Error::Value`] for a distance, a direct beam or a tilt outside the ranges of
    /// `instrument.toml`.
    pub fn with_calibration(self, calibration: &Calibration) -> Result<Self> {
        let rotations = Rotations {
            rot1: calibration.rot1_rad.value,
            rot2: calibration.rot2_rad.value,
            ..self.rotations()
        };
        let [col, row] = calibration.direct_beam_px;
        self.with_pose(
            calibration.distance_mm.value,
            [col.value, row.value],
            rotations,
        )
    }
}
