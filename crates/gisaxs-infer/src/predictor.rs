//! From a frame to a structure.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use gisaxs_model::bins::{self, Bins};
use gisaxs_model::{Calibration, Device, Network, Prediction};
use gisaxs_physics::{FlatDetector, Layer, Multilayer, RefractiveIndex, UprightShape};
use gisaxs_preproc::input::{CellSums, N_SCALARS, NetworkInput};
use gisaxs_preproc::{Frame, Instrument, MaterialSpec, PixelMap, prepare_with};
use sha2::{Digest, Sha256};

use crate::comparison::Comparison;
use crate::density::radius_distribution;
use crate::domain::{self, PatternStatistics};
use crate::error::{Error, Result};
use crate::posterior::Spacing;
use crate::refine::{self, REFINED};
use crate::resolve::{Window, unresolved};
use crate::scene::{Parameters, Scene};
use crate::structure::{
    Estimate, Fit, ModelInfo, Posterior, RadiusDistribution, Shape, Structure, Timing,
};
use crate::verify::{self, Measured, View};
use crate::weigh;

/// The shipped weights.
const EMBEDDED: &[u8] = include_bytes!("../weights/gisaxs.safetensors");
/// Name under which results quote the shipped architecture.
const MODEL_NAME: &str = "gisaxs-dual-branch";

/// What [`Predictor::invert`] does beside running the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Simulate the answer again and compare it with the frame.
    pub verify: bool,
    /// Refine the answer against the frame (implies `verify`).
    pub refine: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            verify: true,
            refine: false,
        }
    }
}

/// A structure with the comparison behind its figures of merit.
#[derive(Clone, Debug, PartialEq)]
pub struct Inversion {
    /// The answer.
    pub structure: Structure,
    /// Maps and cuts for the report; `None` without verification.
    pub comparison: Option<Comparison>,
}

/// What depends on the instrument only: the pixel map and, once needed, the scene of the
/// re-simulation. One serves a whole series of frames.
#[derive(Debug)]
pub struct PreparedInstrument {
    map: Arc<PixelMap>,
    detector: FlatDetector,
    stack: Multilayer,
    assumptions: Vec<String>,
    scene: OnceLock<Scene>,
}

impl PreparedInstrument {
    /// Tables for an instrument whose detector is complete: see [`Instrument::for_frame`].
    ///
    /// # Errors
    /// If shape or pixel size are left to the frame, or a layer is not physical.
    pub fn new(instrument: &Instrument) -> Result<Self> {
        let detector = instrument.detector()?;
        let beam = instrument.beam();
        let knowledge = instrument.sample_knowledge();
        let mut assumptions = Vec::new();
        let substrate = match knowledge.substrate {
            Some(index) => index,
            None => {
                assumptions.push("substrate not given: the re-simulation assumes silicon".into());
                MaterialSpec::named("Si").index(beam.energy_kev())?
            }
        };
        let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
        if let Some((index, thickness)) = knowledge.film {
            layers.push(Layer::new(index, thickness));
        }
        layers.push(Layer::semi_infinite(substrate));
        Ok(Self {
            map: Arc::new(PixelMap::new(instrument)?),
            detector,
            stack: Multilayer::new(layers)?,
            assumptions,
            scene: OnceLock::new(),
        })
    }

    /// The instrument.
    #[must_use]
    pub fn instrument(&self) -> &Instrument {
        self.map.instrument()
    }

    fn scene(&self) -> &Scene {
        self.scene
            .get_or_init(|| Scene::new(&self.instrument().beam(), &self.stack))
    }
}

/// A network with its calibration, ready to invert frames.
#[derive(Debug)]
pub struct Predictor {
    network: Network,
    model: ModelInfo,
    pattern: PatternStatistics,
}

impl Predictor {
    /// The shipped weights on the CPU.
    ///
    /// # Errors
    /// If the weights do not load, which the tests of this crate exclude.
    pub fn embedded() -> Result<Self> {
        Self::embedded_on(&Device::Cpu)
    }

