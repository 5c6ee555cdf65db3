//! `simulate`: the detector frame of a described sample.
//!
//! The sample file:
//!
//! ```toml
//! seed = 1                     # of the counting noise and of what [artifacts] leaves open
//!
//! [particles]
//! shape = "segment"            # sphere cut at the bottom, or "cylinder"
//! height_ratio = 1.4           # height over lateral radius
//! sizes = [{ kind = "gaussian", weight = 1.0, radius_nm = 3.0, spread = 0.2 }]
//!                              # a mixture; kinds: gaussian, log-normal
//!
//! [correlation]
//! distance_nm = 9.0            # mean centre-to-centre distance
//! disorder = 0.25              # sigma_D / D
//! ordered = 1.0                # share of the particles that keep this distance (optional)
//! model = "decoupling"         # or "local-monodisperse", or { size-spacing = { kappa = 1.0 } }
//!
//! [artifacts]                  # every key optional
//! peak_counts = 3000.0         # of the brightest particle scattering; the rest is relative to it
//! flat = 1e-3
//! diffuse = 0.02
//! air = 1e-3
//! rod = 10.0
//! response = 0.0               # rms of the slow response error
//! blur_px = 0.5
//! saturation = 1e6
//! hot_pixels = 0
//! ```
//!
//! Beam, detector, beamstops and materials come from the instrument file (default: the
//! demonstration's).

