//! Versions of Jenkins and its plugins.

use std::cmp::Ordering;

/// Compares two versions as far as their numbers go: `1491.v6d61` is after `1415.v8310`, and
/// `2.33.4-62` after `2.33.4-9`. A part with other characters is a commit or a word, which says
/// nothing about the order (JEP-229, <https://www.jenkins.io/jep/229>).
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (numbers(left), numbers(right));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => match one.unwrap_or(0).cmp(&other.unwrap_or(0)) {
                Ordering::Equal => {}
                different => return different,
            },
        }
    }
}

fn numbers(version: &str) -> impl Iterator<Item = u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide() {
        for (older, newer) in [
            ("1415.v831096eb_5534", "1491.v6d6145e96e1c"),
            ("2.31.63-54.vcf1e5a_c56c49", "2.33.4-62.vc1a_8df64b_4c9"),
            ("2.33.4-9", "2.33.4-62.vc1a"),
            ("1.9", "1.49"),
            ("2.479.3", "2.541.2"),
            ("1", "1.0.1"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{newer} {older}");
        }
        assert_eq!(compare("1.2.0-8", "1.2.0-8"), Ordering::Equal);
        assert_eq!(compare("362.va_b_695ef4fdf9", "362.vb"), Ordering::Equal);
    }
}
