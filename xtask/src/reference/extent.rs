//! Heights of the lowest and the highest point of particles as the program that made the numbers
//! finds them: of tilted round bodies it takes polygons of 24 corners, so that they are placed
//! up to a hundredth of their radius differently; fuzzy spheres it places by their centre.

use std::f64::consts::TAU;

use gisaxs_physics::{Particle, RefractiveIndex, Rotation};

use super::sample::{self, rotation};
use super::schema::{self, Shape};

/// Corners of the polygons that stand for circles and ellipses.
const CORNERS: usize = 24;

/// Lowest and highest point of a particle in nm without its translation, turned by `turn` after
/// its own rotations. `None` for mixtures.
pub(super) fn vertical(spec: &schema::Particle, turn: Rotation) -> Option<[f64; 2]> {
    use schema::Particle as Spec;
    match spec {
        Spec::Single {
            formfactor,
            rotations,
            ..
        } => of_shape(formfactor, rotation(rotations).then(turn)),
        Spec::Mesocrystal {
            outer_shape,
            rotations,
            ..
        } => of_shape(outer_shape, rotation(rotations).then(turn)),
        Spec::CoreAndShell {
            shell, rotations, ..
        } => of_part(shell, rotation(rotations).then(turn)),
        Spec::Compound {
            components,
            rotations,
            ..
        } => {
            let turn = rotation(rotations).then(turn);
            let parts = components.iter().map(|part| of_part(part, turn));
            parts
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .reduce(|[low, high], [l, h]| [low.min(l), high.max(h)])
        }
        Spec::Mixture { .. } => None,
    }
}

/// A part of a particle at its place.
fn of_part(spec: &schema::Particle, turn: Rotation) -> Option<[f64; 2]> {
    let [x, y, z] = spec.translation_nm();
    let shift = turn.apply([x, y, z])[2];
    Some(vertical(spec, turn)?.map(|height| height + shift))
}

fn of_shape(shape: &Shape, turn: Rotation) -> Option<[f64; 2]> {
    let Some(points) = corners(shape) else {
        let body = sample::shape(&shape.name, &shape.params).ok()?;
        let particle = Particle::from_shape(body.into(), RefractiveIndex::VACUUM);
        return Some(particle.rotated(turn).vertical_extent());
    };
    let heights = points.into_iter().map(|p| turn.apply(p)[2]);
    heights.fold(None, |range: Option<[f64; 2]>, z| {
        Some(range.map_or([z, z], |[low, high]| [low.min(z), high.max(z)]))
    })
}

/// The points that stand for a shape. `None` for those that it treats exactly.
fn corners(shape: &Shape) -> Option<Vec<[f64; 3]>> {
    let p = |name: &str| shape.params.get(name).copied();
    let circle = |a: f64, b: f64, z: f64| {
        (0..CORNERS).map(move |k| {
            let (sin, cos) = (TAU * k as f64 / CORNERS as f64).sin_cos();
            [a * cos, b * sin, z]
        })
    };
    let frustum = |a: f64, b: f64, top: f64, h: f64| -> Vec<[f64; 3]> {
        circle(a, b, 0.0)
            .chain(circle(a * top, b * top, h))
            .collect()
    };
    // Rings at equal steps of height, one step more than corners.
    let ellipsoid = |a: f64, b: f64, c: f64| -> Vec<[f64; 3]> {
        (0..=CORNERS)
            .flat_map(|i| {
                let t = 2.0 * i as f64 / CORNERS as f64 - 1.0;
                let r = (1.0 - t * t).max(0.0).sqrt();
                circle(a * r, b * r, c * (1.0 + t))
            })
            .collect()
    };
    let ridge = |section: &[[f64; 2]], length: f64| -> Vec<[f64; 3]> {
        let ends = [-0.5 * length, 0.5 * length];
        let points = section.iter();
        points
            .flat_map(|[y, z]| ends.map(|x| [x, *y, *z]))
            .collect()
    };
    Some(match shape.name.as_str() {
        "Cylinder" => frustum(p("radius")?, p("radius")?, 1.0, p("height")?),
        "EllipsoidalCylinder" => frustum(p("radius_x")?, p("radius_y")?, 1.0, p("height")?),
        "Cone" => {
            let (r, h) = (p("radius")?, p("height")?);
            frustum(r, r, 1.0 - h / p("alpha")?.tan() / r, h)
        }
        "Spheroid" => ellipsoid(p("radius_xy")?, p("radius_xy")?, p("radius_z")?),
        "Ellipsoid" => ellipsoid(p("radius_x")?, p("radius_y")?, p("radius_z")?),
        "HorizontalCylinder" => {
            let r = p("radius")?;
            let [low, high] = [p("bottom_cut")? - r, r - p("top_cut")?];
            let mut section: Vec<[f64; 2]> = circle(r, r, 0.0)
                .map(|[y, z, _]| [y, z])
                .filter(|[_, z]| (low..=high).contains(z))
                .collect();
            for z in [low, high] {
                let y = (r * r - z * z).max(0.0).sqrt();
                section.extend([[-y, z], [y, z]]);
            }
            let standing: Vec<[f64; 2]> = section.iter().map(|[y, z]| [*y, z - low]).collect();
            ridge(&standing, p("length")?)
        }
        "FuzzySphere" => vec![[0.0; 3], [0.0, 0.0, 2.0 * p("mean_radius")?]],
        name => {
            let (l, w, h) = (p("length")?, 0.5 * p("width")?, p("height")?);
            match name {
                "BarGauss" | "BarLorentz" | "LongBoxGauss" | "LongBoxLorentz" => {
                    ridge(&[[-w, 0.0], [w, 0.0], [-w, h], [w, h]], l)
                }
                "CosineRippleBox" | "CosineRippleGauss" | "CosineRippleLorentz" => {
                    ridge(&[[-w, 0.0], [w, 0.0], [0.0, h]], l)
                }
                "SawtoothRippleGauss" | "SawtoothRippleLorentz" => {
                    let d = p("asymmetry")?;
                    ridge(&[[-w - d, 0.0], [w - d, 0.0], [0.0, h]], l)
                }
                _ => return None,
            }
        }
    })
}

/// How far to shift a particle that has been placed by its own extent, in nm.
pub(super) fn correction(
    spec: &schema::Particle,
    particle: &Particle,
    placement: schema::Placement,
) -> f64 {
    let Some([low, high]) = vertical(spec, Rotation::IDENTITY) else {
        return 0.0;
    };
    let [own_low, own_high] = particle.vertical_extent();
    match placement {
        schema::Placement::Bottom => own_low - low,
        schema::Placement::Top => own_high - high,
        schema::Placement::Volume => 0.0,
    }
}
