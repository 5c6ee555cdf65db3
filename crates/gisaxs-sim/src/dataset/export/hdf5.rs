//! HDF5: one file per shard, as `h5py.File` reads it.

use std::path::Path;

use hdf5_pure::{AttrValue, FileBuilder};

use super::prepare;
use crate::dataset::error::{Error, Result, io};
use crate::dataset::schema::{Field, PROVENANCE, Type};
use crate::dataset::shard::Shard;

/// Writes the dataset in `folder` to the new folder `target`: `000000.h5` and so on, one file per
/// shard. Fields keep their names (`label/x` is dataset `x` of group `label`) and carry `unit` and
/// `about` as attributes; `provenance` holds one text per sample; the manifest is beside. Memory
/// holds one shard twice. Every shard is checked against its SHA-256 as it is read; a target without
/// a manifest is not finished.
///
/// # Errors
/// If `target` exists, shards are missing or damaged, or the file system refuses.
pub fn to_hdf5(folder: &Path, target: &Path, progress: &impl Fn()) -> Result<()> {
    let manifest = prepare(folder, target)?;
    std::fs::create_dir_all(target).map_err(io(target, "create"))?;
    for number in 0..manifest.shards_planned {
        let shard = Shard::open_checked(folder, &manifest, number)?;
        let path = target.join(format!("{number:06}.h5"));
        let failed = |error: String| Error::Io {
            path: path.clone(),
            action: "write",
            source: std::io::Error::other(error),
        };
        let mut file = FileBuilder::new();
        file.set_attr("format", AttrValue::AsciiString(manifest.format.clone()));
        file.set_attr(
            "plan_sha256",
            AttrValue::AsciiString(manifest.plan_sha256.clone()),
        );
        for group in ["", "label", "parameter"] {
            let members = manifest.fields.iter().filter_map(|field| {
                let (folder, name) = field.name.split_once('/').unwrap_or(("", &field.name));
                (folder == group).then_some((field, name))
            });
            if group.is_empty() {
                for (field, name) in members {
                    fill(file.create_dataset(name), field, &shard)?;
                }
            } else {
                let mut folder = file.create_group(group);
                for (field, name) in members {
                    fill(folder.create_dataset(name), field, &shard)?;
                }
                file.add_group(folder.finish());
            }
        }
        let texts = shard.provenance()?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        file.create_dataset(PROVENANCE[0])
            .with_vlen_strings(&texts)
            .with_shape(&[texts.len() as u64]);
        file.write(&path).map_err(|e| failed(e.to_string()))?;
        progress();
    }
    manifest.write(target)
}

fn fill(dataset: &mut hdf5_pure::DatasetBuilder, field: &Field, shard: &Shard) -> Result<()> {
    let bytes = shard.field(field)?;
    macro_rules! numbers {
        ($kind:ty, $n:literal) => {{
            let numbers = bytes.as_chunks::<$n>().0.iter();
            numbers
                .map(|b| <$kind>::from_le_bytes(*b))
                .collect::<Vec<$kind>>()
        }};
    }
    match field.dtype {
        Type::U8 => dataset.with_u8_data(bytes),
        Type::I32 => dataset.with_i32_data(&numbers!(i32, 4)),
        Type::U64 => dataset.with_u64_data(&numbers!(u64, 8)),
        Type::F32 => dataset.with_f32_data(&numbers!(f32, 4)),
        Type::F64 => dataset.with_f64_data(&numbers!(f64, 8)),
    };
    let shape: Vec<u64> = std::iter::once(shard.samples() as u64)
        .chain(field.shape.iter().map(|&n| n as u64))
        .collect();
    dataset.with_shape(&shape);
    dataset.set_attr("unit", AttrValue::AsciiString(field.unit.clone()));
    dataset.set_attr("about", AttrValue::AsciiString(field.about.clone()));
    Ok(())
}
