//! The error type of the crate.

/// Why a physical description was refused.
///
/// Kernels do not fail: every check sits in a constructor, so an error always names the
/// parameter that the caller has to change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number is outside the range in which the quantity makes sense (or is not finite).
    #[error("{name} = {value} {unit} is not allowed, expected {allowed}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// The refused value.
        value: f64,
        /// Its unit, empty for pure numbers.
        unit: &'static str,
        /// The allowed range in words.
        allowed: &'static str,
    },
    /// A multilayer needs an ambient and a substrate.
    #[error("a multilayer needs at least {expected} layers (ambient and substrate), found {found}")]
    LayerCount {
        /// Number of layers given.
        found: usize,
        /// Smallest number of layers.
        expected: usize,
    },
    /// A layer index beyond the end of the multilayer.
    #[error("layer {index} does not exist, the multilayer has {count} layers")]
    LayerIndex {
        /// The index asked for, 0 = ambient.
        index: usize,
        /// Number of layers.
        count: usize,
    },
    /// Particles are to sit at the end of a layer that has none.
    #[error("layer {index} has no such interface: the ambient has no top, the substrate no bottom")]
    NoInterface {
        /// Index of the layer, 0 = ambient.
        index: usize,
    },
    /// A particle that cannot be cut into horizontal slices.
    #[error("this particle cannot be sliced: it is tilted, or there is no shape for its slices")]
    NotSliceable,
    /// Particles throughout a film are given an arrangement in the plane.
    #[error("particles throughout a film must be independent of each other")]
    CorrelatedInVolume,
    /// Particles at one height are given a distribution over the depth of their film.
    #[error("a depth profile is for particles throughout a film, these have one height")]
    FixedHeight,
    /// A decay function of a crystal that has no normalised transform with a positive spectrum.
    #[error(
        "the decay function of a crystal must be gauss, cauchy, voigt, or (in one dimension) triangle"
    )]
    DecayFunction,
    /// A material name that is not in the list of named materials.
    #[error("unknown material \"{name}\"{}", suggestion(nearest))]
    UnknownMaterial {
        /// The name asked for.
        name: String,
        /// Known name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// A chemical formula that cannot be read.
    #[error("formula \"{formula}\": {reason} at \"{piece}\"")]
    Formula {
        /// The whole formula.
        formula: String,
        /// The piece of it that is wrong.
        piece: String,
        /// What is wrong with the piece.
        reason: &'static str,
    },
    /// A chemical element that the table of scattering factors does not hold.
    #[error(
        "formula \"{formula}\": element \"{symbol}\" is not in the table of scattering factors"
    )]
    UnknownElement {
        /// The whole formula.
        formula: String,
        /// The unknown symbol.
        symbol: String,
    },
    /// A photon energy outside the table of scattering factors.
    #[error(
        "photon energy {energy_kev} keV is outside the tabulated range {min_kev} to {max_kev} keV"
    )]
    Energy {
        /// The energy asked for, in keV.
        energy_kev: f64,
        /// Lowest tabulated energy, in keV.
        min_kev: f64,
        /// Highest tabulated energy, in keV.
        max_kev: f64,
    },
    /// A shape that is not in the catalogue.
    #[error("unknown shape \"{name}\"")]
    UnknownShape {
        /// The name asked for.
        name: String,
    },
    /// A parameter that the shape does not have.
    #[error("shape {shape} has no parameter \"{name}\"")]
    UnknownShapeParameter {
        /// The shape.
        shape: &'static str,
        /// The unknown parameter.
        name: String,
    },
    /// A parameter of a shape without a value.
    #[error("shape {shape} needs a value of \"{name}\"")]
    MissingShapeParameter {
        /// The shape.
        shape: &'static str,
        /// The missing parameter.
        name: &'static str,
    },
    /// A profile whose radius is not one.
    #[error(
        "the profile has the radius {radius_nm} nm at the height {z_nm} nm, expected zero or a positive finite number"
    )]
    ProfileRadius {
        /// Height above the base, nm.
        z_nm: f64,
        /// The radius there, nm.
        radius_nm: f64,
    },
    /// A profile that varies too fast for piecewise polynomials.
    #[error(
        "the profile is not resolved near the height {z_nm} nm: give the heights of its kinks, or a table if it is noisy"
    )]
    ProfileUnresolved {
        /// Height above the base where the limit was reached, nm.
        z_nm: f64,
    },
    /// An image cannot be differentiated with respect to a quantity.
    #[error("no derivative with respect to the {quantity}: {reason}")]
    NoDerivative {
        /// The quantity.
        quantity: String,
        /// Why not.
        reason: &'static str,
    },
    /// A derivative is infinite, as that of k_z in a layer without absorption at its critical angle.
    #[error("the derivative with respect to {parameter} diverges in pixel {pixel}")]
    DivergingDerivative {
        /// Name of the parameter.
        parameter: String,
        /// Index of the direction or pixel.
        pixel: usize,
    },
    /// A vertex of a mesh with a coordinate that is no number.
    #[error("mesh: vertex {vertex} has a coordinate {coordinate}, expected finite numbers in nm")]
    MeshVertex {
        /// Index of the vertex.
        vertex: usize,
        /// The coordinate.
        coordinate: f64,
    },
    /// A face of a mesh with a vertex that does not exist.
    #[error("mesh: face {face} has the vertex {vertex}, expected 0 to {} (there are {count})", count.saturating_sub(1))]
    MeshIndex {
        /// Index of the face.
        face: usize,
        /// Index of the missing vertex.
        vertex: usize,
        /// Number of vertices.
        count: usize,
    },
    /// A face of a mesh that is no polygon.
    #[error("mesh: face {face} {problem}, expected a polygon of three or more different corners")]
    MeshFace {
        /// Index of the face.
        face: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A face of a mesh whose corners are not in one plane.
    #[error(
        "mesh: face {face} is not flat, its vertex {vertex} is {distance_nm:.3e} nm off the plane, \
         expected at most {allowed_nm:.3e} nm (or triangles)"
    )]
    MeshNotFlat {
        /// Index of the face.
        face: usize,
        /// Index of the vertex.
        vertex: usize,
        /// Its distance from the plane, in nm.
        distance_nm: f64,
        /// Largest distance allowed, in nm.
        allowed_nm: f64,
    },
    /// An edge that does not join two faces of a closed, oriented surface.
    #[error("mesh: edge {} to {} of face {face} {problem}", edge[0], edge[1])]
    MeshEdge {
        /// Index of the face.
        face: usize,
        /// Indices of its vertices, in the direction of the face.
        edge: [usize; 2],
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A closed surface that contains nothing, or everything else.
    #[error(
        "mesh: the faces enclose {volume_nm3} nm^3, expected a positive volume \
         (faces are counter-clockwise seen from outside)"
    )]
    MeshVolume {
        /// The enclosed volume, in nm^3.
        volume_nm3: f64,
    },
    /// A list that must hold something is empty, or two lists differ in length.
    #[error("{name} has {found} entries, expected {expected}")]
    Length {
        /// What the list is.
        name: &'static str,
        /// Entries given.
        found: usize,
        /// Entries expected, in words.
        expected: &'static str,
    },
}

/// Result of a checked constructor.
pub type Result<T> = std::result::Result<T, Error>;

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |n| format!(", did you mean \"{n}\"?"))
}

/// `value` if it is finite and `accept`ed, otherwise the error that names it.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    unit: &'static str,
    allowed: &'static str,
    accept: impl FnOnce(f64) -> bool,
) -> Result<f64> {
    if value.is_finite() && accept(value) {
        Ok(value)
    } else {
        Err(Error::Parameter {
            name,
            value,
            unit,
            allowed,
        })
    }
}

/// `value` if it is finite and positive.
pub(crate) fn positive(name: &'static str, value: f64, unit: &'static str) -> Result<f64> {
    check(name, value, unit, "a positive finite number", |v| v > 0.0)
}

/// `value` if it is finite and not negative.
pub(crate) fn non_negative(name: &'static str, value: f64, unit: &'static str) -> Result<f64> {
    check(name, value, unit, "zero or a positive finite number", |v| {
        v >= 0.0
    })
}
