use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// Somebody who signs certificates that nobody but tests trusts. Gone when dropped.
pub struct Authority {
    folder: TempDir,
}

/// What a server proves who it is with, in PEM.
pub struct Certificate {
    /// What it shows.
    pub chain: String,
    /// What it keeps to itself.
    pub key: String,
}

/// A new key, which is not locked.
const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let asked = ["req", "-x509", "-keyout", "root.key", "-out", "root.pem", "-days", "2"];
        openssl(folder.path(), &[&asked[..], &NEW_KEY, &["-subj", "/CN=Otto's tests"]].concat());
        Self { folder }
    }

    /// The file to trust it by.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A certificate for a host.
    pub fn certificate(&self, host: &str) -> Certificate {
        fs::write(self.folder.path().join("names"), format!("subjectAltName = DNS:{host}\n"))
            .expect("written");
        self.sign(host, &["-extfile", "names"])
    }

    /// One of X.509's first version, which has no room for names.
    pub fn certificate_of_old(&self, host: &str) -> Certificate {
        self.sign(host, &[])
    }

    fn sign(&self, host: &str, more: &[&str]) -> Certificate {
        let subject = format!("/CN={host}");
        let asked = ["req", "-keyout", "server.key", "-out", "server.csr", "-subj", &subject];
        openssl(self.folder.path(), &[&asked[..], &NEW_KEY].concat());
        let signed = ["x509", "-req", "-in", "server.csr", "-out", "server.pem", "-days", "2"];
        let by = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
        openssl(self.folder.path(), &[&signed[..], &by, more].concat());
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).expect("OpenSSL wrote it");
        Certificate { chain: read("server.pem"), key: read("server.key") }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// One that its owner signed, and a file to trust it by.
    pub fn of_its_own(host: &str, folder: &Path) -> (Self, PathBuf) {
        let subject = format!("/CN={host}");
        let names = format!("subjectAltName=DNS:{host}");
        let asked =
            ["req", "-x509", "-keyout", "own.key", "-out", "own.pem", "-days", "2", "-subj", &subject];
        openssl(folder, &[&asked[..], &NEW_KEY, &["-addext", &names]].concat());
        let path = folder.join("own.pem");
        let read = |path: &Path| fs::read_to_string(path).expect("OpenSSL wrote it");
        (Self { chain: read(&path), key: read(&folder.join("own.key")) }, path)
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let ended = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("OpenSSL is installed: scripts/test does it when it may");
    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
