//! The engine from end to end: real sockets, a manual clock, no sleeps.
//!
//! Sources, destinations and connections are put into the store directly, so that these tests say
//! something about the engine alone.

mod crash;
mod delivery;
mod durable;
mod harness;
mod ingest;
mod isolation;
mod retry;
mod states;
mod time;
