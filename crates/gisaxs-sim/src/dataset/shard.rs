//! Shards: one safetensors file per so many samples, and a receipt beside it.

use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use gisaxs_physics::Arithmetic;
use safetensors::tensor::{Dtype, View};
use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic;
use super::config::hex;
use super::error::{Error, Result, corrupt, io};
use super::generator::Record;
use super::manifest::{FORMAT, Manifest};
use super::schema::{Field, PROVENANCE, Type};

/// Key of the metadata of a shard.
const METADATA: &str = "gisaxs";

/// What a shard says of itself, in its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Format of the dataset.
    pub format: String,
    /// Digest of the plan: configuration, seed, number of samples, shard size.
    pub plan: String,
    /// Number of the shard.
    pub shard: u64,
    /// Number of its first sample.
    pub first: u64,
    /// Number of its samples.
    pub samples: u64,
}

/// What is known of a finished shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Number of the shard.
    pub shard: u64,
    /// Number of its first sample.
    pub first: u64,
    /// Number of its samples.
    pub samples: u64,
    /// Path from the folder of the dataset.
    pub file: String,
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// `portable` if every machine makes the same bits, otherwise the architecture of the
    /// (older) one that made it.
    pub arithmetic: String,
    /// Extremes and mean of every field.
    pub statistics: Vec<Statistics>,
}

impl Receipt {
    /// In words, the first thing that `other` says differently; machines aside.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self.sha256 != other.sha256 {
            let [found, expected] = [self, other].map(|r| short(&r.sha256));
            return Some(format!("SHA-256 {found}, expected {expected}"));
        }
        let named = |r: &Self| (r.shard, r.first, r.samples, r.file.clone(), r.bytes);
        if named(self) != named(other) {
            let [found, expected] = [named(self), named(other)];
            return Some(format!(
                "shard, first sample, samples, file and bytes {found:?}, expected {expected:?}"
            ));
        }
        if self.statistics.len() != other.statistics.len() {
            let [found, expected] = [self, other].map(|r| r.statistics.len());
            return Some(format!("statistics of {found} fields, expected {expected}"));
        }
        let mut pairs = self.statistics.iter().zip(&other.statistics);
        let (found, expected) = pairs.find(|(a, b)| a != b)?;
        Some(format!("statistics {found:?}, expected {expected:?}"))
    }
}

/// Extremes and mean of one field over the samples of a shard or dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Name of the field.
    pub field: String,
    /// Numbers that are not NaN.
    pub count: u64,
    /// NaN, where a field is optional.
    pub absent: u64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Mean.
    pub mean: f64,
}

impl Statistics {
    fn of(field: &str, dtype: Type, bytes: &[u8]) -> Self {
        // Chunks have the size of their number, so the conversions cannot fail.
        macro_rules! numbers {
            ($kind:ty, $n:literal) => {
                bytes
                    .as_chunks::<$n>()
                    .0
                    .iter()
                    .map(|b| <$kind>::from_le_bytes(*b) as f64)
            };
        }
        match dtype {
            Type::U8 => Self::collect(field, bytes.iter().map(|&b| f64::from(b))),
            Type::I32 => Self::collect(field, numbers!(i32, 4)),
            Type::U64 => Self::collect(field, numbers!(u64, 8)),
            Type::F32 => Self::collect(field, numbers!(f32, 4)),
            Type::F64 => Self::collect(field, numbers!(f64, 8)),
        }
    }

    fn collect(field: &str, numbers: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut absent, mut sum) = (0, 0, 0.0);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for x in numbers {
            if x.is_nan() {
                absent += 1;
            } else {
                count += 1;
                sum += x;
                min = min.min(x);
                max = max.max(x);
            }
        }
        if count == 0 {
            (min, max) = (0.0, 0.0);
        }
        Self {
            field: field.to_owned(),
            count,
            absent,
            min: written(min),
            max: written(max),
            mean: written(if count == 0 { 0.0 } else { sum / count as f64 }),
        }
    }

    /// Both together.
    pub(super) fn merged(&self, other: &Self) -> Self {
        let count = self.count + other.count;
        let (min, max) = match (self.count, other.count) {
            (0, _) => (other.min, other.max),
            (_, 0) => (self.min, self.max),
            _ => (self.min.min(other.min), self.max.max(other.max)),
        };
        let sum = self.mean * self.count as f64 + other.mean * other.count as f64;
        Self {
            field: self.field.clone(),
            count,
            absent: self.absent + other.absent,
            min,
            max,
            mean: written(if count == 0 { 0.0 } else { sum / count as f64 }),
        }
    }
}

