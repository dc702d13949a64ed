//! Reads the parameters of a query-protocol request.

use std::collections::BTreeMap;

use super::answer::Fault;

/// The decoded form of a request.
pub(super) struct Form(pub(super) BTreeMap<String, String>);

impl Form {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| {
            let lower = name.chars().enumerate().map(|(index, letter)| {
                if index == 0 { letter.to_ascii_lowercase() } else { letter }
            });
            Fault::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: \
                 Member must not be null",
                lower.collect::<String>()
            ))
        })
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The texts of `name.member.1`, `name.member.2`, ...
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        (1..).map_while(|index| self.0.get(&format!("{name}.member.{index}")).cloned()).collect()
    }

    /// The structures of `name.member.1.Field`, `name.member.2.Field`, ...
    pub(super) fn structures(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        (1..)
            .map_while(|index| {
                let prefix = format!("{name}.member.{index}.");
                let fields: BTreeMap<String, String> = self
                    .0
                    .range(prefix.clone()..)
                    .take_while(|(key, _)| key.starts_with(&prefix))
                    .map(|(key, value)| (key[prefix.len()..].to_owned(), value.clone()))
                    .collect();
                (!fields.is_empty()).then_some(fields)
            })
            .collect()
    }

    /// The tags of a request.
    pub(super) fn tags(&self) -> Option<Vec<(String, String)>> {
        let given = self.0.keys().any(|key| key == "Tags" || key.starts_with("Tags."));
        given.then(|| {
            let pair = |mut tag: BTreeMap<String, String>| {
                Some((tag.remove("Key")?, tag.remove("Value").unwrap_or_default()))
            };
            self.structures("Tags").into_iter().filter_map(pair).collect()
        })
    }
}

/// A page of `items` from the token on, and the token of the next one.
pub(super) fn page<T: Clone>(
    items: &[T],
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let start = match token {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|number| number.parse::<usize>().ok())
            .ok_or_else(|| Fault::validation("NextToken is invalid"))?,
    };
    let end = items.len().min(start.saturating_add(size));
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items.get(start..end).map(<[T]>::to_vec).unwrap_or_default(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures_are_read_in_order() {
        let pairs = [
            ("Capabilities.member.1", "A"),
            ("Capabilities.member.2", "B"),
            ("Parameters.member.1.ParameterKey", "K"),
            ("Parameters.member.1.ParameterValue", "V"),
            ("Tags.member.1.Key", "T"),
        ];
        let form = Form(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        assert_eq!(form.list("Capabilities"), ["A", "B"]);
        assert_eq!(form.structures("Parameters")[0]["ParameterValue"], "V");
        assert_eq!(form.tags(), Some(vec![("T".to_owned(), String::new())]));
        let missing = form.required("StackName").expect_err("missing");
        assert!(missing.message.contains("Value null at 'stackName'"));
    }

    #[test]
    fn pages_follow_each_other() {
        let (first, next) = page(&[1, 2, 3], None, 2).expect("a page");
        assert_eq!((first, next.as_deref()), (vec![1, 2], Some("page-2")));
        let (last, next) = page(&[1, 2, 3], next.as_deref(), 2).expect("a page");
        assert_eq!((last, next), (vec![3], None));
    }
}
