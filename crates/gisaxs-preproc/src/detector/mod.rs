//! Known detectors: Pilatus, Pilatus4, Eiger, Eiger2, Jungfrau, Lambda, Rayonix; their
//! pixels, gaps and sentinels.
//!
//! The first six are regular arrays: n modules of m pixels with gaps of g pixels between them
//! make n m + (n - 1) g pixels, and gap k = 0 .. n - 2 starts at m + k (m + g). For any other
//! detector an instrument file gives shape and pixel size.

mod name;
mod table;

use std::ops::Range;

use ndarray::Array2;

use crate::error::{Error, Result};
use name::compact;
use table::TABLE;

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
    /// Jungfrau (PSI).
    Jungfrau,
    /// Lambda (X-Spectrum; Medipix3 chips).
    Lambda,
    /// Rayonix CCDs.
    Rayonix,
}

/// Values that a family of detectors stores instead of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentinels {
    /// Where there is no sensor.
    pub gap: Option<i64>,
    /// Pixels that the camera excludes.
    pub bad: Option<i64>,
    /// From here on a count is not one: invalid or saturated. `None` where only the header
    /// tells, or the largest integer of the type means it.
    pub full_scale: Option<u64>,
    /// Whether the largest unsigned integer of the type means invalid or saturated.
    pub end_of_range: bool,
    /// Where this is from.
    pub source: &'static str,
}

impl Family {
    /// Values that are no counts.
    #[must_use]
    pub const fn sentinels(self) -> Sentinels {
        let none = Sentinels {
            gap: None,
            bad: None,
            full_scale: None,
            end_of_range: false,
            source: "",
        };
        match self {
            // Pilatus4: not measured, taken to be written by the same software.
            Self::Pilatus | Self::Pilatus4 => Sentinels {
                gap: Some(-1),
                bad: Some(-2),
                source: "measured frames of a Pilatus 1M and 2M; 0 in gaps where the camera is \
                         not told to flag them (user manual 1.2, p. 50)",
                ..none
            },
            Self::Eiger | Self::Eiger2 => Sentinels {
                end_of_range: true,
                source: "eiger2cbf issue 2: gap, dead and saturated alike; the file's \
                         pixel_mask tells them apart",
                ..none
            },
            Self::Jungfrau => Sentinels {
                gap: Some(-1),
                bad: Some(-2),
                source: "pyFAI 2026.9 _psi.py: dummy -2, delta 1.5; frames are floats in keV \
                         or photons",
                ..none
            },
            Self::Lambda => Sentinels {
                gap: Some(0),
                full_scale: Some((1 << 24) - 1),
                source: "saturation_value and zeros in dead areas of measured P03 files; \
                         pyFAI 2026.9 _xspectrum.py",
                ..none
            },
            Self::Rayonix => Sentinels {
                end_of_range: true,
                source: "16-bit camera: the end of its range; not confirmed on a file",
                ..none
            },
        }
    }

    /// Made by Dectris, with its naming.
    const fn is_dectris(self) -> bool {
        matches!(
            self,
            Self::Pilatus | Self::Pilatus4 | Self::Eiger | Self::Eiger2
        )
    }
}

/// A known detector: name, modules, pixel size and gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detector {
    name: &'static str,
    family: Family,
    /// Numbers of modules, (rows, columns).
    modules: [usize; 2],
    /// Pixels of a module, (rows, columns).
    module: [usize; 2],
    /// Pixels between modules, (rows, columns).
    gap: [usize; 2],
    /// Edge of an unbinned pixel, pm: an integer, so that detectors can be compared.
    pixel_pm: u32,
    /// Dead columns of a CdTe module: first, end.
    seam: [usize; 2],
    /// Whether only the inscribed circle is sensitive.
    round: bool,
    cdte: bool,
    binning: usize,
}

