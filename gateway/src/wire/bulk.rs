//! Bulk operations.

use super::words;

words! {
    /// What a bulk job does to what. Only `events.retry` has been seen of the live API; the others follow its form.
    pub enum BulkType {
        /// A new attempt of events.
        EventsRetry = "events.retry",
        /// Events are cancelled.
        EventsCancel = "events.cancel",
        /// Events for the connections that have none of a request.
        RequestsRetry = "requests.retry",
        /// Requests are taken in again.
        RequestsReplay = "requests.replay",
        /// An event in place of an ignored one.
        IgnoredEventsRetry = "ignored_events.retry",
    }
}
