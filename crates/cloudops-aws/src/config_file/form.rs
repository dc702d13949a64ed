//! The forms of names that AWS gives.

/// A kind of name that AWS gives to things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Id of a VPC.
    Vpc,
    /// Id of a subnet.
    Subnet,
    /// Id of a hosted zone.
    Zone,
    /// ARN of a role.
    Role,
    /// ARN of a certificate.
    Certificate,
    /// External id that the trust of a role asks for.
    ExternalId,
}

impl Form {
    /// The form in words, with an example.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Vpc => "the id of a VPC, such as vpc-0a1b2c3d4e5f60718",
            Self::Subnet => "the id of a subnet, such as subnet-0a1b2c3d4e5f60718",
            Self::Zone => "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ",
            Self::Role => "the ARN of a role, such as arn:aws:iam::123456789012:role/delegation",
            Self::Certificate => {
                "the ARN of a certificate, such as arn:aws:acm:us-west-2:123456789012:certificate/ID"
            }
            Self::ExternalId => {
                "an external id of 2 to 1224 letters, digits and _+=,.@:/-, such as cloudops-acme"
            }
        }
    }

    /// Whether a text has the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Vpc => hexadecimal(text, "vpc-"),
            Self::Subnet => hexadecimal(text, "subnet-"),
            Self::Zone => {
                text.starts_with('Z')
                    && (2..=32).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            }
            Self::Role => arn(text, "iam", "role/"),
            Self::Certificate => arn(text, "acm", "certificate/"),
            // The form of STS, AssumeRole.
            Self::ExternalId => {
                let allowed =
                    |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
                (2..=1224).contains(&text.len()) && text.bytes().all(allowed)
            }
        }
    }
}

fn hexadecimal(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, the region empty for global services.
fn arn(text: &str, service: &str, resource: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [prefix, partition, of, _, account, rest] = parts.as_slice() else {
        return false;
    };
    *prefix == "arn"
        && partition.starts_with("aws")
        && *of == service
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && rest.strip_prefix(resource).is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn the_example_of_each_form_fits_it() {
        for form in
            [Form::Vpc, Form::Subnet, Form::Zone, Form::Role, Form::Certificate, Form::ExternalId]
        {
            let example = form.what().rsplit(' ').next().unwrap();
            assert!(form.fits(example), "{form:?}: {example}");
            assert!(!form.fits("arn:aws:s3:::my bucket"), "{form:?}");
            assert!(!form.fits(""), "{form:?}");
        }
    }
}
