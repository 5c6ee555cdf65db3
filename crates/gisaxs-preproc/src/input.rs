//! The network's view of a frame: one grid for every detector, wavelength and distance.
//!
//! Pixels are collected into cells of (q_par, k_z), with q_par = sqrt(q_x^2 + q_y^2)
//! and k_z = k sin(alpha_f). On these two axes the four-term DWBA of upright, axially
//! symmetric particles separates exactly, and the Yoneda band of a material stays at
//! k_z = k sin(alpha_c) = sqrt(4 pi r_e rho_e), whatever the wavelength. Both axes are
//! uniform in asinh(x / x_0): nearly linear below x_0, logarithmic above, because the
//! correlation peak needs fine cells at small q and the form factor a wide window.
//!
//! Left and right halves fall on the same q_par: they carry the same information, fill
//! each other's gaps, and are simply summed.
//!
//! Training and inference call the same [`encode`]; there is no second copy.

use gisaxs_physics::elementary::{asinh, exp, exp_m1, ln, sin, sinh};
use thiserror::Error;

/// Version of the grid and of [`encode`]: weights remember the one they were trained with.
pub const INPUT_VERSION: u32 = 1;

/// Number of cells along q_par.
pub const N_Q: usize = 112;
/// Number of cells along k_z = k sin(alpha_f).
pub const N_K: usize = 80;
/// Cells of the grid.
pub const N_CELLS: usize = N_Q * N_K;
/// Planes of a [`NetworkInput`].
pub const N_PLANES: usize = 3;
/// Numbers beside the planes of a [`NetworkInput`].
pub const N_SCALARS: usize = 16;

/// An axis uniform in asinh(x / `scale`): cell `i` spans `edge(i) .. edge(i + 1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsinhAxis {
    /// Lower end, nm^-1.
    pub min: f64,
    /// Upper end, nm^-1.
    pub max: f64,
    /// Where the axis turns from linear to logarithmic, nm^-1.
    pub scale: f64,
    /// Number of cells.
    pub cells: usize,
}

/// The q_par axis, 0.02 to 3 nm^-1: spacings from 2 to 300 nm and radii from about 0.5 nm.
pub const Q_AXIS: AsinhAxis = AsinhAxis {
    min: 0.02,
    max: 3.0,
    scale: 0.05,
    cells: N_Q,
};

/// The k sin(alpha_f) axis, from the horizon to 3 nm^-1.
pub const K_AXIS: AsinhAxis = AsinhAxis {
    min: 0.0,
    max: 3.0,
    scale: 0.3,
    cells: N_K,
};

impl AsinhAxis {
    /// Position of `x` on the axis in cells: 0 at `min`, `cells` at `max`; outside that
    /// range for `x` outside the axis.
    #[must_use]
    pub fn position(&self, x: f64) -> f64 {
        let low = asinh(self.min / self.scale);
        let high = asinh(self.max / self.scale);
        (asinh(x / self.scale) - low) / (high - low) * self.cells as f64
    }

    /// Inverse of [`position`](Self::position).
    #[must_use]
    pub fn value(&self, position: f64) -> f64 {
        let low = asinh(self.min / self.scale);
        let high = asinh(self.max / self.scale);
        self.scale * sinh(low + (high - low) * position / self.cells as f64)
    }

    /// Lower edge of cell `i`, nm^-1.
    #[must_use]
    pub fn edge(&self, i: usize) -> f64 {
        self.value(i as f64)
    }

    /// Centre of cell `i` on the asinh scale, nm^-1.
    #[must_use]
    pub fn centre(&self, i: usize) -> f64 {
        self.value(i as f64 + 0.5)
    }

    /// All centres, nm^-1.
    #[must_use]
    pub fn centres(&self) -> Vec<f64> {
        (0..self.cells).map(|i| self.centre(i)).collect()
    }

    /// Cell that holds `x`, or `None` outside the axis.
    #[must_use]
    pub fn cell(&self, x: f64) -> Option<usize> {
        let p = self.position(x);
        (p >= 0.0 && p < self.cells as f64).then_some(p as usize)
    }
}

/// Pixels closer than this to the plane of incidence are left out, nm^-1 in |q_y|: the
/// specular rod and its spill say nothing about the particles' lateral structure.
pub const ROD_GUARD_Q_Y: f64 = 0.015;

