//! Reader of `.npy` files that hold little-endian f64 in C order.

use std::fs;
use std::path::Path;

use super::Error;

/// A dense array, last axis fastest.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

/// Reads `path`.
pub(crate) fn read(path: &Path) -> Result<Array, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    parse(&bytes).ok_or_else(|| Error::Npy { path: path.into() })
}

fn parse(bytes: &[u8]) -> Option<Array> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    // Version 1 has a 2-byte header length, versions 2 and 3 a 4-byte one.
    let (header_length, start) = match rest.first()? {
        1 => (
            u16::from_le_bytes(rest.get(2..4)?.try_into().ok()?).into(),
            4,
        ),
        2 | 3 => (
            u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?) as usize,
            6,
        ),
        _ => return None,
    };
    let header = std::str::from_utf8(rest.get(start..start + header_length)?).ok()?;
    if !header.contains("'<f8'") || !header.contains("'fortran_order': False") {
        return None;
    }
    let (_, after) = header.split_once("'shape': (")?;
    let (axes, _) = after.split_once(')')?;
    let shape = axes
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        .map(|axis| axis.parse().ok())
        .collect::<Option<Vec<usize>>>()?;
    let data: Vec<f64> = rest
        .get(start + header_length..)?
        .chunks_exact(8)
        .map(|chunk| f64::from_le_bytes(chunk.try_into().expect("chunks of eight bytes")))
        .collect();
    (data.len() == shape.iter().product::<usize>()).then_some(Array { shape, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_numpy_writes() {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }\n";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(1.5_f64.to_le_bytes());
        bytes.extend((-2.0_f64).to_le_bytes());
        let array = parse(&bytes).unwrap();
        assert_eq!(array.shape, [2, 1]);
        assert_eq!(array.data, [1.5, -2.0]);
        assert!(parse(&bytes[..bytes.len() - 1]).is_none());
        assert!(parse(b"\x93NUMPY").is_none());
    }
}
