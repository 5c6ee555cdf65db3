//! Finding the geometry in the frame: rod, horizon, Yoneda band, specular and direct beam.
//!
//! | landmark | what is looked for | position it gives |
//! |---|---|---|
//! | rod | a narrow vertical line through the whole frame | column of the plane of incidence |
//! | horizon | the largest fall of the counts beside the rod; there the wave field above the surface vanishes like alpha_f, the counts like alpha_f^2 | row of alpha_f = 0 |
//! | Yoneda | the maximum above the horizon | row of alpha_f near the critical angle |
//! | specular | the sharpest maximum of the rod above the Yoneda band, or the centre of a halo whose middle a beamstop hides | row of alpha_f = alpha_i |
//! | direct beam | the same below the horizon | row of alpha_f = -alpha_i |
//!
//! With rows counted up from the direct beam, L the distance and p the pixel, they stand at
//! L tan(alpha_i) / p, L tan(alpha_i + alpha_c) / p and L tan(2 alpha_i) / p (Yoneda, Phys.
//! Rev. 131, 2010 (1963); Renaud et al., Surf. Sci. Rep. 64, 255 (2009), sect. 2). What is not
//! in a frame is not reported: every landmark is optional, with a sentence saying why it is
//! missing.

mod horizon;
mod peak;
mod profile;
mod rod;

use gisaxs_physics::Up;
use gisaxs_physics::elementary::{atan2, hypot};

use crate::frame::Frame;
use crate::geometry::Geometry;
use crate::mask::Mask;

/// A position with its standard uncertainty, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// The position.
    pub value: f64,
    /// One standard deviation: from counting where that dominates, never below what the
    /// method resolves.
    pub sigma: f64,
}

impl Located {
    /// Whether `value` lies within `n` standard deviations.
    #[must_use]
    pub fn agrees(&self, value: f64, n: f64) -> bool {
        (self.value - value).abs() <= n * self.sigma
    }
}

/// What is known before looking.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LandmarkHints {
    /// Which way is up in the stored frame.
    pub up: Up,
    /// About where the direct beam is, \[column, row\], and how far it may be off, px.
    pub direct_beam_px: Option<([f64; 2], f64)>,
}

/// What was found in a frame; rows and columns in px, 0-based, integers are pixel centres.
///
/// ```no_run
/// use gisaxs_preproc::{Frame, Instrument, LandmarkHints, Landmarks, Mask};
///
/// let frame = Frame::open("frame.cbf")?;
/// let instrument = Instrument::from_path("instrument.toml")?.for_frame(&frame)?;
/// let mask = Mask::new(&frame, &instrument)?;
/// let found = Landmarks::find(&frame, &mask, &LandmarkHints::default());
/// if let Some(angle) = found.incidence_deg(&instrument.geometry()?) {
///     println!("{:.3} +- {:.3} deg", angle.value, angle.sigma);
/// }
/// for sentence in &found.missing {
///     println!("{sentence}");
/// }
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Landmarks {
    /// Column of the plane of incidence.
    pub rod_column: Option<Located>,
    /// Row of the horizon.
    pub horizon_row: Option<Located>,
    /// Row of the Yoneda maximum.
    pub yoneda_row: Option<Located>,
    /// Row of the specular beam.
    pub specular_row: Option<Located>,
    /// Row of the direct beam.
    pub direct_beam_row: Option<Located>,
    /// What was not found and why, one sentence each.
    pub missing: Vec<String>,
}

impl Landmarks {
    /// Looks for the landmarks of a frame among the pixels that are measured; beamstops may
    /// but need not be masked.
    ///
    /// # Panics
    /// If the mask is of another shape.
    #[must_use]
    pub fn find(frame: &Frame, mask: &Mask, hints: &LandmarkHints) -> Self {
        assert_eq!(mask.shape(), frame.shape(), "mask of another shape");
        let mut found = Self::default();
        let image = profile::Image::new(frame, mask, hints.up);
        let guess = hints.direct_beam_px;
        let near = guess.map(|([col, _], off)| (col, off));
        let rod = match rod::find(&image, near) {
            Ok(rod) => rod,
            Err(why) => {
                found.missing.push(format!("no rod: {why}"));
                found.missing.push("no horizon, Yoneda band, specular or direct beam: they are looked for along the rod".to_owned());
                return found;
            }
        };
        found.rod_column = Some(rod);
        let beside = profile::beside_rod(&image, rod.value);
        let along = profile::along_rod(&image, rod.value);
        // Rows of the image count downwards from the top, whatever the file does.
        let to_file = |at: Located| Located {
            value: image.file_row(at.value),
            ..at
        };
        let edge = match horizon::find(&beside) {
            Ok(edge) => Some(edge),
            Err(why) => {
                found.missing.push(format!("no horizon: {why}"));
                None
            }
        };
        if let Some(edge) = &edge {
            found.horizon_row = Some(to_file(edge.horizon));
            found.yoneda_row = Some(to_file(edge.yoneda));
        }
        let guess_row = guess.map(|([_, row], off)| (image.file_row(row), off));
        match peak::direct(&along, edge.as_ref(), guess_row) {
            Ok(row) => found.direct_beam_row = Some(to_file(row)),
            Err(why) => found.missing.push(format!("no direct beam: {why}")),
        }
        let direct = found.direct_beam_row.map(|at| Located {
            value: image.file_row(at.value),
            ..at
        });
        match peak::specular(&along, edge.as_ref(), direct.or(guess_row.map(located))) {
            Ok(row) => found.specular_row = Some(to_file(row)),
            Err(why) => found.missing.push(format!("no specular beam: {why}")),
        }
        found
    }

    /// The incidence angle in deg, from the specular beam: half of the angle between it and
    /// the direct beam of the geometry, whose distance and tilts are used and whose
    /// incidence angle is not. `None` without a specular beam, and for one that is not above
    /// the direct beam.
    ///
    /// Sigma holds the uncertainty of the specular row only; one pixel of the direct beam
    /// weighs as much.
    #[must_use]
    pub fn incidence_deg(&self, geometry: &Geometry) -> Option<Located> {
        let specular = self.specular_row?;
        let [direct_col, direct_row] = geometry.direct_beam_px()?;
        let col = self.rod_column.map_or(direct_col, |rod| rod.value);
        let elevation = |row: f64| {
            let [x, y, z] = geometry.position_mm(col, row);
            atan2(y, hypot(x, z))
        };
        let [_, y, z] = geometry.position_mm(direct_col, direct_row);
        let zero = atan2(y, z);
        let angle = 0.5 * (elevation(specular.value) - zero);
        let per_px = 0.5 * (elevation(specular.value + 1.0) - elevation(specular.value)).abs();
        (angle > 0.0).then(|| Located {
            value: angle.to_degrees(),
            sigma: (per_px * specular.sigma).to_degrees(),
        })
    }
}

fn located((value, sigma): (f64, f64)) -> Located {
    Located { value, sigma }
}
