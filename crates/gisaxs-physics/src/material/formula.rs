//! Chemical formulas: `Fe3O4`, `Ca(OH)2`, `Ni0.8Fe0.2`, `((CH3)2SiO)3`.

use super::element::Element;
use crate::error::{Error, Result};

/// Composition of a formula: elements with their counts, in order of first appearance.
pub(super) fn parse(formula: &str) -> Result<Vec<(&'static Element, f64)>> {
    let mut parser = Parser {
        formula,
        rest: formula,
    };
    let composition = parser.group(None)?;
    if composition.is_empty() {
        return Err(parser.error("expected an element", formula));
    }
    Ok(composition)
}

struct Parser<'a> {
    formula: &'a str,
    /// What has not been read yet.
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// Elements up to the closing bracket `close`, or to the end of the formula.
    fn group(&mut self, close: Option<char>) -> Result<Vec<(&'static Element, f64)>> {
        let start = self.rest;
        let mut composition = Vec::new();
        loop {
            match self.rest.chars().next() {
                None => match close {
                    None => return Ok(composition),
                    Some(_) => return Err(self.error("bracket is never closed", start)),
                },
                Some(open @ ('(' | '[')) => {
                    let at = self.rest;
                    self.rest = &self.rest[1..];
                    let inner = self.group(Some(if open == '(' { ')' } else { ']' }))?;
                    if inner.is_empty() {
                        let read = at.len() - self.rest.len();
                        return Err(self.error("empty brackets", &at[..read]));
                    }
                    let count = self.count()?;
                    for (element, number) in inner {
                        add(&mut composition, element, number * count);
                    }
                }
                Some(c) if Some(c) == close => {
                    self.rest = &self.rest[1..];
                    return Ok(composition);
                }
                Some(')' | ']') => {
                    return Err(self.error("bracket that closes nothing", self.rest));
                }
                Some(c) if c.is_ascii_uppercase() => {
                    let element = self.element()?;
                    let count = self.count()?;
                    add(&mut composition, element, count);
                }
                Some(c) if c.is_ascii_lowercase() => {
                    return Err(self.error("an element starts with a capital letter", self.rest));
                }
                Some(c) if c.is_ascii_digit() => {
                    return Err(self.error("a number without an element before it", self.rest));
                }
                Some(_) => return Err(self.error("unexpected character", self.rest)),
            }
        }
    }

    fn element(&mut self) -> Result<&'static Element> {
        let length = 1 + self.rest[1..]
            .chars()
            .take_while(char::is_ascii_lowercase)
            .count();
        let symbol = self.take(length);
        Element::find(symbol).ok_or_else(|| Error::UnknownElement {
            formula: self.formula.to_owned(),
            symbol: symbol.to_owned(),
        })
    }

    /// The number after an element or a bracket; 1 where there is none.
    fn count(&mut self) -> Result<f64> {
        let length = self
            .rest
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .count();
        if length == 0 {
            return Ok(1.0);
        }
        let digits = self.take(length);
        let count: f64 = digits
            .parse()
            .map_err(|_| self.error("not a number", digits))?;
        if count > 0.0 && count.is_finite() {
            Ok(count)
        } else {
            Err(self.error("expected a positive number", digits))
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn error(&self, reason: &'static str, piece: &str) -> Error {
        Error::Formula {
            formula: self.formula.to_owned(),
            piece: piece.to_owned(),
            reason,
        }
    }
}

fn add(composition: &mut Vec<(&'static Element, f64)>, element: &'static Element, count: f64) {
    match composition
        .iter_mut()
        .find(|(e, _)| e.symbol == element.symbol)
    {
        Some((_, total)) => *total += count,
        None => composition.push((element, count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(formula: &str) -> Vec<(&'static str, f64)> {
        parse(formula)
            .unwrap()
            .into_iter()
            .map(|(e, n)| (e.symbol, n))
            .collect()
    }

    #[test]
    fn reads_formulas() {
        assert_eq!(counts("Au"), [("Au", 1.0)]);
        assert_eq!(counts("Fe3O4"), [("Fe", 3.0), ("O", 4.0)]);
        assert_eq!(counts("Ni0.8Fe0.2"), [("Ni", 0.8), ("Fe", 0.2)]);
        assert_eq!(counts("CO"), [("C", 1.0), ("O", 1.0)]);
        assert_eq!(counts("Co"), [("Co", 1.0)]);
        assert_eq!(
            counts("CH3(CH2)4COOH"),
            [("C", 6.0), ("H", 12.0), ("O", 2.0)]
        );
        assert_eq!(
            counts("((CH3)2SiO)3"),
            [("C", 6.0), ("H", 18.0), ("Si", 3.0), ("O", 3.0)]
        );
        assert_eq!(
            counts("[Al2(SO4)3]0.5"),
            [("Al", 1.0), ("S", 1.5), ("O", 6.0)]
        );
    }

    #[test]
    fn names_the_offending_piece() {
        for (formula, expected) in [
            ("", ""),
            ("SiO2)", ")"),
            ("Si(O2", "O2"),
            ("Si()2", "()"),
            ("Si(O]", "]"),
            ("sio2", "sio2"),
            ("2SiO", "2SiO"),
            ("SiO0", "0"),
            ("SiO1.2.3", "1.2.3"),
            ("Si-O2", "-O2"),
            ("Si O2", " O2"),
            ("Siµ", "µ"),
        ] {
            match parse(formula) {
                Err(Error::Formula { piece, .. }) => assert_eq!(piece, expected, "{formula}"),
                other => panic!("{formula}: {other:?}"),
            }
        }
        match parse("TiXe3") {
            Err(Error::UnknownElement { symbol, .. }) => assert_eq!(symbol, "Xe"),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            parse("Si(O2").unwrap_err().to_string(),
            "formula \"Si(O2\": bracket is never closed at \"O2\""
        );
    }
}
