//! Plan, run, merge: from a configuration to shards on the disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rayon::prelude::*;

use super::atomic;
use super::config::Config;
use super::error::{Error, Result, corrupt, io};
use super::generator::{Generator, Record};
use super::manifest::{self, Manifest, SHARDS_IN_MEMORY};
use super::shard::{self, Shard, Statistics};

/// What a build will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Bytes on the disk.
    pub bytes: u64,
    /// Bytes in memory at most, but for the program and what each thread works with: three shards.
    pub memory: u64,
    /// Seconds of one thread.
    pub thread_seconds: f64,
    /// Samples that were made to measure it.
    pub probed: u64,
}

/// Lays a dataset out in `folder`: a manifest and an empty folder for shards. The same plan again
/// changes nothing.
///
/// # Errors
/// If the configuration is not allowed, the folder holds something else, or it cannot be written.
pub fn plan(folder: &Path, config: Config, seed: u64, samples: u64) -> Result<Manifest> {
    let planned = Manifest::new(&Generator::new(config, seed, samples)?);
    if manifest::path(folder).exists() {
        let there = Manifest::open(folder)?;
        if there.plan_sha256 == planned.plan_sha256 {
            return Ok(there);
        }
        return Err(Error::InTheWay {
            path: folder.to_owned(),
            what: format!(
                "holds the plan of another dataset ({}, {} samples, seed {})",
                there.name, there.samples, there.seed
            ),
        });
    }
    let entries = std::fs::read_dir(folder);
    if entries.is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::InTheWay {
            path: folder.to_owned(),
            what: "not empty, and no dataset".into(),
        });
    }
    let shards = folder.join("shards");
    std::fs::create_dir_all(&shards).map_err(io(&shards, "create"))?;
    planned.write(folder)?;
    Ok(planned)
}

/// Size and time of a build, from samples made for up to `seconds`.
///
/// # Errors
/// If a sample cannot be made.
pub fn estimate(manifest: &Manifest, seconds: f64) -> Result<Estimate> {
    let generator = manifest.generator_of()?;
    let per_group = manifest.config.dataset.samples_per_setup;
    // Whole groups from all over the dataset: setups differ in cost.
    let groups = manifest.samples.div_ceil(per_group);
    let started = Instant::now();
    let (mut probed, mut text, mut group) = (0, 0, 0);
    while group < groups && (probed == 0 || started.elapsed().as_secs_f64() < seconds) {
        let shared = generator.group(group)?;
        let last = ((group + 1) * per_group).min(manifest.samples);
        for index in group * per_group..last {
            text += generator.sample(&shared, index)?.provenance.len() as u64;
            probed += 1;
            if started.elapsed().as_secs_f64() > 4.0 * seconds {
                break;
            }
        }
        group += (groups / 16).max(1);
    }
    let per_sample = started.elapsed().as_secs_f64() / probed as f64;
    let shard = manifest.samples.min(manifest.shard_samples);
    Ok(Estimate {
        bytes: manifest.samples * (manifest.sample_bytes() + text / probed),
        memory: manifest.memory_bytes + SHARDS_IN_MEMORY * shard * (text / probed),
        thread_seconds: manifest.samples as f64 * per_sample,
        probed,
    })
}

/// What happens during a run, for who wants to show it.
pub trait Progress: Sync {
    /// A shard was found finished.
    fn found(&self, samples: u64);
    /// A sample was made.
    fn sample(&self);
    /// A shard is on the disk.
    fn shard(&self, number: u64);
}

/// Nobody looks.
impl Progress for () {
    fn found(&self, _samples: u64) {}
    fn sample(&self) {}
    fn shard(&self, _number: u64) {}
}

/// Makes the shards in `shards` (all if `None`) that are not there yet, on all threads of the
/// current rayon pool. Returns the number of shards made. If all shards of the dataset are there
/// in the end and all were asked for, the manifest is completed.
///
/// Every shard is written whole and brought to the disk before it gets its name, so an interruption
/// at any instant loses at most the shard in work, and the one before if it is still being written.
/// Memory holds up to three shards: samples in the making, samples being written, and the file read
/// back for its receipt. Of shards that are there, headers and lengths are checked first and, where
/// the manifest is completed in the end, the SHA-256 of those that had a receipt.
///
/// # Errors
/// If a file is in the way, a sample cannot be made, the file system refuses, or `stop` is set.
pub fn run(
    folder: &Path,
    shards: Option<std::ops::Range<u64>>,
    stop: &AtomicBool,
    progress: &impl Progress,
) -> Result<u64> {
    let manifest = Manifest::open(folder)?;
    let generator = manifest.generator_of()?;
    let all = 0..manifest.shards_planned;
    let wanted = shards.clone().unwrap_or_else(|| all.clone());
    if !wanted.is_empty() {
        manifest.check_shard(wanted.end - 1)?;
    }
    let shard_folder = folder.join("shards");
    std::fs::create_dir_all(&shard_folder).map_err(io(&shard_folder, "create"))?;
    // What is in the way shows before any work is done.
    let mut missing = Vec::new();
    let mut read_back = BTreeSet::new();
    for shard in wanted {
        if shard::is_there(folder, &manifest, shard)? {
            if shard::receipt(folder, shard)?.is_none() {
                shard::write_receipt(folder, &manifest, shard)?;
                read_back.insert(shard);
            }
            let range = manifest.range(shard);
            progress.found(range.end - range.start);
        } else {
            missing.push(shard);
        }
    }
    let made = missing.len() as u64;
    let make = |shard| generator.range(manifest.range(shard), stop, &|| progress.sample());
    let finish = |shard, records: Vec<Record>| {
        let identity = manifest.identity(shard);
        shard::write(folder, &identity, generator.fields(), &records)?;
        drop(records);
        progress.shard(shard);
        // A shard without a receipt is whole: the next run makes it.
        shard::write_receipt(folder, &manifest, shard).map(drop)
    };
    // One thread writes a shard while the others make the next.
    let mut made_before: Option<(u64, Vec<Record>)> = None;
    for &shard in &missing {
        let (written, records) = rayon::join(
            || {
                made_before
                    .take()
                    .map_or(Ok(()), |(shard, records)| finish(shard, records))
            },
            || make(shard),
        );
        written?;
        made_before = Some((shard, records?));
    }
    if let Some((shard, records)) = made_before {
        finish(shard, records)?;
    }
    if shards.is_none() {
        read_back.extend(missing);
        complete(folder, &read_back)?;
    }
    Ok(made)
}

