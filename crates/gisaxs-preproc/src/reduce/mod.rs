//! From frames to curves and maps with errors: corrections, cuts, q maps, files, pictures.
//!
//! ```
//! use gisaxs_preproc::ndarray::Array2;
//! use gisaxs_preproc::reduce::{Image, Line, Profile, Regridder};
//! use gisaxs_preproc::{Frame, Instrument, Mask};
//!
//! let instrument = Instrument::from_toml(
//!     "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\nname = \"Pilatus 300k\"\n\
//!      distance_mm = 2565\ndirect_beam_px = [243, 560]\n[sample]\nparticle = \"Au\"",
//!     "instrument.toml",
//! )?;
//! let frame = Frame::new(Array2::from_elem((619, 487), 2.0))?;
//! let mask = Mask::new(&frame, &instrument)?;
//! let image = Image::counts(frame, mask)?;
//!
//! let line = Line::yoneda(&instrument, 2e-4, [-1.0, 1.0], 400)?;
//! let cut = Profile::new(&image, &instrument, &line)?;
//! assert!(cut.mean.iter().all(|&mean| mean == 2.0));
//! assert_eq!(cut.error[0], (2.0 * f64::from(cut.pixels[0])).sqrt() / f64::from(cut.pixels[0]));
//!
//! let map = Regridder::q_map(&instrument)?.map(&image)?;
//! assert_eq!(map.pixels.sum(), 301_453 - 16_558); // all pixels but the gaps
//! # Ok::<(), gisaxs_preproc::Error>(())
//! ```
//!
//! Pixels are collected by their centres and never split: counts are conserved, and what was
//! not measured stays empty. For a series, keep the [`Profiler`] or [`Regridder`]: they
//! depend on the instrument only.

mod average;
mod axis;
mod correct;
pub(crate) mod cut;
mod image;
mod line;
mod map;
mod output;
mod picture;
mod profile;
mod provenance;

pub use average::Errors;
pub use axis::{Axis, MAX_BINS, Spacing};
pub use correct::{FlatField, ImageCorrections, Normalisation, PixelFactors, header_number};
pub use image::Image;
pub use line::{Band, Line};
pub use map::{Map, Regridder};
pub use profile::{Profile, Profiler};
pub use provenance::Provenance;

pub use crate::geometry::Quantity;
