//! Connections: which source goes to which destination, by which rules.

use crate::call::{Call, Count, List, Write};
use crate::models::{Connection, ConnectionFilter, ConnectionInput, ConnectionUpdate, Deleted};
use crate::operation::ops;

super::resource! {
    /// Connections: each turns the requests of a source into events for a destination, by its
    /// rules. Ids of connections begin with `web_` and are called `webhook_id` elsewhere.
    Connections, connections
}

impl Connections {
    /// Lists connections, newest first. Disabled ones are left out unless asked for.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let page = client.connections().list().source_id("src_1").await?;
    /// for connection in page.items {
    ///     println!("{}", connection.id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<ConnectionFilter> {
        List::new(self.prepare(&ops::GET_CONNECTIONS, &[]))
    }

    /// How many connections the project has, or how many a filter lets through.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::ConnectionFilter;
    ///
    /// let of_the_shop = ConnectionFilter::new().source_id("src_1");
    /// let connections: u64 = client.connections().count().filter(&of_the_shop).await?;
    /// # Ok(()) }
    /// ```
    pub fn count(&self) -> Count<ConnectionFilter> {
        Count::new(
            self.prepare(&ops::COUNT_CONNECTIONS, &[]),
            &[
                "destination_id",
                "disabled",
                "disabled_at",
                "paused_at",
                "source_id",
            ],
        )
    }

    /// A connection by its id, its source and destination with it.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none or it was deleted.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let connection = client.connections().get("web_1").await?;
    /// println!("{} -> {}", connection.source.name, connection.destination.name);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Connection> {
        Call::new(self.prepare(&ops::GET_CONNECTION, &[id.as_ref()]))
    }

    /// Creates a connection.
    ///
    /// It needs a source and a destination, each by its id or described in place. Described in
    /// place, a source or destination of that name is **rewritten**: type, configuration and with
    /// them its verification. To bind one that exists and leave it as it is, give its id:
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use std::time::Duration;
    /// use hookdeck::models::{DestinationInput, Rule};
    ///
    /// let connection = client
    ///     .connections()
    ///     .create()
    ///     .name("orders")
    ///     .source_id("src_1")
    ///     .destination(DestinationInput::http("backend", "https://example.com/hooks"))
    ///     .rule(Rule::filter().body(serde_json::json!({"type": "order.created"})))
    ///     .rule(Rule::retry().exponential(Duration::from_secs(30)).count(5))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self) -> Write<ConnectionInput> {
        Write::new(
            self.prepare(&ops::CREATE_CONNECTION, &[]),
            ConnectionInput::new(),
        )
        .checked(ConnectionInput::find_problem)
    }

    /// Creates the connection of that name, or changes it if it exists.
    ///
    /// The API wants source and destination in either case; what
    /// [`create`](Connections::create) says of them holds here too.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client
    ///     .connections()
    ///     .upsert("orders")
    ///     .source_id("src_1")
    ///     .destination_id("des_1")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn upsert(&self, name: impl Into<String>) -> Write<ConnectionInput> {
        let call = self.prepare(&ops::UPSERT_CONNECTION, &[]);
        Write::new(call, ConnectionInput::new().name(name)).checked(ConnectionInput::find_problem)
    }

    /// Changes a connection's name, description or rules. `rules` replaces all of them.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use std::time::Duration;
    /// use hookdeck::models::Rule;
    ///
    /// let retry = Rule::retry().exponential(Duration::from_secs(30)).count(5);
    /// client.connections().update("web_1").rule(retry).await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<ConnectionUpdate> {
        let call = self.prepare(&ops::UPDATE_CONNECTION, &[id.as_ref()]);
        Write::new(call, ConnectionUpdate::new()).checked(ConnectionUpdate::find_problem)
    }

    /// Deletes a connection. Its pending events are cancelled for good.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.connections().delete("web_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_CONNECTION, &[id.as_ref()]))
    }

    /// Disables a connection. Its pending events are cancelled for good; to hold events back
    /// instead, [`pause`](Connections::pause) it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.connections().disable("web_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn disable(&self, id: impl AsRef<str>) -> Call<Connection> {
        Call::new(self.prepare(&ops::DISABLE_CONNECTION, &[id.as_ref()]))
    }

    /// Enables a disabled connection, and with it its source and destination.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.connections().enable("web_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn enable(&self, id: impl AsRef<str>) -> Call<Connection> {
        Call::new(self.prepare(&ops::ENABLE_CONNECTION, &[id.as_ref()]))
    }

    /// Pauses a connection: new events are made and held (`HOLD`) until it is unpaused.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.connections().pause("web_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn pause(&self, id: impl AsRef<str>) -> Call<Connection> {
        Call::new(self.prepare(&ops::PAUSE_CONNECTION, &[id.as_ref()]))
    }

    /// Lets a paused connection go on; what it held is queued for delivery.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.connections().unpause("web_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn unpause(&self, id: impl AsRef<str>) -> Call<Connection> {
        Call::new(self.prepare(&ops::UNPAUSE_CONNECTION, &[id.as_ref()]))
    }
}
