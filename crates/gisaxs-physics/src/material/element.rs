//! Atomic scattering factors of the elements.

use super::scattering_factors::{ELEMENTS, ENERGY_RANGE_KEV};
use crate::elementary::{exp, ln};
use crate::error::{Error, Result};

/// One element of the table.
#[derive(Debug)]
pub(super) struct Element {
    /// Chemical symbol.
    pub(super) symbol: &'static str,
    /// Molar mass in g/mol.
    pub(super) mass: f64,
    /// (energy in keV, f1, f2), rising in energy; two rows bracket every absorption edge.
    pub(super) rows: &'static [(f32, f32, f32)],
}

impl Element {
    /// The element with this symbol, if it is in the table.
    pub(super) fn find(symbol: &str) -> Option<&'static Self> {
        ELEMENTS.iter().find(|e| e.symbol == symbol)
    }

    /// f1 = Z + f' and f2 at a photon energy in keV: straight lines in (ln E, f1) and
    /// (ln E, ln f2).
    pub(super) fn factors(&self, energy_kev: f64) -> Result<(f64, f64)> {
        let [min_kev, max_kev] = ENERGY_RANGE_KEV;
        // Negated, so that NaN is refused too.
        if !(energy_kev >= min_kev && energy_kev <= max_kev) {
            return Err(Error::Energy {
                energy_kev,
                min_kev,
                max_kev,
            });
        }
        let upper = self
            .rows
            .partition_point(|row| f64::from(row.0) <= energy_kev)
            .clamp(1, self.rows.len() - 1);
        let (below, above) = (self.rows[upper - 1], self.rows[upper]);
        let (e0, e1) = (f64::from(below.0), f64::from(above.0));
        let weight = ln(energy_kev / e0) / ln(e1 / e0);
        let line = |a: f64, b: f64| a + weight * (b - a);
        let f1 = line(f64::from(below.1), f64::from(above.1));
        let f2 = exp(line(ln(f64::from(below.2)), ln(f64::from(above.2))));
        Ok((f1, f2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_complete_and_ordered() {
        assert_eq!(ELEMENTS.len(), 37);
        for element in ELEMENTS {
            let rows = element.rows;
            assert_eq!(rows[0].0, 1.0, "{}", element.symbol);
            assert_eq!(rows[rows.len() - 1].0, 30.0, "{}", element.symbol);
            assert!(
                rows.windows(2).all(|w| w[0].0 < w[1].0),
                "{}",
                element.symbol
            );
            assert!(rows.iter().all(|r| r.2 > 0.0), "{}", element.symbol);
            assert!(element.factors(1.0).is_ok() && element.factors(30.0).is_ok());
        }
    }

    #[test]
    fn edges_have_two_sides() {
        // Au L3 at 11.919 keV: f2 jumps from 4.6 to 9.3.
        let gold = Element::find("Au").unwrap();
        let (_, below) = gold.factors(11.912).unwrap();
        let (_, above) = gold.factors(11.926).unwrap();
        assert!(
            (below - 4.6213).abs() < 0.03 && (above - 9.3245).abs() < 0.05,
            "{below} {above}"
        );
    }

    #[test]
    fn energies_outside_the_table_are_errors() {
        let silicon = Element::find("Si").unwrap();
        for energy in [0.999, 30.001, f64::NAN, -8.0] {
            assert!(matches!(silicon.factors(energy), Err(Error::Energy { .. })));
        }
        assert!(Element::find("Xx").is_none());
    }
}
