//! Convolution of frames with short kernels, along one axis at a time.
//!
//! Tap by tap over a whole line: neighbouring results are independent, so that the compiler makes
//! vectors of them, and each is summed in the order of the kernel. Beyond the edge a frame repeats
//! its last pixel.

/// Along the rows of a frame with `cols` columns, row-major; the kernel has an odd length.
pub(super) fn along_rows(frame: &mut [f32], cols: usize, kernel: &[f32]) {
    let reach = kernel.len() / 2;
    let mut padded = vec![0.0; cols + 2 * reach];
    for row in frame.chunks_exact_mut(cols) {
        padded[..reach].fill(row[0]);
        padded[reach..reach + cols].copy_from_slice(row);
        padded[reach + cols..].fill(row[cols - 1]);
        row.fill(0.0);
        for (tap, &weight) in kernel.iter().enumerate() {
            add(row, &padded[tap..tap + cols], weight);
        }
    }
}

/// Along the columns of a frame with `cols` columns, row-major; the kernel has an odd length.
pub(super) fn along_columns(frame: &mut [f32], cols: usize, kernel: &[f32]) {
    let (rows, reach) = (frame.len() / cols, kernel.len() / 2);
    // Rows above are needed as they were; row r of them is kept in place r modulo their number.
    let mut above = vec![0.0; reach.max(1) * cols];
    let mut sum = vec![0.0; cols];
    for row in 0..rows {
        sum.fill(0.0);
        for (tap, &weight) in kernel.iter().enumerate() {
            let from = (row + tap).saturating_sub(reach).min(rows - 1);
            let line = if from < row {
                let place = from % reach * cols;
                &above[place..place + cols]
            } else {
                &frame[from * cols..(from + 1) * cols]
            };
            add(&mut sum, line, weight);
        }
        let here = &mut frame[row * cols..(row + 1) * cols];
        let place = row % reach.max(1) * cols;
        above[place..place + cols].copy_from_slice(here);
        here.copy_from_slice(&sum);
    }
}

fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, pixel by pixel.
    fn slow(frame: &[f32], cols: usize, kernel: &[f32], step: [usize; 2]) -> Vec<f32> {
        let (rows, reach) = (frame.len() / cols, kernel.len() / 2);
        let shifted = |x: usize, tap: usize, step: usize, n: usize| {
            (x + tap * step).saturating_sub(reach * step).min(n - 1)
        };
        (0..frame.len())
            .map(|i| {
                let mut sum = 0.0;
                for (tap, weight) in kernel.iter().enumerate() {
                    let row = shifted(i / cols, tap, step[0], rows);
                    let col = shifted(i % cols, tap, step[1], cols);
                    sum += weight * frame[row * cols + col];
                }
                sum
            })
            .collect()
    }

    #[test]
    fn both_axes_are_the_definition_to_the_bit() {
        let frame: Vec<f32> = (0..13 * 7).map(|i| (i * 37 % 91) as f32 * 0.37).collect();
        for kernel in [
            &[1.0][..],
            &[0.2, 0.5, 0.3],
            &[0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1],
        ] {
            let (mut rows, mut columns) = (frame.clone(), frame.clone());
            along_rows(&mut rows, 7, kernel);
            along_columns(&mut columns, 7, kernel);
            assert_eq!(rows, slow(&frame, 7, kernel, [0, 1]));
            assert_eq!(columns, slow(&frame, 7, kernel, [1, 0]));
        }
    }
}
