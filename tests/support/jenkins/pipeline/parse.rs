//! The grammar.

use std::collections::BTreeMap;

use super::{
    Condition, Pipeline, Stage, Step,
    lex::{Placed, Word},
};

type Parsed<T> = Result<T, String>;

/// Reads words into a pipeline.
pub(super) struct Parser {
    words: Vec<Placed>,
    next: usize,
}

impl Parser {
    pub(super) fn new(words: Vec<Placed>) -> Self {
        Self { words, next: 0 }
    }

    /// Line of the word that was read last.
    pub(super) fn line(&self) -> usize {
        self.words.get(self.next.saturating_sub(1)).map_or(1, |(line, _)| *line)
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.next).map(|(_, word)| word)
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Word::Mark(mark));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(format!("expecting '{mark}'")) }
    }

    fn name(&mut self) -> Parsed<String> {
        let Some(Word::Name(name)) = self.peek().cloned() else {
            return Err("expecting a name".to_owned());
        };
        self.next += 1;
        Ok(name)
    }

    fn text(&mut self) -> Parsed<String> {
        let Some(Word::Text(text)) = self.peek().cloned() else {
            return Err("expecting a text".to_owned());
        };
        self.next += 1;
        Ok(text)
    }

    /// `{ NAME ... }`: calls `each` with every name.
    fn block(&mut self, mut each: impl FnMut(&mut Self, &str) -> Parsed<()>) -> Parsed<()> {
        self.expect('{')?;
        while !self.eat('}') {
            if self.eat(';') {
                continue;
            }
            let name = self.name()?;
            each(self, &name)?;
        }
        Ok(())
    }

    pub(super) fn pipeline(&mut self) -> Parsed<Pipeline> {
        if self.name()? != "pipeline" {
            return Err("only a declarative pipeline is supported by the stand-in".to_owned());
        }
        let mut pipeline = Pipeline::default();
        let mut agent = false;
        self.block(|parser, name| {
            match name {
                "agent" => {
                    agent = true;
                    parser.agent()?;
                }
                "options" => parser.skip_block()?,
                "environment" => pipeline.env = parser.environment()?,
                "stages" => pipeline.stages = parser.stages()?,
                "post" => pipeline.post = parser.post()?,
                name => return Err(format!("Undefined section \"{name}\"")),
            }
            Ok(())
        })?;
        if self.peek().is_some() {
            return Err("text after the pipeline".to_owned());
        }
        match (agent, pipeline.stages.is_empty()) {
            (false, _) => Err("Missing required section \"agent\"".to_owned()),
            (_, true) => Err("Missing required section \"stages\"".to_owned()),
            _ => Ok(pipeline),
        }
    }

    fn agent(&mut self) -> Parsed<()> {
        if self.peek() == Some(&Word::Mark('{')) {
            return self.block(|parser, name| match name {
                "label" => parser.text().map(drop),
                name => Err(format!("agent type \"{name}\" is not supported by the stand-in")),
            });
        }
        match self.name()?.as_str() {
            "any" | "none" => Ok(()),
            name => Err(format!("Invalid agent type \"{name}\"")),
        }
    }

    fn skip_block(&mut self) -> Parsed<()> {
        self.expect('{')?;
        let mut depth = 1;
        while depth > 0 {
            match self.peek() {
                Some(Word::Mark('{')) => depth += 1,
                Some(Word::Mark('}')) => depth -= 1,
                Some(_) => {}
                None => return Err("expecting '}'".to_owned()),
            }
            self.next += 1;
        }
        Ok(())
    }

    fn environment(&mut self) -> Parsed<Vec<(String, String)>> {
        let mut env = Vec::new();
        self.block(|parser, name| {
            parser.expect('=')?;
            env.push((name.to_owned(), parser.text()?));
            Ok(())
        })?;
        Ok(env)
    }

    fn stages(&mut self) -> Parsed<Vec<Stage>> {
        let mut stages = Vec::new();
        self.block(|parser, name| {
            if name != "stage" {
                return Err(format!("Expected a stage, not \"{name}\""));
            }
            stages.push(parser.stage()?);
            Ok(())
        })?;
        Ok(stages)
    }

    fn stage(&mut self) -> Parsed<Stage> {
        self.expect('(')?;
        let mut stage = Stage { name: self.text()?, ..Stage::default() };
        self.expect(')')?;
        self.block(|parser, name| {
            match name {
                "agent" => parser.agent()?,
                "environment" => stage.env = parser.environment()?,
                "steps" => stage.steps = parser.steps()?,
                name => return Err(format!("Unknown stage section \"{name}\"")),
            }
            Ok(())
        })?;
        if stage.steps.is_empty() {
            return Err(format!("Nothing to execute within stage \"{}\"", stage.name));
        }
        Ok(stage)
    }

    fn post(&mut self) -> Parsed<Vec<(Condition, Vec<Step>)>> {
        let mut post = Vec::new();
        self.block(|parser, name| {
            let condition = match name {
                "always" => Condition::Always,
                "success" => Condition::Success,
                "failure" => Condition::Failure,
                "aborted" => Condition::Aborted,
                "cleanup" => Condition::Cleanup,
                name => return Err(format!("Invalid condition \"{name}\"")),
            };
            post.push((condition, parser.steps()?));
            Ok(())
        })?;
        Ok(post)
    }

    fn steps(&mut self) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        self.block(|parser, name| {
            steps.push(parser.step(name)?);
            Ok(())
        })?;
        Ok(steps)
    }

    fn step(&mut self, name: &str) -> Parsed<Step> {
        let brackets = self.eat('(');
        let mut arguments = self.arguments()?;
        if brackets {
            self.expect(')')?;
        }
        let main = match name {
            "sh" => "script",
            "echo" => "message",
            "archiveArtifacts" => "artifacts",
            name => return Err(format!("No such DSL method '{name}' found among steps")),
        };
        let text = arguments.remove("").or_else(|| arguments.remove(main));
        let text = text.ok_or_else(|| format!("Missing required parameter: \"{main}\""))?;
        let step = match name {
            "sh" => {
                arguments.remove("label");
                Step::Sh(text)
            }
            "echo" => Step::Echo(text),
            _ => {
                let allow_empty = arguments.remove("allowEmptyArchive");
                let allow_empty = allow_empty.as_deref() == Some("true");
                Step::Archive { pattern: text, allow_empty }
            }
        };
        match arguments.into_keys().next() {
            Some(other) => Err(format!("parameter \"{other}\" is not supported by the stand-in")),
            None => Ok(step),
        }
    }

    /// `'text'`, or `name: 'text', name: true`.
    fn arguments(&mut self) -> Parsed<BTreeMap<String, String>> {
        if matches!(self.peek(), Some(Word::Text(_))) {
            return Ok(BTreeMap::from([(String::new(), self.text()?)]));
        }
        let mut arguments = BTreeMap::new();
        loop {
            let name = self.name()?;
            self.expect(':')?;
            let value = match self.peek() {
                Some(Word::Name(_)) => self.name()?,
                _ => self.text()?,
            };
            arguments.insert(name, value);
            if !self.eat(',') {
                return Ok(arguments);
            }
        }
    }
}
