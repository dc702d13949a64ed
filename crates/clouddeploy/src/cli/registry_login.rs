//! Logins of registries, as Docker, Podman and their kind keep them. Nothing is ever taken from an
//! argument: everybody on a machine can read those.

use std::{collections::BTreeMap, io, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    diagnose::Class,
    oci::{Keyring, Login, LoginError, Logins},
    redact::Secret,
};
use docker_credential::{CredentialRetrievalError as Trouble, DockerCredential};

/// What Docker Hub is called in these files, whatever it is called elsewhere.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Logins from the files that these variables of the environment lead to. They are read when a
/// registry wants a login, and again when it does not take it: a helper may have a newer one.
pub(super) fn keyring(variables: &BTreeMap<String, String>) -> Keyring {
    let files: Arc<[Utf8PathBuf]> = files(variables).into();
    Keyring::from_fn(move |host| logins(Arc::clone(&files), host.to_owned()))
}

/// Where logins may be: what is named first, then Podman's file, then Docker's.
fn files(variables: &BTreeMap<String, String>) -> Vec<Utf8PathBuf> {
    let folder = |name: &str| {
        let value = variables.get(name).filter(|value| !value.is_empty());
        value.map(|value| Utf8PathBuf::from(value.as_str()))
    };
    let podman = || Some(folder("XDG_RUNTIME_DIR")?.join("containers/auth.json"));
    let docker = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")));
    let named = folder("REGISTRY_AUTH_FILE").or_else(podman);
    named.into_iter().chain(docker.map(|folder| folder.join("config.json"))).collect()
}

fn logins(files: Arc<[Utf8PathBuf]>, host: String) -> Logins {
    let looked: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
    let hint = format!(
        "Log in with `docker login {host}` or `podman login {host}`; looked in {}.",
        looked.join(" and ")
    );
    Logins::from_fn(hint, move || {
        let (files, host) = (Arc::clone(&files), host.clone());
        async move {
            // A helper is another program, which may ask a person.
            let asked = tokio::task::spawn_blocking(move || login(&files, &host)).await;
            asked.unwrap_or_else(|error| Err(wrong(Class::Bug, error.to_string(), None)))
        }
    })
}

/// The first login for a host in some files; none is no error.
fn login(files: &[Utf8PathBuf], host: &str) -> Result<Login, LoginError> {
    for file in files {
        if let Some(login) = login_in(file, host)? {
            return Ok(login);
        }
    }
    Ok(Login::Anonymous)
}

fn login_in(file: &Utf8Path, host: &str) -> Result<Option<Login>, LoginError> {
    let text = match fs_err::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(Class::Configuration, error.to_string(), None)),
    };
    let server = match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        host => host,
    };
    match docker_credential::get_credential_from_reader(text.as_slice(), server) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Login::Password { user, password: Secret::new(password) }))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Login::Identity(Secret::new(token)))),
        Err(trouble) if is_none(&trouble) => Ok(None),
        Err(trouble) => Err(told(&trouble, file, host)),
    }
}

/// Whether there just is no login. A store says so in words, which all of them share.
fn is_none(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::NoCredentialConfigured | Trouble::ConfigNotFound => true,
        Trouble::HelperFailure { stdout, stderr, .. } => {
            [stdout, stderr].iter().any(|said| said.contains("credentials not found"))
        }
        _ => false,
    }
}

/// The error in our words. What a helper wrote is left out: it may be a secret.
fn told(trouble: &Trouble, file: &Utf8Path, host: &str) -> LoginError {
    match trouble {
        Trouble::HelperFailure { helper, .. } => wrong(
            Class::Credentials,
            format!("{helper}, which {file} names, failed for {host}"),
            Some(format!("Run `echo {host} | {helper} get` to see why.")),
        ),
        Trouble::HelperCommunicationError => wrong(
            Class::Credentials,
            format!("the helper that {file} names for {host} cannot be run"),
            Some("It is a program docker-credential-NAME, which must be in PATH.".to_owned()),
        ),
        Trouble::MalformedHelperResponse => wrong(
            Class::Credentials,
            format!("the helper that {file} names for {host} does not answer with a login"),
            None,
        ),
        Trouble::CredentialDecodingError | Trouble::CredentialMismatchError => wrong(
            Class::Configuration,
            format!("the login for {host} in {file} cannot be read"),
            Some(format!("Log in again with `docker login {host}` or `podman login {host}`.")),
        ),
        _ => wrong(
            Class::Configuration,
            format!("{file} is not what `docker login` and `podman login` write"),
            Some("It is JSON with an object `auths`.".to_owned()),
        ),
    }
}

