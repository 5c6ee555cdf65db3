//! Feeds damaged files to every reader for a given time, with a stable compiler:
//!
//! ```sh
//! cargo run --release -p gisaxs-preproc --example fuzz_readers -- SECONDS [READER...]
//! ```
//!
//! Inputs are good files with bits flipped, bytes and numbers replaced, pieces repeated,
//! removed or cut off. A panic, an input that takes over ten seconds or more memory than an
//! input of its size can justify ends the run; the input is left in `fuzz-<reader>.bin`. The
//! targets in `fuzz/` do the same with coverage feedback (`cargo fuzz`, nightly); `fuzz_readers
//! seeds DIR` writes their seeds to `DIR/<reader>/`.

mod exercise;
mod mutate;
mod seeds;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mutate::Random;

/// Seeds have less than 100 kB; deflate makes a thousand times that of them at most, and a
/// frame is in memory three times.
const MAX_MEMORY_KB: u64 = 1 << 20;
const SLOW: Duration = Duration::from_secs(10);

struct Tally {
    name: &'static str,
    run: fn(&[u8]) -> bool,
    seeds: Vec<Vec<u8>>,
    inputs: u64,
    accepted: u64,
    slowest: Duration,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|a| a == "seeds").is_some() {
        let folder = arguments.next().unwrap_or_else(|| "fuzz/corpus".to_owned());
        return match write_seeds(Path::new(&folder)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{folder}: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let Some(seconds) = arguments.next().and_then(|s| s.parse::<u64>().ok()) else {
        eprintln!("usage: fuzz_readers SECONDS [READER...]");
        return ExitCode::from(2);
    };
    let wanted: Vec<String> = arguments.collect();
    let mut readers: Vec<Tally> = seeds::all()
        .into_iter()
        .filter(|(name, ..)| wanted.is_empty() || wanted.iter().any(|w| w == name))
        .map(|(name, run, seeds)| Tally {
            name,
            run,
            seeds,
            inputs: 0,
            accepted: 0,
            slowest: Duration::ZERO,
        })
        .collect();
    for reader in &readers {
        for (i, seed) in reader.seeds.iter().enumerate() {
            assert!(
                (reader.run)(seed),
                "seed {i} of {} is not read",
                reader.name
            );
        }
    }
    let seed = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(1, |t| t.as_nanos() as u64);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let (started, end) = (Instant::now(), Duration::from_secs(seconds));
    while started.elapsed() < end {
        for reader in &mut readers {
            // The same time for every reader, not the same number of inputs.
            let turn = Instant::now();
            while turn.elapsed() < Duration::from_millis(200) {
                if !one(reader, &mut random) {
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("reader       seconds    inputs  accepted  slowest");
    let share = started.elapsed().as_secs_f64() / readers.len().max(1) as f64;
    for r in &readers {
        println!(
            "{:10} {share:9.0} {:9} {:9} {:6.0} ms",
            r.name,
            r.inputs,
            r.accepted,
            r.slowest.as_secs_f64() * 1e3
        );
    }
    println!("largest memory: {} MB", memory_kb().unwrap_or(0) / 1000);
    ExitCode::SUCCESS
}

fn write_seeds(folder: &Path) -> std::io::Result<()> {
    for (name, _, seeds) in seeds::all() {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed{i}")), seed)?;
        }
    }
    Ok(())
}

/// Tries one damaged input; `false` if the reader failed at it.
fn one(reader: &mut Tally, random: &mut Random) -> bool {
    let input = mutate::damaged(random, &reader.seeds);
    let started = Instant::now();
    let run = reader.run;
    let result = std::panic::catch_unwind(|| run(&input));
    let took = started.elapsed();
    reader.inputs += 1;
    reader.accepted += u64::from(matches!(result, Ok(true)));
    reader.slowest = reader.slowest.max(took);
    let memory = memory_kb().unwrap_or(0);
    let problem = match result {
        Err(_) => "panic".to_owned(),
        Ok(_) if took > SLOW => format!("{took:?}"),
        Ok(_) if memory > MAX_MEMORY_KB => format!("{memory} kB of memory"),
        Ok(_) => return true,
    };
    let path = format!("fuzz-{}.bin", reader.name);
    println!(
        "{}: {problem}, input of {} bytes in {path}",
        reader.name,
        input.len()
    );
    if let Err(error) = std::fs::write(&path, &input) {
        println!("{path}: {error}");
    }
    false
}

/// Largest memory of this process so far, where the system tells.
fn memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
