//! Folders and jobs: created, read back, changed, refused, deleted.

use cloudops_aws::jenkins::{
    Applied, JenkinsError, Kind, Param, PipelineJob, Trigger, xml::differences,
};
use reqwest::Method;

use super::ci::Ci;

const XML: &str = "application/xml; charset=utf-8";

/// A job with texts that are hard to keep.
fn hard(ci: &Ci) -> PipelineJob {
    let script = "echo '<&>\"é ß' \\\\ $HOME ]]> `true` ''' \n\techo tab\n";
    let mut job = ci.job("hard", script);
    job.description = "Grün <b>&amp; \"laut\"\nzwei Zeilen".to_owned();
    job.parameters = vec![
        Param::text("TEXT", "a <b> 'ü'", "Ein Text"),
        Param::flag("FLAG", true, ""),
        Param::choice("CHOICE", &["", "b & c"], "Wahl"),
    ];
    job.environment = vec![("VALUE".to_owned(), "it's $5 \\ ü".to_owned())];
    // Never: it is not to start while the test looks.
    job.triggers = vec![Trigger::Cron("0 0 29 2 *".to_owned())];
    job.artifacts = Some("out/*".to_owned());
    job
}

#[tokio::test]
async fn a_definition_comes_back_with_its_meaning() {
    let ci = Ci::new().await;
    let mut job = hard(&ci);
    assert_eq!(ci.apply(&job).await, Applied::Created);
    assert_eq!(ci.apply(&job).await, Applied::Unchanged);
    // Jenkins saves the job in its own form when it runs, and when it is disabled.
    ci.again(&job).await;
    assert_eq!(ci.apply(&job).await, Applied::Unchanged, "it has run");
    ci.jenkins.disable(&job.path).await.unwrap();
    ci.jenkins.enable(&job.path).await.unwrap();
    assert_eq!(ci.apply(&job).await, Applied::Unchanged, "it was disabled and enabled");
    let before = ci.jenkins.get_job(&job.path).await.unwrap().unwrap();
    job.parameters[0].kind = Kind::Text("new".to_owned());
    assert_eq!(ci.apply(&job).await, Applied::Updated);
    let after = ci.jenkins.get_job(&job.path).await.unwrap().unwrap();
    let told: Vec<_> = differences(&before, &after).iter().map(ToString::to_string).collect();
    let place = "properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions/TEXT";
    assert_eq!(told, [format!("{place}/defaultValue: \"a <b> 'ü'\" -> \"new\"")]);
    ci.finish().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let ci = Ci::new().await;
    let job = ci.job("x", "true");
    let xml = job.config_xml().unwrap();
    ci.jenkins.create_job(&job.path, &xml).await.unwrap();
    let taken = ci.jenkins.create_job(&job.path, &xml).await.unwrap_err();
    assert!(matches!(taken, JenkinsError::Refused { status: 400, .. }), "{taken}");
    assert!(taken.to_string().contains("already exists"), "{taken}");
    let create = |name: &str, xml: &str| {
        let path = ci.path(&ci.folder, &format!("createItem?name={name}"));
        ci.raw(Method::POST, &path).header("Content-Type", XML).body(xml.to_owned())
    };
    for name in ["a%2Fb", "..", "a%3Fb", ""] {
        let answer = create(name, &xml).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name}");
    }
    for broken in ["<flow-definition>", "<no.such.Item/>"] {
        let answer = create("y", broken).send().await.unwrap();
        assert_eq!(answer.status(), 500, "{broken}");
    }
    let path = ci.path(&job.path, "createItem?name=z");
    let inside = ci.raw(Method::POST, &path).header("Content-Type", XML).body(xml.clone());
    assert_eq!(inside.send().await.unwrap().status(), 404, "a job is no folder");
    let folder = "<com.cloudbees.hudson.plugins.folder.Folder/>";
    let other = ci.raw(Method::POST, &ci.path(&job.path, "config.xml"));
    let other = other.header("Content-Type", XML).body(folder).send().await.unwrap();
    assert_eq!(other.status(), 500, "a job does not become a folder");
    let get = ci.raw(Method::GET, &ci.path(&job.path, "doDelete")).send().await.unwrap();
    assert_eq!(get.status(), 405);
    assert!(ci.jenkins.get_job(&ci.item("y")).await.unwrap().is_none());
    ci.finish().await;
}

#[tokio::test]
async fn jobs_are_disabled_listed_and_deleted() {
    let ci = Ci::new().await;
    let job = ci.job("x", "true");
    ci.apply(&job).await;
    ci.jenkins.disable(&job.path).await.unwrap();
    let listed = ci.jenkins.list(&ci.folder).await.unwrap();
    assert!(listed[0].is_disabled() && !listed[0].is_folder());
    assert_eq!(listed[0].last_build, None);
    let refused = ci.jenkins.trigger(&job.path, &[]).await.unwrap_err();
    assert!(matches!(refused, JenkinsError::Refused { status: 409, .. }), "{refused}");
    let full = ci.jenkins.delete_folder(&ci.owner, &ci.folder).await.unwrap_err();
    assert!(matches!(full, JenkinsError::NotEmpty { .. }), "{full}");
    assert!(ci.jenkins.delete_job(&ci.owner, &job.path).await.unwrap());
    assert!(!ci.jenkins.delete_job(&ci.owner, &job.path).await.unwrap());
    let inner = ci.item("inner");
    ci.jenkins.create_folder(&ci.owner, &inner, "").await.unwrap();
    assert!(ci.jenkins.list(&ci.folder).await.unwrap()[0].is_folder());
    assert!(ci.jenkins.delete_folder(&ci.owner, &inner).await.unwrap());
    assert!(!ci.jenkins.delete_folder(&ci.owner, &inner).await.unwrap());
    ci.finish().await;
}
