//! A plan as a file: looked at by one person, executed by another, later, exactly as it was.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{error::CfnError, gate::Approvals, observe, plan::GraphPlan};
use crate::{
    connect::Aws,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    ids::{AccountId, Digest, Region, StackName},
};

/// Schema number of plan files.
pub const SCHEMA: u32 = 1;

/// A plan with everything that it holds for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// Schema number of the file.
    pub schema: u32,
    /// Program that made it.
    pub program: String,
    /// Version of that program.
    pub version: String,
    /// What it is a plan for: an instance or an environment.
    pub target: String,
    /// Release that is deployed, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Account.
    pub account: AccountId,
    /// Region.
    pub region: Region,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it: the ARN of the caller.
    pub made_by: String,
    /// Digest of settings, templates and parameters.
    pub inputs: Digest,
    /// Data resources that may be lost, each `stack/LogicalId`.
    pub approvals: Vec<String>,
    /// What would be done, and the form that the stacks had.
    pub plan: GraphPlan,
    /// Digest of all that is above: a file that was edited is refused.
    pub digest: Option<Digest>,
}

/// Why a plan file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It cannot be read.
    #[error("{file} is not a plan: {reason}")]
    Unreadable {
        /// File.
        file: String,
        /// Why not.
        reason: String,
    },
    /// It was made by a newer version.
    #[error("{file} has schema {found}; this version knows {SCHEMA}")]
    Newer {
        /// File.
        file: String,
        /// Schema number found.
        found: u64,
    },
    /// It was changed after it had been made.
    #[error("{file} was changed after it had been made")]
    Changed {
        /// File.
        file: String,
    },
    /// It is a plan of another program, account or region.
    #[error("the plan is for {what} {planned}, not for {here}")]
    Elsewhere {
        /// `program`, `account` or `region`.
        what: &'static str,
        /// What the plan says.
        planned: String,
        /// What it is here.
        here: String,
    },
}

impl Diagnose for PlanFileError {
    fn class(&self) -> Class {
        match self {
            Self::Changed { .. } => Class::Denied,
            _ => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Elsewhere { .. } => Vec::new(),
            _ => vec!["Make a new one with `plan --out FILE`.".to_owned()],
        }
    }
}

impl PlanFile {
    /// A plan made now with this connection. `inputs` is the digest of all that it was made from
    /// ([`super::graph::StackGraph::digest`]).
    #[must_use]
    pub fn new(
        aws: &Aws,
        program: (&str, &str),
        target: &str,
        inputs: Digest,
        plan: GraphPlan,
        approvals: &Approvals,
    ) -> Self {
        let file = Self {
            schema: SCHEMA,
            program: program.0.to_owned(),
            version: program.1.to_owned(),
            target: target.to_owned(),
            release: None,
            account: aws.account().clone(),
            region: aws.region().clone(),
            made_at: Timestamp::now(),
            made_by: aws.caller().to_owned(),
            inputs,
            approvals: approvals.names().map(str::to_owned).collect(),
            plan,
            digest: None,
        };
        Self { digest: Some(file.content_digest()), ..file }
    }

    /// The same plan, of the deployment of a release.
    #[must_use]
    pub fn of_release(self, release: &str) -> Self {
        let file = Self { release: Some(release.to_owned()), ..self };
        Self { digest: Some(file.content_digest()), ..file }
    }

