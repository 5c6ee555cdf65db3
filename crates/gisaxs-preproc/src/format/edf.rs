//! EDF of the ESRF: `{`, `key = value ;` lines, `}`, then raw numbers; frames one after
//! another.
//!
//! Keys are compared without case. Lengths of the SAXS keys (`PSize_1`, `SampleDistance`,
//! `WaveLength`: P. Boesecke, J. Appl. Cryst. 40, s423 (2007), doi:10.1107/S0021889807001100)
//! are metres by definition. The medical European Data Format shares the name and is refused.

use std::borrow::Cow;
use std::collections::HashMap;

use ndarray::{Array2, ArrayView2};

use super::source::Bytes;
use super::{Description, FrameSource, Number, checked_shape, damaged, into_array, unsupported};
use crate::error::{Error, Result};
use crate::frame::{Frame, FrameHeader};
use crate::metadata::MetadataEntry;

const FORMAT: &str = "EDF";
/// The text header of a frame is searched this far.
const MAX_HEADER: usize = 1 << 20;
/// Headers are filled with blanks to a multiple of this.
const HEADER_UNIT: usize = 512;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    let start = start.trim_ascii_start();
    start.first() == Some(&b'{') && !start.starts_with(b"{\"")
}

/// An opened EDF file: where each frame's numbers are.
pub(crate) struct Edf {
    file: String,
    bytes: Bytes,
    blocks: Vec<Block>,
    description: Description,
}

/// One frame in the file.
#[derive(Clone, Copy, Debug)]
struct Block {
    header: u64,
    data: u64,
    number: Number,
    big_endian: bool,
}

impl Edf {
    pub(crate) fn open(file: &str, bytes: Bytes) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut description = Description {
            format: FORMAT,
            ..Description::default()
        };
        let mut at = 0;
        while let Some(keys) = Keys::read(file, &bytes, at)? {
            let (data, header_at) = (keys.end, at);
            if keys.is_general() {
                at = data + keys.binary_size()?.unwrap_or(0);
                continue;
            }
            let (number, big_endian) = (keys.number()?, keys.big_endian()?);
            let available = usize::try_from(bytes.len() - data).unwrap_or(usize::MAX);
            let size = number.size();
            let shape = checked_shape(file, FORMAT, keys.shape()?, size as u64, available)?;
            let used = (shape[0] * shape[1] * size) as u64;
            // EDF_BinarySize may count padding; less than the image needs is a contradiction.
            at = data + keys.binary_size()?.unwrap_or(used).max(used);
            if blocks.is_empty() {
                description.shape = shape;
                description.header = keys.frame_header(number);
                description.metadata = keys.entries();
            } else if shape != description.shape {
                return Err(Error::Mismatch {
                    file: file.to_owned(),
                    what: format!("shape of frame {}", blocks.len()),
                    found: format!("{} x {}", shape[0], shape[1]),
                    expected: format!(
                        "{} x {} as frame 0 has",
                        description.shape[0], description.shape[1]
                    ),
                });
            }
            blocks.push(Block {
                header: header_at,
                data,
                number,
                big_endian,
            });
        }
        if blocks.is_empty() {
            return Err(damaged(file, FORMAT, "image", "missing", "at least one"));
        }
        description.frames = blocks.len();
        Ok(Self {
            file: file.to_owned(),
            bytes,
            blocks,
            description,
        })
    }
}

impl FrameSource for Edf {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, index: usize) -> Result<(Array2<f32>, FrameHeader)> {
        let block = self.blocks[index];
        let shape = self.description.shape;
        let header = match index {
            0 => self.description.header.clone(),
            _ => Keys::read(&self.file, &self.bytes, block.header)?
                .map(|keys| keys.frame_header(block.number))
                .unwrap_or_default(),
        };
        let size = shape[0] * shape[1] * block.number.size();
        let data = self.bytes.range(&self.file, block.data, size)?;
        let counts = block
            .number
            .decode(&data, block.big_endian)
            .filter(|counts| counts.len() == shape[0] * shape[1])
            .ok_or_else(|| damaged(&self.file, FORMAT, "data", "cut short", "a whole image"))?;
        Ok((into_array(shape, counts), header))
    }
}

/// The header of one frame.
struct Keys<'a> {
    file: &'a str,
    values: HashMap<String, String>,
    lines: Vec<String>,
    /// Where the data start.
    end: u64,
}

