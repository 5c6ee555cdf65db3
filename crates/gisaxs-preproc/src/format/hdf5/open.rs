//! Opening HDF5 files within limits, with their filters and the files they link to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_reader::error::{Error as H5Error, Result as H5Result};
use hdf5_reader::{
    ExternalLinkResolver, FileStorage, FilterRegistry, Hdf5File, OpenOptions, Storage,
};

use super::bitshuffle::{unpack_bitshuffle_lz4, unpack_lz4};
use crate::format::source::{Bytes, MAX_EXPANSION};
use crate::frame::MAX_PIXELS;

/// Filters of the HDF Group's register.
const FILTER_LZ4: u16 = 32004;
const FILTER_BITSHUFFLE: u16 = 32008;
/// Bitshuffle's fifth parameter: what packs the planes.
const BITSHUFFLE_LZ4: u32 = 2;
/// Files that link to files that link to files: an Eiger's master needs one step.
const MAX_LINKED: usize = 8;
/// Memory for unpacked chunks that hold several frames.
const CHUNK_CACHE: usize = 64 << 20;

/// The content of a file, to be opened with or without a cache of chunks.
pub(super) enum Content {
    Memory(Arc<[u8]>),
    File(Arc<FileStorage>),
}

impl Content {
    pub(super) fn new(bytes: Bytes) -> H5Result<Self> {
        Ok(match bytes {
            Bytes::Memory(bytes) => Self::Memory(bytes.into()),
            Bytes::File(file, _) => Self::File(Arc::new(FileStorage::from_file(file)?)),
        })
    }

    /// Opens the content; a cache pays where a chunk holds several frames.
    pub(super) fn open(&self, links: Arc<Linked>, cached: bool) -> H5Result<Hdf5File> {
        match self {
            Self::Memory(bytes) => Hdf5File::from_shared_bytes_with_options(
                Arc::clone(bytes),
                options(bytes.len() as u64, links, cached),
            ),
            Self::File(file) => {
                let options = options(file.len(), links, cached);
                Hdf5File::from_storage_with_options(Arc::clone(file) as _, options)
            }
        }
    }
}

/// Nothing is unpacked to more than a file of this length can hold.
fn options(len: u64, links: Arc<Linked>, cached: bool) -> OpenOptions {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let limit = len.saturating_mul(MAX_EXPANSION).min(MAX_PIXELS * 8);
    OpenOptions::default()
        .with_filter_registry(filters(limit))
        .with_external_link_resolver(links)
        .with_chunk_cache_bytes(if cached { CHUNK_CACHE } else { 0 })
        .with_max_chunk_bytes(limit)
        .with_max_read_bytes(limit)
        .with_max_object_header_bytes(len.min(16 << 20))
}

fn filters(limit: usize) -> FilterRegistry {
    let mut filters = FilterRegistry::new();
    filters.register(
        FILTER_LZ4,
        Box::new(move |_, data, _| unpack_lz4(data, limit).map_err(H5Error::DecompressionError)),
    );
    filters.register(
        FILTER_BITSHUFFLE,
        Box::new(move |filter, data, size| match filter.client_data.get(4) {
            Some(&BITSHUFFLE_LZ4) => {
                // The filter was set up for elements of this size.
                let size = filter.client_data.get(2).map_or(size, |&n| n as usize);
                unpack_bitshuffle_lz4(data, size, limit).map_err(H5Error::DecompressionError)
            }
            other => Err(H5Error::UnsupportedFilter(format!(
                "bitshuffle with compression {}, expected LZ4 ({BITSHUFFLE_LZ4})",
                other.copied().unwrap_or(0)
            ))),
        }),
    );
    filters
}

/// Name of a filter that is not read, from the message of the container's reader, which has
/// its number in the HDF Group's register.
pub(super) fn filter_name(message: &str) -> Option<&'static str> {
    let number = message.rsplit(' ').next()?.parse::<u16>().ok()?;
    Some(match number {
        305 => "LZO compression (filter 305)",
        307 => "bzip2 compression (filter 307)",
        32000 => "LZF compression (filter 32000)",
        32001 => "Blosc compression (filter 32001)",
        32013 => "ZFP compression (filter 32013)",
        32015 => "Zstandard compression (filter 32015)",
        32017 => "SZ compression (filter 32017)",
        32026 => "Blosc2 compression (filter 32026)",
        _ => return None,
    })
}

/// Finds the files that a file links to: a path from its own folder, or, as libhdf5 does,
/// the bare name in that folder. Loops end in an error.
pub(super) struct Linked {
    folder: Option<PathBuf>,
    /// The file itself and those that led to it.
    chain: Vec<PathBuf>,
    files: Mutex<HashMap<PathBuf, Hdf5File>>,
}

impl Linked {
    /// For a file in `folder`; for content in memory there is none.
    pub(super) fn from(folder: Option<&Path>, file: &str) -> Self {
        let own = folder.and_then(|folder| {
            let name = Path::new(file).file_name()?;
            folder.join(name).canonicalize().ok()
        });
        Self {
            folder: folder.map(Path::to_owned),
            chain: own.into_iter().collect(),
            files: Mutex::default(),
        }
    }

    fn find(&self, name: &str) -> H5Result<PathBuf> {
        let Some(folder) = &self.folder else {
            let message = format!("the link to {name} can only be followed from a file on disk");
            return Err(H5Error::InvalidData(message));
        };
        let beside = Path::new(name).file_name().map(|bare| folder.join(bare));
        [Some(folder.join(name)), beside]
            .into_iter()
            .flatten()
            .find_map(|path| path.canonicalize().ok())
            .ok_or_else(|| {
                H5Error::InvalidData(format!(
                    "the linked file {} is missing",
                    folder.join(name).display()
                ))
            })
    }
}

impl ExternalLinkResolver for Linked {
    fn resolve_external_link(&self, name: &str) -> H5Result<Option<Hdf5File>> {
        let path = self.find(name)?;
        if self.chain.contains(&path) || self.chain.len() > MAX_LINKED {
            let message = format!("external links form a loop at {}", path.display());
            return Err(H5Error::InvalidData(message));
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&path) {
            return Ok(Some(file.clone()));
        }
        let unreadable = |e: crate::Error| H5Error::InvalidData(e.to_string());
        let content = Content::new(Bytes::open(&path).map_err(unreadable)?)?;
        let links = Self {
            folder: path.parent().map(Path::to_owned),
            chain: self.chain.iter().chain([&path]).cloned().collect(),
            files: Mutex::default(),
        };
        let file = content.open(Arc::new(links), false)?;
        files.insert(path, file.clone());
        Ok(Some(file))
    }
}
