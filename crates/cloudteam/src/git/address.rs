//! Addresses of repositories: which are taken, and how they show.

use std::fmt;

use url::Url;

/// Schemes that git is asked to speak. Whatever else git knows could run commands or speaks in
/// the clear.
const SCHEMES: [&str; 6] = ["https", "http", "ssh", "git+ssh", "file", "codecommit"];

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not an address of a repository that can be used: {reason}")]
pub struct AddressError {
    shown: String,
    reason: String,
}

impl AddressError {
    /// Why, without the address.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Checks an address before git sees it: nothing that git would take for an option or a command,
/// and no password, which would show in the list of processes.
///
/// # Errors
/// [`AddressError`] says why it is refused.
pub fn check(address: &str) -> Result<(), AddressError> {
    let refuse =
        |reason: &str| Err(AddressError { shown: shown(address), reason: reason.to_owned() });
    if address.trim().is_empty() {
        return refuse("it is empty");
    }
    if address.starts_with('-') {
        return refuse("it begins with `-`");
    }
    if address.chars().any(char::is_control) || address.contains(['\\', '"']) {
        return refuse("it contains a character that no address has");
    }
    if let Some((helper, rest)) = address.split_once("::") {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if helper == "codecommit" {
            return match rest.contains("://") && !rest.contains(' ') {
                true => Ok(()),
                false => refuse("it should be codecommit::REGION://NAME"),
            };
        }
        if !helper.is_empty() && helper.chars().all(is_name) {
            return refuse(&format!("`{helper}::` could run any command"));
        }
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return Ok(());
    };
    if !SCHEMES.contains(&scheme) {
        return refuse(&format!("its scheme `{scheme}` is not https, ssh, file or codecommit"));
    }
    if rest.starts_with('-') {
        return refuse("its host begins with `-`");
    }
    match Url::parse(address) {
        Ok(url) if url.password().is_some() => refuse("it has a password in it"),
        Ok(url) if url.fragment().is_some() => refuse("it has a `#` in it"),
        Ok(_) => Ok(()),
        Err(error) => refuse(&error.to_string()),
    }
}

/// Shows an address without what is secret in it. The user of an https address may be a token.
#[must_use]
pub fn shown(address: &str) -> String {
    mask(address)
}

/// Masks the user part of every web address in a text.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        masked.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || "'\"?#".contains(c));
        let authority = &after[..end.unwrap_or(after.len())];
        let plain_user = before.ends_with("ssh://") || before.ends_with("codecommit://");
        rest = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') || !plain_user => {
                masked.push_str("***");
                &after[user.len()..]
            }
            _ => after,
        };
    }
    masked.push_str(rest);
    masked
}

/// An address as a value in a configuration file of git.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_are_taken() {
        for address in [
            "https://git.example.com/team/commerce.git",
            "http://127.0.0.1:8080/commerce.git",
            "https://token@git.example.com/commerce.git",
            "ssh://git@git.example.com:2222/commerce.git",
            "git@git.example.com:team/commerce.git",
            "file:///srv/git/commerce.git",
            "/srv/git/commerce.git",
            "codecommit::us-west-2://commerce",
            "codecommit::us-west-2://profile@commerce",
            "codecommit://commerce",
        ] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn addresses_that_run_commands_or_hold_secrets_are_refused() {
        for (address, reason) in [
            ("", "empty"),
            ("--upload-pack=touch x", "begins with `-`"),
            ("ext::sh -c touch% x", "`ext::`"),
            ("fd::7", "`fd::`"),
            ("codecommit::", "REGION"),
            ("ssh://-oProxyCommand=x/y", "host begins"),
            ("git://example.com/x", "`git`"),
            ("https://me:pw@example.com/x", "password"),
            ("https://example.com/x#v1", "`#`"),
            ("a\nb", "character"),
        ] {
            let error = check(address).unwrap_err();
            assert!(error.to_string().contains(reason), "{address}: {error}");
            assert!(!error.to_string().contains("pw@"), "{error}");
        }
    }

    #[test]
    fn what_may_be_secret_does_not_show() {
        assert_eq!(shown("https://t0ken@example.com/x"), "https://***@example.com/x");
        assert_eq!(shown("https://me:pw@example.com/x@y"), "https://***@example.com/x@y");
        assert_eq!(shown("ssh://git@example.com/x"), "ssh://git@example.com/x");
        assert_eq!(shown("git@example.com:x"), "git@example.com:x");
        assert_eq!(
            mask("fatal: Authentication failed for 'https://a:b@c.d/e' and 'https://f@g/'"),
            "fatal: Authentication failed for 'https://***@c.d/e' and 'https://***@g/'"
        );
    }
}
