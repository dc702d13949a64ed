//! Maven's settings for the repositories of `cloudops.yaml`. They hold no password: Maven takes
//! each from an environment variable, and nothing secret is written to disk
//! (<https://maven.apache.org/settings.html>: `${env.X}` is replaced).

use std::collections::BTreeMap;

use cloudops_aws::{config_file::MavenRepository, redact::Secret};

/// User and password of a repository.
#[derive(Debug, Clone)]
pub struct Login {
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
}

/// Name of the variable with the password of the repository at a place in the list.
#[must_use]
pub fn password_variable(index: usize) -> String {
    format!("CLOUDOPS_MAVEN_PASSWORD_{index}")
}

/// Variables with the passwords, for the build command.
#[must_use]
pub fn variables(logins: &BTreeMap<usize, Login>) -> BTreeMap<String, String> {
    let variable = |(index, login): (&usize, &Login)| {
        (password_variable(*index), login.password.expose().to_owned())
    };
    logins.iter().map(variable).collect()
}

/// The text of `settings.xml`. `logins` are by place in `repositories`.
#[must_use]
pub fn settings(repositories: &[MavenRepository], logins: &BTreeMap<usize, Login>) -> String {
    let servers: String =
        logins.iter().map(|(index, login)| server(&repositories[*index], *index, login)).collect();
    let mirrors: String = repositories.iter().filter_map(mirror).collect();
    let own: Vec<_> = repositories.iter().filter(|repo| repo.mirror_of.is_none()).collect();
    let list = |element: &str| -> String {
        own.iter().map(|repository| listed(element, repository)).collect()
    };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <interactiveMode>false</interactiveMode>
  <servers>
{servers}  </servers>
  <mirrors>
{mirrors}  </mirrors>
  <profiles>
    <profile>
      <id>cloudops</id>
      <repositories>
{repositories}      </repositories>
      <pluginRepositories>
{plugins}      </pluginRepositories>
    </profile>
  </profiles>
  <activeProfiles>
    <activeProfile>cloudops</activeProfile>
  </activeProfiles>
</settings>
"#,
        repositories = list("repository"),
        plugins = list("pluginRepository"),
    )
}

fn server(repository: &MavenRepository, index: usize, login: &Login) -> String {
    format!(
        "    <server>\n      <id>{}</id>\n      <username>{}</username>\n      \
         <password>${{env.{}}}</password>\n    </server>\n",
        escape(&repository.id),
        escape(&login.user),
        password_variable(index),
    )
}

fn mirror(repository: &MavenRepository) -> Option<String> {
    let of = repository.mirror_of.as_ref()?;
    Some(format!(
        "    <mirror>\n      <id>{}</id>\n      <mirrorOf>{}</mirrorOf>\n      \
         <url>{}</url>\n    </mirror>\n",
        escape(&repository.id),
        escape(of),
        escape(repository.url.as_str()),
    ))
}

fn listed(element: &str, repository: &MavenRepository) -> String {
    format!(
        "        <{element}>\n          <id>{}</id>\n          <url>{}</url>\n          \
         <releases><enabled>true</enabled></releases>\n          \
         <snapshots><enabled>true</enabled></snapshots>\n        </{element}>\n",
        escape(&repository.id),
        escape(repository.url.as_str()),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(id: &str, mirror_of: Option<&str>) -> MavenRepository {
        MavenRepository {
            id: id.to_owned(),
            url: format!("https://{id}.example.com/all?a=1&b=2").parse().unwrap(),
            mirror_of: mirror_of.map(str::to_owned),
            credentials_secret: None,
        }
    }

    #[test]
    fn settings_name_repositories_and_no_password() {
        let repositories = [repository("nexus", Some("*")), repository("vendor", None)];
        let login = Login { user: "build<er>".to_owned(), password: Secret::new("hunter2") };
        let logins = BTreeMap::from([(1, login)]);
        let text = settings(&repositories, &logins);
        assert!(!text.contains("hunter2"), "{text}");
        insta::assert_snapshot!(text, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
          <interactiveMode>false</interactiveMode>
          <servers>
            <server>
              <id>vendor</id>
              <username>build&lt;er&gt;</username>
              <password>${env.CLOUDOPS_MAVEN_PASSWORD_1}</password>
            </server>
          </servers>
          <mirrors>
            <mirror>
              <id>nexus</id>
              <mirrorOf>*</mirrorOf>
              <url>https://nexus.example.com/all?a=1&amp;b=2</url>
            </mirror>
          </mirrors>
          <profiles>
            <profile>
              <id>cloudops</id>
              <repositories>
                <repository>
                  <id>vendor</id>
                  <url>https://vendor.example.com/all?a=1&amp;b=2</url>
                  <releases><enabled>true</enabled></releases>
                  <snapshots><enabled>true</enabled></snapshots>
                </repository>
              </repositories>
              <pluginRepositories>
                <pluginRepository>
                  <id>vendor</id>
                  <url>https://vendor.example.com/all?a=1&amp;b=2</url>
                  <releases><enabled>true</enabled></releases>
                  <snapshots><enabled>true</enabled></snapshots>
                </pluginRepository>
              </pluginRepositories>
            </profile>
          </profiles>
          <activeProfiles>
            <activeProfile>cloudops</activeProfile>
          </activeProfiles>
        </settings>
        "#);
        assert_eq!(variables(&logins)["CLOUDOPS_MAVEN_PASSWORD_1"], "hunter2");
        let element = cloudops_aws::jenkins::xml::Element::parse(&text).unwrap();
        assert_eq!(element.name, "settings");
    }
}
