//! Blocks of pixels against single pixels, for the whole catalogue.

use num_complex::Complex64;

use super::terms::Columns;
use super::{Scratch, Terms, add_terms_one_by_one, shapes};
use crate::simd::padded;
use crate::simd::testing::with_all_instructions;

/// Difference to single pixels, relative to the volume and the sum of |weight| exp(|Im q_z| height).
/// Polyhedra and cylinders lose two digits of the volume themselves where q is nearly along a face.
const TOLERANCE: f64 = 3e-13;

/// Everything that [`Terms`] refers to.
struct Pixels {
    pixels: usize,
    q_x: Vec<f64>,
    q_y: Vec<f64>,
    q_par: Vec<f64>,
    k_i: Complex64,
    k_f: Columns,
    incident: [Complex64; 2],
    exit: [Columns; 2],
    weights: [Columns; 4],
    uniform: bool,
}

impl Pixels {
    fn new(pixels: usize, absorption: f64, uniform: bool) -> Self {
        let n = padded(pixels);
        // The first pixels are the special ones: q = 0, tiny q, along the axes, large.
        let special = [
            [0.0, 0.0],
            [1e-12, -1e-13],
            [0.3, 0.0],
            [0.0, -1.7],
            [4.0, 3.0],
        ];
        let spread = |i: usize, step: usize| (i * step % 97) as f64 / 48.5 - 1.0;
        let q: Vec<[f64; 2]> = (0..n)
            .map(|i| i.min(pixels - 1))
            .map(|i| {
                *special
                    .get(i)
                    .unwrap_or(&[spread(i, 31), 1.5 * spread(i, 57)])
            })
            .collect();
        let mut block = Self {
            pixels,
            q_x: q.iter().map(|q| q[0]).collect(),
            q_y: q.iter().map(|q| q[1]).collect(),
            q_par: q.iter().map(|q| q[0].hypot(q[1])).collect(),
            k_i: Complex64::new(0.21, 0.5 * absorption),
            k_f: Columns::default(),
            incident: [Complex64::new(0.9, 0.1), Complex64::new(-0.3, 0.5)],
            exit: Default::default(),
            weights: Default::default(),
            uniform,
        };
        for pixel in 0..n {
            let i = if uniform { 5 } else { pixel.min(pixels - 1) };
            // The second one makes k_i - k_f vanish.
            let k_f = match i {
                1 => block.k_i,
                _ => Complex64::new(
                    0.8 + 0.7 * spread(i, 41),
                    absorption * (1.0 + spread(i, 13)),
                ),
            };
            block.k_f.set(pixel, k_f);
            let exit = [
                Complex64::from_polar(1.0, 0.1 * i as f64),
                Complex64::from_polar(0.6, -0.3 * i as f64),
            ];
            for (columns, value) in block.exit.iter_mut().zip(exit) {
                columns.set(pixel, value);
            }
            let [t_i, r_i] = block.incident;
            let [t_f, r_f] = exit;
            let products = [t_i * t_f, r_i * t_f, t_i * r_f, r_i * r_f];
            for (columns, value) in block.weights.iter_mut().zip(products) {
                columns.set(pixel, value);
            }
        }
        block
    }

    fn terms(&self) -> Terms<'_> {
        let n = padded(self.pixels);
        Terms {
            pixels: self.pixels,
            q_x: &self.q_x,
            q_y: &self.q_y,
            q_par: &self.q_par,
            k_i: self.k_i,
            k_f: self.k_f.view(n),
            incident: self.incident,
            exit: self.exit.each_ref().map(|w| w.view(n)),
            weights: self.weights.each_ref().map(|w| w.view(n)),
            real: self.k_i.im == 0.0 && self.k_f.im.iter().all(|im| *im == 0.0),
            uniform: self.uniform,
        }
    }
}

#[test]
fn blocks_agree_with_single_pixels() {
    for (pixels, absorption, uniform) in [
        (45, 0.0, false),
        (1, 0.0, false),
        (16, 0.0, true),
        (29, 0.03, false),
        (8, 0.03, true),
    ] {
        let block = Pixels::new(pixels, absorption, uniform);
        let terms = block.terms();
        assert_eq!(terms.real, absorption == 0.0);
        for info in shapes() {
            let mut scratch = Scratch::default();
            for values in info.examples {
                let shape = info.build(values).unwrap();
                let n = terms.padded();
                let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
                add_terms_one_by_one(&*shape, &terms, &mut re, &mut im);
                let height = shape.support([0.0, 0.0, 1.0]) + shape.support([0.0, 0.0, -1.0]);
                let decay = 2.5 * absorption;
                let scale = 4.0 * shape.volume() * (decay * height).exp();
                with_all_instructions(|name| {
                    // What is there stays: the terms are added.
                    let (mut found_re, mut found_im) = (vec![scale; n], vec![-scale; n]);
                    scratch.forget();
                    shape.add_terms(&terms, &mut scratch, &mut found_re, &mut found_im);
                    for p in 0..pixels {
                        let error =
                            (found_re[p] - scale - re[p]).hypot(found_im[p] + scale - im[p]);
                        assert!(
                            error < TOLERANCE * scale,
                            "{} {values:?}, {name}, {pixels} pixels, absorption {absorption}, pixel {p}: {:e}",
                            info.name,
                            error / scale
                        );
                    }
                });
            }
        }
    }
}

#[test]
fn sizes_of_one_shape_share_without_mixing() {
    let block = Pixels::new(21, 0.0, false);
    let terms = block.terms();
    let names = [
        ("Sphere", vec![vec![1.0], vec![3.0], vec![7.0]]),
        (
            "Cylinder",
            vec![vec![1.0, 4.0], vec![3.0, 4.0], vec![3.0, 5.0]],
        ),
        (
            "Ellipsoid",
            vec![
                vec![2.0, 3.0, 4.0],
                vec![4.0, 6.0, 8.0],
                vec![4.0, 6.0, 7.0],
            ],
        ),
        (
            "FuzzySphere",
            vec![vec![4.0, 0.3], vec![5.0, 0.3], vec![5.0, 0.4]],
        ),
    ];
    let n = terms.padded();
    let mut scratch = Scratch::default();
    for (name, sizes) in names {
        let info = shapes().iter().find(|s| s.name == name).unwrap();
        for values in &sizes {
            let shape = info.build(values).unwrap();
            let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
            add_terms_one_by_one(&*shape, &terms, &mut re, &mut im);
            let (mut found_re, mut found_im) = (vec![0.0; n], vec![0.0; n]);
            shape.add_terms(&terms, &mut scratch, &mut found_re, &mut found_im);
            for p in 0..terms.pixels {
                let error = (found_re[p] - re[p]).hypot(found_im[p] - im[p]);
                assert!(
                    error < TOLERANCE * shape.volume(),
                    "{name} {values:?}: {error:e}"
                );
            }
        }
    }
}
