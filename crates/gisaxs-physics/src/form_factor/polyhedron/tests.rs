use super::super::Cuboid;
use super::table::rectangle;
use super::*;
use crate::error::Error;
use crate::exponential::divided_difference;
use crate::form_factor::{Columns, Split};
use crate::particle::Axis;
use crate::simd::testing::with_all_instructions;

/// Deterministic numbers in [-1, 1].
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn point(&mut self, scale: f64) -> [f64; 3] {
        std::array::from_fn(|_| scale * self.next())
    }
}

/// The sum over tetrahedra, each 6 V times the divided difference of the exponential over the four
/// i q.v (formula of Hermite and Genocchi): no singularities, and slow.
fn by_tetrahedra(body: &Polyhedron, q: [Complex64; 3]) -> Complex64 {
    let exponent = |r: [f64; 3]| Complex64::I * (q[0] * r[0] + q[1] * r[1] + q[2] * r[2]);
    let tetrahedra = body.faces.iter().flat_map(Face::triangles).map(|triangle| {
        let corners = triangle.map(|i| body.corners[i]);
        let [a, b, c] = corners.map(|p| minus(p, body.centre));
        let points = [body.centre, corners[0], corners[1], corners[2]].map(exponent);
        dot(a, cross(b, c)) * divided_difference(points)
    });
    tetrahedra.sum()
}

