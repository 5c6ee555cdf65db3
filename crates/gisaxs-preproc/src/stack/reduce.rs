//! Sums and means over frames.
//!
//! A pixel that is invalid in one frame is invalid in the sum: a sentinel stays that
//! sentinel (the most negative one wins), and an overload stays above the limit, which for a
//! sum of n frames is n times that of one.

use std::ops::Range;

use ndarray::Array2;

use super::FrameStack;
use crate::error::Result;
use crate::frame::{Frame, FrameHeader};

impl FrameStack {
    /// Sum of the frames of `range`. Exposure and limits of the header are those of one frame
    /// times their number.
    ///
    /// # Errors
    /// [`Error::Value`](crate::Error::Value) for an empty range or one beyond the end; that
    /// of the first frame that cannot be read.
    pub fn sum(&self, range: Range<usize>) -> Result<Frame> {
        let n = range.len() as f64;
        let mut sum = self.total(range)?;
        let header = sum.header_mut();
        for value in [
            &mut header.exposure_s,
            &mut header.count_cutoff,
            &mut header.full_scale,
        ] {
            *value = value.map(|x| x * n);
        }
        Ok(sum)
    }

    /// Mean of the frames of `range`: the sum over the number of frames, with the header of
    /// the first. It is no count any more, its variance is the mean over the number of frames:
    /// where errors matter take [`Image::mean`](crate::reduce::Image::mean), which knows.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn mean(&self, range: Range<usize>) -> Result<Frame> {
        let n = range.len() as f32;
        let total = self.total(range)?;
        let counts = total
            .counts()
            .mapv(|count| if count < 0.0 { count } else { count / n });
        let name = total.name().to_owned();
        let frame = Frame::checked(name, counts, total.header().clone())?;
        Ok(frame)
    }

    /// The sum, with the header of the first frame.
    fn total(&self, range: Range<usize>) -> Result<Frame> {
        self.check_range(&range)?;
        let n = range.len() as f32;
        let shape = self.shape();
        let mut sums = vec![0.0_f64; shape[0] * shape[1]];
        // Per pixel: the sentinel, or the largest overload, or 0.
        let mut invalid = vec![0.0_f32; sums.len()];
        let mut first: Option<FrameHeader> = None;
        for frame in self.stream(range, Self::usual_threads()) {
            let frame = frame?;
            let limit = overload(frame.header());
            for ((sum, bad), &count) in sums.iter_mut().zip(&mut invalid).zip(frame.as_slice()) {
                *sum += f64::from(count);
                if count < 0.0 {
                    *bad = bad.min(count);
                } else if count >= limit && *bad >= 0.0 {
                    *bad = bad.max(count);
                }
            }
            first.get_or_insert_with(|| frame.header().clone());
        }
        let counts = sums
            .into_iter()
            .zip(invalid)
            .map(|(sum, bad)| match bad {
                bad if bad < 0.0 => bad,
                bad if bad > 0.0 => bad * n,
                _ => sum as f32,
            })
            .collect();
        let counts = Array2::from_shape_vec(shape, counts).unwrap_or_default();
        let frame = Frame::checked(self.file.clone(), counts, first.unwrap_or_default())?;
        Ok(frame.with_name(self.name.clone()))
    }
}

/// The smallest count that is an overload.
fn overload(header: &FrameHeader) -> f32 {
    // Counts above the cutoff; at the end of the range the value itself.
    let cutoff = header.count_cutoff.map(|x| (x as f32).next_up());
    let full = header.full_scale.map(|x| x as f32);
    cutoff
        .unwrap_or(f32::INFINITY)
        .min(full.unwrap_or(f32::INFINITY))
}
