//! Every derivative against central differences of `Sample::image`, over samples of every kind.

use std::sync::Arc;

use super::*;
use crate::form_factor::{
    Cone, Cuboid, Cylinder, Ellipsoid, FormFactor, Polyhedron, Sphere, SphericalSegment,
};
use crate::material::RefractiveIndex;
use crate::multilayer::{
    InterfaceProfile, Layer, Multilayer, RoughInterfaces, Roughness, SelfAffine,
};
use crate::particle::{Axis, Particle, Rotation};
use crate::sample::{Correlation, Placement, Population};
use crate::structure_factor::RadialParacrystal;

const GOLD: RefractiveIndex = RefractiveIndex {
    delta: 3.5e-5,
    beta: 3e-6,
};
const SILICON: RefractiveIndex = RefractiveIndex {
    delta: 5.8e-6,
    beta: 1e-7,
};
const POLYMER: RefractiveIndex = RefractiveIndex {
    delta: 2.5e-6,
    beta: 4e-9,
};
const PHOTONS: f64 = 1e9;
const BACKGROUND: f64 = 3.0;
const WAVELENGTH_NM: f64 = 0.105;
/// Below the critical angle of silicon (0.0034 rad), and above it.
const ANGLES: [f64; 2] = [0.0021, 0.0068];

fn pixels() -> Vec<(Direction, f64)> {
    let mut list = Vec::new();
    for alpha_f_rad in [0.0013, 0.0029, 0.012, 0.04, -0.004] {
        for two_theta_f_rad in [0.0, 0.004, -0.013, 0.03] {
            let direction = Direction {
                alpha_f_rad,
                two_theta_f_rad,
            };
            list.push((direction, 1e-6 * (1.0 + alpha_f_rad)));
        }
    }
    list
}

/// A model: an image and its Jacobian as functions of numbers.
struct Model<'a> {
    parameters: Vec<FitParameter>,
    start: Vec<f64>,
    /// Sample and incidence angle.
    build: &'a dyn Fn(&[f64]) -> (Sample, f64),
}

impl Model<'_> {
    fn image(&self, values: &[f64]) -> Vec<f64> {
        let (sample, alpha_i) = (self.build)(values);
        sample.image(
            &Beam::new(WAVELENGTH_NM, alpha_i).unwrap(),
            PHOTONS,
            &pixels(),
        )
    }

    /// Compares image and Jacobian with `Sample::image` and its differences. Tolerance: the sixth order
    /// of the extrapolated difference and its rounding, relative to the largest derivative that the
    /// pixel's intensity allows.
    fn check(&self, what: &str) {
        let (sample, alpha_i) = (self.build)(&self.start);
        let beam = Beam::new(WAVELENGTH_NM, alpha_i).unwrap();
        let found = sample
            .image_and_jacobian(&beam, PHOTONS, BACKGROUND, &pixels(), &self.parameters)
            .unwrap();
        let image = self.image(&self.start);
        for (a, b) in found.values().iter().zip(&image) {
            assert!(
                (a - BACKGROUND - b).abs() <= 1e-12 * b + 1e-14 * BACKGROUND,
                "{what}: {a} {b}"
            );
        }
        for (p, parameter) in self.parameters.iter().enumerate() {
            let step = 0.003 * self.start[p].abs();
            let [a, b, c] = [1.0, 0.5, 0.25].map(|s| {
                let h = s * step;
                let moved = |h: f64| {
                    let mut values = self.start.clone();
                    values[p] += h;
                    self.image(&values)
                };
                let (up, down) = (moved(h), moved(-h));
                up.iter()
                    .zip(&down)
                    .map(|(u, d)| (u - d) / (2.0 * h))
                    .collect::<Vec<_>>()
            });
            let mut differs = false;
            for (i, slope) in found.column(p).enumerate() {
                let exact = (64.0 * c[i] - 20.0 * b[i] + a[i]) / 45.0;
                let scale = exact.abs() + image[i] / self.start[p].abs();
                assert!(
                    (slope - exact).abs() < 1e-6 * scale,
                    "{what}, {}, pixel {i}: {slope} instead of {exact}, image {}",
                    parameter.name(),
                    image[i]
                );
                differs |= exact.abs() > 1e-6 * image[i];
            }
            assert!(differs, "{what}: {} does nothing", parameter.name());
        }
    }
}

