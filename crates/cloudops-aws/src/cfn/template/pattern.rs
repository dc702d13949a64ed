//! Matches `AllowedPattern`, which is a Java regular expression over the whole value.
//!
//! Written here because look-ahead (`(?!...)`), common in such patterns, is what Rust's regular
//! expression library leaves out on purpose. Patterns are short and values are shorter; a budget of
//! steps keeps a hostile pattern from running for ever.

mod parser;

use parser::Parser;

/// Steps after which a match is given up; far beyond what a real pattern takes.
const MOST_STEPS: usize = 1_000_000;

/// A pattern ready to match.
pub(super) struct Pattern(Vec<Vec<Piece>>);

struct Piece {
    atom: Atom,
    least: usize,
    most: usize,
    greedy: bool,
}

enum Atom {
    Any,
    Letter(char),
    Class { negated: bool, parts: Vec<Part> },
    Group(Vec<Vec<Piece>>),
    Look { negative: bool, branches: Vec<Vec<Piece>> },
    Start,
    End,
}

#[derive(Clone)]
enum Part {
    Range(char, char),
    Digit(bool),
    Word(bool),
    Space(bool),
}

impl Part {
    fn has(&self, letter: char) -> bool {
        match self {
            Self::Range(from, to) => (*from..=*to).contains(&letter),
            Self::Digit(yes) => letter.is_ascii_digit() == *yes,
            Self::Word(yes) => (letter.is_ascii_alphanumeric() || letter == '_') == *yes,
            Self::Space(yes) => letter.is_ascii_whitespace() == *yes,
        }
    }
}

impl Pattern {
    /// Reads a pattern; none when it uses something that is not understood here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Parser::new(text).all().map(Self)
    }

    /// Whether the pattern matches all of `value`. A value that takes too long to decide matches:
    /// CloudFormation itself is the judge then.
    pub(super) fn matches(&self, value: &str) -> bool {
        let letters: Vec<char> = value.chars().collect();
        let mut matcher = Matcher { letters: &letters, steps: 0 };
        let whole = matcher.any(&self.0, 0, &mut |_, at| at == letters.len());
        whole || matcher.steps > MOST_STEPS
    }
}

struct Matcher<'a> {
    letters: &'a [char],
    steps: usize,
}

/// What has to match after the current piece.
type Rest<'r, 'a> = &'r mut dyn FnMut(&mut Matcher<'a>, usize) -> bool;

impl<'a> Matcher<'a> {
    fn any(&mut self, branches: &[Vec<Piece>], at: usize, rest: Rest<'_, 'a>) -> bool {
        branches.iter().any(|branch| self.sequence(branch, at, rest))
    }

    fn sequence(&mut self, pieces: &[Piece], at: usize, rest: Rest<'_, 'a>) -> bool {
        match pieces.split_first() {
            None => rest(self, at),
            Some((first, others)) => {
                self.repeat(first, 0, at, &mut |matcher, at| matcher.sequence(others, at, rest))
            }
        }
    }

    fn repeat(&mut self, piece: &Piece, count: usize, at: usize, rest: Rest<'_, 'a>) -> bool {
        self.steps += 1;
        // Deep recursion happens only on long values, which no parameter has (4,096 characters).
        if self.steps > MOST_STEPS || count > 5_000 {
            self.steps = MOST_STEPS + 1;
            return false;
        }
        if count < piece.least {
            return self.once_more(piece, count, at, rest);
        }
        if !piece.greedy && rest(self, at) {
            return true;
        }
        if count < piece.most && self.once_more(piece, count, at, rest) {
            return true;
        }
        piece.greedy && rest(self, at)
    }

    fn once_more(&mut self, piece: &Piece, count: usize, at: usize, rest: Rest<'_, 'a>) -> bool {
        self.atom(&piece.atom, at, &mut |matcher, next| {
            // An empty repetition can go on for ever without getting anywhere.
            if next == at && count >= piece.least {
                return false;
            }
            matcher.repeat(piece, count + 1, next, rest)
        })
    }

    fn atom(&mut self, atom: &Atom, at: usize, rest: Rest<'_, 'a>) -> bool {
        let letter = self.letters.get(at).copied();
        match atom {
            Atom::Any => letter.is_some_and(|letter| letter != '\n') && rest(self, at + 1),
            Atom::Letter(expect) => letter == Some(*expect) && rest(self, at + 1),
            Atom::Class { negated, parts } => {
                let inside = |letter| parts.iter().any(|part| part.has(letter));
                letter.is_some_and(|letter| inside(letter) != *negated) && rest(self, at + 1)
            }
            Atom::Group(branches) => self.any(branches, at, rest),
            Atom::Look { negative, branches } => {
                let found = self.any(branches, at, &mut |_, _| true);
                found != *negative && rest(self, at)
            }
            Atom::Start => at == 0 && rest(self, at),
            Atom::End => at == self.letters.len() && rest(self, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let parsed = Pattern::parse(pattern).expect(pattern);
        yes.iter().for_each(|value| assert!(parsed.matches(value), "{pattern} takes {value:?}"));
        no.iter().for_each(|value| assert!(!parsed.matches(value), "{pattern} refuses {value:?}"));
    }

    #[test]
    fn patterns_match_the_whole_value() {
        check("[a-z][a-z0-9-]{1,5}", &["ab", "a-1"], &["a", "Ab", "abcdefg", "1ab"]);
        check("^$|^https?://.+$", &["", "http://x", "https://y"], &["ftp://x", "http://"]);
        check(r"\d{1,3}(\.\d{1,3}){3}/\d+", &["10.0.0.0/16"], &["10.0.0/16"]);
        check("(?!-)[a-z-]+", &["a-b"], &["-a"]);
        check(".+@sha256:[0-9a-f]{4}", &["repo@sha256:00ff"], &["repo:latest"]);
        check(r"[\w.-]*", &["a.b-c_1", ""], &["a b"]);
        check("(a*)*b", &["aab", "b"], &["aac"]);
    }

    #[test]
    fn an_unreadable_pattern_is_none() {
        for pattern in ["(", "[", "a{2,1}", "*", r"\p{L}", "(?<x>a)"] {
            assert!(Pattern::parse(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = Pattern::parse("(a+)+b").expect("pattern");
        let _ = pattern.matches(&"a".repeat(40));
    }
}
