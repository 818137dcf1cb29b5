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

use super::hub::{Ending, Entered, Hub};
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
type Reason = (u16, &'static str);

/// The session is unknown, or has been away for too long.
pub(crate) const EXPIRED: Reason = (4001, "SESSION_EXPIRED");
/// The gateway could not do its part.
pub(crate) const FAILED: Reason = (1011, "");
const TAKEN_OVER: Reason = (1008, "The session is connected elsewhere");
const STOPPED: Reason = (1001, "The gateway ends");
const SILENT: Reason = (1008, "No sign of life");

/// How a client says that it is done: a normal close, or one without a code.
const NORMAL: u16 = 1000;

/// How a socket came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client closed it and is done.
    Clean,
    /// It broke off, or the client closed it as one that will be back.
    Dropped,
    /// The gateway closes it.
    Closing(Reason),
}

/// What a socket has to deal with next.
enum Turn<E> {
    Came(Option<Result<Message, E>>),
    Send(String),
    Tick(Instant),
    /// The hub has no use for it any more.
    Over,
}

/// A session with the socket that it came with.
pub(crate) struct Session {
    pub(super) hub: Arc<Hub>,
    pub(super) services: Services,
    pub(super) id: String,
    pub(super) epoch: i64,
    pub(super) entered: Entered,
}

impl Session {
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
            End::Clean => drop(timeout(FAREWELL, socket.flush()).await),
            End::Dropped => {}
            End::Closing(reason) => close(socket, reason).await,
        }
    }

    async fn note(&self, end: End) -> Result<(), StoreError> {
        let (id, epoch, clock) = (self.id.clone(), self.epoch, self.services.clock.clone());
        match end {
            // The next start takes note of this one.
            End::Closing(STOPPED) => Ok(()),
            End::Clean | End::Closing(EXPIRED) => {
                let forget = move |tx: &Transaction<'_>| record::ended(tx, &id, epoch);
                self.services.change(forget).await
            }
            End::Dropped | End::Closing(_) => {
                let away = move |tx: &Transaction<'_>| record::dropped(tx, clock.now(), &id, epoch);
                self.services.change(away).await
            }
        }
    }

    async fn attend<S, E>(&mut self, socket: &mut S) -> End
    where
        S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
        E: Display,
    {
        if !send(socket, Message::text(message::connected())).await {
            return End::Dropped;
        }
        let at_start = self.entered.at_start;
        let mut heard = Instant::now();
        let mut pings = interval_at(heard + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let turn = tokio::select! {
                frame = socket.next() => Turn::Came(frame),
                text = self.entered.outbox.recv() => text.map_or(Turn::Over, Turn::Send),
                // The sender lives in the hub, which `self` holds, so this only ends with a change.
                _ = self.entered.ending.wait_for(|ending| {
                    *ending != at_start || *ending == Ending::Stopped
                }) => Turn::Over,
                now = pings.tick() => Turn::Tick(now),
            };
            let outgoing = match turn {
                Turn::Came(frame) => {
                    heard = Instant::now();
                    match self.take(frame) {
                        Some(end) => return end,
                        None => continue,
                    }
                }
                Turn::Over => return self.ended_here(),
                Turn::Tick(now) if now.duration_since(heard) >= SILENCE => {
                    return End::Closing(SILENT);
                }
                Turn::Tick(_) => Message::Ping(Default::default()),
                Turn::Send(text) => Message::text(text),
            };
            if !send(socket, outgoing).await {
                return End::Dropped;
            }
        }
    }

    /// Why the hub has no use for the socket any more.
    fn ended_here(&self) -> End {
        let ending = *self.entered.ending.borrow();
        End::Closing(match ending {
            Ending::Stopped => STOPPED,
            // A socket that is told to go without a reason has lost its session to another one.
            _ if ending == self.entered.at_start => TAKEN_OVER,
            _ => EXPIRED,
        })
    }

    /// Takes in what the client sent; answers how the socket ends if it does.
    fn take<E: Display>(&self, frame: Option<Result<Message, E>>) -> Option<End> {
        match frame {
            None => Some(End::Dropped),
            Some(Err(error)) => {
                tracing::debug!(session = self.id, "a socket broke off: {error}");
                Some(End::Dropped)
            }
            Some(Ok(Message::Close(frame))) => {
                let normal = frame.is_none_or(|frame| frame.code == NORMAL);
                Some(if normal { End::Clean } else { End::Dropped })
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
pub(crate) async fn close<S, E>(mut socket: S, (code, reason): Reason)
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
