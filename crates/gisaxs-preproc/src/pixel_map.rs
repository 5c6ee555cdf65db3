//! From pixels to the cells of the network's grid.
//!
//! With (x, y, L) the pixel relative to the sample in the laboratory (x along columns, y up,
//! L along the beam), r its length, k = 2 pi / lambda and the sample pitched by alpha_i:
//!
//! k_z = k (y cos alpha_i - L sin alpha_i) / r,
//! q_x = k (L cos alpha_i + y sin alpha_i) / r - k cos alpha_i,
//! q_y = k x / r,
//! q_par = sqrt(q_x^2 + q_y^2).
//!
//! All is algebraic in the pixel, so no angle is ever computed, and the cell on the asinh
//! axes comes from a table fine enough that one comparison settles it.
//!
//! Neighbouring pixels of a row mostly share a cell: the map is kept as runs, and binning
//! adds a run at a time instead of scattering pixels.

use gisaxs_physics::elementary::sin_cos;
use gisaxs_physics::{Beam, FlatDetector};

use crate::error::Result;
use crate::frame::Frame;
use crate::geometry::{Geometry, Quantity};
use crate::input::{AsinhAxis, CellSums, K_AXIS, N_CELLS, N_K, N_Q, Q_AXIS, ROD_GUARD_Q_Y};
use crate::instrument::Instrument;
use crate::mask::{self, Mask, Reason};

/// Entry of [`PixelMap::cells`] for a pixel outside the grid.
pub const NO_CELL: u16 = u16::MAX;

/// Adjacent pixels of one row in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Index of the first pixel.
    start: u32,
    length: u16,
    cell: u16,
}

/// Which cell of the network's grid each pixel of an instrument belongs to, and which
/// pixels can never be valid. Depends on the instrument only: one map serves a series.
///
/// Pixels outside the grid have no cell: at or below the horizon, beyond the ends of either
/// axis, and within the rod guard |q_y| < [`ROD_GUARD_Q_Y`]. Left and right fall on the same
/// cells.
#[derive(Clone, Debug)]
pub struct PixelMap {
    instrument: Instrument,
    shape: [usize; 2],
    runs: Vec<Run>,
    /// Gap, user, beamstop and outside bits.
    fixed_bits: Vec<u8>,
    /// Whether the pixels of every [`HORIZON_STEP`]th row lie above the horizon.
    above_horizon: Vec<bool>,
}

/// Rows from one to the next of which the horizon is kept: enough for a mean.
const HORIZON_STEP: usize = 8;

impl PixelMap {
    /// Maps every pixel of the instrument's detector.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`](crate::Error::DetectorUndetermined) if shape or pixel
    /// size are left to the frame: see [`Instrument::for_frame`].
    pub fn new(instrument: &Instrument) -> Result<Self> {
        let geometry = instrument.geometry()?;
        let mut fixed_bits = mask::fixed_bits(instrument)?;
        let [rows, cols] = geometry.shape();
        let q_table = CellTable::new(Q_AXIS);
        let k_table = CellTable::new(K_AXIS);
        let mut rows_of_q = RowsOfQ::new(instrument, geometry)?;
        let mut k_z = vec![0.0; cols];
        let mut q_par = vec![0.0; cols];

        let mut runs = Vec::with_capacity(rows * 64);
        let mut above_horizon = Vec::with_capacity(rows.div_ceil(HORIZON_STEP) * cols);
        for (row, bits) in fixed_bits.chunks_exact_mut(cols).enumerate() {
            let sees_sky = rows_of_q.fill(row, &mut k_z, &mut q_par);
            if row % HORIZON_STEP == 0 {
                above_horizon.extend(k_z.iter().map(|&k_z| sees_sky && k_z > 0.0));
            }
            if !sees_sky {
                bits.iter_mut().for_each(|b| *b |= Reason::Outside.bit());
                continue;
            }
            let mut run = Run {
                start: 0,
                length: 0,
                cell: NO_CELL,
            };
            for (col, bit) in bits.iter_mut().enumerate() {
                let cell = match (k_table.cell(k_z[col]), q_table.cell(q_par[col])) {
                    (Some(ik), Some(iq)) => CellSums::index(ik, iq) as u16,
                    _ => {
                        *bit |= Reason::Outside.bit();
                        NO_CELL
                    }
                };
                if cell == run.cell && run.length < u16::MAX {
                    run.length += 1;
                } else {
                    if run.cell != NO_CELL {
                        runs.push(run);
                    }
                    run = Run {
                        start: (row * cols + col) as u32,
                        length: 1,
                        cell,
                    };
                }
            }
            if run.cell != NO_CELL {
                runs.push(run);
            }
        }
        Ok(Self {
            instrument: instrument.clone(),
            shape: [rows, cols],
            runs,
            fixed_bits,
            above_horizon,
        })
    }

