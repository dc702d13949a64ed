//! The grammar.

use std::time::Duration;

use super::{
    Condition, Pipeline, Stage, Step,
    lex::{Placed, Word},
    value::{Arguments, Value, none_left, take},
};

/// Options that the stand-in reads over.
const OTHER_OPTIONS: [&str; 5] = [
    "buildDiscarder",
    "disableConcurrentBuilds",
    "disableResume",
    "skipDefaultCheckout",
    "timestamps",
];

pub(super) type Parsed<T> = Result<T, String>;

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

    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.next).map(|(_, word)| word)
    }

    /// Whether a mark stands behind the next word.
    pub(super) fn follows(&self, mark: char) -> bool {
        self.words.get(self.next + 1).is_some_and(|(_, word)| *word == Word::Mark(mark))
    }

    pub(super) fn eat(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Word::Mark(mark));
        self.next += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, mark: char) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(format!("expecting '{mark}'")) }
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        let Some(Word::Name(name)) = self.peek().cloned() else {
            return Err("expecting a name".to_owned());
        };
        self.next += 1;
        Ok(name)
    }

    pub(super) fn text(&mut self) -> Parsed<String> {
        let Some(Word::Text(text)) = self.peek().cloned() else {
            return Err("expecting a text".to_owned());
        };
        self.next += 1;
        Ok(text)
    }

    /// `{ NAME ... }`: calls `each` with every name.
    pub(super) fn block(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Parsed<()>,
    ) -> Parsed<()> {
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
                    pipeline.label = parser.agent()?;
                }
                "options" => pipeline.timeout = parser.options()?,
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

    /// The label, where there is one.
    fn agent(&mut self) -> Parsed<Option<String>> {
        if self.peek() == Some(&Word::Mark('{')) {
            let mut label = None;
            self.block(|parser, name| match name {
                "label" => {
                    label = Some(parser.text()?);
                    Ok(())
                }
                name => Err(format!("agent type \"{name}\" is not supported by the stand-in")),
            })?;
            return Ok(label);
        }
        match self.name()?.as_str() {
            "any" | "none" => Ok(None),
            name => Err(format!("Invalid agent type \"{name}\"")),
        }
    }

    fn options(&mut self) -> Parsed<Option<Duration>> {
        let mut longest = None;
        self.block(|parser, name| {
            let arguments = if parser.eat('(') {
                let arguments = parser.arguments()?;
                parser.expect(')')?;
                arguments
            } else {
                Vec::new()
            };
            match name {
                "timeout" => longest = Some(timeout(arguments)?),
                name if OTHER_OPTIONS.contains(&name) => {}
                name => return Err(format!("Invalid option type \"{name}\"")),
            }
            Ok(())
        })?;
        Ok(longest)
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
                "agent" => drop(parser.agent()?),
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
                "unstable" => Condition::Unstable,
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
}

/// `timeout(time: 90, unit: 'SECONDS')`.
fn timeout(mut arguments: Arguments) -> Parsed<Duration> {
    let time = match take(&mut arguments, "time") {
        Some(Value::Word(number)) => number.parse::<u64>().ok(),
        _ => None,
    };
    let unit = match take(&mut arguments, "unit").map(Value::text).transpose()?.as_deref() {
        Some("MILLISECONDS") => Some(1),
        Some("SECONDS") => Some(1000),
        None | Some("MINUTES") => Some(60_000),
        Some("HOURS") => Some(3_600_000),
        Some("DAYS") => Some(86_400_000),
        Some(_) => None,
    };
    none_left(&arguments)?;
    let (time, unit) = time.zip(unit).ok_or("timeout needs a time and a unit")?;
    Ok(Duration::from_millis(time * unit))
}
