//! The images of `bornagain_bench.py`: same samples, same 256 x 256 directions.

use crate::Failure;
use gisaxs_physics::{
    Beam, Correlation, Cuboid, Cylinder, Direction, Distribution, FormFactor, InterfaceProfile,
    Layer, Multilayer, Node, Particle, Placement, Polyhedron, Population, RadialParacrystal,
    RefractiveIndex, RoughInterfaces, Roughness, Sample, SelfAffine, Sphere, SphericalSegment,
};
use std::sync::Arc;

/// Pixels along each axis.
pub(super) const PIXELS: usize = 256;

/// One case: name and sample.
pub(super) struct Case {
    pub name: &'static str,
    pub sample: Sample,
}

pub(super) fn beam() -> Result<Beam, Failure> {
    Ok(Beam::new(0.1, 0.2_f64.to_radians())?)
}

/// Directions and solid angles (sr) of `bornagain.SphericalDetector(pixels, -1.5 deg, 1.5 deg, pixels,
/// 0, 3 deg)`, row by row from the horizon up. BornAgain reads its bins as distances on a plane:
/// those with the nominal edges phi and alpha have the true edges atan(phi) and atan(h alpha), with
/// h = 1 / sqrt(1 + phi_c^4) at their centre phi_c, so alpha_f varies along a row.
pub(super) fn pixels(pixels: usize) -> Vec<(Direction, f64)> {
    let step = 3.0_f64.to_radians() / pixels as f64;
    let edges = |first: f64, i: usize| [i, i + 1].map(|edge| first + step * edge as f64);
    (0..pixels * pixels)
        .map(|i| {
            let [phi_0, phi_1] = edges(-1.5_f64.to_radians(), i % pixels);
            let h = 1.0 / (1.0 + (0.5 * (phi_0 + phi_1)).powi(4)).sqrt();
            let [alpha_0, alpha_1] = edges(0.0, i / pixels).map(|alpha| (h * alpha).atan());
            let [phi_0, phi_1] = [phi_0.atan(), phi_1.atan()];
            let direction = Direction {
                alpha_f_rad: 0.5 * (alpha_0 + alpha_1),
                two_theta_f_rad: 0.5 * (phi_0 + phi_1),
            };
            (direction, (phi_1 - phi_0) * (alpha_1.sin() - alpha_0.sin()))
        })
        .collect()
}

/// A shape and how many of the particles have it.
type Shapes = Vec<(Arc<dyn FormFactor>, f64)>;

fn one(shape: impl FormFactor + 'static) -> Shapes {
    vec![(Arc::new(shape), 1.0)]
}

/// One shape per node of a distribution.
fn sizes<F: FormFactor + 'static>(
    nodes: &[Node],
    shape: impl Fn(f64) -> gisaxs_physics::Result<F>,
) -> Result<Shapes, Failure> {
    nodes
        .iter()
        .map(|n| Ok((Arc::new(shape(n.value)?) as Arc<dyn FormFactor>, n.weight)))
        .collect()
}

fn silicon() -> Result<RefractiveIndex, Failure> {
    Ok(RefractiveIndex::new(5.78e-6, 1.02e-7)?)
}

fn dilute() -> Correlation {
    Correlation::None {
        density_per_nm2: 0.002,
    }
}

fn paracrystal() -> Result<RadialParacrystal, Failure> {
    Ok(RadialParacrystal::new(18.0, 3.0)?.with_damping(1000.0)?)
}

fn radial() -> Result<Correlation, Failure> {
    Ok(Correlation::Decoupling(Arc::new(paracrystal()?)))
}

/// Gold particles on the surface of a stack.
fn particles(correlation: Correlation, shapes: Shapes) -> Result<Population, Failure> {
    let gold = RefractiveIndex::new(3.5e-5, 3e-6)?;
    let mut population = Population::new(0, Placement::Bottom, correlation);
    for (shape, weight) in shapes {
        population = population.with(Particle::from_shape(shape, gold), weight)?;
    }
    Ok(population)
}

fn on_silicon(correlation: Correlation, shapes: Shapes) -> Result<Sample, Failure> {
    let population = particles(correlation, shapes)?;
    Ok(Sample::new(
        Multilayer::substrate(silicon()?)?,
        vec![population],
    )?)
}

/// Five double layers of 5 nm each on silicon, all interfaces rough and correlated.
fn multilayer(populations: Vec<Population>) -> Result<Sample, Failure> {
    let profile = SelfAffine {
        sigma_nm: 0.5,
        hurst: 0.5,
        correlation_nm: 20.0,
        max_frequency_per_nm: 0.5,
    };
    let roughness = Roughness {
        profile: InterfaceProfile::Erf,
        ..Roughness::erf(profile.effective_sigma())?
    };
    let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
    for i in 0..10 {
        let index = match i % 2 {
            0 => RefractiveIndex::new(8.0e-6, 2e-7)?,
            _ => RefractiveIndex::new(2.0e-6, 3e-9)?,
        };
        layers.push(Layer::new(index, 5.0).with_roughness(roughness));
    }
    layers.push(Layer::semi_infinite(silicon()?).with_roughness(roughness));
    let mut profiles = vec![Some(profile); layers.len()];
    profiles[0] = None;
    let rough = RoughInterfaces {
        profiles,
        vertical_correlation_nm: Some(50.0),
    };
    Ok(Sample::new(Multilayer::new(layers)?, populations)?.with_diffuse_scattering(rough)?)
}

