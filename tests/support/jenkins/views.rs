//! `api/json` of items, builds and the queue.

use serde_json::{Value, json};

use super::{
    controller::Controller,
    definition::{Definition, Kind, Parameter},
    git::CheckedOut,
    junit::Case,
    queue::{Item, Place},
    store::{self, Record},
};

/// Class of a build.
const RUN: &str = "org.jenkinsci.plugins.workflow.job.WorkflowRun";
/// Class of the action that holds the parameters.
const PARAMETERS: &str = "hudson.model.ParametersAction";

/// `<url>job/acme/job/x/`.
pub(super) fn item_url(controller: &Controller, name: &str) -> String {
    let mut url = controller.url.clone();
    for part in name.split('/').filter(|part| !part.is_empty()) {
        // As in the path of a URL.
        let escaped: String = url::form_urlencoded::byte_serialize(part.as_bytes()).collect();
        url.push_str(&format!("job/{}/", escaped.replace('+', "%20")));
    }
    url
}

pub(super) fn root(controller: &Controller) -> Value {
    json!({
        "_class": "hudson.model.Hudson",
        "mode": "NORMAL",
        "nodeDescription": "the Jenkins controller's built-in node",
        "nodeName": "",
        "numExecutors": controller.options.executors,
        "jobs": children(controller, ""),
        "quietingDown": controller.quiet.load(std::sync::atomic::Ordering::Relaxed),
        "url": controller.url,
        "useCrumbs": true,
        "useSecurity": true,
    })
}

/// The plugins that the lock file of the image names; the file may come later than the server.
pub(super) fn plugins(controller: &Controller) -> Value {
    let file = controller.options.plugins_file.as_ref();
    let text = file.and_then(|file| fs_err::read_to_string(file).ok()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let plugins = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, version) = words.next().zip(words.next())?;
        Some(json!({"shortName": name, "version": version, "active": true, "enabled": true}))
    });
    json!({"_class": "hudson.LocalPluginManager", "plugins": plugins.collect::<Vec<_>>()})
}

fn children(controller: &Controller, folder: &str) -> Vec<Value> {
    let names = controller.store.children(folder).into_iter();
    let summaries = names.filter_map(|name| {
        let full = store::join(folder, &name);
        let definition = controller.store.definition(&full)?;
        let mut summary = json!({
            "_class": definition.class(), "name": name, "url": item_url(controller, &full),
        });
        if !definition.folder {
            summary["color"] = json!(color(controller, &full, &definition));
            let last = controller.store.builds(&full).into_iter().next();
            let record = last.and_then(|number| controller.store.record(&full, number));
            summary["lastBuild"] = json!(record.map(|record| build(controller, &full, &record)));
        }
        Some(summary)
    });
    summaries.collect()
}

fn color(controller: &Controller, job: &str, definition: &Definition) -> String {
    if definition.disabled {
        return "disabled".to_owned();
    }
    let numbers = controller.store.builds(job);
    let records = numbers.iter().filter_map(|number| controller.store.record(job, *number));
    let last = records.map(|record| record.result).find(Option::is_some).flatten();
    let color = match last.as_deref() {
        None => "notbuilt",
        Some("SUCCESS") => "blue",
        Some("UNSTABLE") => "yellow",
        Some("ABORTED") => "aborted",
        Some(_) => "red",
    };
    let runs = numbers.first().is_some_and(|number| controller.is_running(job, *number));
    format!("{color}{}", if runs { "_anime" } else { "" })
}

/// A folder or job. `deep` shows the builds in full, as `depth=1` and `tree=` do.
pub(super) fn item(
    controller: &Controller,
    name: &str,
    definition: &Definition,
    deep: bool,
) -> Value {
    let short = name.rsplit('/').next().unwrap_or_default();
    let mut view = json!({
        "_class": definition.class(),
        "description": definition.description,
        "displayName": short,
        "fullDisplayName": name.replace('/', " » "),
        "fullName": name,
        "name": short,
        "url": item_url(controller, name),
    });
    if definition.folder {
        view["jobs"] = json!(children(controller, name));
        return view;
    }
    let numbers = controller.store.builds(name);
    let builds: Vec<_> =
        numbers
            .iter()
            .take(100)
            .filter_map(|number| controller.store.record(name, *number))
            .map(|record| {
                if deep {
                    build(controller, name, &record)
                } else {
                    brief(controller, name, &record)
                }
            })
            .collect();
    view["buildable"] = json!(!definition.disabled);
    view["lastBuild"] = json!(builds.first());
    view["builds"] = json!(builds);
    view["color"] = json!(color(controller, name, definition));
    view["concurrentBuild"] = json!(definition.concurrent);
    view["inQueue"] = json!(controller.waiting().iter().any(|item| item.job == name));
    view["nextBuildNumber"] = json!(controller.store.next_number(name));
    view["property"] = json!(property(definition));
    view
}

