//! Matches `AllowedPattern`, which is a Java regular expression over the whole value.
//!
//! Written here because look-ahead (`(?!...)`), common in such patterns, is what Rust's regular
//! expression library leaves out on purpose. Patterns are short and values are shorter; a budget of
//! steps keeps a hostile pattern from running for ever.

/// Steps after which a match is given up; far beyond what a real pattern takes.
const MOST_STEPS: usize = 1_000_000;
/// Nesting of groups after which a pattern counts as unreadable.
const MOST_DEPTH: usize = 64;

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
    Class {
        negated: bool,
        parts: Vec<Part>,
    },
    Group(Vec<Vec<Piece>>),
    Look {
        negative: bool,
        branches: Vec<Vec<Piece>>,
    },
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
        let mut parser = Parser {
            letters: text.chars().collect(),
            at: 0,
            depth: 0,
        };
        let branches = parser.branches()?;
        (parser.at == parser.letters.len()).then_some(Self(branches))
    }

    /// Whether the pattern matches all of `value`. A value that takes too long to decide matches:
    /// CloudFormation itself is the judge then.
    pub(super) fn matches(&self, value: &str) -> bool {
        let letters: Vec<char> = value.chars().collect();
        let mut matcher = Matcher {
            letters: &letters,
            steps: 0,
        };
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
        branches
            .iter()
            .any(|branch| self.sequence(branch, at, rest))
    }

    fn sequence(&mut self, pieces: &[Piece], at: usize, rest: Rest<'_, 'a>) -> bool {
        match pieces.split_first() {
            None => rest(self, at),
            Some((first, others)) => self.repeat(first, 0, at, &mut |matcher, at| {
                matcher.sequence(others, at, rest)
            }),
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

struct Parser {
    letters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn eat(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    fn branches(&mut self) -> Option<Vec<Vec<Piece>>> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return None;
        }
        let mut branches = vec![self.branch()?];
        while self.eat('|') {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        Some(branches)
    }

    fn branch(&mut self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        while self
            .peek()
            .is_some_and(|letter| letter != '|' && letter != ')')
        {
            let atom = self.atom()?;
            let (least, most) = self.quantity()?;
            // `*+` (possessive) is treated as greedy: it only saves time.
            let greedy = !self.eat('?');
            self.eat('+');
            pieces.push(Piece {
                atom,
                least,
                most,
                greedy,
            });
        }
        Some(pieces)
    }

    fn atom(&mut self) -> Option<Atom> {
        match self.next()? {
            '.' => Some(Atom::Any),
            '^' => Some(Atom::Start),
            '$' => Some(Atom::End),
            '[' => self.class(),
            '(' => self.group(),
            '\\' => self.escape(),
            '*' | '+' | '?' => None,
            letter => Some(Atom::Letter(letter)),
        }
    }

    fn group(&mut self) -> Option<Atom> {
        let mut look = None;
        if self.eat('?') {
            match self.next()? {
                ':' => {}
                '=' => look = Some(false),
                '!' => look = Some(true),
                _ => return None,
            }
        }
        let branches = self.branches()?;
        if !self.eat(')') {
            return None;
        }
        Some(match look {
            None => Atom::Group(branches),
            Some(negative) => Atom::Look { negative, branches },
        })
    }

    fn escape(&mut self) -> Option<Atom> {
        let letter = self.next()?;
        match letter {
            'A' => return Some(Atom::Start),
            'z' | 'Z' => return Some(Atom::End),
            _ => {}
        }
        Some(match special(letter)? {
            Part::Range(from, _) => Atom::Letter(from),
            part => Atom::Class {
                negated: false,
                parts: vec![part],
            },
        })
    }

    fn class(&mut self) -> Option<Atom> {
        let negated = self.eat('^');
        let mut parts = Vec::new();
        loop {
            let letter = self.next()?;
            if letter == ']' && !parts.is_empty() {
                return Some(Atom::Class { negated, parts });
            }
            let part = if letter == '\\' {
                special(self.next()?)?
            } else {
                Part::Range(letter, letter)
            };
            parts.push(self.range(part)?);
        }
    }

    fn range(&mut self, part: Part) -> Option<Part> {
        let Part::Range(from, _) = part else {
            return Some(part);
        };
        let dash = self.peek() == Some('-');
        if !dash
            || self
                .letters
                .get(self.at + 1)
                .is_none_or(|after| *after == ']')
        {
            return Some(part);
        }
        self.at += 1;
        let letter = self.next()?;
        let to = if letter == '\\' {
            special(self.next()?)?
        } else {
            Part::Range(letter, letter)
        };
        match to {
            Part::Range(to, _) if from <= to => Some(Part::Range(from, to)),
            _ => None,
        }
    }

    fn quantity(&mut self) -> Option<(usize, usize)> {
        match self.peek() {
            Some('*') => self.quantified(0, usize::MAX),
            Some('+') => self.quantified(1, usize::MAX),
            Some('?') => self.quantified(0, 1),
            Some('{') => self.counted(),
            _ => Some((1, 1)),
        }
    }

    fn quantified(&mut self, least: usize, most: usize) -> Option<(usize, usize)> {
        self.at += 1;
        Some((least, most))
    }

    fn counted(&mut self) -> Option<(usize, usize)> {
        self.at += 1;
        let least = self.count()?;
        let most = if !self.eat(',') {
            least
        } else if self.peek() == Some('}') {
            usize::MAX
        } else {
            self.count()?
        };
        (self.eat('}') && least <= most).then_some((least, most))
    }

    fn count(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            self.at += 1;
        }
        self.letters[start..self.at]
            .iter()
            .collect::<String>()
            .parse()
            .ok()
    }
}

/// What a letter after a backslash stands for.
fn special(letter: char) -> Option<Part> {
    Some(match letter {
        'd' => Part::Digit(true),
        'D' => Part::Digit(false),
        'w' => Part::Word(true),
        'W' => Part::Word(false),
        's' => Part::Space(true),
        'S' => Part::Space(false),
        'n' => Part::Range('\n', '\n'),
        't' => Part::Range('\t', '\t'),
        'r' => Part::Range('\r', '\r'),
        letter if letter.is_ascii_alphanumeric() => return None,
        letter => Part::Range(letter, letter),
    })
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let parsed = Pattern::parse(pattern).expect(pattern);
        yes.iter()
            .for_each(|value| assert!(parsed.matches(value), "{pattern} takes {value:?}"));
        no.iter()
            .for_each(|value| assert!(!parsed.matches(value), "{pattern} refuses {value:?}"));
    }

    #[test]
    fn patterns_match_the_whole_value() {
        check(
            "[a-z][a-z0-9-]{1,5}",
            &["ab", "a-1"],
            &["a", "Ab", "abcdefg", "1ab"],
        );
        check(
            "^$|^https?://.+$",
            &["", "http://x", "https://y"],
            &["ftp://x", "http://"],
        );
        check(
            r"\d{1,3}(\.\d{1,3}){3}/\d+",
            &["10.0.0.0/16"],
            &["10.0.0/16"],
        );
        check("(?!-)[a-z-]+", &["a-b"], &["-a"]);
        check(
            ".+@sha256:[0-9a-f]{4}",
            &["repo@sha256:00ff"],
            &["repo:latest"],
        );
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
