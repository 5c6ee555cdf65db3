//! Two-dimensional maps: (q_xy, q_z), polar (q, chi), angles.
//!
//! Pixels are assigned by their centres, without splitting. Splitting would smear intensity
//! into cells that no pixel sees: the missing wedge around q_xy = 0, where q_x of a flat
//! detector is not zero, and the gaps. So counts are conserved and stay Poisson, and cells
//! without a valid pixel are empty: NaN, with a pixel count of 0.

use ndarray::Array2;

use super::axis::{Axis, MAX_BINS};
use super::image::{Image, check_shape, is_measured};
use super::provenance::Provenance;
use crate::error::{Error, Result};
use crate::geometry::{Geometry, Quantity};
use crate::instrument::Instrument;

/// No cell: the pixel is outside the axes.
const OUTSIDE: u32 = u32::MAX;

/// Most cells of a map, 2^26 like the largest frame.
const MAX_CELLS: usize = 1 << 26;

/// Intensities on two axes, shape (y bins, x bins), row 0 at the lowest y.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Map {
    /// Across, as q_xy.
    pub x: Axis,
    /// Upwards, as q_z.
    pub y: Axis,
    /// Mean of the valid pixels; NaN without any.
    pub mean: Array2<f32>,
    /// Variance of `mean`; NaN without a valid pixel.
    pub variance: Array2<f32>,
    /// Number of valid pixels.
    pub pixels: Array2<u32>,
    /// Unit of `mean`.
    pub unit: String,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

impl Map {
    /// Standard deviation of the mean; NaN without a valid pixel.
    #[must_use]
    pub fn error(&self) -> Array2<f32> {
        self.variance.mapv(f32::sqrt)
    }
}

/// The cell of each pixel of an instrument: made once for a series of frames.
#[derive(Clone, Debug)]
pub struct Regridder {
    instrument: Instrument,
    shape: [usize; 2],
    x: Axis,
    y: Axis,
    /// Cell of each pixel, [`OUTSIDE`] if none.
    cells: Vec<u32>,
}

impl Regridder {
    /// Sorts the pixels of an instrument into the cells of two axes.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`] if shape or pixel size are left to the frame: see
    /// [`Instrument::for_frame`]; [`Error::Value`] for more than 2^26 cells.
    pub fn new(instrument: &Instrument, x: Axis, y: Axis) -> Result<Self> {
        if x.bins() * y.bins() > MAX_CELLS {
            return Err(Error::Value {
                file: "map".to_owned(),
                key: "cells".to_owned(),
                value: format!("{} x {}", y.bins(), x.bins()),
                expected: format!("at most {MAX_CELLS} together"),
            });
        }
        let geometry = instrument.geometry()?;
        let [n_rows, cols] = geometry.shape();
        let mut cells = vec![OUTSIDE; n_rows * cols];
        let (mut across, mut up) = (vec![0.0; cols], vec![0.0; cols]);
        let (x_bins, y_bins) = (x.bins() as f64, y.bins() as f64);
        let width = x.bins() as u32;
        for (row, cells) in cells.chunks_exact_mut(cols).enumerate() {
            fill(
                &geometry,
                row,
                [x.quantity(), y.quantity()],
                [&mut across, &mut up],
            );
            x.positions(&mut across);
            y.positions(&mut up);
            for ((cell, &x), &y) in cells.iter_mut().zip(&across).zip(&up) {
                let inside = (x >= 0.0) & (x < x_bins) & (y >= 0.0) & (y < y_bins);
                // Saturating, so defined also where it is not used.
                let at = (y as u32).wrapping_mul(width).wrapping_add(x as u32);
                *cell = if inside { at } else { OUTSIDE };
            }
        }
        Ok(Self {
            instrument: instrument.clone(),
            shape: [n_rows, cols],
            x,
            y,
            cells,
        })
    }