fn wrong(class: Class, reason: String, hint: Option<String>) -> LoginError {
    LoginError { reason, class, hints: hint.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ann:correct-horse`, and a token.
    const AUTHS: &str = r#"{"auths": {
        "r.example.com": {"auth": "YW5uOmNvcnJlY3QtaG9yc2U="},
        "https://index.docker.io/v1/": {"auth": "aHViOmNvcnJlY3QtaG9yc2U="},
        "id.example.com": {"identitytoken": "correct-horse"},
        "bad.example.com": {"auth": "*correct-horse*"}
    }}"#;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn found(text: &str, host: &str) -> Result<Login, LoginError> {
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(folder.path()).unwrap().join("config.json");
        fs_err::write(&file, text).unwrap();
        login(&[file.with_file_name("missing.json"), file], host)
    }

    fn user(login: &Login) -> &str {
        match login {
            Login::Password { user, password } if password.expose() == "correct-horse" => user,
            Login::Identity(token) if token.expose() == "correct-horse" => "token",
            Login::Anonymous => "nobody",
            _ => "somebody else",
        }
    }

    #[test]
    fn the_files_are_where_docker_and_podman_keep_them() {
        let names = |pairs: &[(&str, &str)]| {
            files(&variables(pairs)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&[("HOME", "/h")]), ["/h/.docker/config.json"]);
        assert_eq!(
            names(&[("HOME", "/h"), ("DOCKER_CONFIG", "/d"), ("XDG_RUNTIME_DIR", "/x")]),
            ["/x/containers/auth.json", "/d/config.json"]
        );
        assert_eq!(
            names(&[("REGISTRY_AUTH_FILE", "/a.json"), ("XDG_RUNTIME_DIR", "/x"), ("HOME", "")]),
            ["/a.json"]
        );
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn a_login_is_found_by_the_host_of_its_registry() {
        let cases = [
            ("r.example.com", "ann"),
            ("docker.io", "hub"),
            ("index.docker.io", "hub"),
            ("id.example.com", "token"),
            ("other.example.com", "nobody"),
        ];
        for (host, expected) in cases {
            assert_eq!(user(&found(AUTHS, host).unwrap()), expected, "{host}");
        }
        assert_eq!(user(&found("{}", "r.example.com").unwrap()), "nobody");
        assert_eq!(user(&login(&[], "r.example.com").unwrap()), "nobody");
    }

    #[test]
    fn what_cannot_be_read_is_told_without_what_is_in_it() {
        for (text, host) in [(AUTHS, "bad.example.com"), ("correct-horse", "r.example.com")] {
            let error = found(text, host).unwrap_err();
            assert_eq!(error.class, Class::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("config.json") && !shown.contains("horse"), "{shown}");
        }
        let helper = r#"{"credHelpers": {"r.example.com": "that-nobody-has"}}"#;
        let error = found(helper, "r.example.com").unwrap_err();
        assert_eq!(error.class, Class::Credentials);
        assert!(error.to_string().contains("cannot be run"), "{error}");
    }

    #[test]
    fn a_helper_may_have_no_login_but_what_it_says_is_not_shown() {
        let failure = |stdout: &str| Trouble::HelperFailure {
            helper: "docker-credential-x".to_owned(),
            stdout: stdout.to_owned(),
            stderr: String::new(),
        };
        assert!(is_none(&failure("credentials not found in native keychain\n")));
        let broken = failure("correct-horse");
        assert!(!is_none(&broken));
        let error = told(&broken, Utf8Path::new("/h/config.json"), "r.example.com");
        assert_eq!(
            error.to_string(),
            "docker-credential-x, which /h/config.json names, failed for r.example.com"
        );
    }
}