fn single(quantity: Quantity) -> FitParameter {
    FitParameter::from(quantity)
}

fn chain(distance: f64, disorder: f64) -> RadialParacrystal {
    RadialParacrystal::new(distance, disorder * distance)
        .and_then(|c| c.with_damping(400.0))
        .unwrap()
}

/// Two sizes of a shape of radius R and height H on rough silicon, under all correlations.
fn on_a_substrate(
    what: &str,
    shape: &dyn Fn(f64, f64) -> Particle,
    radius: &'static str,
    height: &'static str,
) {
    type Make = fn(f64, f64, f64) -> Correlation;
    let correlations: [(&str, Make); 4] = [
        ("independent", |d, _, _| Correlation::None {
            density_per_nm2: 1.0 / (d * d),
        }),
        ("decoupling", |d, s, _| {
            Correlation::Decoupling(Arc::new(chain(d, s)))
        }),
        ("size-spacing", |d, s, kappa| Correlation::SizeSpacing {
            paracrystal: chain(d, s),
            kappa,
        }),
        ("local monodisperse", |d, s, _| {
            Correlation::LocalMonodisperse(chain(d, s))
        }),
    ];
    for (name, make) in correlations {
        for alpha_i in ANGLES {
            let mut parameters = vec![
                single(Quantity::IncidenceAngle),
                single(Quantity::Roughness { layer: 1 }),
                single(Quantity::Weight {
                    population: 0,
                    member: 1,
                }),
                single(Quantity::shape(0, 0, radius)),
                single(Quantity::shape(0, 1, height)),
                single(Quantity::Coverage { population: 0 }),
            ];
            let start = [alpha_i, 0.7, 0.6, 4.0, 3.5, 0.8, 14.0, 0.22, 1.3];
            if name != "independent" {
                parameters.push(single(Quantity::Distance { population: 0 }));
                parameters.push(single(Quantity::Disorder { population: 0 }));
            }
            if name == "size-spacing" {
                parameters.push(single(Quantity::Coupling { population: 0 }));
            }
            let count = parameters.len();
            let build = |v: &[f64]| {
                let mut all = start;
                all[..v.len()].copy_from_slice(v);
                let [alpha_i, sigma, weight, r, h, coverage, d, disorder, kappa] = all;
                let population = Population::new(0, Placement::Bottom, make(d, disorder, kappa))
                    .with(shape(r, 4.6), 1.0)
                    .unwrap()
                    .with(shape(5.0, h), weight)
                    .unwrap()
                    .with_coverage(coverage)
                    .unwrap();
                let rough =
                    Layer::semi_infinite(SILICON).with_roughness(Roughness::erf(sigma).unwrap());
                let stack =
                    Multilayer::new(vec![Layer::semi_infinite(RefractiveIndex::VACUUM), rough]);
                (
                    Sample::new(stack.unwrap(), vec![population]).unwrap(),
                    alpha_i,
                )
            };
            let model = Model {
                parameters,
                start: start[..count].to_vec(),
                build: &build,
            };
            model.check(&format!("{what}, {name}, alpha_i {alpha_i}"));
        }
    }
}

fn particle(shape: impl FormFactor + 'static) -> Particle {
    Particle::new(shape, GOLD)
}

#[test]
fn cylinders_on_a_substrate() {
    on_a_substrate(
        "cylinders",
        &|r, h| particle(Cylinder::new(r, h).unwrap()),
        "radius",
        "height",
    );
}

#[test]
fn cones_on_a_substrate() {
    on_a_substrate(
        "cones",
        &|r, h| particle(Cone::new(r, h, 1.2).unwrap()),
        "radius",
        "height",
    );
}

#[test]
fn spheroids_on_a_substrate() {
    on_a_substrate(
        "spheroids",
        &|r, h| particle(Ellipsoid::new([r, 3.7, h]).unwrap()),
        "radius_x",
        "radius_z",
    );
}

