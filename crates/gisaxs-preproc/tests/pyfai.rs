//! Stored numbers of pyFAI, see `scripts/compare_pyfai.py`.

use gisaxs_preproc::gisaxs_physics::Beam;
use gisaxs_preproc::{Absorber, Corrections, Polarization, Poni, Quantity, SampleOrientation};

const TABLE: &str = include_str!("golden/pyfai_geometry.toml");

/// q: what the issue asks for; pyFAI computes pixel positions in f64 as we do.
const Q: f64 = 1e-7;
/// Angles, rad.
const ANGLE: f64 = 1e-10;
/// pyFAI stores corrections of whole detectors in f32; relative.
const CORRECTION: f64 = 3e-7;

fn numbers(case: &toml::Table, key: &str) -> Vec<f64> {
    let list = case[key].as_array().unwrap();
    list.iter()
        .map(|v| v.as_float().or(v.as_integer().map(|i| i as f64)).unwrap())
        .collect()
}

#[test]
fn every_stored_number_is_met() {
    let table: toml::Table = TABLE.parse().unwrap();
    let polarization = numbers(&table, "polarization");
    let polarization = Polarization::new(polarization[0], polarization[1]).unwrap();
    let sensor = Absorber::Sensor {
        normal_transmission: table["normal_transmission"].as_float().unwrap(),
    };
    let polarization = Corrections::new().with_polarization(polarization);
    let sensor = Corrections::new().with_absorber(sensor).unwrap();

    let cases = table["case"].as_array().unwrap();
    assert!(cases.len() >= 13);
    let mut worst_q = 0.0_f64;
    for case in cases {
        let case = case.as_table().unwrap();
        let name = case["name"].as_str().unwrap();
        let number = |key: &str| {
            let value = &case[key];
            value
                .as_float()
                .or(value.as_integer().map(|i| i as f64))
                .unwrap()
        };
        let poni = Poni::from_text(case["poni"].as_str().unwrap(), name).unwrap();
        let alpha_i = number("incident_deg").to_radians();
        let beam = Beam::new(poni.wavelength_nm().unwrap(), alpha_i).unwrap();
        let sample = SampleOrientation::new(number("sample_orientation") as i64).unwrap();
        let geometry = poni
            .geometry(beam)
            .unwrap()
            .with_sample(number("tilt_rad"), sample)
            .unwrap();

        let (rows, columns) = (numbers(case, "rows"), numbers(case, "columns"));
        let near = |what: &str, ours: f64, theirs: f64, tolerance: f64| {
            assert!(
                (ours - theirs).abs() <= tolerance,
                "{name}: {what} is {ours}, pyFAI has {theirs}"
            );
        };
        let of = |quantity, i: usize| {
            let mut row = vec![0.0; geometry.shape()[1]];
            geometry.row(quantity, rows[i] as usize, &mut row);
            row[columns[i] as usize]
        };
        for i in 0..rows.len() {
            for (key, quantity) in [
                ("q_beam", Quantity::QX),
                ("q_horz", Quantity::QY),
                ("q_oop", Quantity::QZ),
                ("q_ip", Quantity::QXy),
                ("q", Quantity::Q),
            ] {
                let (ours, theirs) = (of(quantity, i), numbers(case, key)[i]);
                near(key, ours, theirs, Q);
                worst_q = worst_q.max((ours - theirs).abs());
            }
            for (key, quantity) in [
                ("two_theta", Quantity::TwoTheta),
                ("chi", Quantity::Azimuth),
            ] {
                near(key, of(quantity, i), numbers(case, key)[i], ANGLE);
            }
            let omega = numbers(case, "solid_angle")[i];
            near(
                "solid angle",
                of(Quantity::SolidAngle, i),
                omega,
                CORRECTION * omega,
            );
            for (key, corrections) in [("polarization", &polarization), ("sensor", &sensor)] {
                let mut row = vec![0.0; geometry.shape()[1]];
                geometry.correction_row(corrections, rows[i] as usize, &mut row);
                let theirs = numbers(case, key)[i];
                near(key, row[columns[i] as usize], theirs, CORRECTION * theirs);
            }
        }
    }
    println!("largest difference of a component of q: {worst_q:.1e} nm^-1");
}
