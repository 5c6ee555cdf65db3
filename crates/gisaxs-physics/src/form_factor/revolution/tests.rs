//! Bodies of revolution against the shapes that have kernels of their own, and against themselves.

use super::super::{Cone, Cylinder, Ellipsoid, EllipsoidalSegment, Sphere, SphericalSegment};
use super::*;

/// Wavevectors of all sizes and directions, real and complex.
fn wavevectors() -> Vec<[Complex64; 3]> {
    let mut list = vec![[Complex64::ZERO; 3]];
    for magnitude in [1e-12, 1e-4, 0.1, 0.5, 1.3, 3.0, 8.0, 30.0] {
        for direction in [
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
            [0.6, 0.0, -0.8],
            [0.1, 0.99, 0.1],
            [-0.5, 0.5, 0.7],
        ] {
            let q = direction.map(|c: f64| Complex64::from(c * magnitude));
            list.push(q);
            if magnitude < 5.0 {
                list.push([q[0], q[1], q[2] * Complex64::new(1.0, 0.1)]);
                list.push(q.map(|c| c * Complex64::new(1.0, -0.05)));
            }
        }
    }
    list
}

/// Largest deviation over all wavevectors, relative to the volume and the growth with Im q.
fn deviation(body: &dyn FormFactor, exact: &dyn FormFactor) -> f64 {
    let size = exact.support([0.0, 0.0, 1.0]) + exact.radius();
    wavevectors()
        .into_iter()
        .map(|q| {
            let growth = q.iter().map(|c| c.im.abs()).fold(0.0, f64::max) * size;
            (body.at(q) - exact.at(q)).norm() / (exact.volume() * growth.exp())
        })
        .fold(0.0, f64::max)
}

/// Of the profile (1e-13 per piece), the quadrature and the rounding of both.
const TOLERANCE: f64 = 1e-12;

#[test]
fn functions_give_the_shapes_with_kernels_of_their_own() {
    let circle = |r: f64, centre: f64| move |z: f64| (r * r - (z - centre).powi(2)).max(0.0).sqrt();
    let cases: [(Revolution, Box<dyn FormFactor>); 6] = [
        (
            Revolution::new(8.0, &[], circle(4.0, 4.0)).unwrap(),
            Box::new(Sphere::new(4.0).unwrap()),
        ),
        (
            Revolution::new(6.5, &[], circle(5.0, 2.5)).unwrap(),
            Box::new(SphericalSegment::new(5.0, 1.0, 2.5).unwrap()),
        ),
        (
            Revolution::new(4.0, &[], |z| 5.0 - z / 1.1_f64.tan()).unwrap(),
            Box::new(Cone::new(5.0, 4.0, 1.1).unwrap()),
        ),
        (
            Revolution::new(7.0, &[], |_| 3.0).unwrap(),
            Box::new(Cylinder::new(3.0, 7.0).unwrap()),
        ),
        (
            Revolution::new(6.0, &[], |z| {
                (9.0 - (z - 3.0).powi(2)).max(0.0).sqrt() * 4.0 / 3.0
            })
            .unwrap()
            .elliptical(1.25)
            .unwrap(),
            Box::new(Ellipsoid::new([4.0, 5.0, 3.0]).unwrap()),
        ),
        (
            Revolution::new(4.0, &[], |z| (16.0 - (z - 1.0).powi(2)).sqrt() * 0.75)
                .unwrap()
                .elliptical(5.0 / 3.0)
                .unwrap(),
            Box::new(EllipsoidalSegment::new([3.0, 5.0, 4.0], 1.0, 3.0).unwrap()),
        ),
    ];
    for (body, exact) in &cases {
        assert_eq!(body.panels.len(), 1, "r^2 is a polynomial: {exact:?}");
        let error = deviation(body, exact.as_ref());
        assert!(error < TOLERANCE, "{exact:?}: {error:e}");
        assert!(
            (body.volume() / exact.volume() - 1.0).abs() < 1e-13,
            "{exact:?}"
        );
        assert!((body.radius() - exact.radius()).abs() < 1e-12, "{exact:?}");
        for direction in [
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, -1.0],
            [0.3, 0.4, 0.5],
            [0.1, -2.0, -1.0],
        ] {
            let difference = body.support(direction) - exact.support(direction);
            assert!(
                difference.abs() < 1e-7,
                "{exact:?} {direction:?}: {difference:e}"
            );
        }
    }
}

