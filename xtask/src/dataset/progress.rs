//! How far a build is: a bar on a terminal, a line every ten seconds elsewhere.

use crate::Failure;
use crate::console::{quiet, say};
use gisaxs_sim::dataset::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Seconds between lines without a terminal.
const EVERY_S: u64 = 10;

/// Counts things that are done.
pub(super) struct Watch {
    bar: ProgressBar,
    verb: &'static str,
    noun: &'static str,
    of: u64,
    done: AtomicU64,
    found: AtomicU64,
    started: Instant,
    told: AtomicU64,
}

impl Watch {
    pub(super) fn new(verb: &'static str, noun: &'static str, of: u64) -> Result<Self, Failure> {
        let bar = if quiet() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(of)
        };
        bar.set_style(ProgressStyle::with_template(&format!(
            "{{wide_bar}} {{pos}}/{{len}} {noun}, {{per_sec}}, {{eta}} left"
        ))?);
        Ok(Self {
            bar,
            verb,
            noun,
            of,
            done: AtomicU64::new(0),
            found: AtomicU64::new(0),
            started: Instant::now(),
            told: AtomicU64::new(0),
        })
    }

    /// One more is done.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.bar.is_hidden() {
            self.bar.inc(1);
            return;
        }
        let elapsed = self.started.elapsed();
        let lines = elapsed.as_secs() / EVERY_S;
        if lines > self.told.fetch_max(lines, Ordering::Relaxed) {
            let all = done + self.found.load(Ordering::Relaxed);
            let left = self.of.saturating_sub(all) as f64 * elapsed.as_secs_f64() / done as f64;
            say!(
                "{} {all} of {} {}, {} left",
                self.verb,
                self.of,
                self.noun,
                super::time(left)
            );
        }
    }

    /// Number of steps.
    pub(super) fn made(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Watch {
    fn found(&self, samples: u64) {
        self.found.fetch_add(samples, Ordering::Relaxed);
        self.bar.inc(samples);
        // What is there already took no time.
        self.bar.reset_eta();
    }

    fn sample(&self) {
        self.step();
    }

    fn shard(&self, _number: u64) {}
}

/// Most memory this process ever held, bytes; `None` where the system does not say.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}
