//! Whether a certificate that exists already can serve an instance. Pure.

use jiff::{SignedDuration, Timestamp};

use super::Certificate;
use crate::diagnose::{Class, Diagnose};

/// A certificate that ends within this time is worth a warning.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Kinds of keys that an Application Load Balancer takes.
const KEYS: [&str; 5] = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1"];

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the certificate {arn} cannot be used: {}", .reasons.join("; "))]
pub struct Unfit {
    /// ARN.
    pub arn: String,
    /// All reasons.
    pub reasons: Vec<String>,
}

impl Diagnose for Unfit {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "Correct `certificate.arn` in cloudops.yaml, or leave it away and one is requested."
                .to_owned(),
        ]
    }
}

/// Checks a certificate for a domain and its wildcard. Gives warnings.
///
/// # Errors
/// [`Unfit`] with all reasons.
pub fn fitness(
    certificate: &Certificate,
    domain: &str,
    region: &str,
    now: Timestamp,
) -> Result<Vec<String>, Unfit> {
    let mut reasons = Vec::new();
    let arn = &certificate.arn;
    let found = arn.split(':').nth(3).unwrap_or_default();
    if found != region {
        reasons.push(format!("it is in {found}, not in {region}"));
    }
    if certificate.status != "ISSUED" {
        reasons.push(format!("its status is {}, not ISSUED", certificate.status));
    }
    for wanted in [domain.to_owned(), format!("*.{domain}")] {
        if !certificate.names.iter().any(|name| covers(name, &wanted)) {
            let names = certificate.names.join(", ");
            reasons.push(format!("it is not for {wanted}, only for {names}"));
        }
    }
    if !KEYS.contains(&certificate.key.replace('-', "_").as_str()) {
        reasons.push(format!("a load balancer does not take its key, {}", certificate.key));
    }
    let warnings = validity(certificate, now, &mut reasons);
    if reasons.is_empty() { Ok(warnings) } else { Err(Unfit { arn: arn.clone(), reasons }) }
}

fn validity(certificate: &Certificate, now: Timestamp, reasons: &mut Vec<String>) -> Vec<String> {
    let Some(end) = certificate.not_after else {
        return Vec::new();
    };
    let day = end.strftime("%Y-%m-%d");
    let left = end.duration_since(now);
    if left.is_negative() {
        reasons.push(format!("it ended on {day}"));
        return Vec::new();
    }
    if left > SOON {
        return Vec::new();
    }
    let who = if certificate.renews { "ACM should renew it" } else { "nobody renews it" };
    vec![format!("the certificate {} ends on {day}; {who}", certificate.arn)]
}

/// Whether a name of a certificate covers a wanted name: the same, or a wildcard for exactly one
/// label. A wanted wildcard is covered by the same wildcard only.
#[must_use]
pub fn covers(name: &str, wanted: &str) -> bool {
    let (name, wanted) = (lower(name), lower(wanted));
    if name == wanted {
        return true;
    }
    let (Some(zone), Some((label, rest))) = (name.strip_prefix("*."), wanted.split_once('.'))
    else {
        return false;
    };
    label != "*" && !label.is_empty() && rest == zone
}

fn lower(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (name, wanted, expect) in [
            ("shop.example.com", "shop.example.com", true),
            ("Shop.Example.com.", "shop.example.com", true),
            ("*.example.com", "shop.example.com", true),
            ("*.example.com", "a.shop.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.shop.example.com", "*.shop.example.com", true),
            ("*.example.com", "*.shop.example.com", false),
            ("*.example.com", "*.example.com", true),
            ("example.com", "shop.example.com", false),
            ("*.ample.com", "shop.example.com", false),
        ] {
            assert_eq!(covers(name, wanted), expect, "{name} for {wanted}");
        }
    }

    const ARN: &str = "arn:aws:acm:us-west-2:123456789012:certificate/a";

    fn certificate() -> Certificate {
        Certificate {
            arn: ARN.to_owned(),
            status: "ISSUED".to_owned(),
            names: vec!["*.shop.example.com".to_owned(), "*.example.com".to_owned()],
            not_after: Some("2027-01-01T00:00:00Z".parse().unwrap()),
            renews: false,
            key: "RSA-2048".to_owned(),
            proof: None,
        }
    }

    fn check(certificate: &Certificate, now: &str) -> Result<Vec<String>, Vec<String>> {
        let now = now.parse().unwrap();
        fitness(certificate, "shop.example.com", "us-west-2", now).map_err(|error| error.reasons)
    }

    #[test]
    fn a_good_one_is_taken_and_its_end_is_told_in_time() {
        assert_eq!(check(&certificate(), "2026-06-01T00:00:00Z"), Ok(vec![]));
        let soon = check(&certificate(), "2026-12-10T00:00:00Z").unwrap();
        assert_eq!(soon, [format!("the certificate {ARN} ends on 2027-01-01; nobody renews it")]);
    }

    #[test]
    fn a_bad_one_is_refused_with_all_reasons() {
        let bad = Certificate {
            arn: ARN.replace("us-west-2", "eu-west-1"),
            status: "EXPIRED".to_owned(),
            names: vec!["*.example.com".to_owned()],
            key: "RSA_1024".to_owned(),
            ..certificate()
        };
        assert_eq!(
            check(&bad, "2027-02-01T00:00:00Z").unwrap_err(),
            [
                "it is in eu-west-1, not in us-west-2",
                "its status is EXPIRED, not ISSUED",
                "it is not for *.shop.example.com, only for *.example.com",
                "a load balancer does not take its key, RSA_1024",
                "it ended on 2027-01-01",
            ]
        );
    }
}
