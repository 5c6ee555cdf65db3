//! What is done with an input: everything that a reader of untrusted files can be asked for.
//! Shared with the targets of `fuzz/`.

use gisaxs_preproc::gisaxs_physics::Beam;
use gisaxs_preproc::{
    FrameStack, Geometry, Gixsgui, Instrument, MaskFile, MaskFormat, MaskOptions, Polarity, Poni,
    StackOptions, decode_mask, encode_mask,
};

/// Opens the bytes as a stack and reads its first and last frame.
pub(crate) fn frames(bytes: &[u8]) -> bool {
    let Ok(stack) = FrameStack::from_bytes("fuzz", bytes.to_vec(), &StackOptions::default()) else {
        return false;
    };
    assert!(stack.len() > 0 && !stack.shape().contains(&0));
    let first = stack.frame(0);
    let last = stack.frame(stack.len() - 1);
    let _ = (stack.warnings(), stack.metadata().len(), stack.flat_field());
    let _ = stack.module_origin_px();
    for frame in first.iter().chain(&last) {
        assert_eq!(frame.shape(), stack.shape());
        assert!(frame.as_slice().iter().all(|count| count.is_finite()));
    }
    first.is_ok() && last.is_ok()
}

/// Reads the bytes as a user's mask in every polarity; what is read can be written and read
/// again.
pub(crate) fn mask(bytes: &[u8]) -> bool {
    let options = MaskOptions {
        polarity: Polarity::NEXUS,
        dataset: None,
    };
    let _ = MaskFile::from_bytes("fuzz", bytes.to_vec(), &options);
    let Ok(masked) = decode_mask("fuzz", bytes.to_vec()) else {
        return false;
    };
    for format in MaskFormat::ALL {
        let again = decode_mask("again", encode_mask(masked.view(), format));
        assert!(again.is_ok_and(|again| again == masked), "{format:?}");
    }
    true
}

/// Reads the bytes as a `.poni` file; what is read can be written and read again.
pub(crate) fn poni(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Ok(poni) = Poni::from_text(&text, "fuzz") else {
        return false;
    };
    let _ = (poni.warnings(), poni.version());
    let again = Poni::from_text(&poni.to_text(), "again");
    assert!(again.is_ok(), "{again:?}");
    for up in [None, Some(Default::default())] {
        if let Ok(instrument) = poni.instrument(0.4, up) {
            let toml = Instrument::from_toml(&instrument.to_toml(), "again");
            assert!(toml.is_ok(), "{toml:?}");
        }
    }
    let Ok(beam) = Beam::new(0.1, 0.007) else {
        return false;
    };
    poni.geometry(beam).is_ok_and(|geometry| finite(&geometry))
}

/// Whether q is finite in the corners; a detector through the sample may have one pixel there.
fn finite(geometry: &Geometry) -> bool {
    let [rows, cols] = geometry.shape();
    let (bottom, right) = ((rows - 1) as f64, (cols - 1) as f64);
    [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)]
        .iter()
        .all(|&(col, row)| geometry.q(col, row).iter().all(|q| q.is_finite()))
}

/// Reads the bytes as an `instrument.toml` or as parameters of GIXSGUI; what is read can be
/// written and read again.
pub(crate) fn toml(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // A mask would be looked for on disk.
    let Ok(table) = text.parse::<toml::Table>() else {
        return Instrument::from_toml(&text, "fuzz").is_ok();
    };
    let names_mask = |table: &toml::Table| table.contains_key("mask");
    if names_mask(&table)
        || table
            .values()
            .filter_map(toml::Value::as_table)
            .any(names_mask)
    {
        return false;
    }
    let instrument = match Gixsgui::from_toml(&text, "fuzz") {
        Ok(parameters) => parameters.instrument(),
        Err(_) => Instrument::from_toml(&text, "fuzz"),
    };
    let Ok(instrument) = instrument else {
        return false;
    };
    if let Ok(geometry) = instrument.geometry() {
        assert!(finite(&geometry), "{instrument:?}");
    }
    let again = Instrument::from_toml(&instrument.to_toml(), "again");
    assert!(again.is_ok(), "{again:?}");
    true
}