/// Counts collected per cell, shape (`N_K`, `N_Q`), row-major, k_z upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSums {
    /// Counts of all valid pixels of a cell.
    pub sum: Vec<f32>,
    /// Number of valid pixels of a cell.
    pub pixels: Vec<f32>,
}

impl CellSums {
    /// No pixel anywhere.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            sum: vec![0.0; N_CELLS],
            pixels: vec![0.0; N_CELLS],
        }
    }

    /// Index of cell (`k`, `q`).
    #[must_use]
    pub const fn index(k: usize, q: usize) -> usize {
        k * N_Q + q
    }
}

/// What is known of optical constants, as critical wavenumbers: they do not depend on the
/// wavelength (away from edges), like the axes of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownMaterial {
    /// k sqrt(2 delta), nm^-1.
    pub critical_wavenumber: f64,
    /// beta / delta.
    pub absorption_ratio: f64,
}

impl KnownMaterial {
    /// From n = 1 - `delta` + i `beta` at the wavelength of the beam.
    #[must_use]
    pub fn new(delta: f64, beta: f64, wavelength_nm: f64) -> Self {
        let k = std::f64::consts::TAU / wavelength_nm;
        Self {
            critical_wavenumber: k * (2.0 * delta.max(0.0)).sqrt(),
            absorption_ratio: if delta > 0.0 { beta / delta } else { 0.0 },
        }
    }
}

/// The numbers that the grid does not carry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Vacuum wavelength, nm.
    pub wavelength_nm: f64,
    /// Incidence angle, rad.
    pub alpha_i_rad: f64,
    /// Particle material, if known.
    pub particle: Option<KnownMaterial>,
    /// Substrate material, if known.
    pub substrate: Option<KnownMaterial>,
    /// Film between substrate and particles, if there is one: material, thickness in nm.
    pub film: Option<(KnownMaterial, f64)>,
}

/// What the network sees.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkInput {
    /// (`N_PLANES`, `N_K`, `N_Q`), row-major: log of the mean counts relative to the
    /// frame's level, log of the summed counts (how well the mean is known), validity.
    /// Zero where a cell holds no valid pixel.
    pub planes: Vec<f32>,
    /// The conditions, the measured window and the count level, scaled to order one.
    pub scalars: [f32; N_SCALARS],
    /// 99.5 % quantile of the mean counts per pixel over valid cells.
    pub level: f32,
}

impl NetworkInput {
    /// Whether a cell holds a valid pixel, shape (`N_K`, `N_Q`).
    #[must_use]
    pub fn valid(&self) -> Vec<bool> {
        self.planes[2 * N_CELLS..]
            .iter()
            .map(|&x| x > 0.0)
            .collect()
    }

    /// Mean counts per pixel of each cell, the inverse of plane 0, shape (`N_K`, `N_Q`); NaN
    /// where no valid pixel is. For display, and to see what the network sees.
    #[must_use]
    pub fn means(&self) -> Vec<f32> {
        let level = f64::from(self.level) + f64::from(LOG_OFFSET);
        self.where_valid(0, |x| (exp(x) * level - f64::from(LOG_OFFSET)).max(0.0))
    }

    /// Counts of all valid pixels of each cell, the inverse of plane 1, shape (`N_K`, `N_Q`);
    /// NaN where no valid pixel is.
    #[must_use]
    pub fn sums(&self) -> Vec<f32> {
        self.where_valid(1, |x| exp_m1(x / f64::from(SUM_SCALE)))
    }

    fn where_valid(&self, plane: usize, inverse: impl Fn(f64) -> f64) -> Vec<f32> {
        let values = &self.planes[plane * N_CELLS..(plane + 1) * N_CELLS];
        values
            .iter()
            .zip(self.valid())
            .map(|(&x, valid)| {
                if valid {
                    inverse(f64::from(x)) as f32
                } else {
                    f32::NAN
                }
            })
            .collect()
    }
}

