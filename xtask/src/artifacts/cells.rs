//! Obstacles, on the cells of a network input.

use gisaxs_sim::dataset::{Config, Generator, Numbers};

use crate::Failure;
use crate::gallery::canvas::Canvas;
use crate::gallery::colour;

const GRID: [usize; 2] = [112, 80];

/// A network input of `general` without and with both obstacles: the first plane.
pub(super) fn obstacles(edge: i32) -> Result<[Canvas; 2], Failure> {
    let generators = [0.0, 1.0].map(|share| {
        let mut config = Config::preset("general")?;
        config.artifacts.obstacles = share;
        Generator::new(config, 1, 1024)
    });
    let [without, with] = generators;
    let (without, with) = (without?, with?);
    for index in 0..1024 {
        let group = with.group(with.group_of(index))?;
        let record = with.sample(&group, index)?;
        let drawn: serde_json::Value = serde_json::from_str(&record.provenance)?;
        let drawn = &drawn["artifacts"];
        let number = |v: &serde_json::Value| v.as_f64().unwrap_or_default();
        let obstacles = &drawn["obstacles"];
        let size = |block: &serde_json::Value| {
            ["columns", "rows"].map(|axis| number(&block[axis][1]) - number(&block[axis][0]))
        };
        let blocks = [&obstacles["dark"]["block"], &obstacles["masked"]];
        let seen = blocks.iter().all(|b| size(b).iter().all(|n| *n > 9.0));
        let bright = number(&drawn["exposure"]["peak_counts"]) > 1e4;
        if seen && bright && number(&obstacles["dark"]["leak"]) < 0.1 {
            let before = without.sample(&group, index)?;
            let range = range(&before.fields);
            return Ok([before, record].map(|r| plane(&r.fields, range, edge)));
        }
    }
    Err("no sample with obstacles to show".into())
}

/// The planes of a network input: values, sums, validity.
fn planes(fields: &[Numbers]) -> &[f32] {
    let planes = fields.iter().find_map(|field| match field {
        Numbers::F32(x) => Some(x.as_slice()),
        _ => None,
    });
    planes.unwrap_or_default()
}

const CELLS: usize = GRID[0] * GRID[1];

/// Smallest and largest value of the first plane where cells are valid.
fn range(fields: &[Numbers]) -> [f64; 2] {
    let planes = planes(fields);
    (0..CELLS)
        .filter(|cell| planes[2 * CELLS + cell] > 0.0)
        .map(|cell| f64::from(planes[cell]))
        .fold([f64::MAX, f64::MIN], |[l, h], v| [l.min(v), h.max(v)])
}

/// The first plane where cells are valid, k_z upwards.
fn plane(fields: &[Numbers], [low, high]: [f64; 2], edge: i32) -> Canvas {
    let planes = planes(fields);
    let mut canvas = Canvas::new(edge, edge);
    for y in 0..edge {
        for x in 0..edge {
            let at = [x, edge - 1 - y].map(|p| p as usize);
            let [q, k] = [0, 1].map(|i| at[i] * GRID[i] / edge as usize);
            let cell = k * GRID[0] + q;
            let shade = if planes[2 * CELLS + cell] > 0.0 {
                colour((f64::from(planes[cell]) - low) / (high - low))
            } else {
                [190; 3]
            };
            canvas.set(x, y, shade);
        }
    }
    canvas
}
