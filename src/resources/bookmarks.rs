//! Bookmarks: payloads kept to be sent again.

use crate::call::{Call, List, Write};
use crate::models::{
    Bookmark, BookmarkFilter, BookmarkInput, BookmarkUpdate, ConnectionId, Deleted, Event,
    EventDataId, RawBody,
};
use crate::operation::ops;

super::resource! {
    /// Bookmarks: payloads of past events, kept to be sent through a connection at will.
    Bookmarks, bookmarks
}

impl Bookmarks {
    /// Lists bookmarks, newest first.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for bookmark in client.bookmarks().list().webhook_id("web_1").await?.items {
    ///     println!("{} {}", bookmark.id, bookmark.label);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<BookmarkFilter> {
        List::new(self.prepare(&ops::GET_BOOKMARKS, &[]))
    }

    /// A bookmark by its id or its name.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let bookmark = client.bookmarks().get("bmk_1").await?;
    /// println!("{:?}", bookmark.data.map(|data| data.body));
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Bookmark> {
        Call::new(self.prepare(&ops::GET_BOOKMARK, &[id.as_ref()]))
    }

    /// The payload of a bookmark as text.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let raw = client.bookmarks().raw_body("bmk_1").await?;
    /// println!("{}", raw.body);
    /// # Ok(()) }
    /// ```
    pub fn raw_body(&self, id: impl AsRef<str>) -> Call<RawBody> {
        Call::new(self.prepare(&ops::GET_BOOKMARK_RAW_BODY, &[id.as_ref()]))
    }

    /// Keeps the payload of an event, to be sent through a connection.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let event = client.events().get("evt_1").await?;
    /// let bookmark = client
    ///     .bookmarks()
    ///     .create("an order of two items", event.webhook_id, event.event_data_id)
    ///     .name("two-items")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        label: impl Into<String>,
        connection: impl Into<ConnectionId>,
        event_data: impl Into<EventDataId>,
    ) -> Write<BookmarkInput> {
        Write::new(
            self.prepare(&ops::CREATE_BOOKMARK, &[]),
            BookmarkInput::new(event_data, label, connection),
        )
    }

    /// Changes a bookmark. What is not set stays as it is.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.bookmarks().update("bmk_1").label("an order of three items").await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<BookmarkUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_BOOKMARK, &[id.as_ref()]),
            BookmarkUpdate::new(),
        )
    }

    /// Deletes a bookmark.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.bookmarks().delete("bmk_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_BOOKMARK, &[id.as_ref()]))
    }

    /// Sends a bookmark's payload through its connection and returns the events that became of it.
    ///
    /// Not repeated when its outcome is unknown, for that could deliver twice.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for event in client.bookmarks().trigger("bmk_1").await? {
    ///     println!("{} {}", event.id, event.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn trigger(&self, id: impl AsRef<str>) -> Call<Vec<Event>> {
        Call::new(self.prepare(&ops::TRIGGER_BOOKMARK, &[id.as_ref()]))
    }
}
