//! A shape of one's own, twice: as a profile r(z), and as an implementation of [`FormFactor`].
//!
//! The shape is a mushroom: a round cap on a round stem. Both ways give the same image; the profile is
//! three lines long and fast for whole images, the implementation may be anything that has a
//! Fourier transform.
//!
//! `cargo run --release -p gisaxs-physics --example custom_shape`

use gisaxs_physics::*;

/// A cylinder (the cap) on top of another one (the stem).
#[derive(Debug)]
struct Mushroom {
    stem: Cylinder,
    stem_nm: [f64; 2],
    cap: Cylinder,
    cap_nm: [f64; 2],
}

impl Mushroom {
    /// From \[radius, height\] of stem and cap, nm.
    fn new(stem_nm: [f64; 2], cap_nm: [f64; 2]) -> Result<Self> {
        Ok(Self {
            stem: Cylinder::new(stem_nm[0], stem_nm[1])?,
            stem_nm,
            cap: Cylinder::new(cap_nm[0], cap_nm[1])?,
            cap_nm,
        })
    }
}

/// Five methods are needed. The others have defaults: `at_four` and `add_terms` may be overridden
/// for speed, `cut` if the particle is to be sliced.
impl FormFactor for Mushroom {
    /// F(q) = int exp(i q.r) d^3r for complex q. A shift by a vector d is a factor exp(i q.d).
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let shift = (Complex64::I * q[2] * self.stem_nm[1]).exp();
        self.stem.at(q) + shift * self.cap.at(q)
    }

    fn volume(&self) -> f64 {
        self.stem.volume() + self.cap.volume()
    }

    fn radius(&self) -> f64 {
        self.stem_nm[0].max(self.cap_nm[0])
    }

    /// The farther of the two parts.
    fn support(&self, direction: [f64; 3]) -> f64 {
        let cap = self.cap.support(direction) + direction[2] * self.stem_nm[1];
        self.stem.support(direction).max(cap)
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let cap = self.cap.density([x, y, z - self.stem_nm[1]]);
        self.stem.density([x, y, z]).max(cap)
    }
}

fn main() -> Result<()> {
    let ([r, h], [cap_r, cap_h]) = ([2.0, 5.0], [4.0, 3.0]);
    let implemented = Mushroom::new([r, h], [cap_r, cap_h])?;
    let top = h + cap_h;
    let profile = Revolution::polygon(&[[0.0, r], [h, r], [h, cap_r], [top, cap_r]])?;

    // Smooth profiles are functions. This cap is the upper half of an ellipsoid; the edge under it is
    // a jump of r(z), whose height is named.
    let rounded = Revolution::new(top, &[h], |z| {
        if z < h {
            r
        } else {
            cap_r * (1.0 - ((z - h) / cap_h).powi(2)).max(0.0).sqrt()
        }
    })?;

    let energy = 11.9;
    let beam = Beam::new(wavelength_nm(energy), 0.4_f64.to_radians())?;
    let gold = Material::named("Au")?.index(energy)?;
    let silicon = Material::named("Si")?.index(energy)?;
    // 2 theta_f along a cut at the angle of total reflection.
    let cut: Vec<Direction> = (0..30)
        .map(|i| Direction {
            alpha_f_rad: 0.003,
            two_theta_f_rad: 0.001 * f64::from(i),
        })
        .collect();
    let scattering = |particle: Particle| -> Result<Vec<f64>> {
        let independent = Correlation::None {
            density_per_nm2: 1e-3,
        };
        let population = Population::new(0, Placement::Bottom, independent).with(particle, 1.0)?;
        let sample = Sample::new(Multilayer::substrate(silicon)?, vec![population])?;
        Ok(sample.cross_section(&beam, &cut))
    };
    let implemented = scattering(Particle::new(implemented, gold))?;
    let profile = scattering(Particle::new(profile, gold))?;
    let rounded = scattering(Particle::new(rounded, gold))?;

    println!("2 theta_f [mrad]   impl FormFactor   profile r(z)   rounded cap");
    for (i, direction) in cut.iter().enumerate() {
        println!(
            "{:16.0} {:17.4e} {:14.4e} {:13.4e}",
            1e3 * direction.two_theta_f_rad,
            implemented[i],
            profile[i],
            rounded[i]
        );
        assert!((profile[i] / implemented[i] - 1.0).abs() < 1e-6);
    }
    Ok(())
}
