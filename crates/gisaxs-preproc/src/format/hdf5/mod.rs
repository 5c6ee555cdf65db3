//! NeXus and HDF5: Eiger masters, Lambda modules, any NXdetector, plain stacks.
//!
//! The container is read by `hdf5-reader` (pure Rust); which dataset holds the frames, what
//! describes them, masks and the detector makers' filters are here. Pixels that the file's
//! `pixel_mask` rejects are given the sentinels of a Pilatus: -1 where there is no sensor
//! (bit 0), otherwise -2; as Dectris' own converter does (github.com/dectris/neggia).

mod bitshuffle;
mod detector;
mod locate;
mod open;
pub(crate) mod write;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use hdf5_reader::error::Error as H5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{ByteOrder, Dataset, Datatype, H5Type, SliceInfo, SliceInfoElem};
use ndarray::Array2;

use super::source::Bytes;
use super::{Description, FrameSource, Number, checked_shape, into_array};
use crate::error::{Error, Result};
use crate::frame::FrameHeader;
use crate::stack::StackOptions;
use open::{Content, Linked};

pub(crate) const FORMAT: &str = "HDF5";
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The signature may stand after a user block of 512 bytes times a power of two.
pub(crate) fn recognise(bytes: &[u8]) -> bool {
    [0, 512, 1024, 2048]
        .iter()
        .any(|&at| bytes.get(at..).is_some_and(|b| b.starts_with(SIGNATURE)))
}

pub(crate) fn wrong(file: &str, object: &str, source: H5Error) -> Error {
    if let Some((found, expected)) = unread(&source) {
        return Error::Unsupported {
            file: file.to_owned(),
            format: FORMAT,
            field: "storage",
            found: format!("{found} in {object}"),
            expected: expected.to_owned(),
        };
    }
    Error::Hdf5 {
        file: file.to_owned(),
        object: object.to_owned(),
        source: Box::new(source),
    }
}

/// What is known of HDF5 but not read here: name, and what to do. Told by the message, since
/// the error may stand inside another that says where it happened.
fn unread(error: &H5Error) -> Option<(String, &'static str)> {
    let message = error.to_string();
    // Layout class 3 is that of virtual datasets.
    if message.ends_with("unsupported layout class 3") {
        return Some((
            "a virtual dataset".to_owned(),
            "frames stored in the file or linked; open the files that the virtual dataset \
             refers to",
        ));
    }
    let (_, filter) = message.split_once("unsupported filter: ")?;
    let name = open::filter_name(filter).map_or_else(|| filter.to_owned(), str::to_owned);
    Some((
        name,
        "deflate, shuffle, LZ4 or bitshuffle with LZ4; repack the file with one of these \
         (h5repack)",
    ))
}

/// The dataset of a file that is a mask: the only image, or the only one so named.
pub(crate) fn mask_dataset(file: &str, bytes: Bytes, folder: Option<&Path>) -> Result<String> {
    let open = || Content::new(bytes)?.open(Arc::new(Linked::from(folder, file)), false);
    locate::locate_mask(file, &open().map_err(|e| wrong(file, "/", e))?)
}

/// An opened HDF5 file.
pub(crate) struct Hdf5 {
    file: String,
    parts: Vec<Part>,
    detector: Option<(String, Group)>,
    /// Sentinel per pixel, as a positive number; 0 = none.
    rejected: OnceLock<Vec<u8>>,
    apply_pixel_mask: bool,
    description: Description,
}

/// A dataset that holds some of the frames.
struct Part {
    path: String,
    dataset: Dataset,
    /// Frames in the parts before, and in this one.
    before: usize,
    frames: usize,
}

