//! Random permutations of any length without memory.

use crate::rng::mix;

/// A random permutation of 0 .. n: a Feistel network over the smallest even number of bits that
/// holds n, walked until it lands inside (J. Black, P. Rogaway, CT-RSA 2002, "cycle walking").
#[derive(Clone, Debug)]
pub(super) struct Permutation {
    n: u64,
    half_bits: u32,
    key: u64,
}

/// Rounds of the network: four make it a pseudorandom permutation (Luby & Rackoff 1988); two
/// more are cheap.
const ROUNDS: u64 = 6;

impl Permutation {
    /// Of `n` numbers, at least one and at most 2^62.
    pub(super) fn new(n: u64, key: u64) -> Self {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        Self {
            n,
            half_bits: bits.div_ceil(2).max(1),
            key,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.n
    }

    /// Where `i`, below n, goes.
    pub(super) fn image(&self, i: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let mut x = i;
        loop {
            let (mut left, mut right) = (x >> self.half_bits, x & mask);
            for round in 0..ROUNDS {
                let f = mix(self.key ^ mix(right | round << 56)) & mask;
                (left, right) = (right, left ^ f);
            }
            x = left << self.half_bits | right;
            if x < self.n {
                return x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_met_once() {
        for n in [1, 2, 3, 17, 256, 1000] {
            let permutation = Permutation::new(n, 42);
            let mut images: Vec<u64> = (0..n).map(|i| permutation.image(i)).collect();
            images.sort_unstable();
            assert!(images.into_iter().eq(0..n), "{n}");
        }
    }
}
