//! `dataset slurm`: job scripts, and their submission.

use crate::Failure;
use crate::console::say;
use gisaxs_sim::dataset::slurm::{Options, Scripts, write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Arguments of `dataset slurm`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of the dataset, seen under this path by all nodes.
    dir: PathBuf,
    /// Partition.
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// Time limit of a task, e.g. 01:00:00.
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// Memory of a task, e.g. 4G.
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// Threads of a task.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cpus: u32,
    /// Tasks that run at the same time; any number if not given.
    #[arg(long, value_name = "N")]
    throttle: Option<u32>,
    /// Shards per task.
    #[arg(long, value_name = "N", default_value_t = 1)]
    shards_per_task: u64,
    /// Largest job array of the cluster; asked of scontrol if not given, else 1001.
    #[arg(long, value_name = "N")]
    max_array_size: Option<u64>,
    /// The program on the nodes; this one if not given.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Submit the scripts.
    #[arg(long)]
    submit: bool,
}

/// Slurm's own default of MaxArraySize.
const MAX_ARRAY_SIZE: u64 = 1001;

/// MaxArraySize as this cluster has it.
fn asked() -> Option<u64> {
    let output = Command::new("scontrol")
        .args(["show", "config"])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find(|l| l.trim_start().starts_with("MaxArraySize"))?;
    line.split_once('=')?.1.trim().parse().ok()
}

pub(super) fn run(args: &Args) -> Result<bool, Failure> {
    let program = match &args.program {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    let scripts = write(
        &args.dir,
        &Options {
            partition: args.partition.clone(),
            time: args.time.clone(),
            memory: args.memory.clone(),
            cpus: args.cpus,
            throttle: args.throttle,
            shards_per_task: args.shards_per_task,
            max_array_size: args.max_array_size.or_else(asked).unwrap_or(MAX_ARRAY_SIZE),
            program: vec![program.display().to_string()],
        },
    )?;
    say!("{} shards missing", scripts.missing.len());
    if args.submit {
        submit(&scripts, args.throttle.is_some())?;
    } else {
        for script in scripts.arrays.iter().chain([&scripts.finish]) {
            say!("{}", script.display());
        }
        if !scripts.arrays.is_empty() {
            say!(
                "submit with --submit, or the arrays with sbatch and {} after them",
                scripts.finish.display()
            );
        }
    }
    Ok(true)
}

/// Submits the arrays, and the last script to run after them whatever became of them: it names
/// what is still missing. Throttled arrays run one after the other, since Slurm counts the tasks
/// of each for itself.
fn submit(scripts: &Scripts, throttled: bool) -> Result<(), Failure> {
    let mut jobs: Vec<String> = Vec::new();
    for script in &scripts.arrays {
        let before = jobs.last().filter(|_| throttled);
        let after = before.map(|job| format!("afterany:{job}"));
        jobs.push(sbatch(script, after.as_deref())?);
    }
    let after = (!jobs.is_empty()).then(|| format!("afterany:{}", jobs.join(":")));
    let last = sbatch(&scripts.finish, after.as_deref())?;
    for (job, script) in jobs.iter().zip(&scripts.arrays) {
        say!("job {job}: {}", script.display());
    }
    say!("job {last}: {}", scripts.finish.display());
    Ok(())
}

fn sbatch(script: &Path, dependency: Option<&str>) -> Result<String, Failure> {
    let mut command = Command::new("sbatch");
    command.arg("--parsable");
    if let Some(dependency) = dependency {
        command.arg(format!("--dependency={dependency}"));
    }
    let output = command
        .arg(script)
        .output()
        .map_err(|e| format!("sbatch: cannot run it: {e}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("sbatch {}: {why}", script.display()).into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The number, and on federations the name of the cluster behind a semicolon.
    Ok(text.trim().split(';').next().unwrap_or_default().to_owned())
}