    /// (q_xy, q_z) over the whole detector, in cells of the size of a pixel at the point of
    /// normal incidence: elsewhere pixels are smaller, so that no cell inside the detector is empty for
    /// want of a pixel centre.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn q_map(instrument: &Instrument) -> Result<Self> {
        let geometry = instrument.geometry()?;
        let k = geometry.beam().k();
        let [x, y] = [Quantity::QXy, Quantity::QZ];
        let [x_range, y_range] = ranges(&geometry, [x, y]);
        let axis = |quantity, range: [f64; 2], pixel_mm: f64| {
            let pitch = k * pixel_mm / geometry.pose().distance_mm;
            let bins = ((range[1] - range[0]) / pitch) as usize;
            Axis::linear(quantity, range, bins.clamp(1, MAX_BINS))
        };
        Self::new(
            instrument,
            axis(x, x_range, geometry.pixel_mm()[0])?,
            axis(y, y_range, geometry.pixel_mm()[1])?,
        )
    }

    /// (q, chi) over the whole detector, in this many cells.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`Axis::linear`].
    pub fn polar(instrument: &Instrument, q_bins: usize, chi_bins: usize) -> Result<Self> {
        let [q, chi] = ranges(&instrument.geometry()?, [Quantity::Q, Quantity::Chi]);
        Self::new(
            instrument,
            Axis::linear(Quantity::Q, q, q_bins)?,
            Axis::linear(Quantity::Chi, chi, chi_bins)?,
        )
    }

    /// Collects the valid pixels of an image of this instrument.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the image has another shape than the instrument's detector.
    pub fn map(&self, image: &Image) -> Result<Map> {
        let what = "the instrument's detector";
        check_shape(what, "shape", self.shape, image.shape())?;
        let n = self.x.bins() * self.y.bins();
        let mut pixels = vec![0_u32; n];
        let mask = image.mask().bits();
        let measured = || {
            let all = self.cells.iter().zip(mask).enumerate();
            all.filter(|(_, (cell, bits))| **cell != OUTSIDE && is_measured(**bits))
                .map(|(at, (cell, _))| (at, *cell as usize))
        };
        // Sums and what they round off stand where mean and variance will: a map has about as
        // many cells as the frame has pixels, and sums of f64 would be two more frames of memory.
        let values = image.as_slice();
        let (mut mean, mut variance) = (vec![0.0_f32; n], vec![0.0_f32; n]);
        for (at, cell) in measured() {
            add(&mut mean[cell], &mut variance[cell], values[at]);
            pixels[cell] += 1;
        }
        // A mean over no pixel is 0 / 0.
        for ((mean, variance), &n) in mean.iter_mut().zip(&mut variance).zip(&pixels) {
            let (sum, n) = (f64::from(*mean) + f64::from(*variance), f64::from(n));
            *mean = (sum / n) as f32;
            *variance = (sum / (n * n)) as f32;
        }
        if !image.is_counts() {
            let variances = image.variances();
            let mut rest = vec![0.0_f32; n];
            variance.fill(0.0);
            for (at, cell) in measured() {
                add(&mut variance[cell], &mut rest[cell], variances[at]);
            }
            for ((variance, rest), &n) in variance.iter_mut().zip(&rest).zip(&pixels) {
                let (sum, n) = (f64::from(*variance) + f64::from(*rest), f64::from(n));
                *variance = (sum / (n * n)) as f32;
            }
        }
        let shape = (self.y.bins(), self.x.bins());
        let selection = format!("map of {} and {}, pixels not split", self.x, self.y);
        let array = |values| Array2::from_shape_vec(shape, values).unwrap_or_default();
        Ok(Map {
            x: self.x,
            y: self.y,
            mean: array(mean),
            variance: array(variance),
            pixels: Array2::from_shape_vec(shape, pixels).unwrap_or_default(),
            unit: image.unit().to_owned(),
            provenance: Provenance::new(image, &self.instrument, selection)?,
        })
    }
}