#[test]
fn segments_in_the_terms_of_radius_and_height() {
    // The height H = 2 R - bottom_cut at constant R, and R at constant H, as combinations.
    let parameters = [
        FitParameter::new("H").moving(Quantity::shape(0, 0, "bottom_cut"), -1.0),
        FitParameter::new("R")
            .moving(Quantity::shape(0, 0, "radius"), 1.0)
            .moving(Quantity::shape(0, 0, "bottom_cut"), 2.0),
    ];
    for alpha_i in ANGLES {
        let build = |v: &[f64]| {
            let (h, r) = (v[0], v[1]);
            let segment = SphericalSegment::new(r, 0.0, 2.0 * r - h).unwrap();
            let order = Correlation::Decoupling(Arc::new(chain(15.0, 0.2)));
            let population = Population::new(0, Placement::Bottom, order)
                .with(particle(segment), 1.0)
                .unwrap();
            let stack = Multilayer::substrate(SILICON).unwrap();
            (Sample::new(stack, vec![population]).unwrap(), alpha_i)
        };
        let model = Model {
            parameters: parameters.to_vec(),
            start: vec![5.5, 4.0],
            build: &build,
        };
        model.check("segments");
    }
}

#[test]
fn turning_the_sample_is_pitch() {
    // Fixed directions in the laboratory: of the sample frame, x turns towards z.
    let turned = |direction: &Direction, angle: f64| {
        let (sin_f, cos_f) = direction.alpha_f_rad.sin_cos();
        let (sin_t, cos_t) = direction.two_theta_f_rad.sin_cos();
        let [x, y, z] = [cos_f * cos_t, cos_f * sin_t, sin_f];
        let (sin, cos) = angle.sin_cos();
        let (x, z) = (x * cos + z * sin, z * cos - x * sin);
        Direction {
            alpha_f_rad: z.asin(),
            two_theta_f_rad: y.atan2(x),
        }
    };
    let population = Population::new(
        0,
        Placement::Bottom,
        Correlation::Decoupling(Arc::new(chain(13.0, 0.25))),
    )
    .with(
        particle(Cuboid::new(5.0, 7.0, 3.0).unwrap()).rotated(Rotation::about(Axis::Z, 0.4)),
        1.0,
    )
    .unwrap();
    let sample = Sample::new(Multilayer::substrate(SILICON).unwrap(), vec![population]).unwrap();
    for alpha_i in ANGLES {
        let image = |angle: f64| {
            let list: Vec<_> = pixels()
                .iter()
                .map(|(d, solid_angle)| (turned(d, angle), *solid_angle))
                .collect();
            let beam = Beam::new(WAVELENGTH_NM, alpha_i + angle).unwrap();
            sample.image(&beam, PHOTONS, &list)
        };
        let beam = Beam::new(WAVELENGTH_NM, alpha_i).unwrap();
        let parameters = [single(Quantity::Pitch)];
        let found = sample
            .image_and_jacobian(&beam, PHOTONS, 0.0, &pixels(), &parameters)
            .unwrap();
        let [a, b, c] = [1.0, 0.5, 0.25].map(|s| {
            let h = 5e-6 * s;
            let (up, down) = (image(h), image(-h));
            up.iter()
                .zip(&down)
                .map(|(u, d)| (u - d) / (2.0 * h))
                .collect::<Vec<_>>()
        });
        for (i, slope) in found.column(0).enumerate() {
            let exact = (64.0 * c[i] - 20.0 * b[i] + a[i]) / 45.0;
            let scale = exact.abs() + found.values()[i] / alpha_i;
            assert!(
                (slope - exact).abs() < 1e-6 * scale,
                "{alpha_i} {i}: {slope} {exact}"
            );
        }
    }
}