impl Hdf5 {
    pub(crate) fn open(
        file: &str,
        bytes: Bytes,
        folder: Option<&Path>,
        options: &StackOptions,
    ) -> Result<Self> {
        let content = Content::new(bytes).map_err(|e| wrong(file, "/", e))?;
        let links = Arc::new(Linked::from(folder, file));
        let wanted = options.dataset.as_deref();
        let open = |cached| {
            let h5 = content.open(Arc::clone(&links), cached);
            locate::locate(file, &h5.map_err(|e| wrong(file, "/", e))?, wanted)
        };
        let mut located = open(false)?;
        let frames_per_chunk = |dataset: &Dataset| {
            let chunk = dataset.chunks().unwrap_or_default();
            let leading = chunk.len().saturating_sub(2);
            chunk[..leading].iter().any(|&n| n > 1)
        };
        if frames_per_chunk(&located.parts[0].1) {
            located = open(true)?;
        }

        let mut parts: Vec<Part> = Vec::with_capacity(located.parts.len());
        let mut warnings = located.warnings;
        let mut shape = [0; 2];
        let mut frames = 0;
        for (path, dataset) in located.parts {
            if !locate::is_image(&dataset) {
                return Err(super::unsupported(
                    file,
                    FORMAT,
                    "dataset",
                    format!(
                        "{path} of {:?}, shape {:?}",
                        dataset.dtype(),
                        dataset.shape()
                    ),
                    "numbers with rows and columns",
                ));
            }
            let (stack, image) = dataset.shape().split_at(dataset.ndim() - 2);
            let own = checked_shape(file, FORMAT, [image[0], image[1]], 0, usize::MAX)?;
            if parts.is_empty() {
                shape = own;
            } else if own != shape {
                return Err(Error::Mismatch {
                    file: file.to_owned(),
                    what: format!("shape of {path}"),
                    found: format!("{} x {}", own[0], own[1]),
                    expected: format!("{} x {} as {} has", shape[0], shape[1], parts[0].path),
                });
            }
            let count = stack
                .iter()
                .try_fold(1_usize, |n, &k| n.checked_mul(usize::try_from(k).ok()?));
            let count = count
                .filter(|n| n.checked_add(frames).is_some())
                .ok_or_else(|| {
                    super::damaged(
                        file,
                        FORMAT,
                        "shape",
                        format!("{stack:?}"),
                        "a number of frames",
                    )
                })?;
            parts.push(Part {
                path,
                dataset,
                before: frames,
                frames: count,
            });
            frames += count;
        }
        let (metadata, header) = match &located.detector {
            Some((path, group)) => {
                let metadata = detector::metadata(&content, &links, path, group);
                let number = parts[0].dataset.dtype();
                let header = detector::header(&metadata, path, number, &mut warnings);
                detector::check_frames(&metadata, path, frames, &mut warnings);
                (metadata, header)
            }
            None => {
                let header = FrameHeader {
                    full_scale: detector::full_scale(parts[0].dataset.dtype()),
                    ..FrameHeader::default()
                };
                (Vec::new(), header)
            }
        };
        let mut opened = Self {
            file: file.to_owned(),
            parts,
            detector: located.detector,
            rejected: OnceLock::new(),
            apply_pixel_mask: options.apply_pixel_mask,
            description: Description {
                format: FORMAT,
                shape,
                frames,
                header,
                metadata,
                warnings,
            },
        };
        if let Some(note) = opened.flat_field_note() {
            opened.description.warnings.push(note);
        }
        Ok(opened)
    }

    fn flat_field_note(&self) -> Option<String> {
        let (path, group) = self.detector.as_ref()?;
        detector::flat_field_dataset(group, &self.description.metadata, path)?;
        Some(format!(
            "{path}/flatfield is not applied to the counts: multiply by it on request"
        ))
    }

    /// Which pixels get a sentinel instead of their count.
    fn rejected(&self) -> Result<&[u8]> {
        if let Some(rejected) = self.rejected.get() {
            return Ok(rejected);
        }
        let rejected = match &self.detector {
            Some((path, group)) if self.apply_pixel_mask => {
                detector::rejected(&self.file, path, group, self.description.shape)?
            }
            _ => Vec::new(),
        };
        Ok(self.rejected.get_or_init(|| rejected))
    }
}

