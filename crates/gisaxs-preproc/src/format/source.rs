//! The bytes of a file: in memory, or read where they are needed.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::damaged;
use crate::error::{Error, Result};
use crate::frame::MAX_PIXELS;

/// Bytes that one byte of deflate can unpack to, the strongest compression that is read.
pub(crate) const MAX_EXPANSION: usize = 1032;
/// No file is unpacked to more than this in memory: one largest frame of 64-bit numbers.
const MAX_UNPACKED: usize = MAX_PIXELS * 8;

/// A file's content.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// All of it.
    Memory(Vec<u8>),
    /// A file that is read piece by piece, and its length.
    File(File, u64),
}

impl Bytes {
    /// Opens a file without reading it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let refused = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let meta = std::fs::metadata(path).map_err(refused)?;
        if !meta.is_file() {
            // A pipe would block and a device may never end.
            let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(refused(source));
        }
        let file = File::open(path).map_err(refused)?;
        Ok(Self::File(file, meta.len()))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, len) => *len,
        }
    }

    /// `len` bytes from `start` on; fewer where the file ends before.
    pub(crate) fn range(&self, file: &str, start: u64, len: usize) -> Result<Cow<'_, [u8]>> {
        let available = self.len().saturating_sub(start);
        let len = usize::try_from(available).map_or(len, |n| n.min(len));
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(start)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                Ok(Cow::Borrowed(&bytes[start..start + len]))
            }
            Self::File(source, _) => {
                let mut bytes = vec![0; len];
                read_exact_at(source, &mut bytes, start).map_err(|source| Error::Read {
                    path: file.into(),
                    source,
                })?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// The whole file.
    #[cfg(test)]
    pub(crate) fn all(&self, file: &str) -> Result<Cow<'_, [u8]>> {
        self.range(file, 0, usize::try_from(self.len()).unwrap_or(usize::MAX))
    }

    /// A cursor for decoders that seek.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { bytes: self, at: 0 }
    }

    /// The content of a gzip file; other files as they are.
    pub(crate) fn unpacked(self, file: &str) -> Result<Self> {
        if !self.range(file, 0, 2)?.starts_with(&[0x1f, 0x8b]) {
            return Ok(self);
        }
        let packed = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let limit = packed.saturating_mul(MAX_EXPANSION).min(MAX_UNPACKED);
        let mut bytes = Vec::new();
        let mut unpacker =
            MultiGzDecoder::new(io::BufReader::new(self.reader())).take(limit as u64 + 1);
        unpacker.read_to_end(&mut bytes).map_err(|source| {
            damaged(
                file,
                "gzip",
                "compressed data",
                source.to_string(),
                "a complete gzip file",
            )
        })?;
        if bytes.len() > limit {
            return Err(damaged(
                file,
                "gzip",
                "unpacked size",
                format!("more than {limit} bytes"),
                "a frame; unpack larger stacks on disk first",
            ));
        }
        Ok(Self::Memory(bytes))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

/// Reads [`Bytes`] in order or by seeking.
pub(crate) struct Reader<'a> {
    bytes: &'a Bytes,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.len().saturating_sub(self.at);
        let n = usize::try_from(left).map_or(buffer.len(), |n| n.min(buffer.len()));
        match self.bytes {
            Bytes::Memory(bytes) => {
                let start = usize::try_from(self.at)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                buffer[..n].copy_from_slice(&bytes[start..start + n]);
            }
            Bytes::File(file, _) => read_exact_at(file, &mut buffer[..n], self.at)?,
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.bytes.len().checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn gzip_is_unpacked_and_damage_noticed() {
        let content: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
        let packed = gzip(&content);
        let unpacked = Bytes::Memory(packed.clone()).unpacked("a.gz").unwrap();
        assert_eq!(unpacked.all("a.gz").unwrap(), content);
        for cut in [3, 20, packed.len() / 2, packed.len() - 1] {
            let error = Bytes::Memory(packed[..cut].to_vec())
                .unpacked("a.gz")
                .unwrap_err();
            assert!(
                error.to_string().starts_with("a.gz: damaged gzip"),
                "{error}"
            );
        }
        let mut changed = packed;
        let at = changed.len() - 6; // in the CRC
        changed[at] ^= 1;
        assert!(Bytes::Memory(changed).unpacked("a.gz").is_err());
    }

    #[test]
    fn ranges_end_with_the_file() {
        let bytes = Bytes::Memory(vec![1, 2, 3]);
        assert_eq!(*bytes.range("a", 1, 100).unwrap(), [2, 3]);
        assert!(bytes.range("a", u64::MAX, 100).unwrap().is_empty());
        let mut reader = bytes.reader();
        assert!(reader.seek(SeekFrom::Current(-1)).is_err());
        reader.seek(SeekFrom::End(-1)).unwrap();
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [3]);
    }
}
