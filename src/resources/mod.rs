//! The API's resources: one file each, one method an operation.

mod api_keys;
mod attempts;
mod bookmarks;
mod bulk;
mod connections;
mod custom_domains;
mod destinations;
mod events;
mod integrations;
mod issue_triggers;
mod issues;
mod metrics;
mod notifications;
mod organizations;
mod projects;
mod requests;
mod sources;
mod transformations;

pub use api_keys::{ApiKeys, OldSecret};
pub use attempts::Attempts;
pub use bookmarks::Bookmarks;
pub use bulk::{
    Bulk, BulkJob, BulkJobs, BulkKind, BulkProgress, Cancellable, EventCancels, EventRetries,
    IgnoredEventRetries, Progress, RequestReplays, RequestRetries,
};
pub use connections::Connections;
pub use custom_domains::CustomDomains;
pub use destinations::Destinations;
pub use events::Events;
pub use integrations::Integrations;
pub use issue_triggers::IssueTriggers;
pub use issues::Issues;
pub use metrics::{Granularity, Metrics, MetricsCall, MetricsFilter};
pub use notifications::Notifications;
pub use organizations::Organizations;
pub use projects::Projects;
pub use requests::Requests;
pub use sources::Sources;
pub use transformations::Transformations;

/// Declares the handle of a resource and the client's way to it.
macro_rules! resource {
    ($(#[$meta:meta])* $handle:ident, $accessor:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $handle {
            client: $crate::client::Client,
        }

        impl $crate::client::Client {
            $(#[$meta])*
            #[must_use]
            pub fn $accessor(&self) -> $handle {
                $handle { client: self.clone() }
            }
        }

        impl $handle {
            /// A call of one of this resource's operations.
            fn prepare(
                &self,
                operation: &'static $crate::operation::Operation,
                arguments: &[&str],
            ) -> $crate::call::Prepared {
                $crate::call::Prepared::new(self.client.clone(), operation, arguments)
            }
        }
    };
}
pub(crate) use resource;
