//! Monotone cubic interpolation of tabulated profiles.

/// Slopes of the piecewise cubic through points (z, r) with ascending z that is monotone between two
/// points wherever the points are, so that it overshoots nowhere and never becomes negative.
///
/// Inside: the harmonic mean of the neighbouring secants, zero at an extremum; at the ends the
/// three-point formula, limited. F. N. Fritsch, J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984).
pub(super) fn slopes(points: &[[f64; 2]]) -> Vec<f64> {
    let step = |i: usize| points[i + 1][0] - points[i][0];
    let secant = |i: usize| (points[i + 1][1] - points[i][1]) / step(i);
    let last = points.len() - 1;
    if last == 1 {
        return vec![secant(0); 2];
    }
    // End slope from the two nearest steps (h0 next to the end) and their secants.
    let end = |[h0, h1]: [f64; 2], [d0, d1]: [f64; 2]| {
        let slope = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
        if slope * d0 <= 0.0 {
            0.0
        } else if d0 * d1 < 0.0 && slope.abs() > 3.0 * d0.abs() {
            3.0 * d0
        } else {
            slope
        }
    };
    (0..=last)
        .map(|i| match i {
            0 => end([step(0), step(1)], [secant(0), secant(1)]),
            i if i == last => end([step(i - 1), step(i - 2)], [secant(i - 1), secant(i - 2)]),
            i => {
                let (h0, h1, d0, d1) = (step(i - 1), step(i), secant(i - 1), secant(i));
                if d0 * d1 <= 0.0 {
                    return 0.0;
                }
                let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
                (w0 + w1) / (w0 / d0 + w1 / d1)
            }
        })
        .collect()
}

/// Value at `z` of the cubic between two points with these slopes (Hermite form).
pub(super) fn cubic([z0, r0]: [f64; 2], [z1, r1]: [f64; 2], [s0, s1]: [f64; 2], z: f64) -> f64 {
    let h = z1 - z0;
    let t = (z - z0) / h;
    let u = 1.0 - t;
    (1.0 + 2.0 * t) * u * u * r0 + t * u * u * h * s0 + t * t * (3.0 - 2.0 * t) * r1
        - t * t * u * h * s1
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [[f64; 2]; 6] = [
        [0.0, 3.0],
        [1.0, 4.0],
        [1.5, 4.0],
        [3.0, 1.0],
        [3.1, 0.0],
        [5.0, 0.0],
    ];

    #[test]
    fn passes_the_points_and_stays_between_them() {
        let slopes = slopes(&POINTS);
        for i in 0..POINTS.len() - 1 {
            let (a, b) = (POINTS[i], POINTS[i + 1]);
            let s = [slopes[i], slopes[i + 1]];
            assert!((cubic(a, b, s, a[0]) - a[1]).abs() < 1e-15);
            assert!((cubic(a, b, s, b[0]) - b[1]).abs() < 1e-15);
            let (low, high) = (a[1].min(b[1]), a[1].max(b[1]));
            for k in 0..=100 {
                let r = cubic(a, b, s, a[0] + (b[0] - a[0]) * f64::from(k) / 100.0);
                assert!(r >= low - 1e-12 && r <= high + 1e-12, "{i} {k}: {r}");
            }
        }
    }

    #[test]
    fn reproduces_lines_and_converges_on_curves() {
        let line: Vec<[f64; 2]> = [0.0, 0.7, 2.0, 2.2].map(|z| [z, 1.0 + 0.5 * z]).to_vec();
        assert!(slopes(&line).iter().all(|s| (s - 0.5).abs() < 1e-14));
        let error = |n: u32| {
            let curve: Vec<[f64; 2]> = (0..=n)
                .map(|i| f64::from(i) / f64::from(n))
                .map(|z| [z, z.exp()])
                .collect();
            let s = slopes(&curve);
            let r = cubic(curve[0], curve[1], [s[0], s[1]], 0.5 * curve[1][0]);
            (r - (0.5 / f64::from(n)).exp()).abs()
        };
        assert!(
            error(40) < 0.2 * error(20),
            "better than second order: {} {}",
            error(20),
            error(40)
        );
    }
}
