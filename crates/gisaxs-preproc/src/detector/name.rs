//! Detector names as people and file headers write them.

use super::{Detector, Family, TABLE};

/// A name without what does not identify.
pub(super) struct Compact {
    /// Lower case, letters and digits only, no maker, sensor or serial number.
    pub(super) text: String,
    cdte: bool,
    /// From a word like `2x2`.
    binning: usize,
}

/// Words that do not tell detectors apart: makers, product lines, the usual sensor.
const NOT_A_NAME: [&str; 8] = [
    "dectris", "spectrum", "detector", "x", "s", "r", "si", "silicon",
];

pub(super) fn compact(name: &str) -> Compact {
    let lower = name.to_lowercase();
    let lower = lower.split(',').next().unwrap_or_default();
    let lower = lower.split("s/n").next().unwrap_or_default();
    let cdte = lower.contains("cdte");
    let lower = lower.replace("cdte", " ");
    let mut binning = 1;
    let text = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| {
            let factor = word
                .split_once('x')
                .filter(|(a, b)| a == b)
                .and_then(|(a, _)| a.parse::<usize>().ok());
            binning = factor.unwrap_or(binning);
            factor.is_none()
        })
        .filter(|word| !NOT_A_NAME.contains(word))
        .collect();
    Compact {
        text,
        cdte,
        binning,
    }
}

pub(super) fn lookup(name: &str) -> Option<Detector> {
    let wanted = compact(name);
    // A generation digit and a size digit may touch: "pilatus32m" is a Pilatus3 2M,
    // "pilatus300k" a Pilatus 300k. The whole size is tried first.
    let found = TABLE.iter().find(|d| {
        let size = &compact(d.name).text[prefix(d.family).len()..];
        let Some(rest) = wanted.text.strip_prefix(prefix(d.family)) else {
            return false;
        };
        if !d.family.is_dectris() {
            // The high-speed models are also written without the two letters, where there
            // is no other of that size.
            return rest == size || size.strip_suffix("hs").is_some_and(|s| s == rest);
        }
        let rest = rest.trim_start_matches(['x', 's', 'r']);
        let rest = rest.strip_suffix('f').unwrap_or(rest);
        rest == size
            || (d.family == Family::Pilatus
                && rest
                    .strip_prefix(['2', '3'])
                    .is_some_and(|r| r.trim_start_matches(['x', 's', 'r']) == size))
    })?;
    let sensor = Detector {
        cdte: wanted.cdte && found.family.is_dectris(),
        ..*found
    };
    match wanted.binning {
        1 => Some(sensor),
        n => sensor.binned(n),
    }
}

const fn prefix(family: Family) -> &'static str {
    match family {
        Family::Pilatus => "pilatus",
        Family::Pilatus4 => "pilatus4",
        Family::Eiger => "eiger",
        Family::Eiger2 => "eiger2",
        Family::Jungfrau => "jungfrau",
        Family::Lambda => "lambda",
        Family::Rayonix => "rayonix",
    }
}