pub(super) fn cases() -> Result<Vec<Case>, Failure> {
    let gaussian = |n: usize| {
        let distribution = Distribution::Gaussian {
            mean: 5.0,
            std_dev: 0.75,
        };
        distribution.nodes(n, 2.0)
    };
    let log_normal = Distribution::LogNormal {
        median: 5.0,
        scale: 0.15,
    };
    let angle = 60.0_f64.to_radians();
    let sphere = || Sphere::new(5.0);
    let cylinder = || Cylinder::new(5.0, 8.0);
    let cylinders = sizes(&log_normal.nodes(25, 2.0)?, |r| Cylinder::new(r, 8.0))?;
    let coupled = Correlation::SizeSpacing {
        paracrystal: paracrystal()?,
        kappa: 1.0,
    };
    let segments = sizes(&gaussian(8)?, |r| SphericalSegment::new(r, 0.0, 0.6 * r))?;
    let list = [
        ("a1_sphere", dilute(), one(sphere()?)),
        ("a2_cylinder", dilute(), one(cylinder()?)),
        ("b1_sphere_radial", radial()?, one(sphere()?)),
        ("b2_cylinder_radial", radial()?, one(cylinder()?)),
        (
            "c1_sphere_gauss25_da",
            radial()?,
            sizes(&gaussian(25)?, Sphere::new)?,
        ),
        ("c2_cylinder_lognormal25_da", radial()?, cylinders.clone()),
        ("c3_cylinder_lognormal25_ssca", coupled, cylinders),
        (
            "d1_pyramid4",
            dilute(),
            one(Polyhedron::pyramid4(12.0, 5.0, angle)?),
        ),
        (
            "d2_bipyramid4",
            dilute(),
            one(Polyhedron::bipyramid4(10.0, 4.0, 1.2, angle)?),
        ),
        (
            "d3_truncated_cube",
            dilute(),
            one(Polyhedron::truncated_cube(10.0, 2.5)?),
        ),
        (
            "d4_icosahedron",
            dilute(),
            one(Polyhedron::icosahedron(6.0)?),
        ),
        ("d5_box", dilute(), one(Cuboid::new(8.0, 10.0, 6.0)?)),
        (
            "f1_segment",
            dilute(),
            one(SphericalSegment::new(5.0, 0.0, 3.0)?),
        ),
        ("f2_segment_gauss8_da", radial()?, segments),
    ];
    let mut cases = list
        .into_iter()
        .map(|(name, correlation, shapes)| {
            Ok(Case {
                name,
                sample: on_silicon(correlation, shapes)?,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let spheres = particles(dilute(), one(sphere()?))?;
    cases.push(Case {
        name: "e1_multilayer_rough",
        sample: multilayer(vec![])?,
    });
    cases.push(Case {
        name: "e2_multilayer_rough_spheres",
        sample: multilayer(vec![spheres])?,
    });
    cases.sort_by_key(|case| case.name);
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum_intensity` of `bornagain_bench.py --pixels 64` with BornAgain 25.0.0.
    const SUMS: [(&str, f64); 16] = [
        ("a1_sphere", 5.562917859312e+06),
        ("a2_cylinder", 1.129650689496e+07),
        ("b1_sphere_radial", 5.739290819424e+06),
        ("b2_cylinder_radial", 1.051413490876e+07),
        ("c1_sphere_gauss25_da", 6.115072367651e+06),
        ("c2_cylinder_lognormal25_da", 1.148433315074e+07),
        ("c3_cylinder_lognormal25_ssca", 1.146585637658e+07),
        ("d1_pyramid4", 1.405872100977e+07),
        ("d2_bipyramid4", 7.931691315200e+06),
        ("d3_truncated_cube", 1.534031578231e+07),
        ("d4_icosahedron", 5.845916299475e+06),
        ("d5_box", 1.045060409477e+07),
        ("e1_multilayer_rough", 1.603626788924e+06),
        ("e2_multilayer_rough_spheres", 1.467957327731e+07),
        ("f1_segment", 9.817624254580e+06),
        ("f2_segment_gauss8_da", 1.031343857859e+07),
    ];

    #[test]
    fn images_are_those_of_bornagain() {
        let beam = beam().unwrap();
        let pixels = pixels(64);
        let cases = cases().unwrap();
        assert_eq!(cases.len(), SUMS.len());
        for (case, (name, expected)) in cases.iter().zip(SUMS) {
            assert_eq!(case.name, name);
            let sum: f64 = case.sample.image(&beam, 1e9, &pixels).iter().sum();
            // The single images agree to 2e-9 at worst; here they differ by 5e-12.
            assert!(
                (sum / expected - 1.0).abs() < 1e-9,
                "{name}: {sum} {expected}"
            );
        }
    }
}
