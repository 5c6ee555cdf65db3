//! NumPy `.npz` files: a ZIP archive of NPY files, stored or deflated.

use std::io::Read;

use zip::ZipArchive;

use super::npy::Npy;
use super::source::{Bytes, MAX_EXPANSION};
use super::{damaged, unsupported};
use crate::error::{Error, Result};
use crate::frame::MAX_PIXELS;

const FORMAT: &str = "NPZ";

pub(crate) fn recognise(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Opens the array of that name, or the only array that can be a frame.
pub(crate) fn open(file: &str, bytes: &Bytes, name: Option<&str>) -> Result<Npy> {
    let wrong = |source: &dyn std::fmt::Display| {
        damaged(
            file,
            FORMAT,
            "archive",
            source.to_string(),
            "a ZIP archive of NPY arrays",
        )
    };
    let reader = std::io::BufReader::new(bytes.reader());
    let mut archive = ZipArchive::new(reader).map_err(|e| wrong(&e))?;
    let mut members: Vec<String> = archive
        .file_names()
        .filter(|member| member.ends_with(".npy"))
        .map(str::to_owned)
        .collect();
    members.sort();
    if let Some(name) = name {
        let wanted = format!("{}.npy", name.trim_matches('/'));
        members.retain(|member| *member == wanted);
    }
    let packed = usize::try_from(bytes.len()).unwrap_or(usize::MAX);
    let limit = packed.saturating_mul(MAX_EXPANSION).min(MAX_PIXELS * 8) as u64;
    let mut found = Vec::new();
    let mut first_error = None;
    let single = members.len() == 1;
    for member in members {
        let entry = archive.by_name(&member).map_err(|e| wrong(&e))?;
        let mut content = Vec::new();
        // The header tells whether it is a frame; only then the rest is unpacked.
        let mut entry = entry.take(limit + 1);
        let read = |e| wrong(&e);
        entry
            .by_ref()
            .take(128)
            .read_to_end(&mut content)
            .map_err(read)?;
        if !single && !looks_two_dimensional(&content) {
            continue;
        }
        entry.read_to_end(&mut content).map_err(read)?;
        if content.len() as u64 > limit {
            let size = format!("more than {limit} bytes");
            return Err(damaged(file, FORMAT, "unpacked size", size, "a frame"));
        }
        match Npy::open(file, Bytes::Memory(content)) {
            Ok(npy) => found.push((member, npy)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
        if found.len() > 1 {
            break;
        }
    }
    match (found.len(), found.pop(), first_error) {
        (1, Some((_, npy)), _) => Ok(npy),
        (2.., Some((member, _)), _) => Err(Error::Ambiguous {
            file: file.to_owned(),
            what: "arrays",
            found: found
                .into_iter()
                .map(|(name, _)| name)
                .chain([member])
                .map(|name| name.trim_end_matches(".npy").to_owned())
                .collect(),
        }),
        (_, _, Some(error)) => Err(error),
        _ => Err(unsupported(
            file,
            FORMAT,
            "arrays",
            match name {
                Some(name) => format!("none named {name}"),
                None => "none with rows and columns".to_owned(),
            },
            "(rows, columns) or (frames, rows, columns)",
        )),
    }
}

/// Whether the start of an NPY file names at least two axes.
fn looks_two_dimensional(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let shape = text
        .split_once("'shape': (")
        .and_then(|(_, rest)| rest.split_once(')'));
    // Beyond the first bytes only for long record types, which are no frames either.
    shape.is_some_and(|(sizes, _)| sizes.split(',').filter(|s| !s.trim().is_empty()).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::super::FrameSource;
    use super::*;
    use crate::encode_npy;
    use ndarray::arr2;
    use std::io::{Cursor, Write};
    use zip::CompressionMethod;
    use zip::write::SimpleFileOptions;

    fn npz(members: &[(&str, Vec<u8>)], method: CompressionMethod) -> Bytes {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).unwrap();
            zip.write_all(content).unwrap();
        }
        Bytes::Memory(zip.finish().unwrap().into_inner())
    }

    #[test]
    fn stored_and_deflated() {
        let image = arr2(&[[1.0_f32, 2.0], [3.0, 4.0]]);
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let q =
                b"\x93NUMPY\x01\0\x3a\0{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }\n";
            let members = [
                ("image.npy", encode_npy(image.view())),
                ("q.npy", q.to_vec()),
            ];
            let bytes = npz(&members, method);
            assert_eq!(open("a", &bytes, None).unwrap().read(0).unwrap().0, image);
        }
    }

    #[test]
    fn several_images_need_a_name() {
        let members = [
            ("a.npy", encode_npy(arr2(&[[1.0_f32, 2.0]]).view())),
            ("b.npy", encode_npy(arr2(&[[3.0_f32, 4.0]]).view())),
        ];
        let bytes = npz(&members, CompressionMethod::Stored);
        let error = open("x.npz", &bytes, None).err().unwrap().to_string();
        assert_eq!(
            error,
            "x.npz: several arrays could be the frames: a, b; name one of them"
        );
        let named = open("x.npz", &bytes, Some("b")).unwrap();
        assert_eq!(named.read(0).unwrap().0, arr2(&[[3.0, 4.0]]));
        assert!(open("x.npz", &bytes, Some("c")).is_err());
    }

    #[test]
    fn cut_archives_are_errors() {
        let members = [("a.npy", encode_npy(arr2(&[[1.0_f32, 2.0]]).view()))];
        let bytes = npz(&members, CompressionMethod::Deflated);
        let whole = bytes.all("a").unwrap().into_owned();
        for cut in 4..whole.len() {
            assert!(open("a", &Bytes::Memory(whole[..cut].to_vec()), None).is_err());
        }
    }
}
