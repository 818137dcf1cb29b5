//! Organizations: who owns projects.

use crate::call::{Call, Write};
use crate::models::{Organization, OrganizationUpdate};
use crate::operation::ops;

super::resource! {
    /// The organization of the key in use: it owns projects and has members. Other organizations
    /// cannot be reached.
    Organizations, organizations
}

impl Organizations {
    /// The organization of the key in use.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let organization = client.organizations().current().await?;
    /// println!("{}", organization.name);
    /// # Ok(()) }
    /// ```
    pub fn current(&self) -> Call<Organization> {
        Call::new(self.prepare(&ops::GET_CURRENT_ORGANIZATION, &[]))
    }

    /// Changes the organization of the key in use. Only its name can be.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.organizations().update_current().name("The Shop").await?;
    /// # Ok(()) }
    /// ```
    pub fn update_current(&self) -> Write<OrganizationUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_CURRENT_ORGANIZATION, &[]),
            OrganizationUpdate::new(),
        )
    }
}