#[test]
fn polygons_are_stacks_of_cones() {
    let points = [[0.0, 4.0], [3.0, 2.0], [3.0, 3.0], [5.0, 3.0], [6.0, 0.0]];
    let body = Revolution::polygon(&points).unwrap();
    let function = Revolution::new(6.0, &[3.0, 5.0], |z| match z {
        z if z < 3.0 => 4.0 - 2.0 / 3.0 * z,
        z if z < 5.0 => 3.0,
        z => 3.0 * (6.0 - z),
    })
    .unwrap();
    let parts: [(f64, Box<dyn FormFactor>); 3] = [
        (0.0, Box::new(Cone::new(4.0, 3.0, 1.5_f64.atan()).unwrap())),
        (3.0, Box::new(Cylinder::new(3.0, 2.0).unwrap())),
        (
            5.0,
            Box::new(Cone::new(3.0, 1.0, (1.0_f64 / 3.0).atan()).unwrap()),
        ),
    ];
    for q in wavevectors() {
        let sum: Complex64 = parts
            .iter()
            .map(|(z, part)| part.at(q) * (Complex64::I * q[2] * z).exp())
            .sum();
        let scale = TOLERANCE * body.volume() * (q[2].im.abs() * 6.0 + q[0].im.abs() * 4.0).exp();
        assert!((body.at(q) - sum).norm() < scale, "{q:?}");
        assert!((function.at(q) - sum).norm() < scale, "{q:?}");
    }
    assert!((body.radius_at(1.5) - 3.0).abs() < 1e-14);
    assert_eq!([body.radius_at(-0.1), body.radius_at(6.1)], [0.0; 2]);
}

#[test]
fn unnamed_kinks_and_singular_ends_are_resolved() {
    let kink = |z: f64| 2.0 + (z - 1.234).abs();
    let named = Revolution::new(4.0, &[1.234], kink).unwrap();
    let found = Revolution::new(4.0, &[], kink).unwrap();
    assert_eq!(named.panels.len(), 2);
    assert!(
        deviation(&found, &named) < 1e-11,
        "{:e}",
        deviation(&found, &named)
    );
    // A jump, as the sum of two cylinders.
    let step = Revolution::new(4.0, &[], |z| if z < 1.1 { 3.0 } else { 1.0 }).unwrap();
    let exact = Revolution::polygon(&[[0.0, 3.0], [1.1, 3.0], [1.1, 1.0], [4.0, 1.0]]).unwrap();
    assert!(deviation(&step, &exact) < 1e-11);
    // r = z^(1/4), so that r^2 has an infinite slope: V = 2 pi / 3 H^(3/2).
    let root = Revolution::new(2.0, &[], |z| z.powf(0.25)).unwrap();
    assert!((root.volume() / (2.0 * PI / 3.0 * 2.0_f64.powf(1.5)) - 1.0).abs() < 1e-12);
}

#[test]
fn twice_the_nodes_change_nothing() {
    // What the quadrature asks for at wavevectors 20 nm^-1 larger must not differ.
    let bodies = [
        Revolution::new(9.0, &[], |z| 3.0 + (1.3 * z).sin()).unwrap(),
        Revolution::new(5.0, &[], |z| (5.0 - z).powf(0.3)).unwrap(),
        Revolution::spline(&[[0.0, 2.0], [1.0, 3.0], [2.0, 2.5], [6.0, 0.0]]).unwrap(),
        Revolution::polygon(&[[0.0, 1.0], [0.01, 20.0], [3.0, 0.0]]).unwrap(),
    ];
    for body in &bodies {
        let sum = |u: f64, q_z: f64, more: f64| {
            let mut sum = Complex64::ZERO;
            body.slices(u + more, q_z + more, |slice| {
                let disk = 2.0 * crate::special::bessel_j1_over_x(u * slice.r);
                sum += slice.volume * disk * Complex64::cis(q_z * slice.z);
            });
            sum
        };
        for u in [0.0, 0.01, 0.3, 1.0, 4.0, 20.0] {
            for q_z in [0.0, 0.02, 0.5, 2.0, 7.0, 40.0] {
                let error = (sum(u, q_z, 0.0) - sum(u, q_z, 20.0)).norm() / body.volume();
                // Half of it is rounding.
                assert!(error < 3e-13, "{body:?} {u} {q_z}: {error:e}");
            }
        }
    }
}

