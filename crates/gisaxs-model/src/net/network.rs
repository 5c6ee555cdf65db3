//! A network with its weights, ready to run.

use super::engine::{Engine, Workspace};
use super::{Graph, Layout, NetworkConfig};
use crate::bins::{self, Bins, logits};
use crate::checkpoint::{
    Metadata, Precision, read_buffer, read_file, read_metadata, to_bytes, write_atomic,
};
use crate::error::{Error, Result};
use crate::loss::softmax;
use candle_core::{Device, Tensor};
use gisaxs_preproc::input::{INPUT_VERSION, NetworkInput};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A network with its weights on one device.
///
/// On the CPU it runs this crate's own kernels, elsewhere candle's.
#[derive(Debug)]
pub struct Network {
    engine: Engine,
    params: Vec<f32>,
    metadata: Metadata,
    graph: Option<(Graph, Tensor)>,
    /// Buffers of finished calls, for the next ones.
    spare: Mutex<Vec<Workspace>>,
}

/// What the network says about one frame; every vector is a probability mass over the bins of
/// the constant of the same name in [`bins`].
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Radius distribution, bins of [`bins::RADIUS`].
    pub radius: Vec<f32>,
    /// Posterior of the mean radius, bins of [`bins::MEAN_RADIUS`].
    pub mean_radius: Vec<f32>,
    /// Posterior of standard deviation over mean, bins of [`bins::REL_STD`].
    pub rel_std: Vec<f32>,
    /// Posterior of height over radius, bins of [`bins::HEIGHT_RATIO`].
    pub height_ratio: Vec<f32>,
    /// Posterior of the distance, bins of [`bins::DISTANCE`].
    pub distance: Vec<f32>,
    /// Posterior of the disorder, bins of [`bins::DISORDER`].
    pub disorder: Vec<f32>,
    /// Probability of a cylinder (against a spherical segment).
    pub cylinder: f32,
}

impl Prediction {
    /// From the logits of one frame.
    ///
    /// # Panics
    /// If `row` does not have [`logits::COUNT`] values.
    #[must_use]
    pub fn from_logits(row: &[f32]) -> Self {
        assert_eq!(row.len(), logits::COUNT, "logits of one frame");
        let mass = |range: std::ops::Range<usize>| {
            let mut p = vec![0.0; range.len()];
            softmax(&row[range], &mut p);
            p
        };
        Self {
            radius: mass(logits::RADIUS),
            mean_radius: mass(logits::MEAN_RADIUS),
            rel_std: mass(logits::REL_STD),
            height_ratio: mass(logits::HEIGHT_RATIO),
            distance: mass(logits::DISTANCE),
            disorder: mass(logits::DISORDER),
            cylinder: 1.0 / (1.0 + (-row[logits::SHAPE]).exp()),
        }
    }

    /// Median of a posterior with its central interval of the given level, in the unit of the
    /// bins. `widening` multiplies the offsets of the interval from the median in the coordinate
    /// of the bins (see [`crate::Calibration`]).
    #[must_use]
    pub fn interval(bins: &Bins, mass: &[f32], level: f64, widening: f64) -> [f64; 3] {
        let at = |p| bins::quantile_position(mass, p);
        let (low, median, high) = (at(0.5 - 0.5 * level), at(0.5), at(0.5 + 0.5 * level));
        [
            bins.value(median - widening * (median - low)),
            bins.value(median),
            bins.value(median + widening * (high - median)),
        ]
    }
}

impl Network {
    /// A network from its parameters in the order of [`Layout`].
    ///
    /// # Errors
    /// If the configuration is not allowed, the number of parameters differs, or the device fails.
    pub fn new(metadata: Metadata, params: Vec<f32>, device: &Device) -> Result<Self> {
        let engine = Engine::new(&metadata.network)?;
        if params.len() != engine.layout().len() {
            return Err(Error::Length {
                what: "parameters",
                expected: engine.layout().len(),
                found: params.len(),
            });
        }
        let graph = match device {
            Device::Cpu => None,
            device => {
                let graph = Graph::new(&metadata.network, device)?;
                let flat = graph.upload(&params)?;
                Some((graph, flat))
            }
        };
        Ok(Self {
            engine,
            params,
            metadata,
            graph,
            spare: Mutex::new(Vec::new()),
        })
    }

