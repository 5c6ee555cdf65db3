//! Detectors by name, or described.

use serde::{Deserialize, Serialize};

use crate::artifact::ModuleLayout;

/// A detector that frames are drawn for.
///
/// In a configuration, pixel size and layout of a detector of the table of `gisaxs-preproc` can be
/// left out (feature `network-input`); those given must be the ones of the table, so that a name says
/// what a frame is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct DetectorPrior {
    /// Name as in an instrument file.
    pub name: String,
    /// How often, relative to the others.
    pub weight: f64,
    /// Edge of a pixel, mm.
    pub pixel_mm: f64,
    /// Modules and gaps.
    pub layout: ModuleLayout,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    weight: f64,
    pixel_mm: Option<f64>,
    layout: Option<ModuleLayout>,
}

/// What the table says of a name.
enum Known {
    /// Pixel size in mm, modules and gaps.
    Plain(f64, ModuleLayout),
    /// Modules and gaps do not describe it: why.
    #[cfg_attr(not(feature = "network-input"), allow(dead_code))]
    Other(&'static str),
    /// Nothing, in words.
    Unknown(String),
}

#[cfg(feature = "network-input")]
fn known(name: &str) -> Known {
    let detector = match gisaxs_preproc::Detector::named(name, "setup.detectors") {
        Ok(detector) => detector,
        Err(error) => return Known::Unknown(error.to_string()),
    };
    if detector.is_round() {
        return Known::Other("a round sensor");
    }
    if detector.gap_cols().len() >= detector.modules()[1] {
        return Known::Other("dead columns inside its CdTe modules");
    }
    let layout = ModuleLayout {
        module: detector.module(),
        gap: detector.gap(),
        modules: detector.modules(),
    };
    Known::Plain(detector.pixel_mm(), layout)
}

#[cfg(not(feature = "network-input"))]
fn known(name: &str) -> Known {
    Known::Unknown(format!(
        "setup.detectors: {name:?} is looked up with the feature network-input only"
    ))
}

impl TryFrom<Written> for DetectorPrior {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written {
            name,
            weight,
            pixel_mm,
            layout,
        } = written;
        let (pixel_mm, layout) = match (known(&name), pixel_mm, layout) {
            (Known::Plain(known_mm, known), pixel_mm, layout) => {
                let (pixel_mm, layout) = (pixel_mm.unwrap_or(known_mm), layout.unwrap_or(known));
                if (pixel_mm, layout) != (known_mm, known) {
                    return Err(format!(
                        "setup.detectors: a {name:?} has pixel_mm = {known_mm} and {known}, not \
                         {pixel_mm} and {layout}: leave them out, or give it another name"
                    ));
                }
                (pixel_mm, layout)
            }
            (_, Some(pixel_mm), Some(layout)) => (pixel_mm, layout),
            (Known::Other(why), ..) => {
                return Err(format!(
                    "setup.detectors: {name:?} has {why}, which no layout describes: give pixel_mm and \
                     the layout without"
                ));
            }
            (Known::Unknown(why), ..) => {
                return Err(format!(
                    "{why}, or pixel_mm and layout of a detector of one's own"
                ));
            }
        };
        Ok(Self {
            name,
            weight,
            pixel_mm,
            layout,
        })
    }
}
