//! A new `cloudops.yaml`: answers in, a commented file out.
//!
//! A line that begins with `#` and one blank is prose; in a key that is commented out, taking the
//! `#` away gives a setting.

use std::fmt::Write as _;

use super::{CloudOpsConfig, ConfigError, SCHEMA};

/// Name of the file with the JSON Schema, which the new file points at.
pub const SCHEMA_FILE: &str = "cloudops.schema.json";

/// What a new file is about, as a person said it. [`NewSettings::check`] says whether it can be
/// used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSettings {
    /// Name of the instance.
    pub instance: String,
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
    /// Domain.
    pub domain: String,
    /// IPv4 ranges that may reach bastion, build server and back office.
    pub admin_cidrs: Vec<String>,
    /// IPv4 range of the network.
    pub network_cidr: String,
    /// Availability zones.
    pub zones: String,
    /// `none`, `single` or `per-zone`.
    pub nat_gateways: String,
    /// Instance type of the bastion.
    pub bastion_type: String,
    /// Where containers of new environments run: `ec2` or `fargate`.
    pub launch_type: String,
    /// Size of new environments: `dev` or `prod`.
    pub size: String,
}

impl NewSettings {
    /// An example: what has a default has it, and the rest is made up.
    #[must_use]
    pub fn example() -> Self {
        Self {
            instance: "acme".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            domain: "shop.example.com".to_owned(),
            admin_cidrs: Vec::new(),
            network_cidr: "10.0.0.0/16".to_owned(),
            zones: "2".to_owned(),
            nat_gateways: "single".to_owned(),
            bastion_type: "t4g.nano".to_owned(),
            launch_type: "ec2".to_owned(),
            size: "dev".to_owned(),
        }
    }

    /// Reads the file that would be written, by the rules of every other reading of it.
    ///
    /// # Errors
    /// [`ConfigError`] of the first value that cannot be used.
    pub fn check(&self, file: &str) -> Result<CloudOpsConfig, ConfigError> {
        CloudOpsConfig::parse(file, &self.text())
    }

    /// The text of the file. The same settings always give the same text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = head();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            include_str!("write/body.txt"),
            schema = SCHEMA,
            instance = plain(&self.instance),
            account = quoted(&self.account),
            region = plain(&self.region),
            domain = plain(&self.domain),
            admin_cidrs = list(&self.admin_cidrs),
            network_cidr = plain(&self.network_cidr),
            zones = plain(&self.zones),
            nat_gateways = plain(&self.nat_gateways),
            bastion_type = plain(&self.bastion_type),
            launch_type = plain(&self.launch_type),
            size = plain(&self.size),
        );
        text
    }
}

fn head() -> String {
    format!("# yaml-language-server: $schema=./{SCHEMA_FILE}\n")
}

/// Words that some reader of YAML takes for something else than a text.
const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A value as YAML writes it without quotes, where nothing in it could be read as something else.
fn plain(value: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/');
    let begins_well = value.starts_with(|first: char| first.is_ascii_alphanumeric());
    let word = WORDS.contains(&value.to_ascii_lowercase().as_str());
    if begins_well && !word && value.bytes().all(harmless) {
        value.to_owned()
    } else {
        quoted(value)
    }
}

