//! A rough polymer film with buried particles: reflectivity, wave field, and a cut of the scattering.
//!
//! ```sh
//! cargo run --release -p gisaxs-physics --example multilayer
//! ```

use gisaxs_physics::*;

fn main() -> Result<()> {
    let energy = 11.9; // keV
    let [gold, silicon, polymer] = ["Au", "Si", "PS"].map(Material::named);
    let (gold, silicon, polymer) = (
        gold?.index(energy)?,
        silicon?.index(energy)?,
        polymer?.index(energy)?,
    );

    // Both interfaces are self-affine; waves see the part of their spectrum below f_max.
    let profile = SelfAffine {
        sigma_nm: 0.8,
        hurst: 0.6,
        correlation_nm: 30.0,
        max_frequency_per_nm: 0.5,
    };
    let rough = Roughness::erf(profile.effective_sigma())?;
    let stack = Multilayer::new(vec![
        Layer::semi_infinite(RefractiveIndex::VACUUM),
        Layer::new(polymer, 40.0).with_roughness(rough),
        Layer::semi_infinite(silicon).with_roughness(rough),
    ])?;

    // Total reflection below the critical angle of silicon, Kiessig fringes above that of the film.
    let k = 2.0 * std::f64::consts::PI / wavelength_nm(energy);
    let reflectivity = |degrees: f64| {
        stack
            .reflection(k, k * degrees.to_radians().sin())
            .norm_sqr()
    };
    println!("alpha_i / deg   reflectivity");
    for i in 1..=12 {
        let degrees = 0.05 * f64::from(i);
        println!("{degrees:13.2}   {:12.4e}", reflectivity(degrees));
    }
    assert!(reflectivity(0.05) > 0.8 && reflectivity(0.6) < 1e-2);
    let fringes: Vec<f64> = (0..400)
        .map(|i| reflectivity(0.2 + 0.001 * f64::from(i)))
        .collect();
    let minima = fringes
        .windows(3)
        .filter(|w| w[1] < w[0] && w[1] < w[2])
        .count();
    // One per pi / 40 nm^-1 of the wavenumber in the film.
    assert!(minima >= 3, "{minima}");

    // Spheres at the bottom of the film, correlated roughness of both interfaces.
    let order = std::sync::Arc::new(RadialParacrystal::new(25.0, 5.0)?);
    let spheres = Population::new(1, Placement::Bottom, Correlation::Decoupling(order))
        .with(Particle::new(Sphere::new(5.0)?, gold), 1.0)?;
    let interfaces = RoughInterfaces {
        profiles: vec![None, Some(profile), Some(profile)],
        vertical_correlation_nm: Some(100.0),
    };
    let particles = Sample::new(stack.clone(), vec![spheres.clone()])?;
    let sample = Sample::new(stack, vec![spheres])?.with_diffuse_scattering(interfaces)?;

    // A cut along 2 theta_f at an exit angle between the critical angles of film and substrate.
    let beam = Beam::new(wavelength_nm(energy), 0.3_f64.to_radians())?;
    let cut: Vec<Direction> = (0..60)
        .map(|i| Direction {
            alpha_f_rad: 0.14_f64.to_radians(),
            two_theta_f_rad: (0.02 * f64::from(i)).to_radians(),
        })
        .collect();
    let all = sample.cross_section(&beam, &cut);
    let alone = particles.cross_section(&beam, &cut);
    // The two add up incoherently, and the particles show the peak of their order.
    assert!(all.iter().zip(&alone).all(|(a, p)| a > p));
    let strongest = (5..60)
        .max_by(|&a, &b| alone[a].total_cmp(&alone[b]))
        .unwrap_or(0);
    let q = cut[strongest].q(&beam);
    println!("peak of the order at q_par = {:.3} nm^-1", q[0].hypot(q[1]));
    assert!((0.15..0.35).contains(&q[0].hypot(q[1])));
    Ok(())
}
