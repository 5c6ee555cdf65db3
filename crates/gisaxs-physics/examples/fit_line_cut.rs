//! A fit of two line cuts with the analytic Jacobian: Levenberg-Marquardt over distance, disorder,
//! height of the particles, roughness of the substrate, scale and background.
//!
//! `cargo run --release -p gisaxs-physics --example fit_line_cut`

use std::sync::Arc;

use gisaxs_physics::*;

/// What is fitted.
const NAMES: [&str; 6] = [
    "D / nm",
    "sigma_D / D",
    "H / nm",
    "roughness / nm",
    "scale",
    "background",
];
const N: usize = NAMES.len();
/// What the "measurement" is made of, and where the fit starts.
const TRUTH: [f64; N] = [14.0, 0.22, 5.0, 1.4, 1.0, 2000.0];
const START: [f64; N] = [12.8, 0.3, 4.3, 0.8, 0.6, 6000.0];
/// Photons on the sample for a scale of 1.
const PHOTONS: f64 = 2e11;

fn main() -> Result<()> {
    let beam = Beam::new(0.105, 0.4_f64.to_radians())?;
    let pixels = line_cuts();
    let measured = with_noise(&evaluate(&TRUTH, &beam, &pixels)?.0);

    let mut values = START;
    let (mut model, mut jacobian) = evaluate(&values, &beam, &pixels)?;
    let mut best = chi_squared(&measured, &model);
    let mut damping = 1e-2;
    let mut covariance = [[0.0; N]; N];
    println!("step  chi2/n      damping");
    for step in 0..60 {
        println!(
            "{step:4}  {:10.3}  {damping:.0e}",
            best / measured.len() as f64
        );
        // Normal equations J^T V^-1 J d = J^T V^-1 (measured - model), with the variance of the counts.
        let (mut matrix, mut right) = ([[0.0; N]; N], [0.0; N]);
        for (i, (y, m)) in measured.iter().zip(&model).enumerate() {
            let row = jacobian.row(i);
            for a in 0..N {
                right[a] += row[a] * (y - m) / variance(*y);
                for b in 0..N {
                    matrix[a][b] += row[a] * row[b] / variance(*y);
                }
            }
        }
        covariance = inverse(matrix);
        let mut damped = matrix;
        for (a, row) in damped.iter_mut().enumerate() {
            row[a] *= 1.0 + damping;
        }
        let solve = inverse(damped);
        let mut tried = values;
        for a in 0..N {
            let change: f64 = (0..N).map(|b| solve[a][b] * right[b]).sum();
            // No step changes a parameter, which are all positive, by more than half of it.
            tried[a] = (values[a] + change).clamp(0.5 * values[a], 1.5 * values[a]);
        }
        let (new_model, new_jacobian) = evaluate(&tried, &beam, &pixels)?;
        let sum = chi_squared(&measured, &new_model);
        if sum < best {
            let gain = (best - sum) / best;
            (values, model, jacobian, best) = (tried, new_model, new_jacobian, sum);
            damping *= 0.2;
            if gain < 1e-9 {
                break;
            }
        } else {
            damping *= 5.0;
            if damping > 1e6 {
                break;
            }
        }
    }

    println!(
        "\n{:16}{:>10}{:>10}{:>12}{:>10}",
        "", "true", "start", "fitted", "+-"
    );
    let mut deviations = Vec::new();
    for a in 0..N {
        let sigma = covariance[a][a].sqrt();
        println!(
            "{:16}{:10.3}{:10.3}{:12.4}{sigma:10.4}",
            NAMES[a], TRUTH[a], START[a], values[a]
        );
        deviations.push((values[a] - TRUTH[a]).abs() / sigma);
        assert!(
            (values[a] / TRUTH[a] - 1.0).abs() < 0.05,
            "{} is off",
            NAMES[a]
        );
    }
    // The errors are those of the noise, not of the fit.
    assert!(deviations.iter().all(|d| *d < 4.0), "{deviations:?}");
    let chi2 = best / (measured.len() - N) as f64;
    assert!((0.7..1.4).contains(&chi2), "reduced chi-square {chi2}");
    Ok(())
}

