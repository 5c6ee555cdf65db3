//! Layers whose waves see the particles as a homogeneous slab.

use num_complex::Complex64;

use super::{Placement, Population, Sample};
use crate::error::{Error, Result, check};
use crate::material::RefractiveIndex;
use crate::multilayer::{Layer, Multilayer};

/// Heights closer than this (nm) are the same interface; it is far below any wavelength.
const TOUCH_NM: f64 = 1e-9;

impl Sample {
    /// The same with waves that see the particles as a homogeneous slab: where the particles of a
    /// layer are, from their lowest to their highest point, the square of the refractive index is
    ///
    /// n_l^2 + (number density) (volume) / (height of the slab) (n_p^2 - n_l^2),
    ///
    /// while the particles still scatter with the contrast n_p^2 - n_l^2. Useful where particles
    /// are dense. Particles throughout a film are averaged over the whole film, whatever their
    /// depth profile.
    ///
    /// # Errors
    /// If particles reach out of their layer.
    pub fn with_averaged_layers(self) -> Result<Self> {
        self.with_sliced_layers(1)
    }

    /// [`Self::with_averaged_layers`] with each slab cut into `slices` of equal height, which have the
    /// refractive index of what is in them. The particles are cut as well: each part scatters in
    /// the waves of its slice.
    ///
    /// # Errors
    /// If particles reach out of their layer, there are no slices, or there are several and a
    /// particle cannot be cut: it is tilted, of a shape without [`crate::FormFactor::cut`], cut
    /// already, or anywhere in its film.
    pub fn with_sliced_layers(self, slices: usize) -> Result<Self> {
        let layers = self.stack.layers().len();
        self.with_slices_per_layer(&vec![slices; layers])
    }

    /// [`Self::with_sliced_layers`] with a number of slices for each layer of the stack; it does
    /// not matter for layers without particles.
    ///
    /// # Errors
    /// As [`Self::with_sliced_layers`], and if there is not one number per layer.
    pub fn with_slices_per_layer(mut self, slices: &[usize]) -> Result<Self> {
        if slices.len() != self.stack.layers().len() {
            return Err(Error::Length {
                name: "slices of the layers",
                found: slices.len(),
                expected: "one number per layer",
            });
        }
        if slices.contains(&0) {
            return Err(Error::Length {
                name: "slices of a layer",
                found: 0,
                expected: "at least 1",
            });
        }
        let reaches_out = |p: &Population| p.members.iter().any(|m| m.particle.is_sliced());
        if self.populations.iter().any(reaches_out) {
            return Err(Error::NotSliceable);
        }
        // From the bottom up, so that the indices of the layers above stay valid.
        for layer in (0..self.stack.layers().len()).rev() {
            if self.populations.iter().any(|p| p.layer == layer) {
                self.average_layer(layer, slices[layer])?;
            }
        }
        Ok(self)
    }

    fn average_layer(&mut self, index: usize, slices: usize) -> Result<()> {
        let mut layers = self.stack.layers().to_vec();
        let layer = layers[index];
        let (ambient, substrate) = (index == 0, index == layers.len() - 1);

        // Where the slab is.
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for population in self.populations.iter_mut().filter(|p| p.layer == index) {
            population.medium = Some(layer.index);
            if population.placement == Placement::Throughout {
                if slices > 1 {
                    return Err(Error::NotSliceable);
                }
                (low, high) = (-layer.thickness_nm, 0.0);
                continue;
            }
            let mut members = std::mem::take(&mut population.members);
            for member in &mut members {
                member.offset_nm = population.origin(member, &layer);
                let [l, h] = member.particle.vertical_extent();
                low = low.min(l + member.offset_nm[2]);
                high = high.max(h + member.offset_nm[2]);
            }
            population.members = members;
            population.placement = Placement::Origin;
        }
        let top = if ambient { f64::INFINITY } else { 0.0 };
        let bottom = match (ambient, substrate) {
            (true, _) => 0.0,
            (_, true) => f64::NEG_INFINITY,
            _ => -layer.thickness_nm,
        };
        let inside = |z: f64| z >= bottom - TOUCH_NM && z <= top + TOUCH_NM;
        check(
            "lowest point of the particles",
            low,
            "nm",
            "inside their layer",
            inside,
        )?;
        check(
            "highest point of the particles",
            high,
            "nm",
            "inside their layer",
            inside,
        )?;

        // Its slices, and what is in them.
        let height = (high - low) / slices as f64;
        let tops: Vec<f64> = (0..=slices).map(|s| high - s as f64 * height).collect();
        let mut excess = vec![Complex64::ZERO; slices];
        for population in self.populations.iter_mut().filter(|p| p.layer == index) {
            let total: f64 = population.members.iter().map(|m| m.weight).sum();
            let scale = population.coverage * population.correlation.density() / total;
            for member in &mut population.members {
                if population.placement == Placement::Origin {
                    if slices > 1 {
                        member.particle = member.particle.sliced(member.offset_nm[2], &tops)?;
                        member.offset_nm[2] = 0.0;
                    } else {
                        member.offset_nm[2] -= high;
                    }
                }
                for (s, sum) in excess.iter_mut().enumerate() {
                    *sum += scale * member.weight * member.particle.excess(layer.index, s);
                }
            }
        }

        // The layer above the slab, the slab, the layer below it. Their boundaries follow the top of
        // the layer: all are as rough as it is.
        let mut parts: Vec<Layer> = excess
            .iter()
            .map(|excess| {
                let squared = layer.index.n_squared_minus_one() + excess / height;
                Layer::new(RefractiveIndex::from_n_squared_minus_one(squared), height)
            })
            .collect();
        let cover = ambient || -high > TOUCH_NM;
        if cover {
            parts.insert(
                0,
                Layer::new(layer.index, if ambient { 0.0 } else { -high }),
            );
        }
        if substrate || low - bottom > TOUCH_NM {
            parts.push(Layer::new(
                layer.index,
                if substrate { 0.0 } else { low - bottom },
            ));
        }
        if !ambient {
            for part in &mut parts {
                part.roughness = layer.roughness;
            }
        }
        let added = parts.len() - 1;
        layers.splice(index..=index, parts);

        if let Some(rough) = &mut self.rough {
            let profile = rough.profiles[index].filter(|_| !ambient);
            rough
                .profiles
                .splice(index + 1..index + 1, std::iter::repeat_n(profile, added));
        }
        for population in &mut self.populations {
            if population.layer == index {
                population.layer += usize::from(cover);
            } else if population.layer > index {
                population.layer += added;
            }
        }
        self.stack = Multilayer::new(layers)?;
        Ok(())
    }
}
