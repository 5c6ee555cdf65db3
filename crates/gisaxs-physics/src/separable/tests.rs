use super::*;
use crate::Layer;
use crate::quadrature::gauss_legendre;

fn silicon() -> (Multilayer, Beam) {
    let index = RefractiveIndex::new(5e-6, 1e-7).unwrap();
    (
        Multilayer::substrate(index).unwrap(),
        Beam::new(0.105, 0.4_f64.to_radians()).unwrap(),
    )
}

/// Form factor of a full sphere standing on z = 0: 4 pi R^3 (sin x - x cos x) / x^3 exp(i q_z R).
fn sphere(radius: f64, q_par: f64, q_z: f64) -> Complex64 {
    let x = q_par.hypot(q_z) * radius;
    let shape = if x < 1e-3 {
        1.0 / 3.0 - x * x / 30.0
    } else {
        (x.sin() - x * x.cos()) / x.powi(3)
    };
    Complex64::cis(q_z * radius) * (4.0 * std::f64::consts::PI * radius.powi(3) * shape)
}

fn four_terms(
    f: impl Fn(f64) -> Complex64,
    (k_i, r_i): (f64, Complex64),
    (k_f, r_f): (f64, Complex64),
) -> Complex64 {
    f(-k_i - k_f) + r_i * f(k_i - k_f) + r_f * f(k_f - k_i) + r_i * r_f * f(k_i + k_f)
}

#[test]
fn spheres_agree_with_the_four_closed_terms() {
    let (stack, beam) = silicon();
    let q: Vec<f64> = (0..30).map(|i| 0.1 * f64::from(i)).collect();
    let k: Vec<f64> = (0..25).map(|i| 0.01 + 0.12 * f64::from(i)).collect();
    let grid = SeparableGrid::new(&stack, &beam, &q, &k);
    let full = UprightShape::Segment { height_ratio: 2.0 };
    for radius in [0.5, 2.0, 7.0, 25.0] {
        let averages = grid.averages(full, &[radius], &[3.0]);
        let volume = full.volume(radius);
        for (i, (&c, &m)) in averages
            .coherent
            .iter()
            .zip(&averages.mean_square)
            .enumerate()
        {
            let (k_f, q_par) = (k[i / q.len()], q[i % q.len()]);
            let exact = four_terms(
                |q_z| sphere(radius, q_par, q_z),
                (beam.kz(), stack.reflection(beam.k(), beam.kz())),
                (k_f, stack.reflection(beam.k(), k_f)),
            )
            .norm_sqr();
            // Amplitudes agree to 1e-10 V (the quadrature), so squares to 2e-10 V |F|.
            let tolerance = 4e-10 * volume * (exact.sqrt() + 1e-10 * volume);
            assert!(
                (m - exact).abs() < tolerance,
                "R {radius} q {q_par} k {k_f}"
            );
            assert!((c - m).abs() < tolerance);
        }
    }
}

#[test]
fn cylinders_agree_with_the_limit_of_many_slices() {
    let (stack, beam) = silicon();
    let (q, k) = ([0.0, 0.3, 1.1], [0.05, 0.4, 1.7]);
    let grid = SeparableGrid::new(&stack, &beam, &q, &k);
    let (radius, height_ratio) = (4.0, 1.5);
    let shape = UprightShape::Cylinder { height_ratio };
    let averages = grid.averages(shape, &[radius], &[1.0]);
    for (i, m) in averages.mean_square.iter().enumerate() {
        let (k_f, q_par) = (k[i / 3], q[i % 3]);
        let x = q_par * radius;
        let area = std::f64::consts::PI
            * radius
            * radius
            * if x == 0.0 { 1.0 } else { 2.0 * libm::j1(x) / x };
        let height = height_ratio * radius;
        let slice = |q_z: f64| -> Complex64 {
            let rule = gauss_legendre(60);
            rule.iter()
                .map(|&(t, w)| 0.5 * w * height * Complex64::cis(0.5 * q_z * height * (t + 1.0)))
                .sum::<Complex64>()
                * area
        };
        let exact = four_terms(
            slice,
            (beam.kz(), stack.reflection(beam.k(), beam.kz())),
            (k_f, stack.reflection(beam.k(), k_f)),
        )
        .norm_sqr();
        assert!((m - exact).abs() < 1e-8 * shape.volume(radius) * exact.sqrt());
    }
}

