//! The `[sample]` table: every key, name and limit of it.
#![cfg(feature = "dataset")]

use std::collections::BTreeSet;
use std::path::Path;

use gisaxs_sim::dataset::{Config, KEYS};
use serde_json::Value;

/// Two layers, one population of this structure and these particles.
fn described(structure: &str, particle: &str) -> String {
    format!(
        "[[sample.parameters]]\nname = \"radius\"\nunit = \"nm\"\nrange = {{ uniform = [2.0, 3.0] }}\n\
         [[sample.parameters]]\nname = \"height\"\nrange = {{ uniform = [1.0, 9.0] }}\nat_least = \"0.5 * $radius\"\nat_most = \"2 * $radius\"\n\
         [[sample.layers]]\nmaterial = \"C8H8\"\ndensity_g_cm3 = 1.05\nthickness_nm = 30.0\n\
         [[sample.layers]]\nmaterial = \"Si\"\nroughness_nm = 0.5\n\
         [[sample.populations]]\nlayer = 0\nplacement = \"bottom\"\ncoverage = 0.5\nstructure = {structure}\nparticles = [{particle}]\n"
    )
}

const DILUTE: &str = "{ dilute = { density_per_nm2 = 1e-4 } }";
const BALL: &str =
    "{ shape = \"Sphere\", material = \"Au\", parameters = { radius = \"$radius\" } }";

/// Descriptions that together have every key.
fn all() -> Vec<String> {
    let lattice = "lattice = { a_nm = 20.0, b_nm = 20.0, angle_deg = 120.0, rotation_deg = 10.0 }";
    let flat = |form: &str| {
        format!("{{ form = {form}, omega_x_nm = 300.0, omega_y_nm = 300.0, gamma_rad = 0.0 }}")
    };
    let voigt = "{ voigt = { eta = 0.5 } }";
    let narrow = "{ form = \"gauss\", omega_x_nm = 1.0, omega_y_nm = 1.0, gamma_rad = 0.0 }";
    let mut structures = vec![
        DILUTE.to_owned(),
        "{ radial-paracrystal = { distance_nm = 15.0, width_nm = 3.0, damping_length_nm = 500.0, coupling = \"local-monodisperse\" } }".into(),
        "{ radial-paracrystal = { distance_nm = 15.0, width_nm = 3.0, coupling = { size-spacing = { kappa = 1.0 } } } }".into(),
        "{ hard-disks = { density_per_nm2 = 1e-3, radius_nm = 5.0 } }".into(),
        "{ pair-correlation = { density_per_nm2 = 3e-3, r_nm = [0.0, \"2 * $radius\", 8.0, 12.0, 20.0, 40.0], g = [0.0, 0.0, 1.5, 0.9, 1.0, 1.0], window = \"lorch\" } }".into(),
        format!("{{ crystal-2d = {{ {lattice}, decay = {}, powder = true, displacement_nm = 1.0 }} }}", flat("\"gauss\"")),
        format!("{{ crystal-2d = {{ {lattice}, decay = {} }} }}", flat(voigt)),
        format!("{{ finite-crystal-2d = {{ {lattice}, cells = [10, 10], powder = false, displacement_nm = 0.5 }} }}"),
        format!("{{ paracrystal-2d = {{ {lattice}, profiles = [{narrow}, {narrow}], damping_length_nm = 500.0, domain_sizes_nm = [1000.0, 1000.0] }} }}"),
        "{ crystal-1d = { period_nm = 30.0, rotation_deg = 90.0, linear_density_per_nm = 1e-2, decay = { gauss = { omega_nm = 300.0 } } } }".into(),
        "{ paracrystal-1d = { period_nm = 30.0, rotation_deg = 90.0, linear_density_per_nm = 1e-2, profile = { gauss = { omega_nm = 3.0 } }, damping_length_nm = 500.0, domain_size_nm = 1000.0 } }".into(),
    ];
    for profile in ["gauss", "cauchy", "gate", "triangle", "cosine"] {
        structures.push(format!(
            "{{ radial-paracrystal = {{ distance_nm = 15.0, profile = {{ {profile} = {{ omega_nm = 3.0 }} }} }} }}"
        ));
    }
    structures.push(
        "{ radial-paracrystal = { distance_nm = 15.0, profile = { voigt = { omega_nm = 3.0, eta = 0.5 } } } }".into(),
    );
    let mut texts: Vec<String> = structures.iter().map(|s| described(s, BALL)).collect();
    let joint = "joint = { parameter = \"height\", spread = 0.1, correlation = 0.5 }";
    for sizes in [
        format!("{{ kind = \"log-normal\", spread = 0.2, radii = 5, {joint} }}"),
        format!("{{ mixture = [{{ kind = \"gaussian\", weight = 2.0, spread = 0.1 }}, {{ kind = \"schulz-zimm\", factor = 1.6, spread = 0.05 }}], radii = 9, {joint} }}"),
        "{ free_form = [[0.5, -4.0], [0.8, 0.0], [1.1, -0.5], [1.3, \"-0.4 * $radius\"], [1.7, -4.0]] }".into(),
    ] {
        texts.push(described(
            DILUTE,
            &format!(
                "{{ weight = 2.0, shape = \"Cone\", material = \"SiO2\", density_g_cm3 = 2.2, parameters = {{ radius = 5.0, height = \"$height\", alpha = 1.4 }}, \
                 rotations = [{{ axis = \"z\", angle_deg = 30.0 }}], shift_nm = [1.0, 0.0, 0.0], sizes = {sizes} }}"
            ),
        ));
    }
    texts.push(described(
        DILUTE,
        "{ shape = \"Sphere\", material = \"SiO2\", parameters = { radius = 6.0 }, \
         core = { shape = \"Sphere\", material = \"Au\", parameters = { radius = 3.0 }, shift_nm = [0.0, 0.0, 3.0] } }",
    ));
    // Two rough interfaces whose heights go together.
    let rough = "roughness_nm = 0.5\nhurst = 0.5\ncorrelation_nm = 100.0";
    texts.push(format!(
        "[sample]\nvertical_correlation_nm = \"10 * $radius\"\n{}",
        described(DILUTE, BALL)
            .replace(
                "thickness_nm = 30.0",
                &format!("thickness_nm = 30.0\n{rough}")
            )
            .replace(
                "material = \"Si\"\nroughness_nm = 0.5",
                &format!("material = \"Si\"\n{rough}")
            )
    ));
    texts
}

