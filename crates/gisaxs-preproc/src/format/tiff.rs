//! TIFF: frames of Pilatus cameras, and plain one-channel integer or float images, one or
//! several pages of the same shape.
//!
//! Pilatus cameras put the same `# key value` lines as in CBF into ImageDescription. Some
//! writers leave SampleFormat out, so that the gap value -1 reads as 2^32 - 1: on a Pilatus,
//! 32-bit integers are always signed.

use std::io::{BufReader, Cursor};

use ndarray::Array2;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::{Gray32Float, GrayI32};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::cbf::is_pilatus;
use super::source::{Bytes, MAX_EXPANSION, Reader};
use super::{Description, FrameSource, Number, checked_shape, header, into_array, unsupported};
use crate::error::{Error, Result};
use crate::frame::{Frame, FrameHeader, MAX_PIXELS};

const FORMAT: &str = "TIFF";

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    // Little- and big-endian, classic and BigTIFF.
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"]
        .iter()
        .any(|magic| bytes.starts_with(*magic))
}

/// An opened TIFF file: the pages that are frames.
pub(crate) struct Tiff {
    file: String,
    bytes: Bytes,
    /// Numbers of the pages in the file.
    pages: Vec<usize>,
    description: Description,
}

impl Tiff {
    pub(crate) fn open(file: &str, bytes: Bytes) -> Result<Self> {
        let mut decoder = decoder(file, &bytes)?;
        let wrong = |source| tiff_error(file, source);
        let mut pages = Vec::new();
        let mut description = Description {
            format: FORMAT,
            ..Description::default()
        };
        for page in 0.. {
            // Bit 0 marks a smaller copy of another page, bit 2 a mask.
            let kind = decoder.find_tag_unsigned(Tag::NewSubfileType);
            if kind.map_err(wrong)?.unwrap_or(0_u32) & 5 == 0 {
                let (width, height) = decoder.dimensions().map_err(wrong)?;
                let shape = checked_shape(
                    file,
                    FORMAT,
                    [u64::from(height), u64::from(width)],
                    1,
                    unpacked_limit(&bytes),
                )?;
                if pages.is_empty() {
                    description.shape = shape;
                    description.header = page_header(&mut decoder);
                    description.metadata = header::metadata(&description.header);
                } else if shape != description.shape {
                    let [rows, cols] = description.shape;
                    return Err(Error::Mismatch {
                        file: file.to_owned(),
                        what: format!("shape of page {page}"),
                        found: format!("{} x {}", shape[0], shape[1]),
                        expected: format!("{rows} x {cols} as the first has"),
                    });
                }
                pages.push(page);
            }
            if !decoder.more_images() {
                break;
            }
            decoder.next_image().map_err(wrong)?;
        }
        drop(decoder);
        if pages.is_empty() {
            return Err(super::damaged(file, FORMAT, "pages", "none", "an image"));
        }
        description.frames = pages.len();
        Ok(Self {
            file: file.to_owned(),
            bytes,
            pages,
            description,
        })
    }
}

impl FrameSource for Tiff {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let file = &self.file;
        let wrong = |source| tiff_error(file, source);
        let mut decoder = decoder(file, &self.bytes)?;
        decoder.seek_to_image(self.pages[index]).map_err(wrong)?;
        let color = decoder.colortype().map_err(wrong)?;
        if !matches!(color, ColorType::Gray(_)) {
            return Err(unsupported(
                file,
                FORMAT,
                "color type",
                format!("{color:?}"),
                "one channel of counts",
            ));
        }
        let mut header = match index {
            0 => self.description.header.clone(),
            _ => page_header(&mut decoder),
        };
        let shape = self.description.shape;
        let image = decoder.read_image().map_err(wrong)?;
        let counts: Vec<f32> = match image {
            DecodingResult::U8(v) => v.into_iter().map(f32::from).collect(),
            DecodingResult::I8(v) => v.into_iter().map(f32::from).collect(),
            DecodingResult::I16(v) => v.into_iter().map(f32::from).collect(),
            DecodingResult::I32(v) => v.into_iter().map(|x| x as f32).collect(),
            DecodingResult::I64(v) => v.into_iter().map(|x| x as f32).collect(),
            DecodingResult::U64(v) => v.into_iter().map(|x| x as f32).collect(),
            DecodingResult::F32(v) => v,
            DecodingResult::F64(v) => v.into_iter().map(|x| x as f32).collect(),
            DecodingResult::U16(v) => {
                header.full_scale = Number::Unsigned(2).full_scale();
                v.into_iter().map(f32::from).collect()
            }
            DecodingResult::U32(v) => {
                if is_pilatus(&header, shape) {
                    v.into_iter().map(|x| x as i32 as f32).collect()
                } else {
                    header.full_scale = Number::Unsigned(4).full_scale();
                    v.into_iter().map(|x| x as f32).collect()
                }
            }
            _ => {
                return Err(unsupported(
                    file,
                    FORMAT,
                    "sample format",
                    "another one",
                    "integers, or floats of 32 or 64 bits",
                ));
            }
        };
        if counts.len() != shape[0] * shape[1] {
            return Err(super::damaged(
                file,
                FORMAT,
                "image data",
                format!("{} values", counts.len()),
                format!("{} x {}", shape[0], shape[1]),
            ));
        }
        Ok((into_array(shape, counts), header))
    }
}

