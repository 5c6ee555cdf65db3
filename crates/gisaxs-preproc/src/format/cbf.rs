//! CBF as Pilatus cameras write it ("miniCBF"): text header, one byte-offset image.
//!
//! The checksum, where there is one, is compared beside the decompression.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use ndarray::Array2;

use super::byte_offset::{Stop, pack_byte_offset, unpack_byte_offset};
use super::source::Bytes;
use super::{Description, FrameSource, checked_shape, damaged, header, into_array, unsupported};
use crate::detector::{Detector, Family};
use crate::error::{Error, Result};
use crate::frame::FrameHeader;

const FORMAT: &str = "CBF";
/// What separates the text from the binary data.
const BINARY_START: [u8; 4] = [0x0c, 0x1a, 0x04, 0xd5];
/// The text header is searched this far.
const MAX_HEADER: usize = 1 << 20;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    bytes.starts_with(b"###CBF:") || bytes.starts_with(b"data_")
}

/// An opened CBF file.
pub(crate) struct Cbf {
    file: String,
    bytes: Bytes,
    /// Where the packed image starts, and its length.
    data: (u64, usize),
    /// Whether values are unsigned 32-bit integers.
    unsigned: bool,
    /// Base64 of the MD5 that the data should have, if it is to be compared.
    md5: Option<String>,
    description: Description,
}

impl Cbf {
    pub(crate) fn open(file: &str, bytes: Bytes, verify_checksum: bool) -> Result<Self> {
        // Headers have two to four kilobytes.
        let mut head = bytes.range(file, 0, 1 << 14)?;
        let mut start = find(&head, &BINARY_START);
        if start.is_none() {
            head = bytes.range(file, 0, MAX_HEADER)?;
            start = find(&head, &BINARY_START);
        }
        let start = start.ok_or_else(|| {
            damaged(
                file,
                FORMAT,
                "start of the binary section",
                "missing",
                "bytes 0C 1A 04 D5 after the header; the file is cut short",
            )
        })?;
        let text = String::from_utf8_lossy(&head[..start]).into_owned();
        drop(head);
        let start = (start + BINARY_START.len()) as u64;

        let conversion = field(&text, "conversions=").unwrap_or("none");
        if !conversion.eq_ignore_ascii_case("x-CBF_BYTE_OFFSET") {
            return Err(unsupported(
                file,
                FORMAT,
                "conversions",
                conversion,
                "x-CBF_BYTE_OFFSET",
            ));
        }
        let size = number(file, &text, "X-Binary-Size:")?;
        let available = bytes.len().saturating_sub(start);
        let Some(size) = usize::try_from(size).ok().filter(|_| size <= available) else {
            return Err(damaged(
                file,
                FORMAT,
                "binary data",
                format!("{available} bytes"),
                format!("{size} as X-Binary-Size says; the file is cut short"),
            ));
        };
        let shape = checked_shape(
            file,
            FORMAT,
            [
                number(file, &text, "X-Binary-Size-Second-Dimension:")?,
                number(file, &text, "X-Binary-Size-Fastest-Dimension:")?,
            ],
            1,
            size,
        )?;
        let mut header = header::parse(&text);
        let element = field(&text, "X-Binary-Element-Type:").unwrap_or("signed 32-bit integer");
        let unsigned = match element {
            "signed 32-bit integer" | "signed 16-bit integer" | "signed 8-bit integer" => false,
            "unsigned 32-bit integer" | "unsigned 16-bit integer" | "unsigned 8-bit integer" => {
                true
            }
            other => {
                return Err(unsupported(
                    file,
                    FORMAT,
                    "X-Binary-Element-Type",
                    other,
                    "an integer of up to 32 bits",
                ));
            }
        };
        // Some writers call a Pilatus' signed integers unsigned, which turns -1 into 2^32 - 1.
        let unsigned = unsigned && !is_pilatus(&header, shape);
        if unsigned && element == "unsigned 32-bit integer" {
            header.full_scale = Some(f64::from(u32::MAX));
        }
        let md5 = field(&text, "Content-MD5:").filter(|_| verify_checksum);
        Ok(Self {
            file: file.to_owned(),
            data: (start, size),
            unsigned,
            md5: md5.map(str::to_owned),
            description: Description {
                format: FORMAT,
                shape,
                frames: 1,
                metadata: header::metadata(&header),
                header,
                ..Description::default()
            },
            bytes,
        })
    }

