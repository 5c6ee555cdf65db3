//! The rod: diffuse scattering in the plane of incidence, a narrow vertical line.

use super::Located;
use super::profile::Image;

/// Half width of the line, px.
const HALF: usize = 1;
/// Distances from the line at which it is compared with its surroundings, px.
const SIDE: [usize; 2] = [6, 16];
/// A row counts no more than this many standard deviations: a long line is looked for, not a
/// spot.
const CLIP: f64 = 20.0;
/// How many standard deviations of noise the line must have, and how much it must exceed
/// every other.
const SIGNIFICANT: f64 = 12.0;
const ABOVE_OTHERS: f64 = 2.0;

/// The column of the rod; or why there is none.
pub(super) fn find(image: &Image, near: Option<(f64, f64)>) -> Result<Located, String> {
    let cols = image.cols;
    if cols < 2 * SIDE[1] + 3 {
        return Err(format!("{cols} columns are too few to look for a line"));
    }
    // Per column: sum of clipped deviations, rows that could be compared.
    let mut score = vec![0.0_f64; cols];
    let mut rows = vec![0_u32; cols];
    let mut sums = Vec::new();
    for row in 0..image.rows {
        image.running(row, &mut sums);
        let between = |first: usize, end: usize| {
            let (a, b) = (sums[first], sums[end]);
            (b.0 - a.0, f64::from(b.1 - a.1))
        };
        for col in SIDE[1]..cols - SIDE[1] {
            let (line, n) = between(col - HALF, col + HALF + 1);
            let (left, nl) = between(col - SIDE[1], col - SIDE[0] + 1);
            let (right, nr) = between(col + SIDE[0], col + SIDE[1] + 1);
            if n < 1.0 || nl < 3.0 || nr < 3.0 {
                continue;
            }
            let pixels = nl + nr;
            // Both sides on their own, so that a slope or an edge is no line.
            let side = (left / nl).max(right / nr);
            let variance = (line + 1.0) / (n * n) + (left + right + 1.0) / (pixels * pixels);
            score[col] += ((line / n - side) / variance.sqrt()).clamp(-CLIP, CLIP);
            rows[col] += 1;
        }
    }
    // In units of the noise of a sum over its rows.
    for (score, &rows) in score.iter_mut().zip(&rows) {
        *score /= f64::from(rows.max(1)).sqrt();
    }
    let allowed = |col: usize| near.is_none_or(|(at, off)| (col as f64 - at).abs() <= off.max(3.0));
    let best = (0..cols)
        .filter(|&col| allowed(col))
        .max_by(|&a, &b| score[a].total_cmp(&score[b]))
        .ok_or("the direct beam that is given lies outside of the frame")?;
    if score[best] < SIGNIFICANT {
        return Err(format!(
            "the best vertical line, at column {best}, has {:.1} standard deviations, fewer than {SIGNIFICANT}",
            score[best]
        ));
    }
    let rival = (0..cols)
        .filter(|&col| col.abs_diff(best) > SIDE[1] && near.is_none())
        .max_by(|&a, &b| score[a].total_cmp(&score[b]));
    if let Some(rival) = rival
        && score[rival] * ABOVE_OTHERS > score[best]
    {
        return Err(format!(
            "columns {best} and {rival} look alike ({:.0} and {:.0} standard deviations); give \
             the direct beam",
            score[best], score[rival]
        ));
    }
    // Centre of what stands out around the best column, weighted by its score.
    let (mut weight, mut moment, mut second) = (0.0, 0.0, 0.0);
    for (col, &score) in score.iter().enumerate() {
        let apart = col as f64 - best as f64;
        if apart.abs() <= 4.0 {
            let w = score.max(0.0);
            weight += w;
            moment += w * apart;
            second += w * apart * apart;
        }
    }
    let mean = moment / weight;
    let spread = (second / weight - mean * mean).max(0.0).sqrt();
    Ok(Located {
        value: best as f64 + mean,
        // The centre of a line of some width with that many deviations; half a pixel is what
        // a rod that leans a little defines.
        sigma: (spread / score[best].sqrt()).max(0.5),
    })
}