    /// An untrained network: the starting point of a training with this seed.
    ///
    /// # Errors
    /// If the configuration is not allowed or the device fails.
    #[cfg(feature = "train")]
    pub fn untrained(config: &NetworkConfig, seed: u64, device: &Device) -> Result<Self> {
        let engine = Engine::new(config)?;
        let params = super::layout::initial(engine.layout(), seed);
        Self::new(Metadata::new(config.clone(), seed), params, device)
    }

    /// Reads a weight file from memory.
    ///
    /// # Errors
    /// If it is not a weight file, belongs to another version of the preprocessing, or lacks a
    /// tensor.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        let metadata: Metadata = read_metadata(bytes)?;
        if metadata.preprocessing != INPUT_VERSION {
            return Err(Error::Version {
                expected: INPUT_VERSION,
                found: metadata.preprocessing,
            });
        }
        metadata.network.validate()?;
        let (layout, _) = super::layout::layout(&metadata.network);
        let params = read_buffer(bytes, &layout, "")?;
        Self::new(metadata, params, device)
    }

    /// Reads a weight file.
    ///
    /// # Errors
    /// As [`Self::from_bytes`], and if the file cannot be read.
    pub fn from_file(path: &Path, device: &Device) -> Result<Self> {
        Self::from_bytes(&read_file(path)?, device)
    }

    /// The weight file.
    ///
    /// # Errors
    /// If the metadata cannot be written as JSON.
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>> {
        to_bytes(
            self.engine.layout(),
            &[("", &self.params)],
            precision,
            &self.metadata,
        )
    }

    /// Writes the weight file atomically.
    ///
    /// # Errors
    /// As [`Self::to_bytes`], and if the file cannot be written.
    pub fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        write_atomic(path, &self.to_bytes(precision)?)
    }

    /// What the weight file says about itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to be completed after training (scores, calibration).
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// Sizes of the network.
    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        self.engine.config()
    }

    /// Names, shapes and order of the parameters.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        self.engine.layout()
    }

    /// All parameters in the order of [`Self::layout`].
    #[must_use]
    pub fn parameters(&self) -> &[f32] {
        &self.params
    }

    #[cfg(feature = "train")]
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Multiply-accumulate operations of one forward pass for one frame.
    #[must_use]
    pub fn macs(&self) -> usize {
        self.engine.macs()
    }

    /// Logits (see [`logits`]) of a batch, one row after the other: `planes` is
    /// (B, planes, n_kz, n_q), `scalars` (B, scalars), both row-major.
    ///
    /// # Errors
    /// If the lengths do not fit, an input is not finite, or the device fails.
    pub fn forward(&self, planes: &[f32], scalars: &[f32]) -> Result<Vec<f32>> {
        let c = self.engine.config();
        let batch = scalars.len() / c.scalars;
        if batch * c.scalars != scalars.len() || batch == 0 {
            let expected = batch.max(1) * c.scalars;
            return Err(Error::Length {
                what: "scalars",
                expected,
                found: scalars.len(),
            });
        }
        let expected = batch * c.planes_len();
        if planes.len() != expected {
            return Err(Error::Length {
                what: "planes",
                expected,
                found: planes.len(),
            });
        }
        if !planes.iter().chain(scalars).all(|v| v.is_finite()) {
            return Err(Error::NotFinite {
                what: "the network input",
            });
        }
        if let Some((graph, flat)) = &self.graph {
            let (planes, scalars) = graph.inputs(planes, scalars)?;
            return graph
                .forward(flat, &planes, &scalars)?
                .flatten_all()
                .and_then(|t| t.to_vec1())
                .map_err(|source| Error::Candle {
                    action: "read the logits",
                    source,
                });
        }
        let mut out = vec![0.0; batch * logits::COUNT];
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let found = {
            let mut spare = spare();
            let at = spare.iter().position(|w| w.capacity() >= batch);
            at.map(|i| spare.swap_remove(i))
        };
        let mut ws = found.unwrap_or_else(|| self.engine.workspace(batch, false));
        self.engine
            .forward(&self.params, planes, scalars, &mut ws, &mut out)?;
        spare().push(ws);
        Ok(out)
    }

    /// What the network says about one input.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn predict(&self, input: &NetworkInput) -> Result<Prediction> {
        Ok(Prediction::from_logits(
            &self.forward(&input.planes, &input.scalars)?,
        ))
    }
}

