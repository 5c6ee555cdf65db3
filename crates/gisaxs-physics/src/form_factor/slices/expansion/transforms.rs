//! The transforms of all slices at Chebyshev points of u^2, kept from block to block.

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::{Expansion, MOST_POINTS};
use crate::elementary::cos;
use crate::form_factor::slices::Section;
use crate::simd::{Kernel, LANES, Real, Simd, dispatch, lanes, lanes_mut};

/// For J Chebyshev points cos(theta_j), theta_j = (j + 1/2) pi / J.
pub(super) struct Points {
    /// cos(theta_j).
    cosines: Vec<f64>,
    /// Row by row in j, (2 / J) cos(l theta_j), halved for l = 0: turns values at the points into
    /// coefficients of T_l.
    pub(super) transform: Vec<f64>,
}

impl Points {
    /// Those of a multiple of [`LANES`] up to [`MOST_POINTS`], computed once.
    pub(super) fn of(count: usize) -> &'static Self {
        const TABLES: usize = MOST_POINTS / LANES;
        static CACHE: [OnceLock<Points>; TABLES] = [const { OnceLock::new() }; TABLES];
        CACHE[count / LANES - 1].get_or_init(|| {
            let n = count as f64;
            let theta = |j: usize| PI * (j as f64 + 0.5) / n;
            let element = |j: usize, l: usize| {
                cos(l as f64 * theta(j)) * if l == 0 { 1.0 / n } else { 2.0 / n }
            };
            Self {
                cosines: (0..count).map(|j| cos(theta(j))).collect(),
                transform: (0..count)
                    .flat_map(|j| (0..count).map(move |l| element(j, l)))
                    .collect(),
            }
        })
    }
}

/// lambda(u_j r_n) of the sizes that were looked up last.
///
/// The blocks of an image ask for the same sizes in the same interval of u again and again. Only
/// equal questions get a stored answer, so results do not depend on what came before.
#[derive(Debug, Default)]
pub(super) struct Transforms {
    tables: Vec<Table>,
    /// The one that is overwritten next.
    next: usize,
    /// u at the Chebyshev points.
    u: Vec<f64>,
}

#[derive(Debug)]
struct Table {
    section: Section,
    points: usize,
    /// Middle and half length of the interval of u^2.
    interval: [f64; 2],
    r: Vec<f64>,
    /// Slice by slice.
    values: Vec<f64>,
}

/// Tables that are kept: the sizes of an ensemble. One takes about 5 kB for particles of 10 nm.
const MOST_TABLES: usize = 64;

impl Transforms {
    /// lambda(u_j r) for each of the sizes `r` (nm), slice by slice.
    pub(super) fn of(&mut self, plan: &Expansion, r: &[f64]) -> &[f64] {
        let interval = [plan.centre, plan.half];
        let known = self.tables.iter().position(|table| {
            table.points == plan.points
                && table.interval == interval
                && table.section == plan.section
                && table.r == r
        });
        let index = known.unwrap_or_else(|| {
            let index = self.next;
            self.next = (index + 1) % MOST_TABLES;
            if index == self.tables.len() {
                let (r, values) = (Vec::new(), Vec::new());
                let (section, points) = (plan.section, plan.points);
                self.tables.push(Table {
                    section,
                    points,
                    interval,
                    r,
                    values,
                });
            }
            let table = &mut self.tables[index];
            (table.section, table.points, table.interval) = (plan.section, plan.points, interval);
            table.r.clear();
            table.r.extend_from_slice(r);
            table.values.resize(r.len() * plan.points, 0.0);
            dispatch(Fill {
                table,
                u: &mut self.u,
            });
            index
        });
        &self.tables[index].values
    }
}

/// Computes the values of a table.
struct Fill<'a> {
    table: &'a mut Table,
    u: &'a mut Vec<f64>,
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // Constant sections, so that each is compiled for itself.
        match self.table.section {
            Section::Disk => self.fill(simd, |x| Section::Disk.transform_vector(x)),
            Section::Strip => self.fill(simd, |x| Section::Strip.transform_vector(x)),
        }
    }
}

impl Fill<'_> {
    #[inline(always)]
    fn fill<S: Simd>(self, simd: S, transform: impl Fn(Real<S>) -> Real<S>) {
        let Self { table, u } = self;
        u.resize(table.points, 0.0);
        let [centre, half] = table.interval;
        let (centre, half) = (simd.real(centre), simd.real(half));
        let cosines = &Points::of(table.points).cosines;
        for (u, x) in lanes_mut::<S>(u).iter_mut().zip(lanes::<S>(cosines)) {
            let square = simd.of(*x).mul_add(half, centre);
            *u = square.max(simd.real(0.0)).sqrt().lanes();
        }
        for (row, r) in table.values.chunks_exact_mut(table.points).zip(&table.r) {
            for (out, u) in lanes_mut::<S>(row).iter_mut().zip(lanes::<S>(u)) {
                *out = transform(simd.of(*u) * *r).lanes();
            }
        }
    }
}
