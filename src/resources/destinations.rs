//! Destinations: where events are delivered.

use crate::call::{Call, Count, List, Write};
use crate::models::{Deleted, Destination, DestinationFilter, DestinationInput, DestinationUpdate};
use crate::operation::ops;

super::resource! {
    /// Destinations: the addresses that events are delivered to.
    Destinations, destinations
}

impl Destinations {
    /// Lists destinations, newest first. Disabled ones are left out unless asked for.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let page = client.destinations().list().limit(10).await?;
    /// for destination in page.items {
    ///     println!("{}", destination.name);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<DestinationFilter> {
        List::new(self.prepare(&ops::GET_DESTINATIONS, &[]))
    }

    /// How many destinations the project has, or how many a filter lets through.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let destinations: u64 = client.destinations().count().await?;
    /// # Ok(()) }
    /// ```
    pub fn count(&self) -> Count<DestinationFilter> {
        Count::new(
            self.prepare(&ops::COUNT_DESTINATIONS, &[]),
            &["disabled", "disabled_at", "id", "name"],
        )
    }

    /// A destination by its id. Its secrets are left out; see [`Call::include_auth`].
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none or it was deleted.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let destination = client.destinations().get("des_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Destination> {
        Call::new(self.prepare(&ops::GET_DESTINATION, &[id.as_ref()]))
    }

    /// Creates a destination, from a name or from a description. Its type is `HTTP` unless set, which
    /// needs a URL.
    ///
    /// Fails with [`is_conflict`](crate::Error::is_conflict) if the name is taken.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{DeliveryPeriod, DestinationInput};
    ///
    /// let orders = DestinationInput::http("orders", "https://example.com/hooks")
    ///     .bearer_token("token")
    ///     .rate(10, DeliveryPeriod::Second);
    /// let destination = client.destinations().create(orders).await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self, destination: impl Into<DestinationInput>) -> Write<DestinationInput> {
        Write::new(
            self.prepare(&ops::CREATE_DESTINATION, &[]),
            destination.into(),
        )
        .checked(DestinationInput::find_problem)
    }

    /// Creates the destination of that name, or changes it if it exists.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::DestinationInput;
    ///
    /// client.destinations().upsert(DestinationInput::mock_api("sandbox")).await?;
    /// # Ok(()) }
    /// ```
    pub fn upsert(&self, destination: impl Into<DestinationInput>) -> Write<DestinationInput> {
        Write::new(
            self.prepare(&ops::UPSERT_DESTINATION, &[]),
            destination.into(),
        )
        .checked(DestinationInput::find_problem)
    }

    /// Changes a destination. What is not set stays as it is.
    ///
    /// Credentials are never sent back by the API, so an `auth_type` needs its `auth` with it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.destinations().update("des_1").description("the shop's backend").await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<DestinationUpdate> {
        let call = self.prepare(&ops::UPDATE_DESTINATION, &[id.as_ref()]);
        Write::new(call, DestinationUpdate::new()).checked(DestinationUpdate::find_problem)
    }

    /// Deletes a destination.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.destinations().delete("des_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_DESTINATION, &[id.as_ref()]))
    }

    /// Disables a destination: nothing is delivered to it any more.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.destinations().disable("des_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn disable(&self, id: impl AsRef<str>) -> Call<Destination> {
        Call::new(self.prepare(&ops::DISABLE_DESTINATION, &[id.as_ref()]))
    }

    /// Enables a disabled destination.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.destinations().enable("des_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn enable(&self, id: impl AsRef<str>) -> Call<Destination> {
        Call::new(self.prepare(&ops::ENABLE_DESTINATION, &[id.as_ref()]))
    }
}

impl Call<Destination> {
    /// Adds the destination's credentials to its `config`. Only `get` knows this; the API ignores it
    /// elsewhere.
    pub fn include_auth(self) -> Self {
        self.param("include", "config.auth")
    }
}
