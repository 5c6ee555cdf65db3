//! What a body needs for the four terms of the DWBA in many pixels: everything that pixels share,
//! in the order of its use.

use std::collections::HashMap;
use std::ops::Range;

use super::edges::{Edge, EdgeSum, Plane, Share};
use super::face::Face;
use super::symmetry::Symmetry;

/// Phases are products of a factor of the place in the plane and one of the height, so that
/// corners above each other, or at the same height, share theirs. Where the body has a centre of
/// symmetry, one edge of each opposite pair is enough for real q.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) symmetry: Symmetry,
    /// In-plane positions of corners.
    pub(super) places: Vec<Position<2>>,
    /// Heights of corners.
    pub(super) levels: Vec<Position<1>>,
    /// Place and level of every corner.
    pub(super) corners: Vec<[usize; 2]>,
    pub(super) planes: Vec<PlanePlan>,
    /// Edges in the order of the levels of their ends.
    pub(super) edges: Vec<EdgePlan>,
    /// Shares of the edges, doubled where an edge stands for its opposite.
    pub(super) shares: Vec<Share>,
}

/// Half a coordinate, or two, that corners have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position<const N: usize> {
    pub(super) half: [f64; N],
    /// An earlier entry with the opposite coordinates.
    pub(super) opposite: Option<usize>,
}

/// A plane that edges have shares of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlanePlan {
    pub(super) normal: [f64; 3],
    pub(super) u: [f64; 2],
    pub(super) v: [f64; 3],
    /// Square of the smallest q q_face, q_face being the part of q in the plane, at which no more
    /// than [`LOST`] of the volume is lost to cancellation; nm^-4.
    pub(super) coarseness: f64,
}

/// An edge: indices of the places and levels of its ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EdgePlan {
    pub(super) places: [usize; 2],
    pub(super) levels: [usize; 2],
    pub(super) shares: Range<usize>,
}

/// Rounding of the sums over edges: the terms are good to 1e-15 of the edge, and those of a
/// face are divided by the part of q in its plane and by q, so that the sum is good to
/// ROUNDING perimeter / (q q_face). Where that is more than LOST of the volume, the slow way is taken.
const ROUNDING: f64 = 1e-15;
/// See [`ROUNDING`].
const LOST: f64 = 1e-13;

impl Plan {
    pub(super) fn new(sum: &EdgeSum, faces: &[Face], volume: f64) -> Self {
        let symmetry = Symmetry::of(&sum.points, faces, sum.reach);
        let mut places = Positions::new(sum.reach);
        let mut levels = Positions::new(sum.reach);
        let position =
            |&[x, y, z]: &[f64; 3]| [places.find([0.5 * x, 0.5 * y]), levels.find([0.5 * z])];
        let corners: Vec<[usize; 2]> = sum.points.iter().map(position).collect();
        // Whether an edge stands for itself, for the opposite one as well, or is left to that.
        let count = |ends: [usize; 2]| match &symmetry.opposite {
            None => 1.0,
            Some(opposite) => {
                let mut image = ends.map(|i| opposite[i]);
                image.sort_unstable();
                match ends.cmp(&image) {
                    std::cmp::Ordering::Less => 2.0,
                    // Through the centre.
                    std::cmp::Ordering::Equal => 1.0,
                    std::cmp::Ordering::Greater => 0.0,
                }
            }
        };
        let levels_of = |edge: &Edge| edge.ends.map(|i| corners[i][1]);
        let mut order: Vec<&Edge> = sum.edges.iter().collect();
        order.sort_by_key(|e| levels_of(e));
        let mut shares = Vec::with_capacity(sum.shares.len());
        let mut edge_of = |edge: &Edge| {
            let start = shares.len();
            let times = count(edge.ends);
            shares.extend(
                sum.shares[edge.shares.clone()]
                    .iter()
                    .map(|s| s.times(times)),
            );
            EdgePlan {
                places: edge.ends.map(|i| corners[i][0]),
                levels: levels_of(edge),
                shares: start..shares.len(),
            }
        };
        let kept = order.iter().filter(|e| count(e.ends) > 0.0);
        let edges = kept.map(|e| edge_of(e)).collect();
        let plane_of = |plane: &Plane| {
            let smallest = ROUNDING / LOST * plane.perimeter / volume;
            PlanePlan {
                normal: plane.normal,
                u: [plane.u[0], plane.u[1]],
                v: plane.v,
                coarseness: smallest * smallest,
            }
        };
        Self {
            symmetry,
            places: places.list,
            levels: levels.list,
            corners,
            planes: sum.planes.iter().map(plane_of).collect(),
            edges,
            shares,
        }
    }
}

/// Different positions, up to rounding.
struct Positions<const N: usize> {
    list: Vec<Position<N>>,
    rounded: HashMap<[i64; N], usize>,
    /// Positions are the same if closer than this.
    step: f64,
}

impl<const N: usize> Positions<N> {
    fn new(size: f64) -> Self {
        Self {
            list: Vec::new(),
            rounded: HashMap::new(),
            step: 1e-14 * size,
        }
    }

    fn find(&mut self, half: [f64; N]) -> usize {
        self.known(half).unwrap_or_else(|| {
            let opposite = self.known(half.map(|c| -c));
            self.rounded.insert(self.key(half), self.list.len());
            self.list.push(Position { half, opposite });
            self.list.len() - 1
        })
    }

    /// The index of a known position.
    fn known(&self, half: [f64; N]) -> Option<usize> {
        let key = self.key(half);
        // Rounding may have put it into one of the next intervals.
        (0..3_usize.pow(N as u32)).find_map(|n| {
            let shift = |i: usize| (n / 3_usize.pow(i as u32) % 3) as i64 - 1;
            self.rounded
                .get(&std::array::from_fn(|i| key[i] + shift(i)))
                .copied()
        })
    }

    fn key(&self, half: [f64; N]) -> [i64; N] {
        half.map(|c| (c / self.step).round() as i64)
    }
}
