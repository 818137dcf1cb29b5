//! Sessions of the command-line client: signing in, the websocket, and what becomes of events with
//! CLI destinations. The client here is a small one of our own; no clock but the gateway's is asked.

mod delivery;
mod history;
mod hostile;
mod lifecycle;
mod redaction;
mod sign_in;
mod terminal;
mod world;
