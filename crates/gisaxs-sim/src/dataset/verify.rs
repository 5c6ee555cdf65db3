//! Verification: hashes, shapes, ranges, NaN, and samples made again bit for bit.

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::build::total;
use super::error::{Result, corrupt};
use super::manifest::{self, Manifest};
use super::schema::{Field, INDEX, Type};
use super::shard::{self, Shard, arithmetic};
use crate::rng::mix;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Shards that were looked at.
    pub shards: u64,
    /// Samples that were looked at.
    pub samples: u64,
    /// Samples that were made again, all bits equal.
    pub remade: u64,
    /// Samples that were not made again, since their shard comes from other vector units.
    pub other_arithmetic: u64,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    fn join(mut self, other: Self) -> Self {
        self.shards += other.shards;
        self.samples += other.samples;
        self.remade += other.remade;
        self.other_arithmetic += other.other_arithmetic;
        self.problems.extend(other.problems);
        self
    }
}

/// Looks at every shard of the dataset in `folder`: its receipt, made again from its bytes (SHA-256,
/// length, statistics), against the one beside it and that in the manifest, tensors, NaN, infinities,
/// allowed ranges, indices, limits that follow from other quantities (D > 2 R_mean); and at what the
/// manifest says of fields and of the whole dataset. `again` samples of the whole dataset, chosen by
/// `pick`, are made again and compared bit for bit.
///
/// Shards are looked at in parallel; memory holds one per thread.
///
/// # Errors
/// If the manifest cannot be read. Everything else is a problem in the [`Verdict`].
pub fn verify(
    folder: &Path,
    again: u64,
    pick: u64,
    progress: &(impl Fn() + Sync),
) -> Result<Verdict> {
    let manifest = Manifest::open(folder)?;
    let mut chosen: Vec<u64> = (0..again.min(manifest.samples))
        .map(|i| mix(pick ^ mix(i)) % manifest.samples)
        .collect();
    chosen.sort_unstable();
    chosen.dedup();
    let mut verdict = (0..manifest.shards_planned)
        .into_par_iter()
        .map(|shard| {
            let verdict = check_shard(folder, &manifest, shard, &chosen);
            progress();
            verdict
        })
        .reduce(Verdict::default, Verdict::join);
    // Whatever thread found it first.
    verdict.problems.sort_unstable();
    let path = manifest::path(folder);
    if verdict.is_good() && manifest.complete {
        verdict.problems.extend(check_manifest(&path, &manifest)?);
    }
    if verdict.is_good() && !manifest.complete {
        verdict.problems.push(
            corrupt(
                &path,
                "the manifest is not completed yet, `dataset merge` does that",
            )
            .to_string(),
        );
    }
    Ok(verdict)
}

/// The value as a reader of JSON has it.
fn as_read<T: Serialize + DeserializeOwned>(value: &T) -> serde_json::Result<T> {
    serde_json::from_str(&serde_json::to_string(value)?)
}

/// What a manifest says that does not follow from its configuration and its shards.
fn check_manifest(path: &Path, manifest: &Manifest) -> Result<Option<String>> {
    let mut expected = Manifest::new(&manifest.generator_of()?);
    expected.shards.clone_from(&manifest.shards);
    expected.statistics = total(manifest);
    expected.complete = manifest.complete;
    let failed = |e: serde_json::Error| corrupt(path, e.to_string());
    let mut expected = as_read(&expected).map_err(failed)?;
    // Checked by its digest; and another version may have made the same.
    expected.config.clone_from(&manifest.config);
    expected.config_toml.clone_from(&manifest.config_toml);
    expected.generator.clone_from(&manifest.generator);
    let what = "its fields, edges or statistics are not those of its configuration and shards";
    Ok((expected != *manifest).then(|| corrupt(path, what).to_string()))
}

