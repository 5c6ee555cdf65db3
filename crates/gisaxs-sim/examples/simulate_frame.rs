//! One simulated frame as a camera would store it, with mask and instrument file:
//!
//! ```sh
//! cargo run --release -p gisaxs-sim --example simulate_frame -- 7 out
//! cargo xtask invert out/frame_7.cbf --instrument out/frame_7.toml
//! ```
//!
//! The arguments are the number of the frame and the folder.

use std::error::Error;
use std::path::PathBuf;

use gisaxs_preproc::ndarray::Array2;
use gisaxs_preproc::{
    FilmSpec, Frame, FrameHeader, Instrument, MaterialSpec, SampleSpec, encode_npy,
};
use gisaxs_sim::{Prior, frame::SimulatedFrame};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let index: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "out".into()));

    let prior = Prior::default();
    let simulated = SimulatedFrame::draw(&prior, 1, index)?;
    let setup = &simulated.setup;

    std::fs::create_dir_all(&folder)?;
    let folder = std::path::absolute(folder)?;
    let path = |extension: &str| folder.join(format!("frame_{index}.{extension}"));

    // A camera counts in integers and says where they end.
    let counts: Vec<f32> = simulated.counts.iter().map(|c| c.floor()).collect();
    let [rows, cols] = simulated.shape;
    let frame =
        Frame::new(Array2::from_shape_vec((rows, cols), counts)?)?.with_header(FrameHeader {
            detector: Some(setup.detector_name.clone()),
            count_cutoff: Some(f64::from(simulated.drawn.saturation.cutoff.floor()) - 1.0),
            ..FrameHeader::default()
        });

    // What the user masks: beamstops with their arms, blades, dead pixels.
    let masked: Vec<u8> = setup.valid_pixels().iter().map(|v| u8::from(!v)).collect();
    let mask = path("mask.npy");
    std::fs::write(
        &mask,
        encode_npy(Array2::from_shape_vec((rows, cols), masked)?.view()),
    )?;

    // What the user believes of the geometry, and the materials as optical constants.
    let material = |n: gisaxs_physics::RefractiveIndex| MaterialSpec::Optical {
        delta: n.delta,
        beta: n.beta,
    };
    let known = simulated.known();
    let instrument = Instrument::new(simulated.believed_beam, simulated.believed_detector)?
        .with_mask_file(&mask)?
        .with_sample(SampleSpec {
            particle: known.particle.map(material),
            substrate: known.substrate.map(material),
            film: known.film.map(|(index, thickness_nm)| FilmSpec {
                material: material(index),
                thickness_nm,
            }),
        })?;
    frame.write_cbf(path("cbf"))?;
    std::fs::write(path("toml"), instrument.to_toml())?;

    let sizes = &simulated.particles.sizes;
    println!(
        "{}: {} of {:.2} nm +- {:.2} nm, {:.1} nm apart, disorder {:.2}, on a {}",
        path("cbf").display(),
        setup.particle_name,
        sizes.mean_nm(),
        sizes.std_nm(),
        simulated.correlation.distance_nm,
        simulated.correlation.disorder,
        setup.detector_name,
    );
    Ok(())
}
