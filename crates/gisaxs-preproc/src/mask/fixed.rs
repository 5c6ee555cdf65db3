//! The bits that belong to the instrument: gaps, user mask, shadows and beamstops.

use gisaxs_physics::elementary::hypot;

use super::Reason;
use crate::error::Result;
use crate::instrument::{Beamstop, Instrument};

/// Gaps, user mask and beamstops: the bits that belong to the instrument.
pub(crate) fn fixed_bits(instrument: &Instrument) -> Result<Vec<u8>> {
    let ([rows, cols], _) = instrument.pixels()?;
    let mut bits = vec![0_u8; rows * cols];
    if let Some(known) = instrument.known_detector()
        && known.shape() == [rows, cols]
    {
        if known.is_round() {
            for (b, &gap) in bits.iter_mut().zip(&known.gap_mask()) {
                *b |= if gap { Reason::Gap.bit() } else { 0 };
            }
        }
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
    for (areas, reason) in [
        (instrument.beamstops(), Reason::Beamstop),
        (instrument.shadows(), Reason::Shadow),
    ] {
        for area in areas {
            mark_area(area, [rows, cols], reason, &mut bits);
        }
    }
    Ok(bits)
}

fn mark_area(area: &Beamstop, [rows, cols]: [usize; 2], reason: Reason, bits: &mut [u8]) {
    // First and last pixel whose centre lies in the interval, cut to the detector.
    let span = |low: f64, high: f64, n: usize| {
        let first = low.ceil().clamp(0.0, n as f64) as usize;
        let end = (high.floor() + 1.0).clamp(0.0, n as f64) as usize;
        first..end.max(first)
    };
    let mut mark = |row: usize, col_span: std::ops::Range<usize>| {
        for b in &mut bits[row * cols..][col_span] {
            *b |= reason.bit();
        }
    };
    match *area {
        Beamstop::Circle {
            center_px: [c, r],
            radius_px,
        } => {
            for row in span(r - radius_px, r + radius_px, rows) {
                let dy = row as f64 - r;
                let half = (radius_px * radius_px - dy * dy).max(0.0).sqrt();
                mark(row, span(c - half, c + half, cols));
            }
        }
        Beamstop::Rectangle { min_px, max_px } => {
            for row in span(min_px[1], max_px[1], rows) {
                mark(row, span(min_px[0], max_px[0], cols));
            }
        }
        Beamstop::Strip {
            from_px: [c0, r0],
            to_px: [c1, r1],
            width_px,
        } => {
            let half = 0.5 * width_px;
            let [dx, dy] = [c1 - c0, r1 - r0];
            let length2 = dx * dx + dy * dy;
            for row in span(r0.min(r1) - half, r0.max(r1) + half, rows) {
                for col in span(c0.min(c1) - half, c0.max(c1) + half, cols) {
                    let [x, y] = [col as f64 - c0, row as f64 - r0];
                    // Nearest point of the line; both ends may coincide.
                    let t = if length2 > 0.0 {
                        ((x * dx + y * dy) / length2).clamp(0.0, 1.0)
                    } else {
                        0.0
                    };
                    if hypot(x - t * dx, y - t * dy) <= half {
                        mark(row, col..col + 1);
                    }
                }
            }
        }
    }
}
