//! One detector frame of gold particles on silicon, printed as a coarse map of ln(counts).
//!
//! `cargo run --release -p gisaxs-physics --example pattern`

use std::sync::Arc;

use gisaxs_physics::*;

fn main() -> Result<()> {
    let energy = 11.9;
    let beam = Beam::new(wavelength_nm(energy), 0.4_f64.to_radians())?;
    let gold = Material::named("Au")?.index(energy)?;
    let silicon = Material::named("Si")?.index(energy)?;

    // Hemispheres of 4 nm +- 15 %, 12 nm apart with 25 % disorder.
    let order = RadialParacrystal::new(12.0, 3.0)?;
    let mut islands = Population::new(
        0,
        Placement::Bottom,
        Correlation::Decoupling(Arc::new(order)),
    );
    for node in (Distribution::Gaussian {
        mean: 4.0,
        std_dev: 0.6,
    })
    .nodes(11, 2.5)?
    {
        let hemisphere = SphericalSegment::new(node.value, 0.0, node.value)?;
        islands = islands.with(Particle::new(hemisphere, gold), node.weight)?;
    }
    let sample = Sample::new(Multilayer::substrate(silicon)?, vec![islands])?;

    // Every 20th column and 40th row above the horizon of a Pilatus 2M at 2.5 m.
    let detector = FlatDetector {
        rows: 1679,
        cols: 1475,
        pixel_mm: [0.172, 0.172],
        distance_mm: 2500.0,
        direct_beam_px: [737.0, 1310.0],
        up: Up::RowsDecrease,
    };
    detector.validate()?;
    for row in (40..1200).step_by(40) {
        let pixels: Vec<_> = (7..detector.cols)
            .step_by(20)
            .map(|col| {
                let (col, row) = (col as f64, f64::from(row));
                (
                    detector.direction(&beam, col, row),
                    detector.solid_angle(col, row),
                )
            })
            .collect();
        let line: String = sample
            .image(&beam, 1e12, &pixels)
            .iter()
            .map(|counts| b" .:-=+*#%@"[((1.0 + counts).ln() as usize).min(9)] as char)
            .collect();
        println!("{line}");
    }
    Ok(())
}