    fn damaged(&self, field: &'static str, found: String, expected: String) -> Error {
        damaged(&self.file, FORMAT, field, found, expected)
    }
}

impl FrameSource for Cbf {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, _index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let shape = self.description.shape;
        let data = &*self.bytes.range(&self.file, self.data.0, self.data.1)?;
        let mut counts = vec![0.0_f32; shape[0] * shape[1]];
        let unpacked = if self.unsigned {
            unpack_byte_offset(data, &mut counts, |v| v as u32 as f32)
        } else {
            unpack_byte_offset(data, &mut counts, |v| v as f32)
        };
        // The checksum tells damage in general, the decoder only where it noticed.
        if let Some(expected) = &self.md5
            && let found = BASE64.encode(Md5::digest(data))
            && *expected != found
        {
            return Err(self.damaged(
                "Content-MD5",
                expected.clone(),
                format!("{found}, the checksum of the data; header or data were changed"),
            ));
        }
        unpacked.map_err(|stop| match stop {
            Stop::Data { pixels } => self.damaged(
                "binary data",
                format!("{pixels} pixels"),
                format!("{} x {}; the data are cut short", shape[0], shape[1]),
            ),
            Stop::Pixels { bytes } => self.damaged(
                "binary data",
                format!("{bytes} bytes more than the image needs"),
                format!("none after {} x {} pixels", shape[0], shape[1]),
            ),
        })?;
        Ok((into_array(shape, counts), self.description.header.clone()))
    }
}

/// Whether the header or, without one, the shape says Pilatus.
pub(crate) fn is_pilatus(header: &FrameHeader, shape: [usize; 2]) -> bool {
    match &header.detector {
        Some(name) => name.to_ascii_lowercase().contains("pilatus"),
        None => Detector::by_shape(shape)
            .is_some_and(|d| matches!(d.family(), Family::Pilatus | Family::Pilatus4)),
    }
}

/// A CBF file of `counts`, shape (rows, columns), row-major.
pub(crate) fn encode(
    stem: &str,
    shape: [usize; 2],
    counts: &[i32],
    header: &FrameHeader,
) -> Vec<u8> {
    // Bytes after the data, so that readers may look beyond it.
    const PADDING: usize = 4095;
    let data = pack_byte_offset(counts);
    let stem: String = stem
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '_' })
        .collect();
    let mut text = format!(
        "###CBF: VERSION 1.5, gisaxs-preproc {}\r\n\r\ndata_{stem}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let lines = header::lines(header);
    // An empty text block ends fabio's parser.
    if !lines.is_empty() {
        text += "_array_data.header_convention \"PILATUS_1.2\"\r\n\
                 _array_data.header_contents\r\n;\r\n";
        for line in lines {
            text += &format!("# {line}\r\n");
        }
        text += ";\r\n\r\n";
    }
    text += &format!(
        "_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n\
         Content-Type: application/octet-stream;\r\n     conversions=\"x-CBF_BYTE_OFFSET\"\r\n\
         Content-Transfer-Encoding: BINARY\r\nX-Binary-Size: {}\r\nX-Binary-ID: 1\r\n\
         X-Binary-Element-Type: \"signed 32-bit integer\"\r\n\
         X-Binary-Element-Byte-Order: LITTLE_ENDIAN\r\nContent-MD5: {}\r\n\
         X-Binary-Number-of-Elements: {}\r\nX-Binary-Size-Fastest-Dimension: {}\r\n\
         X-Binary-Size-Second-Dimension: {}\r\nX-Binary-Size-Padding: {PADDING}\r\n\r\n",
        data.len(),
        BASE64.encode(Md5::digest(&data)),
        counts.len(),
        shape[1],
        shape[0],
    );
    let mut out = text.into_bytes();
    out.extend(BINARY_START);
    out.extend(data);
    out.extend([0; PADDING]);
    out.extend(b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n\r\n");
    out
}

/// Value of a header field, without quotes.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let section = text.find("--CIF-BINARY-FORMAT-SECTION--")?;
    text[section..].lines().find_map(|line| {
        let line = line.trim();
        let value = line.get(..key.len())?;
        value
            .eq_ignore_ascii_case(key)
            .then(|| line[key.len()..].trim().trim_matches('"'))
    })
}

