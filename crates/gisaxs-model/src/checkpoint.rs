//! Weight files: safetensors with one metadata entry, written atomically.
//!
//! Shipped weights are f16 (half the size; the rounding is far below the accuracy of the
//! network), checkpoints are f32. All metadata is one JSON text under the key `gisaxs`, because the
//! order of several keys would differ from file to file.

use crate::error::{Error, Result};
use crate::net::{Layout, NetworkConfig};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Widening of the 90 % intervals, found on held-out views: offsets of quantiles from the median
/// (in the coordinate of the bins) are multiplied by these factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Mean radius.
    pub mean_radius: f64,
    /// Standard deviation over mean.
    pub rel_std: f64,
    /// Height over radius.
    pub height_ratio: f64,
    /// Distance.
    pub distance: f64,
    /// Disorder.
    pub disorder: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            mean_radius: 1.0,
            rel_std: 1.0,
            height_ratio: 1.0,
            distance: 1.0,
            disorder: 1.0,
        }
    }
}

/// What a weight file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Sizes of the network.
    pub network: NetworkConfig,
    /// Version of the preprocessing (`gisaxs_preproc::input::INPUT_VERSION`).
    pub preprocessing: u32,
    /// The domain of the training views, as JSON of the simulation's configuration.
    #[serde(default)]
    pub domain: serde_json::Value,
    /// Seed of the training.
    #[serde(default)]
    pub seed: u64,
    /// Views seen in training.
    #[serde(default)]
    pub views: u64,
    /// Commit of the program that trained.
    #[serde(default)]
    pub commit: String,
    /// Figures of merit on held-out views.
    #[serde(default)]
    pub scores: BTreeMap<String, f64>,
    /// Widening of the intervals.
    #[serde(default)]
    pub calibration: Calibration,
}

impl Metadata {
    /// Metadata of an untrained network.
    #[must_use]
    pub fn new(network: NetworkConfig, seed: u64) -> Self {
        Self {
            network,
            preprocessing: gisaxs_preproc::input::INPUT_VERSION,
            domain: serde_json::Value::Null,
            seed,
            views: 0,
            commit: String::new(),
            scores: BTreeMap::new(),
            calibration: Calibration::default(),
        }
    }
}

/// Precision of stored values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Half precision, for shipping.
    F16,
    /// Single precision, for checkpoints.
    F32,
}

const KEY: &str = "gisaxs";

/// Serialises flat buffers as named tensors: for each (prefix, buffer) every parameter of the
/// layout under `prefix` + its name.
pub(crate) fn to_bytes<M: Serialize>(
    layout: &Layout,
    buffers: &[(&str, &[f32])],
    precision: Precision,
    metadata: &M,
) -> Result<Vec<u8>> {
    let dtype = match precision {
        Precision::F16 => Dtype::F16,
        Precision::F32 => Dtype::F32,
    };
    let mut tensors: Vec<(String, &[usize], Vec<u8>)> = Vec::new();
    for (prefix, values) in buffers {
        if values.len() != layout.len() {
            return Err(Error::Length {
                what: "parameters",
                expected: layout.len(),
                found: values.len(),
            });
        }
        for p in layout.parameters() {
            let values = &values[p.range()];
            let bytes = match precision {
                Precision::F16 => values
                    .iter()
                    .flat_map(|&v| half::f16::from_f32(v).to_le_bytes())
                    .collect(),
                Precision::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            tensors.push((format!("{prefix}{}", p.name), &p.shape, bytes));
        }
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            TensorView::new(dtype, shape.to_vec(), bytes)
                .map(|view| (name.clone(), view))
                .map_err(Error::SafeTensors)
        })
        .collect::<Result<Vec<_>>>()?;
    let text = serde_json::to_string(metadata).map_err(|source| Error::Json {
        what: "metadata",
        source,
    })?;
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    safetensors::serialize(views, Some(metadata)).map_err(Error::SafeTensors)
}

/// Reads the metadata of a weight file.
pub(crate) fn read_metadata<M: DeserializeOwned>(bytes: &[u8]) -> Result<M> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(Error::SafeTensors)?;
    let text = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get(KEY))
        .ok_or(Error::Metadata {
            key: KEY,
            source: None,
        })?;
    serde_json::from_str(text).map_err(|e| Error::Metadata {
        key: KEY,
        source: Some(e),
    })
}

/// Reads the tensors with one prefix into a flat buffer.
pub(crate) fn read_buffer(bytes: &[u8], layout: &Layout, prefix: &str) -> Result<Vec<f32>> {
    let file = SafeTensors::deserialize(bytes).map_err(Error::SafeTensors)?;
    let mut out = Vec::with_capacity(layout.len());
    for p in layout.parameters() {
        let name = format!("{prefix}{}", p.name);
        let view = file
            .tensor(&name)
            .map_err(|_| Error::MissingTensor { name: name.clone() })?;
        if view.shape() != p.shape || !matches!(view.dtype(), Dtype::F16 | Dtype::F32) {
            return Err(Error::TensorShape {
                name,
                expected: p.shape.clone(),
                found: view.shape().to_vec(),
                dtype: format!("{:?}", view.dtype()),
            });
        }
        let start = out.len();
        if view.dtype() == Dtype::F16 {
            out.extend(
                view.data()
                    .chunks_exact(2)
                    .map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()),
            );
        } else {
            out.extend(
                view.data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            );
        }
        if out[start..].iter().any(|v| !v.is_finite()) {
            return Err(Error::NotFinite {
                what: "a weight tensor",
            });
        }
    }
    Ok(out)
}

/// Writes a file under a temporary name beside it and renames it, so that a reader never sees half.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let io = |action| {
        move |source| Error::Io {
            action,
            path: path.to_owned(),
            source,
        }
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes).map_err(io("write"))?;
    std::fs::rename(&part, path).map_err(io("rename to"))
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}
