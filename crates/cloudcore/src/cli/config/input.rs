//! What `config` reads: files and standard input.

use std::io::{IsTerminal, Read as _};

use camino::Utf8Path;
use cloudcore::ops::config::NewValue;
use cloudops_aws::{
    cfn::error::CfnError,
    config::{
        ConfigError, ConfigKey, InvalidKey, Schema, Value,
        document::{self, Document},
        yaml,
    },
    config_file::CloudOpsConfig,
    redact::Secret,
    terminal::{Failure, Session},
};

/// The schema that `cloudops.yaml` names, relative to it.
pub(super) fn schema(
    session: &Session,
    config: &CloudOpsConfig,
) -> Result<Option<Schema>, Failure> {
    let Some(name) = &config.configuration.schema else {
        return Ok(None);
    };
    let folder = session.settings.config.parent().unwrap_or(Utf8Path::new(""));
    let file = folder.join(name);
    let text = fs_err::read_to_string(&file).map_err(|error| ConfigError::SchemaFile {
        schema: file.to_string(),
        reason: said(error.kind()),
    })?;
    Ok(Some(Schema::parse(file.as_str(), &text)?))
}

/// A document in a file.
pub(super) async fn document(session: &Session, file: &Utf8Path) -> Result<Document, Failure> {
    let text = text(session, file).await?;
    let name = || if file == "-" { "standard input".to_owned() } else { file.to_string() };
    let read = yaml::read(&text).and_then(|json| document::read(&json));
    Ok(read.map_err(|source| {
        let place = source.at().and_then(|at| yaml::Places::of(&text).get(at));
        ConfigError::Document { file: name(), place, source }
    })?)
}

/// What `set` was given. One line end after it belongs to the file, not to the value.
pub(super) async fn value(
    session: &Session,
    key: &ConfigKey,
    value: Option<String>,
    file: Option<camino::Utf8PathBuf>,
    secret: bool,
) -> Result<NewValue, Failure> {
    let wrong = |source| ConfigError::Value { key: key.to_string(), source };
    if let Some(value) = value {
        return Ok(NewValue::Text(Value::text(value).map_err(wrong)?));
    }
    let text = text(session, &file.unwrap_or_else(|| "-".into())).await?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if secret {
        Value::secret_text(text).map_err(wrong)?;
        return Ok(NewValue::Secret(Secret::new(text)));
    }
    Ok(NewValue::Text(Value::text(text).map_err(wrong)?))
}

pub(super) fn wrong_key(error: InvalidKey) -> Failure {
    ConfigError::Key(error).into()
}

/// The text of a file, or of standard input.
async fn text(session: &Session, file: &Utf8Path) -> Result<String, Failure> {
    let unreadable = |reason| ConfigError::Unreadable { file: file.to_string(), reason };
    if file != "-" {
        return Ok(fs_err::read_to_string(file).map_err(|error| unreadable(said(error.kind())))?);
    }
    // A terminal would show a secret while it is typed.
    if std::io::stdin().is_terminal() {
        return Err(ConfigError::NoInput.into());
    }
    // Read on a thread of its own, so that Ctrl-C is seen while nothing comes.
    let read = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    });
    let read = tokio::select! {
        read = read => read,
        () = session.cancel.cancelled() => return Err(CfnError::Interrupted.into()),
    };
    match read {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(unreadable(said(error.kind())).into()),
        Err(error) => Err(unreadable(error.to_string()).into()),
    }
}

fn said(kind: std::io::ErrorKind) -> String {
    match kind {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not text (UTF-8)".to_owned(),
        other => other.to_string(),
    }
}
