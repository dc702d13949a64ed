//! A Cloud Control in memory, and a CloudFormation in front of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use crate::proxy::cloudformation::{Answer, CloudFormation, StabilizeHook, Stabilizing};
use crate::proxy::upstream::Upstream;

const OBJECT: &str = "an object";

type Resources = Arc<Mutex<BTreeMap<String, (String, Value)>>>;

/// A CloudFormation with the resources that it made.
pub(super) struct Cloud {
    pub(super) formation: CloudFormation,
    pub(super) resources: Resources,
}

struct Hook;

impl StabilizeHook for Hook {
    fn stabilize(&self, _: String, _: String, properties: Value) -> Stabilizing {
        Box::pin(async move {
            match properties["DisplayName"].as_str() {
                Some("never stable") => Err("it does not settle".to_owned()),
                _ => Ok(()),
            }
        })
    }
}

impl Cloud {
    pub(super) async fn start() -> Self {
        let resources = Resources::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&resources));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let upstream = Upstream::new(&format!("http://127.0.0.1:{port}"), "us-west-2");
        let formation = CloudFormation::new(upstream, "123456789012", Arc::new(Hook));
        Self { formation, resources }
    }

    pub(super) async fn call(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let form = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.formation.handle(action, form.collect()).await
    }

    /// A call that has to succeed.
    pub(super) async fn ok(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.call(action, fields).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.xml);
        answer.xml
    }

    /// Code and message of a call that has to fail.
    pub(super) async fn refused(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.call(action, fields).await;
        assert_ne!(answer.status, 200, "{action} succeeded: {}", answer.xml);
        format!("{}: {}", tag(&answer.xml, "Code"), tag(&answer.xml, "Message"))
    }

    /// The status of the stack `s` once nothing goes on any more.
    pub(super) async fn settled(&self) -> String {
        self.settled_as("s").await
    }

    pub(super) async fn settled_as(&self, name: &str) -> String {
        for _ in 0..2_000 {
            let status =
                tag(&self.ok("DescribeStacks", &[("StackName", name)]).await, "StackStatus");
            if !status.ends_with("_IN_PROGRESS") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the stack does not settle");
    }

    /// Names, statuses and reasons of the events, oldest first.
    pub(super) async fn events(&self, name: &str) -> Vec<String> {
        let xml = self.ok("DescribeStackEvents", &[("StackName", name)]).await;
        let mut events: Vec<String> = xml
            .split("<member>")
            .skip(1)
            .map(|event| {
                let all =
                    [tag(event, "LogicalResourceId"), tag(event, "ResourceStatus"), reason(event)];
                all.join(" ").trim_end().to_owned()
            })
            .collect();
        events.reverse();
        events
    }

    /// The id of the newest stack of this name, deleted ones too.
    pub(super) async fn id_of(&self, name: &str) -> String {
        let xml = self.ok("ListStacks", &[]).await;
        let mut stacks = xml.split("<member>").skip(1);
        let stack = stacks.find(|stack| tag(stack, "StackName") == name);
        stack.map(|stack| tag(stack, "StackId")).unwrap_or_default()
    }

    /// Waits until the stack is deleted.
    pub(super) async fn gone(&self, name: &str) {
        let id = self.id_of(name).await;
        assert_eq!(self.settled_as(&id).await, "DELETE_COMPLETE");
    }

    /// A resource that no stack knows.
    pub(super) fn put(&self, kind: &str, id: &str) {
        let entry = (kind.to_owned(), json!({}));
        self.resources.lock().expect("resources").insert(id.to_owned(), entry);
    }

    /// A change set that imports the topic `id` into the stack `s`, once it is made.
    pub(super) async fn import(&self, id: &str) -> String {
        let body = "Resources:\n  Topic: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}\n";
        let fields = [
            ("StackName", "s"),
            ("ChangeSetName", "c"),
            ("ChangeSetType", "IMPORT"),
            ("TemplateBody", body),
            ("ResourcesToImport.member.1.LogicalResourceId", "Topic"),
            ("ResourcesToImport.member.1.ResourceType", "AWS::SNS::Topic"),
            ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.key", "TopicArn"),
            ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.value", id),
        ];
        self.ok("CreateChangeSet", &fields).await;
        self.change_set("s", "c").await
    }

    /// The change set with its values, once it is made.
    pub(super) async fn change_set(&self, stack: &str, name: &str) -> String {
        let fields =
            [("StackName", stack), ("ChangeSetName", name), ("IncludePropertyValues", "true")];
        for _ in 0..2_000 {
            let xml = self.ok("DescribeChangeSet", &fields).await;
            if !matches!(tag(&xml, "Status").as_str(), "CREATE_PENDING" | "CREATE_IN_PROGRESS") {
                return xml;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the change set is never made");
    }

    /// An object in S3, by `/bucket/key`.
    pub(super) fn store(&self, path: &str, text: &str) {
        let entry = (OBJECT.to_owned(), json!(text));
        self.resources.lock().expect("resources").insert(path.to_owned(), entry);
    }

    /// Types of the resources that exist.
    pub(super) fn types(&self) -> Vec<String> {
        let resources = self.resources.lock().expect("resources");
        let kinds = resources.values().map(|(kind, _)| kind).filter(|kind| *kind != OBJECT);
        kinds.map(|kind| kind.trim_start_matches("AWS::").to_owned()).collect()
    }
}

/// Random tokens are not part of what is compared.
fn reason(event: &str) -> String {
    let reason = tag(event, "ResourceStatusReason").replace("&quot;", "\"");
    match reason.split_once("(RequestToken") {
        Some((before, _)) => before.trim_end().to_owned(),
        None => reason,
    }
}

/// The change of one resource in a change set.
pub(super) fn change<'a>(xml: &'a str, name: &str) -> &'a str {
    let mut all = xml.split("<ResourceChange>").skip(1);
    let is = |one: &&str| one.contains(&format!("<LogicalResourceId>{name}<"));
    all.find(is).and_then(|one| one.split("</ResourceChange>").next()).unwrap_or_default()
}

