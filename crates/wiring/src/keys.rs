//! Keys that embedded mode makes for itself, once, and keeps in its data directory.

use std::{fs, io::Write, path::Path};

use app::{Ports, ingest::credential_context};
use kernel::{Provider, Secret, fingerprint};
use vault::Vault;

use crate::StartError;

/// The file in which a key of our own is kept, in the data directory.
pub const KEY_FILE: &str = "encryption.key";

/// The encryption key: as configured, else one of our own.
pub fn encryption_key(configured: Option<&Secret>, data_dir: &Path) -> Result<Secret, StartError> {
    match configured {
        Some(key) => Ok(key.clone()),
        None => kept(&data_dir.join(KEY_FILE)),
    }
}

/// The key links to recordings are signed with: follows from the encryption key, so that there is one secret to keep.
pub fn link_key(encryption_key: &Secret) -> Secret {
    let newest = encryption_key.expose().split(',').next().unwrap_or_default();
    Secret::new(fingerprint(&[b"otto media links", newest.trim().as_bytes()]))
}

/// Whether the key opens what is stored. One secret tells: all of a deployment's are sealed with the same keys.
pub async fn check_key(ports: &Ports) -> Result<(), StartError> {
    let provider = Provider::Callrail;
    for name in ["signing_key", "api_key"] {
        let Some(company) = ports.tenants.with_credential(provider, name).await?.into_iter().next() else {
            continue;
        };
        if let Some(sealed) = ports.tenants.credential(&company, provider, name).await? {
            let context = credential_context(&company, provider, name);
            ports.secrets.open(&sealed, &context).map_err(|_| StartError::WrongKey)?;
        }
    }
    Ok(())
}

fn kept(path: &Path) -> Result<Secret, StartError> {
    let failed = |source| StartError::DataDir { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => return Ok(Secret::new(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let key = Vault::fresh_key();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = match options.open(path) {
        Ok(file) => file,
        // another process made it just now
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return kept(path),
        Err(error) => return Err(failed(error)),
    };
    writeln!(file, "{}", key.expose()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(key)
}
