//! J1(x)/x from a table, for the many real arguments q_par r of a grid.

use std::sync::OnceLock;

const STEP: f64 = 1.0 / 32.0;
const END: f64 = 256.0;

/// J1(x)/x for x >= 0; absolute error below 2e-10 (the value at 0 is 1/2).
///
/// Cubic Hermite interpolation on a table with step 1/32, with the exact derivative
/// d/dx [J1(x)/x] = -J2(x)/x (DLMF 10.6.6). Beyond x = 256 the function itself.
pub(super) struct BesselTable(Vec<[f64; 4]>);

impl BesselTable {
    /// The one table of this process.
    pub(super) fn get() -> &'static Self {
        static TABLE: OnceLock<BesselTable> = OnceLock::new();
        TABLE.get_or_init(Self::new)
    }

    fn new() -> Self {
        let n = (END / STEP) as usize;
        let nodes: Vec<[f64; 2]> = (0..=n)
            .map(|i| {
                let x = i as f64 * STEP;
                if i == 0 {
                    [0.5, 0.0]
                } else {
                    [libm::j1(x) / x, -libm::jn(2, x) / x * STEP]
                }
            })
            .collect();
        Self(
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
                .collect(),
        )
    }

    #[inline]
    pub(super) fn j1_over_x(&self, x: f64) -> f64 {
        let t = x * (1.0 / STEP);
        match self.0.get(t as usize) {
            Some(c) => {
                let u = t - (t as usize) as f64;
                c[0] + u * (c[1] + u * (c[2] + u * c[3]))
            }
            None => libm::j1(x) / x,
        }
    }
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
        }
    }
}
