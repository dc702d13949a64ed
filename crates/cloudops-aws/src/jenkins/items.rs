//! Jobs and folders: read, create, change, delete.

use serde::Deserialize;

use crate::jenkins::{
    Applied, BuildSummary, ItemPath, Jenkins, JenkinsError, Owner, apply::refused, client::Body,
    history::FIELDS, job_xml, xml::Element,
};

/// A job or folder in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ItemSummary {
    /// Name in its folder.
    pub name: String,
    /// Class in Jenkins, such as `org.jenkinsci.plugins.workflow.job.WorkflowJob`.
    #[serde(rename = "_class", default)]
    pub class: String,
    /// Address of its page.
    pub url: String,
    /// State of its last build as a colour (`blue`, `red`, `disabled`, with `_anime` while it
    /// runs); a folder has none.
    pub color: Option<String>,
    /// Its newest build; a folder has none.
    #[serde(rename = "lastBuild")]
    pub last_build: Option<BuildSummary>,
}

impl ItemSummary {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.class == job_xml::FOLDER
    }

    /// Whether nobody can start it.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.color.as_deref().is_some_and(|color| color.starts_with("disabled"))
    }
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    jobs: Vec<ItemSummary>,
}

impl Jenkins {
    /// The `config.xml` of a job or folder, as the server keeps it.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is none; those of the request.
    pub async fn get_job_xml(&self, path: &ItemPath) -> Result<String, JenkinsError> {
        let url = path.url(self.base(), &["config.xml"]);
        let answer = self.get(format!("read at {path}"), url).await?;
        answer.is_no_page(&self.shown_url())?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Jobs and folders in a folder.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such folder; those of the request.
    pub async fn list(&self, folder: &ItemPath) -> Result<Vec<ItemSummary>, JenkinsError> {
        let mut url = folder.url(self.base(), &["api", "json"]);
        let tree = format!("jobs[name,url,color,lastBuild[{FIELDS}]]");
        url.query_pairs_mut().append_pair("tree", &tree);
        let listing: Listing = self.get_json(format!("list in {folder}"), url).await?;
        Ok(listing.jobs)
    }

    /// Creates a job from its `config.xml`. The folder must exist.
    ///
    /// # Errors
    /// [`JenkinsError::Refused`] when the name is taken or the XML is not a job; those of the
    /// request.
    pub async fn create_job(&self, path: &ItemPath, xml: &str) -> Result<(), JenkinsError> {
        let mut url = path.parent().url(self.base(), &["createItem"]);
        url.query_pairs_mut().append_pair("name", path.name());
        self.post(format!("create {path}"), url, Body::Xml(xml.to_owned())).await.map(drop)
    }

    /// Replaces the `config.xml` of a job.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`], [`JenkinsError::Refused`]; those of the request.
    pub async fn update_job(&self, path: &ItemPath, xml: &str) -> Result<(), JenkinsError> {
        let url = path.url(self.base(), &["config.xml"]);
        self.post(format!("update {path}"), url, Body::Xml(xml.to_owned())).await.map(drop)
    }

    /// Creates a folder of ours, unless it is there. A folder that exists keeps its settings.
    ///
    /// # Errors
    /// Those of [`Jenkins::create_job`]. A folder or job of others is [`Applied::Refused`].
    pub async fn create_folder(
        &self,
        owner: &Owner,
        path: &ItemPath,
        description: &str,
    ) -> Result<Applied, JenkinsError> {
        let Some(found) = self.get_job(path).await? else {
            let xml = job_xml::folder(owner, description).to_string();
            return match self.create_job(path, &xml).await {
                Ok(()) => Ok(Applied::Created),
                // Perhaps it was created, and the answer was lost or another run was faster.
                Err(error) => match self.get_job(path).await? {
                    Some(found) if owner.marks(&found) => Ok(Applied::Created),
                    _ => Err(error),
                },
            };
        };
        if found.name != job_xml::FOLDER {
            return Ok(refused(path, "it is a job, not a folder"));
        }
        if !owner.marks(&found) {
            return Ok(refused(path, &owner.why_not(&found)));
        }
        Ok(Applied::Unchanged)
    }

    /// Deletes a job of ours with all its builds, and says whether there was one. The job is
    /// disabled first, so that no trigger starts it meanwhile.
    ///
    /// # Errors
    /// [`JenkinsError::NotOurs`] for a folder or a job without our mark; those of the requests.
    pub async fn delete_job(&self, owner: &Owner, path: &ItemPath) -> Result<bool, JenkinsError> {
        let Some(found) = self.get_job(path).await? else {
            return Ok(false);
        };
        if found.name == job_xml::FOLDER || !owner.marks(&found) {
            let reason = owner.why_not(&found);
            return Err(JenkinsError::NotOurs { path: path.clone(), reason });
        }
        self.disable(path).await?;
        self.delete_item(path).await
    }

    /// Deletes a folder of ours that holds nothing, and says whether there was one.
    ///
    /// # Errors
    /// [`JenkinsError::NotOurs`] for a job or a folder without our mark,
    /// [`JenkinsError::NotEmpty`]; those of the requests.
    pub async fn delete_folder(
        &self,
        owner: &Owner,
        path: &ItemPath,
    ) -> Result<bool, JenkinsError> {
        let Some(found) = self.get_job(path).await? else {
            return Ok(false);
        };
        let not_ours = |reason| JenkinsError::NotOurs { path: path.clone(), reason };
        if found.name != job_xml::FOLDER {
            return Err(not_ours("it is a job, not a folder".to_owned()));
        }
        if !owner.marks(&found) {
            return Err(not_ours(owner.why_not(&found)));
        }
        let names: Vec<_> = self.list(path).await?.into_iter().map(|item| item.name).collect();
        if !names.is_empty() {
            return Err(JenkinsError::NotEmpty { path: path.clone(), names });
        }
        self.delete_item(path).await
    }

    async fn delete_item(&self, path: &ItemPath) -> Result<bool, JenkinsError> {
        let url = path.url(self.base(), &["doDelete"]);
        match self.post(format!("delete {path}"), url, Body::Empty).await {
            Ok(_) => Ok(true),
            // A lost answer, or another run was faster.
            Err(error) => match self.get_job(path).await? {
                None => Ok(true),
                Some(_) => Err(error),
            },
        }
    }

    /// Lets a job be built.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`]; those of the request.
    pub async fn enable(&self, path: &ItemPath) -> Result<(), JenkinsError> {
        let url = path.url(self.base(), &["enable"]);
        self.post(format!("enable {path}"), url, Body::Empty).await.map(drop)
    }

    /// Keeps a job from being built, by people and by triggers.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`]; those of the request.
    pub async fn disable(&self, path: &ItemPath) -> Result<(), JenkinsError> {
        let url = path.url(self.base(), &["disable"]);
        self.post(format!("disable {path}"), url, Body::Empty).await.map(drop)
    }

    /// The definition of a job or folder, where there is one.
    ///
    /// # Errors
    /// [`JenkinsError::Answer`] when it cannot be read; those of the request.
    pub async fn get_job(&self, path: &ItemPath) -> Result<Option<Element>, JenkinsError> {
        let xml = match self.get_job_xml(path).await {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        let element = Element::parse(&xml).map_err(|error| JenkinsError::Answer {
            action: format!("read {path}"),
            reason: error.to_string(),
        })?;
        Ok(Some(element))
    }
}
