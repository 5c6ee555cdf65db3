//! Stacks of frames: one file, several files, a folder, the modules of one detector.

mod modules;
mod reduce;
mod series;
mod stream;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::format::source::Bytes;
use crate::format::{self, FrameSource, edf, hdf5, tiff};
use crate::frame::{Frame, FrameHeader, ReadOptions, header_mismatches, write_file};
use crate::instrument::Instrument;
use crate::metadata::MetadataEntry;
pub use stream::Stream;

/// How a stack is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackOptions {
    /// Compare the checksum that a CBF file carries. Default: true.
    pub verify_checksum: bool,
    /// The dataset of an HDF5 file (`entry/data/data`), or the array of an NPZ file, that
    /// holds the frames. Default: found by its place; an error where several could be meant.
    pub dataset: Option<String>,
    /// Give pixels that an HDF5 file's `pixel_mask` rejects (any of bits 0 to 15) the
    /// sentinels of a Pilatus: -1 for a gap, -2 otherwise. Default: true.
    pub apply_pixel_mask: bool,
    /// Take pixels that are NaN, as programs mark what they masked, for bad ones: the sentinel
    /// -2. Infinite pixels stay an error. Default: false, NaN is an error too.
    pub nan_is_bad: bool,
    /// Multiply counts by the file's flat field where it is not applied yet; only Lambda
    /// files are known to hold factors. Counts are no whole numbers then. Default: false.
    pub apply_flat_field: bool,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            verify_checksum: true,
            dataset: None,
            apply_pixel_mask: true,
            nan_is_bad: false,
            apply_flat_field: false,
        }
    }
}

impl From<ReadOptions> for StackOptions {
    fn from(options: ReadOptions) -> Self {
        Self {
            verify_checksum: options.verify_checksum,
            ..Self::default()
        }
    }
}

/// Frames of one shape, read one at a time when they are asked for.
///
/// Opening reads headers only. Cloning is cheap, and clones may read from several threads.
///
/// ```no_run
/// use gisaxs_preproc::FrameStack;
///
/// let stack = FrameStack::open("scan_master.h5")?;
/// println!("{} frames, {:?}", stack.len(), stack.shape());
/// let first = stack.frame(0)?;
/// let dark_free = stack.mean(10..stack.len())?;
/// for frame in stack.stream(0..stack.len(), 2) {
///     println!("{}", frame?.name());
/// }
/// # Ok::<(), gisaxs_preproc::Error>(())
/// ```
#[derive(Clone)]
pub struct FrameStack {
    source: Arc<dyn FrameSource>,
    /// Path as given, for messages.
    file: String,
    /// File name, for frames.
    name: String,
    flat_field: Option<Arc<Array2<f32>>>,
    nan_is_bad: bool,
}

/// Sentinel of a bad pixel, as Pilatus cameras write it.
const BAD: f32 = -2.0;

impl std::fmt::Debug for FrameStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameStack")
            .field("file", &self.file)
            .field("format", &self.format())
            .field("frames", &self.len())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}

