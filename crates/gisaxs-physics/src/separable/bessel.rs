//! J1(x)/x and J0(x) from tables, for the many real arguments q_par r of a grid.

use std::sync::OnceLock;

const STEP: f64 = 1.0 / 32.0;
const END: f64 = 256.0;

/// J1(x)/x and J0(x) for x >= 0; absolute errors below 2e-10 (the value at 0 is 1/2) and 1e-9.
///
/// Cubic Hermite interpolation on tables with step 1/32, with the exact derivatives
/// d/dx [J1(x)/x] = -J2(x)/x and dJ0/dx = -J1(x) (DLMF 10.6.6, 10.6.3). Beyond x = 256 the
/// functions themselves.
pub(super) struct BesselTable {
    j1_over_x: Vec<[f64; 4]>,
    j0: Vec<[f64; 4]>,
}

impl BesselTable {
    /// The one table of this process.
    pub(super) fn get() -> &'static Self {
        static TABLE: OnceLock<BesselTable> = OnceLock::new();
        TABLE.get_or_init(Self::new)
    }

    fn new() -> Self {
        Self {
            j1_over_x: pieces(|x| {
                if x == 0.0 {
                    [0.5, 0.0]
                } else {
                    [libm::j1(x) / x, -libm::jn(2, x) / x]
                }
            }),
            j0: pieces(|x| [libm::j0(x), -libm::j1(x)]),
        }
    }

    #[inline]
    pub(super) fn j1_over_x(&self, x: f64) -> f64 {
        interpolate(&self.j1_over_x, x).unwrap_or_else(|| libm::j1(x) / x)
    }

    #[inline]
    pub(super) fn j0(&self, x: f64) -> f64 {
        interpolate(&self.j0, x).unwrap_or_else(|| libm::j0(x))
    }
}

/// Cubic pieces of a function given with its derivative.
fn pieces(function: impl Fn(f64) -> [f64; 2]) -> Vec<[f64; 4]> {
    let n = (END / STEP) as usize;
    let nodes: Vec<[f64; 2]> = (0..=n)
        .map(|i| {
            let [value, slope] = function(i as f64 * STEP);
            [value, slope * STEP]
        })
        .collect();
    nodes
        .windows(2)
        .map(|w| {
            let ([f0, d0], [f1, d1]) = (w[0], w[1]);
            [
                f0,
                d0,
                3.0 * (f1 - f0) - 2.0 * d0 - d1,
                2.0 * (f0 - f1) + d0 + d1,
            ]
        })
        .collect()
}

/// The value on a piece, `None` beyond the last one.
#[inline]
fn interpolate(pieces: &[[f64; 4]], x: f64) -> Option<f64> {
    let t = x * (1.0 / STEP);
    let c = pieces.get(t as usize)?;
    let u = t - (t as usize) as f64;
    Some(c[0] + u * (c[1] + u * (c[2] + u * c[3])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_agrees_with_the_function() {
        let table = BesselTable::get();
        assert_eq!(table.j1_over_x(0.0), 0.5);
        for i in 1..60_000 {
            let x = f64::from(i) * 0.004_99;
            let exact = libm::j1(x) / x;
            assert!((table.j1_over_x(x) - exact).abs() < 2e-10, "x = {x}");
            assert!((table.j0(x) - libm::j0(x)).abs() < 1e-9, "x = {x}");
        }
    }
}