use crate::Failure;
use crate::console::say;
use gisaxs_infer::{demo, report};
use gisaxs_physics::{Layer, Multilayer, RefractiveIndex, Up, UprightShape};
use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{Beamstop, Frame, FrameHeader, Instrument, MaterialSpec, encode_npy};
use gisaxs_sim::artifact::{self, DeadPixels, Drawn, Misalignment, ModuleLayout};
use gisaxs_sim::frame::{Scene, SimulatedFrame};
use gisaxs_sim::prior::ArtifactPrior;
use gisaxs_sim::rng::{Purpose, stream};
use gisaxs_sim::{Component, Correlation, Known, Particles, Range, Setup, SizeDistribution};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Arguments of `simulate`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The sample (TOML; see the top of xtask/src/simulate.rs for its keys).
    sample: PathBuf,
    /// Beam, detector and materials; the demonstration's if not given.
    #[arg(long, value_name = "FILE")]
    instrument: Option<PathBuf>,
    /// Folder for the frame.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    #[serde(default)]
    seed: u64,
    particles: ParticleTable,
    correlation: Correlation,
    #[serde(default)]
    artifacts: ArtifactTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParticleTable {
    shape: ShapeName,
    height_ratio: f64,
    sizes: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShapeName {
    Segment,
    Cylinder,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ArtifactTable {
    peak_counts: f64,
    flat: f64,
    diffuse: f64,
    air: f64,
    rod: f64,
    response: f64,
    blur_px: f64,
    saturation: f64,
    hot_pixels: usize,
}

impl Default for ArtifactTable {
    fn default() -> Self {
        Self {
            peak_counts: 3000.0,
            flat: 1e-3,
            diffuse: 0.02,
            air: 1e-3,
            rod: 10.0,
            response: 0.0,
            blur_px: 0.5,
            saturation: 1e6,
            hot_pixels: 0,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let name = args.sample.display();
    let text = std::fs::read_to_string(&args.sample).map_err(|e| format!("{name}: {e}"))?;
    let sample: Sample =
        toml::from_str(&text).map_err(|e| format!("{name}: {}", e.message().replace('\n', " ")))?;
    let instrument = match &args.instrument {
        Some(path) => Instrument::from_path(path)?,
        None => demo::instrument()?,
    };
    let (setup, warnings) = setup(&instrument)?;
    for warning in warnings {
        say!("{warning}");
    }
    let height_ratio = sample.particles.height_ratio;
    let (shape, highest) = match sample.particles.shape {
        ShapeName::Segment => (UprightShape::Segment { height_ratio }, 2.0),
        ShapeName::Cylinder => (UprightShape::Cylinder { height_ratio }, 100.0),
    };
    if !(height_ratio > 0.0 && height_ratio <= highest) {
        return Err(format!(
            "{name}: particles.height_ratio is {height_ratio}, expected above 0 to {highest}"
        )
        .into());
    }
    let particles = Particles {
        shape,
        sizes: SizeDistribution::new(sample.particles.sizes)?,
    };
    let scene = Scene {
        beam: &setup.beam,
        detector: &setup.detector,
        stack: &setup.stack,
        particle: setup.particle,
        particles: &particles,
        correlation: &sample.correlation,
    };
    let ideal = scene.cross_section(&scene.bins());
    let (rows, cols) = (setup.detector.rows, setup.detector.cols);
    let up = setup.detector.up;
    let rng = &mut stream(sample.seed, Purpose::View, 0);
    let drawn = sample.artifacts.draw(rng);
    let hot_pixels = sample.artifacts.hot_pixels;
    let exposed =
        SimulatedFrame::expose(setup, particles, sample.correlation, drawn, hot_pixels, rng)?;

    let stem = stem(&args.sample);
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    let write = |extension: &str, bytes: &[u8]| -> Result<(), Failure> {
        let path = args.out.join(format!("{stem}.{extension}"));
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        say!("{}", path.display());
        Ok(())
    };
    let mut ideal = Array2::from_shape_vec((rows, cols), ideal)?.mapv(f64::from);
    if up == Up::RowsIncrease {
        ideal.invert_axis(gisaxs_preproc::ndarray::Axis(0));
    }
    write("npy", &encode_npy(ideal.view()))?;
    let picture: Vec<f32> = exposed
        .counts
        .iter()
        .map(|&c| if c < 0.0 { f32::NAN } else { c })
        .collect();
    write("png", &report::picture(&picture, rows, cols)?)?;
    let counts = Array2::from_shape_vec((rows, cols), exposed.counts)?;
    let header = FrameHeader {
        detector: instrument.known_detector().map(|d| d.name().to_owned()),
        pixel_mm: Some(exposed.setup.detector.pixel_mm),
        count_cutoff: Some(f64::from(exposed.drawn.saturation.cutoff) - 1.0),
        exposure_s: Some(1.0),
        ..FrameHeader::default()
    };
    let frame = Frame::new(counts)?
        .with_header(header)
        .with_name(format!("{stem}.cbf"));
    write("cbf", &frame.to_cbf()?)?;
    Ok(true)
}

/// File name without its extension.
fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(|| "sample".into(), |s| s.to_string_lossy().into_owned())
}

impl ArtifactTable {
    /// The artifacts of this table; what it does not say (widths, exponents) is drawn.
    fn draw(&self, rng: &mut gisaxs_sim::rng::SimRng) -> Drawn {
        let fixed = |x: f64| Range::Uniform([x, x]);
        let prior = ArtifactPrior {
            peak_counts: fixed(self.peak_counts),
            flat: fixed(self.flat),
            diffuse: fixed(self.diffuse),
            air: fixed(self.air),
            rod: fixed(self.rod),
            response: fixed(self.response),
            flight_tube: 0.0,
            saturation: fixed(self.saturation),
            ..ArtifactPrior::default()
        };
        let mut drawn = Drawn::draw(&prior, rng);
        drawn.blur.sigma_px = self.blur_px.max(1e-3);
        drawn.misalignment = Misalignment::NONE;
        drawn
    }
}

/// The experiment that an instrument file describes, with a sentence per assumption.
fn setup(instrument: &Instrument) -> Result<(Setup, Vec<String>), Failure> {
    let detector = instrument.detector()?;
    let beam = instrument.beam();
    let mut warnings = Vec::new();
    let knowledge = instrument.sample_knowledge();
    let mut assume = |what: &str, name: &str| -> Result<RefractiveIndex, Failure> {
        warnings.push(format!("{what} not given, {name} assumed"));
        Ok(MaterialSpec::named(name).index(beam.energy_kev())?)
    };
    let particle = match knowledge.particle {
        Some(index) => index,
        None => assume("particle material", "Au")?,
    };
    let substrate = match knowledge.substrate {
        Some(index) => index,
        None => assume("substrate", "Si")?,
    };
    let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
    if let Some((index, thickness)) = knowledge.film {
        layers.push(Layer::new(index, thickness));
    }
    layers.push(Layer::semi_infinite(substrate));
    let layout = match instrument.known_detector() {
        Some(known) => ModuleLayout {
            module: known.module(),
            gap: known.gap(),
            modules: known.modules(),
        },
        None => ModuleLayout {
            module: [detector.rows, detector.cols],
            gap: [0, 0],
            modules: [1, 1],
        },
    };
    let beamstops = instrument
        .beamstops()
        .iter()
        .filter_map(|stop| match *stop {
            Beamstop::Circle {
                center_px,
                radius_px,
            } => Some(artifact::Beamstop {
                center_px,
                radius_px,
                arm: None,
            }),
            // An arm is a user mask to the simulation: it is not drawn.
            _ => None,
        });
    let setup = Setup {
        beam,
        detector,
        detector_name: instrument.detector_name(),
        layout,
        stack: Multilayer::new(layers)?,
        materials: Vec::new(),
        particle,
        particle_name: String::new(),
        known: Known::default(),
        beamstops: beamstops.collect(),
        shadow: None,
        dead: DeadPixels { pixels: Vec::new() },
        mount: None,
    };
    Ok((setup, warnings))
}
