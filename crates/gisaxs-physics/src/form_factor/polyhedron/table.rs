//! Tables of corners and faces.

use super::Polyhedron;
use super::vector::{length, minus};
use crate::elementary::{sin_cos};
use crate::error::Result;

/// Corners closer than this part of the size are one: a pyramid whose sides meet at the top, a cube of
/// which nothing is cut off.
const SAME_CORNER: f64 = 1e-9;

impl Polyhedron {
    /// The body of a table of corners (nm) and faces. Corners may coincide; edges and faces that
    /// vanish for it are left out.
    pub(super) fn table<F: AsRef<[usize]>>(corners: &[[f64; 3]], faces: &[F]) -> Result<Self> {
        let size = corners
            .iter()
            .map(|&c| length(minus(c, corners[0])))
            .fold(0.0, f64::max);
        let first_there = |i: usize| {
            let same = |&&c: &&[f64; 3]| length(minus(c, corners[i])) <= SAME_CORNER * size;
            corners.iter().position(|c| same(&c)).unwrap_or(i)
        };
        let place: Vec<usize> = (0..corners.len()).map(first_there).collect();
        let remaining = |face: &F| {
            let mut left: Vec<usize> = face.as_ref().iter().map(|&i| place[i]).collect();
            left.dedup();
            if left.len() > 1 && left.first() == left.last() {
                left.pop();
            }
            (left.len() > 2).then_some(left)
        };
        let faces: Vec<_> = faces.iter().filter_map(remaining).collect();
        Self::from_mesh(corners, &faces)
    }

    /// The body between horizontal polygons of `n` corners, one above the other, given as one list
    /// from the bottom up: each polygon counter-clockwise, side faces between corners of the same
    /// place.
    pub(super) fn stacked(n: usize, corners: &[[f64; 3]]) -> Result<Self> {
        let levels = corners.len() / n;
        let mut faces = vec![
            (0..n).rev().collect(),
            ((levels - 1) * n..levels * n).collect(),
        ];
        for level in 1..levels {
            for i in 0..n {
                let (low, high, next) = ((level - 1) * n, level * n, (i + 1) % n);
                faces.push(vec![low + i, low + next, high + next, high + i]);
            }
        }
        Self::table(corners, &faces)
    }
}

/// `n` points on a horizontal circle of `radius` at height `z`, the first at `angle` (rad).
pub(super) fn ring(n: usize, radius: f64, z: f64, angle: f64) -> impl Iterator<Item = [f64; 3]> {
    (0..n).map(move |i| {
        let (sin, cos) = sin_cos(angle + 2.0 * std::f64::consts::PI * i as f64 / n as f64);
        [radius * cos, radius * sin, z]
    })
}

/// The four corners (+-x, +-y) at height `z`.
pub(super) fn rectangle(x: f64, y: f64, z: f64) -> [[f64; 3]; 4] {
    [[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]]
}
