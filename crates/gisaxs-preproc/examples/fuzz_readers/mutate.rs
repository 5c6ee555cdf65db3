//! Ways to damage a file.

/// A small generator: this is no statistics (xorshift64*, G. Marsaglia, J. Stat. Soft. 8, 14).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "2",
    "255",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "nan",
    "-inf",
];

/// One of the seeds with one to six damages.
pub(crate) fn damaged(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(6) {
        damage(random, &mut bytes, seeds);
    }
    bytes
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    if bytes.is_empty() {
        bytes.push(random.next() as u8);
        return;
    }
    // Half of the damages go where the headers are.
    let reach = match random.below(2) {
        0 => bytes.len(),
        _ => bytes.len().min(1024),
    };
    let at = random.below(reach);
    match random.below(11) {
        0..=2 => bytes[at] ^= 1 << random.below(8),
        3 => bytes[at] = random.next() as u8,
        4 => {
            // A number of two, four or eight bytes at the end of its range.
            let width = [2, 4, 8][random.below(3)].min(bytes.len() - at);
            let value = [0, 1, 0x7f, 0x80, 0xff][random.below(5)];
            bytes[at..at + width].fill(value);
        }
        5 => bytes.truncate(at),
        6 => {
            let n = random.below(64).min(bytes.len() - at);
            bytes.drain(at..at + n);
        }
        7 => {
            let n = random.below(64).min(bytes.len() - at);
            let piece = bytes[at..at + n].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        8 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            let n = random
                .below(256)
                .min(other.len() - from)
                .min(bytes.len() - at);
            bytes[at..at + n].copy_from_slice(&other[from..from + n]);
        }
        _ => replace_number(random, bytes),
    }
}

/// Replaces a number that is written as text.
fn replace_number(random: &mut Random, bytes: &mut Vec<u8>) {
    let starts: Vec<usize> = (1..bytes.len().min(4096))
        .filter(|&i| bytes[i].is_ascii_digit() && !bytes[i - 1].is_ascii_digit())
        .collect();
    if starts.is_empty() {
        return;
    }
    let start = starts[random.below(starts.len())];
    let digits = bytes[start..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let number = NUMBERS[random.below(NUMBERS.len())];
    bytes.splice(start..start + digits, number.bytes());
}
