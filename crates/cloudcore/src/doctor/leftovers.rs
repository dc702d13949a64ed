//! What an earlier try left.

use cloudops_aws::{
    cfn::{
        observe::Observed,
        status::{NextAction, StackStatus},
    },
    config_file::CloudOpsConfig,
    state::{journal::Log, lock::Lease},
};
use jiff::Timestamp;

use super::{Check, Finding, needs::Needs};

const CHECK: Check = Check::Leftovers;

/// Stacks of the foundation that are not as a run leaves them.
#[must_use]
pub fn stacks(config: &CloudOpsConfig, needs: &Needs, there: &[Observed]) -> Vec<Finding> {
    let ours = |stack: &&Observed| {
        let tag = stack.tags.get("cloudops:instance");
        needs.foundation.contains_key(&stack.name)
            && tag.is_none_or(|tag| *tag == config.instance.to_string())
    };
    let found: Vec<Finding> = there.iter().filter(ours).filter_map(of_stack).collect();
    match (found.is_empty(), there.is_empty()) {
        (false, _) => found,
        (true, false) => vec![Finding::ok(CHECK, "no stack is stuck")],
        (true, true) => vec![Finding::ok(CHECK, "there is no stack of the instance yet")],
    }
}

fn of_stack(stack: &Observed) -> Option<Finding> {
    let Observed { name, status, .. } = stack;
    match (status.next_action(), status) {
        (NextAction::Create, StackStatus::ReviewInProgress) => Some(Finding::warning(
            CHECK,
            format!("the stack {name} is only a change set that nobody executed ({status})"),
            "`cloudcore init` makes it; `cloudcore plan` shows what.",
        )),
        (NextAction::Create | NextAction::Update, _) => None,
        (NextAction::Recreate, _) => Some(Finding::warning(
            CHECK,
            format!("the stack {name} is what a creation that failed left ({status})"),
            "`cloudcore init` deletes it and makes it anew; look into its events first for what \
             failed.",
        )),
        (NextAction::Attach, _) => Some(Finding::warning(
            CHECK,
            format!("the stack {name} is being worked on ({status})"),
            "Watch it with `cloudcore attach`.",
        )),
        (NextAction::Refuse, _) => Some(Finding::problem(
            CHECK,
            format!("the stack {name} is stuck ({status})"),
            "Get it out with `cloudcore repair`.",
        )),
    }
}

/// Secrets that are deleted and still keep their names.
#[must_use]
pub fn secrets(config: &CloudOpsConfig, names: &[String]) -> Vec<Finding> {
    let finding = |name: &String| {
        let what =
            format!("the secret {name} is scheduled for deletion and keeps its name until then");
        let region = &config.region;
        let fix = format!(
            "Restore it with `aws secretsmanager restore-secret --region {region} --secret-id \
             {name}`, or delete it at once with `aws secretsmanager delete-secret --region \
             {region} --secret-id {name} --force-delete-without-recovery`."
        );
        Finding::warning(CHECK, what, fix)
    };
    names.iter().map(finding).collect()
}

/// The lock of the instance, where somebody holds it.
#[must_use]
pub fn lock(scope: &str, lease: Option<&Lease>, now: Timestamp) -> Option<Finding> {
    let lease = lease?;
    let owner = &lease.owner;
    let who = format!(
        "`{}` of {} on {} (process {}) holds the lock `{scope}` since {}",
        lease.command,
        owner.user,
        owner.host,
        owner.pid,
        lease.acquired_at.strftime("%Y-%m-%d %H:%M UTC")
    );
    if lease.expires_at > now {
        return Some(Finding::warning(CHECK, who, "Wait for it, or watch it: `cloudcore attach`."));
    }
    Some(Finding::problem(
        CHECK,
        format!("{who}, and has stopped renewing it"),
        format!(
            "If that run is certainly dead, remove its lock: `{} unlock --scope {scope} --run {}`.",
            lease.program, lease.run
        ),
    ))
}

/// The last run, where it left steps open.
#[must_use]
pub fn interrupted(log: Option<&Log>) -> Option<Finding> {
    let log = log?;
    let what = format!("`{}` was interrupted at {}", log.command, log.open_steps().join(", "));
    Some(Finding::warning(CHECK, what, "`cloudcore init` goes on where it stopped."))
}

#[cfg(test)]
mod tests {
    use cloudops_aws::state::{
        journal::{Entry, Mark},
        lock::Owner,
    };

    use super::{
        super::{
            Verdict,
            needs::tests::stack,
            tests::{config, short},
        },
        *,
    };

