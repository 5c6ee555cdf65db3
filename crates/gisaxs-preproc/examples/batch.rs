//! A folder, a stack or several files to cuts and pictures:
//! `batch INSTRUMENT.toml OUT_FOLDER FRAMES...`.
//!
//! Writes a CSV of the Yoneda cut and a picture of the q map per frame, in order, with all
//! cores. A bad frame is reported and the others are still done.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use gisaxs_preproc::reduce::{Image, Line, Profiler, Regridder};
use gisaxs_preproc::{Error, Frame, FrameStack, Instrument, PixelMap, Result, StackOptions};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [instrument, out, frames @ ..] = &arguments[..] else {
        eprintln!("usage: batch INSTRUMENT.toml OUT_FOLDER FRAMES...");
        return ExitCode::from(2);
    };
    match batch(instrument, Path::new(out), frames) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(bad) => {
            eprintln!("{bad} frames failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is made once for all frames.
struct Plan {
    map: PixelMap,
    cut: Profiler,
    q_map: Regridder,
    out: PathBuf,
}

impl Plan {
    fn new(instrument: &Instrument, out: &Path) -> Result<Self> {
        let half_width = 0.02_f64.to_radians();
        let line = Line::yoneda(instrument, half_width, [-2.0, 2.0], 800)?;
        Ok(Self {
            map: PixelMap::new(instrument)?,
            cut: Profiler::new(instrument, &line)?,
            q_map: Regridder::q_map(instrument)?,
            out: out.to_owned(),
        })
    }

    /// Reduces a frame; says what was written.
    fn reduce(&self, frame: Frame) -> Result<String> {
        let stem = frame.name().rsplit_once('.').map_or(frame.name(), |s| s.0);
        let (csv, png) = (format!("{stem}.csv"), format!("{stem}.png"));
        let mask = self.map.mask(&frame)?;
        let image = Image::counts(frame, mask)?;
        self.cut.profile(&image)?.write(self.out.join(&csv))?;
        self.q_map.map(&image)?.write_png(self.out.join(&png))?;
        Ok(format!("{csv}, {png}"))
    }
}

fn batch(instrument: &str, out: &Path, paths: &[String]) -> Result<usize> {
    let instrument = Instrument::from_path(instrument)?;
    std::fs::create_dir_all(out).map_err(|source| Error::Write {
        path: out.to_owned(),
        source,
    })?;
    let (stack, mut bad) = open(paths)?;
    // The first frame that can be read settles what the instrument leaves open.
    let first = stack.frames(0..stack.len()).find_map(|frame| frame.ok());
    let resolved = match &first {
        Some(frame) => instrument.for_frame(frame)?,
        None => instrument,
    };
    let plan = Arc::new(Plan::new(&resolved, out)?);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let reduced = stack.map_stream(0..stack.len(), threads, move |frame| plan.reduce(frame));
    for (index, result) in reduced.enumerate() {
        let done = format!("{}/{}", index + 1, stack.len());
        match result {
            Ok(written) => println!("{done}: {written}"),
            Err(error) => {
                bad += 1;
                eprintln!("{done}: {error}");
            }
        }
    }
    Ok(bad)
}

/// Everything as one series. Files that cannot even be opened are reported and left out.
fn open(paths: &[String]) -> Result<(FrameStack, usize)> {
    let options = StackOptions::default();
    let files = match paths {
        [one] => match FrameStack::open(one) {
            Ok(stack) => return Ok((stack, 0)),
            Err(error) if !Path::new(one).is_dir() => return Err(error),
            Err(_) => files_of(one)?,
        },
        several => several.iter().map(PathBuf::from).collect(),
    };
    let mut bad = 0;
    let readable: Vec<PathBuf> = files
        .into_iter()
        .filter(|file| match FrameStack::open(file) {
            Ok(_) => true,
            Err(error) => {
                bad += 1;
                eprintln!("{error}");
                false
            }
        })
        .collect();
    Ok((FrameStack::open_series(&readable, &options)?, bad))
}

fn files_of(folder: &str) -> Result<Vec<PathBuf>> {
    let refused = |source| Error::Read {
        path: folder.into(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(refused)?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}
