//! A registry of our own on the loopback, and what it says was uploaded.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::bench::running::{self, Running};
use crate::command::program;
use crate::failure::Outcome;

/// A running registry; ends when dropped, its files stay.
pub(super) struct Registry {
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    storage: PathBuf,
    log: PathBuf,
    _running: Running,
}

/// One blob that somebody uploaded, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) repository: String,
    pub(super) bytes: u64,
}

impl Registry {
    /// Starts an empty one, with everything it writes in `folder`.
    pub(super) fn start(folder: &Path) -> Outcome<Self> {
        let (storage, log) = (folder.join("storage"), folder.join("log"));
        fs::create_dir_all(&storage)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let config = folder.join("config.yml");
        fs::write(&config, configuration(&storage, &address))?;
        let output = fs::File::create(&log)?;
        let mut command = program("docker-registry");
        command.arg("serve").arg(&config);
        command.stdout(output.try_clone()?.into_parts().0).stderr(output.into_parts().0);
        let mut running = running::start(&mut command)?;
        running::listening(&mut running, &address, "docker-registry", folder)?;
        Ok(Self { address, storage, log, _running: running })
    }

    /// All uploads since it was started, in the order in which they ended.
    pub(super) fn uploads(&self) -> Outcome<Vec<Upload>> {
        let sizes = self.sizes()?;
        let upload = |(repository, digest): (String, String)| {
            let bytes = sizes.get(&digest).copied().unwrap_or(0);
            Upload { repository, bytes }
        };
        let log = fs::read_to_string(&self.log)?;
        Ok(log.lines().filter_map(uploaded).map(upload).collect())
    }

    /// Whether it holds an image of that name, whatever its repository's name begins with.
    pub(super) fn has_image(&self, name: &str) -> bool {
        has_image(&self.storage.join("docker/registry/v2/repositories"), name)
    }

    /// Bytes of each blob that it holds, by the hexadecimal digits of its digest.
    fn sizes(&self) -> Outcome<BTreeMap<String, u64>> {
        let mut sizes = BTreeMap::new();
        let blobs = self.storage.join("docker/registry/v2/blobs/sha256");
        for prefix in folders(&blobs) {
            for blob in folders(&prefix.path()) {
                let bytes = fs::metadata(blob.path().join("data"))?.len();
                sizes.insert(blob.file_name().to_string_lossy().into_owned(), bytes);
            }
        }
        Ok(sizes)
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

fn has_image(repositories: &Path, name: &str) -> bool {
    let manifests = repositories.join(name).join("_manifests/revisions/sha256");
    let below = folders(repositories)
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('_'))
        .any(|entry| has_image(&entry.path(), name));
    below || folders(&manifests).next().is_some()
}

fn configuration(storage: &Path, address: &str) -> String {
    format!(
        "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  \
         cache: {{blobdescriptor: inmemory}}\nhttp: {{addr: \"{address}\"}}\n",
        storage.display()
    )
}

/// Repository and digest of the upload that a line of the access log says has ended.
fn uploaded(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once("] \"")?;
    let (request, outcome) = rest.split_once("\" ")?;
    let mut words = request.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (repository, upload) = target.strip_prefix("/v2/")?.split_once("/blobs/uploads/")?;
    // A mount answers 201 to a POST too, but nothing was uploaded.
    let ends = ["PUT", "POST"].contains(&method) && !upload.contains("mount=");
    let (_, digest) = upload.split_once("digest=sha256")?;
    let digest = digest.trim_start_matches("%3A").trim_start_matches(':');
    let digest = digest.split('&').next().unwrap_or(digest);
    (ends && outcome.starts_with("201 ")).then(|| (repository.to_owned(), digest.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request: &str, status: u16) -> String {
        format!(
            "127.0.0.1 - - [27/Nov/2026:00:44:28 +0000] \"{request} HTTP/1.1\" {status} 0 \"\" \"x\""
        )
    }

    #[test]
    fn only_an_upload_that_ended_counts() {
        let found = |request, status| uploaded(&line(request, status));
        let expect = Some(("a/cm".to_owned(), "99ab".to_owned()));
        let put = "PUT /v2/a/cm/blobs/uploads/u-1?_state=x&digest=sha256%3A99ab";
        assert_eq!(found(put, 201), expect);
        assert_eq!(found(put, 400), None);
        assert_eq!(found("POST /v2/a/cm/blobs/uploads/?digest=sha256:99ab&x=1", 201), expect);
        assert_eq!(found("POST /v2/a/cm/blobs/uploads/?mount=sha256:99ab&from=b", 201), None);
        assert_eq!(found("PATCH /v2/a/cm/blobs/uploads/u-1?_state=x", 202), None);
        assert_eq!(found("HEAD /v2/a/cm/blobs/sha256:99ab", 200), None);
        assert_eq!(uploaded("time=\"...\" level=warning"), None);
    }

    #[test]
    fn an_image_is_found_below_any_prefix_once_it_has_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let revisions = folder.path().join("acme/shop/cm/_manifests/revisions/sha256");
        fs::create_dir_all(&revisions).unwrap();
        assert!(!has_image(folder.path(), "cm"));
        fs::create_dir(revisions.join("99ab")).unwrap();
        assert!(has_image(folder.path(), "cm"));
        assert!(!has_image(folder.path(), "search"));
    }

    #[test]
    fn the_configuration_names_its_folder_and_address() {
        let text = configuration(Path::new("/x/y"), "127.0.0.1:7");
        assert!(text.contains("rootdirectory: /x/y") && text.contains("addr: \"127.0.0.1:7\""));
    }
}
