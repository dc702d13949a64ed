//! Values of properties, fit to be seen.

/// What is shown instead of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// The longest value that is shown whole, in characters.
const LONGEST: usize = 60;

/// Ends of property names whose value is a secret, in lowercase.
const SECRET_ENDS: [&str; 7] = [
    "password",
    "secretstring",
    "authtoken",
    "privatekey",
    "secretkey",
    "secretaccesskey",
    "passphrase",
];

/// Whether the name of a property says that its value is a secret.
pub(super) fn is_secret(path: &str) -> bool {
    path.split(['.', '/']).any(|part| {
        let part = part.to_lowercase();
        SECRET_ENDS.iter().any(|end| part.ends_with(end))
    })
}

/// Characters that are shown before the first difference of two long values.
const CONTEXT: usize = 15;

/// A value before and afterwards: on one line, without control characters, and not longer than a
/// person reads. What long values have in common at their start is left out.
pub(super) fn pair(before: Option<&str>, after: Option<&str>) -> (String, String) {
    let (before, after) = (before.map(clean), after.map(clean));
    let start = match (&before, &after) {
        (Some(before), Some(after)) if before.len().max(after.len()) > LONGEST => {
            let same = before.chars().zip(after.chars()).take_while(|(one, other)| one == other);
            same.count().saturating_sub(CONTEXT)
        }
        _ => 0,
    };
    (short(before.as_deref(), start), short(after.as_deref(), start))
}

fn clean(value: &str) -> String {
    let printable = value.replace(char::is_control, " ");
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// From a character on, and not longer than a person reads.
fn short(value: Option<&str>, start: usize) -> String {
    let Some(value) = value else { return "(none)".to_owned() };
    if value.is_empty() {
        return "(empty)".to_owned();
    }
    let part: String = value.chars().skip(start).take(LONGEST).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if value.chars().count() > start + LONGEST { "..." } else { "" };
    format!("{before}{part}{after}")
}

/// The part of a path that people know: without `Properties` in front.
pub(super) fn readable(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_prefix("Properties.").or_else(|| path.strip_prefix("Properties/")).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for path in
            ["Properties.MasterUserPassword", "Users.0.Password", "/Properties/SecretString"]
        {
            assert!(is_secret(path), "{path}");
        }
        for path in ["Properties.MasterUserSecret.KmsKeyId", "PasswordLength", "KeyName"] {
            assert!(!is_secret(path), "{path}");
        }
    }

    #[test]
    fn values_fit_on_a_line() {
        let check = |before: Option<&str>, after: Option<&str>, expect: (&str, &str)| {
            let (left, right) = pair(before, after);
            assert_eq!((left.as_str(), right.as_str()), expect);
        };
        check(Some("a\n  b\u{1b}[31m"), Some(""), ("a b [31m", "(empty)"));
        check(None, Some(&"é".repeat(61)), ("(none)", &format!("{}...", "é".repeat(60))));
        let long = |end: &str| format!("{}{end}", "x".repeat(100));
        let tail = |end: &str| format!("...{}{end}", "x".repeat(15));
        check(Some(&long("1")), Some(&long("23")), (&tail("1"), &tail("23")));
        assert_eq!(readable("/Properties/Tags/0"), "Tags/0");
    }
}
