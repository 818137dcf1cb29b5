//! What a test asks of the gateway beyond the live API: the control API, several projects, faults and
//! the journal, snapshots.

mod control;
mod faults;
mod projects;
mod snapshot;