    /// The instrument of this map.
    #[must_use]
    pub fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Cell index of every pixel, row-major, as [`CellSums::index`]; [`NO_CELL`] outside.
    #[must_use]
    pub fn cells(&self) -> Vec<u16> {
        let mut cells = vec![NO_CELL; self.shape[0] * self.shape[1]];
        for run in &self.runs {
            cells[run.start as usize..][..usize::from(run.length)].fill(run.cell);
        }
        cells
    }

    /// [`Reason`] bits that every frame of this instrument has: gaps, user mask, beamstops,
    /// and outside.
    #[must_use]
    pub fn fixed_bits(&self) -> &[u8] {
        &self.fixed_bits
    }

    /// Mean counts per valid pixel below and above the horizon, 0 where there is none; the grid's
    /// own limits do not count. Every eighth row is looked at.
    pub(crate) fn sides_of_horizon(&self, frame: &Frame, mask: &Mask) -> [f64; 2] {
        let cols = self.shape[1];
        let mut sides = [(0.0_f64, 0_usize); 2];
        let rows = (0..self.shape[0]).step_by(HORIZON_STEP);
        for (row, above) in rows.zip(self.above_horizon.chunks_exact(cols)) {
            let range = row * cols..(row + 1) * cols;
            let bits = &mask.bits()[range.clone()];
            for ((&c, &b), &above) in frame.as_slice()[range].iter().zip(bits).zip(above) {
                if b & !Reason::Outside.bit() == 0 {
                    let side = &mut sides[usize::from(above)];
                    side.0 += f64::from(c);
                    side.1 += 1;
                }
            }
        }
        sides.map(|(sum, n)| if n > 0 { sum / n as f64 } else { 0.0 })
    }

    /// Number of pixels per cell that no fixed reason excludes, shape (`N_K`, `N_Q`).
    #[must_use]
    pub fn cell_pixels(&self) -> Vec<f32> {
        let mut pixels = vec![0.0; N_CELLS];
        for run in &self.runs {
            let bits = &self.fixed_bits[run.start as usize..][..usize::from(run.length)];
            pixels[usize::from(run.cell)] += bits.iter().filter(|&&b| b == 0).count() as f32;
        }
        pixels
    }

    /// The mask of a frame of this instrument, with [`Reason::Outside`].
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the frame does not fit;
    /// [`Error::AllMasked`](crate::Error::AllMasked).
    pub fn mask(&self, frame: &Frame) -> Result<Mask> {
        if frame.shape() != self.shape {
            // Builds the error that names both.
            self.instrument.for_frame(frame)?;
        }
        Mask::over(frame, self.fixed_bits.clone())
    }

    /// Collects the valid pixels of a frame into cells.
    ///
    /// # Panics
    /// If frame or mask are not of this map's shape.
    #[must_use]
    pub fn bin(&self, frame: &Frame, mask: &Mask) -> CellSums {
        self.bin_counts(frame.as_slice(), mask)
    }

    /// As [`bin`](Self::bin), for counts in row-major order.
    ///
    /// # Panics
    /// If counts or mask are not of this map's shape.
    #[must_use]
    pub fn bin_counts(&self, counts: &[f32], mask: &Mask) -> CellSums {
        assert_eq!(mask.shape(), self.shape, "mask of another shape");
        assert_eq!(
            counts.len(),
            self.shape[0] * self.shape[1],
            "counts of another shape"
        );
        // Sum and number side by side: one cache line per cell.
        let mut cells = vec![(0.0_f64, 0_u32); N_CELLS];
        for run in &self.runs {
            let range = run.start as usize..run.start as usize + usize::from(run.length);
            let (sum, pixels) = sum_valid(&counts[range.clone()], &mask.bits()[range]);
            let cell = &mut cells[usize::from(run.cell)];
            cell.0 += f64::from(sum);
            cell.1 += pixels;
        }
        CellSums {
            sum: cells.iter().map(|c| c.0 as f32).collect(),
            pixels: cells.iter().map(|c| c.1 as f32).collect(),
        }
    }
}

