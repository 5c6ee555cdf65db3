//! Lattices in space and the points of them that lie inside a body.

use num_complex::Complex64;

use crate::elementary::{cis, exp, sin};
use crate::error::{Result, check};
use crate::form_factor::FormFactor;

/// A Bravais lattice in space, all points n_1 a_1 + n_2 a_2 + n_3 a_3 with integer n.
///
/// ```
/// use gisaxs_physics::Lattice3d;
///
/// let fcc = Lattice3d::face_centred_cubic(8.0)?;
/// assert!((fcc.cell_volume_nm3() - 128.0).abs() < 1e-12);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice3d {
    vectors_nm: [[f64; 3]; 3],
    /// Vectors b with b_i . a_j = 1 for i = j and 0 otherwise (no factor 2 pi), nm^-1.
    dual: [[f64; 3]; 3],
    cell_volume_nm3: f64,
}

/// Smallest volume of the cell relative to that of a box with the same edges: below, rounding
/// decides which points are inside a body.
const FLATTEST: f64 = 1e-6;

impl Lattice3d {
    /// Lattice with the primitive vectors a_1, a_2, a_3 (nm), in any order and handedness.
    ///
    /// # Errors
    /// If a coordinate is not finite or the vectors lie (almost) in a plane.
    pub fn new(vectors_nm: [[f64; 3]; 3]) -> Result<Self> {
        for coordinate in vectors_nm.iter().flatten() {
            check(
                "lattice vector",
                *coordinate,
                "nm",
                "a finite number",
                |_| true,
            )?;
        }
        let [a, b, c] = vectors_nm;
        let volume = dot(a, cross(b, c));
        let edges: f64 = vectors_nm.iter().map(|v| dot(*v, *v).sqrt()).product();
        check(
            "volume of the lattice cell",
            volume.abs(),
            "nm^3",
            "more than a millionth of a box with the same edges",
            |v| v > FLATTEST * edges,
        )?;
        Ok(Self {
            vectors_nm,
            dual: [cross(b, c), cross(c, a), cross(a, b)].map(|v| v.map(|x| x / volume)),
            cell_volume_nm3: volume.abs(),
        })
    }

    /// Cubic lattice with the edge `a_nm` (nm).
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn cubic(a_nm: f64) -> Result<Self> {
        Self::new([[a_nm, 0.0, 0.0], [0.0, a_nm, 0.0], [0.0, 0.0, a_nm]])
    }

    /// Face-centred cubic lattice with the cubic edge `a_nm` (nm); four points per cube.
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn face_centred_cubic(a_nm: f64) -> Result<Self> {
        let h = 0.5 * a_nm;
        Self::new([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]])
    }

    /// Body-centred cubic lattice with the cubic edge `a_nm` (nm); two points per cube.
    ///
    /// # Errors
    /// If the edge is not positive.
    pub fn body_centred_cubic(a_nm: f64) -> Result<Self> {
        let h = 0.5 * a_nm;
        Self::new([[-h, h, h], [h, -h, h], [h, h, -h]])
    }

    /// Hexagonal lattice: a_1 along x, a_2 at 120 degrees to it, both of length `a_nm`, and a_3
    /// of length `c_nm` along z (nm).
    ///
    /// # Errors
    /// If a length is not positive.
    pub fn hexagonal(a_nm: f64, c_nm: f64) -> Result<Self> {
        let (x, y) = (-0.5 * a_nm, 0.75_f64.sqrt() * a_nm);
        Self::new([[a_nm, 0.0, 0.0], [x, y, 0.0], [0.0, 0.0, c_nm]])
    }

    /// The primitive vectors, nm.
    #[must_use]
    pub fn vectors_nm(&self) -> [[f64; 3]; 3] {
        self.vectors_nm
    }

    /// Volume of the primitive cell, nm^3.
    #[must_use]
    pub fn cell_volume_nm3(&self) -> f64 {
        self.cell_volume_nm3
    }

    /// The points r of the lattice for which r + `offset_nm` lies inside `body` or on its surface.
    ///
    /// # Errors
    /// If there are none, or more than a million.
    pub(crate) fn points_inside(
        &self,
        body: &dyn FormFactor,
        offset_nm: [f64; 3],
    ) -> Result<Points> {
        let cells = body.volume() / self.cell_volume_nm3;
        let too_many = |n| {
            check(
                "lattice points inside the outer shape",
                n,
                "",
                "1 to 10^6",
                |n| (1.0..=MOST_POINTS).contains(&n),
            )
        };
        if cells > MOST_POINTS {
            too_many(cells)?;
        }
        let inside = Inside::new(body);
        // n_i = b_i . r, so the support function along the dual vectors bounds the integers.
        let ranges: [[i64; 2]; 3] = std::array::from_fn(|i| {
            let shift = dot(self.dual[i], offset_nm);
            let low = -body.support(self.dual[i].map(|c| -c)) - shift;
            let high = body.support(self.dual[i]) - shift;
            [(low - EDGE).ceil() as i64, (high + EDGE).floor() as i64]
        });
        // Runs of points along the vector with most of them.
        let along = (0..3)
            .max_by_key(|&i| ranges[i][1] - ranges[i][0])
            .unwrap_or(2);
        let [u, v] = [(along + 1) % 3, (along + 2) % 3];
        let point = |n: [i64; 3]| -> [f64; 3] {
            std::array::from_fn(|c| (0..3).map(|i| n[i] as f64 * self.vectors_nm[i][c]).sum())
        };
        let mut runs: Vec<Run> = Vec::new();
        for i in ranges[u][0]..=ranges[u][1] {
            for j in ranges[v][0]..=ranges[v][1] {
                let mut open = false;
                for l in ranges[along][0]..=ranges[along][1] {
                    let mut n = [0; 3];
                    (n[u], n[v], n[along]) = (i, j, l);
                    let r = point(n);
                    let occupied = inside.holds(std::array::from_fn(|c| r[c] + offset_nm[c]));
                    match runs.last_mut() {
                        Some(run) if occupied && open => run.count += 1,
                        _ if occupied => runs.push(Run {
                            first_nm: r,
                            count: 1,
                        }),
                        _ => {}
                    }
                    open = occupied;
                }
            }
        }
        let count: u32 = runs.iter().map(|r| r.count).sum();
        too_many(f64::from(count))?;
        // Runs of equal length share a factor of their sum.
        runs.sort_by_key(|r| r.count);
        Ok(Points {
            runs,
            step_nm: self.vectors_nm[along],
            count,
        })
    }
}

