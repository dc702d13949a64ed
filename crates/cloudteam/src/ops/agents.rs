//! What the build agents may read.

use std::collections::BTreeSet;

use cloudops_aws::config_file::CloudOpsConfig;

/// The secrets that builds may read, for the parameter `BuildSecretArns`: joined by commas, each once.
/// An ARN stands for itself. A name is one of a secret of this account and region; Secrets Manager
/// puts a hyphen and six characters after it, which nobody knows before.
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html>
pub(super) fn secret_arns(config: &CloudOpsConfig, secrets: &[String]) -> String {
    let partition = config.region.partition();
    let arn = |secret: &String| match secret.starts_with("arn:") {
        true => secret.clone(),
        false => format!(
            "arn:{partition}:secretsmanager:{}:{}:secret:{secret}-??????",
            config.region, config.account
        ),
    };
    let arns: BTreeSet<String> = secrets.iter().map(arn).collect();
    arns.into_iter().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use cloudops_aws::cfn::template::Template;
    use cloudops_templates::team;

    use super::*;

    fn arns(region: &str, secrets: &[&str]) -> String {
        let text = format!(
            "schema: 1\ninstance: acme\naccount: \"123456789012\"\nregion: {region}\n\
             domain: acme.example.com\n"
        );
        let config = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap();
        let secrets: Vec<String> = secrets.iter().map(|one| (*one).to_owned()).collect();
        secret_arns(&config, &secrets)
    }

    #[test]
    fn builds_read_exactly_the_secrets_of_the_settings() {
        assert_eq!(arns("us-west-2", &[]), "");
        let nexus = "arn:aws:secretsmanager:us-west-2:123456789012:secret:maven/nexus-??????";
        assert_eq!(arns("us-west-2", &["maven/nexus", "maven/nexus"]), nexus);
        let whole = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:shared-AbCdEf";
        assert_eq!(arns("us-west-2", &["maven/nexus", whole]), format!("{whole},{nexus}"));
        assert!(arns("cn-north-1", &["a"]).starts_with("arn:aws-cn:secretsmanager:cn-north-1:"));
    }

    #[test]
    fn the_template_takes_them() {
        let template = Template::parse(team::PIPELINE.file, team::PIPELINE.body).unwrap();
        let parameters = template.parameters();
        let parameter = parameters.iter().find(|one| one.name == "BuildSecretArns").unwrap();
        for secrets in [&[][..], &["a"], &["a", "b/c"]] {
            assert_eq!(parameter.validate(&arns("us-gov-west-1", secrets)), Ok(()));
        }
        assert!(parameter.validate("maven/nexus").is_err());
    }
}
