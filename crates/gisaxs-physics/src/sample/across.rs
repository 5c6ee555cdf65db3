//! Particles that reach into several layers.

use super::population::Member;
use super::{Placement, Population, Sample};
use crate::error::Result;
use crate::material::RefractiveIndex;

/// Heights closer than this (nm) are the same interface; it is far below any wavelength.
const TOUCH_NM: f64 = 1e-9;

impl Sample {
    /// The same with particles that reach into other layers cut at the interfaces: each part
    /// scatters in the waves of its layer, with the contrast to its material. Without it, the layer
    /// of a population is taken to continue around the whole particle, as in BornAgain unless it
    /// averages layers.
    ///
    /// # Errors
    /// If such a particle cannot be cut: it is tilted, or of a shape without
    /// [`crate::FormFactor::cut`].
    pub fn with_particles_across_interfaces(mut self) -> Result<Self> {
        let count = self.stack.layers().len();
        // Top of each layer, from the ambient's down to the substrate's bottom.
        let mut tops = vec![f64::INFINITY];
        tops.extend((1..count).map(|j| self.stack.top_nm(j)));
        tops.push(f64::NEG_INFINITY);
        let media: Vec<RefractiveIndex> = self.stack.layers().iter().map(|l| l.index).collect();
        for population in &mut self.populations {
            if population.placement == Placement::Throughout {
                continue;
            }
            let layer = self.stack.layers()[population.layer];
            // The ambient's heights count from its bottom.
            let base = self.stack.top_nm(population.layer);
            let place = |population: &Population, member: &Member| {
                let origin = population.origin(member, &layer);
                let [low, high] = member.particle.vertical_extent().map(|z| z + origin[2]);
                (origin, [low + base, high + base])
            };
            let members = population.members.iter().map(|m| place(population, m).1);
            let reach = members.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], [l, h]| {
                [low.min(l), high.max(h)]
            });
            let [top, bottom] = [tops[population.layer], tops[population.layer + 1]];
            if reach[0] >= bottom - TOUCH_NM && reach[1] <= top + TOUCH_NM {
                continue;
            }
            // The topmost layer that a particle reaches.
            let first = (0..count)
                .find(|j| reach[1] > tops[j + 1] + TOUCH_NM)
                .unwrap_or(count - 1);
            let mut members = population.members.clone();
            for member in &mut members {
                let (origin, _) = place(population, member);
                let cut = member.particle.sliced(origin[2] + base, &tops[first..])?;
                member.particle = cut.embedded_in(&media[first..]);
                member.offset_nm = [origin[0], origin[1], 0.0];
            }
            population.members = members;
            population.layer = first;
            population.placement = Placement::Origin;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::form_factor::{Cylinder, Sphere};
    use crate::geometry::{Beam, Direction};
    use crate::multilayer::{Layer, Multilayer};
    use crate::particle::{Axis, Particle, Rotation};
    use crate::sample::Correlation;

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

    fn population(layer: usize, particle: Particle, z_nm: f64) -> Population {
        let dilute = Correlation::None {
            density_per_nm2: 1e-3,
        };
        Population::new(layer, Placement::Bottom, dilute)
            .with_offset(particle, 1.0, [1.0, 2.0, z_nm])
            .unwrap()
    }

    fn sphere(radius: f64) -> Particle {
        Particle::new(Sphere::new(radius).unwrap(), GOLD)
    }

    fn stack(films: &[(RefractiveIndex, f64)]) -> Multilayer {
        let mut layers = vec![Layer::semi_infinite(RefractiveIndex::VACUUM)];
        layers.extend(films.iter().map(|f| Layer::new(f.0, f.1)));
        layers.push(Layer::semi_infinite(SILICON));
        Multilayer::new(layers).unwrap()
    }

    fn directions() -> Vec<Direction> {
        (0..20)
            .map(|i| Direction {
                alpha_f_rad: -0.011 + 0.002 * f64::from(i),
                two_theta_f_rad: 0.01 * f64::from(i % 3),
            })
            .collect()
    }

    fn assert_equal(a: &Sample, b: &Sample, tolerance: f64) {
        let beam = Beam::new(0.105, 0.005).unwrap();
        let (a, b) = (
            a.cross_section(&beam, &directions()),
            b.cross_section(&beam, &directions()),
        );
        for (a, b) in a.iter().zip(&b) {
            assert!((a / b - 1.0).abs() < tolerance, "{a} {b}");
        }
    }

    #[test]
    fn interfaces_without_contrast_do_not_matter() {
        let whole = stack(&[(POLYMER, 30.0)]);
        let split = stack(&[(POLYMER, 9.0), (POLYMER, 4.0), (POLYMER, 17.0)]);
        let core_shell = Particle::core_shell(
            sphere(2.0).translated([0.0, 0.0, 3.0]),
            Particle::new(Sphere::new(5.0).unwrap(), SILICON),
        );
        for particle in [sphere(5.0), core_shell] {
            let inside = Sample::new(whole.clone(), vec![population(1, particle.clone(), 12.0)]);
            // Heights from the bottom of the layer that each population is stated for.
            for (layer, z_nm) in [(1, -9.0), (2, -5.0), (3, 12.0)] {
                let across = population(layer, particle.clone(), z_nm);
                let across = Sample::new(split.clone(), vec![across]).unwrap();
                let across = across.with_particles_across_interfaces().unwrap();
                assert_equal(&across, inside.as_ref().unwrap(), 1e-9);
            }
        }
    }

