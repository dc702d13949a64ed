//! Moving a job to another folder, with its builds.

use super::{ItemPath, Jenkins, JenkinsError, client::Body};

impl Jenkins {
    /// Moves a job into a folder (`move/move` of the folders plugin). A job that has been moved
    /// already is no error.
    ///
    /// # Errors
    /// [`JenkinsError::Refused`] when the folder has a job of that name; those of the request.
    pub async fn move_job(&self, path: &ItemPath, folder: &ItemPath) -> Result<(), JenkinsError> {
        let url = path.url(self.base(), &["move", "move"]);
        let form = Body::Form(vec![("destination".to_owned(), format!("/{folder}"))]);
        match self.post(format!("move {path} to {folder}"), url, form).await {
            Ok(_) => Ok(()),
            // A lost answer, or another run was faster.
            Err(error) => match self.get_job(path).await? {
                None => Ok(()),
                Some(_) => Err(error),
            },
        }
    }
}