/// The number with twelve digits, which every reader of JSON reads as it was written.
fn written(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

/// File of a shard below the folder of the dataset.
#[must_use]
pub(super) fn file_name(shard: u64) -> String {
    format!("shards/{shard:06}.safetensors")
}

pub(super) fn path(folder: &Path, shard: u64) -> PathBuf {
    folder.join(file_name(shard))
}

pub(super) fn receipt_path(folder: &Path, shard: u64) -> PathBuf {
    folder.join(format!("shards/{shard:06}.json"))
}

fn dtype(kind: Type) -> Dtype {
    match kind {
        Type::U8 => Dtype::U8,
        Type::I32 => Dtype::I32,
        Type::U64 => Dtype::U64,
        Type::F32 => Dtype::F32,
        Type::F64 => Dtype::F64,
    }
}

/// A tensor of a shard. Its bytes are put together only while they are written, so that a shard
/// is never in memory twice.
struct Column<'a> {
    dtype: Type,
    shape: Vec<usize>,
    records: &'a [Record],
    content: Content,
}

enum Content {
    /// The field of this position.
    Field(usize),
    /// The JSON texts of all samples.
    Texts,
    /// Where each text ends.
    Ends,
}

impl<'a> Column<'a> {
    /// The tensors of a shard by name: one per field, and the provenance.
    fn all(fields: &[Field], records: &'a [Record]) -> Vec<(String, Self)> {
        let n = records.len();
        let column = |dtype, shape, content| Column {
            dtype,
            shape,
            records,
            content,
        };
        let text = records.iter().map(|r| r.provenance.len()).sum();
        let [texts, ends] = PROVENANCE.map(String::from);
        fields
            .iter()
            .enumerate()
            .map(|(i, field)| {
                let shape = std::iter::once(n).chain(field.shape.iter().copied());
                let column = column(field.dtype, shape.collect(), Content::Field(i));
                (field.name.clone(), column)
            })
            .chain([
                (texts, column(Type::U8, vec![text], Content::Texts)),
                (ends, column(Type::U64, vec![n], Content::Ends)),
            ])
            .collect()
    }
}

impl View for Column<'_> {
    fn dtype(&self) -> Dtype {
        dtype(self.dtype)
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        match self.content {
            Content::Field(i) => {
                for record in self.records {
                    record.fields[i].append_to(&mut bytes);
                }
            }
            Content::Texts => {
                for record in self.records {
                    bytes.extend_from_slice(record.provenance.as_bytes());
                }
            }
            Content::Ends => {
                let mut end = 0;
                for record in self.records {
                    end += record.provenance.len() as u64;
                    bytes.extend(end.to_le_bytes());
                }
            }
        }
        debug_assert_eq!(bytes.len(), self.data_len());
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bytes()
    }
}

/// Writes a shard whole, under its final name only when it is on the disk.
pub(super) fn write(
    folder: &Path,
    identity: &Identity,
    fields: &[Field],
    records: &[Record],
) -> Result<()> {
    let path = path(folder, identity.shard);
    // One key only: a map of several would be written in random order.
    let text = serde_json::to_string(identity).map_err(|e| corrupt(&path, e.to_string()))?;
    let metadata = [(METADATA.to_owned(), text)].into_iter().collect();
    atomic::make(&path, |temporary| {
        safetensors::serialize_to_file(Column::all(fields, records), Some(metadata), temporary)
            .map_err(|e| match e {
                SafeTensorError::IoError(e) => io(&path, "write")(e),
                e => corrupt(&path, e.to_string()),
            })
    })
}

