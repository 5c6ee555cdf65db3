//! The answer: what lies on the substrate, with intervals, and how much to trust it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Value of the `schema` entry.
pub const SCHEMA: &str = "gisaxs-infer/1";

/// A number with its central 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Best value.
    pub value: f64,
    /// 5 % quantile.
    pub lower: f64,
    /// 95 % quantile.
    pub upper: f64,
}

impl Estimate {
    /// All three multiplied by `factor` (> 0).
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            lower: self.lower * factor,
            upper: self.upper * factor,
        }
    }

    /// upper / lower: 1 for a certain answer.
    #[must_use]
    pub fn spread(self) -> f64 {
        self.upper / self.lower
    }

    /// True when all three are finite numbers.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.value.is_finite() && self.lower.is_finite() && self.upper.is_finite()
    }
}

/// A discretised posterior: probabilities of bins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Posterior {
    /// n + 1 increasing edges.
    pub bin_edges: Vec<f64>,
    /// n probabilities, sum 1.
    pub probability: Vec<f64>,
}

/// Number-weighted distribution of the lateral radius R.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RadiusDistribution {
    /// Always "nm".
    pub unit: &'static str,
    /// Always "number".
    pub weighting: &'static str,
    /// n + 1 increasing edges, nm.
    pub bin_edges: Vec<f64>,
    /// Density per bin, nm^-1, integrates to 1.
    pub density: Vec<f64>,
    /// Lower end of the pointwise 90 % band, nm^-1.
    pub density_lower: Vec<f64>,
    /// Upper end of the pointwise 90 % band, nm^-1.
    pub density_upper: Vec<f64>,
    /// Mean radius, nm.
    pub mean: Estimate,
    /// Standard deviation of the radius, nm.
    pub std: Estimate,
}

/// Which particle shape the frame looks like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// "cylinder" or "segment", whichever is more probable, or after refinement fits better.
    pub value: &'static str,
    /// The network's probability of a cylinder; the rest is a spherical segment.
    pub cylinder_probability: f64,
}

/// Where the weights came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Name of the network.
    pub name: String,
    /// Version of the weights.
    pub version: String,
    /// SHA-256 of the weights file, hexadecimal.
    pub sha256: String,
}

/// How well the re-simulated structure agrees with the frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Pearson chi-square of the valid pixels over degrees of freedom; 1 if only counting
    /// noise is left.
    pub chi2_reduced: f64,
    /// Valid pixels compared.
    pub n_pixels: usize,
    /// True if the structure was refined against the frame after the network.
    pub refined: bool,
    /// Root mean square of ln(measured / re-simulated) over cells counted to better than
    /// 10 %: the misfit as a fraction, whatever the count level.
    pub relative_misfit: f64,
    /// Share of the counts that the particles explain; the rest is background.
    pub particle_share: f64,
}

/// Wall-clock times, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Reading the file.
    pub read: f64,
    /// Mask, binning and encoding.
    pub preprocess: f64,
    /// Network and its calibration.
    pub network: f64,
    /// Re-simulation, and refinement if asked for.
    pub verify: f64,
}

/// What one frame says about the particles.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Name of the frame, empty if it has none.
    pub frame: String,
    /// The weights used.
    pub model: ModelInfo,
    /// Size distribution.
    pub radius: RadiusDistribution,
    /// Height over lateral radius; `None` if unresolved.
    pub height_over_radius: Option<Estimate>,
    /// Mean centre-to-centre distance D, nm; `None` if unresolved.
    pub distance: Option<Estimate>,
    /// sigma_D / D; `None` if unresolved.
    pub disorder: Option<Estimate>,
    /// Shape of the particles.
    pub shape: Shape,
    /// True if frame and conditions lie in the domain of the network.
    pub in_domain: bool,
    /// Distance from the training data, see [`crate::PatternStatistics`]: about 1 for frames like
    /// those of the training, larger for others.
    pub domain_score: f64,
    /// Names of the quantities that this frame cannot determine.
    pub unresolved: Vec<&'static str>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Agreement of the re-simulation, if it was done.
    pub fit: Option<Fit>,
    /// Times.
    pub timing_ms: Timing,
    /// The network's posterior of D, nm (also when D is unresolved).
    pub distance_posterior: Posterior,
    /// The network's posterior of sigma_D / D.
    pub disorder_posterior: Posterior,
    /// The network's posterior of H/R.
    pub height_over_radius_posterior: Posterior,
}