impl<'a> Keys<'a> {
    /// The header at `start`; `None` at the end of the file, trailing blanks aside.
    fn read(file: &'a str, bytes: &Bytes, start: u64) -> Result<Option<Self>> {
        let mut head: Cow<'_, [u8]> = Cow::Borrowed(&[]);
        let mut end = None;
        for size in [1 << 12, 1 << 16, MAX_HEADER] {
            head = bytes.range(file, start, size)?;
            end = head.iter().position(|&b| b == b'}');
            if end.is_some() || head.len() < size {
                break;
            }
        }
        let is_filling = |b: &u8| b.is_ascii_whitespace() || *b == 0;
        if start > 0 && head.iter().all(is_filling) {
            return Ok(None);
        }
        let (Some(end), Some(open)) = (end, head.iter().position(|b| !is_filling(b))) else {
            return Err(damaged(
                file,
                FORMAT,
                "header",
                "no closing brace",
                "a complete header; the file is cut short",
            ));
        };
        if head[open] != b'{' || open > end {
            return Err(damaged(
                file,
                FORMAT,
                "header",
                format!("no opening brace at byte {start}"),
                "{ after the data of the frame before",
            ));
        }
        // Data follow the line feed after the brace, whether it comes alone or after \r.
        let skip = match &head[end + 1..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        let text = String::from_utf8_lossy(&head[open + 1..end]);
        let mut values = HashMap::new();
        let mut lines = Vec::new();
        for line in text.split(';') {
            let line = line.trim();
            if let Some((key, value)) = line.split_once('=') {
                values.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
                lines.push(line.to_owned());
            }
        }
        Ok(Some(Self {
            file,
            values,
            lines,
            end: start + (end + 1 + skip) as u64,
        }))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// A block of version 2 that holds only the general header.
    fn is_general(&self) -> bool {
        self.get("dim_1").is_none() && self.get("edf_dataformatversion").is_some()
    }

    fn size(&self, key: &'static str, lower: &str) -> Result<Option<u64>> {
        let Some(value) = self.get(lower) else {
            return Ok(None);
        };
        match value.parse() {
            Ok(n) => Ok(Some(n)),
            Err(_) => Err(damaged(self.file, FORMAT, key, value, "a whole number")),
        }
    }

    fn binary_size(&self) -> Result<Option<u64>> {
        let size = self.size("EDF_BinarySize", "edf_binarysize")?;
        Ok(size.map(|n| n.min(u64::MAX / 4)))
    }

    fn shape(&self) -> Result<[u64; 2]> {
        let dim = |key, lower| {
            self.size(key, lower)?
                .ok_or_else(|| damaged(self.file, FORMAT, key, "missing", "a number of pixels"))
        };
        if let Some(n) = self.size("Dim_3", "dim_3")?.filter(|&n| n != 1) {
            let found = n.to_string();
            return Err(unsupported(self.file, FORMAT, "Dim_3", found, "1 or none"));
        }
        Ok([dim("Dim_2", "dim_2")?, dim("Dim_1", "dim_1")?])
    }

    fn number(&self) -> Result<Number> {
        if let Some(name) = self.get("edf_binaryfilename") {
            return Err(unsupported(
                self.file,
                FORMAT,
                "EDF_BinaryFileName",
                name,
                "data in the same file",
            ));
        }
        let compression = self.get("compression").unwrap_or("none");
        if !["none", "nocompression", "no", ""].contains(&&*compression.to_ascii_lowercase()) {
            let field = "Compression";
            return Err(unsupported(self.file, FORMAT, field, compression, "None"));
        }
        let kind = self.get("datatype").unwrap_or("UnsignedShort");
        Ok(match kind.to_ascii_lowercase().as_str() {
            "signedbyte" => Number::Signed(1),
            "unsignedbyte" => Number::Unsigned(1),
            "signedshort" => Number::Signed(2),
            "unsignedshort" => Number::Unsigned(2),
            "signedinteger" | "signedlong" => Number::Signed(4),
            "unsignedinteger" | "unsignedlong" => Number::Unsigned(4),
            "signed64" => Number::Signed(8),
            "unsigned64" => Number::Unsigned(8),
            "floatvalue" | "float" | "floatieee32" => Number::Float(4),
            "doublevalue" | "double" | "doubleieee64" => Number::Float(8),
            _ => {
                return Err(unsupported(
                    self.file,
                    FORMAT,
                    "DataType",
                    kind,
                    "an integer or float type",
                ));
            }
        })
    }

    fn big_endian(&self) -> Result<bool> {
        let order = self.get("byteorder").unwrap_or("LowByteFirst");
        match order.to_ascii_lowercase().as_str() {
            "lowbytefirst" => Ok(false),
            "highbytefirst" => Ok(true),
            _ => Err(unsupported(
                self.file,
                FORMAT,
                "ByteOrder",
                order,
                "LowByteFirst or HighByteFirst",
            )),
        }
    }

    fn frame_header(&self, number: Number) -> FrameHeader {
        let positive = |key: &str| {
            let x: f64 = self.get(key)?.parse().ok()?;
            (x.is_finite() && x > 0.0).then_some(x)
        };
        let pair = |a, b| Some([positive(a)?, positive(b)?]);
        FrameHeader {
            detector: self.get("detector").map(str::to_owned),
            full_scale: number.full_scale(),
            pixel_mm: pair("psize_1", "psize_2").map(|p| p.map(|x| x * 1e3)),
            distance_mm: positive("sampledistance").map(|x| x * 1e3),
            wavelength_nm: positive("wavelength").map(|x| x * 1e9),
            exposure_s: positive("exposuretime"),
            date: self.get("date").or(self.get("time")).map(str::to_owned),
            lines: self.lines.clone(),
            ..FrameHeader::default()
        }
    }

    fn entries(&self) -> Vec<MetadataEntry> {
        let entry = |line: &String| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            MetadataEntry::new(key.trim(), value.trim())
        };
        self.lines.iter().map(entry).collect()
    }
}

/// An EDF file of `frames`: 32-bit integers where all counts are whole, otherwise floats.
pub(crate) fn encode(frames: &[Frame]) -> Vec<u8> {
    let whole = frames.iter().all(|frame| frame.whole_counts().is_ok());
    let mut out = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let [rows, cols] = frame.shape();
        let header = frame.header();
        let mut text = format!(
            "{{\nHeaderID = EH:{:06}:000000:000000 ;\nImage = {} ;\n\
             ByteOrder = LowByteFirst ;\nDataType = {} ;\nDim_1 = {cols} ;\nDim_2 = {rows} ;\n\
             Size = {} ;\n",
            index + 1,
            index + 1,
            if whole { "SignedInteger" } else { "FloatValue" },
            4 * rows * cols,
        );
        let mut line = |key: &str, value: String| {
            // Only these three end a value or a header.
            let value = value.replace([';', '{', '}'], " ");
            text += &format!("{key} = {value} ;\n");
        };
        if let Some(name) = &header.detector {
            line("Detector", name.clone());
        }
        if let Some([x, y]) = header.pixel_mm {
            line("PSize_1", format!("{:e}", x * 1e-3));
            line("PSize_2", format!("{:e}", y * 1e-3));
        }
        if let Some(x) = header.distance_mm {
            line("SampleDistance", format!("{}", x * 1e-3));
        }
        if let Some(x) = header.wavelength_nm {
            line("WaveLength", format!("{:e}", x * 1e-9));
        }
        if let Some(x) = header.exposure_s {
            line("ExposureTime", x.to_string());
        }
        if let Some(x) = &header.date {
            line("Date", x.clone());
        }
        while !(text.len() + 2).is_multiple_of(HEADER_UNIT) {
            text.push(' ');
        }
        text += "}\n";
        out.extend(text.as_bytes());
        let counts = frame.as_slice();
        if whole {
            out.extend(counts.iter().flat_map(|&x| (x as i32).to_le_bytes()));
        } else {
            out.extend(counts.iter().flat_map(|x| x.to_le_bytes()));
        }
    }
    out
}

