//! The REST API, resource by resource, as a program of any language sees it: statuses, JSON, pages.

mod access;
mod account;
mod bulk;
mod computed;
mod connections;
mod events;
mod issues;
mod lag;
mod lenient;
mod lists;
mod member_order;
mod metrics;
mod public;
mod resources;
mod source_auth;
mod times;
mod transformations;
mod versions;
mod walks;

use hookdeck_testkit::World;

/// A world that starts at noon, so that times can be told by heart.
async fn start() -> World {
    World::at("2026-09-01T12:00:00Z").await
}
