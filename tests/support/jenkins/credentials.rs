//! The credentials of the server: a file with a list of them.

use std::path::Path;

use serde::Deserialize;

use super::pipeline::Binding;

/// Credentials, in the form of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Credentials {
    UsernamePassword { id: String, username: String, password: String },
    String { id: String, secret: String },
    File { id: String, content: String },
    SshUserPrivateKey { id: String, username: String, private_key: String },
}

impl Credentials {
    fn id(&self) -> &str {
        match self {
            Self::UsernamePassword { id, .. }
            | Self::String { id, .. }
            | Self::File { id, .. }
            | Self::SshUserPrivateKey { id, .. } => id,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::UsernamePassword { .. } => "usernamePassword",
            Self::String { .. } => "string",
            Self::File { .. } => "file",
            Self::SshUserPrivateKey { .. } => "sshUserPrivateKey",
        }
    }
}

/// Finds credentials by their id. The file is read anew each time: a test may change it.
pub(super) fn find(file: Option<&Path>, id: &str) -> Option<Credentials> {
    let all: Vec<Credentials> = serde_json::from_slice(&fs_err::read(file?).ok()?).ok()?;
    all.into_iter().find(|credentials| credentials.id() == id)
}

/// What `withCredentials` gives to its steps.
#[derive(Debug, Default)]
pub(super) struct Bound {
    pub(super) env: Vec<(String, String)>,
    /// Texts that the log does not show.
    pub(super) secrets: Vec<String>,
}

impl Bound {
    /// Binds credentials; secret files are written into `dir`.
    ///
    /// # Errors
    /// The message of Jenkins.
    pub(super) fn add(
        &mut self,
        file: Option<&Path>,
        binding: &Binding,
        dir: &Path,
    ) -> Result<(), String> {
        let id = &binding.id;
        let found = find(file, id)
            .ok_or_else(|| format!("Could not find credentials entry with ID '{id}'"))?;
        if found.kind() != binding.kind {
            let (is, wanted) = (found.kind(), &binding.kind);
            return Err(format!(
                "Credentials '{id}' is of type '{is}' where '{wanted}' was expected"
            ));
        }
        let (values, secrets) = values(found, dir).map_err(|error| error.to_string())?;
        self.secrets.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
        for (parameter, variable) in &binding.variables {
            let value = values.iter().find(|(name, _)| name == parameter);
            let value = value.map(|(_, value)| value.clone()).unwrap_or_default();
            self.env.push((variable.clone(), value));
        }
        Ok(())
    }
}

type Values = (Vec<(&'static str, String)>, Vec<String>);

/// Values by parameter of the binding, and what of them is secret.
fn values(credentials: Credentials, dir: &Path) -> std::io::Result<Values> {
    Ok(match credentials {
        Credentials::UsernamePassword { username, password, .. } => (
            vec![("usernameVariable", username), ("passwordVariable", password.clone())],
            vec![password],
        ),
        Credentials::String { secret, .. } => (vec![("variable", secret.clone())], vec![secret]),
        Credentials::File { id, content } => {
            let file = secret_file(dir, &id, &content)?;
            (vec![("variable", file.clone())], vec![file])
        }
        Credentials::SshUserPrivateKey { id, username, private_key } => {
            let file = secret_file(dir, &id, &private_key)?;
            (vec![("keyFileVariable", file.clone()), ("usernameVariable", username)], vec![file])
        }
    })
}

/// Writes a file that only this user can read.
pub(super) fn secret_file(dir: &Path, id: &str, content: &str) -> std::io::Result<String> {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::create_dir_all(dir)?;
    let file = dir.join(format!("{}-{}", uuid::Uuid::new_v4().simple(), id.replace('/', "-")));
    fs_err::write(&file, content)?;
    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o700))?;
    Ok(file.display().to_string())
}

/// A text with secrets as `****`, the longest first.
pub(super) fn mask(text: &str, secrets: &[String]) -> String {
    let mut secrets: Vec<&String> = secrets.iter().collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "****"))
}
