//! The gaps of every detector in the table of `gisaxs-preproc`.

use std::path::{Path, PathBuf};

use gisaxs_preproc::Detector;

use crate::Failure;
use crate::gallery::canvas::{Canvas, INK};

const COLUMNS: i32 = 8;
const CELL: [i32; 2] = [128, 104];
/// Room for a detector in its cell.
const ROOM: [f64; 2] = [116.0, 78.0];

/// One small picture per detector: sensors blue, gaps dark.
pub(super) fn write(folder: &Path) -> Result<PathBuf, Failure> {
    let all = Detector::all();
    let rows = (all.len() as i32 + COLUMNS - 1) / COLUMNS;
    let mut sheet = Canvas::new(COLUMNS * CELL[0], rows * CELL[1] + 4);
    for (i, detector) in all.iter().enumerate() {
        let (column, row) = (i as i32 % COLUMNS, i as i32 / COLUMNS);
        let [height, width] = detector.shape();
        let mask = detector.gap_mask();
        let scale = (width as f64 / ROOM[0]).max(height as f64 / ROOM[1]);
        let [w, h] = [width, height].map(|n| (n as f64 / scale) as i32);
        let (left, bottom) = (column * CELL[0] + 6, row * CELL[1] + 4 + ROOM[1] as i32);
        for y in 0..h {
            for x in 0..w {
                let span = |p: i32, n: usize| {
                    let first = (f64::from(p) * scale) as usize;
                    first..((f64::from(p + 1) * scale) as usize).clamp(first + 1, n)
                };
                let (mut gaps, mut n) = (0, 0);
                for r in span(y, height) {
                    for c in span(x, width) {
                        gaps += u32::from(mask[[r, c]]);
                        n += 1;
                    }
                }
                // Few shades; the narrowest gap is seen.
                let share = (f64::from(gaps) / f64::from(n) * 4.0).ceil() / 4.0;
                let mix = |a: f64, b: f64| (a + (b - a) * share) as u8;
                let shade = [mix(170.0, 20.0), mix(205.0, 30.0), mix(232.0, 60.0)];
                sheet.set(left + x, bottom - h + y, shade);
            }
        }
        sheet.left(detector.name(), left, bottom + 9, INK);
    }
    let path = folder.join("artifacts-gaps.png");
    sheet.write(&path)?;
    Ok(path)
}
