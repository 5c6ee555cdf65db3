//! Prints the detector table, one line each: name, sensor, rows, columns, pixel size in mm,
//! rows and columns of the gaps (first-last), sentinels and their source. Compared with pyFAI
//! by `scripts/compare_pyfai_detectors.py`.
//!
//! ```sh
//! cargo run --release -p gisaxs-preproc --example detector_table
//! ```

use std::ops::Range;

use gisaxs_preproc::Detector;

fn main() {
    println!("name;sensor;rows;columns;pixel_mm;gap rows;gap columns;gap;bad;source");
    for silicon in Detector::all() {
        let cdte = Detector::lookup(&format!("{} CdTe", silicon.name()));
        for detector in [
            Some(*silicon),
            cdte.filter(|d| d.gap_cols() != silicon.gap_cols()),
        ]
        .into_iter()
        .flatten()
        {
            let [rows, cols] = detector.shape();
            let sentinels = detector.family().sentinels();
            println!(
                "{};{};{rows};{cols};{};{};{};{};{};{}",
                detector.name(),
                if detector.is_cdte() { "CdTe" } else { "" },
                detector.pixel_mm(),
                ranges(&detector.gap_rows()),
                ranges(&detector.gap_cols()),
                sentinels.gap.map_or(String::new(), |x| x.to_string()),
                sentinels.bad.map_or(String::new(), |x| x.to_string()),
                sentinels.source,
            );
        }
    }
}

fn ranges(gaps: &[Range<usize>]) -> String {
    let parts: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{}-{}", gap.start, gap.end - 1))
        .collect();
    parts.join(" ")
}
