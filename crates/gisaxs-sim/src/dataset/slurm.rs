//! Job scripts for Slurm: an array over the missing shards, and a job that merges and verifies.
//!
//! Slurm spreads the work, restarts what fails and keeps the books. All that is needed is that
//! shards are independent of each other and that a run makes only what is missing, so a job array
//! can be killed, requeued and submitted again at will.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::atomic;
use super::build::missing;
use super::error::{Error, Result, io};
use super::manifest::Manifest;

/// What is asked of Slurm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Partition; Slurm's default if `None`.
    pub partition: Option<String>,
    /// Time limit of a task, as Slurm writes it.
    pub time: Option<String>,
    /// Memory of a task, as Slurm writes it.
    pub memory: Option<String>,
    /// Threads of a task.
    pub cpus: u32,
    /// Tasks of an array that run at the same time; any number if `None`. For this to hold for
    /// the whole dataset, arrays are submitted to run one after the other.
    pub throttle: Option<u32>,
    /// Shards per task.
    pub shards_per_task: u64,
    /// `MaxArraySize` of the cluster: array indices stay below it.
    pub max_array_size: u64,
    /// The command line that runs this program, e.g. `/path/to/xtask`.
    pub program: Vec<String>,
}

/// Scripts to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scripts {
    /// One job array per window of at most `max_array_size` tasks; none if no shard is missing.
    pub arrays: Vec<PathBuf>,
    /// Merges and verifies; to depend on all arrays.
    pub finish: PathBuf,
    /// Shards that are missing.
    pub missing: Vec<u64>,
}

/// Writes the scripts for what is missing of the dataset in `folder` to `folder/slurm`.
///
/// # Errors
/// If the dataset cannot be read, an option is not allowed, or the file system refuses.
pub fn write(folder: &Path, options: &Options) -> Result<Scripts> {
    for (name, value, ok) in [
        ("cpus", u64::from(options.cpus), options.cpus > 0),
        (
            "shards per task",
            options.shards_per_task,
            options.shards_per_task > 0,
        ),
        (
            "max array size",
            options.max_array_size,
            options.max_array_size > 0,
        ),
        (
            "throttle",
            options.throttle.unwrap_or(1).into(),
            options.throttle != Some(0),
        ),
    ] {
        if !ok {
            return Err(Error::Argument {
                name,
                value: value.to_string(),
                expected: "at least 1".into(),
            });
        }
    }
    for (name, value) in [
        ("partition", &options.partition),
        ("time", &options.time),
        ("memory", &options.memory),
    ] {
        // Lines of a script that Slurm reads without a shell: nothing can be quoted there.
        let word =
            |v: &String| !v.is_empty() && v.chars().all(|c| c.is_ascii_graphic() && c != '#');
        if let Some(value) = value.as_ref().filter(|v| !word(v)) {
            return Err(Error::Argument {
                name,
                value: format!("{value:?}"),
                expected: "a word without spaces, as Slurm writes it".into(),
            });
        }
    }
    let folder = std::path::absolute(folder).map_err(io(folder, "resolve"))?;
    let manifest = Manifest::open(&folder)?;
    let missing = missing(&folder, &manifest)?;
    let tasks = tasks(&missing, options.shards_per_task);
    let place = folder.join("slurm");
    let logs = place.join("log");
    std::fs::create_dir_all(&logs).map_err(io(&logs, "create"))?;
    // Slurm keeps its own copy of what is submitted: with the shards in the script, jobs that wait
    // do not care what is written here later.
    let most = options.max_array_size.min(LONGEST_ARRAY) as usize;
    let mut arrays = Vec::new();
    for (window, tasks) in tasks.chunks(most).enumerate() {
        let path = place.join(format!("array-{window}.sh"));
        put(&path, &array_script(&folder, options, tasks))?;
        arrays.push(path);
    }
    let windows = arrays.len();
    // Scripts of an earlier call that had more to do would make shards twice.
    for stale in windows.. {
        let path = place.join(format!("array-{stale}.sh"));
        if !path.exists() {
            break;
        }
        std::fs::remove_file(&path).map_err(io(&path, "remove"))?;
    }
    let finish = place.join("finish.sh");
    put(&finish, &finish_script(&folder, options))?;
    Ok(Scripts {
        arrays,
        finish,
        missing,
    })
}

