//! The gateway as a program of its own, which these tests start, ask and end.

#![cfg(unix)]

mod flags;
mod kill;
