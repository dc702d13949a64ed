//! `source`: the commerce source code, how it is built, and when.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::{
    ConfigError,
    at::{At, text, texts},
    raw::Text,
};
use crate::ids::EnvName;

/// Source code of the commerce suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// Address of the git repository.
    pub repository: Option<String>,
    /// Working branch. Default `main`.
    pub branch: String,
    /// Id of the credentials on the build server that may read the repository.
    pub credentials: Option<String>,
    /// How the deployment package is built.
    pub build: BuildConfig,
    /// When jobs start by themselves.
    pub pipeline: PipelineConfig,
}

/// How the deployment package is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildConfig {
    /// Shell command, run in the source folder. The default is the suite's own Maven build.
    pub command: String,
    /// Shell command that builds and tests without making a package.
    pub verify_command: String,
    /// Shell pattern of the package, below the source folder.
    pub output: String,
    /// Ant patterns of JUnit reports, below the source folder.
    pub test_reports: String,
    /// Environment variables of the commands. No secrets: they show in the job.
    pub environment: BTreeMap<String, String>,
    /// Version of the JDK, such as `17`; any when none is given.
    pub jdk: Option<String>,
    /// Version of Maven, such as `3.9`; none is looked for when none is given.
    pub maven: Option<String>,
    /// Longest time of a build. Default 4 hours.
    pub timeout: Duration,
    /// Maven repositories with what is needed to read them.
    pub repositories: Vec<MavenRepository>,
    /// What is kept from build to build.
    pub cache: CacheConfig,
}

/// A Maven repository that the build reads dependencies from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MavenRepository {
    /// Id, as poms and settings name it.
    pub id: String,
    /// Address.
    pub url: Url,
    /// Which repositories it stands in for, such as `*`; it is one of its own without.
    pub mirror_of: Option<String>,
    /// Name or ARN of the secret in Secrets Manager with its `username` and `password`.
    pub credentials_secret: Option<String>,
}

/// Folders that are kept from build to build on the build server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Folders; `~/` begins one in the home of the user. Default `~/.m2/repository`.
    pub folders: Vec<String>,
    /// Patterns of the files that say what is in the folders. Default `**/pom.xml`.
    pub keys: Vec<String>,
}

