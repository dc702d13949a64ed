//! A package as a file, as an object in a bucket and as what was published: the same one each time.

use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::Value;

use crate::stand::{aws, ends, output, package, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_the_same_wherever_it_comes_from() {
    with_stage("images-inputs", |stage| async move {
        let instance = stage.instance("acme", 77).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        ends(&instance, "clouddeploy init", 0).await;
        let file = package(&stage, &instance).await;
        let object = in_a_bucket(&stage, &instance, &file).await;
        unpublished(&instance, &file, &object).await;
        published(&instance, &file, &object).await;
    })
    .await;
}

/// Puts the package where somebody else would.
async fn in_a_bucket(stage: &Stage, instance: &Instance, file: &str) -> String {
    let bucket = output(instance, "ArtifactBucketName").await;
    let object = format!("s3://{bucket}/handed-over/package.zip");
    let path = instance.folder.join(file);
    let (succeeded, said) = aws(stage, &["s3", "cp", path.to_str().unwrap(), &object]).await;
    assert!(succeeded, "{said}");
    object
}

async fn json(instance: &Instance, line: &str) -> Value {
    ends(instance, &format!("{line} --output json"), 0).await.json().unwrap()
}

/// Nothing is published: what is known of the package is what its file says.
async fn unpublished(instance: &Instance, file: &str, object: &str) {
    let here = json(instance, &format!("clouddeploy package inspect {file}")).await;
    let there = json(instance, &format!("clouddeploy package inspect {object}")).await;
    assert_eq!((&here["digest"], &here["webapps"]), (&there["digest"], &there["webapps"]));
    assert_eq!((&here["file"], &there["file"]), (&file.into(), &object.into()));

    let missing = object.replace("package.zip", "missing.zip");
    let refused = ends(instance, &format!("clouddeploy package inspect {missing}"), 3).await;
    assert!(refused.text().contains(&missing), "{}", refused.text());

    let built = json(instance, &format!("clouddeploy images build --package {object}")).await;
    let digest = here["digest"].as_str().unwrap();
    let id = built["package"].as_str().unwrap();
    assert_eq!(digest.strip_prefix("sha256:").unwrap().get(..12), Some(id));
    assert_eq!(built["new"], true);
    let again = json(instance, &format!("clouddeploy images build --package {file}")).await;
    assert_eq!((&again["release"], &again["new"]), (&built["release"], &false.into()));
    // Nobody else finds it by its id yet.
    let unknown = ends(instance, &format!("clouddeploy package inspect {id}"), 2).await;
    assert!(unknown.text().contains(&format!("no package `{id}`")), "{}", unknown.text());
}

/// The same content has the same id, and so the same release.
async fn published(instance: &Instance, file: &str, object: &str) {
    ends(instance, &format!("cloudteam package publish {file} --source commerce"), 0).await;
    let here = json(instance, &format!("clouddeploy package inspect {file}")).await;
    let id = &here["digest"].as_str().unwrap()["sha256:".len()..][..12];
    let there = json(instance, &format!("clouddeploy package inspect {id}")).await;
    assert_eq!(
        (&there["file"], &there["digest"]),
        (&format!("package {id}").into(), &here["digest"])
    );
    for package in ["", &format!("--package {id}"), &format!("--package {object}")] {
        let built = json(instance, &format!("clouddeploy images build {package}")).await;
        assert_eq!((&built["package"], &built["new"]), (&id.into(), &false.into()), "{package}");
    }
}
