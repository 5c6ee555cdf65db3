//! Blocks of pixels against the terms of single pixels.

use super::super::terms::{BLOCK, Scratch, Split, Terms};
use super::super::{
    AlongRidge, Cone, CrossSection, EllipsoidalCylinder, EllipsoidalSegment, FormFactor,
    HorizontalCylinder, Revolution, Ridge, SphericalSegment,
};
use super::*;
use crate::simd::padded;
use crate::simd::testing::with_all_instructions;

/// One example of everything that is made of slices.
fn shapes() -> Vec<Box<dyn FormFactor>> {
    let ridge = |along, section| Ridge::new([9.0, 6.0, 4.0], along, section).unwrap();
    let wavy = |z: f64| 2.0 + (1.7 * z).sin();
    vec![
        Box::new(SphericalSegment::new(5.0, 0.0, 3.0).unwrap()),
        Box::new(SphericalSegment::new(20.0, 0.0, 39.0).unwrap()),
        Box::new(SphericalSegment::new(60.0, 10.0, 20.0).unwrap()),
        Box::new(EllipsoidalSegment::new([3.0, 5.0, 4.0], 1.0, 3.0).unwrap()),
        Box::new(Cone::new(5.0, 4.0, 1.1).unwrap()),
        Box::new(Cone::new(3.0, 8.0, 1.8).unwrap()),
        Box::new(
            Revolution::new(7.0, &[3.0], wavy)
                .unwrap()
                .elliptical(1.5)
                .unwrap(),
        ),
        Box::new(EllipsoidalCylinder::new(5.0, 3.0, 6.0).unwrap()),
        Box::new(HorizontalCylinder::new(4.0, 9.0, 1.0, 2.0).unwrap()),
        Box::new(ridge(AlongRidge::LongLorentz, CrossSection::Rectangle)),
        Box::new(ridge(AlongRidge::Box, CrossSection::Cosine)),
        Box::new(ridge(AlongRidge::Gauss, CrossSection::Cosine)),
        Box::new(ridge(
            AlongRidge::Lorentz,
            CrossSection::Sawtooth { asymmetry_nm: 0.0 },
        )),
        Box::new(ridge(
            AlongRidge::LongLorentz,
            CrossSection::Sawtooth { asymmetry_nm: 1.5 },
        )),
    ]
}

/// Pixels with their wavevectors and waves.
struct Pixels {
    q: [Vec<f64>; 3],
    k_i: Complex64,
    k_f: Vec<Complex64>,
    waves: [Vec<Complex64>; 2],
}

impl Pixels {
    /// `q` (nm^-1) and `k_f` (nm^-1) by pixel.
    fn new(
        count: usize,
        k_i: Complex64,
        q: impl Fn(usize) -> [f64; 2],
        k_f: impl Fn(usize) -> Complex64,
        uniform: bool,
    ) -> Self {
        let at = |i: usize| i.min(count - 1);
        let column = |f: &dyn Fn(usize) -> f64| (0..padded(count)).map(|i| f(at(i))).collect();
        let wave = |i: usize, phase: f64| {
            let turn = if uniform { 0.0 } else { at(i) as f64 };
            Complex64::from_polar(0.5 + 0.4 * (0.3 * turn + phase).sin(), turn + phase)
        };
        Self {
            q: [
                column(&|i| q(i)[0]),
                column(&|i| q(i)[1]),
                column(&|i| q(i)[0].hypot(q(i)[1])),
            ],
            k_i,
            k_f: (0..padded(count)).map(|i| k_f(at(i))).collect(),
            waves: [1.0, 2.5].map(|phase| (0..padded(count)).map(|i| wave(i, phase)).collect()),
        }
    }

    /// Differences between a block and single pixels, relative to V and the growth with Im q.
    fn deviations(
        &self,
        shape: &dyn FormFactor,
        scratch: &mut Scratch,
        pixels: usize,
        uniform: bool,
    ) -> Vec<f64> {
        let parts = |list: &[Complex64]| -> [Vec<f64>; 2] {
            [
                list.iter().map(|z| z.re).collect(),
                list.iter().map(|z| z.im).collect(),
            ]
        };
        let incident = [Complex64::new(0.9, 0.2), Complex64::new(-0.3, 0.5)];
        let exit = self.waves.each_ref().map(|wave| parts(wave));
        let k_f = parts(&self.k_f);
        let split =
            |[re, im]: &'_ [Vec<f64>; 2]| -> (Vec<f64>, Vec<f64>) { (re.clone(), im.clone()) };
        let products: Vec<(Vec<f64>, Vec<f64>)> = (0..4)
            .map(|t| {
                let list: Vec<Complex64> = self.waves[t / 2]
                    .iter()
                    .map(|f| incident[t % 2] * f)
                    .collect();
                split(&parts(&list))
            })
            .collect();
        let terms = Terms {
            pixels,
            q_x: &self.q[0],
            q_y: &self.q[1],
            q_par: &self.q[2],
            k_i: self.k_i,
            k_f: Split {
                re: &k_f[0],
                im: &k_f[1],
            },
            incident,
            exit: exit.each_ref().map(|[re, im]| Split { re, im }),
            weights: std::array::from_fn(|t| Split {
                re: &products[t].0,
                im: &products[t].1,
            }),
            real: self.k_i.im == 0.0 && self.k_f.iter().all(|k| k.im == 0.0),
            uniform,
        };
        // Something to add to.
        let (mut re, mut im) = (vec![3.0; terms.padded()], vec![-2.0; terms.padded()]);
        scratch.forget();
        shape.add_terms(&terms, scratch, &mut re, &mut im);
        let height = shape.support([0.0, 0.0, 1.0]);
        (0..pixels)
            .map(|i| {
                let four = shape.at_four([self.q[0][i], self.q[1][i]], self.k_i, self.k_f[i]);
                let sum: Complex64 = four
                    .iter()
                    .zip(&terms.weights)
                    .map(|(f, w)| w.at(i) * f)
                    .sum();
                let growth = (self.k_i.im.abs() + self.k_f[i].im.abs()) * height;
                let found = Complex64::new(re[i] - 3.0, im[i] + 2.0);
                (found - sum).norm() / (shape.volume() * growth.exp())
            })
            .collect()
    }
}

