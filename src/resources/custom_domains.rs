//! Custom domains: sources under a host name of one's own.

use crate::call::{Call, Write};
use crate::models::{CustomDomain, CustomDomainInput, Deleted, ProjectId};
use crate::operation::{Operation, ops};

/// The custom domains of a project: host names of its own that its sources answer on. Made by
/// [`Client::custom_domains`](crate::Client::custom_domains).
#[derive(Clone, Debug)]
pub struct CustomDomains {
    client: crate::Client,
    project: ProjectId,
}

impl crate::Client {
    /// The custom domains of a project: host names of its own that its sources answer on.
    #[must_use]
    pub fn custom_domains(&self, project: impl Into<ProjectId>) -> CustomDomains {
        CustomDomains {
            client: self.clone(),
            project: project.into(),
        }
    }
}

impl CustomDomains {
    fn prepare(&self, operation: &'static Operation, more: &[&str]) -> crate::call::Prepared {
        let mut arguments = vec![self.project.as_str()];
        arguments.extend(more);
        crate::call::Prepared::new(self.client.clone(), operation, &arguments)
    }

    /// Every custom domain of the project, in one reply, with the DNS records still to be made.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for domain in client.custom_domains("tm_1").list().await? {
    ///     println!("{:?} is {:?}", domain.hostname, domain.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> Call<Vec<CustomDomain>> {
        Call::new(self.prepare(&ops::LIST_CUSTOM_DOMAINS, &[]))
    }

    /// Adds a custom domain. The reply is its host name alone: list the domains for the DNS records
    /// to make.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.custom_domains("tm_1").add("hooks.example.com").await?;
    /// # Ok(()) }
    /// ```
    pub fn add(&self, hostname: impl Into<String>) -> Write<CustomDomainInput> {
        Write::new(
            self.prepare(&ops::ADD_CUSTOM_DOMAIN, &[]),
            CustomDomainInput::new(hostname),
        )
    }

    /// Removes a custom domain, by its id: sources answer no longer on that host name.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.custom_domains("tm_1").delete("the-domain's-id").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_CUSTOM_DOMAIN, &[id.as_ref()]))
    }
}