/// Directions that a body is degenerate for, and nearly so: along its normals and edges, across them.
fn critical_directions(body: &Polyhedron, numbers: &mut Numbers) -> Vec<[f64; 3]> {
    let mut list = vec![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
    // A few faces of the largest bodies are enough.
    for face in body.faces.iter().step_by(body.faces.len().div_ceil(3)) {
        let [a, b] = face.edges[0].map(|i| body.corners[i]);
        let along = minus(b, a);
        list.extend([face.normal, along, cross(face.normal, along)]);
    }
    let near: Vec<_> = list
        .iter()
        .flat_map(|&d| [1e-9, 1e-4, 0.03].map(|size| (d, size)))
        .map(|(d, size)| {
            let off = numbers.point(size * length(d));
            std::array::from_fn(|i| d[i] + off[i])
        })
        .collect();
    list.extend(near);
    list.extend((0..10).map(|_| numbers.point(1.0)));
    list.into_iter().map(|d| d.map(|c| c / length(d))).collect()
}

/// Compares with [`by_tetrahedra`] over critical directions and all magnitudes, for real q and q
/// with imaginary parts; `allowed` is in volumes.
fn assert_accurate(body: &Polyhedron, allowed: f64) {
    let mut numbers = Numbers(7);
    let mut turn = 0;
    for direction in critical_directions(body, &mut numbers) {
        let mut size = 1e-6 / body.radius;
        while size < 300.0 / body.radius {
            let anywhere: [f64; 3] = numbers.point(0.3 / body.radius);
            let vertical = [0.0, 0.0, 0.2 / body.radius];
            let along = direction.map(|c| 0.5 * size.min(1.0) * c);
            for imaginary in [[0.0; 3], [anywhere, vertical, along][turn % 3]] {
                let q = std::array::from_fn(|i| Complex64::new(size * direction[i], imaginary[i]));
                let error = (body.at(q) - by_tetrahedra(body, q)).norm() / body.volume;
                assert!(error < allowed, "{error:e} at {q:?} of {:?}", body.corners);
            }
            size *= 3.7;
            turn += 1;
        }
    }
}

fn cuboid_mesh(low: [f64; 3], high: [f64; 3]) -> (Vec<[f64; 3]>, Vec<Vec<usize>>) {
    let corner = |i: usize| std::array::from_fn(|k| if i >> k & 1 == 0 { low[k] } else { high[k] });
    let faces = [
        [0, 2, 3, 1],
        [4, 5, 7, 6],
        [0, 1, 5, 4],
        [2, 6, 7, 3],
        [0, 4, 6, 2],
        [1, 3, 7, 5],
    ];
    ((0..8).map(corner).collect(), faces.map(Vec::from).to_vec())
}

/// A prism on a polygon that need not be convex.
fn prism_on(outline: &[[f64; 2]], height: f64) -> Polyhedron {
    let n = outline.len();
    let at = |z: f64| outline.iter().map(move |&[x, y]| [x, y, z]);
    let corners: Vec<_> = at(0.0).chain(at(height)).collect();
    Polyhedron::stacked(n, &corners).unwrap()
}

const L_SHAPE: [[f64; 2]; 6] = [
    [0.0, 0.0],
    [5.0, 0.0],
    [5.0, 2.0],
    [2.0, 2.0],
    [2.0, 7.0],
    [0.0, 7.0],
];

/// A square frame: a ring of four straight pieces of square section around a hole.
fn frame(outer: f64, inner: f64, height: f64) -> Polyhedron {
    let mut corners = Vec::new();
    for (half, z) in [(outer, 0.0), (outer, height), (inner, height), (inner, 0.0)] {
        corners.extend(rectangle(half, half, z));
    }
    let mut faces = Vec::new();
    for ring in 0..4 {
        for i in 0..4 {
            let (low, high, next) = (4 * ring, 4 * ((ring + 1) % 4), (i + 1) % 4);
            faces.push([low + i, low + next, high + next, high + i]);
        }
    }
    Polyhedron::from_mesh(&corners, &faces).unwrap()
}

fn box_with_cavity() -> Polyhedron {
    let (mut corners, mut faces) = cuboid_mesh([-4.0, -3.0, 0.0], [4.0, 3.0, 5.0]);
    let (inner, inner_faces) = cuboid_mesh([-1.0, -2.0, 1.0], [3.0, 2.0, 4.0]);
    faces.extend(
        inner_faces
            .iter()
            .map(|f| f.iter().rev().map(|i| i + corners.len()).collect()),
    );
    corners.extend(inner);
    Polyhedron::from_mesh(&corners, &faces).unwrap()
}

#[test]
fn random_tetrahedra_agree_with_divided_differences() {
    let mut numbers = Numbers(1);
    for _ in 0..10 {
        let mut corners: [[f64; 3]; 4] = std::array::from_fn(|_| numbers.point(5.0));
        let [a, b, c] = [1, 2, 3].map(|i| minus(corners[i], corners[0]));
        if dot(a, cross(b, c)) < 0.0 {
            corners.swap(0, 1);
        }
        let faces = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
        let body = Polyhedron::from_mesh(&corners, &faces).unwrap();
        // Flat ones lose digits: the edges add up to more than the volume.
        assert_accurate(&body, 1e-11);
        assert!((body.at([Complex64::ZERO; 3]) - body.volume).norm() < 1e-14 * body.volume);
    }
}

#[test]
fn random_hulls_agree_with_divided_differences() {
    let mut numbers = Numbers(2);
    for n in [5, 8, 14] {
        let corners: Vec<_> = (0..n).map(|_| numbers.point(4.0)).collect();
        let body = Polyhedron::convex_hull(&corners).unwrap();
        assert!(body.convex);
        assert_accurate(&body, 1e-12);
    }
}

#[test]
fn the_catalogue_agrees_with_divided_differences() {
    for body in catalogue() {
        assert_accurate(&body, 1e-13);
    }
}

#[test]
fn bodies_with_dents_holes_and_cavities() {
    let at = |body: &Polyhedron, q: [f64; 3]| body.at(q.map(|c| Complex64::new(c, 0.03 * c)));
    let cuboid = |low: [f64; 3], high: [f64; 3]| {
        let (corners, faces) = cuboid_mesh(low, high);
        Polyhedron::from_mesh(&corners, &faces).unwrap()
    };
    let cases = [
        (
            prism_on(&L_SHAPE, 3.0),
            cuboid([0.0, 0.0, 0.0], [5.0, 2.0, 3.0]),
            cuboid([0.0, 2.0, 0.0], [2.0, 7.0, 3.0]),
            1.0,
        ),
        (
            frame(5.0, 3.0, 2.0),
            cuboid([-5.0, -5.0, 0.0], [5.0, 5.0, 2.0]),
            cuboid([-3.0, -3.0, 0.0], [3.0, 3.0, 2.0]),
            -1.0,
        ),
        (
            box_with_cavity(),
            cuboid([-4.0, -3.0, 0.0], [4.0, 3.0, 5.0]),
            cuboid([-1.0, -2.0, 1.0], [3.0, 2.0, 4.0]),
            -1.0,
        ),
    ];
    for (body, first, second, sign) in cases {
        assert!(!body.convex);
        assert_accurate(&body, 1e-13);
        for q in [
            [0.0; 3],
            [1e-7, 0.0, 2e-7],
            [0.0, 0.0, 1.3],
            [0.0, 0.7, 0.0],
            [0.2, 0.5, -0.9],
            [3.0, 1e-5, 8.0],
        ] {
            let error = (at(&body, q) - at(&first, q) - sign * at(&second, q)).norm();
            assert!(error < 1e-13 * body.volume, "{q:?} {error:e}");
        }
        let mut numbers = Numbers(3);
        for _ in 0..200 {
            let r = numbers.point(8.0);
            assert_eq!(
                body.density(r),
                first.density(r) + sign * second.density(r),
                "{r:?}"
            );
        }
    }
}

#[test]
fn a_box_is_a_cuboid() {
    let (corners, faces) = cuboid_mesh([-2.0, -3.0, 0.0], [2.0, 3.0, 5.0]);
    let body = Polyhedron::from_mesh(&corners, &faces).unwrap();
    // The same as separate triangles.
    let triangles = faces
        .iter()
        .flat_map(|f| [[f[0], f[1], f[2]], [f[0], f[2], f[3]]]);
    let soup: Vec<_> = triangles.flatten().map(|i| corners[i]).collect();
    let indices: Vec<[usize; 3]> = (0..12).map(|i| [3 * i, 3 * i + 1, 3 * i + 2]).collect();
    let triangulated = Polyhedron::from_mesh(&soup, &indices).unwrap();
    assert_eq!(triangulated.corners.len(), 8);
    // Diagonals inside a plane drop out, and opposite faces share one orientation.
    assert_eq!(
        (
            triangulated.edges.edges.len(),
            triangulated.edges.planes.len()
        ),
        (12, 3)
    );

    let cuboid = Cuboid::new(4.0, 6.0, 5.0).unwrap();
    for q in [
        [0.0, 0.0, 0.0],
        [1e-9, 0.0, 0.0],
        [0.3, 0.1, 0.7],
        [1.0, -2.0, 0.5],
        [0.0, 0.0, 90.0],
    ] {
        let q = q.map(|c| Complex64::new(c, 0.002 * c));
        for body in [&body, &triangulated] {
            let error = (body.at(q) - cuboid.at(q)).norm();
            assert!(error < 1e-13 * cuboid.volume(), "{q:?} {error:e}");
        }
    }
    assert_eq!(body.bounding_box_nm(), [[-2.0, -3.0, 0.0], [2.0, 3.0, 5.0]]);
}

#[test]
fn hull_of_a_box_is_the_box() {
    let mut corners = rectangle(2.0, 3.0, 0.0).to_vec();
    corners.extend(rectangle(2.0, 3.0, 5.0));
    // Points inside, on a face, and twice.
    corners.extend([[0.0, 0.0, 2.0], [2.0, 0.0, 1.0], [2.0, 3.0, 5.0]]);
    let hull = Polyhedron::convex_hull(&corners).unwrap();
    assert_eq!((hull.faces.len(), hull.corners.len()), (6, 8));
    assert!((hull.volume() - 120.0).abs() < 1e-12);
    assert!(Polyhedron::convex_hull(&rectangle(1.0, 1.0, 0.0)).is_err());
    assert!(Polyhedron::convex_hull(&[]).is_err());
    assert!(Polyhedron::convex_hull(&[[f64::NAN, 0.0, 1.0]; 5]).is_err());
}

/// All shapes of the catalogue, and degenerate parameters.
fn catalogue() -> Vec<Polyhedron> {
    [
        Polyhedron::prism3(5.0, 4.0),
        Polyhedron::prism6(3.0, 4.0),
        Polyhedron::pyramid2(6.0, 8.0, 2.0, 1.2, 1.3),
        Polyhedron::pyramid3(6.0, 2.0, 1.2),
        Polyhedron::pyramid4(6.0, 2.0, 1.2),
        Polyhedron::pyramid4(6.0, 3.0, std::f64::consts::FRAC_PI_4),
        Polyhedron::pyramid6(6.0, 2.0, 1.2),
        Polyhedron::bipyramid4(6.0, 2.0, 1.3, 1.2),
        Polyhedron::tetrahedron(5.0),
        Polyhedron::octahedron(5.0),
        Polyhedron::dodecahedron(3.0),
        Polyhedron::icosahedron(4.0),
        Polyhedron::truncated_cube(5.0, 1.0),
        Polyhedron::truncated_cube(5.0, 0.0),
        Polyhedron::truncated_cube(5.0, 2.5),
        Polyhedron::cantellated_cube(5.0, 1.0),
        Polyhedron::cantellated_cube(5.0, 0.0),
        Polyhedron::cantellated_cube(5.0, 2.5),
    ]
    .map(|p| p.unwrap())
    .to_vec()
}

#[test]
fn tables_of_the_catalogue_are_the_hulls_of_their_corners() {
    let mut faces = Vec::new();
    for body in catalogue() {
        let hull = Polyhedron::convex_hull(&body.corners).unwrap();
        faces.push(body.faces.len());
        assert_eq!(
            (body.faces.len(), body.corners.len()),
            (hull.faces.len(), hull.corners.len())
        );
        assert!((body.volume / hull.volume - 1.0).abs() < 1e-13);
        assert!(body.convex);
        // Euler: corners - edges + faces = 2, where every edge belongs to two faces.
        let edges: usize = body.faces.iter().map(|f| f.edges.len()).sum();
        assert_eq!(body.corners.len() + body.faces.len(), edges / 2 + 2);
        assert_eq!(body.edges.edges.len(), edges / 2);
    }
    assert_eq!(
        faces,
        [5, 8, 6, 5, 6, 5, 8, 10, 4, 8, 12, 20, 14, 6, 14, 26, 6, 8]
    );
}

#[test]
fn turning_the_body_is_turning_q() {
    let turn = Rotation::about(Axis::X, 0.7).then(Rotation::about(Axis::Z, 0.3));
    for body in catalogue() {
        let turned = body.rotated(turn);
        for q in [
            [0.3, 0.1, 0.7],
            [1.0, -2.0, 0.5],
            [0.0, 0.0, 1.0],
            [0.0, 1e-3, 1e-3],
        ] {
            let q = q.map(|c| Complex64::new(c, 0.1 * c));
            let error = (turned.at(q) - body.at(turn.apply_inverse(q))).norm();
            assert!(error < 1e-13 * body.volume);
        }
    }
}

#[test]
fn parts_add_up() {
    let mut bodies = catalogue();
    bodies.extend([
        prism_on(&L_SHAPE, 3.0),
        prism_on(&L_SHAPE, 3.0).rotated(Rotation::about(Axis::X, 0.5 * std::f64::consts::PI)),
        prism_on(&L_SHAPE, 3.0).rotated(Rotation::about(Axis::Y, 0.4)),
        frame(5.0, 3.0, 2.0).rotated(Rotation::about(Axis::X, 0.5 * std::f64::consts::PI)),
        frame(5.0, 3.0, 2.0).rotated(Rotation::about(Axis::X, 1.2)),
        box_with_cavity(),
    ]);
    let q = [(0.3, 0.01), (-0.2, 0.02), (0.5, -0.1)].map(|(re, im)| Complex64::new(re, im));
    for body in bodies {
        let [low, high] = body.bounding_box_nm().map(|c| c[2]);
        let at = |part: f64| low + part * (high - low);
        // Through corners and between them.
        let heights = [low, at(0.25), at(0.4), 0.5 * (low + high), at(0.8), high];
        let mut sum = Complex64::ZERO;
        for pair in heights.windows(2) {
            let part = body.between(pair[0], pair[1]).unwrap();
            let [bottom, top] = part.bounding_box_nm().map(|c| c[2]);
            assert!(bottom.abs() < 1e-14 * high.abs().max(1.0), "{bottom}");
            assert!((top - (pair[1] - pair[0])).abs() < 1e-13);
            sum += part.at(q) * cis_of(q[2] * pair[0]);
            let middle = [0.1, 0.2, 0.5 * (pair[0] + pair[1])];
            let shifted = [0.1, 0.2, 0.5 * (pair[1] - pair[0])];
            assert_eq!(part.density(shifted), body.density(middle));
        }
        let error = (sum - body.at(q)).norm() / body.volume;
        assert!(error < 1e-13, "{error:e}");
        assert!(body.between(high + 1.0, high + 2.0).is_none());
        assert!(body.between(high, low).is_none());
    }
}

fn cis_of(phase: Complex64) -> Complex64 {
    (Complex64::I * phase).exp()
}

#[test]
fn refuses_what_is_no_body() {
    let (corners, faces) = cuboid_mesh([0.0; 3], [2.0, 3.0, 4.0]);
    type Change = dyn Fn(&mut Vec<[f64; 3]>, &mut Vec<Vec<usize>>);
    let with = |change: &Change| {
        let (mut corners, mut faces) = (corners.clone(), faces.clone());
        change(&mut corners, &mut faces);
        Polyhedron::from_mesh(&corners, &faces).unwrap_err()
    };
    assert!(matches!(
        with(&|c, _| c[3][1] = f64::NAN),
        Error::MeshVertex { vertex: 3, .. }
    ));
    assert!(matches!(
        with(&|_, f| f[2][0] = 8),
        Error::MeshIndex {
            face: 2,
            vertex: 8,
            count: 8
        }
    ));
    assert!(matches!(
        with(&|_, f| f[1].truncate(2)),
        Error::MeshFace { face: 1, .. }
    ));
    assert!(matches!(
        with(&|_, f| f[1][0] = 5),
        Error::MeshFace { face: 1, .. }
    ));
    assert!(matches!(
        with(&|c, _| c[7][2] = 4.1),
        Error::MeshNotFlat { face: 1, .. }
    ));
    // No area: three corners in a line.
    let line = with(&|c, f| {
        c.push([1.0, 0.0, 0.0]);
        f.push(vec![0, 8, 1]);
    });
    assert!(matches!(line, Error::MeshFace { face: 6, .. }));
    // Open, turned around, twice, inside out.
    let open = with(&|_, f| f.truncate(5));
    assert!(matches!(open, Error::MeshEdge { face: 0, .. }), "{open}");
    assert!(open.to_string().contains("closed"), "{open}");
    assert!(
        with(&|_, f| f[4].reverse())
            .to_string()
            .contains("same way")
    );
    assert!(matches!(
        with(&|_, f| f.push(f[0].clone())),
        Error::MeshEdge { .. }
    ));
    let inside_out = with(&|_, f| f.iter_mut().for_each(|f| f.reverse()));
    assert!(matches!(inside_out, Error::MeshVolume { .. }));
    assert!(inside_out.to_string().contains("-24"), "{inside_out}");
    assert!(matches!(with(&|_, f| f.clear()), Error::MeshVolume { .. }));
    // Nothing inside.
    let flat = Polyhedron::from_mesh(
        &[[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        &[[0, 1, 2], [0, 2, 1]],
    );
    assert!(matches!(flat, Err(Error::MeshVolume { .. })));
    // Flat up to rounding in single precision: fine, as triangles.
    let (mut corners, faces) = cuboid_mesh([0.1; 3], [2.3, 3.7, 4.9]);
    corners
        .iter_mut()
        .flatten()
        .for_each(|c| *c = f64::from(*c as f32));
    corners[7][0] += 1e-7;
    let body = Polyhedron::from_mesh(&corners, &faces).unwrap();
    assert!(body.faces.len() > 6);
    assert_accurate(&body, 1e-11);
}

/// Pixels of all kinds: generic, in a row of q_y = 0, tiny, at and near directions across a face.
fn in_plane_q(body: &Polyhedron, numbers: &mut Numbers) -> Vec<[f64; 2]> {
    let unit = 1.0 / body.radius;
    let mut list = vec![
        [0.0; 2],
        [1e-12 * unit, 0.0],
        [0.0, 1e-5 * unit],
        [0.01 * unit, -0.02 * unit],
    ];
    for size in [0.1, 1.0, 5.0, 40.0] {
        list.extend((0..20).map(|_| [0, 1].map(|_| size * unit * numbers.next())));
        list.push([size * unit, 0.0]);
        list.push([1e-9 * unit, size * unit]);
    }
    list
}

/// The four terms of a block against single evaluations; returns the worst error in volumes.
fn check_terms(body: &Polyhedron, k_i: Complex64, k_f: &[Complex64], q_par: &[[f64; 2]]) -> f64 {
    let pixels = q_par.len();
    let n = crate::simd::padded(pixels);
    let last = |i: usize| i.min(pixels - 1);
    let (mut q, mut k) = (Columns::default(), Columns::default());
    let mut weights: [Columns; 4] = Default::default();
    let mut numbers = Numbers(5);
    for i in 0..n {
        q.set(i, Complex64::new(q_par[last(i)][0], q_par[last(i)][1]));
        k.set(i, k_f[last(i)]);
        for w in &mut weights {
            w.set(i, Complex64::new(numbers.next(), numbers.next()));
        }
    }
    let q_length: Vec<f64> = (0..n).map(|i| q.get(i).norm()).collect();
    let terms = Terms {
        pixels,
        q_x: &q.re[..n],
        q_y: &q.im[..n],
        q_par: &q_length,
        k_i,
        k_f: Split {
            re: &k.re[..n],
            im: &k.im[..n],
        },
        incident: [Complex64::ZERO; 2],
        exit: [weights[0].view(n), weights[1].view(n)],
        weights: weights.each_ref().map(|w| w.view(n)),
        real: k_i.im == 0.0 && k_f.iter().all(|k| k.im == 0.0),
        uniform: false,
    };
    let (mut re, mut im) = (vec![1.0; n], vec![-2.0; n]);
    body.add_terms(&terms, &mut Scratch::default(), &mut re, &mut im);
    let mut worst = 0.0_f64;
    for i in 0..pixels {
        let four = body.at_four(q_par[i], k_i, k_f[i]);
        let slow: Complex64 = (0..4).map(|t| weights[t].get(i) * four[t]).sum();
        let fast = Complex64::new(re[i] - 1.0, im[i] + 2.0);
        worst = worst.max((fast - slow).norm() / body.volume);
    }
    worst
}

#[test]
fn blocks_agree_with_single_evaluations() {
    let turn = Rotation::about(Axis::X, 0.4).then(Rotation::about(Axis::Z, 0.3));
    let mut bodies = catalogue();
    let symmetric = bodies
        .iter()
        .filter(|b| b.plan.symmetry.opposite.is_some())
        .count();
    let half_turn = bodies.iter().filter(|b| b.plan.symmetry.half_turn).count();
    let mirror = bodies.iter().filter(|b| b.plan.symmetry.mirror).count();
    assert_eq!((symmetric, half_turn, mirror), (10, 13, 9));
    bodies.extend(catalogue().iter().map(|b| b.rotated(turn)));
    bodies.extend([
        prism_on(&L_SHAPE, 3.0),
        frame(5.0, 3.0, 2.0),
        box_with_cavity(),
    ]);
    with_all_instructions(|set| {
        let mut numbers = Numbers(4);
        for body in &bodies {
            let unit = 1.0 / body.radius;
            let q_par = in_plane_q(body, &mut numbers);
            for (incident, exit, decay) in [
                (0.3, 3.0, 0.0),
                (2.0, 20.0, 0.0),
                (0.3, 3.0, 0.01),
                (0.2, 3.0, 0.5),
            ] {
                let mut k_f: Vec<Complex64> = (0..q_par.len())
                    .map(|_| {
                        Complex64::new(exit * numbers.next().abs(), decay * numbers.next().abs())
                            * unit
                    })
                    .collect();
                // Nearly no vertical part; and across the faces where the in-plane part is small.
                let k_i = Complex64::new(incident, 0.3 * decay) * unit;
                k_f[1] = k_i;
                k_f[5] = k_i * (1.0 + 1e-8);
                k_f[7] = -k_i.conj();
                for pixels in [q_par.len(), 8, 5, 1] {
                    let worst = check_terms(body, k_i, &k_f[..pixels], &q_par[..pixels]);
                    assert!(
                        worst < 3e-13,
                        "{set}: {worst:e} {pixels} {decay} {:?}",
                        body.corners
                    );
                }
            }
        }
    });
}
