//! Every text of git and of the servers behind it that must be recognized. Git has no codes.

/// What stands between us and a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The credentials are missing, or not accepted.
    Credentials,
    /// It may be read, but not written.
    ReadOnly,
    /// It is not there, or hidden from these credentials.
    NotFound,
    /// The key of the host is not known, or another one than is known.
    HostKey,
    /// Its certificate is not trusted.
    Certificate,
    /// The host cannot be reached, or stopped answering.
    Unreachable,
    /// A program that git needs for this kind of address is not installed.
    Helper,
    /// A rule of the server refuses the push.
    Refused,
    /// A file is larger than the server takes.
    TooLarge,
    /// Somebody else pushed meanwhile.
    Moved,
    /// The server cannot push several branches at once.
    NoAtomic,
}

use Cause::{
    Certificate, Credentials, Helper, HostKey, Moved, NoAtomic, NotFound, ReadOnly, Refused,
    TooLarge, Unreachable,
};

/// In lower case; the first that occurs decides. What explains stands before what only reports.
const TEXTS: [(&str, Cause); 61] = [
    ("does not support --atomic push", NoAtomic),
    ("host key verification failed", HostKey),
    ("remote host identification has changed", HostKey),
    ("no matching host key", HostKey),
    ("ssl certificate problem", Certificate),
    ("certificate verification failed", Certificate),
    ("server certificate verification", Certificate),
    ("gh001", TooLarge),
    ("exceeds github's file size limit", TooLarge),
    ("larger than the maximum", TooLarge),
    ("exceeds maximum allowed size", TooLarge),
    ("returned error: 413", TooLarge),
    ("unable to find remote helper", Helper),
    ("is not a git command", Helper),
    ("cannot run ssh", Helper),
    ("write access to repository not granted", ReadOnly),
    ("marked as read only", ReadOnly),
    ("deploy key does not have write", ReadOnly),
    ("not allowed to push code", ReadOnly),
    ("insufficient permission for adding an object", ReadOnly),
    ("unable to create temporary object directory", ReadOnly),
    ("unpacker error", ReadOnly),
    ("read-only file system", ReadOnly),
    ("service not enabled", ReadOnly),
    ("protected branch", Refused),
    ("gh006", Refused),
    ("gh013", Refused),
    ("tf402455", Refused),
    ("hook declined", Refused),
    ("denycurrentbranch", Refused),
    ("refusing to update", Refused),
    ("(fetch first)", Moved),
    ("(non-fast-forward)", Moved),
    ("non-fast-forward", Moved),
    ("(needs force)", Moved),
    ("(stale info)", Moved),
    ("failed to update ref", Moved),
    ("cannot lock ref", Moved),
    ("incorrect old value provided", Moved),
    ("reference already exists", Moved),
    ("couldn't find remote ref", Moved),
    ("repository not found", NotFound),
    ("could not find repository", NotFound),
    ("does not appear to be a git repository", NotFound),
    ("does not exist", NotFound),
    ("returned error: 404", NotFound),
    ("' not found", NotFound),
    ("authentication failed", Credentials),
    ("could not read username", Credentials),
    ("could not read password", Credentials),
    ("permission denied (", Credentials),
    ("too many authentication failures", Credentials),
    ("returned error: 401", Credentials),
    ("returned error: 403", ReadOnly),
    ("could not resolve host", Unreachable),
    ("failed to connect", Unreachable),
    ("connection refused", Unreachable),
    ("connection timed out", Unreachable),
    ("operation too slow", Unreachable),
    ("connection reset", Unreachable),
    ("connection closed", Unreachable),
];