impl FrameStack {
    /// Opens a file, or a folder as a series: its files that are frames, in natural order
    /// (`_9` before `_10`); masters of an Eiger instead of their data files; files
    /// `*_m01.nxs`, `*_m02.nxs`, ... of a Lambda as one frame.
    ///
    /// # Errors
    /// [`Error`] that names the file and what is wrong with it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &StackOptions::default())
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: &StackOptions) -> Result<Self> {
        let path = path.as_ref();
        let source: Arc<dyn FrameSource> = if path.is_dir() {
            Arc::new(series::folder(path, options)?)
        } else {
            Arc::from(open_file(path, options)?)
        };
        Self::over(source, path.display().to_string(), file_name(path), options)
    }

    /// Several files as one stack, in this order. Files of one frame are opened when they
    /// are read; then their shape is compared with that of the first.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Mismatch`] for another shape.
    pub fn open_series<P: AsRef<Path>>(paths: &[P], options: &StackOptions) -> Result<Self> {
        let paths: Vec<PathBuf> = paths.iter().map(|p| p.as_ref().to_owned()).collect();
        let (file, name) = first_names(&paths);
        let source = series::Series::open(paths.into_iter().map(|p| vec![p]).collect(), options)?;
        Self::over(Arc::new(source), file, name, options)
    }

    /// The modules of one detector as one stack: every file is a module, placed by its
    /// `translation`. What no module covers is a gap, -1.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Mismatch`] if the numbers of frames differ or a
    /// module has no place.
    pub fn open_modules<P: AsRef<Path>>(paths: &[P], options: &StackOptions) -> Result<Self> {
        let paths: Vec<PathBuf> = paths.iter().map(|p| p.as_ref().to_owned()).collect();
        let (file, name) = first_names(&paths);
        let source = modules::Modules::open(&paths, options)?;
        Self::over(Arc::new(source), file, name, options)
    }

    /// Opens the bytes of a file; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`open`](Self::open). Links to other files cannot be followed.
    pub fn from_bytes(name: &str, bytes: Vec<u8>, options: &StackOptions) -> Result<Self> {
        let source = format::open(name, Bytes::Memory(bytes), None, options)?;
        Self::over(Arc::from(source), name.to_owned(), name.to_owned(), options)
    }

    fn over(
        source: Arc<dyn FrameSource>,
        file: String,
        name: String,
        options: &StackOptions,
    ) -> Result<Self> {
        let flat_field = match options.apply_flat_field {
            true => source.flat_field()?.map(Arc::new),
            false => None,
        };
        Ok(Self {
            source,
            file,
            name,
            flat_field,
            nan_is_bad: options.nan_is_bad,
        })
    }

    /// Number of frames, at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a stack has a frame")]
    pub fn len(&self) -> usize {
        self.source.description().frames
    }

    /// Number of rows and columns of every frame.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.source.description().shape
    }

    /// File name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name of the format, as `CBF`.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.source.description().format
    }

    /// Header of the first frame.
    #[must_use]
    pub fn header(&self) -> &FrameHeader {
        &self.source.description().header
    }

    /// Everything the file says of itself, with its units.
    #[must_use]
    pub fn metadata(&self) -> &[MetadataEntry] {
        &self.source.description().metadata
    }

    /// What does not fit together in the file: one sentence each. Missing frames, values
    /// without a unit, a named detector of another shape.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut found = self.source.description().warnings.clone();
        found.extend(header_mismatches(self.header(), self.shape()));
        found
    }

    /// What the file says against `instrument`: one sentence each.
    #[must_use]
    pub fn disagreements(&self, instrument: &Instrument) -> Vec<String> {
        let mut found = instrument.disagreements(self.header());
        let [rows, cols] = self.shape();
        if let Ok(([known_rows, known_cols], _)) = instrument.pixels()
            && [known_rows, known_cols] != [rows, cols]
        {
            found.push(format!(
                "frames have {rows} x {cols} pixels, but the instrument's detector has \
                 {known_rows} x {known_cols}"
            ));
        }
        found
    }

    /// Factors by which the counts are to be multiplied, shape (rows, columns), if the file
    /// has any that are not applied yet.
    ///
    /// # Errors
    /// [`Error`] if the file's flat field cannot be read, or it is not known how it applies.
    pub fn flat_field(&self) -> Result<Option<Array2<f32>>> {
        self.source.flat_field()
    }

    /// Where the first pixel of a module lies on its detector: column, row; `None` for a
    /// whole detector.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the file gives the place in another unit than pixels.
    pub fn module_origin_px(&self) -> Result<Option<[i64; 2]>> {
        self.source.placement()
    }

    /// Reads frame `index`.
    ///
    /// # Errors
    /// [`Error::FrameIndex`] beyond the last; [`Error`] if the frame is damaged.
    pub fn frame(&self, index: usize) -> Result<Frame> {
        if index >= self.len() {
            return Err(Error::FrameIndex {
                file: self.file.clone(),
                index,
                frames: self.len(),
            });
        }
        let (mut counts, header) = self.source.read(index)?;
        if self.nan_is_bad {
            counts.mapv_inplace(|count| if count.is_nan() { BAD } else { count });
        }
        if let Some(factors) = &self.flat_field {
            counts.zip_mut_with(factors, |count, factor| {
                if *count > 0.0 {
                    *count *= factor;
                }
            });
        }
        let name = match (self.source.frame_name(index), self.len()) {
            (Some(name), _) => name,
            (None, 1) => self.name.clone(),
            (None, _) => numbered(&self.name, index),
        };
        let frame = Frame::checked(self.file.clone(), counts, header)?;
        Ok(frame.with_name(name))
    }

    /// The only frame.
    ///
    /// # Errors
    /// [`Error::ManyFrames`] if there are several.
    pub fn only_frame(&self) -> Result<Frame> {
        match self.len() {
            1 => self.frame(0),
            frames => Err(Error::ManyFrames {
                file: self.file.clone(),
                frames,
            }),
        }
    }

    /// Reads frames one after another.
    pub fn frames(&self, range: Range<usize>) -> impl Iterator<Item = Result<Frame>> + '_ {
        range.map(|index| self.frame(index))
    }

    /// Reads frames with several threads and hands them out in order. At most twice as many
    /// frames as threads are in memory.
    #[must_use]
    pub fn stream(&self, range: Range<usize>, threads: usize) -> Stream {
        Stream::start(self.clone(), range, threads, Box::new(Ok))
    }

    /// As [`stream`](Self::stream), and the threads that read also do `step` with each frame,
    /// so that reduction runs in parallel while results come in order. An error of the step
    /// stands in the place of its frame.
    ///
    /// ```no_run
    /// use gisaxs_preproc::reduce::{Image, Line, Profiler};
    /// use gisaxs_preproc::{FrameStack, Instrument, Mask};
    ///
    /// let instrument = Instrument::from_path("instrument.toml")?;
    /// let line = Line::horizontal([0.004, 0.005], [-1.5, 1.5], 600)?;
    /// let cut = Profiler::new(&instrument, &line)?;
    /// let stack = FrameStack::open("scan")?;
    /// let cuts = stack.map_stream(0..stack.len(), 4, move |frame| {
    ///     let mask = Mask::new(&frame, &instrument)?;
    ///     cut.profile(&Image::counts(frame, mask)?)
    /// });
    /// for cut in cuts {
    ///     println!("{:?}", cut?.mean);
    /// }
    /// # Ok::<(), gisaxs_preproc::Error>(())
    /// ```
    #[must_use]
    pub fn map_stream<T: Send + 'static>(
        &self,
        range: Range<usize>,
        threads: usize,
        step: impl Fn(Frame) -> Result<T> + Send + Sync + 'static,
    ) -> Stream<T> {
        Stream::start(self.clone(), range, threads, Box::new(step))
    }
}

