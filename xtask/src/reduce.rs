//! `reduce`: frames to cuts, q maps and pictures.

mod corrections;

use crate::Failure;
use crate::console::{one_line, say};
use clap::ValueEnum;
use corrections::Corrections;
use gisaxs_preproc::reduce::{Axis, Image, Line, Profiler, Quantity, Regridder};
use gisaxs_preproc::{
    Error, Frame, FrameStack, Instrument, PixelMap, Result as Reduced, StackOptions,
};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Arguments of `reduce`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Detector frames, stacks of them or folders, as `invert` takes them.
    #[arg(required = true)]
    frames: Vec<PathBuf>,
    /// Beam, detector, sample.
    #[arg(long, value_name = "FILE", required_unless_present = "poni")]
    instrument: Option<PathBuf>,
    /// Geometry from a pyFAI file instead.
    #[arg(
        long,
        value_name = "FILE",
        requires = "incidence_deg",
        conflicts_with = "instrument"
    )]
    poni: Option<PathBuf>,
    /// Incidence angle in degrees, which a pyFAI file does not hold.
    #[arg(long, value_name = "X", requires = "poni")]
    incidence_deg: Option<f64>,
    /// Mask in addition to the instrument's: nonzero = masked.
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    /// Cuts to take; may be given several times.
    #[arg(long, value_enum)]
    cut: Vec<Cut>,
    /// Exit angle of the Yoneda cut in degrees; the critical angle of the sample if not given.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    exit_deg: Option<f64>,
    /// Half of the width of the Yoneda band, degrees.
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.02,
        allow_negative_numbers = true
    )]
    half_width_deg: f64,
    /// Band of |q_y| of the vertical cut, nm^-1.
    #[arg(
        long,
        value_name = "X",
        num_args = 2,
        default_values_t = [0.1, 0.2],
        allow_negative_numbers = true
    )]
    band: Vec<f64>,
    /// Bins of each cut.
    #[arg(long, value_name = "N", default_value_t = 800)]
    bins: usize,
    /// The (q_xy, q_z) map.
    #[arg(long)]
    map: bool,
    /// Take pixels that are NaN for bad ones.
    #[arg(long)]
    nan_is_bad: bool,
    /// Folder for the results.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    #[command(flatten)]
    corrections: corrections::Args,
}

/// A cut over the whole detector.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cut {
    /// Along q_y at the critical angle of the particles (or film, or substrate).
    Yoneda,
    /// Along q_z beside the specular rod.
    Vertical,
    /// Along q, over all pixels.
    Radial,
}

impl Cut {
    fn name(self) -> &'static str {
        match self {
            Self::Yoneda => "yoneda",
            Self::Vertical => "vertical",
            Self::Radial => "radial",
        }
    }

    fn line(self, args: &Args, instrument: &Instrument) -> Reduced<Line> {
        let geometry = instrument.geometry()?;
        let span = |quantity| {
            let values = geometry.map(quantity);
            values
                .iter()
                .fold([0.0_f64; 2], |[low, high], &x| [low.min(x), high.max(x)])
        };
        match self {
            Self::Yoneda => {
                let half_width = args.half_width_deg.to_radians();
                let q_y = span(Quantity::QY);
                match args.exit_deg.map(f64::to_radians) {
                    Some(exit) => {
                        let band = [exit - half_width, exit + half_width];
                        Line::horizontal(band, q_y, args.bins)
                    }
                    None => Line::yoneda(instrument, half_width, q_y, args.bins),
                }
            }
            Self::Vertical => {
                let [_, high] = span(Quantity::QZ);
                Line::vertical([args.band[0], args.band[1]], [0.0, high], args.bins)
            }
            Self::Radial => {
                let axis = Axis::linear(Quantity::Q, span(Quantity::Q), args.bins)?;
                Ok(Line::along(axis))
            }
        }
    }
}

/// What is made once for all frames of one instrument.
struct Plan {
    pixels: PixelMap,
    corrections: Corrections,
    cuts: Vec<(&'static str, Profiler)>,
    map: Option<Regridder>,
    out: PathBuf,
    results: Arc<Results>,
}

/// Names of results that are taken.
#[derive(Default)]
struct Results(Mutex<HashSet<String>>);

impl Results {
    /// Takes a name for the results of `frame`, once.
    fn claim(&self, frame: &str, stem: &str) -> Reduced<()> {
        // A thread that panicked has left no half of a name.
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.insert(stem.to_owned()) {
            true => Ok(()),
            false => Err(Error::Value {
                file: frame.to_owned(),
                key: "name of the results".to_owned(),
                value: stem.to_owned(),
                expected: "a name that no frame before it has; reduce them apart with two --out"
                    .to_owned(),
            }),
        }
    }
}

impl Plan {
    fn new(args: &Args, instrument: &Instrument, results: &Arc<Results>) -> Reduced<Self> {
        let cuts = args.cut.iter().map(|cut| {
            let line = cut.line(args, instrument)?;
            Ok((cut.name(), Profiler::new(instrument, &line)?))
        });
        let pixels = PixelMap::new(instrument)?;
        Ok(Self {
            corrections: Corrections::new(&args.corrections, &pixels)?,
            pixels,
            cuts: cuts.collect::<Reduced<_>>()?,
            map: match args.map {
                true => Some(Regridder::q_map(instrument)?),
                false => None,
            },
            out: args.out.clone(),
            results: Arc::clone(results),
        })
    }