fn tiff_error(file: &str, source: TiffError) -> Error {
    Error::Tiff {
        file: file.to_owned(),
        source,
    }
}

/// Largest image that the file can unpack to.
fn unpacked_limit(bytes: &Bytes) -> usize {
    usize::try_from(bytes.len())
        .unwrap_or(usize::MAX)
        .saturating_mul(MAX_EXPANSION)
}

type PageDecoder<'a> = Decoder<BufReader<Reader<'a>>>;

fn decoder<'a>(file: &str, bytes: &'a Bytes) -> Result<PageDecoder<'a>> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = unpacked_limit(bytes).min(MAX_PIXELS * size_of::<f64>());
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    // An entry of a tag cannot be longer than the file.
    limits.ifd_value_size = usize::try_from(bytes.len())
        .unwrap_or(usize::MAX)
        .min(limits.ifd_value_size);
    let decoder = Decoder::new(BufReader::new(bytes.reader()));
    Ok(decoder
        .map_err(|source| tiff_error(file, source))?
        .with_limits(limits))
}

fn page_header(decoder: &mut PageDecoder<'_>) -> FrameHeader {
    let mut ascii = |tag| decoder.get_tag_ascii_string(tag).unwrap_or_default();
    let description = ascii(Tag::ImageDescription);
    let model = ascii(Tag::Model);
    let date = ascii(Tag::DateTime);
    let mut header = header::parse(&description);
    let clean = |text: String| {
        let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        (!text.is_empty()).then(|| text.to_owned())
    };
    header.detector = header.detector.or_else(|| clean(model));
    header.date = header.date.or_else(|| clean(date));
    header
}

