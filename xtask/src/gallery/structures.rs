//! One figure per structure factor: curves of the isotropic ones, maps of the others.

use std::f64::consts::PI;
use std::sync::Arc;

use gisaxs_physics as physics;
use physics::{
    Crystal1d, Crystal2d, Displaced, FiniteCrystal2d, Form2d, HardDisks, Lattice2d,
    PairCorrelation, Paracrystal1d, Paracrystal2d, Powder, Profile1d, Profile2d, RadialParacrystal,
    StructureFactor,
};

use super::canvas::Canvas;
use super::colour;
use super::plot::{CURVES, Plot, colour_bar};

/// A figure, and what the page says about it.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) caption: &'static str,
    pub(super) canvas: Canvas,
}

type Structure = Arc<dyn StructureFactor>;

/// All figures.
pub(super) fn figures() -> physics::Result<Vec<Figure>> {
    let gauss = |omega_nm| Profile1d::Gauss { omega_nm };
    let profile = |form, omega_nm| Profile2d {
        form,
        omega_x_nm: omega_nm,
        omega_y_nm: omega_nm,
        gamma_rad: 0.0,
    };
    let hexagonal = Lattice2d::new(20.0, 20.0, 2.0 * PI / 3.0, 0.0)?;
    let oblique = Lattice2d::new(20.0, 26.0, 1.2, 0.3)?;

    let radial = |s: f64| -> physics::Result<Structure> {
        Ok(Arc::new(RadialParacrystal::new(20.0, s * 20.0)?))
    };
    let disks = |eta: f64| -> physics::Result<Structure> {
        Ok(Arc::new(HardDisks::new(eta / (PI * 25.0), 5.0)?))
    };
    let crystal: Structure = Arc::new(Crystal2d::new(hexagonal, profile(Form2d::Gauss, 60.0))?);
    let powder = |omega: f64| -> physics::Result<Structure> {
        let crystal = Crystal2d::new(hexagonal, profile(Form2d::Gauss, omega))?;
        Ok(Arc::new(Powder::new(Arc::new(crystal), omega)?))
    };
    let displaced = |rms: f64| -> physics::Result<Structure> {
        Ok(Arc::new(Displaced::new(powder(60.0)?, rms)?))
    };
    let grating = |decay| -> physics::Result<Structure> {
        Ok(Arc::new(Crystal1d::new(20.0, 0.0, 0.02, decay)?))
    };
    let chain = |s: f64| -> physics::Result<Structure> {
        Ok(Arc::new(
            Paracrystal1d::new(20.0, 0.0, 0.02, gauss(s * 20.0))?.with_domain_size(400.0)?,
        ))
    };
    // Disks of 10 nm that stay 2 nm apart and see two shells of neighbours.
    let r: Vec<f64> = (0..=800).map(|i| 0.15 * f64::from(i)).collect();
    let g: Vec<f64> = r.iter().map(|&r| shells(r)).collect();
    let measured: Structure = Arc::new(PairCorrelation::new(&r, &g, 3e-3)?.tabulated(1.5)?);

    Ok(vec![
        Figure {
            name: "radial-paracrystal",
            caption: "`RadialParacrystal`, D = 20 nm: from a sharp distance to disorder.",
            canvas: curves(
                &[
                    ("s/D = 0.1", radial(0.1)?),
                    ("s/D = 0.2", radial(0.2)?),
                    ("s/D = 0.4", radial(0.4)?),
                ],
                [0.0, 1.2],
                [0.0, 6.0],
            ),
        },
        Figure {
            name: "hard-disks",
            caption: "`HardDisks`, R = 5 nm, at three covered fractions eta.",
            canvas: curves(
                &[
                    ("eta = 0.2", disks(0.2)?),
                    ("eta = 0.4", disks(0.4)?),
                    ("eta = 0.6", disks(0.6)?),
                ],
                [0.0, 2.0],
                [0.0, 3.5],
            ),
        },
        Figure {
            name: "pair-correlation-g",
            caption: "A pair correlation function g(r), here two shells of neighbours,",
            canvas: line(&r.iter().zip(&g).map(|(r, g)| [*r, *g]).collect::<Vec<_>>()),
        },
        Figure {
            name: "pair-correlation",
            caption: "and its `PairCorrelation` structure factor, rho = 0.003 nm^-2.",
            canvas: curves(&[("from g(r)", measured)], [0.0, 1.2], [0.0, 2.0]),
        },
        Figure {
            name: "crystal-1d",
            caption: "`Crystal1d`, period 20 nm: peaks have the shape of the transformed decay.",
            canvas: curves(
                &[
                    ("Gauss", grating(gauss(60.0))?),
                    ("Cauchy", grating(Profile1d::Cauchy { omega_nm: 60.0 })?),
                    (
                        "Triangle",
                        grating(Profile1d::Triangle { omega_nm: 120.0 })?,
                    ),
                ],
                [0.0, 1.2],
                [0.0, 10.0],
            ),
        },
        Figure {
            name: "paracrystal-1d",
            caption: "`Paracrystal1d`, period 20 nm, domains of 400 nm, along the chain.",
            canvas: curves(
                &[
                    ("s/D = 0.03", chain(0.03)?),
                    ("s/D = 0.08", chain(0.08)?),
                    ("s/D = 0.2", chain(0.2)?),
                ],
                [0.0, 1.2],
                [0.0, 14.0],
            ),
        },
        Figure {
            name: "crystal-2d",
            caption: "`Crystal2d`, hexagonal, a = 20 nm, Gaussian decay over 60 nm.",
            canvas: map(crystal.as_ref()),
        },
        Figure {
            name: "powder",
            caption: "`Powder`: the same crystal in all orientations, coherent over 20 and 60 nm,",
            canvas: curves(
                &[("20 nm", powder(20.0)?), ("60 nm", powder(60.0)?)],
                [0.0, 1.5],
                [0.0, 14.0],
            ),
        },
        Figure {
            name: "displaced",
            caption: "and `Displaced`: with random lateral displacements (60 nm).",
            canvas: curves(
                &[
                    ("0", powder(60.0)?),
                    ("1 nm", displaced(1.0)?),
                    ("2 nm", displaced(2.0)?),
                ],
                [0.0, 1.5],
                [0.0, 14.0],
            ),
        },
        Figure {
            name: "paracrystal-2d",
            caption: "`Paracrystal2d`, a = 20 nm, b = 26 nm, disorder 1 nm: peaks widen outwards.",
            canvas: map(&Paracrystal2d::new(
                oblique,
                [profile(Form2d::Gauss, 1.0), profile(Form2d::Cauchy, 0.7)],
            )?
            .with_domain_sizes([600.0, 600.0])?),
        },
        Figure {
            name: "finite-crystal-2d",
            caption: "`FiniteCrystal2d`, 5 x 8 cells of the same lattice, without disorder.",
            canvas: map(&FiniteCrystal2d::new(oblique, [5, 8])?),
        },
    ])
}

