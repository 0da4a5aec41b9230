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

/// Whether a key is one, before anything is sealed with it.
pub fn check_configured_key(settings: &settings::Settings) -> Result<(), StartError> {
    match &settings.encryption_key {
        Some(key) => vault_of(key).map(drop),
        None => Ok(()),
    }
}

/// What seals and opens with a key.
pub(crate) fn vault_of(key: &Secret) -> Result<Vault, StartError> {
    Vault::new(key)
        .map_err(|error| StartError::Setting { name: "OTTO_ENCRYPTION_KEY", what: error.to_string() })
}

/// Whether the key opens what is stored: every secret, because one sealed with a key that was dropped too early would be
/// missed only when its company's next call comes.
pub async fn check_key(ports: &Ports) -> Result<(), StartError> {
    let provider = Provider::Callrail;
    for name in ["signing_key", "api_key"] {
        let all = ports.tenants.credentials_named(provider, name).await?;
        let opens = |(company, sealed): &(_, _)| {
            ports.secrets.open(sealed, &credential_context(company, provider, name)).is_ok()
        };
        let shut = all.iter().filter(|one| !opens(one)).count();
        if shut > 0 {
            return Err(StartError::WrongKey { shut, of: all.len(), name });
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
