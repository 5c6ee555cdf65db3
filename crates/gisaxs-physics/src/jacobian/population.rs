//! One population: its particles, the quantities that move them, and their intensity per area.

use num_complex::Complex64;

use super::correlation::{
    ArrangementChange, Change, Contribution, Neighbours, Sums, intensity, intensity_change,
};
use super::parameter::Quantity;
use super::particle::{Body, Local, Part, ParticleTerms, Site};
use super::plan::{GlobalMove, Plan};
use super::structure::radial_differential;
use super::waves::{WaveQuantity, Waves};
use crate::elementary::hypot;
use crate::error::{Error, Result};
use crate::exponential::divided_difference;
use crate::multilayer::Multilayer;
use crate::particle::Component;
use crate::sample::{Correlation, Member, Placement, Population};

/// A population with everything that does not depend on the exit direction.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    population: &'a Population,
    /// Particles per area, and its derivatives.
    scale: f64,
    scale_slopes: Vec<(usize, f64)>,
    /// The quantities of the arrangement.
    arrangement: Vec<(usize, ArrangementChange)>,
    members: Vec<PreparedMember<'a>>,
    mean_radius: f64,
    /// Mean radius change of every local quantity, in the order of the members.
    mean_radius_slopes: Vec<f64>,
    sites: Vec<Site>,
    lanes: usize,
    scratch: Scratch,
}

#[derive(Debug)]
struct PreparedMember<'a> {
    weight: f64,
    radius: f64,
    travel: f64,
    bodies: Vec<Body<'a>>,
    locals: Vec<Local>,
    /// Changes of the height of the origin and of the travel with the quantities of the waves.
    heights: Vec<f64>,
    travels: Vec<f64>,
}

