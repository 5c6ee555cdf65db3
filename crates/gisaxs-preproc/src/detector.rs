//! Known detectors: Pilatus, Pilatus4, Eiger and Eiger2, their modules and gaps.
//!
//! All are regular arrays: n modules of m pixels with gaps of g pixels between them make
//! n m + (n - 1) g pixels, and gap k = 0 .. n - 2 starts at m + k (m + g). Numbers from the
//! manufacturer's layouts as used by pyFAI 2026.9, checked against frames of a Pilatus 1M
//! and a Pilatus 2M.

use std::ops::Range;

use ndarray::Array2;

use crate::error::{Error, Result};

/// A detector family: one module type repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// Pilatus, Pilatus2 and Pilatus3.
    Pilatus,
    /// Pilatus4.
    Pilatus4,
    /// Eiger of the first generation.
    Eiger,
    /// Eiger2.
    Eiger2,
}

impl Family {
    /// Pixels of one module, (rows, columns).
    #[must_use]
    pub const fn module(self) -> [usize; 2] {
        match self {
            Self::Pilatus => [195, 487],
            Self::Pilatus4 => [255, 513],
            Self::Eiger => [514, 1030],
            Self::Eiger2 => [512, 1028],
        }
    }

    /// Pixels between modules, (rows, columns).
    #[must_use]
    pub const fn gap(self) -> [usize; 2] {
        match self {
            Self::Pilatus => [17, 7],
            Self::Pilatus4 => [20, 7],
            Self::Eiger => [37, 10],
            Self::Eiger2 => [38, 12],
        }
    }

    /// Edge of the square pixels, mm.
    #[must_use]
    pub const fn pixel_mm(self) -> f64 {
        match self {
            Self::Pilatus => 0.172,
            Self::Pilatus4 => 0.150,
            Self::Eiger | Self::Eiger2 => 0.075,
        }
    }

    /// Dead columns inside a module whose CdTe sensor is made of two pieces.
    const fn cdte_seam(self) -> Range<usize> {
        match self {
            Self::Pilatus => 242..245,
            Self::Pilatus4 => 256..257,
            Self::Eiger => 0..0,
            Self::Eiger2 => 513..515,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Pilatus => "pilatus",
            Self::Pilatus4 => "pilatus4",
            Self::Eiger => "eiger",
            Self::Eiger2 => "eiger2",
        }
    }
}

/// A known detector: name, modules, pixel size and gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detector {
    name: &'static str,
    family: Family,
    modules: [usize; 2],
    cdte: bool,
}

const fn entry(name: &'static str, family: Family, rows: usize, cols: usize) -> Detector {
    Detector {
        name,
        family,
        modules: [rows, cols],
        cdte: false,
    }
}

/// Every known detector, silicon sensors.
const TABLE: [Detector; 22] = [
    entry("Pilatus 100k", Family::Pilatus, 1, 1),
    entry("Pilatus 200k", Family::Pilatus, 2, 1),
    entry("Pilatus 300k", Family::Pilatus, 3, 1),
    entry("Pilatus 300k-W", Family::Pilatus, 1, 3),
    entry("Pilatus 900k", Family::Pilatus, 3, 3),
    entry("Pilatus 1M", Family::Pilatus, 5, 2),
    entry("Pilatus 2M", Family::Pilatus, 8, 3),
    entry("Pilatus 6M", Family::Pilatus, 12, 5),
    entry("Pilatus4 1M", Family::Pilatus4, 4, 2),
    entry("Pilatus4 2M", Family::Pilatus4, 6, 3),
    entry("Pilatus4 4M", Family::Pilatus4, 8, 4),
    entry("Eiger 500k", Family::Eiger, 1, 1),
    entry("Eiger 1M", Family::Eiger, 2, 1),
    entry("Eiger 4M", Family::Eiger, 4, 2),
    entry("Eiger 9M", Family::Eiger, 6, 3),
    entry("Eiger 16M", Family::Eiger, 8, 4),
    entry("Eiger2 500k", Family::Eiger2, 1, 1),
    entry("Eiger2 1M", Family::Eiger2, 2, 1),
    entry("Eiger2 1M-W", Family::Eiger2, 1, 2),
    entry("Eiger2 4M", Family::Eiger2, 4, 2),
    entry("Eiger2 9M", Family::Eiger2, 6, 3),
    entry("Eiger2 16M", Family::Eiger2, 8, 4),
];

