//! Number types of detector files, and their conversion to counts.

/// A number type as detector files store it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Signed integer of so many bytes.
    Signed(usize),
    /// Unsigned integer of so many bytes.
    Unsigned(usize),
    /// IEEE float of so many bytes.
    Float(usize),
}

impl Number {
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Signed(n) | Self::Unsigned(n) | Self::Float(n) => n,
        }
    }

    /// Whether [`decode`](Self::decode) knows it.
    pub(crate) const fn is_known(self) -> bool {
        matches!(
            self,
            Self::Signed(1 | 2 | 4 | 8) | Self::Unsigned(1 | 2 | 4 | 8) | Self::Float(4 | 8)
        )
    }

    /// The numbers as texts, in as many digits as they need.
    pub(crate) fn texts(self, bytes: &[u8], big_endian: bool) -> Vec<String> {
        let text = |chunk: &[u8]| {
            let mut raw = [0_u8; 8];
            let n = chunk.len();
            // Least significant byte first.
            for (to, &from) in raw.iter_mut().zip(chunk) {
                *to = from;
            }
            if big_endian {
                raw[..n].reverse();
            }
            let bits = u64::from_le_bytes(raw);
            match self {
                Self::Unsigned(_) => bits.to_string(),
                Self::Signed(_) => {
                    let unused = 64 - 8 * n as u32;
                    ((bits << unused).cast_signed() >> unused).to_string()
                }
                Self::Float(4) => f32::from_bits(bits as u32).to_string(),
                Self::Float(_) => f64::from_bits(bits).to_string(),
            }
        };
        match self.is_known() {
            true => bytes.chunks_exact(self.size()).map(text).collect(),
            false => Vec::new(),
        }
    }

    /// Decodes `bytes` into f32.
    pub(crate) fn decode(self, bytes: &[u8], big_endian: bool) -> Option<Vec<f32>> {
        macro_rules! read {
            ($t:ty) => {{
                const SIZE: usize = size_of::<$t>();
                let convert = |chunk: &[u8]| {
                    let mut raw = [0_u8; SIZE];
                    raw.copy_from_slice(chunk);
                    if big_endian {
                        <$t>::from_be_bytes(raw) as f32
                    } else {
                        <$t>::from_le_bytes(raw) as f32
                    }
                };
                Some(bytes.chunks_exact(SIZE).map(convert).collect())
            }};
        }
        match self {
            Self::Signed(1) => read!(i8),
            Self::Signed(2) => read!(i16),
            Self::Signed(4) => read!(i32),
            Self::Signed(8) => read!(i64),
            Self::Unsigned(1) => read!(u8),
            Self::Unsigned(2) => read!(u16),
            Self::Unsigned(4) => read!(u32),
            Self::Unsigned(8) => read!(u64),
            Self::Float(4) => read!(f32),
            Self::Float(8) => read!(f64),
            _ => None,
        }
    }

    /// Decodes integers exactly, negative ones as their bits in 64; `None` for floats.
    pub(crate) fn decode_bits(self, bytes: &[u8], big_endian: bool) -> Option<Vec<u64>> {
        let (size, signed) = match self {
            Self::Unsigned(n @ (1 | 2 | 4 | 8)) => (n, false),
            Self::Signed(n @ (1 | 2 | 4 | 8)) => (n, true),
            _ => return None,
        };
        let unused = 64 - 8 * size as u32;
        let convert = |chunk: &[u8]| {
            let mut raw = [0_u8; 8];
            raw[..size].copy_from_slice(chunk);
            if big_endian {
                raw[..size].reverse();
            }
            let bits = u64::from_le_bytes(raw);
            if signed {
                ((bits << unused).cast_signed() >> unused).cast_unsigned()
            } else {
                bits
            }
        };
        Some(bytes.chunks_exact(size).map(convert).collect())
    }

    /// Largest value of an unsigned type of two bytes or more: detectors mark invalid and
    /// saturated pixels with it.
    pub(crate) fn full_scale(self) -> Option<f64> {
        match self {
            Self::Unsigned(2) => Some(f64::from(u16::MAX)),
            Self::Unsigned(4) => Some(f64::from(u32::MAX)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_exact() {
        let read = |number: Number, bytes: &[u8], big| number.decode_bits(bytes, big).unwrap();
        assert_eq!(
            read(Number::Unsigned(4), &[1, 0, 0, 0x80], false),
            [0x8000_0001]
        );
        assert_eq!(read(Number::Unsigned(2), &[1, 2], true), [0x0102]);
        assert_eq!(read(Number::Signed(1), &[0xff, 3], false), [u64::MAX, 3]);
        assert_eq!(
            read(Number::Signed(8), &[0xfe; 8], false),
            [0xfefe_fefe_fefe_fefe]
        );
        assert!(Number::Float(4).decode_bits(&[0; 4], false).is_none());
    }

    #[test]
    fn numbers_as_text() {
        let le = |number: Number, bytes: &[u8]| number.texts(bytes, false).join(" ");
        assert_eq!(le(Number::Signed(2), &[0xfe, 0xff, 3, 0]), "-2 3");
        assert_eq!(le(Number::Signed(8), &[0xff; 8]), "-1");
        assert_eq!(le(Number::Unsigned(4), &[0xff; 4]), "4294967295");
        assert_eq!(le(Number::Float(4), &0.998_f32.to_le_bytes()), "0.998");
        assert_eq!(le(Number::Float(8), &998.0_f64.to_le_bytes()), "998");
        assert_eq!(Number::Signed(2).texts(&[0xff, 0xfe], true), ["-2"]);
        assert!(Number::Float(2).texts(&[0, 0], true).is_empty());
    }
}