/// Of the series in u and k_f (their bounds), and of rounding at large phases.
const TOLERANCE: f64 = 2e-12;

#[test]
fn blocks_agree_with_single_pixels() {
    let real = Complex64::from;
    let generic = |i: usize| ((i * 37) % 101) as f64 / 101.0;
    // The same memory for everything: what is kept in it must not be taken for something else.
    let scratch = std::cell::RefCell::new(Scratch::default());
    with_all_instructions(|name| {
        for shape in shapes() {
            let check = |case: &str, pixels: Pixels, count: usize, uniform: bool| {
                let scratch = &mut scratch.borrow_mut();
                let errors = pixels.deviations(shape.as_ref(), scratch, count, uniform);
                let worst = errors.iter().copied().fold(0.0, f64::max);
                let good = errors.iter().all(|error| *error < TOLERANCE);
                assert!(good, "{name}, {shape:?}, {case} of {count}: {worst:e}");
            };
            for count in [1, 7, 64, 100, BLOCK] {
                let across = |i: usize| 2.4 * (i as f64 / count as f64 - 0.4);
                // A row of one alpha_f, a row that is slightly bent, one that is bent more.
                for (case, bend) in [("row", 0.0), ("arc", 1e-6), ("bent arc", 0.05)] {
                    for k_f in [0.0, 0.3, 2.0] {
                        let k_f = |i: usize| real(k_f + bend * across(i).powi(2));
                        let row =
                            Pixels::new(count, real(0.2), |i| [0.02, across(i)], k_f, bend == 0.0);
                        check(case, row, count, bend == 0.0);
                    }
                }
                // A column; pixels in no order at all.
                let column = Pixels::new(
                    count,
                    real(0.2),
                    |_| [0.0, 0.3],
                    |i| real(0.02 * i as f64),
                    false,
                );
                check("column", column, count, false);
                let scattered = Pixels::new(
                    count,
                    real(0.3),
                    |i| [generic(i) - 0.5, 3.0 * generic(5 * i + 1) - 1.0],
                    |i| real(4.0 * generic(3 * i + 2)),
                    false,
                );
                check("scattered", scattered, count, false);
                // Absorbing layers: a row and no order; below the critical angle waves decay.
                let (k_i, k_f) = (Complex64::new(0.1, 0.02), Complex64::new(0.5, 0.03));
                let row = Pixels::new(count, k_i, |i| [0.0, across(i)], |_| k_f, true);
                check("absorbing row", row, count, true);
                let decaying = Pixels::new(
                    count,
                    Complex64::new(1e-3, 0.05),
                    |i| [0.1 * generic(i), across(i)],
                    |i| Complex64::new(generic(i), 0.06 * generic(i + 50)),
                    false,
                );
                check("decaying", decaying, count, false);
                // Nothing but q = 0, and next to it.
                for size in [0.0, 1e-12, 1e-5] {
                    let origin = Pixels::new(
                        count,
                        real(0.0),
                        |i| [0.0, size * generic(i)],
                        |i| real(size * generic(i + 3)),
                        false,
                    );
                    check("origin", origin, count, false);
                }
            }
        }
    });
}

#[test]
fn not_a_number_stays_in_its_pixel() {
    let segment = SphericalSegment::new(5.0, 0.0, 3.0).unwrap();
    let real = Complex64::from;
    let mut pixels = Pixels::new(
        20,
        real(0.2),
        |i| [0.0, 0.1 * i as f64],
        |_| real(0.4),
        false,
    );
    pixels.q[1][3] = f64::NAN;
    pixels.q[2][3] = f64::NAN;
    let errors = pixels.deviations(&segment, &mut Scratch::default(), 20, false);
    for (pixel, error) in errors.iter().enumerate() {
        assert_eq!(error.is_nan(), pixel == 3);
        assert!(pixel == 3 || *error < TOLERANCE, "{pixel}: {error:e}");
    }
}

#[test]
fn large_shapes_and_wavevectors_are_finite_and_small() {
    // Where the number of nodes ends, F is tiny: no NaN, and never above V.
    for magnitude in [1e2, 1e3, 1e4] {
        for shape in shapes() {
            let scale = magnitude / shape.radius();
            let volume = shape.volume();
            for tilt in [0.0, 0.5, 1.5] {
                let (u, q_z) = (scale * f64::cos(tilt), scale * f64::sin(tilt));
                let f = shape.at([u.into(), Complex64::ZERO, q_z.into()]);
                assert!(
                    f.is_finite() && f.norm() <= volume,
                    "{shape:?} {magnitude} {tilt}: {f}"
                );
            }
        }
    }
}