/// A film on rough silicon with particles: thicknesses, roughnesses, and where the particles are.
fn in_a_film(
    what: &str,
    placement: Placement,
    profile: InterfaceProfile,
    shape: &dyn Fn(f64) -> Particle,
    parameter: Quantity,
    length: f64,
) {
    for alpha_i in ANGLES {
        let parameters = vec![
            single(Quantity::IncidenceAngle),
            single(Quantity::Thickness { layer: 1 }),
            single(Quantity::Thickness { layer: 2 }),
            single(Quantity::Roughness { layer: 1 }),
            single(Quantity::Roughness { layer: 2 }),
            single(Quantity::Roughness { layer: 3 }),
            single(parameter.clone()),
            single(Quantity::Density { population: 0 }),
        ];
        let start = vec![alpha_i, 31.0, 12.0, 0.5, 0.8, 1.2, length, 2e-4];
        let build = |v: &[f64]| {
            let rough = |sigma_nm| Roughness { sigma_nm, profile };
            let independent = Correlation::None {
                density_per_nm2: v[7],
            };
            let population = Population::new(1, placement, independent)
                .with_offset(
                    shape(v[6]),
                    1.0,
                    [
                        1.0,
                        2.0,
                        if placement == Placement::Origin {
                            -16.0
                        } else {
                            0.0
                        },
                    ],
                )
                .unwrap();
            let on_top = Population::new(
                0,
                Placement::Bottom,
                Correlation::None {
                    density_per_nm2: 1e-4,
                },
            )
            .with(particle(Sphere::new(3.0).unwrap()), 1.0)
            .unwrap();
            let stack = Multilayer::new(vec![
                Layer::semi_infinite(RefractiveIndex::VACUUM),
                Layer::new(POLYMER, v[1]).with_roughness(rough(v[3])),
                Layer::new(
                    RefractiveIndex {
                        delta: 7e-6,
                        beta: 2e-8,
                    },
                    v[2],
                )
                .with_roughness(rough(v[4])),
                Layer::semi_infinite(SILICON).with_roughness(rough(v[5])),
            ]);
            (
                Sample::new(stack.unwrap(), vec![population, on_top]).unwrap(),
                v[0],
            )
        };
        let model = Model {
            parameters,
            start,
            build: &build,
        };
        model.check(&format!("{what}, alpha_i {alpha_i}"));
    }
}

#[test]
fn buried_particles_in_rough_films() {
    let tilted = |h: f64| {
        particle(Cylinder::new(3.0, h).unwrap())
            .rotated(Rotation::about(Axis::X, 0.6).then(Rotation::about(Axis::Z, 0.3)))
    };
    for placement in [
        Placement::Bottom,
        Placement::Top,
        Placement::Origin,
        Placement::Throughout,
    ] {
        in_a_film(
            &format!("tilted cylinder, {placement:?}"),
            placement,
            InterfaceProfile::Erf,
            &tilted,
            Quantity::shape(0, 0, "height"),
            6.0,
        );
    }
    in_a_film(
        "segment under a tanh interface",
        Placement::Top,
        InterfaceProfile::Tanh,
        &|r| particle(SphericalSegment::new(r, 0.7, 2.0).unwrap()),
        Quantity::shape(0, 0, "radius"),
        4.0,
    );
}

#[test]
fn diffuse_scattering_of_rough_interfaces() {
    for alpha_i in ANGLES {
        for vertical_correlation_nm in [None, Some(40.0)] {
            let build = |v: &[f64]| {
                // The height of a profile goes with the effective roughness.
                let profile = |effective: f64| {
                    let unit = SelfAffine {
                        sigma_nm: 1.0,
                        hurst: 0.6,
                        correlation_nm: 30.0,
                        max_frequency_per_nm: 0.5,
                    };
                    SelfAffine {
                        sigma_nm: effective / unit.effective_sigma(),
                        ..unit
                    }
                };
                let rough = |s: f64| Roughness::erf(s).unwrap();
                let stack = Multilayer::new(vec![
                    Layer::semi_infinite(RefractiveIndex::VACUUM),
                    Layer::new(POLYMER, v[1]).with_roughness(rough(v[2])),
                    Layer::new(
                        RefractiveIndex {
                            delta: 9e-6,
                            beta: 2e-8,
                        },
                        14.0,
                    ),
                    Layer::semi_infinite(SILICON).with_roughness(rough(v[3])),
                ]);
                let sample = Sample::new(stack.unwrap(), vec![])
                    .and_then(|s| {
                        s.with_diffuse_scattering(RoughInterfaces {
                            profiles: vec![None, Some(profile(v[2])), None, Some(profile(v[3]))],
                            vertical_correlation_nm,
                        })
                    })
                    .unwrap();
                (sample, v[0])
            };
            let model = Model {
                parameters: vec![
                    single(Quantity::IncidenceAngle),
                    single(Quantity::Thickness { layer: 1 }),
                    single(Quantity::Roughness { layer: 1 }),
                    single(Quantity::Roughness { layer: 3 }),
                ],
                start: vec![alpha_i, 25.0, 0.6, 0.9],
                build: &build,
            };
            model.check(&format!(
                "diffuse, alpha_i {alpha_i}, {vertical_correlation_nm:?}"
            ));
        }
    }
}

