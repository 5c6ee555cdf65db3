#![no_main]
#[path = "../../examples/fuzz_readers/exercise.rs"]
#[allow(dead_code)]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exercise::toml(bytes);
});
