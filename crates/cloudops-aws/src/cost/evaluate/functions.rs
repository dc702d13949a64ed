//! Functions that give a value.

use serde_json::Value;

use super::{Evaluated, Evaluator, RESOURCE_MARK};

impl Evaluator<'_> {
    pub(super) fn function(&self, name: &str, argument: &Value) -> Evaluated {
        match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(target),
            ("Fn::If", Value::Array(parts)) => self.choose(parts),
            ("Fn::Sub", argument) => self.substitute(argument),
            ("Fn::Join", Value::Array(parts)) => self.join(parts),
            ("Fn::Split", Value::Array(parts)) => self.split(parts),
            ("Fn::Select", Value::Array(parts)) => self.select(parts),
            ("Fn::FindInMap", Value::Array(parts)) => self.find_in_map(parts),
            ("Fn::GetAtt", Value::Array(parts)) => {
                let resource = parts.first().and_then(Value::as_str).unwrap_or("it");
                Evaluated::Unknown(format!("only known once {resource} exists"))
            }
            _ => Evaluated::Unknown(format!("{name} is not evaluated")),
        }
    }

    fn reference(&self, target: &str) -> Evaluated {
        match target {
            "AWS::NoValue" => return Evaluated::Absent,
            "AWS::Region" => return Evaluated::Text(self.region.to_string()),
            _ => {}
        }
        if let Some(value) = self.parameters.get(target) {
            return value.clone();
        }
        if self.body["Resources"].get(target).is_some() {
            return Evaluated::Text(format!("{RESOURCE_MARK}{target}"));
        }
        Evaluated::Unknown(format!("{target} is not evaluated"))
    }

    fn choose(&self, parts: &[Value]) -> Evaluated {
        let [Value::String(condition), then, otherwise] = parts else {
            return malformed("Fn::If");
        };
        match self.condition(condition) {
            Ok(true) => self.evaluate(then),
            Ok(false) => self.evaluate(otherwise),
            Err(why) => Evaluated::Unknown(why),
        }
    }

    fn substitute(&self, argument: &Value) -> Evaluated {
        let (template, own) = match argument {
            Value::String(text) => (text.as_str(), &Value::Null),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), own] => (text.as_str(), own),
                _ => return malformed("Fn::Sub"),
            },
            _ => return malformed("Fn::Sub"),
        };
        match self.filled(template, own) {
            Ok(text) => Evaluated::Text(text),
            Err(why) => Evaluated::Unknown(why),
        }
    }

    fn filled(&self, template: &str, own: &Value) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, remaining)) = after.split_once('}') else {
                return Err("Fn::Sub has no end of a name".to_owned());
            };
            match name.strip_prefix('!') {
                Some(literal) => filled.push_str(&format!("${{{literal}}}")),
                None => filled.push_str(&self.named(name.trim(), own)?),
            }
            rest = remaining;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn named(&self, name: &str, own: &Value) -> Result<String, String> {
        let value = match own.get(name) {
            Some(value) => self.evaluate(value),
            None => self.reference(name),
        };
        Ok(value.text()?.unwrap_or_default().to_owned())
    }

    fn join(&self, parts: &[Value]) -> Evaluated {
        let [Value::String(between), items] = parts else { return malformed("Fn::Join") };
        let items = match self.evaluate(items) {
            Evaluated::List(items) => items,
            Evaluated::Unknown(why) => return Evaluated::Unknown(why),
            _ => return malformed("Fn::Join"),
        };
        let texts: Result<Vec<&str>, String> =
            items.iter().map(|item| Ok(item.text()?.unwrap_or_default())).collect();
        match texts {
            Ok(texts) => Evaluated::Text(texts.join(between)),
            Err(why) => Evaluated::Unknown(why),
        }
    }

    fn split(&self, parts: &[Value]) -> Evaluated {
        let [Value::String(between), text] = parts else { return malformed("Fn::Split") };
        match self.evaluate(text) {
            Evaluated::Text(text) if !between.is_empty() => Evaluated::List(
                text.split(between.as_str()).map(|part| Evaluated::Text(part.to_owned())).collect(),
            ),
            Evaluated::Unknown(why) => Evaluated::Unknown(why),
            _ => malformed("Fn::Split"),
        }
    }

    fn select(&self, parts: &[Value]) -> Evaluated {
        let [index, list] = parts else { return malformed("Fn::Select") };
        let index = match self.evaluate(index).number() {
            Ok(Some(index)) if index >= 0.0 && index.fract() == 0.0 => index as usize,
            Ok(_) => return malformed("Fn::Select"),
            Err(why) => return Evaluated::Unknown(why),
        };
        match self.evaluate(list).at(index) {
            // CloudFormation refuses an index beyond the end; here it is just not known.
            Evaluated::Absent => malformed("Fn::Select"),
            item => item.clone(),
        }
    }

    fn find_in_map(&self, parts: &[Value]) -> Evaluated {
        let [map, first, second] = parts else { return malformed("Fn::FindInMap") };
        let keys: Vec<Evaluated> =
            [map, first, second].into_iter().map(|part| self.evaluate(part)).collect();
        let mut found = &self.body["Mappings"];
        for key in &keys {
            match key {
                Evaluated::Text(key) => found = &found[key.as_str()],
                Evaluated::Unknown(why) => return Evaluated::Unknown(why.clone()),
                _ => return malformed("Fn::FindInMap"),
            }
        }
        if found.is_null() { malformed("Fn::FindInMap") } else { self.evaluate(found) }
    }
}

fn malformed(function: &str) -> Evaluated {
    Evaluated::Unknown(format!("{function} cannot be evaluated here"))
}
