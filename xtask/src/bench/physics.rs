//! The images of `bornagain_bench.py`: same samples, same 256 x 256 directions.

use crate::Failure;
use gisaxs_physics::{
    Beam, Correlation, Cylinder, Direction, Distribution, FormFactor, Multilayer, Particle,
    Placement, Population, RadialParacrystal, RefractiveIndex, Sample, Sphere, SphericalSegment,
};
use std::sync::Arc;

/// Pixels along each axis.
pub(super) const PIXELS: usize = 256;

/// Cases of the script that are not timed here yet: pyramids, truncated cube, icosahedron,
/// box, and multilayers with diffuse scattering.
pub(super) const MISSING: [&str; 7] = [
    "d1_pyramid4",
    "d2_bipyramid4",
    "d3_truncated_cube",
    "d4_icosahedron",
    "d5_box",
    "e1_multilayer_rough",
    "e2_multilayer_rough_spheres",
];

/// One case: name and sample.
pub(super) struct Case {
    pub name: &'static str,
    pub sample: Sample,
}

pub(super) fn beam() -> Result<Beam, Failure> {
    Ok(Beam::new(0.1, 0.2_f64.to_radians())?)
}

/// Centres of the bins of a spherical detector: 3 deg across, 0 to 3 deg up.
pub(super) fn directions() -> Vec<Direction> {
    let step = 3.0_f64.to_radians() / PIXELS as f64;
    (0..PIXELS * PIXELS)
        .map(|i| Direction {
            alpha_f_rad: ((i / PIXELS) as f64 + 0.5) * step,
            two_theta_f_rad: ((i % PIXELS) as f64 + 0.5 - 0.5 * PIXELS as f64) * step,
        })
        .collect()
}

fn paracrystal() -> Result<RadialParacrystal, Failure> {
    Ok(RadialParacrystal::new(18.0, 3.0)?.with_damping(1000.0)?)
}

fn on_silicon(
    correlation: Correlation,
    particles: Vec<(Arc<dyn FormFactor>, f64)>,
) -> Result<Sample, Failure> {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6)?;
    let silicon = RefractiveIndex::new(5.78e-6, 1.02e-7)?;
    let mut population = Population::new(0, Placement::Bottom, correlation);
    for (shape, weight) in particles {
        population = population.with(Particle::from_shape(shape, gold), weight)?;
    }
    Ok(Sample::new(
        Multilayer::substrate(silicon)?,
        vec![population],
    )?)
}

pub(super) fn cases() -> Result<Vec<Case>, Failure> {
    type Shapes = Vec<(Arc<dyn FormFactor>, f64)>;
    let dilute = || Correlation::None {
        density_per_nm2: 0.002,
    };
    let radial = || -> Result<Correlation, Failure> {
        Ok(Correlation::Decoupling(Arc::new(paracrystal()?)))
    };
    let gaussian = |n: usize| {
        Distribution::Gaussian {
            mean: 5.0,
            std_dev: 0.75,
        }
        .nodes(n, 2.0)
    };
    let sphere = |r: f64| -> Result<Arc<dyn FormFactor>, Failure> { Ok(Arc::new(Sphere::new(r)?)) };
    let cylinder =
        |r: f64| -> Result<Arc<dyn FormFactor>, Failure> { Ok(Arc::new(Cylinder::new(r, 8.0)?)) };
    let segment = |r: f64| -> Result<Arc<dyn FormFactor>, Failure> {
        Ok(Arc::new(SphericalSegment::new(r, 0.0, 0.6 * r)?))
    };
    let one = |shape: Arc<dyn FormFactor>| -> Shapes { vec![(shape, 1.0)] };
    let spheres = gaussian(25)?
        .iter()
        .map(|n| Ok((sphere(n.value)?, n.weight)))
        .collect::<Result<Shapes, Failure>>()?;
    let segments = gaussian(8)?
        .iter()
        .map(|n| Ok((segment(n.value)?, n.weight)))
        .collect::<Result<Shapes, Failure>>()?;
    let cylinders = Distribution::LogNormal {
        median: 5.0,
        scale: 0.15,
    }
    .nodes(25, 2.0)?
    .iter()
    .map(|n| Ok((cylinder(n.value)?, n.weight)))
    .collect::<Result<Shapes, Failure>>()?;
    let coupled = Correlation::SizeSpacing {
        paracrystal: paracrystal()?,
        kappa: 1.0,
    };
    let list = [
        ("a1_sphere", dilute(), one(sphere(5.0)?)),
        ("a2_cylinder", dilute(), one(cylinder(5.0)?)),
        ("b1_sphere_radial", radial()?, one(sphere(5.0)?)),
        ("b2_cylinder_radial", radial()?, one(cylinder(5.0)?)),
        ("c1_sphere_gauss25_da", radial()?, spheres),
        ("c2_cylinder_lognormal25_da", radial()?, cylinders.clone()),
        ("c3_cylinder_lognormal25_ssca", coupled, cylinders),
        ("f1_segment", dilute(), one(segment(5.0)?)),
        ("f2_segment_gauss8_da", radial()?, segments),
    ];
    list.into_iter()
        .map(|(name, correlation, particles)| {
            Ok(Case {
                name,
                sample: on_silicon(correlation, particles)?,
            })
        })
        .collect()
}