    /// Reads a file's text; `file` is its name for messages.
    ///
    /// # Errors
    /// [`PlanFileError`] when it is none, is newer, or was changed.
    pub fn parse(file: &str, text: &str) -> Result<Self, PlanFileError> {
        let unreadable = |error: serde_json::Error| PlanFileError::Unreadable {
            file: file.to_owned(),
            reason: error.to_string(),
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
        let found = value["schema"].as_u64().unwrap_or_default();
        if found > u64::from(SCHEMA) {
            return Err(PlanFileError::Newer { file: file.to_owned(), found });
        }
        let plan: Self = serde_json::from_value(value).map_err(unreadable)?;
        if plan.digest != Some(plan.content_digest()) {
            return Err(PlanFileError::Changed { file: file.to_owned() });
        }
        Ok(plan)
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        // A plan is made of texts, lists and maps with text keys, which always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The approvals that the plan was made with.
    #[must_use]
    pub fn approvals(&self) -> Approvals {
        Approvals::for_resources(self.approvals.iter().cloned())
    }

    /// Checks that the plan is one of this program for this account and region.
    ///
    /// # Errors
    /// [`PlanFileError::Elsewhere`].
    pub fn check_place(&self, program: &str, aws: &Aws) -> Result<(), PlanFileError> {
        for (what, planned, here) in [
            ("program", self.program.as_str(), program),
            ("account", self.account.as_str(), aws.account().as_str()),
            ("region", self.region.as_str(), aws.region().as_str()),
        ] {
            if planned != here {
                let (planned, here) = (planned.to_owned(), here.to_owned());
                return Err(PlanFileError::Elsewhere { what, planned, here });
            }
        }
        Ok(())
    }

    /// Checks that the wish is still the planned one, and that nobody has changed a stack since
    /// (`DescribeStacks`).
    ///
    /// # Errors
    /// [`CfnError::StalePlan`] says what is different.
    pub async fn check_world(&self, ctx: &Ctx, inputs: &Digest) -> Result<(), CfnError> {
        if *inputs != self.inputs {
            let what = "the settings, the templates or the version of the program are other ones";
            return Err(CfnError::StalePlan { what: what.to_owned() });
        }
        let any = self.plan.stacks.keys().next().cloned().unwrap_or_else(StackName::unnamed);
        let failed = |source| CfnError::Aws { stack: any, source };
        let stacks = observe::stacks(ctx, "").await.map_err(failed)?;
        let found = stacks.into_iter().filter(|stack| self.plan.stacks.contains_key(&stack.name));
        let now = found.map(|stack| (stack.name.clone(), stack.form())).collect();
        match difference(&self.plan.observed, &now) {
            Some(what) => Err(CfnError::StalePlan { what }),
            None => Ok(()),
        }
    }

    fn content_digest(&self) -> Digest {
        let content = Self { digest: None, ..self.clone() };
        Digest::of(serde_json::to_string(&content).unwrap_or_default().as_bytes())
    }
}

type Forms = std::collections::BTreeMap<StackName, String>;

/// The first stack whose form is another one, as a clause.
fn difference(planned: &Forms, now: &Forms) -> Option<String> {
    let gone = planned.keys().find(|name| !now.contains_key(*name));
    if let Some(name) = gone {
        return Some(format!("stack {name} is gone"));
    }
    let (name, form) = now.iter().find(|(name, form)| planned.get(*name) != Some(form))?;
    Some(match planned.get(name) {
        Some(_) => format!("stack {name} was changed since ({form})"),
        None => format!("stack {name} exists now ({form})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> PlanFile {
        let file = PlanFile {
            schema: SCHEMA,
            program: "cloudcore".to_owned(),
            version: "0.1.0".to_owned(),
            target: "acme".to_owned(),
            release: None,
            account: "123456789012".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            made_at: Timestamp::UNIX_EPOCH,
            made_by: "arn".to_owned(),
            inputs: Digest::of(b"inputs"),
            approvals: vec!["acme-a/Bucket".to_owned()],
            plan: GraphPlan::default(),
            digest: None,
        };
        PlanFile { digest: Some(file.content_digest()), ..file }
    }

    #[test]
    fn a_plan_reads_back_and_an_edited_one_is_refused() {
        let text = file().text();
        assert_eq!(PlanFile::parse("p.json", &text).unwrap(), file());
        let edited = text.replace("acme-a/Bucket", "acme-b/Bucket");
        let error = PlanFile::parse("p.json", &edited).unwrap_err();
        assert_eq!(error.to_string(), "p.json was changed after it had been made");
        assert_eq!(error.class(), Class::Denied);
        let newer = text.replace("\"schema\": 1", "\"schema\": 2");
        assert_eq!(PlanFile::parse("p.json", &newer).unwrap_err().class(), Class::Configuration);
        assert!(PlanFile::parse("p.json", "notes").unwrap_err().to_string().contains("p.json"));
    }

    #[test]
    fn a_stack_that_was_changed_made_or_deleted_makes_a_plan_stale() {
        let forms = |pairs: &[(&str, &str)]| -> Forms {
            pairs.iter().map(|(name, form)| (name.parse().unwrap(), (*form).to_owned())).collect()
        };
        let planned = forms(&[("a", "CREATE_COMPLETE 1"), ("b", "CREATE_COMPLETE 1")]);
        let check = |now: &[(&str, &str)]| difference(&planned, &forms(now));
        assert_eq!(check(&[("a", "CREATE_COMPLETE 1"), ("b", "CREATE_COMPLETE 1")]), None);
        assert_eq!(check(&[("b", "CREATE_COMPLETE 1")]).unwrap(), "stack a is gone");
        let changed = check(&[("a", "CREATE_COMPLETE 1"), ("b", "UPDATE_COMPLETE 2")]);
        assert_eq!(changed.unwrap(), "stack b was changed since (UPDATE_COMPLETE 2)");
        let more = [("a", "CREATE_COMPLETE 1"), ("b", "CREATE_COMPLETE 1"), ("c", "X")];
        assert_eq!(check(&more).unwrap(), "stack c exists now (X)");
    }
}
