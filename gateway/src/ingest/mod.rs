//! Source URLs: what arrives there becomes a request, and by the rules of each connection events.
//!
//! A producer is answered after one commit that holds the payload, the request, its events with
//! their first due moments and its ignored events.

mod accept;
mod evaluate;
mod handshake;
mod replay;
mod rows;
mod transformed;
mod transforming;
mod verification;

pub use accept::{IngestOutcome, IngestedRequest, Sender, accept};
pub use handshake::HandshakeReply;
pub use replay::{ReplayOutcome, ReplayTarget, replay, replay_event, retry, send_bookmark};

/// The largest body that is taken, in bytes.
pub const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// Bodies above this are marked as large, in bytes.
pub const LARGE: usize = 2_500_000;
