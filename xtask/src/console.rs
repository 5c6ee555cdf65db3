//! What the commands print, and how a failure looks.

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

static QUIET: AtomicBool = AtomicBool::new(false);

/// Silences [`say!`] for the rest of the run.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// True with `--quiet`.
pub(crate) fn quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Prints a line to stdout unless `--quiet`.
macro_rules! say {
    ($($arg:tt)*) => {
        if !$crate::console::quiet() {
            println!($($arg)*);
        }
    };
}
pub(crate) use say;

/// The error with its causes in one line; a cause that the message above already quotes is
/// left out.
pub(crate) fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line.replace('\n', " ")
}

/// Prints the error and returns exit code 1.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("error: {}", one_line(error));
    ExitCode::FAILURE
}
