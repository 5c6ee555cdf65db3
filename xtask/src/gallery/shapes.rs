//! One figure per shape: the body from the side and from above, and two cuts through |F(q)|^2.

use gisaxs_physics::{Complex64, FormFactor};

use super::canvas::{Canvas, Colour};
use super::colour;
use super::plot::{Plot, colour_bar};

const PANEL: i32 = 150;
/// Left edges of the panels.
const LEFT: [i32; 4] = [46, 252, 458, 664];
const TOP: i32 = 22;
const SIZE: [i32; 2] = [876, 210];
/// |F|^2 / V^2 that is black, as a power of ten.
const FLOOR: i32 = -8;

/// Draws the shape with its first example parameters.
pub(super) fn figure(shape: &dyn FormFactor) -> Canvas {
    let mut canvas = Canvas::new(SIZE[0], SIZE[1]);
    let [low, high] = shape.bounding_box();
    let extent: [f64; 3] = std::array::from_fn(|i| high[i] - low[i]);
    let middle: [f64; 3] = std::array::from_fn(|i| 0.5 * (high[i] + low[i]));
    // Long ridges are cut off at a few widths.
    let half = |i: usize, j: usize| {
        let [short, long] = [extent[i].min(extent[j]), extent[i].max(extent[j])];
        0.55 * long.min(5.0 * short)
    };
    let square = |panel: usize, centre: [f64; 2], half: f64| Plot {
        area: [LEFT[panel], TOP, LEFT[panel] + PANEL - 1, TOP + PANEL - 1],
        x: [centre[0] - half, centre[0] + half],
        y: [centre[1] - half, centre[1] + half],
        log_y: false,
    };
    // Matter along the line of sight, 0 to 1 of the extent.
    let thickness = |point: &dyn Fn(f64) -> [f64; 3], depth: usize| {
        const STEPS: usize = 48;
        let sum: f64 = (0..STEPS)
            .map(|i| {
                let t = (i as f64 + 0.5) / STEPS as f64;
                shape.density(point(low[depth] + t * extent[depth]))
            })
            .sum();
        sum / STEPS as f64
    };

    let side = square(0, [middle[1], middle[2]], half(1, 2));
    side.map(&mut canvas, |[y, z]| shade(thickness(&|x| [x, y, z], 0)));
    side.axes(&mut canvas, "y / nm", "z / nm", "side view");
    let above = square(1, [middle[0], middle[1]], half(0, 1));
    above.map(&mut canvas, |[x, y]| shade(thickness(&|z| [x, y, z], 2)));
    above.axes(&mut canvas, "x / nm", "y / nm", "top view");

    // A few lobes in each direction.
    let q_max = |i: usize, j: usize| {
        let length = |i: usize| extent[i].min(2.0 * half(i, j));
        2.8 * std::f64::consts::TAU / (length(i) * length(j)).sqrt()
    };
    let volume = shape.volume();
    let level = |q: [f64; 3]| {
        let f = shape.at(q.map(Complex64::from)).norm() / volume;
        let decades = 2.0 * f.max(1e-30).log10();
        colour(1.0 - decades / f64::from(FLOOR))
    };
    let vertical = square(2, [0.0; 2], q_max(1, 2));
    vertical.map(&mut canvas, |[y, z]| level([0.0, y, z]));
    vertical.axes(
        &mut canvas,
        "q_y / nm^-1",
        "q_z / nm^-1",
        "|F|^2 / V^2 at q_x = 0",
    );
    let lateral = square(3, [0.0; 2], q_max(0, 1));
    lateral.map(&mut canvas, |[x, y]| level([x, y, 0.0]));
    lateral.axes(
        &mut canvas,
        "q_x / nm^-1",
        "q_y / nm^-1",
        "|F|^2 / V^2 at q_z = 0",
    );
    colour_bar(&mut canvas, &lateral, [FLOOR, 0], colour);
    canvas
}

/// White for (almost) nothing, blue-grey for matter, in a few steps.
fn shade(thickness: f64) -> Colour {
    if thickness <= 0.01 {
        return [255; 3];
    }
    let t = (thickness * 12.0).ceil() / 12.0;
    [232.0 - 182.0 * t, 238.0 - 148.0 * t, 245.0 - 95.0 * t].map(|c| c as u8)
}
