//! The questions of `cloudcore new`: what is asked, in which order, and until when.

use std::collections::BTreeMap;

use cloudops_aws::{
    config_file::NewSettings,
    diagnose::{Class, Diagnose},
    ids::{AccountId, Region},
    terminal::Failure,
};

/// A person who does not find an answer in so many tries is let go.
const TRIES: usize = 3;

/// What a settings file is asked about, in the order of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Instance,
    Region,
    Account,
    Domain,
    AdminCidrs,
    NetworkCidr,
    Zones,
    NatGateways,
    BastionType,
    LaunchType,
    Size,
}

use Topic as T;

impl Topic {
    const ALL: [Self; 11] = [
        T::Instance,
        T::Region,
        T::Account,
        T::Domain,
        T::AdminCidrs,
        T::NetworkCidr,
        T::Zones,
        T::NatGateways,
        T::BastionType,
        T::LaunchType,
        T::Size,
    ];

    /// The option that answers it.
    pub(super) const fn flag(self) -> &'static str {
        match self {
            T::Instance => "--instance",
            T::Region => "--region",
            T::Account => "--account",
            T::Domain => "--domain",
            T::AdminCidrs => "--admin-cidr",
            T::NetworkCidr => "--network-cidr",
            T::Zones => "--zones",
            T::NatGateways => "--nat-gateways",
            T::BastionType => "--bastion-type",
            T::LaunchType => "--launch-type",
            T::Size => "--size",
        }
    }

    const fn question(self) -> &'static str {
        match self {
            T::Instance => "Name of the instance (every name in AWS begins with it)",
            T::Region => "AWS region, such as us-west-2",
            T::Account => "AWS account",
            T::Domain => "Domain that you can delegate, such as shop.example.com",
            T::AdminCidrs => {
                "IPv4 ranges that may reach it by SSH and HTTPS, such as 203.0.113.0/24; Enter for none"
            }
            T::NetworkCidr => "Private IPv4 range of the network",
            T::Zones => "Availability zones, 2 or 3",
            T::NatGateways => "NAT gateways: none, single or per-zone",
            T::BastionType => "Instance type of the bastion (Arm)",
            T::LaunchType => "Where containers of new environments run: ec2 or fargate",
            T::Size => "Size of new environments: dev or prod",
        }
    }

    /// Whether there is no answer that is right for most.
    const fn is_required(self) -> bool {
        matches!(self, T::Instance | T::Region | T::Account | T::Domain)
    }

    fn of(self, settings: &mut NewSettings) -> &mut String {
        match self {
            T::Instance => &mut settings.instance,
            T::Region => &mut settings.region,
            T::Account => &mut settings.account,
            T::Domain => &mut settings.domain,
            T::NetworkCidr | T::AdminCidrs => &mut settings.network_cidr,
            T::Zones => &mut settings.zones,
            T::NatGateways => &mut settings.nat_gateways,
            T::BastionType => &mut settings.bastion_type,
            T::LaunchType => &mut settings.launch_type,
            T::Size => &mut settings.size,
        }
    }

    fn put(self, settings: &mut NewSettings, answer: &str) {
        if self == T::AdminCidrs {
            let ranges = answer.split([',', ' ']).filter(|range| !range.is_empty());
            settings.admin_cidrs = ranges.map(str::to_owned).collect();
        } else {
            answer.clone_into(self.of(settings));
        }
    }

    fn default(self) -> Option<String> {
        match self {
            T::AdminCidrs => Some(String::new()),
            required if required.is_required() => None,
            other => Some(other.of(&mut NewSettings::example()).clone()),
        }
    }

    /// Why an answer cannot be used: what the reading of a file with it would say.
    fn objection(self, answer: &str) -> Option<String> {
        let mut settings = NewSettings::example();
        self.put(&mut settings, answer);
        settings.check("cloudops.yaml").err().map(|error| error.message)
    }
}

/// What is answered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers(BTreeMap<Topic, String>);

impl Answers {
    pub(super) fn set(&mut self, topic: Topic, answer: String) {
        self.0.insert(topic, answer);
    }

    /// What is still needed.
    pub(super) fn missing(&self) -> Vec<Topic> {
        let open = |topic: &Topic| topic.is_required() && !self.0.contains_key(topic);
        T::ALL.into_iter().filter(open).collect()
    }

    /// What is wrong with the answers, each with its option.
    pub(super) fn wrong(&self) -> Vec<String> {
        let objections = self.0.iter().filter_map(|(topic, answer)| {
            Some(format!("{}: {}", topic.flag(), topic.objection(answer)?))
        });
        objections.collect()
    }

    /// The answers, with defaults for what was not asked.
    pub(super) fn settings(&self) -> NewSettings {
        let mut settings = NewSettings::example();
        for (topic, answer) in &self.0 {
            topic.put(&mut settings, answer);
        }
        settings
    }

    fn region(&self) -> Option<Region> {
        self.0.get(&T::Region)?.parse().ok()
    }
}

/// No answer that can be used.
#[derive(Debug, thiserror::Error)]
#[error("no answer that can be used to: {question}")]
pub(super) struct NoAnswer {
    question: &'static str,
    flag: &'static str,
}

impl Diagnose for NoAnswer {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![format!("Give {} on the command line.", self.flag)]
    }
}