impl FrameSource for Hdf5 {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let found = self
            .parts
            .partition_point(|part| part.before + part.frames <= index);
        let Some(part) = self.parts.get(found) else {
            return Err(Error::FrameIndex {
                file: self.file.clone(),
                index,
                frames: self.description.frames,
            });
        };
        let mut counts = read_image(&part.dataset, index - part.before)
            .map_err(|e| wrong(&self.file, &part.path, e))?;
        let shape = self.description.shape;
        if counts.len() != shape[0] * shape[1] {
            return Err(super::damaged(
                &self.file,
                FORMAT,
                "image data",
                format!("{} values", counts.len()),
                format!("{} x {}", shape[0], shape[1]),
            ));
        }
        let rejected = self.rejected()?;
        for (count, &code) in counts.iter_mut().zip(rejected) {
            if code > 0 {
                *count = -f32::from(code);
            }
        }
        Ok((into_array(shape, counts), self.description.header.clone()))
    }

    fn read_bits(&self, file: &str, index: usize) -> Result<Array2<u64>> {
        let Some(part) = self.parts.first().filter(|part| index < part.frames) else {
            return Err(Error::FrameIndex {
                file: file.to_owned(),
                index,
                frames: self.description.frames,
            });
        };
        let bits = read_bits(&part.dataset, index).map_err(|e| wrong(file, &part.path, e))?;
        let shape = self.description.shape;
        Array2::from_shape_vec(shape, bits).map_err(|_| {
            super::damaged(
                file,
                FORMAT,
                "mask",
                "cut short",
                format!("{} x {} values", shape[0], shape[1]),
            )
        })
    }

    fn flat_field(&self) -> Result<Option<Array2<f32>>> {
        let Some((path, group)) = &self.detector else {
            return Ok(None);
        };
        let Some(dataset) = detector::flat_field_dataset(group, &self.description.metadata, path)
        else {
            return Ok(None);
        };
        // NeXus does not say whether a flat field multiplies or divides. In Lambda files it
        // multiplies: over a P03 module its deviations from the local mean and those of the
        // counts have a slope of -0.95 +- 0.03.
        let named = self.description.header.detector.clone().unwrap_or_default();
        if !named.to_lowercase().contains("lambda") {
            return Err(super::unsupported(
                &self.file,
                FORMAT,
                "flatfield",
                format!("of a detector named \"{named}\""),
                "a Lambda, whose factors multiply the counts",
            ));
        }
        let shape = self.description.shape;
        let object = format!("{path}/flatfield");
        let factors = read_image(&dataset, 0).map_err(|e| wrong(&self.file, &object, e))?;
        if factors.len() != shape[0] * shape[1] {
            return Err(Error::Mismatch {
                file: self.file.clone(),
                what: format!("size of {object}"),
                found: format!("{} pixels", factors.len()),
                expected: format!("{} x {} as the frames", shape[0], shape[1]),
            });
        }
        Ok(Some(into_array(shape, factors)))
    }

    fn placement(&self) -> Result<Option<[i64; 2]>> {
        match &self.detector {
            Some((path, _)) => detector::placement(&self.file, &self.description.metadata, path),
            None => Ok(None),
        }
    }
}

/// Image `index` of a dataset whose last two axes are rows and columns.
fn read_image(dataset: &Dataset, index: usize) -> std::result::Result<Vec<f32>, H5Error> {
    let selection = image_selection(dataset, index);
    // The types of all common cameras are copied once and converted in place.
    Ok(match dataset.dtype() {
        Datatype::FixedPoint {
            size: 4,
            signed: false,
            ..
        } => values::<u32>(dataset, &selection)?
            .into_iter()
            .map(|x| x as f32)
            .collect(),
        Datatype::FixedPoint {
            size: 4,
            signed: true,
            ..
        } => values::<i32>(dataset, &selection)?
            .into_iter()
            .map(|x| x as f32)
            .collect(),
        _ => values::<Count>(dataset, &selection)?
            .into_iter()
            .map(|x| x.0)
            .collect(),
    })
}

/// As [`read_image`], for the bits of a mask.
fn read_bits(dataset: &Dataset, index: usize) -> std::result::Result<Vec<u64>, H5Error> {
    let bits = values::<Bits>(dataset, &image_selection(dataset, index))?;
    Ok(bits.into_iter().map(|x| x.0).collect())
}