fn check_shard(folder: &Path, manifest: &Manifest, number: u64, chosen: &[u64]) -> Verdict {
    let mut verdict = Verdict {
        shards: 1,
        ..Verdict::default()
    };
    let path = shard::path(folder, number);
    if !path.exists() {
        verdict
            .problems
            .push(format!("{}: missing", path.display()));
        return verdict;
    }
    let opened = Shard::open(folder, manifest, number);
    let shard = match opened {
        Ok(shard) => shard,
        Err(error) => {
            verdict.problems.push(error.to_string());
            return verdict;
        }
    };
    verdict.samples = shard.samples() as u64;
    let problem = |what: String| format!("{}: {what}", path.display());
    let mut made_here = true;
    match shard::receipt(folder, number) {
        Ok(Some(receipt)) => {
            made_here = receipt.arithmetic == arithmetic(manifest.arithmetic);
            match shard.receipt(manifest).map(|made| as_read(&made)) {
                Ok(Ok(made)) => {
                    if let Some(what) = made.difference(&receipt) {
                        let text = format!("not what its receipt says: {what}");
                        verdict.problems.push(problem(text));
                    }
                }
                Ok(Err(error)) => verdict.problems.push(problem(error.to_string())),
                Err(error) => verdict.problems.push(error.to_string()),
            }
            if let Err(error) = shard::check_listed(folder, manifest, &receipt) {
                verdict.problems.push(error.to_string());
            }
        }
        Ok(None) => verdict
            .problems
            .push(problem("no receipt; `dataset run` makes it".into())),
        Err(error) => verdict.problems.push(error.to_string()),
    }
    for field in &manifest.fields {
        match shard.field(field) {
            Ok(bytes) => {
                let start = manifest.range(number).start;
                if let Some(what) = check_numbers(field, bytes, start) {
                    verdict.problems.push(problem(what));
                }
            }
            Err(error) => verdict.problems.push(error.to_string()),
        }
    }
    match check_limits(manifest, &shard) {
        Ok(None) => {}
        Ok(Some(what)) => verdict.problems.push(problem(what)),
        Err(error) => verdict.problems.push(error.to_string()),
    }
    let provenance = match shard.provenance() {
        Ok(texts) if texts.len() == shard.samples() => texts,
        Ok(texts) => {
            verdict.problems.push(problem(format!(
                "provenance of {} samples, expected {}",
                texts.len(),
                shard.samples()
            )));
            return verdict;
        }
        Err(error) => {
            verdict.problems.push(error.to_string());
            return verdict;
        }
    };
    let range = manifest.range(number);
    for &index in chosen.iter().filter(|i| range.contains(i)) {
        if !made_here {
            verdict.other_arithmetic += 1;
            continue;
        }
        match remade(manifest, &shard, &provenance, index) {
            Ok(None) => verdict.remade += 1,
            Ok(Some(field)) => verdict.problems.push(problem(format!(
                "sample {index} made again differs in {field}"
            ))),
            Err(error) => verdict.problems.push(error.to_string()),
        }
    }
    verdict
}

