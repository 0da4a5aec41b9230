//! Bringing objects from one folder to another, for backups.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use app::ports::BlobKey;

use crate::is_absent;

/// What became of an object that was to be brought over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It has a second name now: both folders are on one disk, and it takes no more room than before. Objects are never
    /// written in place, so neither folder's will change with the other's.
    Linked,
    /// It was copied.
    Copied,
    /// It is not of the size it should be; it was brought over as it is.
    Strange,
    /// It is not there.
    Missing,
}

/// Brings one object, with its content type, from one folder to another that does not have it yet. Blocks.
pub fn carry(from: &Path, to: &Path, key: &BlobKey, size: u64) -> io::Result<Carried> {
    let target = to.join(key.as_str());
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let source = from.join(key.as_str());
    let found = match fs::metadata(&source) {
        Ok(meta) if meta.is_file() => meta.len(),
        Ok(_) => return Ok(Carried::Missing),
        Err(error) if is_absent(&error) => return Ok(Carried::Missing),
        Err(error) => return Err(error),
    };
    let carried = link_or_copy(&source, &target)?;
    let beside = format!("{}~type", key.as_str());
    if from.join(&beside).is_file() {
        link_or_copy(&from.join(&beside), &to.join(&beside))?;
    }
    Ok(if found == size { carried } else { Carried::Strange })
}

fn link_or_copy(source: &Path, target: &Path) -> io::Result<Carried> {
    if fs::hard_link(source, target).is_ok() {
        return Ok(Carried::Linked);
    }
    // another disk, or a file system without links; `create_new` refuses what is there already
    let mut reader = File::open(source)?;
    let mut writer = File::create_new(target)?;
    io::copy(&mut reader, &mut writer)?;
    writer.sync_all()?;
    Ok(Carried::Copied)
}

#[cfg(test)]
mod tests {
    use kernel::CompanyId;

    use super::*;

    #[test]
    fn an_object_is_brought_over_with_its_type() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let company = CompanyId::try_new("org_a").unwrap();
        let key = |name: &str| BlobKey::parse(&company, &format!("tenants/org_a/{name}")).unwrap();
        fs::create_dir_all(from.path().join("tenants/org_a")).unwrap();
        for (name, text) in [("a.wav", "sound"), ("a.wav~type", "audio/wav"), ("b.wav", "x")] {
            fs::write(from.path().join("tenants/org_a").join(name), text).unwrap();
        }
        let carried = |name: &str, size| carry(from.path(), to.path(), &key(name), size).unwrap();
        assert!(matches!(carried("a.wav", 5), Carried::Linked | Carried::Copied));
        assert_eq!(carried("b.wav", 5), Carried::Strange);
        assert_eq!(carried("c.wav", 5), Carried::Missing);
        let read = |name: &str| fs::read_to_string(to.path().join("tenants/org_a").join(name)).unwrap();
        assert_eq!(
            (read("a.wav"), read("a.wav~type"), read("b.wav")),
            ("sound".into(), "audio/wav".into(), "x".into())
        );
        assert!(carry(from.path(), to.path(), &key("a.wav"), 5).is_err(), "nothing is written over");
    }
}