/// A value in quotes: what JSON writes is YAML too.
fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn list(values: &[String]) -> String {
    if values.is_empty() {
        return " []".to_owned();
    }
    values.iter().map(|value| format!("\n  - {}", plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> NewSettings {
        NewSettings {
            admin_cidrs: vec!["203.0.113.0/24".to_owned(), "198.51.100.7/32".to_owned()],
            ..NewSettings::example()
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let config = answers().check("cloudops.yaml").unwrap();
        assert_eq!(config.instance.as_str(), "acme");
        assert_eq!(config.account.as_str(), "123456789012");
        assert_eq!(config.domain, "shop.example.com");
        assert_eq!(config.admin_cidrs, ["203.0.113.0/24", "198.51.100.7/32"]);
        let other = NewSettings {
            network_cidr: "10.20.0.0/18".to_owned(),
            zones: "3".to_owned(),
            nat_gateways: "per-zone".to_owned(),
            bastion_type: "t4g.small".to_owned(),
            launch_type: "fargate".to_owned(),
            size: "prod".to_owned(),
            ..NewSettings::example()
        };
        let config = other.check("cloudops.yaml").unwrap();
        assert_eq!((config.network.cidr.as_str(), config.network.zones), ("10.20.0.0/18", 3));
        assert_eq!(config.network.nat_gateways, "per-zone");
        assert_eq!(config.bastion.instance_type, "t4g.small");
        let environments = (config.environments.launch_type, config.environments.size);
        assert_eq!(environments, ("fargate".to_owned(), "prod".to_owned()));
        assert!(config.admin_cidrs.is_empty());
        let word = NewSettings { instance: "no".to_owned(), ..NewSettings::example() };
        assert_eq!(word.check("cloudops.yaml").unwrap().instance.as_str(), "no");
    }

    #[test]
    fn what_cannot_be_used_is_refused_as_in_every_file() {
        let says = |settings: NewSettings| settings.check("f").unwrap_err().message;
        let open = vec!["0.0.0.0/0".to_owned()];
        assert_eq!(
            says(NewSettings { admin_cidrs: open, ..answers() }),
            "`0.0.0.0/0` would let everybody in"
        );
        assert_eq!(says(NewSettings { zones: "4".to_owned(), ..answers() }), "4 is not 2 or 3");
        for nasty in ["a\ntags: {}", "\"", "#", "{", "'", "*", "", " ", "null", "~"] {
            let settings = NewSettings { domain: nasty.to_owned(), ..answers() };
            let error = settings.check("f").unwrap_err();
            assert_eq!(error.key.as_deref(), Some("domain"), "{nasty}: {error}");
        }
    }

    /// Takes the `#` away from keys that are commented out.
    fn with_every_key(text: &str) -> String {
        let key = |line: &str| {
            let begin = line.trim_start();
            let prose = begin.starts_with("# ") && !begin.starts_with("#  ");
            begin.starts_with('#') && !prose && begin.len() > 1
        };
        let lines = text.lines().map(|line| match key(line) {
            true => line.replacen('#', "", 1),
            false => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_key_that_is_commented_out_can_be_taken_in() {
        let text = with_every_key(&answers().text());
        let config = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap();
        assert_eq!(config.cost_centre.as_deref(), Some("4711"));
        assert_eq!(config.bastion.key_pair.as_deref(), Some("my-key"));
        let defaults = CloudOpsConfig::parse("cloudops.yaml", &answers().text()).unwrap();
        assert_eq!(config.build_server.plugins.as_deref(), Some("plugins.lock"));
        assert_eq!(config.source.build, defaults.source.build, "it shows the default");
    }

    #[cfg(feature = "config")]
    #[test]
    fn an_editor_finds_nothing_to_say_about_it() {
        let text = with_every_key(&answers().text());
        let document: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("cloudops.json", super::super::json_schema()).unwrap();
        let schema = compiler.compile("cloudops.json", &mut schemas).unwrap();
        if let Err(error) = schemas.validate(&document, schema) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn the_file_is_as_people_read_it() {
        insta::assert_snapshot!(answers().text(), @r#"
        # yaml-language-server: $schema=./cloudops.schema.json
        #
        # The settings of one instance, read by cloudcore, cloudteam and clouddeploy. They hold no secrets:
        # keep this file under version control. docs/reference/configuration.md has every key. A key that
        # is commented out shows its default, or an example where there is none.

        # The form of this file.
        schema: 1

        # Name of the instance; every name in AWS begins with it. Cannot change later.
        instance: acme

        # AWS account and region that it lives in. Cannot change later.
        account: "123456789012"
        region: us-west-2

        # Domain of its public and private zone: an apex, or a sub-domain that you can delegate.
        domain: shop.example.com

        # Who pays, as the tag cloudops:cost-centre of every resource, and tags of your own.
        #cost-centre: "4711"
        #tags:
        #  team: shop

        # IPv4 ranges that may reach the bastion (SSH), the build server and the back office; at most four.
        # Without one nobody does, and the bastion is reached by Session Manager only.
        admin-cidrs:
          - 203.0.113.0/24
          - 198.51.100.7/32

        network:
          # Private range of 16 to 20 bits, apart from every network it is to be connected with. Cannot
          # change later.
          cidr: 10.0.0.0/16
          # Availability zones: 2 or 3.
          zones: 2
          # How private subnets reach the internet: `single` (one gateway, so one zone may take it along),
          # `per-zone`, or `none` (endpoints for the AWS services instead).
          nat-gateways: single

        bastion:
          # A type with an Arm processor.
          instance-type: t4g.nano
          # Key pair in EC2, for SSH. Session Manager works without.
          #key-pair: my-key

        # Jenkins. Its image is assembled from a base, plugins with their digests, and configuration as code.
        #build-server:
        #  # Your plugins, in place of those that CloudOps has locked: `name version sha256` on each line.
        #  plugins: plugins.lock

        # The commerce source code and how it is built.
        #source:
        #  repository: https://git.example.com/shop/commerce.git
        #  branch: main
        #  build:
        #    command: mvn --batch-mode clean install -P with-deployment-package -f extensions/packager
        #    output: extensions/packager/ext-deployment-package/target/ext-deployment-package-*.zip
        #    timeout-minutes: 240

        # The image with the Java runtime that all others are built on, by digest.
        #images:
        #  base:
        #    reference: docker.io/library/eclipse-temurin@sha256:0000000000000000000000000000000000000000000000000000000000000000

        environments:
          # Where containers of new environments run: `ec2` or `fargate`.
          launch-type: ec2
          # Size of new environments: `dev` or `prod`.
          size: dev
        "#);
    }
}
