//! Issues and their triggers.

use super::words;

words! {
    /// What has been decided about an issue.
    pub enum IssueStatus {
        Opened = "OPENED",
        Acknowledged = "ACKNOWLEDGED",
        Resolved = "RESOLVED",
        Ignored = "IGNORED",
    }
}

words! {
    /// What an issue, and the trigger that opens it, is about.
    pub enum IssueType {
        /// Failed attempts.
        Delivery = "delivery",
        /// Rejected requests.
        Request = "request",
        /// Runs of transformations.
        Transformation = "transformation",
        /// Waiting events.
        Backpressure = "backpressure",
    }
}

words! {
    /// Which failed attempts open a delivery issue.
    pub enum IssueTriggerStrategy {
        /// Every one.
        FirstAttempt = "first_attempt",
        /// One that no retry follows.
        FinalAttempt = "final_attempt",
    }
}