/// Why a frame has no network input.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum InputError {
    /// Too few cells of the grid hold a valid pixel.
    #[error(
        "{valid} of {N_CELLS} cells of the (q_par, k sin alpha_f) grid hold a valid pixel, \
         expected at least {MIN_VALID_CELLS}: check mask, beam centre and distance"
    )]
    TooFewCells {
        /// Cells with at least one valid pixel.
        valid: usize,
    },
    /// The frame holds no counts above the horizon.
    #[error("no counts on any valid pixel above the horizon")]
    NoCounts,
    /// A sum is NaN or infinite.
    #[error("sum of cell (k {k}, q {q}) is {value}, expected a finite number")]
    NotFinite {
        /// Row of the grid.
        k: usize,
        /// Column of the grid.
        q: usize,
        /// The sum found.
        value: f32,
    },
}

/// Fewest valid cells that make an input: 2 % of the grid.
pub const MIN_VALID_CELLS: usize = N_CELLS / 50;

/// Added to mean and level before the logarithm, counts per pixel: below this, counting
/// noise rules and differences mean nothing.
///
/// The logarithm makes a factor (exposure, flux) an offset, which a root that stabilises the
/// variance would not. The variance of N Poisson counts in n pixels becomes N / (N + 0.1 n)^2: at
/// most 2.5 / n, and 1 / N where there are many. Plane 1 tells the network N, and so the noise.
const LOG_OFFSET: f32 = 0.1;

/// Brings the logarithm of summed counts to order one.
const SUM_SCALE: f32 = 0.2;

/// Turns cell sums into network input.
///
/// The mean of a cell is its sum over its number of valid pixels, never over its area, so
/// gaps and masks change the noise and not the value.
///
/// # Errors
/// [`InputError`] if a sum is not finite, the frame is empty, or nearly no cell is valid.
pub fn encode(cells: &CellSums, conditions: &Conditions) -> Result<NetworkInput, InputError> {
    assert_eq!(cells.sum.len(), N_CELLS, "sums of another grid");
    assert_eq!(cells.pixels.len(), N_CELLS, "pixel counts of another grid");
    let mut planes = vec![0.0_f32; N_PLANES * N_CELLS];
    let mut means = Vec::with_capacity(N_CELLS);
    let (mut q_window, mut k_window) = ([N_Q, 0], [N_K, 0]);
    for k in 0..N_K {
        for q in 0..N_Q {
            let i = CellSums::index(k, q);
            let sum = cells.sum[i];
            if !sum.is_finite() {
                return Err(InputError::NotFinite { k, q, value: sum });
            }
            if cells.pixels[i] > 0.0 {
                means.push(sum.max(0.0) / cells.pixels[i]);
                q_window = [q_window[0].min(q), q_window[1].max(q + 1)];
                k_window = [k_window[0].min(k), k_window[1].max(k + 1)];
            }
        }
    }
    if means.len() < MIN_VALID_CELLS {
        return Err(InputError::TooFewCells { valid: means.len() });
    }
    let rank = ((means.len() - 1) as f64 * 0.995) as usize;
    let level = *means.select_nth_unstable_by(rank, f32::total_cmp).1;
    let brightest = means[rank..].iter().copied().fold(level, f32::max);
    if brightest <= 0.0 {
        return Err(InputError::NoCounts);
    }

    let log_level = ln(level + LOG_OFFSET);
    for i in 0..N_CELLS {
        let pixels = cells.pixels[i];
        if pixels > 0.0 {
            let sum = cells.sum[i].max(0.0);
            planes[i] = ln(sum / pixels + LOG_OFFSET) - log_level;
            planes[N_CELLS + i] = ln(1.0 + sum) * SUM_SCALE;
            planes[2 * N_CELLS + i] = 1.0;
        }
    }
    Ok(NetworkInput {
        planes,
        scalars: scalars(conditions, log_level, q_window, k_window),
        level,
    })
}