/// k_z and q_par of the pixels of a row, nm^-1; -1, which no axis holds, for a pixel below the
/// horizon (k_z) or on the rod (q_par).
enum RowsOfQ {
    /// Along a row of a detector that stands square to the beam only x changes.
    Flat {
        detector: FlatDetector,
        beam: Beam,
        x_mm: Vec<f64>,
    },
    /// Any other.
    Tilted {
        geometry: Box<Geometry>,
        q: [Vec<f64>; 3],
    },
}

impl RowsOfQ {
    fn new(instrument: &Instrument, geometry: Geometry) -> Result<Self> {
        let cols = geometry.shape()[1];
        if !instrument.is_flat() {
            return Ok(Self::Tilted {
                geometry: Box::new(geometry),
                q: std::array::from_fn(|_| vec![0.0; cols]),
            });
        }
        let detector = instrument.detector()?;
        Ok(Self::Flat {
            detector,
            beam: instrument.beam(),
            x_mm: (0..cols)
                .map(|col| detector.position_mm(col as f64, 0.0)[0])
                .collect(),
        })
    }

    /// Fills one row; false if it is known to lie below the horizon, with nothing filled.
    fn fill(&mut self, row: usize, k_z: &mut [f64], q_par: &mut [f64]) -> bool {
        // No axis holds -1: the rod belongs to no cell.
        let beside_rod = |q: f64, q_y: f64| if q_y.abs() < ROD_GUARD_Q_Y { -1.0 } else { q };
        match self {
            Self::Flat {
                detector,
                beam,
                x_mm,
            } => {
                let k = beam.k();
                let (sin_i, cos_i) = sin_cos(beam.alpha_i_rad());
                let [_, y, z] = detector.position_mm(0.0, row as f64);
                let normal = k * (y * cos_i - z * sin_i);
                let forward = k * (z * cos_i + y * sin_i);
                if normal <= 0.0 {
                    return false;
                }
                // Roots and quotients of the whole row first: without branches the compiler
                // takes several at a time.
                for ((&x, k_z), q_par) in x_mm.iter().zip(k_z).zip(q_par) {
                    let inverse_r = 1.0 / (x * x + y * y + z * z).sqrt();
                    let q_x = forward * inverse_r - k * cos_i;
                    let q_y = k * x * inverse_r;
                    *k_z = normal * inverse_r;
                    *q_par = beside_rod((q_x * q_x + q_y * q_y).sqrt(), q_y);
                }
            }
            Self::Tilted { geometry, q } => {
                geometry.row(Quantity::KZ, row, k_z);
                let [q_x, q_y, q_z] = q;
                geometry.q_components_row(row, [&mut *q_x, &mut *q_y, q_z]);
                for ((q_par, k_z), (q_x, q_y)) in q_par.iter_mut().zip(k_z).zip(q_x.iter().zip(q_y))
                {
                    *q_par = beside_rod((q_x * q_x + *q_y * *q_y).sqrt(), *q_y);
                    *k_z = if *k_z > 0.0 { *k_z } else { -1.0 };
                }
            }
        }
        true
    }
}

/// Sum and number of the counts whose bits are zero.
#[inline]
fn sum_valid(counts: &[f32], bits: &[u8]) -> (f32, u32) {
    let (mut sum, mut pixels) = (0.0_f32, 0_u32);
    for (&c, &b) in counts.iter().zip(bits) {
        // A product, not a branch: masked pixels are finite, so 0 times them is 0.
        let valid = u32::from(b == 0);
        sum += c * valid as f32;
        pixels += valid;
    }
    (sum, pixels)
}

/// Cell of a value on an [`AsinhAxis`] without asinh: a table uniform in the value holds the
/// cell at the lower end of each of its steps, and steps are narrower than any cell, so at
/// most one edge lies inside.
struct CellTable {
    min: f64,
    max: f64,
    per_step: f64,
    first: Vec<u16>,
    /// Upper edge of every cell.
    upper: Vec<f64>,
}

impl CellTable {
    fn new(axis: AsinhAxis) -> Self {
        // Cells widen with the value, so the first is the narrowest.
        let narrowest = axis.edge(1) - axis.edge(0);
        let steps = ((axis.max - axis.min) / narrowest * 1.5).ceil();
        let per_step = steps / (axis.max - axis.min);
        let upper: Vec<f64> = (1..=axis.cells).map(|i| axis.edge(i)).collect();
        let mut cell = 0;
        let first = (0..=steps as usize)
            .map(|i| {
                let x = axis.min + i as f64 / per_step;
                while cell + 1 < axis.cells && x >= upper[cell] {
                    cell += 1;
                }
                cell as u16
            })
            .collect();
        Self {
            min: axis.min,
            max: axis.max,
            per_step,
            first,
            upper,
        }
    }

