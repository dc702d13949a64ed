//! The jobs on the build server. Each is thin: it calls our own programs, so that a pipeline and
//! a person at a terminal run the same thing.

use cloudops_aws::{
    config_file::CloudOpsConfig,
    jenkins::{ItemPath, Owner, Param, PipelineJob},
};

use crate::error::TeamError;

/// Name of the job that builds the deployment package.
pub const BUILD_PACKAGE: &str = "build-deployment-package";

/// Marks what is ours on the build server.
#[must_use]
pub fn owner(config: &CloudOpsConfig) -> Owner {
    Owner::new(config.instance.as_str())
}

/// Folder of the instance on the build server.
///
/// # Errors
/// [`TeamError::Path`].
pub fn folder(config: &CloudOpsConfig) -> Result<ItemPath, TeamError> {
    Ok(ItemPath::root().join(config.instance.as_str())?)
}

/// The jobs of an instance.
///
/// # Errors
/// [`TeamError::MissingSetting`] when `cloudops.yaml` names no repository.
pub fn all(config: &CloudOpsConfig) -> Result<Vec<PipelineJob>, TeamError> {
    let repository = config.source.repository.as_deref().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it, or give --repository.",
    })?;
    let mut job = PipelineJob::new(
        folder(config)?.join(BUILD_PACKAGE)?,
        owner(config),
        "Builds the deployment package from the commerce source code and publishes it.",
    )
    .stage("Build", &script(config));
    // The label that the agents have in templates/build-server/jenkins.yaml.
    job.label = Some("cloudops".to_owned());
    job.parameters = vec![
        Param::text("REPOSITORY", repository, "Repository with the commerce source code."),
        Param::text("BRANCH", &config.source.branch, "Branch or tag to build."),
    ];
    Ok(vec![job])
}

/// The shell step: clone, build, publish.
fn script(config: &CloudOpsConfig) -> String {
    let build = &config.source.build;
    let environment: String = build
        .environment
        .iter()
        .map(|(key, value)| format!("export {key}={}\n", quoted(value)))
        .collect();
    format!(
        "set -eu\n\
         rm -rf source cloudops.yaml\n\
         git clone --quiet --depth 1 --branch \"$BRANCH\" \"$REPOSITORY\" source\n\
         cat > cloudops.yaml <<'END'\n{settings}END\n\
         {environment}\
         (cd source && {command})\n\
         cloudteam package publish --config cloudops.yaml \
         --output human source/{output} \
         --source source --built-by \"$BUILD_URL\" --run \"$CLOUDOPS_RUN\"\n",
        settings = settings(config),
        command = build.command,
        output = build.output,
    )
}

/// What the job needs to know about the instance.
fn settings(config: &CloudOpsConfig) -> String {
    format!(
        "schema: 1\ninstance: {}\naccount: \"{}\"\nregion: {}\ndomain: {}\n",
        config.instance, config.account, config.region, config.domain
    )
}

/// A word of the shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