/// Counts and their derivatives with respect to the six parameters.
fn evaluate(
    values: &[f64; N],
    beam: &Beam,
    pixels: &[(Direction, f64)],
) -> Result<(Vec<f64>, Jacobian)> {
    let [distance, disorder, height, roughness, scale, background] = *values;
    let gold = RefractiveIndex::new(4.0e-5, 3.5e-6)?;
    let silicon = RefractiveIndex::new(5.8e-6, 1.0e-7)?;
    let order = RadialParacrystal::new(distance, disorder * distance)?;
    let order = Correlation::Decoupling(Arc::new(order));
    let radii = Distribution::Gaussian {
        mean: 4.0,
        std_dev: 0.5,
    };
    let mut islands = Population::new(0, Placement::Bottom, order);
    for node in radii.nodes(7, 2.5)? {
        let cylinder = Cylinder::new(node.value, height)?;
        islands = islands.with(Particle::new(cylinder, gold), node.weight)?;
    }
    let stack = Multilayer::new(vec![
        Layer::semi_infinite(RefractiveIndex::VACUUM),
        Layer::semi_infinite(silicon).with_roughness(Roughness::erf(roughness)?),
    ])?;
    let sample = Sample::new(stack, vec![islands])?;
    let parameters = [
        Quantity::Distance { population: 0 }.into(),
        Quantity::Disorder { population: 0 }.into(),
        // All seven cylinders have the same height.
        FitParameter::of_all_shapes(&sample, 0, "height")?,
        Quantity::Roughness { layer: 1 }.into(),
        // Quantity::Scale is relative to the image as it is.
        FitParameter::new("scale").moving(Quantity::Scale, 1.0 / scale),
        Quantity::Background.into(),
    ];
    let photons = scale * PHOTONS;
    let jacobian = sample.image_and_jacobian(beam, photons, background, pixels, &parameters)?;
    Ok((jacobian.values().to_vec(), jacobian))
}

/// A horizontal cut through the Yoneda peak, and a vertical one off the specular plane.
fn line_cuts() -> Vec<(Direction, f64)> {
    let solid_angle = 5e-9;
    let horizontal = (0..120).map(|i| Direction {
        alpha_f_rad: 0.0036,
        two_theta_f_rad: 0.002 + 2.2e-4 * f64::from(i),
    });
    let vertical = (0..120).map(|i| Direction {
        alpha_f_rad: 0.002 + 2.5e-4 * f64::from(i),
        two_theta_f_rad: 0.0075,
    });
    horizontal
        .chain(vertical)
        .map(|d| (d, solid_angle))
        .collect()
}

/// Variance of a count, known to the fit from the measurement.
fn variance(counts: f64) -> f64 {
    counts.max(1.0)
}

fn chi_squared(measured: &[f64], model: &[f64]) -> f64 {
    measured
        .iter()
        .zip(model)
        .map(|(y, m)| (y - m) * (y - m) / variance(*y))
        .sum()
}

/// Counting noise, normal with the variance of the counts; the uniform numbers are those of a fixed
/// linear congruential generator (Knuth's MMIX), so that every run is the same.
fn with_noise(model: &[f64]) -> Vec<f64> {
    let mut state = 20_260_101_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    model
        .iter()
        .map(|m| {
            let (u, v) = (uniform(), uniform());
            let normal = (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos();
            (m + m.sqrt() * normal).round().max(0.0)
        })
        .collect()
}

/// Inverse of a positive definite matrix, by Gauss-Jordan elimination of the matrix scaled to ones on
/// its diagonal.
fn inverse(matrix: [[f64; N]; N]) -> [[f64; N]; N] {
    let scale: [f64; N] = std::array::from_fn(|a| matrix[a][a].sqrt());
    let mut left: [[f64; N]; N] =
        std::array::from_fn(|a| std::array::from_fn(|b| matrix[a][b] / (scale[a] * scale[b])));
    let mut right: [[f64; N]; N] =
        std::array::from_fn(|a| std::array::from_fn(|b| f64::from(u8::from(a == b))));
    for a in 0..N {
        let pivot = left[a][a];
        for b in 0..N {
            left[a][b] /= pivot;
            right[a][b] /= pivot;
        }
        for c in (0..N).filter(|c| *c != a) {
            let factor = left[c][a];
            for b in 0..N {
                left[c][b] -= factor * left[a][b];
                right[c][b] -= factor * right[a][b];
            }
        }
    }
    std::array::from_fn(|a| std::array::from_fn(|b| right[a][b] / (scale[a] * scale[b])))
}