    #[inline]
    fn cell(&self, x: f64) -> Option<usize> {
        if !(x >= self.min && x < self.max) {
            return None;
        }
        let step = ((x - self.min) * self.per_step) as usize;
        let cell = usize::from(self.first[step.min(self.first.len() - 1)]);
        let next = usize::from(x >= self.upper[cell]);
        Some((cell + next).min(self.upper.len() - 1))
    }
}

const _: () = assert!(N_K * N_Q < NO_CELL as usize, "cell indices fit u16");

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn p03() -> Instrument {
        Instrument::from_toml(
            "[beam]\nwavelength_nm = 0.105\nincidence_deg = 0.39\n[detector]\n\
             name = 'Pilatus 2M'\ndistance_mm = 2565\ndirect_beam_px = [791.5, 1310]\n\
             beamstops = [{ center_px = [795, 1305], radius_px = 25 }]",
            "p03.toml",
        )
        .unwrap()
    }

    #[test]
    fn tables_agree_with_the_axes() {
        for axis in [Q_AXIS, K_AXIS] {
            let table = CellTable::new(axis);
            for i in -1000..40_000 {
                let x = f64::from(i) * 1e-4 + 3e-6;
                assert_eq!(table.cell(x), axis.cell(x), "{x}");
            }
            assert_eq!(table.cell(f64::NAN), None);
            assert_eq!(table.cell(axis.min), Some(0));
        }
    }

    #[test]
    fn cells_agree_with_exact_directions() {
        let instrument = p03();
        let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
        let map = PixelMap::new(&instrument).unwrap();
        let cells = map.cells();
        let mut compared = 0;
        for row in (0..detector.rows).step_by(13) {
            for col in (0..detector.cols).step_by(11) {
                let d = detector.direction(&beam, col as f64, row as f64);
                let (q, k) = (d.q_par(&beam), d.kz(&beam));
                let expected = match (Q_AXIS.cell(q), K_AXIS.cell(k)) {
                    (Some(iq), Some(ik))
                        if d.alpha_f_rad > 0.0 && d.q(&beam)[1].abs() >= ROD_GUARD_Q_Y =>
                    {
                        CellSums::index(ik, iq) as u16
                    }
                    _ => NO_CELL,
                };
                assert_eq!(cells[row * detector.cols + col], expected, "{row} {col}");
                compared += usize::from(expected != NO_CELL);
            }
        }
        assert!(compared > 5000);
    }

    #[test]
    fn binning_conserves_counts_and_pixels() {
        let instrument = p03();
        let map = PixelMap::new(&instrument).unwrap();
        let counts = Array2::from_shape_fn((1679, 1475), |(r, c)| ((r * 31 + c * 17) % 7) as f32);
        let frame = Frame::new(counts).unwrap();
        let mask = map.mask(&frame).unwrap();
        let cells = map.bin(&frame, &mask);
        let valid = mask.bits().iter().zip(frame.as_slice());
        let expected: f64 = valid
            .filter(|(b, _)| **b == 0)
            .map(|(_, &c)| f64::from(c))
            .sum();
        let total: f64 = cells.sum.iter().map(|&s| f64::from(s)).sum();
        assert_eq!(total, expected);
        let pixels: f64 = cells.pixels.iter().map(|&n| f64::from(n)).sum();
        assert_eq!(pixels as usize, mask.valid_pixels());
        // No frame-dependent reason here, so the fixed pixels are all there are.
        assert_eq!(cells.pixels, map.cell_pixels());
    }

    #[test]
    fn a_map_of_another_shape_is_refused() {
        let map = PixelMap::new(&p03()).unwrap();
        let frame = Frame::new(Array2::zeros((619, 487)))
            .unwrap()
            .with_name("f.cbf");
        let error = map.mask(&frame).unwrap_err().to_string();
        assert_eq!(
            error,
            "f.cbf: frame of 619 x 487 pixels (rows x columns), the shape of a Pilatus 300k, \
             but the Pilatus 2M has 1679 x 1475"
        );
    }
}
