//! What stands in the way of an instance before anything is made: facts in, findings out. Pure.
//!
//! | file | judges |
//! |---|---|
//! | `mod.rs` | [`Finding`], [`Diagnosis`]; identity and clock |
//! | [`rights`] | what the credentials may do |
//! | [`needs`] | nothing: what would be made, from the templates |
//! | [`quotas`] | limits of the account against what would be made |
//! | [`offers`] | instance types and database engines in the chosen zones |
//! | [`ranges`] | IPv4 ranges of networks that exist |
//! | [`names`] | names that others have |
//! | [`domain`] | who has the domain, and the delegation |
//! | [`leftovers`] | what an earlier try left |

pub mod domain;
pub mod leftovers;
pub mod names;
pub mod needs;
pub mod offers;
pub mod quotas;
pub mod ranges;
pub mod rights;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    diagnose::{Class, Diagnose},
    error::{AwsError, AwsErrorKind},
    ids::{AccountId, Region},
};
use jiff::SignedDuration;
use serde::Serialize;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Whose credentials these are.
    Identity,
    /// The clock of this machine.
    Clock,
    /// What the credentials may do.
    Rights,
    /// Limits of the account.
    Quotas,
    /// What the region offers.
    Offers,
    /// Networks that exist already.
    Network,
    /// Names that somebody has already.
    Names,
    /// The domain and its delegation.
    Domain,
    /// What an earlier try left.
    Leftovers,
}

impl Check {
    /// All checks, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Clock,
        Self::Rights,
        Self::Quotas,
        Self::Offers,
        Self::Network,
        Self::Names,
        Self::Domain,
        Self::Leftovers,
    ];

    /// A heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Clock => "clock",
            Self::Rights => "rights",
            Self::Quotas => "quotas",
            Self::Offers => "offers of the region",
            Self::Network => "network",
            Self::Names => "names",
            Self::Domain => "domain",
            Self::Leftovers => "leftovers",
        }
    }
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth a look; `init` can go on.
    Warning,
    /// `init`, or an environment after it, would fail.
    Problem,
    /// It could not be found out.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub check: Check,
    /// How it is.
    pub verdict: Verdict,
    /// What was found, in words.
    pub what: String,
    /// What to do. Whatever is not as it should be has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// As it should be.
    #[must_use]
    pub fn ok(check: Check, what: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, what: what.into(), fix: None }
    }

    fn with(
        check: Check,
        verdict: Verdict,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { check, verdict, what: what.into(), fix: Some(fix.into()) }
    }

    /// Worth a look.
    #[must_use]
    pub fn warning(check: Check, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::with(check, Verdict::Warning, what, fix)
    }

    /// In the way.
    #[must_use]
    pub fn problem(check: Check, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::with(check, Verdict::Problem, what, fix)
    }

    /// Not found out.
    #[must_use]
    pub fn unknown(check: Check, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::with(check, Verdict::Unknown, what, fix)
    }

    /// Not found out, because a call failed. `about` is what was to be found out, as a clause.
    #[must_use]
    pub fn failed(check: Check, about: &str, error: &AwsError) -> Self {
        let what = format!("{about} is not known: {error}");
        let fix = if error.kind == AwsErrorKind::AccessDenied {
            format!("Allow {}, or ask somebody who has this right.", action(error))
        } else {
            let hints = error.hints().join(" ");
            if hints.is_empty() { "Run `cloudcore doctor` again.".to_owned() } else { hints }
        };
        Self::unknown(check, what, fix)
    }
}

/// The right that a call needs, as a policy names it.
#[must_use]
pub fn action(error: &AwsError) -> String {
    let operation = match (error.service, error.operation) {
        ("S3", "HeadBucket" | "ListObjectsV2") => "ListBucket",
        (_, operation) => operation,
    };
    let prefix = match error.service {
        "Route 53" => "route53".to_owned(),
        "ELB" => "elasticloadbalancing".to_owned(),
        "CloudFormation" | "ACM" | "S3" | "EC2" | "ECS" | "RDS" | "IAM" | "STS" | "Logs" => {
            error.service.to_ascii_lowercase()
        }
        other => other.to_ascii_lowercase().replace(' ', ""),
    };
    format!("{prefix}:{operation}")
}

/// All findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order of [`Check::ALL`].
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Puts findings in order.
    #[must_use]
    pub fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.check);
        Self { findings }
    }

    /// How many findings have a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// The class of the outcome: what is not known is no problem.
    #[must_use]
    pub fn class(&self) -> Class {
        let mut problems =
            self.findings.iter().filter(|finding| finding.verdict == Verdict::Problem);
        match problems.next().map(|finding| finding.check) {
            None => Class::Done,
            Some(Check::Identity) => Class::Configuration,
            Some(_) => Class::NotReady,
        }
    }
}

/// Whether the credentials are for the account and region of the instance.
#[must_use]
pub fn identity(
    config: &CloudOpsConfig,
    account: &AccountId,
    region: &Region,
    caller: &str,
) -> Finding {
    let check = Check::Identity;
    if *account == config.account && *region == config.region {
        return Finding::ok(check, format!("{caller} in {region}"));
    }
    Finding::problem(
        check,
        format!(
            "the instance {} lives in account {}, {}; the credentials are for {account}, {region}",
            config.instance, config.account, config.region
        ),
        "Use the credentials (--profile) and the region of the instance, or correct cloudops.yaml.",
    )
}