    fn check(status: StackStatus) -> Vec<Finding> {
        let needs = Needs::new(&config(""), &[]).unwrap();
        stacks(&config(""), &needs, &[stack("acme-core-dns", status)])
    }

    #[test]
    fn every_status_has_its_verdict() {
        for status in StackStatus::all() {
            let verdict = match status.next_action() {
                NextAction::Refuse => Verdict::Problem,
                NextAction::Attach | NextAction::Recreate => Verdict::Warning,
                _ if status == StackStatus::ReviewInProgress => Verdict::Warning,
                _ => Verdict::Ok,
            };
            assert_eq!(check(status)[0].verdict, verdict, "{status}");
        }
    }

    #[test]
    fn what_is_left_is_named_with_the_way_out() {
        let all: Vec<Finding> = [
            StackStatus::RollbackComplete,
            StackStatus::ReviewInProgress,
            StackStatus::DeleteFailed,
            StackStatus::UpdateInProgress,
            StackStatus::CreateComplete,
        ]
        .into_iter()
        .flat_map(check)
        .collect();
        insta::assert_snapshot!(short(&all), @r"
        Warning: the stack acme-core-dns is what a creation that failed left (ROLLBACK_COMPLETE) -> `cloudcore init` deletes it and makes it anew; look into its events first for what failed.
        Warning: the stack acme-core-dns is only a change set that nobody executed (REVIEW_IN_PROGRESS) -> `cloudcore init` makes it; `cloudcore plan` shows what.
        Problem: the stack acme-core-dns is stuck (DELETE_FAILED) -> Get it out with `cloudcore repair`.
        Warning: the stack acme-core-dns is being worked on (UPDATE_IN_PROGRESS) -> Watch it with `cloudcore attach`.
        Ok: no stack is stuck
        ");
        let needs = Needs::new(&config(""), &[]).unwrap();
        insta::assert_snapshot!(short(&stacks(&config(""), &needs, &[])), @r"Ok: there is no stack of the instance yet");
        let of_others = stack("acme-website", StackStatus::DeleteFailed);
        insta::assert_snapshot!(short(&stacks(&config(""), &needs, &[of_others])), @r"Ok: no stack is stuck");
        insta::assert_snapshot!(short(&secrets(&config(""), &["/cloudops/acme/a".to_owned()])), @r"Warning: the secret /cloudops/acme/a is scheduled for deletion and keeps its name until then -> Restore it with `aws secretsmanager restore-secret --region us-west-2 --secret-id /cloudops/acme/a`, or delete it at once with `aws secretsmanager delete-secret --region us-west-2 --secret-id /cloudops/acme/a --force-delete-without-recovery`.");
    }

    #[test]
    fn a_lock_is_held_or_dead() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let lease = Lease {
            owner: Owner { user: "bob".to_owned(), host: "build-7".to_owned(), pid: 42 },
            run: "r-1".to_owned(),
            command: "cloudcore init".to_owned(),
            program: "cloudcore".to_owned(),
            acquired_at: time("2026-11-25T10:00:00Z"),
            expires_at: time("2026-11-25T10:05:00Z"),
            fence: 1,
            held: true,
        };
        let check = |now: &str| {
            let found = lock("instance", Some(&lease), time(now));
            short(&found.into_iter().collect::<Vec<_>>())
        };
        insta::assert_snapshot!(check("2026-11-25T10:04:00Z"), @r"Warning: `cloudcore init` of bob on build-7 (process 42) holds the lock `instance` since 2026-11-25 10:00 UTC -> Wait for it, or watch it: `cloudcore attach`.");
        insta::assert_snapshot!(check("2026-11-25T11:00:00Z"), @r"Problem: `cloudcore init` of bob on build-7 (process 42) holds the lock `instance` since 2026-11-25 10:00 UTC, and has stopped renewing it -> If that run is certainly dead, remove its lock: `cloudcore unlock --scope instance --run r-1`.");
        assert_eq!(lock("instance", None, lease.expires_at), None);
    }

    #[test]
    fn a_run_that_was_interrupted_is_told() {
        let entry = Entry {
            time: Timestamp::UNIX_EPOCH,
            step: "stack/acme-core-network".to_owned(),
            mark: Mark::Intent { token: "t".to_owned() },
        };
        let log = Log {
            run: "r".to_owned(),
            command: "cloudcore init".to_owned(),
            fence: 1,
            entries: vec![entry],
        };
        let found: Vec<Finding> = interrupted(Some(&log)).into_iter().collect();
        insta::assert_snapshot!(short(&found), @r"Warning: `cloudcore init` was interrupted at stack/acme-core-network -> `cloudcore init` goes on where it stopped.");
        assert_eq!(interrupted(None), None);
    }
}
