//! Words of a Jenkinsfile.

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A name, a number or a keyword.
    Name(String),
    /// A text, unescaped.
    Text(String),
    /// One of `{ } ( ) [ ] : , ; =`.
    Mark(char),
}

/// A word and its line, from 1.
pub(super) type Placed = (usize, Word);

/// Cuts a Jenkinsfile into words.
///
/// # Errors
/// Line and sentence, for texts that are not closed, interpolation and other characters.
pub(super) fn words(source: &str) -> Result<Vec<Placed>, (usize, String)> {
    let mut lexer = Lexer { rest: source, line: 1 };
    let mut words = Vec::new();
    while let Some(word) = lexer.next().map_err(|reason| (lexer.line, reason))? {
        words.push(word);
    }
    Ok(words)
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Placed>, String> {
        self.skip()?;
        let line = self.line;
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let word = match first {
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | ',' | ';' | '=' => {
                self.take(1);
                Word::Mark(first)
            }
            '\'' | '"' => Word::Text(self.text(first)?),
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let end = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.');
                let length = self.rest.find(end).unwrap_or(self.rest.len());
                Word::Name(self.take(length).to_owned())
            }
            c => return Err(format!("unexpected token: {c}")),
        };
        Ok(Some((line, word)))
    }

    /// Moves on by a number of bytes.
    fn take(&mut self, bytes: usize) -> &str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// Blanks and comments.
    fn skip(&mut self) -> Result<(), String> {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.take(blanks);
            if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                let end = self.rest.find("*/").ok_or("a comment is not closed")?;
                self.take(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    /// A text between `'`, `"`, `'''` or `"""`, with the escapes of Groovy.
    fn text(&mut self, quote: char) -> Result<String, String> {
        let triple: String = [quote; 3].iter().collect();
        let long = self.rest.starts_with(&triple);
        let end = if long { triple } else { quote.to_string() };
        self.take(end.len());
        let mut text = String::new();
        loop {
            if self.rest.starts_with(&end) {
                self.take(end.len());
                return Ok(text);
            }
            let c = self.rest.chars().next().ok_or("a text is not closed")?;
            match c {
                '\\' => self.escape(&mut text)?,
                '\n' if !long => return Err("a text is not closed on its line".to_owned()),
                '$' if quote == '"' => {
                    return Err("interpolation is not supported by the stand-in".to_owned());
                }
                c => {
                    self.take(c.len_utf8());
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        self.take(1);
        let c = self.rest.chars().next().ok_or("a text is not closed")?;
        self.take(c.len_utf8());
        text.push(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            '\\' | '\'' | '"' | '$' => c,
            // A line that goes on.
            '\n' => return Ok(()),
            'u' => {
                let hex = self.rest.get(..4).ok_or("\\u lacks its four digits")?;
                let code = u32::from_str_radix(hex, 16).map_err(|_| "\\u lacks its four digits")?;
                self.take(4);
                char::from_u32(code).ok_or("\\u names no character")?
            }
            c => return Err(format!("unexpected escape \\{c}")),
        });
        Ok(())
    }
}
