//! The GISAXS image of gold particles whose shape is a mesh of triangles, as it comes from electron
//! tomography or a drawing program.
//!
//! Here the mesh is made from an icosahedron by splitting triangles and moving their corners, so that
//! there is something to compare with: without deformation it tends to a sphere.
//!
//! `cargo run --release -p gisaxs-physics --example mesh`

use std::collections::HashMap;

use gisaxs_physics::*;

fn main() -> Result<()> {
    // A sphere of triangles against the sphere, both of radius 4 nm resting on silicon.
    let radius = 4.0;
    let (vertices, triangles) = ball(4, |[x, y, z]| [x, y, z].map(|c| radius * c));
    let ball_of_triangles = Polyhedron::from_mesh(&vertices, &triangles)?;
    let missing =
        1.0 - ball_of_triangles.volume() / (4.0 / 3.0 * std::f64::consts::PI * radius.powi(3));
    let rounded = image(ball_of_triangles)?;
    let sphere = image(Sphere::new(radius)?)?;
    let total = |image: &[f64]| image.iter().sum::<f64>();
    let difference = total(&rounded) / total(&sphere) - 1.0;
    println!(
        "{} triangles in a sphere: {:.2} % less volume, {:.2} % less intensity",
        triangles.len(),
        100.0 * missing,
        -100.0 * difference
    );
    // The intensity at small angles goes with the square of the volume.
    assert!(difference.abs() < 3.0 * missing, "{difference} {missing}");

    // A dented droplet: flattened, and pressed in from above.
    let (vertices, triangles) = ball(4, |[x, y, z]| {
        let dent = 1.0 - 0.5 * (-6.0 * (x * x + y * y)).exp() * f64::from(u8::from(z > 0.0));
        [5.0 * x, 4.0 * y, 3.0 * z * dent]
    });
    let droplet = Polyhedron::from_mesh(&vertices, &triangles)?;
    let [low, high] = droplet.bounding_box_nm();
    println!(
        "dented droplet: {:.1} nm^3 in {:.1} x {:.1} x {:.1} nm",
        droplet.volume(),
        high[0] - low[0],
        high[1] - low[1],
        high[2] - low[2]
    );
    let counts = image(droplet)?;
    assert!(counts.iter().all(|c| c.is_finite() && *c >= 0.0));
    for row in counts.chunks(COLUMNS).rev() {
        let line: String = row
            .iter()
            .map(|counts| b" .:-=+*#%@"[((1.0 + counts).ln() as usize).min(9)] as char)
            .collect();
        println!("{line}");
    }
    Ok(())
}

const COLUMNS: usize = 72;
const ROWS: usize = 30;

/// Expected counts over exit angles of 0 to 3 deg upwards and -3 to 3 deg sideways.
fn image(shape: impl FormFactor + 'static) -> Result<Vec<f64>> {
    let energy = 11.9;
    let beam = Beam::new(wavelength_nm(energy), 0.3_f64.to_radians())?;
    let gold = Material::named("Au")?.index(energy)?;
    let silicon = Material::named("Si")?.index(energy)?;
    let dilute = Correlation::None {
        density_per_nm2: 1e-3,
    };
    let particles =
        Population::new(0, Placement::Bottom, dilute).with(Particle::new(shape, gold), 1.0)?;
    let sample = Sample::new(Multilayer::substrate(silicon)?, vec![particles])?;
    let step = 3.0_f64.to_radians() / ROWS as f64;
    let pixels: Vec<_> = (0..ROWS * COLUMNS)
        .map(|i| {
            let (row, column) = ((i / COLUMNS) as f64, (i % COLUMNS) as f64);
            let direction = Direction {
                alpha_f_rad: (row + 0.5) * step,
                two_theta_f_rad: (2.0 * (column + 0.5) / COLUMNS as f64 - 1.0)
                    * 3.0_f64.to_radians(),
            };
            (direction, 1e-6)
        })
        .collect();
    Ok(sample.image(&beam, 1e12, &pixels))
}

/// Vertices and triangles of the unit sphere, from an icosahedron whose triangles are split into
/// four `levels` times, with every vertex moved.
fn ball(levels: usize, moved: impl Fn([f64; 3]) -> [f64; 3]) -> (Vec<[f64; 3]>, Vec<[usize; 3]>) {
    let phi = 0.5 * (1.0 + 5.0_f64.sqrt());
    let mut vertices: Vec<[f64; 3]> = [-1.0, 1.0]
        .into_iter()
        .flat_map(|a| [-phi, phi].map(|b| (a, b)))
        .flat_map(|(a, b)| [[0.0, a, b], [a, b, 0.0], [b, 0.0, a]])
        .map(unit)
        .collect();
    // Faces join corners that are nearest neighbours; seen from outside, counter-clockwise.
    let mut triangles = Vec::new();
    let near = |a: [f64; 3], b: [f64; 3]| dot(a, b) > 0.4;
    for i in 0..12 {
        for j in i + 1..12 {
            for k in j + 1..12 {
                let [a, b, c] = [vertices[i], vertices[j], vertices[k]];
                if near(a, b) && near(b, c) && near(c, a) {
                    let outwards = dot(a, cross(b, c)) > 0.0;
                    triangles.push(if outwards { [i, j, k] } else { [i, k, j] });
                }
            }
        }
    }
    for _ in 0..levels {
        let mut middles = HashMap::new();
        let mut middle = |i: usize, j: usize| {
            *middles.entry((i.min(j), i.max(j))).or_insert_with(|| {
                let [a, b] = [vertices[i], vertices[j]];
                vertices.push(unit(std::array::from_fn(|k| a[k] + b[k])));
                vertices.len() - 1
            })
        };
        triangles = triangles
            .iter()
            .flat_map(|&[a, b, c]| {
                let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
                [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]
            })
            .collect();
    }
    (vertices.into_iter().map(moved).collect(), triangles)
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    a.map(|c| c / dot(a, a).sqrt())
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
