//! LZ4 (filter 32004) and bitshuffle with LZ4 (filter 32008) of HDF5 chunks.
//!
//! A chunk starts with its unpacked size (u64 BE) and the size of a block (u32 BE, bytes);
//! each block is its packed size (u32 BE) and an LZ4 block. Under bitshuffle a block of n
//! elements of s bytes holds 8 s bit planes of n / 8 bytes: element 8 i + k has bit b % 8 of
//! its byte b / 8 in bit k of byte i of plane b. The last full groups of eight make a shorter
//! block; what remains is stored as it is.
//!
//! Source: "HDF5_LZ4.pdf" of the HDF Group; K. Masui et al., Astronomy and Computing 12, 181
//! (2015), doi:10.1016/j.ascom.2015.07.002; compared with hdf5plugin in the tests.

use lz4_flex::block::decompress_into;

/// Groups of eight elements handled at once: one byte of each in a 64-bit word.
const LANE: usize = 8;

/// Unpacks an LZ4 chunk to at most `limit` bytes.
pub(super) fn unpack_lz4(data: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let (total, block, mut rest) = chunk_header(data, limit)?;
    let mut out = vec![0; total];
    if total > 0 && block == 0 {
        return Err("LZ4 block size 0".to_owned());
    }
    for target in out.chunks_mut(block.max(1)) {
        let (packed, after) = next_block(rest)?;
        rest = after;
        // A block that does not shrink is stored as it is.
        if packed.len() == target.len() {
            target.copy_from_slice(packed);
        } else {
            decompress(packed, target)?;
        }
    }
    Ok(out)
}

/// Unpacks a bitshuffle LZ4 chunk of elements of `size` bytes to at most `limit` bytes.
pub(super) fn unpack_bitshuffle_lz4(
    data: &[u8],
    size: usize,
    limit: usize,
) -> Result<Vec<u8>, String> {
    let (total, block, mut rest) = chunk_header(data, limit)?;
    if size == 0 || !total.is_multiple_of(size) {
        return Err(format!(
            "{total} bytes are no whole number of elements of {size}"
        ));
    }
    if total >= LANE * size && (block == 0 || !block.is_multiple_of(LANE * size)) {
        return Err(format!(
            "block of {block} bytes, expected groups of 8 elements of {size}"
        ));
    }
    let mut out = vec![0; total];
    let shuffled = total / (LANE * size) * (LANE * size);
    let (groups, remainder) = out.split_at_mut(shuffled);
    let mut planes = vec![0; block.min(shuffled)];
    for target in groups.chunks_mut(block.max(1)) {
        let (packed, after) = next_block(rest)?;
        rest = after;
        let planes = &mut planes[..target.len()];
        decompress(packed, planes)?;
        transpose(planes, size, target);
    }
    let raw = rest
        .get(..remainder.len())
        .ok_or("the last elements are missing")?;
    remainder.copy_from_slice(raw);
    Ok(out)
}

