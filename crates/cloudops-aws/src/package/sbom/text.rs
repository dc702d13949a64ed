//! The two formats in which jars say what they are.

use std::collections::BTreeMap;

/// Keys and values of a Java properties file. A line may go on behind a backslash at its end.
pub(super) fn properties(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut line = String::new();
    // An empty line at the end closes one that would go on.
    for part in text.lines().chain([""]) {
        line.push_str(part.trim_start());
        let backslashes = line.chars().rev().take_while(|c| *c == '\\').count();
        if backslashes % 2 == 1 {
            line.pop();
            continue;
        }
        let whole = std::mem::take(&mut line);
        if !whole.is_empty() && !whole.starts_with(['#', '!']) {
            let (key, value) = split(&whole);
            found.insert(unescape(key), unescape(value.trim_end()));
        }
    }
    found
}

/// A key ends at the first `=`, `:` or blank that no backslash stands before.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if !escaped && (c == '=' || c == ':' || c.is_whitespace()) {
            let rest = line[at..].trim_start();
            let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..at], rest.trim_start());
        }
        escaped = c == '\\' && !escaped;
    }
    (line, "")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// Attributes of a jar as a whole: the part of its manifest before the first empty line. A line
/// that begins with a blank goes on with the one before.
pub(super) fn manifest(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut line = String::new();
    let mut put = |line: &str| {
        if let Some((key, value)) = line.split_once(':') {
            found.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    };
    for part in text.lines() {
        if part.is_empty() {
            break;
        }
        if let Some(rest) = part.strip_prefix(' ') {
            line.push_str(rest);
        } else {
            put(&line);
            part.clone_into(&mut line);
        }
    }
    put(&line);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_as_java_does() {
        let found = properties(
            "# made by a build\r\n! so\ngroupId=org.example\r\nartifactId : thing\nversion 1.0 \nlong=a\\\n  b\nesc\\:aped=\\u00e4\\\\\nodd\n",
        );
        let expect = [
            ("artifactId", "thing"),
            ("esc:aped", "ä\\"),
            ("groupId", "org.example"),
            ("long", "ab"),
            ("odd", ""),
            ("version", "1.0"),
        ];
        let found: Vec<(&str, &str)> =
            found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(found, expect);
        assert_eq!(properties("a=\\uzzzz\\")["a"], "\u{fffd}", "what is no escape does no harm");
    }

    #[test]
    fn only_the_begin_of_a_manifest_speaks_of_the_jar() {
        let found = manifest(
            "Manifest-Version: 1.0\r\nImplementation-Title: a long ti\r\n tle\r\n\r\nName: a\r\nImplementation-Title: not this\r\n",
        );
        assert_eq!(found["Implementation-Title"], "a long title");
        assert!(!found.contains_key("Name"));
    }
}