/// Tasks of the longest array, whatever the cluster allows: the script stays far below the 4 MB
/// that Slurm takes (`max_script_size`).
const LONGEST_ARRAY: u64 = 50_000;

fn put(path: &Path, text: &str) -> Result<()> {
    atomic::write(path, |file| file.write_all(text.as_bytes()))
}

/// Runs of consecutive missing shards, at most `most` each.
fn tasks(missing: &[u64], most: u64) -> Vec<std::ops::Range<u64>> {
    let mut tasks: Vec<std::ops::Range<u64>> = Vec::new();
    for &shard in missing {
        match tasks.last_mut() {
            Some(task) if task.end == shard && task.end - task.start < most => task.end += 1,
            _ => tasks.push(shard..shard + 1),
        }
    }
    tasks
}

/// A word of a shell command, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn command(options: &Options) -> String {
    let words: Vec<String> = options.program.iter().map(|w| quoted(w)).collect();
    words.join(" ")
}

/// The lines that both kinds of script begin with. Directives are read before any shell, so a
/// space in a path is quoted for Slurm.
fn directives(folder: &Path, options: &Options, job: &str, log: &str) -> String {
    let mut lines = format!("#!/bin/bash\n#SBATCH --job-name={job}\n");
    let mut add = |key: &str, value: &str| lines += &format!("#SBATCH --{key}={value}\n");
    add(
        "output",
        &format!("\"{}\"", folder.join("slurm/log").join(log).display()),
    );
    add("nodes", "1");
    add("ntasks", "1");
    if let Some(partition) = &options.partition {
        add("partition", partition);
    }
    if let Some(time) = &options.time {
        add("time", time);
    }
    if let Some(memory) = &options.memory {
        add("mem", memory);
    }
    lines
}

fn array_script(folder: &Path, options: &Options, tasks: &[std::ops::Range<u64>]) -> String {
    let mut text = directives(folder, options, "gisaxs-dataset", "%A_%a.log");
    let throttle = options
        .throttle
        .map_or_else(String::new, |n| format!("%{n}"));
    text += &format!("#SBATCH --array=0-{}{throttle}\n", tasks.len() - 1);
    text += &format!(
        "#SBATCH --cpus-per-task={}\n#SBATCH --requeue\n",
        options.cpus
    );
    let list: String = tasks
        .iter()
        .map(|t| format!("{}..{}\n", t.start, t.end))
        .collect();
    text += &format!(
        "set -euo pipefail\n\
         if [ -z \"${{SLURM_ARRAY_TASK_ID:-}}\" ]; then\n\
         \x20   echo 'error: SLURM_ARRAY_TASK_ID is not set, expected a task of a job array: submit this script with sbatch' >&2\n\
         \x20   exit 2\n\
         fi\n\
         # Shards of each task.\n\
         tasks=(\n{list})\n\
         shards=${{tasks[$SLURM_ARRAY_TASK_ID]:-}}\n\
         if [ -z \"$shards\" ]; then\n\
         \x20   echo \"error: task $SLURM_ARRAY_TASK_ID, expected 0 to {last}\" >&2\n\
         \x20   exit 2\n\
         fi\n\
         exec {command} --threads {cpus} dataset run {folder} --shard \"$shards\"\n",
        last = tasks.len() - 1,
        command = command(options),
        cpus = options.cpus,
        folder = quoted(&folder.display().to_string()),
    );
    text
}

fn finish_script(folder: &Path, options: &Options) -> String {
    let mut text = directives(folder, options, "gisaxs-verify", "verify-%j.log");
    text += &format!("#SBATCH --cpus-per-task={}\n", options.cpus);
    let folder = quoted(&folder.display().to_string());
    let command = command(options);
    text += &format!(
        "set -euo pipefail\n\
         {command} dataset merge {folder}\n\
         {command} --threads {cpus} dataset verify {folder}\n",
        cpus = options.cpus
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_cover_the_missing_shards_once() {
        assert_eq!(
            tasks(&[0, 1, 2, 3, 7, 8, 10], 3),
            [0..3, 3..4, 7..9, 10..11]
        );
        assert_eq!(tasks(&[], 3), []);
    }

    #[test]
    fn words_survive_the_shell() {
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
    }
}