/// Adds to a sum and what it rounded off before: together they have 48 bits. (Knuth, The Art of
/// Computer Programming 2, 4.2.2, theorem B.)
#[inline]
fn add(sum: &mut f32, rest: &mut f32, x: f32) {
    let next = *sum + x;
    let added = next - *sum;
    *rest += (*sum - (next - added)) + (x - added);
    *sum = next;
}

/// Two quantities of the pixels of a row; q_xy and q_z, the usual ones, in one pass.
fn fill(geometry: &Geometry, row: usize, [x, y]: [Quantity; 2], [across, up]: [&mut [f64]; 2]) {
    if [x, y] == [Quantity::QXy, Quantity::QZ] {
        geometry.q_row(row, across, up);
    } else {
        geometry.row(x, row, across);
        geometry.row(y, row, up);
    }
}

/// Smallest and largest value on the detector, the largest included in the range.
fn ranges(geometry: &Geometry, quantities: [Quantity; 2]) -> [[f64; 2]; 2] {
    let [rows, cols] = geometry.shape();
    let (mut across, mut up) = (vec![0.0; cols], vec![0.0; cols]);
    let mut found = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    for row in 0..rows {
        fill(geometry, row, quantities, [&mut across, &mut up]);
        for (values, [low, high]) in [&across, &up].into_iter().zip(&mut found) {
            for &x in values {
                *low = low.min(x);
                *high = high.max(x);
            }
        }
    }
    // The upper end of an axis belongs to no bin.
    found.map(|[low, high]| [low, high + 1e-9 * (high - low).max(1e-300)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::mask::{Mask, Reason};

    fn instrument() -> Instrument {
        Instrument::from_toml(
            "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [60, 50]\n\
             pixel_size_mm = [2, 2]\ndistance_mm = 400\ndirect_beam_px = [25.3, 52.4]",
            "test.toml",
        )
        .unwrap()
    }

    fn image() -> Image {
        let counts = Array2::from_shape_fn((60, 50), |(r, c)| ((7 * r + 3 * c) % 50) as f32);
        let mut bits = vec![0_u8; 3000];
        for row in bits.chunks_exact_mut(50) {
            row[30..34].fill(Reason::Gap.bit());
        }
        let mask = Mask::from_bits([60, 50], bits);
        Image::counts(Frame::new(counts).unwrap(), mask).unwrap()
    }

    #[test]
    fn counts_are_conserved_and_empty_cells_are_empty() {
        let image = image();
        let map = Regridder::q_map(&instrument())
            .unwrap()
            .map(&image)
            .unwrap();
        let (mut total, mut pixels) = (0.0, 0);
        for ((mean, variance), &n) in map.mean.iter().zip(&map.variance).zip(&map.pixels) {
            if n == 0 {
                assert!(mean.is_nan() && variance.is_nan());
            } else {
                let n = f64::from(n);
                total += f64::from(*mean) * n;
                assert!((f64::from(*variance) * n - f64::from(*mean)).abs() < 1e-4);
            }
            pixels += n;
        }
        let measured = 60 * 46;
        assert_eq!(pixels, measured);
        let expected: f64 = image
            .values()
            .indexed_iter()
            .filter(|((_, col), _)| !(30..34).contains(col))
            .map(|(_, &x)| f64::from(x))
            .sum();
        assert!((total - expected).abs() < 1e-3 * expected.sqrt());
    }

    #[test]
    fn the_missing_wedge_stays_empty() {
        let instrument = instrument();
        let frame = Frame::new(Array2::from_elem((60, 50), 5.0)).unwrap();
        let mask = Mask::from_bits([60, 50], vec![0; 3000]);
        let image = Image::counts(frame, mask).unwrap();
        // Fine cells across: |q_x| at the top of the detector is several of them.
        let x = Axis::linear(Quantity::QXy, [-4.0, 4.0], 400).unwrap();
        let y = Axis::linear(Quantity::QZ, [0.0, 16.0], 40).unwrap();
        let map = Regridder::new(&instrument, x, y)
            .unwrap()
            .map(&image)
            .unwrap();
        let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
        // In the row of the specular beam q_x goes through zero; at the top it does not.
        let top = detector.direction(&beam, 25.3, 0.0).q(&beam);
        assert!(top[0].abs() > 1.0, "{top:?}");
        let row = y.bin(top[2] - 0.4).unwrap();
        for (i, centre) in x.centres().into_iter().enumerate() {
            if centre.abs() < 0.8 * top[0].abs() {
                assert_eq!(map.pixels[[row, i]], 0, "q_xy {centre}");
                assert!(map.mean[[row, i]].is_nan());
            }
        }
        assert!(map.pixels.row(row).iter().any(|&n| n > 0));
    }

    #[test]
    fn cells_of_a_whole_map_hold_pixels_inside_the_detector() {
        // Far away the grid is nearly that of the pixels.
        let text = "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\n\
                    shape = [300, 200]\npixel_size_mm = [0.1, 0.1]\ndistance_mm = 2000\n\
                    direct_beam_px = [100, 280]";
        let instrument = Instrument::from_toml(text, "test.toml").unwrap();
        let frame = Frame::new(Array2::from_elem((300, 200), 1.0)).unwrap();
        let mask = Mask::from_bits([300, 200], vec![0; 60_000]);
        let image = Image::counts(frame, mask).unwrap();
        let map = Regridder::q_map(&instrument).unwrap().map(&image).unwrap();
        let empty = map.pixels.iter().filter(|&&n| n == 0).count();
        assert!(empty * 100 < map.pixels.len(), "{empty} empty cells");
    }

    #[test]
    fn polar_maps_sum_to_radial_averages() {
        let (image, instrument) = (image(), instrument());
        let map = Regridder::polar(&instrument, 30, 24)
            .unwrap()
            .map(&image)
            .unwrap();
        let line = super::super::Line::along(map.x);
        let radial = super::super::Profile::new(&image, &instrument, &line).unwrap();
        let columns = (0..30).filter(|&q| map.pixels.column(q).sum() > 0);
        for (i, q) in columns.enumerate() {
            let pixels = map.pixels.column(q);
            assert_eq!(pixels.sum(), radial.pixels[i]);
            let sum: f64 = pixels
                .iter()
                .zip(map.mean.column(q))
                .filter(|(n, _)| **n > 0)
                .map(|(&n, &mean)| f64::from(n) * f64::from(mean))
                .sum();
            assert!((sum - radial.sum[i]).abs() < 1e-5 * sum.max(1.0));
        }
    }

    #[test]
    fn variances_of_corrected_images_are_used() {
        let regridder = Regridder::q_map(&instrument()).unwrap();
        let raw = regridder.map(&image()).unwrap();
        let scaled = regridder.map(&image().scaled(3.0, "x").unwrap()).unwrap();
        for (a, b) in raw.variance.iter().zip(&scaled.variance) {
            assert!(a.is_nan() && b.is_nan() || (9.0 * a - b).abs() <= 1e-5 * b);
        }
    }

    #[test]
    fn other_shapes_and_too_many_cells_are_errors() {
        let instrument = instrument();
        let frame = Frame::new(Array2::from_elem((6, 5), 5.0)).unwrap();
        let small = Image::counts(frame, Mask::from_bits([6, 5], vec![0; 30])).unwrap();
        assert!(Regridder::q_map(&instrument).unwrap().map(&small).is_err());
        let axis = |quantity| Axis::linear(quantity, [0.0, 1.0], 60_000).unwrap();
        let error = Regridder::new(&instrument, axis(Quantity::Q), axis(Quantity::QZ));
        assert!(error.unwrap_err().to_string().contains("60000 x 60000"));
    }
}
