//! The byte-offset compression of CBF.
//!
//! Every pixel is the difference to its predecessor in one byte; -128 escapes to two bytes,
//! -2^15 there to four, -2^31 there to eight, all little-endian. Nearly every difference of a
//! photon-counting frame fits one byte, so eight at a time are tested for an escape and then
//! summed without a branch.

/// Why unpacking ended too early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The data ended after so many pixels.
    Data { pixels: usize },
    /// All pixels were filled and so many bytes left over.
    Pixels { bytes: usize },
}

/// Unpacks byte-offset data into all of `out`.
pub(super) fn unpack_byte_offset(
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
pub(super) fn pack_byte_offset(counts: &[i32]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
