//! What a dataset is made of: the TOML configuration.

use std::collections::BTreeMap;
use std::path::Path;

use gisaxs_physics::Arithmetic;
use gisaxs_physics::elementary::{exp, ln};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Design;
use super::error::{Error, Result, io};
use super::general::Description;
use super::keys;
use super::schema::Type;
use crate::Prior;
use crate::prior::{ArtifactPrior, CorrelationPrior, ParticlePrior, SetupPrior};
use crate::rng::Quantity;

/// What a sample holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Planes and numbers as the network sees them.
    #[default]
    NetworkInput,
    /// Raw counts of a whole detector (or of a part, described as a detector of its own).
    Frame,
}

/// The `[dataset]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Build {
    /// Name of the dataset.
    pub name: String,
    /// What a sample holds.
    pub contents: Contents,
    /// How drawn quantities are spread.
    pub design: Design,
    /// Levels of the quantities of a grid.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, u32>,
    /// Samples that share a setup.
    pub samples_per_setup: u64,
    /// Samples per file. A configuration file that does not say it gets [`Config::fitting_shard`].
    pub shard_samples: u64,
    /// Which machines make the same bits.
    pub arithmetic: Arithmetic,
    /// Bins of the label densities.
    pub radius_bins: usize,
    /// First and last edge of the bins, nm.
    pub radius_edges_nm: [f64; 2],
}

impl Default for Build {
    fn default() -> Self {
        Self {
            name: "dataset".into(),
            contents: Contents::NetworkInput,
            design: Design::Independent,
            levels: BTreeMap::new(),
            samples_per_setup: 32,
            shard_samples: 1024,
            // Costs nothing on processors of the last decade.
            arithmetic: Arithmetic::Portable,
            // The bins of the shipped network.
            radius_bins: 128,
            radius_edges_nm: [0.25, 45.0],
        }
    }
}

/// A configuration. What is not given is that of [`Prior::default`], the domain of the shipped
/// network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Contents, design, files.
    pub dataset: Build,
    /// Beam, detector, layers.
    pub setup: SetupPrior,
    /// Sizes and shapes.
    pub particles: ParticlePrior,
    /// Spacing and disorder.
    pub correlation: CorrelationPrior,
    /// What the experiment adds.
    pub artifacts: ArtifactPrior,
    /// A sample of any shapes, structure factors and layers in place of `particles`,
    /// `correlation` and the layers of `setup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Description>,
}

/// Names and texts of the presets.
pub const PRESETS: [(&str, &str); 3] = [
    ("general", include_str!("presets/general.toml")),
    ("p03-sputter", include_str!("presets/p03-sputter.toml")),
    ("galaxi", include_str!("presets/galaxi.toml")),
];

