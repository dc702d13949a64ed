use super::*;
use crate::proxy::route::Protocol;

fn call(operation: &str) -> Call {
    Call {
        service: "ecs".to_owned(),
        operation: operation.to_owned(),
        protocol: Protocol::Json,
        resource: Some("author/cm".to_owned()),
        mutating: true,
        who: "test".to_owned(),
    }
}

#[tokio::test]
async fn only_the_asked_calls_are_met() {
    let rules = Arc::new(Rules::default());
    rules.add(Rule::new("ecs", "UpdateService", Effect::Drop).only(2, 1).on("author"));
    let update = call("UpdateService");
    assert_eq!(rules.apply(&call("DescribeServices"), When::Before).await, Verdict::Pass);
    assert_eq!(rules.apply(&update, When::Before).await, Verdict::Pass);
    assert_eq!(rules.apply(&update, When::After).await, Verdict::Pass);
    assert_eq!(rules.apply(&update, When::Before).await, Verdict::Drop);
    assert_eq!(rules.apply(&update, When::Before).await, Verdict::Pass);
}

#[tokio::test]
async fn a_held_call_waits_for_its_release() {
    let rules = Arc::new(Rules::default());
    let id = rules.add(Rule::new("ecs", "UpdateService", Effect::Hold));
    let waiting = tokio::spawn({
        let rules = Arc::clone(&rules);
        async move { rules.apply(&call("UpdateService"), When::Before).await }
    });
    let held = rules.wait_held(Duration::from_secs(10)).await;
    assert_eq!(held[0].rule, id);
    assert!(!waiting.is_finished());
    assert_eq!(rules.release(Some(id), Release::Go), 1);
    assert_eq!(waiting.await.unwrap(), Verdict::Pass);
    assert!(rules.list().is_empty(), "a released hold is over");
}

#[tokio::test]
async fn a_held_call_whose_client_goes_away_is_forgotten() {
    let rules = Arc::new(Rules::default());
    rules.add(Rule::new("ecs", "UpdateService", Effect::Hold));
    let waiting = tokio::spawn({
        let rules = Arc::clone(&rules);
        async move { rules.apply(&call("UpdateService"), When::Before).await }
    });
    assert_eq!(rules.wait_held(Duration::from_secs(10)).await.len(), 1);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert!(rules.held().is_empty());
}
