//! What the waves of a stack have in common: every medium, film and interface once.

use num_complex::Complex64;

use super::{Layer, Roughness};

/// Index into a list of a [`Plan`].
type Index = usize;

/// A stack of layers, seen from one side, for one vacuum wavenumber. Layers of the same material
/// share their wavenumber, films of the same thickness their phase, interfaces between the same
/// media their Fresnel coefficients, so a stack of many periods costs little more than one period.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// k_z^2 of a medium is `offset + slope u`, where u is the real variable of the pixels.
    pub(super) slope: Complex64,
    /// Offsets of the distinct media, nm^-2.
    pub(super) media: Vec<Complex64>,
    /// Medium of each layer.
    pub(super) medium_of: Vec<Index>,
    /// Distinct films: medium and thickness in nm.
    pub(super) films: Vec<(Index, f64)>,
    /// Film of each layer; not used for the first and the last.
    pub(super) film_of: Vec<Index>,
    /// Distinct interfaces: medium above, medium below, roughness.
    pub(super) interfaces: Vec<(Index, Index, Roughness)>,
    /// Interface on top of each layer; not used for the first.
    pub(super) interface_of: Vec<Index>,
}

impl Plan {
    /// A plan for layers from the side of the incoming wave on, with k_z^2 = `offset(layer)` +
    /// `slope` u. The roughness of a layer is that of its interface with the one before.
    pub(super) fn new(
        layers: &[Layer],
        slope: Complex64,
        offset: impl Fn(&Layer) -> Complex64,
    ) -> Self {
        let mut plan = Self {
            slope,
            media: Vec::new(),
            medium_of: Vec::new(),
            films: Vec::new(),
            film_of: Vec::new(),
            interfaces: Vec::new(),
            interface_of: Vec::new(),
        };
        for (j, layer) in layers.iter().enumerate() {
            let medium = once(&mut plan.media, offset(layer));
            let film = if j == 0 || j == layers.len() - 1 {
                0
            } else {
                once(&mut plan.films, (medium, layer.thickness_nm))
            };
            let interface = if j == 0 {
                0
            } else {
                let above = plan.medium_of[j - 1];
                once(&mut plan.interfaces, (above, medium, layer.roughness))
            };
            plan.medium_of.push(medium);
            plan.film_of.push(film);
            plan.interface_of.push(interface);
        }
        plan
    }
}

/// Where the item is in the list, put there if it is new.
pub(super) fn once<T: PartialEq>(list: &mut Vec<T>, item: T) -> Index {
    list.iter()
        .position(|known| *known == item)
        .unwrap_or_else(|| {
            list.push(item);
            list.len() - 1
        })
}
