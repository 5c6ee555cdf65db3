//! EDF of the ESRF: `{`, `key = value ;` lines, `}`, then raw numbers.
//!
//! Only the first frame of a file is read. The medical European Data Format shares the
//! name and is refused.

use std::collections::HashMap;

use ndarray::Array2;

use super::{Number, checked_shape, damaged, into_array, unsupported};
use crate::error::Result;
use crate::frame::FrameHeader;

const FORMAT: &str = "EDF";
/// The text header is searched this far.
const MAX_HEADER: usize = 1 << 20;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(64)];
    let start = start.trim_ascii_start();
    start.first() == Some(&b'{') && !start.starts_with(b"{\"")
}

pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<(Array2<f32>, FrameHeader)> {
    let searched = &bytes[..bytes.len().min(MAX_HEADER)];
    let end = searched.iter().position(|&b| b == b'}').ok_or_else(|| {
        damaged(
            file,
            FORMAT,
            "header",
            "no closing brace",
            "a complete header; the file is cut short",
        )
    })?;
    let text = String::from_utf8_lossy(&bytes[..end]);
    // Data follow the line feed after the brace, whether it comes alone or after \r.
    let after = &bytes[end + 1..];
    let skip = match after {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    };
    let data = &after[skip..];

    let text = text.trim_start().trim_start_matches('{');
    let mut keys: HashMap<String, &str> = HashMap::new();
    let mut lines = Vec::new();
    for line in text.split(';') {
        let line = line.trim();
        if let Some((key, value)) = line.split_once('=') {
            keys.insert(key.trim().to_ascii_lowercase(), value.trim());
            lines.push(line.to_owned());
        }
    }
    let size = |key: &'static str, lower: &str| {
        let value = keys
            .get(lower)
            .ok_or_else(|| damaged(file, FORMAT, key, "missing", "a number of pixels"))?;
        value
            .parse::<u64>()
            .map_err(|_| damaged(file, FORMAT, key, *value, "a number of pixels"))
    };
    let (cols, rows) = (size("Dim_1", "dim_1")?, size("Dim_2", "dim_2")?);

    let kind = keys.get("datatype").copied().unwrap_or("UnsignedShort");
    let number = match kind.to_ascii_lowercase().as_str() {
        "signedbyte" => Number::Signed(1),
        "unsignedbyte" => Number::Unsigned(1),
        "signedshort" => Number::Signed(2),
        "unsignedshort" => Number::Unsigned(2),
        "signedinteger" | "signedlong" => Number::Signed(4),
        "unsignedinteger" | "unsignedlong" => Number::Unsigned(4),
        "signed64" => Number::Signed(8),
        "unsigned64" => Number::Unsigned(8),
        "floatvalue" | "float" | "floatieee32" => Number::Float(4),
        "doublevalue" | "double" => Number::Float(8),
        _ => {
            return Err(unsupported(
                file,
                FORMAT,
                "DataType",
                kind,
                "an integer or float type",
            ));
        }
    };
    let order = keys.get("byteorder").copied().unwrap_or("LowByteFirst");
    let big_endian = match order.to_ascii_lowercase().as_str() {
        "lowbytefirst" => false,
        "highbytefirst" => true,
        _ => {
            return Err(unsupported(
                file,
                FORMAT,
                "ByteOrder",
                order,
                "LowByteFirst or HighByteFirst",
            ));
        }
    };
    let compression = keys.get("compression").copied().unwrap_or("none");
    if !["none", "nocompression", ""].contains(&compression.to_ascii_lowercase().as_str()) {
        return Err(unsupported(
            file,
            FORMAT,
            "Compression",
            compression,
            "None",
        ));
    }
    let shape = checked_shape(file, FORMAT, [rows, cols], number.size() as u64, data.len())?;
    let used = &data[..shape[0] * shape[1] * number.size()];
    let counts = number
        .decode(used, big_endian)
        .ok_or_else(|| unsupported(file, FORMAT, "DataType", kind, "a number type"))?;
    let header = FrameHeader {
        full_scale: number.full_scale(),
        lines,
        ..FrameHeader::default()
    };
    Ok((into_array(shape, counts), header))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn integers_and_floats_of_both_orders() {
        let expected = ndarray::arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 500.0]]);
        let values = [0_u16, 1, 2, 3, 4, 500];
        let little: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let big: Vec<u8> = values
            .iter()
            .flat_map(|&x| f32::from(x).to_be_bytes())
            .collect();
        let a = edf("UnsignedShort", "LowByteFirst", &little);
        let b = edf("FloatValue", "HighByteFirst", &big);
        assert!(recognise(&a));
        let (counts, header) = decode("m", &a).unwrap();
        assert_eq!(counts, expected);
        assert_eq!(header.full_scale, Some(65535.0));
        assert_eq!(decode("m", &b).unwrap().0, expected);
    }

    #[test]
    fn damage_is_an_error() {
        let good = edf("UnsignedShort", "LowByteFirst", &[0; 12]);
        for cut in 0..good.len() {
            assert!(decode("m", &good[..cut]).is_err());
        }
        for (from, to) in [
            ("UnsignedShort", "UnsignedLongg"),
            ("LowByteFirst", "LowByteFirsu"),
            ("Dim_1 = 3", "Dim_1 = 9"),
            ("Dim_1 = 3", "Dim_1 = x"),
            ("Dim_1 = 3", "Din_1 = 3"),
        ] {
            let text = String::from_utf8(good.clone()).unwrap().replace(from, to);
            assert!(decode("m", text.as_bytes()).is_err(), "{to}");
        }
    }
}
