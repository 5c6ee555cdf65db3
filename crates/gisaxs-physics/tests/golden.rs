//! Numbers of another program (see the head of each table in `golden/`).

use std::sync::Arc;

use gisaxs_physics::*;
use serde::Deserialize;

/// Head of a table; `kind = "independent"` means that the numbers were not made with this crate.
#[derive(Deserialize)]
struct Table<T> {
    program: String,
    kind: String,
    case: Vec<T>,
}

fn cases<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    let table: Table<T> = toml::from_str(text).unwrap();
    assert_eq!(table.kind, "independent");
    assert!(table.program.starts_with("BornAgain 25"));
    assert!(!table.case.is_empty());
    table.case
}

/// Relative to the volume; the source has a series of its own near q = 0 that is good to 4e-12.
const FORM_FACTOR: f64 = 1e-9;
/// Relative; the source is a quotient of two intensities.
const STRUCTURE_FACTOR: f64 = 1e-9;
/// Relative, for reflectivities above 1e-12.
const SPECULAR: f64 = 1e-8;
/// Relative per pixel.
const IMAGE: f64 = 1e-8;
/// Relative, for the pixels of the image that reaches below the horizon.
const BELOW_HORIZON: f64 = 1e-4;

#[test]
fn form_factors() {
    #[derive(Deserialize)]
    struct Case {
        shape: String,
        parameters: std::collections::BTreeMap<String, f64>,
        volume: f64,
        rows: Vec<[f64; 8]>,
    }
    let cases = cases::<Case>(include_str!("golden/form_factors.toml"));
    for info in shapes() {
        assert!(
            cases.iter().any(|c| c.shape == info.name),
            "no golden values of {}",
            info.name
        );
    }
    for case in cases {
        let parameters: Vec<_> = case
            .parameters
            .iter()
            .map(|(n, v)| (n.as_str(), *v))
            .collect();
        let shape = shape(&case.shape, &parameters).unwrap();
        assert!(
            (shape.volume() / case.volume - 1.0).abs() < 1e-12,
            "{}",
            case.shape
        );
        for r in case.rows {
            let f = shape
                .at([(r[0], r[1]), (r[2], r[3]), (r[4], r[5])]
                    .map(|(re, im)| Complex64::new(re, im)));
            let error = (f - Complex64::new(r[6], r[7])).norm() / case.volume;
            assert!(error < FORM_FACTOR, "{} {r:?}: {error:e}", case.shape);
        }
    }
}

#[test]
fn structure_factors() {
    #[derive(Deserialize)]
    struct Case {
        profile: String,
        omega: f64,
        eta: f64,
        distance: f64,
        damping: f64,
        density: f64,
        rows: Vec<[f64; 3]>,
    }
    for case in cases::<Case>(include_str!("golden/structure_factors.toml")) {
        let omega_nm = case.omega;
        let profile = match case.profile.as_str() {
            "Gauss" => Profile1d::Gauss { omega_nm },
            "Cauchy" => Profile1d::Cauchy { omega_nm },
            "Gate" => Profile1d::Gate { omega_nm },
            "Triangle" => Profile1d::Triangle { omega_nm },
            "Cosine" => Profile1d::Cosine { omega_nm },
            "Voigt" => Profile1d::Voigt {
                omega_nm,
                eta: case.eta,
            },
            other => panic!("{other}"),
        };
        let paracrystal = RadialParacrystal::with_profile(case.distance, profile)
            .unwrap()
            .with_damping(case.damping)
            .unwrap();
        assert!((paracrystal.density() / case.density - 1.0).abs() < 1e-12);
        for [q_x, q_y, expected] in case.rows {
            let s = paracrystal.at(q_x, q_y);
            assert!(
                (s / expected - 1.0).abs() < STRUCTURE_FACTOR,
                "{profile:?} {q_x} {q_y}: {s}"
            );
        }
    }
}

#[test]
fn specular() {
    #[derive(Deserialize)]
    struct Case {
        name: String,
        wavelength: f64,
        layers: Vec<[f64; 8]>,
        rows: Vec<[f64; 2]>,
    }
    for case in cases::<Case>(include_str!("golden/specular.toml")) {
        let layers = case.layers.iter().map(
            |&[delta, beta, thickness, sigma, hurst, length, f_max, tanh]| {
                let sigma = effective_sigma(sigma, hurst, length, f_max);
                let roughness = if tanh == 1.0 {
                    Roughness::tanh(sigma)
                } else {
                    Roughness::erf(sigma)
                }
                .unwrap();
                Layer::new(RefractiveIndex::new(delta, beta).unwrap(), thickness)
                    .with_roughness(roughness)
            },
        );
        let stack = Multilayer::new(layers.collect()).unwrap();
        let k = 2.0 * std::f64::consts::PI / case.wavelength;
        for [alpha, expected] in case.rows {
            let reflectivity = stack.reflection(k, k * alpha.sin()).norm_sqr();
            let error = (reflectivity - expected).abs() / expected.max(1e-12);
            assert!(error < SPECULAR, "{} {alpha}: {error:e}", case.name);
        }
    }
}

const GOLD: RefractiveIndex = RefractiveIndex {
    delta: 3.24e-5,
    beta: 2.712e-6,
};
const SILICON: RefractiveIndex = RefractiveIndex {
    delta: 6.737e-6,
    beta: 1.071e-7,
};
const POLYMER: RefractiveIndex = RefractiveIndex {
    delta: 2.137e-6,
    beta: 5.052e-9,
};

