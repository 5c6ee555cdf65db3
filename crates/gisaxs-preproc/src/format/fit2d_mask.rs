//! Fit2D masks (`.msk`): one bit per pixel, set = masked.
//!
//! 1024-byte header with `M`, `A`, `S`, `K` at bytes 0, 4, 8, 12 and columns and rows as
//! little-endian i32 at bytes 16 and 20; then rows padded to 32 bits, least significant bit
//! first.

use ndarray::{Array2, ArrayView2};

use super::{checked_shape, damaged};
use crate::error::Result;

const FORMAT: &str = "Fit2D mask";
const HEADER: usize = 1024;

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    bytes.len() >= 16 && [0, 4, 8, 12].map(|i| bytes[i]) == *b"MASK" && bytes[1..4] == [0; 3]
}

pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<Array2<bool>> {
    let size = |at: usize| -> Option<u64> {
        let raw = bytes.get(at..at + 4)?.try_into().ok()?;
        u64::try_from(i32::from_le_bytes(raw)).ok()
    };
    let data = bytes.get(HEADER..).unwrap_or_default();
    let (Some(cols), Some(rows)) = (size(16), size(20)) else {
        return Err(damaged(
            file,
            FORMAT,
            "image size",
            "missing or negative",
            "rows and columns",
        ));
    };
    // Bytes per row, of which one holds eight pixels.
    let stride = cols.div_ceil(32).saturating_mul(4);
    if rows.saturating_mul(stride) > data.len() as u64 {
        return Err(damaged(
            file,
            FORMAT,
            "data",
            format!("{} bytes", data.len()),
            format!(
                "{} for {rows} x {cols} pixels; the file is cut short",
                rows * stride
            ),
        ));
    }
    let [rows, cols] = checked_shape(file, FORMAT, [rows, cols], 0, data.len())?;
    Ok(Array2::from_shape_fn((rows, cols), |(row, col)| {
        data[row * stride as usize + col / 8] >> (col % 8) & 1 == 1
    }))
}

/// A mask as Fit2D writes it, true = masked.
pub(crate) fn encode(masked: ArrayView2<'_, bool>) -> Vec<u8> {
    let (rows, cols) = masked.dim();
    let stride = cols.div_ceil(32) * 4;
    let mut bytes = vec![0; HEADER + rows * stride];
    for (i, c) in b"MASK".iter().enumerate() {
        bytes[4 * i] = *c;
    }
    // No detector has 2^31 rows or columns.
    bytes[16..20].copy_from_slice(&(cols as i32).to_le_bytes());
    bytes[20..24].copy_from_slice(&(rows as i32).to_le_bytes());
    for ((row, col), _) in masked.indexed_iter().filter(|(_, masked)| **masked) {
        bytes[HEADER + row * stride + col / 8] |= 1 << (col % 8);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask_file(rows: i32, cols: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        for (i, c) in b"MASK".iter().enumerate() {
            bytes[4 * i] = *c;
        }
        bytes[16..20].copy_from_slice(&cols.to_le_bytes());
        bytes[20..24].copy_from_slice(&rows.to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn bits_by_hand() {
        let bytes = mask_file(2, 33, &[5, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert!(recognise(&bytes));
        let mask = decode("m", &bytes).unwrap();
        let masked: Vec<_> = mask.indexed_iter().filter(|m| *m.1).map(|m| m.0).collect();
        assert_eq!(masked, [(0, 0), (0, 2), (0, 31), (0, 32)]);
    }

    #[test]
    fn damage_is_an_error() {
        assert!(decode("m", &mask_file(2, 33, &[0; 15])).is_err());
        assert!(decode("m", &mask_file(-2, 33, &[0; 15])).is_err());
        assert!(decode("m", &mask_file(0, 0, &[])).is_err());
        assert!(decode("m", &mask_file(i32::MAX, i32::MAX, &[0; 64])).is_err());
        assert!(decode("m", &mask_file(2, 3, &[])[..18]).is_err());
    }
}
