//! Export to formats that other programs read as they are: one array per field over all samples.

#[cfg(feature = "hdf5")]
mod hdf5;
mod npy;

use std::path::Path;

use super::error::{Error, Result};
use super::manifest::Manifest;

#[cfg(feature = "hdf5")]
pub use hdf5::to_hdf5;
pub use npy::to_npy;

/// Refuses a target that exists, and datasets that are not complete.
fn prepare(folder: &Path, target: &Path) -> Result<Manifest> {
    if target.exists() {
        return Err(Error::InTheWay {
            path: target.to_owned(),
            what: "exists already".into(),
        });
    }
    let manifest = Manifest::open(folder)?;
    let missing = super::build::missing(folder, &manifest)?;
    if missing.is_empty() {
        return Ok(manifest);
    }
    Err(Error::Incomplete {
        folder: folder.to_owned(),
        missing,
        of: manifest.shards_planned,
    })
}