fn gold(shape: Result<impl FormFactor + 'static>) -> Particle {
    Particle::new(shape.unwrap(), GOLD)
}

fn dilute(density_per_nm2: f64) -> Population {
    Population::new(0, Placement::Bottom, Correlation::None { density_per_nm2 })
}

/// The samples of `golden/images.toml`.
fn sample(name: &str) -> Sample {
    let distribution = |population: Population,
                        distribution: Distribution,
                        width,
                        shape: &dyn Fn(f64) -> Particle| {
        distribution
            .nodes(15, width)
            .unwrap()
            .iter()
            .fold(population, |p, node| {
                p.with(shape(node.value), node.weight).unwrap()
            })
    };
    let on_silicon = |population: Population| {
        Sample::new(Multilayer::substrate(SILICON).unwrap(), vec![population]).unwrap()
    };
    match name {
        "sphere_on_si" => on_silicon(
            dilute(0.0005583)
                .with(gold(Sphere::new(4.42)), 1.0)
                .unwrap(),
        ),
        "cylinder_on_si" => on_silicon(
            dilute(0.001831)
                .with(gold(Cylinder::new(3.906, 6.569)), 1.0)
                .unwrap(),
        ),
        "hemisphere_on_si" => {
            let hemisphere = gold(SphericalSegment::new(4.136, 0.0, 4.136));
            on_silicon(dilute(0.001427).with(hemisphere, 1.0).unwrap())
        }
        "core_shell_on_si" => {
            let core =
                Particle::new(Sphere::new(3.715).unwrap(), POLYMER).translated([0.0, 0.0, 1.891]);
            let particle = Particle::core_shell(core, gold(Sphere::new(5.606)));
            on_silicon(dilute(0.002814).with(particle, 1.0).unwrap())
        }
        "buried_in_film" => {
            let stack = Multilayer::new(vec![
                Layer::semi_infinite(RefractiveIndex::VACUUM),
                Layer::new(POLYMER, 28.12),
                Layer::semi_infinite(SILICON),
            ]);
            let correlation = Correlation::None {
                density_per_nm2: 0.002149,
            };
            let population = Population::new(1, Placement::Top, correlation)
                .with_offset(gold(Sphere::new(3.627)), 1.0, [0.0, 0.0, -6.78])
                .unwrap();
            Sample::new(stack.unwrap(), vec![population]).unwrap()
        }
        "radial_paracrystal" => {
            let order = Arc::new(RadialParacrystal::new(20.21, 3.531).unwrap());
            let population = Population::new(0, Placement::Bottom, Correlation::Decoupling(order));
            on_silicon(
                population
                    .with(gold(Cylinder::new(5.272, 8.471)), 1.0)
                    .unwrap(),
            )
        }
        "polydisperse_da" => {
            let order = RadialParacrystal::new(20.21, 5.446)
                .unwrap()
                .with_damping(1060.0)
                .unwrap();
            let population = Population::new(
                0,
                Placement::Bottom,
                Correlation::Decoupling(Arc::new(order)),
            );
            let radii = Distribution::Gaussian {
                mean: 3.54,
                std_dev: 0.7748,
            };
            on_silicon(distribution(population, radii, 2.5, &|r| {
                gold(Sphere::new(r))
            }))
        }
        "polydisperse_ssca" => {
            let paracrystal = RadialParacrystal::new(20.21, 5.805)
                .unwrap()
                .with_damping(1095.0)
                .unwrap();
            let correlation = Correlation::SizeSpacing {
                paracrystal,
                kappa: 1.305,
            };
            let population = Population::new(0, Placement::Bottom, correlation);
            let radii = Distribution::LogNormal {
                median: 3.54,
                scale: 0.1356,
            };
            on_silicon(distribution(population, radii, 2.0, &|r| {
                gold(Cylinder::new(r, 5.641))
            }))
        }
        "yoneda" => on_silicon(
            dilute(0.001029)
                .with(gold(Sphere::new(4.483)), 1.0)
                .unwrap(),
        ),
        other => panic!("{other}"),
    }
}

#[test]
fn images() {
    #[derive(Deserialize)]
    struct Case {
        name: String,
        pixels: Vec<[f64; 4]>,
    }
    for case in cases::<Case>(include_str!("golden/images.toml")) {
        let alpha_i = if case.name == "yoneda" {
            0.0030979594222899347
        } else {
            0.003921754829231259
        };
        let tolerance = if case.name == "yoneda" {
            BELOW_HORIZON
        } else {
            IMAGE
        };
        let beam = Beam::new(0.1077, alpha_i).unwrap();
        let pixels: Vec<_> = case
            .pixels
            .iter()
            .map(|&[two_theta_f_rad, alpha_f_rad, solid_angle, _]| {
                (
                    Direction {
                        alpha_f_rad,
                        two_theta_f_rad,
                    },
                    solid_angle,
                )
            })
            .collect();
        let counts = sample(&case.name).image(&beam, 1e9, &pixels);
        for (found, [phi, alpha, _, expected]) in counts.iter().zip(case.pixels) {
            let error = (found / expected - 1.0).abs();
            assert!(
                error < tolerance,
                "{} {phi} {alpha}: {found} {expected} {error:e}",
                case.name
            );
        }
    }
}
