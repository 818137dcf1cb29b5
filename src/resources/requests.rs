//! Requests: every webhook as it arrived.

use crate::call::{Call, List, Write};
use crate::models::{
    EventFilter, IgnoredEventFilter, RawBody, Replay, Request, RequestFilter, RequestRetry,
};
use crate::operation::ops;

super::resource! {
    /// Requests: every webhook as it arrived at a source, rejected ones included.
    Requests, requests
}

impl Requests {
    /// Lists requests, newest first.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::RequestOutcome;
    ///
    /// let mut rejected = client.requests().list().status(RequestOutcome::Rejected).items();
    /// while let Some(request) = rejected.try_next().await? {
    ///     println!("{} {:?}", request.id, request.rejection_cause);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<RequestFilter> {
        List::new(self.prepare(&ops::GET_REQUESTS, &[]))
    }

    /// A request by its id, with its headers and body.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let request = client.requests().get("req_1").await?;
    /// println!("{:?}", request.data.map(|data| data.body));
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Request> {
        Call::new(self.prepare(&ops::GET_REQUEST, &[id.as_ref()]))
    }

    /// The body of a request as the text it arrived as.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let raw = client.requests().raw_body("req_1").await?;
    /// println!("{}", raw.body);
    /// # Ok(()) }
    /// ```
    pub fn raw_body(&self, id: impl AsRef<str>) -> Call<RawBody> {
        Call::new(self.prepare(&ops::GET_REQUEST_RAW_BODY, &[id.as_ref()]))
    }

    /// The events that a request became, one for each connection that took it.
    ///
    /// This is the only way to ask for them: the list of all events has no `request_id` filter, and
    /// the API ignores parameters it does not know.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let events = client.requests().events("req_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn events(&self, id: impl AsRef<str>) -> List<EventFilter> {
        List::new(self.prepare(&ops::GET_REQUEST_EVENTS, &[id.as_ref()]))
    }

    /// Why connections of the source made no event of a request.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for ignored in client.requests().ignored_events("req_1").await?.items {
    ///     println!("{}: {}", ignored.webhook_id, ignored.cause);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn ignored_events(&self, id: impl AsRef<str>) -> List<IgnoredEventFilter> {
        List::new(self.prepare(&ops::GET_REQUEST_IGNORED_EVENTS, &[id.as_ref()]))
    }

    /// Puts a rejected request, or one with ignored events, through its source's connections again.
    ///
    /// Answers the events it became. Connections made after the request arrived are left out. Fails
    /// with status 400 if the request was neither rejected nor ignored by any connection.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let retried = client.requests().retry("req_1").webhook_ids(["web_1"]).await?;
    /// # Ok(()) }
    /// ```
    pub fn retry(&self, id: impl AsRef<str>) -> Write<RequestRetry> {
        let call = self.prepare(&ops::RETRY_REQUEST, &[id.as_ref()]);
        Write::new(call, RequestRetry::new())
    }

    /// Takes a request in anew, by today's rules: a new request and new events, the old ones
    /// untouched. Without a target, all active connections of its source get it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let replayed = client.requests().replay("req_1").await?;
    /// println!("{} events", replayed.events.len());
    /// # Ok(()) }
    /// ```
    pub fn replay(&self, id: impl AsRef<str>) -> Write<Replay> {
        Write::new(
            self.prepare(&ops::REPLAY_REQUEST, &[id.as_ref()]),
            Replay::new(),
        )
    }
}
