//! The sockets that are open, and the attempts that wait for an answer on them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

use super::message::ClientAnswer;
use crate::wire::ErrorCode;

/// Messages that may wait for a client to read; whoever sends more waits, within the attempt's time.
const OUTBOX: usize = 8;

/// The connected sessions of one project.
#[derive(Debug)]
pub(crate) struct Hub {
    live: Mutex<HashMap<String, LiveSession>>,
    ending: watch::Sender<SessionsEnd>,
}

/// Whether all sockets are to be closed, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SessionsEnd {
    /// They are not.
    #[default]
    No,
    /// The project was emptied so many times, and its sessions went with everything else.
    Expired(u64),
    /// The gateway ends.
    Stopped,
}

#[derive(Debug)]
struct LiveSession {
    epoch: i64,
    outbox: mpsc::Sender<String>,
    /// Whether the client can take a body that is no text.
    binary: bool,
    waiting: HashMap<String, oneshot::Sender<ClientAnswer>>,
}

/// What a socket gets on entering.
pub(super) struct HubEntry {
    /// What to send; ends when another socket takes the session over.
    pub(super) outbox: mpsc::Receiver<String>,
    /// When to close.
    pub(super) ending: watch::Receiver<SessionsEnd>,
    /// What `ending` was on entering.
    pub(super) at_start: SessionsEnd,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            live: Mutex::default(),
            ending: watch::Sender::new(SessionsEnd::No),
        }
    }
}

impl Hub {
    fn live(&self) -> MutexGuard<'_, HashMap<String, LiveSession>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a socket the one of its session. One that was open before gets nothing more, and what it
    /// still owes an answer for may be answered on the new one.
    pub(super) fn enter(&self, id: &str, epoch: i64, binary: bool) -> HubEntry {
        let ending = self.ending.subscribe();
        let at_start = *ending.borrow();
        let (sender, outbox) = mpsc::channel(OUTBOX);
        let mut live = self.live();
        let waiting = live.remove(id).map(|old| old.waiting).unwrap_or_default();
        let entry = LiveSession {
            epoch,
            outbox: sender,
            binary,
            waiting,
        };
        live.insert(id.to_owned(), entry);
        HubEntry {
            outbox,
            ending,
            at_start,
        }
    }

    /// Takes a socket out again, unless another one has taken its place. Attempts that wait fail.
    pub(super) fn leave(&self, id: &str, epoch: i64) {
        let mut live = self.live();
        if live.get(id).is_some_and(|entry| entry.epoch == epoch) {
            live.remove(id);
        }
    }

    /// Hands an answer to whoever waits for it. Answers whether somebody did.
    pub(super) fn answered(&self, id: &str, attempt_id: &str, answer: ClientAnswer) -> bool {
        let waiting = self
            .live()
            .get_mut(id)
            .and_then(|entry| entry.waiting.remove(attempt_id));
        // Who waited may have run out of time this moment.
        waiting.is_some_and(|waiting| waiting.send(answer).is_ok())
    }

    /// Sends a message to a session and waits for the answer. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// The error code of the attempt.
    pub(super) async fn exchange(
        &self,
        id: &str,
        attempt_id: &str,
        binary: bool,
        message: impl FnOnce() -> String,
    ) -> Result<ClientAnswer, ErrorCode> {
        let (sender, answer) = oneshot::channel();
        let outbox = {
            let mut live = self.live();
            let entry = live.get_mut(id).ok_or(ErrorCode::CliUnavailable)?;
            if binary && !entry.binary {
                return Err(ErrorCode::CliBinaryUnsupported);
            }
            entry.waiting.insert(attempt_id.to_owned(), sender);
            entry.outbox.clone()
        };
        let _given_up = PendingAttempt {
            hub: self,
            id,
            attempt_id,
        };
        outbox
            .send(message())
            .await
            .map_err(|_| ErrorCode::CliUnavailable)?;
        // As long as somebody holds it, the socket does not learn that another one has taken its place.
        drop(outbox);
        answer.await.map_err(|_| ErrorCode::CliUnavailable)
    }

    /// Closes every socket because its session is gone; clients may come back with a new one.
    pub(crate) fn expire(&self) {
        self.ending.send_modify(|ending| match ending {
            SessionsEnd::No => *ending = SessionsEnd::Expired(1),
            SessionsEnd::Expired(times) => *times += 1,
            SessionsEnd::Stopped => {}
        });
        self.live().clear();
    }

    /// Closes every socket because the gateway ends.
    pub(crate) fn stop(&self) {
        self.ending.send_replace(SessionsEnd::Stopped);
        self.live().clear();
    }
}

/// Takes the note about an attempt away when nobody waits for its answer any more.
struct PendingAttempt<'a> {
    hub: &'a Hub,
    id: &'a str,
    attempt_id: &'a str,
}

impl Drop for PendingAttempt<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.hub.live().get_mut(self.id) {
            entry.waiting.remove(self.attempt_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok() -> ClientAnswer {
        ClientAnswer::Response {
            status: 200,
            body: String::new(),
        }
    }

    #[tokio::test]
    async fn an_attempt_gets_the_answer_that_names_it() {
        let hub = Hub::default();
        let mut entered = hub.enter("cses_1", 1, false);
        let client = async {
            assert_eq!(entered.outbox.recv().await.unwrap(), "go");
            assert!(
                !hub.answered("cses_1", "atm_2", ok()),
                "nobody waits for it"
            );
            assert!(!hub.answered("cses_2", "atm_1", ok()), "another session's");
            assert!(hub.answered("cses_1", "atm_1", ok()));
            assert!(!hub.answered("cses_1", "atm_1", ok()), "one answer counts");
        };
        let attempt = hub.exchange("cses_1", "atm_1", false, || "go".into());
        assert_eq!(tokio::join!(attempt, client).0, Ok(ok()));
    }

    #[tokio::test]
    async fn attempts_fail_when_the_session_goes_and_not_when_it_moves() {
        let hub = Hub::default();
        let first = hub.enter("cses_1", 1, false);
        let client = async {
            tokio::task::yield_now().await;
            let _second = hub.enter("cses_1", 2, false);
            drop(first);
            hub.leave("cses_1", 1);
            assert!(hub.answered("cses_1", "atm_1", ok()));
            hub.leave("cses_1", 2);
        };
        let moved = hub.exchange("cses_1", "atm_1", false, || "go".into());
        let lost = hub.exchange("cses_1", "atm_2", false, || "go".into());
        let (moved, lost, ()) = tokio::join!(moved, lost, client);
        assert_eq!(moved, Ok(ok()));
        assert_eq!(lost, Err(ErrorCode::CliUnavailable));
        let gone = hub.exchange("cses_1", "atm_3", false, || unreachable!());
        assert_eq!(gone.await, Err(ErrorCode::CliUnavailable));
    }

    #[tokio::test]
    async fn bytes_go_only_to_clients_that_take_them() {
        let hub = Hub::default();
        let _entered = hub.enter("cses_1", 1, false);
        let refused = hub.exchange("cses_1", "atm_1", true, || unreachable!());
        assert_eq!(refused.await, Err(ErrorCode::CliBinaryUnsupported));
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let hub = Hub::default();
        let _entered = hub.enter("cses_1", 1, false);
        tokio::select! {
            biased;
            _ = hub.exchange("cses_1", "atm_1", false, || "go".into()) => unreachable!(),
            () = std::future::ready(()) => {}
        }
        assert!(!hub.answered("cses_1", "atm_1", ok()));
    }
}
