//! The level of an image: a quantile of a million values, without sorting them.

/// Values are dealt out by their first 13 bits: sign, exponent, four of the fraction.
const SHIFT: u32 = 19;

/// A number whose order is that of `f32::total_cmp`.
fn key(x: f32) -> u32 {
    let bits = x.to_bits();
    bits ^ if bits >> 31 == 0 { 1 << 31 } else { u32::MAX }
}

/// The value of rank `rank` (0 is the smallest); `None` if there are not as many.
///
/// As `select_nth_unstable`, in one pass that counts and one that looks at the few values left.
pub(super) fn ranked(values: &[f32], rank: usize) -> Option<f32> {
    let mut counts = vec![0_usize; 1 << (32 - SHIFT)];
    for &x in values {
        counts[(key(x) >> SHIFT) as usize] += 1;
    }
    let mut left = rank;
    let bucket = counts.iter().position(|&n| {
        let here = left < n;
        left -= if here { 0 } else { n };
        here
    })?;
    let mut few: Vec<f32> = values
        .iter()
        .copied()
        .filter(|&x| (key(x) >> SHIFT) as usize == bucket)
        .collect();
    Some(*few.select_nth_unstable_by(left, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};
    use rand::Rng;

    #[test]
    fn ranks_are_those_of_the_sorted_values() {
        let mut rng = stream(3, Purpose::View, 0);
        let mut values: Vec<f32> = (0..2000)
            .map(|i| match i % 5 {
                0 => 0.0,
                1 => -rng.random::<f32>(),
                2 => 7.5,
                _ => (20.0 * (rng.random::<f32>() - 0.5)).exp(),
            })
            .collect();
        let shuffled = values.clone();
        values.sort_by(f32::total_cmp);
        for rank in [0, 1, 399, 400, 800, 1234, 1990, 1999] {
            assert_eq!(ranked(&shuffled, rank), Some(values[rank]), "rank {rank}");
        }
        assert_eq!(ranked(&shuffled, 2000), None);
        assert_eq!(ranked(&[], 0), None);
    }
}
