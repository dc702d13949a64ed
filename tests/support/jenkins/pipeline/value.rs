//! Values of arguments: texts, words, lists, maps and calls.

use super::{
    lex::Word,
    parse::{Parsed, Parser},
};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A number, `true` or `false`.
    Word(String),
    List(Vec<Value>),
    Map(Arguments),
    Call(String, Arguments),
}

/// Arguments by name; the one without a name has the empty one.
pub(super) type Arguments = Vec<(String, Value)>;

impl Value {
    pub(super) fn text(self) -> Parsed<String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("expecting a text, not {other:?}")),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::Word("true".to_owned())
    }

    pub(super) fn list(self) -> Parsed<Vec<Self>> {
        match self {
            Self::List(values) => Ok(values),
            other => Err(format!("expecting a list, not {other:?}")),
        }
    }

    pub(super) fn map(self) -> Parsed<Arguments> {
        match self {
            Self::Map(entries) => Ok(entries),
            other => Err(format!("expecting a map, not {other:?}")),
        }
    }
}

/// Takes an argument out.
pub(super) fn take(arguments: &mut Arguments, name: &str) -> Option<Value> {
    let place = arguments.iter().position(|(other, _)| other == name)?;
    Some(arguments.remove(place).1)
}

/// Refuses what is left.
pub(super) fn none_left(arguments: &Arguments) -> Parsed<()> {
    match arguments.first() {
        Some((other, _)) => Err(format!("parameter \"{other}\" is not supported by the stand-in")),
        None => Ok(()),
    }
}

impl Parser {
    /// Arguments up to a `)`, a `]`, or the end of a step without brackets.
    pub(super) fn arguments(&mut self) -> Parsed<Arguments> {
        let mut arguments = Vec::new();
        if matches!(self.peek(), Some(Word::Mark(')' | ']' | '}'))) {
            return Ok(arguments);
        }
        loop {
            let named = matches!(self.peek(), Some(Word::Name(_))) && self.follows(':');
            let name = if named {
                let name = self.name()?;
                self.expect(':')?;
                name
            } else {
                String::new()
            };
            arguments.push((name, self.value()?));
            if !self.eat(',') {
                return Ok(arguments);
            }
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        if self.eat('[') {
            let entries = self.arguments()?;
            self.expect(']')?;
            let is_map = entries.iter().any(|(name, _)| !name.is_empty());
            let values = entries.iter().map(|(_, value)| value.clone()).collect();
            return Ok(if is_map { Value::Map(entries) } else { Value::List(values) });
        }
        if !matches!(self.peek(), Some(Word::Name(_))) {
            return self.text().map(Value::Text);
        }
        let name = self.name()?;
        if !self.eat('(') {
            return Ok(Value::Word(name));
        }
        let arguments = self.arguments()?;
        self.expect(')')?;
        Ok(Value::Call(name, arguments))
    }
}
