//! A reference gateway for the Hookdeck Event Gateway API.

pub mod clock;
pub mod events;
pub mod ids;
pub mod project;
pub mod store;