/// A shard in memory.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    bytes: Vec<u8>,
    /// What it says of itself.
    pub identity: Identity,
}

impl Shard {
    /// Reads a shard and checks that it belongs to `manifest`.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is of another plan.
    pub fn open(folder: &Path, manifest: &Manifest, shard: u64) -> Result<Self> {
        let path = path(folder, shard);
        let bytes = std::fs::read(&path).map_err(io(&path, "read"))?;
        let mut file = File::open(&path).map_err(io(&path, "read"))?;
        let identity = header(&path, &mut file)?.identity;
        check_identity(&path, manifest, &identity, shard)?;
        SafeTensors::deserialize(&bytes).map_err(|e| {
            corrupt(
                &path,
                format!("not a whole safetensors file ({e}); remove it to have it made again"),
            )
        })?;
        Ok(Self {
            path,
            bytes,
            identity,
        })
    }

    /// As [`open`](Self::open), and checks the SHA-256 against the receipt and the manifest.
    ///
    /// # Errors
    /// As [`open`](Self::open); if there is no receipt, or it says something else.
    pub(super) fn open_checked(folder: &Path, manifest: &Manifest, number: u64) -> Result<Self> {
        let shard = Self::open(folder, manifest, number)?;
        let receipt = receipt(folder, number)?.ok_or_else(|| {
            let path = receipt_path(folder, number);
            corrupt(&path, "no receipt; `dataset run` makes it")
        })?;
        same_bytes(&shard.path, &shard.sha256(), &receipt)?;
        check_listed(folder, manifest, &receipt)?;
        Ok(shard)
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.identity.samples as usize
    }

    /// Bytes of a field (or of one of [`PROVENANCE`]), little-endian, all samples.
    ///
    /// # Errors
    /// If there is no such tensor, or its type or shape is not that of the field.
    pub fn field(&self, field: &Field) -> Result<&[u8]> {
        let tensors = SafeTensors::deserialize(&self.bytes)
            .map_err(|e| corrupt(&self.path, e.to_string()))?;
        let tensor = tensors
            .tensor(&field.name)
            .map_err(|_| corrupt(&self.path, format!("tensor {} is missing", field.name)))?;
        let shape: Vec<usize> = std::iter::once(self.samples())
            .chain(field.shape.iter().copied())
            .collect();
        if tensor.dtype() != dtype(field.dtype) || tensor.shape() != shape {
            return Err(corrupt(
                &self.path,
                format!(
                    "tensor {} is {:?} {:?}, expected {:?} {shape:?}",
                    field.name,
                    tensor.dtype(),
                    tensor.shape(),
                    field.dtype
                ),
            ));
        }
        // The view borrows the file, not the parsed header.
        let start = tensor.data().as_ptr() as usize - self.bytes.as_ptr() as usize;
        Ok(&self.bytes[start..start + tensor.data().len()])
    }

    /// The JSON text of every sample.
    ///
    /// # Errors
    /// If it is missing or its ends are not ascending.
    pub fn provenance(&self) -> Result<Vec<String>> {
        let tensors = SafeTensors::deserialize(&self.bytes)
            .map_err(|e| corrupt(&self.path, e.to_string()))?;
        let get = |name: &str| {
            tensors
                .tensor(name)
                .map_err(|_| corrupt(&self.path, format!("tensor {name} is missing")))
        };
        let (text, ends) = (get(PROVENANCE[0])?, get(PROVENANCE[1])?);
        let mut start = 0;
        ends.data()
            .as_chunks::<8>()
            .0
            .iter()
            .map(|end| {
                let end = u64::from_le_bytes(*end) as usize;
                let part = text.data().get(start..end).ok_or_else(|| {
                    corrupt(
                        &self.path,
                        format!("{} ends before it starts", PROVENANCE[0]),
                    )
                })?;
                start = end;
                Ok(String::from_utf8_lossy(part).into_owned())
            })
            .collect()
    }

