//! The known detectors: modules, gaps, pixels.
//!
//! Numbers from pyFAI 2026.9 (`_dectris.py`, `_psi.py`, `_xspectrum.py`, `_rayonix.py`), which
//! has them from the makers; `scripts/compare_pyfai_detectors.py` compares every row and
//! every gap pixel with it. Pilatus 1M and 2M and Lambda 750k were checked against measured
//! frames.

use super::{Detector, Family};

/// One module type repeated.
#[derive(Clone, Copy)]
struct Layout {
    family: Family,
    /// Pixels of a module, (rows, columns).
    module: [usize; 2],
    /// Pixels between modules, (rows, columns).
    gap: [usize; 2],
    /// Edge of a pixel, pm.
    pixel_pm: u32,
    /// Dead columns inside a module whose CdTe sensor is made of two pieces: first, end.
    seam: [usize; 2],
}

/// 2 x 8 chips of 97 x 60 pixels, with one virtual row and seven virtual columns between.
const PILATUS: Layout = Layout {
    family: Family::Pilatus,
    module: [195, 487],
    gap: [17, 7],
    pixel_pm: 172_000_000,
    seam: [242, 245],
};
const PILATUS4: Layout = Layout {
    family: Family::Pilatus4,
    module: [255, 513],
    gap: [20, 7],
    pixel_pm: 150_000_000,
    seam: [256, 257],
};
/// 2 x 4 chips of 256 x 256; the two pixels lost between chips are interpolated.
const EIGER: Layout = Layout {
    family: Family::Eiger,
    module: [514, 1030],
    gap: [37, 10],
    pixel_pm: 75_000_000,
    seam: [0, 0],
};
const EIGER2: Layout = Layout {
    family: Family::Eiger2,
    module: [512, 1028],
    gap: [38, 12],
    pixel_pm: 75_000_000,
    seam: [513, 515],
};
/// Half a module.
const EIGER2_250K: Layout = Layout {
    module: [512, 512],
    seam: [0, 0],
    ..EIGER2
};
/// As assembled with two interpolated pixels between chips.
const JUNGFRAU: Layout = Layout {
    family: Family::Jungfrau,
    module: [514, 1030],
    gap: [36, 8],
    pixel_pm: 75_000_000,
    seam: [0, 0],
};
/// A module as its chips are read, without the pixels between them.
const JUNGFRAU_500K: Layout = Layout {
    module: [512, 1024],
    ..JUNGFRAU
};
/// Chips of 256 x 256 with four virtual pixels between them, into which the three times
/// larger pixels of the chip edges are spread.
const LAMBDA: Layout = Layout {
    family: Family::Lambda,
    module: [256, 256],
    gap: [4, 4],
    pixel_pm: 55_000_000,
    seam: [0, 0],
};

const fn of(layout: Layout, name: &'static str, rows: usize, cols: usize) -> Detector {
    Detector {
        name,
        family: layout.family,
        modules: [rows, cols],
        module: layout.module,
        gap: layout.gap,
        pixel_pm: layout.pixel_pm,
        seam: layout.seam,
        round: false,
        cdte: false,
        binning: 1,
    }
}

/// Fibre-coupled CCDs: no gaps, pixels binned by the camera.
const fn rayonix(name: &'static str, rows: usize, cols: usize, pixel_pm: u32) -> Detector {
    Detector {
        name,
        family: Family::Rayonix,
        modules: [1, 1],
        module: [rows, cols],
        gap: [0, 0],
        pixel_pm,
        seam: [0, 0],
        round: false,
        cdte: false,
        binning: 1,
    }
}

/// Every known detector, silicon sensors, unbinned.
pub(super) const TABLE: [Detector; 50] = [
    of(PILATUS, "Pilatus 100k", 1, 1),
    of(PILATUS, "Pilatus 200k", 2, 1),
    of(PILATUS, "Pilatus 300k", 3, 1),
    of(PILATUS, "Pilatus 300k-W", 1, 3),
    of(PILATUS, "Pilatus 900k", 3, 3),
    of(PILATUS, "Pilatus 900k-W", 1, 9),
    of(PILATUS, "Pilatus 1M", 5, 2),
    of(PILATUS, "Pilatus 2M", 8, 3),
    of(PILATUS, "Pilatus 6M", 12, 5),
    of(PILATUS4, "Pilatus4 260k", 2, 1),
    of(PILATUS4, "Pilatus4 260k-W", 1, 2),
    of(PILATUS4, "Pilatus4 1M", 4, 2),
    of(PILATUS4, "Pilatus4 2M", 6, 3),
    of(PILATUS4, "Pilatus4 4M", 8, 4),
    of(EIGER, "Eiger 500k", 1, 1),
    of(EIGER, "Eiger 1M", 2, 1),
    of(EIGER, "Eiger 4M", 4, 2),
    of(EIGER, "Eiger 9M", 6, 3),
    of(EIGER, "Eiger 16M", 8, 4),
    of(EIGER2_250K, "Eiger2 250k", 1, 1),
    of(EIGER2, "Eiger2 500k", 1, 1),
    of(EIGER2, "Eiger2 1M", 2, 1),
    of(EIGER2, "Eiger2 1M-W", 1, 2),
    of(EIGER2, "Eiger2 2M-W", 1, 4),
    of(EIGER2, "Eiger2 4M", 4, 2),
    of(EIGER2, "Eiger2 9M", 6, 3),
    of(EIGER2, "Eiger2 16M", 8, 4),
    of(JUNGFRAU_500K, "Jungfrau 500k", 1, 1),
    of(JUNGFRAU, "Jungfrau 1M", 2, 1),
    of(JUNGFRAU, "Jungfrau 4M", 4, 2),
    of(LAMBDA, "Lambda 60k", 1, 1),
    of(LAMBDA, "Lambda 250k", 2, 2),
    of(LAMBDA, "Lambda 750k", 2, 6),
    of(LAMBDA, "Lambda 2M", 6, 6),
    of(LAMBDA, "Lambda 7.5M", 10, 10),
    of(LAMBDA, "Lambda 10M", 10, 18),
    Detector {
        round: true,
        ..rayonix("Rayonix 133", 4096, 4096, 32_000_000)
    },
    Detector {
        round: true,
        ..rayonix("Rayonix SX165", 4096, 4096, 39_500_000)
    },
    rayonix("Rayonix SX200", 4096, 4096, 48_000_000),
    rayonix("Rayonix SX30-HS", 1920, 1920, 15_625_000),
    rayonix("Rayonix SX85-HS", 1920, 1920, 44_270_800),
    rayonix("Rayonix LX170-HS", 1920, 3840, 44_270_800),
    rayonix("Rayonix LX255-HS", 1920, 5760, 44_270_800),
    rayonix("Rayonix MX170-HS", 3840, 3840, 44_270_800),
    rayonix("Rayonix MX225", 6144, 6144, 36_621_000),
    rayonix("Rayonix MX225-HS", 5760, 5760, 39_062_500),
    rayonix("Rayonix MX300", 8192, 8192, 36_621_000),
    rayonix("Rayonix MX300-HS", 7680, 7680, 39_062_500),
    rayonix("Rayonix MX325", 8192, 8192, 39_673_000),
    rayonix("Rayonix MX340-HS", 7680, 7680, 44_270_800),
];
