//! What a fault does.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::Plane;
use crate::wire::ErrorCode;

/// What a fault does to the call it strikes.
///
/// | effect | planes | is the work done? |
/// |---|---|---|
/// | `Status`, `RateLimited` | API, ingestion, deliveries (`Status`) | no: the destination is not called either |
/// | `Reset`, `Empty` | all | no |
/// | `Stall` | API, ingestion | when the fault is disarmed, if the caller still waits |
/// | `Timeout`, `Error` | deliveries | no |
/// | `LostReply` | all | yes |
/// | `Truncated`, `Malformed` | API, ingestion | yes |
/// | `UnknownValues`, `RepeatedCursor` | API | yes |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// This status, from 100 to 599, in place of the answer.
    Status {
        /// The status.
        status: u16,
        /// Its body; empty unless set.
        #[serde(default)]
        body: String,
        /// Its headers beside the usual ones.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// What the API answers beyond the quota: 429 in plain text, with its four headers.
    RateLimited,
    /// The connection is reset.
    Reset,
    /// The connection is closed without an answer.
    Empty,
    /// No answer until the fault is disarmed.
    Stall,
    /// The attempt counts as timed out, at once.
    Timeout,
    /// The attempt fails with this error code, such as `CONNECTION_REFUSED`.
    Error(String),
    /// The work is done and committed, and then the connection is cut.
    LostReply,
    /// Half of the body, then the connection is cut.
    Truncated,
    /// A body that stops being JSON in its middle, with status and length in order.
    Malformed,
    /// Every known value of `status`, `type`, `trigger`, `cause` and the like becomes one that no client knows.
    UnknownValues,
    /// The list's `next` leads back to the page it stands on. Strikes from the second page on.
    RepeatedCursor,
}

impl Effect {
    /// A status without body or headers.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            body: String::new(),
            headers: BTreeMap::new(),
        }
    }

    /// Whether the call goes on to its work, and the answer is spoilt after.
    pub(crate) fn follows_the_work(&self) -> bool {
        matches!(
            self,
            Self::Stall
                | Self::LostReply
                | Self::Truncated
                | Self::Malformed
                | Self::UnknownValues
                | Self::RepeatedCursor
        )
    }

    pub(super) fn problem(&self, plane: Plane) -> Option<String> {
        let fits = match self {
            Self::Status { .. } | Self::Reset | Self::Empty | Self::LostReply => true,
            Self::RateLimited | Self::Stall | Self::Truncated | Self::Malformed => {
                plane != Plane::Delivery
            }
            Self::Timeout | Self::Error(_) => plane == Plane::Delivery,
            Self::UnknownValues | Self::RepeatedCursor => plane == Plane::Api,
        };
        if !fits {
            return Some("this plane has no such effect".to_owned());
        }
        match self {
            Self::Status { status, .. }
                if StatusCode::from_u16(*status).is_err() || !(100..600).contains(status) =>
            {
                Some(format!("{status} is no status"))
            }
            Self::Status { headers, .. } => headers
                .iter()
                .find(|(name, value)| {
                    HeaderName::try_from(*name).is_err() || HeaderValue::try_from(*value).is_err()
                })
                .map(|(name, _)| format!("{name:?} is no header")),
            Self::Error(code) if ErrorCode::parse(code).is_none() => {
                Some(format!("the API has no error code {code:?}"))
            }
            _ => None,
        }
    }
}
