//! One socket: what comes in, what goes out, and how it ends.
//!
//! Its time limits are real, whatever the clock of the gateway.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use rusqlite::Transaction;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::hub::{Hub, HubEntry, SessionsEnd};
use super::{message, record};
use crate::services::Services;
use crate::store::StoreError;

/// How often the client is asked for a sign of life.
const PING: Duration = Duration::from_secs(10);
/// After how long without any it counts as gone.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the client may take to read a message.
const WRITE: Duration = Duration::from_secs(30);
/// How long a last message may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why the gateway closes a socket: a code and a reason.
type CloseReason = (u16, &'static str);

/// The session is unknown, or has been away for too long.
pub(crate) const EXPIRED: CloseReason = (4001, "SESSION_EXPIRED");
/// The gateway could not do its part.
pub(crate) const FAILED: CloseReason = (1011, "");
const TAKEN_OVER: CloseReason = (1008, "The session is connected elsewhere");
const STOPPED: CloseReason = (1001, "The gateway ends");
const SILENT: CloseReason = (1008, "No sign of life");

/// How a client says that it is done: a normal close, or one without a code.
const NORMAL: u16 = 1000;

/// How a socket came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SocketEnd {
    /// The client closed it and is done.
    Clean,
    /// It broke off, or the client closed it as one that will be back.
    Dropped,
    /// The gateway closes it.
    Closing(CloseReason),
}

/// What a socket has to deal with next.
enum SocketEvent<E> {
    Came(Option<Result<Message, E>>),
    Send(String),
    Tick(Instant),
    /// The hub has no use for it any more.
    Over,
}

/// A session with the socket that it came with.
pub(crate) struct SocketSession {
    pub(super) hub: Arc<Hub>,
    pub(super) services: Services,
    pub(super) id: String,
    pub(super) epoch: i64,
    pub(super) entered: HubEntry,
}

impl SocketSession {
    /// Serves the socket to its end, and notes the end before the client can see it.
    pub(crate) async fn serve<S, E>(mut self, mut socket: S)
    where
        S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
        E: Display,
    {
        let end = self.attend(&mut socket).await;
        tracing::debug!(session = self.id, ?end, "a client's socket ends");
        if let Err(error) = self.note(end).await {
            tracing::error!("the end of a session was not noted: {error}");
        }
        self.hub.leave(&self.id, self.epoch);
        match end {
            // The answer to the client's own close is written by reading on.
            SocketEnd::Clean => drop(timeout(FAREWELL, socket.flush()).await),
            SocketEnd::Dropped => {}
            SocketEnd::Closing(reason) => close(socket, reason).await,
        }
    }

    async fn note(&self, end: SocketEnd) -> Result<(), StoreError> {
        let (id, epoch, clock) = (self.id.clone(), self.epoch, self.services.clock.clone());
        match end {
            // The next start takes note of this one.
            SocketEnd::Closing(STOPPED) => Ok(()),
            SocketEnd::Clean | SocketEnd::Closing(EXPIRED) => {
                let forget = move |tx: &Transaction<'_>| record::ended(tx, &id, epoch);
                self.services.change(forget).await
            }
            SocketEnd::Dropped | SocketEnd::Closing(_) => {
                let away = move |tx: &Transaction<'_>| record::dropped(tx, clock.now(), &id, epoch);
                self.services.change(away).await
            }
        }
    }

    async fn attend<S, E>(&mut self, socket: &mut S) -> SocketEnd
    where
        S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
        E: Display,
    {
        if !send(socket, Message::text(message::connected())).await {
            return SocketEnd::Dropped;
        }
        let at_start = self.entered.at_start;
        let mut heard = Instant::now();
        let mut pings = interval_at(heard + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let turn = tokio::select! {
                frame = socket.next() => SocketEvent::Came(frame),
                text = self.entered.outbox.recv() => text.map_or(SocketEvent::Over, SocketEvent::Send),
                // The sender lives in the hub, which `self` holds, so this only ends with a change.
                _ = self.entered.ending.wait_for(|ending| {
                    *ending != at_start || *ending == SessionsEnd::Stopped
                }) => SocketEvent::Over,
                now = pings.tick() => SocketEvent::Tick(now),
            };
            let outgoing = match turn {
                SocketEvent::Came(frame) => {
                    heard = Instant::now();
                    match self.take(frame) {
                        Some(end) => return end,
                        None => continue,
                    }
                }
                SocketEvent::Over => return self.ended_here(),
                SocketEvent::Tick(now) if now.duration_since(heard) >= SILENCE => {
                    return SocketEnd::Closing(SILENT);
                }
                SocketEvent::Tick(_) => Message::Ping(Default::default()),
                SocketEvent::Send(text) => Message::text(text),
            };
            if !send(socket, outgoing).await {
                return SocketEnd::Dropped;
            }
        }
    }

    /// Why the hub has no use for the socket any more.
    fn ended_here(&self) -> SocketEnd {
        let ending = *self.entered.ending.borrow();
        SocketEnd::Closing(match ending {
            SessionsEnd::Stopped => STOPPED,
            // A socket that is told to go without a reason has lost its session to another one.
            _ if ending == self.entered.at_start => TAKEN_OVER,
            _ => EXPIRED,
        })
    }

    /// Takes in what the client sent; answers how the socket ends if it does.
    fn take<E: Display>(&self, frame: Option<Result<Message, E>>) -> Option<SocketEnd> {
        match frame {
            None => Some(SocketEnd::Dropped),
            Some(Err(error)) => {
                tracing::debug!(session = self.id, "a socket broke off: {error}");
                Some(SocketEnd::Dropped)
            }
            Some(Ok(Message::Close(frame))) => {
                let normal = frame.is_none_or(|frame| frame.code == NORMAL);
                Some(if normal {
                    SocketEnd::Clean
                } else {
                    SocketEnd::Dropped
                })
            }
            Some(Ok(Message::Text(text))) => {
                let taken = message::answer(&text).is_some_and(|(attempt_id, answer)| {
                    self.hub.answered(&self.id, &attempt_id, answer)
                });
                if !taken {
                    tracing::debug!(session = self.id, "a message that nobody waits for");
                }
                None
            }
            // Pings are answered by the protocol, and a pong has done its work by coming.
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => None,
        }
    }
}

/// Sends a message; answers whether the client could take it.
async fn send<S, E>(socket: &mut S, message: Message) -> bool
where
    S: Sink<Message, Error = E> + Unpin,
{
    matches!(timeout(WRITE, socket.send(message)).await, Ok(Ok(())))
}

/// Closes a socket and waits a moment for the client to do the same.
pub(crate) async fn close<S, E>(mut socket: S, (code, reason): CloseReason)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
{
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let farewell = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // A client that does not say goodbye is not waited for.
    drop(timeout(FAREWELL, farewell).await);
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
