//! Writing many objects at once: as one pack, deflated on all cores. A few go in as loose objects.

use std::collections::HashSet;
use std::io::Write;

use flate2::{Compress, Compression, FlushCompress, Status};
use git2::{ObjectType, Odb};
use rayon::prelude::*;
use sha1::{Digest, Sha1};

use super::Error;
use super::build::NewObject;

/// Fewer objects than this are not worth a pack of their own.
const WORTH_A_PACK: usize = 200;

/// Objects deflated at a time: bounds the memory that waits to be written.
const BATCH: usize = 4096;

/// Writes `objects`. They are on disk afterwards, and nothing refers to them yet.
pub(super) fn write(odb: &Odb<'_>, mut objects: Vec<NewObject<'_>>) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(objects.len());
    objects.retain(|object| seen.insert(object.oid));
    if objects.len() < WORTH_A_PACK {
        for object in &objects {
            odb.write(object.kind, &object.data).map_err(Error::library("write an object"))?;
        }
        return Ok(());
    }
    let mut writer = odb.packwriter().map_err(Error::library("write a pack"))?;
    write_pack(&mut writer, &objects)
        .map_err(|error| Error::Library { doing: "write a pack".into(), source: last(&error) })?;
    writer.commit().map_err(Error::library("index a pack"))?;
    Ok(())
}

/// libgit2 keeps its reason to itself in the pack writer; the text of the `io::Error` is all there is.
fn last(error: &std::io::Error) -> git2::Error {
    git2::Error::from_str(&error.to_string())
}

fn write_pack(writer: &mut impl Write, objects: &[NewObject<'_>]) -> std::io::Result<()> {
    let count = u32::try_from(objects.len()).map_err(|_| std::io::Error::other("more than 2^32 objects"))?;
    let mut sum = Sha1::new();
    let mut header = Vec::from(*b"PACK\0\0\0\x02");
    header.extend_from_slice(&count.to_be_bytes());
    sum.update(&header);
    writer.write_all(&header)?;
    for batch in objects.chunks(BATCH) {
        // Setting up a compressor costs more than a small file: one for each piece of work.
        let compressor = || Compress::new(Compression::fast(), true);
        let deflated: Vec<Vec<u8>> = batch.par_iter().map_init(compressor, deflate).collect::<Result<_, _>>()?;
        let deflated = deflated.concat();
        sum.update(&deflated);
        writer.write_all(&deflated)?;
    }
    writer.write_all(&sum.finalize())
}

/// One object as it stands in a pack: type and size, then the deflated bytes.
fn deflate(compress: &mut Compress, object: &NewObject<'_>) -> std::io::Result<Vec<u8>> {
    let kind: u8 = if object.kind == ObjectType::Tree { 2 } else { 3 };
    let mut out = Vec::with_capacity(object.data.len() / 2 + 64);
    let mut size = object.data.len();
    let mut byte = (kind << 4) | low_bits(size, 4);
    size >>= 4;
    while size > 0 {
        out.push(byte | 0x80);
        byte = low_bits(size, 7);
        size >>= 7;
    }
    out.push(byte);
    compress.reset();
    loop {
        let done = usize::try_from(compress.total_in()).map_err(std::io::Error::other)?;
        match compress.compress_vec(&object.data[done..], &mut out, FlushCompress::Finish)? {
            Status::StreamEnd => return Ok(out),
            Status::Ok | Status::BufError => out.reserve(out.len().max(64)),
        }
    }
}

/// The lowest `count` bits, seven at most.
fn low_bits(number: usize, count: u32) -> u8 {
    u8::try_from(number & ((1 << count) - 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::object;
    use super::*;

    #[test]
    fn a_pack_is_readable_by_git() {
        let folder = tempfile::tempdir().unwrap();
        let git = git2::Repository::init(folder.path()).unwrap();
        let blobs: Vec<Vec<u8>> =
            (0..WORTH_A_PACK * 2).map(|n| format!("{n}\n").repeat(n * 7 % 3000).into_bytes()).collect();
        let objects = || -> Vec<NewObject<'_>> {
            blobs
                .iter()
                .map(|data| NewObject {
                    kind: ObjectType::Blob,
                    oid: object::id(ObjectType::Blob, data),
                    data: Cow::Borrowed(data.as_slice()),
                })
                .collect()
        };
        write(&git.odb().unwrap(), objects()).unwrap();
        // Twice, as when a publication is repeated.
        write(&git.odb().unwrap(), objects()).unwrap();
        for object in objects() {
            assert_eq!(git.find_blob(object.oid).unwrap().content(), &*object.data);
        }
        assert_eq!(git.path().join("objects/pack").read_dir().unwrap().count(), 2, "one pack and its index");
    }
}