/// Unpacked size, block size and the rest of a chunk.
fn chunk_header(data: &[u8], limit: usize) -> Result<(usize, usize, &[u8]), String> {
    let cut = "chunk is shorter than its header";
    let (total, rest) = data.split_first_chunk::<8>().ok_or(cut)?;
    let (block, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
    let total = u64::from_be_bytes(*total);
    // LZ4 makes 255 bytes of one at most.
    let possible = (rest.len() as u64).saturating_mul(255).min(limit as u64);
    if total > possible {
        return Err(format!(
            "chunk claims {total} bytes, at most {possible} are possible"
        ));
    }
    let block = u32::from_be_bytes(*block) as usize;
    Ok((total as usize, block.min(1 << 30), rest))
}

fn next_block(data: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (size, rest) = data.split_first_chunk::<4>().ok_or("a block is missing")?;
    let size = u32::from_be_bytes(*size) as usize;
    rest.split_at_checked(size)
        .ok_or_else(|| format!("block of {size} bytes, {} are left", rest.len()))
}

fn decompress(packed: &[u8], target: &mut [u8]) -> Result<(), String> {
    let written = decompress_into(packed, target).map_err(|e| format!("LZ4: {e}"))?;
    if written == target.len() {
        Ok(())
    } else {
        Err(format!(
            "LZ4 block of {written} bytes, expected {}",
            target.len()
        ))
    }
}

/// Turns bit planes into elements of `size` bytes. `out` is zero and as long as `planes`.
///
/// Counts are small, so most words of most planes are zero and cost one comparison.
fn transpose(planes: &[u8], size: usize, out: &mut [u8]) {
    let groups = planes.len() / (8 * size);
    let (words, single) = (groups / LANE, groups / LANE * LANE);
    for byte in 0..size {
        let plane = |bit: usize| &planes[(8 * byte + bit) * groups..][..groups];
        let rows: [&[u8]; 8] = std::array::from_fn(plane);
        for word in 0..words {
            let at = word * LANE;
            let columns = rows.map(|row| {
                let mut bytes = [0; LANE];
                bytes.copy_from_slice(&row[at..at + LANE]);
                u64::from_le_bytes(bytes)
            });
            if columns.iter().fold(0, |any, c| any | c) == 0 {
                continue;
            }
            let elements = transpose_bits(columns).map(u64::to_le_bytes);
            let target = &mut out[at * 8 * size..(at + LANE) * 8 * size];
            for (group, pixels) in target.chunks_exact_mut(8 * size).enumerate() {
                for (k, pixel) in pixels.chunks_exact_mut(size).enumerate() {
                    pixel[byte] = elements[k][group];
                }
            }
        }
        for group in single..groups {
            let columns = rows.map(|row| u64::from(row[group]));
            let elements = transpose_bits(columns);
            let target = &mut out[group * 8 * size..(group + 1) * 8 * size];
            for (k, pixel) in target.chunks_exact_mut(size).enumerate() {
                pixel[byte] = elements[k] as u8;
            }
        }
    }
}

/// Exchanges bit k of word r with bit r of word k, in every byte of the words alike: three
/// rounds of block swaps (H. S. Warren, Hacker's Delight, 7-3).
fn transpose_bits(mut x: [u64; 8]) -> [u64; 8] {
    const ROUNDS: [(usize, u64); 3] = [
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ];
    for (distance, mask) in ROUNDS {
        for i in (0..8).filter(|i| i & distance == 0) {
            let j = i + distance;
            let swapped = ((x[i] >> distance) ^ x[j]) & mask;
            x[j] ^= swapped;
            x[i] ^= swapped << distance;
        }
    }
    x
}

#[cfg(test)]
pub(in crate::format) mod tests {
    use super::*;
    use lz4_flex::block::compress;
    use proptest::prelude::*;

    /// Bit planes bit by bit, as the definition says.
    fn planes(elements: &[u8], size: usize) -> Vec<u8> {
        let n = elements.len() / size;
        let mut out = vec![0; elements.len()];
        for e in 0..n {
            for bit in 0..8 * size {
                let value = elements[e * size + bit / 8] >> (bit % 8) & 1;
                out[bit * (n / 8) + e / 8] |= value << (e % 8);
            }
        }
        out
    }

    fn header(total: usize, block: usize) -> Vec<u8> {
        let mut out = (total as u64).to_be_bytes().to_vec();
        out.extend((block as u32).to_be_bytes());
        out
    }

    fn push_block(out: &mut Vec<u8>, packed: &[u8]) {
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }

    fn pack_bitshuffle(data: &[u8], size: usize, block: usize) -> Vec<u8> {
        let mut out = header(data.len(), block);
        let shuffled = data.len() / (8 * size) * (8 * size);
        for part in data[..shuffled].chunks(block) {
            push_block(&mut out, &compress(&planes(part, size)));
        }
        out.extend(&data[shuffled..]);
        out
    }

    fn counts() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![6 => Just(0_u8), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..5000)
    }

    proptest! {
        #[test]
        fn bitshuffle_round_trip(data in counts(), size in 1..9_usize, groups in 1..40_usize) {
            let data = &data[..data.len() / size * size];
            let packed = pack_bitshuffle(data, size, groups * 8 * size);
            prop_assert_eq!(unpack_bitshuffle_lz4(&packed, size, 1 << 20).unwrap(), data);
            for cut in [0, 11, 12, packed.len() / 2, packed.len().saturating_sub(1)] {
                if cut < packed.len() {
                    prop_assert!(unpack_bitshuffle_lz4(&packed[..cut], size, 1 << 20).is_err());
                }
            }
        }

        #[test]
        fn lz4_round_trip(data in counts(), block in 1..700_usize) {
            let mut packed = header(data.len(), block);
            for part in data.chunks(block) {
                let squeezed = compress(part);
                let stored = squeezed.len() >= part.len();
                push_block(&mut packed, if stored { part } else { &squeezed });
            }
            prop_assert_eq!(unpack_lz4(&packed, 1 << 20).unwrap(), data);
        }

        #[test]
        fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack_lz4(&noise, 1 << 16);
            let _ = unpack_bitshuffle_lz4(&noise, 4, 1 << 16);
            let claimed = [header(1 << 10, 1 << 9), noise].concat();
            let _ = unpack_lz4(&claimed, 1 << 16);
            let _ = unpack_bitshuffle_lz4(&claimed, 4, 1 << 16);
        }
    }

    #[test]
    fn absurd_sizes_are_refused_before_allocating() {
        let mut chunk = header(usize::MAX, 8192);
        chunk.extend([0; 100]);
        assert!(
            unpack_lz4(&chunk, usize::MAX)
                .unwrap_err()
                .contains("claims")
        );
        assert!(unpack_bitshuffle_lz4(&chunk, 4, usize::MAX).is_err());
        assert!(unpack_lz4(&header(0, 0), 10).unwrap().is_empty());
    }
}
