//! Which pixels count, and for every other one why not.
//!
//! Reasons are collected in the order that is safe: what the pixel itself says (negative
//! sentinels, overload), then the detector's gaps, the user's mask, the beamstops, and last
//! what single pixels look like beside their neighbours. Zero counts are data: a pixel
//! without a photon is a measurement, and no intensity ever encodes a mask.

use std::path::Path;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::format::{self, fit2d_mask};
use crate::frame::{Frame, read_file};
use crate::instrument::{Beamstop, Instrument};
use crate::stack::StackOptions;

/// Why a pixel is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// No sensor: between modules, or the sentinel -1.
    Gap = 1,
    /// Excluded by the camera (another negative sentinel), or dead: no count where all
    /// neighbours have many.
    Bad = 2,
    /// Above the count cutoff, or at the end of the file's integer range.
    Saturated = 4,
    /// Far above all neighbours, beyond any counting noise.
    Hot = 8,
    /// Masked by the user.
    User = 16,
    /// In the shadow of a beamstop.
    Beamstop = 32,
    /// Measured, but not on the network's grid: below the horizon, in the specular rod, or
    /// beyond its ends.
    Outside = 64,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Gap,
        Self::Bad,
        Self::Saturated,
        Self::Hot,
        Self::User,
        Self::Beamstop,
        Self::Outside,
    ];

    /// Its bit in [`Mask::bits`].
    #[must_use]
    pub const fn bit(self) -> u8 {
        self as u8
    }

    /// Name for messages and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Bad => "bad",
            Self::Saturated => "saturated",
            Self::Hot => "hot",
            Self::User => "user",
            Self::Beamstop => "beamstop",
            Self::Outside => "outside",
        }
    }
}