/// Excluded disk of 12 nm with two Gaussian shells.
fn shells(r: f64) -> f64 {
    let shell = |centre: f64, width: f64, height: f64| {
        height * (-0.5 * ((r - centre) / width).powi(2)).exp()
    };
    let free = 1.0 / (1.0 + (-(r - 12.0) / 0.5).exp());
    free * (1.0 + shell(14.0, 1.8, 1.1) - shell(20.5, 2.5, 0.25) + shell(27.5, 3.0, 0.15))
}

const SIZE: [i32; 2] = [460, 260];

fn frame(x: [f64; 2], y: [f64; 2]) -> Plot {
    Plot {
        area: [56, 20, SIZE[0] - 14, SIZE[1] - 44],
        x,
        y,
        log_y: false,
    }
}

fn curves(structures: &[(&str, Structure)], x: [f64; 2], y: [f64; 2]) -> Canvas {
    let mut canvas = Canvas::new(SIZE[0], SIZE[1]);
    let plot = frame(x, y);
    plot.grid(&mut canvas);
    let step = (x[1] - x[0]) / 1500.0;
    for ((label, structure), (i, colour)) in structures.iter().zip(CURVES.into_iter().enumerate()) {
        let points: Vec<[f64; 2]> = (0..=1500)
            .map(|n| x[0] + step * f64::from(n))
            .map(|q| [q, structure.at(q, 0.0).clamp(y[0] - 1.0, 2.0 * y[1])])
            .collect();
        plot.curve(&mut canvas, &points, colour);
        let [_, top, right, _] = plot.area;
        let text = right - 80;
        let row = top + 12 + 14 * i as i32;
        let at = f64::from(row);
        canvas.line(
            [f64::from(text) - 24.0, at],
            [f64::from(text) - 6.0, at],
            colour,
            plot.area,
        );
        canvas.left(label, text, row, super::canvas::INK);
    }
    plot.axes(&mut canvas, "q / nm^-1", "S(q)", "");
    canvas
}

fn line(points: &[[f64; 2]]) -> Canvas {
    let mut canvas = Canvas::new(SIZE[0], SIZE[1]);
    let plot = frame([0.0, 60.0], [0.0, 2.5]);
    plot.grid(&mut canvas);
    plot.curve(&mut canvas, points, CURVES[0]);
    plot.axes(&mut canvas, "r / nm", "g(r)", "");
    canvas
}

fn map(structure: &dyn StructureFactor) -> Canvas {
    const DECADES: [i32; 2] = [-3, 2];
    const Q: f64 = 0.9;
    let mut canvas = Canvas::new(390, 330);
    let plot = Plot {
        area: [56, 20, 56 + 263, 20 + 263],
        x: [-Q, Q],
        y: [-Q, Q],
        log_y: false,
    };
    let level = |s: f64| {
        let [low, high] = DECADES.map(f64::from);
        colour((s.max(1e-30).log10() - low) / (high - low))
    };
    plot.map(&mut canvas, |[x, y]| level(structure.at(x, y)));
    plot.axes(&mut canvas, "q_x / nm^-1", "q_y / nm^-1", "S(q)");
    colour_bar(&mut canvas, &plot, DECADES, colour);
    canvas
}