#[test]
fn shapes_without_closed_forms_and_compound_particles() {
    // A pyramid stretched along z keeps its base and its top: alpha follows. In Cauchy's integral.
    let pyramid = |h: f64| {
        let corners = |half: f64, z: f64| {
            [
                [-half, -half, z],
                [half, -half, z],
                [half, half, z],
                [-half, half, z],
            ]
        };
        let all: Vec<[f64; 3]> = corners(4.0, 0.0)
            .into_iter()
            .chain(corners(2.0, h))
            .collect();
        particle(Polyhedron::convex_hull(&all).unwrap())
    };
    let stretch = |rate: f64| {
        FitParameter::new("height of the pyramid").moving(
            Quantity::Stretch {
                population: 0,
                member: 0,
                body: 0,
                axis: 2,
            },
            rate,
        )
    };
    let build = |v: &[f64]| {
        let order = Correlation::Decoupling(Arc::new(chain(16.0, 0.2)));
        let population = Population::new(0, Placement::Bottom, order)
            .with(pyramid(v[0]), 1.0)
            .unwrap();
        let stack = Multilayer::substrate(SILICON).unwrap();
        (Sample::new(stack, vec![population]).unwrap(), v[1])
    };
    let model = Model {
        parameters: vec![stretch(1.0 / 3.0), single(Quantity::IncidenceAngle)],
        start: vec![3.0, 0.0068],
        build: &build,
    };
    model.check("pyramid");

    // A core in a shell, hanging from the top of a film: the size of the shell moves both.
    let build = |v: &[f64]| {
        let core = Particle::new(Sphere::new(v[1]).unwrap(), GOLD).translated([0.3, 0.1, 2.0]);
        let shell = Particle::new(Ellipsoid::new([5.0, 5.0, v[0]]).unwrap(), SILICON);
        let both = Particle::core_shell(core, shell).rotated(Rotation::about(Axis::Y, 0.5));
        let population = Population::new(
            1,
            Placement::Top,
            Correlation::None {
                density_per_nm2: 1e-4,
            },
        )
        .with(both, 1.0)
        .unwrap();
        let stack = Multilayer::new(vec![
            Layer::semi_infinite(RefractiveIndex::VACUUM),
            Layer::new(POLYMER, 50.0),
            Layer::semi_infinite(SILICON),
        ]);
        (Sample::new(stack.unwrap(), vec![population]).unwrap(), v[2])
    };
    let model = Model {
        parameters: vec![
            single(Quantity::shape(0, 0, "radius_z")),
            single(Quantity::Shape {
                population: 0,
                member: 0,
                body: 1,
                parameter: "radius",
            }),
            single(Quantity::IncidenceAngle),
        ],
        start: vec![4.0, 1.5, 0.0068],
        build: &build,
    };
    model.check("core and shell");
}