/// The first sample whose drawn numbers break a limit that follows from others, in words.
fn check_limits(manifest: &Manifest, shard: &Shard) -> Result<Option<String>> {
    /// Products of the same numbers in another order.
    const SLACK: f64 = 1e-9;
    let column = |name: &str| -> Result<Vec<f64>> {
        let Some(field) = manifest.fields.iter().find(|f| f.name == name) else {
            return Ok(Vec::new());
        };
        let numbers = shard.field(field)?.as_chunks::<8>().0.iter();
        Ok(numbers.map(|b| f64::from_le_bytes(*b)).collect())
    };
    let first = manifest.range(shard.identity.shard).start;
    let outside = |value: f64, [low, high]: [f64; 2]| {
        let slack = SLACK * value.abs();
        // NaN is found as what it is.
        value < low - slack || value > high + slack
    };
    if let Some(sample) = &manifest.config.sample {
        let names = sample
            .parameters
            .iter()
            .map(|p| format!("label/{}", p.name));
        let columns = names
            .map(|name| column(&name))
            .collect::<Result<Vec<_>>>()?;
        for i in 0..shard.samples() {
            let values: Option<Vec<f64>> = columns.iter().map(|c| c.get(i).copied()).collect();
            let limits = values.map_or_else(Vec::new, |values| {
                let limits = sample.limits(&values).unwrap_or_default();
                values.into_iter().zip(limits).collect()
            });
            for (p, (value, [low, high])) in sample.parameters.iter().zip(limits) {
                if outside(value, [low, high]) {
                    return Ok(Some(format!(
                        "label/{} of sample {} is {value}, its limits are {low} to {high}",
                        p.name,
                        first + i as u64
                    )));
                }
            }
        }
        return Ok(None);
    }
    let (radii, distances) = (column("label/mean_radius")?, column("label/distance")?);
    let broken = radii
        .iter()
        .zip(&distances)
        .position(|(&radius, &distance)| {
            outside(distance, manifest.config.correlation.limits(radius))
        });
    Ok(broken.map(|i| {
        let [low, high] = manifest.config.correlation.limits(radii[i]);
        format!(
            "label/distance of sample {} is {}, {low} to {high} expected with \
             label/mean_radius = {}, correlation.distance_over_radius = {:?} and \
             correlation.small_particle_reach = {}",
            first + i as u64,
            distances[i],
            radii[i],
            manifest.config.correlation.distance_over_radius,
            manifest.config.correlation.small_particle_reach
        )
    }))
}

/// The first number of a field that is not allowed, in words.
fn check_numbers(field: &Field, bytes: &[u8], first: u64) -> Option<String> {
    let per_sample = field.numbers().max(1);
    let check = |i: usize, x: f64| -> Option<String> {
        let sample = first + (i / per_sample) as u64;
        if field.name == INDEX {
            return (x != sample as f64).then(|| format!("sample {sample} has the index {x}"));
        }
        if x.is_nan() && field.optional {
            return None;
        }
        if !x.is_finite() {
            return Some(format!("{} of sample {sample} is {x}", field.name));
        }
        match field.allowed {
            Some([low, high]) if !(low..=high).contains(&x) => Some(format!(
                "{} of sample {sample} is {x}, allowed {low} to {high}",
                field.name
            )),
            _ => None,
        }
    };
    macro_rules! each {
        ($kind:ty, $n:literal) => {
            bytes
                .as_chunks::<$n>()
                .0
                .iter()
                .enumerate()
                .find_map(|(i, b)| check(i, <$kind>::from_le_bytes(*b) as f64))
        };
    }
    match field.dtype {
        Type::U8 => bytes
            .iter()
            .enumerate()
            .find_map(|(i, &b)| check(i, f64::from(b))),
        Type::I32 => each!(i32, 4),
        Type::U64 => each!(u64, 8),
        Type::F32 => each!(f32, 4),
        Type::F64 => each!(f64, 8),
    }
}

/// Makes a sample again; the name of the first field that differs.
fn remade(
    manifest: &Manifest,
    shard: &Shard,
    provenance: &[String],
    index: u64,
) -> Result<Option<String>> {
    let generator = manifest.generator_of()?;
    let group = generator.group(generator.group_of(index))?;
    let record = generator.sample(&group, index)?;
    let at = (index - shard.identity.first) as usize;
    let mut bytes = Vec::new();
    for (field, numbers) in manifest.fields.iter().zip(&record.fields) {
        bytes.clear();
        numbers.append_to(&mut bytes);
        let stored = shard.field(field)?;
        let n = field.bytes();
        if stored.get(at * n..(at + 1) * n) != Some(&bytes) {
            return Ok(Some(field.name.clone()));
        }
    }
    Ok((provenance[at] != record.provenance).then(|| "provenance".to_owned()))
}