    /// The shipped weights on a device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn embedded_on(device: &Device) -> Result<Self> {
        Self::from_bytes(EMBEDDED, device)
    }

    /// Weights from a file.
    ///
    /// # Errors
    /// If the file cannot be read or is not a weight file of this version.
    pub fn from_file(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::load(&bytes, &path.display().to_string(), device)
    }

    /// Weights from the bytes of a file.
    ///
    /// # Errors
    /// If they are not a weight file of this version.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        Self::load(bytes, "memory", device)
    }

    fn load(bytes: &[u8], origin: &str, device: &Device) -> Result<Self> {
        let network = Network::from_bytes(bytes, device).map_err(|source| Error::Weights {
            origin: origin.to_owned(),
            source: Box::new(source),
        })?;
        let metadata = network.metadata();
        let hash: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let pattern = metadata
            .domain
            .get("pattern")
            .map(|value| {
                serde_json::from_value(value.clone()).map_err(|error| Error::Metadata {
                    key: "domain.pattern",
                    found: error.to_string(),
                    expected: "statistics of the training patterns".into(),
                })
            })
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            model: ModelInfo {
                name: MODEL_NAME.into(),
                version: format!(
                    "{}, preprocessing {}, {} views",
                    env!("CARGO_PKG_VERSION"),
                    metadata.preprocessing,
                    metadata.views
                ),
                sha256: hash,
            },
            pattern,
            network,
        })
    }

    /// The network itself.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where the weights came from.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.model
    }

    /// Inverts one frame and checks the answer by re-simulation. For a series, or without
    /// the check, see [`invert`](Self::invert).
    ///
    /// # Errors
    /// If frame and instrument do not fit, no pixel is valid, or nothing was counted.
    pub fn predict(&self, frame: &Frame, instrument: &Instrument) -> Result<Structure> {
        let prepared = PreparedInstrument::new(&instrument.for_frame(frame)?)?;
        let inversion = self.invert(frame, &prepared, &Options::default())?;
        Ok(inversion.structure)
    }

    /// Inverts one frame of a prepared instrument.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn invert(
        &self,
        frame: &Frame,
        instrument: &PreparedInstrument,
        options: &Options,
    ) -> Result<Inversion> {
        let started = Instant::now();
        let prepared = prepare_with(frame, &instrument.map)?;
        let preprocess = lap(started);

        let started = Instant::now();
        let mut answer = self.answer(&prepared.input.planes, &prepared.input.scalars)?;
        let network = lap(started);

        let started = Instant::now();
        let is_compared = options.verify || options.refine;
        if is_compared {
            self.weigh(&mut answer, instrument, &prepared.cells)?;
        }
        let window = Window::of(&prepared.cells.pixels);
        let mut structure = self.structure(&answer, &window, instrument, &prepared.input);
        structure.frame = frame.name().to_owned();
        structure.warnings.splice(0..0, prepared.warnings);
        structure.timing_ms = Timing {
            preprocess,
            network,
            ..Timing::default()
        };

        let mut comparison = None;
        if is_compared {
            let compared = compare(
                frame,
                prepared.mask.bits(),
                &prepared.cells,
                instrument,
                &answer,
                &mut structure,
                options.refine,
            )?;
            structure.fit = Some(compared.fit);
            structure
                .warnings
                .extend(instrument.assumptions.iter().cloned());
            structure.warnings.extend(misfit_warning(&compared.fit));
            comparison = Some(compared);
            structure.timing_ms.verify = lap(started);
        }
        Ok(Inversion {
            structure,
            comparison,
        })
    }

    /// The network's answer to planes and scalars of a
    /// [`NetworkInput`](gisaxs_preproc::input::NetworkInput) alone, without a frame.
    ///
    /// # Errors
    /// If the network fails.
    pub fn answer(&self, planes: &[f32], scalars: &[f32; N_SCALARS]) -> Result<Answer> {
        let row = self
            .network
            .forward(planes, scalars)
            .map_err(|e| Error::Network(Box::new(e)))?;
        Answer::new(
            &Prediction::from_logits(&row),
            &self.network.metadata().calibration,
        )
    }

    /// Weighs the posteriors of D and sigma_D / D by how each value explains the frame.
    fn weigh(
        &self,
        answer: &mut Answer,
        instrument: &PreparedInstrument,
        cells: &CellSums,
    ) -> Result<()> {
        let start = Parameters {
            nodes: answer.radius().nodes(),
            shape: answer.upright(),
            distance: answer.distance.value,
            disorder: answer.disorder.value,
        };
        let weighed = weigh::weigh(
            instrument.scene(),
            &Measured::new(cells),
            &start,
            &answer.distance_posterior,
            &answer.disorder_posterior,
        )?;
        if let Some((distance, disorder)) = weighed {
            let calibration = &self.network.metadata().calibration;
            answer.distance = distance.estimate(Spacing::Log, calibration.distance);
            answer.disorder = disorder.estimate(Spacing::Log, calibration.disorder);
            answer.distance_posterior = distance;
            answer.disorder_posterior = disorder;
        }
        Ok(())
    }

    fn structure(
        &self,
        answer: &Answer,
        window: &Window,
        instrument: &PreparedInstrument,
        input: &NetworkInput,
    ) -> Structure {
        let unresolved = answer.unresolved(window);
        let resolved =
            |name: &str, estimate: Estimate| (!unresolved.contains(&name)).then_some(estimate);
        let distance = resolved("distance", answer.distance);
        let disorder = resolved("disorder", answer.disorder);
        let height_over_radius = resolved("height_over_radius", answer.height_ratio);
        let verdict = domain::check(
            &instrument.instrument().beam(),
            &instrument.detector,
            [
                Some(answer.mean_radius),
                height_over_radius,
                distance,
                disorder,
            ],
            self.pattern.score(&domain::block_means(&input.planes)),
        );
        Structure {
            frame: String::new(),
            model: self.model.clone(),
            radius: answer.radius(),
            height_over_radius,
            distance,
            disorder,
            shape: answer.shape(),
            in_domain: verdict.in_domain,
            domain_score: verdict.score,
            unresolved,
            warnings: verdict.warnings,
            fit: None,
            timing_ms: Timing::default(),
            distance_posterior: answer.distance_posterior.clone(),
            disorder_posterior: answer.disorder_posterior.clone(),
            height_over_radius_posterior: answer.height_ratio_posterior.clone(),
        }
    }
}