/// A TIFF file of `frames`, one page each: signed 32-bit integers where all counts are whole,
/// otherwise 32-bit floats; uncompressed, with the header of a Pilatus in ImageDescription.
pub(crate) fn encode(file: &str, frames: &[Frame]) -> Result<Vec<u8>> {
    let wrong = |source| tiff_error(file, source);
    let whole = frames.iter().all(|frame| frame.whole_counts().is_ok());
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out).map_err(wrong)?;
    for frame in frames {
        let [rows, cols] = frame.shape().map(|n| n as u32);
        let text: String = header::lines(frame.header())
            .iter()
            .map(|line| format!("# {line}\r\n"))
            .collect();
        macro_rules! page {
            ($color:ty, $data:expr) => {{
                let mut image = encoder.new_image::<$color>(cols, rows).map_err(wrong)?;
                // One strip, as the cameras write it.
                image.rows_per_strip(rows).map_err(wrong)?;
                let tags = image.encoder();
                if text.is_ascii() && !text.is_empty() {
                    tags.write_tag(Tag::ImageDescription, &*text)
                        .map_err(wrong)?;
                }
                if let Some(name) = frame.header().detector.as_deref().filter(|n| n.is_ascii()) {
                    tags.write_tag(Tag::Model, name).map_err(wrong)?;
                }
                image.write_data($data).map_err(wrong)?;
            }};
        }
        if whole {
            page!(GrayI32, &frame.whole_counts()?);
        } else {
            page!(Gray32Float, frame.as_slice());
        }
    }
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tiff::encoder::colortype::{Gray16, Gray32};

    fn decode(file: &str, bytes: &[u8]) -> Result<(Array2<f32>, FrameHeader)> {
        Tiff::open(file, Bytes::Memory(bytes.to_vec()))?.read(0)
    }

    /// A TIFF of the given samples, with an image description.
    macro_rules! tiff_of {
        ($color:ty, $cols:expr, $rows:expr, $data:expr, $description:expr) => {{
            let mut out = Cursor::new(Vec::new());
            let mut encoder = TiffEncoder::new(&mut out).unwrap();
            let mut image = encoder.new_image::<$color>($cols, $rows).unwrap();
            image
                .encoder()
                .write_tag(Tag::ImageDescription, $description)
                .unwrap();
            image.write_data($data).unwrap();
            out.into_inner()
        }};
    }

    #[test]
    fn signed_and_unsigned() {
        let pilatus = "# Detector: PILATUS 2M\r\n# Count_cutoff 1000 counts\r\n";
        let bytes = tiff_of!(GrayI32, 3, 2, &[0, -1, -2, 3, 4, 1_000_000], pilatus);
        let (counts, header) = decode("t", &bytes).unwrap();
        let expected = ndarray::arr2(&[[0.0, -1.0, -2.0], [3.0, 4.0, 1e6]]);
        assert_eq!(counts, expected);
        assert_eq!(header.count_cutoff, Some(1000.0));

        let data = [0, u32::MAX, u32::MAX - 1, 3, 4, 1_000_000];
        let (counts, header) = decode("t", &tiff_of!(Gray32, 3, 2, &data, pilatus)).unwrap();
        assert_eq!(counts, expected);
        assert_eq!(header.full_scale, None);

        let (counts, header) = decode("t", &tiff_of!(Gray32, 3, 2, &data, "")).unwrap();
        assert_eq!(counts[[0, 1]], u32::MAX as f32);
        assert_eq!(header.full_scale, Some(f64::from(u32::MAX)));

        let bytes = tiff_of!(Gray16, 2, 1, &[7, u16::MAX], "");
        let (counts, header) = decode("t", &bytes).unwrap();
        assert_eq!(counts, ndarray::arr2(&[[7.0, 65535.0]]));
        assert_eq!(header.full_scale, Some(65535.0));
    }

    #[test]
    fn nan_in_a_float_image_is_refused() {
        let bytes = tiff_of!(Gray32Float, 2, 1, &[7.5, f32::NAN], "");
        let error = crate::Frame::from_bytes("t.tif", &bytes).unwrap_err();
        assert!(error.to_string().contains("row 0, column 1 is NaN"));
    }

    #[test]
    fn color_is_refused() {
        let mut out = Cursor::new(Vec::new());
        TiffEncoder::new(&mut out)
            .unwrap()
            .write_image::<tiff::encoder::colortype::RGB8>(1, 1, &[1, 2, 3])
            .unwrap();
        let error = decode("t.tif", &out.into_inner()).unwrap_err().to_string();
        assert!(error.contains("color type is RGB(8)"), "{error}");
    }

    #[test]
    fn pages_are_frames() {
        let frame = |k: usize| {
            let counts = Array2::from_shape_fn((2, 3), |(r, c)| (k + 3 * r + c) as f32 - 2.0);
            Frame::new(counts).unwrap().with_header(FrameHeader {
                exposure_s: Some(k as f64),
                ..FrameHeader::default()
            })
        };
        let bytes = encode("t", &[frame(1), frame(5)]).unwrap();
        let tiff = Tiff::open("t", Bytes::Memory(bytes)).unwrap();
        assert_eq!(tiff.description().frames, 2);
        let (counts, header) = tiff.read(1).unwrap();
        assert_eq!(&counts, frame(5).counts());
        assert_eq!(header.exposure_s, Some(5.0));
        let bytes = encode("t", &[frame(1), Frame::new(Array2::zeros((3, 3))).unwrap()]).unwrap();
        let error = Tiff::open("t", Bytes::Memory(bytes))
            .err()
            .unwrap()
            .to_string();
        assert_eq!(
            error,
            "t: shape of page 1 is 3 x 3, expected 2 x 3 as the first has"
        );
    }

    proptest! {
        #[test]
        fn damage_never_panics(position in 0.0..1.0_f64, bit in 0..8_u8, keep in 0.0..1.0_f64) {
            let data: Vec<i32> = (0..60 * 50).collect();
            let mut bytes = tiff_of!(GrayI32, 60, 50, &data, "# Tau = 1 s");
            let at = (position * bytes.len() as f64) as usize;
            bytes[at] ^= 1 << bit;
            let _ = crate::Frame::from_bytes("t", &bytes);
            let cut = (keep * bytes.len() as f64) as usize;
            let _ = crate::Frame::from_bytes("t", &bytes[..cut]);
        }
    }
}
