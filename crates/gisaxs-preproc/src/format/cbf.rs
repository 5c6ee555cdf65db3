//! CBF as Pilatus cameras write it ("miniCBF"): text header, one byte-offset image.
//!
//! Byte offset: every pixel is the difference to its predecessor in one byte; -128 escapes
//! to two bytes, -2^15 there to four, -2^31 there to eight, all little-endian. Nearly every
//! difference of a photon-counting frame fits one byte, so eight at a time are tested for
//! an escape and then summed without a branch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use ndarray::Array2;

use super::{checked_shape, damaged, header, into_array, unsupported};
use crate::detector::{Detector, Family};
use crate::error::Result;
use crate::frame::{FrameHeader, ReadOptions};

const FORMAT: &str = "CBF";
/// What separates the text from the binary data.
const BINARY_START: [u8; 4] = [0x0c, 0x1a, 0x04, 0xd5];
/// The text header is searched this far.
const MAX_HEADER: usize = 1 << 20;
/// Below this a second thread costs more than the checksum.
const THREAD_WORTH_BYTES: usize = 1 << 18;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    bytes.starts_with(b"###CBF:") || bytes.starts_with(b"data_")
}

pub(crate) fn decode(
    file: &str,
    bytes: &[u8],
    options: ReadOptions,
) -> Result<(Array2<f32>, FrameHeader)> {
    let searched = &bytes[..bytes.len().min(MAX_HEADER)];
    let start = find(searched, &BINARY_START).ok_or_else(|| {
        damaged(
            file,
            FORMAT,
            "start of the binary section",
            "missing",
            "bytes 0C 1A 04 D5 after the header; the file is cut short",
        )
    })?;
    let text = String::from_utf8_lossy(&bytes[..start]);
    let data = &bytes[start + BINARY_START.len()..];

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
    let Some(data) = usize::try_from(size).ok().and_then(|n| data.get(..n)) else {
        return Err(damaged(
            file,
            FORMAT,
            "binary data",
            format!("{} bytes", data.len()),
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
        data.len(),
    )?;

    let header = header::parse(&text);
    let element = field(&text, "X-Binary-Element-Type:").unwrap_or("signed 32-bit integer");
    let unsigned = match element {
        "signed 32-bit integer" | "signed 16-bit integer" | "signed 8-bit integer" => false,
        "unsigned 32-bit integer" | "unsigned 16-bit integer" | "unsigned 8-bit integer" => true,
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

    let expected_md5 = field(&text, "Content-MD5:").filter(|_| options.verify_checksum);
    let check = || expected_md5.map(|_| BASE64.encode(Md5::digest(data)));
    let mut counts = vec![0.0_f32; shape[0] * shape[1]];
    let mut unpack = || {
        if unsigned {
            unpack_byte_offset(data, &mut counts, |v| v as u32 as f32)
        } else {
            unpack_byte_offset(data, &mut counts, |v| v as f32)
        }
    };
    let (unpacked, md5) = if expected_md5.is_some() && data.len() > THREAD_WORTH_BYTES {
        std::thread::scope(|scope| {
            match std::thread::Builder::new().spawn_scoped(scope, check) {
                Ok(worker) => {
                    let unpacked = unpack();
                    // The digest cannot panic; if it did, no checksum would match.
                    (unpacked, worker.join().unwrap_or(Some(String::new())))
                }
                Err(_) => (unpack(), check()),
            }
        })
    } else {
        (unpack(), check())
    };
    // The checksum tells damage in general, the decoder only where it noticed.
    if let (Some(expected), Some(found)) = (expected_md5, md5)
        && expected != found
    {
        return Err(damaged(
            file,
            FORMAT,
            "Content-MD5",
            expected,
            format!("{found}, the checksum of the data; header or data were changed"),
        ));
    }
    unpacked.map_err(|stop| match stop {
        Stop::Data { pixels } => damaged(
            file,
            FORMAT,
            "binary data",
            format!("{pixels} pixels"),
            format!("{} x {}; the data are cut short", shape[0], shape[1]),
        ),
        Stop::Pixels { bytes } => damaged(
            file,
            FORMAT,
            "binary data",
            format!("{bytes} bytes more than the image needs"),
            format!("none after {} x {} pixels", shape[0], shape[1]),
        ),
    })?;
    let mut header = header;
    if unsigned && element == "unsigned 32-bit integer" {
        header.full_scale = Some(f64::from(u32::MAX));
    }
    Ok((into_array(shape, counts), header))
}

/// Whether the header or, without one, the shape says Pilatus.
pub(crate) fn is_pilatus(header: &FrameHeader, shape: [usize; 2]) -> bool {
    match &header.detector {
        Some(name) => name.to_ascii_lowercase().contains("pilatus"),
        None => Detector::by_shape(shape)
            .is_some_and(|d| matches!(d.family(), Family::Pilatus | Family::Pilatus4)),
    }
}

/// Why unpacking ended too early.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// The data ended after so many pixels.
    Data { pixels: usize },
    /// All pixels were filled and so many bytes left over.
    Pixels { bytes: usize },
}

/// Unpacks byte-offset data into all of `out`.
fn unpack_byte_offset(
    data: &[u8],
    out: &mut [f32],
    convert: impl Fn(i32) -> f32,
) -> std::result::Result<(), Stop> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let total = out.len();
    let mut value = 0_i32;
    let (mut data, mut out) = (data, out);
    loop {
        // Eight one-byte differences at a time, as long as none is an escape.
        while let (Some((bytes, data_rest)), Some(_)) =
            (data.split_first_chunk::<8>(), out.first_chunk::<8>())
        {
            let flipped = u64::from_le_bytes(*bytes) ^ HIGH;
            let has_escape = flipped.wrapping_sub(LOW) & !flipped & HIGH != 0;
            if has_escape {
                break;
            }
            let (pixels, out_rest) = out.split_at_mut(8);
            for (pixel, &byte) in pixels.iter_mut().zip(bytes) {
                value = value.wrapping_add(i32::from(byte as i8));
                *pixel = convert(value);
            }
            (data, out) = (data_rest, out_rest);
        }
        // Then one, which may be an escape. Up to eight before the fast loop is tried
        // again, so that a frame full of escapes does not pay for both.
        for _ in 0..8 {
            let Some((pixel, out_rest)) = out.split_first_mut() else {
                return if data.is_empty() {
                    Ok(())
                } else {
                    Err(Stop::Pixels { bytes: data.len() })
                };
            };
            let Some((delta, data_rest)) = next_delta(data) else {
                return Err(Stop::Data {
                    pixels: total - out_rest.len() - 1,
                });
            };
            value = value.wrapping_add(delta);
            *pixel = convert(value);
            (data, out) = (data_rest, out_rest);
        }
    }
}

/// The next difference, modulo 2^32, and the data after it.
fn next_delta(data: &[u8]) -> Option<(i32, &[u8])> {
    let (&byte, rest) = data.split_first()?;
    if byte != 0x80 {
        return Some((i32::from(byte as i8), rest));
    }
    let (word, rest) = rest.split_first_chunk::<2>()?;
    let word = i16::from_le_bytes(*word);
    if word != i16::MIN {
        return Some((i32::from(word), rest));
    }
    let (long, rest) = rest.split_first_chunk::<4>()?;
    let long = i32::from_le_bytes(*long);
    if long != i32::MIN {
        return Some((long, rest));
    }
    let (quad, rest) = rest.split_first_chunk::<8>()?;
    Some((i64::from_le_bytes(*quad) as i32, rest))
}

/// Packs counts, the inverse of [`unpack_byte_offset`].
fn pack_byte_offset(counts: &[i32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(counts.len() + counts.len() / 8);
    let mut previous = 0_i64;
    for &count in counts {
        let delta = i64::from(count) - previous;
        previous = i64::from(count);
        if let Ok(d) = i8::try_from(delta)
            && d != i8::MIN
        {
            out.push(d as u8);
            continue;
        }
        out.push(0x80);
        if let Ok(d) = i16::try_from(delta)
            && d != i16::MIN
        {
            out.extend(d.to_le_bytes());
            continue;
        }
        out.extend(i16::MIN.to_le_bytes());
        if let Ok(d) = i32::try_from(delta)
            && d != i32::MIN
        {
            out.extend(d.to_le_bytes());
            continue;
        }
        out.extend(i32::MIN.to_le_bytes());
        out.extend(delta.to_le_bytes());
    }
    out
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
        "###CBF: VERSION 1.5, gisaxs-preproc {}\r\n\r\ndata_{stem}\r\n\r\n\
         _array_data.header_convention \"PILATUS_1.2\"\r\n\
         _array_data.header_contents\r\n;\r\n",
        env!("CARGO_PKG_VERSION")
    );
    for line in header_lines(header) {
        text += &format!("# {line}\r\n");
    }
    text += &format!(
        ";\r\n\r\n_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n\
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

/// The header as Pilatus lines: the fields that are known here, then all other lines.
fn header_lines(header: &FrameHeader) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(name) = &header.detector {
        lines.push(format!("Detector: {}", name.replace(['\r', '\n'], " ")));
    }
    if let Some([x, y]) = header.pixel_mm {
        lines.push(format!("Pixel_size {:e} m x {:e} m", x * 1e-3, y * 1e-3));
    }
    if let Some(t) = header.exposure_s {
        lines.push(format!("Exposure_time {t} s"));
    }
    if let Some(n) = header.count_cutoff {
        lines.push(format!("Count_cutoff {n} counts"));
    }
    if let Some(x) = header.wavelength_nm {
        lines.push(format!("Wavelength {} A", x * 10.0));
    }
    if let Some(x) = header.distance_mm {
        lines.push(format!("Detector_distance {} m", x * 1e-3));
    }
    if let Some([x, y]) = header.beam_px {
        lines.push(format!("Beam_xy ({x}, {y}) pixels"));
    }
    let known = [
        "detector",
        "pixel_size",
        "exposure_time",
        "count_cutoff",
        "wavelength",
        "detector_distance",
        "beam_xy",
    ];
    let others = header.lines.iter().filter(|line| {
        let key = line.split([' ', ':', '=', ',']).next().unwrap_or_default();
        !known.contains(&key.to_ascii_lowercase().as_str())
    });
    lines.extend(others.map(|line| line.replace(['\r', '\n'], " ")));
    lines
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

    fn unpack(data: &[u8], n: usize) -> std::result::Result<Vec<f32>, Stop> {
        let mut out = vec![f32::NAN; n];
        unpack_byte_offset(data, &mut out, |v| v as f32).map(|()| out)
    }

    #[test]
    fn escapes_by_hand() {
        // 1, then +300 in two bytes, -40000 in four, back to 0.
        let data = [
            0x01, 0x80, 0x2c, 0x01, 0x80, 0x00, 0x80, 0xc0, 0x63, 0xff, 0xff, 0x80, 0x00, 0x80,
            0x13, 0x9b, 0x00, 0x00,
        ];
        let expected = vec![1.0, 301.0, -39699.0, 0.0];
        assert_eq!(unpack(&data, 4), Ok(expected.clone()));
        let counts: Vec<i32> = expected.iter().map(|&x| x as i32).collect();
        assert_eq!(pack_byte_offset(&counts), data);
    }

    #[test]
    fn differences_of_64_bits() {
        let counts = [i32::MIN, i32::MAX, 0, -1];
        let packed = pack_byte_offset(&counts);
        assert_eq!(
            unpack(&packed, 4),
            Ok(counts.iter().map(|&c| c as f32).collect())
        );
    }

    #[test]
    fn too_little_and_too_much_data() {
        assert_eq!(unpack(&[0; 20], 21), Err(Stop::Data { pixels: 20 }));
        assert_eq!(unpack(&[0; 21], 20), Err(Stop::Pixels { bytes: 1 }));
        assert_eq!(unpack(&[0x80, 0x00], 1), Err(Stop::Data { pixels: 0 }));
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
        let (counts, read) = decode("a", &bytes, ReadOptions::default()).unwrap();
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
            let error = decode("bad.cbf", &changed, ReadOptions::default()).unwrap_err();
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
            let (read, _) = decode("p", &bytes, ReadOptions::default()).unwrap();
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
            let in_data = at >= start && at < start + pack_byte_offset(&counts).len();
            prop_assert!(!in_data || result.is_err());
        }
    }
}