    /// SHA-256 of the file, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }

    /// Receipt of the shard.
    ///
    /// # Errors
    /// If a field is missing or of the wrong type.
    pub fn receipt(&self, manifest: &Manifest) -> Result<Receipt> {
        let statistics = manifest
            .fields
            .iter()
            .map(|f| Ok(Statistics::of(&f.name, f.dtype, self.field(f)?)))
            .collect::<Result<Vec<_>>>()?;
        let Identity {
            shard,
            first,
            samples,
            ..
        } = self.identity;
        Ok(Receipt {
            shard,
            first,
            samples,
            file: file_name(shard),
            bytes: self.bytes.len() as u64,
            sha256: self.sha256(),
            arithmetic: arithmetic(manifest.arithmetic),
            statistics,
        })
    }
}

/// The header of a shard on the disk.
struct Header {
    identity: Identity,
    /// First byte of the data.
    data: u64,
    /// Where each tensor begins and ends in the data.
    tensors: std::collections::BTreeMap<String, [u64; 2]>,
}

/// Longest header that is read: a hundred times that of any dataset.
const LONGEST_HEADER: u64 = 10 << 20;

/// Reads the header of an open shard; the data is not read.
fn header(path: &Path, file: &mut File) -> Result<Header> {
    use std::io::Read;
    #[derive(Deserialize)]
    struct Tensor {
        data_offsets: [u64; 2],
    }
    let damaged = || {
        corrupt(
            path,
            "not a whole safetensors file; remove it to have it made again",
        )
    };
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| damaged())?;
    let length = u64::from_le_bytes(length);
    let size = file.metadata().map_err(io(path, "read"))?.len();
    if length > LONGEST_HEADER || 8 + length > size {
        return Err(damaged());
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(|_| damaged())?;
    let mut entries: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|_| damaged())?;
    let identity = entries
        .remove("__metadata__")
        .and_then(|m| serde_json::from_str(m.get(METADATA)?.as_str()?).ok())
        .ok_or_else(|| corrupt(path, "no shard of a dataset: its metadata is missing"))?;
    let tensors = entries
        .into_iter()
        .map(|(name, entry)| {
            let tensor: Tensor = serde_json::from_value(entry).map_err(|_| damaged())?;
            Ok((name, tensor.data_offsets))
        })
        .collect::<Result<_>>()?;
    Ok(Header {
        identity,
        data: 8 + length,
        tensors,
    })
}

fn check_identity(path: &Path, manifest: &Manifest, found: &Identity, shard: u64) -> Result<()> {
    let expected = manifest.identity(shard);
    if found.plan != expected.plan || found.format != FORMAT {
        return Err(Error::InTheWay {
            path: path.to_owned(),
            what: format!(
                "a shard of another configuration, seed or format ({} {}, expected {} {})",
                found.format,
                short(&found.plan),
                expected.format,
                short(&expected.plan)
            ),
        });
    }
    if *found != expected {
        return Err(corrupt(
            path,
            format!(
                "shard {} with samples {}.., expected shard {shard} with samples {}..",
                found.shard, found.first, expected.first
            ),
        ));
    }
    Ok(())
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Whether the shard is there: whole, of this plan, as long as its receipt says. Only its header
/// is read.
///
/// # Errors
/// If a file of its name is something else.
pub(super) fn is_there(folder: &Path, manifest: &Manifest, shard: u64) -> Result<bool> {
    let path = path(folder, shard);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io(&path, "read")(error)),
    };
    let header = header(&path, &mut file)?;
    check_identity(&path, manifest, &header.identity, shard)?;
    let size = file.metadata().map_err(io(&path, "read"))?.len();
    let end = header.data + header.tensors.values().map(|t| t[1]).max().unwrap_or(0);
    if end == size {
        Ok(true)
    } else {
        Err(corrupt(
            &path,
            format!("{size} bytes, expected {end}; remove it to have it made again"),
        ))
    }
}