/// The network's answer with calibrated intervals, before anything is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Probability masses of the bins of [`gisaxs_model::bins::RADIUS`], sum 1.
    pub radius_mass: Vec<f64>,
    /// Mean radius, nm.
    pub mean_radius: Estimate,
    /// Standard deviation over mean of the radius.
    pub rel_std: Estimate,
    /// Height over radius.
    pub height_ratio: Estimate,
    /// Mean distance D, nm.
    pub distance: Estimate,
    /// sigma_D / D.
    pub disorder: Estimate,
    /// Probability of a cylinder.
    pub cylinder_probability: f64,
    /// Posterior of D, nm.
    pub distance_posterior: Posterior,
    /// Posterior of sigma_D / D.
    pub disorder_posterior: Posterior,
    /// Posterior of H/R.
    pub height_ratio_posterior: Posterior,
}

impl Answer {
    /// From the network's posteriors.
    fn new(p: &Prediction, calibration: &Calibration) -> Result<Self> {
        let posterior = |bins: Bins, mass: &[f32]| Posterior {
            bin_edges: bins.edges(),
            probability: mass.iter().copied().map(f64::from).collect(),
        };
        let mean_radius = posterior(bins::MEAN_RADIUS, &p.mean_radius);
        let rel_std = posterior(bins::REL_STD, &p.rel_std);
        let height_ratio_posterior = posterior(bins::HEIGHT_RATIO, &p.height_ratio);
        let distance_posterior = posterior(bins::DISTANCE, &p.distance);
        let disorder_posterior = posterior(bins::DISORDER, &p.disorder);
        let answer = Self {
            radius_mass: p.radius.iter().copied().map(f64::from).collect(),
            mean_radius: mean_radius.estimate(Spacing::Log, calibration.mean_radius),
            rel_std: rel_std.estimate(Spacing::Log, calibration.rel_std),
            height_ratio: height_ratio_posterior
                .estimate(Spacing::Linear, calibration.height_ratio),
            distance: distance_posterior.estimate(Spacing::Log, calibration.distance),
            disorder: disorder_posterior.estimate(Spacing::Log, calibration.disorder),
            cylinder_probability: f64::from(p.cylinder),
            distance_posterior,
            disorder_posterior,
            height_ratio_posterior,
        };
        for (output, estimate) in [
            ("mean_radius", answer.mean_radius),
            ("rel_std", answer.rel_std),
            ("height_ratio", answer.height_ratio),
            ("distance", answer.distance),
            ("disorder", answer.disorder),
        ] {
            if !estimate.is_finite() {
                return Err(Error::NotFinite {
                    output,
                    value: estimate.value,
                });
            }
        }
        Ok(answer)
    }

    /// The size distribution: masses, mean and width brought together.
    #[must_use]
    pub fn radius(&self) -> RadiusDistribution {
        radius_distribution(
            &bins::RADIUS.edges(),
            &self.radius_mass,
            self.mean_radius,
            self.rel_std,
            1.0,
        )
    }

    /// Names of the quantities that a frame with this window does not determine.
    #[must_use]
    pub fn unresolved(&self, window: &Window) -> Vec<&'static str> {
        unresolved(self, window)
    }

    /// The more probable shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape {
            value: shape_name(self.cylinder_probability > 0.5),
            cylinder_probability: self.cylinder_probability,
        }
    }

    fn upright(&self) -> UprightShape {
        let height_ratio = self.height_ratio.value;
        if self.cylinder_probability > 0.5 {
            UprightShape::Cylinder { height_ratio }
        } else {
            UprightShape::Segment {
                height_ratio: height_ratio.min(2.0),
            }
        }
    }
}