/// Asks for what is not answered yet; with `briefly`, only for what has no default. `account` says
/// which account the credentials are for.
pub(super) async fn ask(
    answers: &mut Answers,
    briefly: bool,
    mut ask: impl AsyncFnMut(&str, &str) -> Result<String, Failure>,
    account: impl AsyncFn(&Region) -> Option<Option<AccountId>>,
) -> Result<(), Failure> {
    for topic in T::ALL {
        if answers.0.contains_key(&topic) || (briefly && !topic.is_required()) {
            continue;
        }
        let default = match (topic, answers.region()) {
            (T::Account, Some(region)) => {
                account(&region).await.flatten().map(|account| account.to_string())
            }
            _ => topic.default(),
        };
        let answer = one(topic, default.as_deref(), &mut ask).await?;
        answers.set(topic, answer);
    }
    Ok(())
}

async fn one(
    topic: Topic,
    default: Option<&str>,
    ask: &mut impl AsyncFnMut(&str, &str) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let shown = default.filter(|default| !default.is_empty());
    let shown = shown.map_or_else(String::new, |default| format!(" [{default}]"));
    let question = topic.question();
    let mut objection = String::new();
    for _ in 0..TRIES {
        let said = ask(&format!("{objection}{question}{shown}: "), topic.flag()).await?;
        let answer = match default {
            Some(default) if said.is_empty() => default.to_owned(),
            _ => said,
        };
        match topic.objection(&answer) {
            None => return Ok(answer),
            Some(message) => objection = format!("  {message}\n"),
        }
    }
    Err(NoAnswer { question, flag: topic.flag() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    /// Answers questions from a list, and keeps what was asked.
    async fn talk(given: Answers, briefly: bool, said: &[&str]) -> (Answers, String, bool) {
        let (mut answers, mut asked) = (given, String::new());
        let mut said = said.iter();
        let person = async |question: &str, _flag: &str| {
            asked.push_str(question.trim_end());
            asked.push('\n');
            Ok(said.next().copied().unwrap_or_default().to_owned())
        };
        let account =
            async |region: &Region| (region.as_str() == "us-west-2").then(|| ACCOUNT.parse().ok());
        let ended = ask(&mut answers, briefly, person, account).await;
        (answers, asked, ended.is_ok())
    }

    #[tokio::test]
    async fn enter_takes_what_is_shown() {
        let said = ["acme", "us-west-2", "", "shop.example.com"];
        let (answers, asked, good) = talk(Answers::default(), false, &said).await;
        assert!(good && answers.missing().is_empty());
        assert_eq!(answers.settings(), NewSettings::example());
        insta::assert_snapshot!(asked, @r"
        Name of the instance (every name in AWS begins with it):
        AWS region, such as us-west-2:
        AWS account [123456789012]:
        Domain that you can delegate, such as shop.example.com:
        IPv4 ranges that may reach it by SSH and HTTPS, such as 203.0.113.0/24; Enter for none:
        Private IPv4 range of the network [10.0.0.0/16]:
        Availability zones, 2 or 3 [2]:
        NAT gateways: none, single or per-zone [single]:
        Instance type of the bastion (Arm) [t4g.nano]:
        Where containers of new environments run: ec2 or fargate [ec2]:
        Size of new environments: dev or prod [dev]:
        ");
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_asked_again_with_the_reason() {
        let said = ["Acme", "acme", "us-west-2", "", "localhost", "a.example.com", "0.0.0.0/0"];
        let said = [&said[..], &["203.0.113.0/24, 198.51.100.0/24", "10.0.0.0/8", "10.1.0.0/16"]];
        let (answers, asked, good) = talk(Answers::default(), false, &said.concat()).await;
        assert!(good, "{asked}");
        for objection in [
            "  `Acme` is not an instance name",
            "  `localhost` is not a domain name",
            "  `0.0.0.0/0` would let everybody in\n",
            "  /8 is not between /16 and /20\n",
        ] {
            assert!(asked.contains(objection), "{objection} is not in {asked}");
        }
        let settings = answers.settings();
        assert_eq!(settings.admin_cidrs, ["203.0.113.0/24", "198.51.100.0/24"]);
        assert_eq!(settings.network_cidr, "10.1.0.0/16");
    }

    #[tokio::test]
    async fn who_has_no_answer_is_let_go() {
        let (_, asked, good) = talk(Answers::default(), false, &[]).await;
        assert!(!good && asked.matches("Name of the instance").count() == TRIES, "{asked}");
    }

    #[tokio::test]
    async fn what_is_given_is_not_asked_and_yes_takes_the_defaults() {
        let mut given = Answers::default();
        given.set(T::Instance, "shop".to_owned());
        given.set(T::Region, "eu-west-1".to_owned());
        let (answers, asked, good) = talk(given, true, &[ACCOUNT, "shop.example.com"]).await;
        assert!(good);
        assert_eq!(asked.lines().count(), 2, "{asked}");
        assert_eq!((answers.settings().instance.as_str(), answers.0.len()), ("shop", 4));
    }

    #[test]
    fn every_wrong_option_is_named() {
        let mut answers = Answers::default();
        answers.set(T::Zones, "five".to_owned());
        answers.set(T::AdminCidrs, "10.0.0.0/8,0.0.0.0/0".to_owned());
        answers.set(T::Size, "huge".to_owned());
        assert_eq!(
            answers.wrong(),
            [
                "--admin-cidr: `0.0.0.0/0` would let everybody in",
                "--zones: `five` is not a whole number",
                "--size: `huge` is not one of dev, prod"
            ]
        );
    }
}
