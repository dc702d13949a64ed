//! Bringing a job to its definition, without touching the jobs of others.

use crate::jenkins::{
    DefinitionError, ItemPath, Jenkins, JenkinsError, job_set::as_people_left_it, xml::Element,
};

/// Begin of the mark in a description.
const MARK: &str = "Managed by CloudOps for AWS (instance ";

/// Whose jobs are ours: the instance that made them, and of it the program, named in the
/// description of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    name: String,
}

impl Owner {
    /// The owner of what belongs to an instance as a whole.
    #[must_use]
    pub fn new(instance: impl Into<String>) -> Self {
        Self { name: instance.into() }
    }

    /// The owner of the jobs that a program makes for an instance.
    #[must_use]
    pub fn program(instance: &str, program: &str) -> Self {
        Self { name: format!("{instance}, {program}") }
    }

    /// The mark: `Managed by CloudOps for AWS (instance acme)`.
    #[must_use]
    pub fn marker(&self) -> String {
        format!("{MARK}{})", self.name)
    }

    /// A description with the mark behind it.
    #[must_use]
    pub fn mark(&self, description: &str) -> String {
        let description = description.trim();
        if description.is_empty() {
            return self.marker();
        }
        format!("{description}\n\n{}", self.marker())
    }

    pub(super) fn marks(&self, item: &Element) -> bool {
        item.child_text("description").contains(&self.marker())
    }

    pub(super) fn why_not(&self, item: &Element) -> String {
        if self.marks(item) {
            return "it is a folder".to_owned();
        }
        match item.child_text("description").split_once(MARK) {
            Some((_, rest)) => {
                let other = rest.split(')').next().unwrap_or_default();
                format!("it belongs to instance {other}")
            }
            None => format!("its description lacks \"{}\"", self.marker()),
        }
    }
}

/// What was done to a job or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was not there.
    Created,
    /// It was there, with another definition.
    Updated,
    /// It was there, and nothing was written.
    Unchanged,
    /// It was there and is not ours, so it was left as it is.
    Refused {
        /// The sentence, which names the item.
        reason: String,
    },
}

pub(super) fn refused(path: &ItemPath, why: &str) -> Applied {
    Applied::Refused { reason: format!("Jenkins item {path} is not ours: {why}") }
}

impl Jenkins {
    /// Brings a job to its definition: creates it, or writes it when it means something else.
    /// A job that a person disabled stays disabled; one that was withdrawn is enabled again.
    ///
    /// # Errors
    /// [`JenkinsError::Definition`] when the XML cannot be read or lacks the mark of the owner;
    /// those of the requests. A job of others is not an error, but [`Applied::Refused`].
    pub async fn apply_job(
        &self,
        owner: &Owner,
        path: &ItemPath,
        xml: &str,
    ) -> Result<Applied, JenkinsError> {
        let wanted = read(owner, path, xml)?;
        let Some(found) = self.get_job(path).await? else {
            return self.create_ours(owner, path, wanted).await;
        };
        self.update_ours(owner, path, &found, wanted).await
    }

    async fn create_ours(
        &self,
        owner: &Owner,
        path: &ItemPath,
        wanted: Element,
    ) -> Result<Applied, JenkinsError> {
        let Err(error) = self.create_job(path, &wanted.to_string()).await else {
            return Ok(Applied::Created);
        };
        // Perhaps it was created, and the answer was lost or another run was faster.
        match self.get_job(path).await? {
            Some(found) if found.same_meaning(&wanted) => Ok(Applied::Created),
            Some(found) => self.update_ours(owner, path, &found, wanted).await,
            None => Err(error),
        }
    }

    async fn update_ours(
        &self,
        owner: &Owner,
        path: &ItemPath,
        found: &Element,
        wanted: Element,
    ) -> Result<Applied, JenkinsError> {
        if found.name != wanted.name {
            return Ok(refused(path, &format!("it is a <{}>", found.name)));
        }
        if !owner.marks(found) {
            return Ok(refused(path, &owner.why_not(found)));
        }
        let mut wanted = as_people_left_it(found, &wanted);
        // What Jenkins notes at a job that has run; without it, it would note it again.
        if let Some(noted) = found.child("actions") {
            wanted.set_child(noted.clone());
        }
        if found.same_meaning(&wanted) {
            return Ok(Applied::Unchanged);
        }
        let Err(error) = self.update_job(path, &wanted.to_string()).await else {
            return Ok(Applied::Updated);
        };
        match self.get_job(path).await? {
            Some(now) if now.same_meaning(&wanted) => Ok(Applied::Updated),
            _ => Err(error),
        }
    }
}

fn read(owner: &Owner, path: &ItemPath, xml: &str) -> Result<Element, DefinitionError> {
    let wrong = |reason: String| DefinitionError { job: path.clone(), reason };
    let wanted = Element::parse(xml).map_err(|error| wrong(error.to_string()))?;
    if owner.marks(&wanted) {
        return Ok(wanted);
    }
    Err(wrong(format!("its description lacks \"{}\"", owner.marker())))
}