impl Detector {
    /// All known detectors.
    #[must_use]
    pub fn all() -> &'static [Detector] {
        &TABLE
    }

    /// Looks a name up as people and file headers write it: case, blanks and hyphens do not
    /// matter, nor do maker, serial number and product-line letters. `Pilatus 2M`,
    /// `pilatus2m`, `PILATUS 1MF S/N 10-0108-F`, `Dectris PILATUS3 X 300K-W` and
    /// `EIGER2 CdTe 1M` are all known.
    ///
    /// # Errors
    /// [`Error::UnknownDetector`] with the nearest names; `file` is named in it.
    pub fn named(name: &str, file: &str) -> Result<Self> {
        Self::lookup(name).ok_or_else(|| {
            let wanted = compact(name).0;
            let mut ranked: Vec<(f64, &'static str)> = TABLE
                .iter()
                .map(|d| (strsim::jaro_winkler(&wanted, &compact(d.name).0), d.name))
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            Error::UnknownDetector {
                file: file.to_owned(),
                name: name.to_owned(),
                nearest: ranked.iter().take(3).map(|r| r.1).collect(),
            }
        })
    }

    /// As [`named`](Self::named), `None` for an unknown name.
    #[must_use]
    pub fn lookup(name: &str) -> Option<Self> {
        let (wanted, cdte) = compact(name);
        // A generation digit and a size digit may touch: "pilatus32m" is a Pilatus3 2M,
        // "pilatus300k" a Pilatus 300k. The whole size is tried first.
        TABLE
            .iter()
            .find(|d| {
                let size = &compact(d.name).0[d.family.prefix().len()..];
                let Some(rest) = wanted.strip_prefix(d.family.prefix()) else {
                    return false;
                };
                let rest = rest.trim_start_matches(['x', 's', 'r']);
                let rest = rest.strip_suffix('f').unwrap_or(rest);
                rest == size
                    || (d.family == Family::Pilatus
                        && rest
                            .strip_prefix(['2', '3'])
                            .is_some_and(|r| r.trim_start_matches(['x', 's', 'r']) == size))
            })
            .map(|d| Self { cdte, ..*d })
    }

    /// The detector of a shape (rows, columns). Shapes are unique but for the sensor
    /// material; silicon is assumed.
    #[must_use]
    pub fn by_shape(shape: [usize; 2]) -> Option<Self> {
        TABLE.iter().copied().find(|d| d.shape() == shape)
    }

    /// Name, as `Pilatus 2M`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Whether the sensor is CdTe, whose modules have a dead seam.
    #[must_use]
    pub const fn is_cdte(&self) -> bool {
        self.cdte
    }

    /// Pixels, (rows, columns).
    #[must_use]
    pub const fn shape(&self) -> [usize; 2] {
        let (m, g, n) = (self.family.module(), self.family.gap(), self.modules);
        [
            n[0] * m[0] + (n[0] - 1) * g[0],
            n[1] * m[1] + (n[1] - 1) * g[1],
        ]
    }

    /// Edge of the square pixels, mm.
    #[must_use]
    pub const fn pixel_mm(&self) -> f64 {
        self.family.pixel_mm()
    }

    /// Rows between modules.
    #[must_use]
    pub fn gap_rows(&self) -> Vec<Range<usize>> {
        gaps(
            self.family.module()[0],
            self.family.gap()[0],
            self.modules[0],
        )
    }

    /// Columns between modules, and the seams of CdTe sensors.
    #[must_use]
    pub fn gap_cols(&self) -> Vec<Range<usize>> {
        let (module, gap) = (self.family.module()[1], self.family.gap()[1]);
        let mut cols = gaps(module, gap, self.modules[1]);
        let seam = self.family.cdte_seam();
        if self.cdte && !seam.is_empty() {
            cols.extend((0..self.modules[1]).map(|k| {
                let start = k * (module + gap);
                start + seam.start..start + seam.end
            }));
            cols.sort_by_key(|r| r.start);
        }
        cols
    }

    /// True where no sensor is, shape (rows, columns).
    #[must_use]
    pub fn gap_mask(&self) -> Array2<bool> {
        let [rows, cols] = self.shape();
        let inside = |ranges: &[Range<usize>], n: usize| -> Vec<bool> {
            (0..n)
                .map(|i| ranges.iter().any(|r| r.contains(&i)))
                .collect()
        };
        let row_is_gap = inside(&self.gap_rows(), rows);
        let col_is_gap = inside(&self.gap_cols(), cols);
        Array2::from_shape_fn((rows, cols), |(r, c)| row_is_gap[r] || col_is_gap[c])
    }
}

fn gaps(module: usize, gap: usize, modules: usize) -> Vec<Range<usize>> {
    (0..modules - 1)
        .map(|k| {
            let start = module + k * (module + gap);
            start..start + gap
        })
        .collect()
}

