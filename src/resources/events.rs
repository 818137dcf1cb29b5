//! Events: what is delivered.

use crate::call::{Call, List, Write};
use crate::models::{Event, EventFilter, RawBody, Replay};
use crate::operation::ops;

super::resource! {
    /// Events: each is a request on its way to one destination.
    Events, events
}

impl Events {
    /// Lists events, newest first.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::EventStatus;
    /// use hookdeck::query::after;
    /// use hookdeck::types::{Json, Timestamp};
    ///
    /// let since: Timestamp = "2026-11-01".parse().expect("a date");
    /// let mut events = client
    ///     .events()
    ///     .list()
    ///     .status([EventStatus::Failed])
    ///     .created_at(after(since))
    ///     .body(Json::new(&serde_json::json!({"order": {"currency": "EUR"}})))
    ///     .items();
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{} {}", event.id, event.attempts);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<EventFilter> {
        List::new(self.prepare(&ops::GET_EVENTS, &[]))
    }

    /// An event by its id, with the request as it goes to the destination.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let event = client.events().get("evt_1").await?;
    /// if let Some(data) = event.data {
    ///     println!("{} {}", data.method, data.url);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Event> {
        Call::new(self.prepare(&ops::GET_EVENT, &[id.as_ref()]))
    }

    /// The body of an event as text.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let raw = client.events().raw_body("evt_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn raw_body(&self, id: impl AsRef<str>) -> Call<RawBody> {
        Call::new(self.prepare(&ops::GET_EVENT_RAW_BODY, &[id.as_ref()]))
    }

    /// Delivers an event once more, whatever its status: the same event, one attempt more.
    ///
    /// A success ends the automatic retries still to come, a failure leaves them. Not repeated when
    /// its outcome is unknown, for that could deliver twice.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let event = client.events().retry("evt_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn retry(&self, id: impl AsRef<str>) -> Call<Event> {
        Call::new(self.prepare(&ops::RETRY_EVENT, &[id.as_ref()]))
    }

    /// Takes the event's request in anew, by today's rules: a new request and a new event, the old
    /// ones untouched. Without a target it goes to the same connection.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let replayed = client.events().replay("evt_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn replay(&self, id: impl AsRef<str>) -> Write<Replay> {
        Write::new(
            self.prepare(&ops::REPLAY_EVENT, &[id.as_ref()]),
            Replay::new(),
        )
    }

    /// Cancels an event that is scheduled, queued or on hold. Fails with status 422 on others.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.events().cancel("evt_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn cancel(&self, id: impl AsRef<str>) -> Call<Event> {
        Call::new(self.prepare(&ops::CANCEL_EVENT, &[id.as_ref()]))
    }
}