#[test]
fn splines_follow_smooth_profiles() {
    let profile = |z: f64| 3.0 + (0.8 * z).sin();
    let exact = Revolution::new(5.0, &[], profile).unwrap();
    let error = |n: u32| {
        let points: Vec<[f64; 2]> = (0..=n)
            .map(|i| 5.0 * f64::from(i) / f64::from(n))
            .map(|z| [z, profile(z)])
            .collect();
        let spline = Revolution::spline(&points).unwrap();
        let q = [0.5, 0.2, 0.7].map(Complex64::from);
        (spline.at(q) - exact.at(q)).norm() / exact.volume()
    };
    assert!(error(50) < 1e-4, "{:e}", error(50));
    assert!(error(100) < 0.3 * error(50));
}

#[test]
fn cuts_add_up() {
    let body = Revolution::new(
        6.0,
        &[2.0],
        |z| if z < 2.0 { 3.0 } else { 1.0 + z.cos().abs() },
    )
    .unwrap()
    .elliptical(0.7)
    .unwrap();
    let q = [(0.3, 0.01), (-0.2, 0.02), (0.5, -0.1)].map(|(re, im)| Complex64::new(re, im));
    let mut sum = Complex64::ZERO;
    for [low, high] in [[0.0, 1.9], [1.9, 2.3], [2.3, 6.0]] {
        sum += body.cut(low, high).unwrap().at(q) * (Complex64::I * q[2] * low).exp();
    }
    assert!((sum - body.at(q)).norm() < 1e-12 * body.volume());
    assert!(body.cut(7.0, 8.0).is_none());
    assert!(body.cut(2.0, 2.0).is_none());
}

#[test]
fn density_fills_the_volume() {
    let body = Revolution::polygon(&[[0.0, 3.0], [2.0, 1.0], [4.0, 2.0]])
        .unwrap()
        .elliptical(1.5)
        .unwrap();
    let n = 60;
    let cell = [6.0, 9.0, 4.0].map(|l| l / f64::from(n));
    let at = |i: u32, axis: usize| (f64::from(i) + 0.5) * cell[axis];
    let mut inside = 0.0;
    for i in 0..n {
        for j in 0..n {
            for k in 0..n {
                inside += body.density([at(i, 0) - 3.0, at(j, 1) - 4.5, at(k, 2)]);
            }
        }
    }
    let volume = inside * cell.iter().product::<f64>();
    assert!(
        (volume / body.volume() - 1.0).abs() < 3e-3,
        "{volume} {}",
        body.volume()
    );
}

#[test]
fn refuses_what_is_no_profile() {
    let message = |result: Result<Revolution>| result.unwrap_err().to_string();
    assert!(message(Revolution::new(0.0, &[], |_| 1.0)).contains("height of the profile = 0 nm"));
    assert!(message(Revolution::new(2.0, &[3.0], |_| 1.0)).contains("height of a kink = 3 nm"));
    let negative = message(Revolution::new(2.0, &[], |z| 1.0 - z));
    assert!(
        negative.contains("profile") && negative.contains("-0.9"),
        "{negative}"
    );
    assert!(message(Revolution::new(2.0, &[], |_| f64::NAN)).contains("NaN"));
    assert!(message(Revolution::new(2.0, &[], |_| 0.0)).contains("volume"));
    let rough = message(Revolution::new(2.0, &[], |z| 1.0 + 0.1 * (1e9 * z).sin()));
    assert!(rough.contains("not resolved"), "{rough}");
    assert!(message(Revolution::polygon(&[[0.0, 1.0]])).contains("at least 2"));
    assert!(message(Revolution::polygon(&[[0.5, 1.0], [1.0, 1.0]])).contains("first point"));
    assert!(message(Revolution::polygon(&[[0.0, 1.0], [1.0, -1.0]])).contains("-1"));
    assert!(message(Revolution::polygon(&[[0.0, 1.0], [0.0, 2.0]])).contains("volume"));
    assert!(message(Revolution::spline(&[[0.0, 1.0], [1.0, 1.0], [1.0, 2.0]])).contains("ascend"));
    assert!(Revolution::polygon(&[[0.0, 1.0], [1.0, f64::INFINITY]]).is_err());
    let cylinder = Revolution::polygon(&[[0.0, 1.0], [1.0, 1.0]]).unwrap();
    assert!(cylinder.elliptical(0.0).is_err());
}
