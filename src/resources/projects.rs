//! Projects: separate worlds within an organization.

use crate::call::{Call, Write};
use crate::models::{Deleted, Project, ProjectInput, ProjectUpdate};
use crate::operation::ops;

super::resource! {
    /// Projects: each has its own sources, connections, events and keys. Other objects call a
    /// project's id `team_id`.
    Projects, projects
}

impl Projects {
    /// Every project the key can reach, in one reply.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for project in client.projects().list().await? {
    ///     println!("{} {}", project.id, project.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> Call<Vec<Project>> {
        Call::new(self.prepare(&ops::LIST_PROJECTS, &[]))
    }

    /// A project by its id.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let project = client.projects().get("tm_1").await?;
    /// println!("{} events a second", project.max_events_per_second);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Project> {
        Call::new(self.prepare(&ops::GET_PROJECT, &[id.as_ref()]))
    }

    /// Creates a project, which begins with four issue triggers. Its name has at most 50
    /// characters.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::ProjectType;
    ///
    /// let project = client.projects().create("staging").kind(ProjectType::EventGateway).await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self, name: impl Into<String>) -> Write<ProjectInput> {
        Write::new(
            self.prepare(&ops::CREATE_PROJECT, &[]),
            ProjectInput::new().name(name),
        )
    }

    /// Changes a project. What is not set stays as it is.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.projects().update("tm_1").headers_prefix("x-shop").await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<ProjectUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_PROJECT, &[id.as_ref()]),
            ProjectUpdate::new(),
        )
    }

    /// Deletes a project. What becomes of what is in it is not documented; take it as final.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.projects().delete("tm_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_PROJECT, &[id.as_ref()]))
    }
}
