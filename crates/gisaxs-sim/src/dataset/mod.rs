//! Datasets: from a configuration to labelled samples on the disk, reproducible bit for bit.
//!
//! ```
//! use gisaxs_sim::dataset::{Config, Generator};
//!
//! let generator = Generator::new(Config::preset("general")?, 1, 1000)?;
//! let group = generator.group(generator.group_of(7))?;
//! let sample = generator.sample(&group, 7)?;
//! // The same sample, whatever else is made.
//! assert_eq!(sample, generator.sample(&group, 7)?);
//! # Ok::<(), gisaxs_sim::dataset::Error>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | what is drawn, from a TOML file | [`Config`], [`KEYS`], [`PRESETS`] |
//! | how it is spread | [`Design`] |
//! | sample number i | [`Generator`], [`Record`] |
//! | a build on the disk | [`plan`], [`run`], [`merge`], [`gather`], [`Manifest`], [`Shard`] |
//! | whether it is right | [`verify`] |
//! | other formats | [`export`] |
//! | pictures | [`preview`] |
//! | samples without files | [`Stream`] |
//! | clusters | [`slurm`] |
//!
//! This module does what the rest of the crate leaves to others: it reads and writes files. It
//! needs the feature `dataset`.

mod atomic;
mod build;
mod config;
mod design;
mod error;
pub mod export;
mod general;
mod generator;
mod keys;
mod manifest;
pub mod preview;
mod schema;
mod shard;
pub mod slurm;
mod stream;
mod verify;

pub use build::{Estimate, Progress, estimate, gather, merge, missing, plan, run};
pub use config::{Build, Config, Contents, PRESETS};
pub use design::{Design, MAX_DIMENSIONS, Points};
pub use error::{Error, Result, list};
pub use general::{Description, Parameter};
pub use generator::{Generator, Group, Numbers, Record};
pub use keys::{KEYS, Key};
pub use manifest::{FORMAT, MANIFEST, Manifest};
pub use schema::{Field, PROVENANCE, Type};
pub use shard::{Identity, Receipt, Shard, Statistics, arithmetic};
pub use stream::Stream;
pub use verify::{Verdict, verify};
