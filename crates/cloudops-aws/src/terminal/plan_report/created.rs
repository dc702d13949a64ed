//! What a new stack adds, by kind.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::{super::report::Style, access::is_access, wrapped};
use crate::{cfn::words, cost::Created};

/// Resource types, counted, in the order in which they come.
struct Kinds(Vec<(String, usize)>);

impl Kinds {
    fn of<'a>(types: impl IntoIterator<Item = &'a String>) -> Self {
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for resource_type in types {
            match kinds.iter_mut().find(|(known, _)| known == resource_type) {
                Some((_, count)) => *count += 1,
                None => kinds.push((resource_type.clone(), 1)),
            }
        }
        Self(kinds)
    }

    fn words(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let wanted = self.0.iter().filter(|(resource_type, _)| wanted(resource_type));
        wanted.map(|(resource_type, count)| words::of(resource_type).counted(*count)).collect()
    }
}

/// `resources` are all of the template; `known` says which of them the conditions let exist.
pub(super) fn human(
    out: &mut dyn Write,
    style: Style,
    resources: &[String],
    known: Option<&Created>,
) -> fmt::Result {
    let sure = known.map_or(resources, |known| &known.sure);
    let most = if known.is_some() { "" } else { " at most" };
    lines(out, style, sure, most)?;
    match known.filter(|known| !known.maybe.is_empty()) {
        Some(known) => lines(out, style, &known.maybe, " perhaps"),
        None => Ok(()),
    }
}

fn lines(out: &mut dyn Write, style: Style, types: &[String], how: &str) -> fmt::Result {
    let kinds = Kinds::of(types);
    let rest = kinds.words(|resource_type| !is_access(resource_type));
    if !rest.is_empty() {
        wrapped(out, &format!("    adds{how}:"), &rest)?;
    }
    let access = kinds.words(is_access);
    match access.is_empty() {
        true => Ok(()),
        false => {
            let heading = style.bold("who may do what, and who reaches what");
            wrapped(out, &format!("    {heading}, adds{how}:"), &access)
        }
    }
}

pub(super) fn json(resources: &[String], known: Option<&Created>) -> Value {
    let counted = |types: &[String]| -> Value {
        let kinds = Kinds::of(types).0.into_iter().map(|(resource_type, count)| {
            let words = words::of(&resource_type).counted(count);
            json!({ "type": resource_type, "count": count, "words": words })
        });
        kinds.collect()
    };
    match known {
        Some(known) => json!({ "sure": counted(&known.sure), "perhaps": counted(&known.maybe) }),
        None => json!({ "at_most": counted(resources) }),
    }
}