/// One TIFF page per frame: signed 32-bit integers where all counts are whole, otherwise
/// 32-bit floats. The header goes into ImageDescription as a Pilatus writes it.
///
/// # Errors
/// [`Error::Value`] without a frame; [`Error::Tiff`] if the file would exceed 4 GiB.
pub fn encode_tiff(frames: &[Frame]) -> Result<Vec<u8>> {
    tiff::encode(same_shape(frames)?, frames)
}

/// An EDF file, frames one after another: SignedInteger where all counts are whole,
/// otherwise FloatValue.
///
/// # Errors
/// [`Error::Value`] without a frame, [`Error::Mismatch`] for frames of several shapes.
pub fn encode_edf(frames: &[Frame]) -> Result<Vec<u8>> {
    same_shape(frames)?;
    Ok(edf::encode(frames))
}

/// A NeXus file in the layout of NXsas: frames in `entry/instrument/detector/data`, shape
/// (frames, rows, columns), int32 where all counts are whole, otherwise float32; shuffled
/// and deflated, one chunk per frame. Header values stand beside it with their units.
///
/// # Errors
/// [`Error::Value`] without a frame, [`Error::Mismatch`] for frames of several shapes,
/// [`Error::Hdf5Write`].
pub fn encode_nexus(frames: &[Frame]) -> Result<Vec<u8>> {
    hdf5::write::encode(same_shape(frames)?, frames)
}

impl Frame {
    /// Writes the frame in the format of the ending: `.cbf`, `.tif`, `.tiff`, `.edf`, `.npy`,
    /// `.nxs`, `.h5`.
    ///
    /// # Errors
    /// [`Error::Value`] for another ending; as [`to_cbf`](Self::to_cbf), [`encode_tiff`] and
    /// [`encode_nexus`]; [`Error::Write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let one = std::slice::from_ref(self);
        let bytes = match ending.to_ascii_lowercase().as_str() {
            "cbf" => self.to_cbf()?,
            "tif" | "tiff" => encode_tiff(one)?,
            "edf" => encode_edf(one)?,
            "npy" => format::npy::encode_npy(self.counts().view()),
            "nxs" | "h5" | "hdf5" => encode_nexus(one)?,
            _ => {
                return Err(Error::Value {
                    file: path.display().to_string(),
                    key: "ending".to_owned(),
                    value: ending.into_owned(),
                    expected: "cbf, tif, edf, npy, nxs or h5".to_owned(),
                });
            }
        };
        write_file(path, &bytes)
    }
}

/// The name of the first frame; an error if there is none, or shapes differ.
fn same_shape(frames: &[Frame]) -> Result<&str> {
    let Some((first, others)) = frames.split_first() else {
        return Err(Error::Value {
            file: "frames".to_owned(),
            key: "number".to_owned(),
            value: "0".to_owned(),
            expected: "at least one frame".to_owned(),
        });
    };
    let [rows, cols] = first.shape();
    match others.iter().find(|frame| frame.shape() != [rows, cols]) {
        None => Ok(first.name()),
        Some(other) => Err(Error::Mismatch {
            file: other.name().to_owned(),
            what: "shape".to_owned(),
            found: format!("{} x {}", other.shape()[0], other.shape()[1]),
            expected: format!("{rows} x {cols} as {} has", first.name()),
        }),
    }
}

fn open_file(path: &Path, options: &StackOptions) -> Result<Box<dyn FrameSource>> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("."),
    };
    let file = path.display().to_string();
    format::open(&file, Bytes::open(path)?, Some(folder), options)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}

fn first_names(paths: &[PathBuf]) -> (String, String) {
    paths.first().map_or_else(
        || ("series".to_owned(), "series".to_owned()),
        |path| (path.display().to_string(), file_name(path)),
    )
}

/// `scan.h5` and 7 make `scan_00007.h5`.
fn numbered(name: &str, index: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}_{index:05}.{ending}"),
        None => format!("{name}_{index:05}"),
    }
}
