//! `cargo xtask gallery`: a figure of every shape and every structure factor, and the page that shows
//! them. The shapes come from the catalogue, so a new one appears by itself.

pub(crate) mod canvas;
pub(crate) mod plot;
mod shapes;
mod structures;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::console::say;

/// Draw every shape and every structure factor.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of gallery.md; the figures go to img/gallery in it.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    out: PathBuf,
}

/// Why the gallery could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("shape {shape}: {source}")]
    Shape {
        shape: &'static str,
        source: gisaxs_physics::Error,
    },
    #[error("structure factors: {0}")]
    Structure(#[from] gisaxs_physics::Error),
}

/// Folder of the figures beside the page.
const FIGURES: &str = "img/gallery";

const INTRODUCTION: &str = "# Gallery

Made by `cargo xtask gallery`. Every shape of the catalogue with the parameters of its first example:
the matter along the line of sight from the side and from above, and |F(q)|^2 / V^2 in two planes
through the origin, from 1e-8 (black) to 1. Names, parameters and limits are those of `gisaxs_physics::shape`;
formulas and references are in the documentation of each type.

## Shapes
";

/// Draws everything; `Ok(true)` unless something failed.
pub(crate) fn run(args: &Args) -> Result<bool, Error> {
    let folder = args.out.join(FIGURES);
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Write { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(write_error(&folder))?;

    let catalogue = gisaxs_physics::shapes();
    catalogue
        .par_iter()
        .map(|info| {
            let shape = info
                .build(info.examples[0])
                .map_err(|source| Error::Shape {
                    shape: info.name,
                    source,
                })?;
            shapes::figure(shape.as_ref()).write(&folder.join(format!("{}.png", info.name)))
        })
        .collect::<Result<(), Error>>()?;
    let figures = structures::figures()?;
    for figure in &figures {
        figure
            .canvas
            .write(&folder.join(format!("{}.png", figure.name)))?;
    }

    let page = args.out.join("gallery.md");
    std::fs::write(&page, text(catalogue, &figures)).map_err(write_error(&page))?;
    say!(
        "{} shapes and {} figures of structure factors: {}",
        catalogue.len(),
        figures.len(),
        page.display()
    );
    Ok(true)
}

fn text(catalogue: &[gisaxs_physics::ShapeInfo], figures: &[structures::Figure]) -> String {
    let mut page = String::from(INTRODUCTION);
    for info in catalogue {
        let _ = write!(
            page,
            "\n### {name}\n\n{summary}\n\n| parameter | unit | allowed | here | |\n|---|---|---|---|---|\n",
            name = info.name,
            summary = sentence(info.summary),
        );
        for (p, value) in info.parameters.iter().zip(info.examples[0]) {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {value} | {} |",
                p.name,
                p.unit,
                p.limits.text(),
                p.description
            );
        }
        let _ = writeln!(page, "\n![{0}]({FIGURES}/{0}.png)", info.name);
    }
    page.push_str("\n## Structure factors\n");
    for figure in figures {
        let _ = write!(
            page,
            "\n{}\n\n![{1}]({FIGURES}/{1}.png)\n",
            figure.caption, figure.name
        );
    }
    page
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// Colour of a map for 0 (dark) to 1 (bright), in 48 steps.
pub(crate) fn colour(t: f64) -> canvas::Colour {
    const STEPS: f64 = 47.0;
    gisaxs_infer::report::sequential_colour((t.clamp(0.0, 1.0) * STEPS).round() / STEPS)
}
