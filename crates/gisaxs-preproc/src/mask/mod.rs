//! Which pixels count, and for every other one why not.
//!
//! Reasons are collected in the order that is safe: what the pixel itself says (negative
//! sentinels, overload), then the detector's gaps, the user's mask, the beamstops, and last
//! what single pixels look like beside their neighbours. Zero counts are data: a pixel
//! without a photon is a measurement, and no intensity ever encodes a mask.

mod file;
mod fixed;
mod grow;
mod outlier;
mod polarity;
mod reason;
mod values;
mod write;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::instrument::Instrument;
pub(crate) use file::masked_fraction;
pub use file::{MaskFile, MaskOptions, decode_mask};
pub(crate) use fixed::fixed_bits;
use outlier::mark_outliers;
pub use polarity::Polarity;
pub use reason::Reason;
use values::{mark_values, overload_limit};
pub use write::{MaskFormat, encode_mask, write_mask};

/// Pixels tested at once for any exception.
const BLOCK: usize = 32;

/// A reason per pixel: one byte of [`Reason`] bits, 0 = valid, shape (rows, columns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    shape: [usize; 2],
    bits: Vec<u8>,
}

impl Mask {
    /// The mask of a frame: sentinels and overload, gaps, user mask, beamstops, hot and dead
    /// pixels. [`Reason::Outside`] is added by [`PixelMap::mask`](crate::PixelMap::mask).
    ///
    /// # Errors
    /// [`Error::Shape`] if the frame does not fit the instrument; [`Error::AllMasked`].
    pub fn new(frame: &Frame, instrument: &Instrument) -> Result<Self> {
        let instrument = instrument.for_frame(frame)?;
        Self::over(frame, fixed_bits(&instrument)?)
    }

    /// The mask of a frame over bits that do not depend on it.
    pub(crate) fn over(frame: &Frame, bits: Vec<u8>) -> Result<Self> {
        let mut mask = Self {
            shape: frame.shape(),
            bits,
        };
        assert_eq!(
            mask.bits.len(),
            frame.as_slice().len(),
            "mask of another frame"
        );
        let limit = overload_limit(frame);
        let (counts, cols) = (frame.as_slice(), mask.shape[1].max(1));
        // A row at a time, so that the second look finds it in the cache.
        let lines = counts
            .chunks_exact(cols)
            .zip(mask.bits.chunks_exact_mut(cols));
        for (row, (line, bits)) in lines.enumerate() {
            mark_values(line, limit, bits);
            mark_outliers(counts, mask.shape, row, bits);
        }
        if mask.bits.contains(&0) {
            Ok(mask)
        } else {
            Err(Error::AllMasked {
                file: frame.name().to_owned(),
                pixels: mask.bits.len(),
                reasons: mask.summary(),
            })
        }
    }

