//! Sources: where webhooks come in.

use crate::call::{Call, Count, List, Write};
use crate::models::{Deleted, Source, SourceFilter, SourceInput, SourceUpdate};
use crate::operation::ops;

super::resource! {
    /// Sources: the addresses that providers send webhooks to.
    Sources, sources
}

impl Sources {
    /// Lists sources, newest first. Disabled ones are left out unless asked for.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let mut sources = client.sources().list().disabled(true).items();
    /// while let Some(source) = sources.try_next().await? {
    ///     println!("{} {}", source.name, source.url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<SourceFilter> {
        List::new(self.prepare(&ops::GET_SOURCES, &[]))
    }

    /// How many sources the project has.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let sources: u64 = client.sources().count().await?;
    /// # Ok(()) }
    /// ```
    pub fn count(&self) -> Count {
        Count::new(self.prepare(&ops::COUNT_SOURCES, &[]), &[])
    }

    /// A source by its id. Its secrets are left out; see [`Call::include_auth`].
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none or it was deleted.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let source = client.sources().get("src_1").await?;
    /// let with_secrets = client.sources().get("src_1").include_auth().await?;
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Source> {
        Call::new(self.prepare(&ops::GET_SOURCE, &[id.as_ref()]))
    }

    /// Creates a source, from a name or from a description. Its type is `WEBHOOK` unless set.
    ///
    /// Fails with [`is_conflict`](crate::Error::is_conflict) if the name is taken, and is therefore
    /// not repeated when its outcome is unknown: use [`upsert`](Sources::upsert) where that matters.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{CustomResponse, SourceInput};
    ///
    /// let source = client.sources().create("shop").api_key("x-api-key", "secret").await?;
    /// println!("send webhooks to {}", source.url);
    ///
    /// let payments = SourceInput::stripe("payments", "whsec_1")
    ///     .respond_with(CustomResponse::text("received"));
    /// client.sources().create(payments).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// What the API would refuse is not sent, such as credentials that the type does not know:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> hookdeck::Result<()> {
    /// # let client = hookdeck::Client::builder("k").base_url("http://127.0.0.1:1").build()?;
    /// use hookdeck::ErrorKind;
    /// use hookdeck::models::{SourceInput, SourceType};
    ///
    /// let bot = SourceInput::provider(SourceType::Discord, "bot").secret("secret");
    /// let error = client.sources().create(bot).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Invalid);
    /// assert!(error.to_string().contains("auth.public_key is missing, and DISCORD needs it"));
    /// # Ok(()) }
    /// ```
    pub fn create(&self, source: impl Into<SourceInput>) -> Write<SourceInput> {
        Write::new(self.prepare(&ops::CREATE_SOURCE, &[]), source.into())
            .checked(SourceInput::find_problem)
    }

    /// Creates the source of that name, or changes it if it exists. A configuration replaces the whole
    /// of the one it had.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let source = client.sources().upsert("shop").description("orders").await?;
    /// # Ok(()) }
    /// ```
    pub fn upsert(&self, source: impl Into<SourceInput>) -> Write<SourceInput> {
        Write::new(self.prepare(&ops::UPSERT_SOURCE, &[]), source.into())
            .checked(SourceInput::find_problem)
    }

    /// Changes a source. What is not set stays as it is; a `config` replaces the whole of it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.sources().update("src_1").name("shop").clear_description().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<SourceUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_SOURCE, &[id.as_ref()]),
            SourceUpdate::new(),
        )
        .checked(SourceUpdate::find_problem)
    }

    /// Deletes a source.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.sources().delete("src_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_SOURCE, &[id.as_ref()]))
    }

    /// Disables a source and all its connections: its address takes no more webhooks.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let source = client.sources().disable("src_1").await?;
    /// assert!(source.disabled_at.is_some());
    /// # Ok(()) }
    /// ```
    pub fn disable(&self, id: impl AsRef<str>) -> Call<Source> {
        Call::new(self.prepare(&ops::DISABLE_SOURCE, &[id.as_ref()]))
    }

    /// Enables a disabled source.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.sources().enable("src_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn enable(&self, id: impl AsRef<str>) -> Call<Source> {
        Call::new(self.prepare(&ops::ENABLE_SOURCE, &[id.as_ref()]))
    }
}

impl Call<Source> {
    /// Adds the source's credentials to its `config`. Only `get` knows this; the API ignores it
    /// elsewhere.
    pub fn include_auth(self) -> Self {
        self.param("include", "config.auth")
    }
}