/// When jobs start by themselves, and what they deploy to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineConfig {
    /// When the repository is looked at for new commits, in Jenkins' cron syntax.
    pub poll: String,
    /// When the scheduled pipeline runs; never by itself without.
    pub schedule: Option<String>,
    /// Environment that the scheduled pipeline deploys to. Default `test`.
    pub environment: String,
    /// Shell command with further smoke tests of that environment.
    pub smoke_command: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSource {
    repository: Option<Text>,
    branch: Option<Text>,
    credentials: Option<Text>,
    #[serde(default)]
    build: RawBuild,
    #[serde(default)]
    pipeline: RawPipeline,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBuild {
    command: Option<Text>,
    verify_command: Option<Text>,
    output: Option<Text>,
    test_reports: Option<Text>,
    #[serde(default)]
    environment: BTreeMap<String, Text>,
    jdk: Option<Text>,
    maven: Option<Text>,
    timeout_minutes: Option<Spanned<u32>>,
    #[serde(default)]
    repositories: Vec<RawRepository>,
    #[serde(default)]
    cache: RawCache,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRepository {
    id: Text,
    url: Text,
    mirror_of: Option<Text>,
    credentials_secret: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCache {
    folders: Option<Vec<Text>>,
    keys: Option<Vec<Text>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPipeline {
    poll: Option<Text>,
    schedule: Option<Text>,
    environment: Option<Text>,
    smoke_command: Option<Text>,
}

const PACKAGE: &str =
    "mvn --batch-mode clean install -P with-deployment-package -f extensions/packager";
const VERIFY: &str = "mvn --batch-mode clean verify";
const OUTPUT: &str =
    "extensions/packager/ext-deployment-package/target/ext-deployment-package-*.zip";
const REPORTS: &str = "**/target/surefire-reports/*.xml, **/target/failsafe-reports/*.xml";
/// Minutes. A commerce build takes up to some hours.
const TIMEOUT: u32 = 240;
const POLL: &str = "H/5 * * * *";
const ENVIRONMENT: &str = "test";

pub(super) fn source(at: &At<'_>, raw: &RawSource) -> Result<SourceConfig, ConfigError> {
    Ok(SourceConfig {
        repository: raw.repository.as_ref().map(|value| repository(at, value)).transpose()?,
        branch: text(raw.branch.as_ref(), "main"),
        credentials: word(at, "source.credentials", raw.credentials.as_ref())?,
        build: build(at, &raw.build)?,
        pipeline: pipeline(at, &raw.pipeline)?,
    })
}

/// An address with a password in it would show in jobs and logs.
fn repository(at: &At<'_>, value: &Text) -> Result<String, ConfigError> {
    let url = value.value.parse::<Url>().ok();
    if url.is_some_and(|url| url.password().is_some()) {
        let message = "an address with a password would show it; use git's credentials instead";
        return Err(at.error("source.repository", value, message));
    }
    Ok(value.value.clone())
}

fn build(at: &At<'_>, raw: &RawBuild) -> Result<BuildConfig, ConfigError> {
    let minutes = raw.timeout_minutes.as_ref().map_or(TIMEOUT, |minutes| minutes.value);
    if let Some(value) = raw.timeout_minutes.as_ref().filter(|value| value.value == 0) {
        return Err(at.error("source.build.timeout-minutes", value, "0 lets no build end"));
    }
    let repositories = raw.repositories.iter().map(|raw| maven_repository(at, raw));
    Ok(BuildConfig {
        command: text(raw.command.as_ref(), PACKAGE),
        verify_command: text(raw.verify_command.as_ref(), VERIFY),
        output: below(at, "source.build.output", raw.output.as_ref(), OUTPUT)?,
        test_reports: text(raw.test_reports.as_ref(), REPORTS),
        environment: texts(&raw.environment),
        jdk: version(at, "source.build.jdk", raw.jdk.as_ref())?,
        maven: version(at, "source.build.maven", raw.maven.as_ref())?,
        timeout: Duration::from_secs(u64::from(minutes) * 60),
        repositories: repositories.collect::<Result<_, _>>()?,
        cache: CacheConfig {
            folders: list(raw.cache.folders.as_ref(), "~/.m2/repository"),
            keys: list(raw.cache.keys.as_ref(), "**/pom.xml"),
        },
    })
}

/// A pattern that stays in the source folder.
fn below(
    at: &At<'_>,
    key: &str,
    value: Option<&Text>,
    default: &str,
) -> Result<String, ConfigError> {
    if let Some(value) = value {
        let leads_out = value.value.starts_with('/') || value.value.split('/').any(|p| p == "..");
        if leads_out {
            let message = format!("`{}` leads out of the source folder", value.value);
            return Err(at.error(key, value, message));
        }
    }
    Ok(text(value, default))
}

fn list(values: Option<&Vec<Text>>, default: &str) -> Vec<String> {
    values.map_or_else(
        || vec![default.to_owned()],
        |values| values.iter().map(|value| value.value.clone()).collect(),
    )
}

fn maven_repository(at: &At<'_>, raw: &RawRepository) -> Result<MavenRepository, ConfigError> {
    let key = "source.build.repositories";
    let id = word(at, &format!("{key}.id"), Some(&raw.id))?.unwrap_or_default();
    let url = raw
        .url
        .value
        .parse::<Url>()
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.password().is_none());
    let url = url.ok_or_else(|| {
        let message = format!("`{}` is not an http or https address without password", id);
        at.error(&format!("{key}.url"), &raw.url, message)
    })?;
    Ok(MavenRepository {
        id,
        url,
        mirror_of: raw.mirror_of.as_ref().map(|value| value.value.clone()),
        credentials_secret: word(
            at,
            &format!("{key}.credentials-secret"),
            raw.credentials_secret.as_ref(),
        )?,
    })
}

fn pipeline(at: &At<'_>, raw: &RawPipeline) -> Result<PipelineConfig, ConfigError> {
    let poll = cron(at, "source.pipeline.poll", raw.poll.as_ref())?;
    Ok(PipelineConfig {
        poll: poll.unwrap_or_else(|| POLL.to_owned()),
        schedule: cron(at, "source.pipeline.schedule", raw.schedule.as_ref())?,
        environment: match &raw.environment {
            Some(value) => at.id::<EnvName>("source.pipeline.environment", value)?.to_string(),
            None => ENVIRONMENT.to_owned(),
        },
        smoke_command: raw.smoke_command.as_ref().map(|value| value.value.clone()),
    })
}

/// A name without blanks and quotes.
fn word(at: &At<'_>, key: &str, value: Option<&Text>) -> Result<Option<String>, ConfigError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:+=@".contains(c);
    if value.value.is_empty() || !value.value.chars().all(allowed) {
        let message = format!("`{}` has characters that no such name has", value.value);
        return Err(at.error(key, value, message));
    }
    Ok(Some(value.value.clone()))
}

/// `17`, `3.9`, `3.9.6`: numbers with dots.
fn version(at: &At<'_>, key: &str, value: Option<&Text>) -> Result<Option<String>, ConfigError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !value.value.split('.').all(number) {
        let message = format!("`{}` is not a version such as 17 or 3.9", value.value);
        return Err(at.error(key, value, message));
    }
    Ok(Some(value.value.clone()))
}

/// Five fields, or a word such as `@daily`
/// (<https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax>).
fn cron(at: &At<'_>, key: &str, value: Option<&Text>) -> Result<Option<String>, ConfigError> {
    const WORDS: [&str; 7] =
        ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    let Some(value) = value else {
        return Ok(None);
    };
    let field = |field: &str| field.chars().all(|c| c.is_ascii_digit() || "*/,-H()".contains(c));
    let fields: Vec<&str> = value.value.split_whitespace().collect();
    if WORDS.contains(&value.value.trim()) || (fields.len() == 5 && fields.into_iter().all(field)) {
        return Ok(Some(value.value.trim().to_owned()));
    }
    let message = format!("`{}` is not a time in Jenkins' cron syntax", value.value);
    let mut error = at.error(key, value, message);
    error.hint = Some("Write five fields, such as `H 2 * * 1-5`, or a word as `@daily`.".into());
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::super::{CloudOpsConfig, check::tests::check};

    const HEAD: &str = "schema: 1\ninstance: acme\naccount: \"123456789012\"\nregion: us-west-2\ndomain: shop.example.com\n";

    #[test]
    fn what_a_build_needs_is_read() {
        let text = format!(
            "{HEAD}source:\n  build:\n    jdk: \"17\"\n    timeout-minutes: 30\n    repositories:\n      - {{id: nexus, url: 'https://nexus.example.com/all', mirror-of: '*', credentials-secret: acme/maven}}\n  pipeline: {{schedule: H 2 * * 1-5, environment: test}}\n"
        );
        let source = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap().source;
        assert_eq!(source.build.jdk.as_deref(), Some("17"));
        assert_eq!(source.build.timeout.as_secs(), 1800);
        assert_eq!(source.build.repositories[0].mirror_of.as_deref(), Some("*"));
        assert_eq!(source.build.cache.keys, ["**/pom.xml"]);
        assert_eq!(source.pipeline.environment, "test");
        assert_eq!(source.pipeline.poll, "H/5 * * * *");
    }

    #[test]
    fn bad_values_are_named_with_their_place() {
        check(
            "source: {repository: 'https://me:secret@git.example.com/x'}\n",
            "cloudops.yaml:6:22: source.repository: an address with a password would show it; use git's credentials instead | ",
        );
        check(
            "source: {build: {jdk: latest}}\n",
            "cloudops.yaml:6:23: source.build.jdk: `latest` is not a version such as 17 or 3.9 | ",
        );
        check(
            "source: {build: {output: ../*.zip}}\n",
            "cloudops.yaml:6:26: source.build.output: `../*.zip` leads out of the source folder | ",
        );
        check(
            "source: {pipeline: {schedule: every night}}\n",
            "cloudops.yaml:6:31: source.pipeline.schedule: `every night` is not a time in Jenkins' cron syntax | Write five fields, such as `H 2 * * 1-5`, or a word as `@daily`.",
        );
    }
}
