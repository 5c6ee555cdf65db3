//! What is done with an input: everything that a reader of untrusted files can be asked for.
//! Shared with the targets of `fuzz/`.

use gisaxs_preproc::{
    FrameStack, Instrument, MaskFile, MaskFormat, MaskOptions, Polarity, StackOptions, decode_mask,
    encode_mask,
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

/// Reads the bytes as a `.poni` file.
pub(crate) fn poni(bytes: &[u8]) -> bool {
    Instrument::from_poni(&String::from_utf8_lossy(bytes), 0.4).is_ok()
}

/// Reads the bytes as an `instrument.toml`; what is read can be written and read again.
pub(crate) fn toml(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // A mask would be looked for on disk.
    if text.contains("mask") {
        return false;
    }
    let Ok(instrument) = Instrument::from_toml(&text, "fuzz") else {
        return false;
    };
    let again = Instrument::from_toml(&instrument.to_toml(), "again");
    assert!(again.is_ok(), "{again:?}");
    true
}