/// Completes the manifest from the receipts of all shards. Reads every shard and compares its SHA-256
/// with that of its receipt, on all threads of the current rayon pool.
///
/// # Errors
/// [`Error::Incomplete`] if shards are missing; if a file is not what it should be, or not what the
/// manifest lists that was completed before.
pub fn merge(folder: &Path) -> Result<Manifest> {
    complete(folder, &BTreeSet::new())
}

/// As [`merge`]; shards in `read_back` have just got their receipts from their bytes.
fn complete(folder: &Path, read_back: &BTreeSet<u64>) -> Result<Manifest> {
    let there = Manifest::open(folder)?;
    // Made again from the configuration: numbers that went through a file may have lost a bit.
    let mut manifest = Manifest::new(&there.generator_of()?);
    let missing = missing(folder, &manifest)?;
    if !missing.is_empty() {
        return Err(Error::Incomplete {
            folder: folder.to_owned(),
            missing,
            of: manifest.shards_planned,
        });
    }
    manifest.shards = (0..manifest.shards_planned)
        .into_par_iter()
        .map(|shard| {
            let Some(receipt) = shard::receipt(folder, shard)? else {
                return shard::write_receipt(folder, &there, shard);
            };
            if !read_back.contains(&shard) {
                shard::check_bytes(folder, &receipt)?;
            }
            shard::check_listed(folder, &there, &receipt)?;
            Ok(receipt)
        })
        .collect::<Result<_>>()?;
    manifest.statistics = total(&manifest);
    manifest.complete = true;
    manifest.write(folder)?;
    atomic::sweep(&folder.join("shards"), "")?;
    atomic::sweep(folder, manifest::MANIFEST)?;
    Ok(manifest)
}

/// Statistics of the whole dataset from those of its shards.
pub(super) fn total(manifest: &Manifest) -> Vec<Statistics> {
    let mut shards = manifest.shards.iter();
    let mut total = shards
        .next()
        .map_or_else(Vec::new, |s| s.statistics.clone());
    for shard in shards {
        for (sum, part) in total.iter_mut().zip(&shard.statistics) {
            *sum = sum.merged(part);
        }
    }
    total
}

/// Numbers of the shards that are not there.
///
/// # Errors
/// If a file of their name is something else.
pub fn missing(folder: &Path, manifest: &Manifest) -> Result<Vec<u64>> {
    let mut missing = Vec::new();
    for shard in 0..manifest.shards_planned {
        if !shard::is_there(folder, manifest, shard)? {
            missing.push(shard);
        }
    }
    Ok(missing)
}

/// Copies the shards of `from`, other folders with the same plan, into `folder`. Shards that are
/// there already stay; returns the number of shards copied.
///
/// # Errors
/// If a folder holds another plan, or a shard is damaged.
pub fn gather(folder: &Path, from: &[&Path]) -> Result<u64> {
    use std::io::Write;
    let manifest = Manifest::open(folder)?;
    let mut copied = 0;
    for source in from {
        let other = Manifest::open(source)?;
        if other.plan_sha256 != manifest.plan_sha256 {
            return Err(Error::InTheWay {
                path: source.to_path_buf(),
                what: format!("another dataset than {}", folder.display()),
            });
        }
        for shard in 0..manifest.shards_planned {
            if shard::is_there(folder, &manifest, shard)?
                || !shard::is_there(source, &manifest, shard)?
            {
                continue;
            }
            // Reads it whole, so that nothing damaged is passed on.
            let found = Shard::open(source, &manifest, shard)?;
            if let Some(receipt) = shard::receipt(source, shard)? {
                if receipt.sha256 != found.sha256() {
                    return Err(corrupt(
                        &shard::path(source, shard),
                        "its SHA-256 is not that of its receipt",
                    ));
                }
                // Bytes, so that nothing is lost on the way.
                let from = shard::receipt_path(source, shard);
                let text = std::fs::read(&from).map_err(io(&from, "read"))?;
                let to = shard::receipt_path(folder, shard);
                atomic::write(&to, |file| file.write_all(&text))?;
            }
            atomic::write(&shard::path(folder, shard), |file| {
                file.write_all(found.bytes())
            })?;
            copied += 1;
        }
    }
    Ok(copied)
}
