//! Tests that every shape of the catalogue has to pass.

use super::*;

/// Deterministic numbers in [-1, 1].
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> f64 {
        // Weyl sequence of the golden ratio, in 64 bits.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed >> 11) as f64) / (1_u64 << 52) as f64 - 1.0
    }

    /// Unit vectors: the axes, diagonals, nearly degenerate and generic directions.
    fn directions(&mut self) -> Vec<[f64; 3]> {
        let mut list = vec![
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -1.0],
            [1.0, 1.0, 0.0],
            [1.0, -1.0, 1.0],
            [1.0, 1e-9, 0.0],
            [1e-7, 0.0, 1.0],
        ];
        list.extend((0..12).map(|_| [self.next(), self.next(), self.next()]));
        list.into_iter()
            .map(|d| {
                let length = d.iter().map(|c| c * c).sum::<f64>().sqrt();
                d.map(|c| c / length)
            })
            .collect()
    }
}

/// Runs `test` on all examples of all shapes.
fn for_all(test: impl Fn(&str, &dyn FormFactor)) {
    assert!(!shapes().is_empty());
    for info in shapes() {
        assert!(!info.examples.is_empty(), "{} has no example", info.name);
        for values in info.examples {
            let shape = info.build(values).unwrap();
            test(&format!("{} {values:?}", info.name), shape.as_ref());
        }
    }
}

fn scaled(direction: [f64; 3], magnitude: f64) -> [Complex64; 3] {
    direction.map(|c| Complex64::from(c * magnitude))
}

#[test]
fn forward_value_is_the_volume() {
    for_all(|name, shape| {
        let f = shape.at([Complex64::ZERO; 3]);
        assert!(
            (f - shape.volume()).norm() < 1e-13 * shape.volume(),
            "{name}: {f}"
        );
    });
}

#[test]
fn magnitude_is_at_most_the_volume_and_never_nan() {
    for_all(|name, shape| {
        for direction in Sequence(1).directions() {
            for exponent in -24..=8 {
                let magnitude = 10.0_f64.powf(f64::from(exponent) / 2.0) / shape.radius();
                let f = shape.at(scaled(direction, magnitude));
                assert!(f.is_finite(), "{name} {direction:?} {magnitude}");
                assert!(
                    f.norm() <= shape.volume() * (1.0 + 1e-12),
                    "{name} {direction:?} {magnitude}: {f}"
                );
            }
        }
    });
}

#[test]
fn reversed_q_gives_the_conjugate() {
    for_all(|name, shape| {
        for direction in Sequence(2).directions() {
            for magnitude in [1e-3, 0.1, 0.7, 3.0] {
                let f = shape.at(scaled(direction, magnitude));
                let reversed = shape.at(scaled(direction, -magnitude));
                assert!(
                    (f.conj() - reversed).norm() < 1e-12 * shape.volume(),
                    "{name}"
                );
            }
        }
        // For complex q: F(-q*) = F(q)*.
        let q = [(0.3, 0.1), (-0.2, 0.05), (0.5, -0.2)].map(|(re, im)| Complex64::new(re, im));
        let mirrored = shape.at(q.map(|c| -c.conj()));
        assert!(
            (shape.at(q).conj() - mirrored).norm() < 1e-11 * shape.volume(),
            "{name}"
        );
    });
}

#[test]
fn continuous_over_all_crossovers() {
    // Between two q a step apart, F changes by at most |dq| times the size times V.
    for_all(|name, shape| {
        let size = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
            .iter()
            .map(|&d| shape.support(d) + shape.support(d.map(|c| -c)))
            .sum::<f64>();
        for direction in Sequence(3).directions() {
            let mut before = shape.at(scaled(direction, 0.0));
            let step = 1e-2 / size;
            for i in 1..1000 {
                let f = shape.at(scaled(direction, step * f64::from(i)));
                let change = (f - before).norm();
                assert!(
                    change < 1.0001 * step * size * shape.volume(),
                    "{name} {direction:?} {i}"
                );
                before = f;
            }
        }
    });
}

