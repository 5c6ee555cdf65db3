//! `invert`: frames to structures, with a report per frame.

use crate::Failure;
use crate::console::{one_line, say};
use clap::error::ErrorKind;
use gisaxs_infer::{Device, Inversion, Options, Predictor, PreparedInstrument, demo, report};
use gisaxs_preproc::{Frame, FrameStack, Instrument};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `invert`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Detector frames, stacks of them or folders (CBF, TIFF, EDF, NPY, NPZ, NeXus, HDF5; also
    /// gzipped); the demonstration frame if none is given. Frames of a stack become
    /// `<stem>_<index>`.
    frames: Vec<PathBuf>,
    /// Beam, detector, sample; default: instrument.toml beside each frame.
    #[arg(long, value_name = "FILE", conflicts_with = "poni")]
    instrument: Option<PathBuf>,
    /// Geometry from a pyFAI file instead.
    #[arg(long, value_name = "FILE", requires = "incidence_deg")]
    poni: Option<PathBuf>,
    /// Incidence angle in degrees, which a pyFAI file does not hold.
    #[arg(long, value_name = "X", requires = "poni")]
    incidence_deg: Option<f64>,
    /// Mask in addition to the instrument's: nonzero = masked.
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    /// Weights instead of the embedded ones.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Refine the structure against the frame after the network.
    #[arg(long)]
    refine: bool,
    /// Folder for the results.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Write JSON only.
    #[arg(long)]
    no_report: bool,
    /// Where the network runs: cpu, cuda or cuda:N.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = parse_device)]
    device: DeviceChoice,
}

/// A device by name; opened when it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceChoice {
    Cpu,
    Cuda(usize),
}

/// Parses `--device`.
pub(crate) fn parse_device(text: &str) -> Result<DeviceChoice, String> {
    match text.split_once(':') {
        None if text == "cpu" => Ok(DeviceChoice::Cpu),
        None if text == "cuda" => Ok(DeviceChoice::Cuda(0)),
        Some(("cuda", number)) => number
            .parse()
            .map(DeviceChoice::Cuda)
            .map_err(|_| format!("{number} is not the number of a device")),
        _ => Err("expected cpu, cuda or cuda:N".into()),
    }
}

impl DeviceChoice {
    /// Opens the device.
    pub(crate) fn open(self) -> Result<Device, Failure> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(index) => Device::new_cuda(index).map_err(|e| {
                format!("device cuda:{index} cannot be used (built with --features cuda?): {e}")
                    .into()
            }),
        }
    }
}

/// Loads the weights that the user asked for.
pub(crate) fn predictor(
    weights: Option<&Path>,
    device: DeviceChoice,
) -> Result<Predictor, Failure> {
    let device = device.open()?;
    Ok(match weights {
        Some(path) => Predictor::from_file(path, &device)?,
        None => Predictor::embedded_on(&device)?,
    })
}

/// Runs the command. `Ok(false)` if a frame failed.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    check_stems(&args.frames);
    let predictor = predictor(args.weights.as_deref(), args.device)?;
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    if args.frames.is_empty() {
        let started = Instant::now();
        let frame = demo::frame()?;
        let read_ms = milliseconds(started);
        let mut source = Instruments::new(args, Some(demo::instrument()?))?;
        let summary = one(args, &predictor, &frame, source.get(&frame, None)?, read_ms)?;
        say!("{summary}");
        return Ok(true);
    }
    let mut source = Instruments::new(args, None)?;
    let mut all_done = true;
    let mut failed = |path: &Path, error: Failure| {
        let reason = one_line(&*error);
        // Most messages begin with the file; a mask or instrument may be meant too.
        let name = path.display().to_string();
        if reason.starts_with(&name) {
            eprintln!("error: {reason}");
        } else {
            eprintln!("error: {name}: {reason}");
        }
        all_done = false;
    };
    for path in &args.frames {
        let opened = Instant::now();
        let stack = match FrameStack::open(path) {
            Ok(stack) => stack,
            Err(error) => {
                failed(path, error.into());
                continue;
            }
        };
        let open_ms = milliseconds(opened) / stack.len() as f64;
        for warning in stack.warnings() {
            eprintln!("warning: {}: {warning}", path.display());
        }
        for index in 0..stack.len() {
            let result = (|| {
                let started = Instant::now();
                let frame = stack.frame(index)?;
                let read_ms = open_ms + milliseconds(started);
                let prepared = source.get(&frame, Some(path))?;
                one(args, &predictor, &frame, prepared, read_ms)
            })();
            match result {
                Ok(summary) => say!("{summary}"),
                Err(error) => failed(path, error),
            }
        }
    }
    Ok(all_done)
}

