//! Stacks that are held, at a CloudFormation in memory.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;

use super::*;
use crate::{
    cfn::{
        graph::tests::{graph, spec},
        hold::{Held, Values},
    },
    diagnose::{Class, Diagnose},
    events::EventSink,
    fake::{FakeAws, Form},
};

const TEMPLATE: &str = "Resources: {One: {Type: 'AWS::SNS::Topic'}}\n";
const HELD: &str = "acme-held";

/// What the registrar says.
#[derive(Debug, thiserror::Error)]
#[error("nobody has delegated the domain")]
struct NotYet;

impl Diagnose for NotYet {
    fn class(&self) -> Class {
        Class::NotReady
    }

    fn hints(&self) -> Vec<String> {
        vec!["ask the registrar".to_owned()]
    }
}

/// What becomes of the stack that is held, once no other one is worked on.
#[derive(Debug, Clone)]
enum Then {
    Made,
    NotMade,
    Cancel(CancellationToken),
    /// It must not come to that.
    Never,
}

/// The one place that knows the form of [`Hold`].
struct Door {
    then: Then,
    /// The stacks that were there when it was opened.
    there: Mutex<Vec<String>>,
    cloud: Cloud,
}

impl Door {
    async fn open(&self, alone: &CancellationToken) -> Result<Values, Held> {
        alone.cancelled().await;
        *self.there.lock().unwrap_or_else(PoisonError::into_inner) = self.cloud.stacks();
        match &self.then {
            Then::Made => Ok(Values::new()),
            Then::NotMade => Err(Held::new(NotYet)),
            Then::Cancel(run) => {
                run.cancel();
                std::future::pending().await
            }
            Then::Never => panic!("{HELD} is waited for"),
        }
    }
}

impl Hold for Door {
    fn concerns(&self, stack: &StackName, is_new: bool) -> bool {
        is_new && stack.as_str() == HELD
    }

    fn wait<'a>(
        &'a self,
        _: &'a StackName,
        _: &'a Outputs,
        alone: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>> {
        Box::pin(self.open(alone))
    }
}

/// A CloudFormation that makes every stack at once. One that is called `broken` is refused.
#[derive(Debug, Clone, Default)]
struct Cloud {
    stacks: Arc<Mutex<Vec<String>>>,
}

impl Cloud {
    /// Names of its stacks, in the order in which they were made.
    fn stacks(&self) -> Vec<String> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn make(&self, name: &str) {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    }

    fn answer(&self, operation: &str, form: &Form) -> Option<(u16, String)> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let set = field("ChangeSetName").rsplit('/').next().unwrap_or_default();
        let body = match operation {
            "DescribeStacks" => format!("<Stacks>{}</Stacks>", self.described(form)),
            "GetTemplate" => format!("<TemplateBody>{TEMPLATE}</TemplateBody>"),
            "CreateChangeSet" => {
                let name = field("StackName");
                format!("<Id>arn:set/{name}</Id><StackId>arn:stack/{name}</StackId>")
            }
            "DescribeChangeSet" if set.ends_with("broken") => {
                "<Status>FAILED</Status><StatusReason>it cannot be</StatusReason>".to_owned()
            }
            "DescribeChangeSet" => "<Status>CREATE_COMPLETE</Status>".to_owned(),
            "ExecuteChangeSet" => {
                self.make(set);
                String::new()
            }
            "DescribeStackEvents" => "<StackEvents/>".to_owned(),
            "SetStackPolicy" | "DeleteChangeSet" => String::new(),
            _ => return None,
        };
        let (answer, result) = (format!("{operation}Response"), format!("{operation}Result"));
        Some((200, format!("<{answer}><{result}>{body}</{result}></{answer}>")))
    }

    fn described(&self, form: &Form) -> String {
        let asked = form.get("StackName").and_then(|name| name.rsplit('/').next());
        let wanted = self.stacks().into_iter().filter(|name| asked.is_none_or(|one| one == name));
        let one = |name: String| {
            format!(
                "<member><StackId>arn:stack/{name}</StackId><StackName>{name}</StackName>\
                 <StackStatus>CREATE_COMPLETE</StackStatus>\
                 <CreationTime>2026-01-01T00:00:00Z</CreationTime></member>"
            )
        };
        wanted.map(one).collect()
    }
}

