use super::*;

fn beam() -> Beam {
    Beam::new(0.1035, 0.39_f64.to_radians()).unwrap()
}

fn flat(up: Up) -> FlatDetector {
    FlatDetector {
        rows: 1679,
        cols: 1475,
        pixel_mm: [0.172, 0.172],
        distance_mm: 2565.0,
        direct_beam_px: [791.0, 1310.0],
        up,
    }
}

/// Rounding of positions of a few hundred mm against k of 60 nm^-1.
const ROUNDING: f64 = 1e-12;

#[test]
fn a_flat_detector_sees_what_the_physics_says() {
    for up in [Up::RowsDecrease, Up::RowsIncrease] {
        let detector = flat(up);
        let geometry = Geometry::from_flat(beam(), &detector).unwrap();
        for (col, row) in [
            (0.0, 0.0),
            (1474.0, 1678.0),
            (300.5, 900.25),
            (791.0, 1310.0),
        ] {
            let expected = detector.direction(&beam(), col, row);
            let q = geometry.q(col, row);
            for (a, b) in q.iter().zip(expected.q(&beam())) {
                assert!((a - b).abs() < ROUNDING, "{a} {b}");
            }
            let direction = geometry.direction(col, row);
            assert!((direction.alpha_f_rad - expected.alpha_f_rad).abs() < ROUNDING);
            assert!((direction.two_theta_f_rad - expected.two_theta_f_rad).abs() < ROUNDING);
            let omega = detector.solid_angle(col, row);
            assert!((geometry.solid_angle(col, row) / omega - 1.0).abs() < 1e-12);
        }
        let [col, row] = geometry.direct_beam_px().unwrap();
        assert!((col - 791.0).abs() < 1e-9 && (row - 1310.0).abs() < 1e-9);
        let [_, row] = geometry.specular_px().unwrap();
        let up_rows = 2565.0 * (2.0 * beam().alpha_i_rad()).tan() / 0.172;
        assert!(((row - 1310.0).abs() - up_rows).abs() < 1e-9);
    }
}