/// What a failed command of git says, if it is known.
pub(super) fn cause(text: &str) -> Option<Cause> {
    let text = text.to_ascii_lowercase();
    TEXTS.iter().find(|(known, _)| text.contains(known)).map(|(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What git 2.39 to 2.47, OpenSSH 9 and the large hosts say, one for each text of the table.
    const SAID: [(&str, Cause); 61] = [
        ("fatal: the receiving end does not support --atomic push", NoAtomic),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", HostKey),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", HostKey),
        ("Unable to negotiate with 10.0.0.1: no matching host key type found.", HostKey),
        ("SSL certificate problem: self-signed certificate", Certificate),
        ("fatal: certificate verification failed", Certificate),
        ("server certificate verification failed. CAfile: none CRLfile: none", Certificate),
        ("remote: error: GH001: Large files detected.", TooLarge),
        ("remote: error: File a.bin is 200 MB; this exceeds GitHub's file size limit", TooLarge),
        ("remote: fatal: the file is larger than the maximum of 100 MB", TooLarge),
        ("remote: fatal: pack exceeds maximum allowed size (2.00 GiB)", TooLarge),
        ("error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413", TooLarge),
        ("fatal: Unable to find remote helper for 'codecommit'", Helper),
        ("git: 'remote-codecommit' is not a git command. See 'git --help'.", Helper),
        ("error: cannot run ssh: No such file or directory", Helper),
        ("remote: Write access to repository not granted.", ReadOnly),
        ("ERROR: The key you are authenticating with has been marked as read only.", ReadOnly),
        ("remote: This deploy key does not have write access to this project.", ReadOnly),
        ("remote: You are not allowed to push code to this project.", ReadOnly),
        ("insufficient permission for adding an object to repository database", ReadOnly),
        ("remote: fatal: unable to create temporary object directory", ReadOnly),
        (" ! [remote rejected] main -> main (unpacker error)", ReadOnly),
        ("remote: error: Read-only file system", ReadOnly),
        ("remote: fatal: service not enabled: '/srv/commerce.git'", ReadOnly),
        ("remote: GitLab: You are not allowed to push to protected branch", Refused),
        ("remote: error: GH006: the update is refused", Refused),
        ("remote: error: GH013: Repository rule violations found", Refused),
        ("remote: TF402455: Pushes to this branch are not permitted", Refused),
        (" ! [remote rejected] main -> main (pre-receive hook declined)", Refused),
        ("remote: error: 'receive.denyCurrentBranch' configuration variable", Refused),
        ("remote: error: refusing to update checked out branch: refs/heads/main", Refused),
        (" ! [rejected] main -> main (fetch first)", Moved),
        (" ! [rejected] main -> main (non-fast-forward)", Moved),
        ("remote: error: denying non-fast-forward refs/heads/main", Moved),
        (" ! [rejected] main -> main (needs force)", Moved),
        (" ! [rejected] main -> main (stale info)", Moved),
        (" ! [remote rejected] main -> main (failed to update ref)", Moved),
        ("remote: error: cannot lock ref 'refs/heads/main': is at 1 but expected 2", Moved),
        (" ! [remote rejected] main -> main (incorrect old value provided)", Moved),
        (" ! [remote rejected] main -> main (reference already exists)", Moved),
        ("fatal: couldn't find remote ref refs/heads/upstream/8.5.0", Moved),
        ("remote: Repository not found.\nfatal: Authentication failed", NotFound),
        ("remote: ERROR: Could not find repository in team", NotFound),
        ("fatal: '/srv/none.git' does not appear to be a git repository", NotFound),
        ("RepositoryDoesNotExistException: commerce does not exist", NotFound),
        ("fatal: unable to access 'x': The requested URL returned error: 404", NotFound),
        ("fatal: repository 'https://example.com/none.git/' not found", NotFound),
        ("fatal: Authentication failed for 'https://example.com/c.git/'", Credentials),
        ("fatal: could not read Username for 'https://example.com': prompts disabled", Credentials),
        ("fatal: could not read Password for 'https://me@example.com'", Credentials),
        ("git@example.com: Permission denied (publickey).", Credentials),
        ("Received disconnect: Too many authentication failures", Credentials),
        ("fatal: unable to access 'x': The requested URL returned error: 401", Credentials),
        ("fatal: unable to access 'x': The requested URL returned error: 403", ReadOnly),
        ("ssh: Could not resolve hostname none.invalid: Name or service not known", Unreachable),
        ("fatal: unable to access 'x': Failed to connect to 10.0.0.1 port 443", Unreachable),
        ("ssh: connect to host 127.0.0.1 port 1: Connection refused", Unreachable),
        ("ssh: connect to host 10.0.0.1 port 22: Connection timed out", Unreachable),
        ("error: RPC failed; curl 28 Operation too slow.", Unreachable),
        ("fatal: read error: Connection reset by peer", Unreachable),
        ("Connection closed by 127.0.0.1 port 22", Unreachable),
    ];

    #[test]
    fn every_text_of_the_table_is_said_by_somebody() {
        for ((known, expected), (said, said_cause)) in TEXTS.iter().zip(SAID) {
            assert!(said.to_ascii_lowercase().contains(known), "{said:?} lacks {known:?}");
            assert_eq!((cause(said), *expected), (Some(said_cause), said_cause), "{said}");
        }
    }

    #[test]
    fn other_texts_say_nothing() {
        assert_eq!(cause("fatal: bad object 1234"), None);
    }
}
