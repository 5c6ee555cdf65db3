//! Reading a TOML table with errors that name file, key, value and allowed range.

use toml::{Table, Value};

use crate::error::{Error, Result};

/// The numbers allowed for a key, with their unit.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    low: f64,
    low_is_allowed: bool,
    high: f64,
    unit: &'static str,
}

impl Range {
    /// Numbers x with `low` < x <= `high`.
    pub(crate) const fn above(low: f64, high: f64, unit: &'static str) -> Self {
        Self {
            low,
            low_is_allowed: false,
            high,
            unit,
        }
    }

    /// Numbers x with `low` <= x <= `high`.
    pub(crate) const fn from(low: f64, high: f64, unit: &'static str) -> Self {
        Self {
            low,
            low_is_allowed: true,
            high,
            unit,
        }
    }

    pub(crate) fn contains(self, x: f64) -> bool {
        (x > self.low || (self.low_is_allowed && x == self.low)) && x <= self.high
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.low_is_allowed { "from" } else { "above" };
        write!(f, "{word} {} to {}", self.low, self.high)?;
        if !self.unit.is_empty() {
            write!(f, " {}", self.unit)?;
        }
        Ok(())
    }
}

/// A table of the file, knowing its name.
#[derive(Clone)]
pub(crate) struct Section<'a> {
    pub(crate) file: &'a str,
    path: String,
    table: &'a Table,
}

/// Parses the text of `file`.
pub(crate) fn parse(file: &str, text: &str) -> Result<Table> {
    text.parse::<Table>().map_err(|e| {
        let start = e.span().map_or(0, |s| s.start).min(text.len());
        Error::Toml {
            file: file.to_owned(),
            line: text.as_bytes()[..start]
                .iter()
                .filter(|&&b| b == b'\n')
                .count()
                + 1,
            message: e.message().replace('\n', ", "),
        }
    })
}

impl<'a> Section<'a> {
    /// The whole file, of which only `known` keys may exist.
    pub(crate) fn root(file: &'a str, table: &'a Table, known: &[&'static str]) -> Result<Self> {
        let section = Self {
            file,
            path: String::new(),
            table,
        };
        section.check_keys(known)?;
        Ok(section)
    }

    /// The table at `key`, of which only `known` keys may exist.
    pub(crate) fn table(
        &self,
        key: &'static str,
        known: &[&'static str],
    ) -> Result<Option<Section<'a>>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(value) => self.open(self.key(key), value, known).map(Some),
        }
    }

    fn open(&self, path: String, value: &'a Value, known: &[&'static str]) -> Result<Self> {
        let Value::Table(table) = value else {
            return Err(self.wrong(path, value, "a table".to_owned()));
        };
        let section = Self {
            file: self.file,
            path,
            table,
        };
        section.check_keys(known)?;
        Ok(section)
    }

    fn check_keys(&self, known: &[&'static str]) -> Result<()> {
        let Some(unknown) = self.table.keys().find(|k| !known.contains(&k.as_str())) else {
            return Ok(());
        };
        let nearest = known
            .iter()
            .map(|k| (strsim::jaro_winkler(unknown, k), k))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|&(similarity, _)| similarity > 0.7)
            .map(|(_, k)| self.key(k));
        Err(Error::UnknownKey {
            file: self.file.to_owned(),
            key: self.key(unknown),
            nearest,
            known: known.to_vec(),
        })
    }

    /// Full name of a key of this table.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.table.get(key)
    }

    pub(crate) fn missing(&self, key: &str, expected: impl Into<String>) -> Error {
        Error::MissingKey {
            file: self.file.to_owned(),
            key: self.key(key),
            expected: expected.into(),
        }
    }

    pub(crate) fn bad(&self, key: &str, expected: impl Into<String>) -> Error {
        let value = self.table.get(key).map(one_line).unwrap_or_default();
        Error::Value {
            file: self.file.to_owned(),
            key: self.key(key),
            value,
            expected: expected.into(),
        }
    }

    fn wrong(&self, key: String, value: &Value, expected: String) -> Error {
        Error::Value {
            file: self.file.to_owned(),
            key,
            value: one_line(value),
            expected,
        }
    }

    pub(crate) fn number(&self, key: &str, range: Range) -> Result<Option<f64>> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        as_number(value)
            .filter(|&x| range.contains(x))
            .map(Some)
            .ok_or_else(|| self.bad(key, format!("a number {range}")))
    }

    pub(crate) fn required(&self, key: &str, range: Range) -> Result<f64> {
        self.number(key, range)?
            .ok_or_else(|| self.missing(key, format!("a number {range}")))
    }

    /// `N` numbers, all in `range`; `what` says what they are.
    pub(crate) fn numbers<const N: usize>(
        &self,
        key: &str,
        what: &str,
        range: Range,
    ) -> Result<Option<[f64; N]>> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        let read = || -> Option<[f64; N]> {
            let list = value.as_array()?;
            let mut out = [0.0; N];
            if list.len() != N {
                return None;
            }
            for (x, v) in out.iter_mut().zip(list) {
                *x = as_number(v).filter(|&x| range.contains(x))?;
            }
            Some(out)
        };
        read()
            .map(Some)
            .ok_or_else(|| self.bad(key, format!("{what}, {N} numbers {range}")))
    }

    pub(crate) fn text(&self, key: &str, what: &str) -> Result<Option<&'a str>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(s)) => Ok(Some(s)),
            Some(_) => Err(self.bad(key, what)),
        }
    }

    /// The tables of a list.
    pub(crate) fn tables(
        &self,
        key: &'static str,
        known: &[&'static str],
    ) -> Result<Vec<Section<'a>>> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(i, v)| self.open(format!("{}[{i}]", self.key(key)), v, known))
                .collect(),
            Some(_) => Err(self.bad(key, "a list of tables")),
        }
    }
}

/// A finite number, written with or without a decimal point.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        Value::Integer(n) => Some(*n as f64),
        _ => None,
    }
    .filter(|x| x.is_finite())
}

fn one_line(value: &Value) -> String {
    value.to_string().replace('\n', " ")
}
