//! `skopeo`, another program that reads images, where the machine has it.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::RehearsalError;

/// What skopeo says about the newest tag of an image, in a few lines; nothing without skopeo.
pub(super) async fn inspect(image: &str, login: &Path) -> Result<Option<String>, RehearsalError> {
    let tags = ["list-tags", "--tls-verify=false"];
    let Some(tags) = skopeo(&tags, &format!("docker://{image}"), login).await? else {
        return Ok(None);
    };
    // A tag that is named after a digest lists what is attached to an image.
    let of_image = |tag: &&str| !tag.starts_with("sha256-");
    let mut tags = tags["Tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let Some(tag) = tags.rfind(of_image) else {
        return Err(RehearsalError::Unexpected(format!("skopeo finds no tag of {image}")));
    };
    let inspect = ["inspect", "--tls-verify=false"];
    let found = skopeo(&inspect, &format!("docker://{image}:{tag}"), login).await?;
    Ok(found.map(|found| shown(tag, &found)))
}

fn shown(tag: &str, found: &Value) -> String {
    let layers = found["Layers"].as_array().map_or(0, Vec::len);
    format!(
        "tag          {tag}\ndigest       {}\narchitecture {} {}\nlayers       {layers}",
        text(&found["Digest"]),
        text(&found["Os"]),
        text(&found["Architecture"]),
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Runs skopeo; nothing when the machine has none.
async fn skopeo(
    arguments: &[&str],
    image: &str,
    login: &Path,
) -> Result<Option<Value>, RehearsalError> {
    let output = Command::new("skopeo")
        .args(arguments)
        .arg("--authfile")
        .arg(login)
        .arg(image)
        .stdin(Stdio::null())
        .output()
        .await;
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !output.status.success() {
        return Err(RehearsalError::failed("skopeo", &output));
    }
    let found = serde_json::from_slice(&output.stdout);
    found.map(Some).map_err(|source| RehearsalError::Json { what: "the answer of skopeo", source })
}
