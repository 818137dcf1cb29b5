//! What a project did, in order: calls of the API, webhooks and what each connection made of them, attempts.
//!
//! It is there to ask questions of after a test: what was called, why a webhook did not arrive, which answers
//! were made by a fault. It holds ids, verdicts and statuses, never headers, bodies or credentials. The last
//! ten thousand entries are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookdeck::types::Timestamp;
use serde::Serialize;

use crate::faults::{FaultId, InjectedFault, Plane};

const KEPT: usize = 10_000;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Its place, from 1; it does not start over when old entries go.
    pub sequence: u64,
    /// The gateway's time.
    pub at: Timestamp,
    /// Where it happened.
    pub plane: Plane,
    /// The operation of the API (`getEvents`), the webhook's method, or the attempt's trigger (`AUTOMATIC`).
    pub what: String,
    /// The status of the answer: the API's, the producer's or the destination's. None where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why: a rejection or ignore cause, an error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What of the webhook a filter stopped at, which transformation failed, or what a call of the API did beside
    /// what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// The destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<String>,
    /// The event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Which attempt of the event it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_number: Option<u32>,
    /// The members of the body and of object parameters that the contract does not list and that were therefore
    /// dropped, by their paths: `config.auth.encoding`, `rules[0].env`, `filters.colour`. API only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// The fault that made the answer, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultId>,
}

impl JournalEntry {
    pub(crate) fn new(
        plane: Plane,
        what: impl Into<String>,
        injected: Option<&InjectedFault>,
    ) -> Self {
        Self {
            sequence: 0,
            at: Timestamp::from_unix_micros(0),
            plane,
            what: what.into(),
            status: None,
            cause: None,
            detail: None,
            source_id: None,
            request_id: None,
            webhook_id: None,
            destination_id: None,
            event_id: None,
            attempt_number: None,
            dropped: Vec::new(),
            fault: injected.map(|injected| injected.id),
        }
    }
}

/// What a call of the API has to say in its entry beside its status. Clones speak for the same call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Noted>>);

/// What [`Notes`] hold.
#[derive(Clone, Debug, Default)]
struct Noted {
    dropped: Vec<String>,
    detail: Option<&'static str>,
    webhook_id: Option<String>,
}

impl Notes {
    /// Members that were dropped, by their paths.
    pub(crate) fn dropped(&self, paths: Vec<String>) {
        self.lock().dropped.extend(paths);
    }

    /// What the call did to a connection beside what it says.
    pub(crate) fn connection(&self, id: &str, detail: &'static str) {
        let mut noted = self.lock();
        noted.webhook_id = Some(id.to_owned());
        noted.detail = Some(detail);
    }

    /// Writes all of it into the call's entry; `name` says how the caller's version names a path.
    pub(crate) fn write_into(&self, entry: &mut JournalEntry, name: impl Fn(&str) -> String) {
        let noted = self.lock().clone();
        entry.dropped = noted.dropped.iter().map(|path| name(path)).collect();
        entry.detail = noted.detail.map(str::to_owned);
        entry.webhook_id = noted.webhook_id;
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<JournalEntry>,
    last: u64,
}

/// The journal of one project.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<State>);

impl Journal {
    /// Adds an entry at the project's time `now`.
    pub(crate) fn add(&self, now: crate::clock::Micros, mut entry: JournalEntry) {
        let mut state = self.lock();
        state.last += 1;
        entry.sequence = state.last;
        entry.at = now.into();
        if state.entries.len() == KEPT {
            state.entries.pop_front();
        }
        state.entries.push_back(entry);
    }

    /// The entries after a place, oldest first.
    pub(crate) fn after(&self, sequence: u64) -> Vec<JournalEntry> {
        let state = self.lock();
        let from = state
            .entries
            .partition_point(|entry| entry.sequence <= sequence);
        state.entries.range(from..).cloned().collect()
    }

    /// Forgets everything and begins anew.
    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Micros;

    #[test]
    fn old_entries_make_room_and_places_go_on() {
        let journal = Journal::default();
        for _ in 0..KEPT + 5 {
            let entry = JournalEntry::new(Plane::Api, "getEvents", None);
            journal.add(Micros::from_i64(7), entry);
        }
        let all = journal.after(0);
        assert_eq!(all.len(), KEPT);
        assert_eq!(all[0].sequence, 6);
        let last = KEPT as u64 + 5;
        assert_eq!(journal.after(last - 1).len(), 1);
        assert!(journal.after(last).is_empty());
        journal.clear();
        assert!(journal.after(0).is_empty());
    }
}