fn lap(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn shape_name(cylinder: bool) -> &'static str {
    if cylinder { "cylinder" } else { "segment" }
}

/// A shape less certain than this is refined both ways.
const UNDECIDED: f64 = 0.02;
/// The less probable shape wins if its sum of squares is below this share of the other's.
const BETTER_SHAPE: f64 = 0.95;

/// The other shape of the same volume over R^3 (or as near as it gets): a cylinder of
/// height h holds pi h, a segment pi h^2 (1 - h / 3).
fn other_shape(shape: UprightShape) -> UprightShape {
    match shape {
        UprightShape::Segment { height_ratio: h } => UprightShape::Cylinder {
            height_ratio: h * h * (1.0 - h / 3.0),
        },
        UprightShape::Cylinder { height_ratio } => {
            // Monotonic up to the full sphere: bisection.
            let (mut low, mut high) = (0.0_f64, 2.0_f64);
            for _ in 0..40 {
                let h = 0.5 * (low + high);
                if h * h * (1.0 - h / 3.0) < height_ratio {
                    low = h;
                } else {
                    high = h;
                }
            }
            UprightShape::Segment { height_ratio: high }
        }
    }
}

/// Re-simulates the answer; with `refine` also moves the structure where that lowers
/// chi-square.
fn compare(
    frame: &Frame,
    mask_bits: &[u8],
    cells: &CellSums,
    instrument: &PreparedInstrument,
    answer: &Answer,
    structure: &mut Structure,
    refine: bool,
) -> Result<Comparison> {
    let scene = instrument.scene();
    let measured = Measured::new(cells);
    let beam = instrument.instrument().beam();
    let start = Parameters {
        nodes: structure.radius.nodes(),
        shape: answer.upright(),
        distance: answer.distance.value,
        disorder: answer.disorder.value,
    };
    let view = View {
        beam: &beam,
        detector: &instrument.detector,
        counts: frame.as_slice(),
        mask: mask_bits,
        sums: cells,
        parameters: REFINED,
    };
    let first = verify::compare(scene, &measured, &view, &start, false)?;
    if !refine {
        return Ok(first);
    }
    // D and H/R move even where they cannot be resolved: held at a wrong value they would
    // push the others away.
    let spreads = [
        answer.mean_radius,
        answer.rel_std,
        answer.height_ratio,
        answer.distance,
        answer.disorder,
    ]
    // A central 90 % interval spans 2 x 1.645 standard deviations.
    .map(|e| (e.spread().ln() / 3.29).max(1e-4));
    let mut moved = refine::refine(scene, &measured, &structure.radius, &start, &spreads)?;
    let mut origin = start.clone();
    if (UNDECIDED..1.0 - UNDECIDED).contains(&answer.cylinder_probability) {
        let other = Parameters {
            shape: other_shape(start.shape),
            ..start.clone()
        };
        let tried = refine::refine(scene, &measured, &structure.radius, &other, &spreads)?;
        if tried.square < BETTER_SHAPE * moved.square {
            (moved, origin) = (tried, other);
        }
    }
    let factors = moved.factors;
    let moved = refine::apply(&structure.radius, &origin, &factors);
    let second = verify::compare(scene, &measured, &view, &moved, true)?;
    if second.fit.chi2_reduced >= first.fit.chi2_reduced {
        return Ok(first);
    }
    let [mean, width, _, distance, disorder] = factors;
    let height = moved.shape.height_ratio() / answer.height_ratio.value;
    structure.shape.value = shape_name(matches!(moved.shape, UprightShape::Cylinder { .. }));
    structure.radius = structure.radius.reshaped(mean, width);
    for (estimate, factor) in [
        (&mut structure.height_over_radius, height),
        (&mut structure.distance, distance),
        (&mut structure.disorder, disorder),
    ] {
        *estimate = estimate.map(|e| e.scaled(factor));
    }
    Ok(second)
}

/// A misfit beyond what the model's approximations explain is worth a sentence.
fn misfit_warning(fit: &Fit) -> Option<String> {
    /// Simulated frames with all artifacts, inverted well, stay below 0.3.
    const LIMIT: f64 = 0.5;
    (fit.relative_misfit > LIMIT).then(|| {
        format!(
            "the re-simulated structure misses the frame by {:.0} % (root mean square over \
             well-counted cells): look at the residual for a shadow to mask, a wrong geometry, or \
             a sample of another kind",
            100.0 * fit.relative_misfit
        )
    })
}
