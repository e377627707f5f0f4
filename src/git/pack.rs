//! Writing many objects at once: as one pack with its index, deflated on all cores. A few go in as loose objects.
//!
//! libgit2's own pack writer would inflate and hash every object once more, one after the other; here all ids are
//! known. Writes new files below `objects/pack` only; nothing refers to what is in them yet.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the object store is Git's own: `files` serves the fleet's folder"
)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use git2::{ObjectType, Oid};
use rayon::prelude::*;
use sha1::{Digest, Sha1};

use super::build::NewObject;
use super::{Error, Repository};

/// Fewer objects than this are not worth a pack of their own.
const WORTH_A_PACK: usize = 200;

/// Objects deflated at a time: bounds the memory that waits to be written.
const BATCH: usize = 4096;

/// Objects that one compressor is set up for: that costs more than deflating a small file.
const PIECE: usize = 256;

/// Bytes of objects in one pack, before deflating: an index with short offsets reaches 2 GiB.
const PACK_BYTES: usize = 1 << 30;

/// Where an object stands in a pack.
struct Place {
    oid: Oid,
    crc: u32,
    offset: u32,
}

impl Repository {
    /// Writes `objects`. They are in the object store afterwards.
    pub(super) fn write_objects(&self, mut objects: Vec<NewObject<'_>>) -> Result<(), Error> {
        let mut seen = HashSet::with_capacity(objects.len());
        objects.retain(|object| seen.insert(object.oid));
        let odb = self.odb()?;
        if objects.len() < WORTH_A_PACK {
            for object in &objects {
                odb.write(object.kind, &object.data).map_err(Error::library("write an object"))?;
            }
            return Ok(());
        }
        let folder = self.git.commondir().join("objects/pack");
        std::fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder.clone(), source })?;
        let mut rest = objects.as_slice();
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take_while(|object| {
                size += object.data.len();
                size < PACK_BYTES
            });
            let (now, later) = rest.split_at(fits.count().max(1));
            write_files(&folder, now)?;
            rest = later;
        }
        odb.refresh().map_err(Error::library("look for new objects"))
    }
}

/// Writes one pack and its index under temporary names that `git gc` clears away, and gives them their own when
/// they are complete; the index last, because it makes the pack count.
fn write_files(folder: &Path, objects: &[NewObject<'_>]) -> Result<(), Error> {
    let name = format!("{}_{}", std::process::id(), objects[0].oid);
    let (pack, index) = (folder.join(format!("tmp_pack_{name}")), folder.join(format!("tmp_idx_{name}")));
    let result = (|| {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Write { path, source }
        };
        let (places, sum) = write_pack(&pack, objects).map_err(failed(&pack))?;
        write_index(&index, places, &sum).map_err(failed(&index))?;
        for (from, end) in [(&pack, "pack"), (&index, "idx")] {
            let to = folder.join(format!("pack-{sum}.{end}"));
            std::fs::rename(from, &to).map_err(failed(&to))?;
        }
        Ok(())
    })();
    if result.is_err() {
        // What cannot be removed is left to `git gc`.
        let _ = std::fs::remove_file(&pack);
        let _ = std::fs::remove_file(&index);
    }
    result
}

/// A file that keeps the sum of what is written, which ends it.
struct Summed {
    file: BufWriter<File>,
    sum: Sha1,
}

impl Summed {
    fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(path)?), sum: Sha1::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.update(bytes);
        self.file.write_all(bytes)
    }

    /// Writes the sum and makes the file read-only, as Git does.
    fn finish(mut self) -> std::io::Result<Oid> {
        let sum = self.sum.finalize();
        self.file.write_all(&sum)?;
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions)?;
        Oid::from_bytes(&sum).map_err(std::io::Error::other)
    }
}

fn write_pack(path: &Path, objects: &[NewObject<'_>]) -> std::io::Result<(Vec<Place>, Oid)> {
    let mut file = Summed::create(path)?;
    let mut places = Vec::with_capacity(objects.len());
    file.write(b"PACK\0\0\0\x02")?;
    file.write(&number(objects.len())?.to_be_bytes())?;
    let mut offset = 12;
    for batch in objects.chunks(BATCH) {
        let compressor = || Compress::new(Compression::fast(), true);
        let deflated: Vec<(Vec<u8>, u32)> =
            batch.par_iter().with_min_len(PIECE).map_init(compressor, deflate).collect::<Result<_, _>>()?;
        for (object, (bytes, crc)) in batch.iter().zip(deflated) {
            file.write(&bytes)?;
            places.push(Place { oid: object.oid, crc, offset: number(offset)? });
            offset += bytes.len();
        }
    }
    Ok((places, file.finish()?))
}

/// Version 2 of the index format: how many ids start with at most each byte, ids, sums, offsets.
fn write_index(path: &Path, mut places: Vec<Place>, pack: &Oid) -> std::io::Result<()> {
    places.sort_unstable_by_key(|place| place.oid);
    let mut file = Summed::create(path)?;
    file.write(b"\xfftOc\0\0\0\x02")?;
    for first in 0..=u8::MAX {
        let count = places.partition_point(|place| place.oid.as_bytes()[0] <= first);
        file.write(&number(count)?.to_be_bytes())?;
    }
    for place in &places {
        file.write(place.oid.as_bytes())?;
    }
    for place in &places {
        file.write(&place.crc.to_be_bytes())?;
    }
    for place in &places {
        file.write(&place.offset.to_be_bytes())?;
    }
    file.write(pack.as_bytes())?;
    file.finish().map(drop)
}

fn number(number: usize) -> std::io::Result<u32> {
    u32::try_from(number).map_err(std::io::Error::other)
}

/// One object as it stands in a pack, type and size and then the deflated bytes, and the sum of that.
fn deflate(compress: &mut Compress, object: &NewObject<'_>) -> std::io::Result<(Vec<u8>, u32)> {
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
            Status::StreamEnd => break,
            Status::Ok | Status::BufError => out.reserve(out.len().max(64)),
        }
    }
    let mut crc = Crc::new();
    crc.update(&out);
    Ok((out, crc.sum()))
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
    fn a_pack_is_readable_by_libgit2_and_git() {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        let repository = Repository::open(folder.path()).unwrap();
        let blobs: Vec<Vec<u8>> =
            (0..WORTH_A_PACK * 2).map(|n| format!("{n}\n").repeat(n * 7 % 3000).into_bytes()).collect();
        let object = |data: &Vec<u8>| {
            let (kind, oid) = (ObjectType::Blob, object::id(ObjectType::Blob, data));
            NewObject { kind, oid, data: Cow::Owned(data.clone()) }
        };
        repository.write_objects(blobs.iter().map(object).collect()).unwrap();
        // Twice, as when a publication is repeated.
        repository.write_objects(blobs.iter().map(object).collect()).unwrap();
        for data in &blobs {
            let oid = object::id(ObjectType::Blob, data);
            assert_eq!(repository.git.find_blob(oid).unwrap().content(), data);
        }
        let packs: Vec<_> =
            folder.path().join(".git/objects/pack").read_dir().unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(packs.len(), 2, "one pack and its index: {packs:?}");
        let index = packs.iter().find(|path| path.extension().is_some_and(|end| end == "idx")).unwrap();
        let ran = repository.program("verify-pack").args(["-v", index.to_str().unwrap()]).run().unwrap();
        let listed = String::from_utf8(ran.stdout().unwrap()).unwrap();
        let distinct: HashSet<&Vec<u8>> = blobs.iter().collect();
        assert_eq!(listed.lines().filter(|line| line.contains(" blob ")).count(), distinct.len());
    }
}
