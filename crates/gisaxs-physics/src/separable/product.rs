//! The product of the tables of rows and columns, tile by tile.

use super::sums::Sums;
use super::tables::Tables;
use crate::simd::{Cplx, Kernel, Simd, lanes};

/// Adds the amplitudes of some radii, each (rows x nodes) times (nodes x columns), to the sums.
///
/// With a few radii at a time the sums of a tile stay in the first-level cache; one by one, moving
/// them in and out takes as long as the products.
pub(super) struct AddRadii<'a, A> {
    pub(super) tables: &'a [Tables<'a>],
    pub(super) sums: &'a mut A,
}

impl<A: Sums> Kernel for AddRadii<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // Complex tiles of 4 x 2 vectors, their columns and a factor fit 32 registers, 2 x 2 fit 16.
        if S::REGISTER_COUNT >= 32 {
            tiles::<S, A, 4>(simd, self);
        } else {
            tiles::<S, A, 2>(simd, self);
        }
    }
}

#[inline(always)]
fn tiles<S: Simd, A: Sums, const ROWS: usize>(simd: S, add: AddRadii<'_, A>) {
    let AddRadii { tables, sums } = add;
    let (rows, vectors) = (tables[0].rows(), tables[0].stride() / S::F64_LANES);
    let mut vector = 0;
    while vector + 2 <= vectors {
        for row in (0..rows).step_by(ROWS) {
            for (radius, tables) in tables.iter().enumerate() {
                tile::<S, A, ROWS, 2>(simd, tables, sums, [radius, row, vector]);
            }
        }
        vector += 2;
    }
    if vector < vectors {
        for row in (0..rows).step_by(ROWS) {
            for (radius, tables) in tables.iter().enumerate() {
                tile::<S, A, ROWS, 1>(simd, tables, sums, [radius, row, vector]);
            }
        }
    }
}

/// The amplitudes of `ROWS` rows and `VECTORS` vectors of columns.
#[inline(always)]
fn tile<S: Simd, A: Sums, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    tables: &Tables<'_>,
    sums: &mut A,
    [radius, row, vector]: [usize; 3],
) {
    let zero = simd.real(0.0);
    let mut f = [[Cplx::new(zero, zero); VECTORS]; ROWS];
    let [re, im] = &tables.waves;
    let waves = re
        .chunks_exact(tables.rows())
        .zip(im.chunks_exact(tables.rows()));
    for (areas, (re, im)) in tables.areas.chunks_exact(tables.stride()).zip(waves) {
        let areas = &lanes::<S>(areas)[vector..vector + VECTORS];
        let (re, im) = (&re[row..row + ROWS], &im[row..row + ROWS]);
        for (f, (re, im)) in f.iter_mut().zip(re.iter().zip(im)) {
            let (re, im) = (simd.real(*re), simd.real(*im));
            for (f, area) in f.iter_mut().zip(areas) {
                let area = simd.of(*area);
                f.re = area.mul_add(re, f.re);
                f.im = area.mul_add(im, f.im);
            }
        }
    }
    for (i, f) in f.iter().enumerate() {
        for (j, f) in f.iter().enumerate() {
            sums.add(radius, row + i, vector + j, *f);
        }
    }
}