fn values<T: H5Type>(
    dataset: &Dataset,
    selection: &SliceInfo,
) -> std::result::Result<Vec<T>, H5Error> {
    Ok(dataset
        .read_slice::<T>(selection)?
        .into_raw_vec_and_offset()
        .0)
}

/// Any number of a file as a count.
#[derive(Clone, Copy)]
struct Count(f32);

impl H5Type for Count {
    fn hdf5_type() -> Datatype {
        f32::hdf5_type()
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> std::result::Result<Self, H5Error> {
        let counts = decoded(bytes, datatype)?;
        let first = counts.first().copied().map(Self);
        first.ok_or_else(|| H5Error::InvalidData(format!("{} bytes as a count", bytes.len())))
    }

    fn element_size(datatype: &Datatype) -> usize {
        number(datatype).map_or(0, |(number, _)| number.size())
    }

    fn decode_vec(
        raw: &[u8],
        datatype: &Datatype,
        _count: usize,
    ) -> Option<std::result::Result<Vec<Self>, H5Error>> {
        Some(decoded(raw, datatype).map(|counts| counts.into_iter().map(Self).collect()))
    }
}

/// Any integer of a file as bits.
#[derive(Clone, Copy)]
struct Bits(u64);

impl H5Type for Bits {
    fn hdf5_type() -> Datatype {
        u64::hdf5_type()
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> std::result::Result<Self, H5Error> {
        let bits = decoded_bits(bytes, datatype)?;
        let first = bits.first().copied().map(Self);
        first.ok_or_else(|| H5Error::InvalidData(format!("{} bytes as bits", bytes.len())))
    }

    fn element_size(datatype: &Datatype) -> usize {
        number(datatype).map_or(0, |(number, _)| number.size())
    }

    fn decode_vec(
        raw: &[u8],
        datatype: &Datatype,
        _count: usize,
    ) -> Option<std::result::Result<Vec<Self>, H5Error>> {
        Some(decoded_bits(raw, datatype).map(|bits| bits.into_iter().map(Self).collect()))
    }
}

fn decoded_bits(bytes: &[u8], datatype: &Datatype) -> std::result::Result<Vec<u64>, H5Error> {
    number(datatype)
        .and_then(|(number, big_endian)| number.decode_bits(bytes, big_endian))
        .ok_or_else(|| H5Error::UnsupportedEncoding(format!("{datatype:?} as bits of a mask")))
}

fn decoded(bytes: &[u8], datatype: &Datatype) -> std::result::Result<Vec<f32>, H5Error> {
    number(datatype)
        .and_then(|(number, big_endian)| number.decode(bytes, big_endian))
        .ok_or_else(|| H5Error::UnsupportedEncoding(format!("{datatype:?} as a count")))
}

/// Number type, and whether it is big-endian.
fn number(datatype: &Datatype) -> Option<(Number, bool)> {
    // A bool of h5py is an enumeration of 8-bit integers.
    if let Datatype::Enum { base, .. } = datatype {
        return match **base {
            Datatype::FixedPoint { .. } => number(base),
            _ => None,
        };
    }
    let (number, order) = match *datatype {
        Datatype::FixedPoint {
            size,
            signed,
            byte_order,
        } => {
            let size = usize::from(size);
            let number = if signed {
                Number::Signed(size)
            } else {
                Number::Unsigned(size)
            };
            (number, byte_order)
        }
        Datatype::FloatingPoint { size, byte_order } => {
            (Number::Float(usize::from(size)), byte_order)
        }
        _ => return None,
    };
    number
        .is_known()
        .then_some((number, order == ByteOrder::BigEndian))
}

fn image_selection(dataset: &Dataset, index: usize) -> SliceInfo {
    let (stack, image) = dataset.shape().split_at(dataset.ndim() - 2);
    let mut left = index as u64;
    let mut selections = vec![];
    for &n in stack.iter().rev() {
        selections.push(SliceInfoElem::Index(left % n.max(1)));
        left /= n.max(1);
    }
    selections.reverse();
    selections.extend(image.iter().map(|&end| SliceInfoElem::Slice {
        start: 0,
        end,
        step: 1,
    }));
    SliceInfo { selections }
}
