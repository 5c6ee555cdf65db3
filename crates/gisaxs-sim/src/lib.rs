//! Simulated GISAXS frames with labels: what the network of gisaxs-rs learns from.
//!
//! A [`Prior`] says what is drawn: beam, detector, layers, particles, their correlation and
//! the artifacts of the experiment. From it come
//!
//! - detector frames ([`frame`]): every pixel computed, blurred, hidden, counted;
//! - views ([`View`]): the same experiment collected in the cells of a grid of
//!   (q_par, k sin alpha_f), without the detour over a million pixels, for training.
//!
//! ```
//! use gisaxs_sim::{Prior, frame::SimulatedFrame};
//!
//! let mut prior = Prior::default(); // the domain of the shipped network
//! prior.setup.detectors.truncate(1); // Pilatus 300k only
//! prior.validate()?;
//!
//! let frame = SimulatedFrame::draw(&prior, 1, 7)?;
//! assert_eq!(frame.shape, [619, 487]);
//! let (mean, distance) = (frame.particles.sizes.mean_nm(), frame.correlation.distance_nm);
//! assert!(distance > 2.0 * mean);
//! // Frame 7 of seed 1 is the same for ever.
//! assert_eq!(frame.counts, SimulatedFrame::draw(&prior, 1, 7)?.counts);
//! # Ok::<(), gisaxs_sim::Error>(())
//! ```
//!
//! The example `simulate_frame` writes such a frame as a CBF file with its `instrument.toml`.
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | ranges of everything that is drawn | [`Prior`], [`prior`], [`Range`] |
//! | an experiment: beam, detector, layers, mask | [`Setup`], [`Known`] |
//! | shape and sizes of the particles | [`Particles`], [`SizeDistribution`] |
//! | spacing and disorder | [`Correlation`], [`CorrelationModel`] |
//! | gaps, beamstops, backgrounds, noise, one file each | [`artifact`] |
//! | whole detector frames | [`frame`] |
//! | patterns on cells, computed once and looked at often | [`pattern`], [`CellSetup`], [`Sample`], [`View`] |
//! | random streams | [`rng`] |
//!
//! # Conventions
//!
//! - Lengths in nm, wave vectors in nm^-1, angles in rad except where a name ends in `_deg`,
//!   detector lengths in mm and pixels.
//! - Frames have shape (rows, columns), row-major, row 0 on top and the scattering at smaller
//!   rows. Grids have shape (k sin alpha_f, q_par), row-major, k upwards.
//! - Size distributions are number-weighted densities of the lateral radius R. D is the mean
//!   centre-to-centre distance, the disorder is sigma_D / D; particles stand on the top
//!   interface.
//! - Rates are counts per pixel. Before the exposure they are relative to the particles' level:
//!   the 99.5 % quantile over valid bins off the rod.
//! - In a frame, [`frame::GAP`] and [`frame::DEAD`] mark pixels without a measurement. Zero is a
//!   count, and a beamstop counts zero.
//! - Setup, sample, view and frame number i are pure functions of (prior, seed, i), whatever the
//!   threads: each has a ChaCha8 stream of its own ([`rng`]). The draws are the same on every
//!   platform, the last bits of logarithms and exponentials are not.
//!
//! # Accuracy
//!
//! - Ideal patterns of frames against the general DWBA of `gisaxs-physics`, pixel by pixel with
//!   the same radii (`tests/exact.rs`): medians of 6e-5 to 7e-4, 99 % of the pixels within 0.4 to
//!   2.4 %; larger errors only in sharp minima and just above the horizon.
//! - Views against whole frames, binned like measured ones: medians of 0.3 to 1.3 % per setup,
//!   mostly the variation inside a cell (`views_agree_with_preprocessed_frames` in
//!   `gisaxs-model`).
//! - Stored patterns are rounded to 0.02 %.
//! - Size distributions are cut below [`R_MIN_NM`] and beyond 3.9 standard deviations; the label
//!   is the distribution that is simulated, not its formula.
//!
//! # Feature flags
//!
//! - `network-input`: views encoded like measured frames, what the network sees.
//! - `dataset`: configuration files, shards, verification, previews, Slurm; implies the above.
//! - `hdf5`: export of datasets to HDF5.
//!
//! # References
//!
//! - G. Renaud, R. Lazzari, F. Leroy, Surf. Sci. Rep. 64, 255 (2009),
//!   doi:10.1016/j.surfrep.2009.07.002: DWBA, correlation models.
//! - S. K. Sinha et al., Phys. Rev. B 38, 2297 (1988), doi:10.1103/PhysRevB.38.2297: diffuse
//!   scattering of rough surfaces.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod artifact;
#[cfg(feature = "dataset")]
pub mod dataset;
mod error;
pub mod frame;
#[cfg(feature = "network-input")]
pub mod network_input;
mod normal;
pub mod pattern;
pub mod prior;
mod range;
pub mod rng;
mod size_distribution;
mod view;

pub use error::{Error, Result};
pub use prior::{Correlation, CorrelationModel, Known, Particles, Prior, Setup};
pub use range::{Bell, Choice, Range};
pub use size_distribution::{Component, Form, Kind, MAX_NODES, R_MIN_NM, SizeDistribution};
pub use view::{CellSetup, LEVEL_ROD_GUARD, Sample, View};