/// An estimate with its unit, as `distance` has it.
#[derive(Serialize)]
struct WithUnit {
    #[serde(flatten)]
    estimate: Estimate,
    unit: &'static str,
}

#[derive(Serialize)]
struct Posteriors<'a> {
    distance: &'a Posterior,
    disorder: &'a Posterior,
    height_over_radius: &'a Posterior,
}

impl Serialize for Structure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("frame", &self.frame)?;
        map.serialize_entry("model", &self.model)?;
        map.serialize_entry("radius", &self.radius)?;
        map.serialize_entry("height_over_radius", &self.height_over_radius)?;
        let distance = self.distance.map(|estimate| WithUnit {
            estimate,
            unit: "nm",
        });
        map.serialize_entry("distance", &distance)?;
        map.serialize_entry("disorder", &self.disorder)?;
        map.serialize_entry("shape", &self.shape)?;
        map.serialize_entry("in_domain", &self.in_domain)?;
        map.serialize_entry("domain_score", &self.domain_score)?;
        map.serialize_entry("unresolved", &self.unresolved)?;
        map.serialize_entry("warnings", &self.warnings)?;
        map.serialize_entry("fit", &self.fit)?;
        map.serialize_entry("timing_ms", &self.timing_ms)?;
        let posteriors = Posteriors {
            distance: &self.distance_posterior,
            disorder: &self.disorder_posterior,
            height_over_radius: &self.height_over_radius_posterior,
        };
        map.serialize_entry("posterior", &posteriors)?;
        map.end()
    }
}

impl Structure {
    /// The structure as JSON text: objects on lines of their own, arrays on one line,
    /// numbers to seven significant digits.
    ///
    /// # Panics
    /// Never: every entry is a string, a finite number or `null`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let formatter = InlineArrays::default();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        self.serialize(&mut serializer)
            .expect("writing to memory does not fail");
        let mut text = String::from_utf8(bytes).expect("serde_json writes UTF-8");
        text.push('\n');
        text
    }

    /// One line: what a table of many frames needs.
    #[must_use]
    pub fn summary(&self) -> String {
        let estimate = |e: Option<Estimate>, digits: usize, unit: &str| match e {
            Some(e) => format!(
                "{:.digits$} [{:.digits$}, {:.digits$}]{unit}",
                e.value, e.lower, e.upper
            ),
            None => "unresolved".to_owned(),
        };
        let mut line = format!(
            "R {}  std {}  H/R {}  D {}  sigma_D/D {}",
            estimate(Some(self.radius.mean), 2, " nm"),
            estimate(Some(self.radius.std), 2, " nm"),
            estimate(self.height_over_radius, 2, ""),
            estimate(self.distance, 2, " nm"),
            estimate(self.disorder, 3, ""),
        );
        if let Some(fit) = self.fit {
            line += &format!("  chi2 {:.2}", fit.chi2_reduced);
        }
        if !self.in_domain {
            line += "  OUT OF DOMAIN";
        }
        line
    }
}

/// `serde_json` formatter: indented objects, arrays in one line, rounded numbers.
#[derive(Default)]
struct InlineArrays {
    depth: usize,
}

impl InlineArrays {
    fn new_line<W: ?Sized + std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl serde_json::ser::Formatter for InlineArrays {
    fn write_f64<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        value: f64,
    ) -> std::io::Result<()> {
        // Seven digits are more than any of these numbers means; parsing the rounded text
        // gives the shortest form of it.
        let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(value);
        if rounded != 0.0 && !(1e-4..1e9).contains(&rounded.abs()) {
            write!(writer, "{rounded:e}")
        } else {
            write!(writer, "{rounded:?}")
        }
    }

    fn begin_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.depth -= 1;
        self.new_line(writer)?;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }
}