    /// A mask that only knows which pixels are valid, for frames without an instrument.
    ///
    /// # Panics
    /// If `bits` is not rows x columns long.
    #[must_use]
    pub fn from_bits(shape: [usize; 2], bits: Vec<u8>) -> Self {
        assert_eq!(shape[0] * shape[1], bits.len(), "bits of another shape");
        Self { shape, bits }
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// [`Reason`] bits of every pixel, row-major; 0 = valid.
    #[must_use]
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Whether a pixel enters the network's grid.
    #[must_use]
    pub fn is_valid(&self, row: usize, col: usize) -> bool {
        self.at(row, col) == 0
    }

    /// Whether a pixel was measured, on the network's grid or outside it.
    #[must_use]
    pub fn is_measured(&self, row: usize, col: usize) -> bool {
        self.at(row, col) & !Reason::Outside.bit() == 0
    }

    /// Whether a pixel is left out for this reason, among others.
    #[must_use]
    pub fn has(&self, row: usize, col: usize, reason: Reason) -> bool {
        self.at(row, col) & reason.bit() != 0
    }

    fn at(&self, row: usize, col: usize) -> u8 {
        assert!(col < self.shape[1], "column {col} of {}", self.shape[1]);
        self.bits[row * self.shape[1] + col]
    }

    /// The mask with one more reason where `pixels` is true, shape (rows, columns).
    ///
    /// # Panics
    /// If `pixels` is of another shape.
    #[must_use]
    pub fn with(mut self, reason: Reason, pixels: &Array2<bool>) -> Self {
        let (rows, cols) = pixels.dim();
        assert_eq!([rows, cols], self.shape, "pixels of another shape");
        for (b, &on) in self.bits.iter_mut().zip(pixels) {
            *b |= if on { reason.bit() } else { 0 };
        }
        self
    }

    /// True where a pixel is left out for one of `reasons`, shape (rows, columns): what
    /// [`write_mask`] takes. [`Reason::MEASUREMENT`] has all that do not depend on the
    /// network's grid.
    #[must_use]
    pub fn masked(&self, reasons: &[Reason]) -> Array2<bool> {
        let wanted = reasons.iter().fold(0, |bits, reason| bits | reason.bit());
        let [rows, cols] = self.shape;
        Array2::from_shape_fn((rows, cols), |(r, c)| self.bits[r * cols + c] & wanted != 0)
    }

    /// Number of valid pixels.
    #[must_use]
    pub fn valid_pixels(&self) -> usize {
        self.bits.iter().filter(|&&b| b == 0).count()
    }

    /// Pixels per reason; a pixel with several reasons counts for each.
    #[must_use]
    pub fn counts(&self) -> [(Reason, usize); Reason::ALL.len()] {
        // Few of the 256 combinations occur: one pass, then a sum per reason.
        let mut histogram = [[0_usize; 256]; 2];
        for pair in self.bits.chunks(2) {
            for (h, &b) in histogram.iter_mut().zip(pair) {
                h[usize::from(b)] += 1;
            }
        }
        Reason::ALL.map(|reason| {
            let n = (0..256)
                .filter(|b| b & usize::from(reason.bit()) != 0)
                .map(|b| histogram[0][b] + histogram[1][b])
                .sum();
            (reason, n)
        })
    }

    /// Pixels per reason in words: `gap 197365, bad 484`.
    #[must_use]
    pub fn summary(&self) -> String {
        let parts: Vec<String> = self
            .counts()
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(reason, n)| format!("{} {n}", reason.name()))
            .collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FrameHeader;

    /// An instrument without gaps for frames of `rows` x `cols`.
    fn instrument(rows: usize, cols: usize, extra: &str) -> Instrument {
        Instrument::from_toml(
            &format!(
                "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\n\
                 shape = [{rows}, {cols}]\npixel_size_mm = [0.1, 0.1]\ndistance_mm = 2000\n\
                 direct_beam_px = [5, 20]\n{extra}"
            ),
            "test.toml",
        )
        .unwrap()
    }

    fn bits_of(counts: Array2<f32>, header: FrameHeader, extra: &str) -> Mask {
        let (rows, cols) = counts.dim();
        let frame = Frame::new(counts).unwrap().with_header(header);
        Mask::new(&frame, &instrument(rows, cols, extra)).unwrap()
    }

    #[test]
    fn sentinels_overload_and_zeros() {
        let mut counts = Array2::zeros((20, 40));
        counts[[3, 4]] = -1.0;
        counts[[3, 5]] = -2.0;
        counts[[3, 6]] = -3.0;
        counts.row_mut(10).fill(1001.0);
        counts.row_mut(11).fill(1000.0);
        let header = FrameHeader {
            count_cutoff: Some(1000.0),
            ..FrameHeader::default()
        };
        let mask = bits_of(counts, header, "");
        assert!(mask.has(3, 4, Reason::Gap));
        assert!(mask.has(3, 5, Reason::Bad) && mask.has(3, 6, Reason::Bad));
        assert!((0..40).all(|c| mask.has(10, c, Reason::Saturated)));
        assert!((0..40).all(|c| mask.is_valid(11, c)));
        assert_eq!(mask.valid_pixels(), 20 * 40 - 43);
        assert_eq!(mask.summary(), "gap 1, bad 2, saturated 40");
    }

    #[test]
    fn full_scale_is_saturated() {
        let mut counts = Array2::zeros((20, 40));
        counts.row_mut(10).fill(65535.0);
        counts.row_mut(11).fill(65534.0);
        let header = FrameHeader {
            full_scale: Some(65535.0),
            ..FrameHeader::default()
        };
        let mask = bits_of(counts, header, "");
        assert!(mask.has(10, 3, Reason::Saturated));
        assert!(mask.is_valid(11, 3));
    }

    #[test]
    fn hot_pixels_and_pairs_but_no_lines() {
        let mut counts = Array2::from_elem((20, 70), 2.0);
        counts[[0, 0]] = 100.0; // corner
        counts[[5, 69]] = 100.0; // edge
        counts[[5, 31]] = 1e5; // isolated
        counts[[9, 40]] = 200.0; // pair
        counts[[9, 41]] = 300.0;
        counts.column_mut(50).fill(500.0); // a rod of one pixel
        let mask = bits_of(counts, FrameHeader::default(), "");
        let hot: Vec<(usize, usize)> = (0..20)
            .flat_map(|r| (0..70).map(move |c| (r, c)))
            .filter(|&(r, c)| mask.has(r, c, Reason::Hot))
            .collect();
        assert_eq!(hot, [(0, 0), (5, 31), (5, 69), (9, 40), (9, 41)]);
    }

    #[test]
    fn a_hot_pixel_beside_a_gap_is_found() {
        let mut counts = Array2::from_elem((20, 40), 1.0);
        counts.column_mut(20).fill(-1.0);
        counts[[7, 19]] = 50.0;
        let mask = bits_of(counts, FrameHeader::default(), "");
        assert!(mask.has(7, 19, Reason::Hot));
        assert_eq!(mask.counts()[3], (Reason::Hot, 1));
    }

    #[test]
    fn dead_pixels_in_a_bright_field_only() {
        let mut counts = Array2::from_elem((20, 40), 30.0);
        counts
            .slice_each_axis_mut(|_| ndarray::Slice::from(..5))
            .fill(3.0);
        counts[[10, 10]] = 0.0;
        counts[[2, 2]] = 0.0;
        let mask = bits_of(counts, FrameHeader::default(), "");
        assert!(mask.has(10, 10, Reason::Bad));
        assert!(mask.is_valid(2, 2));
    }

    #[test]
    fn poisson_noise_is_not_hot() {
        // Counts of a Poisson-like field by a small congruential generator: mean 12, the
        // sum of 24 fair coins, none beyond 24.
        let mut state = 1_u32;
        let counts = Array2::from_shape_fn((200, 200), |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8).count_ones() as f32
        });
        let mask = bits_of(counts, FrameHeader::default(), "");
        assert_eq!(mask.valid_pixels(), 200 * 200);
    }

    #[test]
    fn beamstops_cover_pixel_centres() {
        let extra = "beamstops = [{ center_px = [20.5, 10.0], radius_px = 2.0 }, \
                     { rectangle_px = [30, 5, 50, 6] }, { center_px = [-50, -50], radius_px = 3 }]";
        let mask = bits_of(Array2::zeros((20, 40)), FrameHeader::default(), extra);
        for r in 0..20 {
            for c in 0..40 {
                let (dx, dy) = (c as f64 - 20.5, r as f64 - 10.0);
                let inside = dx * dx + dy * dy <= 4.0 || (c >= 30 && (5..=6).contains(&r));
                assert_eq!(mask.has(r, c, Reason::Beamstop), inside, "{r} {c}");
            }
        }
    }

    #[test]
    fn all_masked_is_an_error() {
        let frame = Frame::new(Array2::from_elem((20, 40), -1.0)).unwrap();
        let error = Mask::new(&frame, &instrument(20, 40, "")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame: all 800 pixels are masked (gap 800)"
        );
    }

    #[test]
    fn user_mask_is_nonzero() {
        let mut masked = Array2::from_elem((20, 40), false);
        masked[[1, 2]] = true;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.npy");
        let bytes = crate::encode_npy(masked.mapv(u8::from).view());
        std::fs::write(&path, bytes).unwrap();
        let frame = Frame::new(Array2::zeros((20, 40))).unwrap();
        let with_mask = instrument(20, 40, "").with_mask_file(&path).unwrap();
        let mask = Mask::new(&frame, &with_mask).unwrap();
        assert_eq!(mask.summary(), "user 1");
        assert!(mask.has(1, 2, Reason::User));
        let error = instrument(20, 41, "").with_mask_file(&path).unwrap_err();
        assert!(error.to_string().contains("20 x 40"), "{error}");
    }
}