fn number(file: &str, text: &str, key: &'static str) -> Result<u64> {
    let name = key.trim_end_matches(':');
    let value = field(text, key)
        .ok_or_else(|| damaged(file, FORMAT, name, "missing", "a number in the header"))?;
    value
        .parse()
        .map_err(|_| damaged(file, FORMAT, name, value, "a whole number"))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(file: &str, bytes: &[u8]) -> Result<(Array2<f32>, FrameHeader)> {
        Cbf::open(file, Bytes::Memory(bytes.to_vec()), true)?.read(0)
    }

    #[test]
    fn header_round_trip() {
        let header = FrameHeader {
            detector: Some("PILATUS 300K".to_owned()),
            pixel_mm: Some([0.172, 0.172]),
            count_cutoff: Some(1_048_575.0),
            exposure_s: Some(0.995),
            wavelength_nm: Some(0.105),
            distance_mm: Some(2565.0),
            beam_px: Some([257.25, 569.0]),
            lines: vec!["Tau = 199.1e-09 s".to_owned()],
            ..FrameHeader::default()
        };
        let bytes = encode("a b", [1, 2], &[7, -1], &header);
        let (counts, read) = decode("a", &bytes).unwrap();
        assert_eq!(counts.as_slice(), Some(&[7.0, -1.0][..]));
        assert_eq!(read.detector, header.detector);
        assert_eq!(read.count_cutoff, header.count_cutoff);
        assert_eq!(read.beam_px, header.beam_px);
        assert!((read.pixel_mm.unwrap()[0] - 0.172).abs() < 1e-12);
        assert!((read.wavelength_nm.unwrap() - 0.105).abs() < 1e-12);
        assert!((read.distance_mm.unwrap() - 2565.0).abs() < 1e-9);
        assert!(read.lines.contains(&"Tau = 199.1e-09 s".to_owned()));
    }

    #[test]
    fn absurd_sizes_are_refused_before_allocating() {
        let bytes = encode("a", [1, 2], &[7, -1], &FrameHeader::default());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for (key, value) in [
            ("Fastest-Dimension: 2", "Fastest-Dimension: 4000000000"),
            ("Fastest-Dimension: 2", "Fastest-Dimension: 0"),
            ("Fastest-Dimension: 2", "Fastest-Dimension: 9"),
            ("X-Binary-Size: 2", "X-Binary-Size: 99999999999"),
            ("X-Binary-Size: 2", "X-Binary-Size: -1"),
        ] {
            let start = find(&bytes, &BINARY_START).unwrap();
            let mut changed = text[..text.find('\x0c').unwrap()]
                .replace(key, value)
                .into_bytes();
            changed.extend(&bytes[start..]);
            let error = decode("bad.cbf", &changed).unwrap_err();
            assert!(
                error.to_string().starts_with("bad.cbf: damaged CBF"),
                "{error}"
            );
        }
    }

    fn counts() -> impl Strategy<Value = Vec<i32>> {
        let pixel = prop_oneof![
            8 => -2..40_i32,
            2 => 0..100_000_i32,
            1 => any::<i32>(),
        ];
        proptest::collection::vec(pixel, 1..400)
    }

    proptest! {
        #[test]
        fn write_then_read_is_identity(counts in counts(), rows in 1..5_usize) {
            let cols = counts.len() / rows;
            prop_assume!(cols > 0);
            let counts = &counts[..rows * cols];
            let bytes = encode("p", [rows, cols], counts, &FrameHeader::default());
            let (read, _) = decode("p", &bytes).unwrap();
            let expected: Vec<f32> = counts.iter().map(|&c| c as f32).collect();
            prop_assert_eq!(read.as_slice(), Some(&expected[..]));
        }

        #[test]
        fn truncation_is_an_error(counts in counts(), keep in 0.0..1.0_f64) {
            let bytes = encode("p", [1, counts.len()], &counts, &FrameHeader::default());
            let data_end = bytes.len() - 4095 - 40;
            let cut = (data_end as f64 * keep) as usize;
            prop_assert!(crate::Frame::from_bytes("p", &bytes[..cut]).is_err());
        }

        #[test]
        fn flipped_bits_never_panic_and_data_damage_is_noticed(
            counts in counts(),
            position in 0.0..1.0_f64,
            bit in 0..8_u8,
        ) {
            let mut bytes = encode("p", [1, counts.len()], &counts, &FrameHeader::default());
            let start = find(&bytes, &BINARY_START).unwrap() + 4;
            let at = (position * bytes.len() as f64) as usize;
            bytes[at] ^= 1 << bit;
            let result = crate::Frame::from_bytes("p", &bytes);
            let in_data = at >= start && at < start + super::pack_byte_offset(&counts).len();
            prop_assert!(!in_data || result.is_err());
        }
    }
}
