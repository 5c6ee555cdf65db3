//! Comma-separated values below lines of `# key: value` with units and provenance.

use std::fmt::Write;

use super::super::map::Map;
use super::super::profile::Profile;
use super::super::provenance::Provenance;

/// Name of a column with its unit.
fn column(name: &str, unit: &str) -> String {
    // Units of users may hold a comma.
    format!("{name} [{}]", unit.replace([',', '"', '\n', '\r'], " "))
}

fn head(provenance: &Provenance) -> String {
    let lines = provenance.entries();
    lines
        .into_iter()
        .map(|(key, value)| format!("# {key}: {value}\n"))
        .collect()
}

impl Profile {
    /// The profile as text: `#` lines of provenance, one line of column names with units,
    /// then coordinate, mean, error, sum and pixels of each bin. Numbers have the digits that
    /// make them exact when they are read back.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = head(&self.provenance);
        let unit = &self.unit;
        let names = [
            column(self.coordinate_name, self.coordinate_unit),
            column("mean", unit),
            column("error", unit),
            column("sum", unit),
            "pixels".to_owned(),
        ];
        text += &names.join(",");
        text.push('\n');
        for i in 0..self.len() {
            let _ = writeln!(
                text,
                "{},{},{},{},{}",
                self.coordinate[i], self.mean[i], self.error[i], self.sum[i], self.pixels[i]
            );
        }
        text
    }
}

impl Map {
    /// The map as text: `#` lines of provenance, one line of column names with units, then
    /// the centre of each cell that holds a valid pixel with its mean, error and number of
    /// pixels. Empty cells have no line.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = head(&self.provenance);
        let of = |axis: &super::super::Axis| {
            let quantity = axis.quantity();
            column(quantity.name(), quantity.unit())
        };
        let names = [
            of(&self.x),
            of(&self.y),
            column("mean", &self.unit),
            column("error", &self.unit),
            "pixels".to_owned(),
        ];
        text += &names.join(",");
        text.push('\n');
        let (across, up) = (self.x.centres(), self.y.centres());
        for ((row, col), &pixels) in self.pixels.indexed_iter() {
            if pixels > 0 {
                let (mean, error) = (self.mean[[row, col]], self.variance[[row, col]].sqrt());
                let (x, y) = (across[col], up[row]);
                let _ = writeln!(text, "{x:.7},{y:.7},{mean},{error},{pixels}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{map, profile};

    #[test]
    fn profiles_are_read_back_exactly() {
        let profile = profile();
        let text = profile.to_csv();
        let comments: Vec<&str> = text.lines().filter(|l| l.starts_with('#')).collect();
        assert!(comments.contains(&"# frame: scan \"a\".cbf"), "{text}");
        assert!(comments.contains(&"# wavelength_nm: 0.1"));
        let mut lines = text.lines().filter(|l| !l.starts_with('#'));
        assert_eq!(
            lines.next().unwrap(),
            "qy [1/nm],mean [counts],error [counts],sum [counts],pixels"
        );
        let rows: Vec<Vec<f64>> = lines
            .map(|l| l.split(',').map(|x| x.parse().unwrap()).collect())
            .collect();
        assert_eq!(rows.len(), profile.len());
        for (i, row) in rows.iter().enumerate() {
            let expected = [
                profile.coordinate[i],
                profile.mean[i],
                profile.error[i],
                profile.sum[i],
                f64::from(profile.pixels[i]),
            ];
            assert_eq!(row[..], expected);
        }
    }

    #[test]
    fn empty_cells_have_no_line() {
        let map = map();
        let text = map.to_csv();
        let rows = text.lines().filter(|l| !l.starts_with('#')).skip(1);
        let filled = map.pixels.iter().filter(|&&n| n > 0).count();
        assert!(filled < map.pixels.len());
        assert_eq!(rows.count(), filled);
        assert!(!text.contains("NaN"));
    }
}
