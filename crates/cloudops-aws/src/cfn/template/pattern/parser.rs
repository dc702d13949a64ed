//! Reads a pattern.

use super::{Atom, Part, Piece};

/// Nesting of groups after which a pattern counts as unreadable.
const MOST_DEPTH: usize = 64;

/// Reads a pattern letter by letter.
pub(super) struct Parser {
    letters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { letters: text.chars().collect(), at: 0, depth: 0 }
    }

    /// The branches of the whole pattern.
    pub(super) fn all(mut self) -> Option<Vec<Vec<Piece>>> {
        let branches = self.branches()?;
        (self.at == self.letters.len()).then_some(branches)
    }

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
        while self.peek().is_some_and(|letter| letter != '|' && letter != ')') {
            let atom = self.atom()?;
            let (least, most) = self.quantity()?;
            // `*+` (possessive) is treated as greedy: it only saves time.
            let greedy = !self.eat('?');
            self.eat('+');
            pieces.push(Piece { atom, least, most, greedy });
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
            part => Atom::Class { negated: false, parts: vec![part] },
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
            let part =
                if letter == '\\' { special(self.next()?)? } else { Part::Range(letter, letter) };
            parts.push(self.range(part)?);
        }
    }

    fn range(&mut self, part: Part) -> Option<Part> {
        let Part::Range(from, _) = part else {
            return Some(part);
        };
        let dash = self.peek() == Some('-');
        if !dash || self.letters.get(self.at + 1).is_none_or(|after| *after == ']') {
            return Some(part);
        }
        self.at += 1;
        let letter = self.next()?;
        let to = if letter == '\\' { special(self.next()?)? } else { Part::Range(letter, letter) };
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
        self.letters[start..self.at].iter().collect::<String>().parse().ok()
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