/// The receipt of a shard, `None` if there is none yet.
///
/// # Errors
/// If it cannot be read or is no receipt.
pub(super) fn receipt(folder: &Path, shard: u64) -> Result<Option<Receipt>> {
    let path = receipt_path(folder, shard);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(&path, "read")(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|e| {
        corrupt(
            &path,
            format!("no receipt of a shard ({e}); remove it to have it made again"),
        )
    })
}

/// Reads a finished shard back and writes its receipt, unless the manifest of a finished dataset
/// lists another.
pub(super) fn write_receipt(folder: &Path, manifest: &Manifest, shard: u64) -> Result<Receipt> {
    let receipt = Shard::open(folder, manifest, shard)?.receipt(manifest)?;
    let path = receipt_path(folder, shard);
    let failed = |e: serde_json::Error| corrupt(&path, e.to_string());
    let text = serde_json::to_string_pretty(&receipt).map_err(failed)?;
    // As it will be read.
    let receipt = serde_json::from_str(&text).map_err(failed)?;
    check_listed(folder, manifest, &receipt)?;
    atomic::write(&path, |file| file.write_all((text + "\n").as_bytes()))?;
    Ok(receipt)
}

/// Refuses a receipt that is not the one in the manifest of a finished dataset.
pub(super) fn check_listed(folder: &Path, manifest: &Manifest, receipt: &Receipt) -> Result<()> {
    let listed = manifest.shards.iter().find(|s| s.shard == receipt.shard);
    match listed.and_then(|listed| receipt.difference(listed)) {
        None => Ok(()),
        Some(what) => Err(corrupt(
            &path(folder, receipt.shard),
            format!("not the shard that the manifest of the finished dataset lists: {what}"),
        )),
    }
}

/// Reads a shard and compares its SHA-256 with that of its receipt; a megabyte is in memory.
pub(super) fn check_bytes(folder: &Path, receipt: &Receipt) -> Result<()> {
    use std::io::Read;
    let path = path(folder, receipt.shard);
    let mut file = File::open(&path).map_err(io(&path, "read"))?;
    let mut digest = Sha256::new();
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part).map_err(io(&path, "read"))? {
            0 => break,
            n => digest.update(&part[..n]),
        }
    }
    same_bytes(&path, &hex(&digest.finalize()), receipt)
}

fn same_bytes(path: &Path, found: &str, receipt: &Receipt) -> Result<()> {
    if found == receipt.sha256 {
        return Ok(());
    }
    Err(corrupt(
        path,
        format!(
            "SHA-256 {}, expected {} of its receipt; remove both to have it made again",
            short(found),
            short(&receipt.sha256)
        ),
    ))
}

/// What decides the last bits here: `portable`, or the architecture if they are its own.
#[must_use]
pub fn arithmetic(mode: Arithmetic) -> String {
    if mode.is_portable_here() {
        "portable".into()
    } else {
        std::env::consts::ARCH.into()
    }
}

/// Bytes of a field in a shard on the disk, of all its samples or of the one at a position,
/// without reading the rest.
pub(super) fn column(
    folder: &Path,
    manifest: &Manifest,
    shard: u64,
    field: &Field,
    at: Option<u64>,
) -> Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let path = path(folder, shard);
    let mut file = File::open(&path).map_err(io(&path, "read"))?;
    let header = header(&path, &mut file)?;
    let tensor = header.tensors.get(&field.name);
    let &[start, end] =
        tensor.ok_or_else(|| corrupt(&path, format!("tensor {} is missing", field.name)))?;
    let n = field.bytes() as u64;
    if end.checked_sub(start) != Some(n * manifest.identity(shard).samples) {
        return Err(corrupt(
            &path,
            format!("tensor {} has the wrong size", field.name),
        ));
    }
    let (from, count) = match at {
        Some(at) => (start + at * n, n),
        None => (start, end - start),
    };
    file.seek(SeekFrom::Start(header.data + from))
        .map_err(io(&path, "read"))?;
    let mut bytes = vec![0; count as usize];
    file.read_exact(&mut bytes).map_err(io(&path, "read"))?;
    Ok(bytes)
}
