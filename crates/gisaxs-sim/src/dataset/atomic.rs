//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::error::{Result, io};

/// Ending of files in the making.
const TEMPORARY: &str = "tmp";

/// Writes `path` with `write`, whole or not at all; see [`make`].
///
/// # Errors
/// If `write` fails or the file system refuses; the temporary file is removed.
pub(super) fn write(
    path: &Path,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<()> {
    make(path, |temporary| {
        let mut file = File::create(temporary).map_err(io(temporary, "create"))?;
        write(&mut file).map_err(io(path, "write"))
    })
}

/// Lets `make` write a file of a temporary name of this process, brings it to the disk and renames
/// it to `path`. A reader sees the old file or the new one; whatever happens in between leaves at
/// most a temporary file.
///
/// # Errors
/// If `make` fails or the file system refuses; the temporary file is removed.
pub(super) fn make(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let temporary = temporary(path);
    let made = (|| {
        make(&temporary)?;
        File::open(&temporary)
            .and_then(|file| file.sync_all())
            .map_err(io(path, "bring to the disk"))?;
        fs::rename(&temporary, path).map_err(io(path, "rename the finished file to"))?;
        sync_folder(path)
    })();
    if made.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    made
}

/// The name of `path` in the making: hidden, and different for every process and machine.
fn temporary(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map_or_else(Default::default, |n| n.to_string_lossy());
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    path.with_file_name(format!(".{name}.{host}.{}.{TEMPORARY}", std::process::id()))
}

/// A rename is on the disk once its folder is.
fn sync_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    match File::open(folder) {
        Ok(folder_file) => folder_file
            .sync_all()
            .map_err(io(folder, "bring to the disk")),
        // Some systems do not open folders; there the rename itself has to do.
        Err(_) => Ok(()),
    }
}

/// Removes what processes that are gone have left in `folder` of files whose names begin with `of`.
pub(super) fn sweep(folder: &Path, of: &str) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(io(folder, "list"))? {
        let path = entry.map_err(io(folder, "list"))?.path();
        let name = path
            .file_name()
            .map_or_else(Default::default, |n| n.to_string_lossy());
        let is_of = name.strip_prefix('.').is_some_and(|n| n.starts_with(of));
        if is_of && path.extension().is_some_and(|e| e == TEMPORARY) {
            fs::remove_file(&path).map_err(io(&path, "remove"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_appear_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, |file| file.write_all(b"one")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        let error = write(&path, |file| {
            file.write_all(b"tw")?;
            Err(std::io::Error::other("power cut"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("a.json"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
