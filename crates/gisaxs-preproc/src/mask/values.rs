//! What a pixel's own value says: sentinels and overload.

use super::{BLOCK, Reason};
use crate::frame::Frame;

/// Largest count that is trusted: not above the camera's cutoff, below the end of the
/// file's integers.
pub(super) fn overload_limit(frame: &Frame) -> f32 {
    let cutoff = frame.header().count_cutoff.unwrap_or(f64::INFINITY) as f32;
    let full_scale = frame.header().full_scale.unwrap_or(f64::INFINITY) as f32;
    cutoff.min(full_scale.next_down())
}

/// Sentinels and overload. Most blocks have neither and are only looked at once.
pub(super) fn mark_values(counts: &[f32], limit: f32, bits: &mut [u8]) {
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
