//! Sessions of the command-line client: how an event with a CLI destination reaches a terminal.
//!
//! A client asks the API for a session on some connections, then holds a websocket open under the
//! session's id. An event of these connections becomes an `attempt` message, and the client's
//! `attempt_response` is the attempt.
//!
//! The store knows the sessions and whether each is connected ([`record`]), so that the transaction
//! that takes a request in decides by the same state as everybody else. The sockets themselves, and the
//! attempts that wait for an answer, are in the [`Hub`].
//!
//! | the session | what becomes of an event |
//! |---|---|
//! | is connected, and its filters let the request through | one event for each client that has such a session |
//! | dropped within the last two minutes | an event whose attempt waits ten seconds, and fails with `CLI_UNAVAILABLE` unless the client comes back |
//! | closed its socket cleanly, or dropped longer ago | none, also while the connection is paused; the ignored event says `CLI_DISCONNECTED` |
//!
//! Who has two terminals under one login is one client and gets one event, in the terminal that came last; `cli_id`
//! of the event is the client's. A session has the connections it was made with and no later ones.
//!
//! Choices of ours, where nothing is known of the live service:
//! * A client is a key and the name of the device it comes from, where it tells one.
//! * While an attempt waits for a terminal the event is `SCHEDULED`.
//! * A session counts from its first socket on; one that nobody connects to is forgotten after two minutes.
//! * Session filters see the request as the rules leave it. A request that no session's filters let through
//!   is an ignored event with the cause `FILTERED`.
//! * A later attempt of an event goes to its own client if that is connected, and otherwise to the newest
//!   session on the connection that would have got the event too. So does the first attempt of an event that was
//!   held or delayed until its client was gone.
//! * Attempts in flight when a session goes fail at once with `CLI_UNAVAILABLE`.
//! * An answer that makes no sense counts as one that says that forwarding failed, `CLI`.

mod attach;
mod deliver;
mod hub;
mod message;
pub(crate) mod record;
mod request;
pub(crate) mod socket;

pub(crate) use attach::{SessionToAttach, attach};
pub(crate) use deliver::{deliver, must_wait, wait};
pub(crate) use hub::Hub;
pub(crate) use request::{SessionRequest, SessionRequestError};