    #[test]
    fn parts_have_the_contrast_to_their_layer() {
        // Half of a cylinder of the film's material is in the film: only the other half scatters.
        let stack = stack(&[(POLYMER, 30.0)]);
        let cylinder = |height| Particle::new(Cylinder::new(4.0, height).unwrap(), POLYMER);
        let across = Sample::new(stack.clone(), vec![population(0, cylinder(8.0), -4.0)])
            .unwrap()
            .with_particles_across_interfaces()
            .unwrap();
        let above = Sample::new(stack, vec![population(0, cylinder(4.0), 0.0)]).unwrap();
        assert_equal(&across, &above, 1e-10);
    }

    /// Counts of BornAgain 25.0.0 (2026-11-22, 17 digits; independent) for 1e9 photons: gold spheres of
    /// 4 nm, 0.001 per nm^2, with their lowest point at these heights, on and in 20 nm of polymer
    /// on silicon; `SphericalDetector(3, -1 deg, 1.4 deg, 4, 0, 2 deg)`. BornAgain cuts particles only
    /// if it averages layers, so the first two were computed with averaging at a density that
    /// changes no layer, 1e-13 per nm^2, and scaled; the third with plain layers.
    const BORNAGAIN: [(f64, [f64; 12]); 3] = [
        (
            -3.0,
            [
                37502.97528818916,
                183540.5056455064,
                700.2771796042462,
                915.4365913058406,
                4001.4038391159065,
                5018.129050647649,
                1491.115776404489,
                2333.2077463322025,
                101.44364495634701,
                757.5363956374937,
                643.8496514826844,
                699.3924267850994,
            ],
        ),
        (
            -22.0,
            [
                112955.50175314698,
                473575.2272017078,
                105.76965695687834,
                761.5480665539291,
                5626.976930416783,
                4792.705977825681,
                1993.5596647188834,
                3157.090677201653,
                170.82507112274985,
                449.2614471483786,
                177.52023338883637,
                697.7749208800864,
            ],
        ),
        (
            -30.0,
            [
                132854.00694163187,
                528100.2142029639,
                45.75684173489973,
                253.58305183790876,
                5310.62394614366,
                4938.259799510982,
                2799.328025850162,
                4384.952163757721,
                285.6038265933368,
                555.9187838168518,
                249.6473537286012,
                821.1935184836569,
            ],
        ),
    ];

    /// Directions and solid angles of that detector, by the rule of the reference data.
    fn bornagain_pixels() -> Vec<(Direction, f64)> {
        let (across, up) = (0.8_f64.to_radians(), 0.5_f64.to_radians());
        (0..12)
            .map(|i| {
                let phi =
                    [i % 3, i % 3 + 1].map(|e| -(1.0_f64.to_radians()) + f64::from(e) * across);
                let h = 1.0 / (1.0 + (0.5 * (phi[0] + phi[1])).powi(4)).sqrt();
                let alpha = [i / 3, i / 3 + 1].map(|e| (h * f64::from(e) * up).atan());
                let phi = phi.map(f64::atan);
                let direction = Direction {
                    alpha_f_rad: 0.5 * (alpha[0] + alpha[1]),
                    two_theta_f_rad: 0.5 * (phi[0] + phi[1]),
                };
                (
                    direction,
                    (phi[1] - phi[0]) * (alpha[1].sin() - alpha[0].sin()),
                )
            })
            .collect()
    }

    #[test]
    fn agrees_with_bornagain() {
        let beam = Beam::new(0.105, 0.005).unwrap();
        for (z_nm, expected) in BORNAGAIN {
            let spheres = population(0, sphere(4.0), z_nm);
            let sample = Sample::new(stack(&[(POLYMER, 20.0)]), vec![spheres])
                .unwrap()
                .with_particles_across_interfaces()
                .unwrap();
            let found = sample.image(&beam, 1e9, &bornagain_pixels());
            for (a, b) in found.iter().zip(expected) {
                assert!((a / b - 1.0).abs() < 1e-8, "{z_nm}: {a} {b}");
            }
        }
    }

    #[test]
    fn particles_within_their_layer_stay() {
        let sample = Sample::new(
            stack(&[(POLYMER, 30.0)]),
            vec![population(1, sphere(5.0), 3.0)],
        );
        let sample = sample.unwrap();
        let same = sample.clone().with_particles_across_interfaces().unwrap();
        assert_eq!(same.populations[0].placement, Placement::Bottom);
        assert_equal(&same, &sample, 1e-15);
    }

    #[test]
    fn tilted_particles_cannot_be_cut_but_may_lie_beside_one_that_is() {
        let lying = || {
            Particle::new(Cylinder::new(2.0, 9.0).unwrap(), GOLD)
                .rotated(Rotation::about(Axis::X, 1.2))
        };
        let sample = |particle, z_nm| {
            let population = population(0, particle, z_nm);
            Sample::new(stack(&[(POLYMER, 30.0)]), vec![population])
                .unwrap()
                .with_particles_across_interfaces()
        };
        assert!(matches!(sample(lying(), -1.0), Err(Error::NotSliceable)));
        // The sphere reaches 3 nm deep; the lying cylinder is above the surface.
        let pair = Particle::compound([sphere(3.0), lying().translated([0.0, 20.0, 8.0])]);
        let [low, _] = pair.vertical_extent();
        let cut = sample(pair, -3.0 - low).unwrap();
        // And what is cut cannot be averaged.
        assert!(matches!(
            cut.with_averaged_layers(),
            Err(Error::NotSliceable)
        ));
    }
}