#[test]
fn agrees_with_brute_force_integration() {
    // Midpoint rule over a grid of cells. The surface cells limit it to 1e-3 V for compact shapes and
    // to 5e-3 V for a tetrahedron, which fills a third of its box only.
    // Different numbers, so that no face runs along the diagonal of the cells; even ones, so that soft
    // ridges have a cell boundary at their peak.
    const CELLS: [usize; 3] = [100, 94, 106];
    const TOLERANCE: f64 = 6e-3;
    for_all(|name, shape| {
        let extent: [[f64; 2]; 3] = std::array::from_fn(|i| {
            let mut axis = [0.0; 3];
            axis[i] = 1.0;
            let (low, high) = (-shape.support(axis.map(|c: f64| -c)), shape.support(axis));
            [low, (high - low) / CELLS[i] as f64]
        });
        let centre = |i: usize, n: usize| extent[i][0] + (n as f64 + 0.5) * extent[i][1];
        let [n_x, n_y, n_z] = CELLS;
        let cells: Vec<([f64; 3], f64)> = (0..n_x * n_y * n_z)
            .map(|n| {
                [
                    centre(0, n % n_x),
                    centre(1, n / n_x % n_y),
                    centre(2, n / n_x / n_y),
                ]
            })
            .map(|r| (r, shape.density(r)))
            .filter(|(_, density)| *density > 0.0)
            .collect();
        let volume_of_cell: f64 = extent.iter().map(|e| e[1]).product();
        let q_scale = 1.0 / shape.radius();
        for q in [
            [0.0, 0.0, 0.0],
            [1.3, 0.4, 0.0],
            [0.2, 0.9, -1.5],
            [0.0, 0.0, 3.0],
            [2.0, -1.0, 1.0],
        ] {
            let q = q.map(|c: f64| Complex64::new(c * q_scale, 0.05 * c * q_scale));
            let sum: Complex64 = cells
                .iter()
                .map(|(r, density)| {
                    density * (Complex64::I * (q[0] * r[0] + q[1] * r[1] + q[2] * r[2])).exp()
                })
                .sum();
            let error = (shape.at(q) - sum * volume_of_cell).norm() / shape.volume();
            assert!(error < TOLERANCE, "{name} {q:?}: {error:e}");
        }
    });
}

#[test]
fn four_terms_agree_with_single_evaluations() {
    for_all(|name, shape| {
        let mut numbers = Sequence(4);
        for _ in 0..40 {
            let q_par = [2.0 * numbers.next(), 2.0 * numbers.next()];
            let (i, f) = (0.4 + 0.4 * numbers.next(), 1.5 + 1.5 * numbers.next());
            for (i_im, f_im) in [(0.0, 0.0), (0.02, 0.1), (0.3, 0.0)] {
                let (k_i, k_f) = (Complex64::new(i, i_im), Complex64::new(f, f_im));
                let fast = shape.at_four(q_par, k_i, k_f);
                let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
                for (fast, q_z) in fast.into_iter().zip(q_z) {
                    let slow = shape.at([q_par[0].into(), q_par[1].into(), q_z]);
                    let scale =
                        shape.volume() * (q_z.im.abs() * shape.support([0.0, 0.0, 1.0])).exp();
                    assert!(
                        (fast - slow).norm() < 1e-12 * scale,
                        "{name} {q_par:?} {q_z}"
                    );
                }
            }
        }
    });
}

#[test]
fn cut_shapes_add_up() {
    for_all(|name, shape| {
        let height = shape.support([0.0, 0.0, 1.0]);
        let cuts = [0.0, 0.3 * height, 0.35 * height, height];
        let q = [(0.3, 0.01), (-0.2, 0.02), (0.5, -0.1)].map(|(re, im)| Complex64::new(re, im));
        let mut sum = Complex64::ZERO;
        for pair in cuts.windows(2) {
            let Some(part) = shape.cut(pair[0], pair[1]) else {
                return;
            };
            sum += part.at(q) * (Complex64::I * q[2] * pair[0]).exp();
        }
        assert!(
            (sum - shape.at(q)).norm() < 1e-11 * shape.volume(),
            "{name}"
        );
    });
}

#[test]
fn construction_by_name() {
    use crate::Error;
    assert!(shape("Sphere", &[("radius", 2.0)]).is_ok());
    assert!(matches!(
        shape("Spehre", &[]),
        Err(Error::UnknownShape { .. })
    ));
    assert!(matches!(
        shape("Sphere", &[]),
        Err(Error::MissingShapeParameter { name: "radius", .. })
    ));
    assert!(matches!(
        shape("Sphere", &[("radius", 2.0), ("height", 1.0)]),
        Err(Error::UnknownShapeParameter { .. })
    ));
    assert!(matches!(
        shape("Sphere", &[("radius", -2.0)]),
        Err(Error::Parameter { .. })
    ));
    assert!(shapes()[0].build(&[]).is_err());
}

