//! Reading back what became of webhooks.

use hookdeck::models::{Attempt, Event, IgnoredEvent};
use hookdeck::query::Direction;
use hookdeck::types::Timestamp;

use crate::World;

impl World {
    /// Seconds after this world began.
    pub fn since(&self, moment: Timestamp) -> i64 {
        moment.unix_seconds() - self.began.unix_seconds()
    }

    /// The events of a request, oldest first.
    ///
    /// # Panics
    /// When nobody knows the request.
    pub async fn events_of(&self, request_id: &str) -> Vec<Event> {
        let events = self.client.requests().events(request_id).await;
        let mut events = events.unwrap().items;
        events.reverse();
        events
    }

    /// The only event of a request.
    ///
    /// # Panics
    /// When it has another number of them.
    pub async fn event_of(&self, request_id: &str) -> Event {
        let mut events = self.events_of(request_id).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Every event with its data, oldest first.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn events(&self) -> Vec<Event> {
        let mut listed = self.client.events().list().dir(Direction::Asc).items();
        let mut events = Vec::new();
        while let Some(event) = listed.try_next().await.unwrap() {
            events.push(self.client.events().get(&event.id).await.unwrap());
        }
        events
    }

    /// Status, attempts, and the seconds until the next attempt if one is to come.
    ///
    /// # Panics
    /// When the event is not there.
    pub async fn state(&self, event: &Event) -> (String, u32, Option<i64>) {
        let event = self.client.events().get(&event.id).await.unwrap();
        let now = self.since(self.gateway.now());
        let next = event.next_attempt_at.map(|at| self.since(at) - now);
        (event.status.as_str().to_owned(), event.attempts, next)
    }

    /// The attempts of an event with their bodies, in their order.
    ///
    /// # Panics
    /// When one is missing or comes twice.
    pub async fn attempts_of(&self, event: &Event) -> Vec<Attempt> {
        let mut listed = self.client.attempts().list().event_id(&event.id).items();
        let mut attempts = Vec::new();
        while let Some(attempt) = listed.try_next().await.unwrap() {
            attempts.push(self.client.attempts().get(&attempt.id).await.unwrap());
        }
        attempts.sort_by_key(|attempt| attempt.attempt_number);
        let numbers: Vec<_> = attempts.iter().map(|a| a.attempt_number).collect();
        let expected: Vec<_> = (1..).map(Some).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "each attempt once");
        attempts
    }

    /// The attempts of an event, in their order: seconds after this world began, trigger, and what the
    /// destination answered.
    ///
    /// # Panics
    /// When one is missing or comes twice.
    pub async fn history_of(&self, event: &Event) -> Vec<(i64, String, Option<u16>)> {
        let attempts = self.attempts_of(event).await.into_iter();
        let told = attempts.map(|attempt| {
            let trigger = attempt.trigger.unwrap().as_str().to_owned();
            (
                self.since(attempt.created_at),
                trigger,
                attempt.response_status,
            )
        });
        told.collect()
    }

    /// Every attempt with its body, in the order they were made.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn attempts(&self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for event in self.events().await {
            attempts.extend(self.attempts_of(&event).await);
        }
        attempts.sort_by_key(|attempt| attempt.created_at);
        attempts
    }

    /// The ignored events of a request.
    ///
    /// # Panics
    /// When nobody knows the request.
    pub async fn ignored_of(&self, request_id: &str) -> Vec<IgnoredEvent> {
        let ignored = self.client.requests().ignored_events(request_id).await;
        ignored.unwrap().items
    }

    /// `(events_count, ignored_count, rejection cause or nothing)` of a request.
    ///
    /// # Panics
    /// When nobody knows the request.
    pub async fn counts_of(&self, request_id: &str) -> (u32, u32, String) {
        let request = self.client.requests().get(request_id).await.unwrap();
        let cause = request.rejection_cause;
        (
            request.events_count.unwrap(),
            request.ignored_count.unwrap(),
            cause.map_or_else(String::new, |cause| cause.as_str().to_owned()),
        )
    }
}