#[test]
fn quadrature_is_converged_for_every_radius_and_height() {
    // Doubling the radius doubles the nodes, so a segment is compared with itself as
    // one entry of a list whose first entry does not change the rule.
    let (stack, beam) = silicon();
    let (q, k) = ([0.02, 0.7, 3.0], [0.02, 0.9, 3.0]);
    let grid = SeparableGrid::new(&stack, &beam, &q, &k);
    for radius in [0.5, 3.0, 10.0, 25.0] {
        for height_ratio in [0.5, 1.0, 1.7] {
            let shape = UprightShape::Segment { height_ratio };
            let found = grid.averages(shape, &[radius], &[1.0]).mean_square;
            for (i, &m) in found.iter().enumerate() {
                let (k_f, q_par) = (k[i / 3], q[i % 3]);
                let r_i = stack.reflection(beam.k(), beam.kz());
                let r_f = stack.reflection(beam.k(), k_f);
                let height = height_ratio * radius;
                let exact: Complex64 = gauss_legendre(400)
                    .iter()
                    .map(|&(t, w)| {
                        let z = 0.5 * (t + 1.0) * height;
                        let r2 = shape.radius_squared(z / radius) * radius * radius;
                        let x = q_par * r2.sqrt();
                        let area = 2.0 * std::f64::consts::PI * r2 * libm::j1(x) / x;
                        let psi = |k: f64, r: Complex64| {
                            Complex64::cis(-k * z) + r * Complex64::cis(k * z)
                        };
                        0.5 * height * w * area * psi(beam.kz(), r_i) * psi(k_f, r_f)
                    })
                    .sum();
                let volume = shape.volume(radius);
                assert!(
                    (m.sqrt() - exact.norm()).abs() < 2e-9 * volume,
                    "R {radius} H/R {height_ratio} q {q_par} k {k_f}: {} {}",
                    m.sqrt() / volume,
                    exact.norm() / volume
                );
            }
        }
    }
}

#[test]
fn monodisperse_ensembles_make_all_approximations_equal() {
    let (stack, beam) = silicon();
    let (q, k) = ([0.1, 0.6, 1.4], [0.05, 0.3, 1.0]);
    let film = Multilayer::new(vec![
        Layer::semi_infinite(RefractiveIndex::VACUUM),
        Layer::new(RefractiveIndex::new(3.5e-6, 5e-9).unwrap(), 40.0),
        stack.layers()[1],
    ])
    .unwrap();
    let grid = SeparableGrid::new(&film, &beam, &q, &k);
    let shape = UprightShape::Segment { height_ratio: 1.3 };
    let f = |q: f64| Complex64::from_polar((-0.5_f64 * (q * 2.0).powi(2)).exp(), q * 12.0);
    let s = |q: f64| ((1.0 + f(q)) / (1.0 - f(q))).re;
    let s_columns: Vec<f64> = q.iter().map(|&q| s(q)).collect();
    let da = grid.averages(shape, &[4.0], &[1.0]).decoupling(&s_columns);
    let lma = grid.local_monodisperse(shape, &[4.0], &[1.0], |_, q| s(q));
    let ssca = grid.size_spacing_correlation(shape, &[4.0], &[1.0], 1.3, f);
    for i in 0..da.len() {
        assert!((da[i] - lma[i]).abs() < 1e-9 * da[i]);
        assert!((da[i] - ssca[i]).abs() < 1e-9 * da[i]);
    }
    // And without size-spacing coupling, SSCA is the decoupling approximation.
    let (radii, weights) = ([3.0, 4.0, 5.0], [0.2, 0.5, 0.3]);
    let da = grid
        .averages(shape, &radii, &weights)
        .decoupling(&s_columns);
    let ssca = grid.size_spacing_correlation(shape, &radii, &weights, 0.0, f);
    for (a, b) in da.iter().zip(&ssca) {
        assert!((a - b).abs() < 1e-9 * a);
    }
}

#[test]
fn all_instructions_agree_on_any_size_of_grid() {
    let (stack, beam) = silicon();
    // Neither is a multiple of a vector, and there are more radii than are summed at a time.
    let q: Vec<f64> = (0..21).map(|i| 0.1 * f64::from(i)).collect();
    let k: Vec<f64> = (0..5).map(|i| 0.01 + 0.4 * f64::from(i)).collect();
    let grid = SeparableGrid::new(&stack, &beam, &q, &k);
    let (radii, weights) = (
        [2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        [0.1, 0.3, 0.0, 0.2, 0.2, 0.2],
    );
    for shape in [
        UprightShape::Segment { height_ratio: 1.4 },
        UprightShape::Cylinder { height_ratio: 0.8 },
    ] {
        // One by one, which needs no batches.
        let mut expected = vec![0.0; q.len() * k.len()];
        for (radius, weight) in radii.iter().zip(weights) {
            let one = grid.averages(shape, &[*radius], &[1.0]).mean_square;
            for (sum, value) in expected.iter_mut().zip(one) {
                *sum += weight * value;
            }
        }
        crate::simd::testing::with_all_instructions(|name| {
            let found = grid.averages(shape, &radii, &weights).mean_square;
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found / expected - 1.0).abs() < 1e-9,
                    "{name}: {found} {expected}"
                );
            }
        });
    }
}

#[test]
fn portable_averages_have_the_same_bits_with_all_instructions() {
    let (stack, beam) = silicon();
    let q: Vec<f64> = (0..37).map(|i| 0.07 * f64::from(i)).collect();
    let k: Vec<f64> = (0..29).map(|i| 0.01 + 0.09 * f64::from(i)).collect();
    let (radii, weights) = ([2.0, 3.0, 3.5, 4.0, 6.0], [0.1, 0.2, 0.4, 0.2, 0.1]);
    for shape in [
        UprightShape::Segment { height_ratio: 1.3 },
        UprightShape::Cylinder { height_ratio: 0.8 },
    ] {
        crate::simd::testing::assert_portable(|| {
            let grid = SeparableGrid::new(&stack, &beam, &q, &k);
            let averages = grid.averages(shape, &radii, &weights);
            let both = averages.coherent.into_iter().chain(averages.mean_square);
            both.map(f64::to_bits).collect::<Vec<_>>()
        });
    }
}