/// What came of an application.
struct Came {
    result: Result<Results, CfnError>,
    stacks: Vec<String>,
    there_when_opened: Vec<String>,
    said: String,
}

/// Applies stacks, each with the one that it needs.
async fn apply_stacks(stacks: &[(&str, &[&str])], then: Then, cloud: Cloud) -> Came {
    let answers = cloud.clone();
    let fake = FakeAws::answering(move |said, form| answers.answer(said, form)).await;
    let (events, recording) = EventSink::recording();
    let cancel = match &then {
        Then::Cancel(run) => run.clone(),
        _ => CancellationToken::new(),
    };
    let ctx = Ctx::new(fake.aws.clone(), events, cancel);
    let specs = stacks.iter().map(|(name, needs)| spec(name, TEMPLATE, &[], needs)).collect();
    let door = Door { then, there: Mutex::default(), cloud: cloud.clone() };
    let (locked, options) = (Locked::before_there_is_a_bucket(), Options::default());
    let result = apply_held(&ctx, &locked, None, &graph(specs), &options, &door).await;
    let there_when_opened = door.there.into_inner().unwrap();
    let said = format!("{:?}", recording.events());
    Came { result, stacks: cloud.stacks(), there_when_opened, said }
}

const FOUR: [(&str, &[&str]); 4] =
    [("acme-a", &[]), (HELD, &["acme-a"]), ("acme-last", &[HELD]), ("acme-z", &["acme-a"])];

#[tokio::test]
async fn a_held_stack_stops_none_but_its_dependants() {
    let came = apply_stacks(&FOUR, Then::Made, Cloud::default()).await;
    assert_eq!(came.there_when_opened, ["acme-a", "acme-z"]);
    assert_eq!(came.stacks, ["acme-a", "acme-z", HELD, "acme-last"]);
    assert_eq!(came.result.unwrap().len(), 4);
}

#[tokio::test]
async fn what_is_not_made_skips_its_dependants_and_says_why() {
    let came = apply_stacks(&FOUR, Then::NotMade, Cloud::default()).await;
    assert_eq!(came.stacks, ["acme-a", "acme-z"]);
    let error = came.result.unwrap_err();
    assert!(matches!(&error, CfnError::Held { stack, .. } if stack.as_str() == HELD), "{error:?}");
    assert_eq!((error.class(), error.hints().len()), (Class::NotReady, 1));
    assert!(came.said.contains("a stack it depends on is not made yet"), "{}", came.said);
}

#[tokio::test]
async fn a_failure_says_more_than_that_something_waits() {
    let stacks = [FOUR[0], FOUR[1], ("acme-broken", &["acme-a"])];
    let came = apply_stacks(&stacks, Then::NotMade, Cloud::default()).await;
    let error = came.result.unwrap_err();
    assert!(matches!(&error, CfnError::ChangeSet { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stack_that_exists_is_not_held() {
    let cloud = Cloud::default();
    cloud.make(HELD);
    let came = apply_stacks(&FOUR, Then::Never, cloud).await;
    let results = came.result.unwrap();
    assert_eq!(results[&HELD.parse().unwrap()].outcome, Outcome::Unchanged);
    assert_eq!(came.stacks.len(), 4);
}

#[tokio::test]
async fn a_run_is_cancelled_while_a_stack_is_held() {
    let came = apply_stacks(&FOUR, Then::Cancel(CancellationToken::new()), Cloud::default()).await;
    assert_eq!(came.result.unwrap_err().class(), Class::Interrupted);
    assert_eq!(came.stacks, ["acme-a", "acme-z"]);
}