#[test]
fn rows_and_maps_hold_what_single_pixels_do() {
    let pose = Pose {
        distance_mm: 150.0,
        poni_mm: [3.0, 2.0],
        rotations: Rotations {
            rot1: 0.2,
            rot2: -0.3,
            rot3: 0.1,
        },
        orientation: DetectorOrientation::TopRight,
    };
    let geometry = Geometry::new(beam(), [13, 17], [0.2, 0.3], pose)
        .unwrap()
        .with_sample(0.05, SampleOrientation::new(6).unwrap())
        .unwrap();
    let map = geometry.q_map();
    let maps = [
        Quantity::QX,
        Quantity::QY,
        Quantity::QZ,
        Quantity::QXy,
        Quantity::Q,
        Quantity::AlphaF,
        Quantity::TwoThetaF,
        Quantity::SolidAngle,
    ]
    .map(|quantity| geometry.map(quantity));
    let mut components = [vec![0.0; 17], vec![0.0; 17], vec![0.0; 17]];
    for row in 0..13 {
        let [a, b, c] = &mut components;
        geometry.q_components_row(row, [a, b, c]);
        for col in 0..17 {
            let at = [row, col];
            let (c, r) = (col as f64, row as f64);
            let q = geometry.q(c, r);
            let [q_xy, q_z] = geometry.q_xy_q_z(c, r);
            let direction = geometry.direction(c, r);
            let expected = [
                q[0],
                q[1],
                q[2],
                q_xy,
                length(q),
                direction.alpha_f_rad,
                direction.two_theta_f_rad,
                geometry.solid_angle(c, r),
            ];
            for (map, expected) in maps.iter().zip(expected) {
                assert!((map[at] - expected).abs() < ROUNDING);
            }
            for (component, q) in components.iter().zip(q) {
                assert!((component[col] - q).abs() < ROUNDING);
            }
            assert!((map.q_xy[at] - q_xy).abs() < ROUNDING);
            assert!((map.q_z[at] - q_z).abs() < ROUNDING);
        }
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_geometry()(
            rot in [-0.8..0.8, -0.8..0.8, -3.2..3.2],
            poni in [-100.0..300.0, -100.0..300.0],
            distance in 50.0..5000.0,
            alpha_deg in 0.01..5.0,
            wavelength in 0.05..0.3,
            orientation in 1_u64..=4,
            tilt in -1.0..1.0,
            sample in 1_i64..=8,
        ) -> Geometry {
            let [rot1, rot2, rot3]: [f64; 3] = rot;
            let pose = Pose {
                distance_mm: distance,
                poni_mm: poni,
                rotations: Rotations { rot1, rot2, rot3 },
                orientation: DetectorOrientation::from_number(orientation).unwrap(),
            };
            let alpha: f64 = alpha_deg;
            let beam = Beam::new(wavelength, alpha.to_radians()).unwrap();
            Geometry::new(beam, [195, 487], [0.172, 0.1], pose)
                .unwrap()
                .with_sample(tilt, SampleOrientation::new(sample).unwrap())
                .unwrap()
        }
    }

    proptest! {
        /// Scattering is elastic: |k_i + q| = k everywhere.
        #[test]
        fn every_q_is_elastic(geometry in any_geometry(), col in 0.0..487.0_f64, row in 0.0..195.0_f64) {
            let k = geometry.beam().k();
            let q: [f64; 3] = geometry.q(col, row);
            let k_f: Vector = std::array::from_fn(|i| q[i] + geometry.k_i[i]);
            prop_assert!((length(k_f) / k - 1.0).abs() < 1e-13);
            // The length of q depends on no rotation of the sample.
            let bare = geometry.with_sample(0.0, SampleOrientation::default()).unwrap();
            prop_assert!((length(bare.q(col, row)) - length(q)).abs() < 1e-10 * k);
        }

        /// Pixels and directions are inverse to each other.
        #[test]
        fn pixels_come_back(geometry in any_geometry(), col in 0.0..487.0_f64, row in 0.0..195.0_f64) {
            // A pixel of 0.1 mm at 5 m is 2e-5 rad, so 1e-15 rad are 1e-10 pixels.
            let close = |found: Option<[f64; 2]>| {
                found.is_some_and(|[c, r]| (c - col).abs() < 1e-6 && (r - row).abs() < 1e-6)
            };
            prop_assert!(close(geometry.pixel(&geometry.direction(col, row))));
            prop_assert!(close(geometry.pixel_of_q(geometry.q(col, row))));
        }

        /// A detector turned about the beam with the sample sees the same q.
        #[test]
        fn turning_all_about_the_beam_changes_nothing(
            geometry in any_geometry(), col in 0.0..487.0_f64, row in 0.0..195.0_f64,
        ) {
            let mut pose = geometry.pose();
            pose.rotations.rot3 += std::f64::consts::FRAC_PI_2;
            // A right-handed quarter turn takes (x, y) to (y, -x); sample 6 undoes it.
            let turned = Geometry::new(geometry.beam(), [195, 487], [0.172, 0.1], pose).unwrap();
            let bare = geometry.with_sample(0.0, SampleOrientation::default()).unwrap();
            let undone = turned
                .with_sample(0.0, SampleOrientation::new(6).unwrap())
                .unwrap();
            for (a, b) in bare.q(col, row).iter().zip(undone.q(col, row)) {
                prop_assert!((a - b).abs() < 1e-10, "{} {}", a, b);
            }
        }

        /// The pose by the direct beam is the same pose.
        #[test]
        fn poses_go_round(geometry in any_geometry()) {
            let (shape, pixel) = (geometry.shape(), geometry.pixel_mm());
            let beam = geometry.pose().beam_pose(shape, pixel).unwrap();
            let [col, row] = geometry.direct_beam_px().unwrap();
            prop_assert!((beam.direct_beam_px[0] - col).abs() < 1e-6);
            prop_assert!((beam.direct_beam_px[1] - row).abs() < 1e-6);
            let pose = beam.pose(shape, pixel);
            prop_assert!((pose.distance_mm - geometry.pose().distance_mm).abs() < 1e-8);
            for i in 0..2 {
                prop_assert!((pose.poni_mm[i] - geometry.pose().poni_mm[i]).abs() < 1e-8);
            }
        }
    }
}

#[test]
fn impossible_geometries_are_refused() {
    let pose = Geometry::from_flat(beam(), &flat(Up::RowsDecrease))
        .unwrap()
        .pose();
    assert!(Geometry::new(beam(), [0, 5], [0.1; 2], pose).is_err());
    assert!(Geometry::new(beam(), [5, 5], [0.1, f64::NAN], pose).is_err());
    let far = Pose {
        distance_mm: f64::INFINITY,
        ..pose
    };
    let error = Geometry::new(beam(), [5, 5], [0.1; 2], far).unwrap_err();
    assert!(error.to_string().contains("distance_mm"), "{error}");
    let mut turned = pose;
    turned.rotations.rot2 = f64::NAN;
    assert!(Geometry::new(beam(), [5, 5], [0.1; 2], turned).is_err());
}