/// A mask of one byte per pixel, 1 = masked.
pub(crate) fn encode_mask(masked: ArrayView2<'_, bool>) -> Vec<u8> {
    let (rows, cols) = masked.dim();
    let mut text = format!(
        "{{\nHeaderID = EH:000001:000000:000000 ;\nImage = 1 ;\nByteOrder = LowByteFirst ;\n\
         DataType = UnsignedByte ;\nDim_1 = {cols} ;\nDim_2 = {rows} ;\nSize = {} ;\n",
        rows * cols
    );
    while !(text.len() + 2).is_multiple_of(HEADER_UNIT) {
        text.push(' ');
    }
    text += "}\n";
    let mut out = text.into_bytes();
    out.extend(masked.iter().map(|&m| u8::from(m)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(Array2<f32>, FrameHeader)> {
        Edf::open("m", Bytes::Memory(bytes.to_vec()))?.read(0)
    }

    fn edf(kind: &str, order: &str, data: &[u8]) -> Vec<u8> {
        let mut text = format!(
            "{{\r\nHeaderID = EH:000001:000000:000000 ;\r\nByteOrder = {order} ;\r\n\
             DataType = {kind} ;\r\nDim_1 = 3 ;\r\nDim_2 = 2 ;\r\n"
        );
        while text.len() < 510 {
            text.push(' ');
        }
        text += "}\n";
        let mut bytes = text.into_bytes();
        bytes.extend(data);
        bytes
    }

    #[test]
    fn every_type_in_both_orders() {
        macro_rules! check {
            ($($name:literal: $t:ty),*) => {$({
                let values: [$t; 6] = [0 as $t, 1 as $t, 2 as $t, 3 as $t, 4 as $t, 100 as $t];
                let expected = ndarray::arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 100.0]]);
                let little: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                let big: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
                let read = decode(&edf($name, "LowByteFirst", &little)).unwrap().0;
                assert_eq!(read, expected, $name);
                let read = decode(&edf($name, "HighByteFirst", &big)).unwrap().0;
                assert_eq!(read, expected, $name);
            })*};
        }
        check!(
            "SignedByte": i8, "UnsignedByte": u8, "SignedShort": i16, "UnsignedShort": u16,
            "SignedInteger": i32, "SignedLong": i32, "UnsignedInteger": u32,
            "UnsignedLong": u32, "Signed64": i64, "Unsigned64": u64, "FloatValue": f32,
            "Float": f32, "FLOAT": f32, "FloatIEEE32": f32, "DoubleValue": f64, "Double": f64
        );
        let (_, header) = decode(&edf("UnsignedShort", "LowByteFirst", &[0; 12])).unwrap();
        assert_eq!(header.full_scale, Some(65535.0));
    }

    #[test]
    fn frames_one_after_another() {
        let frame = |k: f32| {
            Frame::new(Array2::from_shape_fn((2, 3), |(r, c)| {
                k + (3 * r + c) as f32
            }))
            .unwrap()
        };
        let bytes = encode(&[frame(0.0), frame(10.0), frame(20.0)]);
        assert_eq!(bytes.len(), 3 * (512 + 24));
        let edf = Edf::open("m", Bytes::Memory(bytes.clone())).unwrap();
        assert_eq!(edf.description().frames, 3);
        for k in 0..3 {
            assert_eq!(&edf.read(k).unwrap().0, frame(10.0 * k as f32).counts());
        }
        // A general block without an image, as version 2 begins.
        let mut general = b"{\nEDF_DataFormatVersion = 2.40 ;\n".to_vec();
        general.resize(510, b' ');
        general.extend(b"}\n");
        general.extend(&bytes);
        let edf = Edf::open("m", Bytes::Memory(general)).unwrap();
        assert_eq!(edf.description().frames, 3);
        // Cut in the second frame.
        assert!(Edf::open("m", Bytes::Memory(bytes[..800].to_vec())).is_err());
        assert!(Edf::open("m", Bytes::Memory(bytes[..1060].to_vec())).is_err());
    }

    #[test]
    fn frames_of_two_shapes_are_refused() {
        let a = encode(&[Frame::new(Array2::zeros((2, 3))).unwrap()]);
        let b = encode(&[Frame::new(Array2::zeros((3, 3))).unwrap()]);
        let both = [a, b].concat();
        let error = Edf::open("m", Bytes::Memory(both))
            .err()
            .unwrap()
            .to_string();
        assert_eq!(
            error,
            "m: shape of frame 1 is 3 x 3, expected 2 x 3 as frame 0 has"
        );
    }

    #[test]
    fn damage_is_an_error() {
        let good = edf("UnsignedShort", "LowByteFirst", &[0; 12]);
        for cut in 0..good.len() {
            assert!(decode(&good[..cut]).is_err());
        }
        for (from, to) in [
            ("UnsignedShort", "UnsignedLongg"),
            ("LowByteFirst", "LowByteFirsu"),
            ("Dim_1 = 3", "Dim_1 = 9"),
            ("Dim_1 = 3", "Dim_1 = x"),
            ("Dim_1 = 3", "Din_1 = 3"),
        ] {
            let text = String::from_utf8(good.clone()).unwrap().replace(from, to);
            assert!(decode(text.as_bytes()).is_err(), "{to}");
        }
    }
}