#[cfg(all(test, feature = "train"))]
mod tests {
    use super::*;

    fn network() -> Network {
        Network::untrained(&NetworkConfig::tiny(), 7, &Device::Cpu).unwrap()
    }

    fn input(batch: usize) -> (Vec<f32>, Vec<f32>) {
        let c = NetworkConfig::tiny();
        let wave = |n: usize| (0..n).map(|i| (i as f32 * 0.37).sin()).collect();
        (wave(batch * c.planes_len()), wave(batch * c.scalars))
    }

    #[test]
    fn survives_a_weight_file() {
        let network = network();
        let (planes, scalars) = input(2);
        let expected = network.forward(&planes, &scalars).unwrap();
        assert_eq!(expected.len(), 2 * logits::COUNT);
        for (precision, limit) in [(Precision::F32, 0.0), (Precision::F16, 5e-3)] {
            let bytes = network.to_bytes(precision).unwrap();
            let again = Network::from_bytes(&bytes, &Device::Cpu).unwrap();
            assert_eq!(again.metadata(), network.metadata());
            let found = again.forward(&planes, &scalars).unwrap();
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() <= limit, "{precision:?}: {a} {b}");
            }
        }
        assert_eq!(
            network.to_bytes(Precision::F16).unwrap(),
            network.to_bytes(Precision::F16).unwrap()
        );
    }

    #[test]
    fn samples_of_a_batch_do_not_mix() {
        let network = network();
        let (planes, scalars) = input(3);
        let all = network.forward(&planes, &scalars).unwrap();
        let c = network.config();
        for i in 0..3 {
            let (n, s) = (c.planes_len(), c.scalars);
            let one = network
                .forward(&planes[i * n..][..n], &scalars[i * s..][..s])
                .unwrap();
            for (a, b) in one.iter().zip(&all[i * logits::COUNT..]) {
                assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }

    #[test]
    fn refuses_bad_files_and_inputs() {
        let network = network();
        let bytes = network.to_bytes(Precision::F16).unwrap();
        let load = |b: &[u8]| Network::from_bytes(b, &Device::Cpu);
        assert!(matches!(
            load(&bytes[..bytes.len() / 2]),
            Err(Error::SafeTensors(_))
        ));
        assert!(load(b"not weights").is_err());
        let mut other = network.metadata().clone();
        other.preprocessing += 1;
        let params = network.parameters().to_vec();
        let other = Network::new(other, params, &Device::Cpu).unwrap();
        let bytes = other.to_bytes(Precision::F32).unwrap();
        assert!(matches!(load(&bytes), Err(Error::Version { .. })));
        let (mut planes, scalars) = input(1);
        assert!(matches!(
            network.forward(&planes[1..], &scalars),
            Err(Error::Length { .. })
        ));
        planes[3] = f32::NAN;
        assert!(matches!(
            network.forward(&planes, &scalars),
            Err(Error::NotFinite { .. })
        ));
    }

    #[test]
    fn intervals_widen_about_the_median() {
        let mass = vec![1.0f32 / 160.0; 160];
        let [low, median, high] = Prediction::interval(&bins::DISTANCE, &mass, 0.9, 0.5);
        let at = |x| bins::DISTANCE.position(x);
        assert!((at(median) - 80.0).abs() < 1e-3);
        assert!((at(low) - 44.0).abs() < 1e-3 && (at(high) - 116.0).abs() < 1e-3);
    }
}