impl Config {
    /// The preset of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn preset(name: &str) -> Result<Self> {
        let text = PRESETS.iter().find(|p| p.0 == name).map(|p| p.1);
        let text = text.ok_or_else(|| Error::UnknownPreset {
            name: name.to_owned(),
            known: PRESETS.map(|p| p.0).join(", "),
        })?;
        Self::parse(&format!("preset {name}"), text)
    }

    /// The configuration in a file.
    ///
    /// # Errors
    /// If it cannot be read, or as [`parse`](Self::parse).
    pub fn from_path(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(io(path, "read"))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The configuration in `text`; `file` is its name in errors.
    ///
    /// # Errors
    /// If the text is not TOML, has a key that does not exist, or a value that is not allowed.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let line = |span: Option<std::ops::Range<usize>>| {
            let start = span.map_or(0, |s| s.start).min(text.len());
            text.as_bytes()[..start]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1
        };
        let toml = |error: toml::de::Error| Error::Toml {
            file: file.to_owned(),
            message: format!(
                "line {}: {}",
                line(error.span()),
                error.message().replace('\n', ", ")
            ),
        };
        let table: toml::Table = text.parse().map_err(toml)?;
        keys::check(file, &table)?;
        let mut config: Self = toml::from_str(text).map_err(toml)?;
        let build = table.get("dataset").and_then(|d| d.as_table());
        if build.is_none_or(|b| !b.contains_key("shard_samples")) {
            config.dataset.shard_samples = config.fitting_shard();
        }
        config.validate(file)?;
        Ok(config)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::Value`] with the first key that is not allowed.
    pub fn validate(&self, file: &str) -> Result<()> {
        let bad = |key: &str, value: String, expected: &str| {
            Err(Error::Value {
                file: file.to_owned(),
                key: key.to_owned(),
                value,
                expected: expected.to_owned(),
            })
        };
        self.prior().validate().map_err(|error| match error {
            crate::Error::Prior {
                key,
                value,
                expected,
            } => Error::Value {
                file: file.to_owned(),
                key: key.to_owned(),
                value,
                expected: expected.to_owned(),
            },
            crate::Error::Conditional { key, value, limit } => Error::Value {
                file: file.to_owned(),
                key: key.to_owned(),
                value,
                expected: limit,
            },
            other => Error::Toml {
                file: file.to_owned(),
                message: other.to_string(),
            },
        })?;
        let build = &self.dataset;
        for (key, n) in [
            ("dataset.samples_per_setup", build.samples_per_setup),
            ("dataset.shard_samples", build.shard_samples),
        ] {
            if !(1..=1_000_000).contains(&n) {
                return bad(key, n.to_string(), "1 to 1000000");
            }
        }
        if !build.shard_samples.is_multiple_of(build.samples_per_setup) {
            return bad(
                "dataset.shard_samples",
                build.shard_samples.to_string(),
                &format!(
                    "a multiple of dataset.samples_per_setup, {}",
                    build.samples_per_setup
                ),
            );
        }
        if !(2..=10_000).contains(&build.radius_bins) {
            return bad(
                "dataset.radius_bins",
                build.radius_bins.to_string(),
                "2 to 10000",
            );
        }
        let [low, high] = build.radius_edges_nm;
        if !(low >= 0.25 && low < high && high <= 1000.0) {
            return bad(
                "dataset.radius_edges_nm",
                format!("[{low}, {high}]"),
                "two ascending radii, 0.25 to 1000 nm",
            );
        }
        let shapes: Vec<[usize; 2]> = self
            .setup
            .detectors
            .iter()
            .map(|d| d.layout.shape())
            .collect();
        if build.contents == Contents::Frame && shapes.windows(2).any(|pair| pair[0] != pair[1]) {
            return bad(
                "setup.detectors",
                format!("{shapes:?}"),
                "one shape of detector, since the frames of a dataset share theirs",
            );
        }
        let known = self.quantity_names();
        for (name, levels) in &build.levels {
            if !known.contains(name) {
                return Err(keys::nearest(file, "dataset.levels.", name, &known));
            }
            if !(1..=1_000_000).contains(levels) {
                return bad(
                    &format!("dataset.levels.{name}"),
                    levels.to_string(),
                    "1 to 1000000",
                );
            }
        }
        if build.levels.is_empty() == (build.design == Design::Grid) {
            return bad(
                "dataset.levels",
                format!("{} entries", build.levels.len()),
                "entries with design = \"grid\", and none with another design",
            );
        }
        if let Some(sample) = &self.sample {
            sample.validate(file)?;
        }
        Ok(())
    }

    /// Samples of a shard of about 128 MiB, at most 1024 and at least one group: 1024 network inputs,
    /// 24 frames of a Pilatus 1M in groups of 4.
    #[must_use]
    pub fn fitting_shard(&self) -> u64 {
        const MOST: u64 = 1024;
        const BYTES: u64 = 128 << 20;
        let fit = match (self.dataset.contents, self.setup.detectors.first()) {
            (Contents::Frame, Some(detector)) => {
                let [rows, cols] = detector.layout.shape().map(|n| n as u64);
                let frame = (Type::I32.bytes() + Type::U8.bytes()) as u64;
                let frame = rows.saturating_mul(cols).saturating_mul(frame);
                (BYTES / frame.max(1)).min(MOST)
            }
            _ => MOST,
        };
        let group = self.dataset.samples_per_setup.max(1);
        (fit / group).max(1) * group
    }

    /// The priors of all quantities.
    #[must_use]
    pub fn prior(&self) -> Prior {
        Prior {
            setup: self.setup.clone(),
            particles: self.particles.clone(),
            correlation: self.correlation.clone(),
            artifacts: self.artifacts.clone(),
        }
    }

    /// Quantities of a design that setups have, by name.
    pub(super) fn setup_quantities() -> Vec<String> {
        Quantity::OF_SETUPS.map(name).to_vec()
    }

    /// Quantities of a design that samples have, by name.
    pub(super) fn sample_quantities(&self) -> Vec<String> {
        match &self.sample {
            None => Quantity::OF_SAMPLES.map(name).to_vec(),
            Some(sample) => {
                let names = sample.parameters.iter().map(|p| p.name.clone());
                names.chain([name(Quantity::PeakCounts)]).collect()
            }
        }
    }

    fn quantity_names(&self) -> Vec<String> {
        let mut names = Self::setup_quantities();
        names.extend(self.sample_quantities());
        names
    }

    /// Edges of the label densities, nm: equal in ln R.
    #[must_use]
    pub fn radius_edges(&self) -> Vec<f64> {
        let [low, high] = self.dataset.radius_edges_nm.map(ln);
        let n = self.dataset.radius_bins;
        (0..=n)
            .map(|i| exp(low + (high - low) * i as f64 / n as f64))
            .collect()
    }

    /// SHA-256 of the configuration with all defaults written out, hexadecimal: two
    /// configurations with the same digest make the same samples.
    #[must_use]
    pub fn digest(&self) -> String {
        // A struct of numbers, texts and lists cannot fail to be written.
        let text = serde_json::to_string(self).unwrap_or_default();
        hex(&Sha256::digest(text))
    }
}

/// Name of a quantity as in a configuration.
fn name(quantity: Quantity) -> String {
    serde_json::to_value(quantity)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