#[test]
fn no_nan_at_any_complex_q() {
    // Growing waves: the imaginary part is a thousandth, so exp(Im q.r) stays below exp(60).
    for_all(|name, shape| {
        for direction in Sequence(5).directions() {
            for exponent in (-24..=8).step_by(4) {
                let magnitude = 10.0_f64.powf(f64::from(exponent) / 2.0) / shape.radius();
                for tilt in [1e-3, -1e-3] {
                    let q = direction.map(|c| Complex64::new(c, tilt * c) * magnitude);
                    let f = shape.at(q);
                    assert!(f.is_finite(), "{name} {q:?}: {f}");
                    // Complex in one direction only, as in an absorbing layer.
                    let [x, y, z] = direction.map(|c| Complex64::from(c * magnitude));
                    let f = shape.at([x, y, z * Complex64::new(1.0, tilt)]);
                    assert!(f.is_finite(), "{name} {q:?}: {f}");
                }
            }
        }
    });
}

#[test]
fn symmetries_of_the_body_are_those_of_its_form_factor() {
    // Every operation that leaves the density unchanged has to leave F unchanged. Which do is found from
    // the density, so that a new shape is tested without a table.
    fn turned(angle: f64) -> impl Fn([f64; 3]) -> [f64; 3] {
        let (s, c) = angle.sin_cos();
        move |[x, y, z]| [c * x - s * y, s * x + c * y, z]
    }
    type Operation = Box<dyn Fn([f64; 3]) -> [f64; 3]>;
    let third = 2.0 * std::f64::consts::PI / 3.0;
    let mut found = 0;
    let mut count = |name: &str, shape: &dyn FormFactor| {
        let [low, high] = shape.bounding_box();
        let middle = 0.5 * (low[2] + high[2]);
        // About the middle height, the phase of which is taken out below.
        let operations: [(&str, Operation); 7] = [
            ("mirror x", Box::new(|[x, y, z]| [-x, y, z])),
            ("mirror y", Box::new(|[x, y, z]| [x, -y, z])),
            ("mirror z", Box::new(|[x, y, z]| [x, y, -z])),
            ("quarter turn", Box::new(|[x, y, z]| [-y, x, z])),
            ("third of a turn", Box::new(turned(third))),
            ("sixth of a turn", Box::new(turned(0.5 * third))),
            ("any turn", Box::new(turned(1.234))),
        ];
        for (operation, apply) in operations {
            let mut numbers = Sequence(6);
            let unchanged = (0..3000).all(|_| {
                let r: [f64; 3] = std::array::from_fn(|i| {
                    0.55 * (high[i] - low[i]) * numbers.next() + 0.5 * (high[i] + low[i])
                });
                let [x, y, z] = apply([r[0], r[1], r[2] - middle]);
                (shape.density(r) - shape.density([x, y, z + middle])).abs() < 1e-9
            });
            if !unchanged {
                continue;
            }
            found += 1;
            let centred =
                |q: [f64; 3]| shape.at(q.map(Complex64::from)) * Complex64::cis(-q[2] * middle);
            for _ in 0..30 {
                let q = std::array::from_fn(|_| 4.0 / shape.radius() * numbers.next());
                let error = (centred(q) - centred(apply(q))).norm() / shape.volume();
                assert!(error < 1e-11, "{name}, {operation}, {q:?}: {error:e}");
            }
        }
    };
    for info in shapes() {
        for values in info.examples {
            count(info.name, info.build(values).unwrap().as_ref());
        }
    }
    // Most bodies have two mirror planes.
    assert!(found > 2 * shapes().len(), "{found}");
}