/// Most points of a mesocrystal.
const MOST_POINTS: f64 = 1e6;
/// Slack of the bounds on the integers, against rounding.
const EDGE: f64 = 1e-9;

/// Membership in a body, its surface included.
struct Inside<'a> {
    body: &'a dyn FormFactor,
    centre: [f64; 3],
}

impl<'a> Inside<'a> {
    fn new(body: &'a dyn FormFactor) -> Self {
        let centre = std::array::from_fn(|i| {
            let mut axis = [0.0; 3];
            axis[i] = 1.0;
            0.5 * (body.support(axis) - body.support(axis.map(|c: f64| -c)))
        });
        Self { body, centre }
    }

    /// Points are moved towards the centre by 1e-12 of their distance, so that those on the
    /// surface count whatever the rounding.
    fn holds(&self, r: [f64; 3]) -> bool {
        let moved = std::array::from_fn(|i| r[i] + 1e-12 * (self.centre[i] - r[i]));
        self.body.density(moved) >= 0.5
    }
}

/// Some points of a lattice, as runs along one of its vectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    runs: Vec<Run>,
    step_nm: [f64; 3],
    count: u32,
}

/// Points first, first + step, ..., `count` of them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    first_nm: [f64; 3],
    count: u32,
}

impl Points {
    /// Number of points.
    pub(crate) fn count(&self) -> f64 {
        f64::from(self.count)
    }

    /// The points, nm.
    pub(crate) fn iter(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.runs.iter().flat_map(move |run| {
            (0..run.count).map(move |l| {
                std::array::from_fn(|c| run.first_nm[c] + f64::from(l) * self.step_nm[c])
            })
        })
    }

    /// Sum of exp(i q.r) over the points. A run of n points is a geometric series,
    /// exp(i q.first) exp(i (n - 1) x / 2) sin(n x / 2) / sin(x / 2) with x = q.step.
    pub(crate) fn sum(&self, q: [Complex64; 3]) -> Complex64 {
        let along = |r: [f64; 3]| q[0] * r[0] + q[1] * r[1] + q[2] * r[2];
        // The series repeats itself after 2 pi; close to 0 the quotient has all its digits.
        let mut x = along(self.step_nm);
        x.re -= std::f64::consts::TAU * (x.re / std::f64::consts::TAU).round();
        let half = 0.5 * x;
        let (mut count, mut series) = (0, Complex64::ZERO);
        let mut sum = Complex64::ZERO;
        for run in &self.runs {
            if run.count != count {
                count = run.count;
                let n = f64::from(count);
                series = if half == Complex64::ZERO {
                    n.into()
                } else {
                    exp(Complex64::I * half * (n - 1.0)) * sin(half * n) / sin(half)
                };
            }
            sum += series * exp_i(along(run.first_nm));
        }
        sum
    }
}

