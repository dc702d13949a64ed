//! Which Java and Tomcat a suite needs: it says so itself since 8.5; for older ones there is a
//! table.

use std::io::{Read, Seek};

use serde::{Deserialize, Deserializer};

use super::{Archive, PackageError};

const FILE: &str = "ops-spec.json";
/// Far more than a few versions need.
const MOST: u64 = 1 << 20;

/// Suites that do not say what they need, by the first two numbers of their version.
const TABLE: [(&str, &str, &str); 3] =
    [("8.1", "8", "9.0.16"), ("8.2", "8", "9.0.16"), ("8.3", "8", "9.0.50")];

/// Versions that the suite needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpsSpec {
    /// Java, such as `17`.
    #[serde(deserialize_with = "text")]
    pub java: String,
    /// Tomcat, such as `9.0.70`.
    #[serde(deserialize_with = "text")]
    pub tomcat: String,
}

/// Who says which versions a suite needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecSource {
    /// `ops-spec.json` in the package.
    Package,
    /// Our table, by the version of the suite.
    Table,
}

impl SpecSource {
    /// The source as text, such as `ops-spec.json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => FILE,
            Self::Table => "version table",
        }
    }
}

/// A version is text, and `17` is written as a number too.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a version, such as \"17\"")]
    enum Version {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(match Version::deserialize(from)? {
        Version::Text(text) => text,
        Version::Number(number) => number.to_string(),
    })
}

/// What the suite needs, and who says so; none when nobody does.
pub(super) fn needed<R: Read + Seek>(
    archive: &mut Archive<R>,
    suite: Option<&str>,
) -> Result<Option<(OpsSpec, SpecSource)>, PackageError> {
    match archive.read_if_there(FILE, MOST)? {
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(spec) => Ok(Some((spec, SpecSource::Package))),
            Err(error) => Err(archive.refused(FILE, error.to_string())),
        },
        None => Ok(suite.and_then(from_table).map(|spec| (spec, SpecSource::Table))),
    }
}

fn from_table(suite: &str) -> Option<OpsSpec> {
    let is_of = |release: &str| {
        let rest = suite.strip_prefix(release)?;
        rest.chars().next().is_none_or(|next| next == '.' || next == '-').then_some(())
    };
    let (_, java, tomcat) = TABLE.iter().find(|(release, ..)| is_of(release).is_some())?;
    Some(OpsSpec { java: (*java).to_owned(), tomcat: (*tomcat).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_the_releases_that_do_not_say() {
        let tomcat = |suite: &str| from_table(suite).map(|spec| spec.tomcat);
        assert_eq!(tomcat("8.1.0").as_deref(), Some("9.0.16"));
        assert_eq!(tomcat("8.3-SNAPSHOT").as_deref(), Some("9.0.50"));
        for unknown in ["8.30.0", "8.4.0", "9", ""] {
            assert_eq!(tomcat(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_number_is_a_version_too() {
        let spec: OpsSpec =
            serde_json::from_str(r#"{"java":17,"tomcat":"9.0.70","maven":"3.9"}"#).unwrap();
        assert_eq!(spec.java, "17");
        let error = serde_json::from_str::<OpsSpec>(r#"{"java":[],"tomcat":""}"#).unwrap_err();
        assert!(error.to_string().contains("a version, such as"), "{error}");
    }
}