fn property(definition: &Definition) -> Vec<Value> {
    let Some(parameters) = &definition.parameters else {
        return Vec::new();
    };
    let definitions: Vec<_> = parameters.iter().map(parameter).collect();
    let class = "hudson.model.ParametersDefinitionProperty";
    vec![json!({"_class": class, "parameterDefinitions": definitions})]
}

fn parameter(parameter: &Parameter) -> Value {
    let (class, value_class) = parameter.classes();
    let mut view = json!({
        "_class": format!("hudson.model.{class}"),
        "defaultParameterValue": {
            "_class": value_class, "name": parameter.name,
            "value": typed(value_class, &parameter.default),
        },
        "description": parameter.description,
        "name": parameter.name,
        "type": class,
    });
    if let Kind::Choice(values) = &parameter.kind {
        view["choices"] = json!(values);
    }
    view
}

fn typed(class: &str, value: &str) -> Value {
    if class == "hudson.model.BooleanParameterValue" {
        json!(value == "true")
    } else {
        json!(value)
    }
}

fn build_url(controller: &Controller, job: &str, number: u64) -> String {
    format!("{}{number}/", item_url(controller, job))
}

fn brief(controller: &Controller, job: &str, record: &Record) -> Value {
    let url = build_url(controller, job, record.number);
    json!({"_class": RUN, "number": record.number, "url": url})
}

fn parameters(values: &[store::Value]) -> Value {
    let values: Vec<_> = values
        .iter()
        .map(|v| json!({"_class": v.class, "name": v.name, "value": typed(&v.class, &v.value)}))
        .collect();
    json!({"_class": PARAMETERS, "parameters": values})
}

/// A build.
pub(super) fn build(controller: &Controller, job: &str, record: &Record) -> Value {
    let class = match record.cause.as_str() {
        "Started by an SCM change" => "hudson.triggers.SCMTrigger$SCMTriggerCause",
        _ => "hudson.model.Cause$UserIdCause",
    };
    let cause = json!({"_class": class, "shortDescription": record.cause});
    let own = [
        json!({"_class": "hudson.model.CauseAction", "causes": [cause]}),
        parameters(&record.parameters),
        json!({}),
    ];
    let actions: Vec<_> = own.into_iter().chain(record.checkouts.iter().map(checkout)).collect();
    let artifacts: Vec<_> = record
        .artifacts
        .iter()
        .map(|path| {
            let name = path.rsplit('/').next();
            json!({"displayPath": name, "fileName": name, "relativePath": path})
        })
        .collect();
    let building = record.result.is_none();
    json!({
        "_class": RUN,
        "actions": actions,
        "artifacts": artifacts,
        "building": building,
        "description": null,
        "displayName": format!("#{}", record.number),
        "duration": record.duration,
        "estimatedDuration": -1,
        "fullDisplayName": format!("{} #{}", job.replace('/', " » "), record.number),
        "id": record.number.to_string(),
        "inProgress": building,
        "keepLog": false,
        "number": record.number,
        "queueId": record.queue_id,
        "result": record.result,
        "timestamp": record.started,
        "url": build_url(controller, job, record.number),
    })
}

/// The report of the tests.
pub(super) fn tests(cases: &[Case]) -> Value {
    let count = |status: &str| cases.iter().filter(|case| case.status == status).count();
    json!({
        "_class": "hudson.tasks.junit.TestResult",
        "failCount": count("FAILED"),
        "passCount": count("PASSED"),
        "skipCount": count("SKIPPED"),
        "suites": [{"cases": cases}],
    })
}

/// What the git plugin says about a checkout.
fn checkout(checkout: &CheckedOut) -> Value {
    let CheckedOut { url, branch, commit, .. } = checkout;
    json!({
        "_class": "hudson.plugins.git.util.BuildData",
        "lastBuiltRevision": {"SHA1": commit, "branch": [{"SHA1": commit, "name": branch}]},
        "remoteUrls": [url],
    })
}

/// A queue item.
pub(super) fn queue_item(controller: &Controller, item: &Item) -> Value {
    let url = item_url(controller, &item.job);
    let name = item.job.rsplit('/').next();
    let mut view = json!({
        "actions": [parameters(&item.parameters)],
        "blocked": false,
        "buildable": false,
        "id": item.id,
        "inQueueSince": item.since.as_millisecond(),
        "stuck": false,
        "task": {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": name, "url": url},
        "url": format!("queue/item/{}/", item.id),
        "why": null,
    });
    match &item.place {
        Place::Waits(why) => {
            view["_class"] = json!("hudson.model.Queue$WaitingItem");
            view["why"] = json!(why);
        }
        Place::Left { number, .. } => {
            view["_class"] = json!("hudson.model.Queue$LeftItem");
            view["cancelled"] = json!(false);
            let url = build_url(controller, &item.job, *number);
            view["executable"] = json!({"_class": RUN, "number": number, "url": url});
        }
        Place::Cancelled { .. } => {
            view["_class"] = json!("hudson.model.Queue$LeftItem");
            view["cancelled"] = json!(true);
        }
    }
    view
}
