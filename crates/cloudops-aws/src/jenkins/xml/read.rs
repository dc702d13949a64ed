//! Reads XML.

use super::{Element, XmlError, allowed};

/// Deepest nesting that is read.
const DEEPEST: usize = 100;

/// Reads a document.
pub(super) fn document(text: &str) -> Result<Element, XmlError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader { rest: &text };
    reader.document().map_err(|reason| {
        let read = text.len() - reader.rest.len();
        XmlError { line: text[..read].matches('\n').count() + 1, reason }
    })
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Element, String> {
        self.eat("\u{feff}");
        if self.rest.starts_with("<?xml") {
            self.until("?>")?;
        }
        self.skip_between()?;
        let root = self.element(0)?;
        self.skip_between()?;
        if self.rest.is_empty() { Ok(root) } else { Err("text after the root element".to_owned()) }
    }

    /// Blanks, comments and processing instructions.
    fn skip_between(&mut self) -> Result<(), String> {
        loop {
            self.blanks();
            if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<?") {
                self.until("?>")?;
            } else {
                return Ok(());
            }
        }
    }

    fn element(&mut self, depth: usize) -> Result<Element, String> {
        if depth > DEEPEST {
            return Err("elements are nested too deeply".to_owned());
        }
        if self.rest.starts_with("<!DOCTYPE") {
            return Err("a document type is not allowed".to_owned());
        }
        self.expect("<")?;
        let mut element = Element { name: self.name()?, ..Element::default() };
        loop {
            let blank = self.blanks();
            if self.eat("/>") {
                return Ok(element);
            }
            if self.eat(">") {
                break;
            }
            if !blank {
                return Err(format!("a blank is missing in <{}>", element.name));
            }
            self.attribute(&mut element)?;
        }
        self.content(&mut element, depth)?;
        Ok(element)
    }

    fn attribute(&mut self, element: &mut Element) -> Result<(), String> {
        let name = self.name()?;
        self.blanks();
        self.expect("=")?;
        self.blanks();
        let quote = if self.eat("\"") {
            "\""
        } else {
            self.expect("'")?;
            "'"
        };
        let value = unescape(self.until(quote)?)?;
        match element.attributes.insert(name.clone(), value) {
            Some(_) => Err(format!("attribute {name} stands twice in <{}>", element.name)),
            None => Ok(()),
        }
    }

    fn content(&mut self, element: &mut Element, depth: usize) -> Result<(), String> {
        loop {
            let end =
                self.rest.find('<').ok_or_else(|| format!("<{}> is not closed", element.name))?;
            let (text, rest) = self.rest.split_at(end);
            element.text.push_str(&unescape(text)?);
            self.rest = rest;
            if self.eat("</") {
                break;
            } else if self.eat("<!--") {
                self.until("-->")?;
            } else if self.eat("<![CDATA[") {
                element.text.push_str(self.until("]]>")?);
            } else if self.eat("<?") {
                self.until("?>")?;
            } else {
                element.children.push(self.element(depth + 1)?);
            }
        }
        if self.name()? != element.name {
            return Err(format!("<{}> is closed by another name", element.name));
        }
        self.blanks();
        self.expect(">")?;
        if !element.children.is_empty() && element.text.trim().is_empty() {
            element.text.clear();
        }
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        let end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '$'));
        let length = self.rest.find(end).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(length);
        if name.is_empty() || name.starts_with(|c: char| c.is_numeric() || matches!(c, '-' | '.')) {
            return Err("a name is missing".to_owned());
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn blanks(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        any
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) { Ok(()) } else { Err(format!("`{text}` is missing")) }
    }

    fn until(&mut self, end: &str) -> Result<&'a str, String> {
        let (found, rest) =
            self.rest.split_once(end).ok_or_else(|| format!("`{end}` is missing"))?;
        self.rest = rest;
        Ok(found)
    }
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';').ok_or("`;` is missing after `&`")?;
        out.push_str(before);
        out.push(character(entity).ok_or_else(|| format!("unknown entity &{entity};"))?);
        rest = after;
    }
    out.push_str(rest);
    match out.chars().find(|c| !allowed(*c)) {
        Some(bad) => Err(format!("{} is not allowed in XML", bad.escape_default())),
        None => Ok(out),
    }
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
