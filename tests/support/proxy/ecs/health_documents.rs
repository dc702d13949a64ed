//! The balancers' documents: two groups read and shown as one.

use std::collections::BTreeMap;

use super::task::TargetState;

/// Names of waiting groups begin so.
pub(super) const PREFIX: &str = "cloudops-waiting-";

/// Health of the targets of one group, by address and port.
pub(super) type Health = BTreeMap<(String, u64), Standing>;

/// Where a target stands in its group and the waiting one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: TargetState,
    /// In the service's own group.
    pub(super) routed: bool,
    /// Healthy, and not yet in the service's own group.
    pub(super) ready: bool,
}

pub(super) fn stand(own: Option<&TargetState>, waiting: Option<&TargetState>) -> Standing {
    let waits = waiting == Some(&TargetState::Healthy);
    let (state, routed) = match (own, waiting) {
        // Judged already while it waited.
        (Some(TargetState::Waiting), Some(_)) if waits => (TargetState::Healthy, true),
        (Some(state), _) => (state.clone(), true),
        (None, Some(_)) if waits => (TargetState::Waiting, false),
        (None, Some(state)) => (state.clone(), false),
        (None, None) => (TargetState::Absent, false),
    };
    Standing { state, routed, ready: waits && !routed }
}

/// The own group's document, with the waiting group's word for targets that it has not judged.
pub(super) fn merge_documents(own: &str, waiting: &str) -> String {
    let mut shown = own.to_owned();
    let mut added = String::new();
    for member in members(waiting) {
        let Some((target, state)) = read_state(member) else {
            continue;
        };
        match members(own).find(|other| read_state(other).is_some_and(|(t, _)| t == target)) {
            Some(other) if element(other, "State") == Some("initial") => {
                shown = shown.replace(other, member);
            }
            Some(_) => {}
            // Healthy and not yet routed to: AWS calls that initial as well.
            None if state == TargetState::Healthy => {
                let text = member.replace("<State>healthy</State>", "<State>initial</State>");
                added.push_str(&format!("<member>{text}</member>"));
            }
            None => added.push_str(&format!("<member>{member}</member>")),
        }
    }
    if added.is_empty() {
        return shown;
    }
    let end = "</TargetHealthDescriptions>";
    let empty = "<TargetHealthDescriptions/>";
    let filled = format!("<TargetHealthDescriptions>{added}{end}");
    if shown.contains(empty) {
        return shown.replacen(empty, &filled, 1);
    }
    shown.replacen(end, &format!("{added}{end}"), 1)
}

/// A waiting group has no balancer, so no `<member>` stands within its own.
pub(super) fn without_waiting_groups(mut xml: String) -> String {
    while let Some(name) = xml.find(&format!("<TargetGroupName>{PREFIX}")) {
        let start = xml[..name].rfind("<member>");
        let end = xml[name..].find("</member>").map(|end| name + end + "</member>".len());
        let (Some(start), Some(end)) = (start, end) else {
            break;
        };
        xml.replace_range(start..end, "");
    }
    xml
}

pub(super) fn members(xml: &str) -> impl Iterator<Item = &str> {
    xml.split("<member>").skip(1).filter_map(|rest| rest.split("</member>").next())
}

pub(super) fn read_state(member: &str) -> Option<((String, u64), TargetState)> {
    let port = element(member, "Port")?.parse().ok()?;
    let why = element(member, "Description").or_else(|| element(member, "Reason"));
    let state = match element(member, "State")? {
        "healthy" => TargetState::Healthy,
        "unhealthy" => TargetState::Unhealthy(why.unwrap_or("Health checks failed").to_owned()),
        "draining" => TargetState::Absent,
        _ => TargetState::Waiting,
    };
    Some(((element(member, "Id")?.to_owned(), port), state))
}

pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, state: &str) -> String {
        format!(
            "<member><Target><Id>{id}</Id><Port>80</Port></Target>\
             <TargetHealth><State>{state}</State></TargetHealth></member>"
        )
    }

    fn document(members: &[String]) -> String {
        format!("<R><TargetHealthDescriptions>{}</TargetHealthDescriptions></R>", members.concat())
    }

    #[test]
    fn one_group_is_seen_from_outside() {
        let own = document(&[member("a", "healthy"), member("b", "initial")]);
        let waiting = document(&[
            member("a", "initial"),
            member("b", "healthy"),
            member("c", "healthy"),
            member("d", "unhealthy"),
        ]);
        let expect = document(&[
            member("a", "healthy"),
            member("b", "healthy"),
            member("c", "initial"),
            member("d", "unhealthy"),
        ]);
        assert_eq!(merge_documents(&own, &waiting), expect);
        let empty = "<R><TargetHealthDescriptions/></R>";
        let expect = document(&[member("d", "unhealthy")]);
        assert_eq!(merge_documents(empty, &document(&[member("d", "unhealthy")])), expect);
    }

    #[test]
    fn waiting_groups_are_not_shown() {
        let group = |name: &str, balancers: &str| {
            format!(
                "<member><TargetGroupName>{name}</TargetGroupName>\
                 <LoadBalancerArns>{balancers}</LoadBalancerArns></member>"
            )
        };
        let shown = group("web", "<member>arn</member>");
        let all = format!("{shown}{}", group("cloudops-waiting-1", ""));
        assert_eq!(without_waiting_groups(all), shown);
    }

    #[test]
    fn a_target_is_routed_to_when_it_is_healthy() {
        let check = |own: Option<TargetState>, waiting: Option<TargetState>, expect: (_, _, _)| {
            let found = stand(own.as_ref(), waiting.as_ref());
            assert_eq!((found.state, found.routed, found.ready), expect);
        };
        use TargetState::{Absent, Healthy, Waiting};
        check(None, None, (Absent, false, false));
        check(None, Some(Waiting), (Waiting, false, false));
        check(None, Some(Healthy), (Waiting, false, true));
        check(Some(Waiting), Some(Healthy), (Healthy, true, false));
        check(Some(Waiting), None, (Waiting, true, false));
        check(Some(Healthy), Some(Healthy), (Healthy, true, false));
    }
}