impl Detector {
    /// All known detectors.
    #[must_use]
    pub fn all() -> &'static [Detector] {
        &TABLE
    }

    /// Looks a name up as people and file headers write it: case, blanks and hyphens do not
    /// matter, nor do maker, serial number and product-line letters. `Pilatus 2M`,
    /// `pilatus2m`, `PILATUS 1MF S/N 10-0108-F`, `Dectris PILATUS3 X 300K-W` and
    /// `EIGER2 CdTe 1M` are all known. `Rayonix MX340-HS 4x4` is binned.
    ///
    /// # Errors
    /// [`Error::UnknownDetector`] with the nearest names; `file` is named in it.
    pub fn named(name: &str, file: &str) -> Result<Self> {
        Self::lookup(name).ok_or_else(|| {
            let wanted = compact(name).text;
            let mut ranked: Vec<(f64, &'static str)> = TABLE
                .iter()
                .map(|d| (strsim::jaro_winkler(&wanted, &compact(d.name).text), d.name))
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
        name::lookup(name)
    }

    /// The detector of a shape (rows, columns): Pilatus, Eiger and Jungfrau, silicon sensors,
    /// whose shapes are unique. Shapes that other cameras share (512 x 512, the binned ones of
    /// a Rayonix) and Lambda modules, whose files say what is valid, have to be named.
    #[must_use]
    pub fn by_shape(shape: [usize; 2]) -> Option<Self> {
        let is_round_number = shape.iter().all(|n| n.is_multiple_of(256));
        TABLE
            .iter()
            .copied()
            .filter(|d| !matches!(d.family, Family::Lambda | Family::Rayonix))
            .find(|d| d.shape() == shape && !is_round_number)
    }

    /// The same detector with `n` x `n` pixels read as one, as Rayonix cameras do: n = 1, 2,
    /// 3, 4, 5, 6, 8 or 10, where it divides the sensor. `None` for other detectors and
    /// numbers.
    #[must_use]
    pub fn binned(&self, n: usize) -> Option<Self> {
        let fits = self.module.iter().all(|size| size.is_multiple_of(n.max(1)));
        let is_known = self.family == Family::Rayonix && [1, 2, 3, 4, 5, 6, 8, 10].contains(&n);
        (is_known && fits).then_some(Self {
            binning: n,
            ..*self
        })
    }

    /// How many pixels of the sensor make one of the frame, along each axis.
    #[must_use]
    pub const fn binning(&self) -> usize {
        self.binning
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
        let (m, g, n) = (self.module, self.gap, self.modules);
        [
            (n[0] * m[0] + (n[0] - 1) * g[0]) / self.binning,
            (n[1] * m[1] + (n[1] - 1) * g[1]) / self.binning,
        ]
    }

    /// Pixels of a module, (rows, columns).
    #[must_use]
    pub const fn module(&self) -> [usize; 2] {
        [self.module[0] / self.binning, self.module[1] / self.binning]
    }

    /// Pixels between two modules, (rows, columns).
    #[must_use]
    pub const fn gap(&self) -> [usize; 2] {
        [self.gap[0] / self.binning, self.gap[1] / self.binning]
    }

    /// Numbers of modules, (rows, columns).
    #[must_use]
    pub const fn modules(&self) -> [usize; 2] {
        self.modules
    }

    /// Edge of the square pixels, mm.
    #[must_use]
    pub fn pixel_mm(&self) -> f64 {
        // The quotient of two exact numbers is the f64 nearest to the decimal fraction.
        f64::from(self.pixel_pm) * self.binning as f64 / 1e9
    }

    /// Rows between modules.
    #[must_use]
    pub fn gap_rows(&self) -> Vec<Range<usize>> {
        gaps(self.module[0], self.gap[0], self.modules[0])
    }

    /// Columns between modules, and the seams of CdTe sensors.
    #[must_use]
    pub fn gap_cols(&self) -> Vec<Range<usize>> {
        let (module, gap) = (self.module[1], self.gap[1]);
        let mut cols = gaps(module, gap, self.modules[1]);
        if self.cdte && self.seam[0] < self.seam[1] {
            cols.extend((0..self.modules[1]).map(|k| {
                let start = k * (module + gap);
                start + self.seam[0]..start + self.seam[1]
            }));
            cols.sort_by_key(|r| r.start);
        }
        cols
    }

    /// Whether only the inscribed circle is sensitive.
    #[must_use]
    pub const fn is_round(&self) -> bool {
        self.round
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
        // Diameter and distance from the centre in half pixels: whole numbers.
        let diameter = rows.min(cols);
        let beyond = |r: usize, c: usize| {
            let y = (2 * r + 1).abs_diff(rows);
            let x = (2 * c + 1).abs_diff(cols);
            self.round && x * x + y * y > diameter * diameter
        };
        Array2::from_shape_fn((rows, cols), |(r, c)| {
            row_is_gap[r] || col_is_gap[c] || beyond(r, c)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes, pixel sizes (um) and numbers of masked pixels, silicon and CdTe, of pyFAI
    /// 2026.9.0, printed by `scripts/compare_pyfai_detectors.py --rust`.
    const PYFAI: &str = include_str!("pyfai.txt");

    #[test]
    fn shapes_pixels_and_gaps_of_pyfai() {
        let mut compared = Vec::new();
        for line in PYFAI.lines().filter(|line| !line.starts_with('#')) {
            let (name, numbers) = line.split_once(": ").unwrap();
            let numbers: Vec<f64> = numbers.split(' ').map(|x| x.parse().unwrap()).collect();
            let [rows, cols, pixel_um, masked] = numbers[..] else {
                panic!("{line}");
            };
            let d = Detector::named(name, "test").unwrap();
            assert_eq!(d.shape(), [rows as usize, cols as usize], "{name}");
            // Rayonix pixels are rounded to 1e-4 um there.
            assert!((d.pixel_mm() * 1e3 - pixel_um).abs() < 2e-3, "{name}");
            let found = match (d.family(), d.is_round()) {
                // Large, and without a gap.
                (Family::Rayonix, false) => d.gap_rows().len() + d.gap_cols().len(),
                _ => d.gap_mask().iter().filter(|&&m| m).count(),
            };
            assert_eq!(found, masked as usize, "{name}");
            compared.push((d.name(), d.is_cdte()));
        }
        for d in Detector::all() {
            assert!(compared.contains(&(d.name(), false)), "{}", d.name());
        }
        assert!(compared.iter().filter(|(_, cdte)| *cdte).count() >= 15);
    }

    #[test]
    fn shapes_tell_detectors_that_are_unique() {
        for d in Detector::all() {
            let told = match d.family() {
                Family::Lambda | Family::Rayonix => false,
                _ => !["Eiger2 250k", "Jungfrau 500k"].contains(&d.name()),
            };
            assert_eq!(
                Detector::by_shape(d.shape()) == Some(*d),
                told,
                "{}",
                d.name()
            );
        }
    }

    #[test]
    fn rayonix_cameras_are_binned() {
        let d = Detector::named("Rayonix MX340-HS 4x4", "test").unwrap();
        assert_eq!((d.shape(), d.binning()), ([1920, 1920], 4));
        assert!((d.pixel_mm() - 0.177_083).abs() < 1e-6);
        assert_eq!(
            Detector::lookup("rayonix_mx340hs").unwrap().shape(),
            [7680; 2]
        );
        assert_eq!(
            Detector::lookup("Rayonix MX225").unwrap().shape(),
            [6144; 2]
        );
        assert!(Detector::lookup("Rayonix MX340-HS 7x7").is_none());
        assert!(Detector::lookup("Pilatus 2M 2x2").is_none());
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
            ("eiger2_cdte_1mw", "Eiger2 1M-W"),
            ("lambda_7.5m", "Lambda 7.5M"),
            ("X-Spectrum LAMBDA 750K", "Lambda 750k"),
            ("jungfrau4m", "Jungfrau 4M"),
            ("RAYONIX SX165", "Rayonix SX165"),
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