#[test]
fn special_parameters_give_simpler_shapes() {
    let right = std::f64::consts::FRAC_PI_2;
    let edge = 6.0_f64;
    let octahedron = [edge, edge * 0.5_f64.sqrt(), 1.0, 2.0_f64.sqrt().atan()];
    let tetrahedron = [edge, edge * (2.0_f64 / 3.0).sqrt(), (1.0_f64 / 3.0).acos()];
    let table: &[(&str, &[f64], &str, &[f64])] = &[
        ("Spheroid", &[4.0, 4.0], "Sphere", &[4.0]),
        ("Ellipsoid", &[4.0, 4.0, 4.0], "Sphere", &[4.0]),
        ("Ellipsoid", &[4.0, 4.0, 3.0], "Spheroid", &[4.0, 3.0]),
        ("SphericalSegment", &[4.0, 0.0, 0.0], "Sphere", &[4.0]),
        (
            "SpheroidalSegment",
            &[4.0, 3.0, 0.0, 0.0],
            "Spheroid",
            &[4.0, 3.0],
        ),
        (
            "SpheroidalSegment",
            &[4.0, 4.0, 1.0, 2.0],
            "SphericalSegment",
            &[4.0, 1.0, 2.0],
        ),
        (
            "EllipsoidalSegment",
            &[4.0, 5.0, 3.0, 0.0, 0.0],
            "Ellipsoid",
            &[4.0, 5.0, 3.0],
        ),
        (
            "EllipsoidalSegment",
            &[4.0, 4.0, 3.0, 1.0, 0.5],
            "SpheroidalSegment",
            &[4.0, 3.0, 1.0, 0.5],
        ),
        (
            "EllipsoidalCylinder",
            &[4.0, 4.0, 3.0],
            "Cylinder",
            &[4.0, 3.0],
        ),
        ("Cone", &[4.0, 3.0, right], "Cylinder", &[4.0, 3.0]),
        ("Pyramid3", &[6.0, 3.0, right], "Prism3", &[6.0, 3.0]),
        ("Pyramid6", &[6.0, 3.0, right], "Prism6", &[6.0, 3.0]),
        ("Pyramid4", &[6.0, 3.0, right], "Box", &[6.0, 6.0, 3.0]),
        (
            "Pyramid2",
            &[6.0, 7.0, 3.0, right, right],
            "Box",
            &[6.0, 7.0, 3.0],
        ),
        (
            "Pyramid2",
            &[6.0, 6.0, 3.0, 1.2, 1.2],
            "Pyramid4",
            &[6.0, 3.0, 1.2],
        ),
        ("TruncatedCube", &[6.0, 0.0], "Box", &[6.0, 6.0, 6.0]),
        ("CantellatedCube", &[6.0, 0.0], "Box", &[6.0, 6.0, 6.0]),
        ("Bipyramid4", &octahedron, "PlatonicOctahedron", &[edge]),
        ("Pyramid3", &tetrahedron, "PlatonicTetrahedron", &[edge]),
        (
            "LongBoxGauss",
            &[9.0, 5.0, 3.0],
            "BarGauss",
            &[9.0, 5.0, 3.0],
        ),
    ];
    let build = |name: &str, values: &[f64]| {
        let info = shapes().iter().find(|s| s.name == name).unwrap();
        info.build(values).unwrap()
    };
    for (special, a, simple, b) in table {
        let (special_shape, simple_shape) = (build(special, a), build(simple, b));
        let mut numbers = Sequence(7);
        for magnitude in [0.0, 1e-6, 0.1, 1.0, 5.0] {
            for direction in numbers.directions() {
                let q = direction.map(|c| Complex64::new(c, 0.01 * c) * magnitude);
                let error = (special_shape.at(q) - simple_shape.at(q)).norm();
                let scale = simple_shape.volume() * (0.1 * magnitude * 10.0_f64).exp();
                assert!(error < 1e-11 * scale, "{special} {simple} {q:?} {error:e}");
            }
        }
    }
    // The sharp sphere, whose origin is its centre.
    let (fuzzy, sharp) = (build("FuzzySphere", &[4.0, 0.0]), build("Sphere", &[4.0]));
    let q = [0.3, -0.2, 0.5];
    let centred = sharp.at(q.map(Complex64::from)) * Complex64::cis(-4.0 * q[2]);
    assert!((fuzzy.at(q.map(Complex64::from)) - centred).norm() < 1e-12 * sharp.volume());
}

#[test]
fn limits_of_parameters_are_enforced_by_name() {
    use crate::Error;
    for info in shapes() {
        for (i, parameter) in info.parameters.iter().enumerate() {
            assert!(["nm", "rad", ""].contains(&parameter.unit), "{}", info.name);
            assert!(!parameter.description.is_empty());
            let below = match parameter.limits {
                Limits::Finite => f64::NEG_INFINITY,
                Limits::NonNegative => -1e-9,
                Limits::Positive | Limits::Angle => 0.0,
            };
            let above = match parameter.limits {
                Limits::Angle => std::f64::consts::PI,
                _ => f64::INFINITY,
            };
            for bad in [below, above, f64::NAN] {
                let mut values = info.examples[0].to_vec();
                values[i] = bad;
                let error = info.build(&values).unwrap_err();
                assert!(
                    matches!(error, Error::Parameter { name, unit, .. }
                        if name == parameter.name && unit == parameter.unit),
                    "{} {}: {error}",
                    info.name,
                    parameter.name
                );
            }
        }
    }
}

#[test]
fn bounding_boxes_hold_the_shapes() {
    for_all(|name, shape| {
        let [low, high] = shape.bounding_box();
        let mut numbers = Sequence(8);
        let mut inside = 0;
        for _ in 0..4000 {
            let r: [f64; 3] = std::array::from_fn(|i| {
                0.5 * (low[i] + high[i]) + 0.75 * (high[i] - low[i]) * numbers.next()
            });
            let density = shape.density(r);
            if (0..3).all(|i| (low[i]..=high[i]).contains(&r[i])) {
                inside += usize::from(density > 0.0);
            } else {
                assert!(density < 1e-4, "{name} {r:?} {density}");
            }
        }
        assert!(inside > 20, "{name} {inside}");
    });
}
