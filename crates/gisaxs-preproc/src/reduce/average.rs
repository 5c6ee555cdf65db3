//! The mean of several frames, for dark images, backgrounds and long exposures in parts.

use std::ops::Range;

use ndarray::Array2;

use super::image::{Image, is_measured};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::mask::{Mask, Reason};
use crate::stack::FrameStack;

/// Where the errors of a mean come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errors {
    /// Counting: variance of the mean = sum / n^2.
    Counting,
    /// The scatter of the frames: sum of squared deviations / (n (n - 1)). For detectors that
    /// integrate, whose dark frames scatter by read noise; at least two frames.
    Scatter,
}

impl Image {
    /// Mean of the frames `range` of a stack, over those frames that measured a pixel:
    /// `mask` tells which. A pixel without two measurements ([`Errors::Scatter`]) or one is
    /// left out. Three images are in memory, beside the frames that are being read.
    ///
    /// # Errors
    /// [`Error::Value`] for an empty range, one beyond the end, or one frame for
    /// [`Errors::Scatter`]; that of the first frame that cannot be read or masked;
    /// [`Error::Pixel`] as [`Image::counts`] for counting errors.
    pub fn mean(
        stack: &FrameStack,
        range: Range<usize>,
        errors: Errors,
        mask: impl Fn(&Frame) -> Result<Mask>,
    ) -> Result<Self> {
        let least = match errors {
            Errors::Counting => 1,
            Errors::Scatter => 2,
        };
        if range.len() < least || range.end > stack.len() {
            return Err(Error::Value {
                file: stack.name().to_owned(),
                key: "frames".to_owned(),
                value: format!("{}..{}", range.start, range.end),
                expected: format!(
                    "a range of at least {least} of the frames 0..{}",
                    stack.len()
                ),
            });
        }
        let [rows, cols] = stack.shape();
        // Welford's recurrences: mean and sum of squared deviations without cancellation.
        let mut mean = vec![0.0_f32; rows * cols];
        let mut squares = vec![0.0_f32; rows * cols];
        let mut seen = vec![0_u32; rows * cols];
        let mut bits = vec![0_u8; rows * cols];
        let mut header = None;
        let step = format!("mean of frames {} to {}", range.start, range.end - 1);
        for frame in stack.stream(range, 1) {
            let frame = frame?;
            let mask = mask(&frame)?;
            let pixels = frame.as_slice().iter().zip(mask.bits());
            for (at, (&count, &reasons)) in pixels.enumerate() {
                bits[at] |= reasons;
                if !is_measured(reasons) {
                    continue;
                }
                seen[at] += 1;
                let deviation = f64::from(count) - f64::from(mean[at]);
                let next = f64::from(mean[at]) + deviation / f64::from(seen[at]);
                squares[at] += (deviation * (f64::from(count) - next)) as f32;
                mean[at] = next as f32;
            }
            header.get_or_insert_with(|| frame.header().clone());
        }
        for (at, bits) in bits.iter_mut().enumerate() {
            let n = seen[at] as f32;
            if (seen[at] as usize) < least {
                *bits |= Reason::Bad.bit();
                continue;
            }
            *bits &= Reason::Outside.bit();
            squares[at] = match errors {
                Errors::Counting => mean[at] / n,
                Errors::Scatter => squares[at] / (n * (n - 1.0)),
            };
        }
        let array = |values| Array2::from_shape_vec((rows, cols), values).unwrap_or_default();
        let frame = Frame::new(array(mean))?
            .with_name(stack.name())
            .with_header(header.unwrap_or_default());
        let mask = Mask::from_bits([rows, cols], bits);
        let mut image = Self::with_variance(frame, mask, &array(squares))?;
        image.note(step);
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StackOptions;
    use crate::encode_tiff;

    fn stack(frames: &[[f32; 3]]) -> FrameStack {
        let frames: Vec<Frame> = frames
            .iter()
            .map(|counts| {
                Frame::new(Array2::from_shape_vec((1, 3), counts.to_vec()).unwrap()).unwrap()
            })
            .collect();
        let bytes = encode_tiff(&frames).unwrap();
        FrameStack::from_bytes("dark.tif", bytes, &StackOptions::default()).unwrap()
    }

    fn negative(frame: &Frame) -> Result<Mask> {
        let bits = frame.as_slice().iter().map(|&x| u8::from(x < 0.0));
        Ok(Mask::from_bits(frame.shape(), bits.collect()))
    }

    #[test]
    fn means_and_their_errors() {
        let stack = stack(&[[2.0, 5.0, -1.0], [4.0, -1.0, -1.0], [9.0, 8.0, -1.0]]);
        let counted = Image::mean(&stack, 0..3, Errors::Counting, negative).unwrap();
        assert_eq!(counted.as_slice()[..2], [5.0, 6.5]);
        assert!((counted.variance(0) - 15.0 / 9.0).abs() < 1e-6);
        assert!((counted.variance(1) - 13.0 / 4.0).abs() < 1e-6);
        assert!(counted.mask().has(0, 2, Reason::Bad) && counted.mask().valid_pixels() == 2);
        assert_eq!(counted.steps(), ["mean of frames 0 to 2"]);
        let scattered = Image::mean(&stack, 0..3, Errors::Scatter, negative).unwrap();
        // Deviations -3, -1, 4: 26 / (3 x 2).
        assert!((scattered.variance(0) - 26.0 / 6.0).abs() < 1e-5);
        assert!((scattered.variance(1) - 4.5 / 2.0).abs() < 1e-6);
        // The pixel that two frames measured needs both.
        let two = Image::mean(&stack, 0..2, Errors::Scatter, negative).unwrap();
        assert!(two.mask().has(0, 1, Reason::Bad));
    }

    #[test]
    fn ranges_are_checked() {
        let stack = stack(&[[2.0; 3], [4.0; 3]]);
        for (range, errors) in [
            (0..0, Errors::Counting),
            (0..3, Errors::Counting),
            (1..2, Errors::Scatter),
        ] {
            let error = Image::mean(&stack, range, errors, negative).unwrap_err();
            assert!(error.to_string().contains("frames 0..2"), "{error}");
        }
    }
}