fn exp_i(x: Complex64) -> Complex64 {
    if x.im == 0.0 {
        cis(x.re)
    } else {
        exp(Complex64::I * x)
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form_factor::{Cuboid, Cylinder, Sphere};

    #[test]
    fn points_inside_are_those_found_by_trying_all() {
        let lattice = Lattice3d::new([[4.3, 0.3, 0.2], [1.5, 5.1, -0.4], [0.2, 1.1, 3.9]]).unwrap();
        let sphere = Sphere::new(15.3).unwrap();
        let offset = [0.7, -0.2, 0.4];
        let points = lattice.points_inside(&sphere, offset).unwrap();
        let mut expected = Vec::new();
        for (i, j, l) in (0..30_i32.pow(3)).map(|n| (n % 30 - 15, n / 30 % 30 - 15, n / 900 - 15)) {
            let n = [i, j, l].map(f64::from);
            let r: [f64; 3] =
                std::array::from_fn(|c| (0..3).map(|k| n[k] * lattice.vectors_nm[k][c]).sum());
            let from_centre = [r[0] + offset[0], r[1] + offset[1], r[2] + offset[2] - 15.3];
            if dot(from_centre, from_centre) <= 15.3 * 15.3 {
                expected.push(r);
            }
        }
        // Runs add up steps, so the last digits differ.
        let sorted = |list: Vec<[f64; 3]>| {
            let mut list: Vec<_> = list
                .into_iter()
                .map(|r| r.map(|c| (c * 1e6).round()))
                .collect();
            list.sort_by(|a, b| a.partial_cmp(b).unwrap());
            list
        };
        assert!(expected.len() > 100);
        assert_eq!(sorted(points.iter().collect()), sorted(expected));

        let sum: Complex64 = points
            .iter()
            .map(|r| {
                exp_i(
                    Complex64::new(0.3, 0.01) * r[0] - 0.2 * r[1]
                        + Complex64::new(1.1, -0.02) * r[2],
                )
            })
            .sum();
        let q = [
            Complex64::new(0.3, 0.01),
            (-0.2).into(),
            Complex64::new(1.1, -0.02),
        ];
        assert!((points.sum(q) - sum).norm() < 1e-12 * points.count());
    }

    #[test]
    fn points_on_the_surface_count_and_bragg_peaks_are_full() {
        let lattice = Lattice3d::cubic(5.0).unwrap();
        let cylinder = Cylinder::new(10.0, 10.0).unwrap();
        // 13 points with i^2 + j^2 <= 4, in three layers.
        let points = lattice.points_inside(&cylinder, [0.0; 3]).unwrap();
        assert_eq!(points.count(), 39.0);
        let g = std::f64::consts::TAU / 5.0;
        for peak in [[0.0, 0.0, 0.0], [g, 0.0, 2.0 * g], [-3.0 * g, 5.0 * g, -g]] {
            let sum = points.sum(peak.map(Complex64::from));
            assert!((sum - 39.0).norm() < 1e-11, "{peak:?} {sum}");
        }
        let box_of_27 = Cuboid::new(10.0, 10.0, 10.0).unwrap();
        assert_eq!(
            lattice.points_inside(&box_of_27, [0.0; 3]).unwrap().count(),
            27.0
        );
        let fcc = Lattice3d::face_centred_cubic(10.0).unwrap();
        // Corners and faces of the cube.
        assert_eq!(
            fcc.points_inside(&box_of_27, [5.0, 5.0, 0.0])
                .unwrap()
                .count(),
            14.0
        );
        let bcc = Lattice3d::body_centred_cubic(10.0).unwrap();
        assert_eq!(
            bcc.points_inside(&box_of_27, [5.0, 5.0, 0.0])
                .unwrap()
                .count(),
            9.0
        );
        let hexagonal = Lattice3d::hexagonal(10.0, 20.0).unwrap();
        assert_eq!(
            hexagonal
                .points_inside(&cylinder, [0.0; 3])
                .unwrap()
                .count(),
            7.0
        );
    }

    #[test]
    fn refuses_flat_lattices_and_empty_or_huge_crystals() {
        assert!(Lattice3d::new([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1e-9]]).is_err());
        assert!(Lattice3d::cubic(0.0).is_err());
        assert!(Lattice3d::cubic(f64::NAN).is_err());
        let sphere = Sphere::new(3.0).unwrap();
        let lattice = Lattice3d::cubic(1e-3).unwrap();
        assert!(lattice.points_inside(&sphere, [0.0; 3]).is_err());
        let wide = Lattice3d::cubic(40.0).unwrap();
        assert!(wide.points_inside(&sphere, [20.0, 20.0, 20.0]).is_err());
    }
}
