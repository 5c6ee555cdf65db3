//! Tables of one radius: areas of the columns, waves of the rows, at the nodes of the height.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::{SeparableGrid, UprightShape};
use crate::elementary::sin_cos;
use crate::form_factor::up_and_down;
use crate::quadrature::gauss_legendre;
use crate::simd::{Cplx, Kernel, Simd, dispatch, lanes, lanes_mut, padded};

/// Quadrature nodes for a particle of height and lateral size up to `size_nm`, where wave
/// vectors reach `q_max` nm^-1.
///
/// Gauss-Legendre resolves exp(i q z) over a length L once n exceeds q L / 4 by a few; 10
/// more nodes give 1e-10 of the volume for the shapes here (measured by a test over the
/// whole range of radii).
#[must_use]
pub(super) fn nodes_for(size_nm: f64, q_max: f64) -> usize {
    (10.0 + 0.35 * size_nm * q_max).ceil() as usize
}

/// Tables with memory for any radius. Rows and columns are padded to whole vectors with zeros.
#[derive(Debug, Clone)]
pub(super) struct Tables<'a> {
    grid: &'a SeparableGrid,
    /// Largest |q|.
    bandwidth: f64,
    q_par: Vec<f64>,
    k_f: Vec<f64>,
    r_f: [Vec<f64>; 2],
    /// Shape (nodes, columns): quadrature weight times A.
    pub(super) areas: Vec<f64>,
    /// Real and imaginary parts, shape (nodes, rows): psi_i psi_f.
    pub(super) waves: [Vec<f64>; 2],
}

impl<'a> Tables<'a> {
    pub(super) fn new(grid: &'a SeparableGrid) -> Self {
        let column = |values: &mut dyn Iterator<Item = f64>, length: usize| {
            let mut column: Vec<f64> = values.collect();
            column.resize(padded(length), 0.0);
            column
        };
        let (n_q, n_k) = (grid.n_q(), grid.n_k());
        Self {
            grid,
            bandwidth: grid.bandwidth(),
            q_par: column(&mut grid.q_par.iter().copied(), n_q),
            k_f: column(&mut grid.k_f.iter().copied(), n_k),
            r_f: [
                column(&mut grid.r_f.iter().map(|r| r.re), n_k),
                column(&mut grid.r_f.iter().map(|r| r.im), n_k),
            ],
            areas: Vec::new(),
            waves: [Vec::new(), Vec::new()],
        }
    }

    /// Number of rows with those that fill up vectors.
    pub(super) fn rows(&self) -> usize {
        self.k_f.len()
    }

    /// Number of columns with those that fill up vectors.
    pub(super) fn stride(&self) -> usize {
        self.q_par.len()
    }

    /// The tables of a radius.
    pub(super) fn fill(&mut self, shape: UprightShape, radius: f64) {
        let height = shape.height_ratio() * radius;
        if let UprightShape::Cylinder { .. } = shape {
            // The profile does not depend on z: the integral over the waves is closed.
            self.resize(1);
            self.fill_areas(0, radius, 1.0);
            let [re, im] = &mut self.waves;
            dispatch(Integrals {
                waves: WaveRows {
                    k_f: &self.k_f,
                    r_f: self.r_f.each_ref().map(Vec::as_slice),
                    re,
                    im,
                },
                k_i: self.grid.k_i,
                r_i: self.grid.r_i,
                height,
            });
            return;
        }
        let rule = gauss_legendre(nodes_for(height.max(radius), self.bandwidth));
        self.resize(rule.len());
        let rows = self.rows();
        for (node, &(x, w)) in rule.iter().enumerate() {
            let z = 0.5 * (x + 1.0) * height;
            let relative = 0.5 * (x + 1.0) * shape.height_ratio();
            let r = radius * shape.radius_squared(relative).sqrt();
            self.fill_areas(node, r, 0.5 * height * w);
            let (sin, cos) = sin_cos(self.grid.k_i * z);
            let down = Complex64::new(cos, -sin);
            let range = node * rows..(node + 1) * rows;
            let [re, im] = &mut self.waves;
            dispatch(Waves {
                waves: WaveRows {
                    k_f: &self.k_f,
                    r_f: self.r_f.each_ref().map(Vec::as_slice),
                    re: &mut re[range.clone()],
                    im: &mut im[range],
                },
                incident: down + self.grid.r_i * down.conj(),
                z,
            });
        }
    }

    fn resize(&mut self, nodes: usize) {
        self.areas.resize(nodes * self.q_par.len(), 0.0);
        for part in &mut self.waves {
            part.resize(nodes * self.k_f.len(), 0.0);
        }
    }