/// All of them where they are few, else the first ones and how many more there are.
fn list<T: AsRef<str>>(items: &[T]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<&str> = items.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match items.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// AWS refuses signatures that are older than this.
const TOO_FAR: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is set by the network is much nearer.
const FAR: SignedDuration = SignedDuration::from_secs(30);

/// Whether the clock of this machine is right. `ahead` is negative when it is behind.
#[must_use]
pub fn clock(ahead: SignedDuration) -> Finding {
    const FIX: &str = "Set the clock by the network, such as with `timedatectl set-ntp true`.";
    let by = ahead.abs();
    let way = if ahead.is_negative() { "behind" } else { "ahead of" };
    let what = format!("the clock of this machine is {} s {way} that of AWS", by.as_secs());
    if by > TOO_FAR {
        Finding::problem(Check::Clock, format!("{what}; AWS refuses requests then"), FIX)
    } else if by > FAR {
        Finding::warning(Check::Clock, what, FIX)
    } else {
        Finding::ok(Check::Clock, "the clock of this machine is right")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const SETTINGS: &str = "schema: 1\ninstance: acme\naccount: \"123456789012\"\n\
                                       region: us-west-2\ndomain: shop.example.com\n";

    pub(super) fn config(more: &str) -> CloudOpsConfig {
        CloudOpsConfig::parse("cloudops.yaml", &format!("{SETTINGS}{more}")).unwrap()
    }

    /// Verdicts and texts, one line each, as a test reads them.
    pub(super) fn short(findings: &[Finding]) -> String {
        let line = |finding: &Finding| {
            let fix = finding.fix.as_ref().map_or_else(String::new, |fix| format!(" -> {fix}"));
            format!("{:?}: {}{fix}\n", finding.verdict, finding.what)
        };
        findings.iter().map(line).collect()
    }

    fn error(service: &'static str, operation: &'static str, kind: AwsErrorKind) -> AwsError {
        let (code, message) = ("Code".to_owned(), "message".to_owned());
        AwsError { service, operation, code, message, request_id: None, kind }
    }

    #[test]
    fn the_place_must_be_that_of_the_instance() {
        let check = |account: &str, region: &str| {
            let caller = "arn:aws:iam::123456789012:user/ann";
            identity(&config(""), &account.parse().unwrap(), &region.parse().unwrap(), caller)
        };
        assert_eq!(check("123456789012", "us-west-2").verdict, Verdict::Ok);
        assert_eq!(check("123456789012", "eu-west-1").verdict, Verdict::Problem);
        let other = check("210987654321", "us-west-2");
        assert_eq!(other.verdict, Verdict::Problem);
        assert!(other.what.contains("210987654321"), "{}", other.what);
        assert_eq!(Diagnosis::new(vec![other]).class(), Class::Configuration);
    }

    #[test]
    fn a_clock_may_be_a_little_wrong() {
        for (seconds, verdict) in [
            (0, Verdict::Ok),
            (-30, Verdict::Ok),
            (31, Verdict::Warning),
            (-300, Verdict::Warning),
            (301, Verdict::Problem),
            (-3600, Verdict::Problem),
        ] {
            let finding = clock(SignedDuration::from_secs(seconds));
            assert_eq!(finding.verdict, verdict, "{seconds}: {}", finding.what);
        }
        let behind = clock(SignedDuration::from_secs(-400)).what;
        assert!(behind.starts_with("the clock of this machine is 400 s behind"), "{behind}");
    }

    #[test]
    fn a_denied_call_is_unknown_and_names_the_right() {
        for (service, operation, right) in [
            ("EC2", "DescribeVpcs", "ec2:DescribeVpcs"),
            ("S3", "HeadBucket", "s3:ListBucket"),
            ("Route 53", "ListHostedZonesByName", "route53:ListHostedZonesByName"),
            ("Service Quotas", "GetServiceQuota", "servicequotas:GetServiceQuota"),
            ("Secrets Manager", "ListSecrets", "secretsmanager:ListSecrets"),
            ("ELB", "DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"),
        ] {
            let denied = error(service, operation, AwsErrorKind::AccessDenied);
            let finding = Finding::failed(Check::Network, "it", &denied);
            assert_eq!(finding.verdict, Verdict::Unknown);
            let fix = finding.fix.unwrap();
            assert!(fix.starts_with(&format!("Allow {right},")), "{fix}");
        }
        let broken = error("EC2", "DescribeVpcs", AwsErrorKind::Broken);
        assert!(Finding::failed(Check::Network, "it", &broken).fix.is_some());
    }

    #[test]
    fn only_problems_decide_the_outcome() {
        let of = |findings: Vec<Finding>| Diagnosis::new(findings).class();
        assert_eq!(of(Vec::new()), Class::Done);
        let unknown = Finding::unknown(Check::Rights, "a", "b");
        let warning = Finding::warning(Check::Names, "a", "b");
        assert_eq!(of(vec![unknown.clone(), warning.clone()]), Class::Done);
        let problem = Finding::problem(Check::Leftovers, "a", "b");
        let all = Diagnosis::new(vec![problem, unknown, warning]);
        assert_eq!(all.class(), Class::NotReady);
        let order: Vec<Check> = all.findings.iter().map(|finding| finding.check).collect();
        assert_eq!(order, [Check::Rights, Check::Names, Check::Leftovers]);
        assert_eq!((all.count(Verdict::Problem), all.count(Verdict::Ok)), (1, 0));
    }
}
