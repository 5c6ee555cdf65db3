//! Where the pixels of a detector lie among the cells of a grid, at small angles.

use gisaxs_physics::{Beam, FlatDetector};

use super::ModuleLayout;
use crate::pattern::CellGrid;

/// Lines of pixels that a cell covers, from the first to one past the last; fractions are shares
/// of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Span {
    fn clipped(a: f64, b: f64, lines: usize) -> Self {
        let clip = |x: f64| x.clamp(0.0, lines as f64);
        Self {
            low: clip(a.min(b)),
            high: clip(a.max(b)),
        }
    }

    pub(super) fn width(self) -> f64 {
        self.high - self.low
    }

    /// Width of what the span shares with line `i`.
    fn overlap(self, i: usize) -> f64 {
        (self.high.min(i as f64 + 1.0) - self.low.max(i as f64)).max(0.0)
    }
}

/// Columns and rows of the detector behind each column and row of the grid. A column of cells
/// has pixels left and right of the beam.
///
/// Angles are taken as small: q_par = k |x| / L, k_z = k y / L - k_i. At 3 nm^-1 and 0.1 nm this
/// is wrong by 0.1 % or a fraction of a pixel, which nothing here can see.
#[derive(Clone, Debug)]
pub struct CellRaster<'a> {
    pub(super) layout: &'a ModuleLayout,
    pub(super) shape: [usize; 2],
    pub(super) columns: Vec<[Span; 2]>,
    pub(super) rows: Vec<Span>,
    grid: &'a CellGrid,
    beam_px: [f64; 2],
    pixel_q: f64,
    k_i: f64,
}

impl<'a> CellRaster<'a> {
    /// Lays the detector over `grid`.
    #[must_use]
    pub fn new(
        grid: &'a CellGrid,
        layout: &'a ModuleLayout,
        beam: &Beam,
        detector: &FlatDetector,
    ) -> Self {
        let pixel_q = beam.k() * detector.pixel_mm[0] / detector.distance_mm;
        let k_i = beam.kz();
        // Pixel i reaches from i to i + 1; the beam stands at a pixel's centre.
        let beam_px = detector.direct_beam_px.map(|x| x + 0.5);
        let [rows, cols] = [detector.rows, detector.cols];
        Self {
            layout,
            shape: [rows, cols],
            columns: (grid.q_edges.windows(2))
                .map(|e| {
                    [-1.0, 1.0].map(|side| {
                        let at = |q: f64| beam_px[0] + side * q / pixel_q;
                        Span::clipped(at(e[0]), at(e[1]), cols)
                    })
                })
                .collect(),
            rows: (grid.k_edges.windows(2))
                .map(|e| {
                    let at = |k: f64| beam_px[1] - (k + k_i) / pixel_q;
                    Span::clipped(at(e[0]), at(e[1]), rows)
                })
                .collect(),
            grid,
            beam_px,
            pixel_q,
            k_i,
        }
    }

    /// Cell of the pixel, row-major; `None` outside of the grid.
    #[must_use]
    pub fn cell(&self, col: usize, row: usize) -> Option<usize> {
        let q = (col as f64 + 0.5 - self.beam_px[0]).abs() * self.pixel_q;
        let k = (self.beam_px[1] - row as f64 - 0.5) * self.pixel_q - self.k_i;
        let find = |edges: &[f64], x: f64| {
            let i = edges.partition_point(|&e| e <= x);
            (i > 0 && i < edges.len()).then(|| i - 1)
        };
        Some(find(&self.grid.k_edges, k)? * self.grid.n_q() + find(&self.grid.q_edges, q)?)
    }

    /// Share of each row of cells that `lines` of the detector's rows cover.
    pub(super) fn row_shares(&self, lines: &[usize]) -> Vec<f32> {
        let share = |span: &Span| {
            let covered: f64 = lines.iter().map(|&i| span.overlap(i)).sum();
            (covered / span.width().max(1e-9)).min(1.0) as f32
        };
        self.rows.iter().map(share).collect()
    }

    /// Share of each column of cells that `lines` of the detector's columns cover.
    pub(super) fn column_shares(&self, lines: &[usize]) -> Vec<f32> {
        let share = |sides: &[Span; 2]| {
            let covered: f64 = lines
                .iter()
                .flat_map(|&i| sides.map(|side| side.overlap(i)))
                .sum();
            let width = sides[0].width() + sides[1].width();
            (covered / width.max(1e-9)).min(1.0) as f32
        };
        self.columns.iter().map(share).collect()
    }

    /// Module behind a line of the detector along `axis` (0 rows, 1 columns).
    pub(super) fn module(&self, axis: usize, line: f64) -> usize {
        let pitch = self.layout.module[axis] + self.layout.gap[axis];
        ((line.max(0.0) as usize) / pitch).min(self.layout.modules[axis] - 1)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use gisaxs_physics::Up;

    pub(crate) fn detector(layout: &ModuleLayout) -> (Beam, FlatDetector) {
        let [rows, cols] = layout.shape();
        let detector = FlatDetector {
            rows,
            cols,
            pixel_mm: [0.172; 2],
            distance_mm: 2000.0,
            direct_beam_px: [cols as f64 * 0.4, rows as f64 * 0.9],
            up: Up::RowsDecrease,
        };
        (Beam::new(0.1, 0.007).unwrap(), detector)
    }

    pub(crate) fn grid() -> CellGrid {
        CellGrid {
            q_edges: (0..=40).map(|i| 0.02 + 0.025 * f64::from(i)).collect(),
            k_edges: (0..=30).map(|i| 0.03 * f64::from(i)).collect(),
        }
    }

    pub(crate) const LAYOUT: ModuleLayout = ModuleLayout {
        module: [60, 80],
        gap: [5, 3],
        modules: [3, 4],
    };

    #[test]
    fn pixels_fall_into_the_cells_that_cover_them() {
        let (beam, detector) = detector(&LAYOUT);
        let grid = grid();
        let raster = CellRaster::new(&grid, &LAYOUT, &beam, &detector);
        let mut found = 0;
        for row in (0..detector.rows).step_by(3) {
            for col in (0..detector.cols).step_by(3) {
                let exact = detector.direction(&beam, col as f64, row as f64);
                let Some(cell) = raster.cell(col, row) else {
                    continue;
                };
                found += 1;
                let (k, q) = (cell / grid.n_q(), cell % grid.n_q());
                // The exact position lies in the cell, or a pixel beside it.
                let slack = raster.pixel_q;
                assert!(exact.q_par(&beam) > grid.q_edges[q] - slack);
                assert!(exact.q_par(&beam) < grid.q_edges[q + 1] + slack);
                assert!(exact.kz(&beam) > grid.k_edges[k] - slack);
                assert!(exact.kz(&beam) < grid.k_edges[k + 1] + slack);
                assert!(raster.rows[k].overlap(row) > 0.0);
                let [left, right] = raster.columns[q].map(|s| s.overlap(col));
                assert!(left + right > 0.0);
            }
        }
        assert!(found > 1000, "{found}");
    }
}
