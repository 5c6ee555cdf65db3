//! TIFF: frames of Pilatus cameras, and plain one-channel integer or float images.
//!
//! Pilatus cameras put the same `# key value` lines as in CBF into ImageDescription. Some
//! writers leave SampleFormat out, so that the gap value -1 reads as 2^32 - 1: on a Pilatus,
//! 32-bit integers are always signed.

use std::io::Cursor;

use ndarray::Array2;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::cbf::is_pilatus;
use super::{Number, checked_shape, header, into_array, unsupported};
use crate::error::{Error, Result};
use crate::frame::{FrameHeader, MAX_PIXELS};

const FORMAT: &str = "TIFF";
/// Bytes that one byte of a file can unpack to: the limit of deflate, the strongest of the
/// compressions read here.
const MAX_EXPANSION: usize = 1032;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    // Little- and big-endian, classic and BigTIFF.
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"]
        .iter()
        .any(|magic| bytes.starts_with(*magic))
}

pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<(Array2<f32>, FrameHeader)> {
    let wrong = |source| Error::Tiff {
        file: file.to_owned(),
        source,
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes
        .len()
        .saturating_mul(MAX_EXPANSION)
        .min(MAX_PIXELS * size_of::<f64>());
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(wrong)?
        .with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(wrong)?;
    let shape = checked_shape(
        file,
        FORMAT,
        [u64::from(height), u64::from(width)],
        1,
        bytes.len().saturating_mul(MAX_EXPANSION),
    )?;
    let color = decoder.colortype().map_err(wrong)?;
    if !matches!(color, tiff::ColorType::Gray(_)) {
        return Err(unsupported(
            file,
            FORMAT,
            "color type",
            format!("{color:?}"),
            "one channel of counts",
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tiff::encoder::TiffEncoder;
    use tiff::encoder::colortype::{Gray16, Gray32, Gray32Float, GrayI32};

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