fn parsed(text: &str) -> Config {
    Config::parse("s.toml", text).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

fn error(text: &str) -> String {
    let error = Config::parse("s.toml", text).unwrap_err().to_string();
    assert!(
        error.starts_with("s.toml: ") && !error.contains('\n'),
        "{error}"
    );
    error
}

/// Paths as in the table of keys of everything below `value`.
fn paths(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    found.insert(path.to_owned());
    match value {
        // Densities, and names that a shape chooses.
        _ if path.ends_with("[].range") || path.ends_with("[].parameters") => {}
        Value::Object(map) => {
            for (name, value) in map {
                paths(&format!("{path}.{name}"), value, found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for value in list {
                paths(&format!("{path}[]"), value, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_documented_key_of_a_sample_exists() {
    let mut found = BTreeSet::new();
    for text in all() {
        let config = parsed(&text);
        let value = serde_json::to_value(config.sample).unwrap();
        paths("sample", &value, &mut found);
    }
    let keys = KEYS.iter().filter(|k| k.path.starts_with("sample."));
    let lacking: Vec<&str> = keys
        .map(|k| k.path)
        .filter(|k| !found.contains(*k))
        .collect();
    assert!(
        lacking.is_empty(),
        "documented, but in no description here: {lacking:?}"
    );
}

/// Every field that the readers of tables know, from what they say to an unknown one, is documented.
#[test]
fn every_key_of_a_sample_is_documented() {
    /// All tables below a value, by their JSON pointer and path.
    fn tables(pointer: &str, path: &str, value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(map) => {
                found.push((pointer.to_owned(), path.to_owned()));
                for (name, value) in map {
                    if !["range", "parameters"].contains(&name.as_str()) {
                        tables(
                            &format!("{pointer}/{name}"),
                            &format!("{path}.{name}"),
                            value,
                            found,
                        );
                    }
                }
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate() {
                    tables(
                        &format!("{pointer}/{i}"),
                        &format!("{path}[]"),
                        value,
                        found,
                    );
                }
            }
            _ => {}
        }
    }
    let like = |path: &str| {
        path.replace("[].core", "[]")
            .replace("finite-crystal-2d.lattice", "crystal-2d.lattice")
            .replace("paracrystal-2d.lattice", "crystal-2d.lattice")
            .replace("paracrystal-2d.profiles[]", "crystal-2d.decay")
            .replace("crystal-1d.decay", "radial-paracrystal.profile")
            .replace("paracrystal-1d.profile", "radial-paracrystal.profile")
    };
    let mut asked = 0;
    for text in all() {
        let config = parsed(&text);
        let value = serde_json::to_value(&config).unwrap();
        let mut found = Vec::new();
        for part in ["layers", "populations"] {
            let path = format!("sample.{part}");
            let pointer = format!("/sample/{part}");
            tables(
                &pointer,
                &path,
                value.pointer(&pointer).unwrap(),
                &mut found,
            );
        }
        for (pointer, path) in found {
            // A table with one more key, and where the key decides what it is, another key.
            for replace in [false, true] {
                let mut changed = value.clone();
                let table = changed
                    .pointer_mut(&pointer)
                    .unwrap()
                    .as_object_mut()
                    .unwrap();
                if replace {
                    table.clear();
                }
                table.insert("zzz".into(), serde_json::json!({}));
                let config: Config = serde_json::from_value(changed).unwrap();
                // Types of the physics crate do not say; `Config::parse` refuses for them.
                let Err(error) = config.validate("c") else {
                    continue;
                };
                let error = error.to_string();
                let Some((_, names)) = error.split_once("`zzz`, expected") else {
                    continue;
                };
                for name in names.split('`').skip(1).step_by(2) {
                    let key = like(&format!("{path}.{name}"));
                    let below = format!("{key}.");
                    let known =
                        |k: &&gisaxs_sim::dataset::Key| k.path == key || k.path.starts_with(&below);
                    // Words of a choice are in the limits of their key.
                    let word = KEYS
                        .iter()
                        .any(|k| k.path == like(&path) && k.allowed.contains(name));
                    assert!(
                        word || KEYS.iter().any(|k| known(&k)),
                        "{key} is not documented"
                    );
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

#[test]
fn mistakes_are_named_with_their_path() {
    let replaced = |from: &str, to: &str| {
        let text = described(DILUTE, BALL);
        assert!(text.contains(from), "{from}");
        error(&text.replace(from, to))
    };
    let cases = [
        (
            "thickness_nm",
            "thicknes_nm",
            "unknown key sample.layers[0].thicknes_nm, did you mean sample.layers[0].thickness_nm?",
        ),
        (
            "placement",
            "placemant",
            "sample.populations[0].placemant, did you mean sample.populations[0].placement?",
        ),
        (
            "\"bottom\"",
            "\"botom\"",
            "sample.populations[0].placement = \"botom\" is unknown, did you mean bottom?",
        ),
        (
            "{ dilute = {",
            "{ delute = {",
            "sample.populations[0].structure.delute, did you mean sample.populations[0].structure.dilute?",
        ),
        (
            "density_per_nm2",
            "density_nm2",
            "did you mean sample.populations[0].structure.dilute.density_per_nm2?",
        ),
        (
            "\"Sphere\"",
            "\"Spere\"",
            "sample.populations[0].particles[0].shape = \"Spere\" is unknown, did you mean Sphere?",
        ),
        (
            "{ radius =",
            "{ radios =",
            "sample.populations[0].particles[0].parameters.radios, did you mean sample.populations[0].particles[0].parameters.radius?",
        ),
        (
            "\"Au\"",
            "\"Aa\"",
            "sample.populations[0].particles[0].material: ",
        ),
        ("\"Si\"", "\"Xx\"", "sample.layers[1].material: "),
        (
            "radius = \"$radius\"",
            "radius = \"$raduis\"",
            "sample.populations[0].particles[0].parameters.radius = \"$raduis\" is unknown, did you mean $radius?",
        ),
        (
            "radius = \"$radius\"",
            "radius = \"-1 * $radius\"",
            "sample.populations[0].particles[0].parameters: radius = -2.5",
        ),
        (
            "\"2 * $radius\"",
            "\"2 + $radius\"",
            "sample.parameters[1].at_most = \"2 + $radius\"",
        ),
        (
            "uniform = [2.0, 3.0]",
            "unifrom = [2.0, 3.0]",
            "sample.parameters[0].range.unifrom, did you mean sample.parameters[0].range.uniform?",
        ),
        (
            "[1.0, 9.0]",
            "[4.5, 9.0]",
            "sample.parameters[1].range = 4.5 .. 9 of \"height\" is not allowed, expected a density that reaches",
        ),
        (
            "roughness_nm = 0.5",
            "hurst = 0.5",
            "sample.layers[1] = hurst without correlation_nm",
        ),
        (
            "[[sample.layers]]",
            "[[sample.leyers]]",
            "sample.leyers, did you mean sample.layers?",
        ),
    ];
    for (from, to, expected) in cases {
        let error = replaced(from, to);
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn particles_that_overlap_are_refused() {
    let cover = |structure: &str, particle: &str| error(&described(structure, particle));
    // 0.5 times 0.1 per nm^2 times pi R^2, R up to 3 nm.
    let found = cover("{ dilute = { density_per_nm2 = 0.1 } }", BALL);
    assert!(
        found.contains("sample.populations[0].structure = 5.0000e-2 particles per nm^2"),
        "{found}"
    );
    assert!(
        found.contains("less than 1 of the area") && found.contains("at radius = "),
        "{found}"
    );
    // Where only the largest sizes do, and a lattice.
    let lattice = |a: f64| {
        format!(
            "{{ finite-crystal-2d = {{ lattice = {{ a_nm = {a:?}, b_nm = {a:?}, angle_deg = 90.0 }}, cells = [10, 10] }} }}"
        )
    };
    let cube = "{ shape = \"Box\", material = \"Au\", parameters = { length = \"2 * $radius\", width = \"2 * $radius\", height = 3.0 } }";
    let whole =
        |structure: &str| described(structure, cube).replace("coverage = 0.5", "coverage = 1.0");
    let found = error(&whole(&lattice(5.9)));
    assert!(found.contains("of the area"), "{found}");
    parsed(&whole(&lattice(6.1)));
    // Two populations share the surface.
    let second = "[[sample.populations]]\nstructure = { dilute = { density_per_nm2 = 2e-2 } }\n";
    let both =
        |n: usize| described(DILUTE, BALL) + &format!("{second}particles = [{BALL}]\n").repeat(n);
    parsed(&both(1));
    let found = error(&both(2));
    assert!(
        found.contains("sample.populations[2]") && found.contains("with the populations before it"),
        "{found}"
    );
    // In a film, the volume counts: shadows may lie above each other.
    let film = |density: f64| {
        described(
            &format!("{{ dilute = {{ density_per_nm2 = {density:?} }} }}"),
            BALL,
        )
        .replace("layer = 0", "layer = 1")
        .replace("\"bottom\"", "\"throughout\"")
        .replace("coverage = 0.5", "coverage = 1.0")
    };
    parsed(&film(0.1));
    let found = error(&film(0.4));
    assert!(found.contains("of the volume"), "{found}");
}

/// The catalogue of shapes is the one of the physics crate, so that a new shape is tried here; for
/// arrangements its sources are asked, where they are.
#[test]
fn every_shape_and_arrangement_can_be_named() {
    for shape in gisaxs_physics::shapes() {
        let parameters: Vec<String> = shape
            .parameters
            .iter()
            .zip(shape.examples[0])
            .map(|(p, x)| format!("{} = {x:?}", p.name))
            .collect();
        let particle = format!(
            "{{ shape = {:?}, material = \"Ag\", parameters = {{ {} }} }}",
            shape.name,
            parameters.join(", ")
        );
        parsed(&described(
            "{ dilute = { density_per_nm2 = 1e-7 } }",
            &particle,
        ));
    }
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../gisaxs-physics/src/structure_factor");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: the sources of the physics crate are not here");
        return;
    };
    let mut arrangements = Vec::new();
    for entry in entries {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("impl StructureFactor for ") {
                arrangements.push(name.trim_end_matches(" {").to_owned());
            }
        }
    }
    assert!(arrangements.len() >= 10, "{arrangements:?}");
    for name in arrangements {
        // `Crystal2d` is `crystal-2d`.
        let mut kebab = String::new();
        for c in name.chars() {
            if (c.is_uppercase() || c.is_ascii_digit()) && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.extend(c.to_lowercase());
        }
        let key = match name.as_str() {
            // What changes another arrangement is a key of that one.
            "Powder" => "crystal-2d.powder".to_owned(),
            "Displaced" => "crystal-2d.displacement_nm".to_owned(),
            _ => format!("{kebab}."),
        };
        let path = format!("sample.populations[].structure.{key}");
        assert!(
            KEYS.iter().any(|k| k.path.starts_with(&path)),
            "{name} has no {path}"
        );
    }
}
