//! The manifest: what a dataset is, and what is in it.

use std::io::Write;
use std::path::{Path, PathBuf};

use gisaxs_physics::Arithmetic;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic;
use super::config::{Config, hex};
use super::error::{Error, Result, corrupt, io};
use super::generator::Generator;
use super::schema::Field;
use super::shard::{Identity, Receipt, Statistics};

/// Name and version of the format.
pub const FORMAT: &str = "gisaxs-dataset/1";

/// Shards that a build holds at a time: samples in the making, samples being written, and the file
/// read back for its receipt.
pub(super) const SHARDS_IN_MEMORY: u64 = 3;

/// File name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// Everything that is known of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Name of the dataset.
    pub name: String,
    /// Crate that made it, and its version.
    pub generator: String,
    /// Seed of everything that was drawn.
    pub seed: u64,
    /// Number of samples.
    pub samples: u64,
    /// Samples per shard; the last may hold fewer.
    pub shard_samples: u64,
    /// Number of shards.
    pub shards_planned: u64,
    /// Bytes of the arrays that a build holds in memory at most: three shards.
    pub memory_bytes: u64,
    /// Digest of the plan: configuration, seed, number of samples, shard size, format.
    pub plan_sha256: String,
    /// Digest of the configuration.
    pub config_sha256: String,
    /// Which machines make the same bits. With [`Arithmetic::Native`], those with the `arithmetic`
    /// of a shard's receipt.
    pub arithmetic: Arithmetic,
    /// Tensors of a shard: names, types, shapes per sample, units.
    pub fields: Vec<Field>,
    /// Edges of the label densities, nm.
    pub radius_edges_nm: Vec<f64>,
    /// The configuration with every default written out.
    pub config: Config,
    /// The same as TOML, to plan from; this is what is read back, since TOML keeps every bit of
    /// a number and JSON readers do not have to.
    pub config_toml: String,
    /// Whether all shards are there; before, `shards` and `statistics` are empty.
    pub complete: bool,
    /// Receipts of the shards.
    pub shards: Vec<Receipt>,
    /// Extremes and means over the whole dataset.
    pub statistics: Vec<Statistics>,
}

impl Manifest {
    /// The manifest of a plan.
    #[must_use]
    pub fn new(generator: &Generator) -> Self {
        let config = generator.config().clone();
        let (seed, samples) = (generator.seed(), generator.samples());
        let shard_samples = config.dataset.shard_samples;
        let config_sha256 = config.digest();
        let sample_bytes: u64 = generator.fields().iter().map(|f| f.bytes() as u64).sum();
        let plan = format!("{FORMAT} {config_sha256} {seed} {samples} {shard_samples}");
        Self {
            format: FORMAT.into(),
            name: config.dataset.name.clone(),
            generator: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).into(),
            seed,
            samples,
            shard_samples,
            shards_planned: samples.div_ceil(shard_samples),
            memory_bytes: SHARDS_IN_MEMORY * shard_samples.min(samples) * sample_bytes,
            plan_sha256: hex(&Sha256::digest(plan)),
            config_sha256,
            arithmetic: config.dataset.arithmetic,
            fields: generator.fields().to_vec(),
            radius_edges_nm: generator.radius_edges().to_vec(),
            // Tables of numbers, texts and lists cannot fail to be written.
            config_toml: toml::to_string(&config).unwrap_or_default(),
            config,
            complete: false,
            shards: Vec::new(),
            statistics: Vec::new(),
        }
    }

    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// If there is none, it is damaged, or of another version.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = path(folder);
        let text = std::fs::read_to_string(&path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                corrupt(
                    &path,
                    "no manifest here, expected the folder of a dataset; `dataset plan` makes one",
                )
            } else {
                io(&path, "read")(source)
            }
        })?;
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| corrupt(&path, format!("not JSON: {e}")))?;
        let format = value
            .get("format")
            .and_then(|f| f.as_str())
            .unwrap_or("none");
        if format != FORMAT {
            return Err(corrupt(
                &path,
                format!("format {format}, expected {FORMAT}"),
            ));
        }
        let mut manifest: Self =
            serde_json::from_value(value).map_err(|e| corrupt(&path, e.to_string()))?;
        manifest.config = Config::parse(&path.display().to_string(), &manifest.config_toml)?;
        let expected = Self::new(&manifest.generator_of()?);
        if expected.plan_sha256 != manifest.plan_sha256 {
            return Err(corrupt(
                &path,
                "its digest is not that of its configuration: it was edited, or written by another version",
            ));
        }
        Ok(manifest)
    }

    /// The generator of its samples.
    ///
    /// # Errors
    /// If the configuration is not allowed.
    pub fn generator_of(&self) -> Result<Generator> {
        Generator::new(self.config.clone(), self.seed, self.samples)
    }

    /// What a shard says of itself.
    #[must_use]
    pub fn identity(&self, shard: u64) -> Identity {
        let range = self.range(shard);
        Identity {
            format: FORMAT.into(),
            plan: self.plan_sha256.clone(),
            shard,
            first: range.start,
            samples: range.end - range.start,
        }
    }

    /// Samples of a shard.
    #[must_use]
    pub fn range(&self, shard: u64) -> std::ops::Range<u64> {
        let first = shard * self.shard_samples;
        first..(first + self.shard_samples).min(self.samples)
    }

    /// Bytes of a sample without its provenance.
    #[must_use]
    pub fn sample_bytes(&self) -> u64 {
        self.fields.iter().map(|f| f.bytes() as u64).sum()
    }

    /// Writes the manifest whole.
    ///
    /// # Errors
    /// If the file system refuses.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = path(folder);
        let text = serde_json::to_string_pretty(self).map_err(|e| corrupt(&path, e.to_string()))?;
        atomic::write(&path, |file| file.write_all((text + "\n").as_bytes()))
    }

    /// Checks a shard number.
    ///
    /// # Errors
    /// [`Error::Argument`].
    pub fn check_shard(&self, shard: u64) -> Result<()> {
        if shard < self.shards_planned {
            return Ok(());
        }
        Err(Error::Argument {
            name: "shard",
            value: shard.to_string(),
            expected: format!("0 to {}", self.shards_planned - 1),
        })
    }
}

/// Path of the manifest in a folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(MANIFEST)
}