/// Scales every number to order one; an unknown material is a zero with its flag off.
fn scalars(
    conditions: &Conditions,
    log_level: f32,
    q_window: [usize; 2],
    k_window: [usize; 2],
) -> [f32; N_SCALARS] {
    let k = std::f64::consts::TAU / conditions.wavelength_nm;
    let known = |m: Option<KnownMaterial>| match m {
        Some(m) => [
            1.0,
            m.critical_wavenumber / 0.4,
            ln(1e-3 + m.absorption_ratio) / 4.0 + 1.0,
        ],
        None => [0.0; 3],
    };
    let particle = known(conditions.particle);
    let substrate = known(conditions.substrate);
    let film = known(conditions.film.map(|f| f.0));
    let thickness = conditions.film.map_or(0.0, |f| f.1);
    [
        (conditions.wavelength_nm - 0.12) / 0.04,
        (conditions.alpha_i_rad.to_degrees() - 0.45) / 0.3,
        k * sin(conditions.alpha_i_rad) / 0.5 - 1.0,
        particle[0],
        particle[1],
        particle[2],
        substrate[0],
        substrate[1],
        film[0],
        film[1],
        thickness / 50.0,
        q_window[0] as f64 / N_Q as f64,
        q_window[1] as f64 / N_Q as f64,
        k_window[0] as f64 / N_K as f64,
        k_window[1] as f64 / N_K as f64,
        f64::from(log_level) / 5.0 - 1.0,
    ]
    .map(|x| x as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONDITIONS: Conditions = Conditions {
        wavelength_nm: 0.105,
        alpha_i_rad: 0.0068,
        particle: None,
        substrate: None,
        film: None,
    };

    #[test]
    fn axis_positions_invert() {
        for axis in [Q_AXIS, K_AXIS] {
            for i in 0..axis.cells {
                assert_eq!(axis.cell(axis.centre(i)), Some(i));
                assert!((axis.position(axis.edge(i)) - i as f64).abs() < 1e-9);
            }
            assert_eq!(axis.cell(axis.max * 1.01), None);
            assert_eq!(axis.cell(-1.0), None);
        }
    }

    #[test]
    fn more_valid_pixels_change_the_noise_not_the_value() {
        let cells = |n: f32| CellSums {
            sum: (0..N_CELLS).map(|i| n * (1 + i % 7) as f32).collect(),
            pixels: vec![n; N_CELLS],
        };
        let one = encode(&cells(1.0), &CONDITIONS).unwrap();
        let many = encode(&cells(9.0), &CONDITIONS).unwrap();
        assert_eq!(one.planes[..N_CELLS], many.planes[..N_CELLS]);
        assert!(one.planes[N_CELLS] < many.planes[N_CELLS]);
        assert_eq!(one.scalars, many.scalars);
    }

    #[test]
    fn empty_and_broken_frames_are_errors() {
        let mut cells = CellSums::empty();
        assert_eq!(
            encode(&cells, &CONDITIONS),
            Err(InputError::TooFewCells { valid: 0 })
        );
        cells.pixels.fill(1.0);
        assert_eq!(encode(&cells, &CONDITIONS), Err(InputError::NoCounts));
        cells.sum[N_Q + 3] = f32::NAN;
        assert!(matches!(
            encode(&cells, &CONDITIONS),
            Err(InputError::NotFinite { k: 1, q: 3, .. })
        ));
    }

    #[test]
    fn means_and_sums_are_found_again() {
        let mut cells = CellSums {
            sum: (0..N_CELLS).map(|i| ((i * i) % 70_001) as f32).collect(),
            pixels: (0..N_CELLS).map(|i| (1 + i % 40) as f32).collect(),
        };
        cells.pixels[40] = 0.0;
        let input = encode(&cells, &CONDITIONS).unwrap();
        let (means, sums, valid) = (input.means(), input.sums(), input.valid());
        for i in 0..N_CELLS {
            if i == 40 {
                assert!(!valid[i] && means[i].is_nan() && sums[i].is_nan());
                continue;
            }
            // Rounding of a logarithm of order 10 in f32, and of the offset.
            let mean = cells.sum[i] / cells.pixels[i];
            assert!((means[i] - mean).abs() < 1e-5 * mean + 1e-5);
            assert!((sums[i] - cells.sum[i]).abs() < 2e-5 * cells.sum[i] + 1e-5);
        }
    }

    #[test]
    fn masked_cells_are_zero_in_every_plane() {
        let mut cells = CellSums {
            sum: vec![5.0; N_CELLS],
            pixels: vec![1.0; N_CELLS],
        };
        cells.sum[17] = 0.0;
        cells.pixels[17] = 0.0;
        let input = encode(&cells, &CONDITIONS).unwrap();
        for plane in 0..N_PLANES {
            assert_eq!(input.planes[plane * N_CELLS + 17], 0.0);
        }
    }
}
