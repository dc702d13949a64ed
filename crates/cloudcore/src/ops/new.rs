//! `new`: writes the settings file of an instance, with the JSON Schema that an editor completes
//! it by. Asks nothing of AWS and changes nothing there.

use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::{self, ConfigError, NewSettings, SCHEMA_FILE},
    diagnose::{Class, Diagnose},
};

/// What is to be written.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The settings.
    pub settings: NewSettings,
    /// Where the file goes; the schema goes beside it.
    pub file: Utf8PathBuf,
    /// Whether files that exist may be overwritten.
    pub force: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was made.
    Created,
    /// It was there and was written anew.
    Overwritten,
    /// It was there and has the right content.
    Kept,
}

/// A file and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Where it is.
    pub file: Utf8PathBuf,
    /// What became of it.
    pub fate: Fate,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// A file is in the way.
    #[error("{file} exists already")]
    Exists {
        /// The file.
        file: Utf8PathBuf,
    },
    /// The system refuses.
    #[error("the settings cannot be written: {0}")]
    File(#[from] io::Error),
}

impl Diagnose for NewError {
    fn class(&self) -> Class {
        match self {
            Self::Settings(error) => error.class(),
            Self::Exists { .. } => Class::Denied,
            Self::File(_) => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Settings(error) => error.hints(),
            Self::Exists { .. } => vec![
                "Name another file with --config, or overwrite this one with --force.".to_owned(),
            ],
            Self::File(_) => vec!["Check that the folder exists and can be written.".to_owned()],
        }
    }
}

/// Writes the settings file and its JSON Schema. Both are looked at first: when one is in the way,
/// neither is written. A schema that is as it should be is no obstacle.
///
/// # Errors
/// [`NewError`].
pub fn new(request: &NewRequest) -> Result<Vec<Written>, NewError> {
    request.settings.check(request.file.as_str())?;
    let schema = request.file.with_file_name(SCHEMA_FILE);
    let schema_text = format!("{:#}\n", config_file::json_schema());
    let keeps_schema = fs_err::read_to_string(&schema).is_ok_and(|text| text == schema_text);
    if !request.force {
        let others = if keeps_schema { vec![&request.file] } else { vec![&request.file, &schema] };
        if let Some(file) = others.into_iter().find(|file| file.exists()) {
            return Err(NewError::Exists { file: file.clone() });
        }
    }
    let schema = match keeps_schema {
        true => Written { file: schema, fate: Fate::Kept },
        false => write(&schema, &schema_text, request.force)?,
    };
    Ok(vec![write(&request.file, &request.settings.text(), request.force)?, schema])
}

/// Without `force` the system itself refuses a file that somebody has made meanwhile.
fn write(file: &Utf8Path, text: &str, force: bool) -> Result<Written, NewError> {
    let fate = if file.exists() { Fate::Overwritten } else { Fate::Created };
    let mut options = fs_err::OpenOptions::new();
    let options = options.write(true);
    let options =
        if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let opened = options.open(file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists { file: file.to_owned() },
        _ => NewError::File(error),
    });
    opened?.write_all(text.as_bytes())?;
    Ok(Written { file: file.to_owned(), fate })
}