/// Leaves with a usage error if two frames would write the same files.
fn check_stems(frames: &[PathBuf]) {
    let mut stems = HashSet::new();
    for path in frames {
        if !stems.insert(path.file_stem()) {
            let message = format!(
                "{} and another frame would write the same result; run them apart with two --out\n",
                path.display()
            );
            clap::Error::raw(ErrorKind::ArgumentConflict, message).exit();
        }
    }
}

/// Inverts one frame and writes its files; returns the summary line.
fn one(
    args: &Args,
    predictor: &Predictor,
    frame: &Frame,
    prepared: &PreparedInstrument,
    read_ms: f64,
) -> Result<String, Failure> {
    let options = Options {
        refine: args.refine,
        ..Options::default()
    };
    let Inversion {
        mut structure,
        comparison,
    } = predictor.invert(frame, prepared, &options)?;
    structure.timing_ms.read = read_ms;
    let stem = Path::new(frame.name())
        .file_stem()
        .map_or_else(|| "frame".into(), |s| s.to_string_lossy().into_owned());
    let json = args.out.join(format!("{stem}.json"));
    std::fs::write(&json, structure.to_json()).map_err(|e| format!("{}: {e}", json.display()))?;
    if !args.no_report {
        let path = args.out.join(format!("{stem}.html"));
        let conditions = report::conditions(prepared.instrument());
        let page = report::html(&structure, comparison.as_ref(), &conditions)?;
        std::fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(format!("{}: {}", frame.name(), structure.summary()))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Instruments, with their tables kept from frame to frame.
struct Instruments<'a> {
    args: &'a Args,
    /// The instrument for every frame; none: the one beside each frame.
    common: Option<Instrument>,
    last: Option<(Instrument, PreparedInstrument)>,
}

impl<'a> Instruments<'a> {
    fn new(args: &'a Args, demo: Option<Instrument>) -> Result<Self, Failure> {
        let common = match (&args.instrument, &args.poni, args.incidence_deg) {
            (Some(path), _, _) => Some(Instrument::from_path(path)?),
            (None, Some(poni), Some(angle)) => Some(Instrument::from_poni_path(poni, angle)?),
            _ => demo,
        };
        Ok(Self {
            args,
            common: common.map(|i| with_mask(i, args)).transpose()?,
            last: None,
        })
    }

    /// The instrument of `frame`, with the shape that the frame gives it.
    fn get(&mut self, frame: &Frame, path: Option<&Path>) -> Result<&PreparedInstrument, Failure> {
        let instrument = match (&self.common, path) {
            (Some(instrument), _) => instrument.clone(),
            (None, path) => {
                let folder = match path {
                    Some(path) if path.is_dir() => path,
                    path => path.and_then(Path::parent).unwrap_or(Path::new("")),
                };
                let beside = folder.join("instrument.toml");
                if !beside.is_file() {
                    return Err(format!(
                        "no --instrument and no {}, expected one of them (or --poni with \
                         --incidence-deg)",
                        beside.display()
                    )
                    .into());
                }
                with_mask(Instrument::from_path(&beside)?, self.args)?
            }
        };
        let instrument = instrument.for_frame(frame)?;
        let reusable = matches!(&self.last, Some((last, _)) if *last == instrument);
        if !reusable {
            self.last = Some((instrument.clone(), PreparedInstrument::new(&instrument)?));
        }
        match &self.last {
            Some((_, prepared)) => Ok(prepared),
            None => Err("no instrument".into()),
        }
    }
}

fn with_mask(instrument: Instrument, args: &Args) -> Result<Instrument, Failure> {
    Ok(match &args.mask {
        Some(path) => instrument.with_mask_file(path)?,
        None => instrument,
    })
}
