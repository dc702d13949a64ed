//! Which lines of a Rust file are code of the program, and which are comments or tests.

/// What a line of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Comment,
    Test,
}

/// The lines of a file with their numbers and kinds. It relies on rustfmt's layout: what
/// `#[cfg(test)]` belongs to ends at the first `}` or `;` of the same indent.
pub(super) fn lines<'a>(path: &str, text: &'a str) -> Vec<(usize, &'a str, Kind)> {
    let only_tests = is_test_file(path);
    let mut test_indent = None;
    let mut kinds = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if trimmed.starts_with("#[cfg(test)]") {
            test_indent.get_or_insert(indent);
        }
        let kind = match test_indent {
            Some(_) => Kind::Test,
            None if only_tests => Kind::Test,
            None if trimmed.starts_with("//") => Kind::Comment,
            None => Kind::Code,
        };
        kinds.push((index + 1, line, kind));
        if test_indent == Some(indent) && ends_item(trimmed) {
            test_indent = None;
        }
    }
    kinds
}

fn ends_item(trimmed: &str) -> bool {
    trimmed.starts_with('}') || (trimmed.ends_with(';') && !trimmed.starts_with("#["))
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(path: &str, text: &str) -> Vec<Kind> {
        lines(path, text).into_iter().map(|(_, _, kind)| kind).collect()
    }

    #[test]
    fn a_test_module_ends_where_its_brace_does() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n// end\nfn c() {}";
        let expected = [Kind::Code, Kind::Test, Kind::Test, Kind::Test, Kind::Test, Kind::Test];
        let found = kinds("crates/a/src/lib.rs", text);
        assert_eq!(found[..6], expected);
        assert_eq!(found[6..], [Kind::Comment, Kind::Code]);
    }

    #[test]
    fn a_test_module_in_another_file_is_one_line() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}";
        assert_eq!(kinds("crates/a/src/lib.rs", text), [Kind::Test, Kind::Test, Kind::Code]);
        assert_eq!(kinds("crates/a/src/tests.rs", "fn a() {}"), [Kind::Test]);
    }
}
