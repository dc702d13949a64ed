//! Targets of a service's tasks.
//!
//! The emulator's balancer sends requests to a target from the moment it is registered; AWS only
//! when it is healthy. So a task's target first goes into a *waiting group*: a target group of the
//! proxy's with the same health check, behind no balancer. Once healthy there it goes into the
//! service's own group. Seen from outside there is one group: `DescribeTargetHealth` shows waiting
//! targets as `initial` or `unhealthy`, and `DescribeTargetGroups` does not show waiting groups.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::Ecs;
use super::health_documents::{
    Health, PREFIX, element, members, merge_documents, read_state, stand, without_waiting_groups,
};
use super::task::{Target, TargetState};
use crate::proxy::upstream::UpstreamError;

const SERVICE: &str = "elasticloadbalancing";
const VERSION: &str = "2015-12-01";

/// Settings of a health check, as `DescribeTargetGroups` shows them and a target group takes them.
/// The interval is the proxy's own: a new target waits seconds for its verdict, not minutes.
const CHECK: [&str; 9] = [
    "Protocol",
    "Port",
    "VpcId",
    "TargetType",
    "HealthCheckProtocol",
    "HealthCheckPath",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
];

/// Those of them that are numbers.
const NUMBERS: [&str; 4] =
    ["Port", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount"];

impl Ecs {
    /// A call of the balancers' API whose answer is not the emulator's.
    pub async fn answer_query(
        &self,
        service: &str,
        action: &str,
        form: &[(String, String)],
    ) -> Option<Result<String, UpstreamError>> {
        let group = form.iter().find(|(name, _)| name == "TargetGroupArn").map(|(_, arn)| arn);
        match (service, action) {
            (SERVICE, "DescribeTargetHealth") => {
                let waiting = self.known_waiting(group?)?;
                Some(self.shown_health(form, &waiting).await)
            }
            (SERVICE, "DescribeTargetGroups") => {
                let answer = self.balancer(action, form).await;
                Some(answer.map(without_waiting_groups))
            }
            (SERVICE, "DeleteTargetGroup") => {
                let answer = self.balancer(action, form).await;
                if answer.is_ok() {
                    self.drop_waiting(group?).await;
                }
                Some(answer)
            }
            _ => None,
        }
    }

    pub(super) async fn balancer(
        &self,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<String, UpstreamError> {
        let own = |name: &str| name == "Action" || name == "Version" || name.starts_with("X-Amz-");
        let rest: Vec<_> = parameters.iter().filter(|(name, _)| !own(name)).cloned().collect();
        self.upstream.query(SERVICE, action, VERSION, &rest).await
    }

    async fn shown_health(
        &self,
        form: &[(String, String)],
        waiting: &str,
    ) -> Result<String, UpstreamError> {
        let own = self.balancer("DescribeTargetHealth", form).await?;
        let mut other = form.to_vec();
        for (name, value) in &mut other {
            if name == "TargetGroupArn" {
                waiting.clone_into(value);
            }
        }
        // A waiting group that is gone has nothing to add.
        let other = self.balancer("DescribeTargetHealth", &other).await.unwrap_or_default();
        Ok(merge_documents(&own, &other))
    }

    /// How the targets of a group stand.
    pub(super) async fn target_health(&self, group: &str) -> Result<Health, UpstreamError> {
        let own = self.states(group).await?;
        let waiting = match self.known_waiting(group) {
            Some(waiting) => self.states(&waiting).await?,
            None => BTreeMap::new(),
        };
        let mut all: Vec<_> = own.keys().chain(waiting.keys()).cloned().collect();
        all.dedup();
        Ok(all
            .into_iter()
            .map(|target| {
                let standing = stand(own.get(&target), waiting.get(&target));
                (target, standing)
            })
            .collect())
    }

    async fn states(
        &self,
        group: &str,
    ) -> Result<BTreeMap<(String, u64), TargetState>, UpstreamError> {
        match self.balancer("DescribeTargetHealth", &[of_group(group)]).await {
            Ok(xml) => Ok(members(&xml).filter_map(read_state).collect()),
            // A group that was deleted has no targets; the service says so by never being steady.
            Err(UpstreamError::Service { .. }) => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    /// Puts targets into their waiting groups.
    pub(super) async fn register(&self, targets: &[Target]) {
        for target in targets {
            let waiting = self.waiting(&target.group).await;
            self.change("RegisterTargets", waiting.as_deref().unwrap_or(&target.group), target)
                .await;
        }
    }

    /// Puts targets into their own groups.
    pub(super) async fn promote(&self, targets: &[Target]) {
        for target in targets {
            self.change("RegisterTargets", &target.group, target).await;
        }
    }

    /// Takes targets out of their groups.
    pub(super) async fn deregister(&self, targets: &[Target]) {
        for target in targets {
            self.change("DeregisterTargets", &target.group, target).await;
            if let Some(waiting) = self.known_waiting(&target.group) {
                self.change("DeregisterTargets", &waiting, target).await;
            }
        }
    }

    async fn change(&self, action: &str, group: &str, target: &Target) {
        let parameters = [
            of_group(group),
            ("Targets.member.1.Id".to_owned(), target.id.clone()),
            ("Targets.member.1.Port".to_owned(), target.port.to_string()),
        ];
        // The next look at the targets tells whether it worked.
        let _ = self.balancer(action, &parameters).await;
    }

    fn known_waiting(&self, group: &str) -> Option<String> {
        let known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(group).cloned()
    }

    /// The waiting group of `group`, made when there is none.
    async fn waiting(&self, group: &str) -> Option<String> {
        if let Some(known) = self.known_waiting(group) {
            return Some(known);
        }
        let shown = self.describe_group(group).await.ok()?;
        let digest = Sha256::digest(group.as_bytes());
        let hex: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let arn = self.make_waiting(&format!("{PREFIX}{hex}"), &shown).await?;
        let mut known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(group.to_owned(), arn.clone());
        Some(arn)
    }

    /// Makes a target group like the one shown. Its interval is shorter than the balancers' own API
    /// allows, which Cloud Control takes.
    async fn make_waiting(&self, name: &str, shown: &str) -> Option<String> {
        let mut wanted = json!({"Name": name, "HealthCheckIntervalSeconds": 1});
        for (setting, value) in settings(shown) {
            let number = value.parse::<u64>().ok().filter(|_| NUMBERS.contains(&&*setting));
            match setting.split_once('.') {
                Some((outer, inner)) => wanted[outer][inner] = json!(value),
                None => wanted[setting] = number.map_or(json!(value), |number| json!(number)),
            }
        }
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let body = json!({"TypeName": kind, "DesiredState": wanted.to_string()});
        let target = "CloudApiService.CreateResource";
        let made = self.upstream.json("cloudcontrolapi", target, &body).await.ok()?;
        made["ProgressEvent"]["Identifier"].as_str().map(str::to_owned)
    }

    /// Gives the waiting groups of these balancers the health check that their groups have now.
    pub(super) async fn refresh_checks(&self, balancers: &serde_json::Value) {
        let groups = balancers.as_array().into_iter().flatten();
        for group in groups.filter_map(|balancer| balancer["targetGroupArn"].as_str()) {
            let Some(waiting) = self.known_waiting(group) else {
                continue;
            };
            let Ok(shown) = self.describe_group(group).await else {
                continue;
            };
            let mut parameters = vec![of_group(&waiting)];
            let changes = settings(&shown).into_iter();
            parameters.extend(changes.filter(|(name, _)| name.starts_with("Health")));
            // When it fails, targets are judged by the old check.
            let _ = self.balancer("ModifyTargetGroup", &parameters).await;
        }
    }

    async fn drop_waiting(&self, group: &str) {
        let waiting = {
            let mut known = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(group)
        };
        if let Some(waiting) = waiting {
            // Nobody sees what is left of it.
            let _ = self.balancer("DeleteTargetGroup", &[of_group(&waiting)]).await;
        }
    }

    /// Removes the waiting groups of a service that is gone.
    pub(super) async fn drop_waiting_of(&self, balancers: &serde_json::Value) {
        let groups = balancers.as_array().into_iter().flatten();
        for group in groups.filter_map(|balancer| balancer["targetGroupArn"].as_str()) {
            self.drop_waiting(group).await;
        }
    }

    pub(super) async fn describe_group(&self, group: &str) -> Result<String, UpstreamError> {
        let parameters = [("TargetGroupArns.member.1".to_owned(), group.to_owned())];
        self.balancer("DescribeTargetGroups", &parameters).await
    }
}

fn of_group(group: &str) -> (String, String) {
    ("TargetGroupArn".to_owned(), group.to_owned())
}

fn settings(shown: &str) -> Vec<(String, String)> {
    let given = |name: &&str| Some(((*name).to_owned(), element(shown, name)?.to_owned()));
    let mut all: Vec<_> = CHECK.iter().filter_map(given).collect();
    if let Some(code) = element(shown, "HttpCode") {
        all.push(("Matcher.HttpCode".to_owned(), code.to_owned()));
    }
    all
}