/// A pixel is hot above `HOT_OFFSET + HOT_FACTOR * n`, n the second brightest of its eight
/// neighbours: the second, so that two hot pixels side by side are found and a bright line
/// or a specular spot of more than one pixel is not. Where a neighbour is missing, at a gap
/// or an edge, n is the brightest. At a mean of one count per pixel the offset alone is a
/// chance of 1e-16.
const HOT_OFFSET: f32 = 16.0;
/// See [`HOT_OFFSET`].
const HOT_FACTOR: f32 = 4.0;
/// A pixel without a count is dead if all its neighbours have at least this many: a Poisson
/// mean of 20 gives zero with a chance of 2e-9.
const DEAD_NEIGHBOURS: f32 = 20.0;
/// Fewest valid neighbours that say anything about a pixel.
const MIN_NEIGHBOURS: usize = 3;
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
        mark_values(frame.as_slice(), limit, &mut mask.bits);
        mark_outliers(frame.as_slice(), mask.shape, &mut mask.bits);
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

    /// Number of valid pixels.
    #[must_use]
    pub fn valid_pixels(&self) -> usize {
        self.bits.iter().filter(|&&b| b == 0).count()
    }

    /// Pixels per reason; a pixel with several reasons counts for each.
    #[must_use]
    pub fn counts(&self) -> [(Reason, usize); 7] {
        // Few of the 256 combinations occur: one pass, then seven sums.
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

/// Largest count that is trusted: not above the camera's cutoff, below the end of the
/// file's integers.
fn overload_limit(frame: &Frame) -> f32 {
    let cutoff = frame.header().count_cutoff.unwrap_or(f64::INFINITY) as f32;
    let full_scale = frame.header().full_scale.unwrap_or(f64::INFINITY) as f32;
    cutoff.min(full_scale.next_down())
}

/// Gaps, user mask and beamstops: the bits that belong to the instrument.
pub(crate) fn fixed_bits(instrument: &Instrument) -> Result<Vec<u8>> {
    let ([rows, cols], _) = instrument.pixels()?;
    let mut bits = vec![0_u8; rows * cols];
    if let Some(known) = instrument.known_detector()
        && known.shape() == [rows, cols]
    {
        for range in known.gap_rows() {
            bits[range.start * cols..range.end * cols].fill(Reason::Gap.bit());
        }
        let gap_cols = known.gap_cols();
        for row in bits.chunks_exact_mut(cols) {
            for range in &gap_cols {
                row[range.clone()].fill(Reason::Gap.bit());
            }
        }
    }
    if let Some(user) = instrument.user_mask() {
        for (b, &masked) in bits.iter_mut().zip(user) {
            *b |= if masked { Reason::User.bit() } else { 0 };
        }
    }
    for stop in instrument.beamstops() {
        mark_beamstop(stop, [rows, cols], &mut bits);
    }
    Ok(bits)
}

fn mark_beamstop(stop: &Beamstop, [rows, cols]: [usize; 2], bits: &mut [u8]) {
    // First and last pixel whose centre lies in the interval, cut to the detector.
    let span = |low: f64, high: f64, n: usize| {
        let first = low.ceil().clamp(0.0, n as f64) as usize;
        let end = (high.floor() + 1.0).clamp(0.0, n as f64) as usize;
        first..end.max(first)
    };
    let row_span = match *stop {
        Beamstop::Circle {
            center_px: [_, r],
            radius_px,
        } => span(r - radius_px, r + radius_px, rows),
        Beamstop::Rectangle { min_px, max_px } => span(min_px[1], max_px[1], rows),
    };
    for row in row_span {
        let col_span = match *stop {
            Beamstop::Circle {
                center_px: [c, r],
                radius_px,
            } => {
                let dy = row as f64 - r;
                let half = (radius_px * radius_px - dy * dy).max(0.0).sqrt();
                span(c - half, c + half, cols)
            }
            Beamstop::Rectangle { min_px, max_px } => span(min_px[0], max_px[0], cols),
        };
        for b in &mut bits[row * cols..][col_span] {
            *b |= Reason::Beamstop.bit();
        }
    }
}

/// Sentinels and overload. Most blocks have neither and are only looked at once.
fn mark_values(counts: &[f32], limit: f32, bits: &mut [u8]) {
    for (counts, bits) in counts.chunks(BLOCK).zip(bits.chunks_mut(BLOCK)) {
        let any = counts
            .iter()
            .fold(false, |any, &c| any | (c < 0.0) | (c > limit));
        if !any {
            continue;
        }
        for (&c, b) in counts.iter().zip(bits) {
            if c == -1.0 {
                *b |= Reason::Gap.bit();
            } else if c < 0.0 {
                *b |= Reason::Bad.bit();
            } else if c > limit {
                *b |= Reason::Saturated.bit();
            }
        }
    }
}

/// Hot and dead pixels.
///
/// Of two neighbours the smaller is never above the second brightest of all eight, and never
/// below the weakest: comparing with left and right rules nearly every pixel out, a block at
/// a time, and loses none.
fn mark_outliers(counts: &[f32], [rows, cols]: [usize; 2], bits: &mut [u8]) {
    if cols < 3 {
        return;
    }
    for row in 0..rows {
        let line = &counts[row * cols..(row + 1) * cols];
        let mut test = |col: usize| {
            let bit = outlier(counts, [rows, cols], row, col);
            if bit != 0 && bits[row * cols + col] & !Reason::Outside.bit() == 0 {
                bits[row * cols + col] |= bit;
            }
        };
        test(0);
        test(cols - 1);
        let inner = line[..cols - 2]
            .chunks(BLOCK)
            .zip(line[1..cols - 1].chunks(BLOCK))
            .zip(line[2..].chunks(BLOCK));
        for (block, ((left, centre), right)) in inner.enumerate() {
            let mut any = false;
            for ((&l, &c), &r) in left.iter().zip(centre).zip(right) {
                any |= is_suspect(l, c, r);
            }
            if !any {
                continue;
            }
            for (i, ((&l, &c), &r)) in left.iter().zip(centre).zip(right).enumerate() {
                if is_suspect(l, c, r) {
                    test(1 + block * BLOCK + i);
                }
            }
        }
    }
}

/// Necessary for a hot or dead pixel `c` between `l` and `r`.
#[inline]
fn is_suspect(l: f32, c: f32, r: f32) -> bool {
    let low = if l < r { l } else { r };
    (c > HOT_OFFSET + HOT_FACTOR * low) | ((c == 0.0) & (low >= DEAD_NEIGHBOURS))
}

/// [`Reason::Hot`], [`Reason::Bad`] or 0 for one pixel, by its valid neighbours.
fn outlier(counts: &[f32], [rows, cols]: [usize; 2], row: usize, col: usize) -> u8 {
    let c = counts[row * cols + col];
    let (mut brightest, mut second, mut weakest) = (0.0_f32, 0.0_f32, f32::INFINITY);
    let mut valid = 0;
    for r in row.saturating_sub(1)..(row + 2).min(rows) {
        for q in col.saturating_sub(1)..(col + 2).min(cols) {
            let n = counts[r * cols + q];
            if (r, q) == (row, col) || n < 0.0 {
                continue;
            }
            valid += 1;
            weakest = weakest.min(n);
            if n > brightest {
                (brightest, second) = (n, brightest);
            } else {
                second = second.max(n);
            }
        }
    }
    // Beside a gap a bright line has lost one of its two neighbours.
    let reference = if valid == 8 { second } else { brightest };
    if valid < MIN_NEIGHBOURS {
        0
    } else if c > HOT_OFFSET + HOT_FACTOR * reference {
        Reason::Hot.bit()
    } else if c == 0.0 && weakest >= DEAD_NEIGHBOURS {
        Reason::Bad.bit()
    } else {
        0
    }
}

/// Reads a user mask: nonzero = masked, whatever the format.
pub(crate) fn read_mask_file(path: &Path) -> Result<Array2<bool>> {
    decode_mask(&path.display().to_string(), read_file(path)?)
}

/// Reads the bytes of a user's mask, in any format of a frame or Fit2D's: nonzero = masked.
/// `file` stands for it in messages. The result has shape (rows, columns), true = masked.
///
/// # Errors
/// As [`Frame::from_bytes`].
pub fn decode_mask(file: &str, bytes: Vec<u8>) -> Result<Array2<bool>> {
    if fit2d_mask::recognise(&bytes) {
        return fit2d_mask::decode(file, &bytes);
    }
    let (values, _) = format::decode(file, bytes, &StackOptions::default())?;
    Ok(values.mapv(|x| x != 0.0))
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