    /// Writes everything of one frame; says how much.
    fn reduce(&self, frame: Frame) -> Reduced<String> {
        let name = frame.name().to_owned();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let stem = plain.rsplit_once('.').map_or(plain, |s| s.0);
        self.results.claim(&name, stem)?;
        let path = |what: &str, ending: &str| self.out.join(format!("{stem}_{what}.{ending}"));
        let mask = self.pixels.mask(&frame)?;
        let header = frame.header().clone();
        let image = self
            .corrections
            .apply(Image::counts(frame, mask)?, &header)?;
        let mut done = Vec::new();
        for (what, cut) in &self.cuts {
            let profile = cut.profile(&image)?;
            if profile.is_empty() {
                return Err(Error::Value {
                    file: name,
                    key: format!("{what} cut"),
                    value: "0 pixels".to_owned(),
                    expected: "a band in which the detector has valid pixels".to_owned(),
                });
            }
            profile.write(path(what, "csv"))?;
            profile.write(path(what, "h5"))?;
            profile.write_png(path(what, "png"))?;
            done.push(format!("{what} cut with {} bins", profile.len()));
        }
        if let Some(regridder) = &self.map {
            let map = regridder.map(&image)?;
            map.write(path("map", "h5"))?;
            map.write_png(path("map", "png"))?;
            done.push(format!("map of {} x {} cells", map.y.bins(), map.x.bins()));
        }
        if done.is_empty() {
            image.write_png(path("frame", "png"))?;
            done.push("picture".to_owned());
        }
        Ok(format!("{name}: {}", done.join(", ")))
    }
}

/// Runs the command. `Ok(false)` if a frame failed.
pub(crate) fn run(args: &Args) -> Result<bool, Failure> {
    let mut instrument = match (&args.instrument, &args.poni, args.incidence_deg) {
        (_, Some(poni), Some(angle)) => Instrument::from_poni_path(poni, angle)?,
        (Some(path), _, _) => Instrument::from_path(path)?,
        _ => return Err("no --instrument and no --poni".into()),
    };
    if let Some(mask) = &args.mask {
        instrument = instrument.with_mask_file(mask)?;
    }
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    let threads = rayon::current_num_threads();
    let options = StackOptions {
        nan_is_bad: args.nan_is_bad,
        ..StackOptions::default()
    };
    let results = Arc::default();
    let mut all_done = true;
    let mut failed = |path: &Path, error: &Error| {
        eprintln!("error: {}", of_file(path, &one_line(error)));
        all_done = false;
    };
    // Plans cost more than a frame: kept while the instrument stays the same.
    let mut last: Option<(Instrument, Arc<Plan>)> = None;
    for path in &args.frames {
        let stack = match FrameStack::open_with(path, &options) {
            Ok(stack) => stack,
            Err(error) => {
                failed(path, &error);
                continue;
            }
        };
        // What the instrument leaves open the first good frame settles.
        let Some(first) = stack.frames(0..stack.len()).find_map(Result::ok) else {
            if let Err(error) = stack.frame(0) {
                failed(path, &error);
            }
            continue;
        };
        let plan = instrument
            .for_frame(&first)
            .and_then(|resolved| match &last {
                Some((same, plan)) if *same == resolved => Ok(Arc::clone(plan)),
                _ => {
                    let plan = Arc::new(Plan::new(args, &resolved, &results)?);
                    last = Some((resolved, Arc::clone(&plan)));
                    Ok(plan)
                }
            });
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                failed(path, &error);
                continue;
            }
        };
        let doubts = stack
            .warnings()
            .into_iter()
            .chain(plan.pixels.instrument().disagreements(first.header()));
        for doubt in doubts {
            eprintln!("warning: {}", of_file(path, &doubt));
        }
        let reduced = stack.map_stream(0..stack.len(), threads, move |frame| plan.reduce(frame));
        for result in reduced {
            match result {
                Ok(summary) => say!("{summary}"),
                Err(error) => failed(path, &error),
            }
        }
    }
    Ok(all_done)
}

/// The message with the path in front, in place of the file's name if it begins with it.
fn of_file(path: &Path, message: &str) -> String {
    let full = path.display().to_string();
    if message.starts_with(&full) {
        return message.to_owned();
    }
    let name = path.file_name().map(|name| format!("{}: ", name.display()));
    let message = name
        .and_then(|name| message.strip_prefix(&name))
        .unwrap_or(message);
    format!("{full}: {message}")
}