/// A name without what does not identify: lower case, letters and digits only, no maker,
/// sensor or serial number. The flag tells a CdTe sensor.
fn compact(name: &str) -> (String, bool) {
    let lower = name.to_lowercase();
    let lower = lower.split(',').next().unwrap_or_default();
    let lower = lower.split("s/n").next().unwrap_or_default();
    let cdte = lower.contains("cdte");
    let lower = lower.replace("cdte", " ");
    let text = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !["dectris", "detector", "x", "s", "r", "si", "silicon"].contains(word))
        .collect();
    (text, cdte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_gap_pixels_of_the_fact_sheet() {
        let table = [
            ("Pilatus 100k", [195, 487], Some(0)),
            ("Pilatus 200k", [407, 487], Some(8279)),
            ("Pilatus 300k", [619, 487], Some(16558)),
            ("Pilatus 300k-W", [195, 1475], Some(2730)),
            ("Pilatus 900k", [619, 1475], Some(58340)),
            ("Pilatus 1M", [1043, 981], Some(73533)),
            ("Pilatus 2M", [1679, 1475], Some(197_365)),
            ("Pilatus 6M", [2527, 2463], Some(526_101)),
            ("Pilatus4 1M", [1080, 1033], None),
            ("Pilatus4 2M", [1630, 1553], None),
            ("Pilatus4 4M", [2180, 2073], None),
            ("Eiger 500k", [514, 1030], Some(0)),
            ("Eiger 1M", [1065, 1030], Some(38110)),
            ("Eiger 4M", [2167, 2070], Some(250_330)),
            ("Eiger 9M", [3269, 3110], Some(637_030)),
            ("Eiger 16M", [4371, 4150], Some(1_198_210)),
            ("Eiger2 500k", [512, 1028], Some(0)),
            ("Eiger2 1M", [1062, 1028], Some(39064)),
            ("Eiger2 1M-W", [512, 2068], Some(6144)),
            ("Eiger2 4M", [2162, 2068], Some(260_328)),
            ("Eiger2 9M", [3262, 3108], Some(664_248)),
            ("Eiger2 16M", [4362, 4148], Some(1_250_824)),
        ];
        assert_eq!(table.len(), TABLE.len());
        for (name, shape, gap_pixels) in table {
            let d = Detector::named(name, "test").unwrap();
            assert_eq!(d.name(), name);
            assert_eq!(d.shape(), shape, "{name}");
            assert_eq!(Detector::by_shape(shape), Some(d));
            if let Some(n) = gap_pixels {
                let found = d.gap_mask().iter().filter(|&&m| m).count();
                assert_eq!(found, n, "{name}");
            }
        }
    }

    #[test]
    fn names_as_people_write_them() {
        for (text, name) in [
            ("pilatus2m", "Pilatus 2M"),
            ("PILATUS 2M, S/N 24-0104, EMBL", "Pilatus 2M"),
            ("PILATUS 1MF S/N 10-0108-F, ANL", "Pilatus 1M"),
            ("Pilatus300k", "Pilatus 300k"),
            ("Pilatus300kw", "Pilatus 300k-W"),
            ("Dectris PILATUS3 X 300K-W", "Pilatus 300k-W"),
            ("PILATUS3 2M", "Pilatus 2M"),
            ("Pilatus 3X 2M", "Pilatus 2M"),
            ("pilatus4 2m", "Pilatus4 2M"),
            ("Eiger1M", "Eiger 1M"),
            ("Dectris EIGER2 Si 1M-W", "Eiger2 1M-W"),
            ("EIGER2 X 16M", "Eiger2 16M"),
        ] {
            let found = Detector::named(text, "test").map(|d| d.name());
            assert_eq!(found.ok(), Some(name), "{text}");
        }
    }

    #[test]
    fn cdte_modules_have_a_seam() {
        let d = Detector::named("Pilatus3 X CdTe 1M", "test").unwrap();
        assert!(d.is_cdte());
        assert_eq!(d.gap_cols(), vec![242..245, 487..494, 736..739]);
    }

    #[test]
    fn an_unknown_name_lists_its_neighbours() {
        for name in ["Pilatus 3M", "Pilatus 2N", "", "é²", "Lambda 9M"] {
            let error = Detector::named(name, "a.toml").unwrap_err().to_string();
            assert!(error.contains("a.toml") && error.contains(name), "{error}");
        }
        let error = Detector::named("Pilatus 2N", "a").unwrap_err().to_string();
        assert!(error.contains("Pilatus 2M"), "{error}");
    }
}