#[derive(Debug, Default)]
struct Scratch {
    terms: ParticleTerms,
    globals: Vec<Sums>,
    locals: Vec<Sums>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(
        index: usize,
        population: &'a Population,
        stack: &Multilayer,
        plan: &Plan,
        incident: &Waves,
        k: f64,
    ) -> Result<Self> {
        let lanes = plan.lanes.len();
        let mut sites = Vec::new();
        let members = population
            .members
            .iter()
            .enumerate()
            .map(|(m, member)| {
                let locals = locals(index, population, m, member, plan)?;
                Ok(prepare(
                    population, member, stack, plan, incident, k, locals, &mut sites,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        let total: f64 = members.iter().map(|m| m.weight).sum();
        let mean_radius = members.iter().map(|m| m.weight * m.radius).sum::<f64>() / total;
        let mean_radius_slopes = members
            .iter()
            .flat_map(|m| {
                m.locals.iter().map(move |l| {
                    (l.weight * (m.radius - mean_radius) + m.weight * l.radius) / total
                })
            })
            .collect();
        let mut prepared = Self {
            population,
            scale: population.coverage * population.correlation.density(),
            scale_slopes: Vec::new(),
            arrangement: Vec::new(),
            members,
            mean_radius,
            mean_radius_slopes,
            sites,
            lanes,
            scratch: Scratch::default(),
        };
        for (i, quantity) in plan.quantities.iter().enumerate() {
            prepared.add_collective(index, i, quantity)?;
        }
        if !plan.globals.is_empty()
            && let Correlation::Decoupling(structure) = &population.correlation
            && structure.differential(0.1, 0.0).is_none()
            && plan
                .quantities
                .iter()
                .any(|q| matches!(q, Quantity::IncidenceAngle | Quantity::Pitch))
        {
            return Err(Error::NoDerivative {
                quantity: "incidence angle".to_owned(),
                reason: NO_STRUCTURE_DERIVATIVE,
            });
        }
        Ok(prepared)
    }

    /// Notes a quantity that belongs to the population as a whole.
    fn add_collective(&mut self, own: usize, i: usize, quantity: &Quantity) -> Result<()> {
        let correlation = &self.population.correlation;
        let coverage = self.population.coverage;
        let refuse = |reason| {
            Err(Error::NoDerivative {
                quantity: quantity.to_string(),
                reason,
            })
        };
        let mut change = ArrangementChange::default();
        match *quantity {
            Quantity::Coverage { population } if population == own => {
                self.scale_slopes.push((i, correlation.density()));
            }
            Quantity::Density { population } if population == own => {
                if !matches!(correlation, Correlation::None { .. }) {
                    return refuse("the density of correlated particles follows from the distance");
                }
                self.scale_slopes.push((i, coverage));
            }
            Quantity::Distance { population } | Quantity::Disorder { population }
                if population == own =>
            {
                let differential = match correlation {
                    Correlation::None { .. } => {
                        return refuse("the particles are independent of each other");
                    }
                    Correlation::Decoupling(structure) => structure.differential(0.1, 0.0),
                    Correlation::SizeSpacing { paracrystal, .. }
                    | Correlation::LocalMonodisperse(paracrystal) => {
                        Some(radial_differential(paracrystal, 0.1, 0.0))
                    }
                };
                let Some(differential) = differential else {
                    return refuse(NO_STRUCTURE_DERIVATIVE);
                };
                if matches!(quantity, Quantity::Distance { .. }) {
                    self.scale_slopes.push((i, coverage * differential.density));
                    change.distance = 1.0;
                } else {
                    change.disorder = 1.0;
                }
                self.arrangement.push((i, change));
            }
            Quantity::Coupling { population } if population == own => {
                if !matches!(correlation, Correlation::SizeSpacing { .. }) {
                    return refuse("only the size-spacing correlation has a coupling");
                }
                change.coupling = 1.0;
                self.arrangement.push((i, change));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn set_exit(&mut self, exit: &Waves) {
        for site in &mut self.sites {
            site.set_exit(exit, self.lanes);
        }
    }

    /// Cross-section per area; its derivatives are added to `slopes`, one per quantity of the plan.
    pub(super) fn add(
        &mut self,
        q: [f64; 2],
        plan: &Plan,
        moves: &[GlobalMove],
        slopes: &mut [f64],
    ) -> f64 {
        let q_par = hypot(q[0], q[1]);
        let turned = moves.iter().any(|m| m.q != [0.0; 2]);
        let neighbours = Neighbours::new(
            &self.population.correlation,
            q,
            turned || !self.arrangement.is_empty(),
        );
        let throughout = self.population.placement == Placement::Throughout;
        let Scratch {
            terms,
            globals,
            locals,
        } = &mut self.scratch;
        globals.clear();
        globals.resize(moves.len(), Sums::default());
        locals.clear();
        let mut sums = Sums::default();
        for member in &self.members {
            terms.update(
                &member.bodies,
                &member.locals,
                &member.heights,
                &self.sites,
                q,
                moves,
            );
            let around = neighbours.around(member.radius, self.mean_radius);
            let amplitude: Complex64 = terms.values.iter().sum();
            let travelling = throughout.then(|| Travelling::new(terms, member.travel));
            let c = Contribution {
                weight: member.weight,
                amplitude,
                square: travelling
                    .as_ref()
                    .map_or_else(|| amplitude.norm_sqr(), |t| t.intensity(terms)),
            };
            sums.add(&c, &around);
            let change = |slopes: &[Complex64; 4], q_z: &[Complex64; 4], travel: f64| {
                let d_amplitude: Complex64 = slopes.iter().sum();
                let square = match &travelling {
                    Some(t) => t.change(terms, slopes, q_z, travel),
                    None => 2.0 * (amplitude.conj() * d_amplitude).re,
                };
                (d_amplitude, square)
            };
            for ((sum, move_), (slope, q_z)) in globals
                .iter_mut()
                .zip(moves)
                .zip(terms.globals.iter().zip(&terms.q_z_slopes))
            {
                let (amplitude, square) = change(slope, q_z, member.travels[move_.lane]);
                let d = Change {
                    amplitude,
                    square,
                    ..Change::default()
                };
                sum.add_change(&c, &d, &around);
            }
            for (local, slope) in member.locals.iter().zip(&terms.locals) {
                let (amplitude, square) = change(slope, &[Complex64::ZERO; 4], local.travel);
                let d = Change {
                    weight: local.weight,
                    radius: local.radius,
                    amplitude,
                    square,
                };
                let mut sum = Sums::default();
                sum.add_change(&c, &d, &around);
                locals.push(sum);
            }
        }
        let per_particle = intensity(&sums, &neighbours);
        let scale = self.scale;
        let change = |change: &Sums, arrangement: &ArrangementChange| {
            scale * intensity_change(&sums, change, &neighbours, arrangement, self.mean_radius)
        };
        for ((sum, global), move_) in globals.iter().zip(&plan.globals).zip(moves) {
            let along = if q_par > 0.0 {
                (q[0] * move_.q[0] + q[1] * move_.q[1]) / q_par
            } else {
                0.0
            };
            let arrangement = ArrangementChange {
                q_par: along,
                q: move_.q,
                ..ArrangementChange::default()
            };
            slopes[global.quantity] += change(sum, &arrangement);
        }
        let all_locals = self.members.iter().flat_map(|m| &m.locals);
        for ((sum, local), mean_radius) in
            locals.iter().zip(all_locals).zip(&self.mean_radius_slopes)
        {
            let arrangement = ArrangementChange {
                mean_radius: *mean_radius,
                ..ArrangementChange::default()
            };
            slopes[local.quantity] += change(sum, &arrangement);
        }
        for (quantity, arrangement) in &self.arrangement {
            slopes[*quantity] += change(&Sums::default(), arrangement);
        }
        for (quantity, slope) in &self.scale_slopes {
            slopes[*quantity] += slope * per_particle;
        }
        scale * per_particle
    }
}

const NO_STRUCTURE_DERIVATIVE: &str = "this structure factor has no derivatives";

/// The mean intensity of a particle that may be anywhere in a film, see
/// `Scatterer::mean_intensity`: a double sum over the terms with the factors
/// (exp(x) - 1) / x, x = i (q_z - q_z'*) travel.
struct Travelling {
    travel: f64,
    means: [[Complex64; 4]; 4],
}

impl Travelling {
    fn new(terms: &ParticleTerms, travel: f64) -> Self {
        let q_z = terms.q_z;
        let means = std::array::from_fn(|a| {
            std::array::from_fn(|b| {
                let x = Complex64::I * (q_z[a] - q_z[b].conj()) * travel;
                divided_difference([Complex64::ZERO, x])
            })
        });
        Self { travel, means }
    }

    fn intensity(&self, terms: &ParticleTerms) -> f64 {
        let pairs = (0..16).map(|i| (i / 4, i % 4));
        pairs
            .map(|(a, b)| (terms.values[a] * terms.values[b].conj() * self.means[a][b]).re)
            .sum()
    }

    fn change(
        &self,
        terms: &ParticleTerms,
        slopes: &[Complex64; 4],
        q_z_slopes: &[Complex64; 4],
        travel_slope: f64,
    ) -> f64 {
        let (values, q_z) = (&terms.values, &terms.q_z);
        let mut sum = 0.0;
        for a in 0..4 {
            for b in 0..4 {
                let own = slopes[a] * values[b].conj() + values[a] * slopes[b].conj();
                sum += (own * self.means[a][b]).re;
                let difference = q_z[a] - q_z[b].conj();
                let moved = (q_z_slopes[a] - q_z_slopes[b].conj()) * self.travel
                    + difference * travel_slope;
                if moved != Complex64::ZERO {
                    let x = Complex64::I * difference * self.travel;
                    // d/dx of the divided difference over 0 and x is that over 0, x, x.
                    let slope = divided_difference([Complex64::ZERO, x, x]);
                    sum += (values[a] * values[b].conj() * slope * Complex64::I * moved).re;
                }
            }
        }
        sum
    }
}

#[expect(clippy::too_many_arguments, reason = "one call, in `Prepared::new`")]
fn prepare<'a>(
    population: &Population,
    member: &'a Member,
    stack: &Multilayer,
    plan: &Plan,
    incident: &Waves,
    k: f64,
    locals: Vec<Local>,
    sites: &mut Vec<Site>,
) -> PreparedMember<'a> {
    let layer = &stack.layers()[population.layer];
    let medium = population.medium.unwrap_or(layer.index);
    let origin = population.origin(member, layer);
    let bodies = member
        .particle
        .components()
        .iter()
        .map(|component| {
            let [x, y, z] = component.position_nm;
            let (layer, z) = (population.layer + component.layers_below, origin[2] + z);
            let known = sites.iter().position(|s| s.layer == layer && s.z_nm == z);
            let site = known.unwrap_or_else(|| {
                sites.push(Site::new(layer, z, incident, plan.lanes.len()));
                sites.len() - 1
            });
            let contrast = component.index.contrast(component.inside.unwrap_or(medium));
            Body::new(component, contrast, k, [origin[0] + x, origin[1] + y], site)
        })
        .collect();
    // Where the bottom of a film counts, its thickness lowers the particles.
    let own_thickness = WaveQuantity::Thickness(population.layer);
    let rate = |counts: bool, rate: f64| -> Vec<f64> {
        let of_lane = |lane: &WaveQuantity| {
            if counts && *lane == own_thickness {
                rate
            } else {
                0.0
            }
        };
        plan.lanes.iter().map(of_lane).collect()
    };
    let throughout = population.placement == Placement::Throughout;
    PreparedMember {
        weight: member.weight,
        radius: member.particle.radius(),
        travel: population.travel(layer),
        bodies,
        locals,
        heights: rate(
            throughout || population.placement == Placement::Bottom,
            -1.0,
        ),
        travels: rate(throughout, 1.0),
    }
}

/// The quantities that belong to one member.
fn locals(
    own: usize,
    population: &Population,
    index: usize,
    member: &Member,
    plan: &Plan,
) -> Result<Vec<Local>> {
    let mut locals = Vec::new();
    for (i, quantity) in plan.quantities.iter().enumerate() {
        let refuse = |reason| Error::NoDerivative {
            quantity: quantity.to_string(),
            reason,
        };
        let mut local = Local {
            quantity: i,
            part: None,
            weight: 0.0,
            radius: 0.0,
            height: 0.0,
            travel: 0.0,
        };
        let (p, m, body) = match quantity {
            Quantity::Weight { population, member } => (*population, *member, None),
            Quantity::Shape {
                population,
                member,
                body,
                ..
            }
            | Quantity::Stretch {
                population,
                member,
                body,
                ..
            }
            | Quantity::Size {
                population,
                member,
                body,
            } => (*population, *member, Some(*body)),
            _ => continue,
        };
        if (p, m) != (own, index) {
            continue;
        }
        if let Some(body) = body {
            let component = member
                .particle
                .components()
                .get(body)
                .ok_or_else(|| refuse("the particle has no such body"))?;
            let part = part(component, quantity).ok_or_else(|| {
                refuse("the shape has no such parameter, or no derivatives for its parameters")
            })?;
            local.part = Some((body, part));
            let bodies = member.particle.components();
            if member.particle.widest() == Some(body) {
                let correlated = matches!(
                    population.correlation,
                    Correlation::SizeSpacing { .. } | Correlation::LocalMonodisperse(_)
                );
                local.radius = match (part, component.shape.derivatives()) {
                    (Part::Parameter(j), Some(shape)) => shape.radius_derivatives()[j],
                    (Part::Size, _) => component.shape.radius(),
                    _ if correlated => {
                        return Err(refuse(
                            "the radius of a stretched particle, which its neighbours see, is not defined",
                        ));
                    }
                    _ => 0.0,
                };
            }
            if population.placement != Placement::Origin {
                let extent = |sign: f64| {
                    extent_slope(bodies, body, part, sign).ok_or_else(|| {
                        refuse("the touching point of a tilted, stretched body is not known")
                    })
                };
                let (down, up) = (extent(-1.0)?, extent(1.0)?);
                // `down` is how much the lowest point sinks, `up` how much the highest one rises.
                local.height = match population.placement {
                    Placement::Top => -up,
                    _ => down,
                };
                if population.placement == Placement::Throughout {
                    let [low, high] = member.particle.vertical_extent();
                    if population.members.len() == 1 {
                        local.travel = -(up + down);
                    } else if high - low < population.tallest() {
                        // The centres stay where the tallest particle lets them be.
                        local.height = 0.5 * (down - up);
                    } else if up + down != 0.0 {
                        return Err(refuse(
                            "the height of the tallest of several kinds of particles moves the others",
                        ));
                    }
                }
            }
        } else {
            local.weight = 1.0;
        }
        locals.push(local);
    }
    Ok(locals)
}

/// The part of a shape that a quantity changes.
fn part(component: &Component, quantity: &Quantity) -> Option<Part> {
    match quantity {
        Quantity::Size { .. } => Some(Part::Size),
        Quantity::Stretch { axis, .. } => (*axis < 3).then_some(Part::Stretch(*axis)),
        Quantity::Shape { parameter, .. } => {
            let parameters = component.shape.derivatives()?.parameters();
            let found = parameters.iter().position(|p| p.name == *parameter);
            found.map(Part::Parameter)
        }
        _ => None,
    }
}

/// How much the highest (`sign` = 1) or lowest (-1) point of a particle moves outwards; zero if another
/// body reaches further. `None` where it is not known.
fn extent_slope(bodies: &[Component], body: usize, part: Part, sign: f64) -> Option<f64> {
    let reach = |c: &Component| {
        let direction = c.rotation.apply_inverse([0.0, 0.0, sign]);
        sign * c.position_nm[2] + c.shape.support(direction)
    };
    let own = &bodies[body];
    if bodies.iter().any(|c| reach(c) > reach(own)) {
        return Some(0.0);
    }
    let direction = own.rotation.apply_inverse([0.0, 0.0, sign]);
    let support = own.shape.support(direction);
    match part {
        Part::Parameter(j) => Some(own.shape.derivatives()?.support_derivatives(direction)[j]),
        Part::Size => Some(support),
        Part::Stretch(axis) => {
            let others = (0..3).filter(|a| *a != axis).all(|a| direction[a] == 0.0);
            if others {
                Some(support)
            } else {
                (direction[axis] == 0.0).then_some(0.0)
            }
        }
    }
}
