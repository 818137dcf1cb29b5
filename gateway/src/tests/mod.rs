//! What no caller of the API can bring about: rows that it would refuse, and a store that fails. The rest
//! is told from outside, in `gateway/tests`.

mod crash;
mod delivery;
mod harness;