#[test]
fn size_moves_neighbours_and_scale_and_background_are_linear() {
    let size = |member: usize, radius: f64| {
        FitParameter::new("R").moving(
            Quantity::Size {
                population: 0,
                member,
                body: 0,
            },
            1.0 / radius,
        )
    };
    let build = |v: &[f64]| {
        let order = Correlation::SizeSpacing {
            paracrystal: chain(15.0, 0.2),
            kappa: 1.1,
        };
        let population = Population::new(0, Placement::Bottom, order)
            .with(particle(Sphere::new(v[0]).unwrap()), 0.4)
            .unwrap()
            .with(particle(Sphere::new(4.0).unwrap()), 0.6)
            .unwrap();
        let stack = Multilayer::substrate(SILICON).unwrap();
        (Sample::new(stack, vec![population]).unwrap(), 0.0068)
    };
    let model = Model {
        parameters: vec![size(0, 3.0)],
        start: vec![3.0],
        build: &build,
    };
    model.check("size");

    let (sample, alpha_i) = build(&[3.0]);
    let beam = Beam::new(WAVELENGTH_NM, alpha_i).unwrap();
    let parameters = [
        single(Quantity::Scale),
        single(Quantity::Background),
        FitParameter::of_all_shapes(&sample, 0, "radius").unwrap(),
        single(Quantity::shape(0, 0, "radius")),
        single(Quantity::shape(0, 1, "radius")),
    ];
    let found = sample
        .image_and_jacobian(&beam, PHOTONS, BACKGROUND, &pixels(), &parameters)
        .unwrap();
    assert_eq!(found.names()[2], "radius");
    for i in 0..found.values().len() {
        let row = found.row(i);
        assert!((row[0] + BACKGROUND - found.values()[i]).abs() <= 1e-12 * found.values()[i]);
        assert_eq!(row[1], 1.0);
        assert!((row[2] - row[3] - row[4]).abs() <= 1e-12 * row[3].abs().max(row[4].abs()));
    }
    let plain = sample.cross_section_and_jacobian(&beam, &[pixels()[5].0], &parameters[..1]);
    let plain = plain.unwrap();
    assert_eq!(plain.values()[0], plain.row(0)[0]);
}

#[test]
fn refuses_what_is_not_there() {
    let order = Correlation::LocalMonodisperse(chain(15.0, 0.2));
    let population = Population::new(0, Placement::Bottom, order)
        .with(particle(Cuboid::new(3.0, 4.0, 5.0).unwrap()), 1.0)
        .unwrap();
    let sample = Sample::new(Multilayer::substrate(SILICON).unwrap(), vec![population]).unwrap();
    let beam = Beam::new(WAVELENGTH_NM, 0.005).unwrap();
    let stretch = Quantity::Stretch {
        population: 0,
        member: 0,
        body: 0,
        axis: 2,
    };
    for quantity in [
        Quantity::Thickness { layer: 0 },
        Quantity::Thickness { layer: 1 },
        Quantity::Roughness { layer: 0 },
        Quantity::Roughness { layer: 2 },
        Quantity::Distance { population: 1 },
        Quantity::Density { population: 0 },
        Quantity::Coupling { population: 0 },
        Quantity::Weight {
            population: 0,
            member: 1,
        },
        Quantity::shape(0, 0, "radius"),
        stretch,
    ] {
        let result =
            sample.cross_section_and_jacobian(&beam, &[pixels()[0].0], &[single(quantity.clone())]);
        assert!(
            matches!(&result, Err(Error::NoDerivative { quantity: q, .. }) if *q == quantity.to_string()),
            "{quantity}: {result:?}"
        );
    }
    // A layer without absorption exactly at its critical angle: k_z has an infinite derivative.
    let clear = RefractiveIndex::from_n_squared_minus_one((-1e-5).into());
    let population = Population::new(
        1,
        Placement::Top,
        Correlation::None {
            density_per_nm2: 1e-3,
        },
    )
    .with(particle(Sphere::new(2.0).unwrap()), 1.0)
    .unwrap();
    let sample = Sample::new(Multilayer::substrate(clear).unwrap(), vec![population]).unwrap();
    let k = beam.k();
    let step = k * k * clear.n_squared_minus_one().re;
    // The angle at which k_z^2 + step is exactly zero, searched among neighbouring numbers.
    let start = (-clear.n_squared_minus_one().re).sqrt().asin();
    let critical = (-2000..2000)
        .map(|i| f64::from_bits((start.to_bits() as i64 + i) as u64))
        .find(|a| (k * a.sin()).powi(2) + step == 0.0);
    if let Some(alpha) = critical {
        let beam = Beam::new(WAVELENGTH_NM, alpha).unwrap();
        let result = sample.cross_section_and_jacobian(
            &beam,
            &[pixels()[9].0],
            &[single(Quantity::IncidenceAngle)],
        );
        assert!(
            matches!(result, Err(Error::DivergingDerivative { pixel: 0, .. })),
            "{result:?}"
        );
    }
}
