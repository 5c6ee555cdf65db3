#![no_main]
#[path = "../../examples/fuzz_readers/exercise.rs"]
#[allow(dead_code)]
mod exercise;

/// Every input is taken for this format.
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(MAGIC) {
        exercise::frames(bytes);
    } else {
        exercise::frames(&[MAGIC, bytes].concat());
    }
});

