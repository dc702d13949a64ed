//! Answers and errors of the query protocol.

use std::fmt::Write as _;

use serde_json::Value;
use uuid::Uuid;

const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// An HTTP answer of CloudFormation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; its content type is `text/xml`.
    pub xml: String,
}

/// An error that CloudFormation answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    pub(super) fn answer(&self) -> Answer {
        let xml = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code>\
             <Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
            escaped(&self.code),
            escaped(&self.message),
            Uuid::new_v4(),
        );
        Answer { status: self.status, xml }
    }
}

/// The answer of `action`: an object becomes elements, a list `<member>`s, null nothing.
pub(super) fn success(action: &str, result: &Value) -> Answer {
    let mut body = String::new();
    content(result, &mut body);
    let xml = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{body}</{action}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>",
        Uuid::new_v4(),
    );
    Answer { status: 200, xml }
}

fn content(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => {
            let _ = write!(out, "{truth}");
        }
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Array(items) => items.iter().for_each(|item| element("member", item, out)),
        Value::Object(map) => map.iter().for_each(|(name, inner)| element(name, inner, out)),
    }
}

fn element(name: &str, value: &Value, out: &mut String) {
    if value.is_null() {
        return;
    }
    let _ = write!(out, "<{name}>");
    content(value, out);
    let _ = write!(out, "</{name}>");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn results_become_the_xml_of_the_query_protocol() {
        let answer = success("ListThings", &json!({"Names": ["a<b", 1], "None": null, "On": true}));
        let expect = "<ListThingsResult><Names><member>a&lt;b</member><member>1</member></Names>\
                      <On>true</On></ListThingsResult>";
        assert!(answer.xml.contains(expect), "{}", answer.xml);
    }

    #[test]
    fn a_fault_is_a_sender_error() {
        let answer = Fault::validation("no \"x\"").answer();
        assert_eq!(answer.status, 400);
        let expect = "<Error><Type>Sender</Type><Code>ValidationError</Code>\
                      <Message>no &quot;x&quot;</Message></Error>";
        assert!(answer.xml.contains(expect), "{}", answer.xml);
    }
}