/// Text of the first element with this name.
pub(super) fn tag(xml: &str, name: &str) -> String {
    let after = xml.split_once(&format!("<{name}>")).map(|(_, after)| after);
    after
        .and_then(|after| after.split_once("</"))
        .map(|(text, _)| text.to_owned())
        .unwrap_or_default()
}

async fn answer(
    State(resources): State<Resources>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if target == "AmazonSSM.GetParameter" {
        return stored_parameter(&resources, &body["Name"]);
    }
    let object = resources.lock().expect("resources").get(uri.path()).cloned();
    if let Some((_, text)) = object {
        return (StatusCode::OK, text.as_str().unwrap_or_default().to_owned());
    }
    match target.strip_prefix("CloudApiService.") {
        Some(operation) => cloud_control(&resources, operation, &body),
        None => (StatusCode::BAD_REQUEST, json!({"__type": "Unsupported"}).to_string()),
    }
}

fn stored_parameter(resources: &Resources, name: &Value) -> (StatusCode, String) {
    let resources = resources.lock().expect("resources");
    let named = |id: &String, properties: &Value| {
        properties["Name"] == *name || name.as_str() == Some(id.as_str())
    };
    let mut found = resources.iter().filter(|(id, (_, properties))| named(id, properties));
    match found.next() {
        Some((_, (_, properties))) => {
            let parameter = json!({"Type": properties["Type"], "Value": properties["Value"]});
            (StatusCode::OK, json!({"Parameter": parameter}).to_string())
        }
        None => {
            let error = json!({"__type": "ParameterNotFound", "message": "it does not exist"});
            (StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}

fn cloud_control(resources: &Resources, operation: &str, body: &Value) -> (StatusCode, String) {
    let mut resources = resources.lock().expect("resources");
    let kind = body["TypeName"].as_str().unwrap_or_default().to_owned();
    let mut id = body["Identifier"].as_str().unwrap_or_default().to_owned();
    let refuse = |why: &str| {
        let event = json!({"OperationStatus": "FAILED", "StatusMessage": why});
        (StatusCode::OK, json!({"ProgressEvent": event}).to_string())
    };
    match operation {
        "CreateResource" => {
            let text = body["DesiredState"].as_str().unwrap_or("{}");
            let properties: Value = serde_json::from_str(text).expect("properties");
            if properties["DisplayName"] == "refused" {
                return refuse("no such luck");
            }
            id = format!("id-{}", resources.len() + 1);
            // A stored parameter is known by its name; names that are made up differ in each run.
            let name = properties["Name"].as_str().filter(|name| !name.contains('-'));
            if let Some(name) = name.filter(|_| kind == "AWS::SSM::Parameter") {
                id = name.to_owned();
            }
            while resources.contains_key(&id) {
                id.push('x');
            }
            resources.insert(id.clone(), (kind, properties));
        }
        "UpdateResource" => {
            let patch: Value = serde_json::from_str(body["PatchDocument"].as_str().unwrap_or("[]"))
                .expect("a patch");
            let Some((_, properties)) = resources.get_mut(&id) else {
                return refuse("it does not exist");
            };
            for step in patch.as_array().into_iter().flatten() {
                if step["value"] == "refused" {
                    return refuse("no such change");
                }
                let name = step["path"].as_str().unwrap_or_default().trim_start_matches('/');
                properties[name] = step["value"].clone();
            }
        }
        "DeleteResource" => {
            if resources
                .get(&id)
                .is_some_and(|(_, properties)| properties["DisplayName"] == "stays")
            {
                return refuse("it stays");
            }
            if resources.remove(&id).is_none() {
                return refuse("it does not exist");
            }
        }
        _ if !resources.contains_key(&id) => {
            let error =
                json!({"__type": "ResourceNotFoundException", "message": "it does not exist"});
            return (StatusCode::BAD_REQUEST, error.to_string());
        }
        _ => {
            let properties =
                resources.get(&id).map(|(_, properties)| properties.clone()).unwrap_or_default();
            let mut properties = properties;
            properties["Arn"] = json!(format!("arn:{id}"));
            let answer = json!({"ResourceDescription": {"Identifier": id, "Properties": properties.to_string()}});
            return (StatusCode::OK, answer.to_string());
        }
    }
    let event = json!({"OperationStatus": "SUCCESS", "Identifier": id});
    (StatusCode::OK, json!({"ProgressEvent": event}).to_string())
}
