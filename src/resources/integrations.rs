//! Integrations: shared verification credentials of old.

use crate::call::{Call, List, Write};
use crate::models::{Attached, Deleted, Empty, Integration, IntegrationFilter, IntegrationInput};
use crate::operation::ops;

super::resource! {
    /// Integrations: verification credentials that several sources share. They are older than the
    /// types of sources; new code gives a source its type and its own credentials.
    Integrations, integrations
}

impl Integrations {
    /// Lists integrations. The list comes whole: the API takes neither a limit nor an order here.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::IntegrationProvider;
    ///
    /// let page = client.integrations().list().provider(IntegrationProvider::Stripe).await?;
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<IntegrationFilter> {
        List::new(self.prepare(&ops::GET_INTEGRATIONS, &[]))
    }

    /// An integration by its id.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let integration = client.integrations().get("int_1").await?;
    /// println!("{} for {}", integration.label, integration.provider);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Integration> {
        Call::new(self.prepare(&ops::GET_INTEGRATION, &[id.as_ref()]))
    }

    /// Creates an integration.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{IntegrationConfig, IntegrationFeature, IntegrationProvider};
    ///
    /// client
    ///     .integrations()
    ///     .create()
    ///     .label("shop")
    ///     .provider(IntegrationProvider::Stripe)
    ///     .features([IntegrationFeature::Verification])
    ///     .configs(IntegrationConfig::new().webhook_secret_key("whsec_1"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self) -> Write<IntegrationInput> {
        Write::new(
            self.prepare(&ops::CREATE_INTEGRATION, &[]),
            IntegrationInput::new(),
        )
    }

    /// Changes an integration. What is not set stays as it is.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.integrations().update("int_1").label("the old shop").await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<IntegrationInput> {
        Write::new(
            self.prepare(&ops::UPDATE_INTEGRATION, &[id.as_ref()]),
            IntegrationInput::new(),
        )
    }

    /// Deletes an integration. Detach it from its sources first: what happens otherwise is not
    /// documented.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.integrations().delete("int_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_INTEGRATION, &[id.as_ref()]))
    }

    /// Makes a source verify its requests with an integration's credentials.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.integrations().attach("int_1", "src_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn attach(&self, id: impl AsRef<str>, source_id: impl AsRef<str>) -> Call<Attached> {
        let arguments = [id.as_ref(), source_id.as_ref()];
        Call::new(self.prepare(&ops::ATTACH_INTEGRATION_TO_SOURCE, &arguments))
    }

    /// Stops a source from verifying its requests with an integration's credentials.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.integrations().detach("int_1", "src_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn detach(&self, id: impl AsRef<str>, source_id: impl AsRef<str>) -> Call<Empty> {
        let arguments = [id.as_ref(), source_id.as_ref()];
        Call::new(self.prepare(&ops::DETACH_INTEGRATION_TO_SOURCE, &arguments))
    }
}
