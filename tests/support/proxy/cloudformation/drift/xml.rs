//! Reads the XML answers of services.

use serde_json::{Map, Value};

/// Text of the first element with this name.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    Some(unescaped(inside(xml, name)?))
}

/// What is inside of the first element with this name, tags and all.
pub(super) fn inside<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let after = xml.split_once(&format!("<{name}>"))?.1;
    after.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

/// The elements with this name, tags and all.
pub(super) fn each<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let close = format!("</{name}>");
    let parts = xml.split(&format!("<{name}>")).skip(1).collect::<Vec<_>>();
    parts.into_iter().filter_map(|part| part.split_once(&close)).map(|(one, _)| one).collect()
}

/// The elements of these names, as properties. Those that are not there are not compared.
pub(super) fn properties(xml: &str, fields: &[(&str, &str)]) -> Value {
    let found = fields.iter().filter_map(|(property, name)| {
        let text = element(xml, name).filter(|text| !text.contains('<'))?;
        Some(((*property).to_owned(), Value::String(text)))
    });
    Value::Object(found.collect::<Map<_, _>>())
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_become_properties() {
        let xml = "<A><Port>80</Port><Path>/a&amp;b</Path><L><m>1</m><m>2</m></L></A>";
        let fields =
            [("Port", "Port"), ("HealthCheckPath", "Path"), ("Missing", "Missing"), ("L", "L")];
        assert_eq!(properties(xml, &fields), json!({"Port": "80", "HealthCheckPath": "/a&b"}));
        assert_eq!(each(inside(xml, "L").expect("a list"), "m"), ["1", "2"]);
    }
}