    /// weight 2 pi r^2 J1(q r) / (q r) for all columns.
    fn fill_areas(&mut self, node: usize, r: f64, weight: f64) {
        let stride = self.stride();
        dispatch(Areas {
            q_par: &self.q_par,
            r,
            factor: weight * 2.0 * PI * r * r,
            out: &mut self.areas[node * stride..(node + 1) * stride],
        });
    }
}

/// Appends factor J1(q r) / (q r) for every column.
pub(super) fn extend_disks(columns: &mut Vec<f64>, q_par: &[f64], r: f64, factor: f64) {
    extend(columns, q_par, |q_par, out| {
        dispatch(Areas {
            q_par,
            r,
            factor,
            out,
        });
    });
}

/// Appends factor J0(q r) for every column.
pub(super) fn extend_rims(columns: &mut Vec<f64>, q_par: &[f64], r: f64, factor: f64) {
    extend(columns, q_par, |q_par, out| {
        dispatch(Rims {
            q_par,
            r,
            factor,
            out,
        });
    });
}

/// Appends one number per column; `fill` gets columns padded to whole vectors.
fn extend(columns: &mut Vec<f64>, q_par: &[f64], fill: impl Fn(&[f64], &mut [f64])) {
    let start = columns.len();
    let mut q = q_par.to_vec();
    q.resize(padded(q_par.len()), 0.0);
    columns.resize(start + q.len(), 0.0);
    fill(&q, &mut columns[start..]);
    columns.truncate(start + q_par.len());
}

/// factor J0(q r).
struct Rims<'a> {
    q_par: &'a [f64],
    r: f64,
    factor: f64,
    out: &'a mut [f64],
}

impl Kernel for Rims<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (r, factor) = (simd.real(self.r), simd.real(self.factor));
        for (q, out) in lanes::<S>(self.q_par).iter().zip(lanes_mut::<S>(self.out)) {
            *out = ((simd.of(*q) * r).bessel_j0() * factor).lanes();
        }
    }
}

/// factor J1(q r) / (q r).
struct Areas<'a> {
    q_par: &'a [f64],
    r: f64,
    factor: f64,
    out: &'a mut [f64],
}

impl Kernel for Areas<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (r, factor) = (simd.real(self.r), simd.real(self.factor));
        for (q, out) in lanes::<S>(self.q_par).iter().zip(lanes_mut::<S>(self.out)) {
            *out = ((simd.of(*q) * r).bessel_j1_over_x() * factor).lanes();
        }
    }
}

/// The rows of the grid, and where their waves go.
struct WaveRows<'a> {
    k_f: &'a [f64],
    r_f: [&'a [f64]; 2],
    re: &'a mut [f64],
    im: &'a mut [f64],
}

/// psi_i psi_f at one height.
struct Waves<'a> {
    waves: WaveRows<'a>,
    incident: Complex64,
    z: f64,
}

impl Kernel for Waves<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let WaveRows { k_f, r_f, re, im } = self.waves;
        let (incident, z) = (simd.complex(self.incident), simd.real(self.z));
        let (r_re, r_im) = (lanes::<S>(r_f[0]), lanes::<S>(r_f[1]));
        let (re, im) = (lanes_mut::<S>(re), lanes_mut::<S>(im));
        for (v, k_f) in lanes::<S>(k_f).iter().enumerate() {
            let up = Cplx::cis(simd.of(*k_f) * z);
            let r_f = simd.of_parts(r_re[v], r_im[v]);
            let product = incident * (up.conj() + r_f * up);
            re[v] = product.re.lanes();
            im[v] = product.im.lanes();
        }
    }
}

/// int_0^H psi_i psi_f dz: four terms exp(i kappa z), each H sinc(kappa H / 2) exp(i kappa H / 2).
struct Integrals<'a> {
    waves: WaveRows<'a>,
    k_i: f64,
    r_i: Complex64,
    height: f64,
}

impl Kernel for Integrals<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let WaveRows { k_f, r_f, re, im } = self.waves;
        let (k_i, r_i) = (simd.real(self.k_i), simd.complex(self.r_i));
        let half = simd.real(0.5 * self.height);
        let height = simd.real(self.height);
        let (r_re, r_im) = (lanes::<S>(r_f[0]), lanes::<S>(r_f[1]));
        let (re, im) = (lanes_mut::<S>(re), lanes_mut::<S>(im));
        for (v, k_f) in lanes::<S>(k_f).iter().enumerate() {
            let k_f = simd.of(*k_f);
            let r_f = simd.of_parts(r_re[v], r_im[v]);
            let sum = up_and_down((k_i + k_f) * half);
            let difference = up_and_down((k_i - k_f) * half);
            let integral = sum[1] + r_i * difference[0] + r_f * (difference[1] + r_i * sum[0]);
            re[v] = (integral.re * height).lanes();
            im[v] = (integral.im * height).lanes();
        }
    }
}
