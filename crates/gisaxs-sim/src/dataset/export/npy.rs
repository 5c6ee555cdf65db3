//! NPY: one file per field, as `numpy.load` reads it (with `mmap_mode="r"` too).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::prepare;
use crate::dataset::error::{Result, io};
use crate::dataset::schema::{Field, Type};
use crate::dataset::shard::Shard;

/// Header of an array of `samples` samples of a field: format version 1.0, C order, padded so
/// that data starts at a multiple of 64 bytes.
fn header(field: &Field, samples: u64) -> Vec<u8> {
    let kind = match field.dtype {
        Type::U8 => "|u1",
        Type::I32 => "<i4",
        Type::U64 => "<u8",
        Type::F32 => "<f4",
        Type::F64 => "<f8",
    };
    let shape: String = std::iter::once(samples)
        .chain(field.shape.iter().map(|&n| n as u64))
        .map(|n| format!("{n}, "))
        .collect();
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    const PREFIX: usize = 10;
    while !(PREFIX + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// Writes the dataset in `folder` to the new folder `target`: `<field>.npy` for every field
/// (`label/x` becomes `label.x.npy`), `provenance.jsonl` with one line per sample, and the manifest.
/// Memory holds one shard. Every shard is checked against its SHA-256 as it is read; a target without
/// a manifest is not finished.
///
/// # Errors
/// If `target` exists, shards are missing or damaged, or the file system refuses.
pub fn to_npy(folder: &Path, target: &Path, progress: &impl Fn()) -> Result<()> {
    let manifest = prepare(folder, target)?;
    std::fs::create_dir_all(target).map_err(io(target, "create"))?;
    let create = |name: String| {
        let path = target.join(name);
        let file = File::create(&path).map_err(io(&path, "create"))?;
        Ok((path, BufWriter::new(file)))
    };
    let mut files = manifest
        .fields
        .iter()
        .map(|field| {
            let (path, mut file) = create(format!("{}.npy", field.name.replace('/', ".")))?;
            file.write_all(&header(field, manifest.samples))
                .map_err(io(&path, "write"))?;
            Ok((path, file))
        })
        .collect::<Result<Vec<_>>>()?;
    let (text_path, mut text) = create("provenance.jsonl".into())?;
    for number in 0..manifest.shards_planned {
        let shard = Shard::open_checked(folder, &manifest, number)?;
        for (field, (path, file)) in manifest.fields.iter().zip(&mut files) {
            file.write_all(shard.field(field)?)
                .map_err(io(path, "write"))?;
        }
        for line in shard.provenance()? {
            writeln!(text, "{line}").map_err(io(&text_path, "write"))?;
        }
        progress();
    }
    files.push((text_path, text));
    for (path, mut file) in files {
        file.flush().map_err(io(&path, "write"))?;
        file.get_ref()
            .sync_all()
            .map_err(io(&path, "bring to the disk"))?;
    }
    manifest.write(target)
}
